"""Somebody is in danger: the card first, the case at once, and how an alarm is lowered.

Danger comes before any menu, command, language or question, at any step.
"""

from dataclasses import replace

from handlers import raising, report, routes, screens, telling
from handlers.cases import Case, Priority, Route
from handlers.effects import Add, Audit, Change, Dice, Effect, EntryKind, Keep, Part, Say
from handlers.talk import Answers, Talk
from handlers.view import View

GROUP = (screens.go("to_group"),)
CARD_EVERY = 5
"""For how many messages the emergency card is not repeated in an open case."""


def read(
    view: View,
    talk: Talk,
    text: str,
    dice: Dice,
    *,
    official: bool,
    kind: str,
    other: bool,
    ref: str,
) -> list[Effect]:
    """Danger in free words: the card first, a P1 case at once, the words as they stand.

    `kind`: what was read. Who speaks of ending their life gets the card for that; who tells of
    being touched hears first that it is not their fault. `other`: it is somebody else's danger.
    """
    own_life = kind == "self_harm"
    talk = telling.resumed(view, talk)
    if view.case is not None and talk.case is not None:
        return more(view, view.case, talk, text, dice, official=official, ref=ref)
    answers = (
        in_crisis(talk.answers.tell(text), other=other)
        if own_life
        else in_danger(talk.answers.tell(text))
    )
    talk = replace(talk, answers=answers, card_in=CARD_EVERY, harm=True, misses=0)
    card = "crisis" if own_life else "emergency"
    shown = card in screens.standing(view, talk).said
    lead = () if shown else (Part(card),)
    if kind == "sexual":
        lead = (Part("ack_touch"), *lead)
    effects = telling.step(view, talk, dice, lead, tapped=False, official=official)
    return to_leads(effects) if official else effects


def to_leads(effects: list[Effect]) -> list[Effect]:
    """Say under the step that words which name an official go to the leads only; offer the group."""
    said = [effect for effect in effects if isinstance(effect, Say)]
    last = said[-1]
    parts = (*last.parts, Part("official_private"))
    told = replace(last, parts=parts, buttons=(*last.buttons[:-1], GROUP, last.buttons[-1]))
    return [told if effect is last else effect for effect in effects]


def more(
    view: View, case: Case, talk: Talk, text: str, dice: Dice, *, official: bool, ref: str
) -> list[Effect]:
    """More danger in an open case: it rises, the words join it, the card comes now and then."""
    led = official and case.route is Route.GROUP
    moved: list[Effect] = []
    if led:
        # First of all: nothing that follows may ring where the official could hear it.
        case, moved = raising.rerouted(view, case, replace(case, route=Route.LEADS))
        moved = [Change(case), *moved]
        view = replace(view, case=case)
    talk, effects = telling.more_story(view, telling.only_story(view, talk), text, dice, ref)
    case = telling.carried(view, effects).case or case
    case, risen = raising.raise_to(view, case, Priority.P1, tapped=False)
    effects = [*moved, *effects]
    if risen:
        effects += [Change(case), *risen]
    elif not led:
        # Danger again in a case somebody has: a card that only changes rings nowhere.
        effects += routes.ring_claimer(view, case)
    view = telling.speaking(replace(view, case=case), talk)
    show_card = talk.card_in <= 0 or bool(risen) or led
    keep = replace(talk, card_in=CARD_EVERY if show_card else talk.card_in - 1, spoken=view.now)
    part = Part("emergency") if show_card else screens.heard(case)
    buttons = screens.controls(talk, None, case)
    say = screens.note(view, part, buttons=buttons)
    done: list[Effect] = [*effects, say, *telling.profile(view), Keep(keep)]
    return to_leads(done) if led else done


def tapped(view: View, talk: Talk, dice: Dice) -> list[Effect]:
    """[Đang nguy hiểm] pressed, at any step."""
    if view.case is not None and talk.case is not None:
        case, risen = raising.raise_to(view, view.case, Priority.P1, tapped=True)
        case = replace(case, tapped=True)
        talk = telling.only_story(view, talk)
        view = telling.speaking(view, talk)
        say = screens.note(view, Part("emergency"), buttons=screens.controls(talk, None, case))
        keep = Keep(replace(talk, card_in=CARD_EVERY, spoken=view.now))
        return [say, Change(case), *risen, *routes.shows(view, case), *telling.profile(view), keep]
    talk = telling.resumed(view, talk)
    answers = in_danger(talk.answers)
    talk = replace(talk, answers=answers, card_in=CARD_EVERY, misses=0)
    shown = "emergency" in screens.standing(view, talk).said
    return telling.step(view, talk, dice, () if shown else (Part("emergency"),))


def in_danger(answers: Answers) -> Answers:
    """Answer the two first questions so that they mean: now."""
    spoken_as = answers[report.FOR]
    if spoken_as in {"", "danger"}:
        return answers.put(report.FOR, "danger")
    return answers.put(report.NOW, "happening" if spoken_as == "adult" else "yes")


def in_crisis(answers: Answers, *, other: bool) -> Answers:
    """Answer so that it means: somebody thinks of ending their life."""
    spoken_as = answers[report.FOR]
    if spoken_as in {"", "danger"}:
        answers = answers.put(report.FOR, "friend" if other else "me")
    return answers.put(report.SELF, "yes")


def adult(view: View, talk: Talk, dice: Dice) -> list[Effect]:
    """Somebody in danger's path says that they are grown up: the voice changes, the case stays."""
    answers = talk.answers.put(report.FOR, "adult")
    if answers[report.SELF] == "yes":
        return telling.step(
            view, replace(talk, answers=answers), dice, (Part("crisis"),), again=True
        )
    answers = answers.put(report.NOW, "happening")
    return telling.step(
        view, replace(talk, answers=answers), dice, (Part("emergency"),), again=True
    )


def to_group(view: View, talk: Talk) -> list[Effect]:
    """The teller decides that all officers may see what names an official."""
    if view.case is None or talk.case is None or view.case.route is not Route.LEADS:
        return [screens.note(view, Part("noted"))]
    case = replace(view.case, route=Route.GROUP)
    told = screens.note(view, Part("official_to_group"))
    return [Change(case), Audit("to_group", case=case.id), *raising.alerts(view, case), told]


def safe(view: View, talk: Talk, dice: Dice) -> list[Effect]:
    """Lower an alarm that is over; the case goes on and nothing is deleted."""
    if view.case is None:
        return [screens.note(view, Part("safe_none")), Keep(talk)]
    case = replace(view.case, safe=True)
    if case.happening:  # what is not happening now is not over by a press either
        case = replace(case, priority=max(case.priority, Priority.P2))
    told = Add(dice.id(), case.id, EntryKind.MOVE, "safe")
    say = screens.note(view, Part("safe"))
    return [
        told,
        Change(case),
        *routes.shows(view, case),
        say,
        Keep(replace(talk, spoken=view.now)),
    ]
