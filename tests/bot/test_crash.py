"""Killed anywhere, started again: nothing acknowledged is lost, nothing doubled, repeats say so.

First in memory at every kind of step, then with real SIGKILLs; and a planted bug must be caught.
"""

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.channels.telegram.poll import poll
from bot.channels.telegram.send import AGAIN
from handlers.effects import EntryKind
from handlers.view import House
from storage import audit, cases, entries, people
from storage.db import Database
from storage.rootkey import load_root_key
from storage.seal import Seal
from storage.tx import Tx
from tests.bot.crash import Poller, Run, confirms_first, house
from tests.bot.process import GROUP, Bot, at_telegram, installed
from tests.fakes.telegram import FakeTelegram
from tests.soak import sized

KILL_POINTS = sized(500, 10_000)
KILLS = sized(20, 200)
BACKLOG = 100
PATIENCE_S = 300
"""For one run of some seconds: a loaded machine is no failure."""
CHUNKS = 4
STEPS = 380
"""A whole story without a death takes about so many steps."""


@pytest.fixture(scope="module")
def the_house() -> House:
    return house()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has such a place: power cuts are not what is tried here."""
    memory = Path("/dev/shm")
    if not memory.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as path:
        yield Path(path)


async def lived(folder: Path, the_house: House, at: int, poller: Poller = poll) -> Run:
    """A run that died at one step (0: never) and was then carried to the end."""
    place = folder / f"{poller.__name__}-{at}"
    place.mkdir(mode=0o700, exist_ok=True)
    run = Run(Path(tempfile.mkdtemp(dir=place)), the_house, poller)
    async with asyncio.timeout(PATIENCE_S):
        await run.to_the_end(at)
    return run


async def test_a_story_without_a_death_has_the_steps_that_deaths_are_drawn_from(
    folder: Path, the_house: House
) -> None:
    run = await lived(folder, the_house, 0)
    await run.check()
    assert run.lives == 1
    assert STEPS * 0.8 < run.steps < STEPS * 1.2
    assert run.rings
    assert not any(message.again for _, message in run.room.ever)


@pytest.mark.soak
@pytest.mark.parametrize("chunk", range(CHUNKS))
async def test_whatever_step_it_dies_at_nothing_is_lost_and_nothing_doubled(
    folder: Path, the_house: House, chunk: int
) -> None:
    chance = random.Random(chunk)
    for _ in range(KILL_POINTS // CHUNKS):
        at = chance.randrange(1, STEPS)
        run = await lived(folder, the_house, at)
        try:
            await run.check()
        except AssertionError as failure:
            raise AssertionError(f"killed at step {at}: {failure}") from failure
        assert run.lives == 2


async def test_deaths_are_repeated_messages_only_where_one_was_on_its_way(
    folder: Path, the_house: House
) -> None:
    """The harness itself: some deaths do fall between sending and marking."""
    chance = random.Random(99)
    repeats = Counter[bool]()
    for _ in range(20):
        run = await lived(folder, the_house, chance.randrange(1, STEPS))
        repeats[any(message.again for _, message in run.room.ever)] += 1
    assert repeats[True]
    assert repeats[False]


async def test_confirming_before_the_commit_is_caught(folder: Path, the_house: House) -> None:
    await (await lived(folder, the_house, 0, confirms_first)).check()
    chance, caught = random.Random(5), 0
    for _ in range(12):
        run = await lived(folder, the_house, chance.randrange(1, STEPS), confirms_first)
        try:
            await run.check()
        except AssertionError as failure:
            caught += "lost" in str(failure)
    assert caught


# the real process and real SIGKILLs

HASTY = """
import asyncio, sys
from bot.channels.telegram import door
from bot.__main__ import main

async def poll(source, pace):
    offset, tasks = None, []
    while True:
        updates = await source.updates(offset)
        tasks.append(asyncio.create_task(source.accept(updates)))
        offset = updates[-1]["update_id"] + 1 if updates else offset

door.poll = poll
sys.exit(main(sys.argv[1:]))
"""
"""The planted bug: the next question for updates confirms what is not committed yet."""


@dataclass
class Siege:
    """Children who write while the process is down, and what must be true of them later."""

    tg: FakeTelegram
    bot: Bot
    children: list[int] = field(default_factory=list)

    def children_write(self, count: int) -> None:
        """Two updates a child: the story, and *send*."""
        first = 600_001 + len(self.children)
        for child in range(first, first + count):
            self.children.append(child)
            self.tg.say(child, story(child))
            self.tg.say(child, "gửi luôn")

    async def caught_up(self) -> None:
        await self.tg.wait_for(lambda: not self.tg.pending, 30)

    async def check(self) -> None:
        """Look into the file of a process that has ended. AssertionError: a promise is broken."""
        root = load_root_key(self.bot.directory / "data" / "trial" / "key" / "root.key", None)
        async with await Database.open(self.bot.database, Seal(root)) as db:
            await db.read(self.check_file)

    def check_file(self, tx: Tx) -> None:
        board = cases.board(tx, "phuong-mau", most=10_000)
        told = [e for case in board for e in entries.of_case(tx, case.id)]
        words = Counter(e.text for e in told if e.kind is EntryKind.WORDS)
        assert words == Counter(map(story, self.children)), "reports are lost or doubled"
        assert len(board) == len(self.children), "cases are lost or doubled"
        assert audit.verify(tx) is None
        waiting = Counter[str]()
        rows = tx.all("select person, case_id, kind, rank, state, why from outbox where not pull")
        for row in rows:
            if row["state"] == "dead":
                # Killed twice while this very answer was on its way: nobody can say whether it
                # came, and an answer is repeated once only. Given up aloud, never an alert.
                assert (row["kind"], row["why"]) == ("say", "unknown")
                assert row["rank"] > 0
            if row["kind"] == "say":
                address = people.address(tx, row["person"])
                assert address is not None
                waiting[address.peer] += 1
        for child in self.children:
            self.check_chat(child, waiting[str(child)])
        cards_waiting = {row["case_id"] for row in rows if row["kind"] == "show"}
        self.check_group({case.code: case.id in cards_waiting for case in board})

    def check_chat(self, child: int, waiting: int) -> None:
        texts = [shown.text for shown in self.tg.from_bot(child)]
        said = Counter(plain(text) for text in texts)
        assert len(said) + waiting >= 2, f"an answer is lost: {len(said)} + {waiting}"
        assert max(said.values(), default=1) <= 2, "more than once more"
        unmarked = Counter(text for text in texts if not text.startswith(AGAIN))
        assert max(unmarked.values(), default=1) == 1, "repeated without saying so"

    def check_group(self, codes: dict[str, bool]) -> None:
        texts = [shown.text for shown in self.tg.from_bot(GROUP)]
        for code, waits in codes.items():
            cards = [text for text in texts if f"{code[:4]}-{code[4:]}" in text]
            assert cards or waits, "an alert is lost"
            unmarked = [text for text in cards if not text.startswith(AGAIN)]
            assert len(unmarked) <= 1, "an alert is repeated without saying so"


def story(child: int) -> str:
    return f"em hay bị bạn bắt nạt ở lớp, em là số {child}"


def plain(text: str) -> str:
    return text.removeprefix(AGAIN).strip()


@asynccontextmanager
async def besieged(path: Path, script: Sequence[str] = ("-m", "bot")) -> AsyncIterator[Siege]:
    # After a restart the product relearns the platform's pace from its refusals: not tried here.
    async with FakeTelegram(flood=False) as tg:
        tg.group(GROUP)
        async with installed(path, at_telegram(tg), script) as bot:
            yield Siege(tg, bot)
        assert tg.refusals == []


@pytest.mark.soak
async def test_real_kills_with_updates_waiting_lose_nothing(tmp_path: Path) -> None:
    chance = random.Random(17)
    async with besieged(tmp_path) as siege:
        for kill in range(KILLS):
            # A great backlog first, then a few more each time: the file must not outgrow the test.
            siege.children_write(BACKLOG // 2 if kill % 5 == 0 else 5)
            assert siege.tg.pending
            polls = siege.tg.polls
            await siege.bot.start()
            await siege.tg.wait_for(lambda polls=polls: siege.tg.polls > polls)
            await asyncio.sleep(chance.uniform(0, 0.3))
            await siege.bot.kill()
        await siege.bot.start()
        await siege.caught_up()
        assert await siege.bot.stop() == 0
        await siege.check()


@pytest.mark.parametrize("hasty", [False, True], ids=["as it is", "with the bug"])
async def test_a_kill_right_after_the_last_confirmation_is_caught_only_with_the_bug(
    tmp_path: Path, hasty: bool
) -> None:
    (tmp_path / "hasty.py").write_text(HASTY)
    script = (str(tmp_path / "hasty.py"),) if hasty else ("-m", "bot")
    async with besieged(tmp_path, script) as siege:
        siege.children_write(200)
        await siege.bot.begin()
        await siege.caught_up()
        await siege.bot.kill()
        siege.bot.script = ("-m", "bot")
        await siege.bot.start()
        await siege.caught_up()
        assert await siege.bot.stop() == 0
        if not hasty:
            await siege.check()
            return
        with pytest.raises(AssertionError, match="lost"):
            await siege.check()
