"""What the clock does: moments, taking messages away within a day, deleting what has expired."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.channels.channel import Failed, Hopeless, Limited, Unknown, Unsent
from bot.clock import Clock
from handlers.view import Role
from storage import guard, officers, visible
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


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[World]:
    """An officer has a case's words in their private chat."""
    async with open_world(path) as world:
        await world.officer("m", "Cô Mây", Role.LEAD)
        for step in ("a.for.me", "a.now.no", "a.what.hit"):
            await world.choose("be", step)
        await world.say("be", STORY)
        await world.choose("be", "go.send")
        outcome = await world.in_group("m", world.button(GROUP.peer, "Mở hồ sơ"))
        await world.start("m", outcome.door)
        assert stands(world)
        yield world


def stands(world: World) -> bool:
    return any(STORY in told.message.text for told in world.room.of("m"))


async def test_words_in_an_officers_chat_are_gone_within_a_day(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        assert world.room.of("m")[0].message.secret
        world.moment[0] += timedelta(hours=22, minutes=59)
        await clock(world).take_away()
        assert stands(world)
        world.moment[0] += timedelta(minutes=2)
        await clock(world).take_away()
        assert not stands(world)
        assert await world.db.read(lambda tx: visible.due(tx, world.now)) == []


async def test_what_cannot_be_taken_away_now_is_tried_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        world.moment[0] += timedelta(hours=23, minutes=1)
        for trouble in (Unsent(), Unknown(), Limited(30)):
            world.room.trouble = [trouble]
            await clock(world).take_away()
            assert stands(world)
            await clock(world).take_away()
            assert stands(world)
            world.moment[0] += timedelta(minutes=5)
        await clock(world).take_away()
        assert not stands(world)
        assert not world.alarms.counts


async def test_what_can_never_be_taken_away_is_told_to_the_operator_once(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as world:
        world.moment[0] += timedelta(hours=23, minutes=1)
        world.room.trouble = [Failed(Hopeless.RIGHTS)]
        await clock(world).take_away()
        await clock(world).take_away()
        assert world.alarms.counts == {"could-not-take-away": 1}


async def test_a_right_that_is_missing_is_told_once_until_it_is_given(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        world.moment[0] += timedelta(hours=23, minutes=1)
        cleaner = clock(world)
        for _ in range(12):
            world.room.trouble = [Failed(Hopeless.RIGHTS)]
            await cleaner.take_away()
            world.moment[0] += timedelta(minutes=5)
        assert world.alarms.counts == {"could-not-take-away": 1}
        world.room.trouble = []
        await cleaner.take_away()
        assert not stands(world)


async def test_a_door_out_of_service_stops_nothing_and_its_messages_wait(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        world.moment[0] += timedelta(hours=23, minutes=1)
        closed = clock(world)
        closed.channels = {}
        await closed.take_away()
        world.moment[0] += timedelta(minutes=5)
        await clock(world).take_away()
        assert not stands(world)


async def test_words_in_the_chat_of_somebody_who_is_gone_are_forgotten(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        world.moment[0] += timedelta(hours=23, minutes=1)
        [one] = await world.db.read(lambda tx: visible.due(tx, world.now))
        await clock(world).take_away_one(replace(one, person="nobody"))
        assert await world.db.read(lambda tx: visible.due(tx, world.now)) == []
        assert not world.alarms.counts


async def test_a_sweep_deletes_what_has_expired(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.choose("be", "a.for.me")
        await world.db.write(lambda tx: tx.run("delete from deadlines"))  # a fault left it behind
        here = clock(world)
        for _ in range(2):
            world.moment[0] += timedelta(hours=20)
            await here.sweep()
        assert await world.db.read(lambda tx: tx.all("select * from talks")) == []
        assert not world.alarms.counts


async def test_a_clock_that_jumped_deletes_nothing_and_is_told(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.choose("be", "a.for.me")
        here = clock(world)
        await here.sweep()
        world.moment[0] += guard.JUMP + timedelta(hours=1)
        await here.sweep()
        assert world.alarms.counts == {"clock-jumped": 1}
        assert await world.db.read(lambda tx: tx.all("select * from talks"))


async def test_every_job_is_called_a_late_one_once_and_none_doubled(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        world.moment[0] += timedelta(hours=23, minutes=1)
        here = clock(world)
        here.start()
        try:
            jobs = here.scheduler.get_jobs()
            assert [job.trigger.interval.total_seconds() for job in jobs] == [1, 3, 600]
            for job in jobs:
                assert (job.coalesce, job.max_instances, job.misfire_grace_time) == (True, 1, None)
                job.modify(next_run_time=datetime.now(UTC) - timedelta(hours=1))
            for _ in range(100):
                await asyncio.sleep(0.02)
                if not stands(world):
                    break
            assert not stands(world)
        finally:
            here.stop()
        await asyncio.sleep(0)
        assert not here.scheduler.running
        assert not world.alarms.counts


async def test_a_job_that_breaks_is_told_to_the_operator_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as world:
        world.moment[0] += timedelta(hours=23, minutes=1)
        here = clock(world)

        async def breaks() -> int:
            raise ZeroDivisionError

        here.tick = breaks
        here.start()
        try:
            for job in here.scheduler.get_jobs()[:2]:
                job.modify(next_run_time=datetime.now(UTC))
            for _ in range(100):
                await asyncio.sleep(0.02)
                if world.alarms.counts and not stands(world):
                    break
        finally:
            here.stop()
        assert world.alarms.counts["clock-failed"] >= 1
        assert not stands(world)


async def test_a_clock_that_never_started_can_be_stopped(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        clock(world).stop()


async def test_a_removed_officers_chat_keeps_no_words_and_no_cards(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.officer("s", "Cô Nắng", school=True)
        await world.choose("be2", "a.for.me")
        for step in ("a.now.no", "a.what.school"):
            await world.choose("be2", step)
        await world.say("be2", "thầy hay mắng")
        await world.choose("be2", "a.who.school")
        await world.choose("be2", "go.send")
        assert any("🔵" in told.message.text for told in world.room.of("m"))
        await world.db.write(lambda tx: officers.remove(tx, "officer-m"))
        await clock(world).take_away()
        assert not stands(world)
        assert not any("🔵" in told.message.text for told in world.room.of("m"))
