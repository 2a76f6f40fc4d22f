"""Raw updates as the Bot API sends them, with a mark in every field that tells who somebody is."""

import copy
from datetime import UTC, datetime
from typing import Any

from bot.channels.telegram.parse import Setting

MARK = "CANARY"
BOT, CHILD, OFFICER, GROUP = 7000000001, 5001, 6001, -1009000000001
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SENT = int(NOW.timestamp()) - 60
SETTING = Setting(str(BOT), str(GROUP), NOW)

Json = dict[str, Any]


def user(number: int, **fields: Any) -> Json:
    """A user with everything Telegram tells about one."""
    names = ("first_name", "last_name", "username", "language_code")
    shown: Json = {name: f"{MARK}-{name}" for name in names}
    return {"id": number, "is_bot": False, "is_premium": True, **shown, **fields}


def private(number: int = CHILD) -> Json:
    """A private chat."""
    return {"id": number, "type": "private", "first_name": MARK, "username": MARK}


def group(number: int = GROUP, kind: str = "supergroup") -> Json:
    """A group chat."""
    return {"id": number, "type": kind, "title": f"{MARK} group"}


def message(content: Json, *, chat: Json | None = None, sender: Json | None = None) -> Json:
    """A message of a child, or of whom you say."""
    where = private() if chat is None else chat
    who = user(CHILD) if sender is None else sender
    return {"message_id": 41, "date": SENT, "chat": where, "from": who, **content}


def update(kind: str, body: Json, number: int = 900) -> Json:
    """The update around it."""
    return {"update_id": number, kind: body}


def said(content: Json, **where: Any) -> Json:
    """An update with a new message."""
    return update("message", message(content, **where))


def file(**fields: Any) -> Json:
    """The common part of every file."""
    marked = {"file_name": f"{MARK}.jpg", "performer": MARK, "title": MARK, "set_name": MARK}
    thumb = {"file_id": MARK, "file_unique_id": MARK, "width": 9, "height": 9}
    return {
        "file_id": "AgACfile",
        "file_unique_id": MARK,
        "file_size": 1234,
        "thumbnail": thumb,
        **marked,
        **fields,
    }


def press(data: object, *, chat: Json | None = None, sender: Json | None = None) -> Json:
    """An update with a button press."""
    where = private() if chat is None else chat
    shown = message({"text": MARK}, chat=where, sender=user(BOT, is_bot=True))
    query = {"id": "77001", "chat_instance": MARK, "message": shown, "data": data}
    return update("callback_query", query | {"from": user(CHILD) if sender is None else sender})


def standing(status: str, *, chat: Json, who: int = BOT, kind: str = "my_chat_member") -> Json:
    """An update about a membership."""
    member = {"user": user(who), "status": status, "custom_title": MARK}
    body = {"chat": chat, "from": user(OFFICER), "date": SENT, "new_chat_member": member}
    return update(kind, body | {"old_chat_member": {"user": user(who), "status": "left"}})


def bot_said(**fields: Any) -> Json:
    """The bot's own message, as replies carry it."""
    body = message({"text": MARK}, chat=group(), sender=user(BOT, is_bot=True))
    return body | {"message_id": 40} | fields


def reply(**fields: Any) -> Json:
    """An officer's reply to the bot in the officers' group."""
    words = {"text": f"{MARK} words", "reply_to_message": bot_said(), **fields}
    return said(words, chat=group(), sender=user(OFFICER))


ORIGIN = {
    "forward_origin": {"type": "user", "sender_user": user(1), "date": SENT},
    "via_bot": user(2, is_bot=True),
    "quote": {"text": MARK, "position": 0},
    "external_reply": {"origin": {"type": "hidden_user", "sender_user_name": MARK}},
    "reply_to_message": {"message_id": 39, "text": MARK, "from": user(BOT, is_bot=True)},
    "entities": [{"type": "text_mention", "offset": 0, "length": 2, "user": user(3)}],
    "author_signature": MARK,
    "media_group_id": MARK,
    "sender_tag": MARK,
}

CONTENTS: dict[str, Json] = {
    "text": {"text": "cứu em với"},
    "photo": {"photo": [file(width=90, height=60), file(width=800, height=600)], "caption": "đây"},
    "document": {"document": file(mime_type="application/pdf"), "caption": "đây"},
    "picture file": {"document": file(mime_type="image/png")},
    "voice": {"voice": file(duration=3)},
    "audio": {"audio": file(duration=3)},
    "video": {"video": file(duration=3)},
    "video_note": {"video_note": file(length=3)},
    "animation": {"animation": file(), "document": file(mime_type="video/mp4")},
    "sticker": {"sticker": file(emoji="😢")},
    "contact": {"contact": {"phone_number": MARK, "first_name": MARK, "vcard": MARK}},
    "users_shared": {"users_shared": {"request_id": 1, "users": [user(4)]}},
    "location": {"location": {"latitude": 20.97, "longitude": 105.87}},
    "venue": {
        "venue": {"location": {"latitude": 1, "longitude": 2}, "title": MARK, "address": MARK},
        "location": {"latitude": 1, "longitude": 2},
    },
    "poll": {"poll": {"id": "1", "question": MARK, "options": []}},
    "dice": {"dice": {"emoji": "🎲", "value": 3}},
    "game": {"game": {"title": MARK}},
    "story": {"story": {"chat": group(5), "id": 1}},
    "paid_media": {"paid_media": {"star_count": 1, "paid_media": []}},
    "something of next year": {"hologram": {"title": MARK}},
}


def every_update() -> list[Json]:
    """One of each kind, marked all over."""
    made = [said(content | ORIGIN) for content in CONTENTS.values()]
    made += [update("edited_message", one["message"] | {"edit_date": SENT + 5}) for one in made]
    made += [press("r.now.yes"), press("d.claim.1", chat=group(), sender=user(OFFICER))]
    made += [reply(), said({"new_chat_members": [user(BOT)]}, chat=group(-5, "group"))]
    made += [said({"migrate_to_chat_id": -1001}, chat=group())]
    made += [standing("kicked", chat=private()), standing("member", chat=group(-5, "group"))]
    made += [standing("left", chat=group(), who=OFFICER, kind="chat_member")]
    return copy.deepcopy(made)
