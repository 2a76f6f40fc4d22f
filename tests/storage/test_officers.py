"""The roster, links that work once, and sessions at the desk."""

from dataclasses import replace
from datetime import timedelta

from handlers.cases import Priority
from handlers.effects import Keep, Part, Say
from handlers.events import Side
from handlers.talk import Talk
from handlers.view import Role
from storage import cases, invites, lanes, officers, people, places, sessions, times
from storage.invites import Invite, Opens
from tests.storage.store import CHILD, START, Store, house

WARD = house().ward.id


def test_the_roster_is_one_wards_in_the_order_of_joining(store: Store) -> None:
    first = store.officer("Cô Mai")
    store.later(seconds=1)
    second = store.officer("Chú Nam", role=Role.LEAD, called="chú", school=True, duty=False)
    with store.tx() as tx:
        assert officers.roster(tx, WARD) == (first, second)
        assert officers.roster(tx, "another ward") == ()
        assert officers.get(tx, "nobody") is None


def test_an_officer_can_be_changed(store: Store) -> None:
    officer = replace(store.officer(), name="Cô Lan", duty=False, role=Role.LEAD)
    with store.tx() as tx:
        officers.change(tx, officer)
        assert officers.get(tx, officer.id) == officer


def test_whoever_leaves_the_roster_leaves_nothing_open(store: Store) -> None:
    officer = store.officer()
    address = store.with_chat(officer)
    person = store.person(address)
    store.apply(
        Say(f"officer:{officer.id}", (Part("words"),)),
        Keep(Talk(person, Side.DESK, flow="reply")),
        Keep(Talk(person, Side.RESIDENT, flow="report")),
    )
    with store.tx() as tx:
        invites.make(tx, "t", Invite(Opens.DESK, officer.id), store.now + timedelta(days=1))
        invites.make(tx, "u", Invite(Opens.DESK, officer.id), store.now + timedelta(days=1))
        assert sessions.enter(tx, "t", "cookie", store.now) == officer.id
        officers.remove(tx, officer.id)
        assert sessions.officer(tx, "cookie", store.now) is None
        assert invites.look(tx, "u", store.now) is None
        known = people.get(tx, person)
        assert known is not None
        assert known.officer is None
    assert (store.count("outbox"), store.count("officers")) == (0, 0)
    # Their own talk as a resident is theirs.
    assert [row["side"] for row in store.rows("select side from talks")] == ["resident"]


def test_a_link_to_the_desk_works_once_and_a_door_is_no_link(store: Store) -> None:
    officer = store.officer()
    with store.tx() as tx:
        for token, kind in [("desk", Opens.DESK), ("door", Opens.DOOR)]:
            invites.make(tx, token, Invite(kind, officer.id), store.now + timedelta(hours=1))
        assert sessions.enter(tx, "door", "cookie", store.now) is None
        assert sessions.enter(tx, "desk", "cookie", store.now) == officer.id
        assert sessions.enter(tx, "desk", "other", store.now) is None
        assert sessions.officer(tx, "other", store.now) is None
        assert sessions.officer(tx, "cookie", store.now) == officer.id
        sessions.leave(tx, "cookie")
        assert sessions.officer(tx, "cookie", store.now) is None


def test_the_board_shows_open_cases_the_most_urgent_first(store: Store) -> None:
    child = store.person()
    third = store.opened(child, secret=1, priority=Priority.P3)
    store.later(minutes=1)
    second = store.opened(child, secret=2, priority=Priority.P1)
    store.later(minutes=1)
    first = store.opened(child, secret=3, priority=Priority.P1, opened=START)
    store.opened(child, secret=4, closed=store.now)
    store.opened(child, secret=5, ward="another")
    with store.tx() as tx:
        assert cases.board(tx, WARD) == [first, second, third]
        assert cases.board(tx, WARD, most=0) == [first, second]
        assert cases.beyond(tx, WARD, most=0) == 1


def test_a_place_can_move_and_go(store: Store) -> None:
    with store.tx() as tx:
        assert places.get(tx, WARD, "group") is None
        places.put(tx, WARD, "group", CHILD)
        assert places.get(tx, WARD, "group") == CHILD
        assert places.exists(tx, WARD, "group")
        places.drop(tx, WARD, "group")
        assert not places.exists(tx, WARD, "group")


def test_a_person_can_be_forgotten(store: Store) -> None:
    person = store.person()
    store.apply(Keep(Talk(person, Side.RESIDENT)))
    with store.tx() as tx:
        assert people.address(tx, person) == CHILD
        people.forget(tx, person)
        assert people.get(tx, person) is None
    assert store.count("talks") == 0


def test_moments_keep_their_milliseconds() -> None:
    moment = START + timedelta(milliseconds=123)
    assert times.at(times.ms(moment)) == moment
    assert times.at_or_none(times.ms_or_none(None)) is None


def test_an_empty_database_waits_for_nothing(store: Store) -> None:
    with store.tx() as tx:
        assert lanes.next_due(tx) is None
        assert lanes.due(tx, store.now) == []
