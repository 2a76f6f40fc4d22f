"""One installation through all its lives on a virtual clock, put together by the product's wiring.

Real: door, poller, parser, inbox, database, outbox, clock's jobs, pages. In the place of others:
the time, chance, the transport, the decoder of pictures, the second road.
"""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from apscheduler.triggers.cron import CronTrigger

import bot.app
import bot.channels.desk
import bot.channels.telegram.door
import bot.group
import bot.health
import bot.house
import bot.rehearsal
import bot.sender
import bot.web.events
import bot.wiring
from bot import config
from bot import house as houses
from bot.app import App
from bot.disk import Disk, Space
from handlers.events import Address
from handlers.view import House, Officer, Role
from handlers.ward import Ward
from storage import deadlines, invites, lanes, officers, opening, people
from storage.invites import Invite, Opens
from storage.seal import RootKey
from storage.tx import Tx
from tests.bot.process import GROUP
from tests.bot.wards import KEY, write_ward
from tests.fakes.telegram import BOT_ID, TOKEN
from tests.programme.virtual import DeadError, Fate, Inline, InlineDatabase
from tests.programme.wire import Line, Platform, Weather, Wire
from tests.world import BEGIN, SeededDice

LEAD, OFFICERS, SCHOOL, INDEPENDENT = 1001, (1002, 1003), 1004, 1005
ROSTER = {
    LEAD: Officer("lead", "Cô Hạ", Role.LEAD),
    OFFICERS[0]: Officer("mai", "Cô Mai", Role.OFFICER),
    OFFICERS[1]: Officer("nam", "Chú Nam", Role.OFFICER, called="chú"),
    SCHOOL: Officer("thu", "Cô Thu", Role.OFFICER, school=True),
    INDEPENDENT: Officer("lan", "Cô Lan", Role.INDEPENDENT),
}
CLERK = "mai"
"""Who also sits at the desk."""
PATIENCE_S = 3600.0
"""The sender looks by itself so seldom here: the timekeeper calls it in the second it is due."""
SELDOM_S = 60
"""What looks around more often than this looks so often here, unless the town is idler still."""
ROOT = RootKey(bytes(range(32)))


class Scheduler:
    """What the product uses of apscheduler, in virtual time: late calls once, none doubled."""

    def __init__(self, town: "Town") -> None:
        self.town = town
        self.jobs: list[tuple[Callable[[], Any], Callable[[], Awaitable[None]]]] = []
        self.listeners: list[Callable[[Any], None]] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.running = False

    def add_job(self, job: Callable[[], Any], trigger: str = "interval", **when: Any) -> None:
        when = {name: value for name, value in when.items() if name in UNITS}
        if trigger == "cron":
            self.jobs.append(
                (job, partial(self.town.until_wall, CronTrigger(**when, timezone=ZONE)))
            )
            return
        seconds = sum(value * UNITS[name] for name, value in when.items())
        if seconds <= 1:  # it looks for rows that are due: called in the second one is
            self.jobs.append((job, self.town.until_due))
        else:
            self.jobs.append((job, partial(asyncio.sleep, max(seconds, self.town.seldom))))

    def add_listener(self, listener: Callable[[Any], None], mask: int = 0) -> None:
        del mask
        self.listeners.append(listener)

    def start(self) -> None:
        self.running = True
        self.tasks = [asyncio.create_task(self.repeat(*job)) for job in self.jobs]

    def shutdown(self, wait: bool = False) -> None:
        del wait
        self.running = False
        for task in self.tasks:
            task.cancel()

    async def repeat(self, job: Callable[[], Any], wait: Callable[[], Awaitable[None]]) -> None:
        while True:
            await wait()
            try:
                await job()
            except Exception as fault:
                for listener in self.listeners:
                    listener(Failure(fault))


ZONE = "Asia/Ho_Chi_Minh"
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "hour": 0, "minute": 0}


@dataclass(frozen=True)
class Failure:
    """A job's end, as the scheduler tells it."""

    exception: BaseException


@dataclass
class Town:
    """The installation, the platform it talks to, and everything that outlives a process."""

    path: Path
    seed: int
    platform: Platform
    weather: Weather
    dice: random.Random
    skew: timedelta = timedelta()
    seldom: float = SELDOM_S
    rarer_tries: bool = False
    """Whether what does not get through is tried as seldom: a day's outage costs less, and what
    must be told soon afterwards is told later than by the product's own back-off."""
    deadly: bool = False
    """Whether people's acts may kill the process."""
    lives: int = 0
    app: App | None = None
    fate: Fate = field(default_factory=Fate)
    rings: list[tuple[str, str]] = field(default_factory=list)
    alarms: list[tuple[datetime, str]] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    """Faults of ours that nobody would have heard of."""
    pages: list[str] = field(default_factory=list)
    counts: list[tuple[tuple[str, int], ...]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    died: asyncio.Event = field(default_factory=asyncio.Event)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    outside: set[asyncio.Task[Any]] = field(default_factory=set)
    started: list[float] = field(default_factory=list)

    # time

    @property
    def elapsed(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        """Our own clock: it may be wrong."""
        return BEGIN + timedelta(seconds=self.elapsed) + self.skew

    def set_clock(self, skew: timedelta) -> None:
        """Set our clock wrong, or right again; whoever waits for a moment looks anew."""
        self.skew = skew
        self.changed.set()

    async def until_wall(self, trigger: CronTrigger) -> None:
        """Sleep until our clock shows a moment of the calendar."""
        then = trigger.get_next_fire_time(None, self.now() + timedelta(seconds=1))
        await asyncio.sleep(max(1.0, (then - self.now()).total_seconds()))

    async def until_due(self) -> None:
        """Sleep until a waiting row is due; at least a second."""
        await asyncio.sleep(1)
        while (due := self.peek(deadlines.next_due)) is None or due > self.now():
            await self.change(None if due is None else due - self.now())

    async def change(self, within: timedelta | None) -> None:
        """Wait for a transaction or a set clock, at most so long."""
        self.changed.clear()
        seconds = self.seldom if within is None else min(self.seldom, within.total_seconds())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.changed.wait()

    async def keep_nudging(self, app: App) -> None:
        """Call the sender in each second in which something is due: as its own looking would."""
        while True:
            due = self.peek(lanes.next_due)
            if due is not None and due <= self.now():
                app.sender.wake()
                await asyncio.sleep(1)
            else:
                await self.change(None if due is None else due - self.now())

    # life and death

    async def start(self, *, dies_after: int = 0) -> App:
        """Start the process; it dies at the given step, counted in database and network calls."""
        self.lives += 1
        self.died.clear()
        fate = self.fate = Fate(dies_after)
        fate.died = self.died.set
        Inline.fate = fate
        Wire.line = Line(self.platform, self.weather, fate)
        dice = SeededDice(self.seed * 1000 + self.lives)
        InlineDatabase.written = staticmethod(self.changed.set)  # type: ignore[assignment]
        self.stack = AsyncExitStack()
        swap = self.stack.enter_context(pytest.MonkeyPatch.context())
        self.replace(swap, dice)
        with suppress(DeadError):
            app = await self.stack.enter_async_context(
                bot.wiring.assemble(self.settings, self.ward, ROOT)
            )
            app.clock.scheduler = Scheduler(self)  # type: ignore[assignment]
            self.listen_to(app)
            self.app = app
            if self.lives == 1:
                await app.db.write(self.settle)
            self.begin(app)
        self.started.append(self.elapsed)
        self.up.set()
        return self.running

    @property
    def running(self) -> App:
        assert self.app is not None
        return self.app

    def replace(self, swap: pytest.MonkeyPatch, dice: SeededDice) -> None:
        """Put ours in the place of time, chance, network, decoder and second road."""

        class Seeded(InlineDatabase):
            @classmethod
            async def open(cls, *args: Any, **options: Any) -> Any:
                return await super().open(*args, **(options | {"new_id": dice.id}))

        async def clean(data: bytes) -> bytes:
            return data

        async def ring(http: object, url: str, code: str, priority: str) -> None:
            del http, url
            self.rings.append((code, priority))

        for name, ours in {
            "now": self.now,
            "Database": Seeded,
            "SecureDice": lambda: dice,
            "jitter": dice.chance.random,
            "clean_picture": clean,
            "clean_voice": clean,
            "call_hook": ring,
        }.items():
            swap.setattr(bot.wiring, name, ours)
        swap.setattr(bot.channels.telegram.door, "Carrier", Wire)
        swap.setattr(bot.web.events, "fresh", lambda: f"{dice.bits(128):032x}")
        swap.setattr(bot.sender, "PATIENCE", PATIENCE_S)
        if self.rarer_tries:
            swap.setattr(bot.sender, "BACK_OFF", (*bot.sender.BACK_OFF, self.seldom))
        swap.setattr(bot.health, "LOOK_EVERY_S", self.seldom)
        swap.setattr(bot.house, "build", build_once)
        swap.setattr(bot.group, "LOOK_EVERY_S", self.seldom)
        swap.setattr(bot.group, "AGAIN_S", self.seldom)
        swap.setattr(bot.rehearsal, "EVERY_S", max(bot.rehearsal.EVERY_S, 12 * self.seldom))
        swap.setattr(bot.wiring, "Disk", partial(Disk, ballast_bytes=1024, measure=roomy))
        for module in (bot.channels.desk, bot.rehearsal):
            swap.setattr(module, "secrets", Secrets(dice))

    def listen_to(self, app: App) -> None:
        """Remember every alarm with its moment."""
        raise_ = app.alarms.counts

        class Heard(type(raise_)):  # type: ignore[misc]
            def __setitem__(inner, event: str, count: int) -> None:
                self.alarms.append((BEGIN + timedelta(seconds=self.elapsed), event))
                super().__setitem__(event, count)

        app.alarms.counts = Heard()

    def begin(self, app: App) -> None:
        """Start what the product's own `run` starts, without signals and sockets."""
        assert app.telegram is not None
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, what: self.hear(what))
        self.main = [
            asyncio.create_task(bot.app.listen(app.telegram, app.inbox, app.alarms, app.hook)),
            asyncio.create_task(app.sender.run()),
            asyncio.create_task(bot.app.keep_time(app)),
            asyncio.create_task(app.health.watch()),
            asyncio.create_task(self.keep_nudging(app)),
            *(asyncio.create_task(one.watch()) for one in (app.group, app.rehearsal) if one),
        ]
        for task in self.main:
            task.add_done_callback(self.ended)

    def hear(self, what: dict[str, Any]) -> None:
        fault = what.get("exception")
        if not isinstance(fault, DeadError):
            self.unsaid.append(f"{what.get('message')}: {fault!r}")

    def ended(self, task: asyncio.Task[Any]) -> None:
        """A task that must not end has ended: by its death, or by a fault of ours."""
        if task.cancelled() or self.fate.dead:
            return
        self.unsaid.append(f"a task has ended: {task.exception()!r}")

    async def end(self) -> None:
        """Clear away what is left of a process, dead or alive."""
        self.up.clear()
        inside = asyncio.all_tasks() - self.outside - {asyncio.current_task()}
        for task in inside:
            task.cancel()
        await asyncio.gather(*inside, return_exceptions=True)
        with suppress(DeadError):
            await self.stack.aclose()
        self.app = None

    async def crash(self) -> None:
        """Kill the process where it stands."""
        self.fate.die()
        await self.end()

    async def restart(self, *, away: float = 3.0, dies_after: int = 0) -> App:
        """End what runs without warning, and start it again."""
        await self.crash()
        await asyncio.sleep(away)
        return await self.start(dies_after=dies_after)

    # who is there

    def prepare(self) -> None:
        """Write the ward's files and make the chats."""
        write_ward(self.path)
        self.settings = config.read(
            {
                "SECRET_KEY_FILE": KEY,
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "OFFICER_CHAT": f"telegram:{GROUP}",
                "ALERT_HOOK": "http://127.0.0.1:9/ring",
            },
            self.path,
        )
        self.ward = houses.read_ward(self.settings.ward_file)
        self.platform.group(GROUP, admins=[LEAD], members=[*OFFICERS, SCHOOL])

    def settle(self, tx: Tx) -> None:
        """Open the ward, and put everybody on the roster, with their chats."""
        opening.open_ward(tx, self.ward.id, tx.now)
        for peer, officer in ROSTER.items():
            officers.add(tx, officer, self.ward.id, tx.now)
            known = people.meet(tx, Address("telegram", str(BOT_ID), str(peer)))
            people.bind(tx, known.person.id, officer.id)
            self.platform.person(peer)
            self.platform.world.chats[peer].started = True

    async def desk_link(self, officer: str) -> str:
        """Make a one-time link to the desk."""
        token = f"{self.dice.getrandbits(128):032x}"

        def make(tx: Tx) -> None:
            invites.make(tx, token, Invite(Opens.DESK, officer), tx.now + timedelta(hours=1))

        await self.running.db.write(make)
        return token

    def browser(self) -> httpx.AsyncClient:
        """A client of this life's pages."""
        transport = httpx.ASGITransport(self.running.server.config.app)  # type: ignore[arg-type]
        return httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8111", trust_env=False
        )

    # looking

    def peek(self, fn: Callable[[Tx], Any]) -> Any:
        """Look at what is committed."""
        return self.running.db.peek(fn)  # type: ignore[attr-defined]

    def count(self) -> None:
        """Note how many rows every table has."""
        self.counts.append(self.peek(rows))

    def trace(self) -> str:
        """Everything that was sent, shown and counted, as one fingerprint."""
        mark = hashlib.sha256()
        for call in self.platform.sent:
            shown = call.message
            said = (call.text, shown.labels) if shown else ()
            mark.update(repr((round(call.at, 3), call.method, call.chat_id, said)).encode())
        mark.update(repr((self.pages, self.counts, self.rings, self.alarms)).encode())
        return mark.hexdigest()

    def alarmed(self, since: datetime, until: datetime) -> list[str]:
        """The alarms of a while, by the true time."""
        return [event for at, event in self.alarms if since <= at <= until]


_built: dict[str, House] = {}
_build = bot.house.build


def build_once(ward: Ward, **options: bool) -> House:
    """Read the texts and rules once: they never change, and a restart is no reason."""
    key = repr((ward, options))
    if key not in _built:
        _built[key] = _build(ward, **options)
    return _built[key]


def roomy(folder: Path) -> Space:
    """A disk with room enough."""
    del folder
    return Space(100, 50)


class Secrets:
    """The system's chance, from our dice."""

    def __init__(self, dice: SeededDice) -> None:
        self.dice = dice

    def token_urlsafe(self, size: int) -> str:
        return f"{self.dice.bits(size * 6):x}"

    def token_hex(self, size: int) -> str:
        return f"{self.dice.bits(size * 8):0{size * 2}x}"


def rows(tx: Tx) -> tuple[tuple[str, int], ...]:
    """How many rows each table has."""
    tables = [row["name"] for row in tx.all("select name from sqlite_master where type = 'table'")]
    return tuple(
        (name, tx.one(f"select count(*) as n from {name}")["n"])  # type: ignore[index]
        for name in sorted(tables)
    )


@asynccontextmanager
async def town(
    path: Path, seed: int, *, flood: bool = True, seldom: float = SELDOM_S
) -> AsyncIterator[Town]:
    """A town before its first start; whatever runs at the end is ended."""
    dice = random.Random(seed)
    loop = asyncio.get_running_loop()
    platform = Platform(lambda: BEGIN.timestamp() + loop.time(), flood=flood)
    made = Town(path, seed, platform, Weather(random.Random(seed + 1)), dice)
    made.seldom = platform.longest = seldom
    path.chmod(0o700)
    made.prepare()
    me = asyncio.current_task()
    assert me is not None
    made.outside.add(me)
    try:
        yield made
    finally:
        if made.app is not None:
            await made.crash()
