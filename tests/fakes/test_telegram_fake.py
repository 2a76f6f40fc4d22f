"""The local Telegram is as strict as the real one: each rule has a call it refuses and one it takes."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import telegram
from aiohttp import web

from tests.fakes.telegram import BOT_ID, FakeTelegram
from tests.fakes.telegram_people import small_jpeg
from tests.fakes.telegram_rules import METHODS, RULES, TYPES
from tests.fakes.telegram_setup import TABLE
from tests.fakes.telegram_text import TextError, formatted

CHILD = 501
OFFICER = 601
STRANGER = 701
FORUM = -1001234567890
GROUP = -777


class Caller:
    """A bot without a library: one HTTP call at a time."""

    def __init__(self, tg: FakeTelegram, http: aiohttp.ClientSession) -> None:
        self.tg = tg
        self.http = http

    async def answer(self, method: str, token: str = "", **params: Any) -> tuple[int, Any]:
        """Status and body of a JSON call."""
        url = f"{self.tg.url}/bot{token or self.tg.token}/{method}"
        async with self.http.post(url, json=params) as response:
            return response.status, await response.json()

    async def good(self, method: str, **params: Any) -> Any:
        """The result of a call that must be taken."""
        status, body = await self.answer(method, **params)
        assert (status, body["ok"]) == (200, True), (method, params, body)
        return body["result"]

    async def refused(self, method: str, code: int = 400, **params: Any) -> str:
        """The description of a call that must be refused."""
        status, body = await self.answer(method, **params)
        assert status == code, (method, params, body)
        assert (body["ok"], body["error_code"]) == (False, code)
        assert self.tg.refusals[-1].description == body["description"]
        return str(body["description"])


@pytest.fixture
async def tg() -> AsyncIterator[FakeTelegram]:
    """A world with a child who started the bot, a forum, a basic group, and no hurry."""
    async with FakeTelegram(flood=False) as fake:
        fake.start(CHILD)
        fake.person(STRANGER)
        fake.group(FORUM, admins=[OFFICER], forum=True)
        fake.group(GROUP, members=[OFFICER])
        yield fake


@pytest.fixture
async def bot(tg: FakeTelegram) -> AsyncIterator[Caller]:
    """Someone to call it."""
    async with aiohttp.ClientSession() as http:
        yield Caller(tg, http)


@pytest.fixture
async def ptb(tg: FakeTelegram) -> AsyncIterator[telegram.Bot]:
    """The library's own bot, pointed at us."""
    base, files = f"{tg.url}/bot", f"{tg.url}/file/bot"
    async with telegram.Bot(tg.token, base_url=base, base_file_url=files) as library:
        yield library


def keyboard(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


OK_BUTTON = {"text": "Nhận", "callback_data": "take:1"}


async def good_call(bot: Caller, method: str) -> dict[str, Any]:
    """Parameters with which this method is taken, in a world made ready for it."""
    tg = bot.tg
    text = (await bot.good("sendMessage", chat_id=CHILD, text="Chào em"))["message_id"]
    simple: dict[str, dict[str, Any]] = {
        "setWebhook": {"url": "https://vi-du.example/telegram", "secret_token": "s" * 32},
        "sendMessage": {"chat_id": CHILD, "text": "Chào em"},
        "sendChatAction": {"chat_id": CHILD, "action": "typing"},
        "editMessageText": {"chat_id": CHILD, "message_id": text, "text": "Chào bạn"},
        "editMessageReplyMarkup": {
            "chat_id": CHILD,
            "message_id": text,
            "reply_markup": keyboard(OK_BUTTON),
        },
        "deleteMessage": {"chat_id": CHILD, "message_id": text},
        "deleteMessages": {"chat_id": CHILD, "message_ids": [text, 999]},
        "getChat": {"chat_id": FORUM},
        "getChatMember": {"chat_id": FORUM, "user_id": OFFICER},
        "getChatAdministrators": {"chat_id": FORUM},
        "setMyCommands": {"commands": [{"command": "111", "description": "Số cần biết"}]},
        "createForumTopic": {"chat_id": FORUM, "name": "K7M4-PQ2X"},
        "leaveChat": {"chat_id": GROUP},
        "pinChatMessage": {"chat_id": CHILD, "message_id": text},
        "forwardMessage": {"chat_id": CHILD, "from_chat_id": CHILD, "message_id": text},
        "copyMessage": {"chat_id": FORUM, "from_chat_id": CHILD, "message_id": text},
    }
    if method in simple:
        return simple[method]
    if method in {"sendPhoto", "sendVoice", "sendDocument", "editMessageCaption", "getFile"}:
        kind = {"sendVoice": "voice", "sendDocument": "document"}.get(method, "photo")
        file_id = getattr(tg, kind)(CHILD).file_id
        if method == "getFile":
            return {"file_id": file_id}
        if method != "editMessageCaption":
            return {"chat_id": CHILD, kind: file_id}
        sent = await bot.good("sendPhoto", chat_id=CHILD, photo=file_id)
        return {"chat_id": CHILD, "message_id": sent["message_id"], "caption": "Ảnh"}
    if method == "answerCallbackQuery":
        await bot.good("sendMessage", chat_id=CHILD, text="?", reply_markup=keyboard(OK_BUTTON))
        return {"callback_query_id": tg.press(CHILD, tg.chat(CHILD)[-1], "take:1")}
    if method.endswith("ForumTopic"):
        made = await bot.good("createForumTopic", chat_id=FORUM, name="Vụ 1")
        topic = {"chat_id": FORUM, "message_thread_id": made["message_thread_id"]}
        if method == "reopenForumTopic":
            await bot.good("closeForumTopic", **topic)
        return topic | ({"name": "Vụ 1: xong"} if method == "editForumTopic" else {})
    return {}


# every method, every parameter, from the rules file

OTHER_TYPE: dict[str, Any] = {"Integer": "abc", "Boolean": "maybe", "Float": "x", "String": 5}


def wrong_value(types: list[str]) -> Any:
    """Something that is none of these types."""
    if types[0] == "Integer" and len(types) == 2:
        return ["abc"]
    return OTHER_TYPE.get(types[0], 5)


def parameters(needed: str) -> list[Any]:
    """Every parameter of every method that has this kind of rule."""
    return [
        pytest.param(method, name, rule, id=f"{method}.{name}")
        for method, rules in METHODS.items()
        for name, rule in rules.items()
        if needed in rule
    ]


def test_the_rules_name_their_source_and_stay_small() -> None:
    assert RULES["bot_api"].startswith("Bot API ")
    assert "MIT" in RULES["provenance"]
    assert len(json.dumps(RULES)) < 150_000


def test_every_method_of_the_rules_does_something() -> None:
    assert set(METHODS) == {*TABLE, "getUpdates"}


@pytest.mark.parametrize("method", METHODS)
async def test_a_good_call_is_taken(bot: Caller, method: str) -> None:
    await bot.good(method, **await good_call(bot, method))
    assert bot.tg.refusals == []


@pytest.mark.parametrize("method", METHODS)
async def test_an_unknown_parameter_is_refused(bot: Caller, method: str) -> None:
    call = await good_call(bot, method)
    assert "unknown parameter" in await bot.refused(method, **call, chatid=1)


@pytest.mark.parametrize(("method", "name", "rule"), parameters("required"))
async def test_a_missing_parameter_is_refused(
    bot: Caller, method: str, name: str, rule: dict[str, Any]
) -> None:
    assert rule["required"]
    call = await good_call(bot, method)
    del call[name]
    await bot.refused(method, **call)


@pytest.mark.parametrize(("method", "name", "rule"), parameters("types"))
async def test_a_wrong_type_is_refused(
    bot: Caller, method: str, name: str, rule: dict[str, Any]
) -> None:
    call = await good_call(bot, method)
    await bot.refused(method, **{**call, name: wrong_value(rule["types"])})


@pytest.mark.parametrize(("method", "name", "rule"), parameters("max"))
async def test_one_too_many_is_refused_and_the_limit_itself_is_taken(
    bot: Caller, method: str, name: str, rule: dict[str, Any]
) -> None:
    call = await good_call(bot, method)
    if method == "copyMessage":
        call["message_id"] = bot.tg.photo(CHILD).message_id
    for size, taken in ((rule["max"] + 1, False), (rule["max"], True)):
        value: Any = size if rule["unit"] == "value" else "a" * size
        if rule["unit"] == "items":
            item = call[name][0]
            value = [item] * size
        await (bot.good if taken else bot.refused)(method, **{**call, name: value})


@pytest.mark.parametrize(("method", "name", "rule"), parameters("letters"))
async def test_letters_outside_the_alphabet_are_refused(
    bot: Caller, method: str, name: str, rule: dict[str, Any]
) -> None:
    assert rule["letters"]
    await bot.refused(method, **{**await good_call(bot, method), name: "xấu!"})


@pytest.mark.parametrize("field", [name for name in TYPES if "fields" in TYPES[name]])
def test_every_type_was_understood(field: str) -> None:
    for rule in TYPES[field]["fields"].values():
        assert rule["types"]


# the token, the method, the body


@pytest.mark.parametrize(
    ("token", "status"), [("123:wrong-but-shaped", 401), ("nonsense", 404)], ids=["wrong", "odd"]
)
async def test_a_wrong_token_is_refused(bot: Caller, token: str, status: int) -> None:
    assert (await bot.answer("getMe", token))[0] == status
    assert bot.tg.refusals[-1].status == status


async def test_true_is_no_number_and_one_is_no_truth(bot: Caller) -> None:
    assert "must be of type" in await bot.refused("sendMessage", chat_id=True, text="a")
    call = {"chat_id": CHILD, "text": "a"}
    assert "must be of type" in await bot.refused("sendMessage", **call, protect_content=1)


async def test_an_unknown_method_is_refused(bot: Caller) -> None:
    assert await bot.refused("sendMesage", 404) == "Not Found: method not found"


async def test_query_form_and_json_are_the_same_call(bot: Caller) -> None:
    url = f"{bot.tg.url}/bot{bot.tg.token}/sendMessage"
    markup = json.dumps(keyboard(OK_BUTTON))
    fields = {"chat_id": str(CHILD), "text": "a", "reply_markup": markup, "protect_content": "True"}
    async with bot.http.get(url, params=fields) as response:
        assert response.status == 200
    async with bot.http.post(url, data=fields) as response:
        assert response.status == 200
    async with bot.http.post(url, data=b"{", headers={"Content-Type": "application/json"}) as no:
        assert no.status == 400
    first, second = (call.params for call in bot.tg.sent)
    assert first == second
    assert first["protect_content"] is True


# texts

LONG_EMOJI = "👧" * 4096


async def test_length_counts_letters_after_parsing(bot: Caller) -> None:
    await bot.good("sendMessage", chat_id=CHILD, text=LONG_EMOJI)
    marked = "<b>" + "ớ" * 4096 + "</b>"
    await bot.good("sendMessage", chat_id=CHILD, text=marked, parse_mode="HTML")
    assert bot.tg.chat(CHILD)[-1].entities == [{"type": "bold", "offset": 0, "length": 4096}]
    said = await bot.refused("sendMessage", chat_id=CHILD, text="ớ" * 4097)
    assert said == "Bad Request: message is too long"


@pytest.mark.parametrize("text", ["", "  \n ", "\u202e"])
async def test_an_empty_text_is_refused(bot: Caller, text: str) -> None:
    said = await bot.refused("sendMessage", chat_id=CHILD, text=text)
    assert said == "Bad Request: message text is empty"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>test</b></i>", 'offset 10, expected "</i>", found "</b>"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<script>x</script>", 'Unsupported start tag "script" at byte offset 0'),
        ("1 < 2", "Unclosed start tag at byte offset 2"),
        ("<span>x</span>", 'must have class "tg-spoiler"'),
        ('<a href="tel:111">111</a>', "Wrong HTTP URL"),
    ],
)
def test_html_that_does_not_parse_is_refused(text: str, why: str) -> None:
    with pytest.raises(TextError) as wrong:
        formatted(text, "HTML", None)
    assert why in str(wrong.value)


def test_html_becomes_entities() -> None:
    got = formatted(
        ' <b>👧 <tg-spoiler>kín</tg-spoiler></b> 1 &lt; 2 <a href="https://a.vn">x</a>\n',
        "html",
        [],
    )
    assert got.text == "👧 kín 1 < 2 x"
    assert got.entities == [
        {"type": "bold", "offset": 0, "length": 6},
        {"type": "spoiler", "offset": 3, "length": 3},
        {"type": "text_link", "url": "https://a.vn", "offset": 13, "length": 1},
    ]


@pytest.mark.parametrize(
    ("mode", "why"), [("Markdown", "HTML only"), ("BBCode", "unsupported parse_mode")]
)
async def test_other_markup_is_refused(bot: Caller, mode: str, why: str) -> None:
    assert why in await bot.refused("sendMessage", chat_id=CHILD, text="a", parse_mode=mode)


@pytest.mark.parametrize(
    ("entity", "why"),
    [
        ({"type": "bold", "offset": 100, "length": 1}, "begins after the end of the text"),
        ({"type": "bold", "offset": 0, "length": 100}, "ends after the end of the text"),
        ({"type": "bold", "offset": -1, "length": 1}, "incorrect offset -1"),
        ({"type": "shiny", "offset": 0, "length": 1}, "Unsupported type specified"),
        ({"type": "text_link", "offset": 0, "length": 1, "url": "x"}, "Wrong HTTP URL"),
        ({"type": "bold", "offset": 0}, 'Field "length" is required'),
    ],
)
async def test_entities_outside_the_text_are_refused(
    bot: Caller, entity: dict[str, Any], why: str
) -> None:
    good = {"type": "spoiler", "offset": 0, "length": 5}
    await bot.good("sendMessage", chat_id=CHILD, text="hello", entities=[good])
    assert why in await bot.refused("sendMessage", chat_id=CHILD, text="hello", entities=[entity])


# buttons

LINK = "inline keyboard button URL"


@pytest.mark.parametrize(
    ("button", "why"),
    [
        ({"text": "a"}, "Text buttons are unallowed in the inline keyboard"),
        ({"text": "a", "callback_data": ""}, "Text buttons are unallowed in the inline keyboard"),
        ({"text": "a", "callback_data": "x", "url": "https://a.vn"}, "more than one action"),
        ({"text": "a", "callback_data": "ớ" * 22}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "url": "tel:111"}, f"{LINK} 'tel:111' is invalid: Wrong HTTP URL"),
        ({"text": "a", "url": "tel://111"}, "Unsupported URL protocol"),
        ({"text": "a", "url": "not-a-url"}, f"{LINK} 'not-a-url' is invalid: Wrong HTTP URL"),
        ({"text": "a", "web_app": {"url": "http://a.vn"}}, "Only HTTPS links are allowed"),
        ({"text": "", "callback_data": "x"}, "text must be non-empty"),
        ({"text": 5, "callback_data": "x"}, 'Field "text" must be of type String'),
        ({"text": "a", "callback_data": "x", "colour": "red"}, 'unknown field "colour"'),
        ({"text": "a", "callback_data": "x", "style": "pink"}, "wrong parameter style"),
        ({"callback_data": "x"}, 'Field "text" is required'),
    ],
)
async def test_a_bad_inline_button_is_refused(
    bot: Caller, button: dict[str, Any], why: str
) -> None:
    call = {"chat_id": CHILD, "text": "Chọn"}
    said = await bot.refused("sendMessage", **call, reply_markup=keyboard(OK_BUTTON, button))
    assert why in said


@pytest.mark.parametrize(
    "button",
    [
        {"text": "a", "callback_data": "ớ" * 21},
        {"text": "a", "callback_data": "x" * 64, "style": "danger"},
        {"text": "a", "url": "https://t.me/x?start=y"},
        {"text": "a", "url": "http://127.0.0.1:8111/"},
        {"text": "a", "switch_inline_query": ""},
        {"text": "a", "copy_text": {"text": "K7M4-PQ2X"}},
        {"text": "đã nhận", "disabled": {}},
    ],
)
async def test_a_good_inline_button_is_taken(bot: Caller, button: dict[str, Any]) -> None:
    await bot.good("sendMessage", chat_id=CHILD, text="Chọn", reply_markup=keyboard(button))
    assert bot.tg.chat(CHILD)[-1].labels == [button["text"]]


async def test_more_than_a_hundred_buttons_are_refused(bot: Caller) -> None:
    call = {"chat_id": CHILD, "text": "Chọn"}
    rows = [[OK_BUTTON] * 5] * 20
    await bot.good("sendMessage", **call, reply_markup={"inline_keyboard": rows})
    markup = {"inline_keyboard": [*rows, [OK_BUTTON]]}
    said = await bot.refused("sendMessage", **call, reply_markup=markup)
    assert said == "Bad Request: reply markup is too long"


@pytest.mark.parametrize("markup", [{}, {"keyboards": []}, [1], "{"])
async def test_a_markup_that_is_none_is_refused(bot: Caller, markup: Any) -> None:
    said = await bot.refused("sendMessage", chat_id=CHILD, text="a", reply_markup=markup)
    assert said == "Bad Request: object expected as reply markup"


async def test_a_keyboard_below_the_text_field(bot: Caller) -> None:
    phone = {"keyboard": [["Có", {"text": "Số của em", "request_contact": True}]]}
    await bot.good("sendMessage", chat_id=CHILD, text="Gọi lại?", reply_markup=phone)
    assert bot.tg.chat(CHILD)[-1].labels == ["Có", "Số của em"]
    said = await bot.refused("sendMessage", chat_id=FORUM, text="Gọi lại?", reply_markup=phone)
    assert said == "Bad Request: phone number can be requested in private chats only"
    both = {"keyboard": [[{"text": "a", "request_contact": True, "request_location": True}]]}
    assert "at most one" in await bot.refused(
        "sendMessage", chat_id=CHILD, text="a", reply_markup=both
    )
    await bot.good("sendMessage", chat_id=CHILD, text="a", reply_markup={"remove_keyboard": True})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("business_connection_id", "x"),
        ("message_effect_id", "1"),
        ("allow_paid_broadcast", True),
        ("ephemeral_message_parameters", {"receiver_user_id": CHILD}),
    ],
)
async def test_what_the_bot_has_not_got_is_refused(bot: Caller, name: str, value: Any) -> None:
    await bot.refused("sendMessage", chat_id=CHILD, text="a", **{name: value})
    await bot.refused("editMessageText", chat_id=CHILD, message_id=1, rich_message={"html": "a"})


# who may be written to


async def test_a_chat_nobody_knows_is_not_found(bot: Caller) -> None:
    for chat_id in (424242, -100424242, "@nobody"):
        said = await bot.refused("sendMessage", chat_id=chat_id, text="a")
        assert said == "Bad Request: chat not found"


async def test_a_bot_cannot_speak_first(bot: Caller) -> None:
    said = await bot.refused("sendMessage", 403, chat_id=STRANGER, text="a")
    assert said == "Forbidden: bot can't initiate conversation with a user"
    bot.tg.start(STRANGER, "poster1")
    assert bot.tg.chat(STRANGER)[-1].text == "/start poster1"
    await bot.good("sendMessage", chat_id=STRANGER, text="a")


async def test_whoever_blocked_the_bot_gets_nothing(bot: Caller) -> None:
    bot.tg.block(CHILD)
    said = await bot.refused("sendMessage", 403, chat_id=CHILD, text="a")
    assert said == "Forbidden: bot was blocked by the user"
    change = (await bot.good("getUpdates"))[-1]["my_chat_member"]
    assert change["new_chat_member"]["status"] == "kicked"
    bot.tg.unblock(CHILD)
    await bot.good("sendMessage", chat_id=CHILD, text="a")


async def test_a_group_that_threw_the_bot_out_is_closed_to_it(bot: Caller) -> None:
    bot.tg.kick(FORUM, BOT_ID, by=OFFICER)
    said = await bot.refused("sendMessage", 403, chat_id=FORUM, text="a")
    assert said == "Forbidden: bot was kicked from the supergroup chat"
    bot.tg.join(FORUM, BOT_ID, "administrator")
    await bot.good("sendMessage", chat_id=FORUM, text="a")
    await bot.good("leaveChat", chat_id=GROUP)
    said = await bot.refused("sendMessage", 403, chat_id=GROUP, text="a")
    assert said == "Forbidden: bot is not a member of the group chat"


async def test_an_upgraded_group_names_its_new_id(bot: Caller) -> None:
    new = -1009876543210
    bot.tg.migrate(GROUP, new)
    _, body = await bot.answer("sendMessage", chat_id=GROUP, text="a")
    assert body["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert body["parameters"] == {"migrate_to_chat_id": new}
    await bot.good("sendMessage", chat_id=new, text="a")
    kinds = [update.get("message", {}) for update in bot.tg.pending]
    assert [m["migrate_to_chat_id"] for m in kinds if "migrate_to_chat_id" in m] == [new]


# editing and deleting


async def test_edits_change_what_stands_there(bot: Caller) -> None:
    tg = bot.tg
    sent = await bot.good(
        "sendMessage",
        chat_id=CHILD,
        text="a",
        reply_markup=keyboard(OK_BUTTON),
        protect_content=True,
    )
    where = {"chat_id": CHILD, "message_id": sent["message_id"]}
    await bot.good("editMessageText", **where, text="b")
    shown = tg.chat(CHILD)[-1]
    assert (shown.text, shown.buttons, shown.protect_content) == ("b", [], True)
    assert (await bot.refused("editMessageText", **where, text="b")).startswith(
        "Bad Request: message is not modified"
    )
    await bot.good("editMessageReplyMarkup", **where, reply_markup=keyboard(OK_BUTTON))
    said = await bot.refused("editMessageReplyMarkup", **where, reply_markup=keyboard(OK_BUTTON))
    assert said.startswith("Bad Request: message is not modified")
    assert [call.text for call in tg.sent] == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("method", "fields", "why"),
    [
        ("editMessageText", {"text": "b", "message_id": 99999}, "message to edit not found"),
        ("editMessageText", {"text": "", "message_id": 1}, "message to edit not found"),
        ("editMessageText", {"text": "b"}, "message identifier is not specified"),
        ("editMessageText", {"text": "b", "inline_message_id": "x"}, "MESSAGE_ID_INVALID"),
        ("deleteMessage", {"message_id": 99999}, "message to delete not found"),
        ("pinChatMessage", {"message_id": 99999}, "message to pin not found"),
        ("copyMessage", {"from_chat_id": CHILD, "message_id": 99999}, "message to copy not found"),
        (
            "forwardMessage",
            {"from_chat_id": CHILD, "message_id": 99999},
            "message to forward not found",
        ),
        (
            "sendMessage",
            {"text": "a", "reply_parameters": {"message_id": 99999}},
            "message to be replied not found",
        ),
    ],
)
async def test_a_message_that_is_not_there(
    bot: Caller, method: str, fields: dict[str, Any], why: str
) -> None:
    assert await bot.refused(method, chat_id=CHILD, **fields) == f"Bad Request: {why}"


async def test_a_bot_cannot_edit_what_others_wrote(bot: Caller) -> None:
    theirs = bot.tg.say(CHILD, "của em")
    call = {"chat_id": CHILD, "message_id": theirs.message_id, "text": "khác"}
    assert await bot.refused("editMessageText", **call) == "Bad Request: message can't be edited"


async def test_text_and_caption_are_edited_apart(bot: Caller) -> None:
    photo = await bot.good("sendPhoto", **await good_call(bot, "sendPhoto"))
    where = {"chat_id": CHILD, "message_id": photo["message_id"]}
    said = await bot.refused("editMessageText", **where, text="a")
    assert said == "Bad Request: there is no text in the message to edit"
    text = await bot.good("sendMessage", chat_id=CHILD, text="a")
    said = await bot.refused(
        "editMessageCaption", chat_id=CHILD, message_id=text["message_id"], caption="a"
    )
    assert said == "Bad Request: there is no caption in the message to edit"


async def test_after_48_hours_nothing_can_be_deleted(bot: Caller) -> None:
    tg = bot.tg
    old = tg.say(CHILD, "cũ")
    tg.advance(47 * 3600)
    await bot.good("deleteMessage", chat_id=CHILD, message_id=old.message_id)
    assert old.message_id not in {shown.message_id for shown in tg.chat(CHILD)}
    old, new = tg.say(CHILD, "cũ"), None
    tg.advance(48 * 3600)
    new = tg.say(CHILD, "mới")
    said = await bot.refused("deleteMessage", chat_id=CHILD, message_id=old.message_id)
    assert said.startswith("Bad Request: message can't be deleted")
    both = [old.message_id, new.message_id]
    await bot.refused("deleteMessages", chat_id=CHILD, message_ids=both)
    assert tg.chat(CHILD)[-1].text == "mới"
    await bot.good("deleteMessages", chat_id=CHILD, message_ids=[new.message_id, 99999])


async def test_a_plain_member_cannot_delete_what_others_wrote(bot: Caller) -> None:
    bot.tg.group(-1005, members=[OFFICER], bot="member")
    theirs = bot.tg.say(OFFICER, "/x", chat_id=-1005)
    where = {"chat_id": -1005, "message_id": theirs.message_id}
    assert await bot.refused("deleteMessage", **where) == "Bad Request: message can't be deleted"


# topics


async def test_a_deleted_topic_is_gone(bot: Caller) -> None:
    topic = await bot.good("createForumTopic", chat_id=FORUM, name="Vụ 1")
    where = {"chat_id": FORUM, "message_thread_id": topic["message_thread_id"]}
    await bot.good("sendMessage", **where, text="a")
    assert bot.tg.chat(FORUM)[-1].thread_id == topic["message_thread_id"]
    bot.tg.delete_topic(FORUM, topic["message_thread_id"])
    assert bot.tg.chat(FORUM) == []
    assert await bot.refused("sendMessage", **where, text="a") == (
        "Bad Request: message thread not found"
    )
    for method in ("editForumTopic", "closeForumTopic", "deleteForumTopic"):
        assert await bot.refused(method, **where) == "Bad Request: TOPIC_ID_INVALID"
    await bot.refused("sendMessage", chat_id=FORUM, message_thread_id=1, text="a")


async def test_topics_need_a_forum_and_rights(bot: Caller) -> None:
    call = {"name": "Vụ 1"}
    said = await bot.refused("createForumTopic", chat_id=GROUP, **call)
    assert said == "Bad Request: the chat is not a forum"
    bot.tg.demote(FORUM, BOT_ID)
    assert "not enough rights" in await bot.refused("createForumTopic", chat_id=FORUM, **call)


async def test_a_right_not_given_is_refused_and_shown(bot: Caller) -> None:
    topic = await good_call(bot, "closeForumTopic")
    bot.tg.rights(FORUM, can_delete_messages=False)
    assert "not enough rights" in await bot.refused("deleteForumTopic", **topic)
    bot.tg.rights(FORUM, can_manage_topics=False)
    for method, more in (("createForumTopic", {"name": "Vụ 2"}), ("closeForumTopic", topic)):
        assert "not enough rights" in await bot.refused(method, **{"chat_id": FORUM} | more)
    own = await bot.good("getChatMember", chat_id=FORUM, user_id=BOT_ID)
    assert (own["can_manage_topics"], own["can_pin_messages"]) == (False, True)
    bot.tg.rights(FORUM, can_manage_topics=True, can_delete_messages=True)
    await bot.good("deleteForumTopic", **topic)


async def test_a_group_without_topics_knows_no_thread(bot: Caller) -> None:
    topic = await good_call(bot, "closeForumTopic")
    bot.tg.topics(FORUM, False)
    said = await bot.refused("sendMessage", **topic, text="a")
    assert said == "Bad Request: message thread not found"
    assert "not a forum" in await bot.refused("closeForumTopic", **topic)


async def test_the_general_topic_has_no_number_that_can_be_written_to(bot: Caller) -> None:
    said = await bot.refused("sendMessage", chat_id=FORUM, message_thread_id=1, text="a")
    assert said == "Bad Request: message thread not found"


async def test_what_becomes_of_a_topic_is_told_in_it(bot: Caller) -> None:
    topic = await good_call(bot, "closeForumTopic")
    await bot.good("editForumTopic", **topic, name="Vụ khác")
    assert await bot.refused("editForumTopic", **topic, name="Vụ khác") == (
        "Bad Request: TOPIC_NOT_MODIFIED"
    )
    await bot.good("closeForumTopic", **topic)
    bot.tg.close_topic(FORUM, topic["message_thread_id"], OFFICER, closed=False)
    told = [body["message"] for body in bot.tg.pending if "message" in body]
    notes = [(m["from"]["id"], next(k for k in m if k.startswith("forum_"))) for m in told[-4:]]
    assert notes == [
        (BOT_ID, "forum_topic_created"),
        (BOT_ID, "forum_topic_edited"),
        (BOT_ID, "forum_topic_closed"),
        (OFFICER, "forum_topic_reopened"),
    ]
    assert all(m["message_thread_id"] == topic["message_thread_id"] for m in told[-4:])


async def test_whoever_may_not_write_is_refused(bot: Caller) -> None:
    call = {"chat_id": GROUP, "text": "a"}
    bot.tg.set_status(GROUP, BOT_ID, "restricted")
    bot.tg.rights(GROUP, can_send_messages=False)
    assert "not enough rights to send" in await bot.refused("sendMessage", **call)
    own = await bot.good("getChatMember", chat_id=GROUP, user_id=BOT_ID)
    assert (own["status"], own["can_send_messages"]) == ("restricted", False)
    bot.tg.set_status(GROUP, BOT_ID, "member")
    await bot.good("sendMessage", **call)
    bot.tg.rights(GROUP, silent=True)
    assert "not enough rights to send" in await bot.refused("sendMessage", **call)
    chat = await bot.good("getChat", chat_id=GROUP)
    assert chat["permissions"] == {"can_send_messages": False}


async def test_a_closed_topic_takes_only_administrators(bot: Caller) -> None:
    topic = await good_call(bot, "closeForumTopic")
    await bot.good("closeForumTopic", **topic)
    assert await bot.refused("closeForumTopic", **topic) == "Bad Request: TOPIC_NOT_MODIFIED"
    await bot.good("sendMessage", **topic, text="a")
    bot.tg.demote(FORUM, BOT_ID)
    assert await bot.refused("sendMessage", **topic, text="a") == "Bad Request: TOPIC_CLOSED"


async def test_a_message_in_a_topic_replies_to_its_beginning(bot: Caller) -> None:
    topic = await good_call(bot, "closeForumTopic")
    thread = topic["message_thread_id"]
    bot.tg.say(OFFICER, "để tôi", chat_id=FORUM, thread_id=thread)
    message = bot.tg.pending[-1]["message"]
    assert message["reply_to_message"]["message_id"] == thread
    assert message["is_topic_message"] is True


# copies, forwards, files


async def test_forwards_show_the_writer_and_copies_do_not(bot: Caller) -> None:
    bot.tg.person(CHILD, first_name="CANARY")
    theirs = bot.tg.say(CHILD, "chuyện")
    call = {"chat_id": FORUM, "from_chat_id": CHILD, "message_id": theirs.message_id}
    await bot.good("copyMessage", **call)
    assert "CANARY" not in json.dumps(bot.tg.chat(FORUM)[-1].raw)
    await bot.good("forwardMessage", **call)
    assert "CANARY" in json.dumps(bot.tg.chat(FORUM)[-1].raw)
    kept = await bot.good("sendMessage", chat_id=CHILD, text="kín", protect_content=True)
    said = await bot.refused("forwardMessage", **{**call, "message_id": kept["message_id"]})
    assert said == "Bad Request: message has protected content and can't be forwarded"


async def test_files_are_downloaded_by_a_path_that_lives_an_hour(bot: Caller) -> None:
    tg = bot.tg
    picture = small_jpeg()
    info = await bot.good("getFile", file_id=tg.photo(CHILD, picture).file_id)
    url = f"{tg.url}/file/bot{tg.token}/{info['file_path']}"
    async with bot.http.get(url) as response:
        assert await response.read() == picture
    async with bot.http.get(url.replace(tg.token, "1:x")) as response:
        assert response.status == 404
    tg.advance(3601)
    async with bot.http.get(url) as response:
        assert response.status == 404


async def test_files_over_20_megabytes_cannot_be_fetched(bot: Caller) -> None:
    limit = 20 * 1024 * 1024
    await bot.good("getFile", file_id=bot.tg.document(CHILD, size=limit).file_id)
    big = bot.tg.document(CHILD, size=limit + 1)
    assert await bot.refused("getFile", file_id=big.file_id) == "Bad Request: file is too big"
    await bot.refused("getFile", file_id="nobody-knows-it")


LARGE_PICTURE = small_jpeg() + bytes(10 * 1024 * 1024)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("photo", b"", "file must be non-empty"),
        ("photo", b"no picture at all", "IMAGE_PROCESS_FAILED"),
        ("photo", LARGE_PICTURE, "Request Entity Too Large"),
        ("foto", small_jpeg(), "unknown parameter"),
    ],
)
async def test_uploads_that_are_no_good(bot: Caller, name: str, content: bytes, why: str) -> None:
    url = f"{bot.tg.url}/bot{bot.tg.token}/sendPhoto"
    for part, data, text in ((name, content, why), ("photo", small_jpeg(), "")):
        form = aiohttp.FormData({"chat_id": str(CHILD)})
        form.add_field(part, io.BytesIO(data), filename="a.jpg")
        if part == "foto":
            form.add_field("photo", io.BytesIO(small_jpeg()), filename="a.jpg")
        async with bot.http.post(url, data=form) as response:
            assert text in (await response.json()).get("description", "")
    assert len(bot.tg.sent) == 1
    assert bot.tg.file(bot.tg.chat(CHILD)[-1].file_id or "") == small_jpeg()


# button presses


async def test_presses_are_answered_within_150_seconds(bot: Caller) -> None:
    query = (await good_call(bot, "answerCallbackQuery"))["callback_query_id"]
    await bot.good("answerCallbackQuery", callback_query_id=query, text="Đã nhận")
    assert bot.tg.answers[query]["text"] == "Đã nhận"
    bot.tg.advance(150)
    late = await bot.refused("answerCallbackQuery", callback_query_id=query)
    assert late.startswith("Bad Request: query is too old and response timeout expired")
    await bot.refused("answerCallbackQuery", callback_query_id="never-asked")


async def test_an_answer_may_open_only_this_bot(bot: Caller) -> None:
    call = await good_call(bot, "answerCallbackQuery")
    assert await bot.refused("answerCallbackQuery", **call, url="https://a.vn") == (
        "Bad Request: URL_INVALID"
    )
    await bot.good("answerCallbackQuery", **call, url="https://t.me/lang_nghe_thu_bot?start=abc")


async def test_presses_need_the_button_unless_forged(bot: Caller) -> None:
    tg = bot.tg
    await bot.good("sendMessage", chat_id=FORUM, text="Vụ 1", reply_markup=keyboard(OK_BUTTON))
    card = tg.chat(FORUM)[-1]
    tg.press(OFFICER, card, "Nhận")
    with pytest.raises(AssertionError, match="no button"):
        tg.press(OFFICER, card, "close:1")
    tg.press(OFFICER, card, "close:1", forged=True)
    tg.wipe(card)
    tg.press(OFFICER, card, "close:1", forged=True)
    queries = [item["callback_query"] for item in tg.pending if "callback_query" in item]
    assert [query["data"] for query in queries] == ["take:1", "close:1", "close:1"]
    assert [query["message"]["date"] for query in queries][2] == 0
    assert queries[0]["from"]["id"] == OFFICER


# getUpdates


async def test_updates_come_again_until_confirmed(bot: Caller) -> None:
    for text in ("a", "b", "c"):
        bot.tg.say(CHILD, text)
    first = await bot.good("getUpdates", limit=2)
    assert first == (await bot.good("getUpdates", limit=2))
    rest = await bot.good("getUpdates", offset=first[-1]["update_id"] + 1)
    assert [update["message"]["text"] for update in rest] == ["b", "c"]
    assert [u["message"]["text"] for u in await bot.good("getUpdates", offset=-1)] == ["c"]
    assert len(bot.tg.pending) == 1
    await bot.refused("getUpdates", limit=0)


async def test_a_long_poll_ends_when_something_comes(bot: Caller) -> None:
    await bot.good("getUpdates", offset=-1)
    last = bot.tg.pending[-1]["update_id"]
    poll = asyncio.create_task(bot.good("getUpdates", offset=last + 1, timeout=30))
    await asyncio.sleep(0.05)
    assert not poll.done()
    bot.tg.say(CHILD, "đây")
    assert (await asyncio.wait_for(poll, 2))[0]["message"]["text"] == "đây"
    offset = bot.tg.pending[-1]["update_id"] + 1
    assert await bot.good("getUpdates", offset=offset, timeout=1) == []


async def test_a_second_poller_ends_the_first(bot: Caller) -> None:
    last = bot.tg.pending[-1]["update_id"]
    first = asyncio.create_task(bot.answer("getUpdates", offset=last + 1, timeout=30))
    await bot.tg.wait_for(lambda: bot.tg.polls == 1)
    second = asyncio.create_task(bot.good("getUpdates", timeout=30))
    status, body = await asyncio.wait_for(first, 2)
    assert status == 409
    assert body["description"].startswith("Conflict: terminated by other getUpdates request")
    bot.tg.say(CHILD, "đây")
    assert len(await second) == 1


async def test_unasked_kinds_never_come_and_the_choice_is_remembered(bot: Caller) -> None:
    tg = bot.tg
    await bot.good("getUpdates", offset=-1, limit=1)
    tg.join(FORUM, CHILD)
    assert not any("chat_member" in update for update in tg.pending)
    await bot.good("getUpdates", allowed_updates=["message", "chat_member"])
    await bot.good("getUpdates")
    tg.kick(FORUM, CHILD, by=OFFICER)
    changed = [item["chat_member"] for item in tg.pending if "chat_member" in item]
    assert [item["new_chat_member"]["status"] for item in changed] == ["kicked"]
    tg.edit(CHILD, tg.say(CHILD, "a"), "b")
    assert not any("edited_message" in update for update in tg.pending)
    await bot.refused("getUpdates", allowed_updates=["mesage"])


async def test_updates_live_24_hours_and_presses_150_seconds(bot: Caller) -> None:
    await good_call(bot, "answerCallbackQuery")
    bot.tg.advance(151)
    assert [set(item) - {"update_id"} for item in bot.tg.pending] == [{"message"}]
    bot.tg.advance(24 * 3600)
    assert await bot.good("getUpdates") == []


async def test_any_object_can_be_an_update(bot: Caller) -> None:
    bot.tg.raw_update({"message": {"text": 5}, "unheard_of": None})
    assert (await bot.good("getUpdates"))[-1]["unheard_of"] is None


# speed


async def test_twenty_a_minute_to_a_group_with_edits_counted(bot: Caller) -> None:
    bot.tg.flood = True
    sent = await bot.good("sendMessage", chat_id=FORUM, text="0")
    edit = {"chat_id": FORUM, "message_id": sent["message_id"]}
    await bot.good("createForumTopic", chat_id=FORUM, name="Vụ 1")
    for number in range(18):
        await bot.good("editMessageText", **edit, text=f"{number + 1}")
    status, body = await bot.answer("sendMessage", chat_id=FORUM, text="21")
    assert status == 429
    wait = body["parameters"]["retry_after"]
    assert body["description"] == f"Too Many Requests: retry after {wait}"
    assert 55 <= wait <= 61
    await bot.good("sendMessage", chat_id=CHILD, text="người khác không phải chờ")
    await bot.good("deleteMessage", **edit)
    bot.tg.advance(wait)
    await bot.good("sendMessage", chat_id=FORUM, text="21")


async def test_one_a_second_to_a_person_after_a_burst(bot: Caller) -> None:
    bot.tg.flood = True
    for _ in range(5):
        await bot.good("sendMessage", chat_id=CHILD, text="a")
    said = await bot.refused("sendMessage", 429, chat_id=CHILD, text="a")
    assert said == "Too Many Requests: retry after 1"
    await bot.good("sendChatAction", chat_id=CHILD, action="typing")
    bot.tg.advance(1)
    await bot.good("sendMessage", chat_id=CHILD, text="a")


async def test_thirty_a_second_over_all(bot: Caller) -> None:
    bot.tg.flood = True
    world = bot.tg.world
    for user_id in range(9000, 9031):
        bot.tg.start(user_id)
    at = bot.tg.now()
    for user_id in range(9000, 9030):
        assert world.flood.wait(user_id, at) == 0
        world.flood.note(user_id, at)
    assert world.flood.wait(9030, at + 0.5) == 1
    assert world.flood.wait(9030, at + 1.0) == 0


async def test_the_wait_stands_in_a_header_too(bot: Caller) -> None:
    bot.tg.fail_next(
        "sendMessage",
        status=429,
        description="Too Many Requests: retry after 7",
        parameters={"retry_after": 7},
    )
    url = f"{bot.tg.url}/bot{bot.tg.token}/sendMessage"
    async with bot.http.post(url, json={"chat_id": CHILD, "text": "a"}) as response:
        assert response.headers["Retry-After"] == "7"


# groups and who sees what


async def test_privacy_mode_hides_group_talk_from_a_plain_member(bot: Caller) -> None:
    tg = bot.tg
    tg.group(-1005, members=[OFFICER], bot="member")
    before = len(tg.pending)
    tg.say(OFFICER, "chuyện riêng", chat_id=-1005)
    assert len(tg.pending) == before
    tg.say(OFFICER, "/xem", chat_id=-1005)
    own = await bot.good("sendMessage", chat_id=-1005, text="Vụ 1")
    card = tg.chat(-1005)[-1]
    assert card.message_id == own["message_id"]
    tg.say(OFFICER, "trả lời", chat_id=-1005, reply_to=card)
    assert len(tg.pending) == before + 2
    tg.promote(-1005, BOT_ID, by=OFFICER)
    tg.say(OFFICER, "chuyện riêng", chat_id=-1005)
    assert tg.pending[-1]["message"]["text"] == "chuyện riêng"


async def test_anonymous_administrators_show_only_when_they_press(bot: Caller) -> None:
    tg = bot.tg
    tg.group(-1005, admins=[OFFICER], anonymous=[CHILD])
    tg.say(CHILD, "ẩn", chat_id=-1005, anonymous=True)
    message = tg.pending[-1]["message"]
    assert (message["from"]["id"], message["sender_chat"]["id"]) == (1087968824, -1005)
    shown = await bot.good("getChatAdministrators", chat_id=-1005)
    assert {member["user"]["id"] for member in shown} == {OFFICER, CHILD}
    tg.demote(-1005, BOT_ID)
    shown = await bot.good("getChatAdministrators", chat_id=-1005)
    assert {member["user"]["id"] for member in shown} == {OFFICER}


async def test_membership_is_told_as_it_stands(bot: Caller) -> None:
    call = {"chat_id": FORUM, "user_id": OFFICER}
    assert (await bot.good("getChatMember", **call))["status"] == "administrator"
    bot.tg.leave(FORUM, OFFICER)
    assert (await bot.good("getChatMember", **call))["status"] == "left"
    await bot.refused("getChatMember", chat_id=FORUM, user_id=987654)
    await bot.refused("getChatAdministrators", chat_id=CHILD)


def test_a_person_carries_an_identity_to_leak() -> None:
    tg = FakeTelegram()
    user = tg.person(CHILD, first_name="CANARY", username=None)
    assert user["first_name"] == "CANARY"
    assert "username" not in user
    assert {"last_name", "language_code", "is_premium"} <= set(user)
    tg.say(CHILD, "a")
    assert tg.pending[0]["message"]["chat"]["first_name"] == "CANARY"


async def test_people_send_every_kind_of_thing(tg: FakeTelegram) -> None:
    tg.photo(CHILD, caption="ảnh")
    tg.voice(CHILD)
    tg.document(CHILD, file_name="CANARY.pdf")
    tg.sticker(CHILD)
    tg.contact(CHILD, "+84000000001")
    tg.location(CHILD)
    tg.album(CHILD, [None, None], caption="hai ảnh")
    messages = [update["message"] for update in tg.pending[1:]]
    assert [message.get("media_group_id") is None for message in messages] == [True] * 6 + [
        False
    ] * 2
    assert "caption" in messages[6]
    assert "caption" not in messages[7]
    for update in tg.pending:
        assert telegram.Update.de_json(update, None).effective_user.id == CHILD


# faults


async def test_a_failure_can_be_ordered(bot: Caller) -> None:
    tg = bot.tg
    tg.fail_next("sendMessage", FORUM, status=403, description="Forbidden: bot was kicked")
    await bot.good("sendMessage", chat_id=CHILD, text="a")
    assert (await bot.answer("sendMessage", chat_id=FORUM, text="a"))[0] == 403
    await bot.good("sendMessage", chat_id=FORUM, text="a")
    assert tg.refusals == []
    assert [item.status for item in tg.injected] == [403]
    tg.fail_next("*", status=502, body="<html>Bad Gateway</html>")
    async with bot.http.get(f"{tg.url}/bot{tg.token}/getMe") as response:
        assert (response.status, await response.text()) == (502, "<html>Bad Gateway</html>")


@pytest.mark.parametrize("applied", [True, False])
async def test_an_answer_can_be_lost(bot: Caller, applied: bool) -> None:
    bot.tg.hang_next("sendMessage", applied=applied)
    with pytest.raises(aiohttp.ClientError):
        await bot.answer("sendMessage", chat_id=CHILD, text="tới chưa?")
    assert [call.answered for call in bot.tg.sent] == ([False] if applied else [])
    assert len(bot.tg.from_bot(CHILD)) == applied


async def test_the_network_goes_and_comes_back(bot: Caller) -> None:
    last = bot.tg.pending[-1]["update_id"]
    poll = asyncio.create_task(bot.good("getUpdates", offset=last + 1, timeout=30))
    await bot.tg.wait_for(lambda: bot.tg.polls)
    bot.tg.down()
    with pytest.raises(aiohttp.ClientError):
        await asyncio.wait_for(poll, 2)
    with pytest.raises(aiohttp.ClientError):
        await bot.answer("getMe")
    bot.tg.up()
    await bot.good("getMe")


async def test_a_slow_server_has_already_done_it(bot: Caller) -> None:
    bot.tg.slow(0.2)
    call = asyncio.create_task(bot.good("sendMessage", chat_id=CHILD, text="a"))
    await bot.tg.wait_for(lambda: bot.tg.sent)
    assert not call.done()
    await call


async def test_a_bug_in_the_fake_shows_as_a_refusal(bot: Caller) -> None:
    bot.tg.world.chats[CHILD].messages = None  # type: ignore[assignment]
    said = await bot.refused("sendMessage", 500, chat_id=CHILD, text="a")
    assert "the fake broke" in said


async def test_waiting_in_vain_says_what_was_seen(bot: Caller) -> None:
    await bot.good("sendMessage", chat_id=CHILD, text="khác")
    with pytest.raises(AssertionError, match="khác"):
        await bot.tg.wait_for(lambda: False, timeout=0.05)


# the webhook


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://vi-du.example/x", "An HTTPS URL must be provided"),
        ("https://vi-du.example:8111/x", "only on ports 80, 88, 443 or 8443"),
        ("https://localhost/x", "Wrong HTTP URL"),
    ],
)
async def test_a_webhook_address_the_server_would_not_call(bot: Caller, url: str, why: str) -> None:
    assert why in await bot.refused("setWebhook", url=url)
    await bot.good("setWebhook", url="https://vi-du.example:8443/x")
    assert "retry after 1" in await bot.refused("setWebhook", 429, url="https://vi-du.example/x")


async def test_polling_and_webhook_exclude_each_other(bot: Caller) -> None:
    await bot.good("setWebhook", url="https://vi-du.example/x")
    assert "webhook is active" in await bot.refused("getUpdates", 409)
    assert (await bot.good("getWebhookInfo"))["pending_update_count"] == 1
    await bot.good("deleteWebhook")
    assert len(await bot.good("getUpdates")) == 1


async def test_the_webhook_delivers_in_order_until_taken(bot: Caller) -> None:
    tg, got, tries = bot.tg, [], 0

    async def hook(request: web.Request) -> web.Response:
        nonlocal tries
        tries += 1
        assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "bi-mat"
        if tries == 1:
            return web.Response(status=500)
        body = await request.json()
        got.append(body["message"]["text"])
        return web.json_response(
            {"method": "sendMessage", "chat_id": CHILD, "text": f"re {got[-1]}"}
        )

    app = web.Application()
    app.router.add_post("/telegram", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tg.push.deliver_to = f"http://127.0.0.1:{runner.addresses[0][1]}/telegram"
    tg.say(CHILD, "a")
    await bot.good("setWebhook", url="https://vi-du.example/telegram", secret_token="bi-mat")
    tg.say(CHILD, "b")
    await tg.wait_for(lambda: not tg.pending)
    await runner.cleanup()
    assert got == ["/start", "a", "b"]
    assert [shown.text for shown in tg.from_bot(CHILD)] == ["re /start", "re a", "re b"]


async def test_a_webhook_that_fails_is_tried_again_and_says_since_when(bot: Caller) -> None:
    tg = bot.tg
    await bot.good("setWebhook", url="https://vi-du.example/telegram")
    info = await tg.wait_for(lambda: tg.world.webhook.get("error"))
    assert "refused" in info
    told = await bot.good("getWebhookInfo")
    assert (told["pending_update_count"], "refused" in told["last_error_message"]) == (1, True)
    assert tg.now() - told["last_error_date"] < 5


async def test_one_chats_updates_come_one_after_the_other_and_others_do_not_wait(
    bot: Caller,
) -> None:
    tg, got, gate = bot.tg, [], asyncio.Event()

    async def hook(request: web.Request) -> web.Response:
        message = (await request.json())["message"]
        got.append(message["text"])
        if message["text"] == "/start":
            await gate.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/telegram", hook)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tg.push.deliver_to = f"http://127.0.0.1:{runner.addresses[0][1]}/telegram"
    tg.say(CHILD, "sau")
    await bot.good("setWebhook", url="https://vi-du.example/telegram")
    tg.say(OFFICER, "người khác")
    await tg.wait_for(lambda: len(got) == 2)
    assert got == ["/start", "người khác"]
    gate.set()
    await tg.wait_for(lambda: not tg.pending)
    await runner.cleanup()
    assert got == ["/start", "người khác", "sau"]


# the library finds it faithful


async def test_the_library_gets_along(tg: FakeTelegram, ptb: telegram.Bot) -> None:
    markup = telegram.InlineKeyboardMarkup(
        [[telegram.InlineKeyboardButton("Nhận", callback_data="1")]]
    )
    sent = await ptb.send_message(
        CHILD, "<b>Chào</b> em", parse_mode="HTML", reply_markup=markup, protect_content=True
    )
    assert sent.text == "Chào em"
    assert sent.entities[0].type == "bold"
    edited = await ptb.edit_message_text("Xong", CHILD, sent.message_id)
    assert isinstance(edited, telegram.Message)
    photo = await ptb.send_photo(CHILD, small_jpeg(), caption="ảnh", has_spoiler=True)
    assert photo.has_media_spoiler
    document = await ptb.send_document(FORUM, b"%PDF", filename="a.pdf", protect_content=True)
    assert document.document is not None
    assert (await ptb.send_voice(CHILD, b"OggS")).voice is not None
    got = await (await ptb.get_file(document.document.file_id)).download_as_bytearray()
    assert got == b"%PDF"
    topic = await ptb.create_forum_topic(FORUM, "Vụ 1")
    await ptb.send_message(FORUM, "thẻ", message_thread_id=topic.message_thread_id)
    assert await ptb.delete_messages(CHILD, [sent.message_id, photo.message_id])
    command = telegram.BotCommand("111", "Số cần biết")
    scope = telegram.BotCommandScopeChat(FORUM)
    assert await ptb.set_my_commands([command], scope=scope, language_code="vi")
    assert await ptb.set_webhook("https://vi-du.example/t", secret_token="x", allowed_updates=[])
    assert (await ptb.get_webhook_info()).url == "https://vi-du.example/t"
    assert tg.refusals == []


async def test_the_library_reads_our_updates_and_members(
    tg: FakeTelegram, ptb: telegram.Bot
) -> None:
    tg.voice(CHILD)
    tg.join(FORUM, CHILD)
    tg.block(CHILD)
    kinds = telegram.Update.ALL_TYPES
    updates = await ptb.get_updates(timeout=1, allowed_updates=kinds)
    assert [update.effective_user.id for update in updates if update.effective_user] == [CHILD] * 4
    assert (await ptb.get_chat_member(FORUM, OFFICER)).status == "administrator"
    assert {m.user.id for m in await ptb.get_chat_administrators(FORUM)} == {OFFICER}
    assert (await ptb.get_chat(FORUM)).is_forum
    await ptb.send_message(FORUM, "Vụ", reply_markup=telegram.ForceReply())
    assert tg.refusals == []


async def test_the_library_raises_its_own_errors(
    tg: FakeTelegram, ptb: telegram.Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # without it RetryAfter warns when it is made
    with pytest.raises(telegram.error.Forbidden):
        await ptb.send_message(STRANGER, "a")
    with pytest.raises(telegram.error.BadRequest, match="Chat not found"):
        await ptb.send_message(424242, "a")
    tg.migrate(GROUP, -1009)
    with pytest.raises(telegram.error.ChatMigrated):
        await ptb.send_message(GROUP, "a")
    tg.fail_next("sendMessage", status=429, description="x", parameters={"retry_after": 3})
    with pytest.raises(telegram.error.RetryAfter):
        await ptb.send_message(CHILD, "a")
    tg.hang_next("sendMessage")
    with pytest.raises(telegram.error.NetworkError):
        await ptb.send_message(CHILD, "a")
    assert [refused.status for refused in tg.refusals] == [403, 400, 400]
