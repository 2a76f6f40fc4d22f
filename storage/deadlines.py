"""Everything that waits for a moment: rows with a due time, so that a restart forgets none.

It must not know what happens when the moment has come.
"""

from datetime import datetime

from handlers.effects import Calm, Remind
from handlers.events import Due, Side, Wait
from storage.times import at, ms
from storage.tx import Tx


def remind(tx: Tx, effect: Remind) -> None:
    """Let something wait; an earlier wait of the same kind for the same thing moves."""
    tx.run(
        "insert into deadlines (id, wait, due, case_id, person, side) values (?, ?, ?, ?, ?, ?)"
        " on conflict (wait, case_id, person, side) do update set due = excluded.due, held = 0",
        tx.new_id(),
        effect.wait.value,
        ms(effect.due),
        effect.case or "",
        effect.person or "",
        str(effect.side),
    )


def calm(tx: Tx, effect: Calm) -> None:
    """End a wait; one that is not there is no error."""
    tx.run(
        "delete from deadlines where wait = ? and case_id = ? and person = ? and side = ?",
        effect.wait.value,
        effect.case or "",
        effect.person or "",
        str(effect.side),
    )


def take(tx: Tx, now: datetime) -> Due | None:
    """Take the earliest moment that has come; it is gone when this transaction commits."""
    row = tx.one(
        "delete from deadlines where id ="
        " (select id from deadlines where held = 0 and due <= ? order by due limit 1)"
        " returning id, wait, due, case_id, person, side",
        ms(now),
    )
    if row is None:
        return None
    return Due(
        id=row["id"],
        wait=Wait(row["wait"]),
        at=at(row["due"]),
        case=row["case_id"] or None,
        person=row["person"] or None,
        side=row["side"],
    )


def next_due(tx: Tx) -> datetime | None:
    """Give the earliest moment anything waits for."""
    row = tx.one("select due from deadlines where held = 0 order by due limit 1")
    return None if row is None else at(row["due"])


def postpone(tx: Tx, now: datetime, later: datetime) -> None:
    """Put the earliest moment that has come behind the others, unread: it may be unreadable."""
    tx.run(
        "update deadlines set due = ? where id ="
        " (select id from deadlines where held = 0 and due <= ? order by due limit 1)",
        ms(later),
        ms(now),
    )


def move(tx: Tx, person: str, side: str, key: str) -> None:
    """Let the waits of a talk go on under the key it was put away by."""
    forget_talk(tx, person, key)
    tx.run(
        "update deadlines set side = ? where person = ? and person <> '' and side = ?",
        key,
        person,
        str(side),
    )


def forget_talk(tx: Tx, person: str, side: str) -> None:
    """End everything that waits on a talk."""
    tx.run(
        "delete from deadlines where person = ? and person <> '' and side = ?", person, str(side)
    )


def forget_person(tx: Tx, person: str) -> None:
    """End everything that waits for a person as a resident."""
    tx.run(
        "delete from deadlines where person = ? and person <> '' and side <> ?",
        person,
        Side.DESK.value,
    )


def forget_tie(tx: Tx, person: str, case: str) -> None:
    """End everything that waits for a person about a case."""
    tx.run("delete from deadlines where person = ? and person <> '' and case_id = ?", person, case)


def forget_case(tx: Tx, case: str) -> None:
    """End everything that waits on a case."""
    tx.run("delete from deadlines where case_id = ? and case_id <> ''", case)
