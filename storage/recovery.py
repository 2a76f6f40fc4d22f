"""When the root key is lost: what the committee's offline key can bring back, under a new root key.

Cases come back. What only the root key sealed (addresses, talks, letters on their way) does not:
it is deleted, so that nothing half readable is left. It must not know where keys lie.
"""

from dataclasses import dataclass

from handlers.effects import Audit
from storage import audit, people, retention
from storage.committee import KEY_BYTES, CommitteeTrouble, Private
from storage.rotation import STARTED, TABLES, left, write_key
from storage.seal import root_head
from storage.tx import Tx

ID_BYTES = 4
"""A committee wrap begins with so many bytes of the key's id."""

_FINGERPRINTS = ("returns", "invites", "sessions", "exports", "inbox", "outbox", "lanes")
"""Tables that are nothing without the lost key: fingerprints nobody can compute, and what waits."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many cases came back, stay put away, or are lost; how many addresses were forgotten."""

    cases: int
    archived: int
    lost: int
    people: int


def recover(tx: Tx, private: Private, lost_keys: tuple[str, ...]) -> Recovered:
    """Make this database one of the transaction's (new) root key.

    `lost_keys`: ids of the root keys it was sealed under. Cases that were not sealed to this
    committee key are destroyed: nobody could open them any more.
    """
    cases = archived = 0
    gone: list[str] = []
    for row in tx.all("select case_id, wrapped, committee from case_keys"):
        key = open_case_key(private, row["case_id"], row["committee"])
        if key is None:
            gone.append(row["case_id"])
        elif row["wrapped"] is None:
            archived += 1
        else:
            cases += 1
            wrapped = tx.seal.wrap(key, row["case_id"])
            tx.run("update case_keys set wrapped = ? where case_id = ?", wrapped, row["case_id"])
    forgotten = _forget_what_only_the_root_key_opened(tx, lost_keys)
    for case in gone:
        retention.shred_case(tx, case)
    for row in tx.all("select id from officers"):
        people.create(tx, people.desk_address(row["id"]), row["id"])
    write_key(tx)
    audit.chain_unproven(tx)
    ward = tx.one("select ward from cases limit 1")
    audit.append(tx, Audit("keys.recovered"), "" if ward is None else ward["ward"], tx.now)
    return Recovered(cases, archived, len(gone), forgotten)


def key_of(tx: Tx, private: Private, case: str) -> bytes | None:
    """Open a case's key with the committee's; None when it was not sealed to this one."""
    row = tx.one("select committee from case_keys where case_id = ?", case)
    return None if row is None else open_case_key(private, case, row["committee"])


def open_case_key(private: Private, case: str, wrapped: bytes | None) -> bytes | None:
    """Open the committee's wrap of a case's key; None when it is not for this key."""
    if wrapped is None or wrapped[:ID_BYTES].hex() != private.id:
        return None
    try:
        key = private.unwrap(wrapped[ID_BYTES:], case.encode())
    except CommitteeTrouble:
        return None
    return key if len(key) == KEY_BYTES else None


def _forget_what_only_the_root_key_opened(tx: Tx, lost_keys: tuple[str, ...]) -> int:
    forgotten = tx.run("delete from people")  # their talks and ties go with them
    for name in _FINGERPRINTS:
        tx.run(f"delete from {name}")  # noqa: S608  (names of ours, here and below)
    # An answer that was on its way will not arrive: nobody knows where to any more.
    tx.run("update entries set delivery = 'failed' where delivery in ('waiting', 'held')")
    tx.run("update cases set last_delivery = 'failed' where last_delivery in ('waiting', 'held')")
    tx.run("delete from deadlines where person <> ''")
    tx.run("delete from cards where lane <> 'group'")
    for table in TABLES:
        if table.name != "meta":
            only = f"where {table.only}" if table.only else ""
            tx.run(f"delete from {table.name} {only}")  # noqa: S608
    tx.run("delete from meta where name in (?, 'rotation_audit')", STARTED)
    # Whatever else there may be, of tables made since: by the mark that the lost key left on it.
    for key_id in lost_keys:
        for name in left(tx, key_id):
            where, _, column = name.partition(".")
            if where not in {"case_keys", "meta"}:
                tx.run(
                    f"delete from {where} where substr({column}, 1, 5) = ?",  # noqa: S608
                    root_head(key_id),
                )
    return forgotten
