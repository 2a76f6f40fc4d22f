"""A monitor hears of everything that needs a person: each by its name, and not before its time."""

import asyncio
import json
import re
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
from bot.disk import Disk, Space
from bot.health import Health
from handlers.events import Kind
from handlers.view import Role
from storage import inbox, invites, outbox
from tests.world import GROUP, World, open_world

DANGER = "bố đang đánh em"
TOKEN = "7000000001:AA-not-a-real-token-only-for-tests"


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
        door = Telegram(TOKEN, now=lambda: world.now)
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


# what a monitor reads

HELP = re.compile(r"# HELP (lang_nghe_[a-z_]+) (\S.*)")
TYPE = re.compile(r"# TYPE (lang_nghe_[a-z_]+) (gauge|counter)")
SAMPLE = re.compile(
    r'(lang_nghe_[a-z_]+)(?:\{([a-z]+)="((?:[^"\\\n]|\\["\\n])*)"\})? (-?\d+(?:\.\d+)?(?:e-?\d+)?)'
)


def parsed(text: str) -> dict[str, dict[str, float]]:
    """Read Prometheus' text form strictly: HELP, TYPE, then that family's samples, each once."""
    assert text.endswith("\n")
    found: dict[str, dict[str, float]] = {}
    lines = text.splitlines()
    name = ""
    while lines:
        line = lines.pop(0)
        if help_ := HELP.fullmatch(line):
            kind = TYPE.fullmatch(lines.pop(0))
            assert kind is not None, line
            name = help_[1]
            assert kind[1] == name
            assert name not in found
            assert name.endswith("_total") is (kind[2] == "counter"), name
            found[name] = {}
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        assert sample[1] == name
        assert (sample[3] or "") not in found[name], line
        found[name][sample[3] or ""] = float(sample[4])
    return found


async def test_the_metrics_are_well_formed_and_true(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):
        here.disk = Disk(tmp_path, full=lambda: None, ballast=False)
        here.copied = lambda: world.now - timedelta(hours=3)
        here.pings["reached"] += 2
        world.alarms("flood", 'p1 "\\\n')
        world.alarms('odd "name"\\\n')
        await world.say("be", DANGER)
        world.moment[0] += timedelta(minutes=16)
        await here.look()
        told = parsed(here.metrics())
        assert told["lang_nghe_up"] == {"": 0}
        assert told["lang_nghe_serving"] == {"": 0}
        assert told["lang_nghe_problem"] == {"unclaimed": 1}
        assert told["lang_nghe_age_seconds"]["unclaimed"] == 16 * 60
        assert told["lang_nghe_age_seconds"]["backup"] == 3 * 3600
        assert told["lang_nghe_alarms_total"]["flood"] == 1
        assert told["lang_nghe_pings_total"] == {"reached": 2}
        assert 0 < told["lang_nghe_disk_bytes"]["free"] < told["lang_nghe_disk_bytes"]["total"]
        assert "lang_nghe_updates_total" not in told


async def test_with_a_door_to_telegram_its_updates_are_counted(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        door = Telegram(TOKEN, now=lambda: world.now)
        door.counts["taken"] += 5
        here = health(world, door)
        await here.look()
        assert parsed(here.metrics())["lang_nghe_updates_total"] == {"taken": 5}
        await door.close()


async def test_nothing_about_anybody_is_in_health_or_metrics(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):
        await world.officer("m", "Cô Mây", Role.LEAD)
        await world.say("be", DANGER)
        await world.say("be", "Zq7mark nhà số 8")
        await here.look()
        code = await world.db.read(lambda tx: [r["code"] for r in tx.all("select code from cases")])
        both = here.metrics() + json.dumps(here.report(), default=str)
        for word in ("Zq7mark", "Mây", GROUP.peer, *code, world.house.ward.name):
            assert word not in both, word


async def test_what_means_that_nobody_is_served_is_told_apart(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):
        await world.db.write(lambda tx: inbox.bury(tx, "web", b"{}", "KeyError", tx.now))
        assert await problems(here) == ("letters",)
        assert here.serving()
        here.parts = {"group": lambda: True}
        assert await problems(here) == ("group", "letters")
        assert not here.serving()


async def test_a_full_disk_is_a_problem_and_its_ballast_is_given_up_by_the_look(
    tmp_path: Path,
) -> None:
    async with watched(tmp_path) as (_, here):
        told: list[str] = []
        used = [0.5]
        here.disk = Disk(
            tmp_path,
            full=lambda: told.append("full"),
            measure=lambda _: Space(1000, round(1000 * (1 - used[0]))),
            ballast_bytes=16,
        )
        assert await problems(here) == ()
        assert here.disk.ballast.exists()
        used[0] = 0.96
        assert await problems(here) == ("disk",)
        assert told == ["full"]
        assert not here.disk.ballast.exists()
        assert not here.serving()
        assert here.report()["disk_used_percent"] == 96


async def test_how_long_the_oldest_message_has_waited(tmp_path: Path) -> None:
    async with watched(tmp_path) as (world, here):
        await world.inbox.take(world.incoming("be", Kind.TEXT, text="alo"))
        world.moment[0] += timedelta(minutes=10)
        await here.look()
        assert here.ages()["waiting"] == 600
        await world.drain()
        await here.look()
        assert here.ages()["waiting"] is None
