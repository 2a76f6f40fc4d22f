"""Schema versions: fresh equals upgraded, a newer one is refused, an upgrade copies first."""

import re
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from storage.file import connect, open_writer
from storage.migrate import FOLDER, NewerSchema, backup, migrate, scripts, statements, version
from tests.storage.store import seal

NEXT = "-- One more fact.\nalter table meta add column more text;\n"


def schema(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    rows = connection.execute("select name, sql from sqlite_master where name not like 'sqlite_%'")
    return {(name, re.sub(r"\s+", " ", sql or "")) for name, sql in rows}


@pytest.fixture
def longer(tmp_path: Path) -> Path:
    """The migrations, and one that has not been written yet."""
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    (folder / f"{len(scripts()) + 1:04}_next.sql").write_text(NEXT)
    return folder


def test_an_upgraded_database_equals_a_fresh_one(tmp_path: Path, longer: Path) -> None:
    old = open_writer(tmp_path / "old.db", seal())
    migrate(old, tmp_path / "old.db", longer)
    fresh = connect(tmp_path / "fresh.db")
    migrate(fresh, tmp_path / "fresh.db", longer)
    assert schema(old) == schema(fresh)
    assert version(old) == version(fresh) == len(scripts()) + 1
    old.close()
    fresh.close()


def test_an_upgrade_copies_the_file_first(tmp_path: Path, longer: Path) -> None:
    path = tmp_path / "x.db"
    connection = open_writer(path, seal())
    connection.execute("insert into meta (name, value) values ('kept', x'01')")
    migrate(connection, path, longer)
    connection.close()
    copy = tmp_path / f"x.before-{len(scripts()) + 1}.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    before = sqlite3.connect(copy)
    assert version(before) == len(scripts())
    assert before.execute("select count(*) from meta where name = 'kept'").fetchone()[0] == 1
    before.close()


def test_a_fresh_database_needs_no_copy(tmp_path: Path) -> None:
    open_writer(tmp_path / "x.db", seal()).close()
    assert {path.name for path in tmp_path.iterdir()} == {"x.db"}


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    connection = open_writer(path, seal())
    connection.execute("pragma user_version=99")
    connection.close()
    with pytest.raises(NewerSchema, match="99"):
        open_writer(path, seal())


def test_a_migration_that_fails_leaves_the_old_schema(tmp_path: Path, longer: Path) -> None:
    (longer / f"{len(scripts()) + 1:04}_next.sql").write_text(NEXT + "create table meta (x text);")
    path = tmp_path / "x.db"
    connection = open_writer(path, seal())
    before = schema(connection)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, path, longer)
    assert schema(connection) == before
    assert version(connection) == len(scripts())
    connection.close()


def test_a_gap_in_the_numbers_is_an_error(longer: Path) -> None:
    (longer / "0009_far.sql").write_text(NEXT)
    with pytest.raises(ValueError, match="gaps"):
        scripts(longer)


def test_a_copy_of_an_earlier_failed_upgrade_is_replaced(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "x.db", seal())
    (tmp_path / "y.db").write_text("half a copy")
    backup(connection, tmp_path / "y.db")
    connection.close()
    copy = sqlite3.connect(tmp_path / "y.db")
    assert copy.execute("pragma quick_check").fetchone()[0] == "ok"
    copy.close()


def test_half_a_statement_is_an_error() -> None:
    with pytest.raises(ValueError, match="middle"):
        list(statements("create table a (x text);\ncreate table b (x text)"))


def test_every_table_and_column_says_what_it_is_for() -> None:
    for _, script in scripts():
        lines = script.read_text("utf-8").splitlines()
        for place, line in enumerate(lines):
            if re.match(r"create table|    [a-z_]+ (text|integer|blob)\b|alter table", line):
                above = lines[place - 1].strip()
                assert above.startswith("-- "), f"{script.name}: no comment above: {line.strip()}"
                assert above.rstrip().endswith((".", "?")), f"not a sentence: {above}"
