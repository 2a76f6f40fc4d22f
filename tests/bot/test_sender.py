"""The outbox under trouble: retried, repeated honestly, given up loudly, the most urgent first."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import (
    Failed,
    Hopeless,
    Limited,
    Outgoing,
    Unknown,
    Unsent,
)
from bot.pace import Bucket, Pace, Rate
from bot.pictures import Refused
from bot.sender import ATTEMPTS, BACK_OFF, BROKEN_TRIES
from handlers.cases import Case, Route
from handlers.effects import Class, Delivery, Effect, EntryKind, Part, Say, Show
from handlers.events import Address, Kind, MediaKind, Side
from handlers.receipts import read_return
from handlers.view import Entry, Role
from storage import cases, entries, files, outbox
from storage.apply import apply
from storage.tx import Tx
from tests.world import GROUP, Room, Told, World, open_world

DANGER = "bố đang đánh em, cứu em"


@dataclass
class Weather(Room):
    """A room in which sending to some people fails, for a while."""

    against: dict[str, list[Exception]] = field(default_factory=dict)
    tried: list[str] = field(default_factory=list)

    def blow(self, to: Address) -> None:
        self.tried.append(to.peer)
        if self.against.get(to.peer):
            raise self.against[to.peer].pop(0)

    async def send(self, to: Address, message: Outgoing) -> tuple[str, ...]:
        self.blow(to)
        return await super().send(to, message)

    async def edit(self, to: Address, ref: str, message: Outgoing) -> None:
        self.blow(to)
        if not any((told.to, told.ref) == (to, ref) for told in self.told):
            raise Failed(Hopeless.GONE)
        await super().edit(to, ref, message)


@dataclass
class Post:
    """A world, its weather, and an officer."""

    world: World
    room: Weather

    async def seconds(self, more: float) -> None:
        self.world.moment[0] += timedelta(seconds=more)
        await self.world.drain()

    async def danger(self, peer: str = "be") -> None:
        await self.world.say(peer, DANGER)

    async def report(self, peer: str = "be") -> None:
        for step in ("a.for.me", "a.now.no", "a.what.hit"):
            await self.world.choose(peer, step)
        await self.world.say(peer, f"bị đánh, {peer}")
        await self.world.choose(peer, "go.send")

    async def answer(self) -> None:
        """The officer answers; whatever stands against `be` is in force then."""
        await self.world.press("m", "Trả lời")
        await self.world.press("m", "Chào, cảm ơn đã kể")
        await self.world.press("m", "Gửi cho người báo")

    async def opened(self, case: Case) -> None:
        await self.world.choose("m", f"d.open.{case.id}", side=Side.DESK)

    async def case(self) -> Case:
        found = await self.world.db.read(lambda tx: cases.board(tx, self.world.house.ward.id))
        return found[0]

    async def answered(self) -> Entry:
        """The entry of the answer."""
        case = await self.case()
        story = await self.world.db.read(lambda tx: entries.of_case(tx, case.id))
        return next(entry for entry in story if entry.kind is EntryKind.ANSWER)

    async def do(self, *effects: Effect) -> None:
        """Apply effects as a decision would, and deliver what they bring."""
        world = self.world

        def write(tx: Tx) -> None:
            apply(
                tx,
                effects,
                person="",
                now=world.now,
                ward=world.house.ward.id,
                render=world.render,
            )

        await world.db.write(write)
        await world.drain()

    def card(self) -> str:
        return next(
            told.message.text
            for told in reversed(self.room.of(GROUP.peer))
            if "CHƯA AI" in told.message.text or "Đã nhận" in told.message.text
        )

    def times(self, peer: str) -> int:
        return self.room.tried.count(peer)


@asynccontextmanager
async def post(path: Path) -> AsyncIterator[Post]:
    async with open_world(path) as world:
        room = Weather()
        world.room = room
        world.sender.channels = {"telegram": room}

        async def member(sender: Address) -> bool:
            return await room.is_member(GROUP, sender)

        world.inbox.member = member
        await world.officer("m", "Cô Mây", Role.LEAD)
        yield Post(world, room)


def words(told: Told) -> str:
    return told.message.text


def lines(told: Told) -> list[str]:
    return re.split(r"[.:\n]", words(told))


# Surely not sent.


async def test_what_was_surely_not_sent_is_tried_again_later_and_later(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.room.against["be"] = [Unsent() for _ in range(len(BACK_OFF) + 1)]
        await p.world.say("be", "alo")
        for seconds in (*BACK_OFF, BACK_OFF[-1]):
            before = p.times("be")
            await p.seconds(seconds - 0.01)
            assert p.times("be") == before
            await p.seconds(0.01)
            assert p.times("be") == before + 1
        assert len(p.room.of("be")) == 1
        assert not p.room.of("be")[0].message.again


async def test_messages_keep_their_order_through_trouble(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.room.against["be"] = [Unsent()]
        await p.world.choose("be", "a.for.me")
        await p.world.choose("be", "go.111")
        assert p.room.of("be") == []
        await p.seconds(1)
        log = [told for act, told in p.room.log if told.to.peer == "be"]
        assert len(log) == 2
        assert "sợ hay đau" in words(log[0])


async def test_an_alert_is_never_given_up_and_the_operator_hears_of_it_once(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as p:
        p.room.against[GROUP.peer] = [Unsent() for _ in range(ATTEMPTS + 20)]
        await p.danger()
        for _ in range(ATTEMPTS + 20):
            await p.seconds(60)
        assert "🚨 ĐANG XẢY RA" in p.card()
        assert p.world.alarms.counts["alert-not-delivered"] == 1


async def test_what_never_gets_through_is_given_up_loudly(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.room.against["be"] = [Unsent() for _ in range(2 * ATTEMPTS)]
        await p.world.say("be", "alo")
        for _ in range(2 * ATTEMPTS):
            await p.seconds(60)
        assert p.times("be") == ATTEMPTS
        assert p.world.alarms.counts == {"given-up": 1}


async def test_an_open_answer_that_comes_too_late_is_held_and_its_card_says_so(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as p:
        await p.report()
        await p.opened(await p.case())
        p.room.against["be"] = [Unsent() for _ in range(ATTEMPTS)]
        await p.answer()
        for _ in range(12):
            await p.seconds(60)
        p.room.against["be"] = []
        await p.seconds(600)
        assert not any("Chào bạn, cô phụ trách" in words(told) for told in p.room.of("be"))
        assert (await p.answered()).delivery is Delivery.HELD
        assert "đang giữ" in p.card()


# Perhaps sent.


async def test_an_alert_that_may_have_arrived_is_repeated_and_says_so(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.room.against[GROUP.peer] = [Unknown() for _ in range(7)]
        await p.danger()
        for _ in range(8):
            await p.seconds(60)
        cards = [told for told in p.room.of(GROUP.peer) if "ĐANG XẢY RA" in words(told)]
        assert [told.message.again for told in cards] == [True]
        assert not p.world.alarms.counts


async def test_an_answer_that_may_have_arrived_is_repeated_once_and_says_so(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as p:
        await p.report()
        await p.opened(await p.case())
        p.room.against["be"] = [Unknown()]
        await p.answer()
        await p.seconds(1)
        answers = [t for t in p.room.of("be") if "Chào bạn, cô phụ trách" in words(t)]
        assert [told.message.again for told in answers] == [True]
        assert (await p.answered()).delivery is Delivery.DELIVERED
        assert "đã tới" in p.card()


async def test_an_answer_is_not_repeated_twice_it_fails_on_its_card(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        await p.report()
        await p.opened(await p.case())
        p.room.against["be"] = [Unknown(), Unknown()]
        before = p.times("be")
        await p.answer()
        for _ in range(5):
            await p.seconds(60)
        assert p.times("be") == before + 2
        assert (await p.answered()).delivery is Delivery.FAILED
        assert "KHÔNG tới được" in p.card()
        assert p.world.alarms.counts == {"unknown-outcome": 1}


async def test_what_was_under_way_when_the_process_died_is_repeated_and_says_so(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as p:
        await p.world.inbox.take(p.world.incoming("be", Kind.TEXT, text="alo"))
        [lane] = await p.world.db.read(lambda tx: outbox.lanes_due(tx, p.world.now))
        await p.world.db.write(lambda tx: outbox.claim(tx, lane, p.world.now, 120))
        async with running(p):
            await until(lambda: bool(p.room.of("be")))
        assert p.room.of("be")[0].message.again


# Asked to rest.


async def test_only_the_lane_that_was_asked_to_rests(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.room.against["be"] = [Limited(30)]
        await p.world.say("be", "alo")
        await p.world.say("be2", "alo")
        assert (len(p.room.of("be")), len(p.room.of("be2"))) == (0, 1)
        await p.seconds(29.9)
        assert p.times("be") == 1
        await p.seconds(0.2)
        assert len(p.room.of("be")) == 1
        assert not p.room.of("be")[0].message.again


# Hopeless.


async def test_whoever_blocked_the_bot_is_left_alone_and_the_card_says_it_failed(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as p:
        await p.report()
        await p.opened(await p.case())
        p.room.against["be"] = [Failed(Hopeless.BLOCKED)]
        await p.answer()
        before = p.times("be")
        for _ in range(5):
            await p.seconds(60)
        assert p.times("be") == before
        assert (await p.answered()).delivery is Delivery.FAILED
        assert "KHÔNG tới được" in p.card()
        assert not p.world.alarms.counts


async def test_one_follower_who_got_the_answer_is_enough(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        await p.report()
        await p.opened(await p.case())
        listed = p.world.house.words
        secrets = [read_return(line, listed) for t in p.room.of("be") for line in lines(t)]
        [secret] = {one for one in secrets if one is not None}
        await p.world.say("ban", listed.spell(secret))
        p.room.against["ban"] = [Failed(Hopeless.BLOCKED)]
        await p.answer()
        assert any("Chào bạn, cô phụ trách" in words(told) for told in p.room.of("be"))
        assert (await p.answered()).delivery is Delivery.DELIVERED


async def test_an_alert_the_group_refuses_waits_for_the_group_and_is_told(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as p:
        p.room.against[GROUP.peer] = [Failed(Hopeless.RIGHTS) for _ in range(3)]
        await p.danger()
        assert p.world.alarms.counts == {"alert-refused": 1}
        for _ in range(4):
            await p.seconds(60)
        assert "🚨 ĐANG XẢY RA" in p.card()


async def test_a_message_the_platform_calls_wrong_is_not_tried_blindly(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.room.against["be"] = [Failed(Hopeless.REFUSED)]
        await p.world.say("be", "alo")
        await p.seconds(600)
        assert p.times("be") == 1
        assert p.world.alarms.counts == {"given-up": 1}


async def test_a_door_taken_out_of_service_does_not_stop_the_others(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.world.sender.channels = {}
        await p.world.say("be", "alo")
        await p.danger("be2")
        assert p.world.alarms.counts["given-up"] >= 1
        assert p.world.alarms.counts["alert-refused"] >= 1
        p.world.sender.channels = {"telegram": p.room}
        await p.seconds(60)
        assert "🚨 ĐANG XẢY RA" in p.card()


# Cards.


async def test_a_card_is_edited_in_place(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        await p.report()
        before = p.room.of(GROUP.peer)
        await p.world.in_group("m", p.world.button(GROUP.peer, "Nhận việc"))
        assert [t.ref for t in p.room.of(GROUP.peer)] == [t.ref for t in before]
        assert "Đã nhận: Cô Mây" in p.card()


async def test_a_card_that_was_deleted_is_sent_anew(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        await p.report()
        claim = p.world.button(GROUP.peer, "Nhận việc")
        p.room.told.clear()
        await p.world.in_group("m", claim)
        assert "Đã nhận: Cô Mây" in p.card()


async def test_nothing_is_edited_when_nothing_changed(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        await p.report()
        case, before = await p.case(), p.times(GROUP.peer)
        await p.world.db.write(lambda tx: outbox.refresh(tx, case.id))
        await p.world.drain()
        assert p.times(GROUP.peer) == before
        assert await p.world.db.read(lambda tx: outbox.lanes_due(tx, p.world.now)) == []


async def test_a_card_that_may_no_longer_stand_in_the_group_is_taken_away(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as p:
        await p.report()
        case = await p.case()

        def reroute(tx: Tx) -> None:
            cases.change(tx, replace(case, route=Route.INDEPENDENT))
            outbox.refresh(tx, case.id)

        await p.world.db.write(reroute)
        await p.world.drain()
        assert p.room.of(GROUP.peer) == []
        await p.world.db.write(lambda tx: outbox.refresh(tx, case.id))
        await p.world.drain()
        assert p.room.of(GROUP.peer) == []


async def test_a_danger_goes_before_everything_that_waits_for_the_group(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.room.against[GROUP.peer] = [Limited(60)]
        for n in range(6):
            await p.report(f"be{n}")
        await p.danger("gap")
        assert p.room.of(GROUP.peer) == []
        await p.seconds(61)
        cards = [words(told) for told in p.room.of(GROUP.peer)]
        assert len(cards) == 7
        assert cards[0].splitlines()[0].startswith("🔴 P1")
        assert all(card.startswith("🟠") for card in cards[1:])


async def test_under_a_flood_an_alert_takes_the_next_place(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        pace = Pace()
        pace.wait("group", asyncio.get_running_loop().time())
        pace.lanes["group"] = Bucket(Rate(1, 20), asyncio.get_running_loop().time())
        p.world.sender.channels = {}
        for n in range(8):
            await p.report(f"be{n}")
        p.world.sender.channels = {"telegram": p.room}
        p.world.sender.paces = {"telegram": pace}
        p.world.moment[0] += timedelta(seconds=61)
        async with running(p):
            await until(lambda: len(p.room.of(GROUP.peer)) >= 2)
            await p.world.inbox.take(p.world.incoming("gap", Kind.TEXT, text=DANGER))
            there = len(p.room.of(GROUP.peer))
            await until(lambda: len(p.room.of(GROUP.peer)) >= 8)
        cards = [words(told) for told in p.room.of(GROUP.peer)]
        place = next(n for n, card in enumerate(cards) if card.startswith("🔴"))
        assert place <= there + 1


# Files and the second road.


async def test_the_second_road_hears_a_code_and_a_priority_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with post(tmp_path) as p:
        await p.danger()
        p.world.moment[0] += timedelta(minutes=5)
        await p.world.inbox.tick()
        hook = await p.world.db.write(lambda tx: outbox.claim(tx, "hook", p.world.now, 1))
        assert hook is not None
        assert set(json.loads(hook.body)) == {"code", "priority"}
        await p.world.db.write(lambda tx: outbox.again(tx, hook, p.world.now))
        await p.world.drain()
        case = await p.case()
        assert p.world.rings == [(f"{case.code[:4]}-{case.code[4:]}", "P1")]


async def test_the_second_road_is_tried_until_it_answers(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        rang: list[str] = []

        async def ring(code: str, priority: str) -> None:
            rang.append(priority)
            if len(rang) < 4:
                raise Unsent

        p.world.sender.ring = ring
        await p.danger()
        await p.world.advance(minutes=8)
        assert rang == ["P1"] * 4


async def test_a_file_is_fetched_cleaned_sealed_and_counted_on_the_card(tmp_path: Path) -> None:
    async with post(tmp_path) as p:

        async def clean(raw: bytes) -> bytes:
            return raw.replace(b"dirty", b"clean")

        p.world.sender.clean = {MediaKind.PICTURE: clean}
        await p.report()
        await p.world.picture("be", b"dirty bytes")
        await p.world.choose("be", "go.photo_no")
        case = await p.case()
        story = await p.world.db.read(lambda tx: entries.of_case(tx, case.id))
        [name] = [entry.file for entry in story if entry.file]
        found = await p.world.db.read(lambda tx: files.get(tx, name))
        assert found is not None
        assert found.body == b"clean bytes"
        assert "Ảnh, giọng nói: 1" in p.card()


async def test_a_file_that_cannot_be_cleaned_is_given_up_and_never_kept(tmp_path: Path) -> None:
    async with post(tmp_path) as p:

        async def clean(raw: bytes) -> bytes:
            raise Refused("not_a_picture")

        p.world.sender.clean = {MediaKind.PICTURE: clean}
        await p.report()
        await p.world.picture("be", b"a bomb")
        await p.world.choose("be", "go.photo_no")
        assert p.world.alarms.counts == {"given-up": 1}
        assert await p.world.db.read(lambda tx: tx.all("select * from files")) == []
        before = p.times(GROUP.peer)
        await p.seconds(3600)
        assert p.times(GROUP.peer) == before


async def test_nobody_to_write_to_is_given_up_loudly(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        await p.world.inbox.take(p.world.incoming("be", Kind.TEXT, text=DANGER))
        await p.world.db.write(lambda tx: tx.run("delete from places"))
        await p.world.drain()
        assert p.world.alarms.counts["given-up"] >= 1


# Running.


@asynccontextmanager
async def running(p: Post) -> AsyncIterator[None]:
    task = asyncio.create_task(p.world.sender.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_call_wakes_the_sender_at_once(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.world.inbox.committed = p.world.sender.wake
        async with running(p):
            await asyncio.sleep(0.05)
            began = asyncio.get_running_loop().time()
            await p.world.inbox.take(p.world.incoming("be", Kind.TEXT, text="alo"))
            await until(lambda: bool(p.room.of("be")))
            assert asyncio.get_running_loop().time() - began < 0.5
        assert p.world.sender.working == {} or all(
            task.done() for task in p.world.sender.working.values()
        )


async def test_a_row_that_breaks_is_told_given_up_and_stops_nobody_else(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.room.against["be"] = [ZeroDivisionError() for _ in range(50)]
        await p.world.say("be", "alo")
        await p.world.say("be2", "alo")
        for _ in range(BROKEN_TRIES + 5):
            await p.seconds(60)
        assert p.times("be") == BROKEN_TRIES
        assert p.world.alarms.counts == {"row-broken": BROKEN_TRIES}
        assert p.room.of("be2")


async def test_an_alert_that_breaks_is_tried_until_the_fault_is_mended(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        p.room.against[GROUP.peer] = [ZeroDivisionError() for _ in range(BROKEN_TRIES + 5)]
        await p.danger()
        for _ in range(BROKEN_TRIES + 6):
            await p.seconds(60)
        assert "🚨 ĐANG XẢY RA" in p.card()


async def test_more_lanes_than_tasks_are_served_one_after_the_other_the_group_always(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sender.MOST_LANES_AT_ONCE", 2)
    async with post(tmp_path) as p:
        for n in range(12):
            await p.world.inbox.take(p.world.incoming(f"be{n}", Kind.TEXT, text=DANGER))
        async with running(p):
            await until(lambda: all(p.room.of(f"be{n}") for n in range(12)))
            await until(lambda: len(p.room.of(GROUP.peer)) == 12)


async def test_a_card_that_cannot_be_edited_now_is_not_sent_a_second_time(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        await p.report()
        p.room.against[GROUP.peer] = [Failed(Hopeless.RIGHTS)]
        await p.world.in_group("m", p.world.button(GROUP.peer, "Nhận việc"))
        assert len(p.room.of(GROUP.peer)) == 1
        await p.seconds(60)
        assert len(p.room.of(GROUP.peer)) == 1
        assert "Đã nhận: Cô Mây" in p.card()


async def test_where_no_card_stands_none_is_taken_away(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        await p.report()
        case = await p.case()
        await p.do(Show("no such case", "group"), Show(case.id, "officer:nobody"))
        hidden = replace(case, id="another", code="00000000", route=Route.INDEPENDENT)
        await p.world.db.write(lambda tx: cases.open_case(tx, hidden, 5))
        await p.do(Show(hidden.id, "group"))
        assert len(p.room.of(GROUP.peer)) == 1


async def test_a_word_to_a_group_that_is_not_there_is_given_up_loudly(tmp_path: Path) -> None:
    async with post(tmp_path) as p:
        await p.world.db.write(lambda tx: tx.run("delete from places"))
        await p.do(Say("group", (Part("desk.not_sent"),), rank=Class.NOTICE))
        assert p.world.alarms.counts == {"given-up": 1}


async def test_the_story_stands_hidden_in_the_group_where_the_ward_wants_it_until_claimed(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path, group_shows_words=True) as world:
        await world.officer("m", "Cô Mây")
        for step in ("a.for.me", "a.now.no", "a.what.hit"):
            await world.choose("be", step)
        await world.say("be", "bố hay đánh em")
        await world.choose("be", "go.send")
        [card] = world.room.of(GROUP.peer)
        assert card.message.spoiler == "bố hay đánh em"
        assert "đánh em" not in card.message.text
        await world.in_group("m", world.button(GROUP.peer, "Nhận việc"))
        assert world.last(GROUP.peer).spoiler == ""
