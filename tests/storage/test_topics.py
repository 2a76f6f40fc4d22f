"""The topic of a case in the officers' group: written down before and after it is made."""

import pytest

from handlers.events import Address, Kind, Side
from storage import cards, places, retention, topics, visible
from storage.cards import Card
from storage.topics import Topic
from tests.storage.store import CHILD, SECRET, Store, house

WARD = house().ward.id
PLACE = Address("telegram", "bot", "-1007700000000")
TITLE = "🔴 P1 · K7M4-PQ2X"
LANE = places.GROUP


def begun(store: Store, secret: int = SECRET, title: str = TITLE) -> str:
    """A case whose topic is being made."""
    case = store.opened(store.person(CHILD), secret=secret).id
    with store.tx() as tx:
        topics.begin(tx, case, LANE, title)
    return case


def topic(store: Store, case: str) -> Topic | None:
    with store.tx() as tx:
        return topics.get(tx, case, LANE)


def taken_away(store: Store) -> list[tuple[str, tuple[str, ...]]]:
    with store.tx() as tx:
        return [(one.topic, one.refs) for one in visible.due(tx, store.now)]


def test_a_topic_is_written_down_before_it_is_made_and_after(store: Store) -> None:
    case = begun(store)
    assert topic(store, case) == Topic("", TITLE, closed=False, at=store.now)
    with store.tx() as tx:
        assert topics.made(tx, WARD, case, LANE, "40") == "40"
        topics.shows(tx, case, LANE, "🟠 P2 · K7M4-PQ2X", closed=True)
    assert topic(store, case) == Topic("40", "🟠 P2 · K7M4-PQ2X", closed=True, at=store.now)
    with store.tx() as tx:
        topics.begin(tx, case, LANE, TITLE)
    assert topic(store, case) == Topic("", TITLE, closed=False, at=store.now)


def test_what_the_platform_tells_of_is_the_one_that_was_being_made(store: Store) -> None:
    case = begun(store)
    with store.tx() as tx:
        topics.heard(tx, WARD, LANE, "40", TITLE)
        topics.heard(tx, WARD, LANE, "40", TITLE)
    found = topic(store, case)
    assert found is not None
    assert found.id == "40"
    assert taken_away(store) == []


def test_a_second_one_is_taken_away_and_the_first_stays(store: Store) -> None:
    case = begun(store)
    with store.tx() as tx:
        topics.heard(tx, WARD, LANE, "40", TITLE)
        assert topics.made(tx, WARD, case, LANE, "41") == "40"
        topics.heard(tx, WARD, LANE, "42", TITLE)
    assert taken_away(store) == [("41", ()), ("42", ())]


@pytest.mark.parametrize(
    ("ward", "title"), [(WARD, "Trao đổi chung"), ("another", TITLE)], ids=["name", "ward"]
)
def test_what_nobody_here_knows_is_left_alone(store: Store, ward: str, title: str) -> None:
    begun(store)
    with store.tx() as tx:
        topics.heard(tx, ward, LANE, "40", title)
    assert taken_away(store) == []


def test_a_topic_made_for_a_case_that_went_meanwhile_is_taken_away(store: Store) -> None:
    case = begun(store)
    with store.tx() as tx:
        retention.shred_case(tx, case)
        topics.begin(tx, case, LANE, TITLE)
        assert topics.made(tx, WARD, case, LANE, "40") == ""
    assert taken_away(store) == [("40", ())]
    assert store.count("topics") == 0


def test_a_card_of_a_case_that_went_meanwhile_is_not_written(store: Store) -> None:
    case = begun(store)
    with store.tx() as tx:
        retention.shred_case(tx, case)
        assert not cards.put(tx, Card(case, LANE, LANE, "41"), store.now)
    assert store.count("cards") == 0


@pytest.mark.parametrize(
    ("own", "stands_in", "expected"),
    [
        ("40", "40", {("40", ("41",))}),
        ("40", "", {("", ("41",)), ("40", ())}),
        ("40", "39", {("", ("41",)), ("40", ())}),
        ("", "", {("", ("41",))}),
    ],
    ids=["card in its topic", "card beside it", "card in an older one", "no topic"],
)
def test_shredding_takes_the_topic_and_every_card_away(
    store: Store, own: str, stands_in: str, expected: set[tuple[str, tuple[str, ...]]]
) -> None:
    case = begun(store)
    with store.tx() as tx:
        if own:
            topics.made(tx, WARD, case, LANE, own)
        cards.put(tx, Card(case, LANE, LANE, "41", stands_in), store.now)
        retention.shred_case(tx, case)
    assert set(taken_away(store)) == expected
    assert (store.count("cards"), store.count("topics")) == (0, 0)
    with store.tx() as tx:
        assert {one.ward for one in visible.due(tx, store.now)} == {WARD}


def test_another_group_has_none_of_the_old_ones_topics(store: Store) -> None:
    case = begun(store)
    with store.tx() as tx:
        places.put(tx, WARD, LANE, PLACE)
        topics.made(tx, WARD, case, LANE, "40")
        places.move(tx, WARD, LANE, Address("telegram", "bot", "-1008"))
    assert topic(store, case) is None


def test_a_message_under_a_card_is_known_by_its_case(store: Store) -> None:
    case = begun(store)
    with store.tx() as tx:
        cards.put(tx, Card(case, LANE, LANE, "41", "40"), store.now)

    def under(**where: object) -> str | None:
        view, _ = store.load(kind=Kind.TEXT, side=Side.DESK, **where)
        return view.under

    assert under(place=PLACE, reply_to="41") == case
    assert under(place=PLACE, reply_to="99") is None
    assert under(place=PLACE) is None
    assert under(reply_to="41") is None
