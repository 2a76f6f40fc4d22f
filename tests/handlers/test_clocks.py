"""Deadlines: danger on the wall clock, the rest on working days of Việt Nam."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from handlers import clocks
from handlers.cases import Priority
from handlers.ward import Span
from tests.handlers.views import HOUSE, house

WARD = HOUSE.ward
DAYS = tuple(HOUSE.texts.say(f"day.{n}", "vi", "") for n in range(7))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in Việt Nam (the 23rd is a Monday)."""
    return datetime(2026, 11, day, hour, minute, tzinfo=clocks.VIETNAM)


@pytest.mark.parametrize(
    ("priority", "now", "by"),
    [
        (Priority.P1, at(24, 2), at(24, 2, 30)),
        (Priority.P2, at(24, 15), at(24, 17)),
        (Priority.P2, at(24, 16, 30), at(25, 17)),  # in the last hour: the next working day
        (Priority.P2, at(27, 20), at(30, 17)),  # Friday night: Monday
        (Priority.P3, at(24, 9), at(26, 17)),
        (Priority.P3, at(26, 9), at(30, 17)),  # over a weekend
    ],
)
def test_an_answer_is_due(priority: Priority, now: datetime, by: datetime) -> None:
    assert clocks.answer_by(WARD, priority, now.astimezone(UTC)) == by


def test_a_day_off_is_no_working_day() -> None:
    ward = house(days_off=frozenset({date(2026, 11, 24)})).ward
    assert clocks.answer_by(ward, Priority.P2, at(24, 9)) == at(25, 17)
    assert not clocks.works(ward, at(24, 9))
    assert clocks.opens(ward, at(24, 9)) == at(25, 8)


def test_a_ward_that_never_works_is_a_bug_that_says_so() -> None:
    with pytest.raises(ValueError, match="never works"):
        clocks.working_day(house(working_days=frozenset()).ward, at(24, 9), 0)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(24, 9), at(24, 9)),
        (at(24, 6), at(24, 8)),
        (at(24, 12, 30), at(24, 13, 30)),
        (at(24, 18), at(25, 8)),
        (at(28, 9), at(30, 8)),
    ],
)
def test_the_office_opens(now: datetime, opens: datetime) -> None:
    assert clocks.opens(WARD, now) == opens


def test_at_night_nobody_is_promised_what_nobody_keeps() -> None:
    assert clocks.promised(WARD, at(24, 2, 30), at(24, 2)) == at(24, 8, 30)
    assert clocks.promised(WARD, at(24, 17), at(24, 15)) == at(24, 17)


def test_the_law_s_clock_runs_on_the_wall() -> None:
    assert clocks.emergency_by(WARD, at(24, 22)) - at(24, 22) == timedelta(hours=12)


def test_a_moment_is_said_shortly() -> None:
    assert clocks.moment(at(24, 17), at(24, 9), DAYS, "hôm nay") == "17:00 hôm nay"
    assert clocks.moment(at(26, 17), at(24, 9), DAYS, "hôm nay") == "17:00 thứ Năm 26/11"


def test_a_phone_lights_up_only_in_the_hours_allowed() -> None:
    evening = Span(time(19), time(21))
    assert clocks.next_slot(None, at(24, 3)) == at(24, 3)
    assert clocks.next_slot(evening, at(24, 15)) == at(24, 19)
    assert clocks.next_slot(evening, at(24, 20)) == at(24, 20)
    assert clocks.next_slot(evening, at(24, 21)) == at(25, 19)
