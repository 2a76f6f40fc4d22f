"""Messages of a case that stand in a chat, or in the officers' group, and must be taken away."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from storage.text import pack, unpack
from storage.times import ms
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Visible:
    """Messages in a person's chat, or (`person` None) in a ward's group.

    `refs` are the channel's ids.
    """

    id: str
    person: str | None
    refs: tuple[str, ...]
    ward: str = ""


def note(
    tx: Tx,
    person: str | None,
    refs: tuple[str, ...],
    due: datetime,
    case: str | None,
    *,
    ward: str = "",
) -> None:
    """Remember messages that are taken away at `due` at the latest.

    `person` None: they stand in the group of `ward`.
    """
    row = tx.new_id()
    tx.run(
        "insert into visible (id, person, ward, case_id, refs, due) values (?, ?, ?, ?, ?, ?)",
        row,
        person,
        ward,
        case,
        tx.seal.seal(pack(refs), table="visible", column="refs", row=row),
        ms(due),
    )


def due(tx: Tx, now: datetime, limit: int = 50) -> list[Visible]:
    """Give what is to be taken away now."""
    rows = tx.all("select * from visible where due <= ? order by due limit ?", ms(now), limit)
    return [_visible(tx, row) for row in rows]


def of_person(tx: Tx, person: str) -> list[Visible]:
    """Give everything of ours that stands in a person's chat."""
    return [_visible(tx, row) for row in tx.all("select * from visible where person = ?", person)]


def later(tx: Tx, visible: Visible, due_at: datetime) -> None:
    """It could not be taken away now: try again at `due_at`."""
    tx.run("update visible set due = ? where id = ?", ms(due_at), visible.id)


def gone(tx: Tx, visible: Visible) -> None:
    """It was taken away."""
    tx.run("delete from visible where id = ?", visible.id)


def soon(tx: Tx, case: str, now: datetime) -> None:
    """A case is shredded: its words are to be taken away at once, wherever they stand."""
    tx.run("update visible set due = ?, case_id = null where case_id = ?", ms(now), case)


def all_soon(tx: Tx, person: str, now: datetime) -> None:
    """Take everything of ours out of a person's chat at once."""
    tx.run("update visible set due = ? where person = ?", ms(now), person)


def _visible(tx: Tx, row: sqlite3.Row) -> Visible:
    refs = unpack(tx.seal.open(row["refs"], table="visible", column="refs", row=row["id"]))
    return Visible(row["id"], row["person"], tuple(refs), row["ward"])
