"""`check`: the doctor's report. It starts nothing and changes nothing.

Exit status: 0 all is well · 1 something should be mended · 78 something must be.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from bot import app, logs
from bot.commands.setup import CONFIG
from bot.doctor import Finding, Level, Report, see
from bot.doctor.database import size

SHOULD = 1
"""For a monitor: look at it by daylight."""
HEADS = {
    Level.MUST: "PHẢI SỬA, chưa mở cho dân / MUST be mended before anybody relies on it",
    Level.SHOULD: "NÊN SỬA / SHOULD be mended",
    Level.NOTE: "NÊN BIẾT / GOOD TO KNOW",
}


def main(arguments: list[str]) -> int:
    """Look at this installation and say what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bot check", description=__doc__)
    parser.add_argument("--offline", action="store_true", help="không gọi ra mạng / no network")
    parser.add_argument("--json", action="store_true", help="cho máy đọc / for a monitor")
    given = parser.parse_args(arguments)
    logs.set_up("CRITICAL")
    report = asyncio.run(see(Path(), app.now(), offline=given.offline))
    code = status(report)
    if given.json:
        print(json.dumps(told(report, code)))
        return code
    print("\n".join(lines(report)), file=sys.stderr if code == CONFIG else sys.stdout)
    return code


def status(report: Report) -> int:
    """Give the exit status."""
    if report.of(Level.MUST):
        return CONFIG
    return SHOULD if report.of(Level.SHOULD) else 0


def told(report: Report, code: int) -> dict[str, object]:
    """Give names and levels only."""
    findings = [{"name": one.name, "level": one.level} for one in report.findings]
    return {"status": code, "findings": findings}


def lines(report: Report) -> Iterator[str]:
    """Write the report for a person, the gravest first."""
    yield from facts(report)
    for level, head in HEADS.items():
        findings = report.of(level)
        if findings:
            yield f"\n{head} ({len(findings)})"
        for one in findings:
            yield from explained(one)
    if not status(report):
        yield "\nỔn. / All well."


def facts(report: Report) -> Iterator[str]:
    """Say what was looked at."""
    patient = report.patient
    name = "?" if patient.ward is None else patient.ward.name
    kind = "chạy thật / real" if patient.real else "bản thử / trial"
    runs = "đang chạy / running" if patient.running else "không chạy / not running"
    yield f"{name} · {kind} · {runs}"
    database = patient.settings.database
    if database.exists():
        journal = database.with_name(f"{database.name}-wal")
        megabytes = [f"{size(path) / 1e6:.1f} MB" for path in (database, journal)]
        yield f"Dữ liệu / data: {megabytes[0]}, nhật ký / journal: {megabytes[1]}"
    if patient.inside is not None:
        yield f"Cán bộ / officers: {len(patient.inside.roster)}"


def explained(one: Finding) -> Iterator[str]:
    """Say one finding: what, why, what to do."""
    vi, en = one.words("vi"), one.words("en")
    yield f"  • [{one.name}] {vi.what}"
    if en.what != vi.what:
        yield f"    {en.what}"
    yield f"      Vì sao / why: {vi.why} / {en.why}"
    yield f"      Làm gì / do: {vi.do} / {en.do}"
