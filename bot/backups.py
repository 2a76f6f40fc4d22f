"""The daily backup: looked at each minute, made in a thread of its own, told when it fails.

It must not know how one is made (storage/backup.py); a stopped machine makes it up at its start.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from bot.alarms import Alarms
from bot.config import Settings
from storage import erased, hold, kept
from storage.backup import BackupTrouble, Job, Made, Why, alone, believed, make
from storage.committee import CommitteeTrouble, Public
from storage.db import Database
from storage.rootkey import RootKey

_log = logging.getLogger("bot.backups")

LOOK_EVERY_S = 60
WRITE_DOWN_EVERY_S = 20
"""So long at most an erasure stands in the database alone."""
AGAIN_AFTER = timedelta(hours=1)
REMIND_EVERY = timedelta(hours=6)
OLD_AFTER = timedelta(days=3)


def job(settings: Settings, root: RootKey) -> Job:
    """Say what is to be backed up and where to. BackupTrouble(NO_COMMITTEE_KEY)."""
    try:
        key = None if settings.committee_key is None else Public.load(settings.committee_key)
    except CommitteeTrouble:
        raise BackupTrouble(Why.NO_COMMITTEE_KEY) from None
    return Job(settings.database, settings.backup_dir, root, key, settings.key_file)


class Backups:
    """Makes what is due, and keeps the list of what was erased beside it."""

    def __init__(
        self,
        *,
        db: Database,
        job: Callable[[], Job],
        database: Path,
        folder: Path,
        alarms: Alarms,
        now: Callable[[], datetime],
    ) -> None:
        """`job` is asked anew each time: a key that was mended is found without a restart."""
        self.db = db
        self.job = job
        self.database = database
        self.folder = folder
        self.alarms = alarms
        self.now = now
        self.again: datetime | None = None
        """After a failure: not before this moment."""
        self.log_again: datetime | None = None
        """The same for the list of what was erased: it can be written where no backup can."""
        self.reminded: datetime | None = None
        self.stopping = threading.Event()
        self.began = now()
        self.newest: datetime | None = None

    async def look(self) -> Made | None:
        """Make one when it is due; gives it. A failure is told, and tried again in an hour."""
        now = self.now()
        await self.remind(now)
        try:
            self.newest, due = await asyncio.to_thread(self.there, now)
        except OSError:  # the folder cannot be read
            if not self.waits():
                self.fail(now, Why.NOT_WRITTEN)
            return None
        if self.waits() or not due:
            return None
        try:
            made = await asyncio.to_thread(self.make, now)
        except asyncio.CancelledError:
            self.stopping.set()  # the thread cannot be cancelled, only asked
            raise
        except BackupTrouble as trouble:
            if trouble.why is Why.BUSY:  # somebody makes one by hand
                return None
            self.fail(now, trouble.why)
            return None
        self.again, self.newest = None, now
        if not made.believed:
            self.alarms("clock-jumped")
        _log.info("backup made, %s cases tried in it", made.tried)
        return made

    def there(self, now: datetime) -> tuple[datetime | None, bool]:
        """Look into the folder: when the newest good one was made, and whether one is due."""
        return kept.newest(self.folder), kept.due(self.folder, now)

    def old(self) -> bool:
        """Tell whether there has been no good one for too long; nobody knows before the first look."""
        return self.now() - (self.newest or self.began) > OLD_AFTER

    def waits(self) -> bool:
        """Tell whether it failed within the hour."""
        return self.again is not None and self.now() < self.again

    def make(self, now: datetime) -> Made:
        """Make one, in a thread."""
        return make(self.job(), now, self.stopping.is_set)

    async def remind(self, now: datetime) -> None:
        """After a restore somebody must look: say so until they have."""
        if await self.db.read(hold.since) is None:
            self.reminded = None
        elif self.reminded is None or now - self.reminded >= REMIND_EVERY:
            self.reminded = now
            self.alarms("restore-held")

    async def write_down(self) -> None:
        """Move what was erased into the log beside the backups, where a restore finds it."""
        gone = await self.db.read(erased.waiting)
        now = self.now()
        if not gone or (self.log_again is not None and now < self.log_again):
            return
        try:
            await asyncio.to_thread(log_erased, self.folder, gone)
        except BackupTrouble:  # a backup is being made: the next look will do
            return
        except OSError:
            self.log_again = now + AGAIN_AFTER
            self.alarms("backup-failed", Why.NOT_WRITTEN)
            return
        self.log_again = None
        await self.db.write(lambda tx: erased.written(tx, gone))

    def fail(self, now: datetime, why: Why) -> None:
        """Say that it failed, and leave it be for an hour."""
        self.again = now + AGAIN_AFTER
        self.alarms("backup-failed", why)

    def tidy(self) -> None:
        """Remove what a process that was killed may have left; before anything else is done."""
        with suppress(BackupTrouble, OSError), alone(self.folder):
            now = self.now()
            sure = believed(self.database, self.folder, now)
            kept.tidy(self.database, self.folder, now if sure else None)


def log_erased(folder: Path, gone: list[erased.Erased]) -> None:
    """Write down what was erased. Raises BackupTrouble(BUSY) or OSError."""
    with alone(folder):
        erased.append(folder, gone)
