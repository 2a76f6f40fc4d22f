"""What belongs to made-up cases: a rehearsal's rows and their end, an exercise's measured times.

It must not know how either is made, or what officers are told.
"""

from dataclasses import dataclass
from datetime import datetime

from handlers.effects import Audit, Remind
from handlers.events import Address, Wait
from handlers.routes import HIDDEN
from storage import audit, deadlines, inbox, links, people, retention
from storage.origins import REHEARSAL
from storage.times import at_or_none
from storage.tx import Tx

SHOWN = "drill.shown"
"""The act by which it is written down when an exercise first stood on an officer's screen."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """An exercise and its moments; None: not yet."""

    case: str
    code: str
    priority: str
    began: datetime
    shown: datetime | None
    claimed: datetime | None
    opened: datetime | None
    answered: datetime | None
    closed: datetime | None


# The rehearsal.


def begun(tx: Tx) -> str | None:
    """Give the code of the case that a rehearsal's message opened; None when it opened none.

    Its alarm is to be repeated at once, not after minutes: so the clock is tried as well.
    """
    row = tx.one(
        "select id, code from cases where origin in ('drill', 'rehearsal')"
        " and origin = 'rehearsal' order by opened desc limit 1"
    )
    if row is None:
        return None
    deadlines.remind(tx, Remind(Wait.UNCLAIMED, tx.now, case=row["id"]))
    return str(row["code"])


def on_the_way(tx: Tx) -> bool:
    """Tell whether anything of a rehearsal is being sent or waits to be."""
    rows = (
        tx.one(
            "select 1 from outbox where case_id in (select id from cases where"
            " origin in ('drill', 'rehearsal') and origin = 'rehearsal') limit 1"
        ),
        tx.one(
            "select 1 from outbox where person in (select id from people where"
            " channel in ('drill', 'rehearsal') and channel = 'rehearsal') limit 1"
        ),
    )
    return any(row is not None for row in rows)


def clear(tx: Tx, ward: str, event: str) -> None:
    """Delete everything of every rehearsal, whoever left it there.

    What is just being sent stays for the next time: its sender will want to mark it. Nothing is
    unsealed: it must also work when a seal is what is broken. `event`: the id that its messages have.
    """
    made = tx.all(
        "select id from cases where origin in ('drill', 'rehearsal') and origin = 'rehearsal'"
    )
    sent = tx.all(
        "select id from people where channel in ('drill', 'rehearsal') and channel = 'rehearsal'"
    )
    for row in made:
        _clear_case(tx, row["id"])
    for row in sent:
        _clear_person(tx, row["id"])
    tx.run("delete from lanes where lane = ? and lease = 0", HIDDEN)
    inbox.forget(tx, Address(REHEARSAL, ward, ""), event)
    tx.memo.clear()


def _clear_case(tx: Tx, case: str) -> None:
    tx.run("delete from outbox where case_id = ? and state <> 'leased'", case)
    tx.run("delete from deadlines where case_id = ? and case_id <> ''", case)
    tx.run("delete from visible where case_id = ?", case)
    if tx.one("select 1 from outbox where case_id = ?", case) is None:
        tx.run("delete from case_keys where case_id = ?", case)
        tx.run("delete from cases where id = ?", case)


def _clear_person(tx: Tx, person: str) -> None:
    tx.run("delete from outbox where person = ? and state <> 'leased'", person)
    tx.run("delete from deadlines where person = ? and person <> ''", person)
    if tx.one("select 1 from outbox where person = ?", person) is None:
        tx.run("delete from people where id = ?", person)
    tx.run("delete from lanes where lane = ? and lease = 0", f"{REHEARSAL}:{person}")


# The exercise.


def shown(tx: Tx, case: str, ward: str) -> None:
    """Write down, once, that an exercise (and nothing else) has come onto an officer's screen."""
    drill = tx.one("select 1 from cases where id = ? and origin = 'drill'", case)
    if drill is not None and _first(tx, case, SHOWN) is None:
        audit.append(tx, Audit(SHOWN, case=case), ward, tx.now)


def unseen(tx: Tx, ward: str) -> frozenset[str]:
    """Give the ids of the exercises that have not yet come onto a screen."""
    return frozenset(
        one.case for one in every(tx, ward) if one.shown is None and one.closed is None
    )


def every(tx: Tx, ward: str) -> tuple[Exercise, ...]:
    """Give a ward's exercises, the oldest first."""
    rows = tx.all(
        "select id, code, priority, opened, claimed, answered, closed from cases"
        " where origin in ('drill', 'rehearsal') and origin = 'drill' and ward = ? order by opened",
        ward,
    )
    return tuple(
        Exercise(
            case=row["id"],
            code=row["code"],
            priority=row["priority"],
            began=at_or_none(row["opened"]) or tx.now,
            shown=_first(tx, row["id"], SHOWN),
            claimed=at_or_none(row["claimed"]),
            opened=_first(tx, row["id"], "open", by_officer=True),
            answered=at_or_none(row["answered"]),
            closed=at_or_none(row["closed"]),
        )
        for row in rows
    )


def end(tx: Tx, exercise: Exercise, ward: str) -> None:
    """Delete an exercise and who made it up, with everything that stands of it anywhere."""
    told_by = links.people_of(tx, exercise.case)
    retention.shred_case(tx, exercise.case)
    for person in told_by:
        tx.run("delete from outbox where person = ?", person)
        people.forget(tx, person)
    audit.append(tx, Audit("drill.end", case=exercise.case), ward, tx.now)


def _first(tx: Tx, case: str, act: str, *, by_officer: bool = False) -> datetime | None:
    row = tx.one(
        "select min(at) as at from audit where case_id = ? and act = ?"
        " and (officer is not null or ? = 0)",
        case,
        act,
        by_officer,
    )
    return None if row is None else at_or_none(row["at"])
