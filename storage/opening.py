"""Whether a ward's doors are open to the public: once, when officers have shown that they answer.

It must not know what shows it.
"""

from datetime import datetime

from storage.places import GROUP
from storage.times import at, ms
from storage.tx import Tx


def is_open(tx: Tx, ward: str) -> bool:
    """Tell whether a ward has opened its doors. (A trial needs no opening: its house says so.)"""
    return since(tx, ward) is not None


def doors(tx: Tx, ward: str) -> tuple[bool, bool]:
    """Tell whether a ward has an officers' group, and whether it has opened its doors to the
    public: every message asks for both, so they are one look."""
    row = tx.one(
        "select exists (select 1 from places where ward = ? and name = ?) as grouped,"
        " exists (select 1 from meta where name = ?) as opened",
        ward,
        GROUP,
        _name(ward),
    )
    return (False, False) if row is None else (bool(row["grouped"]), bool(row["opened"]))


def since(tx: Tx, ward: str) -> datetime | None:
    """Give when a ward opened its doors; None before."""
    row = tx.one("select value from meta where name = ?", _name(ward))
    return None if row is None else at(int(row["value"]))


def open_ward(tx: Tx, ward: str, now: datetime) -> None:
    """Open a ward's doors; one that is open stays open since when it was."""
    tx.run(
        "insert into meta (name, value) values (?, ?) on conflict (name) do nothing",
        _name(ward),
        str(ms(now)).encode(),
    )


def _name(ward: str) -> str:
    return f"opened:{ward}"
