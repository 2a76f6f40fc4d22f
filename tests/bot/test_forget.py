"""Expiry as the running program and the clerk see it: cards, journal, alarms, `forget`."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.channels.channel import Failed, Hopeless, Unsent
from bot.clock import Clock
from bot.config import NAMES
from handlers.cases import Case, Priority, Status
from handlers.clocks import local
from handlers.view import Role
from storage import audit, cases
from storage.db import Database
from storage.rootkey import load_root_key
from storage.seal import Seal
from storage.times import ms
from storage.tx import Tx, random_id
from tests.world import GROUP, World, open_world

STORY = "bố hay đánh em bằng roi"
Said = pytest.CaptureFixture[str]


def clock(world: World) -> Clock:
    return Clock(
        db=world.db,
        tick=world.inbox.tick,
        channels={"telegram": world.room},
        alarms=world.alarms,
        now=lambda: world.now,
        house=world.house,
    )


async def closed_report(world: World) -> None:
    """A child's report that an officer has answered by closing it."""
    await world.officer("m", "Cô Mây", Role.LEAD)
    for step in ("a.for.me", "a.now.no", "a.what.hit"):
        await world.choose("be", step)
    await world.say("be", STORY)
    await world.choose("be", "go.send")
    await world.in_group("m", world.button(GROUP.peer, "Nhận việc"))
    (row,) = await world.db.read(lambda tx: tx.all("select id from cases"))
    await world.choose("m", f"d.close.{row['id']}.safe")
    await world.drain()
    assert "ĐÃ ĐÓNG" in world.room.of(GROUP.peer)[0].message.text


async def days(world: World, here: Clock, number: int) -> None:
    """Let days pass on a machine that is never off."""
    for _ in range(number):
        world.moment[0] += timedelta(days=1)
        await world.inbox.tick()
        await here.sweep()
        await here.take_away()


async def count(world: World, *tables: str) -> list[int]:
    sizes = {"cases": "select 1 from cases", "links": "select 1 from links"}
    sizes |= {"people": "select 1 from people where officer is null"}
    return [len(await world.db.read(lambda tx, s=sizes[t]: tx.all(s))) for t in tables]


async def test_what_we_promise_a_reporter_comes_true(tmp_path: Path) -> None:
    """Seven days after closing nobody knows who wrote; after ninety there is no case, no card."""
    async with open_world(tmp_path) as world:
        await closed_report(world)
        here, kept = clock(world), world.house.ward
        await days(world, here, kept.link_days - 1)
        assert await count(world, "cases", "links", "people") == [1, 1, 1]
        await days(world, here, 1)
        assert await count(world, "cases", "links", "people") == [1, 0, 0]
        await days(world, here, kept.keep_days - kept.link_days - 1)
        assert await count(world, "cases") == [1]
        assert len(world.room.of(GROUP.peer)) == 1
        await days(world, here, 1)
        assert await count(world, "cases") == [0]
        assert world.room.of(GROUP.peer) == []
        assert not world.alarms.counts
        assert await world.db.read(audit.verify) is None


async def test_nothing_of_a_shredded_case_can_be_read_in_the_file_or_its_journal(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        await closed_report(world)
        sealed = await world.db.read(
            lambda tx: [
                bytes(row[0])[:48]
                for sql in (
                    "select wrapped from case_keys",
                    "select facts from cases",
                    "select body from entries",
                    "select secret_index from returns",
                    "select body from talks where settled = 1",
                    "select address from people where officer is null",
                )
                for row in tx.all(sql)
            ]
        )
        assert len(sealed) >= 7

        def left() -> list[bytes]:
            data = b"".join(path.read_bytes() for path in tmp_path.glob("x.db*"))
            return [blob for blob in sealed if blob in data]

        assert left() == sealed
        here = clock(world)
        await days(world, here, world.house.ward.keep_days - 1)
        assert set(left()) < set(sealed)
        world.moment[0] += timedelta(days=1)
        await here.sweep()
        assert await count(world, "cases") == [0]
        assert left() == []
        assert (tmp_path / "x.db-wal").stat().st_size == 0


async def test_a_journal_that_could_not_be_emptied_is_told_and_emptied_by_the_next_run(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        await closed_report(world)
        here = clock(world)
        await days(world, here, world.house.ward.keep_days - 1)
        other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        other.execute("begin")
        other.execute("select * from cases").fetchall()
        await days(world, here, 1)
        assert world.alarms.counts == {"journal-not-emptied": 1}
        assert here.owed
        other.execute("rollback")
        other.close()
        await here.sweep()
        assert world.alarms.counts == {"journal-not-emptied": 1}
        assert not here.owed
        assert (tmp_path / "x.db-wal").stat().st_size == 0


async def test_a_card_that_may_not_be_deleted_loses_its_words_and_is_told(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await closed_report(world)
        here = clock(world)
        await days(world, here, world.house.ward.keep_days - 1)
        world.moment[0] += timedelta(days=1)
        await here.sweep()
        world.room.trouble = [Unsent(), Failed(Hopeless.REFUSED)]
        await here.take_away()
        assert len(world.room.of(GROUP.peer)) == 1
        world.moment[0] += timedelta(minutes=6)
        await here.take_away()
        assert world.alarms.counts == {"could-not-take-away": 1}
        text = world.room.of(GROUP.peer)[0].message.text
        assert text == "Nội dung ở đây đã được xóa theo thời hạn."


async def test_a_group_that_is_not_set_any_more_is_told_and_stops_nothing(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await closed_report(world)
        here = clock(world)
        await world.db.write(lambda tx: tx.run("delete from places"))
        await days(world, here, world.house.ward.keep_days + 1)
        assert await count(world, "cases") == [0]
        assert world.alarms.counts == {"could-not-take-away": 1}


async def test_too_many_at_once_are_an_alarm_and_stay(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        here = clock(world)
        await world.db.write(lambda tx: open_many(tx, 8, 3, world.now))
        await here.sweep()
        world.moment[0] += timedelta(hours=1)
        await here.sweep()
        assert world.alarms.counts == {"too-many-expired": 2}
        assert await count(world, "cases") == [11]


# At the command line, on the real clock.


def open_many(tx: Tx, expired: int, others: int, now: datetime, secrets: int = 0) -> None:
    for number in range(expired + others):
        gone = now - timedelta(days=91) if number < expired else None
        case = Case(
            random_id(),
            "phuong-mau",
            f"CODE{secrets + number:04}",
            Status.NEW,
            Priority.P2,
            "VIOLENCE",
            "child",
            opened=now - timedelta(days=100),
            closed=gone,
        )
        cases.open_case(tx, case, secrets + number)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> Path:
    """A trial's database that exists already."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    capsys.readouterr()
    return tmp_path / "data" / "trial"


def write(here: Path, *changes: Callable[[Tx], object]) -> None:
    async def all_of_them() -> None:
        seal = Seal(load_root_key(here / "key" / "root.key", None))
        async with await Database.open(here / "lang-nghe.db", seal) as db:
            for change in changes:
                await db.write(change)

    asyncio.run(all_of_them())


def rows(here: Path, sql: str) -> Iterable[tuple[object, ...]]:
    connection = sqlite3.connect(here / "lang-nghe.db")
    found = connection.execute(sql).fetchall()
    connection.close()
    return found


def swept(ago: timedelta) -> Callable[[Tx], object]:
    moment = str(ms(datetime.now(UTC) - ago)).encode()
    return lambda tx: tx.run("insert or replace into meta values ('swept', ?)", moment)


def test_when_nothing_is_held_it_says_so_and_changes_nothing(here: Path, capsys: Said) -> None:
    write(here, swept(timedelta(hours=1)), lambda tx: open_many(tx, 2, 1, tx.now))
    before = rows(here, "select * from meta order by name")
    assert main(["forget"]) == 0
    out = capsys.readouterr().out
    assert "2 / 3" in out
    assert "Nothing is held back" in out
    assert rows(here, "select * from meta order by name") == before
    assert len(list(rows(here, "select 1 from cases"))) == 3


def test_after_a_long_weekend_off_it_says_why_and_goes_on_when_confirmed(
    here: Path, capsys: Said
) -> None:
    write(here, swept(timedelta(days=4)), lambda tx: open_many(tx, 2, 1, tx.now))
    assert main(["forget"]) == 0
    out = capsys.readouterr().out
    assert "NOTHING WAS DELETED" in out
    assert "more than 48 hours" in out
    assert "forget --confirm" in out
    assert len(list(rows(here, "select 1 from cases"))) == 3
    assert main(["forget", "--confirm"]) == 0
    assert "2 hồ sơ" in capsys.readouterr().out
    assert len(list(rows(here, "select 1 from cases"))) == 1
    assert rows(here, "select act from audit") == [("forget.confirmed",)]
    assert main(["forget"]) == 0
    assert "Nothing is held back" in capsys.readouterr().out


def test_a_mass_is_deleted_in_steps_once_confirmed(here: Path, capsys: Said) -> None:
    write(here, swept(timedelta(hours=1)), lambda tx: open_many(tx, 60, 5, tx.now))
    assert main(["forget"]) == 0
    out = capsys.readouterr().out
    assert "60 / 65" in out
    assert "NO CASE WAS DELETED" in out
    assert "expired at once" in out
    day = local(datetime.now(UTC) - timedelta(days=91))
    assert f"closed on:           {day:%d/%m/%Y}: 60" in out
    assert main(["forget", "--confirm"]) == 0
    assert "60 hồ sơ" in capsys.readouterr().out
    assert len(list(rows(here, "select 1 from cases"))) == 5


def test_confirming_when_nothing_is_held_is_only_an_early_run(here: Path, capsys: Said) -> None:
    write(here, swept(timedelta(hours=1)), lambda tx: open_many(tx, 1, 0, tx.now))
    assert main(["forget", "--confirm"]) == 0
    assert "1 hồ sơ" in capsys.readouterr().out
    assert list(rows(here, "select 1 from audit")) == []


def keep_by_law(tx: Tx, number: int) -> None:
    tx.run(
        "update cases set hold = ?, hold_why = 'court' where code = ?",
        ms(datetime(2026, 11, 24, 9, tzinfo=UTC)),
        f"CODE{number:04}",
    )


def test_what_is_kept_by_law_is_named_by_its_code_and_stays(here: Path, capsys: Said) -> None:
    write(
        here,
        swept(timedelta(hours=1)),
        lambda tx: open_many(tx, 3, 1, tx.now),
        lambda tx: keep_by_law(tx, 1),
    )
    assert main(["forget"]) == 0
    out = capsys.readouterr().out
    assert "2 / 4" in out
    assert "CODE-0001 (tòa án, viện kiểm sát / court, từ / since 24/11/2026)" in out
    assert main(["forget", "--confirm"]) == 0
    assert {row[0] for row in rows(here, "select code from cases")} == {"CODE0001", "CODE0003"}


def test_a_campaign_of_many_days_names_the_first_and_counts_the_others(
    here: Path, capsys: Said
) -> None:
    for days in range(15):
        write(
            here, lambda tx, d=days: open_many(tx, 1, 0, tx.now - timedelta(days=d), secrets=d * 9)
        )
    assert main(["forget"]) == 0
    out = capsys.readouterr().out
    assert out.count(": 1") == 12
    assert "… 3 ngày nữa / more days" in out


async def test_the_running_program_goes_on_once_it_was_confirmed(tmp_path: Path) -> None:
    """Confirming writes the mark that the running program's next sweep looks at."""
    async with open_world(tmp_path) as world:
        here = clock(world)
        await here.sweep()
        world.moment[0] += timedelta(days=5)
        await here.sweep()
        assert world.alarms.counts == {"clock-jumped": 1}
        now = str(ms(world.now)).encode()
        other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        other.execute("update meta set value = ? where name = 'swept'", (now,))
        other.close()
        await here.sweep()
        assert world.alarms.counts == {"clock-jumped": 1}


async def test_the_wards_own_link_days_are_used(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await closed_report(world)
        world.house = replace(world.house, ward=replace(world.house.ward, link_days=2))
        here = clock(world)
        await days(world, here, 1)
        assert await count(world, "links") == [1]
        await days(world, here, 1)
        assert await count(world, "links") == [0]
