"""The audit chain: whoever changes, removes or adds a row is found at that row."""

import pytest

from handlers.effects import Audit
from storage import audit
from tests.storage.store import Store


@pytest.fixture
def chained(store: Store) -> Store:
    for number in range(1, 7):
        store.later(minutes=1)
        store.apply(Audit("open", f"officer{number}", "c1"))
    assert first_bad(store) is None
    return store


def first_bad(store: Store) -> int | None:
    with store.tx() as tx:
        return audit.verify(tx)


@pytest.mark.parametrize(
    "change",
    [
        "officer = 'somebody else'",
        "officer = null",
        "at = at + 1",
        "act = 'note'",
        "case_id = 'c2'",
        "ward = 'w2'",
        "chain = x'00'",
    ],
)
def test_a_changed_row_is_named(chained: Store, change: str) -> None:
    chained.rows(f"update audit set {change} where number = 4")
    assert first_bad(chained) == 4


def test_a_removed_row_is_named(chained: Store) -> None:
    chained.rows("delete from audit where number = 3")
    assert first_bad(chained) == 3


def test_rows_renumbered_over_a_gap_are_named(chained: Store) -> None:
    chained.rows("delete from audit where number = 3")
    chained.rows("update audit set number = number - 1 where number > 3")
    assert first_bad(chained) == 3


def test_rows_cut_off_at_the_end_are_named(chained: Store) -> None:
    chained.rows("delete from audit where number > 4")
    assert first_bad(chained) == 5


def test_all_rows_removed_are_noticed(chained: Store) -> None:
    chained.rows("delete from audit")
    assert first_bad(chained) == 1


def test_a_row_added_without_the_key_is_named(chained: Store) -> None:
    chained.rows(
        "insert into audit select 7, at, ward, act, officer, case_id, chain from audit where number = 6"
    )
    assert first_bad(chained) == 7


def test_two_rows_swapped_are_named(chained: Store) -> None:
    chained.rows("update audit set number = 20 where number = 2")
    chained.rows("update audit set number = 2 where number = 3")
    chained.rows("update audit set number = 3 where number = 20")
    assert first_bad(chained) == 2


def test_an_end_that_was_taken_away_is_noticed(chained: Store) -> None:
    chained.rows("delete from meta where name = 'audit_end'")
    assert first_bad(chained) == 7


def test_an_empty_chain_is_whole(store: Store) -> None:
    assert first_bad(store) is None
