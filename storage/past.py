"""Keys of fingerprints older than the last rotation of the root key, sealed under today's.

What return words and platform message numbers were is kept nowhere, so their fingerprints cannot
be computed anew: they are looked up under the old key until the last of them is gone.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from storage.seal import Seal
from storage.times import ms
from storage.tx import Tx

EVENTS_FOR = timedelta(hours=48)
"""So long a platform's message is known again; see retention.SEEN_FOR."""


class Purpose(StrEnum):
    """What an old key fingerprinted."""

    RETURNS = "returns"
    EVENTS = "events"


def remember(tx: Tx, old: Seal, new: Seal) -> None:
    """Keep what is still needed of the old root key's fingerprints, sealed under the new one."""
    secret, token = old.index_keys()
    returns = tx.one("select 1 from returns where key = ? limit 1", old.key_id)
    oldest = tx.one("select min(at) as at from inbox")
    events = None if oldest is None else oldest["at"]
    for purpose, key, needed in (
        (Purpose.RETURNS, secret, returns),
        (Purpose.EVENTS, token, events),
    ):
        if needed is None:
            continue
        row = f"{purpose}/{old.key_id}"
        tx.run(
            "insert into past_keys (purpose, key, sealed, since) values (?, ?, ?, ?)"
            " on conflict (purpose, key) do nothing",
            purpose.value,
            old.key_id,
            new.seal(key, table="past_keys", column="sealed", row=row),
            ms(tx.now),
        )


def keys(tx: Tx, purpose: Purpose) -> list[tuple[str, bytes]]:
    """Give (short name, key) of every old key that is still needed for this."""
    return [
        (
            row["key"],
            tx.seal.open(
                row["sealed"], table="past_keys", column="sealed", row=f"{purpose}/{row['key']}"
            ),
        )
        for row in tx.all("select key, sealed from past_keys where purpose = ?", purpose.value)
    ]


def load(tx: Tx) -> None:
    """Let the seal know the old keys that every message is asked of; once, when it is opened."""
    tx.seal.past_events = tuple(key for _, key in keys(tx, Purpose.EVENTS))


def forget_events(tx: Tx, now: datetime) -> int:
    """Delete the keys of message numbers that are too old to come again; gives how many."""
    return tx.run(
        "delete from past_keys where purpose = ? and since <= ?",
        Purpose.EVENTS.value,
        ms(now - EVENTS_FOR),
    )


def forget_unused_returns(tx: Tx) -> None:
    """Delete the keys whose last return words are gone."""
    tx.run(
        "delete from past_keys where purpose = ?"
        " and not exists (select 1 from returns where returns.key = past_keys.key)",
        Purpose.RETURNS.value,
    )
