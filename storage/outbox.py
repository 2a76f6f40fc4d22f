"""Everything on its way out: one row per message, card, file or alarm; wiped once delivered.

Per lane: alert > answer > notice > campaign, then the order in which they were made; one at a
time. It must not know how anything is sent.
"""

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from handlers.effects import Class, Delivery, Remind
from handlers.events import Address, Wait
from handlers.routes import HIDDEN
from storage import cards, deadlines, entries, lanes, links, origins, people, places, visible
from storage.lanes import due as lanes_due
from storage.lanes import next_due, rest
from storage.lanes import urgent as lanes_urgent
from storage.times import at, ms, ms_or_none
from storage.tx import Tx

__all__ = [
    "Kind",
    "Parcel",
    "again",
    "claim",
    "confirm",
    "dead",
    "doubt",
    "doubt_row",
    "lanes_due",
    "lanes_urgent",
    "next_due",
    "put",
    "recover",
    "rest",
    "sent",
    "spare",
    "tell",
    "unread",
]

RANKS = {Class.ALERT: 0, Class.ANSWER: 1, Class.NOTICE: 2, Class.CAMPAIGN: 3}
CLASSES = tuple(RANKS)
SECRET_FOR = timedelta(hours=23)
"""A message with a case's words stays this long in a chat: within 24 h even after an hour down."""


HOOK_LANE, MAIL_LANE = "hook", "mail"
"""The two roads that ring: neither waits for the other."""


class Kind(StrEnum):
    """What a row brings."""

    SAY = "say"
    SHOW = "show"
    FETCH = "fetch"
    HOOK = "hook"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One row on its way. `again`: it may have arrived before, so it must say so."""

    number: int
    kind: Kind
    lane: str
    rank: Class
    due: datetime
    attempts: int = 0
    again: bool = False
    until: datetime | None = None
    ward: str = ""
    person: str | None = None
    case: str | None = None
    entry: str | None = None
    place: str | None = None
    secret: bool = False
    pull: bool = False
    body: bytes = field(default=b"", repr=False)
    to: Address | None = field(default=None, repr=False)
    """Where to deliver; None when there is nowhere (any more), or for fetch and hook."""


def put(tx: Tx, parcel: Parcel) -> str:
    """Line up a row (its number is given by the database); gives the lane.

    A show that waits already for the same case and lane takes this one in.
    """
    row = tx.new_id()
    body = (
        tx.seal.seal(parcel.body, table="outbox", column="body", row=row) if parcel.body else None
    )
    # The words of the partial unique index must stand in the conflict clause as they are.
    tx.run(
        "insert into outbox (id, kind, lane, ward, rank, due, retry, until, state, attempts, doubts,"
        " pull, person, case_id, entry, place, secret, body, why, made)"
        " values (?, ?, ?, ?, ?, ?, 0, ?, 'waiting', 0, ?, ?, ?, ?, ?, ?, ?, ?, '', ?)"
        " on conflict (case_id, lane) where kind = 'show' and state = 'waiting' do update set"
        " rank = case when excluded.rank < outbox.rank then excluded.rank else outbox.rank end,"
        " due = case when excluded.due < outbox.due then excluded.due else outbox.due end",
        row,
        parcel.kind.value,
        parcel.lane,
        parcel.ward,
        RANKS[parcel.rank],
        ms(parcel.due),
        ms_or_none(parcel.until) or 0,
        parcel.again,
        parcel.pull,
        parcel.person,
        parcel.case,
        parcel.entry,
        parcel.place,
        parcel.secret,
        body,
        ms(tx.now),
    )
    if not parcel.pull:
        urgent = parcel.rank is Class.ALERT
        lanes.wake(tx, parcel.lane, ms(parcel.due), urgent=urgent)
    return parcel.lane


def claim(tx: Tx, lane: str, now: datetime, lease_s: float) -> Parcel | None:
    """Take a lane's first due row for `lease_s` seconds; None: nothing now, or one is under way.

    A row that is not due yet lets others pass; a message that is to be retried later holds up its
    own class and the lower ones, so that order is kept. A card keeps no order: another passes it.
    """
    moment = ms(now)
    resting, lease = lanes.busy_until(tx, lane)
    if max(resting, lease) > moment:
        lanes.sleep(tx, lane, max(resting, lease), moment)
        return None
    if lease:
        _take_back(tx, lane, now)
    _hold_late(tx, lane, moment)
    head = tx.one(
        "select * from outbox where lane = ? and state = 'waiting' and pull = 0 and due <= ?"
        " and (kind <> 'show' or retry <= ?) order by rank, number limit 1",
        lane,
        moment,
        moment,
    )
    if head is None or head["retry"] > moment:
        lanes.sleep(tx, lane, _soonest(tx, lane, moment, head), moment)
        return None
    until = moment + int(lease_s * 1000)
    tx.run(
        "update outbox set state = 'leased', attempts = attempts + 1 where number = ?",
        head["number"],
    )
    lanes.serve(tx, lane, until)
    return _parcel(tx, head, attempts=head["attempts"] + 1)


def _hold_late(tx: Tx, lane: str, moment: int) -> None:
    """Hold back what may not light up any more: the chat is not open now."""
    rows = tx.all(
        "delete from outbox where lane = ? and state = 'waiting' and until > 0 and until <= ?"
        " returning *",
        lane,
        moment,
    )
    for row in rows:
        _tell(tx, _parcel(tx, row, to_known=False), Delivery.HELD)


def sent(tx: Tx, parcel: Parcel, refs: tuple[str, ...], now: datetime) -> None:
    """It surely arrived: wipe the row, tell the entry, remember what must be taken away again."""
    tx.run("delete from outbox where number = ?", parcel.number)
    lanes.free(tx, parcel.lane, ms(now))
    if parcel.person and refs:
        if parcel.secret:
            visible.note(tx, parcel.person, refs, now + SECRET_FOR, parcel.case)
        else:
            visible.stand(tx, parcel.person, refs, now)
    _tell(tx, parcel, Delivery.DELIVERED)


def again(tx: Tx, parcel: Parcel, due: datetime) -> None:
    """It surely did not arrive: try again at `due`, with its class in order behind it."""
    _back(tx, parcel.number, ms(due), doubts=0)
    lanes.free(tx, parcel.lane, ms(due))


def spare(tx: Tx, parcel: Parcel, due: datetime) -> None:
    """Try again at `due`; this try does not count, for it was no fault of the row's."""
    tx.run("update outbox set attempts = attempts - 1 where number = ?", parcel.number)
    again(tx, parcel, due)


def doubt(tx: Tx, parcel: Parcel, now: datetime, due: datetime) -> bool:
    """It may have arrived: alerts are repeated (marked), answers once, campaigns never.

    True when it will be repeated at `due`; False when it was given up.
    """
    if _repeatable(parcel):
        _back(tx, parcel.number, ms(due), doubts=1)
        lanes.free(tx, parcel.lane, ms(due))
        return True
    dead(tx, parcel, "unknown")
    return False


def dead(tx: Tx, parcel: Parcel, why: str) -> None:
    """It will never arrive: keep the row without its text, tell the entry. Tell the operator."""
    tx.run(
        "update outbox set state = 'dead', body = null, why = ?, made = ? where number = ?",
        why,
        ms(tx.now),
        parcel.number,
    )
    lanes.free(tx, parcel.lane, ms(tx.now))
    if parcel.kind is Kind.FETCH:
        _lose_file(tx, parcel)
    _tell(tx, parcel, Delivery.FAILED)


def recover(tx: Tx) -> int:
    """Take back, at start, what was being sent when the process died; gives how many are given up."""
    rows = tx.all("select * from outbox where state = 'leased'")
    return sum(not doubt_row(tx, row, tx.now) for row in rows)


def unread(tx: Tx, person: str, limit: int = 50) -> list[Parcel]:
    """Give what waits in a mailbox, in order; it stays until confirmed."""
    rows = tx.all(
        "select * from outbox where person = ? and pull = 1 and state = 'waiting' and due <= ?"
        " and (until = 0 or until > ?) order by number limit ?",
        person,
        ms(tx.now),
        ms(tx.now),
        limit,
    )
    return [_parcel(tx, row) for row in rows]


def confirm(tx: Tx, person: str, upto: int, now: datetime) -> int:
    """Wipe what a mailbox has shown, up to a number; gives how many.

    A letter that was held back when `upto` was made may not have been on the page: it stays.
    """
    rows = tx.all(
        "delete from outbox where person = ? and pull = 1 and state = 'waiting'"
        " and number <= ? and (number = ? or"
        " due <= (select made from outbox as last where last.number = ?))"
        " returning *",
        person,
        upto,
        upto,
        upto,
    )
    for row in rows:
        _tell(tx, _parcel(tx, row, to_known=False), Delivery.DELIVERED)
    return len(rows)


def withdraw(tx: Tx, person: str) -> None:
    """Take back everything that waits for somebody who has left.

    Answers are held: the return words still show them. The rest was for a chat that is over.
    """
    rows = tx.all(
        "delete from outbox where person = ? and state in ('waiting', 'held') and kind = 'say'"
        " and rank > 0"
        " returning *",
        person,
    )
    for row in rows:
        _tell(tx, _parcel(tx, row, to_known=False), Delivery.HELD)


def disown_files(tx: Tx, person: str) -> None:
    """Let the files that somebody sent be fetched into their cases without saying whose they are."""
    tx.run("update outbox set person = null where person = ? and kind = 'fetch'", person)


def forget_case(tx: Tx, case: str) -> None:
    """Delete whatever is on its way about a case."""
    tx.run("delete from outbox where case_id = ?", case)
    tx.run("delete from outbox where entry in (select id from entries where case_id = ?)", case)


def forget_tie(tx: Tx, person: str, case: str) -> None:
    """Delete what is on its way to this person about a case.

    Letters in a mailbox that name no case go when they are older than its closing: nobody came.
    """
    tx.run("delete from outbox where person = ? and case_id = ?", person, case)
    tx.run(
        "delete from outbox where person = ?"
        " and entry in (select id from entries where case_id = ?)",
        person,
        case,
    )
    tx.run(
        "delete from outbox where person = ? and pull = 1 and entry is null"
        " and made <= (select closed from cases where id = ?)",
        person,
        case,
    )


def refresh(tx: Tx, case: str) -> None:
    """Bring a case's cards up to date wherever they already are, after everything else."""
    row = tx.one("select ward from cases where id = ?", case)
    for card in cards.of_case(tx, case) if row is not None else ():
        put(
            tx,
            Parcel(
                number=0,
                kind=Kind.SHOW,
                lane=card.lane,
                rank=Class.NOTICE,
                due=tx.now,
                ward=row["ward"] if row is not None else "",
                case=case,
                place=card.place,
                person=card.lane.partition(":")[2] or None,
            ),
        )


def _repeatable(parcel: Parcel) -> bool:
    if parcel.kind is not Kind.SAY or parcel.rank is Class.ALERT:
        return True
    return parcel.rank is not Class.CAMPAIGN and not parcel.again


def _take_back(tx: Tx, lane: str, now: datetime) -> None:
    """A lease has run out: whoever held it is gone, and nobody knows what became of it."""
    for row in tx.all("select * from outbox where lane = ? and state = 'leased'", lane):
        doubt_row(tx, row, now)


def doubt_row(tx: Tx, row: sqlite3.Row, now: datetime) -> bool:
    """Treat a row as `doubt` does, whoever had it."""
    return doubt(tx, _parcel(tx, row, to_known=False), now, now)


def _back(tx: Tx, number: int, retry: int, doubts: int) -> None:
    """Put a leased row back in its place; a newer show of the same card takes it in."""
    twin = tx.one(
        "select number from outbox where kind = 'show' and state = 'waiting'"
        " and (case_id, lane) = (select case_id, lane from outbox as held where held.number = ?"
        " and held.kind = 'show')",
        number,
    )
    if twin is not None:
        tx.run("delete from outbox where number = ?", number)
        tx.run(
            "update outbox set retry = ?, doubts = doubts + ? where number = ?",
            retry,
            doubts,
            twin["number"],
        )
        return
    tx.run(
        "update outbox set state = 'waiting', retry = ?, doubts = doubts + ? where number = ?",
        retry,
        doubts,
        number,
    )


def _soonest(tx: Tx, lane: str, now: int, head: sqlite3.Row | None) -> int | None:
    """Give when a lane is worth looking at again: a retry, or the next row to fall due."""
    row = tx.one(
        "select min(due) as due from outbox where lane = ? and state = 'waiting' and pull = 0"
        " and due > ?",
        lane,
        now,
    )
    card = tx.one(
        "select min(retry) as due from outbox where lane = ? and state = 'waiting' and pull = 0"
        " and kind = 'show' and retry > ?",
        lane,
        now,
    )
    moments = [int(one["due"]) for one in (row, card) if one is not None and one["due"] is not None]
    if head is not None:
        moments.append(int(head["retry"]))
    return min(moments, default=None)


def tell(tx: Tx, entry: str, delivery: Delivery) -> None:
    """Write on an answer's entry how far it came, and have its cards say so."""
    case = entries.deliver(tx, entry, delivery)
    if case is not None:
        refresh(tx, case)


def _tell(tx: Tx, parcel: Parcel, delivery: Delivery) -> None:
    if parcel.entry is not None and parcel.kind is Kind.SAY:
        tell(tx, parcel.entry, delivery)
        if delivery is Delivery.DELIVERED and parcel.person is not None:
            links.got(tx, parcel.entry, parcel.person, tx.now)


def _lose_file(tx: Tx, parcel: Parcel) -> None:
    """A file that was said to be taken is not: its line says so, and whoever sent it is told."""
    if parcel.entry is not None and parcel.case is not None:
        entries.lose_file(tx, parcel.entry)
        refresh(tx, parcel.case)
    if parcel.person is not None:
        wait = Remind(Wait.FILE_LOST, tx.now, case=parcel.case, person=parcel.person)
        deadlines.remind(tx, wait)


def _parcel(
    tx: Tx, row: sqlite3.Row, attempts: int | None = None, *, to_known: bool = True
) -> Parcel:
    """Read a row; `to_known` False leaves text and address sealed where nobody needs them."""
    body = b""
    if to_known and row["body"] is not None:
        body = tx.seal.open(row["body"], table="outbox", column="body", row=row["id"])
    return Parcel(
        number=row["number"],
        kind=Kind(row["kind"]),
        lane=row["lane"],
        rank=CLASSES[row["rank"]],
        due=at(row["due"]),
        attempts=row["attempts"] if attempts is None else attempts,
        again=row["doubts"] > 0,
        ward=row["ward"],
        person=row["person"],
        case=row["case_id"],
        entry=row["entry"],
        place=row["place"],
        secret=bool(row["secret"]),
        pull=bool(row["pull"]),
        body=body,
        to=_address(tx, row) if to_known else None,
    )


def _address(tx: Tx, row: sqlite3.Row) -> Address | None:
    if row["pull"] or row["kind"] in {Kind.FETCH, Kind.HOOK}:
        return None
    if row["person"] is not None:
        return people.address(tx, row["person"])
    if row["place"] == HIDDEN:
        return origins.hidden_place(row["ward"])
    return places.get(tx, row["ward"], places.GROUP)
