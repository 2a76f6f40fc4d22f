"""How the program is, for a monitor: numbers and words of our own, nothing about anybody.

It looks by itself, every few seconds; whoever asks gets what was seen last and costs nothing.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NoReturn

from bot import metrics
from bot.alarms import Alarms
from bot.channels.telegram import Telegram
from bot.disk import Disk, State
from bot.mailbox import Mailbox
from bot.metrics import Family, gauge
from bot.rehearsal import Rehearsal
from storage import pulse
from storage.db import Database
from storage.pulse import Pulse

OUT_OF_REACH = timedelta(minutes=10)
LOOK_EVERY_S = 10
UNSENT_FOR = timedelta(minutes=2)
UNCLAIMED_FOR = timedelta(minutes=15)
UNWATCHED_FOR = timedelta(seconds=60)
SLOWEST_WRITE_S = 5.0
UNSERVED = frozenset(
    {
        "database",
        "disk",
        "group",
        "poller",
        "rehearsal",
        "telegram",
        "unclaimed",
        "unsent",
        "webhook",
    }
)
"""Problems with which people are not served now: then the monitor elsewhere hears nothing."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen at the last look; `pulse` None: the database did not answer in time."""

    at: datetime
    pulse: Pulse | None
    write_s: float


class Health:
    """Looks at the parts; it is asked by /healthz and /metrics on loopback only."""

    def __init__(
        self,
        *,
        db: Database,
        ward: str,
        alarms: Alarms,
        telegram: Telegram | None,
        mailbox: Mailbox,
        now: Callable[[], datetime],
        parts: Mapping[str, Callable[[], bool]] = MappingProxyType({}),
        copied: Callable[[], datetime | None] = lambda: None,
        disk: Disk | None = None,
        rehearsal: Rehearsal | None = None,
    ) -> None:
        """`mailbox` knows when a desk last looked. `parts`: others that say if they are unwell.

        `copied`: when the newest good backup was made, as far as is known.
        """
        self.db = db
        self.ward = ward
        self.alarms = alarms
        self.telegram = telegram
        self.mailbox = mailbox
        self.now = now
        self.parts = parts
        self.copied = copied
        self.disk = disk
        self.rehearsal = rehearsal
        self.pings: Counter[str] = Counter()
        """Calls to a monitor elsewhere, by what became of them."""
        self.began = now()
        self.seen = Seen(self.began, None, 0.0)

    async def watch(self) -> NoReturn:
        """Look again and again. A database in trouble ends the process here as everywhere."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Write a mark, and read what is waiting; a database that hangs is given up on."""
        clock = asyncio.get_running_loop().time
        began = clock()
        if self.disk is not None:
            self.disk.look()
        try:
            async with asyncio.timeout(SLOWEST_WRITE_S):
                await self.db.write(lambda tx: pulse.beat(tx, self.now()))
                seen = await self.db.read(lambda tx: pulse.read(tx, self.ward, self.now()))
        except TimeoutError:
            self.seen = Seen(self.now(), None, clock() - began)
        else:
            self.seen = Seen(self.now(), seen, clock() - began)

    def problems(self) -> tuple[str, ...]:
        """Name everything that is unwell."""
        found = {
            "telegram": self.telegram_state() in {"refused", "unreachable"},
            "database": self.seen.pulse is None,
            "desk": self.unwatched(),
            "rehearsal": self.rehearsal is not None and self.rehearsal.is_red(),
            "disk": self.disk is not None and self.disk.state is State.FULL,
            **{name: part() for name, part in self.parts.items()},
        }
        pulse, now = self.seen.pulse, self.now()
        if pulse is not None:
            found |= {
                "unsent": older(pulse.unsent, now, UNSENT_FOR),
                "unclaimed": older(pulse.unclaimed, now, UNCLAIMED_FOR),
                "dead": bool(pulse.dead),
                "letters": bool(pulse.letters),
                "restore-held": pulse.held,
            }
        return tuple(name for name, unwell in found.items() if unwell)

    def telegram_state(self) -> str:
        """Say how the door to Telegram is."""
        if self.telegram is None:
            return "off"
        if self.telegram.refused:
            return "refused"
        reached = self.telegram.reached or self.began
        return "ok" if self.now() - reached < OUT_OF_REACH else "unreachable"

    def unwatched(self) -> bool:
        """Tell whether a ward without a group has no desk that looks either."""
        looked = self.mailbox.watched or self.began
        group = self.seen.pulse is not None and self.seen.pulse.group
        return not group and self.now() - looked > UNWATCHED_FOR

    def serving(self) -> bool:
        """Tell whether people are served, as far as this machine can know."""
        return UNSERVED.isdisjoint(self.problems())

    def ages(self) -> dict[str, int | None]:
        """Give how many seconds ago things began or were last seen; None: there is no such thing."""
        pulse = self.seen.pulse
        moments = {
            "desk": self.mailbox.watched,
            "backup": self.copied(),
            "unsent": None if pulse is None else pulse.unsent,
            "unclaimed": None if pulse is None else pulse.unclaimed,
            "waiting": None if pulse is None else pulse.waiting,
        }
        now = self.now()
        return {
            name: None if moment is None else max(0, int((now - moment).total_seconds()))
            for name, moment in moments.items()
        }

    def report(self) -> dict[str, object]:
        """Give the state; `ok` False is unwell, `problems` says why."""
        problems, pulse = self.problems(), self.seen.pulse
        used = None if self.disk is None else round(self.disk.space.used * 100)
        return {
            "ok": not problems,
            "problems": problems,
            "serving": self.serving(),
            "telegram": self.telegram_state(),
            **{f"{name}_seconds": seconds for name, seconds in self.ages().items()},
            "rehearsal": None if self.rehearsal is None else self.rehearsal.report(),
            "dead": 0 if pulse is None else pulse.dead,
            "letters": 0 if pulse is None else pulse.letters,
            "disk_used_percent": used,
            "write_ms": int(self.seen.write_s * 1000),
            "alarms": sum(self.alarms.counts.values()),
            "alarms_by_name": dict(sorted(self.alarms.counts.items())),
        }

    def metrics(self) -> str:
        """Give the same in Prometheus' text form."""
        return metrics.draw((*self.state(), *self.amounts(), *self.counters()))

    def state(self) -> Iterator[Family]:
        """Give what is well or unwell."""
        problems = self.problems()
        unwell: dict[str, float] = dict.fromkeys(problems, 1)
        yield gauge("up", "1 while nothing needs a person.", int(not problems))
        yield gauge("serving", "1 while people are served.", int(self.serving()))
        yield Family("problem", "gauge", "1 for each problem there is; docs name them.", unwell)

    def amounts(self) -> Iterator[Family]:
        """Give what is measured."""
        pulse = self.seen.pulse
        ages: dict[str, float] = {k: v for k, v in self.ages().items() if v is not None}
        dead = None if pulse is None else pulse.dead
        letters = None if pulse is None else pulse.letters
        yield Family("age_seconds", "gauge", "How long ago: last seen, made, or waiting.", ages)
        yield gauge("dead", "Alerts given up within seven days.", dead)
        yield gauge("letters", "Messages that failed, kept for rescue by hand.", letters)
        yield gauge("write_seconds", "How long the last small write took.", self.seen.write_s)
        if self.rehearsal is not None:
            yield from self.rehearsal.families()
        if self.disk is not None and self.disk.space.total:
            space = self.disk.space
            bytes_: dict[str, float] = {"free": space.free, "total": space.total}
            yield Family("disk_bytes", "gauge", "The disk under the data.", bytes_)

    def counters(self) -> Iterator[Family]:
        """Give what was counted since the start."""
        told: dict[str, float] = dict(self.alarms.counts)
        yield Family("alarms_total", "counter", "Alarms raised, by name.", told, "event")
        pings: dict[str, float] = dict(self.pings)
        yield Family("pings_total", "counter", "Calls to the monitor elsewhere.", pings, "result")
        if self.telegram is not None:
            came: dict[str, float] = dict(self.telegram.counts)
            yield Family("updates_total", "counter", "What Telegram brought.", came, "kind")


def older(since: datetime | None, now: datetime, limit: timedelta) -> bool:
    """Tell whether something has been waiting for too long."""
    return since is not None and now - since > limit
