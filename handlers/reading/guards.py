"""When a matched danger is not one: denied, in a film or lesson, a "what if", an animal's or a
device's. Knows the lists of guards.toml by name and no danger by name.

A guard never silences a person who says it of themselves now ("xem phim xong em cũng muốn chết").
"""

from collections.abc import Sequence
from enum import IntEnum

from handlers.reading.rules import Found, Match, Pattern

NAMES = frozenset({"negation", "fiction", "hypothetical", "animal"})
LISTS = (
    "NEG", "NOT_NEG", "BRIDGE", "STORY", "MEDIA", "EGO", "NOT_EGO", "EGO_ALSO", "PREVENT", "IF", "ASK",
    "ANIMAL", "OWNER", "PAST", "INFO",
)  # fmt: skip


class Verdict(IntEnum):
    """What is left of a match: nothing, a gentle question, all of it."""

    STOP = 0
    DOUBT = 1
    FIRE = 2


def _bits(start: int, end: int) -> int:
    return (1 << max(end, 0)) - (1 << max(start, 0)) if end > start else 0


class Guards:
    """The guards over one message; places are looked up once and shared by all matches."""

    def __init__(self, found: Found, denials: Sequence[Pattern]) -> None:
        self._found = found
        self._neg = found.cover("NEG")
        self._neg_starts = found.starts(("NEG",))
        self._bridge = found.cover("BRIDGE")
        self._story = found.cover("STORY")
        self._media = found.cover("MEDIA")
        self._animal = found.cover("ANIMAL")
        # the "con" of "con mèo" is no child
        self._ego = found.cover("EGO") & ~(self._animal >> 1) & ~found.cover("NOT_EGO")
        # the "em" of "con mèo nhà em" and "điện thoại em" is no victim
        owners = found.cover("OWNER") | self._animal
        self._victim = self._ego & ~(owners << 1)
        self._prevent = found.cover("PREVENT")
        self._asked = bool(found.cover("IF") and found.cover("ASK"))
        self._denied = [m for p in denials for m in found.matches(p)]

    def judge(self, match: Match, ignore: frozenset[str]) -> Verdict:
        """What is left of `match`; guards named in `ignore` do not look at it."""
        if "negation" not in ignore and self._negated(match):
            return Verdict.STOP
        if "animal" not in ignore and self._of_animal(match):
            return Verdict.STOP
        if self._found.cover("EGO_ALSO") & _bits(match.start - 3, match.end):
            return Verdict.FIRE
        if "fiction" not in ignore and self._told(match):
            return Verdict.STOP
        if "hypothetical" not in ignore and self._supposed(match):
            own = self._ego & _bits(match.start - 1, match.end)
            return Verdict.DOUBT if own else Verdict.STOP
        return Verdict.FIRE

    def _clause(self, match: Match, breaks: int) -> tuple[int, int]:
        """Where the clause (or sentence) around `match` begins and ends."""
        before = breaks & _bits(0, match.start + 1)
        after = breaks >> match.end
        end = match.end + (after & -after).bit_length() - 1 if after else self._found.size
        return max(before.bit_length() - 1, 0), end

    def _negated(self, match: Match) -> bool:
        exempt = 0
        for size, starts in self._found.places(("NOT_NEG",)):
            outside = starts & ~_bits(match.start - size + 1, match.start)
            for shift in range(size):
                exempt |= outside << shift
        neg = self._neg & ~exempt
        if self._neg_starts & neg & match.inside or any(
            d.start < match.end <= d.end for d in self._denied
        ):
            return True
        begin, _ = self._clause(match, self._found.text.soft)
        at = match.start - 1
        while at >= begin and self._bridge >> at & 1 and not neg >> at & 1:
            at -= 1
        return at >= begin and bool(neg >> at & 1)

    def _of_animal(self, match: Match) -> bool:
        begin, end = self._clause(match, self._found.text.soft)
        near = _bits(max(begin, match.start - 5), match.start) | match.inside
        near |= _bits(match.end, min(end, match.end + 1))
        return bool(self._animal & near) and not self._victim & _bits(match.start - 2, match.end)

    def _told(self, match: Match) -> bool:
        sentence = _bits(*self._clause(match, self._found.text.hard))
        if self._story & sentence:
            return True
        return bool(self._media & sentence) and not self._ego & _bits(match.start - 3, match.end)

    def _supposed(self, match: Match) -> bool:
        sentence = _bits(*self._clause(match, self._found.text.hard))
        return self._asked or bool(self._prevent & sentence)
