"""The real process in its ordinary life: doors, a report's whole way, trouble outside, the end."""

import asyncio
import random
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bot import telegram_updates as raw
from tests.bot.marks import PICTURE_MARKS, holds, marked_jpeg, marked_png
from tests.bot.people import Browser, Person
from tests.bot.process import GROUP, Bot, at_telegram, installed
from tests.fakes.telegram import FakeTelegram, Shown

LEAD, CHILD, OTHER = 1001, 55501, 55502
STORY = "Em hay bị đánh ở nhà, em sợ lắm"


@dataclass
class Stage:
    """A running trial at the fake Telegram, its lead already in their chat and in the group."""

    tg: FakeTelegram
    bot: Bot
    lead: Person
    child: Person

    async def card(self, within: float = 10) -> Shown:
        """The newest card in the group."""
        await self.tg.wait_for(lambda: self.tg.from_bot(GROUP), within)
        return self.tg.from_bot(GROUP)[-1]


@asynccontextmanager
async def stage(path: Path, **settings: str) -> AsyncIterator[Stage]:
    async with FakeTelegram() as tg:
        tg.group(GROUP, admins=[LEAD])
        async with installed(path, at_telegram(tg, **settings)) as bot:
            await bot.start()
            _, token = await bot.invited("Cô Hạ", "lead")
            lead = Person(tg, LEAD)
            assert "Cô Hạ" in (await lead.starts(token)).text
            yield Stage(tg, bot, lead, Person(tg, CHILD))
        assert tg.refusals == []


def browser(bot: Bot) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=bot.address, trust_env=False)


async def opens_the_desk_once(bot: Bot) -> None:
    async with browser(bot) as http, browser(bot) as other:
        link = bot.links[0]
        assert await Browser(http).enters(link) == 303
        assert (await other.post("/desk/vao", data={"invite": link})).status_code == 403
        assert (await other.get("/desk")).status_code == 403
        assert (await other.post("/desk/vao", data={"invite": "0" * 32})).status_code == 403


async def test_without_any_setting_it_serves_the_chat_and_a_desk_link_that_works_once(
    tmp_path: Path,
) -> None:
    async with installed(tmp_path) as bot:
        await bot.start()
        assert "BẢN THỬ, KHÔNG AI ĐỌC" in bot.out
        async with browser(bot) as http:
            assert "BẢN THỬ" in await Browser(http).opens("/")
        await opens_the_desk_once(bot)
        assert await bot.stop() == 0
        assert bot.err == ""


async def test_with_the_telegram_settings_the_same_works_at_telegram(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await opens_the_desk_once(on.bot)
        assert "BẢN THỬ, KHÔNG AI ĐỌC" in (await on.child.starts()).text
        async with browser(on.bot) as http:
            health = (await http.get("/healthz")).json()
            assert (health["ok"], health["telegram"], health["alarms"]) == (True, "ok", 0)
            assert 'lang_nghe_updates_total{kind="taken"} 2' in (await http.get("/metrics")).text


async def test_a_web_report_is_answered_from_the_desk_over_plain_http(tmp_path: Path) -> None:
    async with installed(tmp_path) as bot:
        await bot.start()
        async with browser(bot) as http, browser(bot) as office:
            child, desk = Browser(http), Browser(office)
            await child.opens("/")
            await child.sends(choice="a.for.me")
            await child.sends(choice="a.now.no")
            await child.sends(text=STORY)
            assert "Đã gửi" in await child.sends(choice="go.send")
            await desk.enters(bot.links[0])
            assert STORY not in desk.page
            await desk.at_desk(choice=desk.button("claim"))
            assert STORY in await desk.at_desk(choice=desk.button("open"))
            await desk.at_desk(choice=desk.button("reply"))
            preview = await desk.at_desk(text="Cô đọc rồi. Con có đang an toàn không?")
            assert "Con có đang an toàn không?" in preview
            assert "an toàn không?" not in await child.sends(look="1")
            await desk.at_desk(choice=desk.button("send"))
            assert "Con có đang an toàn không?" in await child.sends(look="1")


async def test_a_report_is_a_card_in_the_group_and_on_the_desk_within_two_seconds(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on, browser(on.bot) as http:
        told = await on.child.tells(STORY)
        began = time.monotonic()
        on.tg.press(CHILD, told, "go.send")
        card = await on.card(within=2)
        desk = Browser(http)
        assert await desk.enters(on.bot.links[0]) == 303
        assert time.monotonic() - began < 2
        code = card.text.split(" · ")[1]
        assert code in desk.page
        assert "CHƯA AI NHẬN" in card.text
        assert STORY not in card.text + desk.page


async def test_a_case_is_claimed_opened_through_the_door_and_answered_after_a_preview(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        await on.child.reports(STORY)
        card = await on.card()
        claim = on.tg.press(LEAD, card, "Nhận việc")
        await on.tg.wait_for(lambda: on.tg.answers.get(claim))
        assert "url" not in on.tg.answers[claim]
        await on.tg.wait_for(lambda: "Cô Hạ" in on.tg.from_bot(GROUP)[-1].text)
        opened = await on.lead.goes_through_the_door(card, "Mở hồ sơ")
        assert STORY in opened.text
        assert opened.protect_content
        await on.lead.presses(opened, "d.reply.")
        preview = await on.lead.says("Cô đọc rồi. Con đang ở đâu?")
        assert "Con đang ở đâu?" in preview.text
        assert "Con đang ở đâu?" not in "".join(s.text for s in on.tg.from_bot(CHILD))
        await on.lead.presses(preview, "d.send.")
        assert "Con đang ở đâu?" in (await on.child.hears()).text
        assert [s for s in on.tg.from_bot(GROUP) if "Con đang" in s.text or STORY in s.text] == []


async def test_whoever_is_not_on_the_roster_gets_no_door(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.tg.join(GROUP, OTHER)
        await on.child.reports(STORY)
        query = on.tg.press(OTHER, await on.card(), "Mở hồ sơ")
        await on.tg.wait_for(lambda: query in on.tg.answers)
        assert "url" not in on.tg.answers[query]
        assert "text" in on.tg.answers[query]


async def test_a_pictures_marks_end_at_the_house_and_only_the_opened_file_shows_it(
    tmp_path: Path,
) -> None:
    dirty = marked_jpeg()
    async with stage(tmp_path) as on:
        await on.child.reports(STORY)
        card = await on.card()
        on.tg.photo(CHILD, dirty)
        await on.child.presses(await on.child.hears(), "go.photo_no")
        on.tg.document(CHILD, marked_png(), "Zq7nameKx9.png", "image/png")
        await on.child.presses(await on.child.hears(), "go.photo_no")
        await on.tg.wait_for(lambda: len(on.tg.downloads) == 2)
        opened = await on.lead.goes_through_the_door(card, "Mở hồ sơ")
        shown = [await on.lead.hears(), await on.lead.hears()]
        assert opened.protect_content
        assert all(one.protect_content for one in shown)
        for one in shown:
            clean = on.tg.file(str(one.file_id))
            assert clean.startswith(b"\xff\xd8")
            assert clean != dirty
            assert holds(clean, PICTURE_MARKS) == []
        elsewhere = {c.chat_id for c in on.tg.sent if c.method == "sendPhoto"} - {LEAD}
        assert elsewhere == set()


async def test_odd_updates_are_passed_over_and_the_next_child_is_answered(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        for update in odd_updates(seed=11, count=400):
            on.tg.raw_update(update)
        assert "trả lời" in (await on.child.starts()).text
        assert on.bot.running
        await on.tg.wait_for(lambda: not on.tg.pending)
        # What the made-up updates name (chats, presses) is nowhere at the platform; nothing else.
        excused = {"chat not found", "query is too old", "query ID is invalid"}
        while on.tg.refusals:
            refusal = on.tg.refusals.pop()
            assert any(word in refusal.description for word in excused), refusal


def odd_updates(seed: int, count: int) -> list[dict[str, Any]]:
    """Updates with fields missing, of wrong types, or unknown; some without a usable number."""
    chance = random.Random(seed)
    wrong: list[Any] = [None, True, -1, 2**70, 1.5, "", "\0\ud800", [], [None], {}, {"id": "x"}]
    known = raw.every_update()
    made: list[dict[str, Any]] = [
        {},
        {"message": None},
        {"message": 5},
        {"message": {}},
        {"message": {"message_id": 1, "chat": {"id": 7, "type": "private"}}},
        {"callback_query": []},
        {"update_id": "x", "message": {}},
        {"update_id": None},
        {"a_kind_from_next_year": {"date": 5}},
    ]
    while len(made) < count:
        update = {k: v for k, v in chance.choice(known).items() if k != "update_id"}
        made.append(spoil(update, chance, wrong))
    return made


def spoil(value: Any, chance: random.Random, wrong: list[Any]) -> Any:
    """A copy with some of its fields taken out or replaced."""
    if not isinstance(value, dict):
        return value
    copy = {}
    for name, inner in value.items():
        luck = chance.random()
        if luck < 0.06:
            continue
        copy[name] = chance.choice(wrong) if luck < 0.14 else spoil(inner, chance, wrong)
    return copy


async def test_a_group_that_asks_for_a_pause_never_makes_a_child_wait(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        told = await on.child.tells(STORY)
        on.tg.fail_next(
            "sendMessage",
            GROUP,
            status=429,
            description="Too Many Requests: retry after 4",
            parameters={"retry_after": 4},
        )
        await asyncio.sleep(1.2)  # the child's own pace is not what is measured here
        began = time.monotonic()
        receipt = await on.child.presses(told, "go.send")
        assert "Đã gửi" in receipt.text
        await on.tg.wait_for(lambda: on.tg.injected)
        assert "trả lời" in (await Person(on.tg, OTHER).starts()).text
        assert time.monotonic() - began < 1
        assert on.tg.from_bot(GROUP) == []
        await on.card()
        assert time.monotonic() - began >= 4


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly_with_an_empty_journal(
    tmp_path: Path, name: signal.Signals
) -> None:
    async with stage(tmp_path) as on:
        await on.child.tells(STORY)
        began = time.monotonic()
        assert await on.bot.stop(name) == 0
        assert time.monotonic() - began < 5
        journal = Path(f"{on.bot.database}-wal")
        assert not journal.exists() or journal.stat().st_size == 0
        with sqlite3.connect(on.bot.database) as connection:
            assert connection.execute("select count(*) from talks").fetchone()[0] == 1
        connection.close()
        assert on.bot.err == ""


async def test_a_restart_goes_on_where_the_child_was(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        told = await on.child.tells(STORY)
        await on.bot.kill()
        on.tg.advance(10)
        on.tg.press(CHILD, told, "go.send")
        await on.bot.start()
        news = await on.child.hears()
        while news.text.startswith("(gửi lại)"):  # what was on its way when the process died
            news = await on.child.hears()
        assert "Đã gửi" in news.text
        assert "CHƯA AI NHẬN" in (await on.card()).text


async def test_what_an_officer_sent_meanwhile_is_taken_in_the_order_it_was_sent(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        await on.child.reports(STORY)
        opened = await on.lead.goes_through_the_door(await on.card(), "Mở hồ sơ")
        reply = next(b["callback_data"] for b in opened.buttons if "d.reply." in str(b))
        assert await on.bot.stop() == 0
        on.tg.advance(60)
        on.tg.press(LEAD, opened, str(reply))
        on.tg.say(LEAD, "Cô đọc rồi. Con đang ở đâu?")
        await on.bot.start()
        await on.lead.hears()
        assert "Con đang ở đâu?" in (await on.lead.hears()).text


BUG = """
import sys
from bot.__main__ import main
from bot.channels.telegram import Telegram

async def fails(self, updates, inbox):
    if updates:
        raise ValueError(str(updates) + self._files)

Telegram.accept = fails
sys.exit(main(sys.argv[1:]))
"""


async def test_an_unforeseen_fault_ends_it_loudly_without_a_word_of_anybody(
    tmp_path: Path,
) -> None:
    (tmp_path / "bug.py").write_text(BUG)
    async with FakeTelegram() as tg:
        tg.group(GROUP)
        script = (str(tmp_path / "bug.py"),)
        async with installed(tmp_path, at_telegram(tg), script) as bot:
            await bot.start()
            tg.say(CHILD, STORY)
            assert await bot.ended() == 1
            assert "ended by ValueError at bug.py" in bot.err
            assert "Traceback" not in bot.err
            for word in (STORY, str(CHILD), tg.token):
                assert word not in bot.err
            bot.script = ("-m", "bot")
            await bot.start()
            assert "BẢN THỬ" in (await Person(tg, CHILD).hears()).text
        assert tg.refusals == []


@pytest.mark.parametrize("hanging", [False, True], ids=["refusing", "hanging"])
async def test_a_telegram_out_of_reach_does_not_close_the_web_door(
    tmp_path: Path, hanging: bool
) -> None:
    async with silent_server(hanging) as url, FakeTelegram() as tg:
        settings = at_telegram(tg) | {"TELEGRAM_API_URL": url}
        async with installed(tmp_path, settings) as bot:
            began = time.monotonic()
            await bot.start()
            assert time.monotonic() - began < 8
            async with browser(bot) as http:
                child = Browser(http)
                await child.opens("/")
                await child.sends(choice="a.for.me")
                await child.sends(text=STORY)
                assert "Đã gửi" in await child.sends(choice="go.send")
                await opens_the_desk_once(bot)
            assert await bot.stop() == 0
            assert tg.token not in bot.out + bot.err


@asynccontextmanager
async def silent_server(hanging: bool) -> AsyncIterator[str]:
    """A place that takes connections and breaks them, or never says a word."""
    waiting = asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        if hanging:
            await waiting.wait()
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        waiting.set()
        server.close()
        await server.wait_closed()


async def test_a_telegram_that_comes_back_is_listened_to_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.tg.down()
        on.bot.said.clear()
        await asyncio.wait_for(on.bot.said.wait(), 5)  # it says that Telegram is out of reach
        assert "telegram is out of reach" in on.bot.err
        on.tg.start(CHILD)
        on.tg.up()
        assert "trả lời" in (await on.child.hears()).text


async def test_a_token_refused_at_the_start_ends_it_before_anything_is_served(
    tmp_path: Path,
) -> None:
    async with FakeTelegram() as tg:
        tg.group(GROUP)
        async with installed(tmp_path, at_telegram(tg, LOG_LEVEL="DEBUG")) as bot:
            tg.fail_next("*", status=401, description="Unauthorized", times=1000)
            await bot.begin()
            assert await bot.ended() == 78
            assert "TELEGRAM_BOT_TOKEN" in bot.err
            assert "chat:" not in bot.out
            assert "Traceback" not in bot.err
            assert tg.token.partition(":")[2] not in bot.out + bot.err
            assert tg.refusals == []


async def test_a_token_refused_later_takes_only_telegram_out_of_service(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        await on.tg.wait_for(lambda: on.tg.polls)
        on.tg.fail_next("*", status=401, description="Unauthorized", times=1000)
        on.tg.start(CHILD)
        while "token-refused" not in on.bot.err:
            on.bot.said.clear()
            await asyncio.wait_for(on.bot.said.wait(), 10)
        async with browser(on.bot) as http:
            health = await http.get("/healthz")
            assert health.status_code == 503
            assert health.json()["telegram"] == "refused"
            child = Browser(http)
            await child.opens("/")
            await child.sends(choice="a.for.me")
            await child.sends(text=STORY)
            assert "Đã gửi" in await child.sends(choice="go.send")
            await opens_the_desk_once(on.bot)
        assert on.bot.running
