"""Looking at a database without changing anything: no migration, no journal, no lock on the data.

It works beside a running process and on a file that nobody has open. It knows no table but meta.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from storage.file import WrongKey, check_key
from storage.migrate import scripts, version
from storage.seal import Seal, Unreadable
from storage.times import at
from storage.tx import Tx

T = TypeVar("T")


class State(StrEnum):
    """What was found; only a database that is WELL can be read further."""

    WELL = "well"
    MISSING = "missing"
    DAMAGED = "damaged"
    """It cannot be opened, or is not whole."""
    WRONG_KEY = "wrong_key"
    NEWER = "newer"
    OLDER = "older"
    """The next start upgrades it, after a copy."""
    ROTATING = "rotating"
    """A change of the root key was cut off."""
    FRESH = "fresh"
    """Nothing has been written yet."""


@dataclass(frozen=True, slots=True)
class Peek:
    """A database that is being looked at."""

    state: State
    connection: sqlite3.Connection | None
    seal: Seal
    now: datetime

    def read(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on one consistent state. Raises Unreadable when it cannot be read that way."""
        assert self.connection is not None
        self.connection.execute("begin")
        try:
            return fn(Tx(self.connection, self.seal, self.now))
        except sqlite3.Error:
            raise Unreadable("the schema is not what it says") from None
        finally:
            self.connection.execute("rollback")


@contextmanager
def peek(path: Path, seal: Seal, now: datetime) -> Iterator[Peek]:
    """Look at the database at `path`; whatever is wrong is a state, nothing is raised."""
    if not path.is_file():
        yield Peek(State.MISSING, None, seal, now)
        return
    try:
        connection = _open(path)
    except sqlite3.Error:
        yield Peek(State.DAMAGED, None, seal, now)
        return
    try:
        yield Peek(_judge(connection, seal), connection, seal, now)
    finally:
        connection.close()


def marks(tx: Tx) -> dict[str, datetime]:
    """Give when the program last did something, by what it was: "beat", "swept"."""
    rows = tx.all("select name, value from meta where name in ('beat', 'swept')")
    return {row["name"]: at(int(row["value"])) for row in rows}


def _open(path: Path) -> sqlite3.Connection:
    # Without a journal nobody has it open, and nothing may be made beside it: a file of the wrong
    # owner there would lock the program out.
    alone = not Path(f"{path}-wal").exists()
    how = "immutable=1" if alone else "mode=ro"
    connection = sqlite3.connect(
        f"file:{quote(str(path.resolve()))}?{how}", uri=True, isolation_level=None, timeout=5
    )
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("pragma query_only=ON")
        connection.execute("pragma trusted_schema=OFF")
        version(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _judge(connection: sqlite3.Connection, seal: Seal) -> State:
    try:
        if connection.execute("pragma quick_check(1)").fetchone()[0] != "ok":
            return State.DAMAGED
        have, known = version(connection), len(scripts())
        if not have:
            return State.FRESH
        if have > known:
            return State.NEWER
        check_key(connection, seal)
        rotating = connection.execute("select 1 from meta where name = 'rotation'").fetchone()
    except WrongKey:
        return State.WRONG_KEY
    except sqlite3.Error:
        return State.DAMAGED
    if have > known:
        return State.NEWER
    if rotating:
        return State.ROTATING
    return State.WELL if have == known else State.OLDER
