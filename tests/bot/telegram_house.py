"""The real product at the fake Telegram over real HTTP, with a clock that the test moves.

Everything is the product's own: door, inbox, sender, database. Nothing sleeps.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.channels.telegram import Telegram
from bot.topics import CaseTopics
from handlers.cases import Case
from handlers.events import Address
from handlers.view import Officer, Role
from storage import cases, officers, opening, people, places, shows, topics
from storage.topics import Topic
from storage.tx import Tx
from tests.fakes.telegram import BOT_ID, FakeTelegram, Shown
from tests.world import World, open_world

CHILD, FRIEND, LEAD, OFFICER = 501, 502, 601, 602
GROUP = -1009000000077
DANGER = "bố đang đánh em, cứu em"


def at(peer: int) -> Address:
    return Address("telegram", str(BOT_ID), str(peer))


@dataclass
class House:
    """What is running, and the ways to act in it."""

    tg: FakeTelegram
    world: World
    door: Telegram
    offset: int | None = None

    async def pump(self) -> None:
        """Take in everything that waits at the platform, then deliver everything that is due."""
        while updates := await self.door.updates(self.offset):
            await self.door.accept(updates, self.world.inbox)
            self.offset = max(update["update_id"] for update in updates) + 1
        await self.world.drain()

    async def seconds(self, more: float) -> None:
        """Let time pass; the moments that come with it are dealt with."""
        self.world.moment[0] += timedelta(seconds=more)
        await self.world.inbox.tick()
        await self.pump()

    async def say(self, who: int, words: str) -> None:
        self.tg.say(who, words)
        await self.pump()

    async def press(self, who: int, shown: Shown, button: str) -> None:
        self.tg.press(who, shown, button)
        await self.pump()

    async def report(self, who: int = CHILD, words: str = "Em hay bị đánh ở nhà") -> None:
        """A whole report; nothing in it is urgent."""
        self.tg.start(who)
        await self.pump()
        for button in ("a.for.me", "a.now.no", "a.what.hit"):
            await self.press(who, self.last(who), button)
        await self.say(who, words)
        await self.press(who, self.last(who), "go.send")

    async def danger(self, who: int = CHILD) -> None:
        await self.say(who, DANGER)

    def last(self, who: int) -> Shown:
        """The newest message in somebody's chat that has buttons."""
        return [one for one in self.tg.from_bot(who) if one.buttons][-1]

    def heard(self, who: int) -> list[str]:
        return [one.text for one in self.tg.from_bot(who)]

    def group(self, chat: int = GROUP) -> list[Shown]:
        return self.tg.from_bot(chat)

    def calls(self, method: str) -> list[Any]:
        return [call for call in self.tg.sent if call.method == method]

    async def claim(self, card: Shown, who: int = LEAD) -> None:
        await self.press(who, card, "Nhận việc")

    async def case(self) -> Case:
        found = await self.cases()
        return found[0]

    async def cases(self) -> list[Case]:
        ward = self.world.house.ward.id
        return await self.world.db.read(lambda tx: cases.board(tx, ward))

    async def topic(self) -> Topic | None:
        case = await self.case()
        return await self.world.db.read(lambda tx: topics.get(tx, case.id, "group"))

    async def officer(self, peer: int, name: str, role: str = Role.OFFICER) -> None:
        one = Officer(f"officer-{peer}", name, role)
        world = self.world

        def add(tx: Tx) -> None:
            officers.add(tx, one, world.house.ward.id, world.now)
            people.bind(tx, people.meet(tx, at(peer)).person.id, one.id)

        await world.db.write(add)


@asynccontextmanager
async def at_fake_telegram(
    path: Path, *, forum: bool = False, group: int = GROUP, **door: Any
) -> AsyncIterator[House]:
    """A ward whose officers have a group (with topics, if `forum`); a lead who has started the bot."""
    async with FakeTelegram(flood=False) as tg, open_world(path) as world:
        for one in (CHILD, FRIEND, LEAD, OFFICER):
            tg.person(one)
        tg.group(group, admins=[LEAD], members=[OFFICER], forum=forum)
        ward = world.house.ward.id

        async def moved(old: Address, new: Address) -> None:
            del old

            def move(tx: Tx) -> None:
                places.move(tx, ward, "group", new)
                shows.reopen(tx, ward)

            await world.db.write(move)

        async def made(topic: str, title: str) -> None:
            await world.db.write(lambda tx: topics.heard(tx, ward, "group", topic, title))

        options: dict[str, Any] = {"api_url": tg.url, "long_poll": 0, "group": at(group)}
        telegram = Telegram(
            tg.token,
            now=lambda: world.now,
            on_migrate=moved,
            on_topic=made,
            alarms=world.alarms,
            **options | door,
        )
        await world.db.write(lambda tx: opening.open_ward(tx, ward, world.now))
        await world.db.write(lambda tx: places.put(tx, ward, "group", at(group)))
        world.sender.channels = {**world.sender.channels, "telegram": telegram}
        world.sender.topics = CaseTopics(
            world.db, {"telegram": telegram.topics}, lambda: world.now, world.sender.turn
        )

        async def member(sender: Address) -> bool:
            return telegram.group is not None and await telegram.is_member(telegram.group, sender)

        world.inbox.member = member
        house = House(tg, world, telegram)
        await telegram.start()
        await house.officer(LEAD, "Cô Mây", Role.LEAD)
        tg.start(LEAD)
        await house.pump()
        try:
            yield house
        finally:
            await telegram.close()
