"""Rotating the root key: every row it sealed is sealed anew, in small steps that may be killed.

What it sealed says by which root key (seal.root_of), so a step never tries. At any moment each row
is readable by exactly one of the two keys; a run that was cut off goes on with what is left.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from handlers.effects import Audit
from handlers.events import Address
from storage import audit, past, talks
from storage.seal import Seal, root_head, root_of
from storage.text import unpack_address
from storage.tx import Tx, Value

BATCH = 500
"""Rows in one transaction."""

STARTED = "rotation"
"""The row of `meta` that says to which key the database is being moved."""
_CHAINED = "rotation_audit"


class NotAllMoved(Exception):  # noqa: N818  (a state of the data, in the words of the house)
    """Rows are left under the old key: it is not replaced, and must not be destroyed."""

    def __init__(self, left: dict[str, int]) -> None:
        """`left`: how many, by `table.column`."""
        super().__init__(", ".join(f"{name}: {many}" for name, many in left.items()))
        self.left = left


class OtherRotation(Exception):  # noqa: N818
    """A rotation to another key was begun: that key's file is needed to finish it."""

    def __init__(self, key_id: str) -> None:
        """`key_id`: to which key."""
        super().__init__(key_id)
        self.key_id = key_id


@dataclass(frozen=True, slots=True)
class Keys:
    """From which root key to which. `group`: the group's address in the settings, if any."""

    old: Seal
    new: Seal
    group: Address | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """How far a run has come; a new run begins at the beginning and skips what is done."""

    table: int = 0
    after: tuple[Value, ...] = ()


def _one_id(row: sqlite3.Row) -> str:
    return str(row["id"])


Also = Callable[[Tx, Keys, sqlite3.Row, dict[str, bytes]], dict[str, bytes]]
"""What must change together with a row's sealed columns; given these as plain bytes."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table with columns sealed under the root key. `key` addresses a row, `row` names it."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...] = ("id",)
    row: Callable[[sqlite3.Row], str] = _one_id
    also: Also | None = None
    only: str = ""


def _found_again(tx: Tx, keys: Keys, row: sqlite3.Row, plain: dict[str, bytes]) -> dict[str, bytes]:
    """An address is sealed beside its fingerprint, so that this is computed anew."""
    del tx, row
    return {"address_index": _index(keys.new, unpack_address(plain["address"]))}


def _configured(tx: Tx, keys: Keys, row: sqlite3.Row, plain: dict[str, bytes]) -> dict[str, bytes]:
    """A group that has moved is known by what the settings still say, where they still do."""
    del tx
    now = unpack_address(plain["address"])
    said = keys.group
    if said is not None and row["configured"] == _index(keys.old, said):
        return {"configured": _index(keys.new, said)}
    return {"configured": _index(keys.new, now)}


def _held(tx: Tx, keys: Keys, row: sqlite3.Row, plain: dict[str, bytes]) -> dict[str, bytes]:
    """A file that waits is found by a fingerprint of what only its talk still knows."""
    for ref in talks.held_refs(plain["body"]):
        tx.run(
            "update files set held = ? where person = ? and held = ?",
            keys.new.token_index(ref),
            row["person"],
            keys.old.token_index(ref),
        )
    return {}


TABLES = (
    _Table(
        "people",
        ("address", "profile"),
        also=_found_again,
    ),
    _Table(
        "talks",
        ("body",),
        key=("person", "side"),
        row=lambda row: f"{row['person']}/{row['side']}",
        also=_held,
    ),
    _Table("files", ("body",), only="case_id is null"),
    _Table("piles", ("body",)),
    _Table("dead_letters", ("body",)),
    _Table("outbox", ("body",), key=("number",)),
    _Table("visible", ("refs",)),
    _Table("exports", ("basis",)),
    _Table(
        "places",
        ("address",),
        key=("ward", "name"),
        row=lambda row: f"{row['ward']}/{row['name']}",
        also=_configured,
    ),
    _Table(
        "past_keys",
        ("sealed",),
        key=("purpose", "key"),
        row=lambda row: f"{row['purpose']}/{row['key']}",
    ),
    _Table("meta", ("value",), key=("name",), row=lambda row: str(row["name"])),
)
"""Everything sealed under the root key itself but the keys of cases and the chain of the audit."""


def begin(tx: Tx, keys: Keys) -> None:
    """Note to which key the database is moved; begun already is no error. Raises OtherRotation.

    Links, desk sessions and waiting exports end: only fingerprints of what opens them are kept.
    """
    row = tx.one("select value from meta where name = ?", STARTED)
    if row is not None:
        if row["value"].decode() != keys.new.key_id:
            raise OtherRotation(row["value"].decode())
        return
    for table in ("invites", "sessions", "exports"):
        tx.run(f"delete from {table}")  # noqa: S608  (names of ours, here and below)
    past.remember(tx, keys.old, keys.new)
    _mark(tx, STARTED, keys.new.key_id.encode())


def step(tx: Tx, keys: Keys, place: Place, batch: int = BATCH) -> Place | None:
    """Move a few rows; gives where to go on, None when there is nothing left to move."""
    if place.table == 0:
        return _case_keys(tx, keys, place, batch)
    if place.table == 1:
        _chain(tx, keys)
        return Place(2)
    if place.table - 2 >= len(TABLES):
        return None
    return _rows(tx, keys, place, TABLES[place.table - 2], batch)


def finish(tx: Tx, keys: Keys) -> None:
    """Make the new key the database's only one. Raises NotAllMoved, and then nothing was changed."""
    still = left(tx, keys.old.key_id)
    if still:
        raise NotAllMoved(still)
    tx.run("delete from meta where name in (?, ?)", STARTED, _CHAINED)
    _under(tx, keys.new)
    write_key(tx)
    ward = tx.one("select ward from audit order by number desc limit 1")
    audit.append(tx, Audit("keys.rotated"), "" if ward is None else ward["ward"], tx.now)


def write_key(tx: Tx) -> None:
    """Write by which root key this database opens from now on."""
    _mark(tx, "key_check", tx.seal.check_value())
    _mark(tx, "key_id", tx.seal.key_id.encode())


def left(tx: Tx, key_id: str) -> dict[str, int]:
    """Count what a root key has sealed, in every column of every table, whoever made the table."""
    found = {}
    head = root_head(key_id)
    for column in tx.all(
        'select tables.name as "table", columns.name as "column" from sqlite_master as tables,'
        " pragma_table_info(tables.name) as columns"
        " where tables.type = 'table' and upper(columns.type) = 'BLOB'"
    ):
        table, name = column["table"], column["column"]
        sql = f"select count(*) as many from {table} where substr({name}, 1, ?) = ?"  # noqa: S608
        row = tx.one(sql, len(head), head)
        if row is not None and row["many"]:
            found[f"{table}.{name}"] = int(row["many"])
    return found


def _case_keys(tx: Tx, keys: Keys, place: Place, batch: int) -> Place:
    rows = tx.all(
        "select case_id, wrapped from case_keys where case_id > ? order by case_id limit ?",
        place.after[0] if place.after else "",
        batch,
    )
    for row in rows:
        wrapped = row["wrapped"]
        if wrapped is not None and root_of(wrapped) == keys.old.key_id:
            key = keys.old.unwrap(wrapped, row["case_id"])
            tx.run(
                "update case_keys set wrapped = ? where case_id = ?",
                keys.new.wrap(key, row["case_id"]),
                row["case_id"],
            )
    return Place(0, (rows[-1]["case_id"],)) if rows else Place(1)


def _chain(tx: Tx, keys: Keys) -> None:
    """The audit's chain is one thing: a half of it under each key could not be checked."""
    if tx.one("select 1 from meta where name = ?", _CHAINED) is not None:
        return
    audit.rechain(tx, keys.new)
    _mark(tx, _CHAINED, b"1")


def _rows(tx: Tx, keys: Keys, place: Place, table: _Table, batch: int) -> Place:
    key = ", ".join(table.key)
    where = [table.only] if table.only else []
    if place.after:
        where.append(f"({key}) > ({', '.join('?' * len(table.key))})")
    rest = f"{'where ' + ' and '.join(where) if where else ''} order by {key} limit ?"
    rows = tx.all(f"select * from {table.name} {rest}", *place.after, batch)  # noqa: S608
    for row in rows:
        _row(tx, keys, table, row)
    if not rows:
        return Place(place.table + 1)
    return Place(place.table, tuple(rows[-1][name] for name in table.key))


def _row(tx: Tx, keys: Keys, table: _Table, row: sqlite3.Row) -> None:
    """Seal a row anew, all of it at once, or leave it when it was done before."""
    where = [name for name in table.columns if root_of(row[name] or b"") == keys.old.key_id]
    if not where:
        return
    plain = {
        name: keys.old.open(row[name], table=table.name, column=name, row=table.row(row))
        for name in where
    }
    changed = {
        name: keys.new.seal(text, table=table.name, column=name, row=table.row(row))
        for name, text in plain.items()
    }
    if table.also is not None:
        changed |= table.also(tx, keys, row, plain)
    columns = ", ".join(f"{name} = ?" for name in changed)
    this = " and ".join(f"{name} = ?" for name in table.key)
    tx.run(
        f"update {table.name} set {columns} where {this}",  # noqa: S608
        *changed.values(),
        *(row[name] for name in table.key),
    )


def _under(tx: Tx, seal: Seal) -> None:
    tx.seal = seal
    tx.memo.clear()


def _index(seal: Seal, address: Address) -> bytes:
    return seal.index(address.channel, address.bot, address.peer)


def _mark(tx: Tx, name: str, value: bytes) -> None:
    tx.run(
        "insert into meta (name, value) values (?, ?)"
        " on conflict (name) do update set value = excluded.value",
        name,
        value,
    )
