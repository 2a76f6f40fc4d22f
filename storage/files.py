"""Pictures and voices: clean copies only, sealed. It must not know how they were cleaned."""

from dataclasses import dataclass
from datetime import datetime

from handlers.events import Media, MediaKind
from storage import cases
from storage.times import ms
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class File:
    """A file of a case, unsealed."""

    id: str
    case: str
    kind: MediaKind
    body: bytes


def keep(tx: Tx, case: str, entry: str, kind: MediaKind, body: bytes, now: datetime) -> str | None:
    """Seal a clean file as this entry of this case; gives its id, None after shredding."""
    key = cases.key_of(tx, case)
    if key is None:
        return None
    file = tx.new_id()
    tx.run(
        "insert into files (id, case_id, entry, kind, at, body) values (?, ?, ?, ?, ?, ?)",
        file,
        case,
        entry,
        kind.value,
        ms(now),
        tx.seal.seal(body, table="files", column="body", row=file, case=case, case_key=key),
    )
    return file


def get(tx: Tx, file: str) -> File | None:
    """Unseal a file of a case; None when there is none (any more)."""
    row = tx.one("select case_id, kind, body from files where id = ?", file)
    if row is None or row["case_id"] is None:
        return None
    case = str(row["case_id"])
    key = cases.key_of(tx, case)
    if key is None:
        return None
    body = tx.seal.open(
        row["body"], table="files", column="body", row=file, case=case, case_key=key
    )
    return File(file, case, MediaKind(row["kind"]), body)


def shred(tx: Tx, case: str) -> None:
    """Delete the files of a case, those on their way too; its lines say that they are gone."""
    tx.run(
        "update entries set gone = 1 where id in (select entry from files where case_id = ?)",
        case,
    )
    tx.run("delete from files where case_id = ?", case)
    tx.run("delete from outbox where case_id = ? and kind = 'fetch'", case)
    cases.without_files(tx, case)


def hold(tx: Tx, person: str, media: Media, body: bytes, now: datetime) -> None:
    """Keep a clean file until its sender has said what it belongs to."""
    forget_held(tx, person, media.ref)
    file = tx.new_id()
    tx.run(
        "insert into files (id, person, held, kind, at, body) values (?, ?, ?, ?, ?, ?)",
        file,
        person,
        tx.seal.token_index(media.ref),
        media.kind.value,
        ms(now),
        tx.seal.seal(body, table="files", column="body", row=file),
    )


def adopt(tx: Tx, person: str, media: Media, case: str, entry: str, now: datetime) -> bool:
    """Move a held file into a case, under the case's key; False when none is held."""
    row = tx.one(
        "delete from files where person = ? and held = ? and case_id is null"
        " returning id, kind, body",
        person,
        tx.seal.token_index(media.ref),
    )
    if row is None:
        return False
    body = tx.seal.open(row["body"], table="files", column="body", row=row["id"])
    keep(tx, case, entry, MediaKind(row["kind"]), body, now)
    return True


def forget_held(tx: Tx, person: str, ref: str | None = None) -> None:
    """Delete a person's held file, or (None) all of them."""
    if ref is None:
        tx.run("delete from files where person = ? and case_id is null", person)
        return
    tx.run(
        "delete from files where person = ? and held = ? and case_id is null",
        person,
        tx.seal.token_index(ref),
    )
