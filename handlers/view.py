"""What a decision may look at: loaded once, unsealed, before anything is decided.

A View is all that handlers know of the world; nothing here can be written to.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handlers.cases import Case, Origin
from handlers.catalog import Texts
from handlers.effects import Delivery, EntryKind
from handlers.hotlines import Hotline
from handlers.lessons import Lesson
from handlers.reading import Reader
from handlers.receipts import Words
from handlers.talk import Talk
from handlers.ward import Ward


class Voice(StrEnum):
    """How the product speaks: to a child, or to an adult."""

    CHILD = "child"
    ADULT = "adult"


class Phone(StrEnum):
    """Whose phone it is; decides whether we may ever write first."""

    UNKNOWN = ""
    OWN = "own"
    SHARED = "shared"
    BORROWED = "borrowed"


class Hours(StrEnum):
    """When an own phone may light up."""

    NEVER = ""
    AFTER_SCHOOL = "after_school"
    EVENING = "evening"
    ANY = "any"


class Role(StrEnum):
    """What an officer is; rights follow from it."""

    LEAD = "lead"
    OFFICER = "officer"
    INDEPENDENT = "independent"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes, as far as we need to know them to answer well."""

    id: str
    language: str = "vi"
    voice: str = ""
    phone: str = Phone.UNKNOWN
    hours: str = Hours.NEVER
    window: datetime | None = None
    pushes: bool = True
    """Whether their door can be knocked at (a web page cannot)."""


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody on the roster, under a working name they chose themselves."""

    id: str
    name: str
    role: str
    called: str = "cô"
    """How a child calls them: cô or chú."""
    duty: bool = True
    school: bool = False
    """Works at a school: cases against school people are hidden from them."""
    chat: bool = False
    """Has a chat the product can write to (not only the desk)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a case's story, unsealed."""

    id: str
    at: datetime
    kind: EntryKind
    text: str
    officer: str | None = None
    delivery: Delivery = Delivery.NONE
    file: str | None = None
    gone: bool = False
    """Its picture or voice was deleted at the end of its period."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A case that somebody follows, and who else does."""

    case: Case
    others: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class House:
    """What is the same for every message: the ward, the words, the rules."""

    ward: Ward
    texts: Texts
    reader: Reader
    words: Words
    lessons: tuple[Lesson, ...]
    hotlines: tuple[Hotline, ...]
    trial: bool = False
    group_shows_words: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """The world at one moment, as far as one message needs it.

    Resident side: `person`, `talk`, `case` (the talk's), `found` (named by return words in the
    message), `answers` (officers' answers in `found` or else `case`).
    Desk side: `officer` (None: not on the roster, or not in the group any more), `talk`, `case`
    (the one the press names), `entries`, `reporters`.
    """

    now: datetime
    house: House
    person: Person
    talk: Talk
    case: Case | None = None
    found: Case | None = None
    answers: tuple[Entry, ...] = ()
    entries: tuple[Entry, ...] = ()
    officer: Officer | None = None
    roster: tuple[Officer, ...] = ()
    reporters: tuple[Person, ...] = ()
    heard: datetime | None = None
    """When the person said it; earlier than `now` when the program was down."""
    group: bool = False
    """Whether the ward has an officers' group chat."""
    tries: int = 0
    """How often this person named unknown return words within the hour."""
    ward_tries: int = 0
    """How often anybody did so within the minute."""
    ties: tuple[Tie, ...] = ()
    """The cases this person follows; loaded only when they have asked to be forgotten."""
    left: tuple[Talk, ...] = ()
    """Drafts of theirs, put away by leaving, that go on to the officers; loaded like `ties`."""
    hurried: bool = False
    """Whether this person sends more lines a minute than anybody could answer one by one."""
    piled: int = 0
    """How many of their lines wait on the pile."""
    pile: tuple[str, ...] = ()
    """These lines, when it is time for them to join the story."""
    elsewhere: bool = False
    """Whether `found` was told by others: this person is not tied to it yet."""
    known: bool = False
    """Whether whoever is at the desk stands on the roster, even if they are not in the group."""
    under: str | None = None
    """The case under whose card in the group somebody wrote."""
    source: Origin = Origin.PERSON
    """What a case would be that began with this message; EARLY: the ward has not opened yet."""
    room: bool = True
    """Whether the disk has room for pictures and voices; for words there is some longer."""
    knock: str = ""
    """The number of whoever waits to be let in: the one who presses, or the one a lead decides
    on; empty when nobody waits."""

    @property
    def origin(self) -> Origin:
        """Give what the case at hand is, or would be."""
        return self.source if self.case is None else self.case.origin

    def independent(self) -> tuple[Officer, ...]:
        """Give the contacts outside the group whom cases against officials go to."""
        return tuple(o for o in self.roster if o.role == Role.INDEPENDENT)
