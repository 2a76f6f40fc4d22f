"""Which message shows which case where, so that a card is brought up to date, not sent anew."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from storage import visible
from storage.times import ms
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Card:
    """A case's card at a lane. `shown`: a fingerprint of what it shows now."""

    case: str
    lane: str
    place: str
    ref: str
    topic: str = ""
    shown: bytes = b""


def put(tx: Tx, card: Card, now: datetime) -> None:
    """Write where a card is and what it shows."""
    tx.run(
        "insert into cards (case_id, lane, place, topic, ref, shown, at)"
        " values (?, ?, ?, ?, ?, ?, ?) on conflict (case_id, lane) do update set"
        " place = excluded.place, topic = excluded.topic, ref = excluded.ref,"
        " shown = excluded.shown, at = excluded.at",
        card.case,
        card.lane,
        card.place,
        card.topic,
        card.ref,
        card.shown,
        ms(now),
    )


def get(tx: Tx, case: str, lane: str) -> Card | None:
    """Give a case's card at a lane; None when it has none there."""
    row = tx.one("select * from cards where case_id = ? and lane = ?", case, lane)
    return None if row is None else _card(row)


def of_case(tx: Tx, case: str) -> list[Card]:
    """Give every card of a case."""
    return [_card(row) for row in tx.all("select * from cards where case_id = ?", case)]


def in_lane(tx: Tx, lane: str) -> list[Card]:
    """Give every card that stands at a lane."""
    return [_card(row) for row in tx.all("select * from cards where lane = ?", lane)]


def take_away(tx: Tx, case: str) -> None:
    """Let every card of a case be taken away at its place at once."""
    for row in tx.all(
        "select cards.lane, cards.ref, cases.ward from cards"
        " join cases on cases.id = cards.case_id where case_id = ?",
        case,
    ):
        _, _, person = row["lane"].partition(":")
        if person and tx.one("select 1 from people where id = ?", person) is None:
            continue  # the chat is forgotten: nothing leads there any more
        visible.note(tx, person or None, (row["ref"],), tx.now, None, ward=row["ward"])
    tx.run("delete from cards where case_id = ?", case)


def forget_lane(tx: Tx, lane: str) -> None:
    """Forget every card at a place that is another one now: the numbers mean nothing there."""
    tx.run("delete from cards where lane = ?", lane)


def drop(tx: Tx, case: str, lane: str) -> None:
    """Forget a card that was deleted at its place; the next showing sends it anew."""
    tx.run("delete from cards where case_id = ? and lane = ?", case, lane)


def _card(row: sqlite3.Row) -> Card:
    return Card(
        case=row["case_id"],
        lane=row["lane"],
        place=row["place"],
        ref=row["ref"],
        topic=row["topic"],
        shown=row["shown"],
    )
