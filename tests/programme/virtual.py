"""Time that costs nothing, and a database that runs where it is called.

A loop whose clock jumps to the next timer when nobody has anything to do: a week passes in a
second, and whatever runs on it runs the same way each time.
"""

import asyncio
import selectors
import sqlite3
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from storage.db import Database
from storage.tx import Tx

T = TypeVar("T")
TURN_S = 1e-6
"""Each turn of the loop takes so long: who looks again and again sees time pass."""


class StuckError(Exception):
    """Everybody waits and nothing will ever happen."""


class _Jumping(selectors.SelectSelector):
    """Never waits: where others would sleep, it pushes the loop's clock."""

    def __init__(self, loop: "VirtualLoop") -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise StuckError("nothing is scheduled: a wait for a thread, a socket, or for ever")
        self.loop.virtual += max(TURN_S, timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time. It hears no socket and no thread."""

    def __init__(self) -> None:
        self.virtual = 0.0
        super().__init__(_Jumping(self))
        # Coarser than the rounding of a week's seconds: a timer is never missed by a hair.
        self._clock_resolution = TURN_S

    def time(self) -> float:
        return self.virtual

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> Any:
        """Run what would go into a thread where it is called."""
        del executor
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as fault:
            future.set_exception(fault)
        return future


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time; what `main` leaves behind is cancelled."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


class Fate:
    """Whether a process lives, and at which step it dies (0: at none)."""

    died: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, at: int = 0) -> None:
        self.left = at
        self.dead = False

    def die(self) -> None:
        """Be gone from here on."""
        self.dead = True
        self.died()

    def step(self) -> None:
        """Go on living, or die. Everything that touches the world calls this."""
        if self.left:
            self.left -= 1
            if not self.left:
                self.die()
        if self.dead:
            raise DeadError


class DeadError(BaseException):
    """This process is gone. No `except Exception` may survive it."""


class Inline:
    """A connection that runs a whole function where it is called, after letting others go first."""

    fate = Fate()

    def __init__(self, connector: Callable[[], sqlite3.Connection], _: int) -> None:
        self.connector = connector
        self.mine = self.fate

    async def start(self) -> None:
        self.connection = self.connector()

    async def call(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        await asyncio.sleep(0)
        self.mine.step()
        return fn(self.connection)

    async def close(self) -> None:
        self.connection.close()


class InlineDatabase(Database):
    """The product's database without its threads; it dies when its process does.

    `written` hears of each transaction.
    """

    thread = Inline  # type: ignore[assignment]
    written: Callable[[], None] = staticmethod(lambda: None)

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Commit, unless the process dies just before, or just after when nobody has heard of it."""
        result = await super().write(fn)
        self._writer.mine.step()  # type: ignore[attr-defined]
        self.written()
        return result

    async def close(self) -> bool:
        """Close; a process that is gone tidies nothing up."""
        if not self._writer.mine.dead:  # type: ignore[attr-defined]
            return await super().close()
        for thread in (self._reader, self._writer):
            await thread.close()
        return False

    def peek(self, fn: Callable[[Tx], T]) -> T:
        """Look at what is committed, at once, letting nobody go first."""
        connection = self._reader.connection  # type: ignore[attr-defined]
        return fn(Tx(connection, self._seal, self._clock(), self._new_id))
