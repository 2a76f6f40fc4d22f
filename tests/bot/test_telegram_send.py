"""What goes out to Telegram, over real HTTP to a server that refuses what the real one refuses."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.channel import (
    Channel,
    Failed,
    Hopeless,
    Key,
    Limited,
    Outgoing,
    Undelivered,
    Unknown,
    Unsent,
)
from bot.channels.telegram import Telegram
from bot.channels.telegram.send import MAX_TEXT, split
from handlers.events import Address
from tests.fakes.telegram import BOT_ID, TOKEN, FakeTelegram
from tests.fakes.telegram_people import small_jpeg
from tests.fakes.telegram_world import BOT_NAME

CHILD, OFFICER, STRANGER = 501, 601, 701
GROUP, BASIC = -1001234567890, -777


def at(peer: int) -> Address:
    return Address("telegram", str(BOT_ID), str(peer))


def door(tg: FakeTelegram, **options: Any) -> Telegram:
    return Telegram(tg.token, api_url=tg.url, now=lambda: datetime.now(UTC), long_poll=1, **options)


@pytest.fixture
async def tg() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(flood=False) as fake:
        fake.start(CHILD)
        fake.person(STRANGER)
        fake.group(GROUP, members=[OFFICER])
        yield fake


@pytest.fixture
async def bot(tg: FakeTelegram) -> AsyncIterator[Telegram]:
    made = door(tg, group=at(GROUP))
    await made.start()
    yield made
    await made.close()


async def why(bot: Telegram, to: Address, message: Outgoing) -> Hopeless:
    with pytest.raises(Failed) as caught:
        await bot.send(to, message)
    return caught.value.why


def test_it_is_a_channel(tg: FakeTelegram) -> None:
    made: Channel = door(tg)
    assert made.name == "telegram"
    assert made.caps.max_text == 4096
    assert made.caps.pushes
    assert made.caps.knows_account == "Telegram"


async def test_it_learns_its_name(bot: Telegram) -> None:
    assert (bot.bot_id, bot.username) == (str(BOT_ID), BOT_NAME)


async def test_a_text_arrives_as_it_is(tg: FakeTelegram, bot: Telegram) -> None:
    text = "Cảm ơn em. *Không* <b>ai</b> biết _em_ là ai: https://example.org @ai_do"
    (ref,) = await bot.send(at(CHILD), Outgoing(text))
    (shown,) = tg.from_bot(CHILD)
    assert (shown.text, str(shown.message_id)) == (text, ref)
    assert not shown.entities
    assert not shown.protect_content
    params = tg.sent[-1].params
    assert params["link_preview_options"] == {"is_disabled": True}
    assert "parse_mode" not in params


async def test_secret_words_are_protected(tg: FakeTelegram, bot: Telegram) -> None:
    await bot.send(at(CHILD), Outgoing("chỉ cán bộ đọc", secret=True))
    assert tg.from_bot(CHILD)[0].protect_content


async def test_buttons_stand_in_rows_without_those_that_dial(
    tg: FakeTelegram, bot: Telegram
) -> None:
    keys = (
        (Key("r.now.yes", "Có"), Key("r.now.no", "Không")),
        (Key("", "Gọi 111", tel="111"),),
        (Key("", "Trang web", link="https://example.org/"),),
    )
    await bot.send(at(CHILD), Outgoing("Gọi 111", keys))
    assert tg.from_bot(CHILD)[0].reply_markup == {
        "inline_keyboard": [
            [
                {"text": "Có", "callback_data": "r.now.yes"},
                {"text": "Không", "callback_data": "r.now.no"},
            ],
            [{"text": "Trang web", "url": "https://example.org/"}],
        ]
    }


async def test_only_dialling_buttons_make_no_keyboard(tg: FakeTelegram, bot: Telegram) -> None:
    await bot.send(at(CHILD), Outgoing("Gọi 111", ((Key("", "Gọi 111", tel="111"),),)))
    assert tg.from_bot(CHILD)[0].reply_markup is None


@pytest.mark.parametrize("data", ["", "x" * 65, "ớ" * 22])
async def test_an_id_that_no_button_can_carry_is_a_programming_error(
    tg: FakeTelegram, bot: Telegram, data: str
) -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        await bot.send(at(CHILD), Outgoing("a", ((Key(data, "x"),),)))
    assert not tg.sent[1:]


async def test_a_long_text_is_split_and_the_last_piece_has_the_buttons(
    tg: FakeTelegram, bot: Telegram
) -> None:
    text = "\n\n".join(f"Đoạn {number}. " + "chữ " * 200 for number in range(12))
    refs = await bot.send(at(CHILD), Outgoing(text, ((Key("a", "Tiếp"),),)))
    pieces = tg.from_bot(CHILD)
    assert [str(piece.message_id) for piece in pieces] == list(refs)
    assert len(pieces) == 3
    assert [bool(piece.buttons) for piece in pieces] == [False, False, True]
    assert all(piece.text.startswith("Đoạn") for piece in pieces)
    assert " ".join(" ".join(p.text for p in pieces).split()) == " ".join(text.split())


@settings(max_examples=200, deadline=None, database=None)
@given(st.text(alphabet="aạ \n😢\u0301", max_size=120), st.integers(4, 30))
def test_splitting_loses_no_letter_and_keeps_the_limit(text: str, limit: int) -> None:
    bounds = list(split(text, limit))
    pieces = [text[start:end] for start, end in bounds]
    assert all(1 <= len(piece) <= limit and piece == piece.strip() for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    ends = [0, *[bound for pair in bounds for bound in pair]]
    assert ends == sorted(ends)


async def test_hidden_words_are_a_spoiler_counted_in_utf16(tg: FakeTelegram, bot: Telegram) -> None:
    await bot.send(at(GROUP), Outgoing("🔴 Khẩn 😢", spoiler="họ đánh em 😢"))
    (shown,) = tg.from_bot(GROUP)
    assert shown.text == "🔴 Khẩn 😢\n\nhọ đánh em 😢"
    assert shown.entities == [{"type": "spoiler", "offset": 12, "length": 13}]


async def test_no_hidden_word_shows_when_the_text_is_split(tg: FakeTelegram, bot: Telegram) -> None:
    await bot.send(at(GROUP), Outgoing("mở " * 1000, spoiler="kín 😢 " * 900))
    seen = ""
    for shown in tg.from_bot(GROUP):
        data = shown.text.encode("utf-16-le")
        for span in shown.entities:
            begin, end = 2 * span["offset"], 2 * (span["offset"] + span["length"])
            data = data[:begin] + data[end:]
        seen += data.decode("utf-16-le")
    assert set(seen.split()) == {"mở"}


async def test_a_repeat_says_so(tg: FakeTelegram, bot: Telegram) -> None:
    await bot.send(at(CHILD), Outgoing("Có câu trả lời", again=True))
    assert tg.from_bot(CHILD)[0].text == "(gửi lại)\nCó câu trả lời"


@pytest.mark.parametrize("text", ["", " \n\t "])
async def test_an_empty_message_is_refused_before_it_is_sent(
    tg: FakeTelegram, bot: Telegram, text: str
) -> None:
    assert await why(bot, at(CHILD), Outgoing(text, again=True)) is Hopeless.REFUSED
    with pytest.raises(Failed):
        await bot.edit(at(CHILD), "1", Outgoing(text))
    assert not tg.refusals


async def test_pictures_and_voices_are_uploaded_under_names_of_ours(
    tg: FakeTelegram, bot: Telegram
) -> None:
    jpeg = small_jpeg()
    message = Outgoing("Hai ảnh", secret=True, pictures=(jpeg, jpeg), voices=(b"OggS",))
    refs = await bot.send(at(CHILD), message)
    text, one, two, voice = tg.from_bot(CHILD)
    assert [str(shown.message_id) for shown in (text, one, two, voice)] == list(refs)
    assert all(shown.protect_content for shown in (text, one, two, voice))
    assert one.raw["has_media_spoiler"]
    assert one.file_id is not None
    assert tg.file(one.file_id) == jpeg
    names = [call.params.get("photo") or call.params.get("voice") for call in tg.sent[-3:]]
    assert [name.file_name for name in names] == ["anh-1.jpg", "anh-2.jpg", "loi-1.ogg"]
    assert not {call.method for call in tg.sent} & {"forwardMessage", "copyMessage"}


async def test_pictures_alone_need_no_text(tg: FakeTelegram, bot: Telegram) -> None:
    assert len(await bot.send(at(CHILD), Outgoing("", pictures=(small_jpeg(),)))) == 1
    assert "has_media_spoiler" not in tg.from_bot(CHILD)[0].raw


# failing


async def test_who_blocked_or_never_started_is_told_apart_from_a_lost_right(
    tg: FakeTelegram, bot: Telegram
) -> None:
    assert await why(bot, at(STRANGER), Outgoing("a")) is Hopeless.BLOCKED
    tg.block(CHILD)
    assert await why(bot, at(CHILD), Outgoing("a")) is Hopeless.BLOCKED
    tg.kick(GROUP, BOT_ID)
    assert await why(bot, at(GROUP), Outgoing("a")) is Hopeless.RIGHTS
    assert await why(bot, at(999999), Outgoing("a")) is Hopeless.GONE
    assert await why(bot, Address("web", "", "5"), Outgoing("a")) is Hopeless.GONE


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        (400, "Bad Request: not enough rights to send text messages to the chat", "rights"),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN", "rights"),
        (400, "Bad Request: TOPIC_CLOSED", "rights"),
        (400, "Bad Request: message thread not found", "gone"),
        (400, "Bad Request: BUTTON_DATA_INVALID", "refused"),
        (413, "Request Entity Too Large", "refused"),
        (401, "Unauthorized", "token"),
        (404, "Not Found", "token"),
        (403, "Forbidden: user is deactivated", "blocked"),
    ],
)
async def test_each_refusal_has_its_reason(
    tg: FakeTelegram, bot: Telegram, status: int, words: str, reason: str
) -> None:
    tg.fail_next("sendMessage", status=status, description=words)
    assert await why(bot, at(CHILD), Outgoing("a")) == reason


async def test_a_server_in_trouble_and_a_dropped_line_leave_it_unknown(
    tg: FakeTelegram, bot: Telegram
) -> None:
    tg.fail_next("sendMessage", status=500)
    tg.fail_next("sendMessage", status=502, body="<html>Bad Gateway</html>")
    tg.hang_next("sendMessage")
    for _ in range(3):
        with pytest.raises(Unknown):
            await bot.send(at(CHILD), Outgoing("a"))
    assert len(tg.from_bot(CHILD)) == 1


async def test_a_pause_is_handed_on(tg: FakeTelegram, bot: Telegram) -> None:
    tg.fail_next("sendMessage", status=429, description="Too Many", parameters={"retry_after": 7})
    with pytest.raises(Limited) as caught:
        await bot.send(at(CHILD), Outgoing("a"))
    assert caught.value.seconds == 7


async def test_a_revoked_token_is_hopeless(tg: FakeTelegram, bot: Telegram) -> None:
    tg.token = f"{BOT_ID}:another"
    assert await why(bot, at(CHILD), Outgoing("a")) is Hopeless.TOKEN
    with pytest.raises(Failed):
        await bot.start()


async def test_a_message_that_failed_halfway_is_taken_back_whole(
    tg: FakeTelegram, bot: Telegram
) -> None:
    message = Outgoing("x " * 3000, pictures=(small_jpeg(),))
    tg.fail_next("sendPhoto", status=429, description="", parameters={"retry_after": 700})
    with pytest.raises(Limited):
        await bot.send(at(CHILD), message)
    assert not tg.from_bot(CHILD)
    tg.fail_next("sendPhoto", status=429, description="", parameters={"retry_after": 700})
    tg.fail_next("deleteMessages", status=500)
    with pytest.raises(Unknown):
        await bot.send(at(CHILD), message)


async def test_a_later_piece_that_is_told_to_wait_waits_and_the_message_goes_on(
    tg: FakeTelegram,
) -> None:
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    made = door(tg, sleep=nap)
    await made.start()
    tg.fail_next("sendPhoto", status=429, description="", parameters={"retry_after": 7}, times=3)
    refs = await made.send(at(CHILD), Outgoing("x", pictures=(small_jpeg(), small_jpeg())))
    assert naps == [7, 7, 7]
    assert [str(shown.message_id) for shown in tg.from_bot(CHILD)] == list(refs)
    await made.close()


async def test_a_moved_group_is_followed_and_nothing_was_sent(tg: FakeTelegram) -> None:
    tg.group(BASIC, members=[OFFICER])
    moves: list[tuple[Address, Address]] = []

    async def store(old: Address, new: Address) -> None:
        moves.append((old, new))

    made = door(tg, group=at(BASIC), on_migrate=store)
    await made.start()
    tg.migrate(BASIC, -1009)
    with pytest.raises(Unsent):
        await made.send(at(BASIC), Outgoing("thẻ"))
    assert moves == [(at(BASIC), at(-1009))]
    assert made.group == at(-1009)
    await made.send(at(-1009), Outgoing("thẻ"))
    await made.leave(at(-1009))
    assert BOT_ID in tg.world.chats[-1009].members
    await made.close()


# changing and taking away


async def test_an_edit_brings_text_and_buttons_up_to_date(tg: FakeTelegram, bot: Telegram) -> None:
    (ref,) = await bot.send(at(GROUP), Outgoing("Mới", ((Key("d.claim", "Nhận"),),)))
    claimed = Outgoing("Đã nhận", spoiler="lời em")
    await bot.edit(at(GROUP), ref, claimed)
    await bot.edit(at(GROUP), ref, claimed)
    (shown,) = tg.from_bot(GROUP)
    assert shown.text == "Đã nhận\n\nlời em"
    assert [span["type"] for span in shown.entities] == ["spoiler"]
    assert not shown.buttons
    assert "not modified" in tg.refusals[-1].description


async def test_an_edit_that_is_too_long_is_cut_and_stays_hidden(
    tg: FakeTelegram, bot: Telegram
) -> None:
    (ref,) = await bot.send(at(GROUP), Outgoing("a"))
    await bot.edit(at(GROUP), ref, Outgoing("b", spoiler="kín " * 2000))
    (shown,) = tg.from_bot(GROUP)
    assert len(shown.text) <= MAX_TEXT
    assert shown.text.endswith("…")
    assert shown.entities[0]["offset"] == 3
    assert shown.entities[0]["length"] == len(shown.text) - 3


async def test_an_edit_of_what_is_gone_says_so(tg: FakeTelegram, bot: Telegram) -> None:
    for ref in ("9999", "nonsense", ""):
        with pytest.raises(Failed) as caught:
            await bot.edit(at(GROUP), ref, Outgoing("a"))
        assert caught.value.why is Hopeless.GONE


async def test_messages_of_both_sides_are_taken_away_by_the_hundred(
    tg: FakeTelegram, bot: Telegram
) -> None:
    refs = [str(tg.say(CHILD, f"a{number}").message_id) for number in range(130)]
    refs += await bot.send(at(CHILD), Outgoing("b"))
    await bot.delete(at(CHILD), (*reversed(refs), refs[0], "424242"))
    assert [shown.text for shown in tg.chat(CHILD)] == ["/start"]
    assert [call.method for call in tg.sent[2:]] == ["deleteMessages", "deleteMessages"]
    assert not tg.refusals


async def test_one_that_is_too_old_does_not_keep_the_others(
    tg: FakeTelegram, bot: Telegram
) -> None:
    old = str(tg.say(CHILD, "cũ").message_id)
    tg.advance(49 * 3600)
    new = str(tg.say(CHILD, "mới").message_id)
    with pytest.raises(Failed) as caught:
        await bot.delete(at(CHILD), (old, new, "424242"))
    assert caught.value.why is Hopeless.REFUSED
    assert [shown.text for shown in tg.chat(CHILD)] == ["/start", "cũ"]


async def test_taking_away_nothing_asks_nothing(tg: FakeTelegram, bot: Telegram) -> None:
    calls = len(tg.sent)
    await bot.delete(at(CHILD), ())
    assert len(tg.sent) == calls


# files


async def test_a_file_is_fetched(tg: FakeTelegram, bot: Telegram) -> None:
    data = small_jpeg()
    shown = tg.photo(CHILD, data)
    assert shown.file_id is not None
    assert await bot.fetch(shown.file_id) == data


async def test_a_file_that_is_too_big_unknown_or_gone_is_hopeless(
    tg: FakeTelegram, bot: Telegram
) -> None:
    big = tg.photo(CHILD, size=21 * 1024 * 1024)
    some = tg.photo(CHILD)
    tg.fail_next("download", status=404, description="Not Found")
    reasons = []
    for ref in (big.file_id, "nonsense", some.file_id):
        with pytest.raises(Failed) as caught:
            await bot.fetch(str(ref))
        reasons.append(caught.value.why)
    assert reasons == [Hopeless.REFUSED, Hopeless.REFUSED, Hopeless.GONE]


async def test_a_download_that_breaks_can_be_tried_again(tg: FakeTelegram, bot: Telegram) -> None:
    ref = str(tg.photo(CHILD).file_id)
    tg.fail_next("download", status=502, description="", times=1)
    with pytest.raises(Undelivered):
        await bot.fetch(ref)
    assert await bot.fetch(ref)


# who is in the group


async def test_membership_is_asked_once_a_minute(
    tg: FakeTelegram, bot: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> int:
        return sum(call.method == "getChatMember" for call in tg.sent)

    assert await bot.is_member(at(GROUP), at(OFFICER))
    assert not await bot.is_member(at(GROUP), at(STRANGER))
    tg.leave(GROUP, OFFICER)
    assert await bot.is_member(at(GROUP), at(OFFICER))
    assert asked() == 2
    monkeypatch.setattr("bot.channels.telegram.members.FRESH", 0.0)
    assert not await bot.is_member(at(GROUP), at(OFFICER))
    assert asked() == 3


@pytest.mark.parametrize(
    ("status", "inside"),
    [
        ("creator", True),
        ("administrator", True),
        ("member", True),
        ("left", False),
        ("kicked", False),
        ("something new", False),
    ],
)
async def test_each_status_is_in_or_out(
    tg: FakeTelegram, bot: Telegram, status: str, inside: bool
) -> None:
    tg.world.chats[GROUP].members[OFFICER] = status
    assert await bot.is_member(at(GROUP), at(OFFICER)) is inside


async def test_when_unsure_nobody_is_in_and_that_is_not_remembered(
    tg: FakeTelegram, bot: Telegram
) -> None:
    tg.fail_next("getChatMember", status=500)
    tg.fail_next("getChatMember", status=400, description="Bad Request: user not found")
    for _ in range(2):
        assert not await bot.is_member(at(GROUP), at(OFFICER))
    assert await bot.is_member(at(GROUP), at(OFFICER))
    assert not await bot.is_member(at(GROUP), Address("web", "", str(OFFICER)))
    assert not await bot.is_member(at(GROUP), Address("telegram", "8", str(OFFICER)))
    assert not await bot.is_member(at(GROUP), Address("telegram", str(BOT_ID), "nobody"))


async def test_an_answer_overtaken_by_a_change_is_not_kept(tg: FakeTelegram, bot: Telegram) -> None:
    tg.slow(0.1)
    asking = asyncio.create_task(bot.is_member(at(GROUP), at(OFFICER)))
    await asyncio.sleep(0.05)
    tg.leave(GROUP, OFFICER)
    change = {"chat": {"id": GROUP}, "new_chat_member": {"user": {"id": OFFICER}}}
    await bot.accept([{"update_id": 1, "chat_member": change}], inbox=None)  # type: ignore[arg-type]
    await asking
    assert not await bot.is_member(at(GROUP), at(OFFICER))


# best effort


async def test_signs_and_toasts_never_raise(tg: FakeTelegram, bot: Telegram) -> None:
    await bot.typing(at(CHILD))
    await bot.answer_callback("never heard of", "x" * 300, "https://t.me/other?start=a")
    await bot.leave(at(-5))
    tg.down()
    await bot.typing(at(CHILD))
    assert bot.counts == {
        "answerCallbackQuery failed": 1,
        "leaveChat failed": 1,
        "sendChatAction failed": 1,
    }


async def test_a_strange_group_is_left_and_the_officers_is_not(
    tg: FakeTelegram, bot: Telegram
) -> None:
    tg.group(BASIC)
    await bot.leave(at(BASIC))
    await bot.leave(at(GROUP))
    assert tg.world.chats[BASIC].members[BOT_ID] == "left"
    assert tg.world.chats[GROUP].members[BOT_ID] == "administrator"


# what must not get out


async def test_no_log_ever_holds_the_token_words_or_an_address(
    tg: FakeTelegram, bot: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = door(tg)
    await made.start()
    await made.send(at(CHILD), Outgoing("CANARY"))
    tg.fail_next("sendMessage", status=200, body="CANARY {")
    tg.fail_next("sendMessage", status=400, description="CANARY")
    for _ in range(2):
        with pytest.raises(Undelivered) as caught:
            await made.send(at(CHILD), Outgoing("CANARY"))
        assert "CANARY" not in repr(caught.value) + str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
    tg.down()
    with pytest.raises(Undelivered):
        await made.send(at(CHILD), Outgoing("CANARY"))
    await made.close()
    for mark in ("CANARY", TOKEN, TOKEN.partition(":")[2], str(CHILD), tg.url):
        assert mark not in caplog.text


@pytest.mark.parametrize("token", ["", "token", "12:", ":ab", "12:a b", "12:a/../b", "0:ab"])
def test_an_impossible_token_is_refused_without_repeating_it(token: str) -> None:
    with pytest.raises(ValueError, match=r"^this is no bot token$"):
        Telegram(token, now=lambda: datetime.now(UTC))


def test_a_proxy_that_does_not_speak_http_is_refused() -> None:
    with pytest.raises(ValueError, match="HTTP"):
        Telegram(TOKEN, now=lambda: datetime.now(UTC), proxy="socks5://127.0.0.1:9")
