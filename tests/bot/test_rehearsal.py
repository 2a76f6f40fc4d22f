"""The hourly rehearsal: it goes the whole road, nobody sees it, nothing stays, and what breaks is red."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import cards, rehearsal
from bot.channels import desk, web
from bot.channels.telegram import Telegram
from bot.health import Health
from bot.inbox import Inbox
from bot.rehearsal import WORDS, HiddenPlace, Rehearsal
from handlers.cases import Origin, Route
from handlers.events import Address, Incoming, Kind, Side
from handlers.reading import Reader
from handlers.view import Role
from storage import audit, cases, exercises, invites, pulse, shows
from storage.origins import DRILL, ORIGINS, REHEARSAL
from storage.seal import Seal
from storage.tx import Tx
from tests.bot.process import installed
from tests.soak import sized
from tests.world import GROUP, World, open_world

GENEROUS_S, SHORT_S = 30.0, 0.3


@dataclass
class Stage:
    """A world in which time is kept and messages are sent, each as long as it is well."""

    world: World
    rehearsal: Rehearsal
    tasks: dict[str, asyncio.Task[None]]

    async def stop(self, name: str) -> None:
        """Let a part hang for ever."""
        self.tasks[name].cancel()
        await asyncio.gather(self.tasks[name], return_exceptions=True)

    async def go_on(self, name: str) -> None:
        """Mend it, as a restart would."""
        self.world.sender.stopping = False
        parts: dict[str, Callable[[], Awaitable[None]]] = {
            "sender": self.world.sender.run,
            "clock": lambda: keep_time(self.world),
        }
        self.tasks[name] = asyncio.ensure_future(parts[name]())  # type: ignore[arg-type]


async def keep_time(world: World) -> None:
    while True:
        await world.inbox.tick()
        await asyncio.sleep(0.02)


@asynccontextmanager
async def stage(path: Path, **more: Any) -> AsyncIterator[Stage]:
    async with open_world(path, **more) as world:
        world.inbox.committed = world.sender.wake
        on = Stage(world, made(world), {})
        for name in ("sender", "clock"):
            await on.go_on(name)
        try:
            yield on
        finally:
            for name in on.tasks:
                await on.stop(name)


def made(world: World) -> Rehearsal:
    one = Rehearsal(
        db=world.db,
        inbox=world.inbox,
        house=world.house,
        place=world.nowhere[REHEARSAL],
        alarms=world.alarms,
        now=lambda: world.now,
    )
    one.patience = GENEROUS_S
    return one


def everything(tx: Tx) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    named = tx.all(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    )
    return {
        row["name"]: sorted(
            (tuple(one) for one in tx.all(f"select * from {row['name']}")), key=repr
        )
        for row in named
    }


async def told_by_people(world: World, seed: int) -> None:
    """Some real cases, in some order, with officers of every kind."""
    chance = random.Random(seed)
    await world.officer("may", "Cô Mây", Role.LEAD)
    await world.officer("nui", "Bác Núi", Role.INDEPENDENT)
    await world.officer("nang", "Cô Nắng", school=True)
    words = ["bố đang đánh em", "em bị thầy sờ vào người", "có người cầm dao đuổi em"]
    chance.shuffle(words)
    for number, text in enumerate(words):
        await world.inbox.take(world.incoming(f"be{number}", Kind.TEXT, text=text))
    await world.inbox.take(world.incoming("trang", Kind.CHOICE, channel="web", choice="go.danger"))


async def quiet(world: World) -> None:
    """Wait until everything is sent, and every lane has been looked at once more."""
    waits = "select 1 from outbox where pull = 0 union select 1 from lanes"
    async with asyncio.timeout(GENEROUS_S):
        while await world.db.read(lambda tx: tx.one(waits)):
            world.sender.wake()
            await asyncio.sleep(0.02)


# all is well


async def test_it_arrives_by_the_card_the_answer_and_the_clock(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        result = await on.rehearsal.run()
        assert (result.ok, result.missing) == (True, ())
        assert not on.rehearsal.is_red()
        assert on.world.alarms.counts == {}
        peers = [peer for peer, _ in on.rehearsal.told]
        assert "hidden" in peers
        assert len(set(peers)) == 2


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_of_it_stays_in_any_table(tmp_path: Path, seed: int) -> None:
    async with stage(tmp_path, seed=seed) as on:
        await told_by_people(on.world, seed)
        await quiet(on.world)
        before = await on.world.db.read(everything)
        for _ in range(2):
            assert (await on.rehearsal.run()).ok
        await quiet(on.world)
        assert await on.world.db.read(everything) == before


async def test_one_in_a_ward_that_is_not_open_yet_and_one_without_a_group(tmp_path: Path) -> None:
    for number, more in enumerate(({"opened": False}, {"group": False}, {"trial": True})):
        path = tmp_path / str(number)
        path.mkdir()
        async with stage(path, **more) as on:
            assert (await on.rehearsal.run()).ok
            assert on.world.alarms.counts == {}


# nobody sees it


def looked_at(world: World, tx: Tx) -> dict[str, object]:
    """Everything that an officer, an operator or a statistic can see of the cases."""
    ward = world.house.ward.id
    roads: dict[str, object] = {
        "board": [case.id for case in cases.board(tx, ward)],
        "beyond": cases.beyond(tx, ward, most=0),
        "counts": [tuple(row) for row in tx.all("select * from counts")],
        "audit": [tuple(row) for row in tx.all("select * from audit")],
        "chain": audit.verify(tx),
        "digest": shows.new_cards(tx, "group"),
        "unreached": shows.unreached(tx, "group"),
        "pulse": replace(pulse.read(tx, ward, world.now), unsent=None),
        "exercises": exercises.every(tx, ward),
    }
    for table in ("cards", "topics", "knocks", "invites", "dead_letters"):
        roads[table] = [tuple(row) for row in tx.all(f"select * from {table} where {ours(table)}")]
    return roads


def ours(table: str) -> str:
    return "lane <> 'hidden'" if table in {"cards", "topics"} else "1 = 1"


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_road_of_an_officer_or_a_statistic_leads_to_it(tmp_path: Path, seed: int) -> None:
    async with stage(tmp_path, seed=seed) as on:
        world = on.world
        await told_by_people(world, seed)
        await quiet(world)
        desks = await desks_of(world)
        before = await world.db.read(lambda tx: looked_at(world, tx))
        boards = [await world.mailbox.board(one, 0) for one in desks]
        log, rings = list(world.room.log), list(world.rings)

        async with caught(on) as case:
            assert await world.db.read(lambda tx: looked_at(world, tx)) == before
            assert [await world.mailbox.board(one, 0) for one in desks] == boards
            for peer in ("may", "nui", "nang"):
                for verb in ("claim", "open", "reply", "close"):
                    outcome = await world.inbox.take(
                        world.incoming(peer, Kind.CHOICE, side=Side.DESK, choice=f"d.{verb}.{case}")
                    )
                    assert outcome.door == ""
            await quiet(world)
            about = await world.db.read(lambda tx: cases.get(tx, case))
            assert about is not None
            assert about.claimed_by is None
        new = [told.message.text for _, told in world.room.log[len(log) :]]
        assert new
        assert all("không mở cho anh/chị" in text for text in new)
        assert world.rings == rings


async def test_the_look_at_all_roads_would_find_a_real_case(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        before = await on.world.db.read(lambda tx: looked_at(on.world, tx))
        await on.world.inbox.take(on.world.incoming("be", Kind.TEXT, text=WORDS))
        await quiet(on.world)
        after = await on.world.db.read(lambda tx: looked_at(on.world, tx))
        same = {name for name in before if before[name] == after[name]}
        assert same == {
            *("beyond", "chain", "digest", "unreached", "exercises"),
            *("topics", "knocks", "invites", "dead_letters"),
        }


async def desks_of(world: World) -> list[str]:
    """A desk for every officer."""
    sessions = []
    for peer in ("may", "nui", "nang"):
        invite = invites.Invite(invites.Opens.DESK, f"officer-{peer}")
        make = partial(
            invites.make, token=peer, invite=invite, expires=world.now + timedelta(hours=1)
        )
        await world.db.write(make)
        await world.mailbox.enter(peer, f"session-{peer}")
        sessions.append(f"session-{peer}")
    return sessions


@asynccontextmanager
async def caught(on: Stage) -> AsyncIterator[str]:
    """Hold a rehearsal when all of it has arrived, before it is cleared away; give its case."""
    on.rehearsal.place.hear = on.rehearsal.hear
    assert await on.rehearsal.go("nonce") == ()
    await quiet(on.world)
    row = await on.world.db.read(lambda tx: tx.one("select id from cases where route = 'hidden'"))
    assert row is not None
    yield row["id"]
    await on.rehearsal.clear()


async def test_it_is_shown_nowhere_but_at_the_hidden_place(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.world.officer("may", "Cô Mây", Role.LEAD)
        async with caught(on) as case:
            rows = await on.world.db.read(
                lambda tx: [row["lane"] for row in tx.all("select lane from cards")]
            )
            assert rows == ["hidden"]
            found = await on.world.db.read(lambda tx: cases.get(tx, case))
            assert found is not None
            assert (found.origin, found.route) == (Origin.REHEARSAL, Route.HIDDEN)
        assert on.world.room.log == []


# what breaks is red


async def fails(on: Stage, *missing: str) -> None:
    """It fails, says so, and stays red until one arrives."""
    on.rehearsal.patience = SHORT_S
    before = on.world.alarms.counts["rehearsal-failed"]
    result = await on.rehearsal.run()
    assert not result.ok
    assert set(missing) <= set(result.missing), result.missing
    assert on.rehearsal.is_red()
    assert on.world.alarms.counts["rehearsal-failed"] == before + 1


async def heals(on: Stage) -> None:
    on.rehearsal.patience = GENEROUS_S
    assert (await on.rehearsal.run()).ok
    assert not on.rehearsal.is_red()
    left = await on.world.db.read(
        lambda tx: [tx.one("select 1 from cases"), tx.one("select 1 from people")]
    )
    assert left == [None, None]


async def test_a_sender_that_hangs(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.stop("sender")
        await fails(on, "card", "answer", "clock")
        await on.go_on("sender")
        await heals(on)


async def test_a_clock_that_hangs(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.stop("clock")
        await fails(on, "clock")
        await on.go_on("clock")
        await heals(on)


def broken(*_: object, **__: object) -> Any:
    raise ValueError("broken")


async def test_a_seal_that_does_not_seal(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        with pytest.MonkeyPatch.context() as bug:
            bug.setattr(Seal, "seal", broken)
            await fails(on, "case")
        await heals(on)
        assert on.world.alarms.counts["dead-letter"] == 0


async def test_a_seal_that_does_not_open_what_it_sealed(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        with pytest.MonkeyPatch.context() as bug:
            bug.setattr(Seal, "open", broken)
            await fails(on)
        await on.stop("sender")  # in the product such a fault ends the process
        await on.go_on("sender")
        await heals(on)


async def test_a_card_that_cannot_be_drawn(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        with pytest.MonkeyPatch.context() as bug:
            bug.setattr(cards, "look", broken)
            await fails(on, "card")
        await heals(on)


async def test_a_reader_that_does_not_hear_danger(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        calm = on.world.house.reader.read("chào")
        with pytest.MonkeyPatch.context() as bug:
            bug.setattr(Reader, "read", lambda _self, _text: calm)
            await fails(on, "case")
        await heals(on)


async def test_a_commit_that_forgets_its_alert(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        whole = Inbox.apply

        def without_cards(self: Inbox, tx: Tx, effects: list[Any], *more: Any) -> Any:
            kept = [effect for effect in effects if type(effect).__name__ != "Show"]
            return whole(self, tx, kept, *more)

        with pytest.MonkeyPatch.context() as bug:
            bug.setattr(Inbox, "apply", without_cards)
            await fails(on, "card")
        await heals(on)


async def test_a_rehearsal_that_does_not_come_at_all_is_red_too(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        assert not on.rehearsal.is_red()
        on.rehearsal.arrived -= rehearsal.OVERDUE_S + 1
        assert on.rehearsal.is_red()
        await heals(on)


async def test_a_monitor_hears_of_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        world = on.world
        health = Health(
            db=world.db,
            ward=world.house.ward.id,
            alarms=world.alarms,
            telegram=None,
            mailbox=world.mailbox,
            now=lambda: world.now,
            rehearsal=on.rehearsal,
        )
        await health.look()
        assert health.report()["rehearsal"] is None
        assert "rehearsal" not in health.problems()
        await on.stop("clock")
        await fails(on, "clock")
        await health.look()
        assert "rehearsal" in health.problems()
        report = health.report()["rehearsal"]
        assert isinstance(report, dict)
        assert (report["ok"], report["at"]) == (False, "2026-11-24T08:00:00+00:00")
        assert "lang_nghe_rehearsal_ok 0" in health.metrics()
        await on.go_on("clock")
        await heals(on)
        assert "rehearsal" not in health.problems()
        assert "lang_nghe_rehearsal_ok 1" in health.metrics()
        assert f"lang_nghe_rehearsal_timestamp_seconds {world.now.timestamp()}" in health.metrics()


# nobody outside can make or fake one


def test_no_door_makes_an_address_of_nobody() -> None:
    assert {web.NAME, desk.NAME, Telegram.name}.isdisjoint(ORIGINS)
    assert set(ORIGINS) == {DRILL, REHEARSAL}


STRANGERS = ("rehearsal", "hidden", "nonce", "drill", "group")


@pytest.mark.parametrize("channel", ["telegram", "web"])
async def test_a_stranger_is_a_person_whatever_they_are_called_and_say(
    tmp_path: Path, channel: str
) -> None:
    async with stage(tmp_path) as on:
        for peer in STRANGERS:
            event = on.world.incoming(peer, Kind.TEXT, channel=channel, text=WORDS)
            await on.world.inbox.take(replace(event, event_id=rehearsal.EVENT + peer))
        found = await on.world.db.read(lambda tx: cases.board(tx, on.world.house.ward.id))
        assert [case.origin for case in found] == [Origin.PERSON] * len(STRANGERS)
        await on.rehearsal.clear()
        again = await on.world.db.read(lambda tx: cases.board(tx, on.world.house.ward.id))
        assert again == found


async def test_what_strangers_send_does_not_make_a_broken_road_green(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.stop("clock")
        on.rehearsal.patience = SHORT_S
        going = asyncio.create_task(on.rehearsal.run())
        for peer in STRANGERS:
            for text in (WORDS, on.rehearsal.repeat, on.rehearsal.help):
                await on.world.inbox.take(on.world.incoming(peer, Kind.TEXT, text=text))
        assert not (await going).ok
        await quiet(on.world)
        assert len(on.world.room.told) > len(STRANGERS)


async def test_a_place_that_is_not_waited_for_hears_nothing() -> None:
    place = HiddenPlace(DRILL)
    await place.edit(Address(DRILL, "", "x"), "1", message_of("x"))
    await place.delete(Address(DRILL, "", "x"), ("1",))
    refs = await place.send(Address(DRILL, "", "x"), message_of("x"))
    assert not any(ref.isdigit() for ref in refs), "must never look like a platform's number"
    assert not await place.is_member(GROUP, GROUP)


def message_of(text: str) -> Any:
    from bot.channels.channel import Outgoing

    return Outgoing(text)


# killed at any moment


@pytest.mark.soak
async def test_whenever_it_is_cut_off_the_next_one_finds_and_leaves_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    async with stage(tmp_path) as on:
        await on.world.inbox.take(on.world.incoming("be", Kind.TEXT, text="alo"))
        await quiet(on.world)
        before = await on.world.db.read(everything)
        for _ in range(sized(25, 500)):
            on.world.moment[0] += timedelta(minutes=2)  # the same words at once would be a flood
            going = asyncio.create_task(on.rehearsal.run())
            await asyncio.sleep(chance.random() * 0.12)
            going.cancel()
            await asyncio.gather(going, return_exceptions=True)
            await quiet(on.world)
            fresh = made(on.world)  # whoever starts next remembers nothing
            await fresh.clear()
            await quiet(on.world)
            assert await on.world.db.read(everything) == before
        assert (await on.rehearsal.run()).ok
        assert on.world.alarms.counts == {}


EARLY = """
import os, sys
import bot.rehearsal as rehearsal
rehearsal.FIRST_S, rehearsal.EVERY_S = 0.1, float(os.environ["EVERY"])
from bot.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


async def test_the_real_process_rehearses_and_a_kill_in_the_middle_leaves_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "early.py").write_text(EARLY)
    async with installed(tmp_path, script=(str(tmp_path / "early.py"),)) as bot:
        bot.settings["EVERY"] = "0.05"
        await bot.start()
        await ok(bot.address)
        await bot.kill()
        bot.settings["EVERY"] = "3600"
        await bot.start()
        async with httpx.AsyncClient(base_url=bot.address, trust_env=False) as http:
            assert (await ok(bot.address))["problems"] == []
            metrics = (await http.get("/metrics")).text
            assert "lang_nghe_rehearsal_ok 1" in metrics
            assert 'event="rehearsal-failed"' not in metrics
        async with asyncio.timeout(60):  # it has arrived; then it is taken away again
            while left_in(bot.database) != [0, 0, 0]:
                await asyncio.sleep(0.1)
        assert await bot.stop() == 0
        assert bot.err == ""
        assert left_in(bot.database) == [0, 0, 0]


async def ok(address: str) -> dict[str, Any]:
    """Wait until a rehearsal has arrived; give what /healthz says."""
    async with httpx.AsyncClient(base_url=address, trust_env=False) as http, asyncio.timeout(60):
        while True:
            said = (await http.get("/healthz")).json()
            if said["rehearsal"]:
                assert said["rehearsal"]["ok"] is True
                return dict(said)
            await asyncio.sleep(0.1)


def left_in(database: Path) -> list[int]:
    import sqlite3

    connection = sqlite3.connect(database)
    try:
        return [
            int(connection.execute(f"select count(*) from {table}").fetchone()[0])
            for table in ("cases", "outbox", "case_keys")
        ]
    finally:
        connection.close()


async def test_the_message_is_the_one_that_every_door_hands_in(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        seen: list[Incoming] = []
        take = on.world.inbox.take

        async def watched(incoming: Incoming, blob: bytes | None = None) -> Any:
            seen.append(incoming)
            return await take(incoming, blob)

        on.world.inbox.take = watched  # type: ignore[method-assign]
        assert (await on.rehearsal.run()).ok
        [message] = seen
        assert (message.side, message.kind, message.text) == (Side.RESIDENT, Kind.TEXT, WORDS)
