"""Backups: a consistent copy beside the running program, tried, sealed as one file, few kept.

The copy lies only for moments, in the database's own folder. It must not know when one is due
in the program's day, nor who is told when one fails.
"""

import fcntl
import hashlib
import io
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, cast

from storage import erased, sample
from storage.committee import CommitteeTrouble, Private, Public, open_stream, seal_stream
from storage.file import UnsafeDatabase, WrongKey, check_key, connect
from storage.guard import JUMP
from storage.kept import (
    copying,
    digest,
    named,
    newest,
    prune,
    synced,
    tidy,
    whole,
    wipe,
    with_journals,
)
from storage.migrate import NewerSchema, backup, check_version
from storage.rootkey import RootKey
from storage.seal import Seal, Unreadable
from storage.text import pack, unpack
from storage.times import at, ms
from storage.tx import Tx

__all__ = ["BackupTrouble", "Job", "Made", "Why", "make", "newest"]

INFO = b"backup|1"
"""What the stream is for; part of what is authenticated."""
SPARE_BYTES = 64 * 1024 * 1024
"""So much must stay free: a backup must never be what fills the disk of a running program."""


class Why(StrEnum):
    """Why there is no backup, or why one cannot be used."""

    NO_ROOM = "no-room"
    NOT_WRITTEN = "not-written"
    """The disk or the folder refused."""
    NO_DATABASE = "no-database"
    DAMAGED = "damaged"
    """The copy is not whole: look after the database itself."""
    WRONG_KEY = "wrong-key"
    NEWER = "newer-schema"
    ROTATING = "rotating"
    """A change of the root key was cut off: it must be finished first."""
    UNREADABLE = "unreadable"
    """What is sealed in it does not open."""
    BUSY = "busy"
    """Another backup is being made."""
    STOPPED = "stopped"
    KEY_BESIDE = "key-beside"
    """The key file lies in the folder of the backups: a thief would take both."""
    NO_COMMITTEE_KEY = "no-committee-key"
    """The committee's public key is set, but cannot be read."""
    CHANGED = "changed"
    """The sealed file is not what was written, or not whole."""
    OTHER_KEY = "other-key"
    """It was sealed for another key than those given."""
    NOT_A_BACKUP = "not-a-backup"


class BackupTrouble(Exception):  # noqa: N818  (said to an operator, in the words of the house)
    """There is no (usable) backup. `key`: the id of the key that is needed, where that is known."""

    def __init__(self, why: Why, key: str = "") -> None:
        """Keep why."""
        super().__init__(f"{why} {key}".strip())
        self.why = why
        self.key = key


@dataclass(frozen=True, slots=True)
class Job:
    """What is backed up, for whom, and where to. `key_file`: must not lie in `folder`."""

    database: Path
    folder: Path
    root: RootKey
    committee: Public | None
    key_file: Path | None = None

    def public(self) -> Public:
        """Give the key to seal to: the committee's, or one that the root key opens."""
        return self.committee or own(self.root).public


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was made and looked at. `tried`: how many cases were opened in it.

    `sha256`: of the file as it was read back. `believed`: whether the clock was; otherwise nothing
    that is old was deleted.
    """

    path: Path
    sha256: str
    tried: int
    believed: bool = True


Halted = Callable[[], bool]


def never() -> bool:
    """Nobody wants to stop."""
    return False


def own(root: RootKey) -> Private:
    """Give the key pair of an installation without a committee key: the root key opens these."""
    return Private(root.derive("backup"))


# Making one.


def make(job: Job, now: datetime, halted: Halted = never) -> Made:
    """Make one, try it, keep it, and drop what is too old. It may run beside the program.

    Raises BackupTrouble; then nothing of it is left. `halted` is asked now and then. What is old
    stays while the clock is not to be believed: it may be all there is.
    """
    with said(), alone(job.folder):
        sure = believed(job.database, job.folder, now)
        tidy(job.database, job.folder, now if sure else None)
        _room(job)
        plain = copying(job.database)
        try:
            _copy(job.database, plain, halted)
            tried = prove(plain, Seal(job.root), now, halted)
            made = _sealed(job, plain, now, tried, halted)
        finally:
            wipe(plain)
        if sure:
            prune(job.folder, now)
            erased.shorten(job.folder, now)
        return replace(made, believed=sure)


def believed(database: Path, folder: Path, now: datetime) -> bool:
    """Tell whether a clock may decide what is old: it is near the last sweep's, which does not
    move while expiry is held; before the first sweep, near the newest good backup's.
    """
    last = _swept(database) or newest(folder)
    return last is None or abs(now - last) <= JUMP


def _swept(database: Path) -> datetime | None:
    """Give when a sweep last went through; None: it cannot be told."""
    if not database.is_file():
        return None
    try:
        connection = connect(database)
    except (sqlite3.DatabaseError, UnsafeDatabase):
        return None
    try:
        row = connection.execute("select value from meta where name = 'swept'").fetchone()
        return None if row is None else at(int(row["value"]))
    except sqlite3.DatabaseError:
        return None
    finally:
        connection.close()


@contextmanager
def said() -> Iterator[None]:
    """Turn what the disk and the database raise into one trouble with a name."""
    try:
        yield
    except WrongKey:
        raise BackupTrouble(Why.WRONG_KEY) from None
    except NewerSchema:
        raise BackupTrouble(Why.NEWER) from None
    except Unreadable:
        raise BackupTrouble(Why.UNREADABLE) from None
    except sqlite3.OperationalError as error:
        interrupted = error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT
        raise BackupTrouble(Why.STOPPED if interrupted else Why.NOT_WRITTEN) from None
    except sqlite3.DatabaseError:
        raise BackupTrouble(Why.DAMAGED) from None
    except (OSError, UnsafeDatabase):
        raise BackupTrouble(Why.NOT_WRITTEN) from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the folder of the backups; BackupTrouble(BUSY) when somebody does."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupTrouble(Why.BUSY) from None
        yield
    finally:
        os.close(handle)


def _room(job: Job) -> None:
    if not job.database.is_file():
        raise BackupTrouble(Why.NO_DATABASE)
    if job.key_file is not None and job.key_file.resolve().is_relative_to(job.folder.resolve()):
        raise BackupTrouble(Why.KEY_BESIDE)
    need = sum(p.stat().st_size for p in with_journals(job.database))
    same = job.folder.stat().st_dev == job.database.parent.stat().st_dev
    for folder, size in ((job.database.parent, need * (1 + same)), (job.folder, need)):
        if shutil.disk_usage(folder).free < size + SPARE_BYTES:
            raise BackupTrouble(Why.NO_ROOM)


def _copy(database: Path, plain: Path, halted: Halted) -> None:
    """Copy what is committed now; writers go on meanwhile."""
    wipe(plain)
    connection = connect(database)
    try:
        connection.set_progress_handler(lambda: int(halted()), 10_000)
        backup(connection, plain)
    finally:
        connection.close()


def prove(plain: Path, seal: Seal, now: datetime, halted: Halted = never) -> int:
    """Try a copy: whole, of the right key, its canary and a sample of its cases open.

    The canary is written into it here, with the moment of the copy. Gives how many cases were
    opened. Raises BackupTrouble, WrongKey, NewerSchema or Unreadable.
    """
    connection = open_copy(plain)
    try:
        connection.set_progress_handler(lambda: int(halted()), 10_000)
        current = check(connection, seal)
        tx = Tx(connection, seal, now)
        connection.execute("begin immediate")
        _mark(tx, now)
        connection.execute("commit")
        made_at(tx)
        # An older schema is read only after its upgrade.
        return sample.opened(tx) if current else 0
    finally:
        connection.close()
        synced(plain)


def prove_for_committee(plain: Path, private: Private, now: datetime) -> int:
    """Try a copy where only the committee's key is: whole, and its cases open. Gives how many."""
    connection = open_copy(plain)
    try:
        _check_whole(connection)
        return sample.opened_by_committee(Tx(connection, Seal(RootKey(bytes(32))), now), private)
    finally:
        connection.close()


def check(connection: sqlite3.Connection, seal: Seal) -> bool:
    """Check that a copy is whole and fits this program and key; tells whether it is up to date.

    Raises BackupTrouble(DAMAGED), WrongKey or NewerSchema.
    """
    current = _check_whole(connection)
    check_key(connection, seal)
    if connection.execute("select 1 from meta where name = 'rotation'").fetchone():
        raise BackupTrouble(Why.ROTATING)
    return current


def _check_whole(connection: sqlite3.Connection) -> bool:
    current = check_version(connection)
    if connection.execute("pragma integrity_check(1)").fetchone()[0] != "ok":
        raise BackupTrouble(Why.DAMAGED)
    return current


def made_at(tx: Tx) -> datetime:
    """Unseal the canary of a copy: when it was made. Raises Unreadable.

    A copy made by an upgrade has none: then it is the last mark that its program wrote.
    """
    row = tx.one("select value from meta where name = 'copied'")
    if row is not None:
        sealed = tx.seal.open(row["value"], table="meta", column="value", row="copied")
        return at(int(unpack(sealed)[0]))
    beat = tx.one("select value from meta where name = 'beat'")
    return at(0 if beat is None else int(beat["value"]))


def _mark(tx: Tx, now: datetime) -> None:
    tx.run(
        "insert into meta (name, value) values ('copied', ?)"
        " on conflict (name) do update set value = excluded.value",
        tx.seal.seal(pack([ms(now)]), table="meta", column="value", row="copied"),
    )


def open_copy(plain: Path) -> sqlite3.Connection:
    """Open a copy that nobody else uses; it writes no journal beside itself."""
    connection = sqlite3.connect(plain, isolation_level=None)
    connection.row_factory = sqlite3.Row
    for setting in ("journal_mode=memory", "trusted_schema=OFF", "temp_store=memory"):
        connection.execute(f"pragma {setting}")
    return connection


def _sealed(job: Job, plain: Path, now: datetime, tried: int, halted: Halted) -> Made:
    """Seal the copy into the folder, read it back, and only then give it its name."""
    public = job.public()
    target = named(job.folder, now, public.id)
    partial = target.with_name(f".{target.name}.partial")
    try:
        written, copied = seal_file(public, plain, partial, halted)
        if not whole(partial, public.id, plain.stat().st_size) or digest(partial) != written:
            raise BackupTrouble(Why.CHANGED)
        if job.committee is None:
            _try(own(job.root), partial, copied, halted)
        partial.replace(target)
        synced(job.folder)
    finally:
        partial.unlink(missing_ok=True)
    return Made(target, written, tried)


def seal_file(public: Public, plain: Path, target: Path, halted: Halted) -> tuple[str, str]:
    """Seal a file to a key, onto the disk; gives the SHA-256 of the sealed one and of the plain."""
    target.unlink(missing_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as raw, plain.open("rb") as source:
        reading, writing = _Counted(source, halted), _Counted(raw, halted)
        seal_stream(public, INFO, cast("BinaryIO", reading), cast("BinaryIO", writing))
        raw.flush()
        os.fsync(handle)
        # What is read back must come from the disk, as far as the system lets us ask for that.
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    return writing.sha.hexdigest(), reading.sha.hexdigest()


def _try(private: Private, sealed: Path, copied: str, halted: Halted) -> None:
    """Open the whole file again: what comes out must be what went in."""
    out = _Counted(io.BytesIO(), halted, keep=False)
    try:
        with sealed.open("rb") as source:
            open_stream(private, INFO, source, cast("BinaryIO", out))
    except CommitteeTrouble:
        raise BackupTrouble(Why.CHANGED) from None
    if out.sha.hexdigest() != copied:
        raise BackupTrouble(Why.CHANGED)


class _Counted:
    """A file whose bytes are hashed on their way; `keep` False throws them away."""

    def __init__(self, file: BinaryIO, halted: Halted, *, keep: bool = True) -> None:
        self.file = file
        self.halted = halted
        self.keep = keep
        self.sha = hashlib.sha256()

    def read(self, size: int) -> bytes:
        if self.halted():
            raise BackupTrouble(Why.STOPPED)
        data = self.file.read(size)
        self.sha.update(data)
        return data

    def write(self, data: bytes) -> int:
        self.sha.update(data)
        return self.file.write(data) if self.keep else len(data)
