"""How the program is, for a monitor: numbers and words of our own, nothing about anybody.

It looks by itself, every few seconds; whoever asks gets what was seen last and costs nothing.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from bot.alarms import Alarms
from bot.channels.telegram import Telegram
from bot.mailbox import Mailbox
from storage import pulse
from storage.db import Database
from storage.pulse import Pulse

OUT_OF_REACH = timedelta(minutes=10)
LOOK_EVERY_S = 10
UNSENT_FOR = timedelta(minutes=2)
UNCLAIMED_FOR = timedelta(minutes=15)
UNWATCHED_FOR = timedelta(seconds=60)
SLOWEST_WRITE_S = 5.0


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
    ) -> None:
        """`mailbox` knows when a desk last looked."""
        self.db = db
        self.ward = ward
        self.alarms = alarms
        self.telegram = telegram
        self.mailbox = mailbox
        self.now = now
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
        }
        pulse, now = self.seen.pulse, self.now()
        if pulse is not None:
            found |= {
                "unsent": older(pulse.unsent, now, UNSENT_FOR),
                "unclaimed": older(pulse.unclaimed, now, UNCLAIMED_FOR),
                "dead": bool(pulse.dead),
                "letters": bool(pulse.letters),
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

    def report(self) -> dict[str, object]:
        """Give the state; `ok` False is unwell, `problems` says why."""
        problems, watched, pulse = self.problems(), self.mailbox.watched, self.seen.pulse
        return {
            "ok": not problems,
            "problems": problems,
            "telegram": self.telegram_state(),
            "desk_seconds": None
            if watched is None
            else int((self.now() - watched).total_seconds()),
            "dead": 0 if pulse is None else pulse.dead,
            "letters": 0 if pulse is None else pulse.letters,
            "write_ms": int(self.seen.write_s * 1000),
            "alarms": sum(self.alarms.counts.values()),
        }

    def metrics(self) -> str:
        """Give the same in Prometheus' text form."""
        problems = self.problems()
        lines = [
            "# TYPE lang_nghe_up gauge",
            f"lang_nghe_up {int(not problems)}",
            "# TYPE lang_nghe_problem gauge",
            *(f'lang_nghe_problem{{name="{name}"}} 1' for name in problems),
            "# TYPE lang_nghe_alarms_total counter",
        ]
        lines += [
            f'lang_nghe_alarms_total{{event="{name}"}} {number}'
            for name, number in sorted(self.alarms.counts.items())
        ]
        if self.telegram is not None:
            lines.append("# TYPE lang_nghe_updates_total counter")
            lines += [
                f'lang_nghe_updates_total{{kind="{name}"}} {number}'
                for name, number in sorted(self.telegram.counts.items())
            ]
        return "\n".join(lines) + "\n"


def older(since: datetime | None, now: datetime, limit: timedelta) -> bool:
    """Tell whether something has been waiting for too long."""
    return since is not None and now - since > limit
