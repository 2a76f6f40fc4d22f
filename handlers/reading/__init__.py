"""Reading Vietnamese as people type it: how much danger a message speaks of, and what is wanted.

Local, pure, explainable: word rules from data files, guarded, no model yet. It must not know who
writes, on which channel, or what the conversation will answer; it keeps and logs no text.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from handlers.reading.book import DANGERS, NUMBERS, Level, Rule, Wish, compile_book
from handlers.reading.guards import Guards, Verdict
from handlers.reading.normalise import Normaliser, fold
from handlers.reading.rules import BadRuleError, Found, Index, Pattern

__all__ = ["BadRuleError", "Level", "Reader", "Reading", "fold"]

_LEVELS = (Level.RED, Level.AMBER, Level.CHECKIN, Level.NONE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in one message. `rules` may be logged; the text never.

    danger: self_harm physical_now sexual missing exploit violence neglect bullying.
    first: the number to show first. sure: a clear first-person or ongoing danger, so a P1 case
    opens at once; never for questions, what-ifs and what is long past. official: someone with an
    office or a teacher is named. hides: somebody has come near the writer.
    intent: report officer tips hotline status stop erase forget hide language help smalltalk distress
    thanks who (is there) parents (must not know). other: the one in danger is somebody else than
    the writer, as far as the words tell. english: the message is written in English.
    """

    level: Level
    danger: str | None
    first: str | None
    sure: bool
    sextortion: bool
    official: bool
    intent: str | None
    hides: bool
    rules: tuple[str, ...]
    other: bool = False
    english: bool = False


@dataclass(frozen=True, slots=True)
class _Hit:
    rule: Rule
    level: Level
    sure: bool

    def rank(self) -> tuple[int, bool, int, int]:
        """Smaller is graver: level, then certainty, then how urgent the number is."""
        return (
            _LEVELS.index(self.level),
            not self.sure,
            NUMBERS.index(self.rule.first),
            DANGERS.index(self.rule.danger),
        )


class Reader:
    """Reads messages with one set of rules; build it once, it keeps nothing between messages."""

    def __init__(self, data: Mapping[str, object]) -> None:
        """`data`: {file stem: parsed TOML} of the rule files. Raises BadRuleError (a ValueError)
        naming file and rule when one cannot be used."""
        book = compile_book(data)
        self._book = book
        self._normalise = Normaliser(book.teencode, book.emoji)
        self._rules = Index(book.lexicon, [rule.patterns for rule in book.rules])
        self._wishes = Index(book.lexicon, [wish.patterns for wish in book.wishes])
        self._masks = Index(book.lexicon, [[(pattern,)] for pattern in book.masks])

    def read(self, text: str) -> Reading:
        """Read one message of any length; never fails on any text."""
        found = self._book.lexicon.find(self._normalise(text))
        wishes = self._wished(found)
        hits = self._hits(found)
        worst = min(hits, key=_Hit.rank, default=None)
        official = _cover(found, self._book.roles) & ~_cover(found, self._book.not_roles)
        return Reading(
            level=worst.level if worst else Level.NONE,
            danger=worst.rule.danger if worst else None,
            first=worst.rule.first if worst else None,
            sure=worst.sure if worst else False,
            sextortion=any(h.rule.sextortion and h.level is Level.RED for h in hits),
            official=bool(official),
            intent=wishes[0].intent if wishes else _implied(worst),
            hides=any(wish.intent == "hide" for wish in wishes),
            rules=tuple(h.rule.id for h in hits) + tuple(w.id for w in wishes),
            other=worst is not None and self._of_another(found),
            english=found.text.english,
        )

    def _wished(self, found: Found) -> list[Wish]:
        wished = dict.fromkeys(
            at
            for at, parts in self._wishes.candidates(found)
            if all(any(True for _ in found.matches(part)) for part in parts)
            and (not self._book.wishes[at].whole or _is_whole(found, parts))
        )
        return [self._book.wishes[at] for at in wished]

    def _of_another(self, found: Found) -> bool:
        """Somebody else is named as the victim, and the writer at most as the one who saw it."""
        others = _cover(found, self._book.others, found.text.soft)
        if not others:
            return False
        writer = found.cover("EGO_EN" if found.text.english else "EGO_VI")
        return not writer & ~others & ~_cover(found, self._book.witnesses, found.text.soft)

    def _hits(self, found: Found) -> list[_Hit]:
        idioms = 0
        for _, parts in self._masks.candidates(found):
            idioms |= _cover(found, parts)
        plain = found.without(idioms) if idioms else found
        candidates = list(self._rules.candidates(plain))
        if not candidates:
            return []
        guards = Guards(found, self._book.denials)
        told = bool(found.cover("PAST") or found.cover("INFO"))
        verdicts: dict[int, Verdict] = {}
        matched: set[str] = set()
        for dependent in (False, True):
            for at, parts in candidates:
                rule = self._book.rules[at]
                if bool(rule.after) is dependent and (not dependent or rule.after & matched):
                    verdict = _verdict(plain, guards, parts, rule.ignore)
                    verdicts[at] = max(verdict, verdicts.get(at, verdict))
            matched = {self._book.rules[at].id for at, v in verdicts.items() if v is Verdict.FIRE}
        return [
            _hit(self._book.rules[at], verdict, told)
            for at, verdict in sorted(verdicts.items())
            if verdict is not Verdict.STOP
        ]


def _hit(rule: Rule, verdict: Verdict, told: bool) -> _Hit:
    level = rule.level if verdict is Verdict.FIRE else Level.CHECKIN
    return _Hit(rule, level, rule.sure and verdict is Verdict.FIRE and not told)


def _verdict(
    found: Found, guards: Guards, parts: Sequence[Pattern], ignore: frozenset[str]
) -> Verdict:
    """The weakest part decides; of several places of one part the strongest."""
    worst = Verdict.FIRE
    for part in parts:
        best = Verdict.STOP
        for match in found.matches(part):
            best = max(best, guards.judge(match, ignore))
            if best is Verdict.FIRE:
                break
        worst = min(worst, best)
    return worst


def _cover(found: Found, patterns: Iterable[Pattern], breaks: int = 0) -> int:
    """Bit set of the words inside matches of `patterns` that no break of `breaks` cuts."""
    words = 0
    for pattern in patterns:
        for match in found.matches(pattern):
            span = (1 << match.end) - (1 << match.start)
            if not breaks & span & (span << 1):
                words |= span
    return words


def _is_whole(found: Found, parts: Sequence[Pattern]) -> bool:
    return not found.all & ~_cover(found, parts) & ~found.cover("PAD")


def _implied(worst: _Hit | None) -> str | None:
    """Who speaks of harm reports, who speaks of dying is in distress, without any wish word."""
    if worst is None or worst.level is Level.CHECKIN:
        return None
    return "distress" if worst.rule.danger == "self_harm" else "report"
