"""The case and its one table of allowed moves.

A case is one thread of trouble, not one person. Its status, priority, kind, area, age band and
clocks are plain so that work can be found; everything in `facts` is sealed where it is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Where a case stands; the names of the law's steps are in docs/glossary.md."""

    NEW = "new"
    RECEIVED = "received"
    VERIFYING = "verifying"
    EMERGENCY = "emergency"
    POLICE = "police"
    ELSEWHERE = "elsewhere"
    HOTLINE = "hotline"
    PLAN = "plan"
    SUPPORT = "support"
    REVIEW = "review"
    CLOSED = "closed"


class Priority(StrEnum):
    """How urgent: P1 now, P2 the same day, P3 on schedule."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Route(StrEnum):
    """Who may see a case at all."""

    GROUP = "group"
    LEADS = "leads"
    """Danger with an official named in the words: the independent contact and the leads."""
    INDEPENDENT = "independent"
    """An official may be the one who harms: never the group."""
    HIDDEN = "hidden"
    """A rehearsal: no officer at all, and no road of theirs leads to it."""


class Origin(StrEnum):
    """Who a case comes from."""

    PERSON = "person"
    EARLY = "early"
    """A person in danger, before the ward had opened its doors: as real as any."""
    DRILL = "drill"
    """Nobody: an exercise that officers work like a real case."""
    REHEARSAL = "rehearsal"
    """Nobody: the program tries its own whole road, and no officer sees it."""


class Reason(StrEnum):
    """Why a case was closed."""

    SAFE = "safe"
    POLICE = "police"
    ELSEWHERE = "elsewhere"
    TOO_LITTLE = "too_little"
    OUT_OF_SCOPE = "out_of_scope"
    DUPLICATE = "duplicate"
    NOT_SO = "not_so"


class Hold(StrEnum):
    """Why a case is kept beyond its period."""

    POLICE = "police"
    COURT = "court"
    DISPUTE = "dispute"
    INSPECTION = "inspection"


OPEN_WORK = frozenset(
    {Status.VERIFYING, Status.EMERGENCY, Status.POLICE, Status.ELSEWHERE, Status.HOTLINE}
)

MOVES: Mapping[Status, frozenset[Status]] = {
    Status.NEW: frozenset({Status.RECEIVED, Status.CLOSED}),
    Status.RECEIVED: OPEN_WORK | {Status.CLOSED, Status.NEW},
    Status.VERIFYING: (OPEN_WORK | {Status.PLAN, Status.CLOSED}) - {Status.VERIFYING},
    Status.EMERGENCY: frozenset({Status.VERIFYING, Status.POLICE, Status.PLAN, Status.CLOSED}),
    Status.POLICE: frozenset({Status.EMERGENCY, Status.PLAN, Status.CLOSED}),
    Status.ELSEWHERE: frozenset({Status.VERIFYING, Status.CLOSED}),
    Status.HOTLINE: frozenset({Status.VERIFYING, Status.CLOSED}),
    Status.PLAN: frozenset({Status.EMERGENCY, Status.SUPPORT, Status.CLOSED}),
    Status.SUPPORT: frozenset({Status.EMERGENCY, Status.REVIEW, Status.CLOSED}),
    Status.REVIEW: frozenset({Status.PLAN, Status.CLOSED}),
    Status.CLOSED: frozenset({Status.RECEIVED}),
}
"""From where to where; everything else is refused and nothing happens."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case as it stands. Times are UTC; ids are random and made by us."""

    id: str
    ward: str
    code: str
    status: Status
    priority: Priority
    kind: str
    voice: str
    opened: datetime
    route: Route = Route.GROUP
    area: str = ""
    age: str = ""
    happening: bool = False
    tapped: bool = True
    """A person pressed; False when the machine guessed from the words."""
    unfinished: bool = False
    safe: bool = False
    caution: bool = False
    lowered: bool = False
    """Whoever held the phone wanted it withdrawn, or said it was made up: go carefully."""
    school_hidden: bool = False
    last_words: datetime | None = None
    claimed_by: str | None = None
    claimed: datetime | None = None
    answered: datetime | None = None
    closed: datetime | None = None
    reason: str = ""
    proposed_by: str | None = None
    proposed_reason: str = ""
    answer_by: datetime | None = None
    messages: int = 0
    pictures: int = 0
    unread: int = 0
    """Messages of the reporter that have come since the case was last opened."""
    last_delivery: str = ""
    forgotten: bool = False
    """Whoever reported chose to be forgotten: nobody can be written to first any more."""
    hold: datetime | None = None
    """Since when it is kept by law: nothing of it is deleted."""
    hold_why: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    shown: tuple[str, ...] = ()
    """Which numbers and accounts in the words the reporter lets officers see. Sealed at rest."""
    archived: bool = False
    """Put away: only the committee's offline key opens it; of what was told, nothing is here."""
    origin: Origin = Origin.PERSON

    def fact(self, question: str) -> str:
        """Give a chosen answer, `=words` for typed ones, empty for none. Sealed at rest."""
        return dict(self.facts).get(question, "")


class IllegalMoveError(ValueError):
    """The table does not allow this move."""


def move(case: Case, to: Status) -> Case:
    """Move a case along the table, or raise IllegalMoveError."""
    if to not in MOVES[case.status]:
        raise IllegalMoveError(f"{case.status} → {to}")
    return replace(case, status=to)


def needs_second_person(case: Case) -> bool:
    """Tell whether closing takes two: ever P1, sexual, relation-routed or never answered."""
    return (
        case.priority is Priority.P1
        or case.lowered
        or case.kind == "SEXUAL"
        or case.route is not Route.GROUP
        or case.school_hidden
        or case.answered is None
    )


def close(case: Case, reason: Reason, now: datetime) -> Case:
    """Close a case for a reason."""
    return replace(
        move(case, Status.CLOSED), closed=now, reason=reason, proposed_by=None, proposed_reason=""
    )


def with_words(case: Case, now: datetime) -> Case:
    """Take in new words of the reporter: they reopen a closed case."""
    case = replace(case, last_words=now, messages=case.messages + 1, unread=case.unread + 1)
    return reopened(case)


def reopened(case: Case) -> Case:
    """Give the case as open work: a closed one is nobody's again.

    A proposal to close was made without knowing what has come since: it falls.
    """
    case = replace(case, proposed_by=None, proposed_reason="")
    if case.status is not Status.CLOSED:
        return case
    return replace(
        move(case, Status.RECEIVED), closed=None, reason="", claimed_by=None, claimed=None
    )


STATE_FORMS: Mapping[Status, str] = {
    Status.NEW: "received",
    Status.CLOSED: "done",
}


def coarse(case: Case) -> str:
    """Give one of the four forms a reporter sees: received, looked_at, answered, done."""
    if case.status in STATE_FORMS:
        return STATE_FORMS[case.status]
    return "answered" if case.answered is not None else "looked_at"
