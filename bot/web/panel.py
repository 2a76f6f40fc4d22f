"""An officer's letters in order: by case, the newest first, without what no longer stands.

It works on messages as they are shown and decides about no right; desk.js does the same to what
is on the page already.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf

from bot.channels.channel import BoardCard, Letter, Outgoing
from bot.web.pages import Shown, shown
from bot.web.show import emergency, visible

CODE = re.compile(r"(?<![\w-])[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}(?![\w-])")
"""A case as officers call it, in a text."""
ON_CARD = re.compile(r"d\.(?:claim|open|reply|note|hand|priority|close|agree)\.([^.]+)")
"""What is pressed on a card; in a letter it stands only as long as the card offers it."""
CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Note:
    """A letter in the panel. `prompt`: it waits for the officer's next step; one at most does."""

    shown: Shown
    code: str
    times: int = 1
    prompt: bool = False
    preview: bool = False
    """Something is about to go to the reporter, and has not gone."""
    draft: str = field(default="", repr=False)
    """What a preview shows, for mending it."""
    answers: bool = False
    """Whether what is typed here is for the reporter; else it stays in the file."""


@dataclass(frozen=True, slots=True)
class Group:
    """The letters of one case, the newest first; `code` empty: of no case."""

    code: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything an officer has to read, and the one step that waits (None: none does)."""

    waits: Note | None
    groups: tuple[Group, ...]


def code_in(text: str) -> str:
    """Give the first case code in a text; empty when there is none."""
    found = CODE.search(text)
    return found[0] if found else ""


def verbs(message: Outgoing) -> set[str]:
    """Tell what the buttons of a letter do."""
    keys = [key.id.split(".") for row in message.keys for key in row]
    return {parts[1] for parts in keys if len(parts) > 1 and parts[0] == "d"}


def loose(card: BoardCard) -> bool:
    """Tell whether a case is urgent and nobody has taken it."""
    return card.priority == "P1" and not card.claimed and card.status != CLOSED


def longest(cards: Iterable[BoardCard], now: datetime) -> int:
    """Give for how many whole minutes the oldest of these cases has been waiting."""
    waiting = [(now - card.opened).total_seconds() for card in cards if card.opened]
    return max(0, int(max(waiting, default=0) // 60))


def panel(letters: Iterable[Letter], cards: Iterable[BoardCard]) -> Panel:
    """Put an officer's letters in order."""
    ordered = _once(sorted(_drawn(letters), key=lambda one: one.number or inf))
    stands = _Offered(tuple(cards))
    waits = _waiting(ordered)
    groups: dict[str, list[Note]] = {}
    for place, (letter, times) in reversed(list(enumerate(ordered))):
        # A prompt that waits no longer would only look as if it did.
        if place != waits and not _prompts(letter.message):
            note = _note(letter, times, stands)
            groups.setdefault(note.code, []).append(note)
    step = None if waits is None else replace(_note(*ordered[waits], stands), prompt=True)
    return Panel(step, tuple(Group(code, tuple(notes)) for code, notes in groups.items()))


class _Offered:
    """Tells whether a button can still be pressed, as far as the cards say."""

    def __init__(self, cards: tuple[BoardCard, ...]) -> None:
        self.keys = {key.id for card in cards for row in card.message.keys for key in row}
        self.cases = {card.case for card in cards}

    def __call__(self, key: str) -> bool:
        about = ON_CARD.fullmatch(key)
        # A board that says "and more" has not shown every case: nothing is known of the others.
        unknown = about is not None and about[1] not in self.cases and "" in self.cases
        return about is None or key in self.keys or unknown


def _draft(text: str) -> str:
    """Give what a preview shows under the line that names its case."""
    named = CODE.search(text)
    return text[named.end() if named else 0 :].partition("\n\n")[2]


def _drawn(letters: Iterable[Letter]) -> list[Letter]:
    """Leave out what was drawn anew (number 0) while the prompt itself is still unread."""
    every = list(letters)
    unread = any(one.number and _prompts(one.message) for one in every)
    return [one for one in every if one.number or not unread]


def _once(letters: list[Letter]) -> list[tuple[Letter, int]]:
    """Leave the newest of letters that say and offer the same, with how often it came."""
    told = Counter(one.message for one in letters if one.number)
    last = {one.message: place for place, one in enumerate(letters)}
    return [
        (one, max(1, told[one.message]))
        for place, one in enumerate(letters)
        if last[one.message] == place
    ]


def _prompts(message: Outgoing) -> bool:
    """Tell whether a letter asks the officer for the next step."""
    return message.typed or "cancel" in verbs(message)


def _waiting(letters: list[tuple[Letter, int]]) -> int | None:
    """Find the open prompt: the last one, unless what follows says that it is over."""
    waits: int | None = None
    for place, (letter, _) in enumerate(letters):
        message = letter.message
        if _prompts(message):
            waits = place
        elif waits is not None and not message.keys:
            about = code_in(message.text)
            if about in {"", code_in(letters[waits][0].message.text)}:
                waits = None
    return waits


def _note(letter: Letter, times: int, stands: Callable[[str], bool]) -> Note:
    message = letter.message
    does = verbs(message)
    keys = tuple(tuple(key for key in row if stands(key.id)) for row in message.keys)
    text = visible(message.text)
    return Note(
        shown(letter.number, replace(message, keys=keys), draw=emergency),
        code_in(text),
        times,
        preview="send" in does,
        draft=_draft(text) if "send" in does else "",
        answers=bool(does & {"canned", "send"}),
    )
