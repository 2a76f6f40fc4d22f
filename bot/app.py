"""Wiring: settings → database, channels, sender, clock; start and stop. It decides nothing."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

import aiohttp
import uvicorn

from bot import house as houses
from bot.alarms import Alarms
from bot.channels import desk as desk_channel
from bot.channels import web as web_channel
from bot.channels.channel import Caps, Channel, Failed, Hopeless, Unsent
from bot.channels.telegram import Telegram
from bot.clock import Clock
from bot.config import Settings
from bot.dice import SecureDice, jitter
from bot.health import Health
from bot.inbox import Inbox, Member
from bot.mailbox import Mailbox
from bot.pace import Pace
from bot.pictures import clean_picture, clean_voice
from bot.render import Renderer
from bot.sender import Sender
from bot.web.patience import Impatient, raise_limit
from bot.web.server import build
from handlers.events import Address, MediaKind
from handlers.view import House
from handlers.ward import Ward
from storage import places
from storage.db import Database
from storage.rootkey import RootKey
from storage.seal import Seal

_log = logging.getLogger("bot.app")

HOOK_TIMEOUT_S = 10
CATCH_UP_S = 20
"""How long the clock waits for the platform at the start."""
FIRST_CONTACT_S = 4
"""How long the pages wait at the start to hear whether the platform takes the token at all."""
ASK_AGAIN_S = 60
"""How often a platform that refused the token is asked again."""
GROUP = "group"
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


def caps(telegram: Telegram | None) -> dict[str, Caps]:
    """Give what each channel can do; the officers' group is a Telegram chat."""
    known = {web_channel.NAME: web_channel.CAPS, desk_channel.NAME: desk_channel.CAPS}
    there = Telegram.caps if telegram is None else telegram.caps
    return {**known, Telegram.name: there, GROUP: there}


@asynccontextmanager
async def assemble(settings: Settings, ward: Ward, root: RootKey) -> AsyncIterator[App]:
    """Build the whole program around an open database, and close it again."""
    seal = Seal(root)
    house = houses.build(ward, trial=settings.trial, group_shows_words=settings.group_shows_words)
    async with (
        await Database.open(settings.database, seal, clock=now) as db,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=HOOK_TIMEOUT_S)) as http,
    ):
        telegram = await open_telegram(settings, db, ward)
        try:
            yield wire(settings, house, db, seal, telegram, http)
        finally:
            if telegram is not None:
                await telegram.close()


async def open_telegram(settings: Settings, db: Database, ward: Ward) -> Telegram | None:
    """Make the Telegram door, when there is a token, and write down where the group is."""
    if not settings.telegram_token:
        await db.write(lambda tx: places.drop(tx, ward.id, GROUP))
        return None

    async def moved(old: Address, new: Address) -> None:
        del old
        await db.write(lambda tx: places.move(tx, ward.id, GROUP, new))

    bot_id = settings.telegram_token.partition(":")[0]
    group = None
    if settings.group is not None:
        set_to = Address(Telegram.name, bot_id, settings.group.peer)
        group = await db.write(lambda tx: places.configure(tx, ward.id, GROUP, set_to))
    else:
        await db.write(lambda tx: places.drop(tx, ward.id, GROUP))
    return Telegram(
        settings.telegram_token,
        now=now,
        api_url=settings.telegram_api,
        proxy=settings.telegram_proxy or None,
        group=group,
        on_migrate=moved,
        jitter=jitter,
    )


def wire(
    settings: Settings,
    house: House,
    db: Database,
    seal: Seal,
    telegram: Telegram | None,
    http: aiohttp.ClientSession,
) -> App:
    """Connect the parts."""
    alarms = Alarms()
    render = Renderer(house, caps(telegram))
    channels: Mapping[str, Channel] = {} if telegram is None else {Telegram.name: telegram}

    mailbox = Mailbox(db=db, house=house, render=render, now=now)

    async def ring(code: str, priority: str) -> None:
        if not settings.alert_hook:
            # In a trial nobody reads, and it says so; a desk that looks on needs no bell.
            if not settings.trial and not mailbox.is_watched():
                alarms("nobody-to-ring", priority)
            return
        await call_hook(http, settings.alert_hook, code, priority)

    sender = Sender(
        db=db,
        channels=channels,
        house=house,
        alarms=alarms,
        now=now,
        ring=ring,
        clean={MediaKind.PICTURE: clean_picture, MediaKind.VOICE: clean_voice},
        paces={name: Pace() for name in channels},
    )
    inbox = Inbox(
        db=db,
        house=house,
        dice=SecureDice(),
        render=render,
        alarms=alarms,
        now=now,
        member=None if telegram is None or telegram.group is None else membership(telegram),
        committed=sender.wake,
    )
    clock = Clock(
        db=db,
        tick=inbox.tick,
        channels=channels,
        alarms=alarms,
        now=now,
        house=house,
    )
    health = Health(
        db=db, ward=house.ward.id, alarms=alarms, telegram=telegram, mailbox=mailbox, now=now
    )
    web = build(
        inbox=inbox,
        mailbox=mailbox,
        ward=house.ward,
        seed=seal.token_index("web pages"),
        public_url=settings.public_url,
        trial=settings.trial,
        health=health.report,
        metrics=health.metrics,
        now=now,
        clean_picture=clean_picture,
        fault=alarms,
    )
    server = Server(
        uvicorn.Config(
            web,
            http=Impatient,
            host=settings.host,
            port=settings.port,
            access_log=False,
            server_header=False,
            date_header=False,
            log_config=None,
            lifespan="off",
            timeout_graceful_shutdown=3,
            limit_concurrency=raise_limit(),
        )
    )
    return App(settings, house, db, inbox, mailbox, sender, clock, alarms, health, telegram, server)


def membership(telegram: Telegram) -> Member:
    """Ask Telegram whether somebody is in the officers' group."""

    async def member(sender: Address) -> bool:
        group = telegram.group
        return group is not None and await telegram.is_member(group, sender)

    return member


async def call_hook(http: aiohttp.ClientSession, url: str, code: str, priority: str) -> None:
    """Call the second road: a code and a priority, nothing else.

    Raises Unsent when the call did not surely arrive, Failed when it was refused.
    """
    try:
        async with http.post(url, json={"code": code, "priority": priority}) as answer:
            if answer.status >= 500 or answer.status == 429:
                raise Unsent
            if answer.status >= 400:
                raise Failed(Hopeless.REFUSED)
    except (aiohttp.ClientError, TimeoutError):
        raise Unsent from None


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
        tasks.append(asyncio.create_task(listen(app.telegram, app.inbox, app.alarms)))
    tasks += [
        asyncio.create_task(app.sender.run()),
        asyncio.create_task(keep_time(app)),
        asyncio.create_task(app.health.watch()),
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


async def listen(telegram: Telegram, inbox: Inbox, alarms: Alarms) -> NoReturn:
    """Take in what comes from Telegram, for ever.

    A token that is refused later takes only this door out of service: the others stay open.
    """
    while True:
        try:
            await telegram.start()
            await telegram.offer(MENU)
            await telegram.poll(inbox)
        except Failed:
            alarms("token-refused")
        while telegram.refused:
            await asyncio.sleep(ASK_AGAIN_S)
            with suppress(Failed):
                await telegram.start()
