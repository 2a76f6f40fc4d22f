"""The rule language and its matcher. Rules are plain data; a message is a row of words.

A pattern is a row of elements: `muốn` a word, `không_muốn` words in a row, `LIST` any phrase of a
list, `a|b|LIST` one of them, `..` or `..5` up to 3 (5) words between, `^` and `$` clause start and
end (`x ..2 $`: at most 2 words before the end; `x|$`: x or the end), ` & ` joins patterns that must all be found in the message, in any order. In lists and
patterns `!phrase` counts only when written with its accents, `~phrase` only without.

Every element becomes a bit set of places; a pattern is a handful of shifts and ands over them, so
no text, however hostile, can make it backtrack.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from handlers.reading.normalise import Words
from handlers.reading.syllable import bare

MAX_GAP, MAX_PHRASE = 6, 8
_ELEMENT = re.compile(r"[!~]?[^\W_][\w]*(\|[!~]?[^\W_][\w]*)*$")
_TONED = re.compile(r"[^\x00-\x7fđĐ]")


class BadRuleError(ValueError):
    """The rule data cannot be used; the message names the file and the rule."""


@dataclass(frozen=True, slots=True)
class Step:
    """One element: any of `slots`, at most `gap` words after the one before."""

    slots: tuple[str, ...]
    gap: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """Steps in a row; `first`: must begin a clause; `tail`: how many words may stand between its
    end and the end of the clause, None when that does not matter."""

    steps: tuple[Step, ...]
    first: bool
    tail: int | None


@dataclass(frozen=True, slots=True)
class Match:
    """Words `start` to `end` (excluded); `inside`: bit set of the words in its gaps."""

    start: int
    end: int
    inside: int


@dataclass(slots=True)
class _Node:
    exact: dict[str, "_Node"] = field(default_factory=dict)
    loose: dict[str, list["_Node"]] = field(default_factory=dict)
    slots: list[str] = field(default_factory=list)
    accented_only: list[str] = field(default_factory=list)
    bare_only: list[str] = field(default_factory=list)


class Lexicon:
    """All phrases of all lists and patterns in one tree, so a message is looked up once."""

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self._root = _Node()
        self._lists = {name: _flatten(name, lists, ()) for name in lists}
        for name, phrases in self._lists.items():
            for phrase in phrases:
                self._add(name, phrase)

    def has(self, name: str) -> bool:
        """Whether a list of this name is there."""
        return name in self._lists

    def rarest(self, pattern: Pattern) -> tuple[str, ...]:
        """The slots of the step with the fewest phrases: where to look first."""
        weigh = (sum(len(self._lists[s]) for s in step.slots) for step in pattern.steps)
        return min(zip(weigh, (s.slots for s in pattern.steps), strict=True))[1]

    def pattern(self, text: str) -> list[tuple[Pattern, ...]]:
        """Compile `text`, which may stand for several patterns; raises BadRuleError."""
        items = text.split()
        if items and "$" in (ends := items[-1].split("|")) and len(ends) > 1:
            ends.remove("$")
            head = " ".join(items[:-1])
            return self.pattern(f"{head} {'|'.join(ends)}") + self.pattern(f"{head} $")
        return [tuple(self._part(part.split()) for part in text.split(" & "))]

    def _part(self, items: list[str]) -> Pattern:
        first, last = items[:1] == ["^"], items[-1:] == ["$"]
        steps: list[Step] = []
        gap = 0
        for item in items[first : len(items) - last]:
            if item.startswith(".."):
                gap = _gap(item)
                continue
            if not _ELEMENT.match(item):
                raise BadRuleError(f"{item!r} is not an element")
            steps.append(Step(tuple(self._slot(a) for a in item.split("|")), gap))
            gap = 0
        if not steps or steps[0].gap or (gap and not last):
            raise BadRuleError("a pattern begins and ends with an element, not with a gap")
        return Pattern(tuple(steps), first, gap if last else None)

    def _slot(self, item: str) -> str:
        if item.isupper():
            if item not in self._lists:
                raise BadRuleError(f"no list is called {item}")
            return item
        phrase = item.replace("_", " ")
        if phrase not in self._lists:
            self._lists[phrase] = (phrase,)
            self._add(phrase, phrase)
        return phrase

    def _add(self, slot: str, phrase: str) -> None:
        mark, words = (phrase[0], phrase[1:]) if phrase[0] in "!~" else ("", phrase)
        if not 0 < len(words.split()) <= MAX_PHRASE or words != words.lower():
            raise BadRuleError(f"{phrase!r} must be 1 to {MAX_PHRASE} words in lower case")
        node = self._root
        for word in words.split():
            if word not in node.exact:
                node.exact[word] = _Node()
                node.loose.setdefault(bare(word), []).append(node.exact[word])
            node = node.exact[word]
        {"": node.slots, "!": node.accented_only, "~": node.bare_only}[mark].append(slot)

    def find(self, text: Words) -> "Found":
        """Every phrase at every place of `text`."""
        found: dict[str, dict[int, int]] = {}
        for start in range(len(text.words)):
            for slot, size in self._walk(text, start):
                sizes = found.setdefault(slot, {})
                sizes[size] = sizes.get(size, 0) | 1 << start
        return Found(text, found)

    def _walk(self, text: Words, start: int) -> Iterator[tuple[str, int]]:
        nodes = [(self._root, True)]
        for at in range(start, min(start + MAX_PHRASE, len(text.words))):
            if at > start and text.soft >> at & 1:
                return
            word = text.words[at]
            if text.strict or _TONED.search(word):
                nodes = [(n.exact[word], e) for n, e in nodes if word in n.exact]
            else:
                key = bare(word)
                nodes = [
                    (child, exact and word in node.exact and node.exact[word] is child)
                    for node, exact in nodes
                    for child in node.loose.get(key, ())
                ]
            for node, exact in nodes:
                for slot in node.slots:
                    yield slot, at + 1 - start
                for slot in node.accented_only if exact else ():
                    yield slot, at + 1 - start
                for slot in () if text.strict else node.bare_only:
                    yield slot, at + 1 - start


def _flatten(
    name: str, lists: Mapping[str, Sequence[str]], above: tuple[str, ...]
) -> tuple[str, ...]:
    if name in above or name not in lists or not name.isupper():
        raise BadRuleError(f"list {name}: unknown, in itself, or not in capitals")
    flat: dict[str, None] = {}
    for phrase in lists[name]:
        inner = _flatten(phrase[1:], lists, (*above, name)) if phrase.startswith("@") else (phrase,)
        flat.update(dict.fromkeys(inner))
    return tuple(flat)


def _gap(item: str) -> int:
    size = item[2:] or "3"
    if not size.isdigit() or not 1 <= int(size) <= MAX_GAP:
        raise BadRuleError(f"{item!r}: a gap is 1 to {MAX_GAP} words")
    return int(size)


class Found:
    """Where the phrases of one message are, and the matching over them."""

    def __init__(self, text: Words, found: dict[str, dict[int, int]]) -> None:
        self.text = text
        self.size = len(text.words)
        self.all = (1 << self.size) - 1
        self.open = ~text.hard
        self._found = found
        self._cache: dict[tuple[str, ...], tuple[tuple[int, int], ...]] = {}

    @property
    def slots(self) -> Iterable[str]:
        """Slots that occur at all."""
        return self._found.keys()

    def places(self, slots: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
        """(phrase length, bit set of its starts) for any of `slots`."""
        known = self._cache.get(slots)
        if known is None:
            merged: dict[int, int] = {}
            for slot in slots:
                for size, starts in self._found.get(slot, {}).items():
                    merged[size] = merged.get(size, 0) | starts
            known = self._cache[slots] = tuple(merged.items())
        return known

    def starts(self, slots: tuple[str, ...]) -> int:
        """Bit set of the words at which a phrase of `slots` begins."""
        starts = 0
        for _, mask in self.places(slots):
            starts |= mask
        return starts

    def cover(self, slot: str) -> int:
        """Bit set of all words that belong to a phrase of `slot`."""
        covered = 0
        for size, starts in self.places((slot,)):
            for shift in range(size):
                covered |= starts << shift
        return covered

    def without(self, words: int) -> "Found":
        """The same message with some words made unreadable (idioms)."""
        kept: dict[str, dict[int, int]] = {}
        for slot, sizes in self._found.items():
            for size, starts in sizes.items():
                blocked = 0
                for shift in range(size):
                    blocked |= words >> shift
                if left := starts & ~blocked:
                    kept.setdefault(slot, {})[size] = left
        return Found(self.text, kept)

    def matches(self, pattern: Pattern) -> Iterator[Match]:
        """Each place where `pattern` begins, with its nearest end; from left to right."""
        begin = self.all
        if pattern.first:
            begin &= self.text.soft | 1
        if not self._trail(pattern, begin):
            return
        starts = begin & self.starts(pattern.steps[0].slots)
        while starts:
            bit = starts & -starts
            starts ^= bit
            if trail := self._trail(pattern, bit):
                yield self._trace(pattern, trail)

    def _trail(self, pattern: Pattern, at: int) -> list[tuple[int, int]]:
        """Per step (places it may begin, places it ends); [] when the pattern is not there."""
        trail = []
        for step in pattern.steps:
            for _ in range(step.gap):
                at |= (at << 1) & self.open
            ends = 0
            for size, starts in self.places(step.slots):
                ends |= (starts & at) << size
            trail.append((at, ends))
            at = ends & self.open
        if pattern.tail is not None:
            near = self.text.soft | 1 << self.size
            for _ in range(pattern.tail):
                near |= near >> 1
            trail[-1] = (trail[-1][0], ends & near)
        return trail if trail[-1][1] else []

    def _trace(self, pattern: Pattern, trail: list[tuple[int, int]]) -> Match:
        end = stop = (trail[-1][1] & -trail[-1][1]).bit_length() - 1
        inside = 0
        start = end
        for index in range(len(pattern.steps) - 1, -1, -1):
            begins = trail[index][0]
            start = max(
                end - size
                for size, starts in self.places(pattern.steps[index].slots)
                if size <= end and (starts & begins) >> (end - size) & 1
            )
            if index:
                before = trail[index - 1][1] & ((2 << start) - 1)
                end = before.bit_length() - 1
                inside |= (1 << start) - (1 << end)
        return Match(start, stop, inside)


class Index:
    """Finds, among many entries with patterns, the few that a message could match."""

    def __init__(self, lexicon: Lexicon, entries: Sequence[Sequence[tuple[Pattern, ...]]]) -> None:
        self._all = [(at, parts) for at, entry in enumerate(entries) for parts in entry]
        self._by_slot: dict[str, list[int]] = {}
        for number, (_, parts) in enumerate(self._all):
            for slot in lexicon.rarest(parts[0]):
                self._by_slot.setdefault(slot, []).append(number)

    def candidates(self, found: Found) -> Iterator[tuple[int, tuple[Pattern, ...]]]:
        """(entry number, pattern) in the order they were written."""
        numbers: set[int] = set()
        for slot in found.slots:
            numbers.update(self._by_slot.get(slot, ()))
        for number in sorted(numbers):
            yield self._all[number]
