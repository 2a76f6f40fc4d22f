"""Every row of the table of errors, with the whole product at a Telegram over real HTTP.

What an error of the library means is in test_telegram_send.py and test_telegram_request.py; here:
what the children, the officers and the operator then see.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import Failed, Hopeless
from bot.channels.telegram import Telegram
from bot.group import Group
from bot.pace import Pace
from handlers.effects import Class, Delivery, EntryKind, Part, Say
from storage import entries, people
from storage.apply import apply
from storage.tx import Tx
from tests.bot.telegram_house import (
    CHILD,
    FRIEND,
    GROUP,
    LEAD,
    OFFICER,
    House,
    at,
    at_fake_telegram,
)
from tests.fakes.telegram import BOT_ID

BASIC, SUPER = -777, -1009000000099
UNREACHED = "NHÓM KHÔNG NHẬN ĐƯỢC"


@asynccontextmanager
async def sending(here: House) -> AsyncIterator[None]:
    """The sender as it runs: every lane a task of its own."""
    task = asyncio.create_task(here.world.sender.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def taken(here: House) -> None:
    """Take in what waits, and let the running sender see to the rest."""
    while updates := await here.door.updates(here.offset):
        await here.door.accept(updates, here.world.inbox)
        here.offset = max(update["update_id"] for update in updates) + 1
    here.world.sender.wake()


async def answer(here: House) -> None:
    """The lead answers in the chat; what stands against the child is in force then."""
    card = here.group()[-1]
    await here.press(LEAD, card, "Trả lời")
    [query] = [q for q, a in here.tg.answers.items() if "start=" in str(a.get("url", ""))][-1:]
    here.tg.start(LEAD, here.tg.answers[query]["url"].partition("start=")[2])
    await here.pump()
    await here.say(LEAD, "Cô đọc rồi. Con có an toàn không?")
    await here.press(LEAD, here.last(LEAD), "Gửi cho người báo")


async def delivery(here: House) -> Delivery:
    case = await here.case()
    story = await here.world.db.read(lambda tx: entries.of_case(tx, case.id))
    return next(entry.delivery for entry in reversed(story) if entry.kind is EntryKind.ANSWER)


def watch(here: House) -> Group:
    async def found() -> None:
        await here.world.sender.reopen(here.world.house.ward.id)

    return Group(here.door, here.world.alarms, lost=here.world.sender.lost, found=found)


# surely not sent


async def test_what_was_surely_not_sent_comes_later_once_and_without_a_mark(
    tmp_path: Path,
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        async with at_fake_telegram(tmp_path) as here:
            nowhere = Telegram(
                here.tg.token,
                now=lambda: here.world.now,
                api_url=f"http://127.0.0.1:{closed.getsockname()[1]}",
                group=at(GROUP),
            )
            await nowhere.start()
            here.world.sender.channels = {"telegram": nowhere}
            await here.danger()
            assert here.heard(CHILD) == []
            here.world.sender.channels = {"telegram": here.door}
            await here.seconds(2)
            await nowhere.close()
            [card] = here.group()
            assert "gửi lại" not in card.text + "".join(here.heard(CHILD))
            assert "113" in here.heard(CHILD)[0]


async def test_a_connection_that_never_stands_is_surely_unsent() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for one in (first, second):  # the queue is full: whoever comes now is not even met
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        from bot.channels.telegram.request import Carrier, NotSentError

        carrier = Carrier(1, connect=0.2)
        await carrier.initialize()
        with pytest.raises(NotSentError):
            await carrier.do_request(f"http://127.0.0.1:{full.getsockname()[1]}/", "POST")
        await carrier.shutdown()


# maybe sent


Break = Callable[[House, int], None]


def reset(here: House, chat: int) -> None:
    here.tg.hang_next("sendMessage", chat)


def server_error(here: House, chat: int) -> None:
    here.tg.fail_next("sendMessage", chat, status=502, description="Bad Gateway")


def broken_json(here: House, chat: int) -> None:
    here.tg.fail_next("sendMessage", chat, status=200, body="<html>?</html>")


MAYBE = pytest.mark.parametrize("broken", [reset, server_error, broken_json])


@MAYBE
async def test_an_alert_that_may_have_arrived_comes_again_and_says_so(
    tmp_path: Path, broken: Break
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        broken(here, GROUP)
        await here.danger()
        await here.seconds(2)
        assert here.group()[-1].text.startswith("(gửi lại)")
        assert len(here.group()) == 1 + (broken is reset)


@MAYBE
async def test_an_answer_that_may_have_arrived_comes_once_more_and_never_a_third_time(
    tmp_path: Path, broken: Break
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        await here.report()
        broken(here, CHILD)
        broken(here, CHILD)
        await answer(here)
        for _ in range(5):
            await here.seconds(30)
        told = [text for text in here.heard(CHILD) if "an toàn không?" in text]
        assert len(told) == 2 * (broken is reset)
        assert await delivery(here) is Delivery.FAILED
        assert here.world.alarms.counts["unknown-outcome"] == 1


@pytest.mark.parametrize("broken", [reset, server_error, broken_json])
async def test_a_campaign_that_may_have_arrived_is_never_repeated(
    tmp_path: Path, broken: Break
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        await here.say(CHILD, "chào")
        before = len(here.heard(CHILD))
        broken(here, CHILD)

        def write(tx: Tx) -> None:
            say = Say(
                people.meet(tx, at(CHILD)).person.id, (Part("emergency"),), rank=Class.CAMPAIGN
            )
            world = here.world
            apply(
                tx, [say], person="", now=world.now, ward=world.house.ward.id, render=world.render
            )

        await here.world.db.write(write)
        await here.pump()
        await here.seconds(600)
        assert len(here.heard(CHILD)) == before + (broken is reset)


# asked for a pause


def slowed(here: House, chat: int, seconds: int) -> None:
    here.tg.fail_next(
        "sendMessage",
        chat,
        status=429,
        description=f"Too Many Requests: retry after {seconds}",
        parameters={"retry_after": seconds},
    )


@pytest.mark.parametrize(("seconds", "told"), [(30, 0), (60, 1), (500_000, 1)])
async def test_a_long_pause_of_the_group_is_told_and_not_believed_for_ever(
    tmp_path: Path, seconds: int, told: int
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        slowed(here, GROUP, seconds)
        await here.danger()
        assert here.group() == []
        assert here.world.alarms.counts["alert-not-delivered"] == told
        await here.seconds(min(seconds, 900) + 1)
        assert len(here.group()) == 1


async def a_minutes_pause(here: House, within: float) -> None:
    """Prove that a minute's pause of the officers' group makes no child wait."""
    async with sending(here):
        slowed(here, GROUP, 60)
        here.tg.say(CHILD, "bố đang đánh em, cứu em")
        await taken(here)
        await here.tg.wait_for(lambda: here.tg.injected, 30)
        for number, who in enumerate((CHILD, FRIEND, CHILD, OFFICER)):
            await answered(here, who, f"còn nữa {number}", within)
        # Every one of them was answered before a second of the pause was over.
        assert here.group() == []
        here.world.moment[0] += timedelta(seconds=59)
        await answered(here, FRIEND, "còn nữa", within)
        assert here.group() == []
        here.world.moment[0] += timedelta(seconds=2)
        here.world.sender.wake()
        await here.tg.wait_for(here.group, 30)
        assert not here.group()[0].text.startswith("(gửi lại)")


async def answered(here: House, who: int, words: str, within: float) -> None:
    told = len(here.heard(who))
    here.tg.say(who, words)
    await taken(here)
    await here.tg.wait_for(lambda: len(here.heard(who)) > told, within)


async def test_a_minutes_pause_of_the_officers_group_never_delays_a_childs_reply(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        here.world.sender.paces = {"telegram": Pace()}
        await a_minutes_pause(here, within=30)


async def test_the_proof_catches_a_pause_that_is_everybodys(tmp_path: Path) -> None:
    class Everybody(Pace):
        """The planted bug: what one lane is asked for, all keep."""

        def slow(self, lane: str, seconds: float, now: float) -> None:
            self.quiet = now + seconds

    async with at_fake_telegram(tmp_path) as here:
        here.world.sender.paces = {"telegram": Everybody()}
        with pytest.raises(AssertionError, match="nothing within"):
            await a_minutes_pause(here, within=1.5)


async def test_a_pause_of_one_chat_is_that_chats_alone(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path) as here:
        slowed(here, CHILD, 60)
        await here.danger()
        assert here.heard(CHILD) == []
        assert len(here.group()) == 1
        await here.say(FRIEND, "chào")
        assert len(here.heard(FRIEND)) == 1
        await here.seconds(61)
        assert here.heard(CHILD)


def test_pauses_of_many_chats_at_once_are_everybodys() -> None:
    pace = Pace()
    assert pace.wait("telegram:d", 100.0) == 0
    pace.slow("telegram:a", 9, 100.0)
    pace.slow("telegram:a", 9, 101.0)
    pace.slow("telegram:b", 7, 102.0)
    assert pace.wait("telegram:d", 103.0) == 0
    pace.slow("telegram:c", 20, 103.0)
    assert pace.wait("telegram:d", 104.0) == pytest.approx(5)
    assert pace.wait("group", 104.0) == pytest.approx(5)
    assert pace.wait("telegram:d", 109.1) == 0


def test_pauses_far_apart_or_of_the_group_are_nobody_elses() -> None:
    pace = Pace()
    for second, lane in enumerate(("telegram:a", "telegram:b", "telegram:c")):
        pace.slow(lane, 60, second * 20.0)
    for _ in range(9):
        pace.slow("group", 60, 60.0)
    assert pace.wait("telegram:d", 60.0) == 0


async def test_a_platform_that_slows_many_is_left_alone_by_everybody(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path) as here:
        pace = Pace()
        here.world.sender.paces = {"telegram": pace}
        for one in (CHILD, FRIEND, OFFICER):
            slowed(here, one, 300)
            here.tg.say(one, "chào")
        async with sending(here):
            await taken(here)
            await here.tg.wait_for(lambda: pace.quiet, 30)
            now = asyncio.get_running_loop().time()
            assert pace.wait("telegram:new", now) == pytest.approx(300, abs=60)


# refused


async def test_officers_hear_on_the_card_that_whoever_blocked_the_bot_got_no_answer(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        await here.report()
        here.tg.world.chats[CHILD].blocked = True
        await answer(here)
        assert await delivery(here) is Delivery.FAILED
        assert here.world.house.texts.say("desk.delivery.failed", "vi", "", {}) in (
            here.group()[-1].text
        )
        assert here.world.alarms.counts["given-up"] == 0
        before = len(here.tg.refusals)
        await here.seconds(3600)
        assert len(here.tg.refusals) == before


async def test_a_message_the_platform_calls_wrong_is_not_tried_for_ever(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path) as here:
        await here.report()
        here.tg.fail_next(
            "sendMessage", CHILD, status=400, description="Bad Request: nonsense", times=99
        )
        await answer(here)
        for _ in range(20):
            await here.seconds(60)
        assert await delivery(here) is Delivery.FAILED
        assert here.world.alarms.counts["given-up"] == 1
        assert len(here.tg.injected) <= 3


async def test_a_refused_token_is_nobodys_fault_and_everything_waits(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path) as here:
        here.tg.fail_next("sendMessage", status=401, description="Unauthorized", times=99)
        await here.danger()
        assert here.door.refused
        here.tg._faults.clear()
        await here.seconds(61)
        assert here.heard(CHILD)
        assert here.group()


async def test_another_reader_is_told_once_for_each_stretch_and_reading_goes_on(
    tmp_path: Path,
) -> None:
    words = "Conflict: terminated by other getUpdates request"
    async with at_fake_telegram(tmp_path) as here:
        for _ in range(3):
            here.tg.fail_next("getUpdates", status=409, description=words)
            with pytest.raises(Exception, match="contested"):
                await here.door.updates(here.offset)
            assert here.door.rivals.lasts(here.world.now)
            await here.seconds(50)
        assert here.world.alarms.counts == {"other-poller": 1}
        await here.say(CHILD, "chào")
        assert here.heard(CHILD)
        await here.seconds(600)
        assert not here.door.rivals.lasts(here.world.now)
        here.tg.fail_next("getUpdates", status=409, description=words)
        with pytest.raises(Exception, match="contested"):
            await here.door.updates(here.offset)
        assert here.world.alarms.counts == {"other-poller": 2}


async def test_an_address_set_while_we_ask_ourselves_is_told_as_stolen(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path) as here:
        here.tg.push.halted = True
        here.tg.world.webhook["url"] = "https://ke-trom.example/x"
        with pytest.raises(Exception, match="contested"):
            await here.door.updates(here.offset)
        assert here.world.alarms.counts == {"webhook-changed": 1}


# the group


@pytest.mark.parametrize("by_error", [True, False], ids=["by error", "by note"])
async def test_a_group_that_moves_gets_every_open_card_at_its_new_place(
    tmp_path: Path, by_error: bool
) -> None:
    async with at_fake_telegram(tmp_path, group=BASIC) as here:
        await here.report()
        assert len(here.group(BASIC)) == 1
        here.tg.migrate(BASIC, SUPER)
        if by_error:
            here.tg.world.waiting = []  # the note never comes
        await here.report(FRIEND)
        for _ in range(3):
            await here.seconds(2)
        cards = here.group(SUPER)
        assert len({card.text.split(" · ")[1] for card in cards}) == len(cards) == 2
        await here.claim(cards[0])
        assert "Cô Mây" in here.group(SUPER)[0].text
        assert here.world.alarms.counts == {}


async def test_a_group_that_moves_in_the_middle_of_a_batch_loses_no_press(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path, group=BASIC) as here:
        await here.report()
        here.tg.say(FRIEND, "bố đang đánh em, cứu em")
        here.tg.migrate(BASIC, SUPER)
        here.tg.say(CHILD, "hôm qua bị nữa")
        await here.pump()
        await here.seconds(2)
        assert len(here.group(SUPER)) == 2
        assert here.door.group == at(SUPER)


async def leave_none(here: House) -> None:
    here.tg.kick(GROUP, BOT_ID, by=LEAD)


async def take_rights(here: House) -> None:
    here.tg.demote(GROUP, BOT_ID)
    here.tg.rights(GROUP, silent=True)


SHUT = pytest.mark.parametrize("shut", [leave_none, take_rights], ids=["kicked", "no rights"])


@SHUT
async def test_a_group_that_shuts_the_bot_out_is_told_privately_and_gets_all_it_missed(
    tmp_path: Path, shut: Callable[[House], object]
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        await shut(here)  # type: ignore[misc]
        await here.danger()
        await here.seconds(1)
        assert [text for text in here.heard(LEAD) if UNREACHED in text]
        assert here.world.alarms.counts["alert-refused"] == 1
        assert here.group() == []
        here.tg.set_status(GROUP, BOT_ID, "administrator")
        await here.seconds(600)
        assert len(here.group()) == 1


@SHUT
async def test_a_lost_group_is_seen_without_anything_being_sent(
    tmp_path: Path, shut: Callable[[House], object]
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        group = watch(here)
        assert await group.look()
        assert not group.lost
        await shut(here)  # type: ignore[misc]
        for _ in range(3):
            await group.look()
        assert group.lost
        assert here.world.alarms.counts == {"group-unreachable": 1}
        here.tg.set_status(GROUP, BOT_ID, "administrator")
        await group.look()
        assert not group.lost


async def test_what_waits_for_a_lost_group_is_told_at_once_and_shown_when_it_is_back(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        group = watch(here)
        slowed(here, GROUP, 3000)
        await here.danger()
        here.tg.kick(GROUP, BOT_ID, by=LEAD)
        await group.look()
        await here.seconds(1)
        assert [text for text in here.heard(LEAD) if UNREACHED in text]
        here.tg.set_status(GROUP, BOT_ID, "administrator")
        await group.look()
        await here.seconds(3001)
        assert len(here.group()) == 1


@pytest.mark.parametrize("status", [500, 429, 401])
async def test_a_platform_that_does_not_answer_says_nothing_of_the_group(
    tmp_path: Path, status: int
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        group = watch(here)
        group.sleep = at_once
        here.tg.fail_next("getChat", status=status, description="x")
        assert await group.look() is (status == 401)
        assert not group.lost
        assert here.world.alarms.counts == {}


async def at_once(seconds: float) -> None:
    assert seconds > 0


async def test_a_group_that_is_no_more_is_lost(tmp_path: Path) -> None:
    async with at_fake_telegram(tmp_path) as here:
        group = watch(here)
        del here.tg.world.chats[GROUP]
        await group.look()
        assert group.lost
        standing = await here.door.group_standing()
        assert (standing.asked, standing.exists, standing.reachable) == (True, False, False)


async def test_without_an_answer_to_its_questions_the_doctor_is_told_nothing(
    tmp_path: Path,
) -> None:
    async with at_fake_telegram(tmp_path) as here:
        here.tg.fail_next("getMe", status=401, description="Unauthorized")
        with pytest.raises(Failed) as caught:
            await here.door.group_standing()
        assert caught.value.why is Hopeless.TOKEN
