"""What officers do: claim, open, answer, note, hand over, re-rank, close.

Every act checks the rights anew: what a button carries proves nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from handlers import card, clocks, legal_hold, prompts, raising, reach, routes, screens
from handlers.act import Act, claimed, tell
from handlers.cases import (
    Case,
    Priority,
    Reason,
    Status,
    close,
    needs_second_person,
)
from handlers.drill import is_drill
from handlers.effects import (
    Add,
    Admit,
    Audit,
    Button,
    Calm,
    Class,
    Count,
    Dice,
    Door,
    Effect,
    EntryKind,
    Keep,
    Knock,
    Part,
    Remind,
    Say,
    Toast,
    verbatim,
)
from handlers.events import Incoming, Kind, Wait
from handlers.receipts import format_code
from handlers.view import Officer, Role, View

TOLD_FOR = timedelta(minutes=10)
"""How long an officer is taken to remember that words typed in the group go to nobody."""
WHEN_CLOSED = frozenset({"open", "cancel", "hold", "lift"})
"""What can still be done with a closed case; two officers may press at the same moment."""
IN_GROUP = frozenset({"claim"})
"""What is done in the group itself; all else leads into the officer's own chat."""
TOKEN_BITS = 128
KNOCK_NUMBERS = 9000


def came(view: View, event: Incoming, dice: Dice) -> list[Effect]:
    """Decide what an officer's act brings."""
    if view.officer is None:
        return refused(view, event, dice)
    if event.kind is Kind.CHOICE or event.choice is not None:
        return pressed(view, view.officer, event, dice)
    if event.place is not None:
        return typed_in_group(view)
    if event.kind is Kind.TEXT and event.text.strip():
        return prompts.typed(view, view.officer, event.text, dice)
    return [tell(view, Part("desk.only_text"))]


def refused(view: View, event: Incoming, dice: Dice) -> list[Effect]:
    """Refuse somebody who may not press; it is recorded, and the leads are asked once."""
    if event.place is None:
        return [Audit("refused"), tell(view, Part("desk.no_right"))]
    if event.kind is not Kind.CHOICE:
        return typed_in_group(view)
    if view.known:
        # On the roster but not surely in the group: nobody who could be let in anew.
        return [Audit("refused"), Toast(Part("desk.no_right"))]
    if view.knock:
        return [Audit("refused"), Toast(Part("desk.no_right_toast", {"so": view.knock}))]
    knock, number = dice.id(), str(1000 + dice.bits(32) % KNOCK_NUMBERS)
    buttons = (
        (Button(f"d.let.{knock}", Part("desk.let")), Button(f"d.deny.{knock}", Part("desk.deny"))),
    )
    ask = Part("desk.knock", {"so": number})
    leads = [o for o in view.roster if o.role == Role.LEAD]
    return [
        Audit("refused"),
        Knock(knock, number),
        Toast(Part("desk.no_right_toast", {"so": number})),
        *(Say(f"officer:{o.id}", (ask,), buttons, rank=Class.ALERT, typed=False) for o in leads),
    ]


def typed_in_group(view: View) -> list[Effect]:
    """A reply typed under a card goes to nobody; say so, once."""
    told = view.talk.spoken
    if told is not None and view.now - told < TOLD_FOR:
        return []
    talk = replace(view.talk, spoken=view.now)
    return [Say("group", (Part("desk.not_sent"),), case=view.under, typed=False), Keep(talk)]


def pressed(view: View, officer: Officer, event: Incoming, dice: Dice) -> list[Effect]:
    """Take a press on a card, in a prompt, or on the desk."""
    _, _, rest = (event.choice or "").partition(".")
    verb, _, rest = rest.partition(".")
    if verb in {"let", "deny"}:
        return admit(view, officer, rest, dice, let_in=verb == "let")
    if verb == "hello":
        return [tell(view, Part("desk.hello", {"ten": officer.name}))]
    case = view.case
    if case is None or verb not in ACTS:
        return [Toast(Part("desk.gone")), *private(view, event, Part("desk.gone"))]
    if not routes.may_see(officer, case):
        return [
            Audit("refused", officer.id, case.id),
            Toast(Part("desk.not_yours")),
            *private(view, event, Part("desk.not_yours")),
        ]
    if case.archived:
        return [Toast(Part("desk.archived")), *private(view, event, Part("desk.archived"))]
    if verb in legal_hold.VERBS and not legal_hold.may(officer):
        return [
            Audit("refused", officer.id, case.id),
            Toast(Part("desk.not_yours")),
            *private(view, event, Part("desk.not_yours")),
        ]
    if case.status is Status.CLOSED and verb not in WHEN_CLOSED:
        return [Toast(Part("desk.gone")), *private(view, event, Part("desk.gone"))]
    if event.place is not None and verb not in IN_GROUP:
        return [door(verb, case, officer, dice)]
    argument = rest.partition(".")[2]
    return ACTS[verb](Act(view, officer, case, argument, event.place is not None), dice)


def private(view: View, event: Incoming, part: Part) -> list[Effect]:
    """Say it, unless it happened in the group (there a toast is enough)."""
    return [] if event.place is not None else [tell(view, part)]


def door(verb: str, case: Case, officer: Officer, dice: Dice) -> Door:
    """Lead from the group into the officer's own chat."""
    return Door(f"{dice.bits(TOKEN_BITS):032x}", verb, case.id, officer.id)


def claim(act: Act, dice: Dice) -> list[Effect]:
    """*Nhận việc*: one officer has it; a danger's words open to them at once."""
    case = act.case
    if case.claimed_by is not None:
        said = Part("desk.taken", {"ten": card.name(act.view.roster, case.claimed_by)})
        return [Toast(said), *([] if act.in_group else [tell(act.view, said)])]
    taken = claimed(act, case)
    effects = act.changed(
        taken, "claim", act.moved(dice, "claim"), Calm(Wait.UNCLAIMED, case=case.id)
    )
    if case.priority is Priority.P1:
        by = clocks.claim_by(act.view.house.ward, act.view.now)
        effects.append(Remind(Wait.UNOPENED, by, case=case.id))
        opened = Act(act.view, act.officer, taken, "", act.in_group)
        effects += (
            [door("open", case, act.officer, dice)] if act.in_group else open_file(opened, dice)
        )
    return [*effects, Toast(Part("desk.claimed_toast"))]


def read_by(act: Act) -> list[Effect]:
    """Tell a reporter in danger who has read it and when, while they are still there."""
    if not act.case.happening or not act.case.unread:
        return []
    part = Part("sos_read", {"ten": act.officer.name, "gio": clocks.clock(act.view.now)})
    return [
        Say(person.id, (part,), screens.foot(danger=False), until=person.window)
        for person in act.view.reporters
        if reach.is_open(act.view, person)
    ]


def open_file(act: Act, dice: Dice) -> list[Effect]:
    """*Mở hồ sơ*: the words, in the officer's own chat, recorded, taken away within a day."""
    del dice
    case = replace(act.case, unread=0)
    view = act.view
    text = card.file_text(act.case, view.house, view.roster, view.entries)
    files = tuple(e.file for e in view.entries if e.file is not None)
    say = Say(
        view.person.id,
        (verbatim(text),),
        card.buttons(case) + legal_hold.buttons(act.officer, case),
        secret=True,
        case=case.id,
        pictures=files,
        typed=False,
    )
    calm = Calm(Wait.UNOPENED, case=case.id)
    return [*act.changed(case, "open", calm), say, *read_by(act)]


def hand(act: Act, dice: Dice) -> list[Effect]:
    """*Chuyển 113/111*: one text to read out on the phone."""
    view = act.view
    text = card.hand_over(act.case, view.house, view.entries)
    head = "desk.hand_head_drill" if is_drill(act.case) else "desk.hand_head"
    say = tell(
        view,
        Part(head, {"ma": format_code(act.case.code)}),
        verbatim(text),
        secret=True,
    )
    return [act.moved(dice, "hand"), Audit("hand", act.officer.id, act.case.id), say]


def priority(act: Act, dice: Dice) -> list[Effect]:
    """*Đổi ưu tiên*: pick, then set."""
    case, view = act.case, act.view
    if act.argument not in set(Priority):
        picks = tuple(
            act.press("priority", p, Part(f"desk.prio.{p}"))
            for p in Priority
            if p is not case.priority
        )
        part = Part(
            "desk.priority_prompt", {"ma": format_code(case.code), "uu_tien": case.priority}
        )
        return [tell(view, part, buttons=screens.rows(picks, 1) + act.cancel())]
    new = Priority(act.argument)
    if new is case.priority:
        return [tell(view, Part("desk.gone"))]
    lowers = case.priority is Priority.P1
    if lowers and case.unread:
        return [tell(view, Part("desk.read_first", {"ma": format_code(case.code)}))]
    by = raising.sooner(case, clocks.answer_by(view.house.ward, new, view.now))
    changed = replace(case, priority=new, answer_by=by, lowered=case.lowered or lowers)
    if lowers:
        # Calling an alarm off takes somebody who answers for it.
        changed = claimed(act, changed)
    effects = act.changed(changed, f"priority.{new}", act.moved(dice, f"priority|{new}"))
    if lowers:
        effects += routes.calls(view, changed, "desk.lowered")
    if new is Priority.P1 and case.claimed_by is None:
        by = clocks.claim_by(view.house.ward, view.now)
        effects.append(Remind(Wait.UNCLAIMED, by, case=case.id))
    elif case.claimed_by is None:
        effects.append(Calm(Wait.UNCLAIMED, case=case.id))
    done = tell(view, Part("desk.priority_set", {"ma": format_code(case.code), "uu_tien": new}))
    return [*effects, done]


def closing(act: Act, dice: Dice) -> list[Effect]:
    """*Đóng*: a reason from the table; grave cases need a second person."""
    case, view = act.case, act.view
    if act.argument not in set(Reason):
        picks = tuple(act.press("close", r, Part(f"desk.reason.{r}")) for r in Reason)
        part = Part("desk.close_prompt", {"ma": format_code(case.code)})
        return [tell(view, part, buttons=screens.rows(picks, 1) + act.cancel())]
    if needs_second_person(case) and others(act):
        proposed = replace(case, proposed_by=act.officer.id, proposed_reason=act.argument)
        effects = act.changed(proposed, "propose_close", act.moved(dice, f"propose|{act.argument}"))
        return [*effects, tell(view, Part("desk.needs_second", {"ma": format_code(case.code)}))]
    return closed(act, Reason(act.argument), dice)


def others(act: Act) -> bool:
    """Tell whether anybody else may see the case: without a second person none can agree."""
    return any(routes.may_see(o, act.case) for o in act.view.roster if o.id != act.officer.id)


def agree(act: Act, dice: Dice) -> list[Effect]:
    """A second person agrees to close; whoever proposed it cannot."""
    case, view = act.case, act.view
    if case.proposed_by is None:
        return [tell(view, Part("desk.gone"))]
    if case.proposed_by == act.officer.id:
        return [tell(view, Part("desk.second_is_you"))]
    return closed(act, Reason(case.proposed_reason), dice)


def closed(act: Act, reason: Reason, dice: Dice) -> list[Effect]:
    """Close, and tell the reporter the truth for this reason."""
    view, entry = act.view, dice.id()
    case = close(act.case, reason, view.now)
    language = view.reporters[0].language if view.reporters else "vi"
    text = view.house.texts.say(f"closed_{reason}", language, case.voice)
    state, says = reach.reach(view, view.reporters, entry, text)
    case = replace(case, last_delivery=state)
    added = Add(entry, case.id, EntryKind.ANSWER, text, officer=act.officer.id, delivery=state)
    effects = act.changed(
        case,
        f"close.{reason}",
        act.moved(dice, f"close|{reason}"),
        added,
        Calm(Wait.UNCLAIMED, case=case.id),
        Count(f"closed.{reason}"),
    )
    if reason is Reason.POLICE:
        says = [*says, *legal_hold.propose(view, case)]
    key = "desk.closed_forgotten" if case.forgotten else "desk.closed_done"
    return [*effects, *says, tell(view, Part(key, {"ma": format_code(case.code)}))]


def admit(view: View, officer: Officer, knock: str, dice: Dice, *, let_in: bool) -> list[Effect]:
    """A lead lets in whoever knocked, or not."""
    if officer.role != Role.LEAD:
        return [Audit("refused", officer.id), tell(view, Part("desk.not_yours"))]
    if not view.knock:
        return [tell(view, Part("desk.gone"))]
    new = dice.id()
    act = "admit" if let_in else "turn_away"
    said = Part("desk.admitted" if let_in else "desk.turned_away")
    name = view.house.texts.say("desk.newcomer", "vi", "", {"so": view.knock})
    return [Admit(knock, let_in, new, name), Audit(act, officer.id), tell(view, said)]


ACTS: Mapping[str, Callable[[Act, Dice], list[Effect]]] = {
    "claim": claim,
    "open": open_file,
    "reply": prompts.reply,
    "canned": prompts.canned_answer,
    "send": prompts.send,
    "note": prompts.note,
    "cancel": prompts.cancel,
    "hand": hand,
    "priority": priority,
    "close": closing,
    "agree": agree,
    "hold": legal_hold.hold,
    "lift": legal_hold.lift,
}
"""What an officer can do with a case, by the verb on the button."""
