"""`roster`: who is there, who leaves, who is renamed; the running program sees it at once."""

import asyncio
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from bot import config, house, wiring
from bot.__main__ import main
from bot.commands import roster
from bot.commands.setup import Base
from bot.config import NAMES
from handlers.cases import Case, Priority, Status
from handlers.events import Address
from handlers.view import Officer, Role
from storage import audit, cards, cases, invites, officers, people, places, sessions
from storage.cards import Card
from storage.db import Database
from storage.invites import Invite, Opens
from storage.rootkey import RootKey, load_root_key
from storage.seal import Seal
from storage.tx import Tx
from tests.bot.people import Browser
from tests.bot.process import DESK, Bot, installed
from tests.world import GROUP, open_world

T = TypeVar("T")
Said = pytest.CaptureFixture[str]
ID = re.compile(r"· ([0-9a-f]{16})$", re.MULTILINE)
TOKEN = "7000000001:AA-not-a-real-token-only-for-tests"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> Path:
    """A trial with a lead and an officer who works at a school."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    assert main(["invite", "--name", "Chú Thu", "--school"]) == 0
    capsys.readouterr()
    return tmp_path / "data" / "trial"


def inside(here: Path, act: Callable[[Tx], T]) -> T:
    async def run() -> T:
        seal = Seal(load_root_key(here / "key" / "root.key", None))
        async with await Database.open(here / "lang-nghe.db", seal) as db:
            return await db.write(act)

    return asyncio.run(run())


def names(here: Path) -> list[str]:
    return [one.name for one in inside(here, lambda tx: officers.roster(tx, "phuong-mau"))]


def test_the_roster_says_who_is_there_and_where_they_can_be_reached(
    here: Path, capsys: Said
) -> None:
    def arrive(tx: Tx) -> None:
        lead, officer = officers.roster(tx, "phuong-mau")
        chat = people.meet(tx, Address("telegram", "bot", "7")).person.id
        people.bind(tx, chat, lead.id)
        invites.make(tx, "t", Invite(Opens.DESK, officer.id), tx.now.replace(year=2099))
        assert sessions.enter(tx, "t", "cookie", tx.now) == officer.id

    assert main(["roster"]) == 0
    assert capsys.readouterr().out.count("chưa vào") == 2
    inside(here, arrive)
    assert main(["roster"]) == 0
    lead, officer = capsys.readouterr().out.splitlines()
    assert lead.startswith("Cô Hạ · lead · trực / on duty · chat · ")
    assert officer.startswith("Chú Thu · officer · trực / on duty · ở trường / school · bàn trực")


def test_somebody_is_removed_by_name_or_by_id_and_it_is_recorded(here: Path, capsys: Said) -> None:
    main(["roster"])
    lead, _ = ID.findall(capsys.readouterr().out)
    assert main(["roster", "remove", "Chú Thu"]) == 0
    assert "removed: Chú Thu" in capsys.readouterr().out
    assert names(here) == ["Cô Hạ"]
    assert main(["roster", "remove", lead]) == 0
    assert "no lead has been invited" in capsys.readouterr().out
    assert names(here) == []
    acts = inside(here, lambda tx: [row["act"] for row in tx.all("select act from audit")])
    assert len(acts) == 2
    assert acts[1] == f"roster.remove.{lead}"
    assert inside(here, audit.verify) is None
    assert main(["roster"]) == 0
    assert "nobody yet" in capsys.readouterr().out


def test_two_of_one_name_must_be_told_apart(here: Path, capsys: Said) -> None:
    twin = Officer("f" * 16, "Chú Thu", Role.OFFICER)
    inside(here, lambda tx: officers.add(tx, twin, "phuong-mau", tx.now))
    assert main(["roster", "remove", "Chú Thu"]) == 64
    said = capsys.readouterr().err
    assert "use the id" in said
    assert len(ID.findall(said)) == 2
    assert main(["roster", "remove", ID.findall(said)[0]]) == 0
    assert names(here) == ["Cô Hạ", "Chú Thu"]


@pytest.mark.parametrize("act", [["remove", "Cô Nào"], ["rename", "0" * 16, "Cô Nào"]])
def test_whoever_is_not_there_is_neither_removed_nor_renamed(
    here: Path, capsys: Said, act: list[str]
) -> None:
    assert main(["roster", *act]) == 64
    assert "no such officer" in capsys.readouterr().err
    assert names(here) == ["Cô Hạ", "Chú Thu"]


def test_an_officer_is_given_another_name_that_is_nobody_elses(here: Path, capsys: Said) -> None:
    main(["roster"])
    _, officer = ID.findall(capsys.readouterr().out)
    assert main(["roster", "rename", officer, " Chú   Đông "]) == 0
    assert names(here) == ["Cô Hạ", "Chú Đông"]
    for name in ("Cô Hạ", " "):
        assert main(["roster", "rename", officer, name]) == 64
    assert main(["roster", "rename", officer, "Chú Đông"]) == 0
    assert names(here) == ["Cô Hạ", "Chú Đông"]


def test_a_wrong_use_is_refused(here: Path) -> None:
    for words in (["fire", "Cô Hạ"], ["remove"], ["rename", "Cô Hạ"]):
        with pytest.raises(SystemExit) as end:
            main(["roster", *words])
        assert end.value.code == 2


# Beside the running program.


async def reported(bot: Bot, http: httpx.AsyncClient) -> None:
    child = Browser(http)
    await child.opens("/")
    await child.sends(choice="a.for.me")
    await child.sends(choice="a.now.no")
    await child.sends(text="Em hay bị đánh ở nhà, em sợ lắm")
    assert "Đã gửi" in await child.sends(choice="go.send")


async def test_the_running_program_refuses_a_removed_officer_at_the_next_press(
    tmp_path: Path,
) -> None:
    async with installed(tmp_path) as bot:
        await bot.start()
        web = [httpx.AsyncClient(base_url=bot.address, trust_env=False) for _ in range(3)]
        try:
            await reported(bot, web[0])
            gone, stays = Browser(web[1]), Browser(web[2])
            await gone.enters(bot.links[0])
            await gone.at_desk(choice=gone.button("claim"))
            assert "Đã nhận: Cô Mây" in await gone.opens("/desk")
            await gone.at_desk(choice=gone.button("reply"))
            invited = await bot.command("invite", "--name", "Cô Hạ", "--role", "lead")
            await stays.enters(DESK.findall(invited.out)[0])
            assert "Đã nhận: Cô Mây" in stays.page
            assert "Cô Mây · lead" in (await bot.command("roster")).out
            ended = await bot.command("roster", "remove", "Cô Mây")
            assert (ended.code, ended.err) == (0, "")
            assert "cases to be claimed" in ended.out
            answer = await web[1].post("/desk", data={"text": "lời của người đã đi"})
            assert answer.status_code == 403
            assert (await web[1].get("/desk")).status_code == 403
            page = await stays.opens("/desk")
            assert "CHƯA AI NHẬN" in page
            assert "Đã nhận: Cô Mây" not in page
            await stays.at_desk(choice=stays.button("claim"))
            assert "Đã nhận: Cô Hạ" in await stays.opens("/desk")
        finally:
            for one in web:
                await one.aclose()
        assert await bot.stop() == 0
        connection = sqlite3.connect(bot.database)
        assert connection.execute("select body from talks where side = 'desk'").fetchall() == []
        connection.close()


async def test_a_removed_officers_work_is_shown_again_and_called_for(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        for peer, name, role in (("m", "Cô Mây", Role.LEAD), ("s", "Chú Sông", Role.OFFICER)):
            await world.officer(peer, name, role)
        for step in ("a.for.me", "a.now.no", "a.what.hit"):
            await world.choose("be", step)
        await world.say("be", "bố hay đánh em")
        await world.choose("be", "go.send")
        await world.in_group("s", world.button(GROUP.peer, "Nhận việc"))
        (row,) = await world.db.read(lambda tx: tx.all("select id from cases"))
        await world.choose("s", f"d.close.{row['id']}.safe")
        assert "chờ người thứ hai" in world.room.of(GROUP.peer)[0].message.text
        settings = config.read({}, tmp_path)
        there = Base(settings, world.house.ward, RootKey(bytes(range(32))))
        before = len(world.room.of(GROUP.peer))
        answer = await world.db.write(
            lambda tx: roster.on(
                tx, there, "Chú Sông", lambda officer: roster.remove(tx, there, officer)
            )
        )
        assert answer.done
        assert "Telegram group" in "\n".join(answer.lines)
        await world.drain()
        card, call = world.room.of(GROUP.peer)[0], world.room.of(GROUP.peer)[-1]
        assert len(world.room.of(GROUP.peer)) == before + 1
        assert "CHƯA AI NHẬN" in card.message.text
        assert "chờ người thứ hai" not in card.message.text
        assert "đã rời danh sách" in call.message.text
        assert await world.db.read(audit.verify) is None


async def test_a_renamed_officer_has_the_new_name_on_the_cards(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("s", "Cán bộ 4821", Role.LEAD)
        await world.say("be", "alo")
        await world.press("be", "Đang nguy hiểm 🆘")
        await world.in_group("s", world.button(GROUP.peer, "Nhận việc"))
        assert "Đã nhận: Cán bộ 4821" in world.room.of(GROUP.peer)[0].message.text
        there = Base(config.read({}, tmp_path), world.house.ward, RootKey(bytes(range(32))))
        await world.db.write(
            lambda tx: roster.on(
                tx, there, "Cán bộ 4821", lambda one: roster.rename(tx, there, one, "Chú Sông")
            )
        )
        await world.drain()
        assert "Đã nhận: Chú Sông" in world.room.of(GROUP.peer)[0].message.text


async def test_when_nobody_is_left_who_may_see_a_case_the_clerk_is_told(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây", Role.LEAD)
        await world.officer("d", "Bác Đồng", Role.INDEPENDENT)
        for step in ("a.for.me", "a.now.no", "a.what.hit"):
            await world.choose("be", step)
        await world.say("be", "chú ấy hay đánh em")
        await world.choose("be", "a.who.official")
        await world.choose("be", "go.send")
        (row,) = await world.db.read(lambda tx: tx.all("select id from cases"))
        await world.choose("d", f"d.claim.{row['id']}")
        there = Base(config.read({}, tmp_path), world.house.ward, RootKey(bytes(range(32))))
        answer = await world.db.write(
            lambda tx: roster.on(
                tx, there, "Bác Đồng", lambda officer: roster.remove(tx, there, officer)
            )
        )
        assert "NOBODY is left who may see it" in "\n".join(answer.lines)
        await world.drain()
        assert [priority for _, priority in world.rings] != []


async def test_a_newcomer_is_called_by_their_number_until_they_choose(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("m", "Cô Mây", Role.LEAD)
        await world.say("be", "alo")
        await world.press("be", "Đang nguy hiểm 🆘")
        world.room.members.add("new")
        outcome = await world.in_group("new", world.button(GROUP.peer, "Nhận việc"))
        number = re.findall(r"\d{4}", outcome.toast)[0]
        await world.press("m", "Cho vào")
        names = await world.db.read(
            lambda tx: [one.name for one in officers.roster(tx, world.house.ward.id)]
        )
        assert set(names) == {"Cô Mây", f"Cán bộ {number}"}


# The officers' group that was moved.


def stands_in_the_group(tx: Tx, ward: str) -> None:
    case = Case("c1", ward, "K7M4PQ2X", Status.NEW, Priority.P2, "VIOLENCE", "child", opened=tx.now)
    cases.open_case(tx, case, 1)
    cards.put(tx, Card("c1", "group", "group", "41"), tx.now)


async def test_a_group_that_the_platform_moved_stays_moved_after_a_restart(tmp_path: Path) -> None:
    ward = house.read_ward(None)

    async def starts(db: Database, chat: str) -> Address | None:
        told = {"TELEGRAM_BOT_TOKEN": TOKEN, "OFFICER_CHAT": f"telegram:{chat}"}
        telegram = await wiring.open_telegram(config.read(told, tmp_path), db, ward)
        assert telegram is not None
        group = telegram.group
        await telegram.close()
        assert group == await db.read(lambda tx: places.get(tx, ward.id, "group"))
        return group

    bot_id = TOKEN.partition(":")[0]
    tmp_path.chmod(0o700)
    async with await Database.open(tmp_path / "x.db", Seal(RootKey(bytes(32)))) as db:
        old, new = (Address("telegram", bot_id, peer) for peer in ("-77", "-1009"))
        assert await starts(db, "-77") == old
        await db.write(lambda tx: places.move(tx, ward.id, "group", new))
        assert await starts(db, "-77") == new
        # The operator takes the new number over; and later another group altogether.
        await db.write(lambda tx: stands_in_the_group(tx, ward.id))
        assert await starts(db, "-1009") == new
        assert await db.read(lambda tx: len(cards.in_lane(tx, "group"))) == 1
        assert await starts(db, "-1010") == Address("telegram", bot_id, "-1010")
        # In another chat the old number names somebody else's message.
        assert await db.read(lambda tx: cards.in_lane(tx, "group")) == []
        assert await starts(db, "-77") == old
