"""The line to Telegram without a network: a strict platform in memory, and weather between.

`Wire` takes the place of the transport; everything above it (door, poller, library) is real. The
weather is what a network and a platform do on a bad day, drawn from dice that are handed in.
"""

import asyncio
import json
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.channels.telegram import request as carriage
from tests.fakes.telegram import BOT_ID, FakeTelegram, Shown
from tests.fakes.telegram_rules import RefusalError, Upload
from tests.fakes.telegram_setup import remember_kinds
from tests.programme.virtual import Fate

PAUSE_S = 7
"""How long the platform asks everybody to rest when it is in that mood."""


class Trouble(StrEnum):
    """What can be wrong between us and the platform."""

    SLOWED = "429"
    BROKEN = "502"
    REFUSED = "connection refused"
    SILENT = "no answer, nothing done"
    LOST = "done, but the answer is lost"


@dataclass
class Weather:
    """How the line is just now: `chance` of `kinds` for each call; away: nothing passes.

    `half_open`: connections stand, but nothing ever comes back and nothing was done.
    """

    dice: random.Random
    kinds: tuple[Trouble, ...] = ()
    chance: float = 0.0
    away: bool = False
    half_open: bool = False
    closed: frozenset[int] = frozenset()
    """Chats to which nothing passes."""
    met: int = 0

    def draw(self, chat: object) -> Trouble | None:
        """Give what befalls this call."""
        if self.half_open:
            return Trouble.SILENT
        if self.away or chat in self.closed:
            return Trouble.REFUSED
        if self.kinds and self.dice.random() < self.chance:
            self.met += 1
            return self.dice.choice(self.kinds)
        return None

    def clear(self) -> None:
        """Nothing is wrong any more."""
        self.kinds, self.chance = (), 0.0
        self.away = self.half_open = False
        self.closed = frozenset()


class _PlatformClock:
    """The platform's own time: right, whatever ours says."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.pushed = 0.0


class Platform(FakeTelegram):
    """The strict local Telegram with no server: called where it stands, in the loop's own time."""

    def __init__(self, now: Callable[[], float], *, flood: bool = True) -> None:
        super().__init__(flood=flood, start=0.0)
        self.world.clock = _PlatformClock(now)  # type: ignore[assignment]
        self.longest = 60.0
        """Seconds that a question for updates is held at most; an idle town holds it for longer."""

    async def perform(self, method: str, raw: dict[str, Any], files: dict[str, Upload]) -> Any:
        """Do what is asked. Raises RefusalError."""
        return await self._perform(method, raw, files)

    def newest(self, chat_id: int, most: int) -> list[Shown]:
        """The bot's newest messages in a chat, oldest first; of a long chat only these are shown."""
        chat = self.world.chats.get(chat_id)
        if chat is None:
            return []
        mine = [m for m in chat.messages.values() if m["from"]["id"] == BOT_ID]
        mine = [m for m in mine if "text" in m or "photo" in m or "voice" in m]
        last = sorted(mine, key=lambda m: m["message_id"])[-most:]
        return [self.world.show(chat, message) for message in last]

    def latest(self, chat_id: int) -> Shown | None:
        """The bot's newest message in a chat."""
        return next(iter(self.newest(chat_id, 1)), None)

    async def _get_updates(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        remember_kinds(self.world, params)
        if "offset" in params:
            self.world.confirm(params["offset"])
        self.polls += 1
        # What is waited for is the same; only the empty answers in between are left out.
        clock = asyncio.get_running_loop().time
        until = clock() + (self.longest if params.get("timeout", 0) else 0)
        while True:
            changed = self.world.changed
            batch = [item.body for item in self.world.pending()[: params.get("limit", 100)]]
            left = until - clock()
            if batch or left <= 0:
                return batch
            try:
                async with asyncio.timeout(left):
                    await changed.wait()
            except TimeoutError:
                continue


@dataclass
class Line:
    """One process's way to the platform."""

    platform: Platform
    weather: Weather
    fate: Fate
    accepted: deque[tuple[float, str, int | None]] = field(default_factory=deque)


class Wire(BaseRequest):
    """Takes the place of the product's transport. `line` is set before the door is made."""

    line: Line

    def __init__(self, connections: int, proxy: str | None = None) -> None:
        del proxy
        self.mine = self.line
        self.poller = connections == 1

    @property
    def read_timeout(self) -> float | None:
        return carriage.READ

    async def initialize(self) -> None:
        """There is no pool."""

    async def shutdown(self) -> None:
        """There is no pool."""

    parse_json_payload = staticmethod(carriage.Carrier.parse_json_payload)

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = None,
        **_: Any,
    ) -> tuple[int, bytes]:
        del method
        line = self.mine
        line.fate.step()
        read = read_timeout if isinstance(read_timeout, int | float) else carriage.READ
        name = url.rpartition("/")[2]
        raw, files = _read(request_data)
        await asyncio.sleep(line.weather.dice.uniform(0.01, 0.2))
        line.fate.step()
        trouble = line.weather.draw(raw.get("chat_id"))
        if trouble is Trouble.REFUSED:
            raise carriage.NotSentError("refused")
        if trouble is Trouble.SILENT:
            await asyncio.sleep(read)
            raise TimedOut
        if trouble in {Trouble.SLOWED, Trouble.BROKEN}:
            return _answer(*_no(trouble))
        status, body = await self._perform(name, url, raw, files)
        # It may die here: what was asked is done, and nobody will ever know.
        line.fate.step()
        if trouble is Trouble.LOST or line.weather.half_open:
            await asyncio.sleep(read)
            raise TimedOut
        if line.weather.away:
            raise NetworkError("reset")
        return _answer(status, body)

    async def _perform(
        self, name: str, url: str, raw: dict[str, Any], files: dict[str, Upload]
    ) -> tuple[int, bytes]:
        platform = self.mine.platform
        if "/file/bot" in url:
            path = url.partition(platform.token + "/")[2]
            file_id, _ = platform.world.links[path]
            return 200, platform.world.files[file_id].content
        try:
            result = await platform.perform(name, raw, files)
        except RefusalError as no:
            platform._note(name, raw, no)
            told = {"ok": False, "error_code": no.status, "description": no.description}
            return no.status, json.dumps(told | {"parameters": no.parameters}).encode()
        return 200, json.dumps({"ok": True, "result": result}).encode()


def _read(data: RequestData | None) -> tuple[dict[str, Any], dict[str, Upload]]:
    """Read a request as the server would."""
    if data is None:
        return {}, {}
    if not data.contains_files:
        text = json.dumps(data.parameters, ensure_ascii=False).encode("utf-8", "replace")
        return json.loads(text), {}
    parts = data.multipart_data
    files = {name: Upload(part[0], bytes(part[1])) for name, part in parts.items()}
    return dict(data.json_parameters), files


def _no(trouble: Trouble) -> tuple[int, bytes]:
    if trouble is Trouble.BROKEN:
        return 502, b"<html>Bad Gateway</html>"
    told = {"ok": False, "error_code": 429, "description": "Too Many Requests"}
    return 429, json.dumps(told | {"parameters": {"retry_after": PAUSE_S}}).encode()


def _answer(status: int, body: bytes) -> tuple[int, bytes]:
    """Give an answer as the product's transport does; it raises for some."""
    return carriage._status(status, body, ""), body
