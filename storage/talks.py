"""Conversations as they stand, sealed whole; one per person and side.

It must not know what a flow asks: whatever a Talk holds is kept.
"""

from dataclasses import fields
from datetime import datetime
from typing import Any

from handlers.events import Side, Wait
from handlers.talk import Answers, Talk
from storage import deadlines, files, piles
from storage.seal import Unreadable
from storage.text import known_only, pack, unpack
from storage.times import at_or_none, ms, ms_or_none
from storage.tx import Tx

_NAMES = frozenset(field.name for field in fields(Talk)) - {"person", "side"}
_MOMENTS = frozenset({"begun", "spoken"})


def get(tx: Tx, person: str, side: str) -> Talk:
    """Give the talk with a person on a side; an empty one when there is none."""
    row = tx.one("select body from talks where person = ? and side = ?", person, side)
    if row is None:
        return Talk(person, side)
    talk = _read(_open(tx, row["body"], person, side), person, side)
    tx.memo["talk", _row(person, side)] = talk
    return talk


def keep(tx: Tx, talk: Talk, now: datetime) -> None:
    """Write a talk as it is now; files it no longer holds are deleted."""
    tx.run(
        "insert into talks (person, side, body, settled, spoken) values (?, ?, ?, ?, ?)"
        " on conflict (person, side) do update set body = excluded.body,"
        " settled = excluded.settled, spoken = excluded.spoken",
        talk.person,
        talk.side,
        _seal(tx, _write(talk), talk.person, talk.side),
        talk.case is not None,
        ms(talk.spoken or now),
    )
    before = tx.memo.get(("talk", _row(talk.person, talk.side)))
    if isinstance(before, Talk):
        for held in set(before.held) - set(talk.held):
            files.forget_held(tx, talk.person, held.partition("|")[2])
    tx.memo["talk", _row(talk.person, talk.side)] = talk


def held_refs(body: bytes) -> tuple[str, ...]:
    """Give the channel's ids of the files that an (unsealed) talk waits to place."""
    values = known_only(unpack(body), _NAMES)
    return tuple(
        one.partition("|")[2] for one in (*values.get("held", ()), *values.get("ready", ()))
    )


def aside(tx: Tx, person: str, key: str) -> None:
    """Put the resident's talk, and what waits on it, away under another side."""
    row = tx.one(
        "select body from talks where person = ? and side = ?", person, Side.RESIDENT.value
    )
    if row is None or key == Side.RESIDENT:
        return
    # The seal is bound to person and side, so that no talk can be passed off as another.
    body = _seal(tx, _open(tx, row["body"], person, Side.RESIDENT), person, key)
    tx.run("delete from talks where person = ? and side = ?", person, key)
    tx.run(
        "update talks set side = ?, body = ? where person = ? and side = ?",
        key,
        body,
        person,
        Side.RESIDENT.value,
    )
    deadlines.move(tx, person, Side.RESIDENT, key)
    piles.move(tx, person, Side.RESIDENT, key)
    tx.memo.pop(("talk", _row(person, Side.RESIDENT)), None)


def forget(tx: Tx, person: str, side: str) -> None:
    """Delete a talk, what waits on it, and files held for a question never answered."""
    own = _held(tx, person, side)
    tx.run("delete from talks where person = ? and side = ?", person, side)
    deadlines.forget_talk(tx, person, side)
    piles.forget(tx, person, side)
    tx.memo.pop(("talk", _row(person, side)), None)
    if side == Side.DESK:
        return
    others = tx.one(
        "select 1 from talks where person = ? and side <> ? limit 1", person, Side.DESK.value
    )
    if own is None or others is None:
        files.forget_held(tx, person)
        return
    for ref in own:  # only its own: another story of theirs may be in the middle of a question
        files.forget_held(tx, person, ref)


def _held(tx: Tx, person: str, side: str) -> tuple[str, ...] | None:
    """Give the files that a talk waits to place; None when nobody can read which."""
    row = tx.one("select body from talks where person = ? and side = ?", person, side)
    if row is None:
        return ()
    try:
        return held_refs(_open(tx, row["body"], person, side))
    except (Unreadable, ValueError):
        return None


def forget_all(tx: Tx, person: str) -> None:
    """Delete every talk of a person as a resident, and everything that waits on them."""
    rows = tx.all("select side from talks where person = ? and side <> ?", person, Side.DESK.value)
    for row in rows:
        forget(tx, person, row["side"])
    deadlines.forget_person(tx, person)


def left(tx: Tx, person: str) -> tuple[Talk, ...]:
    """Give the drafts that a person put away by leaving and that still go on to the officers."""
    rows = tx.all(
        "select talks.side, body from talks join deadlines on deadlines.person = talks.person"
        " and deadlines.side = talks.side where talks.person = ? and settled = 0 and wait = ?"
        " and talks.side not in (?, ?)",
        person,
        Wait.UNFINISHED.value,
        Side.RESIDENT.value,
        Side.DESK.value,
    )
    return tuple(
        _read(_open(tx, row["body"], person, row["side"]), person, row["side"]) for row in rows
    )


def forget_case(tx: Tx, person: str, case: str) -> None:
    """Delete every talk of a person that tells this case's story."""
    for row in tx.all("select side, body from talks where person = ? and settled = 1", person):
        talk = _read(_open(tx, row["body"], person, row["side"]), person, row["side"])
        if talk.case != case:
            continue
        tx.run("delete from talks where person = ? and side = ?", person, row["side"])
        deadlines.forget_talk(tx, person, row["side"])
        piles.forget(tx, person, row["side"])
        tx.memo.pop(("talk", _row(person, row["side"])), None)
        for held in (*talk.held, *talk.ready):
            # Only its own: another story of theirs may be in the middle of a question.
            files.forget_held(tx, person, held.partition("|")[2])


def drafts(tx: Tx, spoken_before: datetime, limit: int) -> list[tuple[str, str]]:
    """Give (person, side) of talks without a case whose last word is older.

    Not those whose silence still has to be answered: after a restore that moment is held until
    somebody has looked, and then the report goes to the officers, however late.
    """
    rows = tx.all(
        "select person, side from talks where settled = 0 and spoken < ? and not exists"
        " (select 1 from deadlines where wait = ? and case_id = ''"
        " and deadlines.person = talks.person and deadlines.side = talks.side) limit ?",
        ms(spoken_before),
        Wait.UNFINISHED.value,
        limit,
    )
    return [(row["person"], row["side"]) for row in rows]


def _write(talk: Talk) -> bytes:
    values: dict[str, Any] = {name: getattr(talk, name) for name in _NAMES}
    values["answers"] = [talk.answers.given, talk.answers.story]
    for name in _MOMENTS:
        values[name] = ms_or_none(values[name])
    return pack(values)


def _read(body: bytes, person: str, side: str) -> Talk:
    values = known_only(unpack(body), _NAMES)
    given, story = values["answers"]
    values["answers"] = Answers(tuple((name, value) for name, value in given), tuple(story))
    for name in _MOMENTS & values.keys():
        values[name] = at_or_none(values[name])
    for name in values.keys() - _MOMENTS:
        if isinstance(values[name], list):
            values[name] = tuple(values[name])
    return Talk(person, side, **values)


def _row(person: str, side: str) -> str:
    return f"{person}/{side}"


def _seal(tx: Tx, body: bytes, person: str, side: str) -> bytes:
    return tx.seal.seal(body, table="talks", column="body", row=_row(person, side))


def _open(tx: Tx, body: bytes, person: str, side: str) -> bytes:
    return tx.seal.open(body, table="talks", column="body", row=_row(person, side))
