"""Moments as they are stored: whole milliseconds UTC, so that any database orders them alike."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def ms(moment: datetime) -> int:
    """Give a moment as milliseconds UTC; ValueError for one without a time zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return (moment - EPOCH) // _MS


def at(stored: int) -> datetime:
    """Give the moment of stored milliseconds."""
    return EPOCH + timedelta(milliseconds=stored)


def ms_or_none(moment: datetime | None) -> int | None:
    """Give an optional moment as milliseconds."""
    return None if moment is None else ms(moment)


def at_or_none(stored: int | None) -> datetime | None:
    """Give the moment of optional stored milliseconds."""
    return None if stored is None else at(stored)
