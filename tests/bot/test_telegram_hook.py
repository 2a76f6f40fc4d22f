"""Being called by Telegram: the secret first, commit before 200, and nobody else's address."""

import asyncio
import inspect
import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.alarms import Alarms
from bot.channels.channel import Failed, Hopeless, Outcome
from bot.channels.telegram import Hook, Telegram
from bot.channels.telegram.hook import LOOK_EVERY_S, plain
from bot.channels.telegram.parse import UPDATES
from bot.web import hooks
from handlers.events import Incoming
from tests.bot.people import Person
from tests.bot.process import GROUP, at_telegram, installed
from tests.bot.test_telegram_poll import CHILD, OFFICER, Naps, Notebook, at
from tests.bot.web_memory import Memory, server
from tests.fakes.telegram import FakeTelegram

URL = "https://phuong.example/telegram"
SECRET = "bi-mat-cua-phuong-" + "x" * 24
HEADER = "X-Telegram-Bot-Api-Secret-Token"
LEAD = 1001


@dataclass
class Rig:
    """A door with its address, in a web server without a socket, at the fake Telegram."""

    tg: FakeTelegram
    door: Telegram
    inbox: Notebook
    hook: Hook
    http: httpx.AsyncClient
    alarms: Alarms
    naps: Naps

    async def post(
        self, body: bytes, secret: str | None = SECRET, kind: str = "application/json"
    ) -> httpx.Response:
        headers = {"Content-Type": kind} | ({} if secret is None else {HEADER: secret})
        return await self.http.post("/telegram", content=body, headers=headers)

    async def update(self, update: object) -> int:
        return (await self.post(json.dumps(update).encode())).status_code

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[asyncio.Task[Any]]:
        task = asyncio.create_task(self.hook.watch())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def looked(self) -> None:
        """Two whole looks from now on."""
        calls = self.tg.sent
        before = sum(call.method == "getWebhookInfo" for call in calls)
        await self.tg.wait_for(
            lambda: sum(call.method == "getWebhookInfo" for call in calls) > before + 1, 30
        )


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with FakeTelegram(flood=False) as tg:
        tg.person(CHILD)
        tg.group(-1009, members=[OFFICER])
        inbox, alarms, naps = Notebook(), Alarms(), Naps()
        door = Telegram(
            tg.token,
            api_url=tg.url,
            now=lambda: datetime.now(UTC),
            group=at(-1009),
            alarms=alarms,
            sleep=naps,
        )
        await door.start()
        hook = door.hook(inbox, URL, SECRET)
        app = server(Memory(), hooks=(hook,))
        transport = httpx.ASGITransport(app, client=("203.0.113.7", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://x.example") as http:
            yield Rig(tg, door, inbox, hook, http, alarms, naps)
        await door.close()


def said(number: int, text: str = "cứu em") -> dict[str, Any]:
    chat = {"id": CHILD, "type": "private"}
    message = {"message_id": number, "date": 1, "chat": chat, "from": {"id": CHILD}, "text": text}
    return {"update_id": 880000 + number, "message": message}


# one call


async def test_an_update_is_committed_before_it_is_answered(rig: Rig) -> None:
    rig.inbox.open.clear()
    call = asyncio.create_task(rig.update(said(1)))
    while not rig.inbox.begun:
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not call.done()
    rig.inbox.open.set()
    assert await call == 200
    assert rig.inbox.texts == ["cứu em"]
    assert rig.door.reached is not None


@pytest.mark.parametrize("secret", [None, "", "sai", SECRET[:-1], SECRET + "x", "é" * 42])
async def test_without_the_secret_nothing_is_read_said_or_logged(
    rig: Rig, secret: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    unread = True

    async def body() -> AsyncIterator[bytes]:
        nonlocal unread
        unread = False
        yield json.dumps(said(1)).encode()

    headers = {"Content-Type": "application/json"}
    if secret is not None:
        headers[HEADER] = secret.encode("latin-1").decode("latin-1")
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    answer = await rig.http.post("/telegram", content=body(), headers=raw)
    assert (answer.status_code, answer.content) == (403, b"")
    assert unread or rig.inbox.begun == []
    assert rig.inbox.begun == []
    assert [r for r in caplog.records if r.name.startswith("bot")] == []
    assert rig.door.counts == {}
    assert rig.alarms.counts == {}


async def test_a_stranger_cannot_make_the_server_read_a_body() -> None:
    read: list[str] = []

    class Deaf:
        path, header = "/telegram", HEADER

        def knows(self, secret: str) -> bool:
            return False

        async def deliver(self, body: bytes) -> int:
            raise AssertionError

    async def receive() -> dict[str, Any]:
        read.append("read")
        return {"type": "http.request", "body": b"", "more_body": True}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/telegram",
        "raw_path": b"/telegram",
        "query_string": b"",
        "headers": [],
        "client": ("203.0.113.7", 1),
        "server": ("x", 80),
        "scheme": "http",
        "http_version": "1.1",
        "root_path": "",
    }
    await server(Memory(), hooks=(Deaf(),))(scope, receive, send)
    assert sent[0]["status"] == 403
    assert read == []


def test_the_secret_is_compared_in_constant_time() -> None:
    assert "compare_digest" in inspect.getsource(Hook.knows)
    assert "==" not in inspect.getsource(Hook.knows)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"<html>", b"a=1"])
async def test_what_is_no_json_is_refused_and_counted(rig: Rig, body: bytes) -> None:
    assert (await rig.post(body)).status_code == 400
    assert rig.door.counts == {"odd": 1}


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "application/xml"])
async def test_another_kind_of_body_is_refused(rig: Rig, kind: str) -> None:
    assert (await rig.post(json.dumps(said(1)).encode(), kind=kind)).status_code == 400
    assert rig.inbox.begun == []


async def test_the_kind_may_name_its_letters(rig: Rig) -> None:
    kind = "Application/JSON; charset=utf-8"
    assert (await rig.post(json.dumps(said(1)).encode(), kind=kind)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"{}",
        b'{"update_id": "x"}',
        b'{"update_id": 5, "message": 7}',
        b'{"update_id": 1e400}',
        b"[" * 200_000,
        b"1" * 5000,
    ],
    ids=["null", "list", "empty", "no number", "no message", "infinite", "deep", "long number"],
)
async def test_an_odd_update_is_counted_and_never_brought_again(rig: Rig, body: bytes) -> None:
    assert (await rig.post(body)).status_code in {200, 400}
    assert rig.door.counts == {"odd": 1}
    assert rig.inbox.begun == []


async def test_what_the_platform_could_have_written_is_never_refused(rig: Rig) -> None:
    # Anything but 2xx would be brought again for a day, and all of that chat behind it.
    for update in ({}, [], {"update_id": 5, "message": 7}, {"update_id": 6, "neu": {}}):
        assert await rig.update(update) == 200


async def test_a_body_of_a_megabyte_is_taken_and_a_larger_one_is_not(rig: Rig) -> None:
    whole = json.dumps(said(1)).encode()
    assert (await rig.post(whole + b" " * (hooks.MOST_BYTES - len(whole)))).status_code == 200
    assert (await rig.post(whole + b" " * hooks.MOST_BYTES)).status_code == 413
    assert len(rig.inbox.kept) == 1


async def test_a_body_that_drips_is_cut_off(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "FIRST_S", 0.05)

    async def drips() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    headers = {"Content-Type": "application/json", HEADER: SECRET}
    answer = await rig.http.post("/telegram", content=drips(), headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")


async def test_a_database_in_trouble_makes_the_platform_come_again(rig: Rig) -> None:
    class Full(Notebook):
        async def take(self, incoming: Incoming, blob: bytes | None = None) -> Outcome:
            raise sqlite3.OperationalError("database or disk is full")

    hook = rig.door.hook(Full(), URL, SECRET)
    transport = httpx.ASGITransport(server(Memory(), hooks=(hook,)))
    async with httpx.AsyncClient(transport=transport, base_url="http://x.example") as http:
        headers = {"Content-Type": "application/json", HEADER: SECRET}
        answer = await http.post("/telegram", json=said(1), headers=headers)
        assert (answer.status_code, answer.content) == (503, b"")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
async def test_any_other_way_of_asking_finds_nothing(rig: Rig, method: str) -> None:
    assert (await rig.http.request(method, "/telegram")).status_code == 404


async def test_where_it_is_not_set_there_is_no_such_path() -> None:
    transport = httpx.ASGITransport(server(Memory()))
    async with httpx.AsyncClient(transport=transport, base_url="http://x.example") as http:
        headers = {"Content-Type": "application/json", HEADER: SECRET}
        assert (await http.post("/telegram", json=said(1), headers=headers)).status_code == 404


# setting and watching the address


async def test_the_address_is_set_with_all_it_needs_and_what_waits_is_kept(rig: Rig) -> None:
    async with rig.watching():
        await rig.tg.wait_for(lambda: rig.tg.world.webhook, 30)
    [call] = [call for call in rig.tg.sent if call.method == "setWebhook"]
    assert call.params == {
        "url": URL,
        "secret_token": SECRET,
        "allowed_updates": list(UPDATES),
        "max_connections": 40,
    }


async def test_another_address_is_told_within_a_minute_and_ours_is_set_again(rig: Rig) -> None:
    assert LOOK_EVERY_S < 60
    rig.tg.push.halted = True
    async with rig.watching():
        await rig.looked()
        assert rig.alarms.counts == {}
        assert not rig.hook.trouble()
        rig.tg.advance(2)
        rig.tg.world.webhook["url"] = "https://ke-trom.example/x"
        await rig.tg.wait_for(lambda: rig.tg.world.webhook["url"] == URL, 30)
        assert rig.alarms.counts == {"webhook-changed": 1}
        assert rig.hook.trouble()
        rig.tg.advance(2)
        rig.tg.world.webhook = {}
        await rig.tg.wait_for(lambda: rig.tg.world.webhook.get("url") == URL, 30)
        assert rig.alarms.counts == {"webhook-changed": 1}


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        (URL, "https://Phuong.Example:443/telegram/", True),
        ("https://phường.example/telegram", "https://xn--phng-rib8295b.example/telegram", True),
        (URL, "https://phuong.example:8443/telegram", False),
        (URL, "https://phuong.example/Telegram", False),
        (URL, "https://phuong.example.evil/telegram", False),
        (URL, "http://phuong.example/telegram", False),
        (URL, "https://[/telegram", False),
        (URL, 7, False),
    ],
)
def test_an_address_is_ours_however_it_is_written(ours: str, theirs: object, same: bool) -> None:
    assert (plain(ours) == plain(theirs)) is same


async def test_an_address_that_never_becomes_ours_is_asked_for_ever_more_slowly(rig: Rig) -> None:
    calls: list[str] = []

    async def call(method: str, _: object) -> object:
        calls.append(method)
        if len(calls) > 16:
            raise Failed(Hopeless.TOKEN)
        return {"url": "https://ke-trom.example/x"} if method == "getWebhookInfo" else True

    rig.hook._call = call
    with pytest.raises(Failed):
        await asyncio.wait_for(rig.hook.watch(), 30)
    assert rig.naps.taken[:8] == [1, 2, 4, 8, 16, 30, 30, 30]
    assert rig.alarms.counts == {"webhook-changed": 1}


async def test_calls_that_fail_are_told_once_until_they_work_again(rig: Rig) -> None:
    rig.tg.say(CHILD, "cứu em")
    async with rig.watching():
        await rig.tg.wait_for(lambda: rig.hook.failing, 30)
        await rig.looked()
        assert rig.alarms.counts == {"webhook-failing": 1}
        assert rig.hook.trouble()
        assert rig.door.caught_up
        rig.tg.world.waiting = []
        await rig.tg.wait_for(lambda: not rig.hook.failing, 30)
        assert not rig.hook.trouble()


async def test_an_address_that_is_refused_is_told_and_tried_again(rig: Rig) -> None:
    rig.tg.fail_next("setWebhook", status=400, description="Bad Request: bad webhook", times=3)
    async with rig.watching():
        await rig.tg.wait_for(lambda: rig.tg.world.webhook, 30)
        await rig.looked()
    assert rig.alarms.counts == {"webhook-failing": 1}
    assert rig.naps.taken[:3] == [1, 2, 4]


async def test_an_outage_is_waited_out_and_a_pause_is_kept(rig: Rig) -> None:
    rig.tg.fail_next("setWebhook", status=502)
    rig.tg.fail_next("setWebhook", status=429, parameters={"retry_after": 7}, description="x")
    async with rig.watching():
        await rig.looked()
    assert rig.naps.taken[:2] == [1, 7]
    assert rig.alarms.counts == {}
    assert rig.door.caught_up


async def test_a_refused_token_ends_the_watch(rig: Rig) -> None:
    rig.tg.fail_next("setWebhook", status=401, description="Unauthorized")
    with pytest.raises(Failed) as caught:
        await asyncio.wait_for(rig.hook.watch(), 30)
    assert caught.value.why is Hopeless.TOKEN


async def test_the_health_of_the_door_is_known_without_a_single_update(rig: Rig) -> None:
    async with rig.watching():
        await rig.looked()
    assert rig.door.reached is not None
    assert datetime.now(UTC) - rig.door.reached < timedelta(minutes=1)


# the real process


def hooked(tg: FakeTelegram) -> dict[str, str]:
    return at_telegram(tg, TELEGRAM_WEBHOOK_URL=URL, TELEGRAM_WEBHOOK_SECRET=SECRET)


async def test_a_ward_that_is_called_answers_children_and_shows_cards_in_topics(
    tmp_path: Path,
) -> None:
    async with FakeTelegram() as tg:
        tg.group(GROUP, admins=[LEAD], forum=True)
        async with installed(tmp_path, hooked(tg)) as bot:
            await bot.start()
            tg.push.deliver_to = f"{bot.address}/telegram"
            _, token = await bot.invited("Cô Hạ", "lead")
            assert "Cô Hạ" in (await Person(tg, LEAD).starts(token)).text
            await Person(tg, 55501).reports("Em hay bị đánh ở nhà")
            [card] = await tg.wait_for(lambda: tg.from_bot(GROUP), 30)
            assert card.thread_id
            tg.press(LEAD, card, "Nhận việc")
            await tg.wait_for(lambda: "Cô Hạ" in tg.from_bot(GROUP)[0].text, 30)
            async with httpx.AsyncClient(base_url=bot.address, trust_env=False) as http:
                health = (await http.get("/healthz")).json()
                assert (health["ok"], health["telegram"]) == (True, "ok"), health
                refused = await http.post("/telegram", json=said(9), headers={HEADER: "sai"})
                assert (refused.status_code, refused.content) == (403, b"")
            assert tg.polls == 0
            assert SECRET not in bot.out + bot.err
            assert await bot.stop() == 0
        assert tg.refusals == []


async def test_what_came_while_it_was_dead_is_brought_again_in_order(tmp_path: Path) -> None:
    async with FakeTelegram() as tg:
        tg.group(GROUP, admins=[LEAD])
        async with installed(tmp_path, hooked(tg)) as bot:
            await bot.start()
            tg.push.deliver_to = f"{bot.address}/telegram"
            child = Person(tg, 55501)
            told = await child.tells("Em hay bị đánh ở nhà")
            await bot.kill()
            tg.advance(10)
            tg.press(child.id, told, "go.send")
            tg.say(child.id, "em sợ lắm")
            await bot.start()
            tg.push.deliver_to = f"{bot.address}/telegram"
            await tg.wait_for(lambda: not tg.pending, 30)
            await tg.wait_for(lambda: any("Đã gửi" in s.text for s in tg.from_bot(child.id)), 30)
            assert [c.method for c in tg.sent].count("deleteWebhook") == 0
