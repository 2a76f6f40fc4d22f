"""Incoming messages, each one transaction: seen before? load, decide, apply, commit.

Returning from `take` means: on the disk. It sends nothing; the outbox does.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol
from weakref import WeakValueDictionary

from bot.alarms import Alarms
from bot.channels.channel import Outcome
from bot.render import Renderer
from handlers.cases import Priority
from handlers.decide import decide
from handlers.effects import Audit, Dice, Effect, Hook, Part, Say
from handlers.events import Address, Due, Incoming, Side
from handlers.mycase import GUESSES
from handlers.reading import Level
from handlers.screens import foot
from handlers.view import House, Role, View
from storage import deadlines, inbox, people, visible
from storage.apply import Applied, apply
from storage.db import Database, DatabaseFault
from storage.load import load, load_due
from storage.origins import ORIGINS
from storage.pace import Echoes, Paces
from storage.tries import Guesses
from storage.tx import Tx

_log = logging.getLogger("bot.inbox")

TRIES = 3
NO_CODE = "-"
DANGER = frozenset({"go.danger", "a.for.danger", "a.now.yes", "a.now.happening", "a.self.yes"})
"""Presses that call for help."""
AGAIN_AFTER = timedelta(minutes=1)
"""A moment that could not be dealt with is tried again."""


class Member(Protocol):
    """Asks whether somebody is in the officers' group right now."""

    def __call__(self, sender: Address) -> Awaitable[bool]:
        """False when unsure: rights fail closed."""


class NeedsMembershipError(Exception):
    """An officer acts from a chat: whether they are still in the group must be asked first."""


class Inbox:
    """Takes in what every door hands over, and every moment that comes."""

    def __init__(
        self,
        *,
        db: Database,
        house: House,
        dice: Dice,
        render: Renderer,
        alarms: Alarms,
        now: Callable[[], datetime],
        member: Member | None,
        committed: Callable[[], None],
        room: Callable[[], bool] = lambda: True,
    ) -> None:
        """`member`: None when there is no group to be in. `committed`: wakes the sender.

        `room`: whether the disk has room for pictures and voices.
        """
        self.db = db
        self.house = house
        self.dice = dice
        self.render = render
        self.alarms = alarms
        self.now = now
        self.member = member
        self.committed = committed
        self.room = room
        self.turns: WeakValueDictionary[Address, asyncio.Lock] = WeakValueDictionary()
        """Whose message is being taken in; an entry lasts as long as somebody holds or awaits it."""
        self.guesses = Guesses()
        self.paces = Paces()
        self.echoes = Echoes()
        self.told: dict[str, datetime] = {}
        """When an alarm that may come with every message was last raised."""

    async def take(self, incoming: Incoming, blob: bytes | None = None) -> Outcome:
        """Take one message in. A fault of ours is retried, then buried and apologised for.

        One sender's messages go one after another, in the order they came: an officer's words
        must not overtake the press that asked for them while membership is looked up.
        """
        turn = self.turns.setdefault(incoming.sender, asyncio.Lock())
        async with turn:
            return await self.take_now(incoming, blob)

    async def take_now(self, incoming: Incoming, blob: bytes | None) -> Outcome:
        """Take one message in whose turn it is."""
        live: bool | None = None
        faults = 0
        while True:
            try:
                outcome = await self.db.write(partial(self.turn, incoming, blob, live))
            except NeedsMembershipError:
                live = self.member is None or await self.member(incoming.sender)
            except DatabaseFault:
                raise  # not the message's fault: nothing may be acknowledged now
            except Exception as fault:  # noqa: BLE001  (counted, told, and never a child's problem)
                faults += 1
                if faults == TRIES:
                    return await self.bury(incoming, fault)
            else:
                self.committed()
                return outcome

    def turn(self, incoming: Incoming, blob: bytes | None, live: bool | None, tx: Tx) -> Outcome:
        """Do one message's whole work inside one transaction."""
        now = self.now()
        if not inbox.first_time(tx, incoming, now):
            return Outcome(repeated=True)
        view, event = load(
            tx,
            incoming,
            self.house,
            now,
            live=live is not False,
            guesses=self.guesses,
            paces=self.paces,
        )
        view = replace(view, room=self.room())
        if view.ward_tries > GUESSES:
            self.now_and_then("guessing", lambda: self.alarms("guessing"))
        if live is None and self.must_be_member(view, incoming):
            raise NeedsMembershipError
        effects = decide(view, event, self.dice)
        visible.came(tx, view.person, event)
        applied = self.apply(tx, effects, view, incoming, blob)
        return Outcome(toast=self.toast(applied), door=applied.door.token if applied.door else "")

    def must_be_member(self, view: View, incoming: Incoming) -> bool:
        """Rights are roster and live membership; the desk and the independent contact need none."""
        officer = view.officer
        if self.member is None or officer is None or incoming.sender.channel == "desk":
            return False
        return officer.role != Role.INDEPENDENT

    def apply(
        self,
        tx: Tx,
        effects: list[Effect],
        view: View,
        incoming: Incoming | None,
        blob: bytes | None = None,
    ) -> Applied:
        """Write what was decided."""
        applied = apply(
            tx,
            effects,
            person=view.person.id,
            now=view.now,
            ward=self.house.ward.id,
            render=self.render,
            media=incoming.media if incoming else None,
            blob=blob,
            echoed=self.echoed(view, incoming),
        )
        for _ in applied.unreached:
            self.alarms("nobody-to-tell")
        if applied.late:
            self.now_and_then("flood", lambda: self.alarms("flood", "p1"))
        return applied

    def echoed(self, view: View, incoming: Incoming | None) -> bool:
        """Tell whether a resident says what too many others have just said, word for word."""
        if incoming is None or incoming.side is Side.DESK or not incoming.text.strip():
            return False
        return self.echoes.one_more(view.person.id, incoming.text, view.now)

    def now_and_then(self, event: str, alarm: Callable[[], None]) -> None:
        """Raise an alarm at most once a minute: a flood must not flood the log as well."""
        now = self.now()
        if event not in self.told or now - self.told[event] >= AGAIN_AFTER:
            self.told[event] = now
            alarm()

    def toast(self, applied: Applied) -> str:
        """Render the short answer to a press; the officers' side speaks Vietnamese."""
        if applied.toast is None:
            return ""
        return self.house.texts.say(applied.toast.key, "vi", "", applied.toast.values)

    async def bury(self, incoming: Incoming, fault: Exception) -> Outcome:
        """Seal the message as a dead letter, apologise with 111, tell the operator.

        When it may have been a call for help, the second road is called: no card exists for it.
        """
        why = type(fault).__name__
        if incoming.sender.channel in ORIGINS:  # nobody wrote it: whoever made it up will miss it
            return Outcome()
        self.alarms("dead-letter", why)
        red = incoming.side is not Side.DESK and self.may_be_danger(incoming)

        def bury(tx: Tx) -> None:
            if not inbox.first_time(tx, incoming, self.now()):
                return
            body = json.dumps(asdict(incoming), default=str).encode()
            inbox.bury(tx, incoming.sender.channel, body, why, self.now())
            if incoming.side is Side.DESK:
                return
            known = people.meet(tx, incoming.sender)
            sorry: list[Effect] = [Say(known.person.id, (Part("error"),), foot()), Audit("buried")]
            if red:
                sorry.append(Hook("", NO_CODE, Priority.P1))
            apply(
                tx,
                sorry,
                person=known.person.id,
                now=self.now(),
                ward=self.house.ward.id,
                render=self.render,
            )

        await self.db.write(bury)
        self.committed()
        return Outcome()

    def may_be_danger(self, incoming: Incoming) -> bool:
        """Tell whether a message we failed on was a call for help, as far as can be told."""
        if incoming.choice in DANGER:
            return True
        try:
            return self.house.reader.read(incoming.text).level is Level.RED
        except Exception:  # noqa: BLE001  (it may be the reader itself that is broken)
            return True

    async def tick(self, limit: int = 100) -> int:
        """Deal with every moment that has come, each in its own transaction; gives how many."""
        for done in range(limit):
            try:
                due = await self.db.write(self.moment)
            except Exception as fault:  # noqa: BLE001  (one bad row must not stop the clock)
                self.alarms("moment-failed", type(fault).__name__)
                await self.db.write(self.postpone)
                continue
            if due is None:
                return done
            self.committed()
        return limit

    def moment(self, tx: Tx) -> Due | None:
        """Take the earliest moment that has come, and decide it."""
        now = self.now()
        due = deadlines.take(tx, now)
        if due is None:
            return None
        view = load_due(tx, due, self.house, now)
        self.apply(tx, decide(view, due, self.dice), view, None)
        return due

    def postpone(self, tx: Tx) -> None:
        """Put a moment that failed behind the others."""
        now = self.now()
        deadlines.postpone(tx, now, now + AGAIN_AFTER)
