"""Somebody writes faster than anybody could answer: their lines wait on a pile for a few seconds and
join the story in one piece. Every line is read when it comes; danger that is news never waits.
"""

from dataclasses import replace
from datetime import timedelta

from handlers import screens
from handlers.cases import Case, Priority, Route, Status
from handlers.effects import Calm, Change, Effect, Part, Pile, Remind, Unpile
from handlers.events import Wait
from handlers.reading import Reading
from handlers.view import View

JOINS_AFTER = timedelta(seconds=30)
IN_DANGER = timedelta(seconds=10)
"""Somebody may be on their way: what a child in danger adds is wanted at once."""


def put(view: View, words: str) -> list[Effect]:
    """Put a line on the pile. The first of a pile is answered, the others with it when it joins."""
    person, side = view.person.id, view.talk.side
    line = Pile(person, side, words)
    if view.piled:
        return [line]
    danger = view.case is not None and view.case.happening and not view.case.safe
    due = view.now + (IN_DANGER if danger else JOINS_AFTER)
    wait = Remind(Wait.PILE, due, person=person, side=side)
    buttons = screens.rows((screens.go("on"),))
    return [line, wait, screens.note(view, Part("slow"), buttons=buttons)]


def sooner(view: View) -> list[Effect]:
    """An alarm rings: what waits on the pile is wanted at once."""
    if not view.piled:
        return []
    due = view.now + IN_DANGER
    return [Remind(Wait.PILE, due, person=view.person.id, side=view.talk.side)]


def may_wait(view: View, reading: Reading) -> bool:
    """Tell whether danger in a line is known already: the alarm rings and nothing would rise."""
    case = view.case
    if case is None or view.talk.case is None or case.status is Status.CLOSED:
        return False
    rung = case.priority is Priority.P1 and case.happening and not case.safe
    return rung and not (reading.official and case.route is Route.GROUP)


def taken(view: View) -> list[Effect]:
    """Take the pile away; its lines go with what follows."""
    person, side = view.person.id, view.talk.side
    return [Unpile(person, side), Calm(Wait.PILE, person=person, side=side)]


def counted(view: View, effects: list[Effect]) -> list[Effect]:
    """Count every line of the pile, though they joined the case as one."""
    more = len(view.pile) - 1

    def many(case: Case) -> Case:
        if view.case is None or case.messages == view.case.messages:
            return case
        return replace(case, messages=case.messages + more, unread=case.unread + more)

    return [replace(e, case=many(e.case)) if isinstance(e, Change) else e for e in effects]
