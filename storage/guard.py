"""When expiry must stop and ask. This is the only place where the rule stands.

It knows no database and no clock; docs/decisions/0011 says why.
"""

from datetime import datetime, timedelta
from enum import StrEnum

JUMP = timedelta(hours=48)
"""A clock further than this from the last run's is not believed, forwards or backwards."""
FEW = 5
"""So many cases may always go at once: a small ward must not be asked about every handful."""
MANY = 50
"""More than so many never go unasked, however large the ward is."""
SHARE = 5
"""Between the two: no more than one case in so many."""


class Held(StrEnum):
    """Why no case was deleted; after a jump, nothing of anybody."""

    JUMPED = "clock-jumped"
    MANY = "too-many-expired"


def held(last: datetime | None, now: datetime, expired: int, cases: int) -> Held | None:
    """Tell why a run must ask first; None: it may delete.

    `last`: when a run last went through; None before the first. `expired`: how many cases it
    would shred, or take the pictures of, out of `cases`.
    """
    if last is not None and abs(now - last) > JUMP:
        return Held.JUMPED
    if expired <= FEW:
        return None
    return Held.MANY if expired > MANY or expired * SHARE > cases else None
