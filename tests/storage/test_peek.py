"""Looking at a database changes nothing, whoever has it open, and whatever is wrong with it."""

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage import peek, pulse
from storage.db import Database
from storage.peek import State
from storage.seal import RootKey, Seal, Unreadable

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SEAL, OTHER = Seal(RootKey(bytes(32))), Seal(RootKey(bytes([1] * 32)))


def state(path: Path, seal: Seal = SEAL) -> State:
    with peek.peek(path, seal, NOW) as there:
        return there.state


async def made(folder: Path) -> Path:
    path = folder / "own" / "x.db"
    async with await Database.open(path, SEAL, clock=lambda: NOW) as db:
        await db.write(lambda tx: pulse.beat(tx, NOW))
    return path


async def test_it_reads_what_is_committed_beside_the_one_who_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "own" / "x.db"
    async with await Database.open(path, SEAL, clock=lambda: NOW) as db:
        for number in range(3):
            moment = NOW.replace(minute=number)
            await db.write(lambda tx, moment=moment: pulse.beat(tx, moment))  # type: ignore[misc]
            with peek.peek(path, SEAL, NOW) as there:
                assert there.state is State.WELL
                assert there.read(peek.marks) == {"beat": moment}
                await db.write(lambda tx: pulse.beat(tx, NOW))  # it stands in nobody's way
        assert await db.checkpoint()


async def test_it_leaves_nothing_beside_a_file_that_nobody_has_open(tmp_path: Path) -> None:
    path = await made(tmp_path)
    before = path.read_bytes()
    with peek.peek(path, SEAL, NOW) as there:
        assert there.read(peek.marks) == {"beat": NOW}
        with pytest.raises(Unreadable):
            there.read(lambda tx: tx.run("delete from meta"))
        with pytest.raises(Unreadable):
            there.read(lambda tx: tx.all("select * from no_such_table"))
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["x.db"]


async def test_what_a_crash_left_in_the_journal_is_read_too(tmp_path: Path) -> None:
    path = await made(tmp_path)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("pragma wal_autocheckpoint=0")
    writer.execute("update meta set value = x'31' where name = 'beat'")
    crashed = tmp_path / "crashed"
    shutil.copytree(path.parent, crashed)
    writer.close()
    with peek.peek(crashed / "x.db", SEAL, NOW) as there:
        assert there.read(peek.marks)["beat"].year == 1970


async def test_whatever_is_wrong_is_named(tmp_path: Path) -> None:
    path = await made(tmp_path)
    assert state(path, OTHER) is State.WRONG_KEY
    assert state(tmp_path / "none.db") is State.MISSING
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"no database" * 1000)
    assert state(garbage) is State.DAMAGED
    sqlite3.connect(tmp_path / "empty.db").close()
    (tmp_path / "empty.db").touch()
    assert state(tmp_path / "empty.db") is State.FRESH
    broken = bytearray(path.read_bytes())
    broken[8192:-4096] = b"\xff" * len(broken[8192:-4096])
    garbage.write_bytes(broken)
    assert state(garbage) is State.DAMAGED
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("insert into meta (name, value) values ('rotation', x'00')")
    assert state(path) is State.ROTATING
    connection.execute("pragma user_version = 9999")
    assert state(path) is State.NEWER
    assert state(path, OTHER) is State.NEWER
    connection.close()


async def test_an_older_schema_is_named_and_not_upgraded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await made(tmp_path)
    known = peek.scripts()
    monkeypatch.setattr(peek, "scripts", lambda: [*known, (len(known) + 1, Path("next.sql"))])
    before = path.read_bytes()
    assert state(path) is State.OLDER
    assert path.read_bytes() == before
