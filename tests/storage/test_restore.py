"""Restoring: held until somebody looked, no old way in, no number twice, nothing erased comes back."""

import os
import sqlite3
import stat
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from handlers.effects import (
    Add,
    Aside,
    Audit,
    Change,
    Class,
    Delivery,
    EntryKind,
    Forget,
    Part,
    Remind,
    Say,
)
from handlers.events import Address, Side, Wait
from handlers.talk import Talk
from storage import (
    audit,
    deadlines,
    erased,
    hold,
    invites,
    officers,
    outbox,
    retention,
    sessions,
    shows,
    talks,
)
from storage.backup import BackupTrouble, Job, make
from storage.committee import Private
from storage.file import connect, open_writer
from storage.invites import Invite, Opens
from storage.kept import restoring
from storage.outbox import Kind, Parcel
from storage.restore import LEAP, Restored, restore, unwritten
from storage.rootkey import RootKey
from storage.tx import Tx
from tests.storage.store import CHILD, PAGE, Store, house, seal

ROOT = RootKey(bytes([7]) * 32)
COMMITTEE = Private(bytes(range(1, 33)))
WARD = house().ward.id


@dataclass
class Vault:
    """A store, its backup, and the store that comes back."""

    store: Store
    folder: Path
    file: Path | None = None

    def back_up(self) -> None:
        self.file = make(
            Job(self.store.path, self.folder, ROOT, COMMITTEE.public), self.store.now
        ).path

    def write_down(self) -> None:
        """What the running program does every few seconds."""
        with self.store.tx() as tx:
            gone = erased.waiting(tx)
            erased.append(self.folder, gone)
            erased.written(tx, gone)

    def restore(self, **later: float) -> Restored:
        """Lose the database, and bring it back from the backup."""
        assert self.file is not None
        self.write_down()
        self.store.connection.close()
        restored = restore(
            self.file,
            self.store.path,
            (ROOT, COMMITTEE),
            ward=WARD,
            periods=retention.periods(house().ward),
            gone=erased.read(self.folder),
            now=self.store.later(**(later or {"hours": 3})),
        )
        self.store.connection = open_writer(self.store.path, self.store.seal)
        return restored

    def claim(self, lane: str) -> Parcel | None:
        with self.store.tx() as tx:
            return outbox.claim(tx, lane, self.store.now, 60)

    def first_bad(self) -> int | None:
        with self.store.tx() as tx:
            return audit.verify(tx)


@pytest.fixture
def vault(store: Store, tmp_path: Path) -> Vault:
    return Vault(store, tmp_path / "backups")


def parcel(tx: Tx, person: str | None, **fields: object) -> Parcel:
    facts = {
        "number": 0,
        "kind": Kind.SAY,
        "lane": "group" if person is None else f"telegram:{person}",
        "rank": Class.ANSWER,
        "due": tx.now,
        "ward": WARD,
        "person": person,
        "body": b"words",
    }
    return Parcel(**{**facts, **fields})  # type: ignore[arg-type]


# held


def test_nothing_that_was_on_its_way_goes_out(vault: Vault) -> None:
    store = vault.store
    child, page = store.person(), store.person(PAGE)
    case = store.opened(child)
    with store.tx() as tx:
        outbox.put(tx, parcel(tx, child))
        outbox.put(tx, parcel(tx, page, lane=f"web:{page}", pull=True))
        outbox.put(tx, parcel(tx, None, kind=Kind.SHOW, case=case.id, place="group", body=b""))
        outbox.put(tx, parcel(tx, child, kind=Kind.FETCH, lane="fetch:telegram"))
        outbox.put(tx, parcel(tx, None, kind=Kind.HOOK, lane="hook"))
        deadlines.remind(tx, Remind(Wait.UNCLAIMED, tx.now, case=case.id))
        assert outbox.claim(tx, "hook", tx.now, 60) is not None  # being sent when it was lost
    vault.back_up()
    restored = vault.restore()
    assert restored.held == hold.Held(messages=3, cards=1, files=1, moments=1)
    for lane in (f"telegram:{child}", "group", "hook", "fetch:telegram"):
        assert vault.claim(lane) is None
    with store.tx() as tx:
        assert outbox.next_due(tx) is None
        assert outbox.unread(tx, page) == []
        assert outbox.confirm(tx, page, 10**9, tx.now) == 0
        assert deadlines.take(tx, tx.now) is None
        assert deadlines.next_due(tx) is None
        deadlines.postpone(tx, tx.now, tx.now + timedelta(hours=1))
        assert hold.since(tx) == tx.now
    assert store.count("outbox") == 5


def test_what_comes_in_afterwards_goes_out_at_once(vault: Vault) -> None:
    store = vault.store
    child = store.person()
    case = store.opened(child)
    with store.tx() as tx:
        outbox.put(tx, parcel(tx, None, kind=Kind.SHOW, case=case.id, place="group", body=b""))
        deadlines.remind(tx, Remind(Wait.UNCLAIMED, tx.now, case=case.id))
    vault.back_up()
    vault.restore()
    new = store.opened(child, secret=77)
    with store.tx() as tx:
        for one in (case.id, new.id):  # also new words in a case that came back
            outbox.put(tx, parcel(tx, None, kind=Kind.SHOW, case=one, place="group", body=b""))
        deadlines.remind(tx, Remind(Wait.UNCLAIMED, tx.now, case=case.id))
        due = deadlines.take(tx, tx.now)
    assert due is not None
    assert due.case == case.id
    seen = [vault.claim("group")]
    with store.tx() as tx:
        outbox.sent(tx, seen[0], (), tx.now)  # type: ignore[arg-type]
    seen.append(vault.claim("group"))
    assert {one.case for one in seen if one} == {case.id, new.id}


def test_a_group_that_works_again_is_not_shown_the_old_cases(vault: Vault) -> None:
    store = vault.store
    child = store.person()
    store.opened(child)
    vault.back_up()
    vault.restore()
    store.later(minutes=1)
    new = store.opened(child, secret=77)
    with store.tx() as tx:
        shows.reopen(tx, WARD)
    first = vault.claim("group")
    assert first is not None
    assert first.case == new.id
    with store.tx() as tx:
        outbox.sent(tx, first, (), tx.now)
        assert outbox.claim(tx, "group", tx.now, 60) is None
        hold.release(tx)
        shows.reopen(tx, WARD)
        assert outbox.claim(tx, "group", tx.now, 60) is not None


def test_confirmed_it_goes_on_and_repeats_say_so(vault: Vault) -> None:
    store = vault.store
    child, page = store.person(), store.person(PAGE)
    case = store.opened(child)
    with store.tx() as tx:
        outbox.put(tx, parcel(tx, child))
        outbox.put(tx, parcel(tx, page, lane=f"web:{page}", pull=True))
        outbox.put(tx, parcel(tx, None, kind=Kind.SHOW, case=case.id, place="group", body=b""))
        deadlines.remind(tx, Remind(Wait.UNCLAIMED, tx.now, case=case.id))
        outbox.put(tx, parcel(tx, child, rank=Class.CAMPAIGN, lane="telegram:other"))
    vault.back_up()
    vault.restore()
    with store.tx() as tx:
        assert hold.release(tx) == 1  # a campaign is never sent twice
        assert hold.since(tx) is None
        assert hold.counted(tx) == hold.Held(0, 0, 0, 0)
        assert len(outbox.lanes_due(tx, tx.now)) == 2
        assert [one.body for one in outbox.unread(tx, page)] == [b"words"]
        due = deadlines.take(tx, tx.now)
        assert due is not None
        assert due.wait is Wait.UNCLAIMED
    for lane in (f"telegram:{child}", "group"):
        claimed = vault.claim(lane)
        assert claimed is not None
        assert claimed.again


def test_an_answer_that_was_repeated_already_is_given_up_aloud(vault: Vault) -> None:
    store = vault.store
    child = store.person()
    case = store.opened(child)
    entry = store.id()
    store.apply(Add(entry, case.id, EntryKind.ANSWER, "trả lời", delivery=Delivery.WAITING))
    with store.tx() as tx:
        outbox.put(tx, parcel(tx, child, entry=entry))
        one = outbox.claim(tx, f"telegram:{child}", tx.now, 60)
        assert one is not None
        outbox.doubt(tx, one, tx.now, tx.now)
    vault.back_up()
    vault.restore()
    with store.tx() as tx:
        assert hold.release(tx) == 1
    assert store.rows("select delivery from entries where id = ?", entry)[0][0] == "failed"


def test_a_card_that_was_shown_anew_meanwhile_is_not_shown_twice(vault: Vault) -> None:
    store = vault.store
    case = store.opened(store.person())
    with store.tx() as tx:
        outbox.put(tx, parcel(tx, None, kind=Kind.SHOW, case=case.id, place="group", body=b""))
    vault.back_up()
    vault.restore()
    with store.tx() as tx:
        outbox.put(tx, parcel(tx, None, kind=Kind.SHOW, case=case.id, place="group", body=b""))
        hold.release(tx)
    assert store.count("outbox") == 1


def test_dropped_messages_are_gone_but_no_alert_is(vault: Vault) -> None:
    store = vault.store
    child = store.person()
    case = store.opened(child)
    entry = store.id()
    store.apply(Add(entry, case.id, EntryKind.ANSWER, "trả lời", delivery=Delivery.WAITING))
    with store.tx() as tx:
        outbox.put(tx, parcel(tx, child, entry=entry))
        outbox.put(tx, parcel(tx, None, kind=Kind.SHOW, case=case.id, place="group", body=b""))
        deadlines.remind(tx, Remind(Wait.UNCLAIMED, tx.now, case=case.id))
    vault.back_up()
    vault.restore()
    with store.tx() as tx:
        assert hold.drop(tx) == 1
        assert hold.since(tx) is None
        assert outbox.claim(tx, f"telegram:{child}", tx.now, 60) is None
        assert deadlines.take(tx, tx.now) is not None
    assert vault.claim("group") is not None
    assert store.rows("select delivery from entries where id = ?", entry)[0][0] == "held"


def test_whoever_leaves_while_it_is_held_gets_nothing_afterwards(vault: Vault) -> None:
    store = vault.store
    child = store.person()
    with store.tx() as tx:
        outbox.put(tx, parcel(tx, child))
    vault.back_up()
    vault.restore()
    with store.tx() as tx:
        outbox.withdraw(tx, child)
        hold.release(tx)
    assert store.count("outbox") == 0


# no old way in, no number twice


def test_sessions_links_and_prompts_end_return_words_go_on(vault: Vault) -> None:
    store = vault.store
    officer = store.officer()
    chat = store.with_chat(officer)
    child = store.person()
    case = store.opened(child)
    with store.tx() as tx:
        invites.make(tx, "used since", Invite(Opens.DESK, officer.id), tx.now + timedelta(days=2))
        invites.make(tx, "t", Invite(Opens.DESK, officer.id), tx.now + timedelta(days=2))
        sessions.enter(tx, "t", "session", tx.now)
        writer = store.rows("select id from people where officer = ? and pull = 0", officer.id)[0][
            0
        ]
        talks.keep(tx, Talk(writer, Side.DESK, flow="reply", case=case.id), tx.now)
        talks.keep(tx, Talk(child, Side.RESIDENT, flow="report", case=case.id), tx.now)
    vault.back_up()
    vault.restore(hours=1)
    assert chat
    with store.tx() as tx:
        assert sessions.officer(tx, "session", tx.now) is None
        assert invites.look(tx, "used since", tx.now) is None
        assert talks.get(tx, writer, Side.DESK).flow == ""
        assert talks.get(tx, child, Side.RESIDENT).flow == "report"
        assert tx.one("select case_id from returns") is not None


def test_no_number_of_the_lost_time_is_given_out_again(vault: Vault) -> None:
    store = vault.store
    page = store.person(PAGE)
    letter = {"lane": f"web:{page}", "pull": True}
    with store.tx() as tx:
        outbox.put(tx, parcel(tx, page, **letter))
    store.apply(Audit("open"), Audit("open"))
    vault.back_up()
    with store.tx() as tx:  # lost
        outbox.put(tx, parcel(tx, page, **letter))
    store.apply(Audit("note"))
    lost = store.rows("select max(number) from outbox")[0][0]
    audited = store.rows("select max(number) from audit")[0][0]
    vault.restore()
    with store.tx() as tx:
        outbox.put(tx, parcel(tx, page, **letter))
        # a page of the lost time, still open in a browser, confirms what it has shown
        outbox.confirm(tx, page, lost, tx.now)
        assert len(outbox.unread(tx, page)) == 1
    assert store.rows("select max(number) from outbox")[0][0] > LEAP + lost - 1
    rows = store.rows("select number, act from audit where number > 2 order by number")
    assert rows[0]["number"] == 2 + LEAP > audited
    assert rows[0]["act"].startswith("restored.20")
    store.apply(Audit("open"))
    assert vault.first_bad() is None


def test_numbers_leap_also_where_none_was_given_out_yet(vault: Vault) -> None:
    vault.back_up()
    vault.restore()
    child = vault.store.person()
    with vault.store.tx() as tx:
        outbox.put(tx, parcel(tx, child))
    assert vault.store.rows("select number from outbox")[0][0] == LEAP + 1


@pytest.mark.parametrize(
    "damage",
    ["delete from audit where number = 2", "update audit set number = number - 1 where number > 9"],
)
def test_the_audits_leap_hides_no_change(vault: Vault, damage: str) -> None:
    store = vault.store
    store.apply(*(Audit("open") for _ in range(4)))
    vault.back_up()
    vault.restore()
    assert vault.first_bad() is None
    store.rows(damage)
    assert vault.first_bad() is not None


# erased since


def test_a_case_that_was_shredded_since_does_not_come_back(vault: Vault) -> None:
    store = vault.store
    child = store.person()
    gone, kept = store.opened(child), store.opened(child, secret=77)
    vault.back_up()
    with store.tx() as tx:
        retention.shred_case(tx, gone.id)
    restored = vault.restore()
    assert [row["id"] for row in store.rows("select id from cases")] == [kept.id]
    assert restored.cases == 1
    assert not store.rows("select 1 from entries where case_id = ?", gone.id)


def test_without_the_log_it_would_come_back(vault: Vault) -> None:
    """The log is what does it: the test above can fail."""
    store = vault.store
    gone = store.opened(store.person())
    vault.back_up()
    with store.tx() as tx:
        retention.shred_case(tx, gone.id)
    vault.write_down()
    (vault.folder / erased.LOG).unlink()
    assert vault.restore().cases == 1


def test_a_tie_that_was_cut_and_a_person_who_was_forgotten_stay_so(vault: Vault) -> None:
    store = vault.store
    child, friend = store.person(), store.person(Address("telegram", "bot", "7100000009"))
    case, other = store.opened(child), store.opened(friend, secret=77)
    vault.back_up()
    with store.tx() as tx:
        retention.untie(tx, case.id, child)
        retention.erase(tx, friend)
    vault.restore()
    assert store.count("links") == 0
    assert {row["id"] for row in store.rows("select id from cases")} == {case.id, other.id}


def test_a_tie_that_was_cut_before_the_backup_and_made_again_stays(vault: Vault) -> None:
    store = vault.store
    child = store.person()
    case = store.opened(child)
    vault.folder.mkdir()
    with store.tx() as tx:
        retention.untie(tx, case.id, child)
    vault.write_down()
    store.later(hours=1)
    store.rows("insert into links (id, case_id, person, at) values ('l', ?, ?, 1)", case.id, child)
    vault.back_up()
    vault.restore()
    assert store.count("links") == 1


def test_a_draft_that_was_thrown_away_is_not_sent_on_and_a_chat_that_was_left_stays_left(
    vault: Vault,
) -> None:
    store = vault.store
    child, other = store.person(), store.person(Address("telegram", "bot", "7100000009"))
    with store.tx() as tx:
        for one in (child, other):
            talks.keep(tx, Talk(one, Side.RESIDENT, flow="report", draft="lời kể"), tx.now)
            deadlines.remind(tx, Remind(Wait.UNFINISHED, tx.now, person=one))
        outbox.put(tx, parcel(tx, other))
    vault.back_up()
    store.apply(Forget(child, Side.RESIDENT))
    store.apply(Aside(other, "away1"))
    vault.restore(hours=1)
    with store.tx() as tx:
        for one in (child, other):
            assert talks.get(tx, one, Side.RESIDENT).flow == ""
        hold.release(tx)
        assert outbox.claim(tx, f"telegram:{other}", tx.now, 60) is None
        due = deadlines.take(tx, tx.now)
        assert due is not None
        assert (due.person, due.side != Side.RESIDENT) == (other, True)
        assert deadlines.take(tx, tx.now) is None


def test_an_officer_who_was_removed_since_has_no_rights(vault: Vault) -> None:
    store = vault.store
    gone, stays = store.officer("Cô Mai"), store.officer("Chú Ba")
    store.with_chat(gone)
    case = store.opened(store.person())
    store.apply(Change(replace(case, claimed_by=gone.id)))
    vault.back_up()
    with store.tx() as tx:
        officers.remove(tx, gone.id)
    vault.restore()
    with store.tx() as tx:
        assert [one.id for one in officers.roster(tx, WARD)] == [stays.id]
    assert store.rows("select claimed_by from cases")[0][0] is None


def test_what_has_expired_goes_before_anything_is_shown(vault: Vault) -> None:
    store = vault.store
    case = store.opened(store.person())
    with store.tx() as tx:
        retention.sweep(tx, tx.now, retention.periods(house().ward))
    store.apply(Change(replace(case, closed=store.now)))
    store.now += timedelta(days=house().ward.keep_days) - timedelta(hours=1)
    with store.tx() as tx:
        retention.sweep(tx, tx.now, retention.periods(house().ward), confirmed=True)
    vault.back_up()
    restored = vault.restore(hours=2)
    assert (restored.shredded, restored.cases, restored.asks) == (1, 0, None)


def test_a_long_time_asks_before_it_deletes(vault: Vault) -> None:
    store = vault.store
    store.opened(store.person())
    with store.tx() as tx:
        retention.sweep(tx, tx.now, retention.periods(house().ward))
    vault.back_up()
    restored = vault.restore(days=20)
    assert restored.asks == "clock-jumped"
    assert restored.cases == 1


# into its place


def test_the_data_that_was_there_lies_aside(vault: Vault) -> None:
    store = vault.store
    store.opened(store.person())
    vault.back_up()
    store.opened(store.person(), secret=77)
    restored = vault.restore()
    assert restored.aside is not None
    assert stat.S_IMODE(restored.aside.stat().st_mode) == 0o600
    old = sqlite3.connect(restored.aside)
    assert old.execute("select count(*) from cases").fetchone()[0] == 2
    old.close()
    assert store.count("cases") == 1
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert restored.aside.stat().st_ino != store.path.stat().st_ino


@pytest.mark.parametrize("damaged", [False, True], ids=["a journal of its own", "rubbish"])
def test_a_journal_of_the_old_database_is_not_played_into_the_new_one(
    vault: Vault, damaged: bool
) -> None:
    store = vault.store
    store.opened(store.person())
    vault.back_up()
    for number in range(20):
        store.opened(store.person(), secret=100 + number)
    wal = Path(f"{store.path}-wal")
    journal = b"rubbish" if damaged else wal.read_bytes()
    store.connection.close()
    store.path.write_bytes(b"not a database any more" * 1000)
    wal.write_bytes(journal)
    store.connection = sqlite3.connect(":memory:")
    vault.write_down = lambda: None  # type: ignore[method-assign]  (nobody can read it)
    restored = vault.restore()
    assert store.count("cases") == 1
    assert store.rows("pragma integrity_check")[0][0] == "ok"
    assert restored.aside is not None
    assert restored.aside.stat().st_size


def refused(vault: Vault, file: Path, root: RootKey = ROOT, private: Private | None = None) -> str:
    before = vault.store.path.read_bytes()
    with pytest.raises(BackupTrouble) as trouble:
        restore(
            file,
            vault.store.path,
            (root, private),
            ward=WARD,
            periods=retention.periods(house().ward),
            gone=[],
            now=vault.store.now,
        )
    assert vault.store.path.read_bytes() == before
    assert not restoring(vault.store.path).exists()
    return str(trouble.value)


def test_what_cannot_be_restored_changes_nothing(vault: Vault, tmp_path: Path) -> None:
    store = vault.store
    store.opened(store.person())
    vault.back_up()
    assert vault.file is not None
    assert refused(vault, tmp_path / "nowhere") == "not-a-backup"
    assert refused(vault, vault.file) == f"other-key {COMMITTEE.id}"
    assert refused(vault, vault.file, private=Private.new()) == f"other-key {COMMITTEE.id}"
    assert refused(vault, vault.file, RootKey(bytes(32)), COMMITTEE) == "wrong-key"
    note = tmp_path / "note"
    note.write_text("a shopping list")
    assert refused(vault, note) == "not-a-backup"
    data = vault.file.read_bytes()
    for name, changed in {
        "cut": data[:-1],
        "a piece missing": data[: 91 + 65_552],
        "changed": data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
    }.items():
        note.write_bytes(changed)
        assert refused(vault, note, private=COMMITTEE).startswith("changed"), name
    store.rows("pragma user_version=99")
    store.rows("pragma wal_checkpoint(TRUNCATE)")
    newer = tmp_path / "newer.db"
    newer.write_bytes(store.path.read_bytes())
    assert refused(vault, newer) == "newer-schema"


def test_a_copy_made_by_an_upgrade_can_be_restored_too(vault: Vault, tmp_path: Path) -> None:
    store = vault.store
    store.opened(store.person())
    copy = tmp_path / "lang-nghe.before-2.db"
    with store.tx() as tx:
        tx.run("insert into meta (name, value) values ('beat', ?)", b"1790000000000")
    source = connect(store.path)
    source.execute("vacuum into ?", (str(copy),))
    source.close()
    vault.file = copy
    vault.folder.mkdir()
    restored = vault.restore()
    assert restored.cases == 1
    assert restored.made.timestamp() == 1_790_000_000
    assert store.path.stat().st_ino != copy.stat().st_ino


# the log of what was erased


def test_the_log_keeps_whole_lines_only_and_names_nobody(tmp_path: Path, store: Store) -> None:
    with store.tx() as tx:
        erased.note(tx, erased.What.CASE, "case1")
        erased.note(tx, erased.What.TIE, "case1", "person1")
        gone = erased.waiting(tx)
    erased.append(tmp_path, gone)
    log = tmp_path / erased.LOG
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    text = log.read_text()
    assert "case1" not in text
    assert "person1" not in text
    log.write_text(text[:-10])  # a power cut in the middle of a line
    erased.append(tmp_path, gone[:1])
    assert [one.what for one in erased.read(tmp_path)] == [gone[0].what, gone[0].what]
    assert erased.read(tmp_path)[1].mark == erased.mark("case1")
    assert erased.read(tmp_path / "nowhere") == []


def test_a_disk_that_takes_a_part_at_a_time_gets_every_line(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.tx() as tx:
        for case in range(50):
            erased.note(tx, erased.What.CASE, str(case))
        gone = erased.waiting(tx)
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:77]))
    erased.append(tmp_path, gone)
    assert len(erased.read(tmp_path)) == 50


def test_a_case_and_an_officer_go_again_whatever_the_clock_said(vault: Vault) -> None:
    store = vault.store
    officer, child = store.officer("Cô Mai"), store.person()
    case = store.opened(child)
    vault.back_up()
    with store.tx() as tx:
        retention.shred_case(tx, case.id)
        officers.remove(tx, officer.id)
        tx.run("update erased set at = 0")  # a dead battery
    restored = vault.restore()
    assert restored.cases == 0
    with store.tx() as tx:
        assert list(officers.roster(tx, WARD)) == []


def test_what_the_lost_database_had_not_written_down_is_found_in_it(
    vault: Vault, tmp_path: Path
) -> None:
    store = vault.store
    with store.tx() as tx:
        for case in range(erased.AT_ONCE + 1):
            erased.note(tx, erased.What.CASE, str(case))
    assert len(unwritten(store.path, ROOT, store.now)) == erased.AT_ONCE + 1
    (tmp_path / "broken.db").write_bytes(b"eaten" * 1000)
    assert unwritten(tmp_path / "broken.db", ROOT, store.now) == []
    assert unwritten(tmp_path / "none.db", ROOT, store.now) == []
    assert not (tmp_path / "none.db").exists()


def test_lines_no_backup_needs_any_more_are_dropped(tmp_path: Path, store: Store) -> None:
    with store.tx() as tx:
        erased.note(tx, erased.What.CASE, "old")
        old = erased.waiting(tx)
    erased.append(tmp_path, old)
    store.later(days=31)
    erased.shorten(tmp_path, store.now)
    assert len(erased.read(tmp_path)) == 1
    store.later(days=1)
    with store.tx() as tx:
        erased.note(tx, erased.What.CASE, "new")
        erased.append(tmp_path, [one for one in erased.waiting(tx) if one not in old])
    erased.shorten(tmp_path, store.now)
    assert [one.mark for one in erased.read(tmp_path)] == [erased.mark("new")]


def test_a_line_never_looks_older_than_what_it_erased(tmp_path: Path, store: Store) -> None:
    store.later(seconds=7)
    with store.tx() as tx:
        erased.note(tx, erased.What.CASE, "c")
        erased.append(tmp_path, erased.waiting(tx))
    (line,) = erased.read(tmp_path)
    assert store.now <= line.at < store.now + timedelta(minutes=1)


def test_say_is_not_held_when_nothing_was_restored(store: Store) -> None:
    child = store.person(CHILD)
    store.apply(Say(child, (Part("x"),)), person=child)
    with store.tx() as tx:
        assert hold.since(tx) is None
        assert hold.counted(tx) == hold.Held(0, 0, 0, 0)
        assert outbox.claim(tx, f"telegram:{child}", tx.now, 60) is not None
    assert seal().key_id == store.seal.key_id
