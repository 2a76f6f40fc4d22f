"""`forget`: say what has expired and why it is held; with --confirm, delete it after all."""

import argparse
import asyncio
from dataclasses import replace
from datetime import datetime
from functools import partial

from bot import app
from bot.commands.setup import (
    DATABASE_TROUBLE,
    Base,
    NotSetUp,
    base,
    complain,
    database_sentence,
)
from handlers.clocks import local
from handlers.effects import Audit
from storage import audit, retention
from storage.db import Database
from storage.guard import MANY, SHARE, Held
from storage.retention import Periods, State, Swept
from storage.seal import Seal
from storage.tx import Tx

WHY = {
    Held.JUMPED: "Đồng hồ máy cách lần dọn trước hơn 48 giờ: máy đã tắt lâu, hoặc giờ bị sai."
    "\nThe clock is more than 48 hours from the last run's: the machine was off, or the time is wrong.",
    Held.MANY: f"Nhiều hồ sơ hết hạn cùng lúc (hơn một phần {SHARE} tổng số, hoặc hơn {MANY})."
    f"\nMany cases have expired at once (more than one in {SHARE} of all, or more than {MANY}).",
}


def main(arguments: list[str]) -> int:
    """Show what has expired, or delete it. It may run while the program runs."""
    parser = argparse.ArgumentParser(prog="python -m bot forget", description=__doc__)
    parser.add_argument("--confirm", action="store_true", help="xóa những gì đã hết hạn")
    given = parser.parse_args(arguments)
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)
    try:
        lines = asyncio.run(confirmed(there) if given.confirm else look(there))
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    print("\n".join(lines))
    return 0


async def look(there: Base) -> list[str]:
    """Say how things stand; nothing is changed."""
    now, kept = app.now(), retention.periods(there.ward)
    async with await Database.open(there.settings.database, Seal(there.root), clock=app.now) as db:
        state = await db.read(lambda tx: retention.state(tx, now, kept))
    return told(state, now)


def told(state: State, now: datetime) -> list[str]:
    """Put it into words."""
    last = "chưa có / none" if state.last is None else written(state.last)
    lines = [
        f"Giờ máy / the clock now:           {written(now)}",
        f"Lần dọn trước / the last run:      {last}",
        f"Hồ sơ hết hạn / expired cases:     {state.expired} / {state.cases}",
        f"Đường dây cần cắt / ties to cut:   {state.ties}",
        f"Bản nháp hết hạn / old drafts:     {state.drafts}",
    ]
    if state.held is None:
        return [*lines, "Không có gì bị giữ lại; máy tự xóa. / Nothing is held back."]
    return [
        *lines,
        f"CHƯA XÓA GÌ / NOTHING WAS DELETED. {WHY[state.held]}",
        "Giờ máy và ward.toml (keep_days) đúng thì chạy: python -m bot forget --confirm"
        "\nIf the clock and ward.toml (keep_days) are right, run it with --confirm. What is deleted"
        " cannot be brought back.",
    ]


def written(moment: datetime) -> str:
    """Write a moment on the Vietnamese clock."""
    return f"{local(moment):%d/%m/%Y %H:%M}"


async def confirmed(there: Base) -> list[str]:
    """Delete what has expired, in small steps: the program may be running beside us."""
    now, kept = app.now(), retention.periods(there.ward)
    step = partial(one_step, now=now, periods=kept, ward=there.ward.id)
    total = Swept(more=True)
    async with await Database.open(there.settings.database, Seal(there.root), clock=app.now) as db:
        while total.more:
            total = added(total, await db.write(step))
        emptied = await db.checkpoint()
    lines = [
        f"Đã xóa / deleted: {total.cases} hồ sơ / cases, {total.drafts} bản nháp / drafts,"
        f" {total.people} địa chỉ / addresses. Đã cắt / cut: {total.ties} đường dây / ties."
    ]
    if not emptied:
        lines.append(
            "Tệp nhật ký của dữ liệu đang bận; máy đang chạy sẽ dọn trong 10 phút."
            " / The journal is in use; the running program empties it within ten minutes."
        )
    return lines


def one_step(tx: Tx, *, now: datetime, periods: Periods, ward: str) -> Swept:
    """Delete a few; it is recorded that somebody answered for it."""
    if retention.state(tx, now, periods).held is not None:
        audit.append(tx, Audit("forget.confirmed"), ward, now)
    return retention.sweep(tx, now, periods, confirmed=True)


def added(total: Swept, step: Swept) -> Swept:
    """Add a step up."""
    return replace(
        step,
        drafts=total.drafts + step.drafts,
        ties=total.ties + step.ties,
        cases=total.cases + step.cases,
        people=total.people + step.people,
    )
