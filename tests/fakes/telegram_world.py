"""What a Telegram server remembers: people, chats, messages, topics, files, waiting updates.

No HTTP here and no waiting; every step is synchronous, so nothing is ever half done.
"""

import asyncio
import copy
import itertools
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.fakes.telegram_rules import RULES, RefusalError

Json = dict[str, Any]

BOT_ID = 7000000001
BOT_NAME = "lang_nghe_thu_bot"
GROUP_ANONYMOUS_BOT = 1087968824

KEEP_UPDATES = 24 * 3600
CALLBACK_LIVES = 150
DELETABLE = 48 * 3600
LINK_LIVES = 3600
MEDIA = ("photo", "voice", "document", "sticker", "video", "video_note", "audio")
GROUP_PER_MINUTE = 20
OVERALL_PER_SECOND = 30
PRIVATE_BURST = 5

ADMIN_RIGHTS = tuple(
    f"can_{what}"
    for what in (
        "manage_chat",
        "delete_messages",
        "manage_video_chats",
        "restrict_members",
        "promote_members",
        "change_info",
        "invite_users",
        "post_stories",
        "edit_stories",
        "delete_stories",
        "pin_messages",
        "manage_topics",
        "send_welcome_messages",
    )
)


class Clock:
    """Unix seconds: a start that runs on, and that a test can push forward."""

    def __init__(self, start: float | None) -> None:
        self._base = datetime.now(UTC).timestamp() if start is None else start
        self._began = time.monotonic()
        self.pushed = 0.0

    def now(self) -> float:
        """The fake's time."""
        return self._base + (time.monotonic() - self._began) + self.pushed


@dataclass(slots=True)
class Topic:
    """A forum topic; its id is the id of the message that announced it."""

    name: str
    closed: bool = False
    deleted: bool = False


@dataclass(slots=True)
class Chat:
    """One chat as the server keeps it."""

    id: int
    kind: str
    ids: Iterator[int]
    title: str = ""
    forum: bool = False
    person: Json | None = None
    members: dict[int, str] = field(default_factory=dict)
    anonymous: set[int] = field(default_factory=set)
    messages: dict[int, Json] = field(default_factory=dict)
    keyboards: dict[int, Json] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    """Rights that the bot was not given, as an administrator or when restricted."""
    silent: bool = False
    """Whether plain members may not write."""
    started: bool = False
    blocked: bool = False
    moved_to: int | None = None

    def describe(self) -> Json:
        """The Chat object inside messages."""
        if self.person is not None:
            names = ("first_name", "last_name", "username")
            shown = {name: self.person[name] for name in names if name in self.person}
            return {"id": self.id, "type": "private", **shown}
        forum = {"is_forum": True} if self.forum else {}
        return {"id": self.id, "type": self.kind, "title": self.title, **forum}

    @property
    def bot_is_admin(self) -> bool:
        """Administrators see everything, others what privacy mode lets through."""
        return self.members.get(BOT_ID) == "administrator"

    def bot_may(self, right: str) -> bool:
        """Whether the bot is an administrator with this right."""
        return self.bot_is_admin and right not in self.denied

    @property
    def bot_may_write(self) -> bool:
        """Whether what the bot sends would be taken."""
        if self.members.get(BOT_ID) == "restricted":
            return "can_send_messages" not in self.denied
        return self.bot_is_admin or not self.silent


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file on the server; `size` may be claimed larger than the bytes kept."""

    file_id: str
    name: str
    content: bytes
    size: int

    def describe(self) -> Json:
        """The common part of PhotoSize, Voice, Document, Sticker and File."""
        return {
            "file_id": self.file_id,
            "file_unique_id": f"u{self.file_id[:12]}",
            "file_size": self.size,
        }


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update nobody confirmed yet."""

    update_id: int
    body: Json
    expires: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it stands when you look; `text` is the text or the caption."""

    chat_id: int
    message_id: int
    sender_id: int
    date: int
    text: str
    entities: list[Json]
    reply_markup: Json | None
    protect_content: bool
    thread_id: int | None
    file_id: str | None
    raw: Json

    @property
    def buttons(self) -> list[Json]:
        """All buttons in reading order, inline or below the text field."""
        markup = self.reply_markup or {}
        rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
        return [button for row in rows for button in row]

    @property
    def labels(self) -> list[str]:
        """What the buttons say."""
        return [button["text"] for button in self.buttons]


class Flood:
    """The limits on speed: overall, per group (edits and topics count), per private chat."""

    def __init__(self) -> None:
        self._all: deque[float] = deque()
        self._groups: dict[int, deque[float]] = {}
        self._buckets: dict[int, tuple[float, float]] = {}

    def wait(self, chat_id: int, now: float) -> int:
        """Seconds to wait before one more to this chat; 0 when it may go."""
        while self._all and self._all[0] <= now - 1:
            self._all.popleft()
        if len(self._all) >= OVERALL_PER_SECOND:
            return 1
        if chat_id > 0:
            return 0 if self._tokens(chat_id, now) >= 1 else 1
        window = self._groups.setdefault(chat_id, deque())
        while window and window[0] <= now - 60:
            window.popleft()
        return 0 if len(window) < GROUP_PER_MINUTE else int(window[0] + 60 - now) + 1

    def note(self, chat_id: int, now: float) -> None:
        """One more went out."""
        self._all.append(now)
        if chat_id > 0:
            self._buckets[chat_id] = (self._tokens(chat_id, now) - 1, now)
        else:
            self._groups.setdefault(chat_id, deque()).append(now)

    def _tokens(self, chat_id: int, now: float) -> float:
        tokens, at = self._buckets.get(chat_id, (float(PRIVATE_BURST), now))
        return min(float(PRIVATE_BURST), tokens + now - at)


class World:
    """Everything the server knows. Methods that refuse raise RefusalError."""

    def __init__(self, start: float | None = None) -> None:
        self.clock = Clock(start)
        self.bot: Json = {
            "id": BOT_ID,
            "is_bot": True,
            "first_name": "Lắng Nghe (thử)",
            "username": BOT_NAME,
        }
        self.people: dict[int, Json] = {}
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, StoredFile] = {}
        self.links: dict[str, tuple[str, float]] = {}
        self.queries: dict[str, float] = {}
        self.answers: dict[str, Json] = {}
        self.texts: dict[tuple[str, str], Any] = {}
        self.webhook: Json = {}
        self.waiting: list[Waiting] = []
        self.allowed: list[str] = []
        self.flood = Flood()
        self.changed = asyncio.Event()
        self.numbers = itertools.count(1)
        self._private_ids = itertools.count(101)
        self._update_ids = itertools.count(880001)

    def touch(self) -> None:
        """Wake whoever waits for something to happen."""
        self.changed.set()
        self.changed = asyncio.Event()

    def now(self) -> int:
        """The date of a message written now."""
        return int(self.clock.now())

    # people and chats

    def person(self, user_id: int) -> Json:
        """A person's User object (made on first mention), and the private chat that waits."""
        if user_id not in self.people:
            self.people[user_id] = {
                "id": user_id,
                "is_bot": False,
                "first_name": "Người",
                "last_name": f"Thử {user_id}",
                "username": f"nguoi_thu_{user_id}",
                "language_code": "vi",
                "is_premium": True,
            }
            self.chats[user_id] = Chat(
                user_id, "private", self._private_ids, person=self.people[user_id]
            )
        return self.people[user_id]

    def add_group(self, chat_id: int, title: str, forum: bool) -> Chat:
        """A basic group, or a supergroup when the id says so (-100…)."""
        big = str(chat_id).startswith("-100")
        assert chat_id < 0, "a group's id is negative"
        assert big or not forum, "only a supergroup (-100…) has topics"
        # Number 1 is the note that the group was made; as a thread's number it means "General".
        ids = itertools.count(2) if big else self._private_ids
        chat = Chat(chat_id, "supergroup" if big else "group", ids, title=title, forum=forum)
        self.chats[chat_id] = chat
        return chat

    def member(self, chat: Chat, user_id: int) -> Json:
        """A ChatMember object."""
        user = self.bot if user_id == BOT_ID else self.people[user_id]
        status = chat.members.get(user_id, "left")
        body: Json = {"user": user, "status": status}
        hidden = user_id in chat.anonymous
        if status == "creator":
            body["is_anonymous"] = hidden
        elif status == "administrator":
            body |= {"can_be_edited": False, "is_anonymous": hidden}
            body |= dict.fromkeys(ADMIN_RIGHTS, True)
            if user_id == BOT_ID:
                body |= dict.fromkeys(chat.denied & set(ADMIN_RIGHTS), False)
        elif status == "restricted":
            free = user_id != BOT_ID or "can_send_messages" not in chat.denied
            body |= {"is_member": True, "can_send_messages": free, "until_date": 0}
        elif status == "kicked":
            body["until_date"] = 0
        return body

    # messages

    def post(self, chat: Chat, sender: Json, content: Json, **extra: Any) -> Json:
        """Put a message into a chat and return it as the server would show it."""
        message: Json = {
            "message_id": next(chat.ids),
            "from": sender,
            "chat": chat.describe(),
            "date": self.now(),
            **extra,
            **content,
        }
        chat.messages[message["message_id"]] = message
        self.touch()
        return message

    def store(self, content: bytes, name: str, size: int | None = None) -> StoredFile:
        """Keep a file and give it an id."""
        number = next(self.numbers)
        file_id = f"F{number:011d}-{BOT_ID}-file"
        self.files[file_id] = StoredFile(
            file_id, name, content, len(content) if size is None else size
        )
        return self.files[file_id]

    def show(self, chat: Chat, message: Json) -> Shown:
        """How a message looks now."""
        media = [message[kind] for kind in MEDIA if kind in message]
        newest = media[0][-1] if media and isinstance(media[0], list) else (media or [{}])[0]
        return Shown(
            chat_id=chat.id,
            message_id=message["message_id"],
            sender_id=message["from"]["id"],
            date=message["date"],
            text=message.get("text") or message.get("caption") or "",
            entities=message.get("entities") or message.get("caption_entities") or [],
            reply_markup=chat.keyboards.get(message["message_id"]),
            protect_content=bool(message.get("has_protected_content")),
            thread_id=message.get("message_thread_id"),
            file_id=newest.get("file_id"),
            raw=copy.deepcopy(message),
        )

    # updates

    def wants(self, kind: str) -> bool:
        """Whether the bot asked for this kind of update."""
        if self.allowed:
            return kind in self.allowed
        return kind not in RULES["update_types_opt_in"]

    def emit(self, kind: str, body: Json, lives: int = KEEP_UPDATES) -> None:
        """Queue an update, if the bot asked for its kind."""
        if self.wants(kind):
            self.queue({kind: copy.deepcopy(body)}, lives)

    def queue(self, update: Json, lives: int = KEEP_UPDATES) -> int:
        """Queue an update as it is, malformed or not; returns its id."""
        update_id = update.get("update_id", None)
        if not isinstance(update_id, int):
            update_id = next(self._update_ids)
            update = {"update_id": update_id, **update}
        self.waiting.append(Waiting(update_id, update, self.clock.now() + lives))
        self.touch()
        return update_id

    def pending(self) -> list[Waiting]:
        """What still waits; what grew too old is gone for good."""
        now = self.clock.now()
        self.waiting = [item for item in self.waiting if item.expires > now]
        return self.waiting

    def confirm(self, offset: int) -> None:
        """Forget what lies before the offset; negative counts from the end."""
        waiting = self.pending()
        if offset < 0:
            self.waiting = waiting[offset:]
        else:
            self.waiting = [item for item in waiting if item.update_id >= offset]

    # limits

    def slow_down(self, chat_id: int) -> None:
        """Raise 429 when one more message to this chat is too many."""
        if wait := self.flood.wait(chat_id, self.clock.now()):
            raise RefusalError(429, f"Too Many Requests: retry after {wait}", {"retry_after": wait})
