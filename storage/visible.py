"""Messages that stand in a chat or in the officers' group: when each must be taken away.

Words of a case within a day, cards with their case, anybody's whole chat when they ask for it.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.events import Incoming, Kind, Side
from handlers.view import Person
from storage.text import pack, unpack
from storage.times import ms
from storage.tx import Tx

STANDS_FOR = timedelta(hours=47)
"""So long the numbers of plain messages are kept: Telegram deletes nothing older than 48 hours."""
IN_ONE_GO = 100
OWN = frozenset({Kind.TEXT, Kind.MEDIA, Kind.LOCATION, Kind.WITHHELD})
"""What stands in a chat as a message of the person's own; a press and an edit do not."""


@dataclass(frozen=True, slots=True)
class Visible:
    """Messages in a person's chat, or (`person` None) in a ward's group.

    `refs` are the channel's ids. `topic`: the whole topic goes, and these in it.
    """

    id: str
    person: str | None
    refs: tuple[str, ...]
    ward: str = ""
    topic: str = ""


def note(
    tx: Tx,
    person: str | None,
    refs: tuple[str, ...],
    due: datetime,
    case: str | None,
    *,
    ward: str = "",
    topic: str = "",
    stays: bool = False,
) -> None:
    """Remember messages that are taken away at `due` at the latest.

    `person` None: they stand in the group of `ward`; `topic`: with the topic they are in.
    `stays`: only their numbers are forgotten then.
    """
    row = tx.new_id()
    tx.run(
        "insert into visible (id, person, ward, case_id, topic, refs, stays, due)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        row,
        person,
        ward,
        case,
        topic,
        tx.seal.seal(pack(refs), table="visible", column="refs", row=row),
        stays,
        ms(due),
    )


def stand(tx: Tx, person: str, refs: tuple[str, ...], now: datetime) -> None:
    """Remember plain messages in somebody's chat, theirs or ours, should they want them gone."""
    note(tx, person, refs, now + STANDS_FOR, None, stays=True)


def came(tx: Tx, person: Person, incoming: Incoming) -> None:
    """Remember a resident's own message, where a channel can take it away again."""
    if person.pushes and incoming.side is Side.RESIDENT and incoming.kind in OWN and incoming.ref:
        stand(tx, person.id, (incoming.ref,), tx.now)


def wipe(tx: Tx, person: str, now: datetime) -> None:
    """Take everything that can still be deleted out of a person's chat at once."""
    refs = [ref for one in of_person(tx, person) for ref in one.refs]
    tx.run("delete from visible where person = ?", person)
    for start in range(0, len(refs), IN_ONE_GO):
        note(tx, person, tuple(refs[start : start + IN_ONE_GO]), now, None)


def forget_numbers(tx: Tx, now: datetime) -> int:
    """Forget messages that stay and can be deleted no more; gives how many rows."""
    return tx.run("delete from visible where stays = 1 and due <= ?", ms(now))


def due(tx: Tx, now: datetime, limit: int = 50) -> list[Visible]:
    """Give what is to be taken away now."""
    rows = tx.all(
        "select * from visible where due <= ? and stays = 0 order by due limit ?", ms(now), limit
    )
    return [_visible(tx, row) for row in rows]


def of_person(tx: Tx, person: str) -> list[Visible]:
    """Give everything of ours that stands in a person's chat."""
    return [_visible(tx, row) for row in tx.all("select * from visible where person = ?", person)]


def later(tx: Tx, visible: Visible, due_at: datetime) -> None:
    """It, or what `visible` still names of it, could not be taken away now: again at `due_at`."""
    refs = tx.seal.seal(pack(visible.refs), table="visible", column="refs", row=visible.id)
    tx.run("update visible set due = ?, refs = ? where id = ?", ms(due_at), refs, visible.id)


def gone(tx: Tx, visible: Visible) -> None:
    """It was taken away."""
    tx.run("delete from visible where id = ?", visible.id)


def soon(tx: Tx, case: str, now: datetime) -> None:
    """A case is shredded: its words are to be taken away at once, wherever they stand."""
    tx.run("update visible set due = ?, case_id = null where case_id = ?", ms(now), case)


def all_soon(tx: Tx, person: str, now: datetime) -> None:
    """Take everything with a case in it out of a person's chat at once."""
    tx.run("update visible set due = ? where person = ? and stays = 0", ms(now), person)


def _visible(tx: Tx, row: sqlite3.Row) -> Visible:
    refs = unpack(tx.seal.open(row["refs"], table="visible", column="refs", row=row["id"]))
    return Visible(row["id"], row["person"], tuple(refs), row["ward"], row["topic"])
