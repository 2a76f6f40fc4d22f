"""The platform stays away for hours while people write at the page and officers work at the desk:
nothing is lost, order is kept, the operator hears of it in time, and all is told soon afterwards.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import bot.channels.telegram.door
import bot.sender
from bot.channels.channel import Undelivered
from bot.channels.telegram.poll import Pace, Source
from handlers.effects import EntryKind
from storage import cases, entries
from storage.tx import Tx
from tests.fakes.telegram import BOT_ID
from tests.programme.people import HOUR, TAG, Clerk, Ledger, Visitor
from tests.programme.test_simulation import all_cases, found
from tests.programme.town import GROUP, ROSTER, Town, town
from tests.programme.virtual import run

MINUTE = 60.0
ALARM_S = 10 * MINUTE
DRAINED_S = 15 * MINUTE
CHILDREN = tuple(range(700_000_601, 700_000_607))
LOST_AFTER_H = 24
"""So long the platform keeps what was written to it (its own documentation)."""


@dataclass
class Outage:
    """One outage: what is said meanwhile, when the operator could know, when all was told."""

    town: Town
    hours: float
    begins: Callable[[Town], None]
    ends: Callable[[Town], None]
    ledger: Ledger = field(default_factory=Ledger)
    dice: random.Random = field(default_factory=lambda: random.Random(5))
    said_at: dict[str, float] = field(default_factory=dict)
    began: float = 0.0
    known_after: float | None = None
    drained_after: float | None = None
    problems: set[str] = field(default_factory=set)

    async def play(self) -> None:
        """An ordinary half hour, the outage, and what follows until everything is told."""
        town = self.town
        await town.start()
        await asyncio.sleep(MINUTE)
        await self.while_it_lasts(HOUR / 2)
        self.began = town.elapsed
        self.begins(town)
        watching = asyncio.create_task(self.watch())
        town.outside.add(watching)
        await self.while_it_lasts(self.hours * HOUR)
        watching.cancel()
        ended = town.elapsed
        self.ends(town)
        while not self.all_told() and town.elapsed - ended < 2 * HOUR:
            await asyncio.sleep(10)
        self.drained_after = town.elapsed - ended

    async def while_it_lasts(self, seconds: float) -> None:
        """Children write at Telegram, others report at the page, the clerk works at the desk."""
        people: tuple[tuple[Callable[[], Awaitable[None]], float], ...] = (
            (self.child_writes, 0.05 * HOUR * self.hours + 0.2 * HOUR),
            (self.page_reports, 0.12 * HOUR * self.hours + 0.2 * HOUR),
            (Clerk(self.town, self.dice, self.ledger).shift, 4 * HOUR),
        )
        lives = [asyncio.create_task(self.again(act, every)) for act, every in people]
        self.town.outside |= set(lives)
        await asyncio.sleep(seconds)
        for life in lives:
            assert not life.done() or life.result() is None
            life.cancel()
        await asyncio.gather(*lives, return_exceptions=True)

    async def again(self, act: Callable[[], Awaitable[None]], every: float) -> None:
        while True:
            await act()
            await asyncio.sleep(self.dice.uniform(0.5, 1.5) * every)

    async def child_writes(self) -> None:
        """Two lines and *send*, as if the platform were there: it keeps them."""
        child = self.dice.choice(CHILDREN)
        somebody = Visitor(self.town, self.dice, self.ledger, str(child))
        for _ in range(2):
            line = somebody.line(str(child))
            self.said_at[TAG.findall(line)[0]] = self.town.elapsed
            self.town.platform.say(child, line)
            await asyncio.sleep(self.dice.uniform(5, 60))
        self.town.platform.say(child, "gửi luôn")

    async def page_reports(self) -> None:
        self.ledger.number += 1
        name = f"page{self.ledger.number}"
        visitor = Visitor(self.town, self.dice, self.ledger, name)
        page = await visitor.opened()
        for choice in ("a.for.me", "a.now.no"):
            page = await visitor.send(page, choice=choice)
        for _ in range(2):
            page = await visitor.send(page, text=visitor.line(name))
        await visitor.send(page, choice="go.send")

    async def watch(self) -> None:
        """Ask now and then, as a monitor would, whether all is well."""
        while True:
            app = self.town.running
            found = {*app.health.problems()} & {"telegram", "unsent", "group"}
            found |= {name for at, name in self.town.alarms if self.since(at) > self.began}
            if found and not app.health.serving() and self.known_after is None:
                self.known_after = self.town.elapsed - self.began
            self.problems |= found
            await asyncio.sleep(20)

    def since(self, at: object) -> float:
        return (at - self.town.now() + self.town.skew).total_seconds() + self.town.elapsed  # type: ignore[operator, no-any-return]

    def all_told(self) -> bool:
        """Whether everything that waits at the platform was read, and everything due was sent."""
        now = int(self.town.now().timestamp() * 1000)
        left = "select 1 from outbox where pull = 0 and state <> 'dead' and due <= ? limit 1"
        waits = self.town.peek(lambda tx: tx.one(left, now))
        return waits is None and not self.town.platform.pending

    # what must be so afterwards

    def check(self) -> None:
        assert self.town.unsaid == []
        assert self.known_after is not None, "nobody was told"
        assert self.known_after <= ALARM_S, f"told only after {self.known_after:.0f} s"
        assert self.drained_after is not None
        assert self.drained_after <= DRAINED_S, f"told only {self.drained_after:.0f} s later"
        self.town.peek(self.nothing_lost)
        self.town.peek(self.order_kept)
        self.town.peek(self.every_case_shown)

    def nothing_lost(self, tx: Tx) -> None:
        words, anywhere = found(tx)
        assert len(self.said_at) > 10
        lost = self.too_old()
        for who, tags in self.ledger.told.items():
            for tag in tags:
                assert words[tag] <= 1, f"{who} said {tag} once: it stands twice"
                assert anywhere[tag] or tag in lost, f"{who} said {tag}: it is lost"
                assert tag not in lost or not anywhere[tag], f"{tag}: who has kept it?"
        given_up = {row["why"] for row in tx.all("select why from outbox where kind = 'show'")}
        assert given_up <= {""}, "a card was given up"

    def too_old(self) -> set[str]:
        """What the platform itself no longer has when it is there again."""
        edge = self.began + (self.hours - LOST_AFTER_H) * HOUR
        return {tag for tag, at in self.said_at.items() if self.began < at < edge}

    def order_kept(self, tx: Tx) -> None:
        for case in all_cases(tx):
            told = [e.text for e in entries.of_case(tx, case) if e.kind is EntryKind.WORDS]
            order = [int(tag.rpartition("-")[2]) for text in told for tag in TAG.findall(text)]
            assert order == sorted(order), f"out of order: {order}"

    def every_case_shown(self, tx: Tx) -> None:
        texts = [s.text for c in (GROUP, *ROSTER) for s in self.town.platform.from_bot(c)]
        for name in all_cases(tx):
            case = cases.get(tx, name)
            assert case is not None
            assert any(f"{case.code[:4]}-{case.code[4:]}" in text for text in texts), case.code


def away(town: Town) -> None:
    town.weather.away = True


def half_open(town: Town) -> None:
    town.weather.half_open = True


def back(town: Town) -> None:
    town.weather.clear()


def kicked(town: Town) -> None:
    town.platform.kick(GROUP, BOT_ID)


def taken_in_again(town: Town) -> None:
    town.platform.set_status(GROUP, BOT_ID, "administrator")


async def played(
    path: Path,
    hours: float,
    begins: Callable[[Town], None] = away,
    ends: Callable[[Town], None] = back,
) -> Outage:
    path.mkdir(mode=0o700)
    async with town(path, 11, seldom=60 if hours < 5 else 300) as there:
        there.rarer_tries = hours >= 5
        outage = Outage(there, hours, begins, ends)
        await outage.play()
        outage.check()
        return outage


@pytest.mark.parametrize("hours", [1, 23])
def test_a_platform_that_stays_away_costs_nothing_but_time(folder: Path, hours: int) -> None:
    outage = run(played(folder / "a", hours))
    assert {"telegram", "unsent"} <= outage.problems
    assert outage.town.rings, "a call for help rang nowhere meanwhile"
    assert len(outage.ledger.told) > len(CHILDREN), "nobody reported at the page"


def test_what_the_platform_no_longer_keeps_after_a_day_is_lost_and_nothing_else(
    folder: Path,
) -> None:
    """Nobody tells us what it was: that is said in docs/guarantees.md, and to people beforehand."""
    outage = run(played(folder / "a", 25))
    assert outage.too_old(), "nobody wrote in the first hour"
    assert "telegram" in outage.problems


def test_connections_that_stand_and_never_answer_are_an_outage_like_any_other(
    folder: Path,
) -> None:
    outage = run(played(folder / "a", 1, half_open))
    assert {"telegram", "unsent"} <= outage.problems


def test_a_group_that_throws_the_bot_out_is_told_at_once_and_shown_everything_later(
    folder: Path,
) -> None:
    outage = run(played(folder / "a", 1, kicked, taken_in_again))
    assert "group-unreachable" in outage.problems
    assert outage.known_after is not None
    assert outage.known_after <= 2 * MINUTE


def test_alerts_that_are_given_up_like_answers_are_caught(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: an alert that did not get through in half an hour is given up."""
    monkeypatch.setattr(bot.sender, "is_alert", lambda parcel: False)
    with pytest.raises(AssertionError, match="given up"):
        run(played(folder / "a", 1))


def test_updates_asked_for_as_if_they_were_confirmed_are_caught(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted bug: after every trouble the poller begins anew, behind what waits."""

    async def hasty(source: Source, pace: Pace) -> None:
        offset: int | None = None
        while True:
            try:
                updates = await source.updates(offset)
            except Undelivered:
                offset = 2**31
                await pace.rest(3)
                continue
            await source.accept(updates)
            offset = updates[-1]["update_id"] + 1 if updates else None

    monkeypatch.setattr(bot.channels.telegram.door, "poll", hasty)
    with pytest.raises(AssertionError, match="lost"):
        run(played(folder / "a", 1))
