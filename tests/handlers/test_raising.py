"""From a talk to a case: who may see it, what rings, and what never rings."""

from dataclasses import replace

import pytest

from handlers import raising, routes
from handlers.cases import Priority, Route, Status
from handlers.effects import Change, Hook, Remind, Say, Show
from handlers.events import Wait
from handlers.view import Officer, Role
from tests.handlers.views import AREA, BEGIN, INDEPENDENT, LEAD, Chat, Counting, case, chat

PLAIN = Officer("song", "Chú Sông", Role.OFFICER, chat=True)
SCHOOL = Officer("cay", "Thầy Cây", Role.OFFICER, school=True, chat=True)
DESK_ONLY = Officer("la", "Cô Lá", Role.OFFICER)
ROSTER = (LEAD, PLAIN, SCHOOL, DESK_ONLY, INDEPENDENT)


@pytest.mark.parametrize(
    ("facts", "group", "places"),
    [
        ({}, True, ("group",)),
        ({}, False, ("officer:may", "officer:song", "officer:cay")),
        ({"school_hidden": True}, True, ("officer:may", "officer:song")),
        ({"route": Route.LEADS}, True, ("officer:may", "officer:nui")),
        ({"route": Route.INDEPENDENT}, True, ("officer:nui",)),
    ],
)
def test_a_card_stands_only_where_it_may_be_seen(
    facts: dict[str, object], group: bool, places: tuple[str, ...]
) -> None:
    assert routes.places(ROSTER, case(**facts), group=group) == places


def test_without_school_people_the_group_may_see_a_case_of_the_school() -> None:
    assert routes.places((LEAD, PLAIN), case(school_hidden=True), group=True) == ("group",)


def test_where_nobody_has_a_chat_the_second_road_is_called_at_once() -> None:
    there = chat("a.for.danger", roster=(DESK_ONLY,), group=False)
    assert there.of(Hook)
    assert not there.of(Show)


def test_new_words_ring_whoever_has_the_case_once() -> None:
    view = replace(Chat().view(), roster=(Officer("song", "Chú Sông", Role.OFFICER),))
    claimed = case(claimed_by="song", status=Status.RECEIVED)
    first, effects = raising.add_words(view, claimed, "a", Counting())
    assert [one.to for one in effects if isinstance(one, Say)] == ["officer:song"]
    _, effects = raising.add_words(view, first, "b", Counting())
    assert not [one for one in effects if isinstance(one, Say)]
    _, effects = raising.add_words(view, case(), "c", Counting())
    assert not [one for one in effects if isinstance(one, Say)]


def test_new_words_open_a_closed_case_again_and_ring() -> None:
    closed = case(status=Status.CLOSED, closed=BEGIN, reason="safe")
    opened, effects = raising.add_words(Chat().view(), closed, "a", Counting())
    assert opened.status is not Status.CLOSED
    assert [one.parts[0].key for one in effects if isinstance(one, Say)] == ["desk.reopened"]


def test_a_danger_that_is_known_rings_only_once() -> None:
    view = Chat().view()
    risen, effects = raising.raise_to(view, case(), Priority.P1, tapped=True)
    assert [one.parts[0].key for one in effects if isinstance(one, Say)] == ["desk.raised"]
    assert [one for one in effects if isinstance(one, Remind)]
    assert raising.raise_to(view, risen, Priority.P1, tapped=True) == (risen, [])


def test_a_promise_that_stands_is_never_put_off() -> None:
    promised = case(answer_by=BEGIN)
    risen, _ = raising.raise_to(Chat().view(), promised, Priority.P1, tapped=True)
    assert risen.answer_by == BEGIN
    assert raising.sooner(case(answer_by=BEGIN, answered=BEGIN), BEGIN.replace(hour=9)).hour == 9


def test_a_claimed_case_needs_no_second_call() -> None:
    effects = raising.alerts(Chat().view(), case(priority=Priority.P1, claimed_by="may"))
    assert not [one for one in effects if isinstance(one, Remind)]


def test_without_anybody_independent_a_case_against_an_official_is_seen_by_the_leads() -> None:
    there = chat("a.for.me", "a.now.no", "a.what.hit", "go.skip", "a.who.official")
    there.press("go.danger")
    assert there.case is not None
    assert there.case.route is Route.LEADS
    assert [show.place for show in there.of(Show)] == ["officer:may"]


def test_a_case_whose_officer_left_is_called_out_again() -> None:
    view = Chat().view()
    keys = [one.parts[0].key for one in raising.freed(view, case()) if isinstance(one, Say)]
    assert keys == ["desk.freed"]
    alone = Chat(roster=(), group=False).view()
    assert [type(one) for one in raising.freed(alone, case())] == [Hook]


def test_facts_that_change_change_the_card_and_others_do_not() -> None:
    there = chat("a.for.me", "a.now.no", "a.what.hit", "go.send", "a.age.7-10")
    assert there.of(Change)
    assert there.of(Show)
    there.press("go.skip")
    assert not there.of(Show)


def test_whoever_may_not_see_a_case_any_more_lets_it_go_and_others_are_called() -> None:
    view = Chat(roster=(LEAD, SCHOOL)).view()
    for priority in (Priority.P1, Priority.P3):
        before = case(claimed_by="cay", status=Status.RECEIVED, priority=priority)
        after, effects = raising.rerouted(view, before, replace(before, school_hidden=True))
        assert (after.claimed_by, after.status) == (None, Status.NEW)
        assert "desk.raised" in [one.parts[0].key for one in effects if isinstance(one, Say)]
        assert bool([one for one in effects if isinstance(one, Remind)]) == (priority == "P1")
    verifying = case(claimed_by="cay", status=Status.VERIFYING)
    assert raising.unclaimed(verifying).status is Status.VERIFYING


def test_whoever_still_may_see_a_case_keeps_it() -> None:
    before = case(claimed_by="may", status=Status.RECEIVED)
    after, effects = raising.rerouted(Chat().view(), before, replace(before, route=Route.LEADS))
    assert after.claimed_by == "may"
    assert {one.place for one in effects if isinstance(one, Show)} == {"group", "officer:may"}


def test_new_words_of_an_urgent_case_must_be_opened_in_time() -> None:
    urgent = case(priority=Priority.P1, claimed_by="may", status=Status.RECEIVED)
    _, effects = raising.add_words(Chat().view(), urgent, "a", Counting())
    assert Wait.UNOPENED in {one.wait for one in effects if isinstance(one, Remind)}


def test_a_group_named_in_a_typed_place_goes_on_the_card() -> None:
    view = Chat().view()
    assert raising.area(view, "=ngõ 5 tổ 2") == "Tổ dân phố 2"
    assert raising.area(view, "=ngõ 5 tổ 99") == ""


def test_a_place_that_is_no_group_stays_sealed() -> None:
    view = Chat().view()
    assert raising.area(view, AREA) == "Tổ dân phố 1"
    assert raising.area(view, "g99") == raising.area(view, "=ngõ 3") == ""
