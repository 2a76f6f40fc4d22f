"""A 256-bit key as 28 everyday Vietnamese words on paper: four rows of seven.

Each row carries 64 bits of the key and 6 check bits of its own, so a slip is told by its row, and
an unknown word by its place. Accents and capitals do not matter. Which key it is, is not known here.
"""

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from handlers.reading import fold

ROWS = 4
WORDS_A_ROW = 7
WORDS = ROWS * WORDS_A_ROW
KEY_BYTES = 32

_WORD_BITS = 10
_ROW_BITS = 64
_CHECK_BITS = WORDS_A_ROW * _WORD_BITS - _ROW_BITS


class Kind(StrEnum):
    """Which key the words are of; the words of one do not pass for those of the other."""

    ROOT = "root"
    COMMITTEE = "committee"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A word that is not in the list. Counted from 1. `near`: what may be meant."""

    row: int
    place: int
    word: str
    near: tuple[str, ...]


class Misread(Exception):  # noqa: N818  (said to whoever types, in the words of the house)
    """These words are not a key. Says where to look again."""

    def __init__(
        self,
        *,
        count: int = WORDS,
        unknown: tuple[Unknown, ...] = (),
        rows: tuple[int, ...] = (),
        other: Kind | None = None,
    ) -> None:
        """`count`: how many words there were. `rows`: whose check fails, from 1.

        `other`: they are whole, but of the other kind of key.
        """
        super().__init__("not the words of a key")
        self.count = count
        self.unknown = unknown
        self.rows = rows
        self.other = other


class Paper:
    """Writes and reads keys as words. `listed`: 1,024 words that differ without accents."""

    __slots__ = ("_known", "_listed")

    def __init__(self, listed: Sequence[str]) -> None:
        """Take the list. Raises ValueError when it is not such a list."""
        self._listed = tuple(listed)
        self._known = {fold(word): place for place, word in enumerate(self._listed)}
        if len(self._known) != 1 << _WORD_BITS or len(self._listed) != 1 << _WORD_BITS:
            raise ValueError("needs 1,024 words that differ without accents")

    def spell(self, key: bytes, kind: Kind) -> tuple[tuple[str, ...], ...]:
        """Give the four rows of seven words for 32 bytes."""
        size = _ROW_BITS // 8
        parts = [key[start : start + size] for start in range(0, KEY_BYTES, size)]
        return tuple(self._row(part, number, kind) for number, part in enumerate(parts))

    def read(self, text: str, kind: Kind) -> bytes:
        """Give the 32 bytes back. Numbers, commas and line breaks do not matter. Raises Misread."""
        words = [
            word
            for word in fold(text).replace(",", " ").replace(".", " ").split()
            if not word.isdigit()
        ]
        unknown = tuple(
            Unknown(place // WORDS_A_ROW + 1, place % WORDS_A_ROW + 1, word, self._near(word))
            for place, word in enumerate(words)
            if word not in self._known
        )
        if unknown or len(words) != WORDS:
            raise Misread(count=len(words), unknown=unknown)
        rows = [words[start : start + WORDS_A_ROW] for start in range(0, WORDS, WORDS_A_ROW)]
        wrong = self._wrong(rows, kind)
        if wrong:
            other = next(one for one in Kind if one is not kind)
            raise Misread(rows=wrong, other=None if self._wrong(rows, other) else other)
        return b"".join(self._bits(row)[0] for row in rows)

    def _row(self, part: bytes, number: int, kind: Kind) -> tuple[str, ...]:
        bits = int.from_bytes(part, "big") << _CHECK_BITS | _check(part, number, kind)
        shifts = range((WORDS_A_ROW - 1) * _WORD_BITS, -1, -_WORD_BITS)
        return tuple(self._listed[bits >> shift & (1 << _WORD_BITS) - 1] for shift in shifts)

    def _bits(self, row: list[str]) -> tuple[bytes, int]:
        bits = 0
        for word in row:
            bits = bits << _WORD_BITS | self._known[word]
        return (bits >> _CHECK_BITS).to_bytes(_ROW_BITS // 8, "big"), bits & (1 << _CHECK_BITS) - 1

    def _wrong(self, rows: list[list[str]], kind: Kind) -> tuple[int, ...]:
        read = enumerate(map(self._bits, rows))
        return tuple(n + 1 for n, (part, check) in read if check != _check(part, n, kind))

    def _near(self, word: str) -> tuple[str, ...]:
        near = difflib.get_close_matches(word, self._known, 3, 0.5)
        return tuple(self._listed[self._known[one]] for one in near)


def _check(part: bytes, number: int, kind: Kind) -> int:
    """Give a row's check bits: another row, or another kind of key, has others."""
    digest = hashlib.sha256(f"{kind}|{number}|".encode() + part).digest()
    return digest[0] >> 8 - _CHECK_BITS
