"""Backups: made beside a running program, tried, sealed, few kept, and no plain copy left behind."""

import errno
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handlers.help import BACKUPS_DAYS
from storage import backup as module
from storage import erased, file, kept
from storage.backup import BackupTrouble, Job, Why, make, newest, own
from storage.committee import CHUNK, Private, seal_stream
from storage.restore import unpack
from storage.rootkey import RootKey
from storage.seal import Unreadable
from storage.times import ms
from tests.storage.store import CHILD, Store

ROOT = RootKey(bytes([7]) * 32)
"""The key of the tests' stores."""
COMMITTEE = Private(bytes(range(1, 33)))
NIGHT = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)
"""04:00 on the 25th in Việt Nam."""


@pytest.fixture
def job(store: Store, tmp_path: Path) -> Job:
    """A store with a case in it, and where its backups go."""
    store.opened(store.person())
    return Job(store.path, tmp_path / "backups", ROOT, COMMITTEE.public)


def left(folder: Path) -> set[str]:
    """What lies in a folder besides the database and its journals."""
    names = {path.name for path in folder.iterdir() if path.is_file()}
    return {name for name in names if not name.startswith("lang-nghe.db")}


def test_a_backup_is_one_sealed_file_that_only_its_owner_reads(store: Store, job: Job) -> None:
    made = make(job, NIGHT)
    assert made.path.name == f"lang-nghe-20261124T210000Z-{COMMITTEE.id}.backup"
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert made.sha256 == kept.digest(made.path)
    assert made.tried == 1
    assert b"SQLite" not in made.path.read_bytes()
    assert left(job.folder) == {made.path.name, ".lock"}
    assert left(store.path.parent) == set()
    assert newest(job.folder) == NIGHT


@pytest.mark.parametrize("committee", [COMMITTEE.public, None], ids=["committee", "root key"])
def test_what_it_holds_comes_back_whole(store: Store, job: Job, committee: object) -> None:
    job = Job(job.database, job.folder, ROOT, committee)  # type: ignore[arg-type]
    plain = store.path.parent / "out.db"
    unpack(make(job, NIGHT).path, (ROOT, COMMITTEE), plain)
    copy = sqlite3.connect(plain)
    for table in ("cases", "entries", "case_keys", "people"):
        there = copy.execute(f"select * from {table}").fetchall()
        assert there == [tuple(row) for row in store.rows(f"select * from {table}")]
        assert there
    copy.close()


def test_without_a_committee_the_root_key_opens_it_and_another_one_does_not(job: Job) -> None:
    job = Job(job.database, job.folder, ROOT, None)
    made = make(job, NIGHT)
    assert made.path.name.endswith(f"-{own(ROOT).id}.backup")
    with pytest.raises(BackupTrouble, match=f"other-key {own(ROOT).id}"):
        unpack(made.path, (RootKey(bytes(32)), None), job.folder / "out")


def test_writers_go_on_while_it_is_made(
    store: Store, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = module.backup

    def while_writing(connection: sqlite3.Connection, target: Path) -> None:
        store.person(CHILD)
        copied(connection, target)
        store.opened(store.person(), secret=99)

    monkeypatch.setattr(module, "backup", while_writing)
    assert make(job, NIGHT).tried == 1
    assert store.count("cases") == 2


def test_deleted_words_do_not_lie_in_it(store: Store, job: Job) -> None:
    store.rows("insert into meta (name, value) values ('x', ?)", b"a canary" * 400)
    store.rows("delete from meta where name = 'x'")
    plain = store.path.parent / "out.db"
    unpack(make(job, NIGHT).path, (ROOT, COMMITTEE), plain)
    assert b"a canary" not in plain.read_bytes()


def test_the_committee_alone_can_try_one(store: Store, job: Job) -> None:
    store.seal.committee = COMMITTEE.public
    store.opened(store.person(), secret=77)
    plain = store.path.parent / "out.db"
    unpack(make(job, NIGHT).path, (RootKey(bytes(32)), COMMITTEE), plain)
    assert module.prove_for_committee(plain, COMMITTEE, NIGHT) == 1
    with pytest.raises(Unreadable):
        module.prove_for_committee(plain, Private.new(), NIGHT)
    copy = sqlite3.connect(plain)
    copy.execute("update entries set body = zeroblob(length(body))")
    copy.commit()
    copy.close()
    with pytest.raises(Unreadable):
        module.prove_for_committee(plain, COMMITTEE, NIGHT)


# what must not pass as a backup


def refusal(job: Job) -> Why:
    with pytest.raises(BackupTrouble) as trouble:
        make(job, NIGHT)
    assert left(job.database.parent) == set()
    assert left(job.folder) <= {".lock"}
    return trouble.value.why


def test_a_case_that_does_not_open_is_noticed(store: Store, job: Job) -> None:
    store.rows("update case_keys set wrapped = zeroblob(length(wrapped))")
    assert refusal(job) is Why.UNREADABLE


@pytest.mark.parametrize(
    "column", ["entries.body", "cases.facts", "people.address", "people.profile"]
)
def test_a_word_or_an_address_that_does_not_open_is_noticed(
    store: Store, job: Job, column: str
) -> None:
    table, _, name = column.partition(".")
    store.rows(f"update {table} set {name} = zeroblob(length({name}))")
    assert refusal(job) is Why.UNREADABLE


def test_another_key_a_newer_schema_and_a_cut_off_rotation_are_noticed(
    store: Store, job: Job
) -> None:
    assert refusal(Job(job.database, job.folder, RootKey(bytes(32)), None)) is Why.WRONG_KEY
    store.rows("insert into meta (name, value) values ('rotation', x'00')")
    assert refusal(job) is Why.ROTATING
    store.rows("pragma user_version=99")
    assert refusal(job) is Why.NEWER


def test_a_damaged_database_makes_no_backup(store: Store, job: Job) -> None:
    store.connection.execute("pragma wal_checkpoint(TRUNCATE)")
    with store.path.open("r+b") as file:
        for page in range(10, store.path.stat().st_size // 4096, 3):
            file.seek(page * 4096)
            file.write(bytes(4096))
    assert refusal(job) is Why.DAMAGED


def test_no_database_no_room_and_a_key_beside_are_said(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "none"
    nowhere.mkdir()
    assert refusal(Job(nowhere / "x.db", job.folder, ROOT, None)) is Why.NO_DATABASE
    beside = job.folder / "keys" / "root.key"
    assert refusal(Job(job.database, job.folder, ROOT, None, beside)) is Why.KEY_BESIDE
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=70_000_000 - 5_000_000))
    assert refusal(job) is Why.NO_ROOM


def test_a_folder_that_refuses_is_said(job: Job, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupTrouble, match="not-written"):
        make(Job(job.database, tmp_path / "file", ROOT, None), NIGHT)


def test_two_at_once_are_one(job: Job) -> None:
    with module.alone(job.folder), pytest.raises(BackupTrouble, match="busy"):
        make(job, NIGHT)
    make(job, NIGHT)


@pytest.mark.parametrize("calls", [0, 3])
def test_a_stop_ends_it_and_leaves_nothing(store: Store, job: Job, calls: int) -> None:
    for number in range(40):
        store.opened(store.person(), secret=1000 + number)
    asked = iter(range(1000))
    with pytest.raises(BackupTrouble, match="stopped"):
        make(job, NIGHT, lambda: next(asked) >= calls)
    assert left(job.folder) == {".lock"}
    assert left(store.path.parent) == set()


def lazy(public: object, info: bytes, source: object, target: object) -> None:
    """The planted bug: the last piece is not written."""
    raw = target.file  # type: ignore[attr-defined]
    seal_stream(public, info, source, target)  # type: ignore[arg-type]
    raw.truncate(raw.tell() - 16)


def test_a_file_that_is_not_what_was_written_gets_no_name(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "seal_stream", lazy)
    assert refusal(job) is Why.CHANGED


def test_a_disk_that_gives_back_other_bytes_is_noticed(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rot(public: object, plain: Path, target: Path, halted: object) -> tuple[str, str]:
        sums = real(public, plain, target, halted)  # type: ignore[arg-type]
        with target.open("r+b") as file:
            file.seek(500)
            (byte,) = file.read(1)
            file.seek(500)
            file.write(bytes([byte ^ 1]))
        return sums

    real = module.seal_file
    monkeypatch.setattr(module, "seal_file", rot)
    assert refusal(job) is Why.CHANGED
    assert refusal(Job(job.database, job.folder, ROOT, None)) is Why.CHANGED


# what a killed process leaves


def test_left_overs_are_swept_at_the_next_run(job: Job) -> None:
    job.folder.mkdir(0o700)
    plain = kept.copying(job.database)
    plain.write_bytes(b"a plain copy" * 100)
    kept.restoring(job.database).write_bytes(b"another")
    (job.folder / ".lang-nghe-20261101T000000Z-00000000.backup.partial").write_bytes(b"half")
    made = make(job, NIGHT)
    assert left(job.database.parent) == set()
    assert left(job.folder) == {made.path.name, ".lock"}


def test_what_is_removed_was_overwritten_first(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(b"words" * 50_000)
    with path.open("rb") as held:
        kept.wipe(path)
        assert not path.exists()
        assert held.read() == bytes(250_000)  # not one byte more: a full disk has none
    kept.wipe(path)


def test_what_cannot_be_overwritten_is_removed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    path = tmp_path / "plain"
    path.write_bytes(b"words")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        kept.wipe(path)
    assert not path.exists()


def test_one_that_cannot_be_removed_keeps_none_of_the_others(job: Job) -> None:
    job.folder.mkdir(0o700)
    kept.copying(job.database).mkdir()
    others = kept.restoring(job.database), job.folder / ".lang-nghe-x.backup.partial"
    for path in others:
        path.write_bytes(b"words")
    with pytest.raises(BackupTrouble, match="not-written"):
        make(job, NIGHT)
    assert not any(path.exists() for path in others)


def test_a_database_that_refuses_a_setting_is_said(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "SETTINGS", (("synchronous", "1", 2),))
    assert refusal(job) is Why.NOT_WRITTEN


def test_a_file_with_a_second_name_is_not_overwritten_under_it(tmp_path: Path) -> None:
    (tmp_path / "live.db").write_bytes(b"the database")
    os.link(tmp_path / "live.db", tmp_path / "aside.db")
    kept.wipe(tmp_path / "aside.db")
    assert (tmp_path / "live.db").read_bytes() == b"the database"
    assert not (tmp_path / "aside.db").exists()


def test_copies_of_the_whole_database_go_after_thirty_days(store: Store, job: Job) -> None:
    folder = store.path.parent
    old, fresh = folder / "lang-nghe.before-2.db", folder / "lang-nghe.replaced-x.db"
    for path, days in ((old, 30), (fresh, 29)):
        path.write_bytes(b"copy")
        moment = (NIGHT - timedelta(days=days)).timestamp()
        os.utime(path, (moment, moment))
    assert kept.left_over(store.path) == [old, fresh]
    make(job, NIGHT)
    assert kept.left_over(store.path) == [fresh]


# which are kept


Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Lay a backup of some age down, without making it."""
    folder = tmp_path / "kept"
    folder.mkdir()

    def lay(now: datetime, *, whole: bool = True, **age: float) -> Path:
        path = kept.named(folder, now - timedelta(**age), COMMITTEE.id)
        head = b"LNSEAL\x01" + bytes.fromhex(COMMITTEE.id)
        path.write_bytes(head.ljust(91 + (700 if whole else 3), b"x"))
        return path

    return lay


def test_the_newest_of_each_of_fourteen_days_is_kept(tmp_path: Path, put: Put) -> None:
    noon = NIGHT + timedelta(hours=9)
    twice = [put(noon, days=day, hours=hours) for day in range(20) for hours in (0, 5)]
    gone = kept.prune(tmp_path / "kept", noon)
    still = sorted(set(twice) - set(gone))
    assert len(still) == 14 + 1  # and the second one of the last 24 hours
    assert all(path.exists() for path in still)
    assert not any(path.exists() for path in gone)
    assert noon - kept.listing(tmp_path / "kept")[0].at == timedelta(days=13)


def test_none_is_ever_older_than_thirty_days_also_after_a_long_absence(
    tmp_path: Path, put: Put
) -> None:
    old = [put(NIGHT, days=days) for days in (30, 31, 90)]
    young = [put(NIGHT, days=29, hours=23), put(NIGHT)]
    assert set(kept.prune(tmp_path / "kept", NIGHT)) == set(old)
    assert all(path.exists() for path in young)


def test_people_are_told_the_same_limit() -> None:
    assert timedelta(days=BACKUPS_DAYS) == kept.NEVER_OLDER


def test_the_only_good_one_stays_until_there_is_another(tmp_path: Path, put: Put) -> None:
    only, broken = put(NIGHT, days=40), put(NIGHT, whole=False)
    assert kept.prune(tmp_path / "kept", NIGHT) == [broken]
    assert newest(tmp_path / "kept") == NIGHT - timedelta(days=40)
    put(NIGHT)
    assert kept.prune(tmp_path / "kept", NIGHT) == [only]


def test_broken_ones_alone_go_when_they_are_old(tmp_path: Path, put: Put) -> None:
    put(NIGHT, whole=False, days=31)
    young = put(NIGHT, whole=False, days=2)
    kept.prune(tmp_path / "kept", NIGHT)
    assert [one.path for one in kept.listing(tmp_path / "kept")] == [young]
    assert newest(tmp_path / "kept") is None


def test_a_clock_that_ran_ahead_leaves_no_file_for_years(tmp_path: Path, put: Put) -> None:
    ahead = put(NIGHT, days=-365)
    assert kept.due(tmp_path / "kept", NIGHT)
    assert kept.prune(tmp_path / "kept", NIGHT) == []
    put(NIGHT)
    assert kept.prune(tmp_path / "kept", NIGHT) == [ahead]


@pytest.mark.parametrize("swept", [True, False], ids=["after a sweep", "before the first"])
@pytest.mark.parametrize("days", [60, 365, -400])
def test_a_clock_that_jumped_deletes_no_backup_no_copy_and_no_line(
    store: Store, job: Job, days: int, *, swept: bool
) -> None:
    if swept:
        store.rows("insert into meta (name, value) values ('swept', ?)", str(ms(NIGHT)).encode())
    nights = [make(job, NIGHT - timedelta(days=day)).path for day in range(13, -1, -1)]
    erased.append(job.folder, [erased.Erased(erased.What.CASE, erased.mark("c"), NIGHT)])
    aside = store.path.parent / "lang-nghe.replaced-x.db"
    aside.write_bytes(b"copy")
    os.utime(aside, (NIGHT.timestamp(), NIGHT.timestamp()))
    wrong = NIGHT + timedelta(days=days)
    # Where a sweep has gone through, the wrong clock's own backups do not make it a right one.
    for again in range(3 if swept else 1):
        assert not make(job, wrong + timedelta(days=again)).believed
    assert all(path.exists() for path in nights)
    assert len(erased.read(job.folder)) == 1
    assert aside.exists()


def test_a_clock_that_is_believed_again_makes_order(store: Store, job: Job) -> None:
    store.rows("insert into meta (name, value) values ('swept', ?)", str(ms(NIGHT)).encode())
    old = make(job, NIGHT - timedelta(days=40))
    assert not old.believed
    assert make(job, NIGHT).believed
    assert not old.path.exists()


def test_other_files_in_the_folder_are_not_touched(tmp_path: Path, put: Put) -> None:
    note = tmp_path / "kept" / "lang-nghe-note.backup"
    note.write_text("mine")
    put(NIGHT)
    kept.prune(tmp_path / "kept", NIGHT)
    assert note.exists()


def test_one_is_due_at_the_first_quiet_hour_after_the_last(tmp_path: Path, put: Put) -> None:
    folder = tmp_path / "kept"
    assert kept.due(folder, NIGHT)
    put(NIGHT)
    day = timedelta(days=1)
    assert not kept.due(folder, NIGHT + day - timedelta(seconds=1))
    assert kept.due(folder, NIGHT + day)
    put(NIGHT, hours=-12)  # made by hand at three in the afternoon
    assert not kept.due(folder, NIGHT + day - timedelta(seconds=1))
    assert kept.due(folder, NIGHT + day)


def test_one_cut_to_another_length_does_not_look_whole(job: Job) -> None:
    made = make(job, NIGHT)
    size = made.path.stat().st_size
    assert kept.whole(made.path, COMMITTEE.id)
    assert not kept.whole(made.path, "00000000")
    for cut in (0, 10, 91, 100, 91 + CHUNK + 16 + 3):
        with made.path.open("r+b") as file:
            file.truncate(min(cut, size))
        assert not kept.whole(made.path, COMMITTEE.id), cut
    assert newest(job.folder) is None


def test_a_folder_that_is_not_there_holds_none(tmp_path: Path) -> None:
    assert newest(tmp_path / "nowhere") is None
    assert kept.due(tmp_path / "nowhere", NIGHT)
