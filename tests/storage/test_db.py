"""Whole transactions, one writer, a closed file, the right key."""

import asyncio
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from storage.db import BATCH, Database, Tx, UnsafeDatabase, WrongKey
from storage.file import SETTINGS, connect, open_writer
from tests.storage.store import START, seal


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "x.db", seal(), clock=lambda: START) as db:
        yield db


def note(tx: Tx, name: str) -> None:
    tx.run("insert into meta (name, value) values (?, x'00')", name)


def names(tx: Tx) -> set[str]:
    return {row["name"] for row in tx.all("select name from meta")} - {"key_check", "key_id"}


async def test_what_was_written_is_read(db: Database) -> None:
    await db.write(lambda tx: note(tx, "a"))
    assert await db.read(names) == {"a"}


async def test_a_transaction_that_raises_leaves_nothing(db: Database) -> None:
    def fails(tx: Tx) -> None:
        note(tx, "a")
        raise LookupError("a bug")

    with pytest.raises(LookupError, match="a bug"):
        await db.write(fails)
    assert await db.read(names) == set()


async def test_two_writers_at_once_never_share_a_fate(db: Database) -> None:
    def fails(tx: Tx) -> None:
        note(tx, "lost")
        raise LookupError

    writes = [db.write(lambda tx, n=n: note(tx, f"kept{n}")) for n in range(BATCH * 3)]
    broken = [db.write(fails) for _ in range(5)]
    outcomes = await asyncio.gather(*broken, *writes, return_exceptions=True)
    assert [type(one) for one in outcomes[:5]] == [LookupError] * 5
    assert all(one is None for one in outcomes[5:])
    assert await db.read(names) == {f"kept{n}" for n in range(BATCH * 3)}


async def test_transactions_that_wait_together_share_one_flush(db: Database) -> None:
    gate = threading.Event()

    def held(tx: Tx) -> None:
        gate.wait(5)
        note(tx, "first")

    first = asyncio.create_task(db.write(held))
    await asyncio.sleep(0.05)
    rest = [asyncio.create_task(db.write(lambda tx, n=n: note(tx, f"n{n}"))) for n in range(10)]
    await asyncio.sleep(0)
    commits: list[str] = []
    db._writer._conn.set_trace_callback(
        lambda sql: commits.append(sql) if sql == "commit" else None
    )
    gate.set()
    await asyncio.gather(first, *rest)
    db._writer._conn.set_trace_callback(None)
    assert len(commits) == 2
    assert len(await db.read(names)) == 11


async def test_nothing_is_acknowledged_when_the_commit_fails(db: Database) -> None:
    await db.write(lambda tx: tx.run("insert into meta (name, value) values ('a', x'00')"))

    def dangling(tx: Tx) -> str:
        # A deferred foreign key is checked at commit only: the commit itself is refused.
        tx.run("pragma defer_foreign_keys=ON")
        tx.run("insert into case_keys (case_id, wrapped) values ('nobody', x'00')")
        return "done"

    outcomes = await asyncio.gather(
        db.write(lambda tx: note(tx, "neighbour")), db.write(dangling), return_exceptions=True
    )
    assert isinstance(outcomes[1], sqlite3.IntegrityError)
    kept = await db.read(names)
    assert ("neighbour" in kept) == (outcomes[0] is None)


async def test_a_cancelled_caller_cuts_no_transaction(db: Database) -> None:
    entered, gate = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        note(tx, "half")
        entered.set()
        gate.wait(5)
        note(tx, "whole")

    task = asyncio.create_task(db.write(slow))
    await asyncio.to_thread(entered.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    await db.write(lambda tx: note(tx, "next"))
    assert await db.read(names) == {"half", "whole", "next"}


async def test_a_read_cannot_write(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await db.read(lambda tx: note(tx, "a"))


async def test_a_savepoint_undoes_only_itself(db: Database) -> None:
    def twice(tx: Tx) -> None:
        note(tx, "before")
        try:
            with tx.savepoint():
                note(tx, "inside")
                raise LookupError
        except LookupError:
            note(tx, "after")

    await db.write(twice)
    assert await db.read(names) == {"before", "after"}


async def test_a_transaction_knows_one_moment_and_makes_random_ids(db: Database) -> None:
    now, first, second = await db.write(lambda tx: (tx.now, tx.new_id(), tx.new_id()))
    assert isinstance(now, datetime)
    assert now == START
    assert first != second
    assert len(first) == 16
    assert set(first) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_every_setting_is_what_was_promised(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "x.db", seal())
    read = {name: connection.execute(f"pragma {name}").fetchone()[0] for name, _, _ in SETTINGS}
    connection.close()
    assert read == {
        "busy_timeout": 5000,
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "temp_store": 2,
        "journal_size_limit": 8388608,
    }


def test_a_setting_that_is_refused_stops_everything() -> None:
    # An in-memory database cannot keep a write-ahead journal.
    with pytest.raises(UnsafeDatabase, match="journal_mode"):
        connect(Path(":memory:"))


def test_nobody_else_can_read_file_journal_or_folder(tmp_path: Path) -> None:
    path = tmp_path / "data" / "real" / "x.db"
    connection = open_writer(path, seal())
    connection.execute("insert into meta (name, value) values ('a', x'00')")
    modes = {
        one.name: stat.S_IMODE(one.stat().st_mode) for one in [path.parent, *path.parent.iterdir()]
    }
    connection.close()
    assert modes == {"real": 0o700, "x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600}


def test_an_open_folder_of_ours_is_closed_and_a_shared_one_refused(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir(mode=0o755)
    open_writer(ours / "x.db", seal()).close()
    assert stat.S_IMODE(ours.stat().st_mode) == 0o700
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(UnsafeDatabase, match="open to others"):
        open_writer(shared / "x.db", seal())


async def test_a_wrong_key_opens_nothing_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    await (await Database.open(path, seal())).close()
    before = path.read_bytes()
    with pytest.raises(WrongKey):
        await Database.open(path, seal(8))
    assert path.read_bytes() == before
    await (await Database.open(path, seal())).close()


async def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    await (await Database.open(path, seal())).close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 4] = b"\xff" * 4096
    path.write_bytes(data)
    with pytest.raises((UnsafeDatabase, sqlite3.DatabaseError)):
        await Database.open(path, seal())


async def test_closing_empties_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    db = await Database.open(path, seal())
    await db.write(lambda tx: note(tx, "a"))
    assert Path(f"{path}-wal").stat().st_size > 0
    assert await db.close() is True
    assert not Path(f"{path}-wal").exists()


async def test_a_journal_that_somebody_reads_is_not_called_empty(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    db = await Database.open(path, seal())
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("begin")
        other.execute("select * from meta").fetchall()
        await db.write(lambda tx: note(tx, "a"))
        await db.write(lambda tx: tx.run("pragma busy_timeout=100000") and None)
        async with asyncio.timeout(60):  # whoever writes would wait with it
            assert await db.checkpoint() is False
        assert await db.write(lambda tx: tx.one("pragma busy_timeout")["timeout"]) == 100000
        other.execute("commit")
        assert await db.checkpoint() is True
    finally:
        other.close()
        await db.close()


async def test_a_backup_is_whole_and_closed_to_others(tmp_path: Path, db: Database) -> None:
    await db.write(lambda tx: note(tx, "a"))
    await db.backup(tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    async with await Database.open(tmp_path / "copy.db", seal()) as copy:
        assert await copy.read(names) == {"a"}
