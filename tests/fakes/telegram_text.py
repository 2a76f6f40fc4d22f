"""What Telegram makes of a text: cleaning, HTML, entities, links, and its length afterwards.

Only HTML is spoken. Markdown would need its own parser and the product has no business with it.
"""

import html
import re
from dataclasses import dataclass
from typing import Any

MAX_RAW_BYTES = 32768
TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("span", "tg-spoiler"), "spoiler"),
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
TOKEN = re.compile(r"<(/?)([^\s<>]*)([^<>]*)>|<|&(?:#\d+|#x[0-9a-fA-F]+|lt|gt|amp|quot);|[^<&]+|&")
ATTRIBUTE = re.compile(r"([\w-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")
HOST = re.compile(r"[^/?#\s:@]+\.[^/?#\s:@]+(:\d+)?([/?#]\S*)?")


class TextError(ValueError):
    """The words of the real server for a text it does not take."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text as readers see it, with its entities (offsets in UTF-16 units)."""

    text: str
    entities: list[dict[str, Any]]


def formatted(
    text: str, parse_mode: str | None, entities: list[dict[str, Any]] | None
) -> Formatted:
    """The text after entity parsing, trimmed as the server trims; raises TextError."""
    if len(text.encode()) > MAX_RAW_BYTES:
        raise TextError("text is too long")
    mode = (parse_mode or "").lower()
    if mode not in {"", "html"}:
        known = mode in {"markdown", "markdownv2"}
        raise TextError("this fake speaks HTML only" if known else "unsupported parse_mode")
    if mode and entities:
        raise TextError("give parse_mode or entities, not both (the real server ignores one)")
    plain = clean(text)
    result = parse_html(plain) if mode else Formatted(plain, check_entities(plain, entities or []))
    return _trim(result)


def clean(text: str) -> str:
    """Without what the server takes out: CR, control characters, direction marks."""
    kept = re.sub(r"[\r\u2028-\u202e]", "", text)
    return re.sub(r"[\x00-\x09\x0b\x0c\x0e-\x1f]", " ", kept)


def units(text: str) -> int:
    """Length in UTF-16 code units, as entity offsets count."""
    return len(text.encode("utf-16-le")) // 2


def parse_html(source: str) -> Formatted:
    """Telegram's HTML; raises TextError with the server's words."""
    out: list[str] = []
    size = 0
    opened: list[tuple[str, int, dict[str, Any]]] = []
    entities: list[dict[str, Any]] = []
    for token in TOKEN.finditer(source):
        at = len(source[: token.start()].encode())
        if not token[0].startswith("<"):
            piece = html.unescape(token[0]) if token[0].startswith("&") else token[0]
            out.append(piece)
            size += units(piece)
        elif token[0] == "<":
            raise TextError(f"can't parse entities: Unclosed start tag at byte offset {at}")
        elif token[1]:
            entities += _close(opened, token[2].lower(), size, at)
        else:
            name = token[2].lower()
            opened.append((name, size, _open(name, token[3], at)))
    if opened:
        name = opened[-1][0]
        raise TextError(
            f"can't parse entities: Can't find end tag corresponding to start tag \"{name}\""
        )
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return Formatted("".join(out), entities)


def _open(name: str, rest: str, at: int) -> dict[str, Any]:
    if name not in TAGS:
        raise TextError(
            f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {at}'
        )
    given = {
        key.lower(): html.unescape(double or single or bare)
        for key, double, single, bare in ATTRIBUTE.findall(rest)
    }
    entity: dict[str, Any] = {"type": TAGS[name]}
    if name == "span" and given.get("class") != "tg-spoiler":
        raise TextError(
            f'can\'t parse entities: Tag "span" must have class "tg-spoiler" at byte offset {at}'
        )
    if name == "blockquote" and "expandable" in given:
        entity["type"] = "expandable_blockquote"
    if name == "a":
        url = given.get("href", "")
        if wrong := check_url(url):
            raise TextError(f"entity URL '{url}' is invalid: {wrong} (the real server drops it)")
        entity["url"] = url
    return entity


def _close(
    opened: list[tuple[str, int, dict[str, Any]]], name: str, size: int, at: int
) -> list[dict[str, Any]]:
    if not opened:
        raise TextError(f"can't parse entities: Unexpected end tag at byte offset {at}")
    expected, start, entity = opened.pop()
    if name not in ("", expected):
        raise TextError(
            f"can't parse entities: Unmatched end tag at byte offset {at}, "
            f'expected "</{expected}>", found "</{name}>"'
        )
    return [{**entity, "offset": start, "length": size - start}] if size > start else []


def check_entities(text: str, entities: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entities given beside a text: inside it, with links that work; raises TextError."""
    end = units(text)
    for entity in entities:
        offset, length = entity["offset"], entity["length"]
        if offset < 0:
            raise TextError(f"receive an entity with incorrect offset {offset}")
        if length <= 0:
            raise TextError(f"receive an entity with incorrect length {length}")
        if offset > end:
            raise TextError(f"entity begins after the end of the text at UTF-16 offset {offset}")
        if offset + length > end:
            raise TextError(
                f"entity beginning at UTF-16 offset {offset} ends after the end of the text "
                f"at UTF-16 offset {offset + length}"
            )
        if entity["type"] == "text_link" and (wrong := check_url(entity.get("url", ""))):
            raise TextError(f"entity URL '{entity.get('url', '')}' is invalid: {wrong}")
    return entities


def check_url(url: str) -> str | None:
    """What is wrong with a link, or None. `tel:` and the like never work on Telegram."""
    scheme, separator, rest = url.partition("://")
    if not url:
        return "URL host is empty"
    if separator and scheme.lower() == "tg":
        return None
    if separator and scheme.lower() not in {"http", "https"}:
        return "Unsupported URL protocol"
    return None if HOST.fullmatch(rest if separator else url) else "Wrong HTTP URL"


def _trim(given: Formatted) -> Formatted:
    kept = given.text.strip(" \n")
    lead = len(given.text) - len(given.text.lstrip(" \n"))
    end = units(kept)
    moved = []
    for entity in given.entities:
        start = max(0, entity["offset"] - lead)
        stop = min(end, entity["offset"] + entity["length"] - lead)
        if stop > start:
            moved.append({**entity, "offset": start, "length": stop - start})
    return Formatted(kept, moved)
