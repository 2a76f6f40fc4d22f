"""A flood: the group can still read, danger never waits, words go before bare presses."""

from datetime import timedelta
from pathlib import Path

from bot.channels.channel import Failed, Hopeless
from bot.crowd import MOST_NEW
from handlers.cases import Priority
from handlers.events import Address, Kind
from handlers.view import Role
from storage import cases, outbox
from storage.flood import BARE_A_MINUTE
from storage.outbox import Kind as Row
from tests.world import GROUP, World, open_world

DANGER = "bố đang đánh em ở nhà"


async def report(world: World, peer: str) -> None:
    for step in ("a.for.me", "a.now.no", "a.what.hit"):
        await world.choose(peer, step)
    await world.say(peer, f"bị đánh, {peer}")
    await world.choose(peer, "go.send")


def shown(world: World) -> list[str]:
    """What the group sees, told apart: cards, and lines about a flood."""
    texts = [told.message.text for told in world.room.of(GROUP.peer)]
    return ["digest" if "chưa hiện ở đây" in text else "card" for text in texts]


async def test_more_than_ten_new_cards_a_minute_become_one_line_that_counts_them(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        for n in range(25):
            await report(world, f"be{n}")
        assert shown(world).count("card") == MOST_NEW
        assert shown(world).count("digest") == 1
        assert world.alarms.counts == {"flood": 1}


async def test_none_of_them_is_lost(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        for n in range(25):
            await report(world, f"be{n}")
        for minute in range(1, 4):
            await world.advance(minutes=1)
            assert shown(world).count("card") == min(25, MOST_NEW * (minute + 1))
        assert any("còn 5 hồ sơ" in told.message.text for _, told in world.room.log)


async def test_one_line_stands_and_tells_the_number_of_now_and_goes_when_none_waits(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        for n in range(25):
            await report(world, f"be{n}")
        assert shown(world).count("digest") == 1
        await world.advance(minutes=1)
        assert shown(world).count("digest") == 1
        digests = [told for _, told in world.room.log if "chưa hiện ở đây" in told.message.text]
        assert digests[-1] in world.room.told, "the newest is the one that stands"
        await world.advance(minutes=2)
        assert shown(world).count("digest") == 0


async def test_a_line_that_cannot_be_deleted_stops_nothing(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        for n in range(25):
            await report(world, f"be{n}")

        async def refuse(to: Address, refs: tuple[str, ...]) -> None:
            raise Failed(Hopeless.RIGHTS)

        world.room.delete = refuse  # type: ignore[method-assign]
        await world.advance(minutes=3)
        assert shown(world).count("card") == 25


async def test_danger_is_shown_at_once_in_the_middle_of_it(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        for n in range(15):
            await report(world, f"be{n}")
        await world.say("gap", DANGER)
        assert "ĐANG XẢY RA" in world.room.of(GROUP.peer)[-1].message.text


async def test_a_card_that_stands_is_still_brought_up_to_date(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây", Role.LEAD)
        await report(world, "first")
        claim = world.button(GROUP.peer, "Nhận việc")
        for n in range(15):
            await report(world, f"be{n}")
        await world.in_group("m", claim)
        assert any("Cô Mây" in told.message.text for told in world.room.of(GROUP.peer))


async def press(world: World, peer: str, channel: str = "web") -> None:
    await world.inbox.take(world.incoming(peer, Kind.CHOICE, channel=channel, choice="go.danger"))


async def cards_in_order(world: World) -> list[str]:
    """Whose case's card leaves when, by the cases' ids."""
    order = []
    while True:
        row = await world.db.write(lambda tx: outbox.claim(tx, "group", world.now, 60))
        if row is None:
            return order
        if row.kind is Row.SHOW:
            order.append(str(row.case))
        await world.db.write(lambda tx, row=row: outbox.sent(tx, row, (), world.now))


async def newest(world: World) -> str:
    found = await world.db.read(lambda tx: tx.one("select id from cases order by rowid desc"))
    assert found is not None
    return str(found["id"])


async def test_words_go_before_bare_presses_of_a_flood_and_no_press_is_dropped(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        for n in range(30):
            await press(world, f"p{n}")
        await world.inbox.take(world.incoming("be", Kind.TEXT, channel="web", text=DANGER))
        real = await newest(world)
        order = await cards_in_order(world)
        assert len(set(order)) == 31
        assert order.index(real) == BARE_A_MINUTE
        assert world.alarms.counts == {"flood": 1}
        found = await world.db.read(lambda tx: cases.board(tx, world.house.ward.id))
        assert {case.priority for case in found} == {Priority.P1}


async def test_a_press_that_says_something_goes_forward_again(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        for n in range(20):
            await press(world, f"p{n}")
        real = await newest(world)
        await world.inbox.take(world.incoming("p19", Kind.TEXT, channel="web", text="tổ 3"))
        order = await cards_in_order(world)
        assert order.index(real) < BARE_A_MINUTE + 1


async def test_presses_at_telegram_or_a_few_or_over_time_are_alerts_like_any_other(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        for n in range(20):
            await press(world, f"t{n}", "telegram")
        for n in range(20):
            await press(world, f"p{n}")
            world.moment[0] += timedelta(seconds=15)
        assert not world.alarms.counts
