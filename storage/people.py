"""Everybody who writes, one row per address: found by a blind index, the address itself sealed.

It must not know what anybody said.
"""

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from handlers.effects import Profile
from handlers.events import Address
from handlers.view import Person
from storage.text import pack, pack_address, unpack, unpack_address
from storage.times import at_or_none, ms, ms_or_none
from storage.tx import Tx

LAST_LETTER_FOR = timedelta(hours=1)
MAILBOXES = frozenset({"web", "desk"})
"""Channels that nothing can be pushed to: the person comes and fetches."""


@dataclass(frozen=True, slots=True)
class Known:
    """A person, through which door they come, and which officer they are (None: no officer)."""

    person: Person
    channel: str
    officer: str | None = None

    @property
    def lane(self) -> str:
        """The destination under which messages to this address are lined up."""
        return f"{self.channel}:{self.person.id}"


def desk_address(officer: str) -> Address:
    """Give the address of an officer's mailbox at the desk, whichever browser they sit at."""
    return Address("desk", "", officer)


def find(tx: Tx, address: Address) -> Known | None:
    """Recognise who writes from this address; None for a stranger."""
    row = _row(tx, address)
    return None if row is None else _known(tx, row)


def meet(tx: Tx, address: Address) -> Known:
    """Recognise who writes, or make a row for a new address; the day is remembered."""
    row, today = _row(tx, address), _day(tx.now)
    if row is None:
        return create(tx, address)
    if row["seen"] != today:
        tx.run("update people set seen = ? where id = ?", today, row["id"])
    return _known(tx, row)


def create(tx: Tx, address: Address, officer: str | None = None) -> Known:
    """Make a row for an address that has none yet."""
    pull = address.channel in MAILBOXES
    person = Person(tx.new_id(), pushes=not pull)
    tx.run(
        "insert into people (id, address_index, address, channel, pull, profile, seen, officer)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        person.id,
        tx.seal.index(address.channel, address.bot, address.peer),
        tx.seal.seal(pack_address(address), table="people", column="address", row=person.id),
        address.channel,
        pull,
        _sealed(tx, person),
        _day(tx.now),
        officer,
    )
    return _remember(tx, Known(person, address.channel, officer))


def get(tx: Tx, person: str) -> Known | None:
    """Give a person by id; read once per transaction."""
    known = tx.memo.get(("person", person))
    if isinstance(known, Known):
        return known
    row = tx.one("select id, channel, pull, profile, officer from people where id = ?", person)
    return None if row is None else _known(tx, row)


def address(tx: Tx, person: str) -> Address | None:
    """Unseal where to send to a person."""
    row = tx.one("select address from people where id = ?", person)
    if row is None:
        return None
    return unpack_address(
        tx.seal.open(row["address"], table="people", column="address", row=person)
    )


def write_profile(tx: Tx, profile: Profile) -> None:
    """Write how to speak to a person; nothing is written when it is so already."""
    known = get(tx, profile.person)
    if known is None:
        return
    person = replace(
        known.person,
        language=profile.language,
        voice=profile.voice,
        phone=profile.phone,
        hours=profile.hours,
        window=profile.window,
    )
    if person == known.person:
        return
    tx.run("update people set profile = ? where id = ?", _sealed(tx, person), person.id)
    _remember(tx, replace(known, person=person))


def of_officer(tx: Tx, officer: str) -> list[Known]:
    """Give every address of an officer: chats first, then the desk."""
    rows = tx.all(
        "select id, channel, pull, profile, officer from people where officer = ?"
        " order by pull, id",
        officer,
    )
    return [_known(tx, row) for row in rows]


def bind(tx: Tx, person: str, officer: str | None) -> None:
    """Make an address an officer's, or (None) nobody's on the roster."""
    tx.run("update people set officer = ? where id = ?", officer, person)
    tx.memo.pop(("person", person), None)


def nothing_to_wait_for(tx: Tx, person: str) -> None:
    """A tie was cut: when there is no other, the row need not wait out its days."""
    tx.run("update people set seen = 0 where id = ?", person)


def idle(tx: Tx, before: datetime, limit: int) -> list[str]:
    """Give whoever last wrote on a day before then and whom nothing ties to anything.

    Letters that wait in a mailbox tie nobody once they are as old; when the last tie was cut, an
    hour is enough to read that one is forgotten.
    """
    rows = tx.all(
        "select id from people where officer is null and seen < ?"
        " and not exists (select 1 from links where links.person = people.id)"
        " and not exists (select 1 from talks where talks.person = people.id)"
        " and not exists (select 1 from knocks where knocks.person = people.id)"
        " and not exists (select 1 from tries where tries.person = people.id)"
        " and not exists (select 1 from visible where visible.person = people.id and stays = 0)"
        " and not exists (select 1 from outbox where outbox.person = people.id"
        " and (outbox.pull = 0 or outbox.made > case seen when 0 then ? else ? end)) limit ?",
        _day(before),
        ms(tx.now - LAST_LETTER_FOR),
        ms(before),
        limit,
    )
    return [row["id"] for row in rows]


def forget(tx: Tx, person: str) -> None:
    """Delete a person's row; their talks and links go with it."""
    tx.run("delete from people where id = ?", person)
    tx.memo.pop(("person", person), None)


def _row(tx: Tx, address: Address) -> sqlite3.Row | None:
    return tx.one(
        "select id, channel, pull, profile, officer, seen from people where address_index = ?",
        tx.seal.index(address.channel, address.bot, address.peer),
    )


def _day(moment: datetime) -> int:
    """Give the beginning of a day (UTC): the hour at which somebody wrote is not kept."""
    return ms(moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))


def _sealed(tx: Tx, person: Person) -> bytes:
    profile = [
        person.language,
        person.voice,
        person.phone,
        person.hours,
        ms_or_none(person.window),
    ]
    return tx.seal.seal(pack(profile), table="people", column="profile", row=person.id)


def _known(tx: Tx, row: sqlite3.Row) -> Known:
    profile = tx.seal.open(row["profile"], table="people", column="profile", row=row["id"])
    language, voice, phone, hours, window = unpack(profile)
    person = Person(
        row["id"], language, voice, phone, hours, at_or_none(window), pushes=not row["pull"]
    )
    return _remember(tx, Known(person, row["channel"], row["officer"]))


def _remember(tx: Tx, known: Known) -> Known:
    tx.memo["person", known.person.id] = known
    return known
