"""The outbox, lane by lane: claim, deliver, mark; back off; give up loudly.

It decides nothing: what a row says was decided and sealed before. A card is drawn at the moment
it is sent, from the case as it stands then.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from bot.alarms import Alarms
from bot.cards import Drawn, draw
from bot.channels.channel import (
    Channel,
    Failed,
    Hopeless,
    Limited,
    Outgoing,
    Topics,
    Undelivered,
    Unknown,
    Unsent,
)
from bot.crowd import Crowd
from bot.pace import GROUP_LANE, Pace
from bot.pictures import Refused
from bot.render import unpack
from bot.topics import CaseTopics
from handlers.effects import Class, Remind
from handlers.events import Address, MediaKind, Wait
from handlers.view import House
from storage import cards, deadlines, exercises, files, outbox, shows, topics, visible
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
NO_ROOM_S = 300
"""How long a file waits at its platform when the disk has no room for it."""
OUT_OF_SERVICE_S = 60
"""How long everything waits whose platform refuses the token."""
ATTEMPTS = 40
"""After so many tries (about half an hour) anything but an alert is given up."""
SHUT = frozenset({Hopeless.RIGHTS, Hopeless.GONE})
"""The officers' group takes nothing at all (any more)."""
ALARM_AFTER = 5
"""An alert that has failed so often is told to the operator; it is tried on and on."""
LONG_PAUSE_S = 60
"""A pause of so many seconds that holds up alerts is told at once."""


class Stands(NamedTuple):
    """Where a card stands."""

    ref: str
    topic: str


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
        write: Callable[[str, str], Awaitable[None]] | None = None,
        room: Callable[[], bool] = lambda: True,
        clean: Mapping[MediaKind, Callable[[bytes], Awaitable[bytes]]],
        paces: Mapping[str, Pace],
        topics: Mapping[str, Topics] = MappingProxyType({}),
    ) -> None:
        """`ring` calls the ward's ALERT_HOOK with a code and a priority, `write` sends a letter.

        `room`: whether the disk has room for files; while it has not, they are not fetched.
        `paces`: how fast each platform may be written to, by channel. `topics`: the channels
        whose groups can hold topics.
        """
        self.db = db
        self.channels = channels
        self.house = house
        self.alarms = alarms
        self.now = now
        self.ring = ring
        self.write = write
        self.room = room
        self.clean = clean
        self.paces = paces
        self.called = asyncio.Event()
        self.working: dict[str, asyncio.Task[None]] = {}
        self.stopping = False
        self.crowd = Crowd()
        self.topics = CaseTopics(db, topics, now, self.turn)
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
            if not await self.keep_pace(pace, lane):
                return
            parcel = await self.db.write(lambda tx: outbox.claim(tx, lane, self.now(), LEASE_S))
            went_out = parcel is not None and await self.deliver(parcel)
            if pace is not None and not went_out:
                pace.give_back(lane)
            if parcel is None:
                return

    def channel_of(self, lane: str) -> str:
        """Give the channel of a lane: its prefix, or the group's."""
        return "telegram" if lane == GROUP_LANE else lane.partition(":")[0]

    async def keep_pace(self, pace: Pace | None, lane: str) -> bool:
        """Wait until this lane may send again; the most urgent row is chosen only then.

        False: the program stops.
        """
        clock = asyncio.get_running_loop().time
        while not self.stopping:
            seconds = 0.0 if pace is None else pace.wait(lane, clock())
            if seconds <= 0:
                if pace is not None:
                    pace.take(lane)
                return True
            await asyncio.sleep(min(seconds, PATIENCE))
        return False

    async def turn(self, lane: str) -> None:
        """Wait until one call more may go to this lane, besides its message."""
        await self.keep_pace(self.paces.get(self.channel_of(lane)), lane)

    async def deliver(self, parcel: Parcel) -> bool:
        """Deliver one row and mark what became of it; False when nothing went out."""
        now = self.now()
        due = now + timedelta(seconds=BACK_OFF[min(parcel.attempts, len(BACK_OFF)) - 1])
        try:
            went_out = await self.DELIVER[parcel.kind](self, parcel)
        except DatabaseFault:
            raise
        except Limited as pause:
            await self.limited(parcel, pause.seconds)
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

    def slowed(self, lane: str, seconds: float) -> None:
        """Tell the pace that the platform asked for a pause."""
        pace = self.paces.get(self.channel_of(lane))
        if pace is not None:
            pace.slow(lane, seconds, asyncio.get_running_loop().time())

    async def limited(self, parcel: Parcel, seconds: float) -> None:
        """Let one lane rest; the operator hears of it when that holds up an alert for long."""
        holds_alerts = is_alert(parcel) or parcel.lane == GROUP_LANE
        if holds_alerts and (seconds >= LONG_PAUSE_S or parcel.attempts == ALARM_AFTER):
            self.alarms("alert-not-delivered", parcel.kind)
        self.slowed(parcel.lane, seconds)
        until = self.now() + timedelta(seconds=seconds)
        await self.db.write(lambda tx: self.pause(tx, parcel, until))

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

    async def lost(self) -> None:
        """The group was seen to take nothing: tell others at once of what waits for it."""
        self.shut = True

        def tell(tx: Tx) -> None:
            for case in shows.unreached(tx, GROUP_LANE):
                deadlines.remind(tx, Remind(Wait.UNREACHED, tx.now, case=case))

        await self.db.write(tell)

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
        refs = await self.say_in(parcel, parcel.to, message)
        await self.db.write(lambda tx: outbox.sent(tx, parcel, refs, self.now()))
        return True

    async def say_in(self, parcel: Parcel, to: Address, message: Outgoing) -> tuple[str, ...]:
        """Send a message; in the group, into the topic of its case, as long as that is there."""
        channel = self.door(to.channel)
        topic = await self.topics.of(parcel) if parcel.lane == GROUP_LANE else ""
        if topic:
            try:
                return await channel.send(to, replace(message, topic=topic))
            except Failed as failure:
                if failure.why not in SHUT:
                    raise
        return await channel.send(to, message)

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
        there = await self.stand(parcel, parcel.to, drawn, message)
        went_out = there != Stands(drawn.ref, drawn.topic) or mark != drawn.shown
        card = cards.Card(
            str(parcel.case), parcel.lane, str(parcel.place), there.ref, there.topic, mark
        )
        unsettled = self.topics.unsettled(drawn, there.topic)
        await self.db.write(lambda tx: self.stood(tx, parcel, drawn, card, done=not unsettled))
        if self.crowd.line and parcel.lane == GROUP_LANE:
            waiting = await self.db.read(lambda tx: shows.new_cards(tx, GROUP_LANE))
            if not waiting:
                await self.take_line_away(parcel.to)
        if unsettled:
            await self.settle(parcel, parcel.to, drawn)
        return went_out

    async def settle(self, parcel: Parcel, to: Address, drawn: Drawn) -> None:
        """Have the topic be as its case; a pause for that is no pause for the cards that wait."""
        try:
            await self.topics.settle(parcel, to, drawn)
        except Limited as pause:
            until = self.now() + timedelta(seconds=pause.seconds)
            await self.db.write(lambda tx: outbox.spare(tx, parcel, until))
        else:
            await self.db.write(lambda tx: outbox.sent(tx, parcel, (), self.now()))

    def stood(self, tx: Tx, parcel: Parcel, drawn: Drawn, card: cards.Card, *, done: bool) -> None:
        """Write where a card stands now; one that it replaces, or that nobody needs, is taken away.

        `done`: nothing more is to be brought there.
        """
        if drawn.ref and drawn.topic != card.topic:
            cards.take_ref_away(tx, parcel.ward, drawn.ref)
        if cards.put(tx, card, self.now()):
            exercises.shown(tx, card.case, parcel.ward)
        elif parcel.lane == GROUP_LANE:
            cards.take_ref_away(tx, parcel.ward, card.ref)
        if done:
            outbox.sent(tx, parcel, (), self.now())

    async def stand(self, parcel: Parcel, to: Address, drawn: Drawn, message: Outgoing) -> Stands:
        """Have the card stand where it should: where it is, or in its case's topic."""
        topic = ""
        if parcel.lane == GROUP_LANE:
            topic = await self.topics.place(parcel, to, drawn)
        stands = bool(drawn.ref) and topic in {"", drawn.topic}
        if stands and fingerprint(drawn.message) == drawn.shown:
            return Stands(drawn.ref, drawn.topic)
        return await self.bring(parcel, to, drawn, message, drawn.topic if stands else topic)

    async def put_off(self, parcel: Parcel, to: Address, until: datetime) -> bool:
        """Too many new cards: the less urgent wait, and one line a minute says how many."""
        told = self.crowd.tells(self.now())
        if told:
            self.alarms("flood", "cards")
            others = await self.db.read(lambda tx: shows.new_cards(tx, parcel.lane))
            text = self.house.texts.say("desk.digest", "vi", "", {"so": str(others + 1)})
            [line, *_] = await self.door(to.channel).send(to, Outgoing(text, typed=False))
            await self.take_line_away(to)
            self.crowd.line = line
        await self.db.write(lambda tx: shows.put_off(tx, parcel, until))
        return told

    async def take_line_away(self, to: Address) -> None:
        """Delete the line that said how many cards wait: a newer one says it, or none waits."""
        line, self.crowd.line = self.crowd.line, ""
        if line:
            with suppress(Undelivered):  # best effort: it says when it was true
                await self.door(to.channel).delete(to, (line,))

    async def unshow(self, parcel: Parcel, to: Address) -> bool:
        """Take a card, and its case's topic, away that may not stand at this place (any more)."""
        case, lane = str(parcel.case), parcel.lane
        there, own = await self.db.read(
            lambda tx: (cards.get(tx, case, lane), topics.get(tx, case, lane))
        )
        topic = "" if own is None else own.id
        left = topic and not await self.topics.delete(to, topic)
        stays = ""
        if there is not None and (left or not topic or topic != there.topic):
            stays = await self.delete_card(to, there.ref)

        def mark_gone(tx: Tx) -> None:
            if left:
                topics.take_away(tx, parcel.ward, topic)
            if stays and parcel.person is None:
                cards.take_ref_away(tx, parcel.ward, stays)
            elif stays:
                visible.note(tx, parcel.person, (stays,), self.now(), None)
            cards.drop(tx, case, lane)
            topics.drop(tx, case, lane)
            outbox.sent(tx, parcel, (), self.now())

        await self.db.write(mark_gone)
        return there is not None

    async def delete_card(self, to: Address, ref: str) -> str:
        """Delete a card; gives the one that is too old for it: the clock takes its words out."""
        try:
            await self.door(to.channel).delete(to, (ref,))
        except Failed as failure:
            if failure.why is not Hopeless.REFUSED:
                raise
            return ref
        return ""

    async def bring(
        self, parcel: Parcel, to: Address, drawn: Drawn, message: Outgoing, topic: str
    ) -> Stands:
        """Edit the card that is there; one that was deleted, or its topic, is made anew."""
        channel = self.door(to.channel)
        if drawn.ref and topic == drawn.topic:
            try:
                await channel.edit(to, drawn.ref, message)
            except Failed as failure:
                if failure.why is not Hopeless.GONE:
                    raise
                message = self.made_again(message)
            else:
                return Stands(drawn.ref, topic)
        try:
            refs = await channel.send(to, replace(message, topic=topic))
        except Failed as failure:
            if not topic or failure.why not in SHUT:
                raise
            topic = await self.topics.again(parcel, to, drawn, topic, failure.why)
            refs = await channel.send(to, replace(self.made_again(message), topic=topic))
        return Stands(refs[0], topic)

    def made_again(self, message: Outgoing) -> Outgoing:
        """Say on a card that the one before it was deleted, and that nothing is lost."""
        line = self.house.texts.say("desk.made_again", "vi", "", {})
        if message.text.startswith(line):
            return message
        return replace(message, text=f"{line}\n\n{message.text}")

    async def fetch(self, parcel: Parcel) -> bool:
        """Fetch a file, have it cleaned, seal it into its case."""
        name, ref, _ = json.loads(parcel.body)
        kind = MediaKind(name)
        if not self.room():
            until = self.now() + timedelta(seconds=NO_ROOM_S)
            await self.db.write(lambda tx: outbox.spare(tx, parcel, until))
            return False
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
        """Go one of the ward's roads that ring: a code and a priority, nothing else."""
        data = json.loads(parcel.body)
        go = self.write if parcel.lane == outbox.MAIL_LANE else self.ring
        if go is not None:
            await go(data["code"], data["priority"])
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
