"""Destinations with something waiting: when to look again, which rest, which are being served."""

from datetime import datetime

from storage.times import at, ms
from storage.tx import Tx


def wake(tx: Tx, lane: str, due: int, *, urgent: bool = False) -> None:
    """Look at a lane at `due` (ms), or earlier if that was planned already.

    `urgent`: an alert waits there; it stays so until the lane has nothing to do.
    """
    tx.run(
        "insert into lanes (lane, wake, rest, lease, urgent) values (?, ?, 0, 0, ?)"
        " on conflict (lane) do update set wake ="
        " case when excluded.wake < lanes.wake then excluded.wake else lanes.wake end,"
        " urgent = case when excluded.urgent = 1 then 1 else lanes.urgent end",
        lane,
        due,
        urgent,
    )


def forget(tx: Tx, person: str) -> None:
    """Forget the lane of somebody who is forgotten."""
    tx.run(
        "delete from lanes where lane = (select channel || ':' || id from people where id = ?)",
        person,
    )


def urgent(tx: Tx, now: datetime, limit: int = 200) -> list[str]:
    """Give the lanes in which an alert waits."""
    rows = tx.all(
        "select lane from lanes where urgent = 1 and wake <= ? order by wake limit ?",
        ms(now),
        limit,
    )
    return [row["lane"] for row in rows]


def due(tx: Tx, now: datetime, limit: int = 200) -> list[str]:
    """Give the lanes that are worth looking at now, the longest waiting first."""
    rows = tx.all("select lane from lanes where wake <= ? order by wake limit ?", ms(now), limit)
    return [row["lane"] for row in rows]


def next_due(tx: Tx) -> datetime | None:
    """Give the moment at which the next lane is worth looking at."""
    row = tx.one("select wake from lanes order by wake limit 1")
    return None if row is None else at(row["wake"])


def rest(tx: Tx, lane: str, until: datetime) -> None:
    """Let a lane rest because its platform asked for it."""
    moment = ms(until)
    tx.run(
        "insert into lanes (lane, wake, rest, lease, urgent) values (?, ?, ?, 0, 0)"
        " on conflict (lane) do update set wake = excluded.wake, rest = excluded.rest",
        lane,
        moment,
        moment,
    )


def busy_until(tx: Tx, lane: str) -> tuple[int, int]:
    """Give (rest, lease) of a lane in ms; zeros when neither holds."""
    row = tx.one("select rest, lease from lanes where lane = ?", lane)
    return (0, 0) if row is None else (row["rest"], row["lease"])


def sleep(tx: Tx, lane: str, until: int | None, now: int) -> None:
    """Look again at `until` (ms); None: nothing waits, the lane's row goes once it has rested."""
    if until is None:
        tx.run("delete from lanes where lane = ? and rest <= ? and lease <= ?", lane, now, now)
        tx.run("update lanes set wake = rest, urgent = 0 where lane = ?", lane)
    else:
        tx.run("update lanes set wake = ? where lane = ?", until, lane)


def serve(tx: Tx, lane: str, until: int) -> None:
    """A message of this lane is being sent, until `until` (ms) at the latest."""
    tx.run("update lanes set lease = ?, wake = ? where lane = ?", until, until, lane)


def free(tx: Tx, lane: str, wake_at: int) -> None:
    """The message has ended one way or the other; look again at `wake_at` (ms)."""
    tx.run("update lanes set lease = 0, wake = ? where lane = ?", wake_at, lane)
