"""A disk that fills: pictures are given up first, the ballast next, words last of all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.disk import BALLAST, Disk, Space, State, measure
from handlers.view import Role
from tests.bot.marks import marked_jpeg
from tests.world import World, open_world

TOTAL = 1000 << 20
SMALL = 64 << 10


@dataclass
class Fake:
    """A disk of which the test says how full it is; `asked` False: the system does not answer."""

    used: float = 0.5
    answers: bool = True
    folders: list[Path] = field(default_factory=list)

    def __call__(self, folder: Path) -> Space:
        self.folders.append(folder)
        if not self.answers:
            raise OSError
        return Space(TOTAL, round(TOTAL * (1 - self.used)))


def watched(folder: Path, fake: Fake, *, ballast: bool = True) -> tuple[Disk, list[str]]:
    told: list[str] = []
    full: Callable[[], None] = lambda: told.append("disk-full")  # noqa: E731
    disk = Disk(folder, full=full, ballast=ballast, measure=fake, ballast_bytes=SMALL)
    return disk, told


def test_pictures_end_at_85_and_the_ballast_goes_at_95(tmp_path: Path) -> None:
    fake = Fake()
    disk, told = watched(tmp_path, fake)
    for used, state, room, ballast, alarms in (
        (0.50, State.WELL, True, True, 0),
        (0.84, State.WELL, True, True, 0),
        (0.85, State.CRAMPED, False, True, 0),
        (0.94, State.CRAMPED, False, True, 0),
        (0.95, State.FULL, False, False, 1),
        (0.99, State.FULL, False, False, 1),
        (0.94, State.CRAMPED, False, False, 1),
        (0.96, State.FULL, False, False, 2),
        (0.50, State.WELL, True, True, 2),
    ):
        fake.used = used
        assert disk.look() is state, used
        assert disk.room() is room, used
        assert (tmp_path / BALLAST).exists() is ballast, used
        assert len(told) == alarms, used


def test_the_ballast_really_takes_its_room_and_is_nobodys_to_read(tmp_path: Path) -> None:
    disk, _ = watched(tmp_path, Fake())
    disk.look()
    state = (tmp_path / BALLAST).stat()
    assert state.st_blocks * 512 >= SMALL
    assert state.st_mode & 0o777 == 0o600


def test_the_ballast_itself_never_fills_a_disk(tmp_path: Path) -> None:
    disk, _ = watched(tmp_path, Fake(used=0.80))
    disk.bytes = TOTAL // 10
    disk.look()
    assert not (tmp_path / BALLAST).exists()
    disk.bytes = TOTAL // 100
    disk.look()
    assert (tmp_path / BALLAST).exists()


def test_a_trial_keeps_no_ballast_but_gives_one_up(tmp_path: Path) -> None:
    fake = Fake()
    disk, told = watched(tmp_path, fake, ballast=False)
    disk.look()
    assert not (tmp_path / BALLAST).exists()
    (tmp_path / BALLAST).write_bytes(b"0")
    fake.used = 0.97
    disk.look()
    assert not (tmp_path / BALLAST).exists()
    assert told == ["disk-full"]


def test_a_disk_that_cannot_be_asked_stays_as_it_was(tmp_path: Path) -> None:
    fake = Fake(used=0.9)
    disk, told = watched(tmp_path, fake)
    assert disk.look() is State.CRAMPED
    fake.answers = False
    assert disk.look() is State.CRAMPED
    assert told == []
    gone, _ = watched(tmp_path / "gone", fake)
    assert gone.look() is State.WELL


def test_a_folder_that_takes_no_ballast_is_no_fault(tmp_path: Path) -> None:
    disk, _ = watched(tmp_path / "gone", Fake())
    assert disk.look() is State.WELL


def test_the_real_disk_is_measured_as_the_system_does(tmp_path: Path) -> None:
    space = measure(tmp_path)
    assert 0 <= space.free <= space.total
    assert 0 <= space.used <= 1
    assert Space(0, 0).used == 0


async def number(world: World, sql: str) -> int:
    row = await world.db.read(lambda tx: tx.one(sql))
    assert row is not None
    return int(row["n"])


async def test_without_room_a_picture_is_kindly_refused_and_words_still_arrive(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("1", "Cô Hạ", Role.LEAD)
        await world.say("be", "bố đang đánh em")
        before = await number(world, "select sum(messages) as n from cases")
        world.inbox.room = world.sender.room = lambda: False
        await world.picture("be", marked_jpeg())
        assert "chưa nhận được ảnh" in world.last("be").text
        assert await number(world, "select count(*) as n from files") == 0
        await world.say("be", "nhà số 8 ngõ 12")  # the open question's answer
        await world.say("be", "hôm qua bố cũng đánh em bằng thước kẻ")
        assert await number(world, "select sum(messages) as n from cases") == before + 1


async def test_a_picture_on_its_way_waits_at_its_platform_until_there_is_room(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        await world.officer("1", "Cô Hạ", Role.LEAD)
        await world.choose("hang-xom", "a.for.adult")
        await world.say("hang-xom", "nhà bên cạnh đang đánh cháu bé, cứu cháu với")
        world.sender.room = lambda: False
        await world.picture("hang-xom", marked_jpeg())
        if "hở" in world.last("hang-xom").text or "cơ thể" in world.last("hang-xom").text:
            await world.choose("hang-xom", "go.photo_no")
        rows = await waiting(world)
        assert rows == [("fetch", 0)]
        await world.advance(minutes=60)
        assert await waiting(world) == [("fetch", 0)]  # no try was counted, nothing was given up
        world.sender.room = lambda: True
        await world.advance(minutes=6)
        assert await waiting(world) == []
        assert await number(world, "select count(*) as n from files") == 1


async def waiting(world: World) -> list[tuple[str, int]]:
    return await world.db.read(
        lambda tx: [
            (row["kind"], row["attempts"])
            for row in tx.all("select kind, attempts from outbox where kind = 'fetch'")
        ]
    )
