"""*Quên tôi* and keeping by law, through the whole product: chats, page, cards, database, clock."""

from datetime import timedelta
from pathlib import Path

from bot.clock import Clock
from handlers.events import Address
from handlers.view import Role
from storage import cases, people, visible
from storage.db import DatabaseFault
from tests.bot.people import Person
from tests.bot.process import GROUP as CHAT
from tests.bot.process import at_telegram, installed
from tests.fakes.telegram import FakeTelegram
from tests.world import GROUP, World, open_world

STORY = "bố hay đánh em bằng roi"


def clock(world: World) -> Clock:
    return Clock(
        db=world.db,
        tick=world.inbox.tick,
        channels={"telegram": world.room},
        alarms=world.alarms,
        now=lambda: world.now,
        house=world.house,
    )


async def report(world: World, who: str = "be", *, own: bool = True) -> str:
    """A child's report; gives the return words."""
    for step in ("a.for.me", "a.now.no", "a.what.hit"):
        await world.choose(who, step)
    await world.say(who, STORY)
    await world.choose(who, "a.who.home")
    await world.choose(who, f"a.where.{world.house.ward.areas[0].id}")
    await world.choose(who, "a.phone.own" if own else "a.phone.shared")
    if own:
        await world.choose(who, "a.hours.any")
    await world.choose(who, "a.send.send")
    receipt = next(t.message.text for t in world.room.of(who) if "➤" in t.message.text)
    return receipt.partition("➤ ")[2].partition("\n")[0]


async def rows(world: World, sql: str) -> list[object]:
    return [tuple(row) for row in await world.db.read(lambda tx: tx.all(sql))]


async def forget(world: World, who: str = "be") -> None:
    await world.say(who, "quên em đi ạ")
    await world.choose(who, "go.forget_sure")


def card(world: World) -> str:
    return world.room.of(GROUP.peer)[0].message.text


async def test_a_child_is_forgotten_and_its_report_is_not(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây", Role.LEAD)
        words = await report(world)
        assert "Nhắn trước: được" in card(world)
        await forget(world)
        assert await rows(world, "select * from links") == []
        assert "Người báo đã chọn cắt liên lạc" in card(world)
        assert len(await rows(world, "select * from cases")) == 1
        # What stood in the chat is gone; the one line that is left tells nothing.
        here = clock(world)
        await here.take_away()
        [left] = world.room.of("be")
        assert left.message.text.startswith("Xong rồi, mình không còn biết")
        assert left.message.keys == ()
        await here.sweep()
        assert await rows(world, "select * from people where officer is null") == []
        assert not world.alarms.counts
        # The officer's answer waits for the return words, and the officer reads why.
        await world.in_group("m", world.button(GROUP.peer, "Nhận việc"))
        (case,) = await rows(world, "select id from cases")
        await world.choose("m", f"d.reply.{case[0]}")
        await world.choose("m", f"d.canned.{case[0]}.hello")
        await world.press("m", "Gửi cho người báo")
        assert "chọn cắt liên lạc" in world.last("m").text
        assert [told.message.text for told in world.room.of("be")] == [left.message.text]
        # The same account is a stranger; the words open the case from anywhere.
        await world.say("be", "alo")
        assert "Bạn cần gì?" in world.last("be").text
        await world.say("may-khac", words)
        assert "phụ trách trẻ em ở phường đây" in world.last("may-khac").text


async def test_the_childs_own_messages_are_taken_away_too(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await report(world)
        await world.say("be", "hôm nay lại thế")
        said = str(world.count)
        await forget(world)
        refs = {
            ref
            for one in await world.db.read(lambda tx: visible.due(tx, world.now))
            for ref in one.refs
        }
        assert said in refs
        assert {told.ref for told in world.room.of("be")[:-1]} <= refs


async def test_messages_that_cannot_be_taken_away_any_more_are_not_tried(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await report(world)
        here = clock(world)
        for _ in range(2):
            world.moment[0] += timedelta(hours=24)
            await here.sweep()
        before = len(world.room.of("be"))
        await forget(world)
        await here.take_away()
        # The question and its answer's message go; what is older than two days stays.
        assert len(world.room.of("be")) == before + 1
        assert not world.alarms.counts


async def test_on_a_page_nothing_of_it_is_left(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        page = Address("web", world.house.ward.id, "trang")
        for step in ("a.for.me", "a.now.no", "a.what.hit"):
            await world.choose("trang", step, channel="web")
        await world.say("trang", STORY, channel="web")
        await world.choose("trang", "go.send", channel="web")
        await world.say("trang", "quên tôi", channel="web")
        await world.choose("trang", "go.forget_sure", channel="web")
        shown = await world.mailbox.page(page, 0)
        assert shown.history == ()
        [letter] = shown.letters
        assert letter.message.text.startswith("Xong rồi, mình không còn biết")
        assert (letter.message.keys, letter.message.typed) == ((), False), "the screen is cleared"
        shown = await world.mailbox.page(page, letter.number)
        assert (shown.history, shown.letters) == ((), ())
        await clock(world).sweep()
        assert await world.db.read(lambda tx: people.find(tx, page)) is None
        assert len(await rows(world, "select * from cases")) == 1


async def test_a_strangers_chat_goes_the_same_way_step_by_step(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await report(world, "be")
        await world.choose("la", "a.for.me")
        said = {}
        for who in ("be", "la"):
            world.room.told.clear()
            await world.say(who, "quên tôi")
            asked = world.last(who)
            await world.choose(who, "go.forget_sure")
            said[who] = [asked, world.last(who)]
        assert said["be"] == said["la"]


async def test_a_half_told_story_somebody_else_wants_gone_reaches_the_officers(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        for step in ("a.for.me", "a.now.no", "a.what.hit"):
            await world.choose("be", step)
        await world.say("be", STORY)
        await world.choose("be", "go.exit")  # somebody has come near
        await forget(world)
        assert "Kể dở" in card(world)
        assert "Người báo đã chọn cắt liên lạc" in card(world)
        assert await rows(world, "select * from links") == []
        assert await rows(world, "select * from talks") == []
        assert await rows(world, "select wait from deadlines where person <> ''") == []


async def test_in_a_real_telegram_chat_both_sides_messages_go_within_seconds(
    tmp_path: Path,
) -> None:
    async with FakeTelegram() as tg:
        tg.group(CHAT, admins=[1001])
        async with installed(tmp_path, at_telegram(tg)) as bot:
            await bot.start()
            child = Person(tg, 55501)
            await child.reports("em hay bị đánh ở nhà")
            asked = await child.says("quên em đi ạ")
            before = len(tg.chat(child.id))
            last = await child.presses(asked, "go.forget_sure")
            assert last.text.startswith("Xong rồi, mình không còn biết")
            await tg.wait_for(lambda: len(tg.chat(child.id)) == 1, 30)
            assert before > 8
            [left] = tg.chat(child.id)
            assert left.message_id == last.message_id
        assert tg.refusals == []


# kept by law


async def days(world: World, here: Clock, number: int) -> None:
    for _ in range(number):
        world.moment[0] += timedelta(days=1)
        await world.inbox.tick()
        await world.drain()
        await here.sweep()
        await here.take_away()


async def test_a_lead_keeps_a_case_by_law_until_they_let_it_go(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây", Role.LEAD)
        await report(world)
        (row,) = await rows(world, "select id from cases")
        case = str(row[0])  # type: ignore[index]
        await world.choose("m", f"d.close.{case}.police")
        assert "Có cần giữ lại theo luật" in "\n".join(t.message.text for t in world.room.of("m"))
        await world.press("m", "Giữ lại theo luật")
        assert "🔒 Giữ lại theo luật từ 24/11/2026: đã chuyển công an" in card(world)
        here = clock(world)
        await days(world, here, 29)
        asked = [t for t in world.room.of("m") if "Còn cần giữ không" in t.message.text]
        assert asked == []
        await days(world, here, 91)
        asked = [t for t in world.room.of("m") if "Còn cần giữ không" in t.message.text]
        assert len(asked) == 4, "on each thirtieth day"
        found = await world.db.read(lambda tx: cases.get(tx, case))
        assert found is not None
        assert await rows(world, "select * from links") == []
        await world.press("m", "Bỏ giữ")
        assert "xóa hẳn" in world.last("m").text
        await world.press("m", "Bỏ giữ")
        assert await rows(world, "select wait from deadlines") == []
        await here.sweep()
        assert await rows(world, "select * from cases") == []


# the file itself


async def test_once_a_night_the_file_is_written_anew_if_anything_was_deleted(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        await world.choose("be", "a.for.me")
        here = clock(world)
        world.moment[0] += timedelta(hours=1)
        await here.sweep()
        assert here.unclean, "at a start nobody knows what was left"
        world.moment[0] += timedelta(hours=11)  # 03:00 in Việt Nam
        await here.sweep()
        assert not here.unclean
        assert (tmp_path / "x.db-wal").stat().st_size == 0
        await world.db.write(lambda tx: tx.run("update talks set spoken = 0"))
        world.moment[0] += timedelta(minutes=10)
        await here.sweep()
        assert not here.unclean, "a draft went, and the night is still young"
        assert len(await rows(world, "select * from talks")) == 0


async def test_a_disk_without_room_for_it_is_told_and_tried_again(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = clock(world)
        world.moment[0] += timedelta(hours=12)

        async def full() -> bool:
            raise DatabaseFault("database or disk is full")

        works, world.db.rewrite = world.db.rewrite, full  # type: ignore[method-assign]
        await here.sweep()
        assert world.alarms.counts == {"file-not-rewritten": 1}
        assert here.unclean
        world.db.rewrite = works  # type: ignore[method-assign]
        await here.sweep()
        assert not here.unclean
