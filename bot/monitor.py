"""The dead man's ping: a monitor elsewhere is called while people are served, and tells when the
calls stop. It hears nothing but that."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import NoReturn

import aiohttp

EVERY_S = 60
TIMEOUT_S = 10


class Monitor:
    """Calls MONITOR_URL again and again. Not reaching it is counted: the monitor sees it anyway."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        serving: Callable[[], bool],
        counts: Counter[str],
    ) -> None:
        """`serving` tells whether people are served right now.

        `counts`: where the calls are counted: "reached", "failed", "withheld".
        """
        self.http = http
        self.url = url
        self.serving = serving
        self.counts = counts

    async def run(self) -> NoReturn:
        """Call each minute, for ever."""
        while True:
            await self.call()
            await asyncio.sleep(EVERY_S)

    async def call(self) -> None:
        """Call once, unless people are not served: then the silence is the message."""
        if not self.serving():
            self.counts["withheld"] += 1
            return
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with self.http.get(self.url, timeout=timeout, allow_redirects=False) as answer:
                well = 200 <= answer.status < 300  # a sign-in page redirects as well
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            well = False
        self.counts["reached" if well else "failed"] += 1
