"""A populated database of every schema, as SQL, with what a reader must find in it after upgrades.

`python -m tests.storage.released` writes tests/storage/schemas/ anew for the schema that is not
released yet; released ones are never touched again: they are what wards have on their disks.
"""

import json
import sqlite3
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from handlers.effects import Add, Audit, Class, Count, Delivery, EntryKind, Remind
from handlers.events import MediaKind, Side, Wait
from handlers.talk import Answers, Talk
from storage import (
    audit,
    cards,
    cases,
    deadlines,
    entries,
    erased,
    files,
    inbox,
    invites,
    outbox,
    people,
    places,
    sessions,
    talks,
    visible,
)
from storage.invites import Invite, Opens
from storage.migrate import scripts
from storage.outbox import Kind, Parcel
from storage.tx import Tx
from tests.storage.store import PAGE, Store, house

FOLDER = Path(__file__).with_name("schemas")
RELEASED = 0
"""The number of the newest schema that a ward may have; raise it with each release."""
WARD = house().ward.id


def fill(store: Store) -> None:
    """Write what a ward has after a day, by the program's own hand."""
    child, page = store.person(), store.person(PAGE)
    officer = store.officer()
    store.with_chat(officer)
    case = store.opened(child)
    store.apply(
        Add(store.id(), case.id, EntryKind.ANSWER, "Cô đọc rồi.", officer.id, Delivery.WAITING),
        Audit("open", officer.id, case.id),
        Count("opened"),
        Remind(Wait.UNCLAIMED, store.now, case=case.id),
    )
    with store.tx() as tx:
        _rest(store, tx, (child, page), officer.id, case.id)
    _every_table(store)


def _rest(store: Store, tx: Tx, who: tuple[str, str], officer: str, case: str) -> None:
    child, page = who
    told = Answers((("who", "=ở nhà"),), ("Bố đánh em",))
    talks.keep(tx, Talk(child, Side.RESIDENT, flow="report", answers=told, case=case), tx.now)
    talks.keep(tx, Talk(page, Side.RESIDENT, flow="report", answers=told), tx.now)
    inbox.first_time(tx, store.incoming(), tx.now)
    inbox.bury(tx, "web", b'{"text": "chua doc duoc"}', "KeyError", tx.now)
    entry = store.id()
    entries.add(tx, Add(entry, case, EntryKind.PICTURE, ""), tx.now)
    files.keep(tx, case, entry, MediaKind.PICTURE, b"a picture" * 5, tx.now)
    invites.make(tx, "token", Invite(Opens.DESK, officer), tx.now)
    invites.make(tx, "used", Invite(Opens.DESK, officer), store.later(hours=1))
    sessions.enter(tx, "used", "session", tx.now)
    places.put(tx, WARD, places.GROUP, PAGE)
    cards.put(tx, cards.Card(case, "group", "group", "77", shown=b"mark"), tx.now)
    for number, person in enumerate((child, None)):
        outbox.put(
            tx,
            Parcel(
                number=0,
                kind=Kind.SAY if person else Kind.SHOW,
                lane=f"telegram:{person}" if person else "group",
                rank=Class.ANSWER,
                due=tx.now,
                ward=WARD,
                person=person,
                case=case,
                body=b"a letter" * number,
            ),
        )
    visible.note(tx, child, ("5", "6"), tx.now, case)
    deadlines.remind(tx, Remind(Wait.NOTICE, tx.now, person=child))
    erased.note(tx, erased.What.CASE, "gone")


def _every_table(store: Store) -> None:
    """Give each table that is still empty a row of plain values, under rows that are there."""
    for row in store.rows(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
    ):
        table = row["name"]
        if store.count(table):
            continue
        columns = store.rows("select * from pragma_table_info(?)", table)
        parents = {
            key["from"]: store.rows(f"select {key['to']} from {key['table']} limit 1")[0][0]
            for key in store.rows("select * from pragma_foreign_key_list(?)", table)
        }
        plain = {"TEXT": "x", "INTEGER": 1, "BLOB": b"x"}
        values = [parents.get(c["name"], plain[c["type"].upper()]) for c in columns]
        marks = ", ".join("?" * len(values))
        store.connection.execute(f"insert into {table} values ({marks})", values)


def told(tx: Tx) -> dict[str, object]:
    """Unseal what people must find again, as the program of today reads it."""
    found: dict[str, object] = {}
    for row in tx.all("select id from cases order by id"):
        case = cases.get(tx, row["id"])
        assert case is not None
        found[f"case {case.id}"] = [case.code, case.status, case.opened, sorted(case.facts)]
        for entry in entries.of_case(tx, case.id):
            found[f"entry {entry.id}"] = [entry.text, entry.kind, entry.delivery, entry.officer]
    for row in tx.all("select id from people order by id"):
        address = people.address(tx, row["id"])
        found[f"person {row['id']}"] = asdict(address) if address else None
    for row in tx.all("select person, side from talks order by person, side"):
        talk = talks.get(tx, row["person"], row["side"])
        given, story = talk.answers.given, talk.answers.story
        found[f"talk {talk.person}"] = [talk.flow, talk.case, given, story]
    for row in tx.all("select id, case_id from files order by id"):
        file = files.get(tx, row["id"])
        assert file is not None
        found[f"file {row['id']}"] = [file.kind, file.body.decode()]
    for letter in inbox.buried(tx):
        whole = inbox.dead_letter(tx, letter.id)
        assert whole is not None
        found[f"letter {letter.id}"] = whole.body.decode()
    for visible_ in visible.due(tx, tx.now):
        found[f"visible {visible_.id}"] = visible_.refs
    found["by return words"] = getattr(cases.by_secret(tx, 0x2F00BA45EED11), "id", None)
    found["audit"] = audit.verify(tx)
    return dict(json.loads(json.dumps(found, default=str)))


def dump(connection: sqlite3.Connection) -> str:
    """Give a whole database as SQL, its number too."""
    number = connection.execute("pragma user_version").fetchone()[0]
    return "\n".join((*connection.iterdump(), f"PRAGMA user_version={number};")) + "\n"


def load(sql: str, path: Path) -> None:
    """Make the database file that a dump was made of."""
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.close()
    path.chmod(0o600)


def main() -> int:
    """Write the newest schema's files, unless it is released."""
    number = len(scripts())
    if number <= RELEASED:
        print(f"schema {number:04} is released: its files stay as they are")
        return 1
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "x.db")
        fill(store)
        with store.tx() as tx:
            expected = told(tx)
        (FOLDER / f"{number:04}.sql").write_text(dump(store.connection), "utf-8")
        text = json.dumps(expected, ensure_ascii=False, indent=1, sort_keys=True)
        (FOLDER / f"{number:04}.json").write_text(text + "\n", "utf-8")
        store.connection.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
