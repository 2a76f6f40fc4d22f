"""Bringing a backup back: unpacked beside the database, made safe, then put in its place at once.

Made safe: nothing on its way goes out, nobody's old link or session works, no number is given out
twice, and what was erased since is erased again. It must not know who is asked to look at it.
"""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from handlers.effects import Audit
from handlers.events import Side
from storage import audit, hold, officers, outbox, retention, talks
from storage.backup import (
    INFO,
    BackupTrouble,
    Why,
    check,
    made_at,
    open_copy,
    own,
    said,
)
from storage.committee import CommitteeTrouble, Private, key_of, open_stream
from storage.committee import Why as Wrong
from storage.erased import ALL, Erased, What, mark, waiting
from storage.file import UnsafeDatabase, connect, truncate_journal
from storage.guard import Held
from storage.hold import Held as OnHold
from storage.kept import restoring, synced, wipe, with_journals
from storage.migrate import backup, migrate
from storage.retention import Periods, Swept
from storage.rootkey import RootKey
from storage.seal import Seal
from storage.tx import Tx, random_id

LEAP = 1_000_000
"""So far the numbers leap: further than any ward gets within the 30 days a backup may be old."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. `erased`: how many things were erased again. `shredded`: how many cases
    had expired; `asks`: why deleting waits for a person. `aside`: where the database lies that was
    there before.
    """

    made: datetime
    cases: int
    erased: int
    held: OnHold
    shredded: int
    asks: Held | None
    aside: Path | None = None


FOR_GOOD = (What.CASE, What.OFFICER)
"""Once gone, never there again under the same number: whatever the clocks said, it goes again."""

Keys = tuple[RootKey | None, Private | None]
"""The root key (None: it is lost), and the committee's private key where somebody has brought it."""


def unpack(file: Path, keys: Keys, plain: Path) -> None:
    """Open a sealed backup into a file (0600). BackupTrouble: nothing usable is there then.

    A plain copy, as an upgrade or an earlier restore has left it, is taken as it is.
    """
    root, committee = keys
    with said():
        if not file.is_file():
            raise BackupTrouble(Why.NOT_A_BACKUP)
        if _is_plain(file):
            return _copied(file, plain)
        private = fitting(file, root, committee)
        wipe(plain)
        handle = os.open(plain, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as target, file.open("rb") as source:
                open_stream(private, INFO, source, target)
                target.flush()
                os.fsync(handle)
        except CommitteeTrouble as trouble:
            raise BackupTrouble(Why.CHANGED, trouble.key) from None


def _is_plain(file: Path) -> bool:
    with file.open("rb") as source:
        return source.read(16) == b"SQLite format 3\0"


def _copied(file: Path, plain: Path) -> None:
    connection = connect(file)
    try:
        backup(connection, plain)
    finally:
        connection.close()


def fitting(file: Path, root: RootKey | None, committee: Private | None) -> Private:
    """Give the key that opens a file. BackupTrouble: NOT_A_BACKUP, or OTHER_KEY with its id."""
    try:
        with file.open("rb") as source:
            key = key_of(source.read(64))
    except CommitteeTrouble as trouble:
        why = Why.NOT_A_BACKUP if trouble.why is Wrong.NOT_SEALED else Why.CHANGED
        raise BackupTrouble(why) from None
    for private in (None if root is None else own(root), committee):
        if private is not None and private.id == key:
            return private
    raise BackupTrouble(Why.OTHER_KEY, key)


def restore(
    file: Path,
    database: Path,
    keys: tuple[RootKey, Private | None],
    *,
    ward: str,
    periods: Periods,
    gone: list[Erased],
    now: datetime,
    new_id: Callable[[], str] = random_id,
) -> Restored:
    """Put a backup in the place of the database; what was there before is moved aside.

    Nobody else may have it open. `gone`: the log of what was erased. Until the last step the
    database is as it was. Raises BackupTrouble.
    """
    plain = restoring(database)
    try:
        unpack(file, keys, plain)
        with said():
            restored = _made_safe(plain, Seal(keys[0]), ward, periods, gone, now, new_id)
            return _put(plain, database, restored, now)
    finally:
        for one in with_journals(plain):
            wipe(one)


def _made_safe(
    plain: Path,
    seal: Seal,
    ward: str,
    periods: Periods,
    gone: list[Erased],
    now: datetime,
    new_id: Callable[[], str],
) -> Restored:
    connection = open_copy(plain)
    try:
        check(connection, seal)
    finally:
        connection.close()
    connection = connect(plain)
    try:
        migrate(connection, plain, copy=False)  # the backup itself is the copy
        restored = _safely(
            connection, lambda: Tx(connection, seal, now, new_id), ward, periods, gone
        )
        if not truncate_journal(connection):
            raise BackupTrouble(Why.NOT_WRITTEN)
        return restored
    finally:
        connection.close()


def _safely(
    connection: sqlite3.Connection,
    begin: Callable[[], Tx],
    ward: str,
    periods: Periods,
    gone: list[Erased],
) -> Restored:
    """Do all of it, sweep what has expired in small steps as always, and hold what would go out."""
    tx = begin()
    connection.execute("begin immediate")
    made = made_at(tx)
    end_old_ways_in(tx)
    leap(tx)
    count = erase_again(tx, [one for one in gone if one.at >= made or one.what in FOR_GOOD])
    tx.run("delete from meta where name = 'copied'")
    audit.append(tx, Audit(f"restored.{made:%Y%m%dT%H%M%SZ}"), ward, tx.now, LEAP)
    connection.execute("commit")
    shredded, swept = 0, Swept(more=True)
    while swept.more:
        tx = begin()
        connection.execute("begin immediate")
        swept = retention.sweep(tx, tx.now, periods)
        connection.execute("commit")
        shredded += swept.cases
    tx = begin()
    connection.execute("begin immediate")
    hold.hold(tx, tx.now)  # last: what was erased above has had its cards drawn anew
    connection.execute("commit")
    return Restored(made, _many(tx), count, hold.counted(tx), shredded, swept.held)


def unwritten(database: Path, root: RootKey, now: datetime) -> list[Erased]:
    """Give what the database that is to be replaced had erased and not yet written down; nothing
    when it does not open any more.
    """
    if not database.is_file():
        return []
    try:
        connection = connect(database)
    except (sqlite3.DatabaseError, UnsafeDatabase):
        return []
    try:
        return waiting(Tx(connection, Seal(root), now), ALL)
    except (sqlite3.DatabaseError, ValueError):
        return []
    finally:
        connection.close()


def end_old_ways_in(tx: Tx) -> None:
    """End sessions, links and open prompts: some were used up, or taken away, since."""
    tx.run("delete from sessions")
    tx.run("delete from invites")
    tx.run("delete from exports")
    for row in tx.all("select person from talks where side = ?", Side.DESK.value):
        talks.forget(tx, row["person"], Side.DESK)


def leap(tx: Tx) -> None:
    """Let the outbox's numbers begin where those of the lost time cannot have come.

    A page that is still open somewhere confirms by such a number; a new letter must not fall to it.
    """
    if not tx.run("update sqlite_sequence set seq = seq + ? where name = 'outbox'", LEAP):
        tx.run("insert into sqlite_sequence (name, seq) values ('outbox', ?)", LEAP)


def erase_again(tx: Tx, gone: list[Erased]) -> int:
    """Erase what was erased after the backup was made; gives how many things."""
    marks = {(one.what, one.mark) for one in gone}
    found = [one for one in _candidates(tx) if (one[0], mark(*one[1])) in marks]
    for what, ids in found:
        _ERASE[what](tx, *ids)
    return len(found)


def _candidates(tx: Tx) -> list[tuple[What, tuple[str, ...]]]:
    """Give everything that may have been erased, what lies within something else last."""
    return [
        *((What.CASE, (row["id"],)) for row in tx.all("select id from cases")),
        *((What.OFFICER, (row["id"],)) for row in tx.all("select id from officers")),
        *((What.PERSON, (row["id"],)) for row in tx.all("select id from people")),
        *(
            (What.TIE, (row["case_id"], row["person"]))
            for row in tx.all("select case_id, person from links")
        ),
        *(
            (what, (row["person"],))
            for row in tx.all("select person from talks where side = ?", Side.RESIDENT.value)
            for what in (What.TALK, What.LEFT)
        ),
    ]


def _leave(tx: Tx, person: str) -> None:
    talks.aside(tx, person, tx.new_id())
    outbox.withdraw(tx, person)


_ERASE: dict[What, Callable[..., object]] = {
    What.CASE: retention.shred_case,
    What.OFFICER: officers.remove,
    What.PERSON: retention.erase,
    What.TIE: retention.untie,
    What.TALK: lambda tx, person: talks.forget(tx, person, Side.RESIDENT),
    What.LEFT: _leave,
}


def _many(tx: Tx) -> int:
    row = tx.one("select count(*) as many from cases")
    return 0 if row is None else int(row["many"])


def _put(plain: Path, database: Path, restored: Restored, now: datetime) -> Restored:
    """Move what is there aside and the restored file into its place.

    There is never a moment without a database: a start in between must not make an empty one.
    """
    aside = None
    if database.exists():
        aside = _name_aside(database, now)
        _close_journal(database)
        os.link(database, aside)
        aside.chmod(0o600)
        # Were a journal of the old file left, SQLite would play it into the new one.
        for end in ("-wal", "-shm"):
            journal = Path(f"{database}{end}")
            if journal.exists():
                journal.rename(Path(f"{aside}{end}"))
    plain.replace(database)
    synced(database.parent)
    return replace(restored, aside=aside)


def _name_aside(database: Path, now: datetime) -> Path:
    stem = f"{database.stem}.replaced-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    names = (f"{stem}{again}{database.suffix}" for again in ("", *(f"-{n}" for n in range(2, 100))))
    return next(path for name in names if not (path := database.with_name(name)).exists())


def _close_journal(database: Path) -> None:
    """Bring the old file's journal home, when the file is whole enough for it."""
    try:
        connection = connect(database)
    except (sqlite3.DatabaseError, UnsafeDatabase):
        return
    try:
        truncate_journal(connection)
    except sqlite3.DatabaseError:
        pass
    finally:
        connection.close()


__all__ = ["Held", "Restored", "restore", "unpack", "unwritten"]
