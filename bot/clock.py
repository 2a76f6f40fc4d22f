"""apscheduler calls tick: every waiting thing is a row with a due time, this only looks.

The scheduler holds no job worth keeping: after a restart the rows are still there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NoReturn

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.alarms import Alarms
from bot.channels.channel import (
    Channel,
    Failed,
    Hopeless,
    Outgoing,
    Topics,
    Undelivered,
    Unsent,
)
from handlers.clocks import VIETNAM, local
from handlers.events import Address
from handlers.view import House
from storage import people, places, retention, visible
from storage.db import Database, DatabaseFault
from storage.guard import Held
from storage.tx import Tx

_log = logging.getLogger("bot.clock")

MOMENTS_EVERY_S = 1
REMOVE_EVERY_S = 3
"""Whoever asked to be forgotten may not be alone: the chat is emptied at once."""
SWEEP_EVERY_S = 600
QUIET_HOUR = 3
"""In Việt Nam: when a few seconds in which nobody can be answered harm least."""
AGAIN_AFTER = timedelta(minutes=5)

FATAL = (DatabaseFault,)
"""A database in trouble: the process ends, and is seen to end."""

Job = Callable[[], Awaitable[object]]


class Clock:
    """Calls what is due. A call that is late is made once, a call that runs is not doubled."""

    def __init__(
        self,
        *,
        db: Database,
        tick: Callable[[], Awaitable[int]],
        channels: Mapping[str, Channel],
        alarms: Alarms,
        now: Callable[[], datetime],
        house: House,
        topics: Mapping[str, Topics] = MappingProxyType({}),
        others: tuple[tuple[Job, int], ...] = (),
    ) -> None:
        """`tick` deals with the moments that have come; the house's ward says its periods.

        `topics`: the channels whose groups can hold topics. `others`: what else is to be done,
        and every how many seconds.
        """
        self.others = others
        self.db = db
        self.tick = tick
        self.channels = channels
        self.topics = topics
        self.alarms = alarms
        self.now = now
        self.periods = retention.periods(house.ward)
        self.emptied = Outgoing(house.texts.say("desk.taken_away", "vi", "", {}), typed=False)
        self.owed = False
        """Whether something was deleted that may still stand in the journal."""
        self.unclean = True
        """Whether remains may stand in the file; at a start nobody knows."""
        self.forbidden: datetime | None = None
        """When a right was last missing to take something away."""
        self.broken: asyncio.Future[None] | None = None
        self.scheduler = AsyncIOScheduler(
            # Not by its name: a machine without the zones' tables must keep time as well.
            timezone=VIETNAM,
            # The default grace of one second would silently skip a call after a busy second.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    async def watch(self) -> NoReturn:
        """Wait for a fault with which nothing may go on, and raise it."""
        self.broken = asyncio.get_running_loop().create_future()
        self.start()
        await self.broken
        raise AssertionError("only a fault ends the wait")

    def start(self) -> None:
        """Begin to look."""
        jobs: tuple[tuple[Job, int], ...] = (
            (self.tick, MOMENTS_EVERY_S),
            (self.take_away, REMOVE_EVERY_S),
            (self.sweep, SWEEP_EVERY_S),
            *self.others,
        )
        for job, seconds in jobs:
            self.scheduler.add_job(job, "interval", seconds=seconds)
        # The scheduler only logs what a job raises; the operator must hear of it.
        self.scheduler.add_listener(self.failed, EVENT_JOB_ERROR)
        self.scheduler.start()

    def failed(self, event: JobExecutionEvent) -> None:
        """A job has ended by a fault of ours; a job that was cut short by stopping has not."""
        if not isinstance(event.exception, Exception):
            return
        self.alarms("clock-failed", type(event.exception).__name__)
        if (
            isinstance(event.exception, FATAL)
            and self.broken is not None
            and not self.broken.done()
        ):
            self.broken.set_exception(event.exception)

    def stop(self) -> None:
        """Stop looking."""
        if self.scheduler.running:
            self.scheduler.shutdown(wait=False)

    async def take_away(self) -> None:
        """Delete words of a case from officers' chats within a day, and cards of shredded cases."""
        now = self.now()
        for one in await self.db.read(lambda tx: visible.due(tx, now)):
            await self.take_away_one(one)

    async def take_away_one(self, one: visible.Visible) -> None:
        """Delete messages of one chat; what cannot be deleted now is tried again."""
        to = await self.db.read(lambda tx: where(tx, one))
        try:
            if to is not None:
                await self.remove(to, one)
            elif one.person is None:
                self.alarms("could-not-take-away", Hopeless.GONE)
        except Failed as failure:
            if failure.why is Hopeless.TOKEN:  # the door is out of service, the chat is not gone
                await self.try_later(one)
                return
            left = one.refs if to is None else await self.left(to, one)
            if to is not None:
                await self.empty(to, left)
            self.refused(failure.why)
            if failure.why is Hopeless.RIGHTS:
                await self.try_later(replace(one, refs=left))
                return
        except Undelivered:
            await self.try_later(one)
            return
        await self.db.write(lambda tx: visible.gone(tx, one))

    async def remove(self, to: Address, one: visible.Visible) -> None:
        """Delete messages, or the topic they stand in: that one can go however old it is."""
        topics = self.topics.get(to.channel)
        if not one.topic or topics is None:
            await self.door(to.channel).delete(to, one.refs)
            return
        await topics.delete_topic(to, one.topic)

    async def left(self, to: Address, one: visible.Visible) -> tuple[str, ...]:
        """Give what stays after a refusal: of a topic that must stay, the messages may go."""
        if one.topic and one.refs:
            with suppress(Undelivered):
                await self.door(to.channel).delete(to, one.refs)
                return ()
        return one.refs

    def refused(self, why: Hopeless) -> None:
        """Tell what could not be taken away; a right that is missing once, until it is given."""
        if why is Hopeless.RIGHTS:
            before, self.forbidden = self.forbidden, self.now()
            if before is not None and self.forbidden - before < 2 * AGAIN_AFTER:
                return
        self.alarms("could-not-take-away", why)

    async def try_later(self, one: visible.Visible) -> None:
        """Leave the messages of one chat for a later run."""
        later = self.now() + AGAIN_AFTER
        await self.db.write(lambda tx: visible.later(tx, one, later))

    async def empty(self, to: Address, refs: tuple[str, ...]) -> None:
        """Take the words out of messages that must stay: Telegram deletes none after 48 hours."""
        for ref in refs:
            with suppress(Undelivered):
                await self.door(to.channel).edit(to, ref, self.emptied)

    def door(self, name: str) -> Channel:
        """Give a channel; one that is out of service may come back: what it showed waits."""
        if name not in self.channels:
            raise Unsent
        return self.channels[name]

    async def sweep(self) -> None:
        """Delete what has expired, and empty the journal of it; a run that is held is told."""
        now, more = self.now(), True

        def sweep(tx: Tx) -> retention.Swept:
            return retention.sweep(tx, now, self.periods)

        while more:
            swept = await self.db.write(sweep)
            self.owed = self.owed or swept.deleted
            self.unclean = self.unclean or swept.deleted
            more = swept.more
        if swept.held is Held.JUMPED:
            self.alarms("clock-jumped")
        elif swept.held is Held.MANY:
            self.alarms("too-many-expired")
        emptied = await self.rewrite() or await self.db.checkpoint()
        if self.owed and not emptied:
            self.alarms("journal-not-emptied")
        self.owed = self.owed and not emptied

    async def rewrite(self) -> bool:
        """Once a night, write the file anew if anything was deleted; True: the journal is empty."""
        if not self.unclean or local(self.now()).hour != QUIET_HOUR:
            return False
        try:
            emptied = await self.db.rewrite()
        except DatabaseFault:
            # No room, most likely: what is there is as safe as before, and the next write will tell.
            self.alarms("file-not-rewritten")
            return False
        self.unclean = False
        return emptied


def where(tx: Tx, one: visible.Visible) -> Address | None:
    """Give the chat, or the ward's group, in which messages stand; None when it is gone."""
    if one.person is None:
        return places.get(tx, one.ward, places.GROUP)
    return people.address(tx, one.person)
