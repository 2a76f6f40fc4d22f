"""Acting as the people on the other side: they write, press, edit, come and go, block.

Tests use these through FakeTelegram. Nothing here waits; each act puts at most a few updates in
the queue, exactly those the real server would give a bot in that place.
"""

import io
from collections.abc import Iterable
from typing import Any

from PIL import Image

from tests.fakes.telegram_setup import close_or_open, drop_topic
from tests.fakes.telegram_world import (
    BOT_ID,
    BOT_NAME,
    CALLBACK_LIVES,
    GROUP_ANONYMOUS_BOT,
    Chat,
    Json,
    Shown,
    World,
)

PRESENT = {"creator", "administrator", "member", "restricted"}


def small_jpeg(width: int = 64, height: int = 48) -> bytes:
    """A real picture, for tests that do not care which."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (90, 140, 200)).save(out, "JPEG")
    return out.getvalue()


class People:
    """Everything a person can do; each act returns the message as shown, or the query's id."""

    world: World

    # who there is

    def person(self, user_id: int, **identity: Any) -> Json:
        """The person's User object; give fields to put marks into the identity, None to take one out."""
        user = self.world.person(user_id)
        user |= identity
        for name in [name for name, value in user.items() if value is None]:
            del user[name]
        return user

    def group(
        self,
        chat_id: int,
        members: Iterable[int] = (),
        admins: Iterable[int] = (),
        forum: bool = False,
        *,
        anonymous: Iterable[int] = (),
        bot: str = "administrator",
        title: str = "Nhóm trực (thử)",
    ) -> Chat:
        """A group that has long existed (no updates). `bot`: administrator, member or left."""
        chat = self.world.add_group(chat_id, title, forum)
        chat.anonymous = set(anonymous)
        for status, people in (("member", members), ("administrator", [*admins, *anonymous])):
            for user_id in people:
                self.world.person(user_id)
                chat.members[user_id] = status
        chat.members[BOT_ID] = bot
        return chat

    # what they write

    def say(self, user_id: int, text: str, **fields: Any) -> Shown:
        """Write a text; see `write` for where and how."""
        content: Json = {"text": text}
        if text.startswith("/"):
            length = len(text.split(maxsplit=1)[0])
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        return self.write(user_id, content, **fields)

    def start(self, user_id: int, payload: str = "") -> Shown:
        """Press Start, perhaps by a link with a payload."""
        return self.say(user_id, f"/start {payload}".strip())

    def write(
        self,
        user_id: int,
        content: Json,
        *,
        chat_id: int | None = None,
        thread_id: int | None = None,
        reply_to: Shown | None = None,
        anonymous: bool = False,
        **extra: Any,
    ) -> Shown:
        """Any message. Without `chat_id`: to the bot, privately. `extra` joins or replaces fields.

        `anonymous`: as an anonymous administrator, who shows as GroupAnonymousBot.
        """
        user = dict(self.world.person(user_id))
        chat = self.world.chats[user_id if chat_id is None else chat_id]
        if chat.kind == "private":
            assert not chat.blocked, f"{user_id} blocked the bot and cannot write; unblock first"
            chat.started = True
        else:
            assert chat.members.get(user_id) in PRESENT, f"{user_id} is not in {chat.id}"
        fields: Json = {}
        if anonymous:
            user = {"id": GROUP_ANONYMOUS_BOT, "is_bot": True, "first_name": "Group"}
            user["username"] = "GroupAnonymousBot"
            fields["sender_chat"] = chat.describe()
        if thread_id is not None:
            assert not chat.topics[thread_id].deleted, "that topic is gone"
            fields |= {"message_thread_id": thread_id, "is_topic_message": True}
            fields["reply_to_message"] = chat.messages[thread_id]
        if reply_to is not None:
            original = chat.messages[reply_to.message_id]
            fields["reply_to_message"] = {
                key: value for key, value in original.items() if key != "reply_to_message"
            }
        message = self.world.post(chat, user, content, **fields)
        message |= extra
        self._tell(chat, "message", message)
        return self.world.show(chat, message)

    def _tell(self, chat: Chat, kind: str, message: Json) -> None:
        if chat.kind == "private" or chat.bot_is_admin or _privacy_mode_lets_through(chat, message):
            self.world.emit(kind, message)

    def photo(self, user_id: int, content: bytes | None = None, **fields: Any) -> Shown:
        """Send a photo (in two sizes, the large one last); `caption=` and others as fields."""
        data = small_jpeg() if content is None else content
        thumb = self.world.store(small_jpeg(16, 12), "photo.jpg").describe()
        large = self.world.store(data, "photo.jpg", fields.pop("size", None)).describe()
        sizes = [thumb | {"width": 90, "height": 68}, large | {"width": 800, "height": 600}]
        return self.write(user_id, {"photo": sizes}, **fields)

    def voice(
        self, user_id: int, content: bytes = b"OggS\0not sound", duration: int = 3, **fields: Any
    ) -> Shown:
        """Send a voice message; the default bytes are no sound."""
        stored = self.world.store(content, "voice.ogg", fields.pop("size", None))
        body = stored.describe() | {"duration": duration, "mime_type": "audio/ogg"}
        return self.write(user_id, {"voice": body}, **fields)

    def document(
        self,
        user_id: int,
        content: bytes = b"%PDF-1.4 trial",
        file_name: str = "tai-lieu.pdf",
        mime_type: str = "application/pdf",
        **fields: Any,
    ) -> Shown:
        """Send a file; `size=` claims another size than the bytes have."""
        stored = self.world.store(content, file_name, fields.pop("size", None))
        body = stored.describe() | {"file_name": file_name, "mime_type": mime_type}
        return self.write(user_id, {"document": body}, **fields)

    def sticker(self, user_id: int, emoji: str = "😢", **fields: Any) -> Shown:
        """Send a sticker."""
        body = self.world.store(b"RIFF", "sticker.webp").describe()
        body |= {"type": "regular", "width": 512, "height": 512, "emoji": emoji}
        body |= {"is_animated": False, "is_video": False}
        return self.write(user_id, {"sticker": body}, **fields)

    def contact(
        self, user_id: int, phone_number: str = "+84000000000", of: int | None = None, **fields: Any
    ) -> Shown:
        """Share a contact card: one's own, or that of another person."""
        owner = self.world.person(user_id if of is None else of)
        names: Json = {key: owner[key] for key in ("first_name", "last_name") if key in owner}
        body: Json = {"phone_number": phone_number, "user_id": owner["id"], **names}
        return self.write(user_id, {"contact": body}, **fields)

    def location(
        self, user_id: int, latitude: float = 20.97, longitude: float = 105.87, **fields: Any
    ) -> Shown:
        """Share a place; `edit` with another location for a live one."""
        return self.write(
            user_id, {"location": {"latitude": latitude, "longitude": longitude}}, **fields
        )

    def album(
        self, user_id: int, contents: Iterable[bytes | None], caption: str = "", **fields: Any
    ) -> list[Shown]:
        """Several photos at once: separate updates, one media_group_id, caption on the first."""
        group = f"album{next(self.world.numbers)}"
        shown = []
        for number, content in enumerate(contents):
            said = {"caption": caption} if caption and number == 0 else {}
            shown.append(self.photo(user_id, content, media_group_id=group, **said, **fields))
        return shown

    def edit(self, user_id: int, message: Shown, text: str | None = None, **fields: Any) -> Shown:
        """Change one's own message."""
        chat = self.world.chats[message.chat_id]
        stored = chat.messages[message.message_id]
        assert stored["from"]["id"] in {user_id, GROUP_ANONYMOUS_BOT}, "not their message"
        if text is not None:
            stored = {**stored, "caption" if "caption" in stored else "text": text}
        stored = {**stored, **fields, "edit_date": self.world.now()}
        chat.messages[message.message_id] = stored
        self.world.touch()
        self._tell(chat, "edited_message", stored)
        return self.world.show(chat, stored)

    def wipe(self, message: Shown) -> None:
        """Someone deletes a message; a bot is never told."""
        self.world.chats[message.chat_id].messages.pop(message.message_id, None)
        self.world.touch()

    # buttons

    def press(self, user_id: int, message: Shown, data: str, *, forged: bool = False) -> str:
        """Press the button with this data or label; `forged`: any data, by a modified client.

        Returns the query's id; what the bot answers is in `answers[id]`.
        """
        chat = self.world.chats[message.chat_id]
        current = chat.messages.get(message.message_id)
        if not forged:
            assert current is not None, "that message was deleted"
            data = self._button(self.world.show(chat, current), data)
        gone = {"chat": chat.describe(), "message_id": message.message_id, "date": 0}
        query_id = f"{BOT_ID % 1000:03d}{next(self.world.numbers):09d}"
        self.world.queries[query_id] = self.world.clock.now()
        query = {
            "id": query_id,
            "from": dict(self.world.person(user_id)),
            "message": gone if current is None else current,
            "chat_instance": f"c{chat.id}",
            "data": data,
        }
        self.world.emit("callback_query", query, CALLBACK_LIVES)
        return query_id

    @staticmethod
    def _button(shown: Shown, wanted: str) -> str:
        for button in shown.buttons:
            if "callback_data" in button and wanted in {button["callback_data"], button["text"]}:
                return str(button["callback_data"])
        raise AssertionError(f"no button {wanted!r}; there are {shown.buttons}")

    # coming and going

    def join(self, chat_id: int, user_id: int, status: str = "member") -> None:
        """Someone (or the bot: BOT_ID) comes into a group."""
        self.set_status(chat_id, user_id, status, service="new_chat_members")

    def leave(self, chat_id: int, user_id: int) -> None:
        """Someone leaves a group."""
        self.set_status(chat_id, user_id, "left", service="left_chat_member")

    def kick(self, chat_id: int, user_id: int, by: int | None = None) -> None:
        """Someone (or the bot: BOT_ID) is thrown out of a group."""
        self.set_status(chat_id, user_id, "kicked", by=by, service="left_chat_member")

    def promote(self, chat_id: int, user_id: int, by: int | None = None) -> None:
        """A member becomes an administrator."""
        self.set_status(chat_id, user_id, "administrator", by=by)

    def demote(self, chat_id: int, user_id: int, by: int | None = None) -> None:
        """An administrator becomes a plain member."""
        self.set_status(chat_id, user_id, "member", by=by)

    def set_status(
        self, chat_id: int, user_id: int, status: str, *, by: int | None = None, service: str = ""
    ) -> None:
        """Change a membership, with the updates and the service message that follow."""
        world = self.world
        chat = world.chats[chat_id]
        user = world.bot if user_id == BOT_ID else world.person(user_id)
        actor = user if by is None else world.person(by)
        saw_before = chat.members.get(BOT_ID, "left") in PRESENT
        old = world.member(chat, user_id)
        chat.members[user_id] = status
        if user_id == BOT_ID or chat.bot_is_admin:
            kind = "my_chat_member" if user_id == BOT_ID else "chat_member"
            world.emit(kind, self._changed(chat, actor, old, world.member(chat, user_id)))
        if service and saw_before and user_id != BOT_ID:
            who: Any = [dict(user)] if service == "new_chat_members" else dict(user)
            world.emit("message", world.post(chat, dict(actor), {service: who}))
        world.touch()

    def _changed(self, chat: Chat, actor: Json, old: Json, new: Json) -> Json:
        return {
            "chat": chat.describe(),
            "from": dict(actor),
            "date": self.world.now(),
            "old_chat_member": old,
            "new_chat_member": new,
        }

    def block(self, user_id: int) -> None:
        """A person blocks the bot."""
        self._blocked(user_id, True)

    def unblock(self, user_id: int) -> None:
        """A person lets the bot in again."""
        self._blocked(user_id, False)

    def _blocked(self, user_id: int, blocked: bool) -> None:
        user = self.world.person(user_id)
        chat = self.world.chats[user_id]
        chat.blocked = blocked
        old, new = ("member", "kicked") if blocked else ("kicked", "member")
        states: list[Json] = [{"user": self.world.bot, "status": status} for status in (old, new)]
        for state in states:
            if state["status"] == "kicked":
                state["until_date"] = 0
        self.world.emit("my_chat_member", self._changed(chat, user, *states))

    def migrate(self, old_id: int, new_id: int) -> Chat:
        """A basic group becomes a supergroup: another id, the old one refuses."""
        world = self.world
        old = world.chats[old_id]
        new = world.add_group(new_id, old.title, forum=False)
        new.members, new.anonymous = dict(old.members), set(old.anonymous)
        actor = {"id": GROUP_ANONYMOUS_BOT, "is_bot": True, "first_name": "Group"}
        world.emit("message", world.post(old, actor, {"migrate_to_chat_id": new_id}))
        world.emit("message", world.post(new, actor, {"migrate_from_chat_id": old_id}))
        old.moved_to = new_id
        return new

    def rights(self, chat_id: int, *, silent: bool = False, **given: bool) -> None:
        """Give the bot rights in a group, or take some (`can_manage_topics=False`).

        `silent`: plain members may not write there.
        """
        chat = self.world.chats[chat_id]
        chat.silent = silent
        for right, there in given.items():
            (chat.denied.discard if there else chat.denied.add)(right)
        self.world.touch()

    def topics(self, chat_id: int, on: bool) -> None:
        """A human switches a group's topics on or off; the bot is not told."""
        self.world.chats[chat_id].forum = on
        self.world.touch()

    def close_topic(self, chat_id: int, thread_id: int, by: int, *, closed: bool = True) -> None:
        """An administrator closes a topic (or opens it); the bot sees the note of it."""
        world = self.world
        chat = world.chats[chat_id]
        close_or_open(world, chat, thread_id, dict(world.person(by)), closed=closed)

    def delete_topic(self, chat_id: int, thread_id: int) -> None:
        """An administrator deletes a topic; the bot is not told."""
        drop_topic(self.world, self.world.chats[chat_id], thread_id)

    def raw_update(self, update: Json) -> int:
        """Put any object into the queue, malformed or not; an id is added when there is none."""
        return self.world.queue(update)


def _privacy_mode_lets_through(chat: Chat, message: Json) -> bool:
    """What a bot that is only a member gets to see of a group."""
    if chat.members.get(BOT_ID) not in PRESENT:
        return False
    text = message.get("text") or message.get("caption") or ""
    replied = message.get("reply_to_message", {}).get("from", {}).get("id")
    return text.startswith("/") or f"@{BOT_NAME}" in text or replied == BOT_ID
