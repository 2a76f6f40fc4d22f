"""Alarms by letter to the operator, grouped: each kind once an hour, one letter a minute.

It names alarms and says what to do; what an alarm was about stays in the log.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NoReturn

from bot.alarms import meanings
from bot.channels.channel import Undelivered
from bot.mail import Mail

GATHER_S = 2.0
"""So long the first waits for others that come with it."""
MINUTE_S = 60.0
HOUR_S = 3600.0
SILENT = frozenset({"mail-failed"})
"""A letter about letters that fail would make more of them."""
SUBJECT = "Máy cần người xem / The machine needs a look"
UNKNOWN = ("Chưa có lời giải thích; xem nhật ký.", "No explanation yet; see the log.")


class Bulletin:
    """Gathers alarms and writes to the operator. What waits is lost with the process."""

    def __init__(self, mail: Mail, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never jump."""
        self.mail = mail
        self.clock = clock
        self.waiting: Counter[str] = Counter()
        self.told: dict[str, float] = {}
        """When a letter about this kind last went out."""
        self.not_before = 0.0
        self.tries = 0
        self.called = asyncio.Event()

    def hear(self, event: str) -> None:
        """Take in an alarm."""
        if event in SILENT:
            return
        if not self.waiting:
            self.not_before = max(self.not_before, self.clock() + GATHER_S)
        self.waiting[event] += 1
        self.called.set()

    def wait(self, now: float) -> float | None:
        """Give the seconds until a letter is due; None: nothing waits."""
        moments = [max(self.not_before, self.again(event)) for event in self.waiting]
        return max(0.0, min(moments) - now) if moments else None

    def again(self, event: str) -> float:
        """Give when this kind may next be written about."""
        return self.told[event] + HOUR_S if event in self.told else 0.0

    def due(self, now: float) -> Mapping[str, int]:
        """Give what the letter that is due now names, and how often it happened."""
        return {event: many for event, many in self.waiting.items() if self.again(event) <= now}

    async def run(self) -> NoReturn:
        """Write whenever something is due, for ever."""
        while True:
            seconds = self.wait(self.clock())
            if seconds == 0.0:
                await self.write()
                continue
            self.called.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.called.wait()

    async def write(self) -> None:
        """Write one letter about all that is due; when it fails, later about the same and more."""
        now = self.clock()
        events = self.due(now)
        try:
            await self.mail.send(SUBJECT, draw(events))
        except Undelivered:
            self.tries += 1
            self.not_before = now + min(MINUTE_S * 2 ** min(self.tries, 6), HOUR_S)
            return
        self.tries = 0
        self.not_before = now + MINUTE_S
        for event, many in events.items():
            self.told[event] = now
            self.waiting[event] -= many
        self.waiting = +self.waiting


def draw(events: Mapping[str, int]) -> str:
    """Write what happened and what to do, Vietnamese first."""
    pieces = []
    for event, many in sorted(events.items()):
        lines = [f"■ {event} (× {many})"]
        known = meanings().get(event)
        if known is None:
            lines += UNKNOWN
        else:
            vi, en = known["vi"], known["en"]
            lines += [vi.happened, f"→ {vi.do}", en.happened, f"→ {en.do}"]
        pieces.append("\n".join(lines))
    return "\n\n".join(pieces) + "\n"
