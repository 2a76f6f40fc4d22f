"""The roster: who is an officer. It must not know what an officer may do.

Nothing here is cached: somebody removed by another process is gone at the next press.
"""

import sqlite3
from dataclasses import replace
from datetime import datetime

from handlers.cases import Priority
from handlers.effects import Remind
from handlers.events import Side, Wait
from handlers.view import Officer
from storage import cards, deadlines, erased, outbox, people, talks, visible
from storage.erased import What
from storage.times import ms
from storage.tx import Tx


def roster(tx: Tx, ward: str) -> tuple[Officer, ...]:
    """Give a ward's officers, in the order in which they joined."""
    rows = tx.all(
        "select officers.*, exists (select 1 from people where people.officer = officers.id"
        " and people.pull = 0) as chat from officers where ward = ? order by added, id",
        ward,
    )
    return tuple(_officer(row) for row in rows)


def get(tx: Tx, officer: str) -> Officer | None:
    """Give one officer; None when they are not on the roster (any more)."""
    row = tx.one(
        "select officers.*, exists (select 1 from people where people.officer = officers.id"
        " and people.pull = 0) as chat from officers where id = ?",
        officer,
    )
    return None if row is None else _officer(row)


def add(tx: Tx, officer: Officer, ward: str, now: datetime) -> None:
    """Put somebody on the roster; their desk exists from here on, so no message is lost."""
    tx.run(
        "insert into officers (id, ward, name, role, called, duty, school, added)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        officer.id,
        ward,
        officer.name,
        str(officer.role),
        officer.called,
        officer.duty,
        officer.school,
        ms(now),
    )
    people.create(tx, people.desk_address(officer.id), officer.id)


def change(tx: Tx, officer: Officer) -> None:
    """Write name, role, duty and the rest as they are now."""
    tx.run(
        "update officers set name = ?, role = ?, called = ?, duty = ?, school = ? where id = ?",
        officer.name,
        str(officer.role),
        officer.called,
        officer.duty,
        officer.school,
        officer.id,
    )


def remove(tx: Tx, officer: str) -> tuple[str, ...]:
    """Take somebody off the roster: sessions, links, prompts and unsent messages go with it.

    Gives the cases that are nobody's now.
    """
    freed = _release(tx, officer)
    for known in people.of_officer(tx, officer):
        tx.run("delete from outbox where person = ?", known.person.id)
        visible.all_soon(tx, known.person.id, tx.now)
        for card in cards.in_lane(tx, known.lane):
            visible.note(tx, known.person.id, (card.ref,), tx.now, card.case)
            cards.drop(tx, card.case, card.lane)
        talks.forget(tx, known.person.id, Side.DESK)
        people.bind(tx, known.person.id, None)
        if known.channel == "desk":
            people.forget(tx, known.person.id)
    tx.run("delete from officers where id = ?", officer)
    erased.note(tx, What.OFFICER, officer)
    return freed


def rename(tx: Tx, officer: Officer, name: str) -> None:
    """Give an officer another working name; the cards that say the old one are drawn anew."""
    change(tx, replace(officer, name=name))
    for row in tx.all("select id from cases where claimed_by = ? and closed is null", officer.id):
        outbox.refresh(tx, row["id"])


def _release(tx: Tx, officer: str) -> tuple[str, ...]:
    """Nobody's work may hang on somebody who is gone: it is free again, and a P1 calls again.

    What they proposed falls: closing a grave case takes two who are here.
    """
    for row in tx.all(
        "update cases set proposed_by = null, proposed_reason = ''"
        " where proposed_by = ? and closed is null returning id",
        officer,
    ):
        tx.memo.pop(("case", row["id"]), None)
        outbox.refresh(tx, row["id"])
    rows = tx.all(
        "update cases set claimed_by = null, claimed = null"
        " where claimed_by = ? and closed is null returning id, priority",
        officer,
    )
    for row in rows:
        tx.memo.pop(("case", row["id"]), None)
        outbox.refresh(tx, row["id"])
        if row["priority"] == Priority.P1:
            deadlines.remind(tx, Remind(Wait.UNCLAIMED, tx.now, case=row["id"]))
    return tuple(row["id"] for row in rows)


def _officer(row: sqlite3.Row) -> Officer:
    return Officer(
        id=row["id"],
        name=row["name"],
        role=row["role"],
        called=row["called"],
        duty=bool(row["duty"]),
        school=bool(row["school"]),
        chat=bool(row["chat"]),
    )
