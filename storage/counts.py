"""How many there were of what, by month: blurred when shown, tied to nobody, outliving cases."""

from datetime import datetime, timedelta, timezone

from storage.tx import Tx

LOCAL = timezone(timedelta(hours=7))
"""Việt Nam has one time zone and no summer time."""
FEWEST = 5
"""Smaller numbers are never shown: in a ward of neighbours "one" is a person."""


def one_more(tx: Tx, ward: str, what: str, now: datetime) -> None:
    """Count one."""
    tx.run(
        "insert into counts (ward, month, what, number) values (?, ?, ?, 1)"
        " on conflict (ward, month, what) do update set number = counts.number + 1",
        ward,
        f"{now.astimezone(LOCAL):%Y-%m}",
        what,
    )


def shown(number: int) -> str:
    """Blur a number for showing: `<5`, else rounded down to fives."""
    return f"<{FEWEST}" if 0 < number < FEWEST else str(number - number % FEWEST)


def month(tx: Tx, ward: str, name: str) -> dict[str, str]:
    """Give a month's counts (name: `2026-11`), blurred."""
    rows = tx.all("select what, number from counts where ward = ? and month = ?", ward, name)
    return {row["what"]: shown(row["number"]) for row in rows}
