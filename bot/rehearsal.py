"""The rehearsal: each hour a made-up call for help goes the whole way that a real one goes.

It ends at a hidden place inside the process; no officer sees it and nothing of it stays. What a
platform does with a message is not tried here.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from bot.alarms import Alarms
from bot.channels.channel import Caps, Failed, Hopeless, Inbox, Outgoing
from bot.metrics import Family, gauge
from handlers.events import Address, Incoming, Kind, Side
from handlers.receipts import format_code
from handlers.routes import HIDDEN
from handlers.view import House, Voice
from storage import exercises
from storage.db import Database
from storage.origins import REHEARSAL

FIRST_S = 60
"""How long after a start the first one begins: what waited comes first."""
EVERY_S = 3600
PATIENCE_S = 120
"""A rehearsal that has not arrived by then has failed."""
OVERDUE_S = EVERY_S + PATIENCE_S + 600
"""Without an arrival for so long the road counts as broken, whoever should have tried it."""
LOOK_AGAIN_S = 0.2
SETTLE_S = 10
"""How long what is under way may take to be marked as sent, before it is left for the next time."""
WORDS = "Cứu em với, bố đang đánh em"
"""What nobody wrote: it must be read as danger, or reading is what is broken."""
EVENT = "rehearsal"
CAPS = Caps(4096, pushes=True, edits=True)


class HiddenPlace:
    """A channel that ends inside the process: it takes everything, and shows it to nobody."""

    caps = CAPS

    def __init__(self, name: str) -> None:
        """`name`: as it stands in addresses."""
        self.name = name
        self.hear: Callable[[Address, Outgoing], None] = lambda _to, _message: None
        self.sent = 0

    async def send(self, to: Address, message: Outgoing) -> tuple[str, ...]:
        """Take a message; its id is no platform's."""
        self.sent += 1
        self.hear(to, message)
        return (f"hidden-{self.sent}",)

    async def edit(self, to: Address, ref: str, message: Outgoing) -> None:
        """Take a newer version."""
        del ref
        self.hear(to, message)

    async def delete(self, to: Address, refs: tuple[str, ...]) -> None:
        """Have nothing to take away."""

    async def fetch(self, ref: str) -> bytes:
        """Refuse: nobody sends files here."""
        raise Failed(Hopeless.GONE)

    async def is_member(self, group: Address, person: Address) -> bool:
        """Nobody is here."""
        return False


@dataclass(frozen=True, slots=True)
class Result:
    """How the last rehearsal went. `missing`: what did not arrive, in words of our own."""

    at: datetime
    ok: bool
    seconds: float
    missing: tuple[str, ...] = ()


class Rehearsal:
    """Sends the made-up call, waits for all that must come of it, and clears it away."""

    def __init__(
        self,
        *,
        db: Database,
        inbox: Inbox,
        house: House,
        place: HiddenPlace,
        alarms: Alarms,
        now: Callable[[], datetime],
    ) -> None:
        """`place`: where it ends. Make it in the running loop: its time is what counts here."""
        self.db = db
        self.inbox = inbox
        self.house = house
        self.place = place
        self.alarms = alarms
        self.now = now
        self.clock = asyncio.get_running_loop().time
        self.patience = PATIENCE_S
        self.last: Result | None = None
        self.arrived = self.clock()
        """When one arrived last; at first, when the wait for it began."""
        self.told: list[tuple[str, str]] = []
        """What has come to the hidden place in this run: to whom, and the text."""
        self.came = asyncio.Event()
        texts = house.texts
        self.help = texts.say("emergency", "vi", Voice.CHILD)
        self.repeat = texts.say("sos_unread", "vi", Voice.CHILD)

    async def watch(self) -> NoReturn:
        """Clear away what a crash has left; then try the road, again and again."""
        await self.clear()
        await asyncio.sleep(FIRST_S)
        while True:
            await self.run()
            await asyncio.sleep(EVERY_S)

    async def run(self) -> Result:
        """Try the road once. A failure is told at once and stays in `last` until one arrives."""
        await self.clear()
        began, at = self.clock(), self.now()
        self.told, nonce = [], secrets.token_hex(16)
        self.place.hear = self.hear
        missing = await self.go(nonce)
        self.place.hear = lambda _to, _message: None
        self.last = Result(at, not missing, self.clock() - began, missing)
        if missing:
            self.alarms("rehearsal-failed", " ".join(missing))
        else:
            self.arrived = self.clock()
        await self.settle()
        await self.clear()
        return self.last

    def hear(self, to: Address, message: Outgoing) -> None:
        """Note what has come."""
        self.told.append((to.peer, message.text))
        self.came.set()

    async def go(self, nonce: str) -> tuple[str, ...]:
        """Send the call and wait for what must come of it; gives what did not."""
        code: str | None = None
        try:
            async with asyncio.timeout(self.patience):
                code = await self.send(nonce)
                while code is not None and self.missing(nonce, code):
                    self.came.clear()
                    await self.came.wait()
        except TimeoutError:
            pass
        return ("case",) if code is None else self.missing(nonce, code)

    async def send(self, nonce: str) -> str | None:
        """Hand the call in where every door hands in; gives the code of its case."""
        sender = Address(REHEARSAL, self.house.ward.id, nonce)
        call = Incoming(EVENT, nonce, self.now(), Side.RESIDENT, sender, Kind.TEXT, text=WORDS)
        await self.inbox.take(call)
        return await self.db.write(exercises.begun)

    def missing(self, nonce: str, code: str) -> tuple[str, ...]:
        """Name what has not come: the case's card, the help for the caller, the clock's repeat."""
        shown = format_code(code)
        there = {
            "card": any(shown in text for peer, text in self.told if peer == HIDDEN),
            "answer": any(self.help in text for peer, text in self.told if peer == nonce),
            "clock": any(self.repeat in text for peer, text in self.told if peer == nonce),
        }
        return tuple(name for name, come in there.items() if not come)

    async def settle(self) -> None:
        """Let the sender mark what it has sent: what it holds may not vanish under its hands."""
        until = self.clock() + min(SETTLE_S, self.patience)
        while self.clock() < until and await self.db.read(exercises.on_the_way):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_AGAIN_S)

    async def clear(self) -> None:
        """Delete everything of every rehearsal."""
        await self.db.write(lambda tx: exercises.clear(tx, self.house.ward.id, EVENT))

    def is_red(self) -> bool:
        """Tell whether the road is broken: the last one failed, or none came for too long."""
        failed = self.last is not None and not self.last.ok
        return failed or self.clock() - self.arrived > OVERDUE_S

    def families(self) -> Iterator[Family]:
        """Give the same as numbers; none before the first."""
        last = self.last
        ok, at, took = (
            (None, None, None)
            if last is None
            else (int(last.ok), last.at.timestamp(), last.seconds)
        )
        yield gauge("rehearsal_ok", "1 when the last rehearsal arrived.", ok)
        yield gauge("rehearsal_timestamp_seconds", "When the last rehearsal began.", at)
        yield gauge("rehearsal_seconds", "How long the last rehearsal took.", took)

    def report(self) -> dict[str, object] | None:
        """Give how the last one went; None before the first."""
        if self.last is None:
            return None
        return {
            "ok": self.last.ok,
            "at": self.last.at.isoformat(timespec="seconds"),
            "seconds": round(self.last.seconds, 1),
            "missing": list(self.last.missing),
        }
