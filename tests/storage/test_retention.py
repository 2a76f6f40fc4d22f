"""What is deleted and when, to the day; and what is held until somebody confirms it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.cases import Case, Status, with_words
from handlers.clocks import local
from handlers.effects import (
    Add,
    Aside,
    Audit,
    Change,
    Class,
    Delivered,
    Delivery,
    EntryKind,
    Keep,
    Knock,
    Link,
    Part,
    Remind,
    Say,
    Show,
)
from handlers.events import Address, Media, MediaKind, Side, Wait
from handlers.talk import Talk
from storage import (
    audit,
    cards,
    cases,
    files,
    guard,
    inbox,
    invites,
    links,
    outbox,
    people,
    retention,
    sessions,
    talks,
    tries,
    visible,
)
from storage.cards import Card
from storage.guard import Held
from storage.invites import Invite, Opens
from storage.retention import Periods, Swept
from storage.times import ms
from tests.storage.store import CHILD, PAGE, SECRET, START, Store, house

LINKS, LONGEST, CASES = timedelta(days=7), timedelta(days=30), timedelta(days=90)
PERIODS = Periods(timedelta(hours=24), LINKS, LONGEST, timedelta(days=30), CASES, 24)
MINUTE = timedelta(minutes=1)
OTHER = Address("telegram", "bot", "7100000009")


def sweep(store: Store, **more: bool) -> Swept:
    with store.tx() as tx:
        return retention.sweep(tx, store.now, PERIODS, **more)


def at(store: Store, moment: datetime) -> Swept:
    """Sweep at that moment, on a machine that has run all the time until then."""
    store.now = moment
    with store.tx() as tx:
        tx.run("delete from meta where name = 'swept'")
    return sweep(store)


def closed(store: Store, person: str, secret: int = SECRET, **change: object) -> Case:
    """A case of this person that is closed now; their talk still tells it."""
    case = store.opened(person, secret=secret, **change)
    store.apply(
        Keep(Talk(person, Side.RESIDENT, flow="report", case=case.id, spoken=store.now)),
        Change(replace(case, status=Status.CLOSED, closed=store.now)),
        Add(f"end of {case.id}", case.id, EntryKind.ANSWER, "tạm xong", delivery=Delivery.HELD),
    )
    return case


def gets(store: Store, person: str, case: Case) -> None:
    """The closing message reaches this person now."""
    store.apply(Delivered(f"end of {case.id}", Delivery.DELIVERED), person=person)


def at_day(store: Store, days: int) -> datetime:
    """Sweep on that day; gives the moment."""
    at(store, START + timedelta(days=days))
    return store.now


def many(store: Store, expired: int, others: int) -> None:
    """So many cases that are overdue, and so many that are open; nobody is tied to any."""
    with store.tx() as tx:
        for number in range(expired + others):
            gone = store.now - CASES if number < expired else None
            cases.open_case(tx, store.case(closed=gone), number)


# the small things


def sizes(store: Store) -> dict[str, int]:
    names = ("inbox", "dead_letters", "invites", "sessions", "tries", "knocks", "outbox", "talks")
    return {name: store.count(name) for name in names}


@pytest.fixture
def full(store: Store) -> Store:
    """One of everything that expires."""
    child, officer = store.person(), store.officer()
    store.apply(
        Knock("k1", "1234"),
        Keep(Talk(child, Side.RESIDENT, flow="report", spoken=store.now)),
        Keep(Talk(child, "left-1", flow="report", case="sent", spoken=store.now)),
        Say(child, (Part("campaign"),), rank=Class.CAMPAIGN),
        person=child,
    )
    with store.tx() as tx:
        assert inbox.first_time(tx, store.incoming(event_id="e1"), store.now)
        inbox.bury(tx, "telegram", b"{}", "KeyError", store.now)
        invites.make(tx, "t1", Invite(Opens.DESK, officer.id), store.now + timedelta(hours=1))
        invites.make(tx, "t2", Invite(Opens.DESK, officer.id), store.now + timedelta(hours=1))
        sessions.enter(tx, "t1", "cookie", store.now)
        tries.one_more(tx, child, store.now)
        parcel = outbox.claim(tx, f"telegram:{child}", store.now, 30)
        assert parcel is not None
        outbox.dead(tx, parcel, "blocked")
    assert set(sizes(store).values()) == {1, 2}
    return store


def test_nothing_is_deleted_before_its_time(full: Store) -> None:
    before = sizes(full)
    assert sweep(full) == Swept()
    assert sizes(full) == before


def test_each_thing_goes_when_its_time_has_come(full: Store) -> None:
    gone: dict[str, int] = {}
    before = sizes(full)
    for hour in range(1, 24 * 8):
        full.later(hours=1)
        sweep(full)
        for name, size in sizes(full).items():
            if size < before[name]:
                gone.setdefault(name, hour)
    assert gone == {
        "tries": 1,
        "invites": 1,
        "sessions": 12,
        "talks": 25,
        "inbox": 48,
        "dead_letters": 24 * 7,
        "knocks": 24 * 7,
        "outbox": 24 * 7,
    }
    # What was sent stays: it goes with its case.
    assert [row["side"] for row in full.rows("select side from talks")] == ["left-1"]


def test_the_same_event_counts_once_within_two_days(store: Store) -> None:
    with store.tx() as tx:
        first = store.incoming(event_id="e1")
        assert inbox.first_time(tx, first, store.now)
        assert not inbox.first_time(tx, first, store.now)
        other = store.incoming(first.sender.__class__("zalo", "bot", "7"), event_id="e1")
        assert inbox.first_time(tx, other, store.now)


# the tie between a case and its reporter


def test_a_tie_is_cut_link_days_after_the_end_was_told_and_the_words_still_open_the_case(
    store: Store,
) -> None:
    child = store.person()
    case = closed(store, child)
    told = store.later(days=3)
    gets(store, child, case)
    assert at(store, told + LINKS - MINUTE).ties == 0
    assert store.count("links") == 1
    assert at(store, told + LINKS).ties == 1
    assert (store.count("links"), store.count("talks"), store.count("people")) == (0, 0, 0)
    with store.tx() as tx:
        assert links.reporters(tx, case.id) == ()
        found = cases.by_secret(tx, SECRET)
        assert found is not None
        assert found.id == case.id
    assert store.count("entries") == 2


def test_a_tie_of_somebody_who_was_never_told_the_end_is_cut_at_the_latest_so_long_after_closing(
    store: Store,
) -> None:
    closed(store, store.person())
    assert at(store, START + LONGEST - MINUTE).ties == 0
    assert at(store, START + LONGEST).ties == 1


def test_the_end_told_late_never_outlasts_the_longest(store: Store) -> None:
    child = store.person()
    case = closed(store, child)
    store.later(days=29)
    gets(store, child, case)
    assert at(store, START + LONGEST).ties == 1


def test_an_answer_from_before_the_end_says_nothing_of_how_it_ended(store: Store) -> None:
    child = store.person()
    case = store.opened(child)
    store.apply(Add("a1", case.id, EntryKind.ANSWER, "cô đọc rồi", delivery=Delivery.HELD))
    store.later(minutes=1)
    store.apply(Change(replace(case, status=Status.CLOSED, closed=store.now)))
    store.apply(Delivered("a1", Delivery.DELIVERED), person=child)
    assert store.rows("select read from links")[0]["read"] is None


def test_in_a_chat_the_end_counts_from_its_delivery_and_on_a_page_from_being_fetched(
    store: Store,
) -> None:
    """No platform tells us whether anything was read."""
    child, page = store.person(), store.person(PAGE)
    case = closed(store, child)
    end = f"end of {case.id}"
    store.apply(
        Link(case.id, page),
        Say(child, (Part("answer"),), entry=end),
        Say(page, (Part("answer"),), entry=end),
    )
    arrived = store.later(minutes=2)
    with store.tx() as tx:
        parcel = outbox.claim(tx, f"telegram:{child}", store.now, 30)
        assert parcel is not None
        outbox.sent(tx, parcel, ("7",), store.now)
        [letter] = outbox.unread(tx, page)
    read = "select person, read from links order by read is null, read"
    assert [tuple(row) for row in store.rows(read)] == [(child, ms(arrived)), (page, None)]
    fetched = store.later(minutes=3)
    with store.tx() as tx:
        outbox.confirm(tx, page, letter.number, store.now)
    assert [row["read"] for row in store.rows(read)] == [ms(arrived), ms(fetched)]


def test_told_once_is_told_and_a_second_look_gives_no_more_days(store: Store) -> None:
    child = store.person()
    case = closed(store, child)
    gets(store, child, case)
    store.later(days=6)
    gets(store, child, case)
    assert at(store, START + LINKS).ties == 1


def test_with_the_tie_go_letters_waits_and_talks_put_away_but_nothing_of_another_case(
    store: Store,
) -> None:
    page = store.person(PAGE)
    case = closed(store, page)
    kept = store.opened(page, secret=1)
    store.apply(
        Aside(page, "left-1"),
        Keep(Talk(page, Side.RESIDENT, flow="report", case=kept.id, spoken=store.now)),
        Add("a1", case.id, EntryKind.ANSWER, "cô đọc rồi"),
        Add("a2", kept.id, EntryKind.ANSWER, "chú tới ngay"),
        Say(page, (Part("receipt"),)),
        Say(page, (Part("answer"),), entry="a1"),
        Say(page, (Part("answer"),), entry="a2"),
        Remind(Wait.NOTICE, store.now, case=case.id, person=page),
        Remind(Wait.NOTICE, store.now, case=kept.id, person=page),
    )
    gets(store, page, case)
    at(store, START + LINKS)
    assert [row["entry"] for row in store.rows("select entry from outbox")] == ["a2"]
    assert [row["case_id"] for row in store.rows("select case_id from deadlines")] == [kept.id]
    assert [row["side"] for row in store.rows("select side from talks")] == ["resident"]
    assert [row["case_id"] for row in store.rows("select case_id from links")] == [kept.id]
    assert store.count("people") == 1


def test_a_picture_held_for_another_story_stays(store: Store) -> None:
    page = store.person(PAGE)
    case = closed(store, page)
    picture, own = Media(MediaKind.PICTURE, "p1"), Media(MediaKind.PICTURE, "p0")
    told = Talk(page, Side.RESIDENT, case=case.id, held=("picture|p0",), spoken=store.now)
    store.apply(
        Keep(told),
        Aside(page, "left-1"),
        Keep(Talk(page, Side.RESIDENT, flow="report", held=("picture|p1",), spoken=store.now)),
    )
    with store.tx() as tx:
        files.hold(tx, page, picture, b"JPEG", store.now)
        files.hold(tx, page, own, b"JPEG", store.now)
        retention.untie(tx, case.id, page)
        assert files.adopt(tx, page, picture, case.id, "e1", store.now)
        assert not files.adopt(tx, page, own, case.id, "e2", store.now)
    assert store.count("talks") == 1


def two_drafts(store: Store) -> str:
    """Somebody has a draft that was put away, and is telling another story; one picture for each."""
    page = store.person(PAGE)
    mine = {"flow": "report", "spoken": store.now}
    store.apply(
        Keep(Talk(page, Side.RESIDENT, held=("picture|p0",), **mine)),
        Aside(page, "left-1"),
        Keep(Talk(page, Side.RESIDENT, held=("picture|p1",), **mine)),
    )
    with store.tx() as tx:
        for ref in ("p0", "p1"):
            files.hold(tx, page, Media(MediaKind.PICTURE, ref), b"JPEG", store.now)
    return page


def held(store: Store, page: str) -> list[str]:
    with store.tx() as tx:
        index = {tx.seal.token_index(ref): ref for ref in ("p0", "p1")}
    return [index[row["held"]] for row in store.rows("select held from files order by at, id")]


def test_a_put_away_draft_takes_its_own_pictures_only(store: Store) -> None:
    page = two_drafts(store)
    with store.tx() as tx:
        talks.forget(tx, page, "left-1")
    assert held(store, page) == ["p1"]
    with store.tx() as tx:
        talks.forget(tx, page, Side.RESIDENT)
    assert held(store, page) == []


def test_a_draft_that_nobody_can_read_leaves_no_picture_behind(store: Store) -> None:
    page = two_drafts(store)
    with store.tx() as tx:
        tx.run("update talks set body = x'00' where side = 'left-1'")
        talks.forget(tx, page, "left-1")
    assert held(store, page) == []


def test_whoever_came_back_by_the_return_words_keeps_that_tie_as_long(store: Store) -> None:
    first = store.person()
    case = closed(store, first)
    gets(store, first, case)
    store.later(days=5)
    back = store.person(OTHER)
    store.apply(Link(case.id, back))
    gets(store, back, case)
    at(store, START + LINKS)
    with store.tx() as tx:
        assert links.people_of(tx, case.id) == [back]
    at(store, START + timedelta(days=5) + LINKS - MINUTE)
    assert store.count("links") == 1
    at(store, START + timedelta(days=5) + LINKS)
    assert store.count("links") == 0


def test_whoever_comes_back_when_all_ties_are_cut_is_tied_for_their_visit_only(
    store: Store,
) -> None:
    case = closed(store, store.person())
    came = at_day(store, 60)
    back = store.person(OTHER)
    store.apply(Link(case.id, back))
    gets(store, back, case)
    assert at(store, came + timedelta(minutes=59)).ties == 0
    assert at(store, came + timedelta(minutes=60)).ties == 1


def test_nobody_is_cut_off_in_the_middle_of_telling(store: Store) -> None:
    child = store.person()
    case = closed(store, child)
    gets(store, child, case)
    store.now = START + LINKS - MINUTE
    store.apply(Keep(Talk(child, Side.RESIDENT, flow="report", case=case.id, spoken=store.now)))
    assert at(store, START + LINKS).ties == 0
    assert at(store, START + LINKS + timedelta(hours=1)).ties == 1


def test_a_reopened_case_is_not_counted_and_its_new_closing_counts_anew(store: Store) -> None:
    child = store.person()
    case = closed(store, child)
    gets(store, child, case)
    store.later(days=6)
    again = with_words(replace(case, status=Status.CLOSED, closed=START), store.now)
    store.apply(Change(again))
    assert again.closed is None
    for days in (7, 90, 400):
        swept = at(store, START + timedelta(days=days))
        assert (swept.ties, swept.cases) == (0, 0)
    store.apply(Change(replace(again, status=Status.CLOSED, closed=store.now)))
    second = store.now
    assert at(store, second + LINKS).ties == 0, "how it ended this time was not told yet"
    assert at(store, second + LONGEST).ties == 1
    assert at(store, second + CASES - MINUTE).cases == 0
    assert at(store, second + CASES).cases == 1


def test_an_officer_who_reported_something_stays_an_officer(store: Store) -> None:
    officer = store.officer()
    person = store.person(store.with_chat(officer))
    closed(store, person)
    assert at(store, START + LONGEST).ties == 1
    with store.tx() as tx:
        assert people.of_officer(tx, officer.id)[0].person.id == person


# the case


@pytest.mark.parametrize(
    ("day", "gone"),
    [
        (datetime(2026, 11, 30, 16, 59, tzinfo=UTC), datetime(2027, 2, 28, 16, 59, tzinfo=UTC)),
        (datetime(2027, 12, 31, 23, 59, tzinfo=UTC), datetime(2028, 3, 30, 23, 59, tzinfo=UTC)),
        (datetime(2028, 2, 29, 0, 0, tzinfo=UTC), datetime(2028, 5, 29, 0, 0, tzinfo=UTC)),
        (datetime(2027, 1, 31, 17, 0, tzinfo=UTC), datetime(2027, 5, 1, 17, 0, tzinfo=UTC)),
    ],
)
def test_a_case_goes_ninety_whole_days_after_closing_over_any_months_end(
    store: Store, day: datetime, gone: datetime
) -> None:
    store.now = day
    closed(store, store.person())
    at(store, gone - MINUTE)
    assert (store.count("cases"), store.count("entries"), store.count("returns")) == (1, 2, 1)
    assert at(store, gone).cases == 1
    for table in ("cases", "case_keys", "entries", "returns", "links", "talks", "people"):
        assert store.count(table) == 0, table


def test_an_open_case_is_never_deleted_however_old(store: Store) -> None:
    store.opened(store.person())
    assert at(store, START + timedelta(days=4000)) == Swept()
    assert store.count("cases") == 1


def test_the_cards_of_a_shredded_case_are_taken_away_at_each_place(store: Store) -> None:
    officer = store.officer()
    person = store.person(store.with_chat(officer))
    case = closed(store, store.person())
    with store.tx() as tx:
        cards.put(tx, Card(case.id, "group", "group", "41"), store.now)
        cards.put(tx, Card(case.id, f"telegram:{person}", f"officer:{officer.id}", "42"), store.now)
        cards.put(tx, Card(case.id, "telegram:long-forgotten", "officer:x", "43"), store.now)
        retention.shred_case(tx, case.id)
        due = {(one.person, one.ward, one.refs) for one in visible.due(tx, store.now)}
    assert due == {(None, house().ward.id, ("41",)), (person, house().ward.id, ("42",))}
    assert store.count("cards") == 0


def test_what_was_on_its_way_about_a_shredded_case_never_leaves(store: Store) -> None:
    case = closed(store, store.person())
    store.apply(Show(case.id, "group"))
    at(store, START + CASES)
    assert store.count("outbox") == 0


# addresses


def seen_on(store: Store, moment: datetime) -> str:
    store.now = moment
    return store.person()


def test_an_address_that_nothing_ties_goes_thirty_days_after_the_day_it_last_wrote(
    store: Store,
) -> None:
    first = seen_on(store, datetime(2026, 11, 24, 23, 30, tzinfo=UTC))
    assert seen_on(store, datetime(2026, 11, 25, 8, 0, tzinfo=UTC)) == first
    assert at(store, datetime(2026, 12, 25, 23, 59, tzinfo=UTC)).people == 0
    assert at(store, datetime(2026, 12, 26, 0, 0, tzinfo=UTC)).people == 1
    assert store.count("people") == 0


def test_only_the_day_of_the_last_word_is_kept_and_not_the_hour(store: Store) -> None:
    seen_on(store, datetime(2026, 11, 24, 23, 30, tzinfo=UTC))
    (row,) = store.rows("select seen from people")
    assert row["seen"] % (24 * 3600 * 1000) == 0


@pytest.mark.parametrize("tie", ["case", "talk", "knock", "message", "visible", "officer"])
def test_whatever_ties_an_address_keeps_it(store: Store, tie: str) -> None:
    child = store.person()
    if tie == "case":
        store.opened(child)
    elif tie == "talk":
        store.apply(Keep(Talk(child, Side.RESIDENT, case="open", spoken=store.now)))
    elif tie == "knock":
        store.apply(Knock("k1", "1234"), person=child)
    elif tie == "message":
        store.apply(Say(child, (Part("answer"),)))
    elif tie == "officer":
        child = store.person(store.with_chat(store.officer()))
    else:
        with store.tx() as tx:
            visible.note(tx, child, ("1",), START, None)
    at(store, START + timedelta(days=400))
    assert store.rows("select 1 from people where id = ?", child) != []


def test_letters_nobody_came_to_fetch_go_with_their_mailbox(store: Store) -> None:
    page = store.person(PAGE)
    store.apply(Say(page, (Part("welcome"),)))
    at(store, datetime(2026, 12, 24, 23, 59, tzinfo=UTC))
    assert (store.count("people"), store.count("outbox")) == (1, 1)
    at(store, datetime(2026, 12, 25, 9, 0, tzinfo=UTC))
    assert (store.count("people"), store.count("outbox")) == (0, 0)


def test_whoever_writes_again_is_a_stranger(store: Store) -> None:
    first = store.person()
    at(store, START + timedelta(days=31))
    again = store.person()
    assert again != first
    with store.tx() as tx:
        known = people.find(tx, CHILD)
        assert known is not None
        assert known.person.language == "vi"


# the audit


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2028-11-24", "2026-11-24"),
        ("2028-02-29", "2026-02-28"),
        ("2026-02-28", "2024-02-28"),
        ("2026-03-01", "2024-03-01"),
        ("2027-01-31", "2025-01-31"),
        ("2026-12-31", "2024-12-31"),
    ],
)
def test_months_are_the_calendars(now: str, then: str) -> None:
    noon = datetime.fromisoformat(f"{now}T05:00+00:00")
    assert retention.months_back(noon, 24) == datetime.fromisoformat(f"{then}T05:00+00:00")


def test_months_end_where_vietnam_says_so() -> None:
    """17:00 UTC on the 28th is the 1st of March in Hà Nội."""
    first = datetime(2026, 2, 28, 17, 0, tzinfo=UTC)
    assert retention.months_back(first, 24) == datetime(2024, 2, 29, 17, 0, tzinfo=UTC)


@pytest.fixture
def audited(store: Store) -> Store:
    """Three acts, a year between them."""
    for _ in range(3):
        store.apply(Audit("open", "o1", "c1"))
        store.later(days=365)
    return store


def numbers(store: Store) -> list[int]:
    return [row["number"] for row in store.rows("select number from audit order by number")]


def first_bad(store: Store) -> int | None:
    with store.tx() as tx:
        return audit.verify(tx)


def test_the_audit_is_shortened_to_the_day_and_the_rest_still_verifies(audited: Store) -> None:
    assert at(audited, datetime(2028, 11, 24, 8, 59, tzinfo=UTC)).audit == 0
    assert at(audited, datetime(2028, 11, 24, 9, 0, tzinfo=UTC)).audit == 1
    assert (numbers(audited), first_bad(audited)) == ([2, 3], None)
    audited.apply(Audit("note", "o1", "c1"))
    assert (numbers(audited), first_bad(audited)) == ([2, 3, 4], None)


@pytest.mark.parametrize(
    ("forgery", "bad"),
    [
        ("delete from audit where number = 2", 2),
        ("update audit set act = 'note' where number = 3", 3),
        ("delete from audit where number = 3", 3),
        ("delete from meta where name = 'audit_base'", 1),
    ],
)
def test_after_shortening_a_missing_or_changed_row_is_still_named(
    audited: Store, forgery: str, bad: int
) -> None:
    at(audited, datetime(2028, 11, 24, 9, 0, tzinfo=UTC))
    audited.rows(forgery)
    assert first_bad(audited) == bad


def test_an_audit_that_is_all_gone_goes_on_with_the_next_number(audited: Store) -> None:
    assert at(audited, START + timedelta(days=2000)).audit == 3
    assert (numbers(audited), first_bad(audited)) == ([], None)
    audited.apply(Audit("open", "o1", "c1"))
    assert (numbers(audited), first_bad(audited)) == ([4], None)


def test_a_forged_row_is_not_let_go_before_somebody_has_seen_it(audited: Store) -> None:
    audited.rows("update audit set officer = 'somebody else' where number = 2")
    assert at(audited, START + timedelta(days=2000)).audit == 1
    assert (numbers(audited), first_bad(audited)) == ([2, 3], 2)


# the guard


@pytest.mark.parametrize(
    ("ago", "expired", "cases", "held"),
    [
        (timedelta(hours=48), 0, 0, None),
        (timedelta(hours=48, milliseconds=1), 0, 0, Held.JUMPED),
        (timedelta(hours=-48), 0, 0, None),
        (timedelta(hours=-49), 0, 0, Held.JUMPED),
        (timedelta(days=365), 0, 1000, Held.JUMPED),
        (timedelta(0), 5, 5, None),
        (timedelta(0), 6, 29, Held.MANY),
        (timedelta(0), 6, 30, None),
        (timedelta(0), 50, 250, None),
        (timedelta(0), 50, 249, Held.MANY),
        (timedelta(0), 51, 1_000_000, Held.MANY),
    ],
)
def test_the_rule(ago: timedelta, expired: int, cases: int, held: Held | None) -> None:
    assert guard.held(START - ago, START, expired, cases) is held


def test_before_the_first_run_no_clock_is_doubted_but_a_mass_is() -> None:
    assert guard.held(None, START, 5, 5) is None
    assert guard.held(None, START, 6, 6) is Held.MANY


def overdue(store: Store) -> None:
    """A draft, a tie, a case, an address and an act that have all expired."""
    store.apply(Audit("open", "o1", "c1"))
    closed(store, store.person())
    many(store, expired=1, others=0)
    store.person(OTHER)
    page = store.person(PAGE)
    store.apply(Keep(Talk(page, Side.RESIDENT, flow="report", spoken=store.now)))
    with store.tx() as tx:
        assert inbox.first_time(tx, store.incoming(event_id="e1"), store.now)
        inbox.bury(tx, "telegram", b"{}", "KeyError", store.now)


OF_CASES = ("cases", "case_keys", "entries", "files", "returns")
OF_PEOPLE = ("people", "talks", "links", "cases", "case_keys", "entries", "audit", "dead_letters")


@pytest.mark.parametrize(
    "jump", [timedelta(days=3650), timedelta(days=-3), timedelta(hours=48, minutes=1)]
)
def test_a_clock_that_jumped_deletes_nothing_of_anybody_until_somebody_confirms(
    store: Store, jump: timedelta
) -> None:
    with store.tx() as tx:
        retention.sweep(tx, store.now, PERIODS)
    overdue(store)
    before = {table: store.count(table) for table in OF_PEOPLE}
    store.now += jump
    for _ in range(2):
        assert sweep(store).held is Held.JUMPED
    assert {table: store.count(table) for table in OF_PEOPLE} == before
    # What opens nothing any more goes all the same.
    assert store.count("inbox") == (0 if jump > timedelta(0) else 1)
    assert sweep(store, confirmed=True).held is None
    assert sweep(store).held is None


def test_a_clock_that_jumped_and_came_back_goes_on_by_itself(store: Store) -> None:
    sweep(store)
    store.now += timedelta(days=365)
    assert sweep(store).held is Held.JUMPED
    store.now = START + timedelta(minutes=10)
    assert sweep(store).held is None


def test_too_many_at_once_hold_the_cases_until_somebody_confirms_and_nothing_else(
    store: Store,
) -> None:
    overdue(store)
    store.later(days=1)
    sweep(store)
    many(store, expired=6, others=20)
    store.later(hours=2)
    before = {table: store.count(table) for table in OF_CASES}
    with store.tx() as tx:
        state = retention.state(tx, store.now, PERIODS)
    assert (state.held, state.expired, state.drafts) == (Held.MANY, 6, 1)
    [(day, number)] = state.closed
    assert (day, number) == (local(store.now - CASES - timedelta(hours=2)).date(), 6)
    swept = sweep(store)
    assert (swept.held, swept.cases, swept.media, swept.drafts) == (Held.MANY, 0, 0, 1)
    assert {table: store.count(table) for table in OF_CASES} == before
    for _ in range(3):
        store.later(days=1)
        assert sweep(store).held is Held.MANY, "it waits, however long nobody looks"
    swept = sweep(store, confirmed=True)
    assert (swept.held, swept.cases) == (None, 6)
    assert sweep(store) == Swept()


def test_a_large_run_goes_in_small_steps_and_each_says_whether_there_is_more(store: Store) -> None:
    many(store, expired=25, others=0)
    steps = []
    while not steps or steps[-1].more:
        steps.append(sweep(store, confirmed=True))
    assert [step.cases for step in steps] == [10, 10, 5]


def test_the_steps_of_an_allowed_run_are_not_held_halfway(store: Store) -> None:
    many(store, expired=50, others=200)
    steps = []
    while not steps or steps[-1].more:
        steps.append(sweep(store))
    assert [step.cases for step in steps] == [10, 10, 10, 10, 10, 0]
    assert {step.held for step in steps} == {None}


def test_the_wards_own_periods_are_kept(store: Store) -> None:
    ward = replace(
        house().ward,
        draft_hours=3,
        link_days=2,
        link_days_longest=20,
        media_days=9,
        keep_days=30,
        audit_months=36,
    )
    kept = retention.periods(ward)
    days = [one.days for one in (kept.links, kept.links_longest, kept.media, kept.cases)]
    assert days == [2, 20, 9, 30]
    assert (kept.drafts, kept.audit) == (timedelta(hours=3), 36)
