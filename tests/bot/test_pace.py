"""The buckets, walked through time: no platform ever has to ask for a pause."""

import random
from collections.abc import Callable

import pytest

from bot import pace as paces
from bot.pace import Bucket, Pace, Rate

Sent = list[tuple[float, str]]


def greedy(lanes: list[str], seconds: float, *, pause: Callable[[float], float] = float) -> Sent:
    """Everybody sends as fast as they may, from a full bucket on; gives when who sent."""
    pace, now, sent = Pace(), 100.0, Sent()
    until = now + seconds
    ready = dict.fromkeys(lanes, now)
    while now < until:
        for lane in lanes:
            while ready[lane] <= now and pace.wait(lane, now) <= 0:
                pace.take(lane)
                sent.append((now, lane))
        now += pause(0.01)
    return sent


def most(times: list[float], window: float) -> int:
    """The largest number of moments within any window, both ends counted."""
    most, first = 0, 0
    for last, moment in enumerate(times):
        while moment - times[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_never_more_than_twenty_in_any_minute_to_a_group() -> None:
    times = [moment for moment, _ in greedy(["group"], 400)]
    assert most(times, 59.99) <= 20
    assert len(times) >= 95  # and not needlessly slow: about 15 a minute


@pytest.mark.parametrize("seed", range(5))
def test_nor_when_it_comes_in_waves(seed: int) -> None:
    chance = random.Random(seed)
    pace, now, times = Pace(), 0.0, list[float]()
    for _ in range(300):
        now += chance.choice((0.0, 0.0, 0.5, 4.0, 20.0, 61.0))
        while pace.wait("group", now) <= 0:
            pace.take("group")
            times.append(now)
    assert most(times, 59.99) <= 20


def test_one_a_second_to_a_chat_with_short_bursts() -> None:
    times = [moment for moment, _ in greedy(["telegram:a"], 120)]
    assert most(times, 0.5) <= 5
    for window in (5, 20, 60):
        assert most(times, window) <= window + 5
    assert most(times, 119) <= 119


def test_never_more_than_thirty_in_any_second_to_everybody() -> None:
    sent = greedy([f"telegram:{n}" for n in range(200)], 10)
    times = [moment for moment, _ in sent]
    assert most(times, 0.999) <= 30
    assert len(times) >= 240


def test_the_group_finds_a_place_at_once_however_large_the_crowd() -> None:
    pace = Pace()
    pace.wait("group", 0.0)
    for step in range(500):
        now = step / 100
        for n in range(100):
            if pace.wait(f"telegram:{n}", now) <= 0:
                pace.take(f"telegram:{n}")
        if step % 100 == 99:
            assert pace.wait("group", now) <= 0
            pace.take("group")


def test_a_place_given_back_is_there_again_but_never_more_than_a_burst() -> None:
    pace = Pace()
    for _ in range(4):
        assert pace.wait("telegram:a", 0.0) == 0
        pace.take("telegram:a")
    assert pace.wait("telegram:a", 0.0) > 0
    pace.give_back("telegram:a")
    assert pace.wait("telegram:a", 0.0) == 0
    for _ in range(50):
        pace.give_back("telegram:a")
    passed = 0
    while pace.wait("telegram:a", 0.0) <= 0:
        pace.take("telegram:a")
        passed += 1
    assert passed == 4


def test_taking_or_giving_back_without_having_waited_breaks_nothing() -> None:
    pace = Pace()
    pace.take("telegram:a")
    pace.give_back("telegram:a")
    assert pace.wait("telegram:a", 0.0) == 0


def test_waiting_as_long_as_told_is_enough() -> None:
    bucket = Bucket(Rate(1, 0.25), 0.0)
    bucket.take()
    assert bucket.wait(0.0) == 4.0
    assert bucket.wait(4.0) == 0.0


def test_memory_stays_flat_in_the_number_of_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paces, "MOST_LANES", 10)
    pace = Pace()
    for n in range(200):
        pace.wait(f"telegram:{n}", float(n))
        pace.take(f"telegram:{n}")
    assert len(pace.lanes) <= 12


def test_a_bucket_in_use_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paces, "MOST_LANES", 1)
    pace = Pace()
    for _ in range(4):
        pace.wait("telegram:a", 0.0)
        pace.take("telegram:a")
    pace.wait("telegram:b", 0.0)
    assert pace.wait("telegram:a", 0.0) > 0
