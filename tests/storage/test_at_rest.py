"""What lies on the disk: nothing readable, nothing left after shredding, no key inside."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.effects import (
    Add,
    Audit,
    Count,
    Delivery,
    EntryKind,
    Fetch,
    Hook,
    Keep,
    Knock,
    Open,
    Part,
    Profile,
    Say,
    Show,
)
from handlers.events import Address, Media, MediaKind, Side
from handlers.talk import Answers, Talk
from storage import cards, cases, entries, inbox, outbox, places, retention, sessions, visible
from storage.cards import Card
from storage.file import truncate_journal
from storage.seal import Unreadable
from storage.talks import get as get_talk
from tests.storage.store import SECRET, Store, house

CANARIES = {
    "peer": "77788899900011",
    "bot": "bot-canary-5561",
    "group": "-1009988776655",
    "words": "con hoàng yến hót trong lồng",
    "place": "hẻm hoàng yến số chín",
    "story": "nháp hoàng yến",
    "answer": "trả lời hoàng yến",
    "note": "ghi chú hoàng yến",
    "file": "JPEG-hoàng-yến-bytes",
    "platform file": "AgACAgUAAxkBAAIcanary",
    "dead": "lá thư hoàng yến",
    "session": "session-canary-123456",
    "event": "event-canary-4242",
    "visible": "ref-canary-9999",
}


def everything(path: Path) -> bytes:
    return b"".join(one.read_bytes() for one in sorted(path.parent.iterdir()) if one.is_file())


def forms(canary: str) -> list[bytes]:
    plain = canary.encode()
    return [plain, canary.encode("utf-16-le"), base64.b64encode(plain)[:-4], plain.hex().encode()]


def found(path: Path, canaries: dict[str, str]) -> list[str]:
    data = everything(path)
    return [name for name, text in canaries.items() if any(form in data for form in forms(text))]


def live_a_little(store: Store) -> str:
    """Everything that a report, its answer and its officers write; gives the case."""
    sender = Address("telegram", CANARIES["bot"], CANARIES["peer"])
    child = store.person(sender)
    officer = store.officer()
    chat = store.with_chat(officer, CANARIES["peer"] + "2")
    case = store.case(facts=(("where", "=" + CANARIES["place"]),), age="=" + CANARIES["story"])
    picture = Media(MediaKind.PICTURE, CANARIES["platform file"])
    store.apply(
        Profile(child, "vi", "child", "own", "evening", store.now),
        Open(case, child, SECRET),
        Add("e1", case.id, EntryKind.WORDS, CANARIES["words"]),
        Add("e2", case.id, EntryKind.NOTE, CANARIES["note"], officer.id),
        Add("e3", case.id, EntryKind.ANSWER, CANARIES["answer"], officer.id, Delivery.WAITING),
        Add("e4", case.id, EntryKind.PICTURE, "", ref=CANARIES["visible"]),
        Fetch(picture, case.id, child, "e4"),
        Fetch(replace(picture, ref="at once"), case.id, child, "e5"),
        Say(child, (Part("=", {"text": CANARIES["answer"]}),), entry="e3", secret=True),
        Say(f"officer:{officer.id}", (Part("=", {"text": CANARIES["words"]}),)),
        Show(case.id, "group"),
        Hook(case.id, case.code, "P1"),
        Audit("open", officer.id, case.id),
        Count("case"),
        Knock("k1", "1234"),
        Keep(
            Talk(
                child,
                Side.RESIDENT,
                flow="report",
                case=case.id,
                answers=Answers((("where", "=" + CANARIES["place"]),), (CANARIES["story"],)),
                secret=SECRET,
                draft=CANARIES["story"],
            )
        ),
        person=child,
        media=replace(picture, ref="at once"),
        blob=CANARIES["file"].encode() * 40,
    )
    with store.tx() as tx:
        inbox.first_time(
            tx,
            store.incoming(sender, event_id=CANARIES["event"], ref=CANARIES["visible"]),
            store.now,
        )
        inbox.bury(tx, "telegram", CANARIES["dead"].encode(), "KeyError", store.now)
        places.put(tx, house().ward.id, "group", Address("telegram", "bot", CANARIES["group"]))
        sessions.enter(tx, "no token", CANARIES["session"], store.now)
        sessions.officer(tx, CANARIES["session"], store.now)
        cards.put(tx, Card(case.id, "group", "group", "42"), store.now)
        parcel = outbox.claim(tx, f"telegram:{child}", store.now, 30)
        assert parcel is not None
        outbox.sent(tx, parcel, (CANARIES["visible"],), store.now)
    store.load(chat, choice=f"d.open.{case.id}")
    return case.id


def test_nothing_personal_can_be_read_from_the_files(store: Store) -> None:
    live_a_little(store)
    assert found(store.path, CANARIES) == []
    assert Path(f"{store.path}-wal").stat().st_size > 0
    assert truncate_journal(store.connection)
    assert found(store.path, CANARIES) == []
    secrets = {"return secret": str(SECRET), "words": house().words.spell(SECRET)}
    assert found(store.path, secrets) == []


def test_the_control_is_found_so_the_search_can_fail(store: Store) -> None:
    with store.tx() as tx:
        tx.run("insert into counts values ('w', '2026-11', ?, 1)", CANARIES["words"])
    assert found(store.path, CANARIES) == ["words"]


def test_a_dead_letter_comes_back_as_it_was(store: Store) -> None:
    live_a_little(store)
    with store.tx() as tx:
        (listed,) = inbox.buried(tx)
        letter = inbox.dead_letter(tx, listed.id)
        assert letter is not None
    assert letter.body.decode() == CANARIES["dead"]
    assert (letter.channel, letter.why) == ("telegram", "KeyError")


def test_one_row_cannot_be_passed_off_as_another(store: Store) -> None:
    live_a_little(store)
    other = store.opened(store.person(Address("telegram", "bot", "7")), secret=1)
    store.rows("update entries set body = (select body from entries where id = 'e1')")
    with store.tx() as tx, pytest.raises(Unreadable):
        entries.of_case(tx, other.id)


CASE_TABLES = (
    "cases", "case_keys", "returns", "links", "entries", "files", "cards", "outbox", "deadlines",
)  # fmt: skip


def sealed_bytes(store: Store, case: str) -> list[bytes]:
    """Every blob and id that belongs to a case, as it lies in the file."""
    found = [case.encode()]
    for sql in (
        "select wrapped from case_keys where case_id = ?",
        "select body from entries where case_id = ?",
        "select body from files where case_id = ?",
        "select facts from cases where id = ?",
        "select secret_index from returns where case_id = ?",
    ):
        found += [row[0] for row in store.rows(sql, case)]
    found += [row[0] for row in store.rows("select body from talks where settled = 1")]
    return [blob[:48] for blob in found]


def test_shredding_leaves_no_byte_of_the_case(store: Store) -> None:
    case = live_a_little(store)
    kept = store.opened(store.person(Address("telegram", "bot", "7")), secret=1)
    # The audit remembers that there was a case of this id, and nothing else of it.
    store.rows("delete from audit where case_id = ?", case)
    assert truncate_journal(store.connection)
    blobs = sealed_bytes(store, case)
    assert len(blobs) >= 10
    assert all(blob in everything(store.path) for blob in blobs)
    with store.tx() as tx:
        retention.shred_case(tx, case)
        assert cases.get(tx, case) is None
        assert cases.by_secret(tx, SECRET) is None
        left = [one for one in visible.due(tx, store.now) if one.person is None]
        assert [(one.ward, one.refs) for one in left] == [(house().ward.id, ("42",))]
    assert truncate_journal(store.connection)
    data = everything(store.path)
    assert [blob for blob in blobs if blob in data] == []
    for table in CASE_TABLES:
        column = "id" if table == "cases" else "case_id"
        assert store.rows(f"select 1 from {table} where {column} = ?", case) == []
    with store.tx() as tx:
        assert cases.get(tx, kept.id) == kept


def test_before_the_checkpoint_the_journal_still_holds_what_was_deleted(store: Store) -> None:
    """The control: this is why the checkpoint's result is looked at."""
    case = live_a_little(store)
    blobs = sealed_bytes(store, case)
    with store.tx() as tx:
        retention.shred_case(tx, case)
    data = everything(store.path)
    assert any(blob in data for blob in blobs)


def test_shredding_takes_the_talk_that_tells_the_story_but_no_other(store: Store) -> None:
    case = live_a_little(store)
    person = store.rows("select person from talks")[0]["person"]
    store.apply(Keep(Talk(person, "left-1", flow="report", case="another")))
    with store.tx() as tx:
        retention.shred_case(tx, case)
        assert get_talk(tx, person, Side.RESIDENT) == Talk(person, Side.RESIDENT)
        assert get_talk(tx, person, "left-1").case == "another"


def test_shredding_hurries_the_taking_away_of_words_in_chats(store: Store) -> None:
    case = live_a_little(store)
    person = store.rows("select person from visible")[0]["person"]
    with store.tx() as tx:
        visible.note(tx, person, ("55",), store.now.replace(year=2027), case)
        retention.shred_case(tx, case)
        assert ("55",) in {one.refs for one in visible.due(tx, store.now)}


def test_nothing_can_be_added_to_a_shredded_case(store: Store) -> None:
    case = live_a_little(store)
    with store.tx() as tx:
        retention.shred_case(tx, case)
    store.apply(Add("late", case, EntryKind.WORDS, "muộn"), Show(case, "group"))
    assert store.count("entries") == 0
