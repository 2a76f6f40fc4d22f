"""`drill`: an exercise that officers work, with its times measured; and how a ward opens by it."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from bot.__main__ import main
from bot.commands import drill
from bot.config import NAMES
from handlers.cases import Case, Origin, Priority
from handlers.drill import MARK
from handlers.effects import Delivery
from handlers.events import Address
from handlers.view import Role
from storage import cases, counts, entries, exercises, invites, opening, pulse
from storage.db import Database
from storage.origins import DRILL
from storage.seal import RootKey, Seal
from tests.bot.people import Browser, Person
from tests.bot.process import GROUP, at_telegram, installed
from tests.bot.wards import KEY, write_ward
from tests.fakes.telegram import FakeTelegram
from tests.world import GROUP as PLACE
from tests.world import World, open_world

LEAD, CHILD = 1001, 55501
P1, P2 = Priority.P1, Priority.P2


async def begin(world: World, priority: Priority = P2, peer: str = "nobody") -> Case:
    """Begin an exercise as the command does; give its case."""
    ward = world.house.ward.id
    nobody = Address(DRILL, ward, peer)
    await drill.tell(world.inbox, nobody, priority)
    answer = await world.db.write(partial(drill.begun, ward, nobody))
    assert answer.done
    await world.drain()
    newest = (await world.db.read(lambda tx: exercises.every(tx, ward)))[-1]
    case = await world.db.read(lambda tx: cases.get(tx, newest.case))
    assert case is not None
    return case


async def answers(world: World, peer: str = "may") -> None:
    """Answer the newest case's card with a ready sentence."""
    outcome = await world.in_group(peer, world.button(PLACE.peer, "Trả lời"))
    await world.start(peer, outcome.door)
    await world.press(peer, "Chào, cảm ơn đã kể")
    await world.press(peer, "Gửi cho người báo")


@asynccontextmanager
async def ward(path: Path, **more: bool) -> AsyncIterator[World]:
    async with open_world(path, **more) as world:
        await world.officer("may", "Cô Mây", Role.LEAD)
        yield world


@pytest.mark.parametrize("priority", [P1, P2])
async def test_an_exercise_is_a_case_of_the_wanted_priority_with_its_mark(
    tmp_path: Path, priority: Priority
) -> None:
    async with ward(tmp_path) as world:
        case = await begin(world, priority)
        assert (case.origin, case.priority) == (Origin.DRILL, priority)
        story = await world.db.read(lambda tx: entries.of_case(tx, case.id))
        assert [MARK in entry.text for entry in story] == [True]
        [card] = world.room.of(PLACE.peer)
        assert MARK in card.message.text.splitlines()[0]


async def test_an_answer_reaches_nobody_and_counts_as_delivered(tmp_path: Path) -> None:
    async with ward(tmp_path) as world:
        case = await begin(world)
        world.moment[0] += timedelta(hours=3)  # a real reporter's chat would be closed by now
        await answers(world)
        [answer] = await world.db.read(lambda tx: entries.answers(tx, case.id))
        assert answer.delivery is Delivery.DELIVERED
        assert {told.to.peer for told in world.room.told} == {PLACE.peer, "may"}


async def test_an_unclaimed_p1_climbs_with_its_mark_and_is_no_monitors_business(
    tmp_path: Path,
) -> None:
    async with ward(tmp_path) as world:
        await begin(world, P1)
        await world.advance(minutes=16)
        assert [MARK in code for code, _ in world.rings] == [True, True]
        assert all(MARK in told.message.text for told in world.room.of("may"))
        seen = await world.db.read(lambda tx: pulse.read(tx, world.house.ward.id, world.now))
        assert seen.unclaimed is None


async def test_nothing_of_it_is_counted(tmp_path: Path) -> None:
    async with ward(tmp_path) as world:
        for priority in (P1, P2):
            await begin(world, priority, peer=priority)
            await answers(world)
            outcome = await world.in_group("may", world.button(PLACE.peer, "Đóng"))
            await world.start("may", outcome.door)
            await world.press("may", "hết nguy cơ")
        closed = await world.db.read(lambda tx: exercises.every(tx, world.house.ward.id))
        assert len([one for one in closed if one.closed]) == 2
        assert await world.db.read(lambda tx: tx.all("select * from counts")) == []
        month = await world.db.read(lambda tx: counts.month(tx, world.house.ward.id, "2026-11"))
        assert month == {}


async def test_every_moment_is_measured_and_drawn_with_the_median(tmp_path: Path) -> None:
    async with ward(tmp_path) as world:
        for peer, (claimed, answered) in {"a": (30, 90), "b": (60, 4000)}.items():
            began = world.now
            await begin(world, peer=peer)
            world.moment[0] = began + timedelta(seconds=claimed)
            await world.in_group("may", world.button(PLACE.peer, "Nhận việc"))
            outcome = await world.in_group("may", world.button(PLACE.peer, "Mở hồ sơ"))
            await world.start("may", outcome.door)
            world.moment[0] = began + timedelta(seconds=answered)
            await answers(world)
        await begin(world, peer="c")
        name = world.house.ward.id
        report = await world.db.read(partial(drill.on, name, None, drill.reported))
        table = [re.split(r"\s{2,}", line) for line in report.lines]
        assert table[0][1:] == ["Tới màn hình", "Nhận", "Mở", "Trả lời", "Đóng"]
        assert table[1][1:] == ["on screen", "claimed", "opened", "answered", "closed"]
        assert table[2][1:] == ["0:00", "0:30", "0:30", "1:30", "–"]
        assert table[3][1:] == ["0:00", "1:00", "1:00", "1:06:40", "–"]
        assert table[4][1:] == ["0:00", "–", "–", "–", "–"]
        assert table[5][1:] == ["0:00", "0:45", "0:45", "34:05", "–"]
        code = table[3][0].split()[0]
        assert "open since" in report.lines[-1]
        one = await world.db.read(partial(drill.on, name, code.lower(), drill.reported))
        assert [line.split()[0] for line in one.lines[2:3]] == [code]
        assert len(one.lines) == 5
        none = await world.db.read(partial(drill.on, name, "00000000", drill.reported))
        assert none.done is False


async def test_in_a_ward_without_a_group_the_desks_first_look_counts(tmp_path: Path) -> None:
    async with ward(tmp_path, group=False) as world:
        # A chat of their own would show it to them at once.
        await world.db.write(lambda tx: tx.run("update people set officer = null"))
        invite = invites.Invite(invites.Opens.DESK, "officer-may")
        until = world.now + timedelta(hours=1)
        await world.db.write(lambda tx: invites.make(tx, "t", invite, until))
        await world.mailbox.enter("t", "session")
        await begin(world)
        name = world.house.ward.id
        [one] = await world.db.read(lambda tx: exercises.every(tx, name))
        assert one.shown is None
        world.moment[0] += timedelta(seconds=40)
        await world.mailbox.board("a stranger", 0)
        [one] = await world.db.read(lambda tx: exercises.every(tx, name))
        assert one.shown is None
        for _ in range(2):
            board = await world.mailbox.board("session", 0)
            world.moment[0] += timedelta(seconds=10)
        assert board is not None
        assert MARK in board.cards[0].message.text
        [one] = await world.db.read(lambda tx: exercises.every(tx, name))
        assert one.shown is not None
        assert (one.shown - one.began).total_seconds() == 40


async def test_the_end_of_an_exercise_leaves_only_the_record_of_who_did_what(
    tmp_path: Path,
) -> None:
    async with ward(tmp_path) as world:
        await world.say("be", "bố đang đánh em")
        await begin(world, P1)
        await answers(world)
        name = world.house.ward.id
        ended = await world.db.write(partial(drill.on, name, None, drill.ended))
        assert "Đã xóa" in ended.lines[-1]
        left = await world.db.read(lambda tx: cases.board(tx, name))
        assert [case.origin for case in left] == [Origin.PERSON]
        rows = await world.db.read(
            lambda tx: [
                tx.one("select 1 from people where channel = 'drill'"),
                tx.one("select 1 from outbox"),
                tx.one("select 1 from case_keys where case_id not in (select id from cases)"),
            ]
        )
        assert rows == [None, None, None]
        acts = await world.db.read(
            lambda tx: [
                row["act"] for row in tx.all("select act from audit where act like 'drill.%'")
            ]
        )
        assert acts == ["drill.shown", "drill.begin", "drill.end"] or acts == [
            "drill.begin",
            "drill.shown",
            "drill.end",
        ]


# opening


async def is_open(world: World) -> bool:
    return await world.db.read(lambda tx: opening.is_open(tx, world.house.ward.id))


async def test_only_an_answered_exercise_opens_the_ward_and_it_is_written_down(
    tmp_path: Path,
) -> None:
    async with ward(tmp_path, opened=False) as world:
        await world.say("be", "bố đang đánh em")
        await world.in_group("may", world.button(PLACE.peer, "Nhận việc"))
        await answers(world)
        assert not await is_open(world)
        await begin(world)
        await world.in_group("may", world.button(PLACE.peer, "Nhận việc"))
        assert not await is_open(world)
        await answers(world)
        assert await is_open(world)
        row = await world.db.read(
            lambda tx: tx.one("select officer from audit where act = 'ward.opened'")
        )
        assert row is not None
        assert row["officer"] == "officer-may"
        assert "Chào bạn" in (await greeted(world))
        world.moment[0] += timedelta(days=1)
        since = await world.db.read(lambda tx: opening.since(tx, world.house.ward.id))
        await world.db.write(lambda tx: opening.open_ward(tx, world.house.ward.id, tx.now))
        assert since == await world.db.read(lambda tx: opening.since(tx, world.house.ward.id))


async def greeted(world: World) -> str:
    await world.say("khác", "chào")
    return world.last("khác").text


async def test_a_stranger_on_the_exercises_card_opens_nothing(tmp_path: Path) -> None:
    async with ward(tmp_path, opened=False) as world:
        case = await begin(world)
        world.room.members.add("lạ")
        for verb in ("claim", "reply", "send"):
            await world.in_group("lạ", f"d.{verb}.{case.id}")
            await world.choose("lạ", f"d.{verb}.{case.id}")
        assert not await is_open(world)
        assert "chưa có ai đọc" in await greeted(world)


async def test_the_web_pages_of_a_closed_ward_say_so_first_and_again(tmp_path: Path) -> None:
    async with ward(tmp_path, opened=False) as world:
        assert "chưa có ai đọc" in (await world.mailbox.front("vi")).text
        assert "opens soon" in (await world.mailbox.front("en")).text
        who = Address("web", world.house.ward.id, "trang")
        await world.say("trang", "em bị bắt nạt", channel="web")
        for _ in range(2):
            page = await world.mailbox.page(who, 999)
            assert page.history == ()
            assert "chưa có ai đọc" in page.letters[-1].message.text
        await world.choose("trang", "go.danger", channel="web")
        page = await world.mailbox.page(who, 999)
        assert "chưa có ai đọc" not in page.letters[-1].message.text
        await world.db.write(lambda tx: opening.open_ward(tx, world.house.ward.id, tx.now))
        assert "Chào bạn" in (await world.mailbox.front("vi")).text


async def test_a_trial_is_open_and_says_that_it_is_one(tmp_path: Path) -> None:
    async with ward(tmp_path, opened=False, trial=True) as world:
        assert "Chào bạn" in await greeted(world)
        assert "Chào bạn" in (await world.mailbox.front("vi")).text


async def test_a_copy_of_the_database_is_as_open_as_the_database(tmp_path: Path) -> None:
    async with ward(tmp_path) as world:
        await world.db.backup(tmp_path / "copy.db")
        name = world.house.ward.id
    async with await Database.open(tmp_path / "copy.db", Seal(RootKey(bytes(range(32))))) as db:
        assert await db.read(lambda tx: opening.is_open(tx, name))
        assert not await db.read(lambda tx: opening.is_open(tx, "another ward"))


# the command


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_command_begins_reports_and_ends(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del here
    assert main(["drill"]) == 64
    assert "no lead" in capsys.readouterr().err
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    assert main(["drill", "report"]) == 64
    assert "no exercise" in capsys.readouterr().err
    assert main(["drill", "--priority", "P1"]) == 0
    begun = capsys.readouterr().out
    assert begun.startswith(f"{MARK} ")
    assert "(P1)" in begun
    assert "Kênh chưa mở" not in begun, "a trial is open"
    code = begun.split()[2]
    assert main(["drill", "report", code]) == 0
    assert f"{code} P1" in capsys.readouterr().out
    assert main(["drill", "end", "K7M4-PQ2X"]) == 64
    assert main(["drill", "end", code]) == 0
    assert "Đã xóa" in capsys.readouterr().out
    assert main(["drill", "report"]) == 64


async def test_a_real_ward_opens_by_an_exercise_beside_the_running_program(tmp_path: Path) -> None:
    write_ward(tmp_path)
    async with FakeTelegram() as tg:
        tg.group(GROUP, admins=[LEAD])
        async with installed(tmp_path, at_telegram(tg, SECRET_KEY_FILE=KEY)) as bot:
            assert (await bot.command("keys", "init")).code == 0
            _, token = await bot.invited("Cô Hạ", "lead")
            await bot.start()
            assert "NOT OPEN TO THE PUBLIC" in bot.out
            lead, child = Person(tg, LEAD), Person(tg, CHILD)
            await lead.starts(token)
            closed = await child.starts()
            assert "chưa có ai đọc" in closed.text
            assert "024 1357 2468" in closed.text, "the ward's own number"
            assert "Tổng đài quốc gia" in (await child.says("111")).text
            async with httpx.AsyncClient(base_url=bot.address, trust_env=False) as http:
                assert "chưa có ai đọc" in await Browser(http).opens("/")
            assert tg.from_bot(GROUP) == []

            begun = await bot.command("drill")
            assert (begun.code, "Kênh chưa mở" in begun.out) == (0, True)
            await tg.wait_for(lambda: tg.from_bot(GROUP))
            [card] = tg.from_bot(GROUP)
            assert MARK in card.text
            tg.press(LEAD, card, "Nhận việc")
            await tg.wait_for(lambda: "Cô Hạ" in tg.from_bot(GROUP)[0].text)
            prompt = await lead.goes_through_the_door(card, "Trả lời")
            assert MARK in prompt.text
            preview = await lead.presses(prompt, "d.canned.")
            assert "kênh mở cho người dân" in (await lead.presses(preview, "d.send.")).text
            await tg.wait_for(lambda: "đã tới" in tg.from_bot(GROUP)[0].text)

            assert "Chào bạn" in (await child.says("chào")).text
            assert await bot.stop() == 0
            assert bot.err == ""
        assert tg.refusals == []
