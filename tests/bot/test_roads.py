"""Both roads that ring: each goes its own way, is tried until it arrives, and carries two words."""

import asyncio
from pathlib import Path

import httpx

from bot import roads
from bot.bulletin import SUBJECT as BULLETIN
from tests.bot.people import Browser
from tests.bot.process import Bot, installed
from tests.bot.test_hook import road
from tests.fakes.smtp import FakeSmtp

DANGER = "cuu em voi bo dang danh em o nha so 8"
NOWHERE = "http://127.0.0.1:9/ring"

BUGGY = """
import sys
import bot.inbox
from bot.__main__ import main

decide = bot.inbox.decide

def breaks(view, event, dice):
    if "hỏng" in getattr(event, "text", ""):
        raise ValueError(event.text)
    return decide(view, event, dice)

bot.inbox.decide = breaks
sys.exit(main(sys.argv[1:]))
"""


def by_mail(post: FakeSmtp, **more: str) -> dict[str, str]:
    return {"SMTP_URL": post.url(), "ALARM_TO": "truc@phuong.example", **more}


async def says(bot: Bot, text: str) -> None:
    async with httpx.AsyncClient(base_url=bot.address, trust_env=False, timeout=30) as http:
        child = Browser(http)
        await child.opens()
        await child.sends(text=text)


async def heard(calls: list[object], many: int) -> None:
    async with asyncio.timeout(30):
        while len(calls) < many:
            await asyncio.sleep(0.05)


async def test_a_danger_goes_along_both_roads_with_a_code_and_a_priority_only(
    tmp_path: Path,
) -> None:
    async with (
        FakeSmtp(replies=["451 later"]) as post,
        road([503, 200]) as (url, calls),
        installed(tmp_path, by_mail(post, ALERT_HOOK=url)) as bot,
    ):
        await bot.start()
        await says(bot, DANGER)
        await heard(calls, 2)
        letter = await post.letter()
        told = calls[1]
        assert isinstance(told, dict)
        text = letter.get_content().replace("\r\n", "\n")
        assert text == roads.LETTER.format(code=told["code"], priority="P1")
        assert letter["Subject"] == roads.SUBJECT
        assert letter["Importance"] == "high"
        assert "đánh" not in text
        assert len(post.letters) == 1
        assert "alarm mail-failed SMTPDataError" in bot.err


async def test_a_letter_goes_out_while_the_other_road_is_closed(tmp_path: Path) -> None:
    async with (
        FakeSmtp() as post,
        installed(tmp_path, by_mail(post, ALERT_HOOK=NOWHERE)) as bot,
    ):
        await bot.start()
        await says(bot, DANGER)
        assert (await post.letter())["Subject"] == roads.SUBJECT


async def test_a_letter_that_could_not_go_out_goes_after_a_restart_and_the_call_did_not_wait(
    tmp_path: Path,
) -> None:
    async with FakeSmtp() as post:
        pass  # its port is free again: nobody answers there
    async with (
        road([200]) as (url, calls),
        installed(tmp_path, by_mail(post, ALERT_HOOK=url)) as bot,
    ):
        await bot.start()
        await says(bot, DANGER)
        await heard(calls, 1)
        await bot.kill()
        async with post:
            await bot.start()
            assert (await post.letter())["Subject"] == roads.SUBJECT
        assert len(calls) == 1


async def test_an_alarm_is_written_to_the_operator_by_its_name_alone(tmp_path: Path) -> None:
    async with FakeSmtp() as post, installed(tmp_path, by_mail(post), ("-c", BUGGY)) as bot:
        await bot.start()
        await says(bot, "máy hỏng vì tên em là Zq7mark")
        letter = await post.letter()
        assert letter["Subject"] == BULLETIN
        text = letter.get_content()
        assert "■ dead-letter (× 1)" in text
        assert "python -m bot letters" in text
        assert "ValueError" not in text
        assert all(b"Zq7mark" not in raw for raw in post.raw)
