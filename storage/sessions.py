"""Who sits at the desk in which browser. Only a fingerprint of the cookie is stored."""

from datetime import datetime, timedelta

from storage import invites
from storage.times import ms
from storage.tx import Tx

SESSION_FOR = timedelta(hours=12)
"""A shift; after it the officer asks a lead for a new link."""


def enter(tx: Tx, token: str, session: str, now: datetime) -> str | None:
    """Open the desk with a one-time link's token; gives the officer, None if it opens nothing."""
    invite = invites.look(tx, token, now)
    if invite is None or invite.kind is invites.Opens.DOOR:
        return None
    invites.use_up(tx, token)
    tx.run(
        "insert into sessions (token_index, officer, expires) values (?, ?, ?)"
        " on conflict (token_index) do update set officer = excluded.officer,"
        " expires = excluded.expires",
        tx.seal.token_index(session),
        invite.officer,
        ms(now + SESSION_FOR),
    )
    return invite.officer


def officer(tx: Tx, session: str, now: datetime) -> str | None:
    """Give whose session this is; None when it has ended."""
    row = tx.one(
        "select officer from sessions where token_index = ? and expires > ?",
        tx.seal.token_index(session),
        ms(now),
    )
    return None if row is None else str(row["officer"])


def sits(tx: Tx, officer: str, now: datetime) -> bool:
    """Tell whether an officer has the desk open in some browser."""
    row = tx.one(
        "select 1 from sessions where officer = ? and expires > ? limit 1", officer, ms(now)
    )
    return row is not None


def leave(tx: Tx, session: str) -> None:
    """End a session."""
    tx.run("delete from sessions where token_index = ?", tx.seal.token_index(session))
