"""How long a visitor may keep a connection without asking for anything, and how many may be open.

uvicorn waits for ever for the first request on a connection, and for the end of one that drips:
a thousand silent connections would lock everybody out. It knows no request and no page.
"""

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""Seconds in which a request's head must be here, from the connection or the last answer on."""
LAST_S = 60.0
"""Seconds an answer may take to leave, once it is written."""
MOST_CONNECTIONS = 2500
FULL = 0.9
"""Above this share of the connections, whoever has asked for nothing longest makes room."""


class Impatient(H11Protocol):
    """A connection that ends when no request comes."""

    begun = 0.0
    waiting: asyncio.TimerHandle | None = None
    """The clock that runs while nothing has been asked."""

    def connection_made(self, transport: Any) -> None:
        """Let the clock run; where it is crowded, the longest silent one makes room."""
        super().connection_made(transport)
        self.watch()
        if len(self.connections) > (self.limit_concurrency or MOST_CONNECTIONS) * FULL:
            self.make_room()

    def make_room(self) -> None:
        """End the connection that has asked for nothing longest; it may be this one."""
        silent = [one for one in self.connections if isinstance(one, Impatient) and one.waiting]
        if silent:
            longest = min(silent, key=lambda one: one.begun)
            # Many come in one breath: whoever is ending already must not be chosen again.
            longest.unwatch()
            longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        super().connection_lost(exc)
        self.unwatch()

    def data_received(self, data: bytes) -> None:
        """Take in bytes; a whole head stops the clock."""
        super().data_received(data)
        self.watch()

    def on_response_complete(self) -> None:
        """The answer is written: the clock runs again."""
        super().on_response_complete()
        self.watch()

    def watch(self) -> None:
        """Let the clock run exactly while nothing is being answered."""
        asked = self.cycle is not None and not self.cycle.response_complete
        if asked or self.transport.is_closing():
            self.unwatch()
        elif self.waiting is None:
            self.begun = self.loop.time()
            self.waiting = self.loop.call_later(HEAD_S, self.too_late)

    def unwatch(self) -> None:
        """Stop the clock."""
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None

    def too_late(self) -> None:
        """End the connection; an answer that is still leaving gets some more time."""
        self.waiting = None
        leaving = self.transport.get_write_buffer_size() > 0
        if leaving and self.loop.time() - self.begun < LAST_S:
            self.waiting = self.loop.call_later(HEAD_S, self.too_late)
        else:
            self.transport.abort()


def raise_limit() -> int:
    """Allow this process as many open files as it may have; gives how many connections fit.

    Half of them: the other half is for Telegram, the database and what is just closing.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, 2 * MOST_CONNECTIONS) if hard == resource.RLIM_INFINITY else hard
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return min(MOST_CONNECTIONS, wanted // 2)
