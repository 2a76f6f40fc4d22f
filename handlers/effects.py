"""What can go out: every decision is a list of these, applied in one transaction.

Handlers never send and never write. Verbs name effects; all ids are made from `dice`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from handlers.cases import Case
from handlers.events import Media, Side, Wait
from handlers.talk import Talk


class Dice(Protocol):
    """Chance, handed in: real in the product, seeded in tests."""

    def id(self) -> str:
        """Make a random row id (80 bits, 16 Crockford characters, lower case)."""

    def bits(self, count: int) -> int:
        """Make a random non-negative integer below 2**count."""


class Class(StrEnum):
    """Which message of a lane goes first."""

    ALERT = "alert"
    ANSWER = "answer"
    NOTICE = "notice"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class Part:
    """One paragraph: a key of the texts with its values. `VERBATIM` carries ready text."""

    key: str
    values: Mapping[str, str] = field(default_factory=dict)


VERBATIM = "="


def verbatim(text: str) -> Part:
    """Make a paragraph of ready text (an officer's words, a case file)."""
    return Part(VERBATIM, {"text": text})


@dataclass(frozen=True, slots=True)
class Button:
    """A thing to press. `id` is at most 64 bytes of ASCII; the label comes from the texts."""

    id: str
    label: Part
    tel: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Say:
    """A message to a person, once, in order.

    `entry`: the answer whose delivery this is; its state is written back.
    `case`: whose words it carries; they go when the case goes. `due`: not before. `until`: not after (an open answer is held instead). `secret`: protected from forwarding, taken away within 24 hours.
    `typed`: whether the person may answer in own words here.
    `pictures`: ids of sealed files that go along.
    """

    to: str
    parts: tuple[Part, ...]
    buttons: tuple[tuple[Button, ...], ...] = ()
    rank: Class = Class.ANSWER
    entry: str | None = None
    case: str | None = None
    due: datetime | None = None
    until: datetime | None = None
    secret: bool = False
    typed: bool = True
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Show:
    """Bring this case's card up to date at this place (`group`, or `officer:<id>`)."""

    case: str
    place: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Write this talk as it is now."""

    talk: Talk


@dataclass(frozen=True, slots=True)
class Pile:
    """Put a line of somebody who writes very fast on the pile that joins their story in a moment."""

    person: str
    side: str
    text: str


@dataclass(frozen=True, slots=True)
class Unpile:
    """The pile has joined the story."""

    person: str
    side: str


@dataclass(frozen=True, slots=True)
class Aside:
    """Put a talk away under another key: the chat behaves as a stranger's from here on."""

    person: str
    key: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete a talk; its drafts and waiting moments go with it."""

    person: str
    side: str


@dataclass(frozen=True, slots=True)
class Erase:
    """Forget a person as they wish: ties, drafts, waits, and the messages in their chat. Cases stay."""

    person: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Write what is known of how to speak to a person."""

    person: str
    language: str
    voice: str
    phone: str
    hours: str
    window: datetime | None
    """Until when an answer may come openly: ten minutes after their last word."""


@dataclass(frozen=True, slots=True)
class Open:
    """A case begins: its key is made, its return secret is indexed, its reporter is linked."""

    case: Case
    person: str
    secret: int


@dataclass(frozen=True, slots=True)
class Change:
    """Write this case as it is now (status, priority, facts, clocks)."""

    case: Case


class EntryKind(StrEnum):
    """What a line of a case's story is."""

    WORDS = "words"
    FACT = "fact"
    ANSWER = "answer"
    NOTE = "note"
    MOVE = "move"
    PICTURE = "picture"
    VOICE = "voice"
    EDIT = "edit"


class Delivery(StrEnum):
    """How far an answer to a reporter has come."""

    NONE = ""
    WAITING = "waiting"
    HELD = "held"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Add:
    """Append one entry to a case's story; entries are never changed."""

    id: str
    case: str
    kind: EntryKind
    text: str
    officer: str | None = None
    delivery: Delivery = Delivery.NONE
    ref: str = ""
    """The channel's id of the reporter's message; never stored with the story."""


@dataclass(frozen=True, slots=True)
class Link:
    """This person reports or follows this case."""

    case: str
    person: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """An answer has come this far."""

    entry: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Remind:
    """Something waits until `due`; an earlier wait of the same kind for the same thing moves."""

    wait: Wait
    due: datetime
    case: str | None = None
    person: str | None = None
    side: str = Side.RESIDENT


@dataclass(frozen=True, slots=True)
class Calm:
    """Nothing waits any longer: a claim stops the escalation, a word the silence."""

    wait: Wait
    case: str | None = None
    person: str | None = None
    side: str = Side.RESIDENT


@dataclass(frozen=True, slots=True)
class Fetch:
    """Fetch, clean and seal a file, as an entry of this case."""

    media: Media
    case: str
    person: str
    entry: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Somebody opened or did something; the row joins the hash chain."""

    act: str
    officer: str | None = None
    case: str | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """Call the ward's ALERT_HOOK: a code and a priority, nothing else."""

    case: str
    code: str
    priority: str


@dataclass(frozen=True, slots=True)
class Toast:
    """A short answer to a press, best effort; lost without harm."""

    part: Part


@dataclass(frozen=True, slots=True)
class Door:
    """A one-use way from the group into the officer's own chat, where `act` goes on."""

    token: str
    act: str
    case: str
    officer: str


@dataclass(frozen=True, slots=True)
class Knock:
    """Somebody who is not on the roster pressed; `number` is what they read out to a lead."""

    id: str
    number: str


@dataclass(frozen=True, slots=True)
class Admit:
    """A lead lets in (or turns away) whoever knocked."""

    knock: str
    let_in: bool
    officer: str
    """The id under which the newcomer stands on the roster."""
    name: str = ""
    """Their working name until they choose one; empty: the number they knocked with."""


@dataclass(frozen=True, slots=True)
class OpenWard:
    """The ward's doors open to the public, for good."""


@dataclass(frozen=True, slots=True)
class Count:
    """One more of something; blurred numbers that outlive cases, tied to nobody."""

    what: str


Effect = (
    Say
    | Show
    | Keep
    | Pile
    | Unpile
    | Aside
    | Forget
    | Erase
    | Profile
    | Open
    | Change
    | Add
    | Link
    | Delivered
    | Remind
    | Calm
    | Fetch
    | Audit
    | Hook
    | Toast
    | Door
    | Knock
    | Admit
    | OpenWard
    | Count
)
