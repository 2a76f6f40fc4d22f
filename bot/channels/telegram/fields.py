"""Reading fields of JSON that may hold anything: the right type, or nothing. Never an exception."""

import math
import re
from datetime import UTC, datetime
from typing import Any

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_TOKEN = re.compile(r"[!-~]{1,256}")
_LIMIT = 2**63
_PHOTO_BYTES = 10 * 1024 * 1024


def table(value: object) -> dict[str, Any]:
    """Give an object of the JSON; {} when it is none."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Any]:
    """Give a list of the JSON; [] when it is none."""
    return value if isinstance(value, list) else []


def number(value: object) -> int | None:
    """Give a whole number of at most 63 bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_LIMIT < value < _LIMIT else None


def token(value: object) -> str:
    """Give an opaque id of the platform (printable ASCII); "" when it is none."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else ""


def words(value: object) -> str:
    """Give a person's words as typed, without what no person types: NUL, controls, half letters."""
    if not isinstance(value, str):
        return ""
    return _UNSEEN.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))


def moment(value: object, now: datetime) -> datetime:
    """Give the platform's time of an event; `now` when it is missing or in the future."""
    seconds = number(value)
    if seconds is None or not 0 < seconds < 2**33:
        return now
    return min(datetime.fromtimestamp(seconds, UTC), now)


def point(value: object) -> tuple[float, float] | None:
    """Give latitude and longitude when both are real."""
    place = table(value)
    found = []
    for name, most in (("latitude", 90.0), ("longitude", 180.0)):
        degrees = place.get(name)
        if isinstance(degrees, bool) or not isinstance(degrees, int | float):
            return None
        if not (math.isfinite(degrees) and abs(degrees) <= most):
            return None
        found.append(float(degrees))
    return found[0], found[1]


def largest(sizes: object) -> dict[str, Any]:
    """Give the largest of a photo's sizes that may be fetched (10 MB); {} when none may."""
    able = [
        size
        for size in map(table, rows(sizes))
        if token(size.get("file_id")) and (number(size.get("file_size")) or 0) <= _PHOTO_BYTES
    ]
    return max(able, key=_area, default={})


def _area(size: dict[str, Any]) -> int:
    return (number(size.get("width")) or 0) * (number(size.get("height")) or 0)
