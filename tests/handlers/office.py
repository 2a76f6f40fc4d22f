"""An officers' side without storage: one case, a few officers, and what they do with it."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import TypeVar

from bot import house as houses
from handlers import desk
from handlers.cases import Case, Priority, Status
from handlers.effects import Change, Effect, EntryKind, Part, Say
from handlers.events import Address, Incoming, Kind, Side
from handlers.receipts import public_code
from handlers.talk import Talk
from handlers.view import Entry, Hours, House, Officer, Person, Phone, Role, View
from tests.world import SeededDice as Dice

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
"""10:00 on a Tuesday in Việt Nam."""
LEAD = Officer("lead", "Cô Mây", Role.LEAD, chat=True)
SONG = Officer("song", "Chú Sông", Role.OFFICER, called="chú", chat=True)
SCHOOL = Officer("school", "Cô Nắng", Role.OFFICER, school=True, chat=True)
OUTSIDE = Officer("outside", "Chú Rừng", Role.INDEPENDENT, called="chú", chat=True)
ROSTER = (LEAD, SONG, SCHOOL, OUTSIDE)
HERE = Person("p-desk")
CHILD = Person(
    "p-child", voice="child", phone=Phone.OWN, hours=Hours.ANY, window=NOW.replace(minute=5)
)
GROUP = Address("telegram", "bot", "-100777")
CASE = Case(
    id="case1",
    ward="phuong-mau",
    code=public_code(123456789),
    status=Status.NEW,
    priority=Priority.P2,
    kind="PHYSICAL",
    voice="child",
    opened=NOW.replace(hour=2),
    messages=1,
    unread=1,
    answer_by=NOW.replace(hour=10),
    facts=(("who", "home"), ("where", "=sau chợ"), ("phone", "shared")),
)
STORY = (
    Entry("e1", NOW, EntryKind.WORDS, "bố hay đánh em"),
    Entry("e2", NOW, EntryKind.PICTURE, "", file="f1"),
)
E = TypeVar("E")


@cache
def house() -> House:
    return houses.build(houses.read_ward(None), trial=False, group_shows_words=False)


def view(officer: Officer | None = SONG, case: Case | None = CASE, **more: object) -> View:
    facts: dict[str, object] = {
        "now": NOW,
        "house": house(),
        "person": HERE,
        "talk": Talk(HERE.id, Side.DESK),
        "case": case,
        "officer": officer,
        "roster": ROSTER,
        "entries": STORY,
        "reporters": (CHILD,),
        "group": True,
    }
    return View(**{**facts, **more})  # type: ignore[arg-type]


def event(
    kind: Kind, *, text: str = "", choice: str | None = None, group: bool = False
) -> Incoming:
    place = GROUP if group else None
    sender = Address("telegram", "bot", "1")
    return Incoming("1", "1", NOW, Side.DESK, sender, kind, text=text, choice=choice, place=place)


def press(at: View, verb: str, argument: str = "", *, group: bool = False) -> list[Effect]:
    """Press a button of the case in view."""
    case = at.case.id if at.case else "gone"
    choice = f"d.{verb}.{case}" + (f".{argument}" if argument else "")
    return desk.came(at, event(Kind.CHOICE, choice=choice, group=group), Dice())


def types(at: View, text: str, *, group: bool = False) -> list[Effect]:
    return desk.came(at, event(Kind.TEXT, text=text, group=group), Dice())


def only(effects: list[Effect], kind: type[E]) -> E:
    """The one effect of this kind."""
    [found] = every(effects, kind)
    return found


def every(effects: list[Effect], kind: type[E]) -> list[E]:
    return [effect for effect in effects if isinstance(effect, kind)]


def after(at: View, effects: list[Effect]) -> View:
    """The view as an act has left it: the case as it was written last, the prompt as kept."""
    changes = every(effects, Change)
    return replace(at, case=changes[-1].case if changes else at.case)


def told(effects: list[Effect]) -> list[str]:
    """What the acting officer reads."""
    return [words(say.parts) for say in every(effects, Say) if say.to == HERE.id]


def words(parts: tuple[Part, ...]) -> str:
    def one(part: Part) -> str:
        if part.key == "=":
            return part.values["text"]
        return house().texts.say(part.key, "vi", "", part.values)

    return "\n\n".join(map(one, parts))
