"""The database file on the disk: closed to others, with every safety setting set and checked.

It must not know any table except the one row that proves the key.
"""

import os
import sqlite3
import stat
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from storage.migrate import check_version, migrate, version
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

    def __init__(self, needed: str, given: str) -> None:
        """The ids of both keys; `needed` is empty when the database does not say."""
        super().__init__(f"needs {needed or '?'}, given {given}")
        self.needed = needed
        self.given = given


class HalfRotated(Exception):  # noqa: N818
    """A rotation of the root key was cut off: it must be finished before anything else."""


class Opening(StrEnum):
    """What a database is opened for."""

    WORK = "work"
    ROTATING = "rotating"
    """To go on with a rotation of the root key; the old one is given."""
    KEY_LOST = "key_lost"
    """The root key is lost: a new one is given, and none is asked for."""


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


def open_writer(path: Path, seal: Seal, opening: Opening = Opening.WORK) -> sqlite3.Connection:
    """Open the file to write: closed to others, whole, of the right key, with the newest schema.

    UnsafeDatabase, WrongKey, HalfRotated or migrate.NewerSchema, and then nothing was changed.
    """
    try:
        close_to_others(path)
        connection = connect(path)
    except (OSError, sqlite3.DatabaseError) as error:
        raise UnsafeDatabase(f"it cannot be opened: {type(error).__name__}") from error
    try:
        _prepare(connection, path, seal, opening)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, seal: Seal, opening: Opening) -> None:
    found = connection.execute("pragma quick_check(1)").fetchone()[0]
    if found != "ok":
        raise UnsafeDatabase(f"the database is damaged: {found}")
    check_version(connection)
    if version(connection) and opening is not Opening.KEY_LOST:
        check_key(connection, seal)
        if opening is Opening.WORK and _meta(connection, "rotation") is not None:
            raise HalfRotated

    def mark_key(fresh: sqlite3.Connection) -> None:
        for name, value in (("key_check", seal.check_value()), ("key_id", seal.key_id.encode())):
            fresh.execute("insert into meta (name, value) values (?, ?)", (name, value))

    migrate(connection, path, begin=mark_key)


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the file to read only; a write through it fails."""
    connection = connect(path)
    connection.execute("pragma query_only=ON")
    return connection


def rewrite(connection: sqlite3.Connection) -> None:
    """Write the whole file anew: where rows were moved between pages, copies of them are left that
    no setting overwrites (measured: one run in twelve). About 60 MB a second; nobody can write
    meanwhile. sqlite3.Error when there is no room: then nothing has changed.
    """
    # In memory it would take as much of that as the file is long.
    connection.execute("pragma temp_store=FILE")
    try:
        connection.execute("vacuum")
    finally:
        connection.execute("pragma temp_store=MEMORY")


def truncate_journal(connection: sqlite3.Connection) -> bool:
    """Move the journal into the file and empty it; False, at once, when a reader is in the way.

    Until this succeeds, what was deleted may still be read in the journal.
    """
    [patience] = connection.execute("pragma busy_timeout").fetchone()
    connection.execute("pragma busy_timeout=0")  # every commit would wait with us
    try:
        busy, left, _ = connection.execute("pragma wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"pragma busy_timeout={int(patience)}")
    return bool(busy == 0 and left == 0)


def check_key(connection: sqlite3.Connection, seal: Seal) -> None:
    """Raise WrongKey unless this database was sealed with this key."""
    check = _meta(connection, "key_check")
    if check is None or not seal.verify(check):
        needed = _meta(connection, "key_id") or b""
        raise WrongKey(needed.decode(), seal.key_id)


def keys_needed(path: Path) -> tuple[str, str]:
    """Give the id of the key a database needs, and of the one it is being moved to (or empty).

    Both are empty when there is no database that says so. Nothing is changed; needs no key.
    """
    if not path.is_file():
        return "", ""
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        ids = [_meta(connection, name) or b"" for name in ("key_id", "rotation")]
    except sqlite3.Error:
        return "", ""
    finally:
        connection.close()
    return ids[0].decode(), ids[1].decode()


def _meta(connection: sqlite3.Connection, name: str) -> bytes | None:
    row = connection.execute("select value from meta where name = ?", (name,)).fetchone()
    return None if row is None else bytes(row["value"])
