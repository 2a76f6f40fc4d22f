"""A real database file driven inline, one transaction at a time, on a clock that tests move."""

import sqlite3
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path

from handlers.cases import Case, Priority, Route, Status
from handlers.catalog import Texts
from handlers.effects import Add, Effect, EntryKind, Open, Say
from handlers.events import Address, Incoming, Kind, Side
from handlers.reading import Reader
from handlers.receipts import Words
from handlers.view import House, Officer, Role, View
from handlers.ward import load_ward
from storage import officers, people
from storage.apply import Applied, apply
from storage.file import open_writer
from storage.load import load
from storage.seal import RootKey, Seal
from storage.text import pack
from storage.tx import Tx

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CHILD = Address("telegram", "bot", "7100000001")
PAGE = Address("web", "", "a-page-of-one-browser")
HANDLERS = Path(__file__).parents[2] / "handlers"
SECRET = 0x2F00BA45EED11


@cache
def house() -> House:
    """The sample ward's facts and the real word rules; texts are not storage's business."""
    ward = tomllib.loads((HANDLERS / "texts/ward.sample.toml").read_text("utf-8"))
    rules = {
        path.stem: tomllib.loads(path.read_text("utf-8"))
        for path in (HANDLERS / "reading/data").glob("*.toml")
    }
    return House(
        ward=load_ward(ward, sample=True),
        texts=Texts({"vi": {}}, {}),
        reader=Reader(rules),
        words=Words((HANDLERS / "texts/words.vi.txt").read_text("utf-8")),
        lessons=(),
        hotlines=(),
    )


def seal(fill: int = 7) -> Seal:
    """A seal under a key of tests."""
    return Seal(RootKey(bytes([fill]) * 32))


def render(say: Say, language: str, voice: str, channel: str) -> bytes:
    """Stand in for bot/render.py: say which reader it was made for."""
    parts = [[part.key, dict(part.values)] for part in say.parts]
    return pack({"parts": parts, "language": language, "voice": voice, "channel": channel})


class Store:
    """One database file and a clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seal = seal()
        self.connection = open_writer(path, self.seal)
        self.now = START
        self._ids = count(1)
        self._events = count(1)

    def later(self, **step: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**step)
        return self.now

    @contextmanager
    def tx(self) -> Iterator[Tx]:
        """One transaction, undone when the test's code raises."""
        self.connection.execute("begin immediate")
        try:
            yield Tx(self.connection, self.seal, self.now)
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")

    def id(self) -> str:
        """A row id."""
        return f"id{next(self._ids):06}"

    def rows(self, sql: str, *params: object) -> list[sqlite3.Row]:
        """Look at the tables as they are."""
        return self.connection.execute(sql, params).fetchall()

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.connection.execute(f"select count(*) from {table}").fetchone()[0])

    def case(self, **change: object) -> Case:
        """A case as handlers would open it."""
        case_id = self.id()
        facts = {
            "id": case_id,
            "ward": house().ward.id,
            "code": case_id.upper()[-8:],
            "status": Status.NEW,
            "priority": Priority.P2,
            "kind": "VIOLENCE",
            "voice": "child",
            "opened": self.now,
            "route": Route.GROUP,
            "facts": (("who", "home"), ("where", "=sau nhà văn hóa")),
        }
        return Case(**{**facts, **change})  # type: ignore[arg-type]

    def person(self, address: Address = CHILD) -> str:
        """A person who has written from this address; gives their id."""
        with self.tx() as tx:
            return people.meet(tx, address).person.id

    def officer(self, name: str = "Cô Mai", **more: object) -> Officer:
        """Somebody on the roster, with a desk."""
        officer = Officer(self.id(), name, **{"role": Role.OFFICER, **more})  # type: ignore[arg-type]
        with self.tx() as tx:
            officers.add(tx, officer, house().ward.id, self.now)
        return officer

    def with_chat(self, officer: Officer, peer: str = "7200000002") -> Address:
        """Give an officer a chat."""
        address = Address("telegram", "bot", peer)
        with self.tx() as tx:
            people.bind(tx, people.meet(tx, address).person.id, officer.id)
        return address

    def apply(self, *effects: Effect, person: str = "", **more: object) -> Applied:
        """Apply effects in one transaction."""
        with self.tx() as tx:
            return apply(
                tx,
                effects,
                person=person,
                now=self.now,
                ward=house().ward.id,
                render=render,
                **more,  # type: ignore[arg-type]
            )

    def opened(
        self, person: str, words: str = "Bố đánh em", secret: int = SECRET, **change: object
    ) -> Case:
        """A case that this person has opened."""
        case = self.case(**change)
        self.apply(
            Open(case, person, secret),
            Add(self.id(), case.id, EntryKind.WORDS, words),
            person=person,
        )
        return case

    def incoming(self, sender: Address = CHILD, **more: object) -> Incoming:
        """A message."""
        number = f"{next(self._events)}"
        facts = {
            "event_id": number,
            "ref": number,
            "at": self.now,
            "side": Side.RESIDENT,
            "sender": sender,
            "kind": Kind.CHOICE if "choice" in more else Kind.TEXT,
        }
        return Incoming(**{**facts, **more})  # type: ignore[arg-type]

    def load(
        self, sender: Address = CHILD, *, live: bool = True, **more: object
    ) -> tuple[View, Incoming]:
        """Load the view of a message."""
        with self.tx() as tx:
            return load(tx, self.incoming(sender, **more), house(), self.now, live=live)
