"""What the doctor finds at each door: real servers on this machine, good ones and bad ones."""

import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot import config
from bot.channels.telegram.standing import Role, Standing
from bot.doctor import telegram
from bot.doctor.doors import Doors
from bot.doctor.patient import Patient, examine
from bot.doctor.roster import roads
from bot.web.pages import Pages, static_files
from handlers.events import Address
from tests.bot.process import GROUP
from tests.bot.wards import write_ward
from tests.fakes.smtp import FakeSmtp, Tls
from tests.fakes.telegram import FakeTelegram
from tests.fakes.trust import Authority

PAGE = Pages(static_files(), exit_page="https://example.com", trial=False).notice(404).body


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Patient:
    """A real ward without anything set; its clock is right."""
    for name in config.NAMES:
        monkeypatch.delenv(name, raising=False)
    write_ward(tmp_path)
    return dataclasses.replace(examine(tmp_path, datetime.now(UTC)), setting_problems=())


def having(patient: Patient, **settings: Any) -> Patient:
    return dataclasses.replace(patient, settings=dataclasses.replace(patient.settings, **settings))


@asynccontextmanager
async def served(
    body: bytes = bytes(PAGE), ssl: Any = None, date: datetime | None = None
) -> AsyncIterator[tuple[str, list[str]]]:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path}")
        shown = format_datetime(date or datetime.now(UTC), usegmt=True)
        return web.Response(body=body, headers={"Date": shown})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl).start()
    scheme = "http" if ssl is None else "https"
    try:
        yield f"{scheme}://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


async def seen(patient: Patient, tls: Any = None) -> set[str]:
    doors = Doors(patient, tls)
    found = {one.name async for one in doors.look()}
    return found - {"not-running"} | {one.name for one in roads(patient, doors.dead)} - {
        "desk-at-night",
        "no-monitor",
    }


async def test_everything_is_reached_and_nothing_is_rung(patient: Patient, tmp_path: Path) -> None:
    trust = Authority(tmp_path)
    async with (
        served(ssl=trust.server()) as (page, opened),
        served() as (hook, rung),
        served() as (monitor, pinged),
        FakeSmtp(Tls.AT_ONCE, trust.server(), "u@x.example", "p") as post,
    ):
        well = having(
            patient,
            public_url=page,
            alert_hook=f"{hook}/ring",
            monitor_url=f"{monitor}/ping",
            smtp_url=post.url(),
            alarm_to=("it@x.example",),
        )
        assert await seen(well, trust.client()) == set()
        assert opened == ["GET /"]
        assert (rung, pinged, post.letters) == ([], [], [])
        assert post.came == 1


async def test_doors_that_do_not_open(patient: Patient) -> None:
    nowhere = "http://127.0.0.1:9/x"
    dead = having(
        patient,
        public_url=nowhere,
        alert_hook=nowhere,
        monitor_url="http://no-such-host.invalid/x",
        smtp_url="smtp://127.0.0.1:9",
        alarm_to=("it@x.example",),
    )
    expected = {"page-unreachable", "hook-unreachable", "monitor-unreachable", "mail-unreachable"}
    assert await seen(dead) == expected | {"roads-dead"}
    assert await seen(having(dead, smtp_url="")) == expected - {"mail-unreachable"} | {"roads-dead"}


async def test_one_road_that_opens_is_enough_to_ring(patient: Patient) -> None:
    async with served() as (hook, _):
        half = having(
            patient, alert_hook=hook, smtp_url="smtp://127.0.0.1:9", alarm_to=("it@x.example",)
        )
        assert await seen(half) == {"mail-unreachable"}


async def test_a_page_that_is_not_ours(patient: Patient) -> None:
    async with served(b"<html>It works!</html>") as (url, _):
        assert "page-not-ours" in await seen(having(patient, public_url=url))


@pytest.mark.parametrize(
    ("ends", "name"),
    [
        (timedelta(days=-1), {"certificate-bad"}),
        (timedelta(days=13), {"certificate-ends"}),
        (timedelta(days=15), set()),
    ],
)
async def test_a_certificate_that_ends(
    patient: Patient, tmp_path: Path, ends: timedelta, name: set[str]
) -> None:
    trust = Authority(tmp_path)
    async with served(ssl=trust.server(ends)) as (url, _):
        assert await seen(having(patient, public_url=url), trust.client()) == name | {"no-road"}
        stranger = await seen(having(patient, public_url=url))
        assert stranger == {"certificate-bad", "no-road"}


async def test_a_mail_server_that_wants_another_password(patient: Patient) -> None:
    async with FakeSmtp(user="u@x.example", password="right") as post:
        url = post.url().replace("right", "wrong")
        found = await seen(having(patient, smtp_url=url, alarm_to=("it@x.example",)))
        assert found == {"mail-refused", "roads-dead"}


async def test_a_clock_that_is_off(patient: Patient) -> None:
    for minutes, name in ((1, set[str]()), (3, {"clock-off"}), (-3, {"clock-off"})):
        async with served(date=datetime.now(UTC) + timedelta(minutes=minutes)) as (url, _):
            assert await seen(having(patient, public_url=url)) == name | {"no-road"}


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"ok": true, "problems": []}', set()),
        (b'{"ok": false, "problems": ["desk", "unsent"]}', {"unwell"}),
        (b"<html>", {"not-answering"}),
        (b"[]", {"not-answering"}),
    ],
)
async def test_the_running_program_is_asked_how_it_is(
    patient: Patient, body: bytes, name: set[str]
) -> None:
    async with served(body) as (url, asked):
        port = int(url.rpartition(":")[2])
        runs = dataclasses.replace(having(patient, port=port), running=True)
        assert await seen(runs) == name | {"no-road"}
        assert asked == ["GET /healthz"]
    assert "not-answering" in await seen(runs)


# Telegram


def at(patient: Patient, tg: FakeTelegram, **more: Any) -> Patient:
    return having(
        patient,
        **{
            "telegram_token": tg.token,
            "telegram_api": tg.url,
            "group": Address("telegram", "", str(GROUP)),
            **more,
        },
    )


async def asked(patient: Patient) -> set[str]:
    return {one.name async for one in telegram.look(patient)}


Arrange = Callable[[FakeTelegram], object]

STATES: list[tuple[str, Arrange, set[str]]] = [
    ("all is well", lambda tg: tg.group(GROUP, admins=[1]), set()),
    ("no such group", lambda tg: None, {"group-gone"}),
    ("not inside", lambda tg: tg.group(GROUP, admins=[1], bot="left"), {"group-outside"}),
    ("kicked", lambda tg: tg.group(GROUP, admins=[1], bot="kicked"), {"group-outside"}),
    ("no rights", lambda tg: tg.group(GROUP, admins=[1], bot="member"), {"group-no-delete"}),
    (
        "topics without the right",
        lambda tg: tg.group(GROUP, admins=[1], bot="member", forum=True),
        {"group-no-delete", "group-no-topics"},
    ),
    ("anonymous", lambda tg: tg.group(GROUP, anonymous=[2]), {"anonymous-admins"}),
]


@pytest.mark.parametrize(("what", "arrange", "names"), STATES, ids=[row[0] for row in STATES])
async def test_how_the_bot_stands_in_the_group(
    patient: Patient, what: str, arrange: Arrange, names: set[str]
) -> None:
    del what
    async with FakeTelegram() as tg:
        arrange(tg)
        assert await asked(at(patient, tg)) - {"group-basic"} == names
        assert {call.method for call in tg.sent} <= {
            "getMe",
            "getChat",
            "getChatMember",
            "getChatAdministrators",
            "getMyCommands",
            "getWebhookInfo",
        }
        assert tg.polls == 0


async def test_a_token_that_is_refused_and_a_platform_that_is_away(patient: Patient) -> None:
    async with FakeTelegram() as tg:
        assert await asked(at(patient, tg, telegram_token="7000000009:" + "x" * 35)) == {
            "token-refused"
        }
        away = at(patient, tg, telegram_api="http://127.0.0.1:9")
    assert await asked(away) == {"telegram-unreachable"}
    assert await asked(patient) == set()


@pytest.mark.parametrize(
    ("name", "telling"),
    [
        ("Mây Xanh", False),
        ("Hộp thư phường", False),
        ("Bảo vệ trẻ em", True),
        ("BAO TIN xâm hại", True),
        ("Child Hotline", True),
        ("Lắng Nghe (thử)", False),
    ],
)
async def test_a_name_that_gives_it_away(patient: Patient, name: str, telling: bool) -> None:
    async with FakeTelegram() as tg:
        tg.group(GROUP, admins=[1])
        tg.world.bot["first_name"] = name
        assert ("name-telling" in await asked(at(patient, tg))) is telling


async def test_a_menu_that_gives_it_away(patient: Patient) -> None:
    async with FakeTelegram() as tg:
        tg.group(GROUP, admins=[1])
        menu = [{"command": "start", "description": "Bắt đầu"}]
        tg.world.texts["commands", "all_private_chats:::"] = menu
        assert await asked(at(patient, tg)) == set()
        menu.append({"command": "baotin", "description": "Báo tin trẻ bị đánh"})
        assert await asked(at(patient, tg)) == {"menu-telling"}


async def test_where_telegram_calls(patient: Patient) -> None:
    async with AsyncExitStack() as stack:
        tg = await stack.enter_async_context(FakeTelegram())
        tg.group(GROUP, admins=[1])
        ours = "https://nhantin.phuong.example/telegram"
        assert await asked(at(patient, tg, webhook_url=ours)) == {"webhook-other"}
    assert telegram.webhook({"url": ""}, "") == []
    well = {"url": ours, "pending_update_count": 0, "last_error_date": 1}
    assert telegram.webhook(well, ours) == []
    failing = {**well, "pending_update_count": 3}
    assert telegram.webhook(failing, ours) == []  # long ago
    now = int(datetime.now(UTC).timestamp())
    (one,) = telegram.webhook({**failing, "last_error_date": now}, ours)
    assert (one.name, dict(one.values)) == ("webhook-failing", {"many": "3"})


async def test_a_bot_that_hears_everything_and_has_no_group(patient: Patient) -> None:
    async with FakeTelegram() as tg:
        assert await asked(at(patient, tg, group=None)) == {"group-not-set"}
    hears = dataclasses.replace(standing(), reads_everything=True)
    assert [one.name for one in telegram.group(hears, there=True)] == ["reads-everything"]
    dumb = dataclasses.replace(standing(), can_write=False)
    assert [one.name for one in telegram.group(dumb, there=True)] == ["group-silent"]
    basic = dataclasses.replace(standing(), kind="group")
    assert [one.name for one in telegram.group(basic, there=True)] == ["group-basic"]


def standing() -> Standing:
    return Standing(
        asked=True,
        exists=True,
        kind="supergroup",
        role=Role.ADMINISTRATOR,
        can_write=True,
        can_delete_messages=True,
    )
