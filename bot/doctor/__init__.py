"""The doctor: looks at one installation and names all that is wrong or missing, and how to mend it.

It changes nothing, works beside a running process, and never says a secret, a telephone or an
address of a person.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.disk import Space
from bot.doctor import database, key, machine, roster, settings, telegram, ward
from bot.doctor.doors import Doors
from bot.doctor.finding import Finding, Level
from bot.doctor.patient import Patient, examine

__all__ = ["Finding", "Level", "Patient", "Report", "see"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found, in the order in which it was looked for."""

    patient: Patient
    findings: tuple[Finding, ...]

    def of(self, level: Level) -> tuple[Finding, ...]:
        """Give the findings of one level."""
        return tuple(one for one in self.findings if one.level is level)


async def see(
    directory: Path,
    now: datetime,
    *,
    offline: bool = False,
    measure: Callable[[Path], Space] = machine.measure,
) -> Report:
    """Look at everything; `offline` leaves the network alone."""
    patient = examine(directory, now)
    findings = [
        *settings.look(patient),
        *ward.look(patient),
        *key.look(patient),
        *database.look(patient),
        *roster.look(patient),
        *machine.look(patient, measure),
    ]
    dead: set[str] = set()
    if not offline:
        doors = Doors(patient)
        findings += [one async for one in doors.look()]
        findings += [one async for one in telegram.look(patient)]
        dead = doors.dead
    findings += roster.roads(patient, dead)
    return Report(patient, tuple(findings))
