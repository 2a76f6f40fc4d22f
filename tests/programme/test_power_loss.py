"""The power fails at any moment: what was acknowledged is there, and the file is whole."""

import random
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from handlers.effects import EntryKind
from storage import audit, cases, entries, file
from storage.seal import RootKey, Seal
from storage.tx import Tx
from tests.programme.power import SMALL_JOURNAL, Connection, Disk, survived
from tests.soak import seed, sized
from tests.world import BEGIN, open_world

PEOPLE = 24
IMAGES = sized(600, 20_000)
SEAL = Seal(RootKey(bytes(range(32))))


def words(number: int) -> str:
    return f"có người đang đánh em, cứu em với, chuyện thứ {number}"


@dataclass
class Story:
    """What happened on the disk, and after how many steps each report had been acknowledged."""

    disk: Disk
    acknowledged: list[int] = field(default_factory=list)


async def told(path: Path, monkeypatch: pytest.MonkeyPatch, flush: str) -> Story:
    """Let people report on a recorded disk, with this setting of `synchronous`."""
    story = Story(Disk(f"power-{path.name}"))
    path.mkdir(mode=0o700)
    settings = [(n, *(s if n != "synchronous" else (flush, None))) for n, *s in file.SETTINGS]

    def connect(path: Path) -> Connection:
        connection = Connection(path, story.disk)
        for name, setting, _ in settings:
            connection.execute(f"pragma {name}={setting}")
        connection.execute(SMALL_JOURNAL)
        return connection

    with monkeypatch.context() as patch:
        patch.setattr(file, "connect", connect)
        async with open_world(path) as world:
            for number in range(PEOPLE):
                await world.say(f"child-{number}", words(number))
                story.acknowledged.append(len(story.disk.steps))
                if number % 7 == 3:
                    await world.db.checkpoint()
            assert world.alarms.counts == {}
    return story


def look(folder: Path, image: dict[str, bytes]) -> set[str]:
    """Start on what is left of the disk, as the product starts; give the words it holds."""
    for left in folder.iterdir():
        left.unlink()
    for name, data in image.items():
        (folder / name).write_bytes(data)
    connection = file.open_writer(folder / "x.db", SEAL)
    try:
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        tx = Tx(connection, SEAL, BEGIN)
        assert audit.verify(tx) is None
        return {
            entry.text
            for case in cases.board(tx, "phuong-mau")
            for entry in entries.of_case(tx, case.id)
            if entry.kind is EntryKind.WORDS
        }
    finally:
        connection.close()


def lost(story: Story, folder: Path, seed: int, images: int) -> int:
    """Fail the power at so many random moments; count the images that lost what was promised."""
    chance = random.Random(seed)
    folder.mkdir(mode=0o700)
    begun = story.acknowledged[0]  # before the first word there is nothing to lose
    bad = 0
    for _ in range(images):
        until = chance.randrange(begun, len(story.disk.steps) + 1)
        promised = {words(n) for n, at in enumerate(story.acknowledged) if at <= until}
        try:
            bad += not promised <= look(folder, survived(story.disk.steps, until, chance))
        except (sqlite3.DatabaseError, file.UnsafeDatabase):
            bad += 1
    return bad


@pytest.mark.soak
async def test_what_was_acknowledged_survives_a_power_failure_at_any_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = await told(tmp_path / "full", monkeypatch, "FULL")
    assert len(story.acknowledged) == PEOPLE
    assert lost(story, tmp_path / "image", seed(), IMAGES) == 0


async def test_without_the_full_flush_the_same_failure_loses_what_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a check that finds nothing here could find nothing at all."""
    story = await told(tmp_path / "normal", monkeypatch, "NORMAL")
    assert lost(story, tmp_path / "image", 7, 60) > 0
