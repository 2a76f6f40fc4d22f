"""`keys rotate` killed at random: whatever it was doing, nothing is lost and it goes on.

A child of this process runs the real command and kills itself before its n-th statement or file
operation. Then every row must be readable by one of the two keys that lie there, and running the
command again must end with everything as it was.
"""

import io
import os
import random
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.commands.keys import rotate
from bot.config import NAMES
from storage import audit, rotation
from storage.file import keys_needed
from storage.rootkey import load_root_key, next_file, prev_file, save_root_key, take_over
from storage.seal import RootKey, Seal
from storage.tx import Tx
from tests.soak import sized
from tests.storage.rotated import OLD, Contents, contents, lasting, populate
from tests.storage.store import START, Store

FILE_EVENTS = ("os.link", "os.rename", "os.remove", "os.chmod")
Plant = Callable[[pytest.MonkeyPatch], None]


def no_plant(_: pytest.MonkeyPatch) -> None:
    """The product as it is."""


@dataclass
class Place:
    """A trial's directory with a populated database under the old key."""

    home: Path
    pristine: Path
    before: Contents = field(repr=False)
    plant: Plant = no_plant

    @property
    def database(self) -> Path:
        return self.home / "data" / "trial" / "lang-nghe.db"

    @property
    def key(self) -> Path:
        return self.home / "data" / "trial" / "key" / "root.key"

    def reset(self) -> None:
        shutil.rmtree(self.home / "data", ignore_errors=True)
        shutil.copytree(self.pristine, self.home / "data")
        self.key.chmod(0o400)

    def run(self, kill_before: int) -> int:
        """Run the command in a child; gives how many operations it did (0: it was killed)."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            self.child(writing, kill_before)
        os.close(writing)
        with os.fdopen(reading) as said:
            count = said.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return 0
        assert os.waitstatus_to_exitcode(status) == 0, "the command failed"
        return int(count)

    def child(self, writing: int, kill_before: int) -> None:
        """Never comes back: counts what it does, and ends itself in the middle."""
        count = 0

        def one_more(*_: object) -> None:
            nonlocal count
            count += 1
            if count == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)

        class Counted(sqlite3.Connection):
            """A connection whose statements are counted."""

            def execute(self, *arguments: object) -> sqlite3.Cursor:
                one_more()
                return super().execute(*arguments)  # type: ignore[arg-type]

        def heard(event: str, _: object) -> None:
            if event in FILE_EVENTS:
                one_more()

        code = 70
        try:
            self.plant(pytest.MonkeyPatch())
            sqlite3.connect = partial(sqlite3.connect, factory=Counted)
            sys.addaudithook(heard)
            sys.stdout = sys.stderr = io.StringIO()
            code = main(["keys", "rotate", "--yes"])
            os.write(writing, str(count).encode())
        finally:
            os._exit(code)

    @property
    def ended(self) -> bool:
        """Whether the last thing a rotation does has been done."""
        return prev_file(self.key).exists() and not next_file(self.key).exists()

    def keys(self) -> list[RootKey]:
        files = (self.key, next_file(self.key), prev_file(self.key))
        return [load_root_key(file, None) for file in files if file.exists()]

    def check_readable(self) -> None:
        """Every row opens with one of the keys that are in files."""
        seals = {key.id: Seal(key) for key in self.keys()}
        assert lasting(contents(self.database, *seals.values())) == lasting(self.before)

    def check_done(self) -> None:
        """One key, its file in its place, everything under it, the old one put aside."""
        new = load_root_key(self.key, None)
        assert new.id != OLD.id
        assert load_root_key(prev_file(self.key), None).id == OLD.id
        assert not next_file(self.key).exists()
        assert keys_needed(self.database) == (new.id, "")
        assert lasting(contents(self.database, Seal(new))) == lasting(self.before)
        connection = sqlite3.connect(self.database, isolation_level=None)
        connection.row_factory = sqlite3.Row
        with closing(connection):
            tx = Tx(connection, Seal(new), START)
            assert audit.verify(tx) is None
            assert rotation.left(tx, OLD.id) == {}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A populated trial, and a small batch: more places to be killed at."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(rotate, "BATCH", 3)
    pristine = tmp_path / "pristine"
    store = Store(pristine / "trial" / "lang-nghe.db")
    populate(store)
    store.connection.execute("pragma wal_checkpoint(TRUNCATE)")
    store.connection.close()
    save_root_key(pristine / "trial" / "key" / "root.key", OLD)
    there = Place(tmp_path, pristine, contents(store.path, Seal(OLD)))
    there.reset()
    return there


def killed(place: Place, times: int, seed: int) -> None:
    """Kill it once or more often, look, and let it end."""
    chance = random.Random(seed)
    place.reset()
    total = place.run(0)
    place.check_done()
    for _ in range(times):
        place.reset()
        for _ in range(chance.choice((1, 1, 2, 4))):
            if place.ended or place.run(chance.randint(1, total)):
                break
            place.check_readable()
        if not place.ended:
            assert place.run(0)
        place.check_done()


@pytest.mark.soak
def test_a_rotation_killed_anywhere_loses_nothing_and_goes_on(place: Place) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    killed(place, sized(50, 1000), seed)


# --- the same, with the product broken: it must be noticed


def takes_over_first(plant: pytest.MonkeyPatch) -> None:
    """The new key is put in its place before anything is under it."""

    def save(path: Path, root: RootKey) -> None:
        save_root_key(path, root)
        take_over(path.with_name("root.key"))

    plant.setattr(rotate, "save_root_key", save)
    plant.setattr(rotate, "load_root_key", lambda path, _: load_root_key(path.with_suffix(""), _))
    plant.setattr(rotate, "take_over", lambda _: None)


def makes_another_key_each_time(plant: pytest.MonkeyPatch) -> None:
    """A run that was cut off is not taken up: its key is thrown away."""

    def fresh(path: Path) -> Path:
        next_file(path).unlink(missing_ok=True)
        return next_file(path)

    plant.setattr(rotate, "next_file", fresh)


def believes_it_is_done(plant: pytest.MonkeyPatch) -> None:
    """The database takes the new key before its rows have it."""

    def begin(tx: Tx, keys: rotation.Keys) -> None:
        rotation.begin(tx, keys)
        tx.seal, old = keys.new, tx.seal
        rotation.write_key(tx)
        tx.seal = old

    plant.setattr(rotate, "begin", begin)


def seals_half_a_row(plant: pytest.MonkeyPatch) -> None:
    """A row's columns are not moved together with its fingerprint."""
    rest = [table for table in rotation.TABLES if table.name != "people"]
    people = next(table for table in rotation.TABLES if table.name == "people")
    lame = rotation._Table("people", people.columns[:1], also=people.also)
    plant.setattr(rotation, "TABLES", (lame, *rest))
    plant.setattr(rotation, "left", lambda *_: {})


@pytest.mark.parametrize(
    "plant",
    [takes_over_first, makes_another_key_each_time, believes_it_is_done, seals_half_a_row],
)
def test_a_planted_fault_is_noticed(place: Place, plant: Plant) -> None:
    place.plant = plant
    with pytest.raises((AssertionError, KeyError)):
        killed(place, 60, 1)


def test_the_files_change_places_whenever_it_is_cut_off(tmp_path: Path) -> None:
    key = tmp_path / "root.key"
    new = RootKey(bytes([9]) * 32)
    save_root_key(key, OLD)
    save_root_key(next_file(key), new)
    os.link(key, prev_file(key))  # cut off here
    take_over(key)
    assert load_root_key(key, None).id == new.id
    assert load_root_key(prev_file(key), None).id == OLD.id
    assert not next_file(key).exists()
