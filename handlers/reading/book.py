"""The rule files, checked and compiled. What is wrong with them is said with file and rule id;
it must not read files itself (the caller parses the TOML) nor know how a rule is applied.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from handlers.reading import guards
from handlers.reading.rules import BadRuleError, Lexicon, Pattern

DANGERS = (
    "self_harm", "physical_now", "sexual", "missing", "exploit", "neglect", "bullying", "violence",
)  # fmt: skip
NUMBERS = ("114", "115", "113", "111")
INTENTS = (
    "report", "officer", "tips", "hotline", "status", "stop", "erase", "forget", "hide", "language", "help",
    "smalltalk", "distress", "thanks", "who", "parents",
)  # fmt: skip
_TABLES = frozenset({"lists", "rule", "intent", "mask", "denial", "role", "not_role", "other", "witness", "words", "emoji"})  # fmt: skip
_ABOUT = frozenset({"id", "author", "date", "patterns", "must_match", "must_not_match"})
_DANGER_KEYS = frozenset({"level", "danger", "first", "sure", "sextortion", "after", "ignore"})
_ID, _DATE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*$"), re.compile(r"\d{4}-\d\d-\d\d$")


class Level(StrEnum):
    """How to react: a card, a softer answer, a question whether there is danger, nothing."""

    RED = "red"
    AMBER = "amber"
    CHECKIN = "checkin"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Rule:
    """One danger rule. `after`: ids of rules of which one must have matched the message too."""

    id: str
    level: Level
    danger: str
    first: str
    sure: bool
    sextortion: bool
    after: frozenset[str]
    ignore: frozenset[str]
    patterns: tuple[tuple[Pattern, ...], ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """One intent rule: what the person wants. `whole`: only when the message says nothing else,
    words of politeness (list PAD) aside."""

    id: str
    intent: str
    whole: bool
    patterns: tuple[tuple[Pattern, ...], ...]


@dataclass(frozen=True, slots=True)
class Book:
    """Everything the reader needs, compiled."""

    lexicon: Lexicon
    teencode: Mapping[str, str]
    emoji: Mapping[str, str]
    rules: tuple[Rule, ...]
    wishes: tuple[Wish, ...]
    masks: tuple[Pattern, ...]
    denials: tuple[Pattern, ...]
    roles: tuple[Pattern, ...]
    not_roles: tuple[Pattern, ...]
    others: tuple[Pattern, ...]
    witnesses: tuple[Pattern, ...]


def compile_book(data: Mapping[str, object]) -> Book:
    """Compile {file stem: parsed TOML}; raises BadRuleError naming the file and the rule id."""
    files = {stem: _table(doc, stem) for stem, doc in sorted(data.items())}
    for stem, doc in files.items():
        if unknown := doc.keys() - _TABLES:
            raise BadRuleError(f"{stem}: unknown table {', '.join(sorted(unknown))}")
    try:
        lexicon = Lexicon(_lists(files))
    except BadRuleError as wrong:
        raise BadRuleError(f"lists: {wrong}") from wrong
    for name in guards.LISTS:
        if not lexicon.has(name):
            raise BadRuleError(f"guards: list {name} is missing")
    rules = tuple(_rule(lexicon, *entry) for entry in _entries(files, "rule"))
    wishes = tuple(_wish(lexicon, *entry) for entry in _entries(files, "intent"))
    _check_ids(rules, wishes)
    return Book(
        lexicon=lexicon,
        teencode=_words(files, "words"),
        emoji=_words(files, "emoji"),
        rules=rules,
        wishes=wishes,
        masks=_plain(lexicon, files, "mask"),
        denials=_plain(lexicon, files, "denial"),
        roles=_plain(lexicon, files, "role"),
        not_roles=_plain(lexicon, files, "not_role"),
        others=_plain(lexicon, files, "other"),
        witnesses=_plain(lexicon, files, "witness"),
    )


def _table(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise BadRuleError(f"{where}: must be a table")
    return value


def _strings(value: object, where: str, least: int = 1) -> tuple[str, ...]:
    if (
        not isinstance(value, list)
        or len(value) < least
        or not all(isinstance(v, str) and v for v in value)
    ):
        raise BadRuleError(f"{where}: must be a list of at least {least} text(s)")
    return tuple(value)


def _lists(files: Mapping[str, dict[str, object]]) -> dict[str, Sequence[str]]:
    lists: dict[str, Sequence[str]] = {}
    for stem, doc in files.items():
        for name, phrases in _table(doc.get("lists", {}), f"{stem}.lists").items():
            if name in lists:
                raise BadRuleError(f"{stem}: list {name} is there twice")
            lists[name] = _strings(phrases, f"{stem}: list {name}")
    return lists


def _words(files: Mapping[str, dict[str, object]], name: str) -> dict[str, str]:
    merged: dict[str, str] = {}
    for stem, doc in files.items():
        for key, value in _table(doc.get(name, {}), f"{stem}.{name}").items():
            if not isinstance(value, str) or not value.strip() or key in merged:
                raise BadRuleError(f"{stem}: {name} {key!r} is twice there or not a text")
            merged[key] = value
    return merged


def _entries(
    files: Mapping[str, dict[str, object]], name: str
) -> Iterator[tuple[str, dict[str, object]]]:
    for stem, doc in files.items():
        entries = doc.get(name, [])
        if not isinstance(entries, list):
            raise BadRuleError(f"{stem}: write [[{name}]]")
        for entry in entries:
            table = _table(entry, f"{stem}.{name}")
            yield f"{stem}: {name} {table.get('id', '(no id)')}", table


def _patterns(
    lexicon: Lexicon, where: str, entry: Mapping[str, object]
) -> tuple[tuple[Pattern, ...], ...]:
    compiled: list[tuple[Pattern, ...]] = []
    for text in _strings(entry.get("patterns"), f"{where}: patterns"):
        try:
            compiled += lexicon.pattern(text)
        except BadRuleError as wrong:
            raise BadRuleError(f"{where}: pattern {text!r}: {wrong}") from wrong
    return tuple(compiled)


def _plain(
    lexicon: Lexicon, files: Mapping[str, dict[str, object]], name: str
) -> tuple[Pattern, ...]:
    return tuple(
        part
        for where, entry in _entries(files, name)
        for parts in _patterns(lexicon, where, entry)
        for part in parts
    )


def _checked(where: str, entry: Mapping[str, object], more: frozenset[str]) -> str:
    """The id of an entry whose form is right: no unknown key, author, date, examples."""
    if unknown := entry.keys() - _ABOUT - more:
        raise BadRuleError(f"{where}: unknown key {', '.join(sorted(unknown))}")
    if not _ID.match(str(entry.get("id", ""))):
        raise BadRuleError(f"{where}: needs an id of small letters, digits and hyphens")
    if not entry.get("author") or not _DATE.match(str(entry.get("date", ""))):
        raise BadRuleError(f"{where}: needs an author and a date like 2026-11-24")
    for name in ("must_match", "must_not_match"):
        _strings(entry.get(name), f"{where}: {name}", least=2)
    return str(entry["id"])


def _one_of(where: str, entry: Mapping[str, object], key: str, allowed: Sequence[str]) -> str:
    value = entry.get(key)
    if value not in allowed:
        raise BadRuleError(f"{where}: {key} must be one of {', '.join(allowed)}")
    return str(value)


def _rule(lexicon: Lexicon, where: str, entry: Mapping[str, object]) -> Rule:
    name = _checked(where, entry, _DANGER_KEYS)
    level = Level(_one_of(where, entry, "level", ("red", "amber", "checkin")))
    sure = entry.get("sure")
    if not isinstance(sure, bool) or (sure and level is not Level.RED):
        raise BadRuleError(f"{where}: sure must be true or false, and true only when level is red")
    ignore = frozenset(_strings(entry.get("ignore", []), f"{where}: ignore", least=0))
    if ignore - guards.NAMES:
        raise BadRuleError(f"{where}: ignore knows only {', '.join(sorted(guards.NAMES))}")
    return Rule(
        id=name,
        level=level,
        danger=_one_of(where, entry, "danger", DANGERS),
        first=_one_of(where, entry, "first", NUMBERS),
        sure=sure,
        sextortion=entry.get("sextortion") is True,
        after=frozenset(_strings(entry.get("after", []), f"{where}: after", least=0)),
        ignore=ignore,
        patterns=_patterns(lexicon, where, entry),
    )


def _wish(lexicon: Lexicon, where: str, entry: Mapping[str, object]) -> Wish:
    name = _checked(where, entry, frozenset({"intent", "whole"}))
    intent = _one_of(where, entry, "intent", INTENTS)
    return Wish(name, intent, entry.get("whole") is True, _patterns(lexicon, where, entry))


def _check_ids(rules: Sequence[Rule], wishes: Sequence[Wish]) -> None:
    seen: set[str] = set()
    for name in [r.id for r in rules] + [w.id for w in wishes]:
        if name in seen:
            raise BadRuleError(f"rule {name}: this id is there twice")
        seen.add(name)
    first_round = {r.id for r in rules if not r.after}
    for rule in rules:
        if rule.after - first_round:
            raise BadRuleError(f"rule {rule.id}: after names no rule that stands alone")
