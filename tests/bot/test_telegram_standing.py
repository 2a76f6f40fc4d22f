"""How the bot stands in the officers' group: what the doctor asks and the minute's look sees."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.channel import Unknown
from bot.channels.telegram import Telegram
from bot.channels.telegram.standing import Role, Standing, read
from handlers.events import Address
from tests.bot.process import GROUP, Bot, at_telegram, installed
from tests.fakes.telegram import BOT_ID, FakeTelegram

OFFICER = 601
FORUM = -1009000000011


def at(peer: int) -> Address:
    return Address("telegram", str(BOT_ID), str(peer))


@pytest.fixture
async def tg() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(flood=False) as fake:
        fake.group(FORUM, members=[OFFICER], forum=True)
        yield fake


@pytest.fixture
async def bot(tg: FakeTelegram) -> AsyncIterator[Telegram]:
    made = Telegram(tg.token, api_url=tg.url, now=lambda: datetime.now(UTC), group=at(FORUM))
    await made.start()
    yield made
    await made.close()


async def test_an_administrator_of_a_forum_may_do_everything(bot: Telegram) -> None:
    assert await bot.group_standing() == Standing(
        asked=True,
        exists=True,
        kind="supergroup",
        forum=True,
        role=Role.ADMINISTRATOR,
        can_write=True,
        can_manage_topics=True,
        can_delete_messages=True,
        reads_everything=False,
        anonymous_admins=False,
    )
    assert (await bot.look()).topics


async def test_rights_that_were_not_given_are_seen(tg: FakeTelegram, bot: Telegram) -> None:
    tg.rights(FORUM, can_manage_topics=False, can_delete_messages=False)
    seen = await bot.group_standing()
    assert (seen.can_manage_topics, seen.can_delete_messages) == (False, False)
    assert (seen.reachable, seen.topics) == (True, False)


async def test_an_anonymous_administrator_is_seen(tg: FakeTelegram, bot: Telegram) -> None:
    tg.group(-1005, anonymous=[OFFICER])
    bot.group = at(-1005)
    assert (await bot.group_standing()).anonymous_admins is True


async def test_a_plain_member_can_write_unless_members_may_not(
    tg: FakeTelegram, bot: Telegram
) -> None:
    tg.demote(FORUM, BOT_ID)
    assert (await bot.look()).reachable
    assert not (await bot.look()).topics
    tg.rights(FORUM, silent=True)
    assert not (await bot.look()).reachable


@pytest.mark.parametrize(
    ("status", "reachable"),
    [("left", False), ("kicked", False), ("restricted", True), ("creator", True)],
)
async def test_each_status_can_be_reached_or_not(
    tg: FakeTelegram, bot: Telegram, status: str, reachable: bool
) -> None:
    tg.set_status(FORUM, BOT_ID, status)
    assert (await bot.look()).reachable is reachable


async def test_a_restricted_bot_that_may_not_write_cannot_be_reached(
    tg: FakeTelegram, bot: Telegram
) -> None:
    tg.set_status(FORUM, BOT_ID, "restricted")
    tg.rights(FORUM, can_send_messages=False)
    assert not (await bot.look()).reachable


async def test_without_a_group_nothing_is_asked_of_one(tg: FakeTelegram, bot: Telegram) -> None:
    bot.group = None
    assert await bot.group_standing() == Standing()
    assert await bot.look() == Standing()
    assert not await bot.topics.has_topics(at(FORUM))


async def test_an_answer_that_is_missing_is_no_answer(tg: FakeTelegram, bot: Telegram) -> None:
    tg.fail_next("getChatAdministrators", status=400, description="Bad Request: x")
    assert (await bot.group_standing()).anonymous_admins is None
    tg.fail_next("getChat", status=500)
    with pytest.raises(Unknown):
        await bot.look()


async def test_a_group_that_moves_is_looked_at_anew(tg: FakeTelegram, bot: Telegram) -> None:
    tg.group(-777, members=[OFFICER])
    bot.group = at(-777)
    assert not await bot.topics.has_topics(at(-777))
    tg.migrate(-777, -1008)
    tg.topics(-1008, True)
    with pytest.raises(Exception, match="moved"):
        await bot.look()
    assert bot.group == at(-1008)
    assert await bot.topics.has_topics(at(-1008))


FIELDS = (
    "id",
    "type",
    "is_forum",
    "status",
    "permissions",
    "is_member",
    "can_manage_topics",
    "is_anonymous",
    "can_send_messages",
)
WORDS = ("supergroup", "administrator", "restricted")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4)
    ),
    max_leaves=6,
)


@settings(max_examples=50)
@given(chat=ANYTHING, member=ANYTHING, me=ANYTHING, admins=ANYTHING)
def test_whatever_the_platform_answers_it_is_read(
    chat: object, member: object, me: object, admins: object
) -> None:
    seen = read(chat, member, me, admins)
    assert seen.asked
    assert not seen.topics or (seen.reachable and seen.forum)


async def test_a_lost_group_and_another_reader_are_alarms_and_make_the_health_red(
    tmp_path: Path,
) -> None:
    async with FakeTelegram() as tg:
        tg.group(GROUP, bot="left")
        async with installed(tmp_path, at_telegram(tg)) as bot:
            await bot.start()
            async with httpx.AsyncClient(base_url=bot.address, trust_env=False) as http:
                await heard(bot, "alarm group-unreachable left")
                await tg.wait_for(lambda: tg.polls, 30)
                other = asyncio.create_task(read_along(tg))
                await heard(bot, "alarm other-poller")
                other.cancel()
                health = await http.get("/healthz")
                assert health.status_code == 503
                assert {"group", "poller"} <= set(health.json()["problems"])
                assert bot.err.count("alarm other-poller") == 1
                assert bot.err.count("alarm group-unreachable") == 1
                tg.start(55501)
                await tg.wait_for(lambda: tg.from_bot(55501), 30)


async def read_along(tg: FakeTelegram) -> None:
    """What a thief with the token does: whoever asks last is answered."""
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        while True:
            await http.get(f"{tg.url}/bot{tg.token}/getUpdates", params={"timeout": 50})


async def heard(bot: Bot, line: str) -> None:
    """Wait until the process has said a line."""
    async with asyncio.timeout(60):
        while line not in bot.err:
            bot.said.clear()
            await bot.said.wait()
