"""How full the disk under the data is, and what is given up when: pictures first, words never.

The ballast is a file of zeros that is deleted when the disk is almost full, so that words can
still be written until somebody has made room.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

MEDIA_AT = 0.85
"""From this share on pictures and voices are no longer taken."""
FULL_AT = 0.95
"""From this share on the ballast is given up, and the operator called."""
BALLAST = "ballast.bin"
BALLAST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of one file system: how many there are, and how many an ordinary user may still use."""

    total: int
    free: int

    @property
    def used(self) -> float:
        """The share that is in use, 0 to 1."""
        return 1 - self.free / self.total if self.total > 0 else 0.0


class State(IntEnum):
    """How full it is; a larger one is worse."""

    WELL = 0
    CRAMPED = 1
    """No room for pictures."""
    FULL = 2


def measure(folder: Path) -> Space:
    """Ask the system. Raises OSError."""
    found = shutil.disk_usage(folder)
    return Space(found.total, found.free)


class Disk:
    """Watches the disk of one folder, and keeps its ballast."""

    def __init__(
        self,
        folder: Path,
        *,
        full: Callable[[], None],
        ballast: bool = True,
        measure: Callable[[Path], Space] = measure,
        ballast_bytes: int = BALLAST_BYTES,
    ) -> None:
        """`full` is called when it becomes almost full. `ballast` False: a trial keeps none."""
        self.folder = folder
        self.full = full
        self.measure = measure
        self.keeps = ballast
        self.bytes = ballast_bytes
        self.space = Space(0, 0)
        self.state = State.WELL

    @property
    def ballast(self) -> Path:
        """Where the ballast lies."""
        return self.folder / BALLAST

    def look(self) -> State:
        """Measure, and do what is to be done; a disk that cannot be asked stays as it was."""
        before = self.state
        with suppress(OSError):
            self.space = self.measure(self.folder)
            self.state = judge(self.space)
        if self.state is State.FULL:
            self.give_up()
        elif self.state is State.WELL and self.keeps:
            self.keep()
        if self.state is State.FULL and before is not State.FULL:
            self.full()
        return self.state

    def room(self) -> bool:
        """Tell whether there is room for pictures and voices."""
        return self.state is State.WELL

    def give_up(self) -> None:
        """Delete the ballast."""
        with suppress(OSError):
            self.ballast.unlink(missing_ok=True)

    def keep(self) -> None:
        """Lay the ballast down, where it does not itself make the disk too full."""
        after = Space(self.space.total, self.space.free - self.bytes)
        if self.ballast.exists() or judge(after) is not State.WELL:
            return
        try:
            handle = os.open(
                self.ballast, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
            )
            try:
                os.posix_fallocate(handle, 0, self.bytes)
            finally:
                os.close(handle)
        except OSError:
            self.give_up()  # half a ballast, or none that the file system can promise


def judge(space: Space) -> State:
    """Tell how full that is."""
    if space.used >= FULL_AT:
        return State.FULL
    return State.CRAMPED if space.used >= MEDIA_AT else State.WELL
