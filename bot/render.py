"""What is to be said + language + what the channel can do → a message ready for the channel."""

import json
from dataclasses import dataclass

from bot.channels.channel import Caps, Key, Outgoing
from handlers.effects import VERBATIM, Button, Part, Say
from handlers.view import House

ACCOUNT = "account."
"""Paragraphs of such keys are said only where a platform knows who writes."""
ALWAYS_ON_PAGE = frozenset({"go.111", "go.exit"})
"""What a page shows at its top at all times need not stand under every message."""
SENDS_PICTURES = frozenset({"go.photo"})
"""A chat has its own way to send a picture; a page has to offer one."""
PRIVACY = "privacy"
GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class Packed:
    """A message as it lies sealed in the outbox; pictures are named, not carried."""

    message: Outgoing
    pictures: tuple[str, ...]


class Renderer:
    """Turns effects into words, once, when they are decided."""

    def __init__(self, house: House, caps: dict[str, Caps]) -> None:
        """`caps`: what each channel can do, by its name."""
        self.house = house
        self.caps = caps

    def __call__(self, say: Say, language: str, voice: str, channel: str) -> bytes:
        """Render a message for one receiver, as it is kept in the outbox."""
        caps = self.caps[channel]
        parts = [(part.key, self.part(part, language, voice, caps)) for part in say.parts]
        rows = [
            [self.key(button, language, voice) for button in row if self.shown(button, caps)]
            for row in say.buttons
        ]
        return json.dumps(
            {
                "text": together(parts),
                "keys": [row for row in rows if row],
                "typed": say.typed,
                "secret": say.secret,
                "pictures": say.pictures,
            },
            ensure_ascii=False,
        ).encode()

    def part(self, part: Part, language: str, voice: str, caps: Caps) -> str:
        """Say one paragraph; empty when it does not concern this channel."""
        if part.key == VERBATIM:
            return part.values["text"]
        if part.key.startswith(ACCOUNT) and not caps.knows_account:
            return ""
        values = {"nen_tang": caps.knows_account, **part.values}
        return self.house.texts.say(part.key, language, voice, values)

    def key(self, button: Button, language: str, voice: str) -> list[str]:
        """Render a button."""
        label = button.label
        text = (
            label.values["text"]
            if label.key == VERBATIM
            else self.house.texts.say(label.key, language, voice, label.values)
        )
        return [button.id, text, button.tel or "", button.link or ""]

    def shown(self, button: Button, caps: Caps) -> bool:
        """Leave out what this channel always shows anyway, or lets people do without a button."""
        return button.id not in (SENDS_PICTURES if caps.pushes else ALWAYS_ON_PAGE)


def together(parts: list[tuple[str, str]]) -> str:
    """Join paragraphs; the privacy lines stand close together, so that the question stays in view."""
    text, before = "", ""
    for key, words in parts:
        if words:
            close = PRIVACY in before and PRIVACY in key
            text += ("" if not text else "\n" if close else GAP) + words
            before = key
    return text


def unpack(body: bytes) -> Packed:
    """Read a message back from the outbox."""
    data = json.loads(body)
    message = Outgoing(
        text=data["text"],
        keys=tuple(tuple(Key(*key) for key in row) for row in data["keys"]),
        typed=data["typed"],
        secret=data["secret"],
    )
    return Packed(message, tuple(data["pictures"]))
