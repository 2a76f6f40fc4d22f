"""The topic that the officers' group has for a case: being made, there, closed, gone.

It must not know how a topic is made, or what it shows. One that was made twice is taken away.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from storage import outbox, visible
from storage.times import at, ms
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Topic:
    """A case's topic at a lane. `id` is empty while it is being made, since `at`."""

    id: str
    title: str
    closed: bool
    at: datetime


def begin(tx: Tx, case: str, lane: str, title: str) -> None:
    """Write that a topic is being made: whoever dies now will know that one may be there."""
    tx.run(
        "insert into topics (case_id, lane, topic, title, closed, at)"
        " select id, ?, '', ?, 0, ? from cases where id = ?"
        " on conflict (case_id, lane) do update set topic = '', title = excluded.title,"
        " closed = 0, at = excluded.at",
        lane,
        title,
        ms(tx.now),
        case,
    )


def made(tx: Tx, ward: str, case: str, lane: str, topic: str) -> str:
    """A topic stands; gives the one to use. A second one, or one nobody needs, is taken away."""
    row = tx.one("select topic from topics where case_id = ? and lane = ?", case, lane)
    if row is not None and row["topic"] in {"", topic}:
        tx.run("update topics set topic = ? where case_id = ? and lane = ?", topic, case, lane)
        return topic
    take_away(tx, ward, topic)
    return "" if row is None else str(row["topic"])


def heard(tx: Tx, ward: str, lane: str, topic: str, title: str) -> None:
    """The platform tells of a topic that we made: after a crash it is the one that was being made.

    One with the name of a case that has another already was made twice: it is taken away. What
    nobody knows here is left alone: somebody may be talking in it.
    """
    row = tx.one(
        "select case_id, topic from topics where lane = ? and title = ? and exists"
        " (select 1 from cases where cases.id = topics.case_id and ward = ?)",
        lane,
        title,
        ward,
    )
    if row is not None:
        made(tx, ward, row["case_id"], lane, topic)
        if not row["topic"]:
            outbox.refresh(tx, row["case_id"])  # its card, which stands outside, moves in


def get(tx: Tx, case: str, lane: str) -> Topic | None:
    """Give a case's topic at a lane; None when it has none there."""
    row = tx.one("select * from topics where case_id = ? and lane = ?", case, lane)
    return None if row is None else _topic(row)


def shows(tx: Tx, case: str, lane: str, title: str, *, closed: bool) -> None:
    """Write how a topic is called now, and whether it is closed."""
    tx.run(
        "update topics set title = ?, closed = ? where case_id = ? and lane = ?",
        title,
        closed,
        case,
        lane,
    )


def drop(tx: Tx, case: str, lane: str) -> None:
    """Forget a topic that is not there (any more); the next showing makes another."""
    tx.run("delete from topics where case_id = ? and lane = ?", case, lane)


def forget_lane(tx: Tx, lane: str) -> None:
    """Forget every topic at a place that is another one now."""
    tx.run("delete from topics where lane = ?", lane)


def take_away(tx: Tx, ward: str, topic: str, refs: tuple[str, ...] = ()) -> None:
    """Let a topic be deleted at once; where that is refused, the messages `refs` in it."""
    visible.note(tx, None, refs, tx.now, None, ward=ward, topic=topic)


def _topic(row: sqlite3.Row) -> Topic:
    return Topic(row["topic"], row["title"], bool(row["closed"]), at(row["at"]))
