"""What nobody waits for: toasts, typing signs, menus. Tried once, counted when it fails."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from bot.channels.channel import Undelivered

Call = Callable[[str, dict[str, Any]], Awaitable[Any]]


class Errands:
    """Errands of one door. `call` may raise Undelivered; `counts` hears of what failed."""

    def __init__(self, call: Call, counts: Counter[str]) -> None:
        """Nothing is under way."""
        self._call = call
        self._counts = counts
        self._under_way: set[asyncio.Task[None]] = set()

    async def attempt(self, method: str, params: dict[str, Any]) -> None:
        """Make a call whose failure changes nothing."""
        try:
            await self._call(method, params)
        except Undelivered:
            self._counts[f"{method} failed"] += 1

    def run(self, errand: Coroutine[Any, Any, None]) -> None:
        """Run something in the background; `close` ends it."""
        task = asyncio.create_task(errand)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """End what is under way."""
        tasks = tuple(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
