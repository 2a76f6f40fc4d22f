"""Which message shows which case where, so that a card is brought up to date, not sent anew."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from storage import topics, visible
from storage.times import ms
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Card:
    """A case's card at a lane. `shown`: a fingerprint of what it shows; `topic`: where it stands."""

    case: str
    lane: str
    place: str
    ref: str
    topic: str = ""
    shown: bytes = b""


def put(tx: Tx, card: Card, now: datetime) -> bool:
    """Write where a card is and what it shows; False when its case has gone meanwhile."""
    written = tx.run(
        "insert into cards (case_id, lane, place, topic, ref, shown, at)"
        " select id, ?, ?, ?, ?, ?, ? from cases where id = ?"
        " on conflict (case_id, lane) do update set"
        " place = excluded.place, topic = excluded.topic, ref = excluded.ref,"
        " shown = excluded.shown, at = excluded.at",
        card.lane,
        card.place,
        card.topic,
        card.ref,
        card.shown,
        ms(now),
        card.case,
    )
    return written > 0


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
    """Let every card of a case be taken away at its place at once, with the topic it stands in."""
    row = tx.one("select ward from cases where id = ?", case)
    ward = "" if row is None else str(row["ward"])
    own = {
        row["lane"]: str(row["topic"])
        for row in tx.all("select lane, topic from topics where case_id = ? and topic <> ''", case)
    }
    for card in of_case(tx, case):
        _, _, person = card.lane.partition(":")
        if person and tx.one("select 1 from people where id = ?", person) is None:
            continue  # the chat is forgotten: nothing leads there any more
        topic = card.topic if card.topic and own.get(card.lane) == card.topic else ""
        visible.note(tx, person or None, (card.ref,), tx.now, None, ward=ward, topic=topic)
        if topic:
            del own[card.lane]
    for topic in own.values():  # made, and no card stands in it (yet)
        topics.take_away(tx, ward, topic)
    tx.run("delete from cards where case_id = ?", case)
    tx.run("delete from topics where case_id = ?", case)


def take_ref_away(tx: Tx, ward: str, ref: str) -> None:
    """Let one card be taken away from a ward's group: another stands for it, or none may."""
    visible.note(tx, None, (ref,), tx.now, None, ward=ward)


def forget_lane(tx: Tx, lane: str) -> None:
    """Forget every card at a place that is another one now: the numbers mean nothing there."""
    tx.run("delete from cards where lane = ?", lane)
    topics.forget_lane(tx, lane)


def under(tx: Tx, lane: str, ref: str) -> str | None:
    """Give the case whose card this message is; None when it is none."""
    row = tx.one("select case_id from cards where lane = ? and ref = ?", lane, ref)
    return None if row is None else str(row["case_id"])


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
