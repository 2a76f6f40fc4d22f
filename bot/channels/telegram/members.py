"""Who is in the officers' group: asked anew each minute, at once after a change, no when unsure."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bot.channels.channel import Undelivered
from bot.channels.telegram.fields import table

FRESH = 60.0
"""Seconds that an answer counts: a removed officer loses access within this time."""
MOST = 1000
"""Answers kept; strangers who press forged buttons must not fill the memory."""


_IN = frozenset({"creator", "administrator", "member"})


def is_in(member: Any) -> bool:
    """Read a ChatMember: whether that person is in the group."""
    status = table(member).get("status")
    if status == "restricted":
        return table(member).get("is_member") is True
    return status in _IN


class Members:
    """A short memory over `ask(group, person)`, which raises Undelivered when it cannot tell."""

    def __init__(self, ask: Callable[[str, str], Awaitable[bool]]) -> None:
        """Start with no memory."""
        self._ask = ask
        self._known: dict[tuple[str, str], tuple[float, bool]] = {}
        self._changes = 0

    async def has(self, group: str, person: str) -> bool:
        """Tell whether the person is in the group; a failure is no, and is not remembered."""
        now = asyncio.get_running_loop().time()
        known = self._known.get((group, person))
        if known and now - known[0] < FRESH:
            return known[1]
        changes = self._changes
        try:
            answer = await self._ask(group, person)
        except (Undelivered, ValueError):  # ValueError: an address that is not a number
            return False
        if changes == self._changes:  # else a change overtook the answer: do not keep it
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[group, person] = (now, answer)
        return answer

    def forget(self, person: str) -> None:
        """Ask anew about this person: their standing has changed."""
        self._changes += 1
        for key in [key for key in self._known if key[1] == person]:
            del self._known[key]
