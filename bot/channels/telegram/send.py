"""What goes out → the platform's calls. Plain text and our own bytes; nothing is ever forwarded.

No markup is parsed: the only entity is the spoiler, whose place is counted in UTF-16.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from telegram import InputFile

from bot.channels.channel import Failed, Hopeless, Key, Outgoing

MAX_TEXT = 4096
"""Characters in one message (Bot API; code points, which is what Python counts)."""
MAX_DATA = 64
"""Bytes that a button can carry."""
AGAIN = "(gửi lại)"
GENERAL = "1"
_THREAD = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the Bot API."""

    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a text that fits into one message; `hidden`: where the spoiler lies in it."""

    text: str
    hidden: tuple[int, int] | None = None


def calls(chat: int, message: Outgoing) -> tuple[Call, ...]:
    """Give the calls that send a message: text, then pictures, then voices.

    Raises Failed(REFUSED) for a message with nothing in it, ValueError for an unusable button.
    """
    board = keyboard(message.keys)
    pieces = _pieces(message)
    if not pieces and (board or not (message.pictures or message.voices)):
        raise Failed(Hopeless.REFUSED)
    common: dict[str, Any] = {"chat_id": chat} | thread(message.topic)
    if message.secret:
        common["protect_content"] = True
    made = [Call("sendMessage", common | _text(piece)) for piece in pieces]
    if board:
        made[-1].params["reply_markup"] = board
    for number, picture in enumerate(message.pictures, 1):
        made.append(Call("sendPhoto", common | _picture(picture, number, message.secret)))
    for number, voice in enumerate(message.voices, 1):
        name = f"loi-{number}.ogg"
        made.append(Call("sendVoice", common | {"voice": InputFile(voice, filename=name)}))
    return tuple(made)


def thread(topic: str) -> dict[str, int]:
    """Give the parameter that places a message in a topic.

    The general topic is the group itself: its number is refused where a topic is asked for.
    """
    if not _THREAD.fullmatch(topic) or topic == GENERAL:
        return {}
    return {"message_thread_id": int(topic)}


def edit(chat: int, ref: int, message: Outgoing) -> Call:
    """Give the call that brings a message up to date; what does not fit into one is cut off.

    Raises Failed(REFUSED) for an empty text, ValueError for an unusable button.
    """
    text, hidden = _whole(message)
    if not text.strip():
        raise Failed(Hopeless.REFUSED)
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT - 1].rstrip() + "…"
    params = {"chat_id": chat, "message_id": ref} | _text(_piece(text, 0, hidden))
    board = keyboard(message.keys)
    if board:
        params["reply_markup"] = board
    return Call("editMessageText", params)


def keyboard(keys: tuple[tuple[Key, ...], ...]) -> dict[str, Any] | None:
    """Give an inline keyboard. Numbers to dial stay in the text: no button here can dial."""
    rows = [[_button(key) for key in row if not key.tel] for row in keys]
    rows = [row for row in rows if row]
    return {"inline_keyboard": rows} if rows else None


def _button(key: Key) -> dict[str, str]:
    if key.link:
        return {"text": key.label, "url": key.link}
    if not 1 <= len(key.id.encode()) <= MAX_DATA:
        raise ValueError(f"a button's id takes 1 to {MAX_DATA} bytes")
    return {"text": key.label, "callback_data": key.id}


def _picture(data: bytes, number: int, secret: bool) -> dict[str, Any]:
    params: dict[str, Any] = {"photo": InputFile(data, filename=f"anh-{number}.jpg")}
    return params | {"has_spoiler": True} if secret else params


def _text(piece: _Piece) -> dict[str, Any]:
    params: dict[str, Any] = {"text": piece.text, "link_preview_options": {"is_disabled": True}}
    if piece.hidden:
        start, end = piece.hidden
        offset, length = _utf16(piece.text[:start]), _utf16(piece.text[start:end])
        params["entities"] = [{"type": "spoiler", "offset": offset, "length": length}]
    return params


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _whole(message: Outgoing) -> tuple[str, tuple[int, int]]:
    """Give the text with the mark of a repeat and the hidden words, and where these lie."""
    text = message.text.strip()
    if message.again and text:
        text = f"{AGAIN}\n{text}"
    hidden = message.spoiler.strip()
    if not hidden:
        return text, (0, 0)
    start = len(text) + 2 if text else 0
    whole = f"{text}\n\n{hidden}" if text else hidden
    return whole, (start, start + len(hidden))


def _pieces(message: Outgoing) -> tuple[_Piece, ...]:
    text, hidden = _whole(message)
    return tuple(_piece(text[start:end], start, hidden) for start, end in split(text))


def _piece(text: str, start: int, hidden: tuple[int, int]) -> _Piece:
    first = max(hidden[0] - start, 0)
    last = min(hidden[1] - start, len(text))
    return _Piece(text, (first, last) if first < last else None)


def split(text: str, limit: int = MAX_TEXT) -> Iterator[tuple[int, int]]:
    """Give the bounds of pieces of at most `limit`: at a paragraph, else a line, a space, a letter.

    Pieces neither begin nor end with white space (the platform would trim it and shift a spoiler).
    """
    start = 0
    while start < len(text):
        if text[start].isspace():
            start += 1
            continue
        end = _end(text, start, limit)
        yield start, start + len(text[start:end].rstrip())
        start = end


def _end(text: str, start: int, limit: int) -> int:
    """Give where the piece that begins at `start` ends."""
    end = start + limit
    if end >= len(text):
        return len(text)
    for gap in ("\n\n", "\n", " "):
        found = text.rfind(gap, start + limit // 2, end + len(gap))
        if found > 0:
            return found
    while end > start + 1 and unicodedata.combining(text[end]):
        end -= 1
    return end
