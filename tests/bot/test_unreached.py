"""A group that refuses: nothing is given up, others are told once, and what it missed is shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.channels.channel import Failed, Hopeless, Outgoing
from handlers.cases import Case
from handlers.events import Address
from handlers.view import Role
from storage import cases, outbox
from tests.world import GROUP, Room, World, open_world

DANGER = "bố đang đánh em, cứu em"
SCHOOL = ("a.for.me", "a.now.no", "a.what.hit")


@dataclass
class Kicked(Room):
    """A room whose group takes nothing while the bot is not in it."""

    why: Hopeless | None = Hopeless.RIGHTS
    tried: int = 0

    async def send(self, to: Address, message: Outgoing) -> tuple[str, ...]:
        if to == GROUP and self.why is not None:
            self.tried += 1
            raise Failed(self.why)
        return await super().send(to, message)


@asynccontextmanager
async def kicked(
    path: Path, why: Hopeless = Hopeless.RIGHTS
) -> AsyncIterator[tuple[World, Kicked]]:
    async with open_world(path) as world:
        room = Kicked(why=why)
        world.room = room
        world.sender.channels = {"telegram": room}
        await world.officer("m", "Cô Mây", Role.LEAD)
        await world.officer("s", "Chú Sông")
        await world.officer("x", "Cô Xuân", Role.INDEPENDENT)
        yield world, room


async def report(world: World, peer: str) -> None:
    for step in SCHOOL:
        await world.choose(peer, step)
    await world.say(peer, f"bị đánh, {peer}")
    await world.choose(peer, "go.send")


async def only(world: World) -> Case:
    [case] = await world.db.read(lambda tx: cases.board(tx, world.house.ward.id))
    return case


def calls(world: World, peer: str) -> list[str]:
    """What an officer was told in private about the group."""
    texts = [told.message.text for told in world.room.of(peer)]
    return [text for text in texts if "NHÓM KHÔNG NHẬN ĐƯỢC" in text]


@pytest.mark.parametrize("why", [Hopeless.RIGHTS, Hopeless.GONE])
async def test_those_who_may_see_the_case_are_told_in_private_at_once_and_once(
    tmp_path: Path, why: Hopeless
) -> None:
    async with kicked(tmp_path, why) as (world, _):
        await report(world, "be")
        await world.inbox.tick()
        await world.drain()
        case = await only(world)
        code = f"{case.code[:4]}-{case.code[4:]}"
        assert [len(calls(world, peer)) for peer in ("m", "s", "x")] == [1, 1, 0]
        assert code in calls(world, "m")[0]
        assert world.rings == [(code, case.priority)]
        await world.advance(minutes=90)
        assert [len(calls(world, peer)) for peer in ("m", "s", "x")] == [1, 1, 0]
        assert len(world.rings) == 1


async def test_a_case_that_becomes_urgent_meanwhile_is_told_again(tmp_path: Path) -> None:
    async with kicked(tmp_path) as (world, _):
        await report(world, "be")
        await world.advance(minutes=3)
        await world.say("be", DANGER)
        await world.advance(minutes=2)
        assert len(calls(world, "m")) == 2


async def test_a_case_behind_a_message_that_waits_is_told_as_well(tmp_path: Path) -> None:
    async with kicked(tmp_path) as (world, _):
        await report(world, "be")
        await world.say("be", DANGER)  # a call to the group stands first in its lane now
        await report(world, "be2")
        await world.advance(minutes=2)
        open_ = await world.db.read(lambda tx: cases.board(tx, world.house.ward.id))
        codes = {f"{case.code[:4]}-{case.code[4:]}" for case in open_}
        assert len(codes) == 2
        for code in codes:
            assert any(code in text for text in calls(world, "m")), code


async def test_a_card_is_never_given_up_and_tried_every_five_minutes(tmp_path: Path) -> None:
    async with kicked(tmp_path) as (world, room):
        await report(world, "be")
        await world.advance(hours=10)
        assert 100 < room.tried < 140
        assert "given-up" not in world.alarms.counts
        assert world.alarms.counts["alert-refused"] == 2
        room.why = None
        await world.advance(minutes=5)
        assert len(room.of(GROUP.peer)) == 1


async def test_when_the_group_works_again_everything_open_is_shown_at_once(tmp_path: Path) -> None:
    async with kicked(tmp_path) as (world, room):
        for peer in ("be", "be2"):
            await report(world, peer)
        await world.advance(minutes=30)
        # The row of one was lost, by an older version or by hand; only its case is left.
        case = (await world.db.read(lambda tx: cases.board(tx, world.house.ward.id)))[0]
        await world.db.write(lambda tx: outbox.forget_case(tx, case.id))
        room.why = None
        await report(world, "be3")
        assert len(room.of(GROUP.peer)) == 3


async def test_the_group_is_not_shown_what_is_not_for_it(tmp_path: Path) -> None:
    async with kicked(tmp_path) as (world, room):
        await world.officer("t", "Cô Trúc", school=True)
        for step in ("a.for.me", "a.now.no", "a.what.school"):
            await world.choose("be", step)
        await world.say("be", "thầy hay mắng")
        await world.choose("be", "a.who.school")
        await world.choose("be", "go.send")
        room.why = None
        await report(world, "be2")
        assert len(room.of(GROUP.peer)) == 1
