"""How fast somebody writes, who says the very same, and the pile; nothing of it names anybody."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from handlers.effects import Aside, Forget, Keep, Pile, Unpile
from handlers.talk import Talk
from storage import pace, piles
from storage.pace import MOST_LINES, SAME, Echoes, Paces
from tests.storage.store import START as NOW
from tests.storage.store import Store

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def test_twenty_lines_a_minute_are_answered_one_by_one_and_the_next_is_not() -> None:
    paces = Paces()
    assert [paces.hurries("a", NOW + n * SECOND) for n in range(MOST_LINES)] == [False] * MOST_LINES
    assert paces.hurries("a", NOW + 30 * SECOND)
    assert not paces.hurries("b", NOW + 30 * SECOND), "nobody else is slowed"


def test_who_writes_three_seconds_apart_is_never_slowed() -> None:
    paces = Paces()
    assert not any(paces.hurries("a", NOW + 3 * n * SECOND) for n in range(200))


def test_a_minute_later_it_is_over_but_the_pile_is_still_looked_for() -> None:
    paces = Paces()
    for _ in range(MOST_LINES + 1):
        paces.hurries("a", NOW)
    assert not paces.hurries("a", NOW + MINUTE)
    assert paces.lately("a", NOW + 2 * MINUTE)
    assert not paces.lately("a", NOW + 6 * MINUTE)
    assert not paces.lately("b", NOW)


def test_seven_people_who_say_the_very_same_are_an_echo_however_they_type_it() -> None:
    echoes = Echoes()
    said = [echoes.one_more(f"p{n}", "Cứu em với!", NOW) for n in range(SAME)]
    assert said == [False] * SAME
    assert echoes.one_more("other", "cuu em voi", NOW)
    assert not echoes.one_more("other", "cứu bạn em với", NOW)


def test_one_who_says_it_many_times_is_no_echo_and_a_minute_ends_it() -> None:
    echoes = Echoes()
    assert not any(echoes.one_more("a", "cứu em", NOW) for _ in range(50))
    for n in range(SAME):
        echoes.one_more(f"p{n}", "cứu em", NOW)
    assert not echoes.one_more("late", "cứu em", NOW + MINUTE)


def test_memory_stays_flat_in_the_number_of_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_PEOPLE", 10)
    paces, echoes = Paces(), Echoes()
    for n in range(100):
        for _ in range(MOST_LINES + 1):
            paces.hurries(f"p{n}", NOW)
        echoes.one_more("a", f"câu {n}", NOW)
    assert max(len(paces._lines), len(paces._hurried), len(echoes._said)) <= 10


def waiting(store: Store, person: str, side: str = "resident") -> tuple[str, ...]:
    with store.tx() as tx:
        assert piles.many(tx, person, side) == len(piles.lines(tx, person, side))
        return piles.lines(tx, person, side)


def piled(store: Store, person: str) -> None:
    lines = (Pile(person, "resident", f"câu {n} 😢") for n in (1, 2))
    store.apply(Keep(Talk(person, "resident")), *lines)


def test_lines_wait_in_their_order_and_sealed(store: Store) -> None:
    person = store.person()
    piled(store, person)
    assert waiting(store, person) == ("câu 1 😢", "câu 2 😢")
    bodies = store.rows("select body from piles")
    assert not any("câu".encode() in row["body"] for row in bodies)


@pytest.mark.parametrize(
    "end",
    [lambda p: Unpile(p, "resident"), lambda p: Forget(p, "resident")],
    ids=["joined", "not to be sent"],
)
def test_they_are_gone_when_they_have_joined_or_are_not_to_be(
    store: Store, end: Callable[[str], Unpile | Forget]
) -> None:
    person = store.person()
    piled(store, person)
    store.apply(end(person))
    assert waiting(store, person) == ()


def test_they_go_with_a_talk_that_is_put_away(store: Store) -> None:
    person = store.person()
    piled(store, person)
    store.apply(Aside(person, "left-1"))
    assert waiting(store, person) == ()
    assert waiting(store, person, "left-1") == ("câu 1 😢", "câu 2 😢")
