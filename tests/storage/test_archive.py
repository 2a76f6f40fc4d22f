"""The second wrap, and a closed case put away: only the committee's offline key opens it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.cases import Case, Reason, Status, close
from handlers.effects import Add, Change, EntryKind, Link
from storage import archive, audit, cards, cases, entries, export, links, retention
from storage.cards import Card
from storage.committee import Private
from storage.recovery import key_of, recover
from storage.retention import Periods
from storage.seal import RootKey, Seal
from tests.storage.rotated import OLD, populate, rotate
from tests.storage.store import SECRET, Store

PAIR = Private.new()
LATER = Private.new()
DAY = timedelta(days=1)
PERIODS = Periods(DAY, 7 * DAY, 30 * DAY, 30 * DAY, 90 * DAY, 24, archive=14 * DAY)


@pytest.fixture
def ward(store: Store) -> Store:
    """A store of a ward that has a committee key."""
    store.seal = Seal(OLD, PAIR.public)
    return store


def closed(store: Store) -> Case:
    person = store.person()
    case = store.opened(person)
    case = close(replace(case, status=Status.REVIEW), Reason.SAFE, store.now)
    store.apply(Change(case))
    with store.tx() as tx:
        cards.put(tx, Card(case.id, "group", "group", "42"), store.now)
    return case


def untie(store: Store, case: Case) -> None:
    person = store.person()
    with store.tx() as tx:
        retention.untie(tx, case.id, person)


def sweep(store: Store, *, days: int) -> retention.Swept:
    store.later(days=days)
    with store.tx() as tx:
        tx.run("delete from meta where name = 'swept'")
        return retention.sweep(tx, store.now, PERIODS)


def wraps(store: Store, case: str) -> tuple[bool, bool]:
    """Whether the server and the committee can open a case."""
    (row,) = store.rows("select wrapped, committee from case_keys where case_id = ?", case)
    return row["wrapped"] is not None, row["committee"] is not None


def test_a_new_case_is_sealed_to_the_committee_as_well(ward: Store) -> None:
    case = ward.opened(ward.person())
    with ward.tx() as tx:
        assert key_of(tx, PAIR, case.id) == cases.key_of(tx, case.id)
        assert key_of(tx, LATER, case.id) is None
    (row,) = ward.rows("select committee from case_keys")
    assert len(row["committee"]) == 84


def test_without_a_committee_key_nothing_is_sealed_to_anybody(store: Store) -> None:
    case = store.opened(store.person())
    assert wraps(store, case.id) == (True, False)
    with store.tx() as tx:
        assert archive.wrap_again(tx) is None


def test_older_cases_are_sealed_to_the_committee_of_today_a_few_at_a_time(store: Store) -> None:
    ids = [store.opened(store.person(), secret=number).id for number in range(7)]
    for pair in (PAIR, LATER):
        store.seal = Seal(OLD, pair.public)
        after: str | None = ""
        steps = 0
        while after is not None:
            with store.tx() as tx:
                after = archive.wrap_again(tx, after, limit=3)
            steps += 1
        assert steps == 4
        with store.tx() as tx:
            assert all(key_of(tx, pair, case) == cases.key_of(tx, case) for case in ids)


def test_a_case_is_put_away_when_its_days_are_over_and_its_tie_is_cut(ward: Store) -> None:
    case = closed(ward)
    assert sweep(ward, days=15).archived == 0, "somebody is still tied to it"
    untie(ward, case)
    swept = sweep(ward, days=0)
    assert swept.archived == 1
    assert swept.deleted, "the journal must be emptied of the key"
    assert wraps(ward, case.id) == (False, True)
    with ward.tx() as tx:
        kept = cases.get(tx, case.id)
        assert kept is not None
        assert (kept.archived, kept.facts, kept.code) == (True, (), case.code)
        assert cases.key_of(tx, case.id) is None
        assert entries.of_case(tx, case.id) == ()
        assert cases.by_secret(tx, SECRET) is None
        assert cards.of_case(tx, case.id) == []
        assert audit.verify(tx) is None
    assert ward.rows("select act from audit order by number desc limit 1")[0]["act"] == "archive"


def test_what_is_open_or_kept_by_law_or_not_sealed_to_a_committee_is_not_put_away(
    ward: Store,
) -> None:
    case = closed(ward)
    untie(ward, case)
    with ward.tx() as tx:
        tx.run("update cases set hold = 1 where id = ?", case.id)
    assert sweep(ward, days=20).archived == 0
    with ward.tx() as tx:
        tx.run("update cases set hold = null where id = ?", case.id)
        tx.run("update case_keys set committee = null")
    assert sweep(ward, days=1).archived == 0
    assert wraps(ward, case.id) == (True, False)


def test_a_case_put_away_takes_in_nothing_and_ties_nobody(ward: Store) -> None:
    case = closed(ward)
    untie(ward, case)
    with ward.tx() as tx:
        archive.put_away(tx, case.id)
    ward.apply(
        Add("late", case.id, EntryKind.WORDS, "lời muộn"),
        Link(case.id, ward.person()),
        Change(replace(case, messages=99)),
    )
    with ward.tx() as tx:
        assert not entries.exists(tx, "late")
        assert links.people_of(tx, case.id) == []
        kept = cases.get(tx, case.id)
        assert kept is not None
        assert kept.messages != 99


def test_the_committee_still_reads_what_was_put_away(ward: Store) -> None:
    case = closed(ward)
    with ward.tx() as tx:
        archive.put_away(tx, case.id)
    with ward.tx() as tx:
        assert export.held(tx, case.id, address=False) is None
        key = key_of(tx, PAIR, case.id)
        held = export.held(tx, case.id, address=False, case_key=key)
    assert held is not None
    assert held.case.facts == case.facts
    assert [entry.text for entry in held.entries] == ["Bố đánh em"]


def test_what_was_put_away_is_shredded_in_its_time(ward: Store) -> None:
    case = closed(ward)
    untie(ward, case)
    assert sweep(ward, days=20).archived == 1
    assert sweep(ward, days=71).cases == 1
    assert ward.rows("select 1 from case_keys where case_id = ?", case.id) == []


def test_a_rotation_leaves_what_was_put_away_to_the_committee(ward: Store) -> None:
    populate(ward)
    case = ward.opened(ward.person(), secret=5)
    with ward.tx() as tx:
        archive.put_away(tx, case.id)
    rotate(ward, RootKey(bytes([9]) * 32))
    assert wraps(ward, case.id) == (False, True)
    with ward.tx() as tx:
        assert key_of(tx, PAIR, case.id) is not None


def test_a_recovery_leaves_what_was_put_away_sealed(ward: Store) -> None:
    case = ward.opened(ward.person(), secret=5)
    other = ward.opened(ward.person(), secret=6)
    with ward.tx() as tx:
        archive.put_away(tx, case.id)
    ward.seal = Seal(RootKey(bytes([9]) * 32), PAIR.public)
    with ward.tx() as tx:
        found = recover(tx, PAIR, (OLD.id,))
        assert (found.cases, found.archived, found.lost) == (1, 1, 0)
        kept = cases.get(tx, other.id)
        assert kept is not None
        assert kept.facts == other.facts
    assert wraps(ward, case.id) == (False, True)


def test_a_wrap_moved_to_another_case_opens_nothing(ward: Store) -> None:
    one, two = (ward.opened(ward.person(), secret=number) for number in (1, 2))
    with ward.tx() as tx:
        tx.run(
            "update case_keys set committee ="
            " (select committee from case_keys where case_id = ?) where case_id = ?",
            one.id,
            two.id,
        )
        assert key_of(tx, PAIR, two.id) is None
