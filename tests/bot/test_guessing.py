"""Guessing return words through many chats is slowed for all, and the officers see who came back."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.cases import Case
from handlers.effects import EntryKind
from handlers.events import Kind, Side
from handlers.mycase import GUESSES
from handlers.receipts import read_return
from handlers.view import Role
from storage import cases, entries
from tests.world import World, open_world

DANGER = "bố đang đánh em"


def unknown(world: World, number: int) -> str:
    return world.house.words.spell(10**9 + number)


async def guess(world: World, many: int, text: str = "{}", channel: str = "telegram") -> None:
    """So many strangers, each with one try."""
    for number in range(many):
        said = text.format(unknown(world, number))
        await world.take(world.incoming(f"g{number}", Kind.TEXT, text=said, channel=channel))


async def asks(world: World, peer: str) -> float:
    """Somebody else looks their words up and mistypes; gives how many seconds the answer takes."""
    await world.say(peer, "/ma")
    there = len(world.room.of(peer))
    await world.say(peer, unknown(world, 7))
    began = world.now
    while len(world.room.of(peer)) == there:
        world.moment[0] += timedelta(seconds=1)
        await world.drain()
    return (world.now - began).total_seconds()


async def test_a_few_who_mistype_are_answered_at_once(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await guess(world, GUESSES - 1)
        assert await asks(world, "be") <= 1
        assert not world.alarms.counts


@pytest.mark.parametrize("text", ["{}", "/ma {}"], ids=["bare", "behind the command"])
@pytest.mark.parametrize("channel", ["telegram", "web"])
async def test_guessing_through_many_chats_slows_every_unknown_look_up_more_and_more(
    tmp_path: Path, channel: str, text: str
) -> None:
    async with open_world(tmp_path) as world:
        await guess(world, GUESSES + 10, text, channel)
        first = await asks(world, "be")
        assert first >= 30
        assert world.alarms.counts == {"guessing": 1}
    (tmp_path / "worse").mkdir()
    async with open_world(tmp_path / "worse") as world:
        await guess(world, GUESSES + 40, text, channel)
        assert await asks(world, "be") > first + 60


async def test_a_minute_later_it_is_over(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await guess(world, GUESSES + 10)
        world.moment[0] += timedelta(minutes=2)
        assert await asks(world, "be") <= 1


async def test_a_story_that_ends_in_everyday_words_is_no_guess(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await guess(world, 3 * GUESSES, "hôm nay em kể {}")
        assert not world.alarms.counts


async def told(world: World) -> tuple[Case, str]:
    """Somebody is in danger and gets their words."""
    await world.say("be", DANGER)
    await world.say("be", "tổ 3")
    [case] = await world.db.read(lambda tx: cases.board(tx, world.house.ward.id))
    lines = [line for t in world.room.of("be") for line in re.split(r"[.:\n]", t.message.text)]
    found = {read_return(line, world.house.words) for line in lines} - {None}
    [secret] = found
    assert secret is not None
    return case, world.house.words.spell(secret)


async def moves(world: World, case: Case) -> list[str]:
    story = await world.db.read(lambda tx: entries.of_case(tx, case.id))
    return [entry.text for entry in story if entry.kind is EntryKind.MOVE]


async def test_officers_see_that_a_case_was_opened_elsewhere(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây", Role.LEAD)
        case, words = await told(world)
        await world.say("be", words)
        assert await moves(world, case) == []
        await world.say("ai", words)
        assert await moves(world, case) == ["returned"]
        await world.say("ai", words)
        assert await moves(world, case) == ["returned"]
        await world.choose("m", f"d.open.{case.id}", side=Side.DESK)
        assert any("ở nơi khác với lúc báo" in t.message.text for t in world.room.of("m"))
