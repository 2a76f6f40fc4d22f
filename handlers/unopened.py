"""A ward that has not opened yet: nobody reads, and it says so; the numbers and lessons are there.

Whoever is in danger is heard all the same: an alarm that may be late is better than none, as long
as the person knows that it may be.
"""

from dataclasses import replace

from handlers import erase, front, screens
from handlers import help as helping
from handlers.effects import Dice, Effect, Part, Profile, Say
from handlers.events import Incoming, Kind
from handlers.reading import Level, Reading
from handlers.view import View

CALLS = frozenset({"go.danger", "a.for.danger"})
"""Presses that call for help."""
ALWAYS = ("111", "tips", "exit", "code", "done", "forget", "forget_sure", "forget_no")
THERE = frozenset(f"go.{verb}" for verb in ALWAYS)
"""What works before the opening as it does afterwards."""
LOOKED_UP = frozenset({"age", "tip", "tel"})
INSTEAD = {"go.anew": "go.on", "go.new": "go.add"}
"""Another story cannot begin yet: words that wait for a place go to the case that is there."""
LANGUAGES = {"go.en": "en", "go.vi": "vi"}
HELPS = frozenset({"emergency", "crisis"})


def came(view: View, event: Incoming, dice: Dice) -> list[Effect]:
    """Decide what a resident's message brings before the ward has opened. Never nothing."""
    wish, reading = wanted(view, event), view.house.reader.read(event.text)
    told = view.case is not None or view.found is not None
    calls = wish in CALLS or front.rings(view, reading)
    hides = reading.hides and event.kind is Kind.TEXT and not calls
    if hides or wish in THERE or wish.partition(".")[0] in LOOKED_UP:
        return front.came(view, event, dice)
    if told or calls:
        meant = replace(event, choice=INSTEAD[wish]) if wish in INSTEAD else event
        return honest(view, front.came(view, meant, dice))
    return closed(view, reading, wish)


def wanted(view: View, event: Incoming) -> str:
    """Give the press that was made, or that plain words stand for; empty for anything told."""
    if event.choice is not None or event.kind is not Kind.TEXT:
        return event.choice or ""
    command, argument = front.split_command(event.text)
    answer = erase.meant(view, event.text) or (None if argument else command)
    return "" if answer is None else f"go.{answer}"


def closed(view: View, reading: Reading, wish: str) -> list[Effect]:
    """Say kindly that nobody reads here yet, and who does answer."""
    p = view.person
    other = {"vi": "en", "en": "vi"}[p.language] if wish == "go.language" else p.language
    language = "en" if reading.english else LANGUAGES.get(wish, other)
    view = replace(view, person=replace(p, language=language))
    effects: list[Effect] = [
        Profile(p.id, language, p.voice, p.phone, p.hours, None),
        screen(view),
    ]
    if reading.level is Level.AMBER:
        return front.above(effects, Part("ack"))
    return front.careful(effects, reading)


def screen(view: View) -> Say:
    """Make the page of a ward that has not opened: the numbers, the ward's own, the lessons."""
    language = "vi" if view.person.language == "en" else "en"
    buttons = screens.rows((screens.go("tips"), screens.go(language)))
    return screens.note(view, Part("not_open"), *helping.ward_numbers(view), buttons=buttons)


def honest(view: View, effects: list[Effect]) -> list[Effect]:
    """Say under the help that the alarm may lie unread, until somebody has taken the case."""
    case = view.case or view.found
    mine = [e for e in effects if isinstance(e, Say) and e.to == view.person.id and e.buttons]
    if not mine or (case is not None and case.claimed_by is not None):
        return effects
    say = mine[0]
    help_at = [at for at, part in enumerate(say.parts, 1) if part.key in HELPS]
    at = max(help_at, default=1)
    parts = (*say.parts[:at], Part("not_open_danger"), *say.parts[at:])
    return [replace(say, parts=parts) if effect is say else effect for effect in effects]
