"""The story of a case, line by line, each sealed under the case's own key; only ever added to.

The one thing that changes on a line is how far its delivery has come.
"""

import sqlite3
from datetime import datetime

from handlers.effects import Add, Delivery, EntryKind
from handlers.view import Entry
from storage import cases
from storage.text import pack, unpack
from storage.times import at, ms
from storage.tx import Tx


def add(tx: Tx, effect: Add, now: datetime) -> None:
    """Append a line; to a case that has been shredded nothing can be added."""
    key = cases.key_of(tx, effect.case)
    if key is None:
        return
    tx.run(
        "insert into entries (id, case_id, number, at, kind, body, officer, delivery, gone)"
        " values (?, ?, (select coalesce(max(number), 0) + 1 from entries where case_id = ?),"
        " ?, ?, ?, ?, ?, 0)",
        effect.id,
        effect.case,
        effect.case,
        ms(now),
        effect.kind.value,
        tx.seal.seal(
            # Not the platform's number of the message: it would lead back to the chat once the
            # tie is cut.
            pack([effect.text]),
            table="entries",
            column="body",
            row=effect.id,
            case=effect.case,
            case_key=key,
        ),
        effect.officer,
        effect.delivery.value,
    )


def exists(tx: Tx, entry: str) -> bool:
    """Tell whether there is such a line."""
    return tx.one("select 1 from entries where id = ?", entry) is not None


def of_case(tx: Tx, case: str) -> tuple[Entry, ...]:
    """Give a case's whole story, unsealed, in order."""
    rows = tx.all(
        "select entries.*, files.id as file from entries"
        " left join files on files.entry = entries.id"
        " where entries.case_id = ? order by number",
        case,
    )
    return _entries(tx, case, rows)


def answers(tx: Tx, case: str) -> tuple[Entry, ...]:
    """Give the officers' answers in a case, unsealed, in order."""
    rows = tx.all(
        "select entries.*, null as file from entries"
        " where case_id = ? and kind = 'answer' order by number",
        case,
    )
    return _entries(tx, case, rows)


def deliver(tx: Tx, entry: str, delivery: Delivery) -> str | None:
    """Write how far an answer has come, also on its case; gives the case's id.

    Several people may follow a case: what one has got stays delivered, whatever became of others.
    """
    row = tx.one(
        "update entries set delivery = ? where id = ? and delivery <> 'delivered'"
        " returning case_id",
        delivery.value,
        entry,
    )
    if row is None:
        return None
    cases.set_delivery(tx, row["case_id"], delivery.value)
    return str(row["case_id"])


def lose_file(tx: Tx, entry: str) -> None:
    """Write on a picture's or voice's line that it could not be fetched or opened."""
    tx.run("update entries set delivery = ? where id = ?", Delivery.FAILED.value, entry)


def _entries(tx: Tx, case: str, rows: list[sqlite3.Row]) -> tuple[Entry, ...]:
    key = cases.key_of(tx, case)
    if key is None:
        return ()
    return tuple(_entry(tx, row, key) for row in rows)


def _entry(tx: Tx, row: sqlite3.Row, key: bytes) -> Entry:
    body = tx.seal.open(
        row["body"],
        table="entries",
        column="body",
        row=row["id"],
        case=row["case_id"],
        case_key=key,
    )
    return Entry(
        id=row["id"],
        at=at(row["at"]),
        kind=EntryKind(row["kind"]),
        text=unpack(body)[0],
        officer=row["officer"],
        delivery=Delivery(row["delivery"]),
        file=row["file"],
        gone=bool(row["gone"]),
    )
