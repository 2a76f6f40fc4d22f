"""Whether what is sealed in a database opens: read as the program reads it, and thrown away.

It gives a number and nothing else.
"""

from storage import cases, entries, files, people, talks
from storage.committee import Private
from storage.recovery import open_case_key
from storage.seal import Unreadable
from storage.tx import Tx

MANY = 200
"""Of each kind: the newest, which no earlier trial has seen, and more than a ward has open."""


def opened(tx: Tx) -> int:
    """Unseal cases with their stories, addresses, talks and files; gives how many cases.

    Raises Unreadable at the first that does not open.
    """
    many = 0
    for row in tx.all("select id from cases order by opened desc limit ?", MANY):
        if cases.key_of(tx, row["id"]) is None:
            continue  # put away for the committee alone
        cases.get(tx, row["id"])
        entries.of_case(tx, row["id"])
        many += 1
    for row in tx.all("select id from people order by seen desc limit ?", MANY):
        people.get(tx, row["id"])
        people.address(tx, row["id"])
    for row in tx.all("select person, side from talks order by spoken desc limit ?", MANY):
        talks.get(tx, row["person"], row["side"])
    for row in tx.all("select id from files where case_id is not null order by at desc limit 20"):
        files.get(tx, row["id"])
    return many


def opened_by_committee(tx: Tx, private: Private) -> int:
    """Unseal stories with the committee's key alone, as on a machine without the root key.

    Gives how many cases. Raises Unreadable at a line that does not open.
    """
    many = 0
    for row in tx.all("select case_id, committee from case_keys limit ?", MANY):
        case = row["case_id"]
        key = open_case_key(private, case, row["committee"])
        if key is None:
            continue
        lines = tx.all("select id, body from entries where case_id = ?", case)
        for line in lines:
            tx.seal.open(
                line["body"],
                table="entries",
                column="body",
                row=line["id"],
                case=case,
                case_key=key,
            )
        many += 1
    if not many and tx.one("select 1 from case_keys limit 1") is not None:
        raise Unreadable("no case is sealed to this committee key")
    return many
