"""Shredded means gone: not one byte of it in the file, its free pages or its journals.

Nothing is looked for that could be guessed: before, every value of every column is collected; after,
whatever no row holds any more must not be on the disk either. Planted bugs must be caught.
"""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.cases import Case, Status
from handlers.effects import Add, Aside, EntryKind, Erase, Keep, Part, Remind, Say, Show
from handlers.events import Address, MediaKind, Side, Wait
from handlers.talk import Answers, Talk
from storage import cards, cases, entries, files, retention, visible
from storage.cards import Card
from storage.file import rewrite, truncate_journal
from storage.tx import Tx
from tests.soak import sized
from tests.storage.store import START, Store

SHORTEST = 8
"""Bytes; shorter values stand everywhere by chance."""
PLAIN = "Một dòng lời kể dài vừa đủ để không ai nghĩ ra được: "
CASES = sized(24, 60)
OF_A_CASE = frozenset(
    {
        *("cases", "case_keys", "returns", "links", "entries", "files", "talks", "cards"),
        *("outbox", "visible", "people", "deadlines"),
    }
)
"""What must have lost something, or the test looks at nothing."""


def values(connection: sqlite3.Connection, *, whole: bool = False) -> dict[bytes, str]:
    """Every value on the tables that is long enough to be told from chance, and where it stands."""
    found: dict[bytes, str] = {}
    tables = connection.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    ).fetchall()
    for (table,) in tables:
        for row in connection.execute(f"select * from {table}"):
            for column, value in zip(row.keys(), row, strict=True):
                raw = value.encode() if isinstance(value, str) else value
                if not isinstance(raw, bytes) or len(raw) < SHORTEST:
                    continue
                # A long one lies on several pages: its beginning and its end are looked for.
                for part in (raw,) if whole else (raw[:48], raw[-48:]):
                    found[part] = f"{table}.{column}"
    return found


def on_disk(path: Path) -> bytes:
    """The file, its journal and the journal's index, as a thief finds them."""
    return b"\n".join(Path(f"{path}{end}").read_bytes() for end in ("", "-wal", "-shm"))


def left(path: Path, gone: dict[bytes, str]) -> set[str]:
    """The columns of which something that is gone is still on the disk."""
    disk = on_disk(path)
    return {where for raw, where in gone.items() if raw in disk}


def fill(store: Store, chance: random.Random) -> list[Case]:
    """Reports, some open and some closed long ago, with something of theirs in every table."""
    found = []
    for number in range(CASES):
        person = store.person(Address("telegram", "bot", f"71{number:08}"))
        case = store.opened(person, PLAIN + str(chance.random()), secret=chance.getrandbits(50))
        rest = "".join(chance.choice("abcdefgh") for _ in range(chance.choice((20, 900, 6000))))
        store.apply(
            Keep(Talk(person, Side.RESIDENT, answers=Answers((), (PLAIN + rest,)), case=case.id)),
            Aside(person, f"left-of-{case.id}"),
            Add(store.id(), case.id, EntryKind.WORDS, rest),
            Say(person, (Part("answer", {"x": rest}),), case=case.id),
            Remind(Wait.NOTICE, store.now, case=case.id, person=person),
            Show(case.id, "group"),
        )
        with store.tx() as tx:
            entry = f"picture-of-{case.id}"
            entries.add(tx, Add(entry, case.id, EntryKind.PICTURE, ""), store.now)
            files.keep(tx, case.id, entry, MediaKind.PICTURE, chance.randbytes(9000), store.now)
            cards.put(
                tx, Card(case.id, "group", "group", f"ref-of-{case.id}", shown=b"s" * 32), START
            )
            visible.note(tx, person, (f"message-of-{case.id}",), START, case.id)
            if number % 3:
                closed = START - timedelta(days=100)
                cases.change(tx, replace(case, status=Status.CLOSED, closed=closed, pictures=1))
        found.append(case)
    return found


def shred(store: Store) -> None:
    """What the clock does: sweep until nothing is left to do."""
    periods = retention.Periods(*[timedelta(days=n) for n in (1, 7, 30, 30, 90)], 24)  # type: ignore[arg-type]
    more = True
    while more:
        with store.tx() as tx:
            more = retention.sweep(tx, store.now, periods, confirmed=True).more
    # The last words and cards are taken out of the chats.
    with store.tx() as tx:
        for one in visible.due(tx, store.now, 10_000):
            visible.gone(tx, one)
    with store.tx() as tx:
        retention.sweep(tx, store.now, periods, confirmed=True)


@contextmanager
def filled(path: Path, seed: int, bug: str = "") -> Iterator[tuple[Store, list[Case], list[bytes]]]:
    """A full database whose journal has been emptied; gives the raw keys of its closed cases too."""
    store = Store(path)
    if bug:
        store.connection.execute(bug)
    found = fill(store, random.Random(seed))
    with store.tx() as tx:
        keys = [key for case in found if (key := cases.key_of(tx, case.id)) is not None]
    assert truncate_journal(store.connection)
    try:
        yield store, found, keys
    finally:
        store.connection.close()


def gone_since(store: Store, before: dict[bytes, str]) -> dict[bytes, str]:
    """What no row holds any more; at least one column of every table that a case is in."""
    live = b"\n".join(values(store.connection, whole=True))
    gone = {raw: where for raw, where in before.items() if raw not in live}
    assert {where.partition(".")[0] for where in gone.values()} >= OF_A_CASE - {"deadlines"}
    return gone


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(sized(2, 20)))
def test_nothing_of_a_shredded_case_is_left_on_the_disk(tmp_path: Path, seed: int) -> None:
    with filled(tmp_path / "x.db", seed) as (store, found, keys):
        before = values(store.connection)
        disk = on_disk(store.path)
        assert {where for raw, where in before.items() if raw not in disk} == set()
        shred(store)
        assert store.count("cases") == len(found[::3])
        gone = gone_since(store, before)
        assert truncate_journal(store.connection)
        # In about one run in ten a copy of some row is left where SQLite moved it between pages.
        rewrite(store.connection)
        assert truncate_journal(store.connection)
        assert left(store.path, gone) == set()
        disk = on_disk(store.path)
        assert not [key for key in keys if key in disk], "a case's key is never on the disk"


def test_of_whoever_was_forgotten_no_tie_is_left_on_the_disk(tmp_path: Path) -> None:
    with filled(tmp_path / "x.db", 7) as (store, found, _):
        with store.tx() as tx:
            row = tx.one("select person from links where case_id = ?", found[0].id)
        assert row is not None
        links = {
            row["id"].encode(): "links.id"
            for row in store.rows("select id from links where person = ?", row["person"])
        }
        store.apply(Erase(row["person"]), person=row["person"])
        assert truncate_journal(store.connection)
        assert left(store.path, links) == set()


@pytest.mark.parametrize("bug", ["pragma secure_delete=FAST", "pragma secure_delete=OFF"])
def test_planted_bug_a_weaker_setting_is_caught(tmp_path: Path, bug: str) -> None:
    with filled(tmp_path / "x.db", 1, bug) as (store, _, _):
        before = values(store.connection)
        shred(store)
        gone = gone_since(store, before)
        assert truncate_journal(store.connection)
        assert left(store.path, gone)


def test_planted_bug_a_journal_that_was_not_emptied_is_caught_and_emptied_when_the_reader_is_gone(
    tmp_path: Path,
) -> None:
    """Whoever ignores what the checkpoint says leaves everything in the journal."""
    with filled(tmp_path / "x.db", 1) as (store, _, _):
        before = values(store.connection)
        store.connection.execute("pragma busy_timeout=50")
        reader = sqlite3.connect(store.path, isolation_level=None)
        reader.execute("begin")
        reader.execute("select * from cases").fetchall()
        shred(store)
        gone = gone_since(store, before)
        assert not truncate_journal(store.connection)
        assert left(store.path, gone)
        reader.execute("rollback")
        reader.close()
        rewrite(store.connection)
        assert truncate_journal(store.connection)
        assert left(store.path, gone) == set()


def test_pictures_that_went_before_their_case_are_gone_as_well(tmp_path: Path) -> None:
    with filled(tmp_path / "x.db", 3) as (store, found, _):
        bodies = {
            bytes(row["body"])[:48]: "files.body" for row in store.rows("select body from files")
        }
        with store.tx() as tx:
            for case in found:
                retention.shred_media(tx, case.id)
        assert store.count("files") == 0
        assert store.count("cases") == len(found)
        assert truncate_journal(store.connection)
        assert left(store.path, bodies) == set()


def unsealed(tx: Tx, case: Case) -> str:
    return "\n".join(entry.text for entry in entries.of_case(tx, case.id))


def test_what_is_on_the_disk_was_never_readable_in_the_first_place(tmp_path: Path) -> None:
    with filled(tmp_path / "x.db", 2) as (store, found, _):
        with store.tx() as tx:
            assert PLAIN in unsealed(tx, found[1])
        assert PLAIN.encode() not in on_disk(store.path)
