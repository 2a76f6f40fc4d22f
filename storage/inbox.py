"""What came in: ids seen, so that nothing has effect twice; and what we failed on, sealed."""

from dataclasses import dataclass, field
from datetime import datetime

from handlers.events import Address, Incoming
from storage.seal import token_index
from storage.times import at, ms
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that nothing could be done with."""

    id: str
    at: datetime
    channel: str
    why: str
    body: bytes = field(default=b"", repr=False)


def first_time(tx: Tx, incoming: Incoming, now: datetime) -> bool:
    """Note an event; False when it was taken in before."""
    sender = incoming.sender
    token = f"{sender.channel}|{sender.bot}|{incoming.event_id}"
    event = tx.seal.token_index(token)
    for key in tx.seal.past_events:
        if tx.one("select 1 from inbox where event = ?", token_index(key, token)) is not None:
            return False
    return (
        tx.run(
            "insert into inbox (event, at) values (?, ?) on conflict (event) do nothing",
            event,
            ms(now),
        )
        == 1
    )


def forget(tx: Tx, sender: Address, event_id: str) -> None:
    """Forget that a made-up message was taken in: the next one has the same number."""
    token = f"{sender.channel}|{sender.bot}|{event_id}"
    tx.run("delete from inbox where event = ?", tx.seal.token_index(token))
    for key in tx.seal.past_events:
        tx.run("delete from inbox where event = ?", token_index(key, token))


def bury(tx: Tx, channel: str, body: bytes, why: str, now: datetime) -> str:
    """Seal a raw event that was tried in vain; `why`: a technical name, no words. Gives its id."""
    row = tx.new_id()
    tx.run(
        "insert into dead_letters (id, at, channel, why, body) values (?, ?, ?, ?, ?)",
        row,
        ms(now),
        channel,
        why,
        tx.seal.seal(body, table="dead_letters", column="body", row=row),
    )
    return row


def buried(tx: Tx) -> list[DeadLetter]:
    """List what is buried, oldest first, without unsealing any of it."""
    rows = tx.all("select id, at, channel, why from dead_letters order by at")
    return [DeadLetter(row["id"], at(row["at"]), row["channel"], row["why"]) for row in rows]


def dead_letter(tx: Tx, letter: str) -> DeadLetter | None:
    """Unseal one, so that it can be rescued by hand; None when there is none (any more)."""
    row = tx.one("select * from dead_letters where id = ?", letter)
    if row is None:
        return None
    body = tx.seal.open(row["body"], table="dead_letters", column="body", row=letter)
    return DeadLetter(letter, at(row["at"]), row["channel"], row["why"], body)


def dig_up(tx: Tx, letter: str) -> None:
    """Delete one that was rescued."""
    tx.run("delete from dead_letters where id = ?", letter)
