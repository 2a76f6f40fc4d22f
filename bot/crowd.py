"""How many new cards the officers' group gets in a minute, and when that is a crowd.

In memory only: after a restart the first ten go out again.
"""

from collections import deque
from datetime import datetime, timedelta

MOST_NEW = 10
"""More new cards than this in a minute are no longer read one by one."""
MINUTE = timedelta(minutes=1)


class Crowd:
    """Remembers the last new cards, and when the group was last told that more are waiting."""

    def __init__(self) -> None:
        """Nothing was shown yet."""
        self.shown: deque[datetime] = deque(maxlen=MOST_NEW)
        self.told: datetime | None = None
        self.line = ""
        """The message in which the group reads how many wait; there is one at most."""

    def one_more(self, now: datetime) -> None:
        """A new card is being shown."""
        self.shown.append(now)

    def until(self, now: datetime) -> datetime | None:
        """Give when the next new card has room; None: now."""
        if len(self.shown) < MOST_NEW or self.shown[0] + MINUTE <= now:
            return None
        return self.shown[0] + MINUTE

    def tells(self, now: datetime) -> bool:
        """Tell whether it is time for a line that says so: at most one a minute."""
        if self.told is not None and now - self.told < MINUTE:
            return False
        self.told = now
        return True
