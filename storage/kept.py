"""The backups that are there: which is the newest, which are good, which must go and when.

It must not know how one is made, nor any key: it sees names, lengths and headers.
"""

import hashlib
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from handlers.clocks import local
from storage.committee import CHUNK, CommitteeTrouble, key_of
from storage.guard import JUMP

DAYS = 14
NEVER_OLDER = timedelta(days=30)
FRESH = timedelta(hours=24)
"""So long several of one day are kept: a clerk may have made one before an update."""
QUIET_HOUR = 4
"""In Việt Nam, in the night, after the file was rewritten (bot/clock.py)."""
LEFT_OVER = ("before", "replaced")
"""Copies of the whole database made by an upgrade, or moved aside by a restore."""

_NAME = re.compile(r"lang-nghe-(\d{8}T\d{6}Z)-([0-9a-f]{8})\.backup")
_STAMP = "%Y%m%dT%H%M%SZ"
_HEAD = 91  # the stream's header and its wrapped key
_TAG = 16


@dataclass(frozen=True, slots=True)
class Kept:
    """A file among the backups; `whole`: as far as can be told without a key."""

    path: Path
    at: datetime
    key: str
    size: int
    whole: bool


def named(folder: Path, now: datetime, key: str) -> Path:
    """Give the name of a backup made now for this key."""
    return folder / f"lang-nghe-{now.astimezone(UTC):{_STAMP}}-{key}.backup"


def listing(folder: Path) -> list[Kept]:
    """Give the backups in a folder, the oldest first."""
    found = []
    with suppress(FileNotFoundError, NotADirectoryError):
        for path in folder.iterdir():
            if name := _NAME.fullmatch(path.name):
                moment = datetime.strptime(name[1], _STAMP).replace(tzinfo=UTC)
                size = path.stat().st_size
                found.append(Kept(path, moment, name[2], size, whole(path, name[2])))
    return sorted(found, key=lambda one: (one.at, one.path.name))


def newest(folder: Path) -> datetime | None:
    """Give when the newest good backup in a folder was made; None: there is none."""
    return max((one.at for one in listing(folder) if one.whole), default=None)


def whole(path: Path, key: str, size: int | None = None) -> bool:
    """Tell whether a file looks like a sealed stream to this key, of `size` plain bytes if given.

    A file cut to another length shows here; a changed byte shows only to whoever has the key.
    """
    try:
        with path.open("rb") as file:
            if key_of(file.read(_HEAD)) != key:
                return False
        length = path.stat().st_size - _HEAD
    except (OSError, CommitteeTrouble):
        return False
    if size is not None:
        return length == size + _TAG * max(1, -(-size // CHUNK))
    return length > _TAG and (length % (CHUNK + _TAG) == 0 or length % (CHUNK + _TAG) >= _TAG)


def due(folder: Path, now: datetime) -> bool:
    """Tell whether a quiet hour has passed since the newest good one; a clock gone wrong counts
    as none."""
    made = [one.at for one in listing(folder) if one.whole and one.at < now + JUMP]
    if not made:
        return True
    last = local(max(made))
    quiet = last.replace(hour=QUIET_HOUR, minute=0, second=0, microsecond=0)
    return now >= (quiet if quiet > last else quiet + timedelta(days=1))


def prune(folder: Path, now: datetime) -> list[Path]:
    """Delete what need not or may not be kept; gives what went. The only good one never does.

    Kept: the newest of each of the last 14 days that have one, and those of the last 24 hours.
    """
    found = listing(folder)
    good = [one for one in found if one.whole]
    past = [one for one in good if one.at < now + JUMP]
    last = max(past or good, key=lambda one: one.at, default=None)
    daily = {local(one.at).date(): one for one in past}
    days = set(sorted(daily)[-DAYS:])
    wanted = {one.path for day, one in daily.items() if day in days}
    wanted |= {one.path for one in past if now - one.at < FRESH}
    wanted -= {one.path for one in past if now - one.at >= NEVER_OLDER}
    if last is not None:
        wanted.add(last.path)
    gone = [
        one.path for one in found if one.path not in wanted and (last is not None or _old(one, now))
    ]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _old(one: Kept, now: datetime) -> bool:
    return now - one.at >= NEVER_OLDER


def tidy(database: Path, folder: Path, now: datetime | None) -> None:
    """Remove what a process that was killed has left, and old copies of the whole database.

    `now`: None when the clock is not to be believed; then nothing goes for its age. One that
    cannot be removed keeps none of the others; the first OSError is raised at the end.
    """
    trouble: list[OSError] = []
    for path in [
        *(copying(database), restoring(database)),
        *(*folder.glob(".lang-nghe-*.partial"), *folder.glob(".erased.log.partial")),
        *(one for old in _too_old(database, now) for one in with_journals(old)),
    ]:
        try:
            wipe(path)
        except OSError as error:
            trouble.append(error)
    if trouble:
        raise trouble[0]


def _too_old(database: Path, now: datetime | None) -> list[Path]:
    """Give the copies of the whole database that have lain there for too long."""
    if now is None:
        return []
    before = (now - NEVER_OLDER).timestamp()
    return [path for path in left_over(database) if path.stat().st_mtime <= before]


def copying(database: Path) -> Path:
    """Where the unsealed copy lies for a moment: on the database's own disk, never elsewhere."""
    return database.with_name(f".{database.name}.copying")


def restoring(database: Path) -> Path:
    """Where a backup is unpacked before it takes the database's place."""
    return database.with_name(f".{database.name}.restoring")


def left_over(database: Path) -> list[Path]:
    """Give the copies of the whole database beside it; each holds what the database held."""
    found = [
        path
        for word in LEFT_OVER
        for path in database.parent.glob(f"{database.stem}.{word}-*{database.suffix}")
    ]
    return sorted(found)


def wipe(path: Path) -> None:
    """Overwrite a file and remove it; one that has a second name only loses this one.

    OSError when it could not be overwritten; it is removed all the same.
    """
    try:
        state = path.stat()
    except FileNotFoundError:
        return
    try:
        if state.st_nlink == 1:
            _zero(path, state.st_size)
    finally:
        path.unlink(missing_ok=True)


def _zero(path: Path, size: int) -> None:
    """Overwrite a file, and not a byte beyond its end: a full disk has no room for one."""
    with path.open("r+b") as file:
        for done in range(0, size, CHUNK):
            file.write(bytes(min(CHUNK, size - done)))
        file.flush()
        os.fsync(file.fileno())


def digest(path: Path) -> str:
    """Give a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def with_journals(path: Path) -> list[Path]:
    """Give a database file and its journals, as far as they are there."""
    found = (path, Path(f"{path}-wal"), Path(f"{path}-shm"))
    return [one for one in found if one.exists()]


def synced(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
