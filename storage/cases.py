"""Cases and their keys. Status, urgency and clocks are plain; every answer is sealed.

It must not know which moves are allowed, or who may see what.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime

from handlers.cases import Case, Origin, Priority, Route, Status
from handlers.talk import TYPED
from storage import returns
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
        "insert into cases (id, ward, code, origin, status, priority, kind, voice, opened, route, area,"
        " age, happening, tapped, unfinished, safe, caution, lowered, school_hidden, last_words,"
        " claimed_by, claimed, answered, closed, reason, proposed_by, proposed_reason, answer_by,"
        " messages, pictures, unread, last_delivery, forgotten, hold, hold_why, facts) values"
        " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?, ?, ?, ?, ?)",
        case.id,
        case.ward,
        case.code,
        case.origin.value,
        *_values(tx, case, key),
    )
    tx.run(
        "insert into case_keys (case_id, wrapped, committee) values (?, ?, ?)",
        case.id,
        tx.seal.wrap(key, case.id),
        tx.seal.wrap_for_committee(key, case.id),
    )
    returns.add(tx, secret, case.id)
    tx.memo["case", case.id] = case


def change(tx: Tx, case: Case) -> None:
    """Write a case as it is now; one that was shredded or put away stays so."""
    key = key_of(tx, case.id)
    if key is None:
        # Put away, it can still be kept by law; everything else about it stays as it is.
        tx.run(
            "update cases set hold = ?, hold_why = ? where id = ?",
            ms_or_none(case.hold),
            case.hold_why,
            case.id,
        )
        tx.memo.pop(("case", case.id), None)
        return
    tx.run(
        "update cases set status = ?, priority = ?, kind = ?, voice = ?, opened = ?, route = ?,"
        " area = ?, age = ?, happening = ?, tapped = ?, unfinished = ?, safe = ?, caution = ?, lowered = ?,"
        " school_hidden = ?, last_words = ?, claimed_by = ?, claimed = ?, answered = ?,"
        " closed = ?, reason = ?, proposed_by = ?, proposed_reason = ?, answer_by = ?,"
        " messages = ?, pictures = ?, unread = ?, last_delivery = ?, forgotten = ?, hold = ?,"
        " hold_why = ?, facts = ? where id = ?",
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
    case = returns.case_of(tx, secret)
    return None if case is None else get(tx, case)


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
        " from cases where ward = ? and closed is null and origin <> 'rehearsal'"
        " order by priority, silent, opened",
        ward,
    )
    rows = [row for row in rows if may(Route(row["route"]), bool(row["school_hidden"]))]
    urgent = [row["id"] for row in rows if row["priority"] != Priority.P3]
    others = [row["id"] for row in rows if row["priority"] == Priority.P3]
    return urgent + others[:most], len(others[most:])


def expired(tx: Tx, before: datetime, limit: int) -> list[str]:
    """Give the ids of cases closed (and not opened again) before then, the oldest first.

    What is kept by law never expires.
    """
    rows = tx.all(
        "select id from cases where closed <= ? and hold is null order by closed limit ?",
        ms(before),
        limit,
    )
    return [row["id"] for row in rows]


def with_files(tx: Tx, before: datetime, limit: int) -> list[str]:
    """Give the ids of cases closed before then that still have pictures or voices."""
    rows = tx.all(
        "select id from cases where closed <= ? and hold is null and pictures > 0"
        " order by closed limit ?",
        ms(before),
        limit,
    )
    return [row["id"] for row in rows]


def many_with_files(tx: Tx, before: datetime) -> int:
    """Give how many cases closed before then still have pictures or voices."""
    row = tx.one(
        "select count(*) as many from cases where closed <= ? and hold is null and pictures > 0",
        ms(before),
    )
    return 0 if row is None else int(row["many"])


def without_files(tx: Tx, case: str) -> None:
    """Write that a case has no pictures and voices any more."""
    tx.run("update cases set pictures = 0 where id = ?", case)
    tx.memo.pop(("case", case), None)


def expired_hours(tx: Tx, before: datetime) -> dict[datetime, int]:
    """Give how many expired cases were closed in each whole hour, the oldest first."""
    rows = tx.all(
        "select closed / 3600000 as hour, count(*) as many from cases"
        " where closed <= ? and hold is null group by hour order by hour",
        ms(before),
    )
    return {at(row["hour"] * 3_600_000): int(row["many"]) for row in rows}


def many_expired(tx: Tx, before: datetime) -> int:
    """Give how many cases were closed before then and are not kept by law."""
    row = tx.one(
        "select count(*) as many from cases where closed <= ? and hold is null", ms(before)
    )
    return 0 if row is None else int(row["many"])


def on_hold(tx: Tx) -> list[tuple[str, str, str, datetime]]:
    """Give (id, public code, why, since) of every case that is kept by law, the oldest hold first."""
    rows = tx.all("select id, code, hold_why, hold from cases where hold is not null order by hold")
    return [(row["id"], row["code"], row["hold_why"], at(row["hold"])) for row in rows]


def many(tx: Tx) -> int:
    """Give how many cases there are, open and closed."""
    row = tx.one("select count(*) as many from cases")
    return 0 if row is None else int(row["many"])


def key_of(tx: Tx, case: str) -> bytes | None:
    """Unwrap a case's key; None after shredding, or when only the committee can open it."""
    key = tx.memo.get(("case_key", case))
    if isinstance(key, bytes):
        return key
    row = tx.one("select case_id as id, wrapped from case_keys where case_id = ?", case)
    return None if row is None else _key(tx, row)


def set_delivery(tx: Tx, case: str, delivery: str) -> None:
    """Write how far the last answer came."""
    tx.run("update cases set last_delivery = ? where id = ?", delivery, case)
    tx.memo.pop(("case", case), None)


def _key(tx: Tx, row: sqlite3.Row) -> bytes | None:
    """Unwrap the key of a row with its case's id; None while only the committee can open it."""
    key = tx.memo.get(("case_key", row["id"]))
    if not isinstance(key, bytes):
        if row["wrapped"] is None:
            return None
        key = tx.memo["case_key", row["id"]] = tx.seal.unwrap(row["wrapped"], row["id"])
    return key


def _split(text: str) -> tuple[str, str]:
    """Own words never stand in a plain column, whatever column they were meant for."""
    return ("", text) if text.startswith(TYPED) else (text, "")


def _values(tx: Tx, case: Case, key: bytes) -> tuple[Value, ...]:
    kind, typed_kind = _split(case.kind)
    area, typed_area = _split(case.area)
    age, typed_age = _split(case.age)
    sealed = pack([case.facts, typed_kind, typed_area, typed_age, case.shown])
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
        case.lowered,
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
        case.forgotten,
        ms_or_none(case.hold),
        case.hold_why,
        tx.seal.seal(
            sealed, table="cases", column="facts", row=case.id, case=case.id, case_key=key
        ),
    )


def _facts(
    tx: Tx, row: sqlite3.Row, key: bytes
) -> tuple[list[list[str]], str, str, str, list[str]]:
    sealed = tx.seal.open(
        row["facts"], table="cases", column="facts", row=row["id"], case=row["id"], case_key=key
    )
    facts, kind, area, age, shown = unpack(sealed)
    return facts, kind, area, age, shown


def _case(tx: Tx, row: sqlite3.Row) -> Case:
    key = _key(tx, row)
    nothing: tuple[list[list[str]], str, str, str, list[str]] = ([], "", "", "", [])
    facts, kind, area, age, shown = nothing if key is None else _facts(tx, row, key)
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
        lowered=bool(row["lowered"]),
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
        forgotten=bool(row["forgotten"]),
        hold=at_or_none(row["hold"]),
        hold_why=row["hold_why"],
        facts=tuple((name, value) for name, value in facts),
        shown=tuple(shown),
        archived=key is None,
        origin=Origin(row["origin"]),
    )
    tx.memo["case", case.id] = case
    return case
