"""What can come in: the neutral message of every channel, and time running out.

There is deliberately no field for a name, handle, avatar, phone or network address:
what has no field cannot leak.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What a person did."""

    TEXT = "text"
    CHOICE = "choice"
    MEDIA = "media"
    LOCATION = "location"
    EDIT = "edit"
    WITHHELD = "withheld"
    """Something came that the platform does not let us read (possibly a child)."""
    JOINED = "joined"
    LEFT = "left"


class Side(StrEnum):
    """From which side of the table someone speaks; one person may sit at both."""

    RESIDENT = "resident"
    DESK = "desk"


class MediaKind(StrEnum):
    """What a file is, as far as the channel says; the decoder is the judge."""

    PICTURE = "picture"
    VOICE = "voice"
    VIDEO = "video"
    FILE = "file"
    STICKER = "sticker"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to answer. `peer` is opaque outside its channel and is stored sealed."""

    channel: str
    bot: str
    peer: str


@dataclass(frozen=True, slots=True)
class Media:
    """A file that came with a message; `ref` is how its channel fetches the bytes."""

    kind: MediaKind
    ref: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message from one person, whichever door it came through.

    `event_id` is the same when the platform delivers the same event again.
    `ref` is the channel's own id of the message; edits and erasing need it.
    """

    event_id: str
    ref: str
    at: datetime
    side: Side
    sender: Address
    kind: Kind
    text: str = ""
    choice: str | None = None
    media: Media | None = None
    location: tuple[float, float] | None = None
    reply_to: str | None = None
    place: Address | None = None
    """The officers' group in which it happened; None in a private chat."""


class Wait(StrEnum):
    """Everything that waits for a moment; each is a row with a due time."""

    UNFINISHED = "unfinished"
    """A child's half-told story goes to the officers (30 minutes of silence)."""
    LATE_LINE = "late_line"
    """A line that waits for "add it, or something else?" joins the case (30 minutes)."""
    PILE = "pile"
    """What somebody wrote very fast joins their story in one piece (a few seconds)."""
    UNCLAIMED = "unclaimed"
    """A P1 that nobody has claimed (after the ward's own number of minutes)."""
    UNOPENED = "unopened"
    """New words in a claimed P1 that nobody has opened (5 minutes)."""
    OVERDUE = "overdue"
    """The promised answer has not been given."""
    UNREACHED = "unreached"
    """The officers' group refused a case's card."""
    FILE_LOST = "file_lost"
    """A picture or voice that was said to be taken could not be fetched or opened."""
    NOTICE = "notice"
    """A neutral notice may go out now: the hours the reporter allowed have begun."""
    HOLD = "hold"
    """A case is kept by law: the leads are asked whether it still must be (30 days)."""
    PROMPT = "prompt"
    """An officer's open prompt (reply, note) ends (15 minutes)."""


@dataclass(frozen=True, slots=True)
class Due:
    """A waiting moment has come. `person` and `side` name a talk, `case` a case."""

    id: str
    wait: Wait
    at: datetime
    case: str | None = None
    person: str | None = None
    side: str = Side.RESIDENT
