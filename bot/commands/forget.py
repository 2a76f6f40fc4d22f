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
from handlers.cases import Hold
from handlers.clocks import local
from handlers.effects import Audit
from handlers.receipts import format_code
from storage import audit, retention
from storage.db import Database
from storage.guard import MANY, SHARE, Held
from storage.retention import Periods, State, Swept
from storage.tx import Tx

HOLD_WHY = {
    Hold.POLICE: "chuyển công an / police",
    Hold.COURT: "tòa án, viện kiểm sát / court",
    Hold.DISPUTE: "khiếu nại, tranh chấp / dispute",
    Hold.INSPECTION: "thanh tra, kiểm tra / inspection",
}
MOST_DAYS = 12

WHY = {
    Held.JUMPED: "Đồng hồ máy cách lần dọn trước hơn 48 giờ: máy đã tắt lâu, hoặc giờ bị sai."
    "\nThe clock is more than 48 hours from the last run's: the machine was off, or the time is wrong.",
    Held.MANY: f"Nhiều hồ sơ hết hạn cùng lúc (hơn một phần {SHARE} tổng số, hoặc hơn {MANY}): hồ sơ"
    " và ảnh chờ, mọi thứ khác vẫn xóa đúng hạn. Sau một đợt cao điểm, nhiều hồ sơ đóng cùng ngày thì"
    " như vậy là thường; xem các ngày đóng ở trên có đúng không."
    f"\nMany cases have expired at once (more than one in {SHARE} of all, or more than {MANY}): cases"
    " and pictures wait, everything else goes in time. After a campaign, with many cases closed on"
    " the same day, this is ordinary: see whether the days above are right.",
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
    async with await Database.open(there.settings.database, there.seal(), clock=app.now) as db:
        state = await db.read(lambda tx: retention.state(tx, now, kept))
    return told(state, now)


def told(state: State, now: datetime) -> list[str]:
    """Put it into words."""
    last = "chưa có / none" if state.last is None else written(state.last)
    lines = [
        f"Giờ máy / the clock now:           {written(now)}",
        f"Lần dọn trước / the last run:      {last}",
        f"Hồ sơ hết hạn / expired cases:     {state.expired} / {state.cases}",
        *closed(state),
        f"Hồ sơ có ảnh hết hạn / pictures:   {state.media}",
        f"Đường dây cần cắt / ties to cut:   {state.ties}",
        f"Bản nháp hết hạn / old drafts:     {state.drafts}",
        *on_hold(state),
    ]
    if state.held is None:
        return [*lines, "Không có gì bị giữ lại; máy tự xóa. / Nothing is held back."]
    return [
        *lines,
        f"{HELD[state.held]} {WHY[state.held]}",
        "Giờ máy và ward.toml ([keep]) đúng thì chạy: python -m bot forget --confirm"
        "\nIf the clock and ward.toml ([keep]) are right, run it with --confirm. What is deleted"
        " cannot be brought back.",
    ]


HELD = {
    Held.JUMPED: "CHƯA XÓA GÌ / NOTHING WAS DELETED.",
    Held.MANY: "HỒ SƠ CHƯA XÓA / NO CASE WAS DELETED.",
}


def closed(state: State) -> list[str]:
    """Say on which days the expired were closed: whoever looks knows a campaign, or a wrong clock."""
    days = [f"{day:%d/%m/%Y}: {many}" for day, many in state.closed[:MOST_DAYS]]
    more = len(state.closed) - len(days)
    days += [f"… {more} ngày nữa / more days"] if more else []
    return [f"  đóng ngày / closed on:           {', '.join(days)}"] if days else []


def on_hold(state: State) -> list[str]:
    """Name every case that is kept by law."""
    return [
        f"Giữ theo luật / kept by law:       {format_code(code)} ({HOLD_WHY[Hold(why)]},"
        f" từ / since {local(since):%d/%m/%Y})"
        for code, why, since in state.on_hold
    ]


def written(moment: datetime) -> str:
    """Write a moment on the Vietnamese clock."""
    return f"{local(moment):%d/%m/%Y %H:%M}"


async def confirmed(there: Base) -> list[str]:
    """Delete what has expired, in small steps: the program may be running beside us."""
    now, kept = app.now(), retention.periods(there.ward)
    step = partial(one_step, now=now, periods=kept, ward=there.ward.id)
    total = Swept(more=True)
    async with await Database.open(there.settings.database, there.seal(), clock=app.now) as db:
        while total.more:
            total = added(total, await db.write(step))
        emptied = await db.checkpoint()
    lines = [
        f"Đã xóa / deleted: {total.cases} hồ sơ / cases, ảnh của / pictures of {total.media}"
        f" hồ sơ / cases, {total.drafts} bản nháp / drafts, {total.people} địa chỉ / addresses. Đã cắt / cut: {total.ties} đường dây / ties."
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
        media=total.media + step.media,
        cases=total.cases + step.cases,
        people=total.people + step.people,
    )
