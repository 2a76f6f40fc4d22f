"""From a message (or a moment that has come) to the view that decisions are made on.

It reads only what the step needs, and finds out on which side of the table somebody speaks.
Nothing about a case is loaded for a desk without a live officer.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from handlers.cases import Case
from handlers.erase import FLOW as FORGET
from handlers.events import Due, Incoming, Kind, Side, Wait
from handlers.receipts import read_return
from handlers.talk import Talk
from handlers.view import Entry, House, Officer, Person, Tie, View
from storage import (
    cards,
    cases,
    entries,
    invites,
    knocks,
    links,
    officers,
    opening,
    origins,
    people,
    piles,
    places,
    sessions,
    talks,
    tries,
)
from storage.invites import Opens
from storage.pace import Paces
from storage.people import Known
from storage.tries import Guesses
from storage.tx import Tx

DESK = "d."
START = "start:"
WITH_ENTRIES = frozenset({"open", "hand", "claim"})
"""Desk verbs that show a case's words in the officer's own chat; nothing else unseals them."""
ON_KNOCKS = frozenset({"let", "deny"})
"""Desk verbs that name somebody who knocked, not a case."""
FORGETS = "go.forget_sure"
"""The press by which somebody is forgotten; so is a word typed where that was asked."""
WITH_ANSWERS = frozenset({"go.mailbox", "go.news"})
"""Presses by which a reporter reads the officers' answers in their own case."""


WRITTEN = frozenset({Kind.TEXT, Kind.MEDIA})
"""What words come in."""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Who came, with what in hand, after tokens were looked at."""

    incoming: Incoming
    known: Known | None
    desk: bool


def load(
    tx: Tx,
    incoming: Incoming,
    house: House,
    now: datetime,
    *,
    live: bool,
    guesses: Guesses | None = None,
    paces: Paces | None = None,
) -> tuple[View, Incoming]:
    """Load the world as one message needs it; a one-use token in it is used up.

    `live`: whether the sender is surely in the officers' group right now (or needs not be);
    without it nobody is an officer. Gives the message as well: its side is settled, and a token
    has become the press it stands for. `guesses` counts everybody's unknown return words, `paces`
    everybody's lines.
    """
    arrival = _arrive(tx, incoming, now)
    incoming, known = arrival.incoming, arrival.known
    person = Person("", pushes=False) if known is None else known.person
    side = Side.DESK if arrival.desk else incoming.side
    if side is not incoming.side:
        incoming = replace(incoming, side=side)
    talk = talks.get(tx, person.id, side)
    grouped, opened = opening.doors(tx, house.ward.id)
    view = View(
        now=now,
        house=house,
        person=person,
        talk=talk,
        roster=officers.roster(tx, house.ward.id),
        group=grouped,
        source=origins.source(incoming.sender.channel, opened=opened or house.trial),
    )
    if side is Side.DESK:
        view = replace(view, under=_under(tx, incoming))
        return _desk(tx, view, incoming, _officer(view, known), live=live), incoming
    view = _hurry(tx, view, incoming, paces or Paces())
    return _resident(tx, view, incoming, guesses or Guesses()), incoming


def load_due(tx: Tx, due: Due, house: House, now: datetime) -> View:
    """Load the world as a moment that has come needs it."""
    known = people.get(tx, due.person) if due.person else None
    person = Person("", pushes=False) if known is None else known.person
    talk = talks.get(tx, person.id, due.side) if known else Talk("", due.side)
    case_id = due.case or talk.case
    case = cases.get(tx, case_id) if case_id else None
    grouped, opened = opening.doors(tx, house.ward.id)
    view = View(
        now=now,
        house=house,
        person=person,
        talk=talk,
        case=case,
        roster=officers.roster(tx, house.ward.id),
        group=grouped,
        reporters=links.reporters(tx, case.id) if case else (),
        answers=entries.answers(tx, case.id) if case and due.wait is Wait.NOTICE else (),
        pile=piles.lines(tx, person.id, due.side) if due.wait is Wait.PILE else (),
        source=origins.source(known.channel if known else "", opened=opened or house.trial),
    )
    return replace(view, officer=_officer(view, known)) if due.side == Side.DESK else view


def _arrive(tx: Tx, incoming: Incoming, now: datetime) -> _Arrival:
    if incoming.sender.channel == "desk":
        return _Arrival(incoming, _at_desk(tx, incoming, now), desk=True)
    known = people.meet(tx, incoming.sender)
    choice = incoming.choice or ""
    if choice.startswith(START):
        incoming, known = _token(tx, incoming, known, choice.removeprefix(START), now)
        choice = incoming.choice or ""
    return _Arrival(incoming, known, desk=_means_desk(tx, incoming, known, choice))


def _at_desk(tx: Tx, incoming: Incoming, now: datetime) -> Known | None:
    """Whoever sits at the desk is one person, whichever browser they use."""
    officer = sessions.officer(tx, incoming.sender.peer, now)
    return None if officer is None else people.meet(tx, people.desk_address(officer))


def _token(
    tx: Tx, incoming: Incoming, known: Known, token: str, now: datetime
) -> tuple[Incoming, Known]:
    """Use up a one-use token; an unknown one, or one for somebody else, stays as it is."""
    invite = invites.look(tx, token, now)
    if invite is None:
        return incoming, known
    if invite.kind is Opens.DOOR:
        if known.officer != invite.officer:
            return incoming, known
        press = f"{DESK}{invite.act}.{invite.case}"
    else:
        people.bind(tx, known.person.id, invite.officer)
        known = replace(known, officer=invite.officer)
        press = f"{DESK}hello"
    invites.use_up(tx, token)
    return replace(incoming, kind=Kind.CHOICE, choice=press), known


def _means_desk(tx: Tx, incoming: Incoming, known: Known, choice: str) -> bool:
    """An officer is at the desk when pressing its buttons, or typing what it asked for.

    Anything else an officer sends in private is a resident's: they may need help themselves.
    """
    if incoming.side is Side.DESK:
        return True
    if known.officer is None:
        return False
    if choice.startswith(DESK):
        return True
    return incoming.kind is Kind.TEXT and bool(talks.get(tx, known.person.id, Side.DESK).flow)


def _officer(view: View, known: Known | None) -> Officer | None:
    if known is None or known.officer is None:
        return None
    return next((one for one in view.roster if one.id == known.officer), None)


def _desk(tx: Tx, view: View, incoming: Incoming, officer: Officer | None, *, live: bool) -> View:
    if officer is None or not live:
        waits = knocks.of_person(tx, view.person.id)
        return replace(view, known=officer is not None, knock=waits)
    view = replace(view, officer=officer, known=True)
    verb, named = _press(incoming.choice or "")
    if verb in ON_KNOCKS:
        return replace(view, knock=knocks.number(tx, named))
    words = verb in WITH_ENTRIES and incoming.place is None
    # A button of a case that is gone must not act on the one whose prompt is open.
    case_id = named or view.talk.case
    case = cases.get(tx, case_id) if case_id else None
    if case is None or case.ward != view.house.ward.id:
        return view
    return replace(
        view,
        case=case,
        entries=entries.of_case(tx, case.id) if words else (),
        reporters=links.reporters(tx, case.id),
    )


def _under(tx: Tx, incoming: Incoming) -> str | None:
    """Give the case whose card in the group this message answers."""
    if incoming.place is None or incoming.reply_to is None:
        return None
    return cards.under(tx, places.GROUP, incoming.reply_to)


def _press(choice: str) -> tuple[str, str]:
    """Read `d.<verb>.<case id>[.<more>]`."""
    if not choice.startswith(DESK):
        return "", ""
    verb, _, rest = choice.removeprefix(DESK).partition(".")
    return verb, rest.partition(".")[0]


def _hurry(tx: Tx, view: View, incoming: Incoming, paces: Paces) -> View:
    """Count what somebody writes. The pile is read only when it is about to join their story:
    while they hurry, a line must cost the same however many there are."""
    person, side = view.person.id, view.talk.side
    wrote = incoming.kind in WRITTEN and incoming.choice is None
    hurried = wrote and paces.hurries(person, view.now)
    # Who asks to be forgotten just after a restart hurried in the life before: their lines go first.
    looks = paces.lately(person, view.now) or _forgets(view, incoming)
    many = piles.many(tx, person, side) if looks else 0
    lines = piles.lines(tx, person, side) if many and not hurried else ()
    return replace(view, hurried=hurried, piled=many, pile=lines)


def _resident(tx: Tx, view: View, incoming: Incoming, guesses: Guesses) -> View:
    case = cases.get(tx, view.talk.case) if view.talk.case else None
    found, missed = _named(tx, view, incoming)
    if missed:
        guesses.one_more(view.now)
    return replace(
        view,
        case=case,
        found=found,
        tries=(tries.one_more if missed else tries.count)(tx, view.person.id, view.now),
        ward_tries=guesses.count(view.now),
        answers=_answers(tx, incoming, case, found),
        ties=_ties(tx, view, incoming),
        left=talks.left(tx, view.person.id) if _forgets(view, incoming) else (),
        elsewhere=found is not None and view.person.id not in links.people_of(tx, found.id),
    )


def _forgets(view: View, incoming: Incoming) -> bool:
    return incoming.choice == FORGETS or view.talk.flow == FORGET


def _ties(tx: Tx, view: View, incoming: Incoming) -> tuple[Tie, ...]:
    """Give everything that ties somebody who wants to be forgotten."""
    if not _forgets(view, incoming):
        return ()
    found = [cases.get(tx, case) for case in links.cases_of(tx, view.person.id)]
    return tuple(
        Tie(case, tuple(p for p in links.reporters(tx, case.id) if p.id != view.person.id))
        for case in found
        if case is not None
    )


def _named(tx: Tx, view: View, incoming: Incoming) -> tuple[Case | None, bool]:
    """Find the case that return words name; whether they were a try that names none."""
    secret = read_return(incoming.text, view.house.words) if incoming.kind is Kind.TEXT else None
    if secret is None:
        return None, False
    found = cases.by_secret(tx, secret)
    if found is not None and found.ward == view.house.ward.id:
        return found, False
    # Five everyday words may end any story: elsewhere than where they were asked for, only a
    # message of nothing else is a try.
    return None, view.talk.flow == "mycase" or _nothing_else(incoming.text)


def _nothing_else(text: str) -> bool:
    """Tell whether a message is five words or sixteen digits, perhaps behind a command."""
    words = text.split()
    words = words[1:] if words and words[0].startswith("/") else words
    digits = sum(sign.isdigit() for sign in text)
    return len(words) == 5 or (digits == 16 and not any(map(str.isalpha, "".join(words))))


def _answers(
    tx: Tx, incoming: Incoming, case: Case | None, found: Case | None
) -> tuple[Entry, ...]:
    if found is not None:
        return entries.answers(tx, found.id)
    if case is not None and incoming.choice in WITH_ANSWERS:
        return entries.answers(tx, case.id)
    return ()
