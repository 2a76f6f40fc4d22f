"""A topic of the officers' group for each case: made with its first card, called and closed as it.

A topic never holds up an alert: where none can be made, the card stands in the group itself.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from bot.cards import Drawn
from bot.channels.channel import Failed, Hopeless, Limited, Topics, Undelivered, Unknown
from handlers.events import Address
from storage import topics
from storage.db import Database
from storage.outbox import Parcel

HEARD_WITHIN = timedelta(seconds=8)
"""Nobody knows whether a topic was made: so long the platform's own note of it is waited for."""
AGAIN_AFTER = timedelta(minutes=1)
"""No topic could be made and nobody said for how long: so long none is asked for."""


class CaseTopics:
    """Places cards into topics. `turn` waits until a lane may send once more."""

    def __init__(
        self,
        db: Database,
        doors: Mapping[str, Topics],
        now: Callable[[], datetime],
        turn: Callable[[str], Awaitable[None]],
    ) -> None:
        """`doors`: those whose groups can hold topics, by channel."""
        self.db = db
        self.doors = doors
        self.now = now
        self.turn = turn
        self.resting = now()
        """Until when no topic is asked for."""

    async def place(self, parcel: Parcel, to: Address, drawn: Drawn) -> str:
        """Give the topic for this card, made if need be; empty: it stands in the group itself.

        A card that stands there moves into its topic the next time it is shown.
        """
        door = self.doors.get(to.channel)
        if door is None or not await door.has_topics(to):
            return ""
        own = drawn.own
        if own is not None and own.id:
            return own.id
        made_just_now = own is not None and self.now() < own.at + HEARD_WITHIN
        if made_just_now or self.now() < self.resting:
            return ""
        return await self.make(door, parcel, to, drawn)

    async def make(self, door: Topics, parcel: Parcel, to: Address, drawn: Drawn) -> str:
        """Make a topic. It is written down before and after: a crash leaves no second card.

        Empty when it cannot be made now: its platform's troubles with topics hold up no card.
        """
        case, lane = str(parcel.case), parcel.lane
        await self.turn(lane)
        await self.db.write(lambda tx: topics.begin(tx, case, lane, drawn.title))
        try:
            made = await door.open_topic(to, drawn.title)
        except Unknown:  # what is written down stays: the note that it was made may still come
            self.rest(AGAIN_AFTER)
            return await self.of(parcel)
        except Failed as failure:
            await self.db.write(lambda tx: topics.drop(tx, case, lane))
            if failure.why is Hopeless.TOKEN:
                raise
            return ""
        except Undelivered as trouble:
            await self.db.write(lambda tx: topics.drop(tx, case, lane))
            said = timedelta(seconds=trouble.seconds) if isinstance(trouble, Limited) else None
            self.rest(AGAIN_AFTER if said is None else said)
            return ""
        return await self.db.write(lambda tx: topics.made(tx, parcel.ward, case, lane, made))

    def rest(self, pause: timedelta) -> None:
        """Ask for no topic for so long."""
        self.resting = max(self.resting, self.now() + pause)

    async def again(
        self, parcel: Parcel, to: Address, drawn: Drawn, topic: str, why: Hopeless
    ) -> str:
        """The topic took nothing: open it again, or make another; empty when neither works."""
        door = self.doors.get(to.channel)
        if door is None:
            return ""
        if why is Hopeless.GONE:
            await self.db.write(lambda tx: topics.drop(tx, str(parcel.case), parcel.lane))
            return await self.make(door, parcel, to, drawn)
        try:
            await self.turn(parcel.lane)
            await door.reopen_topic(to, topic)
        except Failed as failure:
            if failure.why is Hopeless.TOKEN:
                raise
            return ""
        except Undelivered:
            return ""
        return topic

    async def settle(self, parcel: Parcel, to: Address, drawn: Drawn) -> None:
        """Have the topic be called, and be open or closed, as its case is now."""
        case, lane = str(parcel.case), parcel.lane
        door = self.doors.get(to.channel)
        own = await self.db.read(lambda tx: topics.get(tx, case, lane))
        if door is None or own is None or not own.id:
            return
        if (own.title, own.closed) == (drawn.title, drawn.closed):
            return
        try:
            if own.title != drawn.title:
                await self.turn(lane)
                await door.name_topic(to, own.id, drawn.title)
            if own.closed != drawn.closed:
                await self.turn(lane)
                await (door.close_topic if drawn.closed else door.reopen_topic)(to, own.id)
        except Failed as failure:
            if failure.why is Hopeless.TOKEN:
                raise
            if failure.why is not Hopeless.GONE:
                return  # no right to: the card itself says how the case is
        await self.db.write(
            lambda tx: topics.shows(tx, case, lane, drawn.title, closed=drawn.closed)
        )

    def unsettled(self, drawn: Drawn, topic: str) -> bool:
        """Tell whether the topic in which a card stands is not called, or closed, as its case."""
        if not topic:
            return False
        if drawn.own is None or drawn.own.id != topic:
            return drawn.closed
        return (drawn.own.title, drawn.own.closed) != (drawn.title, drawn.closed)

    async def delete(self, to: Address, topic: str) -> bool:
        """Delete a topic with everything in it; False when that is refused."""
        door = self.doors.get(to.channel)
        if door is None:
            return False
        try:
            await door.delete_topic(to, topic)
        except Failed as failure:
            if failure.why is Hopeless.TOKEN:
                raise
            return False
        return True

    async def of(self, parcel: Parcel) -> str:
        """Give the topic that the case of a message has at its place; empty when it has none."""
        if parcel.case is None:
            return ""
        case, lane = parcel.case, parcel.lane
        own = await self.db.read(lambda tx: topics.get(tx, case, lane))
        return "" if own is None else own.id
