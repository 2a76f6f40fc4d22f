"""Asking for updates: commit, then acknowledge. Asking for the next ones confirms the last.

It reads no update itself, knows no person, and throws nothing away: what could not be committed
is asked for again, what nobody can read is passed over and counted.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from bot.channels.channel import Failed, Hopeless, Limited, Undelivered
from bot.channels.telegram.errors import Contested
from bot.channels.telegram.parse import update_id

LONGEST_PAUSE = 30.0
"""Seconds between two attempts when the platform stays away."""

_log = logging.getLogger("bot.telegram")


class Source(Protocol):
    """What is needed of the door."""

    async def updates(self, offset: int | None) -> list[Any]:
        """Confirm everything below `offset`; wait for more and give it. Raises Undelivered."""

    async def accept(self, updates: list[Any]) -> None:
        """Take a batch in, in order; returning means: all of it is committed."""

    async def unhook(self) -> None:
        """Take away a webhook that an earlier run left set, without losing what waits."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How to wait: `jitter` gives 0..1, `sleep` takes seconds."""

    jitter: Callable[[], float]
    sleep: Callable[[float], Awaitable[object]]

    async def rest(self, attempt: int) -> None:
        """Wait 1, 2, 4 … 30 seconds and up to a quarter more, so that many do not come at once."""
        pause = min(LONGEST_PAUSE, 2.0 ** min(attempt - 1, 10))
        await self.sleep(pause * (1 + self.jitter() / 4))


async def poll(source: Source, pace: Pace) -> NoReturn:
    """Take in updates for ever. Raises Failed(TOKEN) when the token is no longer good.

    Whatever a commit raises goes on to the caller: nothing was acknowledged, the process may end.
    """
    offset: int | None = None
    trouble = 0
    await source.unhook()  # what an earlier run set is no sign of a thief
    while True:
        try:
            updates = await source.updates(offset)
        except Undelivered as error:
            trouble += 1
            await _wait(source, pace, error, trouble)
            continue
        await source.accept(updates)
        following = _following(updates, offset)
        if updates and following == offset:  # nothing that could be confirmed: do not spin
            trouble += 1
            await pace.rest(trouble)
            continue
        if trouble:
            _log.info("telegram is back")
            trouble = 0
        offset = following


async def _wait(source: Source, pace: Pace, error: Undelivered, trouble: int) -> None:
    """Wait as the trouble asks; a refused token ends everything, loudly."""
    if isinstance(error, Failed) and error.why is Hopeless.TOKEN:
        _log.critical("telegram refuses the token")
        raise error
    if isinstance(error, Limited):
        await pace.sleep(error.seconds)
        return
    if isinstance(error, Contested):
        _log.error("somebody else reads this bot's updates")
        if error.webhook:
            await source.unhook()
    elif trouble == 1:
        _log.warning("telegram is out of reach")
    await pace.rest(trouble)


def _following(updates: list[Any], offset: int | None) -> int | None:
    """Give the offset that confirms these updates. Numbers may start anew after an idle week."""
    seen = [number for number in map(update_id, updates) if number is not None]
    return max(seen) + 1 if seen else offset
