"""The board hides nothing that is urgent, whatever is heaped upon it."""

from dataclasses import replace

import pytest

from handlers.cases import Case, Priority, Route
from handlers.effects import Open
from handlers.routes import may_see_such
from handlers.view import Officer, Role
from storage import cases
from tests.storage.store import Store, house

WARD = house().ward.id


@pytest.fixture
def heaped(store: Store) -> tuple[Store, Case]:
    """210 bare presses, then one that says something, then a crowd of everything else."""
    child = store.person()
    for number in range(210):
        store.apply(Open(store.case(priority=Priority.P1), child, number), person=child)
    store.later(minutes=1)
    real = store.opened(child, secret=300, priority=Priority.P1)
    for number in range(310, 520):
        store.opened(child, secret=number, priority=Priority.P2)
    for number in range(600, 850):
        store.opened(child, secret=number, priority=Priority.P3)
    return store, real


def test_every_p1_and_p2_is_on_it_and_words_come_first(heaped: tuple[Store, Case]) -> None:
    store, real = heaped
    with store.tx() as tx:
        board = cases.board(tx, WARD)
        assert board[0].id == real.id
        many = [sum(case.priority is one for case in board) for one in Priority]
        assert many == [211, 210, cases.MOST_P3]
        assert [case.priority for case in board] == sorted(case.priority for case in board)
        assert cases.beyond(tx, WARD) == 50


def test_somebody_takes_a_silent_one_and_it_stands_before_the_others(
    heaped: tuple[Store, Case],
) -> None:
    store, real = heaped
    with store.tx() as tx:
        taken = cases.board(tx, WARD)[100]
        cases.change(tx, replace(taken, claimed_by="o1"))
    with store.tx() as tx:
        assert {case.id for case in cases.board(tx, WARD)[:2]} == {real.id, taken.id}


def test_what_an_officer_may_see_is_not_crowded_out_by_what_they_may_not(store: Store) -> None:
    child = store.person()
    for number in range(5):
        store.opened(child, secret=number, priority=Priority.P3)
    mine = store.opened(child, secret=9, priority=Priority.P3, route=Route.INDEPENDENT)
    outside = Officer("x", "Cô Xuân", Role.INDEPENDENT)
    with store.tx() as tx:
        may = lambda route, hidden: may_see_such(outside, route, hidden)  # noqa: E731
        assert cases.board(tx, WARD, may, most=2) == [mine]
        assert cases.beyond(tx, WARD, may, most=2) == 0
