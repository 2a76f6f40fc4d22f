"""The database file on the disk: closed to others, with every safety setting set and checked.

It must not know any table except the one row that proves the key.
"""

import os
import sqlite3
import stat
from pathlib import Path

from storage.migrate import migrate, version
from storage.seal import Seal

SETTINGS: tuple[tuple[str, str, str | int], ...] = (
    ("busy_timeout", "5000", 5000),
    ("journal_mode", "WAL", "wal"),
    # NORMAL loses acknowledged commits when the power fails; measured, not feared.
    ("synchronous", "FULL", 2),
    # FAST leaves deleted words in the file's free pages.
    ("secure_delete", "ON", 1),
    ("foreign_keys", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("temp_store", "MEMORY", 2),
    ("journal_size_limit", "8388608", 8_388_608),
)
"""Name, what is set, and what must be read back."""


class UnsafeDatabase(Exception):  # noqa: N818  (a state of the disk, said to a clerk)
    """The file or a setting is not as safe as promised; nothing was started."""


class WrongKey(Exception):  # noqa: N818
    """The key given is not the one this database was sealed with."""


def close_to_others(path: Path) -> None:
    """Make the file and its folder readable by their owner alone; UnsafeDatabase if impossible."""
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = folder.stat()
    if stat.S_IMODE(state.st_mode) & 0o077:
        if state.st_uid != os.getuid() or state.st_mode & stat.S_ISVTX:
            raise UnsafeDatabase(
                f"the folder {folder} is open to others; use one of our own (0700)"
            )
        folder.chmod(0o700)
    # SQLite gives the -wal and -shm files the mode of the main file: it must be right before.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if name.exists():
            name.chmod(0o600)


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection with every setting set and read back; UnsafeDatabase if one is refused."""
    connection = sqlite3.connect(
        path, isolation_level=None, cached_statements=512, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    try:
        for name, setting, expected in SETTINGS:
            _set(connection, name, setting, expected)
    except BaseException:
        connection.close()
        raise
    return connection


def _set(connection: sqlite3.Connection, name: str, setting: str, expected: str | int) -> None:
    connection.execute(f"pragma {name}={setting}")
    actual = connection.execute(f"pragma {name}").fetchone()[0]
    if actual != expected:
        raise UnsafeDatabase(f"SQLite refuses {name}={setting}: it is {actual}")


def open_writer(path: Path, seal: Seal) -> sqlite3.Connection:
    """Open the file to write: closed to others, whole, of the right key, with the newest schema.

    UnsafeDatabase, WrongKey or migrate.NewerSchema, and then nothing was changed.
    """
    try:
        close_to_others(path)
        connection = connect(path)
    except (OSError, sqlite3.DatabaseError) as error:
        raise UnsafeDatabase(f"it cannot be opened: {type(error).__name__}") from error
    try:
        _prepare(connection, path, seal)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, seal: Seal) -> None:
    found = connection.execute("pragma quick_check(1)").fetchone()[0]
    if found != "ok":
        raise UnsafeDatabase(f"the database is damaged: {found}")
    fresh = version(connection) == 0
    if not fresh:
        _check_key(connection, seal)
    migrate(connection, path)
    if fresh:
        connection.execute(
            "insert into meta (name, value) values ('key_check', ?)", (seal.check_value(),)
        )


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the file to read only; a write through it fails."""
    connection = connect(path)
    connection.execute("pragma query_only=ON")
    return connection


def truncate_journal(connection: sqlite3.Connection) -> bool:
    """Move the journal into the file and empty it; False when a reader stood in the way.

    Until this succeeds, what was deleted may still be read in the journal.
    """
    busy, left, _ = connection.execute("pragma wal_checkpoint(TRUNCATE)").fetchone()
    return bool(busy == 0 and left == 0)


def _check_key(connection: sqlite3.Connection, seal: Seal) -> None:
    row = connection.execute("select value from meta where name = 'key_check'").fetchone()
    if row is None or not seal.verify(row["value"]):
        raise WrongKey("the key does not belong to this database")
