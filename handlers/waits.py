"""What happens when a waiting moment comes: silence, a draft's end, a P1 that nobody took."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from handlers import clocks, front, legal_hold, raising, reach, routes, screens
from handlers.cases import Case, Priority, Status
from handlers.drill import called, marked
from handlers.effects import (
    Audit,
    Button,
    Calm,
    Class,
    Delivery,
    Dice,
    Effect,
    Forget,
    Hook,
    Keep,
    Part,
    Remind,
    Say,
)
from handlers.events import Due, Wait
from handlers.view import Officer, View

AGAIN_AFTER = timedelta(minutes=10)
HOURLY = timedelta(hours=1)
OVERDUE_AGAIN = timedelta(hours=20)
CALL_FOR = timedelta(hours=2)
"""How long a P1 that nobody claims keeps calling, after the last word or the promised answer."""


def came(view: View, due: Due, dice: Dice) -> list[Effect]:
    """Decide what a moment brings."""
    match due.wait:
        case Wait.UNFINISHED:
            return unfinished(view, dice)
        case Wait.LATE_LINE:
            return late_line(view, dice)
        case Wait.PILE:
            return front.pile_joins(view, dice)
        case Wait.NOTICE:
            return notice(view)
        case Wait.FILE_LOST:
            return file_lost(view)
        case Wait.PROMPT:
            return prompt(view)
        case _:
            return ABOUT_A_CASE[due.wait](view, view.case) if view.case else []


def unfinished(view: View, dice: Dice) -> list[Effect]:
    """Send on what a child told before falling silent; it was said beforehand that we do."""
    talk = view.talk
    if talk.case is not None:
        return []
    talk, _, opened = raising.unfinished(view, talk, dice)
    return [*opened, Keep(talk)]


def late_line(view: View, dice: Dice) -> list[Effect]:
    """A line waited for "add it, or something else?" and nobody answered: it joins the case."""
    if view.case is None or not view.talk.draft:
        return []
    _, effects = raising.add_words(view, view.case, view.talk.draft, dice)
    return [*effects, Keep(replace(view.talk, draft=""))]


def unclaimed(view: View, case: Case) -> list[Effect]:
    """Call the people on duty and the second road, and tell the reporter the truth."""
    # Whoever holds the phone can press "safe": an alarm that nobody has seen rings on.
    called_off = case.happening and case.safe
    urgent = case.priority is Priority.P1 or called_off
    if case.claimed_by is not None or case.status is Status.CLOSED or not urgent:
        return []
    effects: list[Effect] = [
        Audit("unclaimed", case=case.id),
        Hook(case.id, called(case), "P1"),
    ]
    effects += [ring(view, officer, case) for officer in on_duty(view, case)]
    truth = (Part("sos_unread"),)
    effects += [
        Say(person.id, truth, screens.foot(danger=False), until=person.window)
        for person in view.reporters
        if reach.is_open(view, person) and not called_off
    ]
    effects.append(Remind(Wait.UNCLAIMED, next_call(view, case), case=case.id))
    return effects


def next_call(view: View, case: Case) -> datetime:
    """Give when to call again: often at first, then hourly, and when the office opens. It ends
    only when somebody claims or closes."""
    since = max(filter(None, (case.opened, case.last_words, case.answer_by)))
    if view.now + AGAIN_AFTER <= since + CALL_FOR:
        return view.now + AGAIN_AFTER
    opens = clocks.opens(view.house.ward, view.now)
    hourly = view.now + HOURLY
    return min(opens, hourly) if opens > view.now else hourly


def unopened(view: View, case: Case) -> list[Effect]:
    """New words in a P1 that somebody claimed lie unread: call everybody on duty."""
    urgent = case.priority is Priority.P1 and case.status is not Status.CLOSED
    if not urgent or not case.unread or case.claimed_by is None:
        return []
    part = Part("desk.unopened", {"ma": called(case)})
    return [
        Audit("unopened", case=case.id),
        Hook(case.id, called(case), "P1"),
        *(call(officer, part, case, "open") for officer in on_duty(view, case)),
        Remind(Wait.UNOPENED, next_call(view, case), case=case.id),
    ]


def overdue(view: View, case: Case) -> list[Effect]:
    """The promised answer is overdue: call the people on duty, each working day again."""
    if case.answered is not None or case.status is Status.CLOSED:
        return []
    part = Part("desk.overdue", {"ma": called(case)})
    tomorrow = clocks.opens(view.house.ward, view.now + OVERDUE_AGAIN)
    return [
        Audit("overdue", case=case.id),
        *(call(officer, part, case, "open") for officer in on_duty(view, case)),
        Remind(Wait.OVERDUE, tomorrow, case=case.id),
    ]


def on_duty(view: View, case: Case) -> tuple[Officer, ...]:
    """Give the people to call: those on duty who may see the case; nobody on duty calls all."""
    may = tuple(o for o in view.roster if routes.may_see(o, case))
    return tuple(o for o in may if o.duty) or may


def ring(view: View, officer: Officer, case: Case) -> Say:
    """Make the private call to an officer: code and priority, no words."""
    minutes = str(view.house.ward.claim_minutes_p1)
    part = Part("desk.unclaimed", {"ma": called(case), "phut": minutes})
    return call(officer, part, case, "claim")


def call(officer: Officer, part: Part, case: Case, verb: str) -> Say:
    """Call one officer about a case, with the one button that helps."""
    button = Button(f"d.{verb}.{case.id}", Part(f"desk.{verb}"))
    return Say(f"officer:{officer.id}", (part,), ((button,),), rank=Class.ALERT, typed=False)


def unreached(view: View, case: Case) -> list[Effect]:
    """The officers' group did not take this case's card: tell those who may see it one by one,
    and the second road. Written down, so that it happens once for each priority of a case."""
    if case.status is Status.CLOSED:
        return []
    part = Part("desk.unreached", {"ma": called(case)})
    buttons = ((Button(f"d.open.{case.id}", Part("desk.open")),),)
    told = [
        Say(f"officer:{one.id}", (part,), buttons, rank=Class.ALERT, typed=False)
        for one in view.roster
        if routes.may_see(one, case)
    ]
    return [
        Audit(f"unreached.{case.priority}", case=case.id),
        Hook(case.id, called(case), case.priority),
        *told,
    ]


def notice(view: View) -> list[Effect]:
    """Knock neutrally, if there is still something unread and the phone may still light up."""
    unread = any(entry.delivery is not Delivery.DELIVERED for entry in view.answers)
    if not unread or not reach.may_knock(view.person):
        return []
    wait = reach.remind(view, view.person)
    if wait.due > view.now:  # a late tick: the hours have passed, the next ones will come
        return [wait]
    return [reach.notice(view.person)]


def file_lost(view: View) -> list[Effect]:
    """Take back "we have it" for a file that nobody can open, where the chat is still open."""
    if not reach.is_open(view, view.person):
        return []
    say = screens.note(view, Part("file_lost"), buttons=screens.rows((screens.go("on"),)))
    return [replace(say, until=view.person.window)]


def prompt(view: View) -> list[Effect]:
    """End an officer's open prompt: words typed much later must not go to a reporter."""
    if view.talk.flow == "ended" or not view.talk.flow:
        return [Forget(view.talk.person, view.talk.side)] if view.talk.flow else []
    say = Say(view.person.id, marked(view.case, (Part("desk.prompt_over"),)), typed=False)
    if view.talk.flow == "reply":
        # Words typed a little too late are still meant for the reporter: they are shown first.
        ended = replace(view.talk, flow="ended", draft="")
        person, side = view.person.id, view.talk.side
        return [say, Keep(ended), Remind(Wait.PROMPT, view.now + HOURLY, person=person, side=side)]
    return [
        say,
        Forget(view.talk.person, view.talk.side),
        Calm(Wait.PROMPT, person=view.person.id, side=view.talk.side),
    ]


ABOUT_A_CASE: Mapping[Wait, Callable[[View, Case], list[Effect]]] = {
    Wait.UNCLAIMED: unclaimed,
    Wait.UNOPENED: unopened,
    Wait.OVERDUE: overdue,
    Wait.UNREACHED: unreached,
    Wait.HOLD: legal_hold.remind,
}
"""What a case waits for; one that is gone by then waits for nothing."""
