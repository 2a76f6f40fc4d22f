"""A monitor hears of everything that needs a person: each by its name, and not before its time."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot import health as module
from bot.channels.channel import Unsent
from bot.channels.telegram import Telegram
from bot.health import Health
from handlers.events import Kind
from handlers.view import Role
from storage import inbox, invites, outbox
from tests.world import GROUP, World, open_world

DANGER = "bố đang đánh em"


def health(world: World, telegram: Telegram | None = None) -> Health:
    return Health(
        db=world.db,
        ward=world.house.ward.id,
        alarms=world.alarms,
        telegram=telegram,
        mailbox=world.mailbox,
        now=lambda: world.now,
    )


@asynccontextmanager
async def watched(path: Path, **more: bool) -> AsyncIterator[tuple[World, Health]]:
    async with open_world(path, **more) as world:
        here = health(world)
        await here.look()
        assert here.report()["ok"] is True
        yield world, here


async def problems(here: Health) -> tuple[str, ...]:
    await here.look()
    assert here.report()["ok"] is (here.problems() == ())
    assert f"lang_nghe_up {int(not here.problems())}\n" in here.metrics()
    return here.problems()


async def test_all_is_well_at_first(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):
        await world.say("be", "alo")
        assert await problems(here) == ()
        assert here.report()["telegram"] == "off"


async def test_an_alert_that_does_not_get_out_for_two_minutes(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):

        def refuse() -> None:
            raise Unsent

        world.room.fail = refuse  # type: ignore[method-assign]
        await world.say("be", DANGER)
        world.moment[0] += timedelta(minutes=2)
        assert await problems(here) == ()
        world.moment[0] += timedelta(seconds=1)
        assert await problems(here) == ("unsent",)
        del world.room.fail  # type: ignore[method-assign]
        await world.drain()
        assert await problems(here) == ()


async def test_a_press_queued_in_a_flood_counts_as_an_alert_too(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):
        await world.inbox.take(world.incoming("p", Kind.CHOICE, channel="web", choice="go.danger"))
        await world.db.write(lambda tx: tx.run("update outbox set rank = 1 where kind = 'show'"))
        world.moment[0] += timedelta(minutes=3)
        assert await problems(here) == ("unsent",)


async def test_a_message_to_a_person_may_take_longer(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):
        await world.inbox.take(world.incoming("be", Kind.TEXT, text="alo"))
        world.moment[0] += timedelta(minutes=10)
        assert await problems(here) == ()


async def test_a_p1_that_nobody_takes_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):
        await world.officer("m", "Cô Mây", Role.LEAD)
        await world.say("be", DANGER)
        world.moment[0] += timedelta(minutes=15)
        assert await problems(here) == ()
        world.moment[0] += timedelta(seconds=1)
        assert await problems(here) == ("unclaimed",)
        await world.in_group("m", world.button(GROUP.peer, "Nhận việc"))
        assert await problems(here) == ()


async def test_what_was_given_up_is_said_for_a_week(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):
        await world.inbox.take(world.incoming("be", Kind.TEXT, text=DANGER))
        parcel = await world.db.write(lambda tx: outbox.claim(tx, "group", world.now, 60))
        assert parcel is not None
        await world.db.write(lambda tx: outbox.dead(tx, parcel, "gone"))
        await world.db.write(lambda tx: inbox.bury(tx, "web", b"{}", "KeyError", tx.now))
        await world.drain()
        assert await problems(here) == ("dead", "letters")
        world.moment[0] += timedelta(days=7, seconds=1)
        await world.db.write(lambda tx: tx.run("update cases set claimed_by = 'o1'"))
        assert await problems(here) == ()


async def test_a_ward_without_a_group_needs_a_desk_that_looks(tmp_path: Path) -> None:
    async with watched(tmp_path, group=False) as (world, here):
        officer = await world.officer("m", "Cô Mây", Role.LEAD)
        world.moment[0] += timedelta(seconds=61)
        assert await problems(here) == ("desk",)
        assert await world.mailbox.board("a stranger", 0) is None
        assert await problems(here) == ("desk",)
        invite = invites.Invite(invites.Opens.DESK, officer.id)
        await world.db.write(
            lambda tx: invites.make(tx, "t", invite, world.now + timedelta(hours=1))
        )
        await world.mailbox.enter("t", "session")
        await world.mailbox.board("session", 0)
        assert await problems(here) == ()
        world.moment[0] += timedelta(seconds=61)
        assert await problems(here) == ("desk",)


async def test_with_a_group_no_desk_is_needed(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):
        world.moment[0] += timedelta(hours=5)
        assert await problems(here) == ()


async def test_telegram_that_is_out_of_reach_or_refuses(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        door = Telegram("7000000001:AA-not-a-real-token-only-for-tests", now=lambda: world.now)
        here = health(world, door)
        assert await problems(here) == ()
        world.moment[0] += timedelta(minutes=10)
        assert await problems(here) == ("telegram",)
        assert here.report()["telegram"] == "unreachable"
        door.reached = world.now
        assert await problems(here) == ()
        door.refused = True
        assert await problems(here) == ("telegram",)
        assert here.report()["telegram"] == "refused"
        await door.close()


async def test_a_disk_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SLOWEST_WRITE_S", 0.2)
    async with watched(tmp_path) as (world, here):
        held = threading.Event()

        def hang(_: object) -> None:
            held.set()
            time.sleep(0.6)

        going_on = asyncio.ensure_future(world.db.write(hang))
        await asyncio.to_thread(held.wait)  # the writer hangs before anybody looks
        assert await problems(here) == ("database",)
        await going_on
        assert await problems(here) == ()
