"""A resident's chat without storage: the talk, the case and the clock, kept as the effects say.

It applies only what the deciding code itself looks at again; everything said can be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar, TypeVar

from bot import house as houses
from bot.channels import web
from bot.channels.channel import Caps
from bot.render import Renderer, unpack
from handlers import screens
from handlers.cases import Case, Priority, Status
from handlers.decide import decide
from handlers.effects import (
    Aside,
    Change,
    Dice,
    Effect,
    Erase,
    Forget,
    Keep,
    Open,
    Pile,
    Profile,
    Say,
    Unpile,
)
from handlers.events import Address, Due, Incoming, Kind, Media, MediaKind, Side, Wait
from handlers.talk import SKIPPED, TYPED, Answers, Flow, Question, Setting, Talk, Walk, walk
from handlers.view import Entry, House, Officer, Person, Role, Tie, View

BEGIN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""15:00 on a Tuesday in Việt Nam."""
HOUSE = houses.build(houses.read_ward(None), trial=False, group_shows_words=False)
LEAD = Officer("may", "Cô Mây", Role.LEAD, chat=True)
INDEPENDENT = Officer("nui", "Bác Núi", Role.INDEPENDENT, chat=True)
AREA = HOUSE.ward.areas[0].id
ME = "resident"
CHAT = Caps(4096, pushes=True, knows_account="Telegram", edits=True, pictures=True)
SOMEBODY, NOTHING_YET = Person(ME), Talk(ME, Side.RESIDENT)
NO_ANSWERS = Answers()
RENDER = Renderer(HOUSE, {"telegram": CHAT, "web": web.CAPS})
E = TypeVar("E")


class Counting:
    """Chance without chance."""

    def __init__(self) -> None:
        self.count = 0

    def id(self) -> str:
        self.count += 1
        return f"id{self.count:014}"

    def bits(self, count: int) -> int:
        self.count += 1
        return self.count % (1 << count)


def house(**facts: object) -> House:
    """The sample ward with some facts changed."""
    ward = replace(HOUSE.ward, **facts)  # type: ignore[arg-type]
    return replace(HOUSE, ward=ward)


def case(**facts: object) -> Case:
    """A case as it may stand."""
    plain = Case("case", "phuong-mau", "K7M4PQ2X", Status.NEW, Priority.P2, "OTHER", "child", BEGIN)
    return replace(plain, **facts)  # type: ignore[arg-type]


def given(**answers: str) -> Answers:
    """Answers in the order they are written."""
    return Answers(tuple(answers.items()))


@dataclass
class Chat:
    """One person at one phone."""

    house: House = HOUSE
    person: Person = SOMEBODY
    talk: Talk = NOTHING_YET
    case: Case | None = None
    found: Case | None = None
    answers: tuple[Entry, ...] = ()
    roster: tuple[Officer, ...] = (LEAD,)
    group: bool = True
    tries: int = 0
    ties: tuple[Tie, ...] = ()
    left: tuple[Talk, ...] = ()
    elsewhere: bool = False
    hurried: bool = False
    room: bool = True
    pile: tuple[str, ...] = ()
    now: datetime = BEGIN
    dice: Dice = field(default_factory=Counting)
    effects: list[Effect] = field(default_factory=list)
    cases: dict[str, Case] = field(default_factory=dict)
    away: dict[str, Talk] = field(default_factory=dict)
    count: int = 0

    def view(self) -> View:
        return View(
            now=self.now,
            house=self.house,
            person=self.person,
            talk=self.talk,
            case=self.case,
            found=self.found,
            answers=self.answers,
            roster=self.roster,
            reporters=(self.person,) if self.case else (),
            group=self.group,
            tries=self.tries,
            ties=self.ties,
            left=self.left,
            elsewhere=self.elsewhere,
            hurried=self.hurried,
            room=self.room,
            piled=len(self.pile),
            pile=() if self.hurried else self.pile,
        )

    def take(self, kind: Kind, **fields: object) -> list[Effect]:
        """Let something come in; gives what was decided, and goes on from there."""
        self.count += 1
        sender = Address("telegram", "bot", "1")
        event = Incoming(
            f"e{self.count}",
            f"m{self.count}",
            self.now,
            Side.RESIDENT,
            sender,
            kind,
            **fields,  # type: ignore[arg-type]
        )
        return self.apply(decide(self.view(), event, self.dice))

    def say(self, text: str) -> list[Effect]:
        return self.take(Kind.TEXT, text=text)

    def press(self, choice: str) -> list[Effect]:
        return self.take(Kind.CHOICE, choice=choice)

    def file(self, kind: MediaKind, ref: str = "file", text: str = "") -> list[Effect]:
        return self.take(Kind.MEDIA, media=Media(kind, ref, 100), text=text)

    def due(self, wait: Wait, **time: float) -> list[Effect]:
        """Let a waiting moment come."""
        self.now += timedelta(**time)
        moment = Due("d", wait, self.now, person=ME)
        return self.apply(decide(self.view(), moment, self.dice))

    def later(self, **time: float) -> "Chat":
        self.now += timedelta(**time)
        return self

    def copy(self) -> "Chat":
        return replace(self, effects=[], cases=dict(self.cases), away=dict(self.away))

    def apply(self, effects: list[Effect]) -> list[Effect]:
        self.effects = effects
        for effect in effects:
            match effect:
                case Keep(talk):
                    self.talk = talk
                case Aside(_, key):
                    self.away[key], self.talk = self.talk, Talk(ME, Side.RESIDENT)
                case Pile(_, _, text):
                    self.pile = (*self.pile, text)
                case Unpile():
                    self.pile = ()
                case Forget() | Erase():
                    self.talk = Talk(ME, Side.RESIDENT)
                case Profile():
                    self.person = replace(
                        self.person,
                        language=effect.language,
                        voice=effect.voice,
                        phone=effect.phone,
                        hours=effect.hours,
                        window=effect.window,
                    )
                case Open(opened, _, _) | Change(opened):
                    self.cases[opened.id] = opened
                case _:
                    pass
        self.case = self.cases.get(self.talk.case or "", self.found if self.talk.case else None)
        self.found, self.elsewhere = None, False
        return effects

    def of(self, kind: type[E]) -> list[E]:
        """Give the effects of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def said(self) -> list[str]:
        """Give the keys of everything that was said to this person."""
        return [part.key for say in self.of(Say) if say.to == ME for part in say.parts]

    def buttons(self) -> list[str]:
        """Give the ids of everything that can be pressed in what was said last."""
        mine = [say for say in self.of(Say) if say.to == ME]
        return [button.id for say in mine for row in say.buttons for button in row]

    def read(self, channel: str = "telegram") -> list[str]:
        """Give what was said as it is read; a missing text or value fails here."""
        mine = [say for say in self.of(Say) if say.to == ME]
        return [self.rendered(say, channel) for say in mine]

    def rendered(self, say: Say, channel: str) -> str:
        known = self.person
        return unpack(RENDER(say, known.language, known.voice, channel)).message.text

    def asked(self) -> str | None:
        """Give the id of the open question."""
        asked = screens.standing(self.view(), self.talk).open
        return None if asked is None else asked.id


def chat(*presses: str, **facts: object) -> Chat:
    """A chat in which these buttons were pressed already."""
    there = Chat(**facts)  # type: ignore[arg-type]
    for choice in presses:
        there.press(choice)
    return there


class Watched(Answers):
    """Answers that note which of them a flow reads."""

    __slots__ = ()
    read: ClassVar[set[str]] = set()

    def __getitem__(self, question: Question) -> str:
        Watched.read.add(question.id)
        return Answers.__getitem__(self, question)


def ways(flow: Flow, setting: Setting, begin: Answers = NO_ANSWERS) -> list[tuple[Answers, Walk]]:
    """Give every state of a flow, branching only on what it reads.

    What it reads is found out by watching it: until a run finds nothing new, it is run again.
    """
    while True:
        known = frozenset(Watched.read)
        found = list(further(flow, setting, begin, known))
        if known == Watched.read:
            return found


def further(
    flow: Flow, setting: Setting, answers: Answers, read: frozenset[str]
) -> Iterator[tuple[Answers, Walk]]:
    """Give this state and all that follow it."""
    at = walk(lambda a, s: flow(Watched(a.given, a.story), s), answers, setting)
    yield answers, at
    if at.open is None or at.open.endless:
        return
    for value in possible(at.open)[: None if at.open.id in read else 1]:
        yield from further(flow, setting, answers.put(at.open, value), read)


def possible(question: Question) -> list[str]:
    """Give everything that may answer a question: its choices, own words, a skip."""
    words = [f"{TYPED}chữ"] if question.typed else []
    choices = [one for one in question.choices if one != "tips"]  # leads elsewhere, is no answer
    return [*choices, *words, *([SKIPPED] if question.skip else [])]
