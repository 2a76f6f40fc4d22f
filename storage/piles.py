"""The pile: lines of somebody who writes very fast, until they join their story in one piece.

Adding a line costs the same however many there are. It must not know when they join, or to what.
"""

from handlers.effects import Pile
from storage.times import ms
from storage.tx import Tx


def put(tx: Tx, effect: Pile) -> None:
    """Add a line."""
    row = tx.new_id()
    tx.run(
        "insert into piles (id, person, side, at, body) values (?, ?, ?, ?, ?)",
        row,
        effect.person,
        str(effect.side),
        ms(tx.now),
        tx.seal.seal(effect.text.encode(), table="piles", column="body", row=row),
    )


def many(tx: Tx, person: str, side: str) -> int:
    """Give how many lines wait."""
    row = tx.one(
        "select count(*) as many from piles where person = ? and side = ?", person, str(side)
    )
    return 0 if row is None else int(row["many"])


def lines(tx: Tx, person: str, side: str) -> tuple[str, ...]:
    """Give the lines that wait, unsealed, in the order they came."""
    rows = tx.all(
        "select id, body from piles where person = ? and side = ? order by number",
        person,
        str(side),
    )
    opened = (
        tx.seal.open(row["body"], table="piles", column="body", row=row["id"]) for row in rows
    )
    return tuple(line.decode() for line in opened)


def forget(tx: Tx, person: str, side: str) -> None:
    """Delete the lines: they have joined the story, or it is not to be."""
    tx.run("delete from piles where person = ? and side = ?", person, str(side))


def move(tx: Tx, person: str, side: str, key: str) -> None:
    """Let the lines wait beside a talk that was put away under `key`."""
    forget(tx, person, key)
    tx.run("update piles set side = ? where person = ? and side = ?", key, person, str(side))
