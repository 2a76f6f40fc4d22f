"""The interpreter of effects: every decision becomes rows, in order, in the caller's transaction.

It decides nothing and sends nothing; what a message looks like is given by `render`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from handlers import effects as out
from handlers.events import Media, MediaKind, Side
from handlers.routes import HIDDEN
from handlers.talk import Talk
from storage import (
    audit,
    cases,
    counts,
    deadlines,
    entries,
    erased,
    files,
    flood,
    invites,
    knocks,
    links,
    opening,
    outbox,
    people,
    piles,
    places,
    retention,
    talks,
)
from storage.erased import What
from storage.outbox import HOOK_LANE, MAIL_LANE, Kind, Parcel
from storage.people import Known
from storage.text import pack
from storage.tx import Tx

OFFICER = "officer:"
"""How an effect names every address of an officer."""


class Renderer(Protocol):
    """Makes the body of a message for one reader; it is sealed, and read again when sent."""

    def __call__(self, say: out.Say, language: str, voice: str, channel: str) -> bytes:
        """Give the body."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What the caller needs to know after the commit."""

    lanes: frozenset[str] = frozenset()
    """Where something waits now."""
    toast: out.Part | None = None
    door: out.Door | None = None
    unreached: tuple[str, ...] = ()
    """Whom a message was for who has no address (any more): tell the operator."""
    late: bool = False
    """Whether an alert was queued behind others in a flood: tell the operator."""


@dataclass(slots=True)
class _Work:
    """One list of effects being applied."""

    tx: Tx
    person: str
    now: datetime
    ward: str
    render: Renderer
    media: Media | None
    blob: bytes | None
    echoed: bool = False
    lanes: set[str] = field(default_factory=set)
    toast: out.Part | None = None
    door: out.Door | None = None
    unreached: list[str] = field(default_factory=list)
    late: bool = False
    kept: list[Talk] = field(default_factory=list)

    def put(self, parcel: Parcel) -> None:
        """Line up a row and remember its lane."""
        lane = outbox.put(self.tx, parcel)
        if not parcel.pull:
            self.lanes.add(lane)


def apply(
    tx: Tx,
    effects: Iterable[out.Effect],
    *,
    person: str,
    now: datetime,
    ward: str,
    render: Renderer,
    media: Media | None = None,
    blob: bytes | None = None,
    echoed: bool = False,
) -> Applied:
    """Write what was decided.

    `person`: whose message it was (who knocks). `media` and `blob`: a clean file that came along;
    it goes into the case that fetches it, or waits with the talk that holds it, or is dropped.
    `echoed`: too many others have just said the very same.
    """
    work = _Work(tx, person, now, ward, render, media, blob, echoed)
    for effect in effects:
        _DO[type(effect)](work, effect)
    _hold_blob(work)
    return Applied(frozenset(work.lanes), work.toast, work.door, tuple(work.unreached), work.late)


def _say(work: _Work, effect: out.Say) -> None:
    readers = _readers(work.tx, effect.to)
    for known in readers:
        work.put(_letter(work, effect, known))
    if effect.to == places.GROUP:
        work.put(_letter(work, effect, None))
    elif not readers and effect.to:
        work.unreached.append(effect.to)


def _readers(tx: Tx, to: str) -> list[Known]:
    if to.startswith(OFFICER):
        return people.of_officer(tx, to.removeprefix(OFFICER))
    known = people.get(tx, to) if to else None
    return [] if known is None else [known]


def _letter(work: _Work, effect: out.Say, known: Known | None) -> Parcel:
    """Make the row for one reader; None is the officers' group."""
    language, voice, channel = "vi", "adult", places.GROUP
    if known is not None:
        language, voice = known.person.language, known.person.voice
        channel = known.channel
    return Parcel(
        number=0,
        kind=Kind.SAY,
        lane=places.GROUP if known is None else known.lane,
        rank=effect.rank,
        due=effect.due or work.tx.now,
        until=effect.until,
        ward=work.ward,
        case=effect.case,
        person=None if known is None else known.person.id,
        entry=effect.entry,
        place=places.GROUP if known is None else None,
        secret=effect.secret,
        pull=known is not None and not known.person.pushes,
        body=work.render(effect, language, voice, channel),
    )


def _show(work: _Work, effect: out.Show) -> None:
    case = cases.get(work.tx, effect.case)
    if case is None:
        return
    late = flood.is_late(work.tx, case, work.now, echoed=work.echoed)
    work.late = work.late or late
    urgent = case.priority == "P1" and not late
    parcel = Parcel(
        number=0,
        kind=Kind.SHOW,
        lane=places.GROUP,
        rank=out.Class.ALERT if urgent else out.Class.ANSWER,
        due=work.tx.now,
        ward=case.ward,
        case=case.id,
        place=effect.place,
    )
    if effect.place in (places.GROUP, HIDDEN):
        work.put(replace(parcel, lane=effect.place))
        return
    readers = _readers(work.tx, effect.place)
    for known in readers:
        # The desk needs no card: its board is drawn from the cases themselves.
        if known.person.pushes:
            work.put(_at(parcel, known))
    if not readers:
        work.unreached.append(effect.place)


def _at(parcel: Parcel, known: Known) -> Parcel:
    return Parcel(
        number=0,
        kind=parcel.kind,
        lane=known.lane,
        rank=parcel.rank,
        due=parcel.due,
        ward=parcel.ward,
        person=known.person.id,
        case=parcel.case,
        place=parcel.place,
    )


def _keep(work: _Work, effect: out.Keep) -> None:
    if not effect.talk.person:
        return
    talks.keep(work.tx, effect.talk, work.now)
    work.kept.append(effect.talk)


def _aside(work: _Work, effect: out.Aside) -> None:
    erased.note(work.tx, What.LEFT, effect.person)
    talks.aside(work.tx, effect.person, effect.key)
    outbox.withdraw(work.tx, effect.person)


def _forget(work: _Work, effect: out.Forget) -> None:
    # What was sent stays sent: only a draft is thrown away for good.
    if effect.side == Side.RESIDENT and talks.get(work.tx, effect.person, effect.side).case is None:
        erased.note(work.tx, What.TALK, effect.person)
    talks.forget(work.tx, effect.person, effect.side)


def _open(work: _Work, effect: out.Open) -> None:
    cases.open_case(work.tx, effect.case, effect.secret)
    links.link(work.tx, effect.case.id, effect.person, work.now)


def _link(work: _Work, effect: out.Link) -> None:
    if cases.key_of(work.tx, effect.case) is not None:
        links.link(work.tx, effect.case, effect.person, work.now)


def _delivered(work: _Work, effect: out.Delivered) -> None:
    outbox.tell(work.tx, effect.entry, effect.delivery)
    if effect.delivery is out.Delivery.DELIVERED:
        links.got(work.tx, effect.entry, work.person, work.now)


def _fetch(work: _Work, effect: out.Fetch) -> None:
    tx = work.tx
    if not entries.exists(tx, effect.entry):
        voice = effect.media.kind is MediaKind.VOICE
        kind = out.EntryKind.VOICE if voice else out.EntryKind.PICTURE
        entries.add(tx, out.Add(effect.entry, effect.case, kind, ""), work.now)
    if work.blob is not None and work.media is not None and work.media.ref == effect.media.ref:
        files.keep(tx, effect.case, effect.entry, effect.media.kind, work.blob, work.now)
        work.blob = None
        return
    known = people.get(tx, effect.person)
    if known is None:
        return
    if not known.person.pushes:
        files.adopt(tx, effect.person, effect.media, effect.case, effect.entry, work.now)
        return
    work.put(
        Parcel(
            number=0,
            kind=Kind.FETCH,
            lane=f"fetch:{known.channel}",
            rank=out.Class.ANSWER,
            due=tx.now,
            ward=work.ward,
            person=effect.person,
            case=effect.case,
            entry=effect.entry,
            body=pack([effect.media.kind.value, effect.media.ref, effect.media.size]),
        )
    )


def _hold_blob(work: _Work) -> None:
    """Keep a file that came along while its question is open; drop one that nobody wants."""
    media, blob = work.media, work.blob
    if media is None or blob is None or not work.kept:
        return
    talk = work.kept[-1]
    if f"{media.kind}|{media.ref}" in (*talk.held, *talk.ready):
        files.hold(work.tx, talk.person, media, blob, work.now)


def _hook(work: _Work, effect: out.Hook) -> None:
    for lane in (HOOK_LANE, MAIL_LANE):
        work.put(
            Parcel(
                number=0,
                kind=Kind.HOOK,
                lane=lane,
                rank=out.Class.ALERT,
                due=work.tx.now,
                ward=work.ward,
                case=effect.case or None,
                body=pack({"code": effect.code, "priority": effect.priority}),
            )
        )


def _toast(work: _Work, effect: out.Toast) -> None:
    work.toast = effect.part


def _door(work: _Work, effect: out.Door) -> None:
    invite = invites.Invite(invites.Opens.DOOR, effect.officer, effect.act, effect.case)
    invites.make(work.tx, effect.token, invite, work.now + invites.DOOR_FOR)
    work.door = effect


def _knock(work: _Work, effect: out.Knock) -> None:
    if work.person:
        knocks.knock(work.tx, effect, work.person, work.now)


_DO: Mapping[type, Callable[[_Work, Any], object]] = {
    out.Say: _say,
    out.Show: _show,
    out.Keep: _keep,
    out.Pile: lambda work, effect: piles.put(work.tx, effect),
    out.Unpile: lambda work, effect: piles.forget(work.tx, effect.person, effect.side),
    out.Aside: _aside,
    out.Forget: _forget,
    out.Erase: lambda work, effect: retention.erase(work.tx, effect.person),
    out.Profile: lambda work, effect: people.write_profile(work.tx, effect),
    out.Open: _open,
    out.Change: lambda work, effect: cases.change(work.tx, effect.case),
    out.Add: lambda work, effect: entries.add(work.tx, effect, work.now),
    out.Link: _link,
    out.Delivered: _delivered,
    out.Remind: lambda work, effect: deadlines.remind(work.tx, effect),
    out.Calm: lambda work, effect: deadlines.calm(work.tx, effect),
    out.Fetch: _fetch,
    out.Audit: lambda work, effect: audit.append(work.tx, effect, work.ward, work.now),
    out.Hook: _hook,
    out.Toast: _toast,
    out.Door: _door,
    out.Knock: _knock,
    out.Admit: lambda work, effect: knocks.decide(work.tx, effect, work.ward, work.now),
    out.OpenWard: lambda work, effect: opening.open_ward(work.tx, work.ward, work.now),
    out.Count: lambda work, effect: counts.one_more(work.tx, work.ward, effect.what, work.now),
}
