"""What is deleted, and when. Whether a run may delete at all is decided in storage/guard.py.

Shredding takes the case's key first: what the disk may still hold is unreadable without it.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from handlers.clocks import local
from handlers.ward import Ward
from storage import (
    archive,
    audit,
    cards,
    cases,
    deadlines,
    erased,
    files,
    guard,
    lanes,
    links,
    outbox,
    past,
    people,
    returns,
    talks,
    visible,
)
from storage.erased import What
from storage.guard import Held
from storage.times import at, ms
from storage.tx import Tx

SEEN_FOR = timedelta(hours=48)
BURIED_FOR = timedelta(days=7)
TRIES_FOR = timedelta(hours=1)
IDLE_FOR = timedelta(days=30)
"""An address that nothing ties to anything is forgotten so long after the day it last wrote."""
TALKING = timedelta(hours=1)
"""Nobody's tie is cut while they are in the middle of a conversation about it."""
AT_ONCE = 500
SHREDS_AT_ONCE = 10
"""Overwriting a case's pictures takes time in which nobody else can write."""


@dataclass(frozen=True, slots=True)
class Periods:
    """The ward's own periods. From the last word: `drafts`; from getting the closing message:
    `links`; from the closing of a case: the rest; `audit`: calendar months from the act.
    """

    drafts: timedelta
    links: timedelta
    links_longest: timedelta
    media: timedelta
    cases: timedelta
    audit: int
    archive: timedelta | None = None
    """From closing until only the committee opens a case; None: never."""


def periods(ward: Ward) -> Periods:
    """Give a ward's periods."""
    return Periods(
        timedelta(hours=ward.draft_hours),
        timedelta(days=ward.link_days),
        timedelta(days=ward.link_days_longest),
        timedelta(days=ward.media_days),
        timedelta(days=ward.keep_days),
        ward.audit_months,
        timedelta(days=ward.seal_days) if ward.seal_days else None,
    )


@dataclass(frozen=True, slots=True)
class Swept:
    """What a run did. `held`: why it deleted no case, or (the clock has jumped) nothing of anybody.

    `rows`: used tokens, sessions and the like. `media`: cases whose pictures and voices went.
    `more`: there is more; call again.
    """

    held: Held | None = None
    rows: int = 0
    drafts: int = 0
    ties: int = 0
    media: int = 0
    cases: int = 0
    people: int = 0
    archived: int = 0
    audit: int = 0
    more: bool = False

    @property
    def deleted(self) -> bool:
        """Whether words or people went: then the journal must be emptied."""
        of_people = self.drafts or self.ties or self.people
        return bool(of_people or self.media or self.cases or self.archived)


@dataclass(frozen=True, slots=True)
class State:
    """How things stand before a run, for whoever is asked. `last`: the last run that went through.

    `closed`: how many of the expired were closed on which day. `on_hold`: (code, why, since) of
    every case that is kept by law.
    """

    held: Held | None
    last: datetime | None
    expired: int
    cases: int
    media: int
    ties: int
    drafts: int
    closed: tuple[tuple[date, int], ...] = ()
    on_hold: tuple[tuple[str, str, datetime], ...] = ()


def sweep(tx: Tx, now: datetime, periods: Periods, *, confirmed: bool = False) -> Swept:
    """Delete what has expired. `confirmed`: an operator has seen why it was held, and wants it."""
    rows = _harmless(tx, now)
    why = None if confirmed else _held(tx, now, periods)
    if why is Held.JUMPED:
        return Swept(held=why, rows=rows)
    _went_through(tx, now)
    drafts = _drafts(tx, now, periods)
    for person, side in drafts:
        talks.forget(tx, person, side)
    ties = _ties(tx, now, periods)
    for case, person in ties:
        untie(tx, case, person)
    away = archive.due(tx, now - periods.archive, AT_ONCE) if periods.archive else []
    for case in away:
        archive.put_away(tx, case)
    # Too many cases at once wait for a person; the promises made to everybody else do not.
    gone = [] if why else cases.expired(tx, now - periods.cases, SHREDS_AT_ONCE)
    for case in gone:
        shred_case(tx, case)
    media = [] if why else cases.with_files(tx, now - periods.media, SHREDS_AT_ONCE)
    for case in media:
        shred_media(tx, case)
    idle = people.idle(tx, now - IDLE_FOR, AT_ONCE)
    for person in idle:
        _forget_person(tx, person)
    return Swept(
        held=why,
        rows=rows + _buried(tx, now),
        drafts=len(drafts),
        ties=len(ties),
        media=len(media),
        cases=len(gone),
        people=len(idle),
        archived=len(away),
        audit=audit.forget(tx, months_back(now, periods.audit), AT_ONCE, _on_hold(tx)),
        more=SHREDS_AT_ONCE in {len(gone), len(media)}
        or AT_ONCE in {len(drafts), len(ties), len(idle), len(away)},
    )


def state(tx: Tx, now: datetime, periods: Periods) -> State:
    """Tell what has expired, and whether a run would be held."""
    return State(
        held=_held(tx, now, periods),
        last=_last(tx),
        expired=cases.many_expired(tx, now - periods.cases),
        cases=cases.many(tx),
        media=cases.many_with_files(tx, now - periods.media),
        ties=len(_ties(tx, now, periods)),
        drafts=len(_drafts(tx, now, periods)),
        closed=_closed_days(tx, now - periods.cases),
        on_hold=tuple(one[1:] for one in cases.on_hold(tx)),
    )


def shred_case(tx: Tx, case: str) -> None:
    """Destroy a case: key, story, files, ties, return words, and the talks that tell it.

    Its cards, and words of it that stand in somebody's chat, are to be taken away at once. The
    bytes are off the disk once `Database.checkpoint` has said True.
    """
    erased.note(tx, What.CASE, case)
    tx.run("delete from case_keys where case_id = ?", case)
    for person in links.people_of(tx, case):
        untie(tx, case, person)
    outbox.forget_case(tx, case)
    tx.run("delete from entries where case_id = ?", case)
    tx.run("delete from files where case_id = ?", case)
    returns.forget_case(tx, case)
    deadlines.forget_case(tx, case)
    visible.soon(tx, case, tx.now)
    cards.take_away(tx, case)
    tx.run("delete from cases where id = ?", case)
    tx.memo.clear()


def shred_media(tx: Tx, case: str) -> None:
    """Destroy the pictures and voices of a case; its story stays, and its cards are redrawn."""
    files.shred(tx, case)
    outbox.refresh(tx, case)


def erase(tx: Tx, person: str) -> None:
    """Forget somebody at their own wish: every tie at once, drafts, what waits for them, and our
    messages in their chat. Their cases go on; their row goes in the next sweep.

    What they have already sent to officers still arrives: a file that is being fetched, an alert.
    """
    erased.note(tx, What.PERSON, person)
    outbox.withdraw(tx, person)
    outbox.disown_files(tx, person)
    for case in links.cases_of(tx, person):
        untie(tx, case, person)
    talks.forget_all(tx, person)
    files.forget_held(tx, person)
    visible.wipe(tx, person, tx.now)
    people.nothing_to_wait_for(tx, person)


def untie(tx: Tx, case: str, person: str) -> None:
    """Cut a tie: what this person told of the case, what waits for them, the letters about it.

    The person's own row goes in the same sweep when nothing else ties them.
    """
    erased.note(tx, What.TIE, case, person)
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


def _ties(tx: Tx, now: datetime, periods: Periods) -> list[tuple[str, str]]:
    return links.expired(
        tx, now - periods.links, now - periods.links_longest, now - TALKING, AT_ONCE
    )


def _closed_days(tx: Tx, before: datetime) -> tuple[tuple[date, int], ...]:
    """Count the expired by the day (Việt Nam's) on which they were closed."""
    days: dict[date, int] = {}
    for hour, many in cases.expired_hours(tx, before).items():
        day = local(hour).date()
        days[day] = days.get(day, 0) + many
    return tuple(days.items())


def _on_hold(tx: Tx) -> frozenset[str]:
    return frozenset(one[0] for one in cases.on_hold(tx))


def _held(tx: Tx, now: datetime, periods: Periods) -> Held | None:
    expired = max(
        cases.many_expired(tx, now - periods.cases), cases.many_with_files(tx, now - periods.media)
    )
    return guard.held(_last(tx), now, expired, cases.many(tx))


def _harmless(tx: Tx, now: datetime) -> int:
    """Delete what opens nothing any more, whatever the clock says; nobody told us any of it."""
    moment = ms(now)
    return (
        tx.run("delete from invites where expires <= ?", moment)
        + tx.run("delete from sessions where expires <= ?", moment)
        + tx.run("delete from inbox where at <= ?", ms(now - SEEN_FOR))
        + tx.run("delete from tries where since <= ?", ms(now - TRIES_FOR))
        + visible.forget_numbers(tx, now)
        + tx.run("delete from exports where expires <= ?", moment)
        + past.forget_events(tx, now)
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
    """Delete the row of an address, its lane, and whatever letters nobody came to fetch."""
    lanes.forget(tx, person)
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
