"""One thing that the doctor found: its name, how grave it is, and its words from findings.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("findings.toml")


class Level(StrEnum):
    """How grave it is."""

    MUST = "must"
    """The ward must not be open to the public like this."""
    SHOULD = "should"
    NOTE = "note"
    """Good to know; all is well all the same."""


@dataclass(frozen=True, slots=True)
class Words:
    """What it is, why it matters, what to do; in one language."""

    what: str
    why: str
    do: str


@dataclass(frozen=True, slots=True)
class Finding:
    """`values` fill the gaps of its words: numbers, names of ours, a problem's own sentence."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def level(self) -> Level:
        """How grave it is."""
        return _table()[self.name].level

    def words(self, language: str) -> Words:
        """Give its words in "vi" or "en"."""
        said = _table()[self.name].words[language]
        return Words(*(part.format(**self.values) for part in (said.what, said.why, said.do)))


@dataclass(frozen=True, slots=True)
class _Kind:
    level: Level
    words: Mapping[str, Words]


def found(name: str, **values: object) -> Finding:
    """Make a finding."""
    return Finding(name, {key: str(value) for key, value in values.items()})


def names() -> tuple[str, ...]:
    """Give the names of all there may be."""
    return tuple(_table())


@cache
def _table() -> Mapping[str, _Kind]:
    raw = tomllib.loads(TABLE.read_text("utf-8"))
    return {
        name: _Kind(
            Level(entry["level"]),
            {language: Words(*entry[language]) for language in ("vi", "en")},
        )
        for name, entry in raw.items()
    }
