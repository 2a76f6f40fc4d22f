"""A process that dies at a chosen step and is started again on the same file, in memory and fast.

Everything of the product is real: poller, inbox, database, sender. Around it stand a platform
that keeps updates until they are confirmed, and a chat room that outlives every process.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from bot import house as houses
from bot.alarms import Alarms
from bot.channels import desk, web
from bot.channels.channel import Outgoing
from bot.channels.telegram.poll import Pace, Source, poll
from bot.inbox import Inbox
from bot.render import Renderer
from bot.sender import Sender
from handlers.effects import EntryKind
from handlers.events import Address, Incoming, Kind, Side
from handlers.view import House, Officer, Role
from storage import audit, cases, entries, officers, opening, people, places
from storage.db import Database
from storage.seal import RootKey, Seal
from storage.tx import Tx
from tests.world import BEGIN, GROUP, Room, SeededDice

T = TypeVar("T")
LEAD = "1001"
CHILDREN = {
    "501": ("go.start", "a.for.me", "a.now.no", "em bị đánh ở nhà, chuyện thứ nhất", "gui luon"),
    "502": ("có người đang đánh em, cứu em với, chuyện thứ hai", "ở ngõ chùa", "chuyện thứ ba"),
}
"""What each child sends, one update a line: presses (with a dot in them) and words."""


class KillError(BaseException):
    """The process is gone. No `except Exception` may survive it."""


@dataclass
class Fate:
    """Dies at the `at`-th step; 0: never. `steps` counts them."""

    at: int = 0
    steps: int = 0
    dead: bool = False

    def step(self) -> None:
        self.steps += 1
        if self.dead or self.steps == self.at:
            self.dead = True
            raise KillError


class MortalDatabase(Database):
    """Can die before a transaction, inside it just before the commit, and just after."""

    fate = Fate()

    async def write(self, fn: Callable[[Tx], T]) -> T:
        self.fate.step()

        def mortal(tx: Tx) -> T:
            result = fn(tx)
            self.fate.step()
            return result

        result = await super().write(mortal)
        self.fate.step()
        return result


@dataclass
class MortalRoom(Room):
    """Can die before a message goes out, and after it has arrived but before anybody knows."""

    fate: Fate = field(default_factory=Fate)
    ever: list[tuple[Address, Outgoing]] = field(default_factory=list)

    async def send(self, to: Address, message: Outgoing) -> tuple[str, ...]:
        self.fate.step()
        refs = await super().send(to, message)
        self.ever.append((to, message))
        self.fate.step()
        return refs

    async def edit(self, to: Address, ref: str, message: Outgoing) -> None:
        self.fate.step()
        await super().edit(to, ref, message)
        self.fate.step()


@dataclass
class Post:
    """The platform's side of getUpdates: keeps everything until a higher offset is asked for."""

    waiting: list[tuple[int, Incoming]] = field(default_factory=list)
    count: int = 0
    inbox: Inbox | None = None
    fate: Fate = field(default_factory=Fate)
    more: asyncio.Event = field(default_factory=asyncio.Event)
    batch: int = 4

    def put(self, peer: str, what: str, *, in_group: bool = False) -> None:
        self.count += 1
        press = "." in what and " " not in what
        incoming = Incoming(
            event_id=f"telegram:bot:{self.count}",
            ref=str(self.count),
            at=BEGIN,
            side=Side.DESK if in_group else Side.RESIDENT,
            sender=Address("telegram", "bot", peer),
            kind=Kind.CHOICE if press else Kind.TEXT,
            text="" if press else what,
            choice=what if press else None,
            place=GROUP if in_group else None,
        )
        self.waiting.append((self.count, incoming))
        self.more.set()

    async def updates(self, offset: int | None) -> list[Any]:
        self.fate.step()
        if offset is not None:
            self.waiting = [one for one in self.waiting if one[0] >= offset]
        self.fate.step()
        while not self.waiting:
            self.more.clear()
            await self.more.wait()
        return [{"update_id": number} for number, _ in self.waiting[: self.batch]]

    async def accept(self, updates: list[Any]) -> None:
        assert self.inbox is not None
        numbers = {update["update_id"] for update in updates}
        took = [self.inbox.take(one) for number, one in self.waiting if number in numbers]
        for result in await asyncio.gather(*took, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def unhook(self) -> None:
        """Nobody has set a webhook."""


Poller = Callable[[Source, Pace], Awaitable[NoReturn]]


@dataclass
class Run:
    """One installation through all its lives."""

    path: Path
    house: House
    poller: Poller = poll
    room: MortalRoom = field(default_factory=MortalRoom)
    post: Post = field(default_factory=Post)
    alarms: Alarms = field(default_factory=Alarms)
    rings: list[tuple[str, str]] = field(default_factory=list)
    lives: int = 0
    steps: int = 0
    """How many steps the first life had."""
    minutes: int = 0
    acts: list[str] = field(default_factory=list)

    async def to_the_end(self, at: int) -> None:
        """Die at a step (0: never), then live on to the end."""
        self.room.members.add(LEAD)
        fate = Fate(at)
        try:
            await self.live(fate)
        except KillError:
            await self.live(Fate())
        self.steps = fate.steps

    async def live(self, fate: Fate) -> None:
        """One life: from a start to the end of the story, or to KillError."""
        self.lives += 1
        dice = SeededDice(self.lives * 7919 + fate.at)
        MortalDatabase.fate = fate
        self.room.fate = self.post.fate = fate
        seal = Seal(RootKey(bytes(range(32))))
        opened = await MortalDatabase.open(self.path / "x.db", seal, clock=self.now, new_id=dice.id)
        async with opened as db:
            inbox, sender = self.assemble(db, dice)
            self.post.inbox = inbox
            if not self.acts:
                await db.write(self.set_up)
                self.acts.append("set up")
            pace = Pace(float, asyncio.sleep)
            tasks: list[asyncio.Future[Any]] = [
                asyncio.ensure_future(self.poller(self.post, pace)),
                asyncio.create_task(sender.run()),
                asyncio.create_task(self.story(db, inbox, sender)),
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, KillError):
                raise result
        for task in done:
            task.result()

    def now(self) -> Any:
        return BEGIN + timedelta(minutes=self.minutes)

    def assemble(self, db: Database, dice: SeededDice) -> tuple[Inbox, Sender]:
        room = self.room
        caps = {"web": web.CAPS, "desk": desk.CAPS, "telegram": room.caps, "group": room.caps}

        async def ring(code: str, priority: str) -> None:
            self.rings.append((code, priority))

        async def member(sender: Address) -> bool:
            return await room.is_member(GROUP, sender)

        sender = Sender(
            db=db,
            channels={"telegram": room},
            house=self.house,
            alarms=self.alarms,
            now=self.now,
            ring=ring,
            clean={},
            paces={},
        )
        inbox = Inbox(
            db=db,
            house=self.house,
            dice=dice,
            render=Renderer(self.house, caps),
            alarms=self.alarms,
            now=self.now,
            member=member,
            committed=sender.wake,
        )
        return inbox, sender

    def set_up(self, tx: Tx) -> None:
        if officers.get(tx, "lead") is not None:
            return
        opening.open_ward(tx, self.house.ward.id, tx.now)
        places.put(tx, self.house.ward.id, "group", GROUP)
        officers.add(tx, Officer("lead", "Cô Hạ", Role.LEAD), self.house.ward.id, tx.now)
        known = people.meet(tx, Address("telegram", "bot", LEAD))
        people.bind(tx, known.person.id, "lead")

    # what happens outside, whoever dies

    async def story(self, db: Database, inbox: Inbox, sender: Sender) -> None:
        """Act by act; an act that was begun is over, whichever life it was begun in."""
        for act in (self.children_write, self.nobody_claims, self.officer_answers):
            if act.__name__ not in self.acts:
                await self.quiet(db, sender)
                self.acts.append(act.__name__)
                act()
            while act.__name__ == "nobody_claims" and await inbox.tick():
                continue
        await self.quiet(db, sender)

    async def quiet(self, db: Database, sender: Sender) -> None:
        """Wait until everything that came was taken in, and everything due was sent."""
        while self.post.waiting:
            await asyncio.sleep(0.001)
        left = "select 1 from outbox where not pull and state <> 'dead'"
        while sender.working or await db.read(lambda tx: tx.one(left)):
            sender.wake()
            await asyncio.sleep(0.001)

    def children_write(self) -> None:
        """Line by line in turn, as if at once."""
        for place in range(max(map(len, CHILDREN.values()))):
            for peer, lines in CHILDREN.items():
                if place < len(lines):
                    self.post.put(peer, lines[place])

    def nobody_claims(self) -> None:
        self.minutes += 6

    def officer_answers(self) -> None:
        for number, case in enumerate(self.cards(), 1):
            self.post.put(LEAD, f"d.claim.{case}", in_group=True)
            for what in (f"d.open.{case}", f"d.reply.{case}", answer(number), f"d.send.{case}."):
                self.post.put(LEAD, what)

    def cards(self) -> list[str]:
        """The cases whose card stands in the group, in the order in which they came."""
        sent = [m for to, m in self.room.ever if to == GROUP and m.keys]
        ids = [message.keys[0][0].id.split(".")[2] for message in sent]
        return list(dict.fromkeys(ids))

    # what must be so in the end

    async def check(self) -> None:
        """Nothing acknowledged is lost, nothing is doubled, what is repeated says so."""
        MortalDatabase.fate = Fate()
        seal = Seal(RootKey(bytes(range(32))))
        async with await Database.open(self.path / "x.db", seal, clock=self.now) as db:
            await db.read(self.check_story)
        self.check_chats()
        assert self.alarms.counts == {}

    def check_story(self, tx: Tx) -> None:
        board = cases.board(tx, self.house.ward.id)
        told = [e for case in board for e in entries.of_case(tx, case.id)]
        words = Counter(e.text for e in told if e.kind is EntryKind.WORDS)
        lines = [line for said in CHILDREN.values() for line in said if "chuyện" in line]
        assert words == Counter(lines), "words are lost or doubled"
        assert len(board) == len(CHILDREN), "a case is lost or doubled"
        answers = Counter(e.text for e in told if e.kind is EntryKind.ANSWER)
        assert answers == Counter(map(answer, (1, 2))), "answers are lost or doubled"
        left = [
            tuple(row) for row in tx.all("select kind, lane, state, why from outbox where not pull")
        ]
        assert left == [], f"never sent: {left}"
        assert tx.one("select 1 from dead_letters") is None
        assert audit.verify(tx) is None

    def check_chats(self) -> None:
        copies: dict[tuple[str, str], list[bool]] = {}
        for to, message in self.room.ever:
            cards = to == GROUP and bool(message.keys)
            what = message.keys[0][0].id.split(".")[2] if cards else message.text
            copies.setdefault((to.peer, what), []).append(message.again)
        for (_, what), again in copies.items():
            assert all(again[1:]), f"repeated without saying so: {what[:40]}"
            assert len(again) <= 2 or what in self.cards(), f"more than once more: {what[:40]}"
        for peer in CHILDREN:
            texts = [message.text for to, message in self.room.ever if to.peer == peer]
            assert any(answer(n) in text for n in (1, 2) for text in texts), "no answer came"
        assert len(self.cards()) == len(CHILDREN), "an alert is missing"


def answer(number: int) -> str:
    return f"Cô đọc rồi, cô trả lời việc số {number}."


def house() -> House:
    """Built once: it never changes."""
    return houses.build(houses.read_ward(None), trial=False, group_shows_words=False)


async def confirms_first(source: Source, pace: Pace) -> NoReturn:
    """The planted bug: the next question (which confirms) is asked before the commit."""
    del pace
    assert isinstance(source, Post)
    while True:
        updates = await source.updates(None)
        numbers = {update["update_id"] for update in updates}
        held = [one for one in source.waiting if one[0] in numbers]
        source.waiting = [one for one in source.waiting if one[0] not in numbers]
        source.fate.step()
        assert source.inbox is not None
        for _, incoming in held:
            await source.inbox.take(incoming)
