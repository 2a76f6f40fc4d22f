"""The port that every door fits: what it can do, what goes out through it, how sending fails.

It knows no platform, no case and no person.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from handlers.events import Address, Incoming


@dataclass(frozen=True, slots=True)
class Caps:
    """What a channel can do; read by rendering and pacing, never by the deciding code."""

    max_text: int
    pushes: bool
    """False: a mailbox; the person comes and fetches (the web)."""
    knows_account: str = ""
    """How the platform is called that knows who writes ("Telegram"); empty when none does."""
    edits: bool = False
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A button as it is shown. `tel` dials, `link` leads elsewhere, else `id` comes back."""

    id: str
    label: str
    tel: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready for a channel: plain text, never markup."""

    text: str
    keys: tuple[tuple[Key, ...], ...] = ()
    typed: bool = True
    """Whether own words make sense as an answer."""
    secret: bool = False
    """Protected from forwarding and saving where the channel can."""
    spoiler: str = ""
    """Words hidden until tapped (officers' group with GROUP_SHOWS=words)."""
    again: bool = False
    """It may have arrived before: say so."""
    topic: str = ""
    """In which topic of the place it goes; empty: in none."""
    pictures: tuple[bytes, ...] = field(default=(), repr=False)
    voices: tuple[bytes, ...] = field(default=(), repr=False)


class Hopeless(StrEnum):
    """Why a message can never arrive as it is."""

    BLOCKED = "blocked"
    """The person blocked the bot, or never started it."""
    GONE = "gone"
    """The chat or the message to edit is not there (any more)."""
    RIGHTS = "rights"
    REFUSED = "refused"
    """The platform calls the message itself wrong."""
    TOKEN = "token"  # noqa: S105  (a reason's name, not a secret)


class Undelivered(Exception):  # noqa: N818  (an outcome, not a bug)
    """A message did not surely arrive."""


class Unsent(Undelivered):
    """Surely not sent: try again."""


class Unknown(Undelivered):
    """It may have arrived: nobody can say."""


class Limited(Undelivered):
    """The platform asks for a pause."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: how long this destination must rest."""
        super().__init__(f"rest {seconds} s")
        self.seconds = seconds


class Failed(Undelivered):
    """It will never arrive as it is."""

    def __init__(self, why: Hopeless) -> None:
        """`why`: the reason, without the platform's words (they may carry an address)."""
        super().__init__(why.value)
        self.why = why


class Channel(Protocol):
    """One door to the outside. Every method may raise Undelivered."""

    @property
    def name(self) -> str:
        """The channel's name as it stands in addresses."""

    @property
    def caps(self) -> Caps:
        """What it can do."""

    async def send(self, to: Address, message: Outgoing) -> tuple[str, ...]:
        """Send; give the channel's ids of the messages made (text, then media)."""

    async def edit(self, to: Address, ref: str, message: Outgoing) -> None:
        """Bring an earlier message up to date; one that is so already is no error."""

    async def delete(self, to: Address, refs: tuple[str, ...]) -> None:
        """Take messages away; one that is gone already is no error."""

    async def fetch(self, ref: str) -> bytes:
        """Fetch a file's bytes (at most 20 MB)."""

    async def is_member(self, group: Address, person: Address) -> bool:
        """Tell whether the person is in the group right now; False when unsure."""


class Topics(Protocol):
    """A door whose groups can hold a topic for each case. Every method may raise Undelivered."""

    async def has_topics(self, place: Address) -> bool:
        """Tell whether topics can be made there, as was last seen; False when unsure."""

    async def open_topic(self, place: Address, title: str) -> str:
        """Make a topic; gives its id. It counts as a message."""

    async def name_topic(self, place: Address, topic: str, title: str) -> None:
        """Give it another name; one that is called so already is no error."""

    async def close_topic(self, place: Address, topic: str) -> None:
        """Close it to everybody but administrators; one that is closed already is no error."""

    async def reopen_topic(self, place: Address, topic: str) -> None:
        """Open it again; one that is open already is no error."""

    async def delete_topic(self, place: Address, topic: str) -> None:
        """Delete it with everything in it; one that is gone already is no error."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a door may answer at once, after the commit. Everything else is in the outbox."""

    repeated: bool = False
    toast: str = ""
    door: str = ""
    """A one-use token that leads from the group into the officer's own chat."""


class Inbox(Protocol):
    """Where every door hands in what came; returning means: committed."""

    async def take(self, incoming: Incoming, blob: bytes | None = None) -> Outcome:
        """Take one message in; `blob`: the clean bytes of a file that came along."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page's conversation, drawn from the talk."""

    mine: bool
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One message in a mailbox; the next request confirms it by its number."""

    number: int
    message: Outgoing


@dataclass(frozen=True, slots=True)
class Page:
    """What a web chat shows: what was answered so far, then what has not been confirmed."""

    history: tuple[Line, ...]
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class BoardCard:
    """A case on the desk as this officer may see it."""

    case: str
    priority: str
    status: str
    message: Outgoing
    claimed: bool = False
    opened: datetime | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """What the desk shows one officer: the cards they may see, and their mailbox."""

    officer: str
    name: str
    trial: bool
    cards: tuple[BoardCard, ...]
    letters: tuple[Letter, ...]


class Mailbox(Protocol):
    """What the pages read. The web is a mailbox: nothing is pushed to it."""

    async def page(self, who: Address, confirm: int) -> Page:
        """Confirm letters up to `confirm`, then give the page (empty for a stranger)."""

    async def letters(self, who: Address, confirm: int) -> tuple[Letter, ...]:
        """Confirm letters up to `confirm`, then give what is unread (a poll)."""

    async def front(self, language: str) -> Outgoing:
        """Give the first screen, before anybody has written: no row is made for it."""

    async def enter(self, token: str, session: str) -> bool:
        """Open the desk with a one-time link's token for this session, once."""

    async def board(self, session: str, confirm: int) -> Board | None:
        """Give the desk of this session's officer; None when they may not (any longer)."""

    async def picture(self, session: str, file: str) -> bytes | None:
        """Give a sealed picture of a case this officer has opened; None when they may not."""
