"""What the operator must hear of. An alarm names an event and numbers, never a person or words.

What each one means, and what to do, stands in alarms.toml: docs/operations.md says the same.
"""

import logging
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_log = logging.getLogger("bot.alarm")

TABLE = Path(__file__).with_suffix(".toml")


class Alarms:
    """Counts and says what went wrong; /healthz and /metrics read the counts."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.counts: Counter[str] = Counter()
        self.hear: Callable[[str], None] = lambda _event: None
        """Who else hears of it, by its name only (the mail to the operator)."""

    def __call__(self, event: str, detail: str = "") -> None:
        """Say an alarm. `event` and `detail` are words of our own, never a platform's."""
        self.counts[event] += 1
        _log.error("alarm %s %s", event, detail)
        self.hear(event)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an alarm means and what to do, in one language."""

    happened: str
    do: str


@cache
def meanings() -> Mapping[str, Mapping[str, Meaning]]:
    """Give every alarm's meaning, by its name and then by language ("vi", "en")."""
    table = tomllib.loads(TABLE.read_text("utf-8"))
    return {
        name: {language: Meaning(*said) for language, said in both.items()}
        for name, both in table.items()
    }
