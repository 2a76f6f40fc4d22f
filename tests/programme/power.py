"""A disk that remembers every write and every flush, so that the power can fail at any of them.

The product's own storage runs on it, through APSW: the standard library takes no file system of
ours. An image of the disk after a power failure holds what was flushed, and of what was not
flushed any part: nothing, all, or only the first sectors of a write, in any order.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

SECTOR = 512
SMALL_JOURNAL = "pragma wal_autocheckpoint=150"
"""So that the journal is often moved into the file, which is when most can go wrong."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done to a file: a write (at an offset), a cut to a size, its deletion, a flush."""

    file: str
    kind: str
    at: int = 0
    data: bytes = b""


class Disk(apsw.VFS):
    """The system's files, with a record of everything that is done to them."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "")
        self.name = name
        self.steps: list[Step] = []

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "File":  # noqa: N802
        return File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.steps.append(Step(Path(filename).name, "delete"))


class File(apsw.VFSFile):
    """A file of the disk; what is not overridden goes to the system's own."""

    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        full = name.filename() if isinstance(name, apsw.URIFilename) else name
        self.disk, self.file = disk, Path(full or "").name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self.disk.steps.append(Step(self.file, "write", offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self.disk.steps.append(Step(self.file, "cut", newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self.disk.steps.append(Step(self.file, "flush"))


class Row(tuple[object, ...]):
    """A row by place and by name, as the standard library gives it."""

    names: tuple[str, ...]

    def __getitem__(self, key: object) -> object:  # type: ignore[override]
        place = self.names.index(key) if isinstance(key, str) else key
        return super().__getitem__(place)  # type: ignore[index]

    def keys(self) -> tuple[str, ...]:
        return self.names


@dataclass(frozen=True)
class Result:
    """What a statement gave."""

    rows: list[Row]
    rowcount: int

    def fetchone(self) -> Row | None:
        return self.rows[0] if self.rows else None

    def fetchall(self) -> list[Row]:
        return self.rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


class Connection:
    """A connection on the recorded disk with just the methods that storage uses."""

    row_factory = None

    def __init__(self, path: Path, disk: Disk) -> None:
        self.apsw = apsw.Connection(str(path), vfs=disk.name)

    @property
    def in_transaction(self) -> bool:
        return self.apsw.in_transaction

    def execute(self, sql: str, params: Sequence["apsw.SQLiteValue"] = ()) -> Result:
        cursor = self.apsw.cursor()

        def named(cursor: apsw.Cursor, values: "apsw.SQLiteValues") -> Row:
            row = Row(values)
            row.names = tuple(column[0] for column in cursor.get_description())
            return row

        cursor.row_trace = named
        return Result(list(cursor.execute(sql, params)), self.apsw.changes())

    def close(self) -> None:
        self.apsw.close()


def survived(steps: Sequence[Step], until: int, chance: random.Random) -> dict[str, bytes]:
    """Give the files as they may stand when the power fails after so many steps."""
    flushed: dict[str, int] = {}
    latest = -1
    for number, step in enumerate(steps[:until]):
        if step.kind == "flush":
            flushed[step.file] = latest = number
    files: dict[str, bytearray] = {}
    # A bad disk keeps each unflushed write or not; a good one keeps the first of them in order.
    keeps = chance.choice((0.0, 0.5, 0.9, 1.0))
    for number, step in enumerate(steps[:until]):
        # A file's end is the folder's matter: SQLite flushes the folder with the next new file.
        safe = number < (latest if step.kind == "delete" else flushed.get(step.file, -1))
        if safe or chance.random() < keeps:
            torn = not safe and chance.random() < 0.2
            apply(files, step, chance.randrange(1, 9) * SECTOR if torn else None)
    return {name: bytes(data) for name, data in files.items()}


def apply(files: dict[str, bytearray], step: Step, torn: int | None) -> None:
    """Do a step to the image; of a torn write only the first bytes arrive."""
    if step.kind == "delete":
        files.pop(step.file, None)
        return
    data = files.setdefault(step.file, bytearray())
    if step.kind == "cut":
        del data[step.at :]
    elif step.kind == "write":
        written = step.data[:torn]
        if len(data) < step.at:
            data.extend(bytes(step.at - len(data)))
        data[step.at : step.at + len(written)] = written
