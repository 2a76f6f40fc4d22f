"""The sending half of a webhook: one lane a chat, retried until it is taken, answers performed.

It knows addresses and HTTP, not what updates mean.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.fakes.telegram_world import Json, Waiting, World

Perform = Callable[[str, Json], Awaitable[None]]


def lane_of(update: Json) -> object:
    """Order is kept inside a chat (inside a person, for button presses), not across."""
    for kind, body in update.items():
        if kind != "update_id" and isinstance(body, dict):
            place = body.get("from") if kind == "callback_query" else body.get("chat")
            return (kind == "callback_query", (place or {}).get("id"))
    return None


class WebhookPush:
    """Delivers waiting updates while a webhook is set. `deliver_to` stands for the https front."""

    def __init__(self, world: World, perform: Perform, deliver_to: str | None) -> None:
        self.deliver_to = deliver_to
        self.retry_seconds = 0.05
        self.halted = False
        self._world = world
        self._perform = perform
        self._busy: dict[object, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Push for ever; cancel to stop."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
            try:
                while True:
                    changed = self._world.changed
                    self._start(http)
                    await changed.wait()
            finally:
                for task in self._busy.values():
                    task.cancel()
                await asyncio.gather(*self._busy.values(), return_exceptions=True)

    def _start(self, http: aiohttp.ClientSession) -> None:
        hook = self._world.webhook
        if not hook.get("url") or self.halted:
            return
        for item in self._world.pending():
            lane = lane_of(item.body)
            if lane not in self._busy and len(self._busy) < hook["max_connections"]:
                self._busy[lane] = asyncio.create_task(self._deliver(http, hook, item, lane))

    async def _deliver(
        self, http: aiohttp.ClientSession, hook: Json, item: Waiting, lane: object
    ) -> None:
        try:
            error = await self._post(http, hook, item)
            if error is None:
                self._world.waiting = [other for other in self._world.waiting if other is not item]
            else:
                hook |= {"error": error, "error_at": self._world.now()}
                await asyncio.sleep(self.retry_seconds)
        finally:
            self._busy.pop(lane, None)
            self._world.touch()

    async def _post(self, http: aiohttp.ClientSession, hook: Json, item: Waiting) -> str | None:
        if self.deliver_to is None:
            return f"Connection refused ({urlsplit(hook['url']).hostname}: give deliver_to=)"
        secret = {"X-Telegram-Bot-Api-Secret-Token": hook["secret"]} if hook["secret"] else {}
        try:
            async with http.post(self.deliver_to, json=item.body, headers=secret) as answer:
                body: Any = await answer.read()
                if not 200 <= answer.status < 300:
                    return f"Wrong response from the webhook: {answer.status} {answer.reason}"
                if body and answer.content_type == "application/json":
                    body = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as lost:
            return str(lost) or "Connection timed out"
        if isinstance(body, dict) and "method" in body:
            await self._perform(body.pop("method"), body)
        return None
