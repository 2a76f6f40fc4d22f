"""Cases and their keys. Status, urgency and clocks are plain; every answer is sealed.

It must not know which moves are allowed, or who may see what.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime

from handlers.cases import Case, Priority, Route, Status
from handlers.talk import TYPED
from storage.text import pack, unpack
from storage.times import at, at_or_none, ms, ms_or_none
from storage.tx import Tx, Value

MOST_P3 = 200
"""So many of the least urgent stand on a board; the rest is counted."""

May = Callable[[Route, bool], bool]
"""Whether somebody may see a case, by its route and whether it is hidden from school people."""


def anyone(route: Route, school_hidden: bool) -> bool:
    """Let everything be seen."""
    del route, school_hidden
    return True


def open_case(tx: Tx, case: Case, secret: int) -> None:
    """Write a new case with its own key and the fingerprint of its return secret."""
    key = tx.seal.new_case_key()
    tx.memo["case_key", case.id] = key
    tx.run(
        "insert into cases (id, ward, code, status, priority, kind, voice, opened, route, area,"
        " age, happening, tapped, unfinished, safe, caution, school_hidden, last_words,"
        " claimed_by, claimed, answered, closed, reason, proposed_by, proposed_reason, answer_by,"
        " messages, pictures, unread, last_delivery, facts) values"
        " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?)",
        case.id,
        case.ward,
        case.code,
        *_values(tx, case, key),
    )
    tx.run(
        "insert into case_keys (case_id, wrapped) values (?, ?)",
        case.id,
        tx.seal.wrap(key, case.id),
    )
    tx.run(
        "insert into returns (secret_index, case_id) values (?, ?)",
        tx.seal.secret_index(secret),
        case.id,
    )
    tx.memo["case", case.id] = case


def change(tx: Tx, case: Case) -> None:
    """Write a case as it is now; one that has been shredded stays so."""
    key = key_of(tx, case.id)
    if key is None:
        return
    tx.run(
        "update cases set status = ?, priority = ?, kind = ?, voice = ?, opened = ?, route = ?,"
        " area = ?, age = ?, happening = ?, tapped = ?, unfinished = ?, safe = ?, caution = ?,"
        " school_hidden = ?, last_words = ?, claimed_by = ?, claimed = ?, answered = ?,"
        " closed = ?, reason = ?, proposed_by = ?, proposed_reason = ?, answer_by = ?,"
        " messages = ?, pictures = ?, unread = ?, last_delivery = ?, facts = ? where id = ?",
        *_values(tx, case, key),
        case.id,
    )
    tx.memo["case", case.id] = case


def get(tx: Tx, case: str) -> Case | None:
    """Give a case unsealed; None when there is none (any more). Read once per transaction."""
    known = tx.memo.get(("case", case))
    if isinstance(known, Case):
        return known
    row = tx.one(
        "select cases.*, wrapped from cases join case_keys on case_keys.case_id = cases.id"
        " where cases.id = ?",
        case,
    )
    return None if row is None else _case(tx, row)


def by_secret(tx: Tx, secret: int) -> Case | None:
    """Give the case that these return words name; None when they name none."""
    row = tx.one(
        "select cases.*, wrapped from returns"
        " join cases on cases.id = returns.case_id"
        " join case_keys on case_keys.case_id = cases.id where secret_index = ?",
        tx.seal.secret_index(secret),
    )
    return None if row is None else _case(tx, row)


def by_code(tx: Tx, code: str) -> Case | None:
    """Give the case of a public code (without dash), for officers."""
    row = tx.one(
        "select cases.*, wrapped from cases join case_keys on case_keys.case_id = cases.id"
        " where code = ?",
        code,
    )
    return None if row is None else _case(tx, row)


def board(tx: Tx, ward: str, may: May = anyone, most: int = MOST_P3) -> list[Case]:
    """Give a ward's open cases that `may` allows, the most urgent first.

    Every P1 and P2 is there, whatever else there is; of the P3 at most `most`. Within a priority
    those come first that say something or that somebody has taken, then the oldest.
    """
    shown, _ = _split_board(tx, ward, may, most)
    return [case for id_ in shown if (case := get(tx, id_)) is not None]


def beyond(tx: Tx, ward: str, may: May = anyone, most: int = MOST_P3) -> int:
    """Give how many P3 are open besides those on the board."""
    _, more = _split_board(tx, ward, may, most)
    return more


def _split_board(tx: Tx, ward: str, may: May, most: int) -> tuple[list[str], int]:
    """Choose by what is plain, so that only what is shown is unsealed."""
    rows = tx.all(
        "select id, priority, route, school_hidden, claimed_by is null and not exists"
        " (select 1 from entries where case_id = cases.id and kind = 'words') as silent"
        " from cases where ward = ? and closed is null order by priority, silent, opened",
        ward,
    )
    rows = [row for row in rows if may(Route(row["route"]), bool(row["school_hidden"]))]
    urgent = [row["id"] for row in rows if row["priority"] != Priority.P3]
    others = [row["id"] for row in rows if row["priority"] == Priority.P3]
    return urgent + others[:most], len(others[most:])


def expired(tx: Tx, before: datetime, limit: int) -> list[str]:
    """Give the ids of cases closed (and not opened again) before then, the oldest first."""
    rows = tx.all(
        "select id from cases where closed <= ? order by closed limit ?", ms(before), limit
    )
    return [row["id"] for row in rows]


def many_expired(tx: Tx, before: datetime) -> int:
    """Give how many cases were closed before then."""
    row = tx.one("select count(*) as many from cases where closed <= ?", ms(before))
    return 0 if row is None else int(row["many"])


def many(tx: Tx) -> int:
    """Give how many cases there are, open and closed."""
    row = tx.one("select count(*) as many from cases")
    return 0 if row is None else int(row["many"])


def key_of(tx: Tx, case: str) -> bytes | None:
    """Unwrap a case's key; None after shredding."""
    key = tx.memo.get(("case_key", case))
    if isinstance(key, bytes):
        return key
    row = tx.one("select wrapped from case_keys where case_id = ?", case)
    return None if row is None else _unwrap(tx, row["wrapped"], case)


def set_delivery(tx: Tx, case: str, delivery: str) -> None:
    """Write how far the last answer came."""
    tx.run("update cases set last_delivery = ? where id = ?", delivery, case)
    tx.memo.pop(("case", case), None)


def _unwrap(tx: Tx, wrapped: bytes, case: str) -> bytes:
    key = tx.seal.unwrap(wrapped, case)
    tx.memo["case_key", case] = key
    return key


def _split(text: str) -> tuple[str, str]:
    """Own words never stand in a plain column, whatever column they were meant for."""
    return ("", text) if text.startswith(TYPED) else (text, "")


def _values(tx: Tx, case: Case, key: bytes) -> tuple[Value, ...]:
    kind, typed_kind = _split(case.kind)
    area, typed_area = _split(case.area)
    age, typed_age = _split(case.age)
    sealed = pack([case.facts, typed_kind, typed_area, typed_age])
    return (
        case.status.value,
        case.priority.value,
        kind,
        case.voice,
        ms(case.opened),
        case.route.value,
        area,
        age,
        case.happening,
        case.tapped,
        case.unfinished,
        case.safe,
        case.caution,
        case.school_hidden,
        ms_or_none(case.last_words),
        case.claimed_by,
        ms_or_none(case.claimed),
        ms_or_none(case.answered),
        ms_or_none(case.closed),
        case.reason,
        case.proposed_by,
        case.proposed_reason,
        ms_or_none(case.answer_by),
        case.messages,
        case.pictures,
        case.unread,
        case.last_delivery,
        tx.seal.seal(
            sealed, table="cases", column="facts", row=case.id, case=case.id, case_key=key
        ),
    )


def _case(tx: Tx, row: sqlite3.Row) -> Case:
    key = _unwrap(tx, row["wrapped"], row["id"])
    sealed = tx.seal.open(
        row["facts"], table="cases", column="facts", row=row["id"], case=row["id"], case_key=key
    )
    facts, kind, area, age = unpack(sealed)
    case = Case(
        id=row["id"],
        ward=row["ward"],
        code=row["code"],
        status=Status(row["status"]),
        priority=Priority(row["priority"]),
        kind=kind or row["kind"],
        voice=row["voice"],
        opened=at(row["opened"]),
        route=Route(row["route"]),
        area=area or row["area"],
        age=age or row["age"],
        happening=bool(row["happening"]),
        tapped=bool(row["tapped"]),
        unfinished=bool(row["unfinished"]),
        safe=bool(row["safe"]),
        caution=bool(row["caution"]),
        school_hidden=bool(row["school_hidden"]),
        last_words=at_or_none(row["last_words"]),
        claimed_by=row["claimed_by"],
        claimed=at_or_none(row["claimed"]),
        answered=at_or_none(row["answered"]),
        closed=at_or_none(row["closed"]),
        reason=row["reason"],
        proposed_by=row["proposed_by"],
        proposed_reason=row["proposed_reason"],
        answer_by=at_or_none(row["answer_by"]),
        messages=row["messages"],
        pictures=row["pictures"],
        unread=row["unread"],
        last_delivery=row["last_delivery"],
        facts=tuple((name, value) for name, value in facts),
    )
    tx.memo["case", case.id] = case
    return case
