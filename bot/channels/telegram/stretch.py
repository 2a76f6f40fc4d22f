"""Something that goes on for a while: told once, when it begins. In memory only."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class Stretch:
    """Trouble that comes again and again; it is over when nothing was seen for `quiet`."""

    quiet: timedelta
    seen: datetime | None = None

    def again(self, now: datetime) -> bool:
        """It was seen; True when it begins."""
        begins = not self.lasts(now)
        self.seen = now
        return begins

    def lasts(self, now: datetime) -> bool:
        """Tell whether it is still going on."""
        return self.seen is not None and now - self.seen < self.quiet
