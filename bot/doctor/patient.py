"""Everything that can be read without a network and without changing anything, as far as it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot import config, house
from bot.config import ConfigTrouble, Settings
from handlers.view import Officer
from handlers.ward import Ward, WardTrouble
from storage import audit, hold, officers, opening, peek, places, sessions
from storage.peek import State
from storage.rootkey import KeyTrouble, Reason, RootKey, load_root_key
from storage.seal import Seal, Unreadable
from storage.tx import Tx

LOCKS = Path("/proc/locks")


@dataclass(frozen=True, slots=True)
class Inside:
    """What stands in the database. `sitting`: officers with a desk session."""

    roster: tuple[Officer, ...]
    sitting: frozenset[str]
    group: bool
    broken: int | None
    marks: Mapping[str, datetime]
    held: bool
    opened: bool


@dataclass(frozen=True, slots=True)
class Patient:
    """One installation. What is None could not be read; the problems say why."""

    settings: Settings
    now: datetime
    setting_problems: tuple[str, ...]
    ward: Ward | None
    ward_problems: tuple[str, ...]
    root: RootKey | None
    key_problem: Reason | None
    state: State | None
    """How the database is; None: it was not looked at."""
    inside: Inside | None
    running: bool
    directory: Path = field(default_factory=Path)

    @property
    def real(self) -> bool:
        """Whether this is a ward that people rely on, not a trial."""
        return not self.settings.trial


def examine(directory: Path, now: datetime) -> Patient:
    """Read what is there."""
    problems: tuple[str, ...] = ()
    try:
        settings = config.read(directory=directory)
    except ConfigTrouble as trouble:
        settings, problems = trouble.settings, trouble.problems
    ward, ward_problems = _ward(settings)
    root, key_problem = _key(settings)
    state = inside = None
    if root is not None:
        with peek.peek(settings.database, Seal(root), now) as there:
            state = there.state
            if state is State.WELL and ward is not None:
                try:
                    inside = there.read(lambda tx: _inside(tx, ward.id))
                except Unreadable:
                    state = State.DAMAGED
    return Patient(
        settings=settings,
        now=now,
        setting_problems=problems,
        ward=ward,
        ward_problems=ward_problems,
        root=root,
        key_problem=key_problem,
        state=state,
        inside=inside,
        running=runs(settings.database),
        directory=directory,
    )


def _ward(settings: Settings) -> tuple[Ward | None, tuple[str, ...]]:
    try:
        return house.read_ward(settings.ward_file), ()
    except WardTrouble as trouble:
        return None, trouble.problems
    except OSError:
        return None, ("không đọc được tệp này / this file cannot be read",)


def _key(settings: Settings) -> tuple[RootKey | None, Reason | None]:
    beside = None if settings.trial else settings.database
    try:
        return load_root_key(settings.key_file, beside), None
    except KeyTrouble as trouble:
        # A trial makes its own at its first start.
        fresh = settings.trial and not settings.database.exists()
        expected = fresh and trouble.reason is Reason.MISSING
        return None, None if expected else trouble.reason


def _inside(tx: Tx, ward: str) -> Inside:
    roster = officers.roster(tx, ward)
    return Inside(
        roster=roster,
        sitting=frozenset(one.id for one in roster if sessions.sits(tx, one.id, tx.now)),
        group=places.exists(tx, ward, places.GROUP),
        broken=audit.verify(tx),
        marks=peek.marks(tx),
        held=hold.since(tx) is not None,
        opened=opening.is_open(tx, ward),
    )


def runs(database: Path) -> bool:
    """Tell whether a process holds the data: it has locked its folder. Nothing is locked here."""
    try:
        mark = f":{database.parent.stat().st_ino} "
        return any("FLOCK" in line and mark in line for line in LOCKS.read_text().splitlines())
    except OSError:
        return False
