"""Backup, loss, restore, at any moment of any day: nothing sent twice unasked, nothing kept is lost."""

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot import backups as bot_backups
from bot.backups import Backups, log_erased
from bot.channels.channel import Unsent
from bot.health import Health
from handlers.effects import EntryKind
from handlers.events import Kind, Side
from handlers.view import Role
from storage import audit, cases, entries, erased, hold, outbox, retention, talks
from storage import restore as module
from storage.backup import BackupTrouble, Job, Made, Why, make
from storage.committee import Private
from storage.restore import Restored, restore
from storage.rootkey import RootKey
from storage.tx import Tx
from tests.soak import sized
from tests.world import GROUP, World, open_world

ROOT = RootKey(bytes(range(32)))
"""The key of the tests' worlds."""
COMMITTEE = Private(bytes(range(1, 33)))
LEAD = "m"
SEEDS = 6


@dataclass
class Seen:
    """What was ever given out or told, whichever database says so."""

    codes: set[str] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    audited: set[int] = field(default_factory=set)


@dataclass
class Life:
    """A random ward: a world, the backup made somewhere in it, and what must be true later."""

    path: Path
    seed: int
    chance: random.Random
    stack: AsyncExitStack
    world: World = field(init=False)
    file: Path = field(init=False)
    children: int = 0
    kept: set[int] = field(default_factory=set)
    """Stories acknowledged and never thrown away."""
    saved: set[int] = field(default_factory=set)
    """Those that were acknowledged before the backup."""
    drafts: dict[str, int] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)

    async def begin(self) -> None:
        self.world = await self.stack.enter_async_context(open_world(self.path, seed=self.seed))
        await self.world.officer(LEAD, "Cô Mây", Role.LEAD)

    async def step(self) -> None:
        """One thing happens; the platform may be away for a while."""
        if self.chance.random() < 0.4:
            self.world.room.trouble = [Unsent() for _ in range(self.chance.randint(1, 4))]
        act = self.chance.choice(
            (self.danger, self.report, self.draft, self.throw, self.claim, self.pause)
        )
        await act()
        await self.note()

    async def note(self) -> None:
        """Remember every number and code that exists now."""

        def look(tx: Tx) -> None:
            self.seen.codes |= {row["code"] for row in tx.all("select code from cases")}
            row = tx.one("select max(seq) as top from sqlite_sequence where name = 'outbox'")
            if row is not None and row["top"] is not None:
                self.seen.numbers.add(row["top"])
            self.seen.audited |= {row["number"] for row in tx.all("select number from audit")}

        await self.world.db.read(look)

    def words(self, number: int) -> str:
        return f"em bị đánh ở nhà, chuyện số {number}"

    async def story(self, words: str) -> str:
        self.children += 1
        peer = f"c{self.children}"
        await self.world.say(peer, words)
        self.kept.add(self.children)
        return peer

    async def danger(self) -> None:
        await self.story(f"bố đang đánh em, cứu em với, chuyện số {self.children + 1}")

    async def report(self) -> None:
        peer = await self.story(self.words(self.children + 1))
        await self.world.say(peer, "gửi luôn")

    async def draft(self) -> None:
        """A story that is not sent (yet)."""
        peer = await self.story(self.words(self.children + 1))
        self.drafts[peer] = self.children

    async def throw(self) -> None:
        """Somebody throws a story away that was not sent; one that silence has sent on stays."""
        for peer, number in list(self.drafts.items())[:1]:
            del self.drafts[peer]
            await self.world.say(peer, "/xoa")
            await self.world.choose(peer, "go.drop_sure")
            if number not in await self.world.db.read(self.found):
                self.kept.discard(number)

    async def claim(self) -> None:
        buttons = [
            key.id
            for told in self.world.room.of(GROUP.peer)
            for row in told.message.keys
            for key in row
            if key.label == "Nhận việc"
        ]
        if buttons:
            await self.world.in_group(LEAD, self.chance.choice(buttons))

    async def pause(self) -> None:
        await jump(self.world, self.chance.choice((1, 6, 40)))

    def back_up(self) -> None:
        job = Job(self.path / "x.db", self.path / "backups", ROOT, COMMITTEE.public)
        self.file = make(job, self.world.now).path
        self.saved = set(self.kept)

    async def lose_and_restore(self, **later: float) -> Restored:
        """The lost time ends here; the chats and the platform's numbers live on."""
        gone = await self.world.db.read(erased.waiting)
        if gone:
            log_erased(self.path / "backups", gone)
        old = self.world
        await self.stack.aclose()
        now = old.now + timedelta(**(later or {"minutes": 50}))
        restored = restore(
            self.file,
            self.path / "x.db",
            (ROOT, COMMITTEE),
            ward=old.house.ward.id,
            periods=retention.periods(old.house.ward),
            gone=erased.read(self.path / "backups"),
            now=now,
        )
        new = await self.stack.enter_async_context(open_world(self.path, seed=self.seed + 10_000))
        new.room.told, new.room.log, new.room.number = old.room.told, old.room.log, old.room.number
        new.room.members, new.count = old.room.members, old.count
        new.moment[0] = now
        self.world = new
        return restored

    def found(self, tx: Tx) -> set[int]:
        """Every story that is there: in a case, or in a talk."""
        texts = []
        for row in tx.all("select id from cases"):
            texts += [e.text for e in entries.of_case(tx, row["id"]) if e.kind is EntryKind.WORDS]
        for row in tx.all("select person, side from talks"):
            talk = talks.get(tx, row["person"], row["side"])
            texts += [talk.draft, *talk.answers.story, *dict(talk.answers.given).values()]
        return {n for n in range(1, self.children + 1) if any(t.endswith(f"số {n}") for t in texts)}


async def jump(world: World, minutes: int) -> None:
    """Let time pass at once; whatever came due meanwhile is dealt with, the latest too."""
    world.moment[0] += timedelta(minutes=minutes)
    await world.inbox.tick()
    await world.drain()


async def lived(path: Path, seed: int) -> Life:
    """A life up to the loss and the restore."""
    path.mkdir(0o700)
    life = Life(path, seed, random.Random(seed), AsyncExitStack())
    await life.begin()
    await life.draft()
    for _ in range(life.chance.randint(1, 6)):
        await life.step()
    life.back_up()
    if life.chance.random() < 0.5:
        await life.throw()
    for _ in range(life.chance.randint(0, 5)):
        await life.step()
    await life.lose_and_restore()
    return life


async def check_held(life: Life) -> None:
    """Nothing of before goes out, whatever comes due; what is new does."""
    world = life.world
    await world.sender.db.write(outbox.recover)
    before = list(world.room.log)
    await world.drain()
    await jump(world, 45)
    assert world.room.log == before, "something was sent before anybody had looked"
    known = await world.db.read(
        lambda tx: {row["code"] for row in tx.all("select code from cases")}
    )
    await world.say("new", "có người đang đánh em, cứu em với, chuyện mới")
    await jump(world, 11)
    sent = world.room.log[len(before) :]
    assert {told.to.peer for _, told in sent} == {"new", GROUP.peer, LEAD}
    shown = [told.message.text for _, told in sent if told.to == GROUP]
    fresh = await world.db.read(
        lambda tx: {row["code"] for row in tx.all("select code from cases")} - known
    )
    assert len(fresh) == 1
    (code,) = fresh
    assert shown, "a new alert did not reach the officers"
    assert all(f"{code[:4]}-{code[4:]}" in text for text in shown)
    assert code not in life.seen.codes


async def check_kept(life: Life) -> None:
    """Nothing acknowledged before the backup is missing; no number was given out before."""

    def look(tx: Tx) -> None:
        found = life.found(tx)
        assert life.saved & life.kept <= found, "a story is lost"
        thrown = life.saved - life.kept
        assert not thrown & found, "what was thrown away came back"
        new = {row["number"] for row in tx.all("select number from audit where act like 'restor%'")}
        assert new
        top = min(new)
        later = {r["number"] for r in tx.all("select number from audit where number >= ?", top)}
        assert not later & life.seen.audited, "an audit number was given out twice"
        rows = tx.all("select number from outbox where state <> 'held'")
        assert not {row["number"] for row in rows} & set(
            range(1, max(life.seen.numbers, default=0))
        )
        sequence = tx.one("select seq from sqlite_sequence where name = 'outbox'")
        assert sequence is not None
        assert sequence["seq"] > max(life.seen.numbers, default=0), "a number is given out twice"
        assert audit.verify(tx) is None

    await life.world.db.read(look)


async def check_confirmed(life: Life) -> None:
    """Confirmed, it goes on: every open case is shown, and a repeat to a child says so."""
    world = life.world
    before = list(world.room.log)
    told = {(t.to.peer, t.message.text) for _, t in before}
    await world.db.write(hold.release)
    await world.drain()
    for _, one in world.room.log[len(before) :]:
        if one.to.peer.startswith("c") and (one.to.peer, one.message.text) in told:
            assert one.message.again, "repeated without saying so"
    await world.say("another", "bố đang đánh em")  # the group works: whatever it never got is shown
    await jump(world, 30)

    def unshown(tx: Tx) -> list[str]:
        rows = tx.all(
            "select id from cases where closed is null and not exists"
            " (select 1 from cards where case_id = cases.id and lane = 'group')"
        )
        return [row["id"] for row in rows]

    assert await world.db.read(unshown) == []


@pytest.mark.soak
async def test_backup_restore_and_run_at_random_moments_of_random_wards(tmp_path: Path) -> None:
    for seed in range(sized(SEEDS, 100)):
        life = await lived(tmp_path / str(seed), seed)
        try:
            await check_held(life)
            await check_kept(life)
            await check_confirmed(life)
        except AssertionError as failure:
            raise AssertionError(f"seed {seed}: {failure}") from failure
        finally:
            await life.stack.aclose()


async def caught(tmp_path: Path, check: Callable[[Life], Awaitable[None]], words: str) -> bool:
    """Tell whether one of a few lives shows a planted bug, and only that one."""
    for seed in range(SEEDS):
        life = await lived(tmp_path / str(seed), seed)
        try:
            await check(life)
        except AssertionError as failure:
            assert words in str(failure), f"seed {seed}"  # noqa: PT017  (not another fault)
            return True
        finally:
            await life.stack.aclose()
    return False


async def test_a_restore_that_holds_nothing_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hold, "hold", lambda *_: None)
    assert await caught(tmp_path, check_held, "before anybody had looked")


@pytest.mark.parametrize(
    ("planted", "words"), [("leap", "given out twice"), ("erase_again", "thrown away")]
)
async def test_numbers_that_do_not_leap_and_erasures_that_are_forgotten_are_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str, words: str
) -> None:
    monkeypatch.setattr(module, planted, lambda *_: 0)
    assert await caught(tmp_path, check_kept, words)


# while it is held


async def test_a_monitor_and_the_operator_hear_of_it_until_somebody_has_looked(
    tmp_path: Path,
) -> None:
    life = await lived(tmp_path / "x", 3)
    async with life.stack:
        world = life.world
        watch = Health(
            db=world.db,
            ward=world.house.ward.id,
            alarms=world.alarms,
            telegram=None,
            mailbox=world.mailbox,
            now=lambda: world.now,
        )
        backups = daily(world, tmp_path / "x")
        await watch.look()
        assert "restore-held" in watch.problems()
        await backups.remind(world.now)
        await backups.remind(world.now + timedelta(hours=5))
        assert world.alarms.counts["restore-held"] == 1
        await backups.remind(world.now + timedelta(hours=6))
        assert world.alarms.counts["restore-held"] == 2
        await world.db.write(hold.release)
        await watch.look()
        assert "restore-held" not in watch.problems()
        await backups.remind(world.now + timedelta(days=2))
        assert world.alarms.counts["restore-held"] == 2


async def test_a_child_who_writes_again_is_answered_while_it_is_held(tmp_path: Path) -> None:
    life = await lived(tmp_path / "x", 1)
    async with life.stack:
        world = life.world
        before = len(world.room.of("c1"))
        await world.say("c1", "em vẫn bị đánh, cứu em với")
        assert len(world.room.of("c1")) > before
        assert "113" in world.last("c1").text


@pytest.mark.parametrize(
    ("restored", "looked"),
    [(25, 0), (2, 24), (60, 0)],
    ids=["a day before", "looked at a day later", "so long ago that deleting asks"],
)
async def test_a_report_that_was_not_finished_reaches_the_officers_however_late(
    tmp_path: Path, restored: int, looked: int
) -> None:
    async with AsyncExitStack() as stack:
        life = Life(tmp_path, 1, random.Random(1), stack)
        await life.begin()
        periods = retention.periods(life.world.house.ward)
        await life.world.say("c1", "Bạn trong lớp hay trấn lột tiền của em, em sợ không dám đi học")
        await life.world.db.write(lambda tx: retention.sweep(tx, tx.now, periods))
        life.back_up()
        await life.lose_and_restore(hours=restored)
        world = life.world
        await jump(world, 60 * looked)
        await world.db.write(lambda tx: retention.sweep(tx, tx.now, periods, confirmed=True))
        assert await world.db.read(cases.many) == 0
        await world.db.write(hold.release)
        await jump(world, 5)
        assert await world.db.read(cases.many) == 1


# the daily one


def daily(world: World, path: Path, **change: object) -> Backups:
    job = replace(Job(path / "x.db", path / "backups", ROOT, None), **change)  # type: ignore[arg-type]
    return Backups(
        db=world.db,
        job=lambda: job,
        database=job.database,
        folder=job.folder,
        alarms=world.alarms,
        now=lambda: world.now,
    )


async def test_one_is_made_each_night_and_at_once_after_an_absence(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.say("be", "bố đang đánh em")
        backups = daily(world, tmp_path)
        made = await backups.look()
        assert made is not None
        assert made.tried == 1
        nights: list[datetime] = []
        for _ in range(62):
            world.moment[0] += timedelta(hours=1)
            if await backups.look() is not None:
                nights.append(world.now)
        assert [night.hour for night in nights] == [21, 21, 21]  # four in the morning here
        world.moment[0] += timedelta(days=9)
        assert not world.alarms.counts
        assert await daily(world, tmp_path).look() is not None
        assert world.alarms.counts == {"clock-jumped": 1}  # nothing old was deleted


async def test_a_folder_that_cannot_be_read_is_told_once_an_hour(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    async with open_world(tmp_path) as world:
        backups = daily(world, tmp_path, folder=tmp_path / "loop")
        for minutes in range(0, 120, 10):
            assert await backups.look() is None
            assert world.alarms.counts == {"backup-failed": 1 + minutes // 60}
            world.moment[0] += timedelta(minutes=10)


async def test_a_failure_is_told_and_tried_again_in_an_hour(tmp_path: Path) -> None:
    (tmp_path / "nowhere").write_text("a file where the folder should be")
    async with open_world(tmp_path) as world:
        backups = daily(world, tmp_path, folder=tmp_path / "nowhere")
        for minutes in range(0, 120, 10):
            assert await backups.look() is None
            assert world.alarms.counts["backup-failed"] == 1 + minutes // 60
            world.moment[0] += timedelta(minutes=10)
        (tmp_path / "nowhere").unlink()
        world.moment[0] += timedelta(hours=1)
        assert await backups.look() is not None


async def test_a_stop_does_not_wait_for_a_long_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, ended = threading.Event(), threading.Event()

    def slow(_job: Job, _now: datetime, halted: Callable[[], bool]) -> Made:
        began.set()
        while not halted():
            time.sleep(0.01)
        ended.set()
        raise BackupTrouble(Why.STOPPED)

    monkeypatch.setattr(bot_backups, "make", slow)
    async with open_world(tmp_path) as world:
        looking = asyncio.ensure_future(daily(world, tmp_path).look())
        await asyncio.to_thread(began.wait)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        await asyncio.to_thread(ended.wait)
        assert not world.alarms.counts


async def test_no_good_one_for_three_days_is_unwell(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        backups = daily(world, tmp_path)
        assert not backups.old()
        made = await backups.look()
        assert made is not None
        world.moment[0] += timedelta(days=3)
        assert not backups.old()
        world.moment[0] += timedelta(seconds=1)
        assert backups.old()
        made.path.write_bytes(b"eaten")
        assert await daily(world, tmp_path).look() is not None


async def test_what_is_erased_is_written_down_beside_the_backups(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        backups = daily(world, tmp_path)
        await backups.write_down()
        assert not (tmp_path / "backups").exists()
        await world.say("be", "em bị đánh ở nhà")
        await world.take(world.incoming("be", Kind.TEXT, text="/xoa", side=Side.RESIDENT))
        await world.choose("be", "go.drop_sure")
        await backups.write_down()
        (line,) = erased.read(tmp_path / "backups")
        person = await world.db.read(lambda tx: str(tx.all("select id from people")[0]["id"]))
        assert (line.what, line.mark) == ("talk", erased.mark(person))
        assert await world.db.read(erased.waiting) == []


async def test_what_is_erased_is_written_down_while_no_backup_can_be_made(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        backups = daily(world, tmp_path, root=RootKey(bytes(32)))
        assert await backups.look() is None
        assert world.alarms.counts == {"backup-failed": 1}
        await world.db.write(lambda tx: erased.note(tx, erased.What.CASE, "c"))
        await backups.write_down()
        assert len(erased.read(tmp_path / "backups")) == 1
        assert await world.db.read(erased.waiting) == []


async def test_a_folder_that_refuses_keeps_the_list_in_the_database(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        backups = daily(world, tmp_path, folder=tmp_path / "file" / "x")
        (tmp_path / "file").write_text("")
        await world.db.write(lambda tx: erased.note(tx, erased.What.CASE, "c"))
        for _ in range(3):
            await backups.write_down()
        assert world.alarms.counts["backup-failed"] == 1
        assert len(await world.db.read(erased.waiting)) == 1
        (tmp_path / "file").unlink()
        world.moment[0] += timedelta(hours=1)
        await backups.write_down()
        assert await world.db.read(erased.waiting) == []
