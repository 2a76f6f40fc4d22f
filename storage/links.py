"""Which person reports or follows which case. Deleting a row cuts the tie for good."""

from dataclasses import replace
from datetime import datetime

from handlers.events import Side
from handlers.view import Person
from storage import people, talks
from storage.times import ms
from storage.tx import Tx


def link(tx: Tx, case: str, person: str, now: datetime) -> None:
    """Tie a person to a case; tied already is no error."""
    tx.run(
        "insert into links (id, case_id, person, at) values (?, ?, ?, ?)"
        " on conflict (case_id, person) do nothing",
        tx.new_id(),
        case,
        person,
        ms(now),
    )


def reporters(tx: Tx, case: str) -> tuple[Person, ...]:
    """Give everybody who reports or follows a case, the first one first.

    A chat that was left, or in which something else is told by now, may be in anybody's hands:
    nothing may be answered into it openly.
    """
    rows = tx.all("select person from links where case_id = ? order by at, id", case)
    known = [one.person for row in rows if (one := people.get(tx, row["person"])) is not None]
    return tuple(
        one if talks.get(tx, one.id, Side.RESIDENT).case == case else replace(one, window=None)
        for one in known
    )


def cut(tx: Tx, case: str, person: str) -> None:
    """Untie a person from a case."""
    tx.run("delete from links where case_id = ? and person = ?", case, person)


def people_of(tx: Tx, case: str) -> list[str]:
    """Give the ids of the people tied to a case."""
    return [row["person"] for row in tx.all("select person from links where case_id = ?", case)]


def got(tx: Tx, entry: str, person: str, now: datetime) -> None:
    """Note when a person got a line of a closed case that was written at its closing or later.

    What was answered before says nothing of how it ended. Got once is got, until it is opened
    and closed again.
    """
    row = tx.one(
        "select case_id, closed from entries join cases on cases.id = entries.case_id"
        " where entries.id = ? and entries.at >= cases.closed",
        entry,
    )
    if row is not None:
        tx.run(
            "update links set read = ? where case_id = ? and person = ?"
            " and (read is null or read < ?)",
            ms(now),
            row["case_id"],
            person,
            row["closed"],
        )


def expired(
    tx: Tx, got_before: datetime, closed_before: datetime, silent: datetime, limit: int
) -> list[tuple[str, str]]:
    """Give (case, person) of ties to cut: the closing message was got before `got_before`, or the
    case was closed before `closed_before`. A case that was opened again has none.

    Somebody who came back or told of a case since `silent` is not cut off in the middle.
    """
    # Only the ties of open and lately closed cases are left: few, however many cases there are.
    rows = tx.all(
        "select links.case_id, links.person from links cross join cases"
        " where links.at <= ? and cases.id = links.case_id and cases.closed is not null and"
        " (cases.closed <= ? or (links.read >= cases.closed and links.read <= ?)) and not exists"
        " (select 1 from talks where talks.person = links.person and settled = 1 and spoken > ?)"
        " limit ?",
        ms(silent),
        ms(closed_before),
        ms(got_before),
        ms(silent),
        limit,
    )
    return [(row["case_id"], row["person"]) for row in rows]


def cases_of(tx: Tx, person: str) -> list[str]:
    """Give the ids of the cases a person is tied to."""
    return [row["case_id"] for row in tx.all("select case_id from links where person = ?", person)]
