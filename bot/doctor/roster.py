"""The people, and whether anything rings when none of them looks."""

from collections.abc import Collection, Iterator

from bot.doctor.finding import Finding, found
from bot.doctor.patient import Patient
from handlers.view import Officer, Role
from storage.peek import State


def look(patient: Patient) -> Iterator[Finding]:
    """Look at the roster of a real ward."""
    if not patient.real:
        return
    there = patient.inside
    if there is None:
        if patient.state in {State.MISSING, State.FRESH}:
            yield found("no-lead")
        return  # else it could not be looked at, and something else says so
    roster = there.roster
    if not any(one.role == Role.LEAD for one in roster):
        yield found("no-lead")
    if not roster:
        return
    workers = [one for one in roster if one.role != Role.INDEPENDENT]
    if len(workers) < 2:
        yield found("one-person")
    if len(workers) == len(roster):
        yield found("no-independent")
    if not any(one.id in there.sitting or rings(patient, one) for one in roster):
        yield found("nobody-reachable")


def roads(patient: Patient, dead: Collection[str] = ()) -> Iterator[Finding]:
    """Look at the roads that ring. `dead`: settings whose server could not be reached."""
    if not patient.real:
        return
    settings = patient.settings
    set_ = {name for name in ("alert_hook", "smtp_url") if getattr(settings, name)}
    roster = () if patient.inside is None else patient.inside.roster
    if not any(rings(patient, one) for one in roster):
        if not set_:
            yield found("no-road")
        elif set_ <= set(dead):
            yield found("roads-dead")
    if settings.group is None:
        yield found("desk-at-night")
    if not settings.monitor_url:
        yield found("no-monitor")


def rings(patient: Patient, one: Officer) -> bool:
    """Tell whether this officer's own telephone lights up."""
    return one.chat and bool(patient.settings.telegram_token)
