"""Changing the root key: everything readable is readable again, and nothing of the old key is left."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.events import Address
from storage import (
    audit,
    cases,
    exports,
    files,
    inbox,
    invites,
    past,
    people,
    places,
    retention,
    returns,
    rotation,
    sessions,
)
from storage.file import HalfRotated, Opening, WrongKey, keys_needed, open_writer
from storage.past import Purpose
from storage.rotation import Keys, NotAllMoved, OtherRotation
from storage.seal import RootKey, Seal
from tests.storage.rotated import (
    GROUP,
    MOVED,
    OLD,
    OTHER,
    WAITING,
    contents,
    lasting,
    populate,
    rotate,
)
from tests.storage.store import SECRET, Store, house
from tests.storage.test_at_rest import CANARIES

NEW = RootKey(bytes([9]) * 32)
NEWER = RootKey(bytes([11]) * 32)


def test_everything_is_readable_under_the_new_key_and_nothing_is_under_the_old(
    store: Store,
) -> None:
    populate(store)
    before = contents(store.path, store.seal)
    empty = {table.name for table in rotation.TABLES if not before[table.name]}
    assert empty <= {"past_keys"}, "the check below would say nothing about these"
    rotate(store, NEW)
    assert lasting(contents(store.path, Seal(NEW))) == lasting(before)
    with store.tx() as tx:
        assert rotation.left(tx, OLD.id) == {}
        assert rotation.left(tx, NEW.id)
    assert keys_needed(store.path) == (NEW.id, "")


def test_people_are_recognised_and_cases_found_by_old_and_new_return_words(store: Store) -> None:
    case = populate(store)
    sender = Address("telegram", CANARIES["bot"], CANARIES["peer"])
    with store.tx() as tx:
        known = people.find(tx, sender)
    rotate(store, NEW)
    store.opened(store.person(), secret=77)
    with store.tx() as tx:
        assert people.find(tx, sender) == known
        found = cases.by_secret(tx, SECRET)
        assert found is not None
        assert found.id == case
        assert returns.case_of(tx, 77) is not None
        assert returns.case_of(tx, 78) is None


def test_a_message_seen_before_the_rotation_has_no_second_effect(store: Store) -> None:
    populate(store)
    sender = Address("telegram", CANARIES["bot"], CANARIES["peer"])
    again = store.incoming(sender, event_id=CANARIES["event"])
    rotate(store, NEW)
    with store.tx() as tx:
        past.load(tx)
        assert not inbox.first_time(tx, again, store.now)
        assert inbox.first_time(tx, store.incoming(sender, event_id="another"), store.now)
        assert past.keys(tx, Purpose.EVENTS)
        past.forget_events(tx, store.now + timedelta(hours=48))
        assert not past.keys(tx, Purpose.EVENTS)


def test_the_key_of_old_return_words_goes_with_the_last_of_them(store: Store) -> None:
    first = store.opened(store.person(), secret=1).id
    second = store.opened(store.person(), secret=2).id
    rotate(store, NEW)
    rotate(store, NEWER)
    with store.tx() as tx:
        assert returns.case_of(tx, 2) == second
        assert [key for key, _ in past.keys(tx, Purpose.RETURNS)] == [OLD.id]
        retention.shred_case(tx, first)
        assert past.keys(tx, Purpose.RETURNS)
        retention.shred_case(tx, second)
        assert not past.keys(tx, Purpose.RETURNS)


def test_a_file_that_waits_for_its_story_is_still_found(store: Store) -> None:
    case = populate(store)
    rotate(store, NEW)
    with store.tx() as tx:
        known = people.find(tx, OTHER)
        assert known is not None
        assert files.adopt(tx, known.person.id, WAITING, case, "e9", store.now)


def test_links_desk_sessions_and_demands_end(store: Store) -> None:
    populate(store)
    rotate(store, NEW)
    with store.tx() as tx:
        assert invites.look(tx, "token", store.now) is None
        assert sessions.officer(tx, CANARIES["session"], store.now) is None
        assert exports.agree(tx, "x1", ("A", "B"), store.now) is exports.Refused.UNKNOWN
    assert store.count("invites") == store.count("sessions") == store.count("exports") == 0


@pytest.mark.parametrize("known", [True, False], ids=["told", "not told"])
def test_a_group_that_has_moved_stays_moved(store: Store, *, known: bool) -> None:
    ward = house().ward.id
    with store.tx() as tx:
        places.put(tx, ward, "group", GROUP)
        places.move(tx, ward, "group", MOVED)
    rotate(store, NEW, GROUP if known else None)
    with store.tx() as tx:
        assert places.get(tx, ward, "group") == MOVED
        assert places.configure(tx, ward, "group", GROUP) == (MOVED if known else GROUP)


# --- the audit's chain


def test_the_audit_goes_on_and_says_that_the_key_was_changed(store: Store) -> None:
    populate(store)
    with store.tx() as tx:
        assert audit.verify(tx) is None
    rotate(store, NEW)
    with store.tx() as tx:
        assert audit.verify(tx) is None
    assert store.rows("select act from audit order by number desc limit 1")[0]["act"] == (
        "keys.rotated"
    )


@pytest.mark.parametrize(
    "damage",
    [
        "update audit set act = 'other' where number = 2",
        "delete from audit where number = 2",
        "delete from audit where number = (select max(number) from audit)",
        "update audit set chain = x'00' where number = 1",
    ],
)
def test_a_rotation_does_not_make_a_damaged_audit_good(store: Store, damage: str) -> None:
    populate(store)
    with store.tx() as tx:
        tx.run(damage)
    with store.tx() as tx:
        broken = audit.verify(tx)
    assert broken is not None
    rotate(store, NEW)
    with store.tx() as tx:
        assert audit.verify(tx) == broken


# --- stopping half way


def test_a_database_half_rotated_opens_only_to_go_on(store: Store) -> None:
    populate(store)
    keys = Keys(store.seal, Seal(NEW))
    with store.tx() as tx:
        rotation.begin(tx, keys)
        rotation.step(tx, keys, rotation.Place(), 2)
    store.connection.close()
    assert keys_needed(store.path) == (OLD.id, NEW.id)
    with pytest.raises(HalfRotated):
        open_writer(store.path, store.seal)
    with pytest.raises(WrongKey) as caught:
        open_writer(store.path, keys.new, Opening.ROTATING)
    assert (caught.value.needed, caught.value.given) == (OLD.id, NEW.id)
    store.connection = open_writer(store.path, store.seal, Opening.ROTATING)
    with store.tx() as tx, pytest.raises(OtherRotation, match=NEW.id):
        rotation.begin(tx, Keys(store.seal, Seal(NEWER)))
    rotate(store, NEW)
    with store.tx() as tx:
        assert rotation.left(tx, OLD.id) == {}


@pytest.mark.parametrize("forgotten", [table.name for table in rotation.TABLES])
def test_a_forgotten_table_stops_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    """Planted: a table is not in the list. The key must not be given up while it needs the old."""
    populate(store)
    if forgotten == "past_keys":
        rotate(store, NEW)  # what the first rotation leaves, the second must move
    rest = tuple(table for table in rotation.TABLES if table.name != forgotten)
    monkeypatch.setattr(rotation, "TABLES", rest)
    if forgotten == "meta":
        with store.tx() as tx:
            sealed = store.seal.seal(b"x", table="meta", column="value", row="another mark")
            tx.run("insert into meta (name, value) values ('another mark', ?)", sealed)
    if forgotten == "exports":
        rotate(store, NEWER)  # demands end with a rotation: there is nothing to move
        return
    with pytest.raises(NotAllMoved, match=forgotten):
        rotate(store, NEWER)


def test_no_column_that_a_root_key_seals_is_unknown_to_the_list(store: Store) -> None:
    """Whatever table comes later: what it seals under the root key must be in the list."""
    populate(store)
    with store.tx() as tx:
        found = set(rotation.left(tx, OLD.id))
    listed = {f"{table.name}.{column}" for table in rotation.TABLES for column in table.columns}
    assert found <= listed | {"case_keys.wrapped"}
    source = "\n".join(
        path.read_text("utf-8") for path in (Path(rotation.__file__).parent).glob("*.py")
    )
    sealed = set(re.findall(r'table="(\w+)", column="(\w+)"', source))
    under_case = {("cases", "facts"), ("entries", "body")}
    assert {f"{table}.{column}" for table, column in sealed - under_case} <= listed
