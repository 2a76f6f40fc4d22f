"""Drawing a case's card for one place, at the moment it is shown."""

from dataclasses import dataclass

from bot.channels.channel import Key, Outgoing
from handlers import card, routes
from handlers.cases import Case, Priority, Status
from handlers.effects import Button, EntryKind
from handlers.view import House, Officer
from storage import cards, cases, entries, officers, topics
from storage.outbox import Parcel
from storage.topics import Topic
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card as it should look, where it is now (`ref` empty: nowhere), and what it shows.

    `topic`: the topic of the place in which it stands; `own`: the one that its case has there.
    """

    message: Outgoing
    title: str
    ref: str = ""
    shown: bytes = b""
    topic: str = ""
    own: Topic | None = None
    urgent: bool = False
    closed: bool = False


def draw(tx: Tx, parcel: Parcel, house: House) -> Drawn | None:
    """Draw a case's card for a place; None when there is no case or it may not be shown there."""
    case = cases.get(tx, str(parcel.case))
    if case is None:
        return None
    roster = officers.roster(tx, case.ward)
    if str(parcel.place) not in allowed(case, roster):
        return None
    there = cards.get(tx, case.id, parcel.lane)
    return Drawn(
        look(tx, case, house, roster),
        card.title(case),
        "" if there is None else there.ref,
        b"" if there is None else there.shown,
        "" if there is None else there.topic,
        topics.get(tx, case.id, parcel.lane),
        urgent=case.priority is Priority.P1,
        closed=case.status is Status.CLOSED,
    )


def allowed(case: Case, roster: tuple[Officer, ...]) -> tuple[str, ...]:
    """Give the places at which this case may be shown now, whatever was lined up before."""
    return routes.places(roster, case, group=True) + tuple(
        f"officer:{o.id}" for o in roster if routes.may_see(o, case)
    )


def look(tx: Tx, case: Case, house: House, roster: tuple[Officer, ...]) -> Outgoing:
    """Draw a card with its buttons."""
    words: tuple[str, ...] = ()
    if card.words_may_show(case, house):
        told = entries.of_case(tx, case.id)
        words = tuple(entry.text for entry in told if entry.kind is EntryKind.WORDS)
    drawn = card.card(case, house, roster, words)
    keys = tuple(tuple(key(button, house) for button in row) for row in drawn.buttons)
    return Outgoing(drawn.text, keys, typed=False, spoiler=drawn.spoiler, secret=True)


def key(button: Button, house: House) -> Key:
    """Render a card's button; the officers' side speaks Vietnamese."""
    label = house.texts.say(button.label.key, "vi", "", button.label.values)
    return Key(button.id, label)
