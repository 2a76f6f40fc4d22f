"""How fast each destination may be written to, so that no platform has to ask for a pause.

Measures in memory only: after a restart the platform's own pauses teach it again.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `burst` at once, `per_second` on average."""

    burst: float
    per_second: float


CHAT = Rate(4, 0.9)
"""Telegram: about one message a second to a private chat, short bursts allowed."""
GROUP = Rate(5, 0.25)
"""Telegram: 20 a minute to a group, edits counted: 5 at once and one every 4 s stay below it
in any minute, and an alert never waits for longer than that."""
ALL = Rate(5, 25)
"""Telegram: 30 a second for everything together: 5 at once and 25 more within the second."""
GROUP_LANE = "group"
KEPT = 1
"""So many of everything's places are kept for the group: an alert never queues behind a crowd."""


class Bucket:
    """A token bucket. Times are seconds of any clock that only goes forward."""

    def __init__(self, rate: Rate, now: float) -> None:
        """`now`: the bucket is full."""
        self.rate = rate
        self.level = rate.burst
        self.at = now

    def wait(self, now: float, kept: int = 0) -> float:
        """Give how many seconds until one may pass and `kept` places are left; 0: now."""
        self.level = min(self.rate.burst, self.level + (now - self.at) * self.rate.per_second)
        self.at = now
        return max(0.0, (1 + kept - self.level) / self.rate.per_second)

    def take(self) -> None:
        """One passes."""
        self.level -= 1


MANY = 3
"""So many people's chats slowed at once: the platform means everything."""
AT_ONCE_S = 15.0


class Pace:
    """The buckets of one platform: one for all, one for each destination."""

    def __init__(self) -> None:
        """Nothing has been sent yet."""
        self.slowed: dict[str, tuple[float, float]] = {}
        """The chats that were asked for a pause lately: when, and until when."""
        self.quiet = 0.0
        """Until when nothing at all is sent."""
        self.everything: Bucket | None = None
        self.lanes: dict[str, Bucket] = {}

    def wait(self, lane: str, now: float) -> float:
        """Give how many seconds this lane must wait; taking is a separate step."""
        if self.everything is None:
            self.everything = Bucket(ALL, now)
        if lane not in self.lanes:
            self.forget_idle(now)
            self.lanes[lane] = Bucket(GROUP if lane == GROUP_LANE else CHAT, now)
        kept = 0 if lane == GROUP_LANE else KEPT
        return max(self.everything.wait(now, kept), self.lanes[lane].wait(now), self.quiet - now)

    def slow(self, lane: str, seconds: float, now: float) -> None:
        """The platform asks one lane for a pause; when it asks many, everything rests.

        The group has limits of its own: its pauses say nothing about anybody else's chat.
        """
        if lane == GROUP_LANE:
            return
        self.slowed = {n: at for n, at in self.slowed.items() if now - at[0] < AT_ONCE_S}
        self.slowed[lane] = (now, now + seconds)
        if len(self.slowed) >= MANY:
            # The shortest of them: whoever is asked longer rests longer by themselves.
            self.quiet = max(self.quiet, min(until for _, until in self.slowed.values()))

    def take(self, lane: str) -> None:
        """One message goes to this lane now."""
        if self.everything is not None:
            self.everything.take()
        if lane in self.lanes:
            self.lanes[lane].take()

    def give_back(self, lane: str) -> None:
        """Nothing went out after all."""
        if self.everything is not None:
            self.everything.level += 1
        if lane in self.lanes:
            self.lanes[lane].level += 1

    def forget_idle(self, now: float) -> None:
        """Drop the buckets that are full again: memory stays flat in the number of people."""
        if len(self.lanes) < MOST_LANES:
            return
        idle = [n for n, b in self.lanes.items() if b.wait(now) == 0 and b.level >= b.rate.burst]
        for name in idle:
            del self.lanes[name]


MOST_LANES = 1000
