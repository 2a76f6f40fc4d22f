"""How fast people write, and how many of them write the very same.

In memory only: it says nothing about anybody, and a restart may forget it.
"""

import secrets
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from hashlib import blake2b

from handlers.reading import fold

MINUTE = timedelta(minutes=1)
MOST_LINES = 20
"""So many lines of one person within a minute are answered one by one (security facts, A4)."""
LATELY = timedelta(minutes=5)
"""Whoever hurried within so long may have lines on the pile; nobody else is looked for there."""
MOST_PEOPLE = 5000
"""So many people, and so many sayings, are remembered; the ones longest silent are forgotten."""
SAME = 6
"""When more people than this say the very same within a minute, somebody makes them say it."""


class Paces:
    """When each person wrote within the last minute."""

    def __init__(self) -> None:
        """Nobody has written."""
        self._lines: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._hurried: OrderedDict[str, datetime] = OrderedDict()

    def hurries(self, person: str, now: datetime) -> bool:
        """Count a line; tell whether there were more within the minute than can be answered."""
        lines = self._lines.setdefault(person, deque(maxlen=MOST_LINES + 1))
        self._lines.move_to_end(person)
        lines.append(now)
        if len(self._lines) > MOST_PEOPLE:
            self._lines.popitem(last=False)
        hurries = len(lines) > MOST_LINES and lines[0] > now - MINUTE
        if hurries:
            self._hurried[person] = now
            self._hurried.move_to_end(person)
            if len(self._hurried) > MOST_PEOPLE:
                self._hurried.popitem(last=False)
        return hurries

    def lately(self, person: str, now: datetime) -> bool:
        """Tell whether somebody hurried not long ago. Forgotten at a restart: their pile joins
        their story all the same, at its own moment."""
        return self._hurried.get(person, now - LATELY) > now - LATELY


class Echoes:
    """Who said the very same within the last minute; only keyed fingerprints of it are kept."""

    def __init__(self) -> None:
        """Nothing has been said."""
        self._key = secrets.token_bytes(32)
        self._said: OrderedDict[bytes, OrderedDict[str, datetime]] = OrderedDict()

    def one_more(self, person: str, text: str, now: datetime) -> bool:
        """Note what somebody says; tell whether too many others have just said it."""
        mark = blake2b(
            fold(text).encode("utf-8", "replace"), key=self._key, digest_size=16
        ).digest()
        people = self._said.setdefault(mark, OrderedDict())
        self._said.move_to_end(mark)
        people[person] = now
        people.move_to_end(person)
        while len(people) > SAME + 1 or next(iter(people.values())) <= now - MINUTE:
            people.popitem(last=False)
        if len(self._said) > MOST_PEOPLE:
            self._said.popitem(last=False)
        return len(people) > SAME
