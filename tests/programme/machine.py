"""A walk through everything that can happen, step by step, with the promises looked at after each.

Children, friends and grown-ups at Telegram and at the page, officers, leads, the independent
contact, strangers, the clock, restarts and a bad platform; all chance from one seed.
"""

import random
import re
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import bot.house
import tests.world
from bot import house as houses
from bot.channels.channel import Failed, Hopeless, Limited, Outcome, Outgoing, Unknown, Unsent
from bot.clock import Clock
from bot.render import unpack
from handlers.cases import MOVES, Status
from handlers.effects import EntryKind
from handlers.events import Address, Incoming, Kind, Media, MediaKind, Side
from handlers.front import COMMANDS, GO
from handlers.view import Role
from storage import (
    audit,
    cases,
    deadlines,
    entries,
    invites,
    lanes,
    officers,
    outbox,
    people,
    piles,
    sessions,
    talks,
)
from storage.invites import Invite, Opens
from storage.tx import Tx
from tests.programme.town import build_once
from tests.programme.virtual import DeadError, InlineDatabase
from tests.world import GROUP, Room, World, open_world

PROMISES = {
    "I1": "what was acknowledged is committed, and what is committed is shown or an alarm is raised",
    "I2": "a case's code is unique for ever",
    "I3": "nothing an officer sees tells who wrote",
    "I4": "whoever is not on the roster sees no content",
    "I5": "whoever is kept out of a case never sees it",
    "I6": "words, and answers, keep their order within a conversation",
    "I7": "nothing of a shredded case can be read any more",
    "I8": "a case that is kept by law is not shredded",
    "I10": "every message of a reporter is answered",
    "I11": "what lights up on a phone uncalled-for has no content",
    "I12": "a case moves along the table only",
    "I13": "the audit chain holds, with a row for each opening",
    "I14": "the outbox is empty soon after the faults have stopped",
    "I15": "nothing lights up outside the hours allowed, except soon after the reporter's own words",
}
"""Of the facts' fifteen; I9 (a group hears at most twenty a minute) needs the sender's pace, which
counts real seconds: the simulated weeks look at it, and the strict platform refuses the rest."""

TELLERS = ("tre-nhan-731001", "tre-nhan-731002", "tre-nhan-731003", "nguoi-lon-731004")
PAGES = ("a" * 60 + "0001", "b" * 60 + "0002")
LEAD, ONE, TWO, SCHOOL, APART = "91001", "91002", "91003", "91004", "91005"
ROLES = {
    LEAD: (Role.LEAD, False),
    ONE: (Role.OFFICER, False),
    TWO: (Role.OFFICER, False),
    SCHOOL: (Role.OFFICER, True),
    APART: (Role.INDEPENDENT, False),
}
STRANGER, OUTSIDER = "92001", "92002"
DESK = "phien-ban-truc"
LINES = (
    "em muốn kể {tag} là hôm qua ở nhà em bị mắng rất lâu và buồn lắm",
    "bố đang đánh em {tag} cứu em với em đang ở trong nhà sợ lắm rồi",
    "mấy bạn trong lớp em hay trêu và giật cặp của em {tag} từ tuần trước",
    "chú công an ở phường em đã đánh em {tag} hôm qua ở gần chợ",
    "thầy giáo bắt em ở lại một mình sau giờ học {tag} em không thích chút nào",
    "em buồn lắm {tag} em không muốn sống nữa và không ai nghe em nói cả",
)
TAG = re.compile(r"chuyen-\d+")
REPLY = re.compile(r"loi-(\d+)")
CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}\b")
RETURN = re.compile(r"➤ ([^\d\n]+)")
VERBS = (
    *("claim", "open", "reply", "canned.hello", "note", "hand", "priority.P1", "priority.P3"),
    *("close.safe", "close.duplicate", "agree", "cancel", "hold.police", "lift.sure", "send."),
)
JUNK = ("?", "d.", "d.open.", "a.what", "go.nothing", "a.for.me.x", "edit.where", "tip.0.1", "mask")
NEUTRAL = ("notice", "notice_lesson")
WINDOW = timedelta(minutes=10)
STORED_SHORTLY = {"keep_days": 7, "link_days": 2, "link_days_longest": 5, "media_days": 3}
"""A ward that keeps little: a walk lives to see its cases shredded."""


class BrokenError(AssertionError):
    """A promise was broken."""


@dataclass
class Stage(Room):
    """A room that can be in a bad state, and lets somebody look at all that is shown in it."""

    dice: random.Random = field(default_factory=random.Random)
    chance: float = 0.0
    shut: bool = False
    dies: bool = False
    look: Callable[[Address, Outgoing], None] = lambda _to, _message: None

    def befalls(self, to: Address) -> None:
        if self.shut and to == GROUP:
            raise Failed(Hopeless.RIGHTS)
        if self.dice.random() < self.chance:
            raise self.dice.choice((Unsent(), Unknown(), Limited(20)))

    async def send(self, to: Address, message: Outgoing) -> tuple[str, ...]:
        self.befalls(to)
        self.look(to, message)
        refs = await super().send(to, message)
        if self.dies:
            self.dies = False
            raise DeadError
        return refs

    async def edit(self, to: Address, ref: str, message: Outgoing) -> None:
        self.befalls(to)
        self.look(to, message)
        await super().edit(to, ref, message)

    async def delete(self, to: Address, refs: tuple[str, ...]) -> None:
        self.befalls(to)
        await super().delete(to, refs)

    async def fetch(self, ref: str) -> bytes:
        return b"\xff\xd8\xff" + ref.encode()


@dataclass(frozen=True)
class Cause:
    """What the rows that appear now come from: a person's act, or the clock (nobody)."""

    peer: str = ""
    officer: bool = False


@dataclass
class Walk:
    """One walk: the world, and what a reasonable witness would remember of it."""

    path: Path
    seed: int
    steps: int = 0
    dice: random.Random = field(init=False)
    stage: Stage = field(init=False)
    acts: deque[str] = field(default_factory=lambda: deque(maxlen=12))
    told: dict[str, list[str]] = field(default_factory=dict)
    """Each teller's lines, in the order in which they were said."""
    held: set[str] = field(default_factory=set)
    """Lines that waited for "add it, or something else?": they join the story later."""
    case_of: dict[str, str] = field(default_factory=dict)
    """In which case a line stands."""
    codes: dict[str, str] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)
    shredded: set[str] = field(default_factory=set)
    last_word: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, list[int]] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    doors: list[tuple[str, str]] = field(default_factory=list)
    sent: list[Incoming] = field(default_factory=list)
    read: tuple[Any, dict[str, tuple[str, bool]]] | None = None
    """The roster as it was read last, and what it was read from."""
    kept: set[str] = field(default_factory=set)
    """Cases that were ever kept by law."""
    seen: Counter[str] = field(default_factory=Counter)
    number: int = 0
    lives: int = 0
    broken: AssertionError | None = None
    """What was broken while something was delivered: the sender takes it for an odd row."""
    marks: dict[str, int] = field(default_factory=lambda: {"outbox": 0, "audit": 0, "entries": 0})

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.stage = Stage(dice=random.Random(self.seed + 1))
        self.stage.look = self.witness

    # lives

    async def __aenter__(self) -> "Walk":
        self.swap = pytest.MonkeyPatch()
        self.swap.setattr(bot.house, "build", build_once)
        for name in ("clean_picture", "clean_voice"):
            self.swap.setattr(tests.world, name, as_it_is)
        await self.begin(None)
        self.world.room = self.world.sender.channels["telegram"] = self.stage  # type: ignore[index]
        for peer, (role, school) in ROLES.items():
            await self.world.officer(peer, f"Cô {peer}", role, school=school)
        self.stage.members |= {STRANGER}
        await self.world.db.write(self.sit_down)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()
        self.swap.undo()

    async def begin(self, before: World | None) -> None:
        self.lives += 1
        self.stack = AsyncExitStack()
        ward = replace(houses.read_ward(None), **STORED_SHORTLY)
        self.world = await self.stack.enter_async_context(
            open_world(
                self.path,
                ward=ward,
                seed=self.seed * 97 + self.lives,
                database=InlineDatabase,
                before=before,
            )
        )
        self.clock = Clock(
            db=self.world.db,
            tick=self.world.inbox.tick,
            channels=self.world.sender.channels,
            alarms=self.world.alarms,
            now=lambda: self.world.now,
            house=self.world.house,
        )

    async def restart(self) -> None:
        """The process ends where it stands; another one finds what it left."""
        await self.stack.aclose()
        await self.begin(self.world)
        await self.world.db.write(outbox.recover)

    def sit_down(self, tx: Tx) -> None:
        until = self.world.now + timedelta(hours=1)
        invites.make(tx, "desk", Invite(Opens.DESK, f"officer-{ONE}"), until)
        sessions.enter(tx, "desk", DESK, self.world.now)

    # a step

    async def step(self) -> None:
        """One thing happens; then every promise is looked at."""
        self.steps += 1
        act = self.dice.choices(*zip(*self.chances().items(), strict=True))[0]  # type: ignore[arg-type]
        try:
            await act()
            if self.broken is not None:
                raise self.broken
            if self.steps % 60 == 0:
                self.peek(self.everything_still_holds)
        except DeadError:
            self.acts.append("dies while sending")
            await self.restart()
        except AssertionError as broken:
            told = "\n  ".join(self.acts)
            raise BrokenError(
                f"seed {self.seed}, step {self.steps}: {broken}\n  {told}"
            ) from broken

    def chances(self) -> dict[Callable[[], Awaitable[None]], float]:
        return {
            self.says_a_line: 26,
            self.presses: 30,
            self.sends_something_else: 9,
            self.says_return_words: 3,
            self.says_it_twice: 4,
            self.reads_the_page: 3,
            self.officer_presses: 22,
            self.officer_forges: 8,
            self.officer_types: 10,
            self.goes_through_a_door: 8,
            self.stranger_presses: 3,
            self.roster_changes: 1.2,
            self.tells_it_all: 2,
            self.lead_clears: 3,
            self.time_passes: 12,
            self.night_passes: 1.2,
            self.platform_changes: 2,
            self.dies: 0.6,
            self.restart_calmly: 0.5,
        }

    async def take(self, incoming: Incoming, blob: bytes | None = None) -> Outcome:
        """Hand something in, look at what it brings, deliver it."""
        self.sent = [*self.sent[-30:], incoming]
        self.acts.append(
            f"{incoming.sender.peer[:16]} {incoming.side} {incoming.kind}"
            f" {incoming.choice or ''} {incoming.text[:60]!r} {'group' if incoming.place else ''}"
        )
        peer = incoming.sender.peer
        if peer in (*TELLERS, *PAGES):
            self.last_word[peer] = self.world.now
        outcome = await self.world.inbox.take(incoming, blob)
        self.peek(lambda tx: self.look(tx, Cause(peer, officer=peer in ROLES), incoming, outcome))
        await self.world.drain()
        return outcome

    def teller(self) -> tuple[str, str]:
        """Somebody who writes, and their channel."""
        peer = self.dice.choice((*TELLERS, *PAGES))
        return peer, "web" if peer in PAGES else "telegram"

    # what residents do

    async def says_a_line(self, peer: str = "") -> None:
        peer, channel = (peer, "telegram") if peer else self.teller()
        self.number += 1
        tag = f"chuyen-{self.number}"
        self.told.setdefault(peer, []).append(tag)
        text = self.dice.choice(LINES).format(tag=tag)
        incoming = self.world.incoming(peer, Kind.TEXT, channel=channel, text=text)
        await self.take(incoming)
        self.peek(lambda tx: self.is_committed(tx, peer, tag))

    async def presses(self) -> None:
        peer, channel = self.teller()
        choices = await self.visible(peer, channel)
        roll = self.dice.random()
        if roll < 0.12 or not choices:
            choice = self.dice.choice(
                [*(f"go.{name}" for name in GO), *JUNK, "a.for.me", "a.now.no"]
            )
        else:
            choice = self.dice.choice(choices)
        if roll > 0.97:
            choice = self.forged()
        await self.take(self.world.incoming(peer, Kind.CHOICE, channel=channel, choice=choice))

    async def tells_it_all(self) -> None:
        """The whole report at once, down to whose phone it is and when it may light up."""
        peer = self.dice.choice(TELLERS)
        for choice in ("go.anew", "a.for.me", "a.now.no", "a.what.hit"):
            await self.take(self.world.incoming(peer, Kind.CHOICE, choice=choice))
        await self.says_a_line(peer)
        phone = self.dice.choice(("own", "own", "shared", "borrowed"))
        hours = self.dice.choice(("after_school", "evening", "any", "never"))
        for choice in (
            f"a.who.{self.dice.choice(('home', 'school', 'official', 'known'))}",
            "go.skip",
            f"a.phone.{phone}",
            f"a.hours.{hours}",
            "go.send",
        ):
            await self.take(self.world.incoming(peer, Kind.CHOICE, choice=choice))

    async def lead_clears(self) -> None:
        """Two who may see it take up a case, read it, and close it."""
        rows = self.peek(
            lambda tx: tx.all("select id, route, school_hidden from cases where closed is null")
        )
        if not rows:
            return
        row = self.dice.choice(rows)
        case = row["id"]
        able = [
            peer
            for peer, (role, school) in self.roster().items()
            if may_see(role, school, row["route"], row["school_hidden"])
            and (peer in self.stage.members or role == Role.INDEPENDENT)
        ]
        first, second = (*able, LEAD, LEAD)[:2]
        for verb in ("claim", "open", f"close.{self.dice.choice(('safe', 'duplicate'))}"):
            name, _, more = verb.partition(".")
            await self.press(first, ".".join(filter(None, ("d", name, case, more))), group=False)
        await self.press(second, f"d.agree.{case}", group=False)

    async def visible(self, peer: str, channel: str) -> list[str]:
        """The buttons somebody sees now."""
        if channel == "web":
            page = await self.world.mailbox.page(self.page(peer), 0)
            messages = [letter.message for letter in page.letters[-1:]]
        else:
            messages = [told.message for told in self.stage.of(peer)[-1:]]
        keys = [key for message in messages for row in message.keys for key in row]
        return [key.id for key in keys if not key.tel and not key.link]

    async def sends_something_else(self) -> None:
        peer, channel = self.teller()
        kind = self.dice.choice(("command", "picture", "voice", "sticker", "place", "edit", "odd"))
        fields: dict[str, Any] = {}
        what = Kind.TEXT
        match kind:
            case "command":
                fields["text"] = self.dice.choice(
                    [*COMMANDS, "cảm ơn", "ai đọc tin này", "alo", " "]
                )
            case "picture" | "voice" | "sticker":
                media = Media(MediaKind(kind), f"file{self.steps}", 900)
                what, fields = Kind.MEDIA, {"media": media, "text": ""}
            case "place":
                what, fields = Kind.LOCATION, {"location": (20.97, 105.87)}
            case "edit":
                what, fields = Kind.EDIT, {"text": "em viết lại câu vừa rồi cho rõ hơn nhé"}
            case _:
                what = self.dice.choice((Kind.WITHHELD, Kind.JOINED, Kind.LEFT))
        await self.take(self.world.incoming(peer, what, channel=channel, **fields))

    async def says_return_words(self) -> None:
        if not self.secrets:
            return
        peer, channel = self.teller()
        words = self.dice.choice(self.secrets) if self.dice.random() < 0.8 else "một hai ba bốn năm"
        await self.take(self.world.incoming(peer, Kind.TEXT, channel=channel, text=words))

    async def says_it_twice(self) -> None:
        """The platform delivers something again, within the day for which it keeps anything."""
        yesterday = self.world.now - timedelta(hours=24)
        lately = [one for one in self.sent if one.at > yesterday]
        if lately:
            await self.take(self.dice.choice(lately))

    async def reads_the_page(self) -> None:
        peer = self.dice.choice(PAGES)
        page = await self.world.mailbox.page(self.page(peer), 0)
        for letter in page.letters:
            self.find_secrets(letter.message.text)
        if page.letters:
            await self.world.mailbox.letters(self.page(peer), page.letters[-1].number)

    def page(self, peer: str) -> Address:
        return Address("web", self.world.house.ward.id, peer)

    # what officers do, or try

    async def officer_presses(self) -> None:
        """A button that this officer sees: in the group, in the own chat, or at the desk."""
        peer = self.dice.choice(list(ROLES))
        group = peer != APART and self.dice.random() < 0.45
        where = GROUP.peer if group else peer
        shown = [told.message for told in self.stage.of(where)[-6:]]
        choices = [k.id for m in shown for row in m.keys for k in row if k.id.startswith("d.")]
        if choices:
            await self.press(peer, self.dice.choice(choices), group=group)

    async def officer_forges(self) -> None:
        """Any verb on any case, from anywhere: buttons prove nothing."""
        peer = self.dice.choice(list(ROLES))
        if self.dice.random() < 0.3:
            sender = Address("desk", self.world.house.ward.id, DESK)
            incoming = self.world.incoming("x", Kind.CHOICE, side=Side.DESK, choice=self.forged())
            await self.take(replace(incoming, sender=sender))
            return
        await self.press(peer, self.forged(), group=self.dice.random() < 0.4)

    def forged(self) -> str:
        known = list(self.status) or ["nothing"]
        verb, _, more = self.dice.choice(VERBS).partition(".")
        return ".".join(filter(None, ("d", verb, self.dice.choice(known), more)))

    async def press(self, peer: str, choice: str, *, group: bool) -> None:
        place = GROUP if group else None
        incoming = self.world.incoming(
            peer, Kind.CHOICE, side=Side.DESK, choice=choice, place=place
        )
        outcome = await self.take(incoming)
        if outcome.door:
            self.doors = [*self.doors[-8:], (peer, outcome.door)]

    async def officer_types(self) -> None:
        peer = self.dice.choice(list(ROLES))
        self.number += 1
        text = f"Cô đọc rồi, loi-{self.number}, cô sẽ tới."
        await self.take(self.world.incoming(peer, Kind.TEXT, text=text))
        for told in self.stage.of(peer)[-1:]:
            sends = [k.id for row in told.message.keys for k in row if k.id.startswith("d.send.")]
            if sends and self.dice.random() < 0.8:
                await self.press(peer, sends[0], group=False)

    async def goes_through_a_door(self) -> None:
        if not self.doors:
            return
        peer, token = self.dice.choice(self.doors)
        if self.dice.random() < 0.15:
            peer = self.dice.choice((*ROLES, STRANGER, OUTSIDER))
        start = self.world.incoming(peer, Kind.TEXT, text="/start", choice=f"start:{token}")
        await self.take(start)

    async def stranger_presses(self) -> None:
        """Somebody in the group, or outside it, who is on no roster."""
        peer = self.dice.choice((STRANGER, OUTSIDER))
        await self.press(peer, self.forged(), group=self.dice.random() < 0.6)

    async def roster_changes(self) -> None:
        """Somebody leaves the group or comes back; somebody is taken off the roster or put on."""
        peer = self.dice.choice([one for one in ROLES if one not in {LEAD, APART}])
        there = peer in self.stage.members
        if self.dice.random() < 0.6:
            self.acts.append(f"{peer} {'leaves' if there else 'joins'} the group")
            (self.stage.members.discard if there else self.stage.members.add)(peer)
        elif peer in self.roster():
            self.acts.append(f"{peer} is taken off the roster")
            await self.world.db.write(lambda tx: officers.remove(tx, f"officer-{peer}"))
        else:
            self.acts.append(f"{peer} is put on the roster again")
            role, school = ROLES[peer]
            await self.world.officer(peer, f"Cô {peer}", role, school=school)
        self.peek(lambda tx: self.look(tx, Cause()))
        await self.world.drain()

    def roster(self) -> dict[str, tuple[str, bool]]:
        """Who is an officer now, by their chats: role, and whether they work at a school."""
        return self.peek(self.read_roster)  # type: ignore[no-any-return]

    def read_roster(self, tx: Tx) -> dict[str, tuple[str, bool]]:
        rows = tx.all("select id, officer from people where officer is not null and pull = 0")
        key = tuple(map(tuple, rows))
        if self.read is None or self.read[0] != key:
            self.read = (key, self.read_anew(tx, rows))
        return self.read[1]

    def read_anew(self, tx: Tx, rows: list[Any]) -> dict[str, tuple[str, bool]]:
        by_id = {one.id: one for one in officers.roster(tx, self.world.house.ward.id)}
        found = {self.peer(tx, row["id"]): by_id.get(row["officer"]) for row in rows}
        return {peer: (one.role, one.school) for peer, one in found.items() if one is not None}

    # what else happens

    async def time_passes(self) -> None:
        await self.pass_time(seconds=self.dice.choice((20, 40, 90, 200, 700, 2400)))

    async def night_passes(self) -> None:
        """Nights pass; the clock's other work is done as well. (Bad nights cost too many tries.)"""
        self.stage.chance, self.stage.shut = 0.0, False
        for _ in range(len(self.status)):
            await self.lead_clears()
        for _ in range(self.dice.choice((1, 2, 7))):
            await self.pass_time(hours=self.dice.uniform(2, 40))
            await self.clock.sweep()
            await self.clock.take_away()
            self.peek(self.what_is_shredded_is_gone)

    async def pass_time(self, **time: float) -> None:
        """Go from one due moment to the next."""
        self.acts.append(f"time passes: {time}")
        # Whole seconds: rows keep milliseconds, and this clock stands still between two looks.
        end = self.world.now + timedelta(seconds=round(timedelta(**time).total_seconds()))
        while self.world.now < end:
            ahead = [self.peek(deadlines.next_due), self.peek(lanes.next_due)]
            soon = self.world.now + timedelta(seconds=1)
            due = [max(one, soon) for one in ahead if one is not None]
            self.world.moment[0] = min([end, *due])
            await self.world.inbox.tick()
            self.peek(lambda tx: self.look(tx, Cause()))
            await self.world.drain()

    async def platform_changes(self) -> None:
        roll = self.dice.random()
        self.stage.chance = 0.0 if roll < 0.6 else self.dice.uniform(0.1, 0.9)
        self.stage.shut = 0.6 < roll < 0.75
        self.acts.append(
            f"platform: {self.stage.chance:.1f} {'group shut' if self.stage.shut else ''}"
        )

    async def dies(self) -> None:
        self.stage.dies = True

    async def restart_calmly(self) -> None:
        self.acts.append("restart")
        await self.restart()

    # looking at what a step brought, before it is delivered

    def peek(self, fn: Callable[[Tx], Any]) -> Any:
        return self.world.db.peek(fn)  # type: ignore[attr-defined]

    def look(
        self, tx: Tx, cause: Cause, incoming: Incoming | None = None, outcome: Outcome | None = None
    ) -> None:
        """Look at every row that is new."""
        rows = tx.all("select * from outbox where number > ?", self.marks["outbox"])
        acts = tx.all("select * from audit where number > ?", self.marks["audit"])
        for row in rows:
            self.marks["outbox"] = max(self.marks["outbox"], row["number"])
        for row in acts:
            self.marks["audit"] = max(self.marks["audit"], row["number"])
        self.note_cases(tx)
        says = [(row, self.body(tx, row)) for row in rows if row["kind"] == "say" and row["body"]]
        peers = {row["number"]: self.peer(tx, row["person"]) for row, _ in says}
        for row, message in says:
            self.look_at_one(tx, row, message, peers[row["number"]], cause)
        if incoming is not None and outcome is not None and not outcome.repeated:
            self.is_answered(tx, incoming, outcome, set(peers.values()), cause)
            self.openings_are_recorded(says, peers, acts)

    def look_at_one(self, tx: Tx, row: Any, message: Outgoing, peer: str, cause: Cause) -> None:
        reporter = peer in TELLERS or peer in PAGES
        if reporter and cause.peer != peer:
            self.seen["uncalled"] += 1
            self.is_quiet(tx, row, message, peer)
        if peer == GROUP.peer or peer in ROLES:
            whole = in_full(message)
            roster = self.roster()
            there = {one for one in roster if one == peer or one in self.stage.members}
            hearers = {one: roster[one] for one in there if peer in {one, GROUP.peer}}
            for case in {self.codes.get(code) for code in CODE.findall(whole)}:
                self.may_be_shown(case, hearers, peer, words=False)
        if peer in ROLES and cause.peer == peer and TAG.search(message.text):
            self.seen["opened"] += 1
            live = peer in self.stage.members or ROLES[peer][0] == Role.INDEPENDENT
            assert live or cause.peer != peer, f"I4: {peer} is not in the group and reads words"

    def is_quiet(self, tx: Tx, row: Any, message: Outgoing, peer: str) -> None:
        """I11 and I15: nothing uncalled-for but the neutral line, or an answer to an open chat."""
        if row["pull"]:
            return
        person = people.get(tx, row["person"])
        assert person is not None
        lent = person.person.phone
        texts = self.world.house.texts
        neutral = {
            texts.say(key, lang, voice)
            for key in NEUTRAL
            for lang in ("vi", "en")
            for voice in ("child", "adult", "")
        }
        if message.text in neutral:
            self.seen["neutral"] += 1
            assert lent == "own", f"I11: a notice to a phone that is {lent or 'anybody’s'}"
            assert person.person.hours, "I15: a notice to a phone that must stay dark"
            assert self.hour_fits(person.person.hours), "I15: a notice outside the hours"
            return
        heard = self.last_word.get(peer)
        self.seen["open answer"] += 1
        assert lent != "borrowed", "I11: words to a phone that was borrowed"
        assert row["until"], "I11: words that light up at any time"
        late = row["until"] - int((heard + WINDOW).timestamp() * 1000) if heard else 1
        assert late <= 1000, "I15: words long after the reporter's own"

    def hour_fits(self, hours: str) -> bool:
        ward, here = self.world.house.ward, (self.world.now + timedelta(hours=7)).time()
        spans = {"after_school": ward.after_school, "evening": ward.evening}
        return hours not in spans or spans[hours].holds(here)

    def is_answered(
        self, tx: Tx, incoming: Incoming, outcome: Outcome, to: set[str], cause: Cause
    ) -> None:
        """I10, and officers' presses as well."""
        if incoming.kind in {Kind.JOINED, Kind.LEFT}:
            return
        known = people.find(tx, incoming.sender)
        waits = known and piles.many(tx, known.person.id, Side.RESIDENT)
        by_desk = incoming.sender.channel == "desk" or incoming.place is not None
        answered = cause.peer in to or bool(outcome.toast or outcome.door) or waits or by_desk
        assert answered, "I10: a message got no answer"

    def openings_are_recorded(
        self, says: list[Any], peers: dict[int, str], acts: list[Any]
    ) -> None:
        """I13: who reads a case's words stands in the audit, and only who does."""
        opened = {
            (peers[row["number"]], self.codes[code])
            for row, message in says
            if peers[row["number"]] in ROLES and TAG.search(message.text)
            for code in CODE.findall(message.text)[:1]
        }
        for peer, case in opened:
            mine = [a for a in acts if peer in self.who(a["officer"]) and a["case_id"] == case]
            assert mine, f"I13: {peer} reads {case} and nothing records it"
        for row, message in says:
            words = TAG.search(message.text) and peers[row["number"]] in ROLES
            assert row["secret"] or not words, "I13: words that would stay in a chat"
        for act in acts:
            if act["act"] == "open" and act["officer"]:
                there = self.who(act["officer"]) & set(peers.values())
                assert there, "I13: an opening that opened nothing"

    def who(self, officer: str | None) -> set[str]:
        """Give every address of an officer."""
        if not officer:
            return set()

        def look(tx: Tx) -> set[str]:
            rows = tx.all("select id from people where officer = ?", officer)
            return {self.peer(tx, row["id"]) for row in rows}

        return self.peek(look)  # type: ignore[no-any-return]

    # what is shown, at the moment it is

    def witness(self, to: Address, message: Outgoing) -> None:
        try:
            self.shown(to, message)
        except AssertionError as broken:
            self.broken = self.broken or broken

    def shown(self, to: Address, message: Outgoing) -> None:
        """I3, I4, I5, at the moment somebody sees it."""
        peer = to.peer
        whole = in_full(message)
        self.peek(self.nothing_is_overtaken)
        if peer in TELLERS:
            self.find_secrets(message.text)
            self.answers_in_order(peer, message)
            return
        for who in (*TELLERS, *PAGES):
            assert who not in whole, f"I3: {peer} is shown who wrote"
        tags = set(TAG.findall(whole))
        named = set(CODE.findall(whole))
        if peer == GROUP.peer:
            assert not tags, "I4: words in the group"
            roster = {one: of for one, of in self.roster().items() if one in self.stage.members}
        else:
            roster = {one: of for one, of in self.roster().items() if one == peer}
            assert roster or not (tags or named), f"I4: {peer} is on no roster and is shown a case"
        # A bell that was rung before a case went elsewhere may come late: it has the code only.
        for case in {self.case_of.get(tag) for tag in tags}:
            self.may_be_shown(case, roster, peer, words=True)

    def may_be_shown(
        self, case: str | None, roster: dict[str, tuple[str, bool]], peer: str, *, words: bool
    ) -> None:
        route = self.peek(
            lambda tx: tx.one("select route, school_hidden from cases where id = ?", case or "")
        )
        if route is None:
            return
        self.seen["shown words" if words else "shown"] += 1
        for one, (role, school) in roster.items():
            assert may_see(role, school, *route), (
                f"I5: {one} sees a case of {tuple(route)} at {peer}"
            )

    def nothing_is_overtaken(self, tx: Tx) -> None:
        """I6: what is being sent is the oldest of its class that may go there now."""
        overtaken = tx.one(
            "select earlier.number from outbox as sent join outbox as earlier"
            " on earlier.lane = sent.lane and earlier.rank = sent.rank"
            " and earlier.number < sent.number where sent.state = 'leased' and sent.kind = 'say'"
            " and earlier.state = 'waiting' and earlier.kind = 'say' and earlier.due <= ?",
            int(self.world.now.timestamp() * 1000),
        )
        assert overtaken is None, "I6: a message overtakes another of its class"

    def answers_in_order(self, peer: str, message: Outgoing) -> None:
        """I6: what officers answer is read in the order in which it was sent."""
        if len(found := set(map(int, REPLY.findall(message.text)))) != 1 or message.again:
            return
        before = self.answers.setdefault(peer, [])
        number = found.pop()
        assert number in before or not before or number > before[-1], "I6: answers out of order"
        before.append(number)

    def find_secrets(self, text: str) -> None:
        found = RETURN.search(text)
        if found and found[1].strip() not in self.secrets:
            self.secrets = [*self.secrets[-20:], found[1].strip()]

    # what is kept

    def note_cases(self, tx: Tx) -> None:
        """I2 and I12; and in which case each line stands."""
        for row in tx.all("select id, code, status from cases"):
            name, code = row["id"], f"{row['code'][:4]}-{row['code'][4:]}"
            assert self.codes.setdefault(code, name) == name, f"I2: {code} names two cases"
            before = self.status.get(name)
            if before is not None and before != row["status"]:
                allowed = Status(row["status"]) in MOVES[Status(before)]
                assert allowed, f"I12: {before} → {row['status']}"
                self.seen["moves"] += 1
            self.status[name] = row["status"]
        rows = tx.all(
            "select rowid, case_id from entries where rowid > ? order by rowid",
            self.marks["entries"],
        )
        for case in dict.fromkeys(row["case_id"] for row in rows):
            self.marks["entries"] = max(row["rowid"] for row in rows)
            for entry in entries.of_case(tx, case):
                for tag in TAG.findall(entry.text):
                    self.case_of.setdefault(tag, case)

    def is_committed(self, tx: Tx, peer: str, tag: str) -> None:
        """I1, its first half: what was answered is there."""
        known = people.find(tx, self.address(peer))
        assert known is not None
        me = known.person.id
        kept = [
            talks.get(tx, me, row["side"])
            for row in tx.all("select side from talks where person = ?", me)
        ]
        waiting = repr([(talk.answers, talk.draft) for talk in kept])
        for talk in kept:
            self.held |= set(TAG.findall(talk.draft))
            case = cases.get(tx, talk.case) if talk.case else None
            if case is not None and tag in repr(case.facts):
                self.case_of.setdefault(tag, case.id)
        piled = any(tag in line for line in piles.lines(tx, me, Side.RESIDENT))
        there = tag in waiting or tag in self.case_of or piled
        assert there, f"I1: {tag} was answered and is nowhere"

    def address(self, peer: str) -> Address:
        return self.page(peer) if peer in PAGES else Address("telegram", "bot", peer)

    def everything_still_holds(self, tx: Tx) -> None:
        """What only a look at the whole shows: I1, I6, I13."""
        assert audit.verify(tx) is None, "I13: the audit chain is broken"
        for name in self.status:
            case = cases.get(tx, name)
            if case is None:
                continue
            story = entries.of_case(tx, name)
            count = Counter(
                tag for e in story if e.kind is EntryKind.WORDS for tag in TAG.findall(e.text)
            )
            assert max(count.values(), default=1) == 1, f"I1: {count.most_common(1)} stands twice"
            lost = {t for t, c in self.case_of.items() if c == name} - set(count)
            lost -= set(TAG.findall(repr(case.facts))) | {
                t for e in story for t in TAG.findall(e.text)
            }
            assert not lost, f"I1: {lost} are gone from their case"
            self.in_order(list(count))

    def in_order(self, there: list[str]) -> None:
        """I6: each teller's words stand in the order in which they were said."""
        for tags in self.told.values():
            for kind in (False, True):
                mine = [tags.index(t) for t in there if t in tags and (t in self.held) == kind]
                assert mine == sorted(mine), f"I6: words out of order: {mine}"

    def what_is_shredded_is_gone(self, tx: Tx) -> None:
        """I7 and I8."""
        there = {row["id"] for row in tx.all("select id from cases")}
        for name in set(self.status) - there - self.shredded:
            self.shredded.add(name)
            self.seen["shredded"] += 1
        kept = {row["id"] for row in tx.all("select id from cases where hold is not null")}
        self.kept |= kept
        lifted = {row["case_id"] for row in tx.all("select case_id from audit where act = 'lift'")}
        assert not (self.kept - lifted) & self.shredded, "I8: a case kept by law was shredded"
        gone = {tag for tag, case in self.case_of.items() if case in self.shredded}
        if not gone:
            return
        for name in self.shredded:
            assert tx.one("select 1 from case_keys where case_id = ?", name) is None, "I7: its key"
        readable = [
            repr(talks.get(tx, row["person"], row["side"]))
            for row in tx.all("select person, side from talks")
        ]
        rows = tx.all("select * from outbox where body is not null and kind = 'say'")
        readable += [self.body(tx, row).text for row in rows]
        left = gone & {tag for text in readable for tag in TAG.findall(text)}
        assert not left, f"I7: {sorted(left)[:3]} of a shredded case can still be read"

    # the end

    async def come_to_rest(self) -> None:
        """The faults stop; I1's second half and I14."""
        self.stage.chance, self.stage.shut, self.stage.dies = 0.0, False, False
        await self.pass_time(minutes=30)
        try:
            self.peek(self.everything_still_holds)
            self.peek(self.all_is_told)
            if self.broken is not None:
                raise self.broken
        except AssertionError as broken:
            raise BrokenError(f"seed {self.seed}, at rest: {broken}") from broken

    def all_is_told(self, tx: Tx) -> None:
        now = int((self.world.now - timedelta(minutes=10)).timestamp() * 1000)
        left = tx.all(
            "select kind, lane, attempts from outbox where pull = 0 and state <> 'dead' and due < ?",
            now,
        )
        assert not left, f"I14: {[tuple(row) for row in left]}"
        chats = {GROUP.peer, *self.roster()}
        texts = "\n".join(t.message.text for t in self.stage.told if t.to.peer in chats)
        for row in tx.all("select id, code, closed from cases where closed is null"):
            code = f"{row['code'][:4]}-{row['code'][4:]}"
            told = code in texts or any(code == rung for rung, _ in self.world.rings)
            assert told or self.world.alarms.counts, f"I1: {code} is committed and nobody knows"

    # small things

    def body(self, tx: Tx, row: Any) -> Outgoing:
        opened = tx.seal.open(row["body"], table="outbox", column="body", row=row["id"])
        return unpack(opened).message

    def peer(self, tx: Tx, person: str | None) -> str:
        """Who a row is for: a chat's peer, `desk:` and the officer's, or the group."""
        if person is None:
            return GROUP.peer
        to = people.address(tx, person)
        if to is None:
            return ""
        return f"desk:{to.peer.removeprefix('officer-')}" if to.channel == "desk" else to.peer


def in_full(message: Outgoing) -> str:
    """Everything of a message that can be read."""
    labels = [key.label for row in message.keys for key in row]
    return "\n".join([message.text, message.spoiler, *labels])


def may_see(role: str, school: bool, route: str, hidden: int) -> bool:
    """Who may see a case, said here once more and independently of the product."""
    if route == "independent":
        return role == Role.INDEPENDENT
    if route == "leads":
        return role in {Role.INDEPENDENT, Role.LEAD}
    return role != Role.INDEPENDENT and not (hidden and school)


async def as_it_is(data: bytes) -> bytes:
    """Clean nothing: pictures are tried elsewhere."""
    return data


async def walk(path: Path, seed: int, steps: int) -> Walk:
    """Walk so many steps, and come to rest. Raises BrokenError, with the seed and what came before."""
    path.mkdir(mode=0o700, exist_ok=True)
    async with Walk(path, seed) as on:
        for _ in range(steps):
            await on.step()
        await on.come_to_rest()
        return on
