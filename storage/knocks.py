"""Somebody who is not on the roster pressed an officers' button; a lead lets them in or not."""

from datetime import datetime

from handlers.effects import Admit, Knock
from handlers.view import Officer, Role
from storage import officers, people
from storage.times import ms
from storage.tx import Tx


def knock(tx: Tx, effect: Knock, person: str, now: datetime) -> None:
    """Remember who knocked; whoever knocks again stands under the newest number."""
    tx.run(
        "insert into knocks (id, number, person, at) values (?, ?, ?, ?)"
        " on conflict (person) do update set id = excluded.id, number = excluded.number,"
        " at = excluded.at",
        effect.id,
        effect.number,
        person,
        ms(now),
    )


def number(tx: Tx, knock: str) -> str:
    """Give the number of a knock that nobody has decided yet; empty when there is none."""
    row = tx.one("select number from knocks where id = ? and denied = 0", knock)
    return "" if row is None else str(row["number"])


def of_person(tx: Tx, person: str) -> str:
    """Give the number under which somebody waits to be let in; empty when they do not."""
    row = tx.one("select number from knocks where person = ?", person)
    return "" if row is None else str(row["number"])


def decide(tx: Tx, effect: Admit, ward: str, now: datetime) -> str | None:
    """Let in (or turn away) whoever knocked; gives their person id, None if decided already."""
    if not effect.let_in:
        row = tx.one(
            "update knocks set denied = 1 where id = ? and denied = 0 returning person",
            effect.knock,
        )
        return None if row is None else str(row["person"])
    row = tx.one(
        "delete from knocks where id = ? and denied = 0 returning person, number", effect.knock
    )
    if row is None:
        return None
    newcomer = Officer(effect.officer, effect.name or row["number"], Role.OFFICER)
    officers.add(tx, newcomer, ward, now)
    people.bind(tx, row["person"], effect.officer)
    return str(row["person"])
