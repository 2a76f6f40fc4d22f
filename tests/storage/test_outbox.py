"""The outbox: order, leases, doubt, mailboxes; nothing is lost and nothing said twice unmarked."""

from datetime import timedelta

import pytest

from handlers.effects import Add, Class, Delivery, EntryKind, Part, Say, Show
from storage import cards, entries, lanes, outbox, people, places, visible
from storage.cards import Card
from storage.outbox import Kind, Parcel
from storage.text import unpack
from tests.storage.store import CHILD, PAGE, Store, house


def say(store: Store, to: str, key: str, **more: object) -> None:
    store.apply(Say(to, (Part(key),), **more))  # type: ignore[arg-type]


def claim(store: Store, lane: str) -> Parcel | None:
    with store.tx() as tx:
        return outbox.claim(tx, lane, store.now, 30)


def key(parcel: Parcel | None) -> str:
    assert parcel is not None
    return str(unpack(parcel.body)["parts"][0][0])


def sent(store: Store, parcel: Parcel | None, *refs: str) -> None:
    assert parcel is not None
    with store.tx() as tx:
        outbox.sent(tx, parcel, refs, store.now)


def drain(store: Store, lane: str) -> list[str]:
    keys = []
    while (parcel := claim(store, lane)) is not None:
        keys.append(key(parcel))
        sent(store, parcel)
    return keys


@pytest.fixture
def child(store: Store) -> str:
    return store.person()


@pytest.fixture
def lane(child: str) -> str:
    return f"telegram:{child}"


def test_a_lane_delivers_alerts_first_and_then_in_order(
    store: Store, child: str, lane: str
) -> None:
    for name, rank in [
        ("campaign", Class.CAMPAIGN),
        ("one", Class.ANSWER),
        ("notice", Class.NOTICE),
        ("two", Class.ANSWER),
        ("alert", Class.ALERT),
    ]:
        say(store, child, name, rank=rank)
    assert drain(store, lane) == ["alert", "one", "two", "notice", "campaign"]
    assert store.count("outbox") == 0
    assert store.count("lanes") == 0


def test_the_claimed_row_knows_where_to_go_and_who_reads_it(
    store: Store, child: str, lane: str
) -> None:
    say(store, child, "hello")
    parcel = claim(store, lane)
    assert parcel is not None
    assert parcel.to == CHILD
    assert parcel.attempts == 1
    assert not parcel.again
    assert unpack(parcel.body)["channel"] == "telegram"
    assert CHILD.peer not in repr(parcel)


def test_only_one_message_of_a_lane_is_under_way(store: Store, child: str, lane: str) -> None:
    say(store, child, "one")
    say(store, child, "two")
    first = claim(store, lane)
    assert claim(store, lane) is None
    sent(store, first)
    assert key(claim(store, lane)) == "two"


def test_a_message_for_tomorrow_holds_up_nobody(store: Store, child: str, lane: str) -> None:
    say(store, child, "tomorrow", due=store.now + timedelta(days=1))
    say(store, child, "now")
    assert drain(store, lane) == ["now"]
    with store.tx() as tx:
        assert outbox.next_due(tx) == store.now + timedelta(days=1)
    store.later(days=1)
    assert drain(store, lane) == ["tomorrow"]


def test_a_retry_keeps_the_order_but_an_alert_passes(store: Store, child: str, lane: str) -> None:
    say(store, child, "one")
    say(store, child, "two")
    first = claim(store, lane)
    assert first is not None
    with store.tx() as tx:
        outbox.again(tx, first, store.now + timedelta(seconds=8))
    assert claim(store, lane) is None
    with store.tx() as tx:
        assert outbox.next_due(tx) == store.now + timedelta(seconds=8)
    say(store, child, "alert", rank=Class.ALERT)
    assert drain(store, lane) == ["alert"]
    store.later(seconds=8)
    again = claim(store, lane)
    assert again is not None
    assert (key(again), again.attempts, again.again) == ("one", 2, False)
    sent(store, again)
    assert drain(store, lane) == ["two"]


def test_a_lane_that_must_rest_rests_although_more_comes(
    store: Store, child: str, lane: str
) -> None:
    say(store, child, "one")
    until = store.now + timedelta(seconds=40)
    with store.tx() as tx:
        outbox.rest(tx, lane, until)
    say(store, child, "two", rank=Class.ALERT)
    assert claim(store, lane) is None
    with store.tx() as tx:
        assert outbox.next_due(tx) == until
        assert outbox.lanes_due(tx, store.now) == []
    store.later(seconds=40)
    assert drain(store, lane) == ["two", "one"]


def test_rest_survives_a_delivery_that_ends_in_between(store: Store, child: str, lane: str) -> None:
    say(store, child, "one")
    say(store, child, "two")
    parcel = claim(store, lane)
    with store.tx() as tx:
        outbox.rest(tx, lane, store.now + timedelta(seconds=40))
    sent(store, parcel)
    assert claim(store, lane) is None
    store.later(seconds=40)
    assert drain(store, lane) == ["two"]


def test_lanes_do_not_wait_for_each_other(store: Store, child: str, lane: str) -> None:
    other = store.person(PAGE.__class__("telegram", "bot", "7100000009"))
    say(store, child, "to the child")
    say(store, other, "to the other")
    with store.tx() as tx:
        assert sorted(outbox.lanes_due(tx, store.now)) == sorted([lane, f"telegram:{other}"])
    assert claim(store, lane) is not None
    assert drain(store, f"telegram:{other}") == ["to the other"]


@pytest.mark.parametrize(
    ("rank", "repeats"),
    [(Class.ALERT, 3), (Class.ANSWER, 1), (Class.NOTICE, 1), (Class.CAMPAIGN, 0)],
)
def test_what_may_have_arrived_is_repeated_by_its_class_and_marked(
    store: Store, child: str, lane: str, rank: Class, repeats: int
) -> None:
    say(store, child, "maybe", rank=rank)
    for _ in range(repeats):
        parcel = claim(store, lane)
        assert parcel is not None
        with store.tx() as tx:
            assert outbox.doubt(tx, parcel, store.now, store.now) is True
    parcel = claim(store, lane)
    assert parcel is not None
    assert parcel.again is (repeats > 0)
    if rank is not Class.ALERT:
        with store.tx() as tx:
            assert outbox.doubt(tx, parcel, store.now, store.now) is False
        assert claim(store, lane) is None
        row = store.rows("select state, body, why from outbox")[0]
        assert tuple(row) == ("dead", None, "unknown")


def test_a_restart_treats_what_was_under_way_as_doubtful(
    store: Store, child: str, lane: str
) -> None:
    other = store.person(PAGE.__class__("telegram", "bot", "7100000009"))
    say(store, child, "alert", rank=Class.ALERT)
    say(store, other, "campaign", rank=Class.CAMPAIGN)
    claim(store, lane)
    claim(store, f"telegram:{other}")
    with store.tx() as tx:
        assert outbox.recover(tx) == 1  # the campaign, which is never repeated, is given up
    parcel = claim(store, lane)
    assert parcel is not None
    assert parcel.again
    assert claim(store, f"telegram:{other}") is None


def test_a_lease_that_ran_out_is_doubtful_too(store: Store, child: str, lane: str) -> None:
    say(store, child, "alert", rank=Class.ALERT)
    claim(store, lane)
    store.later(seconds=29)
    assert claim(store, lane) is None
    store.later(seconds=2)
    parcel = claim(store, lane)
    assert parcel is not None
    assert parcel.again


def test_a_dead_row_keeps_no_text_and_frees_its_lane(store: Store, child: str, lane: str) -> None:
    say(store, child, "one")
    say(store, child, "two")
    parcel = claim(store, lane)
    assert parcel is not None
    with store.tx() as tx:
        outbox.dead(tx, parcel, "blocked")
    assert drain(store, lane) == ["two"]
    assert [tuple(r) for r in store.rows("select why, body from outbox")] == [("blocked", None)]


def answer(store: Store, to: str, case: str) -> str:
    entry = store.id()
    store.apply(
        Add(entry, case, EntryKind.ANSWER, "Cô đây", "o1", Delivery.WAITING),
        Say(to, (Part("answer"),), entry=entry),
    )
    return entry


def state(store: Store, entry: str) -> tuple[str, str]:
    row = store.rows(
        "select delivery, last_delivery from entries join cases on cases.id = case_id"
        " where entries.id = ?",
        entry,
    )[0]
    return row["delivery"], row["last_delivery"]


def test_an_answer_that_arrived_is_delivered_on_its_entry_and_its_card_shows_it(
    store: Store, child: str, lane: str
) -> None:
    case = store.opened(child)
    with store.tx() as tx:
        cards.put(tx, Card(case.id, "group", "group", "42"), store.now)
    entry = answer(store, child, case.id)
    sent(store, claim(store, lane))
    assert state(store, entry) == ("delivered", "delivered")
    show = claim(store, "group")
    assert show is not None
    assert (show.kind, show.case, show.place, show.ward) == (
        Kind.SHOW,
        case.id,
        "group",
        house().ward.id,
    )


def test_an_answer_that_cannot_arrive_has_failed_on_its_entry(
    store: Store, child: str, lane: str
) -> None:
    entry = answer(store, child, store.opened(child).id)
    parcel = claim(store, lane)
    assert parcel is not None
    with store.tx() as tx:
        outbox.dead(tx, parcel, "blocked")
    assert state(store, entry) == ("failed", "failed")


def test_a_secret_message_is_remembered_until_it_is_taken_away(
    store: Store, child: str, lane: str
) -> None:
    say(store, child, "the words", secret=True)
    sent(store, claim(store, lane), "101", "102")
    with store.tx() as tx:
        assert visible.due(tx, store.now) == []
        (one,) = visible.of_person(tx, child)
        assert one.refs == ("101", "102")
    store.later(hours=23)
    with store.tx() as tx:
        (one,) = visible.due(tx, store.now)
        visible.later(tx, one, store.now + timedelta(minutes=1))
        assert visible.due(tx, store.now) == []
        visible.gone(tx, one)
        assert visible.of_person(tx, child) == []


def test_an_ordinary_message_leaves_only_its_number_and_that_for_two_days(
    store: Store, child: str, lane: str
) -> None:
    say(store, child, "hello")
    sent(store, claim(store, lane), "101")
    assert claim(store, lane) is None
    assert (store.count("outbox"), store.count("lanes")) == (0, 0)
    with store.tx() as tx:
        [one] = visible.of_person(tx, child)
        assert one.refs == ("101",)
        assert visible.due(tx, store.later(hours=46)) == []
        assert visible.forget_numbers(tx, store.now) == 0
        assert visible.forget_numbers(tx, store.later(hours=1)) == 1
    assert store.count("visible") == 0


def shows(store: Store) -> list[tuple[int, str]]:
    rows = store.rows("select rank, case_id from outbox where kind = 'show' order by number")
    return [(row["rank"], row["case_id"]) for row in rows]


def test_showing_a_card_twice_is_one_row_of_the_higher_class(store: Store, child: str) -> None:
    case = store.opened(child)
    store.apply(Show(case.id, "group"), Show(case.id, "group"))
    assert shows(store) == [(1, case.id)]
    store.rows("update cases set priority = 'P1' where id = ?", case.id)
    store.apply(Show(case.id, "group"))
    assert shows(store) == [(0, case.id)]


def test_a_card_that_changes_while_it_is_sent_is_shown_again(store: Store, child: str) -> None:
    case = store.opened(child)
    store.apply(Show(case.id, "group"))
    first = claim(store, "group")
    store.apply(Show(case.id, "group"))
    assert len(shows(store)) == 2
    assert first is not None
    with store.tx() as tx:
        outbox.doubt(tx, first, store.now, store.now)
    assert len(shows(store)) == 1
    again = claim(store, "group")
    assert again is not None
    assert again.again


def test_the_group_is_reached_where_it_is_now(store: Store, child: str) -> None:
    case = store.opened(child)
    store.apply(Show(case.id, "group"), Say("group", (Part("desk.not_sent"),)))
    moved = CHILD.__class__("telegram", "bot", "-100200")
    with store.tx() as tx:
        places.put(tx, house().ward.id, "group", CHILD)
        places.put(tx, house().ward.id, "group", moved)
    for _ in range(2):
        parcel = claim(store, "group")
        assert parcel is not None
        assert parcel.to == moved
        sent(store, parcel)


def test_with_no_group_a_row_for_it_has_nowhere_to_go(store: Store, child: str) -> None:
    store.apply(Show(store.opened(child).id, "group"))
    parcel = claim(store, "group")
    assert parcel is not None
    assert parcel.to is None


@pytest.fixture
def page(store: Store) -> str:
    return store.person(PAGE)


def letters(store: Store, person: str) -> list[tuple[int, str]]:
    with store.tx() as tx:
        return [(one.number, key(one)) for one in outbox.unread(tx, person)]


def confirm(store: Store, person: str, upto: int) -> int:
    with store.tx() as tx:
        return outbox.confirm(tx, person, upto, store.now)


def test_a_mailbox_is_never_pushed_to(store: Store, page: str) -> None:
    say(store, page, "one")
    with store.tx() as tx:
        assert outbox.lanes_due(tx, store.now) == []
    assert claim(store, f"web:{page}") is None


def test_a_mailbox_shows_letters_until_they_are_confirmed(store: Store, page: str) -> None:
    say(store, page, "one")
    say(store, page, "two")
    seen = letters(store, page)
    assert [name for _, name in seen] == ["one", "two"]
    assert letters(store, page) == seen
    say(store, page, "three")
    assert confirm(store, page, seen[-1][0]) == 2
    assert [name for _, name in letters(store, page)] == ["three"]
    assert confirm(store, page, seen[-1][0]) == 0


def test_nobody_confirms_the_letters_of_another(store: Store, page: str) -> None:
    other = store.person(PAGE.__class__("web", "", "another page"))
    say(store, page, "one")
    assert confirm(store, other, 999) == 0
    assert len(letters(store, page)) == 1


def test_a_letter_held_back_is_not_confirmed_unseen(store: Store, page: str) -> None:
    say(store, page, "slow", due=store.now + timedelta(seconds=20))
    store.later(seconds=1)
    say(store, page, "now")
    ((number, name),) = letters(store, page)
    assert name == "now"
    store.later(seconds=30)
    assert confirm(store, page, number) == 1
    ((number, name),) = letters(store, page)
    assert name == "slow"
    assert confirm(store, page, number) == 1
    assert letters(store, page) == []


def test_confirming_an_answer_delivers_its_entry(store: Store, page: str) -> None:
    entry = answer(store, page, store.opened(page).id)
    assert state(store, entry)[0] == "waiting"
    confirm(store, page, letters(store, page)[-1][0])
    assert state(store, entry) == ("delivered", "delivered")


def test_ten_thousand_stuck_rows_cost_a_claim_nothing(store: Store, child: str, lane: str) -> None:
    store.connection.execute("begin")
    for place in range(10_000):
        stuck = ("dead", lane, 0) if place % 2 else ("waiting", f"telegram:x{place}", 0)
        store.connection.execute(
            "insert into outbox (id, kind, lane, ward, rank, due, retry, until, state, attempts,"
            " doubts, pull, secret, why, made)"
            " values ('x', 'say', ?, 'w', 1, 0, 0, 0, ?, 0, 0, ?, 0, '', 0)",
            (stuck[1], stuck[0], stuck[2]),
        )
    store.connection.execute("commit")
    say(store, child, "through")
    steps = 0

    def one_more_step() -> int:
        nonlocal steps
        steps += 1
        return 0

    store.connection.set_progress_handler(one_more_step, 100)
    assert key(claim(store, lane)) == "through"
    store.connection.set_progress_handler(None, 100)
    # A scan of the table is some 100,000 steps of SQLite's machine; a look-up a few hundred.
    assert steps < 30


def test_lanes_wake_at_the_earliest_moment_and_are_not_delayed(
    store: Store, child: str, lane: str
) -> None:
    soon = store.now + timedelta(minutes=1)
    say(store, child, "late", due=soon + timedelta(hours=1))
    say(store, child, "soon", due=soon)
    say(store, child, "later", due=soon + timedelta(hours=2))
    with store.tx() as tx:
        assert lanes.next_due(tx) == soon


def test_an_entry_that_is_gone_stops_no_delivery(store: Store, child: str, lane: str) -> None:
    say(store, child, "answer", entry="gone")
    sent(store, claim(store, lane))
    with store.tx() as tx:
        assert entries.deliver(tx, "gone", Delivery.DELIVERED) is None
        assert people.address(tx, "nobody") is None
