"""Cards on their way to a place: too many at once, refused there, or missing there.

It must not know how a card looks, or who is told instead.
"""

from datetime import datetime

from handlers.cases import Priority
from handlers.effects import Class
from storage import hold, lanes, outbox, places
from storage.outbox import Kind, Parcel
from storage.times import ms
from storage.tx import Tx


def put_off(tx: Tx, parcel: Parcel, until: datetime) -> None:
    """Let a lane's new cards of P2 and P3 wait; what stands there already is brought up to date."""
    outbox.spare(tx, parcel, until)
    tx.run(
        "update outbox set retry = ? where lane = ? and state = 'waiting' and pull = 0"
        " and kind = 'show' and retry < ?"
        " and (select priority from cases where cases.id = outbox.case_id) <> 'P1'"
        " and not exists (select 1 from cards where cards.case_id = outbox.case_id"
        " and cards.lane = outbox.lane)",
        ms(until),
        parcel.lane,
        ms(until),
    )


def new_cards(tx: Tx, lane: str) -> int:
    """Give how many cards of P2 and P3 are on their way to a lane where they do not stand yet."""
    row = tx.one(
        "select count(*) as many from outbox join cases on cases.id = outbox.case_id"
        " where lane = ? and state = 'waiting' and pull = 0 and outbox.kind = 'show'"
        " and cases.priority <> 'P1' and not exists (select 1 from cards"
        " where cards.case_id = outbox.case_id and cards.lane = outbox.lane)",
        lane,
    )
    return 0 if row is None else int(row["many"])


def unreached(tx: Tx, lane: str) -> list[str]:
    """Give the cases whose card waits at a lane, and of which nobody was told so yet."""
    rows = tx.all(
        "select distinct outbox.case_id from outbox join cases on cases.id = outbox.case_id"
        " where lane = ? and state = 'waiting' and pull = 0 and outbox.kind = 'show' and not exists"
        " (select 1 from audit where audit.case_id = cases.id"
        " and act = 'unreached.' || cases.priority)",
        lane,
    )
    return [row["case_id"] for row in rows]


def reopen(tx: Tx, ward: str) -> None:
    """The group takes cards again: those that wait go now, and no open case is without one.

    Cases from a restored backup wait until somebody has looked (storage/hold.py).
    """
    held = hold.since(tx)
    tx.run(
        "update outbox set retry = 0 where lane = ? and state = 'waiting' and pull = 0"
        " and kind = 'show'",
        places.GROUP,
    )
    for row in tx.all(
        "select id, priority from cases where ward = ? and closed is null and route = 'group'"
        " and opened > ? and not exists (select 1 from cards where case_id = cases.id and lane = ?)"
        " order by priority, opened",
        ward,
        -1 if held is None else ms(held),
        places.GROUP,
    ):
        urgent = row["priority"] == Priority.P1
        outbox.put(
            tx,
            Parcel(
                number=0,
                kind=Kind.SHOW,
                lane=places.GROUP,
                rank=Class.ALERT if urgent else Class.ANSWER,
                due=tx.now,
                ward=ward,
                case=row["id"],
                place=places.GROUP,
            ),
        )
    lanes.wake(tx, places.GROUP, ms(tx.now))
