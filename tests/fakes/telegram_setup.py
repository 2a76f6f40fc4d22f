"""The rest of the Bot API's methods: topics, the bot's own profile, the webhook; and the table of all.

Same rules as telegram_calls: synchronous, parameters already checked, refusals as RefusalError.
"""

import re
from collections.abc import Callable
from typing import Any

from tests.fakes import telegram_calls as calls
from tests.fakes.telegram_calls import Params, target, topic_of
from tests.fakes.telegram_rules import RULES, RefusalError, bad
from tests.fakes.telegram_text import check_url
from tests.fakes.telegram_world import BOT_ID, Chat, Json, Topic, World

WEBHOOK_PORTS = {"", ":443", ":80", ":88", ":8443"}


# topics


def _forum(world: World, p: Params) -> Chat:
    chat = target(world, p)
    if not chat.forum:
        raise bad("the chat is not a forum")
    if not chat.bot_may("can_manage_topics"):
        raise bad("not enough rights to manage topics")
    return chat


def note_topic(world: World, chat: Chat, thread: int, actor: Json, what: str, told: Json) -> None:
    """A service message inside a topic: everybody sees it, the bot too."""
    fields = {"message_thread_id": thread, "is_topic_message": True}
    world.emit("message", world.post(chat, actor, {f"forum_topic_{what}": told}, **fields))


def create_topic(world: World, p: Params) -> Json:
    """createForumTopic; the bot also receives the service message it caused."""
    chat = _forum(world, p)
    name = p["name"].strip()
    if not name:
        raise bad("topic title must be non-empty")
    color = p.get("icon_color", 7322096)
    announced = {"name": name, "icon_color": color}
    message = world.post(chat, world.bot, {"forum_topic_created": announced})
    thread = message["message_id"]
    message |= {"message_thread_id": thread, "is_topic_message": True}
    chat.topics[thread] = Topic(name)
    world.emit("message", message)
    return {"message_thread_id": thread, **announced}


def edit_topic(world: World, p: Params) -> bool:
    """editForumTopic."""
    topic = topic_of(_forum(world, p), p)
    name = p.get("name") or topic.name
    if name == topic.name and "icon_custom_emoji_id" not in p:
        raise bad("TOPIC_NOT_MODIFIED")
    topic.name = name
    chat = world.chats[p["chat_id"]]
    note_topic(world, chat, p["message_thread_id"], world.bot, "edited", {"name": name})
    return True


def close_or_open(world: World, chat: Chat, thread: int, actor: Json, *, closed: bool) -> None:
    """A topic is closed, or opened again, by somebody who may."""
    chat.topics[thread].closed = closed
    note_topic(world, chat, thread, actor, "closed" if closed else "reopened", {})


def _set_closed(closed: bool) -> Callable[[World, Params], bool]:
    def call(world: World, p: Params) -> bool:
        topic = topic_of(_forum(world, p), p)
        if topic.closed == closed:
            raise bad("TOPIC_NOT_MODIFIED")
        chat, thread = world.chats[p["chat_id"]], p["message_thread_id"]
        close_or_open(world, chat, thread, world.bot, closed=closed)
        return True

    return call


def drop_topic(world: World, chat: Chat, thread: int) -> None:
    """A topic goes, with every message in it; nobody is told."""
    chat.topics[thread].deleted = True
    inside = [
        number
        for number, message in chat.messages.items()
        if message.get("message_thread_id") == thread
    ]
    for number in inside:
        del chat.messages[number]
    world.touch()


def delete_topic(world: World, p: Params) -> bool:
    """deleteForumTopic."""
    chat = _forum(world, p)
    topic_of(chat, p)
    if not chat.bot_may("can_delete_messages"):
        raise bad("not enough rights to delete the topic")
    drop_topic(world, chat, p["message_thread_id"])
    return True


def leave_chat(world: World, p: Params) -> bool:
    """leaveChat."""
    chat = target(world, p)
    if chat.kind == "private":
        raise bad("chat is not a group chat or can't be left")
    chat.members[BOT_ID] = "left"
    world.touch()
    return True


def pin_message(world: World, p: Params) -> bool:
    """pinChatMessage; a service message says so."""
    chat = calls.writable(world, p)
    message = chat.messages.get(p["message_id"])
    if message is None:
        raise bad("message to pin not found")
    if chat.kind != "private" and not chat.bot_is_admin:
        raise bad("not enough rights to manage pinned messages in the chat")
    chat.pinned.append(p["message_id"])
    world.emit("message", world.post(chat, world.bot, {"pinned_message": dict(message)}))
    return True


# the bot itself


def get_me(world: World, _: Params) -> Json:
    """getMe."""
    return {
        **world.bot,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def _key(p: Params) -> str:
    scope = p.get("scope", {"type": "default"})
    parts = [scope["type"], scope.get("chat_id", ""), scope.get("user_id", "")]
    return ":".join(str(part) for part in [*parts, p.get("language_code", "")])


def _scope_exists(world: World, p: Params) -> None:
    scope = p.get("scope", {})
    if "chat_id" in scope:
        target(world, scope)


def set_commands(world: World, p: Params) -> bool:
    """setMyCommands, kept as texts["commands", "<scope>:<chat>:<user>:<language>"]."""
    _scope_exists(world, p)
    world.texts["commands", _key(p)] = p["commands"]
    return True


def get_commands(world: World, p: Params) -> Any:
    """getMyCommands: those of exactly this scope and language."""
    _scope_exists(world, p)
    return world.texts.get(("commands", _key(p)), [])


def delete_commands(world: World, p: Params) -> bool:
    """deleteMyCommands."""
    _scope_exists(world, p)
    world.texts.pop(("commands", _key(p)), None)
    return True


def _set_text(name: str) -> Callable[[World, Params], bool]:
    def call(world: World, p: Params) -> bool:
        world.texts[name, p.get("language_code", "")] = p.get(name, "")
        return True

    return call


def chat_action(world: World, p: Params) -> bool:
    """sendChatAction."""
    chat = calls.writable(world, p)
    if "message_thread_id" in p:
        topic_of(chat, p, "message thread not found")
    return True


# updates


def remember_kinds(world: World, p: Params) -> None:
    """allowed_updates stays until it is given again; an unknown kind is refused."""
    if "allowed_updates" in p:
        if unknown := set(p["allowed_updates"]) - set(RULES["update_types"]):
            raise bad(f"unknown update types {sorted(unknown)} (the real server ignores them)")
        world.allowed = p["allowed_updates"]


def set_webhook(world: World, p: Params) -> bool:
    """setWebhook: https, one of four ports, at most one call a second."""
    url = p["url"]
    if url and not url.startswith("https://"):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if url and (wrong := check_url(url)):
        raise bad(f"bad webhook: {wrong}")
    if url and re.sub(r"^[^/]*//[^/:]*|/.*$", "", url) not in WEBHOOK_PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if world.clock.now() - world.webhook.get("at", 0) < 1:
        raise RefusalError(429, "Too Many Requests: retry after 1", {"retry_after": 1})
    remember_kinds(world, p)
    if p.get("drop_pending_updates"):
        world.waiting = []
    world.webhook = {
        "url": url,
        "secret": p.get("secret_token", ""),
        "max_connections": p.get("max_connections", 40),
        "at": world.clock.now(),
    }
    world.touch()
    return True


def delete_webhook(world: World, p: Params) -> bool:
    """deleteWebhook."""
    if p.get("drop_pending_updates"):
        world.waiting = []
    world.webhook = {}
    world.touch()
    return True


def webhook_info(world: World, _: Params) -> Json:
    """getWebhookInfo."""
    hook = world.webhook
    info: Json = {
        "url": hook.get("url", ""),
        "has_custom_certificate": False,
        "pending_update_count": len(world.pending()),
    }
    if hook.get("url"):
        info["max_connections"] = hook["max_connections"]
    if world.allowed:
        info["allowed_updates"] = world.allowed
    if "error" in hook:
        info |= {"last_error_message": hook["error"], "last_error_date": hook["error_at"]}
    return info


# getUpdates is not here: it waits, so it lives in the server.
TABLE: dict[str, Callable[[World, Params], Any]] = {
    "getMe": get_me,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": webhook_info,
    "sendMessage": calls.send_message,
    "sendPhoto": calls.send_photo,
    "sendVoice": calls.send_voice,
    "sendDocument": calls.send_document,
    "sendChatAction": chat_action,
    "editMessageText": calls.edit_text,
    "editMessageReplyMarkup": calls.edit_markup,
    "editMessageCaption": calls.edit_caption,
    "deleteMessage": calls.delete_message,
    "deleteMessages": calls.delete_messages,
    "answerCallbackQuery": calls.answer_callback,
    "getFile": calls.get_file,
    "getChat": calls.get_chat,
    "getChatMember": calls.get_chat_member,
    "getChatAdministrators": calls.get_administrators,
    "setMyCommands": set_commands,
    "getMyCommands": get_commands,
    "deleteMyCommands": delete_commands,
    "setMyName": _set_text("name"),
    "setMyDescription": _set_text("description"),
    "setMyShortDescription": _set_text("short_description"),
    "createForumTopic": create_topic,
    "editForumTopic": edit_topic,
    "closeForumTopic": _set_closed(True),
    "reopenForumTopic": _set_closed(False),
    "deleteForumTopic": delete_topic,
    "leaveChat": leave_chat,
    "pinChatMessage": pin_message,
    "forwardMessage": calls.forward_message,
    "copyMessage": calls.copy_message,
}

# What counts towards the speed limits: everything that makes or changes a message.
COUNTED = frozenset(
    name
    for name in TABLE
    if re.match(r"(send|edit|copy|forward|pin|createForum|closeForum|reopenForum)", name)
) - {"sendChatAction"}
