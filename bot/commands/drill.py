"""`drill`: make an exercise case that officers work like a real one; print or end exercises.

It may run beside the program, which shows the case. A ward opens its doors by the first exercise
that is taken and answered.
"""

import argparse
import asyncio
import secrets
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from statistics import median

from bot import app
from bot.alarms import Alarms
from bot.commands.letters import again
from bot.commands.roster import Answer, write
from bot.commands.run import has_lead
from bot.commands.setup import (
    DATABASE_TROUBLE,
    NO_LEAD,
    Base,
    NotSetUp,
    base,
    complain,
    database_sentence,
)
from bot.inbox import Inbox
from handlers.cases import Priority
from handlers.clocks import local
from handlers.drill import MARK
from handlers.effects import Audit, Profile
from handlers.events import Address, Incoming, Kind, Side
from handlers.receipts import format_code, read_code
from storage import audit, cases, exercises, links, opening, people
from storage.db import Database
from storage.exercises import Exercise
from storage.origins import DRILL
from storage.tx import Tx

PRESSES = {
    Priority.P1: ("go.danger", "go.skip"),
    Priority.P2: ("a.for.me", "a.now.no", "a.what.hit"),
}
"""What nobody presses before the words are told."""
ANSWERED_FOR = timedelta(days=30)
"""So long an answer reaches nobody at once, as if they were there."""
NONE = "Không có diễn tập nào. / There is no exercise."
MOMENTS = (
    ("Tới màn hình", "on screen"),
    ("Nhận", "claimed"),
    ("Mở", "opened"),
    ("Trả lời", "answered"),
    ("Đóng", "closed"),
)
STILL_CLOSED = (
    "Kênh chưa mở cho người dân: nó mở khi một cán bộ nhận và trả lời diễn tập này."
    " / The channel opens to the public when an officer takes and answers this exercise."
)


Act = Callable[[Tx, str, tuple[Exercise, ...]], Answer]


def main(arguments: list[str]) -> int:
    """Begin an exercise, report the measured times, or end exercises."""
    parser = argparse.ArgumentParser(prog="python -m bot drill", description=__doc__)
    parser.add_argument("--priority", choices=[str(one) for one in PRESSES], default="P2")
    acts = parser.add_subparsers(dest="act")
    report = acts.add_parser("report", help="in thời gian đo được")
    report.add_argument("code", nargs="?", help="chỉ một hồ sơ")
    end = acts.add_parser("end", help="xóa ngay diễn tập khỏi mọi nơi")
    end.add_argument("code", nargs="?", help="chỉ một hồ sơ")
    given = parser.parse_args(arguments)
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)
    try:
        if given.act is None:
            answer = asyncio.run(begin(there, Priority(given.priority)))
        else:
            act = {"report": reported, "end": ended}[given.act]
            answer = asyncio.run(write(there, partial(on, there.ward.id, given.code, act)))
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    print("\n".join(answer.lines), file=sys.stdout if answer.done else sys.stderr)
    return 0 if answer.done else 64


async def begin(there: Base, priority: Priority) -> Answer:
    """Tell a made-up report through the same inbox as every other; the running program shows it."""
    async with await Database.open(there.settings.database, there.seal(), clock=app.now) as db:
        if not await db.read(lambda tx: has_lead(tx, there.ward.id)):
            return Answer((NO_LEAD,), done=False)
        nobody = Address(DRILL, there.ward.id, secrets.token_hex(16))
        await tell(again(there, db, Alarms()), nobody, priority)
        answer = await db.write(partial(begun, there.ward.id, nobody))
        open_ = there.settings.trial or await db.read(lambda tx: opening.is_open(tx, there.ward.id))
    return answer if open_ else replace(answer, lines=(*answer.lines, STILL_CLOSED))


async def tell(inbox: Inbox, nobody: Address, priority: Priority) -> None:
    """Press and type what a reporter would; the words say that it is an exercise."""
    words = inbox.house.texts.say("desk.drill_words", "vi", "")
    steps = [(press, "") for press in PRESSES[priority]] + [("", words)]
    if priority is not Priority.P1:
        steps.append(("go.send", ""))
    for number, (press, text) in enumerate(steps):
        kind = Kind.CHOICE if press else Kind.TEXT
        event = f"{nobody.peer}.{number}"
        at, side = inbox.now(), Side.RESIDENT
        await inbox.take(Incoming(event, "", at, side, nobody, kind, text, press or None))


def begun(ward: str, nobody: Address, tx: Tx) -> Answer:
    """Let answers reach nobody at once, write down who began, and say the code."""
    known = people.find(tx, nobody)
    tied = links.cases_of(tx, known.person.id) if known else []
    case = cases.get(tx, tied[0]) if tied else None
    if known is None or case is None:
        return Answer(("Chưa tạo được diễn tập. / The exercise could not be made.",), done=False)
    p = known.person
    until = tx.now + ANSWERED_FOR
    people.write_profile(tx, Profile(p.id, p.language, p.voice, p.phone, p.hours, until))
    audit.append(tx, Audit("drill.begin", case=case.id), ward, tx.now)
    lines = [
        f"{MARK} {format_code(case.code)} ({case.priority})",
        "Chương trình đang chạy sẽ hiện nó cho cán bộ. / The running program shows it to officers.",
        "Thời gian / times: python -m bot drill report · Xóa / delete: python -m bot drill end",
    ]
    return Answer(tuple(lines))


def on(ward: str, code: str | None, act: Act, tx: Tx) -> Answer:
    """Do it to all exercises, or to the one of this code."""
    every = exercises.every(tx, ward)
    wanted = None if code is None else read_code(code)
    found = tuple(one for one in every if code is None or one.code == wanted)
    return act(tx, ward, found) if found else Answer((NONE,), done=False)


def reported(tx: Tx, ward: str, found: tuple[Exercise, ...]) -> Answer:
    """Print how long everything took, counted from the moment the made-up report was sent."""
    since = opening.since(tx, ward)
    opened = (f"Kênh mở từ / open since: {local(since):%d/%m/%Y %H:%M}",) if since else ()
    return Answer((*table(found), *opened))


def ended(tx: Tx, ward: str, found: tuple[Exercise, ...]) -> Answer:
    """Print the times once more, and delete: nothing of an exercise needs to be kept."""
    for one in found:
        exercises.end(tx, one, ward)
    codes = ", ".join(format_code(one.code) for one in found)
    return Answer((*table(found), f"Đã xóa / deleted: {codes}"))


def table(found: tuple[Exercise, ...]) -> list[str]:
    """Draw one line for each exercise, and the median of each moment under them."""
    took = [[seconds(one.began, at) for at in moments(one)] for one in found]
    middle = [
        median(known) if known else None for known in map(only_known, zip(*took, strict=True))
    ]
    rows = [
        ("", *(vi for vi, _ in MOMENTS)),
        ("", *(en for _, en in MOMENTS)),
        *(
            (f"{format_code(one.code)} {one.priority}", *map(clock, times))
            for one, times in zip(found, took, strict=True)
        ),
        ("trung vị / median", *map(clock, middle)),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def moments(one: Exercise) -> tuple[datetime | None, ...]:
    """Give what is measured, in the order of the head."""
    return (one.shown, one.claimed, one.opened, one.answered, one.closed)


def seconds(began: datetime, at: datetime | None) -> float | None:
    """Give how long it took; None: it has not happened."""
    return None if at is None else (at - began).total_seconds()


def only_known(times: tuple[float | None, ...]) -> list[float]:
    """Leave out what has not happened."""
    return [one for one in times if one is not None]


def clock(time: float | None) -> str:
    """Write a time as minutes and seconds, an hour or more with hours before them."""
    if time is None:
        return "–"
    minutes, rest = divmod(round(time), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
