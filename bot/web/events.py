"""From a filled-in form to neutral messages with ids that stay the same when it comes again.

Shared by both sides; it knows neither, and writes nothing.
"""

import hmac
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from handlers.events import Address, Incoming, Kind, Media, MediaKind, Side

MOST_LETTERS = 20_000
PIECE = 4_000
LOOK_BACK = 400
"""How far a cut moves back to fall between two words."""
NONCE = re.compile(r"[0-9a-f]{32}")


def fresh() -> str:
    """Make a page's nonce: 128 random bits."""
    return secrets.token_hex(16)


def nonce_of(field_value: str) -> str:
    """Give the page's nonce; a fresh one when a stranger's script sent something else."""
    return field_value if NONCE.fullmatch(field_value) else fresh()


def number_of(field_value: str) -> int:
    """Give the number of the last letter the page has shown; 0 for anything odd."""
    short = field_value.isascii() and field_value.isdigit() and len(field_value) <= 18
    return int(field_value) if short else 0


def pieces(text: str) -> Iterator[str]:
    """Cut a long text, between words where possible; joined again they are the text."""
    while len(text) > PIECE:
        at = max(text.rfind(gap, PIECE - LOOK_BACK, PIECE) for gap in "\n ") + 1 or PIECE
        yield text[:at]
        text = text[at:]
    if text:
        yield text


@dataclass(frozen=True, slots=True)
class Said:
    """One thing a form says."""

    kind: Kind
    text: str = ""
    choice: str | None = None
    blob: bytes | None = field(default=None, repr=False)


def said(text: str, picture: bytes | None, choice: str) -> list[Said]:
    """Put what a form says in order: the words, the picture, the button."""
    all_said = [Said(Kind.TEXT, piece) for piece in pieces(text)]
    if picture is not None:
        all_said.append(Said(Kind.MEDIA, blob=picture))
    if choice:
        all_said.append(Said(Kind.CHOICE, choice=choice))
    return all_said


@dataclass(frozen=True, slots=True)
class Sender:
    """Who filled in a page, and what makes event ids of it.

    An id is a keyed hash of the page's nonce *and* of what was said: reload and double click
    repeat nothing, yet other words sent from the same page (Back, a retry after editing) are
    never swallowed. The nonce itself is in no id: who reads the database cannot replay a page.
    """

    address: Address
    side: Side
    seed: bytes = field(repr=False)

    def incoming(self, page: str, what: list[Said], at: datetime) -> Iterator[Incoming]:
        """Give one neutral message for each thing said on the page with this nonce."""
        for place, one in enumerate(what):
            event = self._id(page, place, one)
            yield Incoming(
                event_id=event,
                ref=event,
                at=at,
                side=self.side,
                sender=self.address,
                kind=one.kind,
                text=one.text,
                choice=one.choice,
                media=Media(MediaKind.PICTURE, event, len(one.blob)) if one.blob else None,
            )

    def _id(self, page: str, place: int, one: Said) -> str:
        content = b"\0".join(
            (
                page.encode(),
                self.address.peer.encode(),
                f"{place}.{one.kind}".encode(),
                one.text.encode(),
                (one.choice or "").encode(),
                one.blob or b"",
            )
        )
        mark = hmac.new(self.seed, content, "sha256").hexdigest()[:32]
        return f"{self.address.channel}:{self.address.peer[:24]}:{mark}"
