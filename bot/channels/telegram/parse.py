"""One raw update → a neutral message. Pure: no library, no network, no clock.

It builds anew and copies only what has a line here: names, handles, language, forwards, entities,
contact details, file names, thumbnails, sticker sets and quotes never enter the house. Whatever
comes, it gives an answer and never an exception.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.channels.telegram.fields import (
    largest,
    moment,
    number,
    point,
    rows,
    table,
    token,
    words,
)
from bot.channels.telegram.notes import CALLED, SERVICE
from handlers.events import Address, Incoming, Kind, Media, MediaKind, Side

CHANNEL = "telegram"
UPDATES = ("message", "edited_message", "callback_query", "my_chat_member", "chat_member")
"""What is asked for, always explicitly: the platform remembers the last set it was given."""

_MASKS = frozenset({1087968824, 777000, 136817688})
"""Ids behind which anybody may stand: anonymous admins, the platform itself, channels."""
_PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})
_START = re.compile(r"/start ([A-Za-z0-9_-]{1,64})")
_COMMAND = re.compile(r"(/[A-Za-z0-9_]{1,32})@[A-Za-z0-9_]{1,64}(?=\s|$)")
_PRESSED = re.compile(r"[ -~]{1,64}")
_IN = frozenset({"member", "administrator", "restricted", "creator"})
_OUT = frozenset({"left", "kicked"})


@dataclass(frozen=True, slots=True)
class Setting:
    """What reading needs to know: this bot, the officers' group (if any), and the time."""

    bot: str
    group: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one update says."""

    incoming: Incoming | None = None
    press: str = ""
    """The id of a button press that waits for its answer."""
    moved: tuple[str, str] | None = None
    """The officers' group has a new id: (old, new)."""
    topic: tuple[str, str] | None = None
    """The bot has made a topic in the officers' group: (id, name)."""
    member: str = ""
    """The person whose membership in the officers' group has changed."""
    odd: bool = False
    """It could not be read at all."""


@dataclass(frozen=True, slots=True)
class _Content:
    kind: Kind
    text: str = ""
    media: Media | None = None
    location: tuple[float, float] | None = None


_ODD = Parsed(odd=True)
_NOTHING = Parsed()


def update_id(update: object) -> int | None:
    """Give the update's number; None when it has none."""
    return number(table(update).get("update_id"))


def parse(update: object, setting: Setting) -> Parsed:
    """Read one update as the Bot API sends it."""
    if update_id(update) is None:
        return _ODD
    given = table(update)
    for name in UPDATES:
        if isinstance(given.get(name), dict):
            return _READERS[name](given, given[name], setting)
    return _ODD


def _message(update: dict[str, Any], message: dict[str, Any], setting: Setting) -> Parsed:
    chat = table(message.get("chat"))
    match chat.get("type"):
        case "private":
            return _private(update, message, setting)
        case "group" | "supergroup":
            return _group(update, message, setting)
        case _:
            return _NOTHING if chat else _ODD


def _private(update: dict[str, Any], message: dict[str, Any], setting: Setting) -> Parsed:
    person = number(table(message.get("chat")).get("id"))
    ref = number(message.get("message_id"))
    if person is None or person <= 0 or ref is None:
        return _ODD
    content = _content(message)
    if content is None or _hidden(message):
        return _NOTHING
    text, choice = _command(content.text) if content.kind is Kind.TEXT else (content.text, None)
    reply = number(table(message.get("reply_to_message")).get("message_id"))
    incoming = Incoming(
        event_id=_event(update, setting),
        ref=str(ref),
        at=moment(message.get("date"), setting.now),
        side=Side.RESIDENT,
        sender=_address(setting, person),
        kind=content.kind,
        text=text,
        choice=choice,
        media=content.media,
        location=content.location,
        reply_to=None if reply is None else str(reply),
    )
    return Parsed(incoming)


def _edited(update: dict[str, Any], message: dict[str, Any], setting: Setting) -> Parsed:
    """Read an edit. Locations that move by themselves are not words: they are dropped."""
    chat = table(message.get("chat"))
    person = number(chat.get("id"))
    ref = number(message.get("message_id"))
    if person is None or ref is None:
        return _ODD
    content = _content(message)
    if chat.get("type") != "private" or person <= 0 or _hidden(message) or content is None:
        return _NOTHING
    if not (content.text or content.media):
        return _NOTHING
    incoming = Incoming(
        event_id=_event(update, setting),
        ref=str(ref),
        at=moment(message.get("edit_date"), setting.now),
        side=Side.RESIDENT,
        sender=_address(setting, person),
        kind=Kind.EDIT,
        text=content.text,
        media=content.media,
    )
    return Parsed(incoming)


def _group(update: dict[str, Any], message: dict[str, Any], setting: Setting) -> Parsed:
    """Read a group's message: its words are dropped; only what concerns the bot is told."""
    here = number(table(message.get("chat")).get("id"))
    if here is None:
        return _ODD
    moved = _moved(message, here, setting)
    if moved:
        return Parsed(moved=moved)
    if str(here) != setting.group:
        called = CALLED & message.keys() and _calls_us(message, setting)
        return Parsed(_joined(update, message, here, setting)) if called else _NOTHING
    topic = _made_topic(message, setting)
    if topic:
        return Parsed(topic=topic)
    ref = number(message.get("message_id"))
    person = _person(message)
    if ref is None or person is None or _hidden(message) or SERVICE & message.keys():
        return _NOTHING
    reply = _reply_to_us(message, setting)
    if reply is None:
        return _NOTHING
    incoming = Incoming(
        event_id=_event(update, setting),
        ref=str(ref),
        at=moment(message.get("date"), setting.now),
        side=Side.DESK,
        sender=_address(setting, person),
        kind=Kind.TEXT,
        reply_to=str(reply),
        place=_address(setting, here),
    )
    return Parsed(incoming)


def _pressed(update: dict[str, Any], query: dict[str, Any], setting: Setting) -> Parsed:
    """Read a button press. Its data proves nothing: anybody can send any."""
    press = token(query.get("id"))
    person = _person(query)
    if person is None:
        return Parsed(press=press, odd=True)
    message = table(query.get("message"))
    chat = table(message.get("chat"))
    here = number(chat.get("id"))
    alone = here is None or here == person
    if not alone and str(here) != setting.group:
        return Parsed(press=press)
    data = query.get("data")
    choice = data if isinstance(data, str) and _PRESSED.fullmatch(data) else "?"
    desk = not alone or choice.startswith("d.")
    ref = number(message.get("message_id"))
    incoming = Incoming(
        event_id=_event(update, setting),
        ref="" if ref is None else str(ref),
        at=setting.now,
        side=Side.DESK if desk else Side.RESIDENT,
        sender=_address(setting, person),
        kind=Kind.CHOICE,
        choice=choice,
        place=None if alone or here is None else _address(setting, here),
    )
    return Parsed(incoming, press=press)


def _our_standing(update: dict[str, Any], change: dict[str, Any], setting: Setting) -> Parsed:
    """Read a change of the bot's own standing: blocked by a person, or taken into a group."""
    chat = table(change.get("chat"))
    here = number(chat.get("id"))
    status = token(table(change.get("new_chat_member")).get("status"))
    if here is None:
        return _ODD
    if chat.get("type") == "private":
        if status not in _OUT or here <= 0:
            return _NOTHING
        left = Incoming(
            event_id=_event(update, setting),
            ref="",
            at=moment(change.get("date"), setting.now),
            side=Side.RESIDENT,
            sender=_address(setting, here),
            kind=Kind.LEFT,
        )
        return Parsed(left)
    if str(here) == setting.group or status not in _IN:
        return _NOTHING
    return Parsed(_joined(update, change, here, setting))


def _their_standing(update: dict[str, Any], change: dict[str, Any], setting: Setting) -> Parsed:
    """Read a change of a member's standing in the officers' group."""
    here = number(table(change.get("chat")).get("id"))
    person = number(table(table(change.get("new_chat_member")).get("user")).get("id"))
    if here is None or person is None:
        return _ODD
    return Parsed(member=str(person)) if str(here) == setting.group else _NOTHING


_READERS: dict[str, Callable[[dict[str, Any], dict[str, Any], Setting], Parsed]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _pressed,
    "my_chat_member": _our_standing,
    "chat_member": _their_standing,
}


def _event(update: dict[str, Any], setting: Setting) -> str:
    return f"{CHANNEL}:{setting.bot}:{update_id(update)}"


def _address(setting: Setting, peer: int) -> Address:
    return Address(CHANNEL, setting.bot, str(peer))


def _person(given: dict[str, Any]) -> int | None:
    """Give who did it: a person's id, or None for bots, masks and nobody."""
    sender = table(given.get("from"))
    person = number(sender.get("id"))
    if person is None or person <= 0 or person in _MASKS or sender.get("is_bot") is True:
        return None
    return person


def _hidden(message: dict[str, Any]) -> bool:
    """Tell whether it was written in the name of a chat or by a bot."""
    bot = table(message.get("from")).get("is_bot") is True
    return bot or message.get("sender_chat") is not None


def _moved(message: dict[str, Any], here: int, setting: Setting) -> tuple[str, str] | None:
    """Tell whether the officers' group has become a supergroup with another id."""
    for old, new in (
        (here, number(message.get("migrate_to_chat_id"))),
        (number(message.get("migrate_from_chat_id")), here),
    ):
        if old is not None and new is not None and str(old) == setting.group:
            return str(old), str(new)
    return None


def _made_topic(message: dict[str, Any], setting: Setting) -> tuple[str, str] | None:
    """Tell whether this is the note of a topic that the bot itself has made."""
    made = table(message.get("forum_topic_created"))
    topic = number(message.get("message_thread_id"))
    ours = str(number(table(message.get("from")).get("id"))) == setting.bot
    name = words(made.get("name"))
    return (str(topic), name) if ours and name and topic is not None and topic > 0 else None


def _calls_us(message: dict[str, Any], setting: Setting) -> bool:
    """Tell whether this bot is among those who came (a new group has everybody in it)."""
    if "new_chat_members" not in message:
        return True
    members = map(table, rows(message.get("new_chat_members")))
    return any(str(number(member.get("id"))) == setting.bot for member in members)


def _joined(update: dict[str, Any], given: dict[str, Any], here: int, setting: Setting) -> Incoming:
    actor = _person(given)
    return Incoming(
        event_id=_event(update, setting),
        ref="",
        at=moment(given.get("date"), setting.now),
        side=Side.RESIDENT,
        sender=_address(setting, here if actor is None else actor),
        kind=Kind.JOINED,
        place=_address(setting, here),
    )


def _reply_to_us(message: dict[str, Any], setting: Setting) -> int | None:
    """Give the bot's own message this one answers. In a topic everything answers its first note."""
    answered = table(message.get("reply_to_message"))
    if str(number(table(answered.get("from")).get("id"))) != setting.bot:
        return None
    if SERVICE & answered.keys():
        return None
    ref = number(answered.get("message_id"))
    topic = message.get("is_topic_message") is True
    return None if topic and ref == number(message.get("message_thread_id")) else ref


def _command(text: str) -> tuple[str, str | None]:
    """Take a handle off a command and a ticket off /start; other words stay as they are."""
    plain = _COMMAND.sub(r"\1", text, count=1) if text.startswith("/") else text
    start = _START.fullmatch(plain)
    return ("/start", f"start:{start[1]}") if start else (plain, None)


def _content(message: dict[str, Any]) -> _Content | None:
    """Give what a person put into a message; None for the platform's own notes."""
    if isinstance(message.get("text"), str):
        return _Content(Kind.TEXT, words(message["text"]))
    for name, read in _CONTENTS.items():
        if message.get(name) is not None:
            return read(message, message[name])
    if SERVICE & message.keys():
        return None
    return _Content(Kind.WITHHELD)


def _file(kind: MediaKind) -> Callable[[dict[str, Any], object], _Content]:
    """Make the reader of one kind of file."""

    def read(message: dict[str, Any], given: object) -> _Content:
        return _media(message, kind, table(given))

    return read


def _media(message: dict[str, Any], kind: MediaKind, given: dict[str, Any]) -> _Content:
    ref, size = token(given.get("file_id")), number(given.get("file_size"))
    media = Media(kind, ref, size if size is not None and size >= 0 else None)
    return _Content(Kind.MEDIA, words(message.get("caption")), media)


def _photo(message: dict[str, Any], given: object) -> _Content:
    return _media(message, MediaKind.PICTURE, largest(given))


def _document(message: dict[str, Any], given: object) -> _Content:
    picture = table(given).get("mime_type")
    known = isinstance(picture, str) and picture.lower() in _PICTURES
    return _media(message, MediaKind.PICTURE if known else MediaKind.FILE, table(given))


def _bare(kind: MediaKind) -> Callable[[dict[str, Any], object], _Content]:
    """Make the reader of something whose bytes are never fetched: that it came is all we keep."""

    def read(message: dict[str, Any], given: object) -> _Content:
        del message, given
        return _Content(Kind.MEDIA, media=Media(kind))

    return read


def _location(message: dict[str, Any], given: object) -> _Content:
    where = point(given) or point(table(message.get("venue")).get("location"))
    return _Content(Kind.LOCATION, location=where) if where else _Content(Kind.WITHHELD)


# The order matters: an animation carries a document too, a live photo a photo, a venue a location.
_CONTENTS: dict[str, Callable[[dict[str, Any], object], _Content]] = {
    "animation": _file(MediaKind.VIDEO),
    "photo": _photo,
    "document": _document,
    "voice": _file(MediaKind.VOICE),
    "audio": _file(MediaKind.VOICE),
    "video": _file(MediaKind.VIDEO),
    "video_note": _file(MediaKind.VIDEO),
    "sticker": _bare(MediaKind.STICKER),
    "contact": _bare(MediaKind.CONTACT),
    "users_shared": _bare(MediaKind.CONTACT),
    "chat_shared": _bare(MediaKind.CONTACT),
    "location": _location,
    "venue": _location,
}
