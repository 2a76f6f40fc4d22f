"""Keeping a case beyond its period because police, a court or a dispute needs it; and letting go.

A lead decides, from a closed list, and is asked again every 30 days. Ties to a reporter are cut
all the same: a hold keeps what was told, never who told it.
"""

from dataclasses import replace
from datetime import timedelta

from handlers import card, routes, screens
from handlers.act import Act, tell
from handlers.cases import Case, Hold
from handlers.effects import Audit, Button, Calm, Dice, Effect, Part, Remind, Say
from handlers.events import Wait
from handlers.receipts import format_code
from handlers.view import House, Officer, Role, View

AGAIN_AFTER = timedelta(days=30)
SURE = "sure"
VERBS = frozenset({"hold", "lift"})
"""What only those may do who answer for the case."""


def may(officer: Officer) -> bool:
    """Decide whether this officer may keep by law what they may see: leads, and the contact
    outside the group, whose cases no lead sees."""
    return officer.role in {Role.LEAD, Role.INDEPENDENT}


def those_who_may(view: View, case: Case) -> tuple[Officer, ...]:
    """Give whoever is asked about a hold on this case."""
    return tuple(o for o in view.roster if may(o) and routes.may_see(o, case))


def buttons(officer: Officer, case: Case) -> screens.Rows:
    """Give the button under an opened file, to those who may press it."""
    verb = "lift" if case.hold else "hold"
    return ((Button(f"d.{verb}.{case.id}", Part(f"desk.{verb}")),),) if may(officer) else ()


def why(house: House, case: Case) -> str:
    """Say why a case is kept."""
    return card.say(house, f"hold_why.{case.hold_why}")


def hold(act: Act, dice: Dice) -> list[Effect]:
    """*Giữ lại theo luật*: a reason from the list, then it is kept."""
    case, view = act.case, act.view
    code = format_code(case.code)
    if act.argument not in set(Hold):
        picks = tuple(act.press("hold", one, Part(f"desk.hold_why.{one}")) for one in Hold)
        rows = screens.rows(picks, 1) + act.cancel()
        return [tell(view, Part("desk.hold_prompt", {"ma": code}), buttons=rows)]
    kept = replace(case, hold=case.hold or view.now, hold_why=act.argument)
    return [
        *act.changed(kept, f"hold.{act.argument}", act.moved(dice, "hold")),
        Remind(Wait.HOLD, view.now + AGAIN_AFTER, case=case.id),
        tell(view, Part("desk.hold_set", {"ma": code, "ly_do": why(view.house, kept)})),
    ]


def lift(act: Act, dice: Dice) -> list[Effect]:
    """*Bỏ giữ*: asked once more, for what is overdue goes within minutes."""
    case, view = act.case, act.view
    code = format_code(case.code)
    if case.hold is None:
        return [tell(view, Part("desk.gone"))]
    if act.argument != SURE:
        rows = ((act.press("lift", SURE, Part("desk.lift")),), *act.cancel())
        values = {"ma": code, "ngay": str(view.house.ward.keep_days)}
        return [tell(view, Part("desk.lift_prompt", values), buttons=rows)]
    free = replace(case, hold=None, hold_why="")
    calm = Calm(Wait.HOLD, case=case.id)
    return [
        *act.changed(free, "lift", act.moved(dice, "lift"), calm),
        tell(view, Part("desk.lifted", {"ma": code})),
    ]


def propose(view: View, case: Case) -> list[Effect]:
    """A case was closed because the police have it: ask whether it must be kept."""
    if case.hold is not None:
        return []
    part = Part("desk.hold_propose", {"ma": format_code(case.code)})
    button = Button(f"d.hold.{case.id}.{Hold.POLICE}", Part("desk.hold"))
    return [
        Say(f"officer:{one.id}", (part,), ((button,),), case=case.id, typed=False)
        for one in those_who_may(view, case)
    ]


def remind(view: View, case: Case) -> list[Effect]:
    """Ask whether it still must be kept, and again in 30 days."""
    if case.hold is None:
        return []
    values = {
        "ma": format_code(case.code),
        "ly_do": why(view.house, case),
        "ngay": card.day(case.hold),
    }
    press = Button(f"d.lift.{case.id}", Part("desk.lift"))
    show = () if case.archived else (Button(f"d.open.{case.id}", Part("desk.open")),)
    says: list[Effect] = [
        Say(
            f"officer:{one.id}",
            (Part("desk.hold_remind", values),),
            ((*show, press),),
            case=case.id,
            typed=False,
        )
        for one in those_who_may(view, case)
    ]
    return [
        Audit("hold.reminded", case=case.id),
        *says,
        Remind(Wait.HOLD, view.now + AGAIN_AFTER, case=case.id),
    ]
