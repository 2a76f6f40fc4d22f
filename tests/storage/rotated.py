"""A database with something in every table that the root key seals, and a look at all of it."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from handlers.effects import Audit, Keep, Pile
from handlers.events import Address, Media, MediaKind, Side
from handlers.talk import Talk
from storage import audit, exports, invites, people, piles, rotation, visible
from storage.exports import Demand
from storage.invites import Invite, Opens
from storage.rotation import Keys
from storage.seal import RootKey, Seal, root_of
from tests.storage.store import Store, house
from tests.storage.test_at_rest import CANARIES, live_a_little

OLD = RootKey(bytes([7]) * 32)
"""The key of the tests' store."""
WAITING = Media(MediaKind.PICTURE, "a-file-that-waits")
OTHER = Address("telegram", "bot", "7300000003")
GROUP = Address("telegram", "bot", CANARIES["group"])
MOVED = Address("telegram", "bot", "-1005555")

Contents = dict[str, dict[tuple[object, ...], tuple[bytes | None, ...]]]


def populate(store: Store, cases: int = 4) -> str:
    """Live a little, and leave a file, a demand, links and more cases lying around; gives a case."""
    case = live_a_little(store)
    for number in range(cases):
        person = store.person(Address("web", "", f"page-{number}"))
        store.opened(person, secret=1000 + number)
    other = store.person(OTHER)
    held = f"{WAITING.kind}|{WAITING.ref}"
    store.apply(
        Keep(Talk(other, Side.RESIDENT, flow="report", held=(held,))),
        person=other,
        media=WAITING,
        blob=b"picture " * 100,
    )
    first, second = store.officer("Cô Lan"), store.officer("Chú Nam")
    with store.tx() as tx:
        piles.put(tx, Pile(other, Side.RESIDENT, "một dòng"))
        for number in range(3):
            audit.append(tx, Audit(f"act {number}", first.id, case), house().ward.id, store.now)
        visible.note(tx, other, ("77",), store.now, None)
        until = store.now + exports.ASKED_FOR
        demand = Demand("x1", case, first.id, second.id, "Công văn 1", False, until)
        exports.ask(tx, demand, ("A", "B"))
        invites.make(tx, "token", Invite(Opens.DESK, first.id), until)
        people.meet(tx, Address("telegram", "bot", "7300000004"))
    return case


def contents(path: Path, *seals: Seal) -> Contents:
    """Unseal every row that a root key sealed, each with the key that it names itself."""
    by_id = {seal.key_id: seal for seal in seals}
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        found: Contents = {"case_keys": {}}
        for row in connection.execute("select case_id, wrapped from case_keys"):
            opened = by_id[str(root_of(row["wrapped"]))].unwrap(row["wrapped"], row["case_id"])
            found["case_keys"][row["case_id"],] = (opened,)
        for table in rotation.TABLES:
            only = f"where {table.only}" if table.only else ""
            rows = connection.execute(f"select * from {table.name} {only}").fetchall()
            found[table.name] = {
                tuple(row[name] for name in table.key): tuple(
                    _opened(by_id, table.name, name, table.row, row) for name in table.columns
                )
                for row in rows
            }
        return found
    finally:
        connection.close()


def _opened(
    by_id: dict[str, Seal],
    table: str,
    column: str,
    name: Callable[[sqlite3.Row], str],
    row: sqlite3.Row,
) -> bytes | None:
    sealed = row[column]
    key = None if sealed is None else root_of(sealed)
    if key is None:
        return None
    return by_id[key].open(sealed, table=table, column=column, row=name(row))


def lasting(found: Contents) -> Contents:
    """Leave out what a rotation ends (demands) or makes (marks, keys of old fingerprints)."""
    rest = {name: rows for name, rows in found.items() if name not in {"exports", "past_keys"}}
    rest["meta"] = {key: value for key, value in rest["meta"].items() if key == ("audit_base",)}
    return rest


def rotate(store: Store, new: RootKey, group: Address | None = None, batch: int = 3) -> None:
    """Move a store to another key, all at once."""
    keys = Keys(store.seal, Seal(new), group)
    with store.tx() as tx:
        rotation.begin(tx, keys)
    place: rotation.Place | None = rotation.Place()
    while place is not None:
        with store.tx() as tx:
            place = rotation.step(tx, keys, place, batch)
    with store.tx() as tx:
        rotation.finish(tx, keys)
    store.seal = keys.new
