"""From a talk to a case: opening it, raising it, and who may see it.

The route is decided here, before any card exists.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from handlers import clocks, report, routes
from handlers.cases import (
    Case,
    Origin,
    Priority,
    Route,
    Status,
    reopened,
    with_words,
)
from handlers.drill import called
from handlers.effects import (
    Add,
    Audit,
    Calm,
    Change,
    Count,
    Dice,
    Effect,
    EntryKind,
    Fetch,
    Hook,
    Open,
    Remind,
)
from handlers.events import Media, MediaKind, Wait
from handlers.reading import fold
from handlers.receipts import public_code
from handlers.talk import TYPED, Talk
from handlers.view import View

GROUP_NUMBER = re.compile(r"\b(?:to dan pho|to|tdp) (?:so )?(\d{1,3})\b")
"""A residential group named in own words, unaccented."""

FACTS = (
    "for",
    "now",
    "what",
    "self",
    "near",
    "who",
    "route",
    "where",
    "phone",
    "hours",
    "age",
    "when",
    "talk_to",
    "sex",
    "lives_with",
    "helped",
    "if_not",
)
"""The answers that go with the case; `words` and `story` are entries instead."""

ENTRIES = {MediaKind.PICTURE: EntryKind.PICTURE, MediaKind.VOICE: EntryKind.VOICE}
CODE_BITS = 35
SECRET_BITS = 50


def facts(talk: Talk) -> tuple[tuple[str, str], ...]:
    """Give what was chosen or typed, in the order of the form, skips left out."""
    given = dict(talk.answers.given)
    return tuple((name, given[name]) for name in FACTS if given.get(name))


def area(view: View, value: str) -> str:
    """Give the residential group's name when one was chosen; typed places stay sealed."""
    areas = view.house.ward.areas
    number = GROUP_NUMBER.search(fold(value)) if value.startswith(TYPED) else None
    if number is not None:  # "ngõ 5 tổ 2": the group goes on the card, the rest stays sealed
        wanted = {area.name for area in areas if area.name.split()[-1] == number[1]}
        return wanted.pop() if len(wanted) == 1 else ""
    return next((area.name for area in areas if area.id == value), "")


def filled(view: View, talk: Talk, case: Case) -> Case:
    """Bring a case up to date with the answers of its talk."""
    a = talk.answers
    who = a[report.WHO]
    route = case.route
    if who == "official" and a[report.ROUTE] != "ward":
        # Never a case that nobody may see: without an independent contact the leads have it.
        route = Route.INDEPENDENT if view.independent() else Route.LEADS
    return replace(
        case,
        kind=report.kind(a) if case.kind in {"", "OTHER"} else case.kind,
        area=area(view, dict(a.given).get("where", "")) or case.area,
        voice=view.person.voice or case.voice,
        age=a[report.AGE] or case.age,
        happening=case.happening or report.in_danger(a),
        route=route,
        school_hidden=case.school_hidden or who == "school",
        facts=tuple((dict(case.facts) | dict(facts(talk))).items()),
    )


def open_case(
    view: View, talk: Talk, priority: Priority, dice: Dice, *, tapped: bool, official: bool = False
) -> tuple[Talk, Case, list[Effect]]:
    """Open a case from a talk: the case, its words, its clocks and its alert, all at once."""
    now = view.now
    secret = dice.bits(SECRET_BITS)
    case = Case(
        id=dice.id(),
        ward=view.house.ward.id,
        code=public_code(dice.bits(CODE_BITS)),
        status=Status.NEW,
        priority=priority,
        kind="",
        voice=view.person.voice or "child",
        opened=now,
        tapped=tapped,
        last_words=now,
        messages=max(1, len(talk.answers.story)),
        unread=max(1, len(talk.answers.story)),
        answer_by=clocks.answer_by(view.house.ward, priority, now),
        shown=talk.shown,
        route=route(view, official=official),
        origin=view.source,
    )
    case = filled(view, talk, case)
    effects: list[Effect] = [Open(case, talk.person, secret)]
    effects += [Add(dice.id(), case.id, EntryKind.WORDS, line) for line in talk.answers.story]
    case, taken = files_into(view, case, files(talk.ready), dice)
    effects += taken
    effects += [Audit("open", case=case.id), Count(f"case.{case.kind}.{case.priority}")]
    effects += alerts(view, case)
    effects += quiet(talk)
    return replace(talk, case=case.id, secret=secret, ready=()), case, effects


def unfinished(
    view: View, talk: Talk, dice: Dice, *, forgotten: bool = False
) -> tuple[Talk, Case, list[Effect]]:
    """Open a case from a story that was not told to its end.

    `forgotten`: whoever told it is not to be written to.
    """
    # It is sent now: what is still asked afterwards only completes it.
    talk = replace(talk, answers=talk.answers.put(report.SEND, "send"))
    talk, case, effects = open_case(view, talk, report.priority(talk.answers), dice, tapped=False)

    def marked(case: Case) -> Case:
        return replace(case, unfinished=True, forgotten=forgotten)

    opened = [
        replace(one, case=marked(one.case)) if isinstance(one, Open | Change) else one
        for one in effects
    ]
    return talk, marked(case), opened


def route(view: View, *, official: bool) -> Route:
    """Decide, before any card exists, who may see a case."""
    if view.source is Origin.REHEARSAL:
        return Route.HIDDEN
    return Route.LEADS if official else Route.GROUP


def files(waiting: Iterable[str]) -> tuple[Media, ...]:
    """Read files that wait in a talk: `kind|ref`."""
    pairs = (one.split("|", 1) for one in waiting)
    return tuple(Media(MediaKind(kind), ref) for kind, ref in pairs)


def files_into(
    view: View, case: Case, taken: tuple[Media, ...], dice: Dice
) -> tuple[Case, list[Effect]]:
    """Make an entry of each file and have it fetched, cleaned and sealed."""
    effects: list[Effect] = []
    for media in taken:
        entry = dice.id()
        effects.append(Add(entry, case.id, ENTRIES[media.kind], ""))
        effects.append(Fetch(media, case.id, view.person.id, entry))
    if not taken:
        return case, []
    many = len(taken)
    case = replace(
        case, pictures=case.pictures + many, unread=case.unread + many, last_words=view.now
    )
    return case, [*effects, Change(case)]


def alerts(view: View, case: Case) -> list[Effect]:
    """Show the case where it may be seen; start the minutes in which a P1 must be claimed."""
    effects: list[Effect] = list(routes.shows(view, case))
    if not effects:
        # No group and nobody with a chat: a board that nobody looks at rings nowhere.
        effects.append(Hook(case.id, called(case), case.priority))
    if case.priority is Priority.P1 and case.claimed_by is None:
        by = clocks.claim_by(view.house.ward, view.now)
        effects.append(Remind(Wait.UNCLAIMED, by, case=case.id))
    if case.answer_by is not None and case.answered is None:
        effects.append(Remind(Wait.OVERDUE, case.answer_by, case=case.id))
    return effects


def freed(view: View, case: Case) -> list[Effect]:
    """Whoever had this case has left the roster: show it again and call, so that one takes it."""
    shown: list[Effect] = [*routes.shows(view, case), *routes.calls(view, case, "desk.freed")]
    return shown or [Hook(case.id, called(case), case.priority)]


def rerouted(view: View, before: Case, after: Case) -> tuple[Case, list[Effect]]:
    """Follow a change of who may see a case: cards move, and who may not see it lets it go."""
    if (before.route, before.school_hidden) == (after.route, after.school_hidden):
        return after, []
    effects: list[Effect] = [Audit("reroute", case=after.id)]
    keeps = any(o.id == after.claimed_by and routes.may_see(o, after) for o in view.roster)
    if after.claimed_by is not None and not keeps:
        after = unclaimed(after)
        effects += routes.calls(view, after, "desk.raised")
        if after.priority is Priority.P1:
            by = clocks.claim_by(view.house.ward, view.now)
            effects.append(Remind(Wait.UNCLAIMED, by, case=after.id))
    return after, [*effects, *routes.shows(view, after, before=before)]


def unclaimed(case: Case) -> Case:
    """Give the case with nobody on it."""
    status = Status.NEW if case.status is Status.RECEIVED else case.status
    return replace(
        case, status=status, claimed_by=None, claimed=None, proposed_by=None, proposed_reason=""
    )


def quiet(talk: Talk) -> list[Effect]:
    """Stop the waits of a draft: it is a case now, or gone."""
    return [
        Calm(Wait.UNFINISHED, person=talk.person, side=talk.side),
    ]


def raise_to(
    view: View, case: Case, priority: Priority, *, tapped: bool, happening: bool = True
) -> tuple[Case, list[Effect]]:
    """Raise a case (to a danger of now, unless told otherwise); a closed one is open again.

    The clock of the higher priority begins now, unless an answer was promised sooner.
    """
    known = not happening or (case.happening and not case.safe and case.status is not Status.CLOSED)
    if case.priority <= priority and known:
        return case, []
    by = clocks.answer_by(view.house.ward, priority, view.now)
    case = replace(
        reopened(case),
        priority=min(case.priority, priority),
        tapped=tapped,
        safe=False,
        happening=case.happening or happening,
        last_words=view.now,
        answer_by=sooner(case, by),
    )
    return case, [
        Audit(f"raise.{priority}", case=case.id),
        *alerts(view, case),
        *routes.calls(view, case, "desk.raised"),
    ]


def sooner(case: Case, by: datetime) -> datetime:
    """Give the earlier moment: a promise that still stands is never put off."""
    return by if case.answered is not None or case.answer_by is None else min(case.answer_by, by)


def add_words(
    view: View,
    case: Case,
    text: str,
    dice: Dice,
    *,
    kind: EntryKind = EntryKind.WORDS,
    ref: str = "",
) -> tuple[Case, list[Effect]]:
    """Append the reporter's words verbatim and bring the card up to date."""
    first, closed = case.unread == 0, case.status is Status.CLOSED
    case = with_words(case, view.now)
    if kind is EntryKind.MOVE:  # a press is news, but no message
        case = replace(case, messages=case.messages - 1)
    effects: list[Effect] = [Add(dice.id(), case.id, kind, text, ref=ref), Change(case)]
    if closed:
        return case, [*effects, *alerts(view, case), *routes.calls(view, case, "desk.reopened")]
    effects += routes.shows(view, case)
    if first:
        effects += routes.ring_claimer(view, case)
    if first and case.priority is Priority.P1 and case.claimed_by is not None:
        by = clocks.claim_by(view.house.ward, view.now)
        effects.append(Remind(Wait.UNOPENED, by, case=case.id))
    return case, effects
