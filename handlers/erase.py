"""*Quên tôi*: whoever writes wants to be forgotten. What is said and asked is the same for everybody.

It never takes a report back: whoever holds the phone may be the one who harms. And nobody learns
here whether there is one.
"""

from dataclasses import replace

from handlers import raising, reach, routes, screens, telling
from handlers.cases import Priority, Status
from handlers.effects import (
    Add,
    Audit,
    Change,
    Dice,
    Effect,
    EntryKind,
    Erase,
    Keep,
    Part,
    Profile,
    Say,
)
from handlers.reading import fold
from handlers.talk import Talk
from handlers.view import Person, Tie, View

FLOW = "forget"
SURE, NO = "forget_sure", "forget_no"
STRANGER = Person("")
ENGLISH = frozenset({"forget", "remember", "contact"})


def ask(view: View, words: str = "") -> list[Effect]:
    """Say what it does, before it does it; who is in danger just now hears first whom to call.

    `words`: how it was asked for; English is answered in English.
    """
    if ENGLISH & set(fold(words).split()):
        view = replace(view, person=replace(view.person, language="en"))
    danger = (Part(card),) if (card := emergency(view)) else ()
    buttons = screens.rows((screens.go("forget_sure"), screens.go("forget_no")), 1)
    talk = replace(
        view.talk, flow=FLOW, veiled=view.talk.veiled or of_another(view), spoken=view.now
    )
    say = screens.note(view, *danger, Part("forget_ask"), buttons=buttons)
    return [*telling.profile(view), say, Keep(talk)]


def emergency(view: View) -> str | None:
    """Give the card for a danger that is being told here and now; never for one told long ago:
    whoever holds the phone by now learns nothing."""
    case, spoken = view.case, view.talk.spoken
    if case is None or case.priority is not Priority.P1 or case.safe or spoken is None:
        return None
    if case.status is Status.CLOSED or view.now - spoken > telling.OPEN_WINDOW:
        return None
    return "crisis" if case.kind == "SELF_HARM" else "emergency"


def of_another(view: View) -> bool:
    """Tell whether it may not be the teller any more who asks."""
    return telling.may_be_another(view, view.talk)


def meant(view: View, words: str) -> str | None:
    """Read a typed answer to the question: the button it means, if any."""
    if view.talk.flow != FLOW:
        return None
    said, person = fold(words.strip(" .!?")), view.person
    for verb in (SURE, NO):
        if said == fold(view.house.texts.say(f"go.{verb}", person.language, person.voice)):
            return verb
    return None


def no(view: View) -> list[Effect]:
    """Leave everything as it is."""
    buttons = ((screens.go("on"),),)
    keep = Keep(replace(view.talk, flow="report" if view.talk.told else "", spoken=view.now))
    return [screens.note(view, Part("forget_kept"), buttons=buttons), keep]


def sure(view: View, dice: Dice) -> list[Effect]:
    """Forget: half-told stories that were promised to go on go now, the ties are cut, the rest is
    deleted. Every step is taken whether there is anything to forget or not."""
    effects: list[Effect] = []
    for draft in unsent(view):
        effects += sent_on(view, draft, dice)
    for tie in view.ties:
        # Lines that waited on a pile have joined this one just now.
        here = view.case if view.case is not None and view.case.id == tie.case.id else tie.case
        effects += cut(view, replace(tie, case=here), dice)
    p = view.person
    s = STRANGER
    return [
        *effects,
        Erase(p.id),
        # Without buttons: on a page nothing told before stays on the screen.
        Say(p.id, (Part("forgotten"),), typed=False),
        Profile(p.id, s.language, s.voice, s.phone, s.hours, s.window),
    ]


def unsent(view: View) -> tuple[Talk, ...]:
    """Give the drafts that must not be lost because of whoever presses now.

    Those put away by leaving go on in any case, as was said; the one in this chat does when
    somebody else may hold the phone. The teller's own is deleted, as by "do not send".
    """
    here = view.talk
    veiled = here.veiled or of_another(view)
    goes = here.case is None and veiled and telling.goes_on(view, here)
    return (*view.left, *((here,) if goes else ()))


def sent_on(view: View, draft: Talk, dice: Dice) -> list[Effect]:
    """Send on what was half told; nobody can be written to about it."""
    view = telling.speaking(replace(view, talk=draft, case=None), draft)
    _, case, effects = raising.unfinished(view, draft, dice, forgotten=True)
    return [*effects, told(case.id, dice)]


def cut(view: View, tie: Tie, dice: Dice) -> list[Effect]:
    """Let the officers know, when nobody is left who can be written to first."""
    if any(map(reach.may_knock, tie.others)):
        return [told(tie.case.id, dice)]
    case = replace(tie.case, forgotten=True)
    return [
        told(case.id, dice),
        Change(case),
        Audit("forgotten", case=case.id),
        *routes.shows(view, case),
    ]


def told(case: str, dice: Dice) -> Effect:
    """Write it into the story."""
    return Add(dice.id(), case, EntryKind.MOVE, "forgotten")
