"""The table of moves, closing, reopening, and the four forms a reporter sees."""

from dataclasses import replace
from itertools import product

import pytest

from handlers.cases import (
    MOVES,
    Case,
    IllegalMoveError,
    Priority,
    Reason,
    Route,
    Status,
    close,
    coarse,
    move,
    needs_second_person,
    reopened,
    with_words,
)
from tests.handlers.office import CASE, NOW


@pytest.mark.parametrize(("start", "to"), list(product(Status, Status)))
def test_every_pair_is_allowed_by_the_table_or_refused(start: Status, to: Status) -> None:
    case = replace(CASE, status=start)
    if to in MOVES[start]:
        assert move(case, to) == replace(case, status=to)
    else:
        with pytest.raises(IllegalMoveError, match=f"{start} → {to}"):
            move(case, to)
        assert case.status is start


def test_the_table_speaks_of_every_status_and_nothing_moves_to_where_it_is() -> None:
    assert set(MOVES) == set(Status)
    assert all(status not in MOVES[status] for status in Status)


def test_every_open_case_can_be_closed_and_a_closed_one_only_taken_up_again() -> None:
    for status in set(Status) - {Status.CLOSED}:
        assert close(replace(CASE, status=status), Reason.SAFE, NOW).status is Status.CLOSED
    assert MOVES[Status.CLOSED] == {Status.RECEIVED}


def test_every_status_can_be_reached_from_a_new_case() -> None:
    reached = {Status.NEW}
    for _ in Status:
        reached |= {to for start in reached for to in MOVES[start]}
    assert reached == set(Status)


def test_closing_writes_when_and_why_and_ends_the_proposal() -> None:
    proposed = replace(CASE, proposed_by="song", proposed_reason="safe")
    closed = close(proposed, Reason.ELSEWHERE, NOW)
    assert (closed.closed, closed.reason) == (NOW, "elsewhere")
    assert (closed.proposed_by, closed.proposed_reason) == (None, "")


def test_closing_twice_is_refused() -> None:
    with pytest.raises(IllegalMoveError):
        close(close(CASE, Reason.SAFE, NOW), Reason.SAFE, NOW)


ANSWERED = replace(CASE, answered=NOW)


@pytest.mark.parametrize(
    ("case", "two"),
    [
        (ANSWERED, False),
        (replace(ANSWERED, priority=Priority.P3), False),
        (CASE, True),
        (replace(ANSWERED, priority=Priority.P1), True),
        (replace(ANSWERED, kind="SEXUAL"), True),
        (replace(ANSWERED, route=Route.LEADS), True),
        (replace(ANSWERED, route=Route.INDEPENDENT), True),
        (replace(ANSWERED, school_hidden=True), True),
    ],
)
def test_grave_or_unanswered_cases_are_closed_by_two(case: Case, two: bool) -> None:
    assert needs_second_person(case) is two


def test_new_words_are_counted_and_unread() -> None:
    case = with_words(CASE, NOW)
    assert (case.last_words, case.messages, case.unread) == (NOW, 2, 2)
    assert case.status is Status.NEW


def test_new_words_reopen_a_closed_case_and_it_is_nobodys_again() -> None:
    claimed = replace(CASE, status=Status.RECEIVED, claimed_by="song", claimed=NOW)
    case = with_words(close(claimed, Reason.SAFE, NOW), NOW)
    assert case.status is Status.RECEIVED
    assert (case.closed, case.reason, case.claimed_by, case.claimed) == (None, "", None, None)


def test_new_words_in_open_work_leave_it_with_whoever_has_it() -> None:
    claimed = replace(CASE, status=Status.RECEIVED, claimed_by="song", claimed=NOW)
    assert with_words(claimed, NOW).claimed_by == "song"


def test_a_proposal_to_close_falls_with_new_words() -> None:
    proposed = replace(CASE, proposed_by="song", proposed_reason="safe")
    assert reopened(proposed) == CASE
    assert with_words(proposed, NOW).proposed_by is None


def test_a_reporter_sees_four_forms_only() -> None:
    seen = {coarse(replace(c, status=s)) for c in (CASE, ANSWERED) for s in Status}
    assert seen == {"received", "looked_at", "answered", "done"}
    assert coarse(CASE) == "received"
    assert coarse(replace(CASE, status=Status.POLICE)) == "looked_at"
    assert coarse(replace(ANSWERED, status=Status.POLICE)) == "answered"
    assert coarse(close(ANSWERED, Reason.SAFE, NOW)) == "done"


def test_a_fact_that_was_not_given_is_empty() -> None:
    assert (CASE.fact("who"), CASE.fact("age")) == ("home", "")
