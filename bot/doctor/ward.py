"""The ward's own file."""

from collections.abc import Iterator

from bot.doctor.finding import Finding, found
from bot.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Say what is wrong in it; telephones that are missing or made up are among that."""
    for problem in patient.ward_problems:
        yield found("ward-wrong", problem=problem)
    ward = patient.ward
    if ward and ward.office and ward.police and ward.office.tel == ward.police.tel:
        yield found("phones-same")
