"""What the operator must hear of. An alarm names an event and numbers, never a person or words."""

import logging
from collections import Counter

_log = logging.getLogger("bot.alarm")


class Alarms:
    """Counts and says what went wrong; /healthz and /metrics read the counts."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.counts: Counter[str] = Counter()

    def __call__(self, event: str, detail: str = "") -> None:
        """Say an alarm. `event` and `detail` are words of our own, never a platform's."""
        self.counts[event] += 1
        _log.error("alarm %s %s", event, detail)
