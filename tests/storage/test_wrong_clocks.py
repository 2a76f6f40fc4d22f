"""Clocks that are wrong, step back, or stand on a month's end: nothing goes early, nothing is missed.

A machine sweeps twice a day by its own clock for a hundred days of true time. What is on it may go
early by no more than the clock was ahead, and is gone in the end; after a jump a clerk looks once.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handlers.cases import Case, Status
from handlers.clocks import local
from handlers.effects import Change, Keep
from handlers.events import Address, Side
from handlers.talk import Talk
from storage import guard, retention
from storage.guard import Held
from storage.retention import Periods
from storage.times import ms
from tests.storage.store import START, Store

DAY = timedelta(days=1)
STEP = timedelta(hours=12)
KEPT = Periods(timedelta(hours=24), 7 * DAY, 30 * DAY, 30 * DAY, 90 * DAY, 24)
CLOSED_ON = (0, 1, 5)
"""Days of true time on which a case is closed."""
CLERK_LOOKS = 95 * DAY
RUNS_FOR = 100

Ahead = Callable[[timedelta], timedelta]
"""How far the machine's clock is ahead of true time, so long after the beginning."""


def steady(hours: float) -> Ahead:
    return lambda _: timedelta(hours=hours)


def from_day(day: int, to_day: int, hours: float) -> Ahead:
    """Wrong between two days, right before and after."""
    return lambda at: timedelta(hours=hours) if day * DAY <= at < to_day * DAY else timedelta(0)


def dead_battery(at: timedelta) -> timedelta:
    """After a power cut on the twentieth day it is 1970 for an hour, then the network mends it."""
    return START.replace(year=1970) - START if at == 20 * DAY else timedelta(0)


CLOCKS: dict[str, Ahead] = {
    "right": steady(0),
    "an hour ahead": steady(1),
    "an hour behind": steady(-1),
    "a day ahead": steady(24),
    "a day behind": steady(-24),
    "an hour ahead for a week": from_day(80, 87, 1),
    "a day ahead for a week": from_day(80, 87, 24),
    "a day behind for a week": from_day(80, 87, -24),
    "a year ahead for a week": from_day(80, 87, 365 * 24),
    "a year behind for a week": from_day(80, 87, -365 * 24),
    "a year ahead for two days": from_day(88, 90, 365 * 24),
    "a dead battery": dead_battery,
    "a wrong time server, then put back by two minutes": from_day(89, 91, 1 / 30),
}
BEGINNINGS = {
    "an ordinary day": START,
    "28/2 to 1/3": datetime(2027, 2, 28, 16, 30, tzinfo=UTC),
    "29/2/2028": datetime(2028, 2, 29, 16, 30, tzinfo=UTC),
    "31/12 to 1/1": datetime(2026, 12, 31, 16, 30, tzinfo=UTC),
    "gone on 29/2/2028": datetime(2027, 12, 1, 0, 0, tzinfo=UTC),
    "gone on 1/3 of a year without": datetime(2026, 12, 1, 0, 0, tzinfo=UTC),
}


@dataclass
class Machine:
    """A database on a machine whose clock shows what it likes."""

    store: Store
    begin: datetime
    ahead: Ahead

    def __post_init__(self) -> None:
        # What power loss leaves is another test's business; flushing would take all the time here.
        self.store.connection.execute("pragma synchronous=OFF")

    def at(self, true: timedelta) -> None:
        self.store.now = self.begin + true + self.ahead(true)

    def close(self, number: int) -> Case:
        """A case that is closed now, by the machine's clock."""
        person = self.store.person(Address("telegram", "bot", f"71{number:08}"))
        case = self.store.opened(person, secret=number)
        done = replace(case, status=Status.CLOSED, closed=self.store.now)
        self.store.apply(Change(done))
        return done

    def sweep(self, *, confirmed: bool = False) -> Held | None:
        with self.store.tx() as tx:
            return retention.sweep(tx, self.store.now, KEPT, confirmed=confirmed).held

    def cases(self) -> set[str]:
        return {row["id"] for row in self.store.rows("select id from cases")}


def run(machine: Machine) -> Iterator[tuple[timedelta, set[str], Held | None]]:
    """Let true time pass; gives what was swept away at each step, and why nothing was."""
    at, number = timedelta(0), 0
    while at <= RUNS_FOR * DAY:
        machine.at(at)
        if at % DAY == timedelta(0) and at // DAY in CLOSED_ON:
            machine.close(number)
            number += 1
        before = machine.cases()
        why = machine.sweep()
        if why is Held.JUMPED and at == CLERK_LOOKS:
            machine.sweep(confirmed=True)
        yield at, before - machine.cases(), why
        at += STEP


def believed(wrong: timedelta) -> timedelta:
    """How much too early something may go: a clock that is further off is not believed at all."""
    return wrong if wrong <= guard.JUMP else timedelta(0)


@pytest.mark.parametrize("clock", CLOCKS)
def test_whatever_the_clock_does_nothing_goes_early_and_nothing_is_missed(
    store: Store, clock: str
) -> None:
    machine = Machine(store, START, CLOCKS[clock])
    swept = list(run(machine))
    gone = [at for at, which, _ in swept for _ in which]
    assert len(gone) == len(CLOSED_ON)
    for closed, went in zip(CLOSED_ON, sorted(gone), strict=True):
        # By the machine's own clock exactly ninety days; a jump of more than two days is not believed.
        ahead = believed(abs(machine.ahead(went)))
        assert went >= (closed + 90) * DAY - ahead
        assert went <= (closed + 90) * DAY + ahead + 7 * DAY + STEP
    jumped = "year" in clock or "battery" in clock
    assert (Held.JUMPED in {why for _, _, why in swept}) is jumped
    # Back within two days it goes on by itself; longer than that somebody must have looked.
    held_at_the_end = swept[-1][2]
    assert held_at_the_end is None


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_over_every_end_of_a_month_ninety_days_are_ninety_days(
    store: Store, beginning: str
) -> None:
    machine = Machine(store, BEGINNINGS[beginning], steady(0))
    gone = [at for at, which, _ in run(machine) for _ in which]
    assert gone == [(day + 90) * DAY for day in CLOSED_ON]


BEGUN_ON = (0, 19.5, 79.5, 86.5, 88.5, 90)
"""Days on which a draft is begun: just before the clocks above go wrong, or come back."""


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_draft_is_never_deleted_before_its_day_is_over(store: Store, clock: str) -> None:
    machine = Machine(store, START, CLOCKS[clock])
    lived, begun, ahead = [], timedelta(0), timedelta(0)
    for step in range(RUNS_FOR * 4):
        at = step * timedelta(hours=6)
        machine.at(at)
        there = bool(store.rows("select 1 from talks"))
        machine.sweep()
        ahead = max(ahead, abs(machine.ahead(at) - machine.ahead(begun)))
        if there and not store.rows("select 1 from talks"):
            lived.append(at - begun)
            assert lived[-1] >= KEPT.drafts - believed(ahead), at
        if at in {day * DAY for day in BEGUN_ON} and not store.rows("select 1 from talks"):
            store.apply(Keep(Talk(store.person(), Side.RESIDENT, flow="report", spoken=store.now)))
            begun, ahead = at, timedelta(0)
    assert lived
    if clock == "right":
        assert lived == [KEPT.drafts + timedelta(hours=6)] * len(BEGUN_ON)


PROGRAM = """
import datetime
from zoneinfo import ZoneInfo
try:
    ZoneInfo("Asia/Ho_Chi_Minh")
except Exception:
    print("no zone")
from handlers.clocks import local
from storage.retention import months_back
from tests.bot.test_clock import clock
from tests.world import open_world
import asyncio, pathlib, sys
moment = datetime.datetime(2026, 2, 28, 17, 0, tzinfo=datetime.UTC)
print(local(moment), months_back(moment, 24).astimezone(datetime.UTC))
async def main():
    async with open_world(pathlib.Path(sys.argv[1])) as world:
        here = clock(world)
        here.start()
        print(len(here.scheduler.get_jobs()) > 2)
        here.stop()
asyncio.run(main())
"""


def test_a_machine_without_the_zones_tables_keeps_the_same_days(tmp_path: Path) -> None:
    """Việt Nam is seven hours ahead all the year: no table is asked."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "tzdata.py").write_text("raise ImportError('no tables here')\n", "utf-8")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    root = Path(__file__).resolve().parents[2]
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home)],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "PYTHONTZPATH": "", "PYTHONPATH": f"{hidden}:{root}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    first = local(datetime(2026, 2, 28, 17, 0, tzinfo=UTC))
    back = datetime(2024, 2, 29, 17, 0, tzinfo=UTC)
    assert told.stdout.split("\n")[:3] == ["no zone", f"{first} {back}", "True"], told.stderr


# a campaign: many cases closed on one day


def test_after_a_campaign_the_clerk_is_asked_once_for_pictures_and_once_for_cases(
    store: Store,
) -> None:
    """Forty cases closed on the thirtieth of June, five in other weeks."""
    machine = Machine(store, datetime(2027, 6, 30, 9, 0, tzinfo=UTC), steady(0))
    machine.at(timedelta(0))
    for number in range(40):
        machine.close(number)
    store.rows("update cases set pictures = 1")
    asked = []
    for day in range(1, 130):
        machine.at(day * DAY)
        if day % 20 == 0:
            machine.close(1000 + day)
        if machine.sweep() is Held.MANY:
            asked.append(day)
            with store.tx() as tx:
                state = retention.state(tx, store.now, KEPT)
            days = [(f"{when:%d/%m}", many) for when, many in state.closed]
            assert days == ([("30/06", 40)] if day >= 90 else [])
            more = True
            while more:
                with store.tx() as tx:
                    more = retention.sweep(tx, store.now, KEPT, confirmed=True).more
    assert asked == [30, 90]
    assert not store.rows("select 1 from cases where closed <= ?", ms(store.now - 90 * DAY))
