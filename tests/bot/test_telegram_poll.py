"""Taking updates in: commit, then acknowledge; whatever comes, whatever breaks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.channel import Failed, Hopeless, Key, Outcome, Outgoing
from bot.channels.telegram import Telegram
from bot.channels.telegram.parse import UPDATES
from handlers.events import Address, Incoming, Side
from tests.fakes.telegram import BOT_ID, FakeTelegram

CHILD, OFFICER = 501, 601
GROUP, BASIC = -1001234567890, -777


def at(peer: int) -> Address:
    return Address("telegram", str(BOT_ID), str(peer))


class Notebook:
    """An inbox that writes down what came, and can be told to be slow or to break."""

    def __init__(self, outcome: Outcome | None = None) -> None:
        self.begun: list[Incoming] = []
        self.kept: list[Incoming] = []
        self.open = asyncio.Event()
        self.open.set()
        self.breaks = 0
        self._outcome = outcome or Outcome()

    async def take(self, incoming: Incoming, blob: bytes | None = None) -> Outcome:
        assert blob is None
        self.begun.append(incoming)
        await self.open.wait()
        if self.breaks:
            self.breaks -= 1
            raise OSError("disk full")
        self.kept.append(incoming)
        return self._outcome

    @property
    def texts(self) -> list[str]:
        return [incoming.text for incoming in self.kept]


class Naps:
    """Sleeps without sleeping, and remembers how long."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await asyncio.sleep(0.01)


@pytest.fixture
async def tg() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(flood=False) as fake:
        fake.person(CHILD)
        fake.group(GROUP, members=[OFFICER])
        yield fake


@pytest.fixture
def naps() -> Naps:
    return Naps()


Polling = Callable[..., Any]


@pytest.fixture
def polling(tg: FakeTelegram, naps: Naps) -> Polling:
    @asynccontextmanager
    async def run(inbox: Notebook, **options: Any) -> AsyncIterator[tuple[Telegram, Any]]:
        settings: dict[str, Any] = {"group": at(GROUP), "long_poll": 2, "sleep": naps} | options
        door = Telegram(tg.token, api_url=tg.url, now=lambda: datetime.now(UTC), **settings)
        await door.start()
        task = asyncio.create_task(door.poll(inbox))
        try:
            yield door, task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await door.close()

    return run


def waiting(tg: FakeTelegram) -> list[int]:
    return [body["update_id"] for body in tg.pending]


async def test_messages_come_in_the_order_they_were_written(
    tg: FakeTelegram, polling: Polling
) -> None:
    for number in range(150):
        tg.say(CHILD, f"{number}")
    inbox = Notebook()
    async with polling(inbox):
        await tg.wait_for(lambda: len(inbox.kept) == 150)
        await tg.wait_for(lambda: not tg.pending)
    assert inbox.texts == [str(number) for number in range(150)]


async def test_just_what_is_read_is_asked_for(tg: FakeTelegram, polling: Polling) -> None:
    async with polling(Notebook()):
        await tg.wait_for(lambda: tg.polls)
    assert set(tg.world.allowed or []) == set(UPDATES)
    assert "message_reaction" not in UPDATES


async def test_nothing_is_acknowledged_before_it_is_committed(
    tg: FakeTelegram, polling: Polling
) -> None:
    inbox = Notebook()
    inbox.open.clear()
    tg.say(CHILD, "một")
    tg.say(CHILD, "hai")
    async with polling(inbox):
        await tg.wait_for(lambda: len(inbox.begun) == 2)
        await asyncio.sleep(0.05)
        assert len(tg.pending) == 2
        inbox.open.set()
        await tg.wait_for(lambda: not tg.pending)
    assert inbox.texts == ["một", "hai"]


async def test_a_process_killed_before_the_commit_gets_everything_again(
    tg: FakeTelegram, polling: Polling
) -> None:
    dying = Notebook()
    dying.open.clear()
    for number in range(20):
        tg.say(CHILD, f"{number}")
    async with polling(dying):
        await tg.wait_for(lambda: len(dying.begun) == 20)
    assert not dying.kept
    inbox = Notebook()
    async with polling(inbox):
        await tg.wait_for(lambda: not tg.pending)
    assert [one.event_id for one in inbox.kept] == [one.event_id for one in dying.begun]


async def test_a_commit_that_fails_ends_the_process_and_acknowledges_nothing(
    tg: FakeTelegram, polling: Polling
) -> None:
    tg.say(CHILD, "một")
    tg.say(CHILD, "hai")
    inbox = Notebook()
    inbox.breaks = 1
    async with polling(inbox) as (_, task):
        with pytest.raises(OSError, match="disk full"):
            await asyncio.wait_for(task, 3)
    assert inbox.texts == ["hai"], "the others were given their chance"
    assert len(tg.pending) == 2


async def test_what_waited_while_nobody_listened_is_kept(
    tg: FakeTelegram, polling: Polling
) -> None:
    tg.say(CHILD, "cứu em")
    tg.advance(23 * 3600)
    inbox = Notebook()
    async with polling(inbox):
        await tg.wait_for(lambda: inbox.kept)
    assert inbox.texts == ["cứu em"]


async def test_a_poisoned_update_is_counted_and_passed_over(
    tg: FakeTelegram, polling: Polling
) -> None:
    tg.say(CHILD, "trước")
    for poison in (
        {"message": None},
        {"message": {"chat": [], "text": {}}},
        {"hologram": {"a": 1}},
        {"message": {"chat": {"type": "private", "id": 10**25}}},
        {"callback_query": {"from": 3}},
    ):
        tg.raw_update(poison)
    tg.say(CHILD, "sau")
    inbox = Notebook()
    async with polling(inbox) as (door, _):
        await tg.wait_for(lambda: not tg.pending)
        assert door.counts["odd"] == 5
    assert inbox.texts == ["trước", "sau"]


async def test_a_fault_in_the_parser_itself_stops_nobody(
    tg: FakeTelegram, polling: Polling, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(update: object, setting: object) -> object:
        raise KeyError("a bug")

    monkeypatch.setattr("bot.channels.telegram.door.parse", faulty)
    tg.say(CHILD, "a")
    async with polling(Notebook()) as (door, _):
        await tg.wait_for(lambda: not tg.pending)
        assert door.counts["odd"] == 1


async def test_updates_without_a_number_do_not_make_it_spin(
    tg: FakeTelegram, polling: Polling, naps: Naps
) -> None:
    tg.fail_next("getUpdates", status=200, body='{"ok":true,"result":[{}, 7]}', times=3)
    async with polling(Notebook()) as (door, _):
        await tg.wait_for(lambda: len(naps.taken) == 3)
        assert door.counts["odd"] == 6
        await tg.wait_for(lambda: tg.polls)


async def test_an_outage_is_waited_out_longer_and_longer(
    tg: FakeTelegram, polling: Polling, naps: Naps
) -> None:
    tg.down()
    inbox = Notebook()
    async with polling(inbox, jitter=lambda: 1.0) as (door, task):
        await tg.wait_for(lambda: len(naps.taken) >= 8)
        assert not task.done()
        assert (door.username, door.reached) == ("", None)
        tg.up()
        tg.say(CHILD, "cứu em")
        await tg.wait_for(lambda: inbox.kept)
        await tg.wait_for(lambda: door.username)
        assert door.reached is not None
    assert naps.taken[:8] == [1.25, 2.5, 5.0, 10.0, 20.0, 37.5, 37.5, 37.5]


async def test_after_an_outage_the_next_pause_is_short_again(
    tg: FakeTelegram, polling: Polling, naps: Naps
) -> None:
    tg.fail_next("getUpdates", status=502, body="<html>", times=3)
    inbox = Notebook()
    async with polling(inbox):
        await tg.wait_for(lambda: tg.polls)
        tg.say(CHILD, "a")
        await tg.wait_for(lambda: inbox.kept)
        tg.fail_next("getUpdates", status=500)
        await tg.wait_for(lambda: len(naps.taken) == 4)
    assert naps.taken == [1, 2, 4, 1]


async def test_a_pause_asked_for_is_kept(tg: FakeTelegram, polling: Polling, naps: Naps) -> None:
    tg.fail_next("getUpdates", status=429, description="", parameters={"retry_after": 9})
    async with polling(Notebook()):
        await tg.wait_for(lambda: tg.polls)
    assert naps.taken == [9]


async def test_a_second_reader_is_told_about_and_outwaited(
    tg: FakeTelegram, polling: Polling, naps: Naps, caplog: pytest.LogCaptureFixture
) -> None:
    words = "Conflict: terminated by other getUpdates request"
    tg.fail_next("getUpdates", status=409, description=words, times=2)
    async with polling(Notebook()):
        await tg.wait_for(lambda: tg.polls)
    assert naps.taken == [1, 2]
    assert "somebody else reads" in caplog.text


async def test_before_the_first_question_an_address_is_taken_away_and_nobody_alarmed(
    tg: FakeTelegram, polling: Polling
) -> None:
    tg.push.halted = True
    tg.world.webhook["url"] = "https://example.org/telegram"
    alarms: list[str] = []
    async with polling(Notebook(), alarms=alarms.append):
        await tg.wait_for(lambda: tg.polls)
    [call] = [call for call in tg.sent if call.method == "deleteWebhook"]
    assert call.params == {}
    assert tg.refusals == []
    assert alarms == []


async def test_an_address_that_could_not_be_taken_away_at_the_start_is_no_thief(
    tg: FakeTelegram, polling: Polling
) -> None:
    tg.push.halted = True
    tg.world.webhook["url"] = "https://example.org/telegram"
    tg.fail_next("deleteWebhook", status=502)
    alarms: list[str] = []
    async with polling(Notebook(), alarms=alarms.append):
        await tg.wait_for(lambda: tg.polls)
        assert alarms == []
        tg.world.webhook["url"] = "https://ke-trom.example/x"
        tg.say(CHILD, "a")
        await tg.wait_for(lambda: alarms)
    assert alarms == ["webhook-changed"]


async def test_a_webhook_left_over_is_taken_away_and_what_waits_is_kept(
    tg: FakeTelegram, polling: Polling
) -> None:
    tg.world.webhook["url"] = "https://example.org/telegram"
    tg.push.halted = True
    tg.say(CHILD, "cứu em")
    inbox = Notebook()
    async with polling(inbox):
        await tg.wait_for(lambda: inbox.kept)
    assert inbox.texts == ["cứu em"]


@pytest.mark.parametrize("status", [401, 404])
async def test_a_refused_token_ends_it_loudly(
    tg: FakeTelegram, polling: Polling, status: int
) -> None:
    async with polling(Notebook()) as (_, task):
        await tg.wait_for(lambda: tg.polls)
        tg.fail_next("getUpdates", status=status, description="Unauthorized")
        tg.say(CHILD, "a")
        with pytest.raises(Failed) as caught:
            await asyncio.wait_for(task, 5)
        assert caught.value.why is Hopeless.TOKEN


# presses


async def test_a_press_is_answered_with_the_toast_after_the_commit(
    tg: FakeTelegram, polling: Polling
) -> None:
    inbox = Notebook(Outcome(toast="Đã nhận"))
    inbox.open.clear()
    async with polling(inbox) as (door, _):
        await door.send(at(GROUP), Outgoing("thẻ", ((Key("d.claim.1", "Nhận"),),)))
        press = tg.press(OFFICER, tg.from_bot(GROUP)[0], "Nhận")
        await tg.wait_for(lambda: inbox.begun)
        assert not tg.answers
        inbox.open.set()
        await tg.wait_for(lambda: tg.answers)
    assert tg.answers[press]["text"] == "Đã nhận"
    assert (inbox.kept[0].side, inbox.kept[0].place) == (Side.DESK, at(GROUP))


async def test_a_press_can_open_a_door_into_the_private_chat(
    tg: FakeTelegram, polling: Polling
) -> None:
    inbox = Notebook(Outcome(door="one-use_token"))
    async with polling(inbox) as (door, _):
        await door.send(at(GROUP), Outgoing("thẻ", ((Key("d.open.1", "Mở"),),)))
        press = tg.press(OFFICER, tg.from_bot(GROUP)[0], "Mở")
        await tg.wait_for(lambda: tg.answers)
    assert tg.answers[press]["url"] == "https://t.me/lang_nghe_thu_bot?start=one-use_token"


async def test_a_press_nobody_can_answer_any_more_holds_nothing_up(
    tg: FakeTelegram, polling: Polling
) -> None:
    inbox = Notebook()
    tg.start(CHILD)
    tg.fail_next("answerCallbackQuery", status=400, description="Bad Request: query is too old")
    async with polling(inbox) as (door, _):
        await door.send(at(CHILD), Outgoing("?", ((Key("r.yes", "Có"),),)))
        tg.press(CHILD, tg.from_bot(CHILD)[0], "Có")
        await tg.wait_for(lambda: not tg.pending and len(inbox.kept) == 2)


# groups


async def test_a_removed_officer_is_noticed_at_once(tg: FakeTelegram, polling: Polling) -> None:
    async with polling(Notebook()) as (door, _):
        await tg.wait_for(lambda: tg.polls)
        assert await door.is_member(at(GROUP), at(OFFICER))
        tg.kick(GROUP, OFFICER)
        await tg.wait_for(lambda: not tg.pending)
        assert not await door.is_member(at(GROUP), at(OFFICER))


async def test_a_moved_group_is_stored_before_its_first_press(
    tg: FakeTelegram, polling: Polling
) -> None:
    tg.group(BASIC, members=[OFFICER])
    done: list[object] = []

    async def store(old: Address, new: Address) -> None:
        await asyncio.sleep(0.05)
        done.append((old, new, len(inbox.begun)))

    inbox = Notebook()
    async with polling(inbox, group=at(BASIC), on_migrate=store) as (door, _):
        card = await door.send(at(BASIC), Outgoing("thẻ", ((Key("d.x", "X"),),)))
        assert card
        new = tg.migrate(BASIC, -1009)
        tg.press(OFFICER, tg.from_bot(BASIC)[0], "d.y", forged=True)
        await door.send(at(new.id), Outgoing("thẻ", ((Key("d.x", "X"),),)))
        tg.press(OFFICER, tg.from_bot(new.id)[0], "X")
        await tg.wait_for(lambda: not tg.pending)
        assert door.group == at(-1009)
    assert done == [(at(BASIC), at(-1009), 0)]
    assert inbox.kept[-1].place == at(-1009)


async def test_the_bot_leaves_a_group_that_is_not_the_officers(
    tg: FakeTelegram, polling: Polling
) -> None:
    tg.group(BASIC, members=[CHILD], bot="left")
    inbox = Notebook()
    async with polling(inbox):
        tg.join(BASIC, BOT_ID)
        await tg.wait_for(lambda: tg.world.chats[BASIC].members[BOT_ID] == "left")
        await tg.wait_for(lambda: not tg.pending)
    assert not inbox.kept
