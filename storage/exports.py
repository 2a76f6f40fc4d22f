"""Demands for one case by law, and the two officers whose one-use codes agree to it.

Only fingerprints of the codes are kept. It must not know what a package holds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage.text import pack, unpack
from storage.times import at, ms
from storage.tx import Tx

ASKED_FOR = timedelta(hours=24)
TRIES = 5
"""So many wrong codes end a demand: a code has 35 random bits, and nobody may try them out."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What two officers are asked to agree to. `address`: also where the reporter wrote from."""

    id: str
    case: str
    first: str
    second: str
    basis: str
    address: bool
    expires: datetime


class Refused(StrEnum):
    """Why a demand was not agreed to."""

    UNKNOWN = "unknown"
    """No such demand, or its day is over."""
    WRONG = "wrong"
    """A code is not the one that was sent."""
    ENDED = "ended"
    """That was the last try."""


def ask(tx: Tx, demand: Demand, codes: tuple[str, str]) -> None:
    """Write a demand down; an earlier one for the same case ends."""
    tx.run("delete from exports where case_id = ?", demand.case)
    tx.run(
        "insert into exports (id, case_id, first_officer, second_officer, first_code, second_code,"
        " basis, tries, expires) values (?, ?, ?, ?, ?, ?, ?, 0, ?)",
        demand.id,
        demand.case,
        demand.first,
        demand.second,
        _index(tx, demand.id, demand.first, codes[0]),
        _index(tx, demand.id, demand.second, codes[1]),
        tx.seal.seal(
            pack([demand.basis, demand.address]), table="exports", column="basis", row=demand.id
        ),
        ms(demand.expires),
    )


def agree(tx: Tx, demand: str, codes: tuple[str, str], now: datetime) -> Demand | Refused:
    """Give the demand that both codes agree to, and end it; a wrong code is counted.

    The codes may come in either order: each is its officer's alone.
    """
    row = tx.one("select * from exports where id = ? and expires > ?", demand, ms(now))
    if row is None:
        return Refused.UNKNOWN
    theirs = (
        (row["first_officer"], row["first_code"]),
        (row["second_officer"], row["second_code"]),
    )
    agreed = {
        officer
        for officer, index in theirs
        for code in codes
        if _index(tx, demand, officer, code) == index
    }
    if len(agreed) < 2:
        return _wrong(tx, demand, row["tries"] + 1)
    tx.run("delete from exports where id = ?", demand)
    sealed = tx.seal.open(row["basis"], table="exports", column="basis", row=demand)
    basis, address = unpack(sealed)
    return Demand(
        demand,
        row["case_id"],
        row["first_officer"],
        row["second_officer"],
        basis,
        address,
        at(row["expires"]),
    )


def _wrong(tx: Tx, demand: str, tries: int) -> Refused:
    if tries >= TRIES:
        tx.run("delete from exports where id = ?", demand)
        return Refused.ENDED
    tx.run("update exports set tries = ? where id = ?", tries, demand)
    return Refused.WRONG


def _index(tx: Tx, demand: str, officer: str, code: str) -> bytes:
    return tx.seal.token_index(f"export|{demand}|{officer}|{code}")
