"""The second wrap of case keys, and putting a closed case away so that only the committee opens it.

It must not know when: storage/retention.py asks, and the ward's `seal_days` says.
"""

from datetime import datetime

from handlers.effects import Audit
from storage import audit, cards, cases, deadlines, outbox, returns, visible
from storage.times import ms
from storage.tx import Tx

WRAPS_AT_ONCE = 500


def wrap_again(tx: Tx, after: str = "", limit: int = WRAPS_AT_ONCE) -> str | None:
    """Seal keys of older cases to the committee's key of today, a few at a time.

    Gives the case after which to go on, None when all are done. Cases put away under an earlier
    committee key stay under that one: only it opens them.
    """
    if tx.seal.committee is None:
        return None
    rows = tx.all(
        "select case_id from case_keys where case_id > ? and wrapped is not null"
        " and (committee is null or substr(committee, 1, 4) <> ?) order by case_id limit ?",
        after,
        bytes.fromhex(tx.seal.committee.id),
        limit,
    )
    for row in rows:
        key = cases.key_of(tx, row["case_id"])
        wrapped = None if key is None else tx.seal.wrap_for_committee(key, row["case_id"])
        tx.run("update case_keys set committee = ? where case_id = ?", wrapped, row["case_id"])
    return str(rows[-1]["case_id"]) if rows else None


def due(tx: Tx, before: datetime, limit: int) -> list[str]:
    """Give the ids of cases closed before then whose tie is cut and which can be put away.

    What is kept by law stays open: police or a court may ask for it any day.
    """
    rows = tx.all(
        "select cases.id from cases join case_keys on case_keys.case_id = cases.id"
        " where closed <= ? and hold is null and wrapped is not null and committee is not null"
        " and not exists (select 1 from links where links.case_id = cases.id)"
        " order by closed limit ?",
        ms(before),
        limit,
    )
    return [row["id"] for row in rows]


def put_away(tx: Tx, case: str) -> None:
    """Leave only the committee's wrap of a case's key; its words and cards leave every chat.

    Its return words end, so that whoever comes back tells anew, and is read.
    """
    tx.run("update case_keys set wrapped = null where case_id = ? and committee is not null", case)
    tx.memo.clear()
    returns.forget_case(tx, case)
    outbox.forget_case(tx, case)
    deadlines.forget_case(tx, case)
    visible.soon(tx, case, tx.now)
    cards.take_away(tx, case)
    row = tx.one("select ward from cases where id = ?", case)
    audit.append(tx, Audit("archive", case=case), "" if row is None else row["ward"], tx.now)
