"""One act of one officer on one case: how it is written down, shown and recorded."""

from dataclasses import replace
from datetime import timedelta

from handlers import routes
from handlers.cases import Case, Status, move
from handlers.drill import marked
from handlers.effects import (
    Add,
    Audit,
    Button,
    Change,
    Dice,
    Effect,
    EntryKind,
    Keep,
    Part,
    Remind,
    Say,
)
from handlers.events import Side, Wait
from handlers.screens import Rows
from handlers.talk import Talk
from handlers.view import Officer, View

PROMPT_LASTS = timedelta(minutes=15)


def tell(
    view: View, *parts: Part, buttons: Rows = (), secret: bool = False, typed: bool = False
) -> Say:
    """Make a message to the officer who acts."""
    case = view.case.id if view.case else None
    return Say(
        view.person.id, marked(view.case, parts), buttons, typed=typed, secret=secret, case=case
    )


class Act:
    """One act of one officer on one case."""

    __slots__ = ("argument", "case", "in_group", "officer", "view")

    def __init__(
        self, view: View, officer: Officer, case: Case, argument: str, in_group: bool
    ) -> None:
        """`argument`: what the button carries besides the case."""
        self.view = view
        self.officer = officer
        self.case = case
        self.argument = argument
        self.in_group = in_group

    def changed(self, case: Case, act: str, *more: Effect) -> list[Effect]:
        """Write the case, record who did what, and bring the cards up to date."""
        return [
            Change(case),
            Audit(act, self.officer.id, case.id),
            *more,
            *routes.shows(self.view, case),
        ]

    def moved(self, dice: Dice, text: str) -> Add:
        """Record a move in the story."""
        return Add(dice.id(), self.case.id, EntryKind.MOVE, text, officer=self.officer.id)

    def press(self, verb: str, argument: str, label: Part) -> Button:
        """Make a button of a prompt."""
        return Button(f"d.{verb}.{self.case.id}.{argument}", label)

    def cancel(self) -> tuple[tuple[Button, ...], ...]:
        """Give the way out of a prompt."""
        return ((self.press("cancel", "", Part("desk.cancel")),),)

    def prompt(self, flow: str, draft: str = "") -> list[Effect]:
        """Open a prompt that names its case and ends after 15 minutes."""
        p = self.view.person
        talk = Talk(
            p.id, Side.DESK, flow=flow, case=self.case.id, draft=draft, spoken=self.view.now
        )
        due = self.view.now + PROMPT_LASTS
        return [Keep(talk), Remind(Wait.PROMPT, due, person=p.id, side=Side.DESK)]


def claimed(act: Act, case: Case) -> Case:
    """Give the case in the hands of this officer."""
    if case.status is Status.NEW:
        case = move(case, Status.RECEIVED)
    if case.claimed_by is not None:
        return case
    return replace(case, claimed_by=act.officer.id, claimed=act.view.now)
