"""What is deleted, and when. Whether a run may delete at all is decided in storage/guard.py.

Shredding takes the case's key first: what the disk may still hold is unreadable without it.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.clocks import local
from handlers.ward import Ward
from storage import audit, cards, cases, deadlines, guard, links, outbox, people, talks, visible
from storage.guard import Held
from storage.times import at, ms
from storage.tx import Tx

SEEN_FOR = timedelta(hours=48)
BURIED_FOR = timedelta(days=7)
TRIES_FOR = timedelta(hours=1)
IDLE_FOR = timedelta(days=30)
"""An address that nothing ties to anything is forgotten so long after the day it last wrote."""
AUDIT_MONTHS = 24
TALKING = timedelta(hours=1)
"""Nobody's tie is cut while they are in the middle of a conversation about it."""
AT_ONCE = 500
SHREDS_AT_ONCE = 10
"""Overwriting a case's pictures takes time in which nobody else can write."""


@dataclass(frozen=True, slots=True)
class Periods:
    """The ward's own periods: from the last word, and twice from the closing of a case."""

    drafts: timedelta
    links: timedelta
    cases: timedelta


def periods(ward: Ward) -> Periods:
    """Give a ward's periods."""
    return Periods(
        timedelta(hours=ward.draft_hours),
        timedelta(days=ward.link_days),
        timedelta(days=ward.keep_days),
    )


@dataclass(frozen=True, slots=True)
class Swept:
    """What a run did. `held`: why it deleted nothing of people, drafts or cases.

    `rows`: used tokens, sessions and the like. `more`: there is more; call again.
    """

    held: Held | None = None
    rows: int = 0
    drafts: int = 0
    ties: int = 0
    cases: int = 0
    people: int = 0
    audit: int = 0
    more: bool = False

    @property
    def deleted(self) -> bool:
        """Whether words or people went: then the journal must be emptied."""
        return bool(self.drafts or self.ties or self.cases or self.people)


@dataclass(frozen=True, slots=True)
class State:
    """How things stand before a run, for whoever is asked. `last`: the last run that went through."""

    held: Held | None
    last: datetime | None
    expired: int
    cases: int
    ties: int
    drafts: int


def sweep(tx: Tx, now: datetime, periods: Periods, *, confirmed: bool = False) -> Swept:
    """Delete what has expired. `confirmed`: an operator has seen why it was held, and wants it."""
    rows = _harmless(tx, now)
    why = None if confirmed else _held(tx, now, periods)
    if why is not None:
        return Swept(held=why, rows=rows)
    _went_through(tx, now)
    drafts = _drafts(tx, now, periods)
    for person, side in drafts:
        talks.forget(tx, person, side)
    ties = links.expired(tx, now - periods.links, now - TALKING, AT_ONCE)
    for case, person in ties:
        untie(tx, case, person)
    gone = cases.expired(tx, now - periods.cases, SHREDS_AT_ONCE)
    for case in gone:
        shred_case(tx, case)
    idle = people.idle(tx, now - IDLE_FOR, AT_ONCE)
    for person in idle:
        _forget_person(tx, person)
    return Swept(
        rows=rows + _buried(tx, now),
        drafts=len(drafts),
        ties=len(ties),
        cases=len(gone),
        people=len(idle),
        audit=audit.forget(tx, months_back(now, AUDIT_MONTHS), AT_ONCE),
        more=len(gone) == SHREDS_AT_ONCE or AT_ONCE in {len(drafts), len(ties), len(idle)},
    )


def state(tx: Tx, now: datetime, periods: Periods) -> State:
    """Tell what has expired, and whether a run would be held."""
    return State(
        held=_held(tx, now, periods),
        last=_last(tx),
        expired=cases.many_expired(tx, now - periods.cases),
        cases=cases.many(tx),
        ties=len(links.expired(tx, now - periods.links, now - TALKING, AT_ONCE)),
        drafts=len(_drafts(tx, now, periods)),
    )


def shred_case(tx: Tx, case: str) -> None:
    """Destroy a case: key, story, files, ties, return words, and the talks that tell it.

    Its cards, and words of it that stand in somebody's chat, are to be taken away at once. The
    bytes are off the disk once `Database.checkpoint` has said True.
    """
    tx.run("delete from case_keys where case_id = ?", case)
    for person in links.people_of(tx, case):
        untie(tx, case, person)
    outbox.forget_case(tx, case)
    tx.run("delete from entries where case_id = ?", case)
    tx.run("delete from files where case_id = ?", case)
    tx.run("delete from returns where case_id = ?", case)
    deadlines.forget_case(tx, case)
    visible.soon(tx, case, tx.now)
    cards.take_away(tx, case)
    tx.run("delete from cases where id = ?", case)
    tx.memo.clear()


def untie(tx: Tx, case: str, person: str) -> None:
    """Cut a tie: what this person told of the case, what waits for them, the letters about it.

    The person's own row goes in the same sweep when nothing else ties them.
    """
    talks.forget_case(tx, person, case)
    outbox.forget_tie(tx, person, case)
    deadlines.forget_tie(tx, person, case)
    links.cut(tx, case, person)
    people.nothing_to_wait_for(tx, person)


def months_back(moment: datetime, months: int) -> datetime:
    """Give the same day so many months earlier (Việt Nam's calendar), or that month's last."""
    here = local(moment)
    year, month = divmod(here.year * 12 + here.month - 1 - months, 12)
    day = min(here.day, monthrange(year, month + 1)[1])
    return here.replace(year=year, month=month + 1, day=day)


def _held(tx: Tx, now: datetime, periods: Periods) -> Held | None:
    expired = cases.many_expired(tx, now - periods.cases)
    return guard.held(_last(tx), now, expired, cases.many(tx))


def _harmless(tx: Tx, now: datetime) -> int:
    """Delete what opens nothing any more, whatever the clock says; nobody told us any of it."""
    moment = ms(now)
    return (
        tx.run("delete from invites where expires <= ?", moment)
        + tx.run("delete from sessions where expires <= ?", moment)
        + tx.run("delete from inbox where at <= ?", ms(now - SEEN_FOR))
        + tx.run("delete from tries where since <= ?", ms(now - TRIES_FOR))
    )


def _buried(tx: Tx, now: datetime) -> int:
    before = ms(now - BURIED_FOR)
    return (
        tx.run("delete from dead_letters where at <= ?", before)
        + tx.run("delete from knocks where at <= ?", before)
        + tx.run("delete from outbox where state = 'dead' and made <= ?", before)
    )


def _drafts(tx: Tx, now: datetime, periods: Periods) -> list[tuple[str, str]]:
    return talks.drafts(tx, now - periods.drafts, AT_ONCE)


def _forget_person(tx: Tx, person: str) -> None:
    """Delete the row of an address, and whatever letters nobody came to fetch."""
    tx.run("delete from outbox where person = ?", person)
    tx.run("delete from deadlines where person = ? and person <> ''", person)
    people.forget(tx, person)


def _last(tx: Tx) -> datetime | None:
    row = tx.one("select value from meta where name = 'swept'")
    return None if row is None else at(int(row["value"]))


def _went_through(tx: Tx, now: datetime) -> None:
    tx.run(
        "insert into meta (name, value) values ('swept', ?)"
        " on conflict (name) do update set value = excluded.value",
        str(ms(now)).encode(),
    )
