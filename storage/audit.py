"""Who opened or did what, in a chain of keyed fingerprints: a changed or missing row shows.

It holds no content, only acts, officers and cases by their random ids.
"""

import sqlite3
from datetime import datetime

from handlers.effects import Audit
from storage.seal import Seal
from storage.text import pack, unpack
from storage.times import ms
from storage.tx import Tx


def append(tx: Tx, effect: Audit, ward: str, now: datetime, step: int = 1) -> None:
    """Write a row onto the end of the chain.

    `step`: how far its number leaps; after a restore past all that the lost time gave out.
    """
    last = tx.one("select number, chain from audit order by number desc limit 1")
    number, previous = _base(tx) if last is None else (last["number"], last["chain"])
    if number != _end(tx):
        previous = b"cut"  # rows are gone from the end: this one must not hide it by following
    row = (number + step, ms(now), ward, effect.act, effect.officer, effect.case)
    chain = tx.seal.chain(previous, pack(row))
    tx.run(
        "insert into audit (number, at, ward, act, officer, case_id, chain)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        *row,
        chain,
    )
    # The sealed end of the chain: rows cut off at the end leave no gap, but do not fit it.
    _mark(tx, "audit_end", pack(number + step))


def verify(tx: Tx) -> int | None:
    """Walk the whole chain; gives the number of the first row that is changed or missing."""
    base, previous = _base(tx)
    expected = base + 1
    for row in tx.all("select * from audit order by number"):
        if not _follows(tx, previous, row):
            return expected
        previous, expected = row["chain"], row["number"] + 1  # the chain vouches for a leap
    return None if _end(tx) == expected - 1 else expected


def forget(tx: Tx, before: datetime, limit: int, on_hold: frozenset[str] = frozenset()) -> int:
    """Delete rows written before then, from the beginning of the chain; gives how many.

    A sealed mark says where the chain begins now. Rows that are changed stay: `verify` must be
    able to name them. The first row of a case in `on_hold` stays, and all rows after it.
    """
    number, previous = start = _base(tx)
    rows = tx.all("select * from audit where number > ? order by number limit ?", number, limit)
    for row in rows:
        kept = row["case_id"] in on_hold
        if kept or row["at"] > ms(before) or not _follows(tx, previous, row):
            break
        number, previous = row["number"], row["chain"]
    if number == start[0]:
        return 0
    _mark(tx, "audit_base", pack([number, previous.hex()]))
    return tx.run("delete from audit where number <= ?", number)


def rechain(tx: Tx, new: Seal) -> None:
    """Compute the chain anew under another root key, which becomes the transaction's.

    A break stays a break: the row that does not follow keeps its old fingerprint, which does not
    follow under the new key either, and a missing end stays missing. Nothing is made good.
    """
    base, end = _marked(tx, "audit_base"), _marked(tx, "audit_end")
    _, was = _base(tx)
    now = was
    for row in tx.all("select * from audit order by number"):
        follows = _follows(tx, was, row)
        was = row["chain"]
        now = new.chain(now, pack(_fields(row))) if follows else was
        tx.run("update audit set chain = ? where number = ?", now, row["number"])
    tx.seal = new
    for name, mark in (("audit_base", base), ("audit_end", end)):
        if mark is not None:
            _mark(tx, name, mark)


def chain_unproven(tx: Tx) -> None:
    """Chain the rows anew after the key of their chain was lost: what stands is taken as it is.

    Whether anything was changed before can no longer be shown; a row in the log should say so.
    """
    rows = tx.all("select * from audit order by number")
    base = rows[0]["number"] - 1 if rows else 0
    chain = b""
    for row in rows:
        chain = tx.seal.chain(chain, pack(_fields(row)))
        tx.run("update audit set chain = ? where number = ?", chain, row["number"])
    tx.run("delete from meta where name in ('audit_base', 'audit_end')")
    if base:
        _mark(tx, "audit_base", pack([base, ""]))
    if rows:
        _mark(tx, "audit_end", pack(rows[-1]["number"]))


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


def _fields(row: sqlite3.Row) -> tuple[int | str | None, ...]:
    return row["number"], row["at"], row["ward"], row["act"], row["officer"], row["case_id"]


def _follows(tx: Tx, previous: bytes, row: sqlite3.Row) -> bool:
    return bool(tx.seal.chain(previous, pack(_fields(row))) == row["chain"])


def _end(tx: Tx) -> int:
    """Give the number of the row that was written last; 0 before the first."""
    end = _marked(tx, "audit_end")
    return 0 if end is None else int(unpack(end))


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
