"""The outbox, lane by lane: claim, deliver, mark; back off; give up loudly.

It decides nothing: what a row says was decided and sealed before. A card is drawn at the moment
it is sent, from the case as it stands then.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.alarms import Alarms
from bot.cards import Drawn, draw
from bot.channels.channel import (
    Channel,
    Failed,
    Hopeless,
    Limited,
    Outgoing,
    Unknown,
    Unsent,
)
from bot.crowd import Crowd
from bot.pace import GROUP_LANE, Pace
from bot.pictures import Refused
from bot.render import unpack
from handlers.effects import Class, Remind
from handlers.events import Address, MediaKind, Wait
from handlers.view import House
from storage import cards, deadlines, files, outbox, shows
from storage.db import Database, DatabaseFault
from storage.outbox import Kind, Parcel
from storage.tx import Tx

_log = logging.getLogger("bot.sender")

LEASE_S = 120
MOST_LANES_AT_ONCE = 64
PATIENCE = 1.0
"""Seconds after which the lanes are looked at even if nobody called."""
BACK_OFF = (1, 2, 4, 8, 15, 30, 60)
BROKEN_TRIES = 3
"""A message that is wrong in itself gets no better by trying."""
STOP_S = 5
"""How long a stop waits for what is being sent, so that nobody has to guess what became of it."""
REFUSED_AGAIN_S = 300
"""A card that is refused is never given up: after the first tries, so often."""
OUT_OF_SERVICE_S = 60
"""How long everything waits whose platform refuses the token."""
ATTEMPTS = 40
"""After so many tries (about half an hour) anything but an alert is given up."""
SHUT = frozenset({Hopeless.RIGHTS, Hopeless.GONE})
"""The officers' group takes nothing at all (any more)."""
ALARM_AFTER = 5
"""An alert that has failed so often is told to the operator; it is tried on and on."""


class Sender:
    """Empties the outbox. One task for each lane that has something to do."""

    def __init__(
        self,
        *,
        db: Database,
        channels: Mapping[str, Channel],
        house: House,
        alarms: Alarms,
        now: Callable[[], datetime],
        ring: Callable[[str, str], Awaitable[None]],
        clean: Mapping[MediaKind, Callable[[bytes], Awaitable[bytes]]],
        paces: Mapping[str, Pace],
    ) -> None:
        """`ring` calls the ward's ALERT_HOOK with a code and a priority.

        `paces`: how fast each platform may be written to, by channel.
        """
        self.db = db
        self.channels = channels
        self.house = house
        self.alarms = alarms
        self.now = now
        self.ring = ring
        self.clean = clean
        self.paces = paces
        self.called = asyncio.Event()
        self.working: dict[str, asyncio.Task[None]] = {}
        self.stopping = False
        self.crowd = Crowd()
        self.shut = True
        """Whether the group has refused since it last took something; at a start nobody knows."""

    def wake(self) -> None:
        """Say that a commit has put something into the outbox."""
        self.called.set()

    async def run(self) -> None:
        """Send until cancelled. A fault that is not the network's ends the process, loudly."""
        for _ in range(await self.db.write(outbox.recover)):
            self.alarms("given-up", "unknown-after-restart")
        try:
            while True:
                self.called.clear()
                await self.start_lanes()
                await self.rest()
                self.check()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Let what is being sent end, then stop."""
        tasks = tuple(self.working.values())
        self.stopping = True
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def start_lanes(self) -> None:
        """Give every due lane a task, as far as there is room."""
        now = self.now()
        urgent, others = await self.db.read(
            lambda tx: (outbox.lanes_urgent(tx, now), outbox.lanes_due(tx, now))
        )
        for lane in (*urgent, *others):
            # An alert finds room however many people are being answered.
            room = len(self.working) < MOST_LANES_AT_ONCE or lane in urgent
            if room and lane not in self.working:
                self.working[lane] = asyncio.create_task(self.work(lane))

    async def rest(self) -> None:
        """Wait for a call, for a lane's end, or for the next due moment."""
        call = asyncio.create_task(self.called.wait())
        try:
            await asyncio.wait(
                {call, *self.working.values()},
                timeout=PATIENCE,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            call.cancel()

    def check(self) -> None:
        """Take finished lanes off the list; raise what one of them raised."""
        for lane in [name for name, task in self.working.items() if task.done()]:
            self.working.pop(lane).result()

    async def work(self, lane: str) -> None:
        """Deliver one lane's rows, one after the other, until none is due."""
        pace = self.paces.get(self.channel_of(lane))
        while not self.stopping:
            await self.keep_pace(pace, lane)
            parcel = await self.db.write(lambda tx: outbox.claim(tx, lane, self.now(), LEASE_S))
            went_out = parcel is not None and await self.deliver(parcel)
            if pace is not None and not went_out:
                pace.give_back(lane)
            if parcel is None:
                return

    def channel_of(self, lane: str) -> str:
        """Give the channel of a lane: its prefix, or the group's."""
        return "telegram" if lane == GROUP_LANE else lane.partition(":")[0]

    async def keep_pace(self, pace: Pace | None, lane: str) -> None:
        """Wait until this lane may send again; the most urgent row is chosen only then."""
        clock = asyncio.get_running_loop().time
        while pace is not None:
            seconds = pace.wait(lane, clock())
            if seconds <= 0:
                pace.take(lane)
                return
            await asyncio.sleep(seconds)

    async def deliver(self, parcel: Parcel) -> bool:
        """Deliver one row and mark what became of it; False when nothing went out."""
        now = self.now()
        due = now + timedelta(seconds=BACK_OFF[min(parcel.attempts, len(BACK_OFF)) - 1])
        try:
            went_out = await self.DELIVER[parcel.kind](self, parcel)
        except DatabaseFault:
            raise
        except Limited as pause:
            until = now + timedelta(seconds=pause.seconds)
            await self.db.write(lambda tx: self.pause(tx, parcel, until))
        except Unsent:
            await self.retry(parcel, due)
        except Unknown:
            await self.uncertain(parcel, due)
        except Failed as failure:
            await self.fail(parcel, failure.why)
        except Exception as fault:  # noqa: BLE001  (one odd row must not stop all the others)
            await self.broken(parcel, fault)
        else:
            if went_out and self.shut and parcel.lane == GROUP_LANE:
                await self.reopen(parcel.ward)
            return went_out
        return True

    async def broken(self, parcel: Parcel, fault: Exception) -> None:
        """A row that cannot be read or drawn: told, tried again later, given up if no alert."""
        self.alarms("row-broken", f"{parcel.kind} {type(fault).__name__}")
        if parcel.attempts >= BROKEN_TRIES and not is_alert(parcel):
            await self.db.write(lambda tx: outbox.dead(tx, parcel, "broken"))
            return
        due = self.now() + timedelta(seconds=BACK_OFF[-1])
        await self.db.write(lambda tx: outbox.again(tx, parcel, due))

    def pause(self, tx: Tx, parcel: Parcel, until: datetime) -> None:
        """Let one lane rest, and nobody else's."""
        outbox.again(tx, parcel, until)
        outbox.rest(tx, parcel.lane, until)

    async def retry(self, parcel: Parcel, due: datetime) -> None:
        """Try again later; an alert for ever, and the operator hears of it."""
        alert = is_alert(parcel)
        if alert and parcel.attempts == ALARM_AFTER:
            self.alarms("alert-not-delivered", parcel.kind)
        if not alert and parcel.attempts >= ATTEMPTS:
            await self.give_up(parcel, "unreachable")
            return
        await self.db.write(lambda tx: outbox.again(tx, parcel, due))

    async def uncertain(self, parcel: Parcel, due: datetime) -> None:
        """It may have arrived: the outbox knows which classes are repeated."""
        now = self.now()
        repeated = await self.db.write(lambda tx: outbox.doubt(tx, parcel, now, due))
        if not repeated:
            self.alarms("unknown-outcome", parcel.kind)

    async def fail(self, parcel: Parcel, why: Hopeless) -> None:
        """It can never arrive as it is."""
        if why is Hopeless.TOKEN:
            # The door is out of service: no row's fault, and no reason to stop the other doors.
            until = self.now() + timedelta(seconds=OUT_OF_SERVICE_S)
            await self.db.write(lambda tx: self.out_of_service(tx, parcel, until))
            return
        tries = BROKEN_TRIES if why is Hopeless.REFUSED else ATTEMPTS
        if parcel.kind is Kind.SHOW or (is_alert(parcel) and parcel.attempts < tries):
            await self.refused(parcel, why)
            return
        await self.give_up(parcel, why)

    def out_of_service(self, tx: Tx, parcel: Parcel, until: datetime) -> None:
        """Let a row and its lane wait for the platform to take the token again."""
        outbox.spare(tx, parcel, until)
        outbox.rest(tx, parcel.lane, until)

    async def refused(self, parcel: Parcel, why: Hopeless) -> None:
        """A group may let the bot in again: the alert waits for it, and others are told now."""
        if parcel.attempts in {1, ALARM_AFTER}:
            self.alarms("alert-refused", why)
        step = BACK_OFF[-1]
        if parcel.kind is Kind.SHOW:
            steps = (*BACK_OFF, REFUSED_AGAIN_S)
            step = steps[min(parcel.attempts, len(steps)) - 1]
        due = self.now() + timedelta(seconds=step)
        shut = why in SHUT and parcel.lane == GROUP_LANE
        self.shut = self.shut or shut

        def again(tx: Tx) -> None:
            outbox.again(tx, parcel, due)
            for case in shows.unreached(tx, parcel.lane) if shut else ():
                deadlines.remind(tx, Remind(Wait.UNREACHED, tx.now, case=case))

        await self.db.write(again)

    async def reopen(self, ward: str) -> None:
        """The group takes something again: show there what waits, and what it never got."""
        self.shut = False
        await self.db.write(lambda tx: shows.reopen(tx, ward))
        self.wake()

    async def give_up(self, parcel: Parcel, why: str) -> None:
        """Mark a row dead; the entry says that the answer failed."""
        if why != Hopeless.BLOCKED:
            self.alarms("given-up", f"{parcel.kind} {why}")
        await self.db.write(lambda tx: outbox.dead(tx, parcel, why))

    def door(self, name: str) -> Channel:
        """Give a channel; a door that was taken out of service must not stop the others."""
        if name not in self.channels:
            raise Failed(Hopeless.GONE)
        return self.channels[name]

    async def say(self, parcel: Parcel) -> bool:
        """Deliver a message to a person or the group."""
        if parcel.to is None:
            await self.give_up(parcel, Hopeless.GONE)
            return False
        packed = unpack(parcel.body)
        message = replace(packed.message, again=parcel.again)
        if packed.pictures:
            message = await self.db.read(lambda tx: with_files(tx, message, packed.pictures))
        refs = await self.door(parcel.to.channel).send(parcel.to, message)
        await self.db.write(lambda tx: outbox.sent(tx, parcel, refs, self.now()))
        return True

    async def show(self, parcel: Parcel) -> bool:
        """Bring a case's card up to date at one place."""
        drawn = await self.db.read(lambda tx: draw(tx, parcel, self.house))
        if parcel.to is None:
            await self.give_up(parcel, Hopeless.GONE)
            return False
        if drawn is None:
            return await self.unshow(parcel, parcel.to)
        message = replace(drawn.message, again=parcel.again and drawn.ref == "")
        mark = fingerprint(drawn.message)
        if not drawn.ref and parcel.lane == GROUP_LANE:
            until = self.crowd.until(self.now())
            if until is not None and not drawn.urgent:
                return await self.put_off(parcel, parcel.to, until)
            self.crowd.one_more(self.now())
        went_out = not drawn.ref or mark != drawn.shown
        refs: tuple[str, ...] = (drawn.ref,)
        if went_out:
            refs = await self.bring(parcel.to, drawn, message)
        card = cards.Card(str(parcel.case), parcel.lane, str(parcel.place), refs[0], shown=mark)

        def mark_shown(tx: Tx) -> None:
            cards.put(tx, card, self.now())
            outbox.sent(tx, parcel, (), self.now())

        await self.db.write(mark_shown)
        return went_out

    async def put_off(self, parcel: Parcel, to: Address, until: datetime) -> bool:
        """Too many new cards: the less urgent wait, and one line a minute says how many."""
        told = self.crowd.tells(self.now())
        if told:
            self.alarms("flood", "cards")
            others = await self.db.read(lambda tx: shows.new_cards(tx, parcel.lane))
            text = self.house.texts.say("desk.digest", "vi", "", {"so": str(others + 1)})
            await self.door(to.channel).send(to, Outgoing(text, typed=False))
        await self.db.write(lambda tx: shows.put_off(tx, parcel, until))
        return told

    async def unshow(self, parcel: Parcel, to: Address) -> bool:
        """Take a card away that may not stand at this place (any more)."""
        there = await self.db.read(lambda tx: cards.get(tx, str(parcel.case), parcel.lane))
        if there is not None:
            await self.door(to.channel).delete(to, (there.ref,))

        def mark_gone(tx: Tx) -> None:
            cards.drop(tx, str(parcel.case), parcel.lane)
            outbox.sent(tx, parcel, (), self.now())

        await self.db.write(mark_gone)
        return there is not None

    async def bring(self, to: Address, drawn: Drawn, message: Outgoing) -> tuple[str, ...]:
        """Edit the card that is there; one that was deleted is sent anew."""
        channel = self.door(to.channel)
        if drawn.ref:
            try:
                await channel.edit(to, drawn.ref, message)
            except Failed as failure:
                if failure.why is not Hopeless.GONE:
                    raise
            else:
                return (drawn.ref,)
        return await channel.send(to, message)

    async def fetch(self, parcel: Parcel) -> bool:
        """Fetch a file, have it cleaned, seal it into its case."""
        name, ref, _ = json.loads(parcel.body)
        kind = MediaKind(name)
        raw = await self.door(parcel.lane.partition(":")[2]).fetch(ref)
        try:
            clean = await self.clean[kind](raw)
        except Refused as refusal:
            await self.give_up(parcel, refusal.reason)
            return True

        def seal(tx: Tx) -> None:
            files.keep(tx, str(parcel.case), str(parcel.entry), kind, clean, self.now())
            outbox.sent(tx, parcel, (), self.now())
            outbox.refresh(tx, str(parcel.case))

        await self.db.write(seal)
        self.wake()
        return True

    async def hook(self, parcel: Parcel) -> bool:
        """Call the ward's second road: a code and a priority, nothing else."""
        data = json.loads(parcel.body)
        await self.ring(data["code"], data["priority"])
        await self.db.write(lambda tx: outbox.sent(tx, parcel, (), self.now()))
        return True

    DELIVER: Mapping[Kind, Callable[["Sender", Parcel], Awaitable[bool]]] = {
        Kind.SAY: say,
        Kind.SHOW: show,
        Kind.FETCH: fetch,
        Kind.HOOK: hook,
    }


def is_alert(parcel: Parcel) -> bool:
    """Tell whether officers must see this: it is not given up as long as there is hope."""
    return parcel.kind is Kind.SHOW or parcel.rank is Class.ALERT


def with_files(tx: Tx, message: Outgoing, names: tuple[str, ...]) -> Outgoing:
    """Unseal the pictures and voices that go along."""
    found = [file for name in names if (file := files.get(tx, name)) is not None]
    return replace(
        message,
        pictures=tuple(f.body for f in found if f.kind is MediaKind.PICTURE),
        voices=tuple(f.body for f in found if f.kind is MediaKind.VOICE),
    )


def fingerprint(message: Outgoing) -> bytes:
    """Give a short mark of what a card shows, so that nothing is sent when nothing changed."""
    return hashlib.sha256(repr((message.text, message.keys, message.spoiler)).encode()).digest()
