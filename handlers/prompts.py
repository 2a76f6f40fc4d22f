"""What an officer types: answers and notes. Nothing goes out before it was previewed."""

from dataclasses import replace
from zlib import crc32

from handlers import card, drill, reach, routes, screens
from handlers.act import Act, claimed, tell
from handlers.effects import (
    Add,
    Audit,
    Calm,
    Delivery,
    Dice,
    Effect,
    EntryKind,
    Forget,
    Part,
    Say,
    verbatim,
)
from handlers.events import Side, Wait
from handlers.receipts import format_code
from handlers.view import Officer, View

CANNED = {
    "child": ("hello", "safe", "where", "hurt"),
    "adult": ("thanks", "more", "wait", "insufficient"),
}


def over(view: View) -> list[Effect]:
    """Close the officer's prompt."""
    p = view.person.id
    return [Forget(p, Side.DESK), Calm(Wait.PROMPT, person=p, side=Side.DESK)]


def reply(act: Act, dice: Dice) -> list[Effect]:
    """*Trả lời*: four canned answers or typed; nothing goes out before its preview."""
    del dice
    voice = "adult" if act.case.voice == "adult" else "child"
    canned = tuple(act.press("canned", name, Part(f"desk.canned.{name}")) for name in CANNED[voice])
    part = Part("desk.reply_prompt", {"ma": format_code(act.case.code)})
    say = tell(act.view, part, buttons=screens.rows(canned) + act.cancel(), typed=True)
    return [say, *act.prompt("reply")]


def canned_answer(act: Act, dice: Dice) -> list[Effect]:
    """A canned answer was picked: show it as it will be read."""
    voice = "adult" if act.case.voice == "adult" else "child"
    if act.argument not in CANNED[voice]:
        return reply(act, dice)
    values = {"co_chu": act.officer.called, "Co_chu": act.officer.called.capitalize()}
    language = act.view.reporters[0].language if act.view.reporters else "vi"
    text = act.view.house.texts.say(f"rep.{act.argument}", language, "", values)
    return preview(act, text)


def preview(act: Act, text: str) -> list[Effect]:
    """Show an answer as the reporter will read it."""
    buttons = (
        (
            act.press("send", mark(text), Part("desk.send")),
            act.press("reply", "", Part("desk.edit")),
        ),
        *act.cancel(),
    )
    held_by = act.case.claimed_by
    warning: tuple[Part, ...] = ()
    if held_by not in {None, act.officer.id}:
        warning = (Part("desk.held_by", {"ten": card.name(act.view.roster, held_by)}),)
    say = tell(
        act.view,
        *warning,
        Part("desk.preview", {"ma": format_code(act.case.code)}),
        verbatim(text),
        buttons=buttons,
        typed=True,
    )
    return [say, *act.prompt("reply", text)]


def mark(text: str) -> str:
    """Give a short mark of a draft, so that a button sends what stands above it."""
    return f"{crc32(text.encode()):08x}"


def send(act: Act, dice: Dice) -> list[Effect]:
    """Send the previewed answer; its fate is marked on the card."""
    view, text = act.view, act.view.talk.draft
    if view.talk.flow != "reply" or view.talk.case != act.case.id or not text:
        return [tell(view, Part("desk.prompt_over"))]
    if act.argument not in {"", mark(text)}:
        # An older preview stands above this button: what it shows is not what would go out.
        return [tell(view, Part("desk.gone"))]
    entry = dice.id()
    state, says = reach.reach(view, view.reporters, entry, text)
    case = replace(
        claimed(act, act.case),
        answered=act.case.answered or view.now,
        last_delivery=state,
    )
    added = Add(entry, case.id, EntryKind.ANSWER, text, officer=act.officer.id, delivery=state)
    effects = act.changed(
        case,
        "answer",
        added,
        Calm(Wait.UNCLAIMED, case=case.id),
        Calm(Wait.OVERDUE, case=case.id),
    )
    here = any(isinstance(effect, Say) for effect in says)
    key = "desk.sent" if state is Delivery.WAITING else "desk.fetched" if here else "desk.held"
    if case.forgotten and not says:
        key = "desk.held_forgotten"
    opened = drill.proven(view, act.officer, case)
    said = (Part(key, {"ma": format_code(case.code)}), *([Part("desk.opened")] if opened else []))
    return [*effects, *opened, *says, *over(view), tell(view, *said)]


def note(act: Act, dice: Dice) -> list[Effect]:
    """*Ghi chú*: internal; the reporter never sees it."""
    del dice
    part = Part("desk.note_prompt", {"ma": format_code(act.case.code)})
    return [tell(act.view, part, buttons=act.cancel(), typed=True), *act.prompt("note")]


def cancel(act: Act, dice: Dice) -> list[Effect]:
    """Leave a prompt; nothing was sent."""
    del dice
    return [*over(act.view), tell(act.view, Part("desk.cancelled"))]


def typed(view: View, officer: Officer, text: str, dice: Dice) -> list[Effect]:
    """Take typed words into the open prompt."""
    case = view.case
    if case is None or view.talk.flow not in {"reply", "note", "ended"}:
        return [tell(view, Part("desk.no_prompt"))]
    if not routes.may_see(officer, case):
        return [
            Audit("refused", officer.id, case.id),
            *over(view),
            tell(view, Part("desk.not_yours")),
        ]
    act = Act(view, officer, case, "", in_group=False)
    if view.talk.flow != "note":
        return preview(act, text.strip())
    added = Add(dice.id(), case.id, EntryKind.NOTE, text.strip(), officer=officer.id)
    noted = tell(view, Part("desk.noted", {"ma": format_code(case.code)}))
    return [added, Audit("note", officer.id, case.id), *over(view), noted]


def standing(act: Act, dice: Dice) -> Say | None:
    """Give the prompt that is open, for a page that has lost it; nothing is decided anew."""
    talk = act.view.talk
    if talk.flow not in {"reply", "note"}:
        return None
    drafted = talk.flow == "reply" and talk.draft
    effects = preview(act, talk.draft) if drafted else OPENS[talk.flow](act, dice)
    return next(effect for effect in effects if isinstance(effect, Say))


OPENS = {"reply": reply, "note": note}
