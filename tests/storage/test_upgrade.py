"""Upgrades: from a populated database of every schema, equal to a fresh one, nothing of it lost;
killed at any statement it is all or nothing."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import migrate as module
from storage.file import WrongKey, connect, open_writer
from storage.migrate import FOLDER, migrate, scripts, version
from storage.tx import Tx
from tests.soak import sized
from tests.storage import released
from tests.storage.store import START, seal
from tests.storage.test_migrate import schema

FIXTURES = sorted(released.FOLDER.glob("[0-9]*.sql"))
AGAIN = "a released migration was edited; before its release: python -m tests.storage.released"
NEXT = """\
-- What a later migration may do: a table, a column, an index, and rows moved.
create table more (
    -- A number.
    id text primary key,
    -- A value.
    value text not null
) strict;
-- One more fact.
alter table meta add column more text;
insert into more (id, value) select id, status from cases;
create index more_value on more (value);
update meta set more = 'old' where more is null;
"""


def opened(fixture: Path, folder: Path) -> sqlite3.Connection:
    """A database as a ward of that time has it, not upgraded."""
    folder.chmod(0o700)
    released.load(fixture.read_text("utf-8"), folder / "x.db")
    return connect(folder / "x.db")


def told(connection: sqlite3.Connection) -> dict[str, object]:
    return released.told(Tx(connection, seal(), START))


@pytest.fixture
def longer(tmp_path: Path) -> Path:
    """The migrations, and one that has not been written yet."""
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    (folder / f"{len(scripts()) + 1:04}_next.sql").write_text(NEXT)
    return folder


def test_there_is_a_database_of_every_schema() -> None:
    assert [path.stem for path in FIXTURES] == [f"{number:04}" for number, _ in scripts()]
    assert len(scripts()) >= released.RELEASED


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_the_migrations_up_to_a_schema_still_make_that_schema(
    fixture: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for number, script in scripts():
        if number <= int(fixture.stem):
            shutil.copy(script, folder)
    fresh = connect(tmp_path / "fresh.db")
    migrate(fresh, tmp_path / "fresh.db", folder)
    old = opened(fixture, tmp_path)
    assert schema(old) == schema(fresh), AGAIN
    assert version(old) == version(fresh)
    empty = [
        name
        for name, sql in schema(old)
        if sql.startswith("CREATE TABLE") and not any_row(old, name)
    ]
    assert empty == []
    fresh.close()
    old.close()


def any_row(connection: sqlite3.Connection, table: str) -> bool:
    return connection.execute(f"select 1 from {table} limit 1").fetchone() is not None


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.stem)
def test_upgraded_it_equals_a_fresh_one_and_everything_in_it_opens(
    fixture: Path, tmp_path: Path
) -> None:
    opened(fixture, tmp_path).close()
    upgraded = open_writer(tmp_path / "x.db", seal())
    fresh = open_writer(tmp_path / "fresh.db", seal())
    assert schema(upgraded) == schema(fresh)
    assert version(upgraded) == version(fresh) == len(scripts())
    assert upgraded.execute("pragma integrity_check").fetchone()[0] == "ok"
    assert upgraded.execute("pragma foreign_key_check").fetchall() == []
    assert told(upgraded) == json.loads(fixture.with_suffix(".json").read_text("utf-8"))
    upgraded.close()
    fresh.close()


def test_the_next_migration_will_be_held_to_the_same(tmp_path: Path, longer: Path) -> None:
    """Tried today with one that is not written yet."""
    old = opened(FIXTURES[-1], tmp_path)
    before = told(old)
    migrate(old, tmp_path / "x.db", longer)
    fresh = connect(tmp_path / "fresh.db")
    migrate(fresh, tmp_path / "fresh.db", longer)
    assert schema(old) == schema(fresh)
    assert told(old) == before
    assert old.execute("select value from more").fetchall()
    copy = tmp_path / f"x.before-{len(scripts()) + 1}.db"
    kept = connect(copy)
    assert told(kept) == before
    assert version(kept) == len(scripts())
    for connection in (old, fresh, kept):
        connection.close()


def test_an_edited_migration_is_caught(tmp_path: Path, longer: Path) -> None:
    """The comparison itself: it can fail."""
    old = opened(FIXTURES[0], tmp_path)
    first = longer / scripts()[0][1].name
    first.write_text(first.read_text("utf-8").replace("duty integer", "duty text", 1), "utf-8")
    fresh = connect(tmp_path / "fresh.db")
    migrate(fresh, tmp_path / "fresh.db", longer)
    assert schema(old) - schema(fresh)
    old.close()
    fresh.close()


# killed


class Watched(sqlite3.Connection):
    """Copies the files before each statement: what a kill or a power cut at that point leaves."""

    path = Path()
    wanted: Callable[[int], bool] = staticmethod(lambda _: True)  # type: ignore[assignment]
    statements = 0
    copies: list[Path]

    def execute(self, sql: str, *rest: object) -> sqlite3.Cursor:  # type: ignore[override]
        self.statements += 1
        if self.wanted(self.statements):
            place = self.path.with_name(f"killed-{self.statements}.db")
            for end in ("", "-wal"):
                if (there := Path(f"{self.path}{end}")).exists():
                    shutil.copy(there, f"{place}{end}")
            place.chmod(0o600)
            self.copies.append(place)
        return super().execute(sql, *rest)


def watched(path: Path) -> Watched:
    connection = sqlite3.connect(path, isolation_level=None, factory=Watched)
    connection.row_factory = sqlite3.Row
    sqlite3.Connection.execute(connection, "pragma journal_mode=wal")
    # Pages of an open transaction reach the journal early, as under memory pressure.
    sqlite3.Connection.execute(connection, "pragma cache_size=1")
    connection.path, connection.copies = path, []
    return connection


def survived(path: Path, longer: Path, before: dict[str, object]) -> set[int]:
    """Upgrade a populated database, and look at what a kill at each statement would have left."""
    opened(FIXTURES[-1], path).close()
    connection = watched(path / "x.db")
    migrate(connection, path / "x.db", longer)
    whole = schema(connection)
    connection.close()
    seen = set()
    for copy in connection.copies:
        left = connect(copy)
        seen.add(version(left))
        assert told(left) == before, copy.name
        assert (schema(left) == whole) is (version(left) == len(scripts(longer))), copy.name
        migrate(left, copy, longer)
        assert schema(left) == whole, copy.name
        assert told(left) == before, copy.name
        left.close()
    return seen


def test_an_upgrade_killed_at_any_statement_is_all_or_nothing(tmp_path: Path, longer: Path) -> None:
    database = opened(FIXTURES[-1], tmp_path)
    before = told(database)
    database.close()
    (tmp_path / "x.db").unlink()
    seen = survived(tmp_path, longer, before)
    assert seen == {len(scripts()), len(scripts()) + 1}  # the newer one after the commit alone


def test_an_upgrade_without_a_transaction_is_caught(
    tmp_path: Path, longer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bare(connection: sqlite3.Connection, number: int, sql: str, begin: object) -> None:
        del begin
        for statement in module.statements(sql):
            connection.execute(statement)
        connection.execute(f"pragma user_version={number}")

    database = opened(FIXTURES[-1], tmp_path)
    before = told(database)
    database.close()
    (tmp_path / "x.db").unlink()
    monkeypatch.setattr(module, "_apply", bare)
    with pytest.raises((AssertionError, sqlite3.OperationalError)):
        survived(tmp_path, longer, before)


@pytest.mark.soak
def test_a_first_start_killed_at_any_statement_can_be_made_again(tmp_path: Path) -> None:
    """Also between the tables and the mark of the key: it would open to nobody."""
    tmp_path.chmod(0o700)
    connection = watched(tmp_path / "x.db")
    last = sum(len(list(module.statements(path.read_text("utf-8")))) for _, path in scripts())
    connection.wanted = lambda number: number % sized(12, 1) == 0 or number > last  # type: ignore[assignment]

    def mark(fresh: sqlite3.Connection) -> None:
        fresh.execute(
            "insert into meta (name, value) values ('key_check', ?)", (seal().check_value(),)
        )

    migrate(connection, tmp_path / "x.db", begin=mark)
    copies = [*connection.copies]
    assert max(int(copy.stem.partition("-")[2]) for copy in copies) > last  # after the tables
    whole = schema(connection)
    connection.close()
    for copy in (*copies, tmp_path / "x.db"):
        again = open_writer(copy, seal())
        assert schema(again) == whole
        again.close()
        with pytest.raises(WrongKey):
            open_writer(copy, seal(9))
