"""How often somebody named unknown return words within the hour; slows down guessing."""

from collections import deque
from datetime import datetime, timedelta

from storage.times import ms
from storage.tx import Tx

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MOST_REMEMBERED = 1000


class Guesses:
    """When anybody named unknown return words within the minute; whoever guesses has many chats.

    In memory only: it says nothing about anybody, and a restart may forget it.
    """

    def __init__(self) -> None:
        """Nobody has guessed."""
        self._times: deque[datetime] = deque(maxlen=MOST_REMEMBERED)

    def one_more(self, now: datetime) -> None:
        """Count a try."""
        self._times.append(now)

    def count(self, now: datetime) -> int:
        """Give the number within the last minute."""
        while self._times and self._times[0] <= now - MINUTE:
            self._times.popleft()
        return len(self._times)


def count(tx: Tx, person: str, now: datetime) -> int:
    """Give the number so far."""
    row = tx.one("select number from tries where person = ? and since > ?", person, ms(now - HOUR))
    return 0 if row is None else int(row["number"])


def one_more(tx: Tx, person: str, now: datetime) -> int:
    """Count a try; an hour after the first one it starts anew. Gives the number so far."""
    row = tx.one(
        "insert into tries (person, since, number) values (?, ?, 1)"
        " on conflict (person) do update set"
        " number = case when tries.since > ? then tries.number + 1 else 1 end,"
        " since = case when tries.since > ? then tries.since else excluded.since end"
        " returning number",
        person,
        ms(now),
        ms(now - HOUR),
        ms(now - HOUR),
    )
    return 1 if row is None else int(row["number"])
