"""What was erased, so that no backup brings it back: a row, then a line beside the backups.

A line holds a fingerprint of a random number and a minute; it must not know who or what that was.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from storage.kept import synced
from storage.times import at, ms
from storage.tx import Tx

LOG = "erased.log"
KEPT_FOR = timedelta(days=32)
"""No backup that a line could speak of is older than 30 days."""
AT_ONCE = 1000
ALL = -1
"""No limit, as SQLite says it."""
_STAMP = "%Y-%m-%dT%H:%MZ"
_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\dZ) (\w+) ([0-9a-f]{32})")


class What(StrEnum):
    """What can be erased for good."""

    CASE = "case"
    TIE = "tie"
    """The tie between a case and a person."""
    PERSON = "person"
    """Everything that tied somebody to anything, at their own wish."""
    TALK = "talk"
    """A draft that somebody threw away."""
    LEFT = "left"
    """A chat that somebody left: it behaves as a stranger's."""
    OFFICER = "officer"


@dataclass(frozen=True, slots=True)
class Erased:
    """One thing that is gone. `mark`: 32 hex digits."""

    what: What
    mark: str
    at: datetime


def mark(*ids: str) -> str:
    """Give the fingerprint of random row ids.

    They have 80 random bits and lead to nothing once the row is gone, so that no key is needed:
    the lines stay true when the key of the program is changed.
    """
    return hashlib.sha256("|".join(("erased", *ids)).encode()).hexdigest()[:32]


def note(tx: Tx, what: What, *ids: str) -> None:
    """Write down, in the same transaction, that this is gone."""
    tx.run(
        "insert into erased (what, mark, at) values (?, ?, ?)"
        " on conflict (what, mark) do update set at = excluded.at",
        what.value,
        mark(*ids),
        ms(tx.now),
    )


def waiting(tx: Tx, limit: int = AT_ONCE) -> list[Erased]:
    """Give what is not yet written down beside the backups."""
    rows = tx.all("select what, mark, at from erased limit ?", limit)
    return [Erased(What(row["what"]), row["mark"], at(row["at"])) for row in rows]


def written(tx: Tx, done: Iterable[Erased]) -> None:
    """Take off the list what is safely in the log."""
    for one in done:
        tx.run(
            "delete from erased where what = ? and mark = ? and at = ?",
            one.what.value,
            one.mark,
            ms(one.at),
        )


def append(folder: Path, gone: Iterable[Erased]) -> None:
    """Add lines to the log in a folder, on the disk when this returns; OSError if impossible."""
    lines = "".join(f"{_stamp(one.at)} {one.what} {one.mark}\n" for one in gone)
    handle = os.open(folder / LOG, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(handle, 0o600)
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            lines = "\n" + lines  # a line that a power cut left half written must not eat ours
        rest = lines.encode()
        while rest:  # a full disk takes a part without complaint, and refuses only the next one
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if not size:
        synced(folder)


def read(folder: Path) -> list[Erased]:
    """Give every whole line of the log in a folder; none when there is no log."""
    try:
        text = (folder / LOG).read_text("ascii", errors="replace")
    except FileNotFoundError:
        return []
    found = (_LINE.fullmatch(line) for line in text.splitlines())
    return [
        Erased(What(line[2]), line[3], datetime.strptime(line[1], _STAMP).replace(tzinfo=UTC))
        for line in found
        if line is not None and line[2] in set(What)
    ]


def shorten(folder: Path, now: datetime) -> None:
    """Drop the lines that no backup needs any more."""
    lines = read(folder)
    kept = [one for one in lines if now - one.at < KEPT_FOR]
    if len(kept) == len(lines):
        return
    fresh = folder / f".{LOG}.partial"
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.writelines(f"{_stamp(one.at)} {one.what} {one.mark}\n" for one in kept)
        file.flush()
        os.fsync(handle)
    fresh.replace(folder / LOG)
    synced(folder)


def _stamp(moment: datetime) -> str:
    """Round up to the minute: a line must not look older than what it erased."""
    whole = moment.astimezone(UTC) + timedelta(seconds=59, microseconds=999_999)
    return whole.strftime(_STAMP)
