"""Floods on virtual time: real database, inbox, outbox and pacing against a platform with limits.

What is promised: nothing is lost, the group is never written to faster than its platform allows,
danger is on the officers' screen within a minute, and 111 is always answered.
"""

import asyncio
import random
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot import crowd, pace
from bot.channels.channel import Limited, Outgoing
from bot.pace import Pace
from handlers.cases import Case, Priority
from handlers.effects import Add, EntryKind
from handlers.events import Address, Kind
from handlers.receipts import format_code
from handlers.view import Role
from storage import cases, entries, flood
from storage.pace import MOST_LINES, SAME, Paces
from storage.tx import Tx
from tests.bot.test_crowd import cards_in_order, newest
from tests.bot.test_pace import most
from tests.programme.virtual import InlineDatabase, run
from tests.soak import sized
from tests.world import BEGIN, GROUP, Room, Told, World, open_world

A_MINUTE = 20
"""Telegram's limit for a group; edits count."""
A_SECOND = 30
"""Telegram's limit for everything together."""
DANGER = "bố đang đánh em ở nhà"


class Live(list[datetime]):
    """What time it is on the loop's clock."""

    def __getitem__(self, place: object) -> datetime:  # type: ignore[override]
        return BEGIN + timedelta(seconds=asyncio.get_running_loop().time())


@dataclass
class Strict(Room):
    """A platform that asks for a pause when it is written to too fast."""

    lately: dict[str, deque[float]] = field(default_factory=dict)
    calls: list[tuple[float, str]] = field(default_factory=list)
    sent: list[tuple[float, Told]] = field(default_factory=list)
    asked: int = 0
    """How often it had to ask for a pause."""

    def count(self, to: Address) -> None:
        now = asyncio.get_running_loop().time()
        limits = [("all", A_SECOND, 1.0)]
        if to == GROUP:
            limits.append(("group", A_MINUTE, 60.0))
        for name, number, window in limits:
            times = self.lately.setdefault(name, deque(maxlen=number))
            if len(times) == number and now - times[0] < window:
                self.asked += 1
                raise Limited(window)
            times.append(now)
        self.calls.append((now, to.peer))

    async def send(self, to: Address, message: Outgoing) -> tuple[str, ...]:
        self.count(to)
        refs = await super().send(to, message)
        self.sent.append((asyncio.get_running_loop().time(), self.told[-1]))
        return refs

    async def edit(self, to: Address, ref: str, message: Outgoing) -> None:
        self.count(to)
        await super().edit(to, ref, message)

    def at(self, peer: str) -> list[float]:
        return [moment for moment, to in self.calls if to == peer]


@asynccontextmanager
async def flooded(path: Path) -> AsyncIterator[tuple[World, Strict]]:
    """A world in virtual time whose sender and clock run by themselves."""
    async with open_world(path, moment=Live([BEGIN]), database=InlineDatabase) as world:
        room = Strict()
        world.room = room
        world.sender.channels = {"telegram": room}
        world.sender.paces = {"telegram": Pace()}
        world.inbox.committed = world.sender.wake
        # What is measured here is who waits behind whom; that a commit is on the disk, others test.
        world.db._writer.connection.execute("pragma synchronous=OFF")  # type: ignore[attr-defined]
        await world.officer("m", "Cô Mây", Role.LEAD)

        async def tick() -> None:
            while True:
                await asyncio.sleep(1)
                await world.inbox.tick()

        tasks = [asyncio.create_task(world.sender.run()), asyncio.create_task(tick())]
        yield world, room
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def virtual(tmp_path: Path) -> Callable[..., object]:
    """Run a flood in virtual time, in a database without threads."""

    def play(flood: Callable[[World, Strict], Awaitable[None]]) -> None:
        async def main() -> None:
            async with flooded(tmp_path) as (world, room):
                await flood(world, room)

        run(main())

    return play


async def take(
    world: World, peer: str, text: str = "", choice: str = "", web: bool = False
) -> None:
    kind = Kind.CHOICE if choice else Kind.TEXT
    channel = "web" if web else "telegram"
    fields = {"choice": choice} if choice else {"text": text}
    await world.inbox.take(world.incoming(peer, kind, channel=channel, **fields))


async def tells(world: World, peer: str) -> None:
    """Somebody has sent a report and may go on telling; nothing is asked of them any more."""
    for press in ("a.for.me", "a.now.no", "a.what.school"):
        await take(world, peer, choice=press)
    await take(world, peer, text="truoc")
    for press in ("go.send", "go.later"):
        await take(world, peer, choice=press)


async def told(world: World) -> list[str]:
    """Every word of every case, as it was stored."""

    def read(tx: Tx) -> list[str]:
        rows = tx.all("select id from cases")
        story = [one for row in rows for one in entries.of_case(tx, row["id"])]
        return [one.text for one in story if one.kind is EntryKind.WORDS]

    return await world.db.read(read)


def clock() -> float:
    return asyncio.get_running_loop().time()


# ---- the big flood

ACCOUNTS = sized(80, 500)
SPAN_S = sized(96, 600)
REAL = sized(8, 10)
"""The test is as dense as the soak, a hundred reports a minute, and shorter; its dangers are denser."""
REPORT = ("a.for.me", "a.now.no", "a.what.school")


async def reports(world: World, peer: str, at: float, web: bool) -> None:
    """Two reports of one account, each told with a few seconds between the steps."""
    await asyncio.sleep(at)
    for number in (1, 2):
        for step in ("go.anew", *REPORT):
            await take(world, peer, choice=step, web=web)
            await asyncio.sleep(1)
        await take(world, peer, text=f"bị trêu, {peer} lần {number}", web=web)
        await asyncio.sleep(1)
        await take(world, peer, choice="go.send", web=web)
        await asyncio.sleep(SPAN_S / 3)


async def calls_out(world: World, peer: str, at: float) -> None:
    await asyncio.sleep(at)
    await take(world, peer, text=f"{DANGER}, {peer}")


async def asks_for_111(world: World, room: Strict, peer: str, at: float) -> float:
    """Ask; give how long the answer took."""
    await asyncio.sleep(at)
    begun = clock()
    await take(world, peer, text="/111")
    while not room.of(peer):
        await asyncio.sleep(0.1)
    assert "111" in room.of(peer)[-1].message.text
    return clock() - begun


async def the_big_flood(world: World, room: Strict) -> None:
    chance = random.Random(5)
    crowds = [
        reports(world, f"f{n}", chance.uniform(0, SPAN_S / 2), web=n % 2 == 0)
        for n in range(ACCOUNTS)
    ]
    real = [calls_out(world, f"r{n}", SPAN_S * (n + 0.5) / REAL) for n in range(REAL)]
    asking = [asks_for_111(world, room, f"a{n}", SPAN_S * n / 5) for n in range(5)]
    waits = [asyncio.ensure_future(one) for one in asking]
    await asyncio.gather(*crowds, *real, *waits)
    await asyncio.sleep(90)

    words = await told(world)
    wanted = {f"bị trêu, f{n} lần {number}" for n in range(ACCOUNTS) for number in (1, 2)}
    assert wanted | {f"{DANGER}, r{n}" for n in range(REAL)} == set(words), "all are stored"
    assert len(words) == 2 * ACCOUNTS + REAL, "each once"

    alerts = [c for c in await everything(world) if c.priority is Priority.P1]
    assert len(alerts) == REAL
    late = sorted((on_screen(room, one) - one.opened).total_seconds() for one in alerts)
    assert late[-1] <= 60, late
    assert room.asked == 0, "the platform never had to ask for a pause"
    assert most(room.at(GROUP.peer), 60.0) <= A_MINUTE
    answered = sorted(task.result() for task in waits)
    assert answered[-1] <= 3, answered
    print(
        f"\nflood: {2 * ACCOUNTS} reports in {SPAN_S} s; P1 on screen after at most {late[-1]:.1f} s;"
        f" 111 answered after at most {answered[-1]:.1f} s;"
        f" at most {most(room.at(GROUP.peer), 60.0)} messages a minute to the group"
    )


async def everything(world: World) -> list[Case]:
    return await world.db.read(lambda tx: cases.board(tx, world.house.ward.id, most=10_000))


def on_screen(room: Strict, case: Case) -> datetime:
    """When a case's card first stood in the group."""
    code = format_code(case.code)
    moments = [at for at, told in room.sent if told.to == GROUP and code in told.message.text]
    assert moments, "it never stood there"
    return BEGIN + timedelta(seconds=moments[0])


@pytest.mark.soak
def test_danger_inside_a_flood_is_on_the_screen_within_a_minute(
    virtual: Callable[..., object],
) -> None:
    virtual(the_big_flood)


def in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug: cards wait in the order they came, dangers among them."""
    monkeypatch.setattr(flood, "is_late", lambda *_, **__: True)
    monkeypatch.setattr(crowd, "MINUTE", timedelta())


def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug: nobody keeps the group's pace."""
    monkeypatch.setattr(pace, "GROUP", pace.Rate(1000, 1000))
    monkeypatch.setattr(crowd, "MINUTE", timedelta())


def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug: of what comes in a crowd some is dropped."""
    real = entries.add

    def add(tx: Tx, effect: Add, now: datetime) -> None:
        if not effect.text.endswith("7 lần 2"):
            real(tx, effect, now)

    monkeypatch.setattr(entries, "add", add)


@pytest.mark.parametrize("bug", [in_one_line, unpaced, forgetful], ids=lambda bug: bug.__name__)
def test_the_flood_finds_a_planted_bug(
    virtual: Callable[..., object],
    monkeypatch: pytest.MonkeyPatch,
    bug: Callable[[pytest.MonkeyPatch], None],
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ACCOUNTS", 30)
    monkeypatch.setattr(sys.modules[__name__], "SPAN_S", 36)
    monkeypatch.setattr(sys.modules[__name__], "REAL", 3)
    bug(monkeypatch)
    with pytest.raises(AssertionError):
        virtual(the_big_flood)


# ---- seven hundred times the same

SAME_TEXT = "chung no hay danh em o truong"
MANY = 700


async def from_many_accounts(world: World, room: Strict) -> None:
    for n in range(MANY):
        await take(world, f"f{n}", text=SAME_TEXT, web=True)
    await asyncio.sleep(30 * 60 + 20)  # nobody pressed anything: half a story goes on
    assert await told(world) == [SAME_TEXT] * MANY, "nothing is lost"
    await asyncio.sleep(150)
    assert most(room.at(GROUP.peer), 60.0) <= A_MINUTE
    assert room.asked == 0
    lines = [one for one in room.told if "chưa hiện ở đây" in one.message.text]
    assert len(lines) == 1, "one digest"
    cards = sum("Người báo:" in one.message.text for one in room.of(GROUP.peer))
    waiting = int(lines[0].message.text.split("còn ")[1].split()[0])
    assert waiting in range(MANY - cards - 1, MANY - cards + 12), "it says how many wait"


def test_seven_hundred_equal_messages_of_as_many_accounts_become_one_digest(
    virtual: Callable[..., object],
) -> None:
    virtual(from_many_accounts)


async def from_one_account(world: World, room: Strict) -> None:
    await tells(world, "f")
    for _ in range(MANY):
        await take(world, "f", text=SAME_TEXT)
        await asyncio.sleep(0.05)
    await asyncio.sleep(60)
    assert "\n".join(await told(world)).split("\n") == ["truoc"] + [SAME_TEXT] * MANY
    [case] = await everything(world)
    assert case.messages == MANY + 1
    assert most(room.at(GROUP.peer), 60.0) <= A_MINUTE
    mine = [told.message.text for told in room.of("f")]
    slowed = [text for text in mine if "một lượt" in text]
    assert 1 <= len(slowed) <= 3
    assert all("111" in text for text in slowed)
    assert len(mine) <= MOST_LINES + 15, "not seven hundred answers"
    assert f"Tin của người báo: {MANY + 1}" in room.of(GROUP.peer)[-1].message.text


def test_seven_hundred_equal_messages_of_one_account_change_its_card_a_few_times_only(
    virtual: Callable[..., object],
) -> None:
    virtual(from_one_account)


async def test_a_cry_of_its_own_goes_before_a_hundred_equal_ones_and_none_is_dropped(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        for n in range(100):
            await take(world, f"f{n}", text=DANGER, web=True)
        await take(world, "be", text=f"{DANGER}, em ở tổ 3", web=True)
        real = await newest(world)
        order = await cards_in_order(world)
        assert len(set(order)) == 101
        assert order.index(real) == SAME
        assert world.alarms.counts["flood"] == 1


async def test_one_child_who_cries_the_same_again_and_again_is_an_alert_like_any_other(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        for _ in range(15):
            await take(world, "be", text="cứu em với, bố đang đánh em")
        assert not world.alarms.counts


# ---- a thousand lines of one account


async def test_others_never_wait_behind_one_accounts_thousand_lines(tmp_path: Path) -> None:
    """Counted in the queue: at most one of the thousand is worked on before each other's line."""
    async with open_world(tmp_path) as world:
        await tells(world, "flood")
        for n in range(20):
            await take(world, f"be{n}", choice="a.for.me")
        done: list[str] = []
        between: list[int] = []
        seconds: list[float] = []

        async def line(peer: str, text: str) -> None:
            await take(world, peer, text=text)
            done.append(peer)

        async def other(n: int) -> None:
            for _ in range(10 * n):
                await asyncio.sleep(0)
            before, begun = done.count("flood"), clock()
            await line(f"be{n}", f"em {n} so lam")
            between.append(done.count("flood") - before)
            seconds.append(clock() - begun)

        thousand = [asyncio.create_task(line("flood", f"em ke {n} x")) for n in range(1000)]
        await asyncio.gather(*(other(n) for n in range(20)))
        assert done.count("flood") < 1000, "they were answered in the middle of it"
        assert max(between) <= 3, between
        await asyncio.gather(*thousand)
        print(f"\nothers beside a thousand lines: p99 {max(seconds) * 1000:.1f} ms")
        world.moment[0] += timedelta(minutes=1)
        await world.inbox.tick()
        story = "\n".join(await told(world)).split("\n")
        assert story == ["truoc", *(f"em ke {n} x" for n in range(1000))]


async def test_danger_in_the_middle_of_a_thousand_lines_rings(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await tells(world, "flood")
        for n in range(60):
            await take(world, "flood", text=f"em ke {n} x")
        assert [case.priority for case in await everything(world)] == [Priority.P3]
        await take(world, "flood", text=DANGER)
        assert [case.priority for case in await everything(world)] == [Priority.P1]


async def test_a_restart_in_the_middle_of_it_loses_no_line(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await tells(world, "flood")
        for n in range(40):
            await take(world, "flood", text=f"em ke {n} x")
        world.inbox.paces = Paces()  # what is only in memory is gone
        world.moment[0] += timedelta(minutes=1)
        await world.inbox.tick()
        story = "\n".join(await told(world)).split("\n")
        assert story == ["truoc", *(f"em ke {n} x" for n in range(40))]


async def test_who_wants_nothing_sent_has_the_waiting_lines_deleted_too(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await take(world, "flood", choice="a.for.adult")
        for n in range(40):
            await take(world, "flood", text=f"toi ke {n} x")
        for press in ("go.drop", "go.drop_sure"):
            await take(world, "flood", choice=press)
        left = await world.db.read(lambda tx: tx.all("select * from piles"))
        talks = await world.db.read(lambda tx: tx.all("select * from talks where settled = 0"))
        assert (left, talks) == ([], [])
        world.moment[0] += timedelta(minutes=45)
        await world.inbox.tick()
        assert await everything(world) == []
