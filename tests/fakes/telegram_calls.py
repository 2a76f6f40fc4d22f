"""What each Bot API method does to the world: one function a method, refusals in the server's words.

Parameters were checked by telegram_rules before they come here; speed and faults are the server's.
"""

import re
from collections.abc import Callable
from typing import Any

from tests.fakes.telegram_rules import MEGABYTE, METHODS, RefusalError, Upload, bad
from tests.fakes.telegram_text import Formatted, TextError, formatted
from tests.fakes.telegram_world import (
    BOT_ID,
    BOT_NAME,
    CALLBACK_LIVES,
    DELETABLE,
    Chat,
    Json,
    Topic,
    World,
)

Params = dict[str, Any]
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
CONTENT = (
    "text",
    "entities",
    "caption",
    "caption_entities",
    "photo",
    "voice",
    "document",
    "sticker",
    "location",
    "contact",
    "video",
    "has_media_spoiler",
)
TOPIC_NOTES = ("created", "edited", "closed", "reopened")
SERVICE = (
    "new_chat_members",
    "left_chat_member",
    "pinned_message",
    *(f"forum_topic_{what}" for what in TOPIC_NOTES),
)
DOWNLOAD_LIMIT = 20 * MEGABYTE


# where a call goes


def target(world: World, p: Params, name: str = "chat_id") -> Chat:
    """The chat meant; raises when there is none or the bot may not be there."""
    chat = world.chats.get(p[name]) if isinstance(p[name], int) else None
    if chat is None:
        raise bad("chat not found")
    if chat.moved_to is not None:
        raise RefusalError(
            400,
            "Bad Request: group chat was upgraded to a supergroup chat",
            {"migrate_to_chat_id": chat.moved_to},
        )
    if chat.kind != "private":
        status = chat.members.get(BOT_ID, "left")
        if status == "kicked":
            raise RefusalError(403, f"Forbidden: bot was kicked from the {chat.kind} chat")
        if status == "left":
            raise RefusalError(403, f"Forbidden: bot is not a member of the {chat.kind} chat")
    return chat


def writable(world: World, p: Params) -> Chat:
    """A chat the bot may write to."""
    chat = target(world, p)
    if chat.kind == "private" and not chat.started:
        raise RefusalError(403, "Forbidden: bot can't initiate conversation with a user")
    if chat.blocked:
        raise RefusalError(403, "Forbidden: bot was blocked by the user")
    if chat.kind != "private" and not chat.bot_may_write:
        raise bad("not enough rights to send text messages to the chat")
    return chat


def topic_of(chat: Chat, p: Params, gone: str = "TOPIC_ID_INVALID") -> Topic:
    """The topic meant."""
    topic = chat.topics.get(p["message_thread_id"])
    if topic is None or topic.deleted:
        raise bad(gone)
    return topic


def placed(chat: Chat, p: Params) -> Json:
    """Thread and reply fields of a message to be sent; raises when either is gone."""
    fields: Json = {}
    if "message_thread_id" in p:
        if not chat.forum:
            raise bad("message thread not found")
        topic = topic_of(chat, p, "message thread not found")
        if topic.closed and not chat.bot_is_admin:
            raise bad("TOPIC_CLOSED")
        fields = {"message_thread_id": p["message_thread_id"], "is_topic_message": True}
    if reply := p.get("reply_parameters"):
        original = chat.messages.get(reply.get("message_id"))
        if original is not None:
            short = {key: value for key, value in original.items() if key != "reply_to_message"}
            fields["reply_to_message"] = short
        elif not reply.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
    return fields


# what is said


def said(method: str, p: Params, name: str = "text") -> Formatted:
    """The text or caption after parsing, within its limits."""
    listed = "entities" if name == "text" else "caption_entities"
    try:
        result = formatted(p.get(name, ""), p.get("parse_mode"), p.get(listed))
    except TextError as wrong:
        raise bad(str(wrong)) from None
    rule = METHODS[method][name]
    if len(result.text) > rule["max"]:
        raise bad("message is too long" if name == "text" else "message caption is too long")
    if rule["min"] and not result.text:
        raise bad("message text is empty")
    return result


def fields_of(method: str, p: Params, name: str) -> Json:
    """Text or caption as message fields."""
    result = said(method, p, name)
    listed = "entities" if name == "text" else "caption_entities"
    fields: Json = {name: result.text} if result.text else {}
    return fields | ({listed: result.entities} if result.entities else {})


def post(world: World, chat: Chat, p: Params, content: Json) -> Json:
    """Send: the common end of every sendX."""
    markup = p.get("reply_markup")
    _private_only(chat, markup)
    extra = placed(chat, p)
    if p.get("protect_content"):
        extra["has_protected_content"] = True
    if markup and "inline_keyboard" in markup:
        extra["reply_markup"] = markup
    message = world.post(chat, world.bot, content, **extra)
    if markup:
        chat.keyboards[message["message_id"]] = markup
    return message


def _private_only(chat: Chat, markup: Json | None) -> None:
    if chat.kind == "private" or not markup:
        return
    buttons = [button for row in markup.get("keyboard", []) for button in row]
    if any("request_contact" in button for button in buttons):
        raise bad("phone number can be requested in private chats only")
    if any("request_location" in button for button in buttons):
        raise bad("location can be requested in private chats only")


def send_message(world: World, p: Params) -> Json:
    """sendMessage."""
    return post(world, writable(world, p), p, fields_of("sendMessage", p, "text"))


def _send_file(method: str, kind: str) -> Callable[[World, Params], Json]:
    def send(world: World, p: Params) -> Json:
        chat = writable(world, p)
        content = fields_of(method, p, "caption")
        body = _described(world, kind, p[kind], p)
        if p.get("has_spoiler"):
            content["has_media_spoiler"] = True
        return post(world, chat, p, {kind: body, **content})

    return send


send_photo = _send_file("sendPhoto", "photo")
send_voice = _send_file("sendVoice", "voice")
send_document = _send_file("sendDocument", "document")


def _described(world: World, kind: str, given: Upload | str, p: Params) -> Any:
    if isinstance(given, Upload):
        stored = world.store(given.content, given.file_name)
    elif given in world.files:
        stored = world.files[given]
    else:
        raise bad("wrong file identifier/HTTP URL specified")
    body = stored.describe()
    if kind == "photo":
        return [body | {"width": 800, "height": 600}]
    if kind == "voice":
        return body | {"duration": p.get("duration", 0), "mime_type": "audio/ogg"}
    return body | {"file_name": stored.name}


def copied(world: World, p: Params, verb: str) -> tuple[Chat, Chat, Json]:
    """Target, source and original of a copy or a forward."""
    chat, source = writable(world, p), target(world, p, "from_chat_id")
    original = source.messages.get(p["message_id"])
    if original is None:
        raise bad(f"message to {verb} not found")
    if not any(key in original for key in CONTENT):
        raise bad(f"message can't be {'copied' if verb == 'copy' else 'forwarded'}")
    return chat, source, original


def copy_message(world: World, p: Params) -> Json:
    """copyMessage: the words again, without where they came from; buttons are not copied."""
    chat, _, original = copied(world, p, "copy")
    content = {key: original[key] for key in CONTENT if key in original}
    if "caption" in p:
        content.pop("caption_entities", None)
        content |= fields_of("copyMessage", p, "caption")
    return {"message_id": post(world, chat, p, content)["message_id"]}


def forward_message(world: World, p: Params) -> Json:
    """forwardMessage: shows who wrote."""
    chat, _, original = copied(world, p, "forward")
    if original.get("has_protected_content"):
        raise bad("message has protected content and can't be forwarded")
    content = {key: original[key] for key in CONTENT if key in original}
    origin = {"type": "user", "sender_user": original["from"], "date": original["date"]}
    return post(world, chat, p, {"forward_origin": origin, **content})


# changing what was said


def editable(world: World, p: Params) -> tuple[Chat, Json]:
    """The bot's own message to change."""
    if "inline_message_id" in p:
        raise bad("MESSAGE_ID_INVALID")
    if "chat_id" not in p:
        raise bad("chat_id is empty")
    if "message_id" not in p:
        raise bad("message identifier is not specified")
    chat = target(world, p)
    message = chat.messages.get(p["message_id"])
    if message is None:
        raise bad("message to edit not found")
    if message["from"]["id"] != BOT_ID or any(key in message for key in SERVICE):
        raise bad("message can't be edited")
    return chat, message


def change(world: World, chat: Chat, old: Json, new: Json, p: Params) -> Json:
    """Put the new content in place; no keyboard given means no keyboard."""
    number = old["message_id"]
    markup = p.get("reply_markup")
    if markup is not None and markup["inline_keyboard"]:
        new["reply_markup"] = markup
    else:
        new.pop("reply_markup", None)
    if {**new, "edit_date": 0} == {**old, "edit_date": 0}:
        raise bad(NOT_MODIFIED)
    new["edit_date"] = world.now()
    chat.messages[number] = new
    chat.keyboards.pop(number, None)
    if "reply_markup" in new:
        chat.keyboards[number] = new["reply_markup"]
    world.touch()
    return new


def edit_text(world: World, p: Params) -> Json:
    """editMessageText."""
    chat, old = editable(world, p)
    if "text" not in old:
        raise bad("there is no text in the message to edit")
    new = {key: value for key, value in old.items() if key not in {"text", "entities"}}
    return change(world, chat, old, new | fields_of("editMessageText", p, "text"), p)


def edit_caption(world: World, p: Params) -> Json:
    """editMessageCaption."""
    chat, old = editable(world, p)
    if not {"photo", "voice", "document"} & set(old):
        raise bad("there is no caption in the message to edit")
    new = {key: value for key, value in old.items() if not key.startswith("caption")}
    return change(world, chat, old, new | fields_of("editMessageCaption", p, "caption"), p)


def edit_markup(world: World, p: Params) -> Json:
    """editMessageReplyMarkup."""
    chat, old = editable(world, p)
    return change(world, chat, old, dict(old), p)


def deletable(world: World, chat: Chat, message: Json) -> None:
    """Raise when the bot may not delete this message (any more)."""
    if world.clock.now() - message["date"] >= DELETABLE:
        raise bad("message can't be deleted for everyone")
    own = message["from"]["id"] == BOT_ID
    if chat.kind == "supergroup" and "forum_topic_created" in message:
        raise bad("message can't be deleted")
    if chat.kind != "private" and not own and not chat.bot_is_admin:
        raise bad("message can't be deleted")


def delete_message(world: World, p: Params) -> bool:
    """deleteMessage."""
    chat = target(world, p)
    message = chat.messages.get(p["message_id"])
    if message is None:
        raise bad("message to delete not found")
    deletable(world, chat, message)
    del chat.messages[p["message_id"]]
    world.touch()
    return True


def delete_messages(world: World, p: Params) -> bool:
    """deleteMessages: unknown ids are skipped; one that is too old stops all."""
    chat = target(world, p)
    found = {number for number in p["message_ids"] if number in chat.messages}
    for number in found:
        deletable(world, chat, chat.messages[number])
    for number in found:
        del chat.messages[number]
    world.touch()
    return True


def answer_callback(world: World, p: Params) -> bool:
    """answerCallbackQuery."""
    asked = world.queries.get(p["callback_query_id"])
    if asked is None or world.clock.now() - asked >= CALLBACK_LIVES:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    home = (
        rf"(https?://t\.me/{BOT_NAME}\?start=|tg://resolve\?domain={BOT_NAME}&start=)[\w-]{{1,64}}"
    )
    if (url := p.get("url")) and not re.fullmatch(home, url):
        raise bad("URL_INVALID")
    world.answers[p["callback_query_id"]] = p
    world.touch()
    return True


# looking things up


def get_file(world: World, p: Params) -> Json:
    """getFile: a path that lives an hour."""
    stored = world.files.get(p["file_id"])
    if stored is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    if stored.size > DOWNLOAD_LIMIT:
        raise bad("file is too big")
    suffix = stored.name.rpartition(".")[2] or "bin"
    path = f"files/file_{next(world.numbers)}.{suffix}"
    world.links[path] = (stored.file_id, world.clock.now())
    return stored.describe() | {"file_path": path}


def get_chat(world: World, p: Params) -> Json:
    """getChat."""
    chat = target(world, p)
    full = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _gifts()}
    if chat.person is not None:
        full |= {key: chat.person[key] for key in ("bio",) if key in chat.person}
    else:
        full["permissions"] = {"can_send_messages": not chat.silent}
    return chat.describe() | full


def _gifts() -> Json:
    kinds = "unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels"
    return dict.fromkeys(kinds.split(), False)


def get_chat_member(world: World, p: Params) -> Json:
    """getChatMember."""
    chat = target(world, p)
    if p["user_id"] != BOT_ID and p["user_id"] not in world.people:
        raise bad("user not found")
    return world.member(chat, p["user_id"])


def get_administrators(world: World, p: Params) -> list[Json]:
    """getChatAdministrators: anonymous ones are hidden from a bot that is no administrator."""
    chat = target(world, p)
    if chat.kind == "private":
        raise bad("there are no administrators in the private chat")
    shown = [
        user_id
        for user_id, status in chat.members.items()
        if status in {"creator", "administrator"}
        and (chat.bot_is_admin or user_id not in chat.anonymous)
        and (user_id != BOT_ID or p.get("return_bots"))
    ]
    return [world.member(chat, user_id) for user_id in shown]
