"""The real product without a network: real database, inbox, sender and mailbox around one room.

`Room` is a channel kept in memory (a port's implementation, not a mock): it remembers who was
told what, and can be told to fail. The clock and chance are the test's own.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from bot import house as houses
from bot import rehearsal
from bot.alarms import Alarms
from bot.channels import desk, web
from bot.channels.channel import Caps, Outcome, Outgoing
from bot.inbox import Inbox
from bot.mailbox import Mailbox
from bot.pictures import clean_picture, clean_voice
from bot.render import Renderer
from bot.sender import Sender
from handlers.events import Address, Incoming, Kind, Media, MediaKind, Side
from handlers.view import House, Officer, Role
from handlers.ward import Ward
from storage import officers, opening, outbox, people, places
from storage.db import Database
from storage.origins import ORIGINS
from storage.seal import RootKey, Seal

BEGIN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""15:00 on a Tuesday in Việt Nam."""
GROUP = Address("telegram", "bot", "-100777")
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class SeededDice:
    """The same chance in every run."""

    def __init__(self, seed: int = 1) -> None:
        self.chance = random.Random(seed)

    def id(self) -> str:
        return "".join(self.chance.choice(ALPHABET) for _ in range(16))

    def bits(self, count: int) -> int:
        return self.chance.getrandbits(count)


@dataclass(frozen=True)
class Told:
    """Something that stands in a chat."""

    ref: str
    to: Address
    message: Outgoing


@dataclass
class Room:
    """A pushing channel in memory."""

    name: str = "telegram"
    caps: Caps = field(
        default_factory=lambda: Caps(
            4096, pushes=True, knows_account="Telegram", edits=True, pictures=True
        )
    )
    told: list[Told] = field(default_factory=list)
    log: list[tuple[str, Told]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    trouble: list[Exception] = field(default_factory=list)
    number: int = 100

    def fail(self) -> None:
        if self.trouble:
            raise self.trouble.pop(0)

    async def send(self, to: Address, message: Outgoing) -> tuple[str, ...]:
        self.fail()
        self.number += 1
        told = Told(str(self.number), to, message)
        self.told.append(told)
        self.log.append(("send", told))
        return (told.ref,)

    async def edit(self, to: Address, ref: str, message: Outgoing) -> None:
        self.fail()
        for place, told in enumerate(self.told):
            if (told.to, told.ref) == (to, ref):
                self.told[place] = replace(told, message=message)
                self.log.append(("edit", self.told[place]))

    async def delete(self, to: Address, refs: tuple[str, ...]) -> None:
        self.fail()
        self.told = [t for t in self.told if not (t.to == to and t.ref in refs)]

    async def fetch(self, ref: str) -> bytes:
        self.fail()
        return self.files[ref]

    async def is_member(self, group: Address, person: Address) -> bool:
        return person.peer in self.members

    def of(self, peer: str) -> list[Told]:
        return [told for told in self.told if told.to.peer == peer]


@dataclass
class World:
    """Everything, and the ways to act in it."""

    db: Database
    house: House
    inbox: Inbox
    mailbox: Mailbox
    sender: Sender
    room: Room
    alarms: Alarms
    render: Renderer
    moment: list[datetime]
    rings: list[tuple[str, str]]
    nowhere: dict[str, rehearsal.HiddenPlace]
    count: int = 0

    @property
    def now(self) -> datetime:
        return self.moment[0]

    async def advance(self, **time: float) -> None:
        """Let time pass, minute by minute, as the clock would see it."""
        end = self.now + timedelta(**time)
        while self.now < end:
            self.moment[0] = min(end, self.now + timedelta(minutes=1))
            await self.inbox.tick()
            await self.drain()

    async def drain(self) -> None:
        """Deliver everything that is due."""
        for _ in range(1000):
            lanes = await self.db.read(lambda tx: outbox.lanes_due(tx, self.now))
            if not lanes:
                return
            for lane in lanes:
                await self.sender.work(lane)

    async def take(self, incoming: Incoming, blob: bytes | None = None) -> Outcome:
        outcome = await self.inbox.take(incoming, blob)
        await self.drain()
        return outcome

    def incoming(
        self,
        peer: str,
        kind: Kind,
        *,
        channel: str = "telegram",
        side: Side = Side.RESIDENT,
        **fields: object,
    ) -> Incoming:
        self.count += 1
        number = str(self.count)
        sender = Address(channel, "bot" if channel == "telegram" else self.house.ward.id, peer)
        return Incoming(f"{channel}:{number}", number, self.now, side, sender, kind, **fields)  # type: ignore[arg-type]

    async def say(self, peer: str, text: str, **fields: object) -> Outcome:
        return await self.take(self.incoming(peer, Kind.TEXT, text=text, **fields))

    async def choose(self, peer: str, choice: str, **fields: object) -> Outcome:
        return await self.take(self.incoming(peer, Kind.CHOICE, choice=choice, **fields))

    async def in_group(self, peer: str, choice: str) -> Outcome:
        return await self.choose(peer, choice, side=Side.DESK, place=GROUP)

    async def start(self, peer: str, token: str) -> Outcome:
        return await self.take(
            self.incoming(peer, Kind.TEXT, text="/start", choice=f"start:{token}")
        )

    async def picture(self, peer: str, data: bytes, text: str = "") -> Outcome:
        self.room.files[f"file{self.count}"] = data
        media = Media(MediaKind.PICTURE, f"file{self.count}", len(data))
        return await self.take(self.incoming(peer, Kind.MEDIA, media=media, text=text))

    def last(self, peer: str) -> Outgoing:
        """The newest message in somebody's chat."""
        return self.room.of(peer)[-1].message

    def button(self, peer: str, label: str) -> str:
        """The id behind the newest button with this label."""
        for told in reversed(self.room.of(peer)):
            for row in told.message.keys:
                for key in row:
                    if key.label == label:
                        return key.id
        raise AssertionError(f"no button {label!r} for {peer}")

    async def press(self, peer: str, label: str) -> Outcome:
        return await self.choose(peer, self.button(peer, label))

    async def officer(
        self, peer: str, name: str, role: str = Role.OFFICER, **fields: object
    ) -> Officer:
        """Put somebody on the roster with a Telegram chat, in the group unless independent."""
        one = Officer(f"officer-{peer}", name, role, **fields)  # type: ignore[arg-type]

        def add(tx: object) -> None:
            officers.add(tx, one, self.house.ward.id, self.now)  # type: ignore[arg-type]
            known = people.meet(tx, Address("telegram", "bot", peer))  # type: ignore[arg-type]
            people.bind(tx, known.person.id, one.id)  # type: ignore[arg-type]

        await self.db.write(add)
        if role != Role.INDEPENDENT:
            self.room.members.add(peer)
        return one


@cache
def sample(trial: bool, group_shows_words: bool) -> House:
    """The sample ward's house: nothing in it ever changes."""
    ward = houses.read_ward(None)
    return houses.build(ward, trial=trial, group_shows_words=group_shows_words)


def read_house(ward: Ward | None, *, trial: bool, group_shows_words: bool) -> House:
    """A ward's house; that of the sample ward is read once for all tests."""
    if ward is None:
        return sample(trial, group_shows_words)
    return houses.build(ward, trial=trial, group_shows_words=group_shows_words)


@asynccontextmanager
async def open_world(
    path: Path,
    *,
    group: bool = True,
    ward: Ward | None = None,
    group_shows_words: bool = False,
    trial: bool = False,
    opened: bool = True,
    seed: int = 1,
    moment: list[datetime] | None = None,
    database: type[Database] = Database,
    before: World | None = None,
) -> AsyncIterator[World]:
    """Open a world in a directory of its own; `opened` False: its ward lets nobody in yet.

    `moment`: what time it is, where that is not the test's own to say. `before`: the same world
    before a restart; its room, its time and what was heard go on.
    """
    moment = [BEGIN] if moment is None else moment
    moment = moment if before is None else before.moment

    def now() -> datetime:
        return moment[0]

    dice = SeededDice(seed)
    seal = Seal(RootKey(bytes(range(32))))
    house = read_house(ward, trial=trial, group_shows_words=group_shows_words)
    room, alarms = (Room(), Alarms()) if before is None else (before.room, before.alarms)
    rings: list[tuple[str, str]] = [] if before is None else before.rings
    count = 0 if before is None else before.count
    render = Renderer(
        house,
        {
            "web": web.CAPS,
            "desk": desk.CAPS,
            "telegram": room.caps,
            "group": room.caps,
            **dict.fromkeys(ORIGINS, rehearsal.CAPS),
        },
    )
    nowhere = {name: rehearsal.HiddenPlace(name) for name in ORIGINS}

    async def ring(code: str, priority: str) -> None:
        rings.append((code, priority))

    path.chmod(0o700)
    async with await database.open(path / "x.db", seal, clock=now, new_id=dice.id) as db:
        if group:
            await db.write(lambda tx: places.put(tx, house.ward.id, "group", GROUP))
        if opened:
            await db.write(lambda tx: opening.open_ward(tx, house.ward.id, tx.now))

        async def member(sender: Address) -> bool:
            return await room.is_member(GROUP, sender)

        sender = Sender(
            db=db,
            channels={"telegram": room, **nowhere},
            house=house,
            alarms=alarms,
            now=now,
            ring=ring,
            clean={MediaKind.PICTURE: clean_picture, MediaKind.VOICE: clean_voice},
            paces={},
        )
        inbox = Inbox(
            db=db,
            house=house,
            dice=dice,
            render=render,
            alarms=alarms,
            now=now,
            member=member if group else None,
            committed=lambda: None,
        )
        mailbox = Mailbox(db=db, house=house, render=render, now=now)
        yield World(
            db, house, inbox, mailbox, sender, room, alarms, render, moment, rings, nowhere, count
        )
