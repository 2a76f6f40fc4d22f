"""A table somebody filled in by hand, read with patience: every slip is noted, none stops the reading.

Knows no file, no ward and no hotline. A value that was wrong is replaced by a harmless stand-in,
so whoever reads must look at `problems` before using anything.
"""

import difflib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import TypeGuard, TypeVar

from handlers.bilingual import Bilingual

Table = Mapping[str, object]
T = TypeVar("T")

# What a clerk leaves standing in a line that is not filled in yet.
NOT_YET = "chưa có"
BLANK = "…"


class Sheet:
    """One table. `prefix` is how its keys are called in a problem, such as "hours."."""

    def __init__(self, data: Table, prefix: str, problems: list[str]) -> None:
        self.problems = problems
        self._data = data
        self._prefix = prefix
        self._asked: list[str] = []
        self._inner: list[Sheet] = []

    def has(self, key: str) -> bool:
        """Whether an optional key is there."""
        return self.take(key) is not None

    def trouble(self, key: str, vi: str, en: str) -> None:
        """Note what is wrong with `key`, in both languages."""
        self.problems.append(f"{self._prefix}{key}: {vi} / {en}")

    def take(self, key: str) -> object | None:
        """The raw value; None when the key is absent."""
        self._asked.append(key)
        return self._data.get(key)

    def text(self, key: str, *, optional: bool = False, longest: int = 120) -> str:
        """One line of text, NFC, spaces tidied; "" when optional and not filled in."""
        value = self.take(key)
        if value is None:
            value = ""
        if not isinstance(value, str):
            self.trouble(key, "cần là chữ trong ngoặc kép", "must be text in quotes")
            return ""
        line = " ".join(unicodedata.normalize("NFC", value).split())
        if not line or line.casefold() == NOT_YET or BLANK in line:
            if not optional:
                self.trouble(key, "chưa điền", "not filled in")
            return ""
        if len(line) > longest:
            self.trouble(key, f"dài quá {longest} ký tự", f"longer than {longest} characters")
        return line

    def pair(self, key: str) -> Bilingual:
        """A text in Vietnamese and English; line breaks inside are kept."""
        value = self.take(key)
        if not isinstance(value, Mapping):
            self.trouble(key, "cần cả .vi và .en", "needs both .vi and .en")
            return Bilingual("", "")
        inner = Sheet(value, f"{self._prefix}{key}.", self.problems)
        self._inner.append(inner)
        return Bilingual(inner.lines("vi"), inner.lines("en"))

    def lines(self, key: str) -> str:
        """A text that may have several lines, NFC, never empty."""
        value = self.take(key)
        if not isinstance(value, str) or not value.strip():
            self.trouble(key, "thiếu lời", "the words are missing")
            return ""
        rows = unicodedata.normalize("NFC", value).strip().splitlines()
        return "\n".join(" ".join(row.split()) for row in rows)

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both allowed."""
        value = self.take(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.trouble(
                key,
                f"cần là số nguyên từ {low} đến {high}",
                f"must be a whole number from {low} to {high}",
            )
            return low
        return value

    def flag(self, key: str) -> bool:
        """true or false, without quotes."""
        value = self.take(key)
        if not isinstance(value, bool):
            self.trouble(key, "cần là true hoặc false", "must be true or false")
            return False
        return value

    def day(self, key: str) -> date:
        """A day such as 2026-11-23, without quotes."""
        value = self.take(key)
        if _is_day(value):
            return value
        self.trouble(key, "cần là ngày, như 2026-11-23", "must be a day such as 2026-11-23")
        return date.min

    def days(self, key: str) -> frozenset[date]:
        """A list of days; empty when the key is absent."""
        return frozenset(self._list(key, _is_day, "ngày, như 2027-01-01", "days like 2027-01-01"))

    def words(self, key: str) -> tuple[str, ...]:
        """A list of short texts, NFC; empty when the key is absent."""
        found = self._list(key, _is_word, "chữ trong ngoặc kép", "texts in quotes")
        return tuple(" ".join(unicodedata.normalize("NFC", word).split()) for word in found)

    def table(self, key: str) -> "Sheet":
        """The table below `key`; an absent one reads as empty, so each of its keys is named."""
        return self._open({} if (value := self.take(key)) is None else value, key, f"{key}.")

    def tables(self, key: str) -> "tuple[Sheet, ...]":
        """The list of tables [[key]]; none when the key is absent."""
        value = self.take(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.trouble(key, f"cần viết là [[{key}]]", f"must be written as [[{key}]]")
            return ()
        numbered = enumerate(value, start=1)
        return tuple(self._open(row, key, f"{key}[{place}].") for place, row in numbered)

    def finish(self) -> None:
        """Call last, at the top: name every key nobody asked for, with a likely meaning."""
        everywhere = dict(self._keys())
        for sheet in self._all():
            for key in sheet._data:
                if key not in sheet._asked:
                    vi, en = _hint(key, sheet._asked, everywhere)
                    sheet.trouble(key, f"không có mục này{vi}", f"unknown key{en}")

    def rename(self, prefix: str) -> None:
        """Call this table by a better name, once its own code or title is known."""
        self._prefix = prefix

    def _open(self, value: object, key: str, prefix: str) -> "Sheet":
        if isinstance(value, Mapping):
            sheet = Sheet(value, self._prefix + prefix, self.problems)
        else:
            self.trouble(key, f"cần là một bảng, viết [{key}]", f"must be a table, written [{key}]")
            # One slip, one sentence: what is missing inside goes on a list nobody reads.
            sheet = Sheet({}, self._prefix + prefix, [])
        self._inner.append(sheet)
        return sheet

    def _list(self, key: str, fits: Callable[[object], TypeGuard[T]], vi: str, en: str) -> list[T]:
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(map(fits, value)):
            self.trouble(key, f"cần là danh sách [ ] gồm {vi}", f"must be a list [ ] of {en}")
            return []
        return [one for one in value if fits(one)]

    def _all(self) -> "Iterator[Sheet]":
        yield self
        for sheet in self._inner:
            yield from sheet._all()

    def _keys(self) -> Iterator[tuple[str, str]]:
        for sheet in self._all():
            for key in sheet._asked:
                yield key, f"{sheet._prefix}{key}"


def _is_day(value: object) -> TypeGuard[date]:
    # A datetime is a date to Python; a day with an hour is a slip of the hand.
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_word(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())


def _hint(key: str, asked: list[str], everywhere: Mapping[str, str]) -> tuple[str, str]:
    """What the writer probably meant: a key of this table, or one of another table."""
    if near := difflib.get_close_matches(key, asked, n=1):
        meant = near[0]
    elif key in everywhere:
        # In TOML a line typed below [hours] belongs to [hours], wherever the clerk meant it to be.
        meant = everywhere[key]
    elif near := difflib.get_close_matches(key, list(everywhere), n=1):
        meant = everywhere[near[0]]
    else:
        return "", ""
    return f"; có phải là {meant}?", f"; did you mean {meant}?"
