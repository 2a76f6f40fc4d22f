"""A strict Telegram on 127.0.0.1: `async with FakeTelegram() as tg:` gives `tg.url` and `tg.token`.

Speaks the Bot API over real HTTP and refuses what the real one refuses, and typos besides. Tests
act as people (telegram_people), look at `sent`, `chat()`, `refusals`, and break the network.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.fakes.telegram_http import LARGEST_BODY, InjectedError, answer_no, drop, read
from tests.fakes.telegram_people import People
from tests.fakes.telegram_rules import METHODS, RefusalError, Upload, check
from tests.fakes.telegram_setup import COUNTED, TABLE, remember_kinds
from tests.fakes.telegram_webhook import WebhookPush
from tests.fakes.telegram_world import BOT_ID, LINK_LIVES, Json, Shown, World

__all__ = ["BOT_ID", "TOKEN", "Call", "FakeTelegram", "Refused", "Shown"]

TOKEN = f"{BOT_ID}:AA-not-a-real-token-only-for-tests"
LONGEST_POLL = 50
T = TypeVar("T")

WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)
SECOND_POLLER = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)


@dataclass(frozen=True, slots=True)
class Call:
    """An accepted call. `message` is the message it made or changed, as it was right then.

    `answered` is False when the answer never reached the caller (see hang_next).
    """

    method: str
    params: Json
    at: float
    chat_id: int | None
    message: Shown | None
    result: Any
    answered: bool = True

    @property
    def text(self) -> str:
        """The text or caption it left behind."""
        return self.message.text if self.message else ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that was answered with an error."""

    method: str
    params: Json
    at: float
    status: int
    description: str
    parameters: Json


@dataclass(slots=True)
class _Fault:
    method: str
    chat_id: int | None
    times: int
    error: InjectedError | None = None
    apply_first: bool = False


class _DroppedError(Exception):
    """The connection ends before an answer."""


class FakeTelegram(People):
    """The server and what tests want to know of it. One bot, one token."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        flood: bool = True,
        start: float | None = None,
        deliver_to: str | None = None,
    ) -> None:
        self.token = token
        self.flood = flood
        self.world = World(start)
        self.sent: list[Call] = []
        self.refusals: list[Refused] = []
        self.injected: list[Refused] = []
        self.downloads: list[str] = []
        self.polls = 0
        self.url = ""
        self.push = WebhookPush(self.world, self._perform_from_webhook, deliver_to)
        self._faults: list[_Fault] = []
        self._down = False
        self._latency = 0.0
        self._poller: object = None
        self._runner: web.AppRunner | None = None
        self._pushing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST_BODY)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        self._pushing = asyncio.create_task(self.push.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        assert self._pushing is not None
        self.down()
        self._pushing.cancel()
        await asyncio.gather(self._pushing, return_exceptions=True)
        await self._runner.cleanup()

    # what tests read

    def chat(self, chat_id: int) -> list[Shown]:
        """The messages of a chat as they stand now, both sides', oldest first."""
        chat = self.world.chats[chat_id]
        return [self.world.show(chat, message) for _, message in sorted(chat.messages.items())]

    def from_bot(self, chat_id: int) -> list[Shown]:
        """The bot's own messages in a chat as they stand now, without service messages."""
        return [
            shown
            for shown in self.chat(chat_id)
            if shown.sender_id == BOT_ID and (shown.text or shown.file_id)
        ]

    @property
    def answers(self) -> dict[str, Json]:
        """What answerCallbackQuery said, by query id."""
        return self.world.answers

    @property
    def pending(self) -> list[Json]:
        """Updates nobody confirmed yet."""
        return [item.body for item in self.world.pending()]

    def file(self, file_id: str) -> bytes:
        """The bytes behind a file id, whoever sent them."""
        return self.world.files[file_id].content

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:
        """The predicate's first truthy value; AssertionError after `timeout` real seconds."""
        until = time.monotonic() + timeout
        while not (value := predicate()):
            if (left := until - time.monotonic()) <= 0:
                said = [f"{call.method} {call.chat_id} {call.text[:60]!r}" for call in self.sent]
                raise AssertionError(
                    f"nothing within {timeout} s; last calls {said[-5:]}; "
                    f"last refusals {self.refusals[-3:]}"
                )
            try:
                # also looks every 20 ms: the predicate may watch a database or a file
                async with asyncio.timeout(min(left, 0.02)):
                    await self.world.changed.wait()
            except TimeoutError:
                continue
        return value

    # time, and what goes wrong

    def now(self) -> float:
        """The fake's clock, Unix seconds."""
        return self.world.clock.now()

    def advance(self, seconds: float) -> None:
        """Let time pass on Telegram's side (48 h, 150 s, 24 h, speed limits)."""
        self.world.clock.pushed += seconds
        self.world.touch()

    def fail_next(
        self,
        method: str,
        chat_id: int | None = None,
        *,
        status: int = 500,
        description: str = "Internal Server Error",
        parameters: dict[str, int] | None = None,
        body: str | None = None,
        times: int = 1,
    ) -> None:
        """Refuse the next call(s); `body`: answer with this instead of JSON. Listed in `injected`.

        The method "download" is a file's download, "*" any method.
        """
        error = InjectedError(status, description, parameters)
        error.body = body
        self._faults.append(_Fault(method, chat_id, times, error))

    def hang_next(
        self, method: str, chat_id: int | None = None, *, applied: bool = True, times: int = 1
    ) -> None:
        """Drop the connection before the answer, after doing what was asked (or not: applied=False)."""
        self._faults.append(_Fault(method, chat_id, times, apply_first=applied))

    def down(self) -> None:
        """Every connection breaks until `up`."""
        self._down = self.push.halted = True
        self.world.touch()

    def up(self) -> None:
        """Reachable again."""
        self._down = self.push.halted = False
        self.world.touch()

    def slow(self, seconds: float) -> None:
        """Every answer takes this long from now on; what was asked is done at once."""
        self._latency = seconds

    def _fault(self, method: str, chat_id: object) -> _Fault | None:
        for fault in self._faults:
            if fault.method in {method, "*"} and fault.chat_id in {None, chat_id}:
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
                return fault
        return None

    # HTTP

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        raw: dict[str, object] = {}
        try:
            if self._down:
                raise _DroppedError
            self._check_token(request.match_info["token"])
            raw, files = await read(request)
            result = await self._perform(method, raw, files)
        except RefusalError as no:
            self._note(method, raw, no)
            return answer_no(no)
        except _DroppedError:
            return drop(request)
        except Exception as broken:
            bug = RefusalError(500, f"Internal Server Error: the fake broke: {broken!r}")
            self._note(method, raw, bug)
            return answer_no(bug)
        return web.json_response({"ok": True, "result": result})

    def _check_token(self, given: str) -> None:
        if given != self.token:
            shaped = given.partition(":")[0].isdigit() and ":" in given
            raise RefusalError(401, "Unauthorized") if shaped else RefusalError(404, "Not Found")

    def _note(self, method: str, raw: Json, no: RefusalError) -> None:
        log = self.injected if isinstance(no, InjectedError) else self.refusals
        log.append(Refused(method, dict(raw), self.now(), no.status, no.description, no.parameters))
        self.world.touch()

    async def _perform(self, method: str, raw: dict[str, object], files: dict[str, Upload]) -> Any:
        """Check, apply, record; raises RefusalError or _DroppedError."""
        if method not in METHODS:
            raise RefusalError(404, "Not Found: method not found")
        params = check(method, raw, files)
        fault = self._fault(method, params.get("chat_id"))
        if fault is not None and fault.error is not None:
            raise fault.error
        if fault is not None and not fault.apply_first:
            raise _DroppedError
        result = await self._apply(method, params, answered=fault is None)
        if self._latency:
            await asyncio.sleep(self._latency)
        if fault is not None or self._down:
            raise _DroppedError
        return result

    async def _apply(self, method: str, params: Json, *, answered: bool) -> Any:
        if method == "getUpdates":
            return await self._get_updates(params)
        chat_id = params.get("chat_id")
        chat = self.world.chats.get(chat_id) if isinstance(chat_id, int) else None
        limited = chat if self.flood and method in COUNTED else None
        if limited is not None:
            self.world.slow_down(limited.id)
        result = TABLE[method](self.world, params)
        if limited is not None:
            self.world.flood.note(limited.id, self.now())
        number = result.get("message_id") if isinstance(result, dict) else None
        message = self.world.show(chat, chat.messages[number]) if chat and number else None
        where = chat.id if chat else None
        self.sent.append(Call(method, params, self.now(), where, message, result, answered))
        self.world.touch()
        return result

    async def _perform_from_webhook(self, method: str, raw: Json) -> None:
        """A call that rode in a webhook's answer: nobody hears its result."""
        try:
            await self._perform(method, raw, {})
        except RefusalError as no:
            self._note(method, raw, no)
        except _DroppedError:
            return

    async def _get_updates(self, params: Json) -> list[Json]:
        if self.world.webhook.get("url"):
            raise RefusalError(409, WEBHOOK_ACTIVE)
        remember_kinds(self.world, params)
        if "offset" in params:
            self.world.confirm(params["offset"])
        self.polls += 1
        mine = self._poller = object()
        self.world.touch()
        until = time.monotonic() + min(max(params.get("timeout", 0), 0), LONGEST_POLL)
        while True:
            changed = self.world.changed
            if self._poller is not mine:
                raise RefusalError(409, SECOND_POLLER)
            batch = [item.body for item in self.world.pending()[: params.get("limit", 100)]]
            left = until - time.monotonic()
            if batch or left <= 0 or self._down:
                self._poller = None
                return batch
            try:
                async with asyncio.timeout(left):
                    await changed.wait()
            except TimeoutError:
                continue

    async def _download(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        fault = self._fault("download", None)
        if self._down or (fault is not None and fault.error is None):
            return drop(request)
        if self._latency:
            await asyncio.sleep(self._latency)
        if fault is not None and fault.error is not None:
            self._note("download", {"path": path}, fault.error)
            return answer_no(fault.error)
        file_id, since = self.world.links.get(path, ("", 0.0))
        if request.match_info["token"] != self.token or self.now() - since > LINK_LIVES:
            no = RefusalError(404, "Not Found")
            self._note("download", {"path": path}, no)
            return answer_no(no)
        self.downloads.append(file_id)
        return web.Response(
            body=self.world.files[file_id].content, content_type="application/octet-stream"
        )
