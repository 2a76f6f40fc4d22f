"""Who opened or did what, in a chain of keyed fingerprints: a changed or missing row shows.

It holds no content, only acts, officers and cases by their random ids.
"""

import sqlite3
from datetime import datetime

from handlers.effects import Audit
from storage.text import pack, unpack
from storage.times import ms
from storage.tx import Tx


def append(tx: Tx, effect: Audit, ward: str, now: datetime) -> None:
    """Write a row onto the end of the chain."""
    last = tx.one("select number, chain from audit order by number desc limit 1")
    number, previous = _base(tx) if last is None else (last["number"], last["chain"])
    row = (number + 1, ms(now), ward, effect.act, effect.officer, effect.case)
    chain = tx.seal.chain(previous, pack(row))
    tx.run(
        "insert into audit (number, at, ward, act, officer, case_id, chain)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        *row,
        chain,
    )
    # The sealed end of the chain: rows cut off at the end leave no gap, but do not fit it.
    _mark(tx, "audit_end", pack(number + 1))


def verify(tx: Tx) -> int | None:
    """Walk the whole chain; gives the number of the first row that is changed or missing."""
    base, previous = _base(tx)
    expected = base + 1
    for row in tx.all("select * from audit order by number"):
        if not _follows(tx, previous, row):
            return expected
        previous, expected = row["chain"], expected + 1
    end = _marked(tx, "audit_end")
    if end is None:
        return None if expected == 1 else expected
    return None if unpack(end) == expected - 1 else expected


def forget(tx: Tx, before: datetime, limit: int) -> int:
    """Delete rows written before then, from the beginning of the chain; gives how many.

    A sealed mark says where the chain begins now. Rows that are changed stay: `verify` must be
    able to name them.
    """
    number, previous = start = _base(tx)
    rows = tx.all("select * from audit where number > ? order by number limit ?", number, limit)
    for row in rows:
        if row["at"] > ms(before) or not _follows(tx, previous, row):
            break
        number, previous = row["number"], row["chain"]
    if number == start[0]:
        return 0
    _mark(tx, "audit_base", pack([number, previous.hex()]))
    return tx.run("delete from audit where number <= ?", number)


def did(tx: Tx, officer: str, act: str, case: str, since: datetime) -> bool:
    """Tell whether an officer did this with this case since then."""
    row = tx.one(
        "select 1 from audit where case_id = ? and officer = ? and act = ? and at >= ?",
        case,
        officer,
        act,
        ms(since),
    )
    return row is not None


def _follows(tx: Tx, previous: bytes, row: sqlite3.Row) -> bool:
    fields = (row["number"], row["at"], row["ward"], row["act"], row["officer"], row["case_id"])
    return bool(tx.seal.chain(previous, pack(fields)) == row["chain"])


def _base(tx: Tx) -> tuple[int, bytes]:
    """Give the number and the fingerprint after which the chain begins; 0 and none at first."""
    mark = _marked(tx, "audit_base")
    if mark is None:
        return 0, b""
    number, chain = unpack(mark)
    return int(number), bytes.fromhex(chain)


def _marked(tx: Tx, name: str) -> bytes | None:
    row = tx.one("select value from meta where name = ?", name)
    if row is None:
        return None
    return tx.seal.open(row["value"], table="meta", column="value", row=name)


def _mark(tx: Tx, name: str, value: bytes) -> None:
    tx.run(
        "insert into meta (name, value) values (?, ?)"
        " on conflict (name) do update set value = excluded.value",
        name,
        tx.seal.seal(value, table="meta", column="value", row=name),
    )
