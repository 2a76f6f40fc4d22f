"""A real ward in which the doctor finds nothing: everything is there, and somebody sits at the desk."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bot.disk import Space
from handlers.view import Officer, Role
from storage import backup, invites, kept, officers, opening, pulse, retention, sessions
from storage.committee import Private
from storage.db import Database
from storage.invites import Invite, Opens
from storage.rootkey import create_root_key
from storage.seal import Seal
from storage.tx import Tx
from tests.bot.wards import KEY, filled_in

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
WARD = "phuong-hoa-sen"
PEOPLE = (
    Officer("a", "Cô Hạ", Role.LEAD),
    Officer("b", "Chú Thu", Role.OFFICER),
    Officer("c", "Cô Đông", Role.INDEPENDENT),
)
SETTINGS = {
    "SECRET_KEY_FILE": KEY,
    "COMMITTEE_KEY_FILE": "committee.pub",
    "PUBLIC_URL": "https://nhantin.phuong.example",
    "ALERT_HOOK": "https://goi.example/reo/dau-hook",
    "MONITOR_URL": "https://canh.example/ping/dau-canh",
}
GIB = 1 << 30


def roomy(folder: Path) -> Space:
    """A disk on which nothing is scarce."""
    del folder
    return Space(100 * GIB, 50 * GIB)


def write_settings(directory: Path, settings: dict[str, str]) -> None:
    file = directory / ".env"
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), "utf-8")
    file.chmod(0o600)


async def change(directory: Path, write: Callable[[Tx], object], now: datetime = NOW) -> None:
    """Do something in the ward's database, as the program at `now`."""
    root = backup.RootKey(bytes.fromhex((directory / KEY).read_text().strip()))
    path = directory / "data" / "lang-nghe.db"
    async with await Database.open(path, Seal(root), clock=lambda: now) as db:
        await db.write(write)


async def build(directory: Path) -> None:
    """Set it up."""
    (directory / "ward.toml").write_text(filled_in(), "utf-8")
    (directory / "ward.toml").chmod(0o644)
    write_settings(directory, SETTINGS)
    root = create_root_key(directory / KEY)
    committee = Private.new().public
    (directory / "committee.pub").write_text(committee.text())

    def settle(tx: Tx) -> None:
        for one in PEOPLE:
            officers.add(tx, one, WARD, NOW)
        invites.make(tx, "e" * 32, Invite(Opens.DESK, "b"), NOW.replace(hour=9))
        assert sessions.enter(tx, "e" * 32, "a session", NOW) == "b"
        opening.open_ward(tx, WARD, NOW)
        pulse.beat(tx, NOW)
        tx.run("insert into meta (name, value) values ('swept', ?)", pulse_value(NOW))

    await change(directory, settle)
    database = directory / "data" / "lang-nghe.db"
    backup.make(backup.Job(database, directory / "backups", root, committee), NOW)
    assert kept.newest(directory / "backups") is not None
    assert retention.SEEN_FOR


def pulse_value(moment: datetime) -> bytes:
    return str(int(moment.timestamp() * 1000)).encode()


def copied(ward: Path, to: Path) -> Path:
    return Path(shutil.copytree(ward, to / "ward"))
