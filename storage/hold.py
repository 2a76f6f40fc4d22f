"""After a restore everything that was on its way is held, until a person has looked.

What comes in afterwards goes out at once: new rows are not held. It must not know how a backup
is made or restored.
"""

from dataclasses import dataclass
from datetime import datetime

from handlers.effects import Delivery
from storage import lanes, outbox
from storage.times import at, ms
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Held:
    """How much waits: messages, cards to be brought up to date, files to be fetched, moments."""

    messages: int
    cards: int
    files: int
    moments: int


def hold(tx: Tx, now: datetime) -> None:
    """Hold everything that is on its way or waits for a moment, as the backup had it."""
    # What was being sent may have arrived: told apart by its attempts, treated alike afterwards.
    tx.run("update outbox set state = 'held' where state in ('waiting', 'leased')")
    tx.run("update deadlines set held = 1")
    # The rests and leases were those of another time.
    tx.run("delete from lanes")
    tx.run(
        "insert into meta (name, value) values ('held', ?)"
        " on conflict (name) do update set value = excluded.value",
        str(ms(now)).encode(),
    )


def since(tx: Tx) -> datetime | None:
    """Give since when it is held; None: nothing is."""
    row = tx.one("select value from meta where name = 'held'")
    return None if row is None else at(int(row["value"]))


def counted(tx: Tx) -> Held:
    """Count what is held."""
    kinds = {
        row["kind"]: int(row["many"])
        for row in tx.all(
            "select kind, count(*) as many from outbox where state = 'held' group by kind"
        )
    }
    moments = tx.one("select count(*) as many from deadlines where held = 1")
    return Held(
        messages=kinds.get("say", 0) + kinds.get("hook", 0),
        cards=kinds.get("show", 0),
        files=kinds.get("fetch", 0),
        moments=0 if moments is None else int(moments["many"]),
    )


def release(tx: Tx) -> int:
    """Let everything go on. It may have gone out before the loss: repeats say so (`again`), and
    what may not be repeated is given up; gives how many of these."""
    # A mailbox shows its letters until they are confirmed: to show one again is no second message.
    tx.run("update outbox set state = 'waiting' where state = 'held' and pull = 1")
    given_up = 0
    for row in tx.all("select * from outbox where state = 'held' order by number"):
        if not outbox.doubt_row(tx, row, tx.now):
            given_up += 1
            continue
        lanes.wake(tx, row["lane"], max(ms(tx.now), row["due"]), urgent=row["rank"] == 0)
    tx.run("update deadlines set held = 0 where held = 1")
    tx.run("delete from meta where name = 'held'")
    return given_up


def drop(tx: Tx) -> int:
    """Throw away the held messages (answers stay in their cases, held); gives how many.

    Cards are brought up to date all the same, files are fetched and moments come: a child's
    alert must not hang on somebody's choice here.
    """
    dropped = tx.all(
        "delete from outbox where state = 'held' and kind in ('say', 'hook') returning entry, kind"
    )
    for row in dropped:
        if row["entry"] is not None:
            outbox.tell(tx, row["entry"], Delivery.HELD)
    release(tx)
    return len(dropped)
