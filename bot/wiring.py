"""Wiring: settings → database, channels, sender, clock, watchers, put together once. It decides nothing."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic

import aiohttp
import uvicorn

from bot import backups, rehearsal
from bot import house as houses
from bot.alarms import Alarms
from bot.app import App, Server, now
from bot.bulletin import Bulletin
from bot.channels import desk as desk_channel
from bot.channels import web as web_channel
from bot.channels.channel import Caps, Channel, Failed, Hopeless, Topics, Unsent
from bot.channels.telegram import Hook, Telegram
from bot.clock import Clock
from bot.config import Settings
from bot.dice import SecureDice, jitter
from bot.disk import Disk
from bot.group import Group
from bot.health import Health
from bot.inbox import Inbox, Member
from bot.mail import Mail
from bot.mailbox import Mailbox
from bot.monitor import Monitor
from bot.pace import Pace
from bot.pictures import clean_picture, clean_voice
from bot.rehearsal import HiddenPlace, Rehearsal
from bot.render import Renderer
from bot.roads import Roads
from bot.sender import Sender
from bot.web.patience import Impatient, raise_limit
from bot.web.server import build
from handlers.events import Address, MediaKind
from handlers.view import House
from handlers.ward import Ward
from storage import archive, places, shows, topics
from storage.committee import Public
from storage.db import Database
from storage.origins import ORIGINS, REHEARSAL
from storage.rootkey import RootKey
from storage.seal import Seal
from storage.tx import Tx

HOOK_TIMEOUT_S = 10
WRONG_CALL = frozenset({400, 405, 410, 413, 415, 422})
"""Statuses of a road that no waiting will change."""
GROUP = "group"


def caps(telegram: Telegram | None) -> dict[str, Caps]:
    """Give what each channel can do; the officers' group is a Telegram chat."""
    known = {web_channel.NAME: web_channel.CAPS, desk_channel.NAME: desk_channel.CAPS}
    there = Telegram.caps if telegram is None else telegram.caps
    nobody = dict.fromkeys(ORIGINS, rehearsal.CAPS)
    return {**known, **nobody, Telegram.name: there, GROUP: there}


@asynccontextmanager
async def assemble(
    settings: Settings, ward: Ward, root: RootKey, committee: Public | None = None
) -> AsyncIterator[App]:
    """Build the whole program around an open database, and close it again.

    `committee`: to whose offline key every case key is sealed as well.
    """
    # A disk that is full opens no database: the ballast goes first.
    Disk(settings.database.parent, full=lambda: None, ballast=False).look()
    seal = Seal(root, committee)
    house = houses.build(ward, trial=settings.trial, group_shows_words=settings.group_shows_words)
    async with (
        await Database.open(settings.database, seal, clock=now) as db,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=HOOK_TIMEOUT_S)) as http,
    ):
        await wrap_again(db)
        telegram = await open_telegram(settings, db, ward)
        try:
            yield wire(settings, house, db, seal, telegram, http, root)
        finally:
            if telegram is not None:
                await telegram.close()


async def wrap_again(db: Database) -> None:
    """Seal to the committee's key what is from before there was one, or from under another."""
    after: str | None = ""
    while after is not None:
        after = await db.write(partial(archive.wrap_again, after=after))


async def open_telegram(settings: Settings, db: Database, ward: Ward) -> Telegram | None:
    """Make the Telegram door, when there is a token, and write down where the group is."""
    if not settings.telegram_token:
        await db.write(lambda tx: places.drop(tx, ward.id, GROUP))
        return None

    async def moved(old: Address, new: Address) -> None:
        del old

        def move(tx: Tx) -> None:
            places.move(tx, ward.id, GROUP, new)
            shows.reopen(tx, ward.id)  # the buttons of the old cards lead nowhere any more

        await db.write(move)

    async def made(topic: str, title: str) -> None:
        await db.write(lambda tx: topics.heard(tx, ward.id, GROUP, topic, title))

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
        on_topic=made,
        jitter=jitter,
    )


def wire(
    settings: Settings,
    house: House,
    db: Database,
    seal: Seal,
    telegram: Telegram | None,
    http: aiohttp.ClientSession,
    root: RootKey,
) -> App:
    """Connect the parts."""
    alarms = Alarms()
    render = Renderer(house, caps(telegram))
    channels: Mapping[str, Channel] = {} if telegram is None else {Telegram.name: telegram}
    nowhere = {name: HiddenPlace(name) for name in ORIGINS}
    forums: Mapping[str, Topics] = {} if telegram is None else {Telegram.name: telegram.topics}

    mailbox = Mailbox(db=db, house=house, render=render, now=now)

    roads = open_roads(settings, alarms, mailbox, http)
    disk = Disk(
        settings.database.parent,
        full=lambda: alarms("disk-full"),
        ballast=not settings.trial,
    )
    sender = Sender(
        db=db,
        channels={**channels, **nowhere},
        house=house,
        alarms=alarms,
        now=now,
        ring=roads.ring,
        write=roads.write,
        room=disk.room,
        clean={MediaKind.PICTURE: clean_picture, MediaKind.VOICE: clean_voice},
        paces={name: Pace() for name in channels},
        topics=forums,
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
        room=disk.room,
    )
    rehearsing = Rehearsal(
        db=db,
        inbox=inbox,
        house=house,
        place=nowhere[REHEARSAL],
        alarms=alarms,
        now=now,
    )
    copying = backups.Backups(
        db=db,
        job=lambda: backups.job(settings, root),
        database=settings.database,
        folder=settings.backup_dir,
        alarms=alarms,
        now=now,
    )
    copying.tidy()
    clock = Clock(
        others=(
            (copying.look, backups.LOOK_EVERY_S),
            (copying.write_down, backups.WRITE_DOWN_EVERY_S),
        ),
        db=db,
        tick=inbox.tick,
        channels={**channels, **nowhere},
        alarms=alarms,
        now=now,
        house=house,
        topics=forums,
    )
    group = hook = None
    if telegram is not None:
        telegram.alarms = alarms
        group = watch_group(telegram, alarms, sender, house.ward.id)
        if settings.webhook_url:
            hook = telegram.hook(inbox, settings.webhook_url, settings.webhook_secret)
    health = Health(
        db=db,
        ward=house.ward.id,
        alarms=alarms,
        telegram=telegram,
        mailbox=mailbox,
        now=now,
        parts={**unwell(telegram, group, hook), "backup": copying.old},
        rehearsal=rehearsing,
        copied=lambda: copying.newest,
        disk=disk,
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
        hooks=() if hook is None else (hook,),
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
    return App(
        settings,
        house,
        db,
        inbox,
        mailbox,
        sender,
        clock,
        alarms,
        health,
        telegram,
        server,
        group,
        hook,
        rehearsing,
        write_bulletins(roads, alarms),
        watch_over(settings, health, http),
    )


def open_roads(
    settings: Settings, alarms: Alarms, mailbox: Mailbox, http: aiohttp.ClientSession
) -> Roads:
    """Make the roads that ring, as far as they are set."""

    async def hook(code: str, priority: str) -> None:
        await call_hook(http, settings.alert_hook, code, priority)

    def nobody(priority: str) -> None:
        # In a trial nobody reads, and it says so; a desk that looks on needs no bell.
        if not settings.trial and not mailbox.is_watched():
            alarms("nobody-to-ring", priority)

    mail = None
    if settings.smtp_url:
        mail = Mail(
            settings.smtp_url, settings.alarm_to, failed=lambda why: alarms("mail-failed", why)
        )
    return Roads(hook=hook if settings.alert_hook else None, mail=mail, nobody=nobody)


def write_bulletins(roads: Roads, alarms: Alarms) -> Bulletin | None:
    """Have the alarms written to the operator, when there is a mail server."""
    if roads.mail is None:
        return None
    bulletin = Bulletin(roads.mail, monotonic)
    alarms.hear = bulletin.hear
    return bulletin


def watch_over(settings: Settings, health: Health, http: aiohttp.ClientSession) -> Monitor | None:
    """Call a monitor elsewhere while people are served, when one is set."""
    if not settings.monitor_url:
        return None
    return Monitor(http, settings.monitor_url, health.serving, health.pings)


def unwell(
    telegram: Telegram | None, group: Group | None, hook: Hook | None
) -> dict[str, Callable[[], bool]]:
    """Give what is asked of the door to Telegram, besides whether it answers."""
    parts: dict[str, Callable[[], bool]] = {}
    if telegram is not None:
        parts["poller"] = lambda: telegram.rivals.lasts(now())
    if group is not None:
        parts["group"] = lambda: group.lost
    if hook is not None:
        parts["webhook"] = hook.trouble
    return parts


def watch_group(telegram: Telegram, alarms: Alarms, sender: Sender, ward: str) -> Group | None:
    """Have the officers' group looked at, when there is one."""
    if telegram.group is None:
        return None

    async def found() -> None:
        await sender.reopen(ward)

    return Group(telegram, alarms, lost=sender.lost, found=found)


def membership(telegram: Telegram) -> Member:
    """Ask Telegram whether somebody is in the officers' group."""

    async def member(sender: Address) -> bool:
        group = telegram.group
        return group is not None and await telegram.is_member(group, sender)

    return member


async def call_hook(http: aiohttp.ClientSession, url: str, code: str, priority: str) -> None:
    """Call the second road: a code and a priority, nothing else.

    Raises Failed when the call itself is called wrong; Unsent for everything else, also a wrong
    password or address: those are mended there or in `.env`, and what waits rings after it.
    """
    try:
        async with http.post(url, json={"code": code, "priority": priority}) as answer:
            if answer.status in WRONG_CALL:
                raise Failed(Hopeless.REFUSED)
            if answer.status >= 400:
                raise Unsent
    except (aiohttp.ClientError, TimeoutError):
        raise Unsent from None
