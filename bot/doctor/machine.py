"""The machine: time zone, disks, backups."""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.disk import Space
from bot.doctor import copies
from bot.doctor.finding import Finding, found
from bot.doctor.patient import Patient

ZONE, OFFSET = "Asia/Ho_Chi_Minh", timedelta(hours=7)
LOW_SHARE, LOW_BYTES, OUT_SHARE = 0.15, 1 << 30, 0.05
OLD = timedelta(hours=26)
KEPT = timedelta(days=30)
HOUR = timedelta(hours=1)


def measure(folder: Path) -> Space:
    """Ask the system about the disk of a folder, or of the nearest one above that is there."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    told = shutil.disk_usage(folder)
    return Space(told.total, told.free)


def look(patient: Patient, measure: Callable[[Path], Space] = measure) -> Iterator[Finding]:
    """Look at all three."""
    if not zone(patient.now):
        yield found("no-time-zone")
    settings = patient.settings
    places = {"dữ liệu / data": settings.database.parent.resolve()}
    if patient.real:
        places["sao lưu / backups"] = settings.backup_dir.resolve()
    for place, folder in places.items():
        yield from disk(place, measure(folder))
    if patient.real and patient.inside is not None:
        yield from backups(settings.backup_dir, patient.now)


def zone(now: datetime) -> bool:
    """Tell whether the time in Việt Nam is known."""
    try:
        return now.astimezone(ZoneInfo(ZONE)).utcoffset() == OFFSET
    except ZoneInfoNotFoundError:
        return False


def disk(place: str, space: Space) -> Iterator[Finding]:
    """Judge one disk."""
    share = 1 - space.used
    if share < OUT_SHARE:
        yield found("disk-out", place=place, percent=int(share * 100))
    elif share < LOW_SHARE or space.free < LOW_BYTES:
        yield found("disk-low", place=place, percent=int(share * 100))


def backups(folder: Path, now: datetime) -> Iterator[Finding]:
    """Judge the backups of a ward that has data."""
    there = copies.look(folder)
    if there.newest is None:
        yield found("backup-none")
    elif now - there.newest > OLD:
        yield found("backup-old", hours=int((now - there.newest) / HOUR))
    if there.broken:
        yield found("backup-broken", many=there.broken)
    if there.plain:
        yield found("backup-plain", many=there.plain)
    if there.oldest is not None and now - there.oldest > KEPT:
        yield found("backup-kept")
