"""Starting, running and stopping everything that was put together. It decides nothing."""

import asyncio
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

import uvicorn

from bot.alarms import Alarms
from bot.bulletin import Bulletin
from bot.channels.channel import Failed
from bot.channels.telegram import Hook, Telegram
from bot.clock import Clock
from bot.config import Settings
from bot.group import Group
from bot.health import Health
from bot.inbox import Inbox
from bot.mailbox import Mailbox
from bot.monitor import Monitor
from bot.rehearsal import Rehearsal
from bot.sender import Sender
from handlers.view import House
from storage.db import Database

_log = logging.getLogger("bot.app")

CATCH_UP_S = 20
"""How long the clock waits for the platform at the start."""
FIRST_CONTACT_S = 4
"""How long the pages wait at the start to hear whether the platform takes the token at all."""
ASK_AGAIN_S = 60
"""How often a platform that refused the token is asked again."""
BEGIN_AGAIN_S = 60
"""How long what is only good to have rests after a fault of it."""
MENU = (("start", "Bắt đầu"), ("meo", "Mẹo mỗi ngày"), ("ngonngu", "Language / Ngôn ngữ"))
"""The commands that a phone shows: neutral names only; all the others work when typed."""


def now() -> datetime:
    """Give the time (UTC): the only clock there is."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class App:
    """Everything that runs, for the commands and the tests."""

    settings: Settings
    house: House
    db: Database
    inbox: Inbox
    mailbox: Mailbox
    sender: Sender
    clock: Clock
    alarms: Alarms
    health: Health
    telegram: Telegram | None
    server: "Server"
    group: Group | None = None
    hook: Hook | None = None
    rehearsal: Rehearsal | None = None
    bulletin: Bulletin | None = None
    monitor: Monitor | None = None


class PortTaken(Exception):  # noqa: N818  (said to a clerk, not a bug)
    """The pages cannot be served at the address that was set."""


class Server(uvicorn.Server):
    """The web server; calls `ready` once the pages are served."""

    def __init__(self, config: uvicorn.Config) -> None:
        """`ready` is set by whoever runs it."""
        super().__init__(config)
        self.ready: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port, then say so. Raises PortTaken."""
        try:
            await super().startup(sockets)
        except SystemExit:  # uvicorn says why only in a log of its own, and would end us unsaid
            raise PortTaken from None
        if self.started:
            self.ready()


def unattended(alarms: Alarms, what: Mapping[str, object]) -> None:
    """A task that nobody waits for has failed: say so, by the fault's name only."""
    alarms("task-failed", type(what.get("exception")).__name__)


async def go_on(job: Callable[[], Awaitable[NoReturn]], alarms: Alarms) -> NoReturn:
    """Run what is only good to have: a fault of it is told, and it begins anew."""
    while True:
        try:
            await job()
        except Exception as fault:  # noqa: BLE001  (children are answered without it)
            alarms("task-failed", type(fault).__name__)
        await asyncio.sleep(BEGIN_AGAIN_S)


async def keep_time(app: App) -> NoReturn:
    """Start the clock once what waited at the platform has been read, or soon after.

    What came while the program was down must be heard before silence is acted on.
    """
    for _ in range(CATCH_UP_S * 10):
        if app.telegram is None or app.telegram.caught_up:
            break
        await asyncio.sleep(0.1)
    await app.clock.watch()


async def run(app: App, ready: Callable[[], None]) -> None:
    """Run until told to stop. Whatever breaks ends the process: a restart goes on where it was.

    `ready` is called once the pages are served. Raises Failed(TOKEN) before anything is served.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    # The server takes the signals while it runs and raises them again when it has ended;
    # without handlers of ours that would kill the process before the database is closed.
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    loop.set_exception_handler(lambda _, what: unattended(app.alarms, what))
    app.server.ready = ready
    await first_contact(app.telegram)
    await app.health.look()
    serving = asyncio.create_task(app.server.serve())
    tasks: list[asyncio.Task[Any]] = [serving]
    if app.telegram is not None:
        # Beside the pages, not before them: a blocked platform may hang for half a minute.
        tasks.append(asyncio.create_task(listen(app.telegram, app.inbox, app.alarms, app.hook)))
    if app.group is not None:
        tasks.append(asyncio.create_task(app.group.watch()))
    if app.rehearsal is not None:
        tasks.append(asyncio.create_task(app.rehearsal.watch()))
    tasks += [
        asyncio.create_task(app.sender.run()),
        asyncio.create_task(keep_time(app)),
        asyncio.create_task(app.health.watch()),
        *(
            asyncio.create_task(go_on(one.run, app.alarms))
            for one in (app.bulletin, app.monitor)
            if one
        ),
        asyncio.create_task(stop.wait()),
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        app.clock.stop()
        app.server.should_exit = True
        await asyncio.wait([serving], timeout=5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def first_contact(telegram: Telegram | None) -> None:
    """Ask whether the token is good, before anything is served; silence is no answer.

    Raises Failed(TOKEN).
    """
    if telegram is not None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_CONTACT_S):
                await telegram.start()


async def listen(
    telegram: Telegram, inbox: Inbox, alarms: Alarms, hook: Hook | None = None
) -> NoReturn:
    """Take in what comes from Telegram, for ever: asked for, or brought to `hook`.

    A token that is refused later takes only this door out of service: the others stay open.
    """
    while True:
        try:
            await telegram.start()
            await telegram.offer(MENU)
            await (telegram.poll(inbox) if hook is None else hook.watch())
        except Failed:
            alarms("token-refused")
        while telegram.refused:
            await asyncio.sleep(ASK_AGAIN_S)
            with suppress(Failed):
                await telegram.start()
