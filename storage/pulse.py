"""What a monitor must know of the database: that it takes writes, and what waits too long in it.

Numbers and moments only, nothing about anybody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage import hold, places
from storage.times import at_or_none, ms
from storage.tx import Tx

LOUD_FOR = timedelta(days=7)
"""So long something that was given up keeps a monitor unwell; then it is deleted anyway."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """`unsent`: when the oldest alert that waits was due. `unclaimed`: when the oldest P1 that
    nobody has taken began. `dead`, `letters`: how many alerts and messages were given up."""

    unsent: datetime | None
    unclaimed: datetime | None
    dead: int
    letters: int
    group: bool
    waiting: datetime | None = None
    """When the oldest of all that is to be sent was due."""
    held: bool = False
    """A backup was restored, and nobody has looked yet."""


def beat(tx: Tx, now: datetime) -> None:
    """Write a mark: a disk that is full or hangs shows here first."""
    tx.run(
        "insert into meta (name, value) values ('beat', ?)"
        " on conflict (name) do update set value = excluded.value",
        str(ms(now)).encode(),
    )


def read(tx: Tx, ward: str, now: datetime) -> Pulse:
    """Look at what waits."""
    return Pulse(
        unsent=_unsent(tx, ward, now),
        unclaimed=_unclaimed(tx, ward),
        dead=_dead(tx, now),
        letters=_letters(tx, now),
        group=places.exists(tx, ward, places.GROUP),
        waiting=_waiting(tx, now),
        held=hold.since(tx) is not None,
    )


def _unsent(tx: Tx, ward: str, now: datetime) -> datetime | None:
    """Of alerts, of the cards of a P1 (also those queued behind others), and of what is under way."""
    rows = (
        tx.one(
            "select min(due) as due from lanes cross join outbox where lanes.urgent = 1"
            " and outbox.lane = lanes.lane and state = 'waiting' and pull = 0 and rank = 0"
            " and due <= ? and lanes.lane <> 'hidden'",
            ms(now),
        ),
        tx.one(
            "select min(due) as due from cases cross join outbox where cases.ward = ?"
            " and closed is null and priority = 'P1' and origin <> 'rehearsal'"
            " and outbox.case_id = cases.id"
            " and outbox.kind = 'show' and state = 'waiting' and due <= ?",
            ward,
            ms(now),
        ),
        tx.one(
            "select min(due) as due from outbox where state = 'leased' and rank = 0"
            " and lane <> 'hidden'"
        ),
    )
    found = (at_or_none(row["due"]) for row in rows if row is not None)
    return min((one for one in found if one is not None), default=None)


def _waiting(tx: Tx, now: datetime) -> datetime | None:
    row = tx.one(
        "select min(due) as due from outbox where state = 'waiting' and pull = 0 and due <= ?",
        ms(now),
    )
    return None if row is None else at_or_none(row["due"])


def _unclaimed(tx: Tx, ward: str) -> datetime | None:
    row = tx.one(
        "select min(opened) as opened from cases where ward = ? and closed is null"
        " and priority = 'P1' and claimed_by is null and origin in ('person', 'early')",
        ward,
    )
    return None if row is None else at_or_none(row["opened"])


def _dead(tx: Tx, now: datetime) -> int:
    row = tx.one(
        "select count(*) as many from outbox where state = 'dead' and made > ?"
        " and (rank = 0 or kind = 'show')",
        ms(now - LOUD_FOR),
    )
    return 0 if row is None else int(row["many"])


def _letters(tx: Tx, now: datetime) -> int:
    row = tx.one("select count(*) as many from dead_letters where at > ?", ms(now - LOUD_FOR))
    return 0 if row is None else int(row["many"])
