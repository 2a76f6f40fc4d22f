"""How an officer's answer reaches whoever reported: openly, as a neutral notice, or held.

Nothing is ever pushed to a shared or borrowed phone, and nothing outside the hours allowed.
"""

from collections.abc import Iterable
from datetime import timedelta

from handlers import clocks
from handlers.effects import Button, Class, Delivery, Effect, Part, Remind, Say, verbatim
from handlers.events import Wait
from handlers.screens import foot, go, rows
from handlers.view import Hours, Person, Phone, View, Voice
from handlers.ward import Span


def is_open(view: View, person: Person) -> bool:
    """Tell whether the person's own last word is fresh enough for an open answer."""
    lent = person.phone == Phone.BORROWED  # it may be back in its owner's hand
    return not lent and person.window is not None and view.now <= person.window


def slot(view: View, person: Person) -> Span | None:
    """Give the part of the day in which the phone may light up; None: at any time."""
    ward = view.house.ward
    return {Hours.AFTER_SCHOOL: ward.after_school, Hours.EVENING: ward.evening}.get(
        Hours(person.hours)
    )


def may_knock(person: Person) -> bool:
    """Tell whether we may ever write first to this person."""
    return person.pushes and person.phone == Phone.OWN and person.hours != Hours.NEVER


def reach(
    view: View, people: Iterable[Person], entry: str, text: str
) -> tuple[Delivery, list[Effect]]:
    """Send an answer on its way to everybody who follows the case.

    Gives the state of the answer's entry as it is now, and the messages.
    """
    says: list[Effect] = []
    pushed = False
    for person in people:
        if is_open(view, person):
            # In a mailbox it is held until somebody fetches it.
            pushed = pushed or person.pushes
            says.append(open_answer(person, view.case.id if view.case else None, entry, text))
        if may_knock(person):
            says.append(remind(view, person))
    return (Delivery.WAITING if pushed else Delivery.HELD), says


def open_answer(person: Person, case: str | None, entry: str, text: str) -> Say:
    """Make the answer as it is read in an open chat."""
    parts = (Part("answer_from"), verbatim(text))
    buttons = rows((go("on"),)) + foot()
    return Say(person.id, parts, buttons, entry=entry, case=case, until=person.window)


def remind(view: View, person: Person) -> Remind:
    """Wait for the hours in which this phone may light up; reading the answer ends the wait."""
    begins = view.now
    if person.window is not None and is_open(view, person):
        begins = person.window + timedelta(
            minutes=1
        )  # by then an open answer has come, or never will
    due = clocks.next_slot(slot(view, person), begins)
    return Remind(Wait.NOTICE, due, case=view.case.id if view.case else None, person=person.id)


def notice(person: Person) -> Say:
    """Make the neutral notice: it says nothing of any case, to whoever sees it light up."""
    key = "notice" if person.voice == Voice.ADULT else "notice_lesson"
    button = Button("go.news", Part("go.news"))
    return Say(person.id, (Part(key),), ((button,),), rank=Class.NOTICE, typed=False)
