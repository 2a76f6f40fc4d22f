"""The settings: what is wrong with them, and who else can read or change their files."""

import stat
from collections.abc import Iterator
from pathlib import Path

from bot.config import LOOPBACK
from bot.doctor.finding import Finding, found
from bot.doctor.patient import Patient


def look(patient: Patient) -> Iterator[Finding]:
    """Look at `.env`, the environment and the files' permissions."""
    for problem in patient.setting_problems:
        yield found("setting-wrong", problem=problem)
    if mode(patient.directory / ".env") & 0o077:
        yield found("env-readable")
    ward_file = patient.settings.ward_file
    if ward_file is not None and mode(ward_file) & 0o022:
        yield found("ward-writable")
    if patient.real:
        yield from address(patient)


def address(patient: Patient) -> Iterator[Finding]:
    """Look at the address that people open."""
    url = patient.settings.public_url
    here = any(url.startswith(f"http://{host}") for host in (*LOOPBACK, "[::1]"))
    if not url:
        yield found("public-url-missing")
    elif url.startswith("http:") and not here:
        yield found("public-url-plain")


def mode(path: Path) -> int:
    """Give a file's permissions; 0 where there is none."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0
