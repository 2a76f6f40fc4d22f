"""One-use links: to the desk, onto the roster, from the group into an officer's own chat.

Only a keyed fingerprint of a token is stored; whoever reads the file cannot use one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage.times import ms
from storage.tx import Tx

DOOR_FOR = timedelta(minutes=10)
INVITE_FOR = timedelta(hours=72)


class Opens(StrEnum):
    """What a token opens."""

    DESK = "desk"
    INVITE = "invite"
    DOOR = "door"


@dataclass(frozen=True, slots=True)
class Invite:
    """What a token stood for."""

    kind: Opens
    officer: str
    act: str = ""
    case: str | None = None


def make(tx: Tx, token: str, invite: Invite, expires: datetime) -> None:
    """Let a token work, once, until `expires`."""
    tx.run(
        "insert into invites (token_index, kind, officer, act, case_id, expires)"
        " values (?, ?, ?, ?, ?, ?)",
        tx.seal.token_index(token),
        invite.kind.value,
        invite.officer,
        invite.act,
        invite.case,
        ms(expires),
    )


def look(tx: Tx, token: str, now: datetime) -> Invite | None:
    """Give what a token stands for without using it up; None: unknown, used or too old."""
    row = tx.one(
        "select kind, officer, act, case_id from invites where token_index = ? and expires > ?",
        tx.seal.token_index(token),
        ms(now),
    )
    if row is None:
        return None
    return Invite(Opens(row["kind"]), row["officer"], row["act"], row["case_id"])


def use_up(tx: Tx, token: str) -> None:
    """End a token."""
    tx.run("delete from invites where token_index = ?", tx.seal.token_index(token))


def withdraw(tx: Tx, officer: str) -> None:
    """End every link to the desk or the roster that an officer was given and did not use."""
    tx.run(
        "delete from invites where officer = ? and kind in (?, ?)",
        officer,
        Opens.DESK.value,
        Opens.INVITE.value,
    )
