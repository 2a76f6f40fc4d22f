"""Deadlines from the ward's table. Danger runs on the wall clock, the rest on working days.

All times in are UTC; Việt Nam has one time zone and no summer time.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta, timezone

from handlers.cases import Priority
from handlers.ward import Span, Ward

VIETNAM = timezone(timedelta(hours=7), "ICT")
LAST_HOUR = timedelta(hours=1)
"""A P2 that comes in the last hour of the day is answered on the next working day."""


def local(moment: datetime) -> datetime:
    """Give the moment on a Vietnamese wall clock."""
    return moment.astimezone(VIETNAM)


def on(day: datetime, clock: time) -> datetime:
    """Give that day's moment of a wall clock."""
    return day.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)


def working_day(ward: Ward, day: datetime, ahead: int) -> datetime:
    """Give the day that is `ahead` working days later; 0: the day itself, or the next one."""
    for _ in range(400):
        if ward.works_on(day.date()):
            if ahead == 0:
                return day
            ahead -= 1
        day += timedelta(days=1)
    raise ValueError("a ward that never works")


def closing(ward: Ward, day: datetime) -> datetime:
    """Give the end of that day's office hours."""
    return on(day, ward.working[-1].end)


def answer_by(ward: Ward, priority: Priority, now: datetime) -> datetime:
    """Give until when a person answers at the latest; the only source of `{han}`."""
    if priority is Priority.P1:
        return now + timedelta(minutes=ward.p1_minutes)
    day = local(now)
    if day > closing(ward, day) - LAST_HOUR:
        day += timedelta(days=1)
    days = ward.p2_days if priority is Priority.P2 else ward.p3_days
    return closing(ward, working_day(ward, day, days))


def claim_by(ward: Ward, now: datetime) -> datetime:
    """Give until when somebody must have claimed a P1; then the people on duty are called."""
    return now + timedelta(minutes=ward.claim_minutes_p1)


def works(ward: Ward, now: datetime) -> bool:
    """Tell whether the office is open; duty outside its hours is a later table."""
    here = local(now)
    return ward.works_on(here.date()) and any(span.holds(here.time()) for span in ward.working)


def opens(ward: Ward, now: datetime) -> datetime:
    """Give the next moment at which the office is open."""
    if works(ward, now):
        return now
    day = local(now)
    for span in ward.working:
        if ward.works_on(day.date()) and day.time() < span.start:
            return on(day, span.start)
    day = working_day(ward, day + timedelta(days=1), 0)
    return on(day, ward.working[0].start)


def promised(ward: Ward, by: datetime, now: datetime) -> datetime:
    """Give until when a reporter is promised an answer: at night, not before the office opens.

    The officers' own deadline stays as it is; a promise nobody can keep is worse than a late one.
    """
    return max(by, opens(ward, now) + timedelta(minutes=ward.p1_minutes))


def emergency_by(ward: Ward, opened: datetime) -> datetime:
    """Give the end of the law's clock for a child in serious danger (Decree 56/2017 Art. 26.3)."""
    return opened + timedelta(hours=ward.emergency_hours)


def clock(moment: datetime) -> str:
    """Say the time of day."""
    return local(moment).strftime("%H:%M")


def moment(then: datetime, now: datetime, weekdays: Sequence[str], today: str) -> str:
    """Say a moment shortly: "17:00 hôm nay", "17:00 thứ Năm 26/11"."""
    there = local(then)
    if there.date() == local(now).date():
        return f"{clock(then)} {today}"
    return f"{clock(then)} {weekdays[there.weekday()]} {there.day}/{there.month}"


def next_slot(span: Span | None, now: datetime) -> datetime:
    """Give the next moment inside a daily span of the wall clock; None means at any time."""
    if span is None:
        return now
    here = local(now)
    if here.time() < span.start:
        return on(here, span.start)
    return now if span.holds(here.time()) else on(here, span.start) + timedelta(days=1)
