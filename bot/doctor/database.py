"""The database: whether it is whole, of this key and version, on a disk of this machine, alone."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from bot.doctor.finding import Finding, found
from bot.doctor.patient import Inside, Patient
from bot.doctor.settings import mode
from storage import kept
from storage.guard import JUMP
from storage.peek import State

NAMES: Mapping[State, str] = {
    State.MISSING: "data-missing",
    State.FRESH: "data-missing",
    State.DAMAGED: "data-damaged",
    State.WRONG_KEY: "key-wrong",
    State.NEWER: "data-newer",
    State.OLDER: "data-older",
    State.ROTATING: "data-rotating",
}
MOUNTS = Path("/proc/self/mounts")
REMOTE = ("nfs", "cifs", "smb", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.rclone")
LARGE_JOURNAL = 64 << 20
BEHIND = timedelta(minutes=2)
HOUR = timedelta(hours=1)


def look(patient: Patient) -> Iterator[Finding]:
    """Look at the file, then inside, as far as it opens."""
    database = patient.settings.database
    unseen = patient.state in {None, State.WELL} and patient.inside is None
    if unseen and database.exists():
        yield found("data-unseen")
    elif patient.state is not None and patient.state in NAMES:
        yield found(NAMES[patient.state])
    if database.exists():
        yield from files(database)
    if patient.inside is not None:
        yield from inside(patient, patient.inside)


def files(database: Path) -> Iterator[Finding]:
    """Look at the file and what lies beside it."""
    if (mode(database) | mode(database.parent)) & 0o077:
        yield found("data-open")
    if remote(database):
        yield found("data-remote")
    journal = size(Path(f"{database}-wal"))
    if journal > LARGE_JOURNAL:
        yield found("journal-large", size=journal >> 20)
    left = kept.left_over(database)
    if left:
        yield found("copies-left", many=len(left))


def inside(patient: Patient, there: Inside) -> Iterator[Finding]:
    """Look at what the database says of itself."""
    if there.broken is not None:
        yield found("audit-broken", row=there.broken)
    last = max(there.marks.values(), default=patient.now)
    if patient.now < last - BEHIND:
        yield found("clock-behind", hours=round((last - patient.now) / HOUR, 1))
    swept = there.marks.get("swept", patient.now)
    if abs(patient.now - swept) > JUMP:
        yield found("clock-jumped")
    if there.held:
        yield found("restore-held")
    if patient.real and not there.opened:
        yield found("not-open")


def remote(path: Path, mounts: Path = MOUNTS) -> bool:
    """Tell whether a file lies on a drive of another machine, as the system's mounts say."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    real, kind, longest = path.resolve(), "", 0
    for line in lines:
        _, where, this, *_ = line.split()
        place = Path(where.replace("\\040", " "))
        if len(place.parts) >= longest and real.is_relative_to(place):
            kind, longest = this, len(place.parts)
    return kind.startswith(REMOTE)


def size(path: Path) -> int:
    """Give a file's length; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
