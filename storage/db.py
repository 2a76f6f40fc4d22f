"""The database as the rest of the program sees it: one writer, one reader, whole transactions.

A transaction is one synchronous function; it runs from begin to commit in the writer's own
thread. It knows no table.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Generic, Self, TypeVar

import aiosqlite

from storage import past
from storage.file import (
    HalfRotated,
    Opening,
    UnsafeDatabase,
    WrongKey,
    keys_needed,
    open_reader,
    open_writer,
    rewrite,
    truncate_journal,
)
from storage.migrate import NewerSchema, backup
from storage.seal import Seal
from storage.tx import Tx, random_id

__all__ = [
    "Database",
    "DatabaseFault",
    "HalfRotated",
    "NewerSchema",
    "Opening",
    "Tx",
    "UnsafeDatabase",
    "WrongKey",
    "keys_needed",
]

T = TypeVar("T")

DatabaseFault = sqlite3.Error
"""The database itself is in trouble (disk full, damaged): nobody may go on as if it were not."""

BATCH = 32
"""How many waiting transactions at most share one flush to the disk."""

TRIES, BETWEEN_S = 10, 0.05
"""How often, and every how many seconds, the journal is tried to be emptied before it is said."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Thread(aiosqlite.Connection):
    """A connection whose thread runs a whole function, not one statement per hop.

    aiosqlite has this queue already (`_execute`), but shows only single statements to the
    outside. Those interleave between tasks, and a cancelled task leaves half a transaction that
    the next commit makes durable. One function per transaction can be neither cut nor mixed.
    """

    async def start(self) -> None:
        """Open the connection; when that fails, its thread has ended before this raises."""
        try:
            await self
        except BaseException:
            # aiosqlite only asks the thread to stop; left alone it would outlive the event loop.
            self._thread.join(5)
            raise

    async def call(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run `fn` in the connection's thread; it goes on even when the caller is cancelled."""
        # A closure without arguments: aiosqlite logs the repr of what it runs at DEBUG.
        result: T = await self._execute(lambda: fn(self._conn))  # type: ignore[no-untyped-call]
        return result


class _Job(Generic[T]):
    """A transaction that waits for its turn, and then its outcome."""

    __slots__ = ("done", "error", "fn", "result")

    def __init__(self, fn: Callable[[Tx], T]) -> None:
        self.fn = fn
        self.done = False
        self.error: BaseException | None = None
        self.result: T | None = None

    def outcome(self) -> T:
        """Give the result, or raise what was raised."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]


class Database:
    """The open database. Make it with `open`; close it, or the process does not end."""

    thread: ClassVar[type[_Thread]] = _Thread
    """Where transactions run; a simulation in virtual time brings one that runs them at once."""

    def __init__(
        self,
        writer: _Thread,
        reader: _Thread,
        seal: Seal,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        """Use `open`."""
        self._writer = writer
        self._reader = reader
        self._seal = seal
        self._clock = clock
        self._new_id = new_id
        self._waiting: deque[_Job[object]] = deque()

    @classmethod
    async def open(
        cls,
        path: Path,
        seal: Seal,
        *,
        clock: Callable[[], datetime] = _utc_now,
        new_id: Callable[[], str] = random_id,
        opening: Opening = Opening.WORK,
    ) -> "Database":
        """Open (or make) the database at `path`.

        UnsafeDatabase: damaged, or readable by others. WrongKey: sealed with another key.
        HalfRotated: a rotation was cut off.
        NewerSchema: written by a newer program. In all of these cases nothing was changed.
        """
        writer = cls.thread(lambda: open_writer(path, seal, opening), 64)
        await writer.start()
        try:
            if opening is Opening.WORK:
                await writer.call(lambda connection: past.load(Tx(connection, seal, clock())))
            reader = cls.thread(lambda: open_reader(path), 64)
            await reader.start()
        except BaseException:
            await writer.close()
            raise
        return cls(writer, reader, seal, clock, new_id)

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` as one transaction; when this returns, it is on the disk.

        What `fn` raises undoes all of it and is raised here. A cancelled caller changes
        nothing: the transaction happens as a whole. Transactions that wait together share one
        flush; none is acknowledged before it.
        """
        job = _Job(fn)
        self._waiting.append(job)  # type: ignore[arg-type]
        await self._writer.call(lambda connection: self._turn(connection, job))
        return job.outcome()

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on one consistent state of the database; a write inside fails."""

        def run(connection: sqlite3.Connection) -> T:
            connection.execute("begin")
            try:
                return fn(Tx(connection, self._seal, self._clock(), self._new_id))
            finally:
                connection.execute("rollback")

        return await self._reader.call(run)

    async def checkpoint(self) -> bool:
        """Empty the journal into the file; False when a reader stood in the way: try again.

        A short read is waited for, and whoever writes goes on meanwhile.
        """
        for _ in range(TRIES):
            if await self._writer.call(truncate_journal):
                return True
            await asyncio.sleep(BETWEEN_S)
        return False

    async def rewrite(self) -> bool:
        """Write the file anew, without remains of deleted rows, and empty the journal.

        Seconds for a large file, in which everybody waits. False as for `checkpoint`;
        DatabaseFault when there was no room, and nothing has changed.
        """
        await self._writer.call(rewrite)
        return await self.checkpoint()

    async def backup(self, target: Path) -> None:
        """Copy the database into a new file (0600) that holds no remains of deleted rows."""
        await self._writer.call(lambda connection: backup(connection, target))

    async def close(self) -> bool:
        """Close both connections; False when another process kept the journal from emptying."""
        await self._reader.close()
        try:
            return await self.checkpoint()
        finally:
            await self._writer.close()

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    def _turn(self, connection: sqlite3.Connection, job: "_Job[T]") -> None:
        """Run in the writer's thread: whoever comes first does the work of all who wait."""
        while not job.done:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._commit(connection, batch)

    def _commit(self, connection: sqlite3.Connection, batch: "list[_Job[object]]") -> None:
        """Run a batch as one transaction with a savepoint each."""
        try:
            connection.execute("begin immediate")
            for job in batch:
                self._run(connection, job)
            connection.execute("commit")
        except BaseException as error:  # noqa: BLE001  (handed to everybody who waits)
            # The disk refused: nothing of the batch is durable, so nobody may believe it is.
            if connection.in_transaction:
                connection.execute("rollback")
            for job in batch:
                job.error = job.error or error
        finally:
            for job in batch:
                job.done = True

    def _run(self, connection: sqlite3.Connection, job: "_Job[object]") -> None:
        """Run one job; its own fault undoes only itself."""
        tx = Tx(connection, self._seal, self._clock(), self._new_id)
        try:
            with tx.savepoint():
                job.result = job.fn(tx)
        except BaseException as error:
            job.error = error
            if not connection.in_transaction:
                raise  # e.g. a full disk: SQLite has undone the neighbours as well
