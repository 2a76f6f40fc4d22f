"""`roster`: who is an officer; take somebody off, or give them another name.

Nothing about the roster is kept in the running program's memory: it sees this at the next press.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass

from bot import app, house, wiring
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
from bot.render import Renderer
from handlers import raising, routes
from handlers.cases import Case
from handlers.effects import Audit, Effect
from handlers.events import Side
from handlers.receipts import format_code
from handlers.talk import Talk
from handlers.view import House, Officer, Person, View
from storage import audit, cases, officers, places, sessions
from storage.apply import apply
from storage.db import Database
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Answer:
    """What is printed, and whether the command did what was asked."""

    lines: tuple[str, ...]
    done: bool = True


def main(arguments: list[str]) -> int:
    """List the officers, remove or rename one. It may run while the program runs."""
    parser = argparse.ArgumentParser(prog="python -m bot roster", description=__doc__)
    acts = parser.add_subparsers(dest="act")
    gone = acts.add_parser("remove", help="đưa ra khỏi danh sách")
    gone.add_argument("who", help="tên làm việc, hoặc mã trong danh sách")
    other = acts.add_parser("rename", help="đổi tên làm việc")
    other.add_argument("who", help="mã trong danh sách, hoặc tên làm việc")
    other.add_argument("name", help="tên mới")
    given = parser.parse_args(arguments)
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)

    def act(tx: Tx) -> Answer:
        if given.act == "remove":
            return on(tx, there, given.who, lambda officer: remove(tx, there, officer))
        if given.act == "rename":
            return on(tx, there, given.who, lambda officer: rename(tx, there, officer, given.name))
        return Answer(listed(tx, there))

    try:
        answer = asyncio.run(write(there, act))
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    print("\n".join(answer.lines), file=sys.stdout if answer.done else sys.stderr)
    return 0 if answer.done else 64


async def write(there: Base, act: Callable[[Tx], Answer]) -> Answer:
    """Do it as one transaction."""
    async with await Database.open(there.settings.database, there.seal(), clock=app.now) as db:
        return await db.write(act)


def listed(tx: Tx, there: Base) -> tuple[str, ...]:
    """Give one line for each officer."""
    roster = officers.roster(tx, there.ward.id)
    return tuple(line(tx, one) for one in roster) or ("Chưa có ai / nobody yet",)


def line(tx: Tx, one: Officer) -> str:
    """Say who somebody is and where they can be reached."""
    desk = sessions.sits(tx, one.id, tx.now)
    where = [name for name, there in (("chat", one.chat), ("bàn trực / desk", desk)) if there]
    return " · ".join(
        (
            one.name,
            one.role,
            "trực / on duty" if one.duty else "nghỉ trực / off duty",
            *(["ở trường / school"] if one.school else []),
            ", ".join(where) or "chưa vào / not here yet",
            one.id,
        )
    )


def on(tx: Tx, there: Base, who: str, act: Callable[[Officer], Answer]) -> Answer:
    """Find the one officer of this id or name, and do it; two of one name must be told apart."""
    roster = officers.roster(tx, there.ward.id)
    named = [one for one in roster if one.id == who] or [one for one in roster if one.name == who]
    if len(named) == 1:
        return act(named[0])
    if not named:
        problem = "Không có cán bộ này / no such officer:"
    else:
        problem = "Nhiều người trùng tên, hãy dùng mã / several of that name; use the id:"
    return Answer((problem, *(line(tx, one) for one in named or roster)), done=False)


def remove(tx: Tx, there: Base, officer: Officer) -> Answer:
    """End every right at once; whatever they had claimed is shown again and called for."""
    world = house.build(
        there.ward,
        trial=there.settings.trial,
        group_shows_words=there.settings.group_shows_words,
    )
    freed = [case for one in officers.remove(tx, officer.id) if (case := cases.get(tx, one))]
    view = around(tx, world)
    effects: list[Effect] = [Audit(f"roster.remove.{officer.id}")]
    for case in freed:
        effects += [Audit("freed", case=case.id), *raising.freed(view, case)]
    apply(
        tx,
        effects,
        person="",
        now=tx.now,
        ward=there.ward.id,
        render=Renderer(world, wiring.caps(None)),
    )
    return Answer(("Đã đưa ra khỏi danh sách / removed: " + officer.name, *after(tx, view, freed)))


def around(tx: Tx, world: House, *, group: bool | None = None) -> View:
    """Give what deciding needs to know: who is left, and whether there is a group (None: look)."""
    return View(
        now=tx.now,
        house=world,
        person=Person("", pushes=False),
        talk=Talk("", Side.DESK),
        roster=officers.roster(tx, world.ward.id),
        group=places.exists(tx, world.ward.id, places.GROUP) if group is None else group,
    )


def after(tx: Tx, view: View, freed: list[Case]) -> list[str]:
    """Say what only people can do now."""
    lines = []
    if freed:
        codes = ", ".join(format_code(case.code) for case in freed)
        lines.append(f"Hồ sơ cần người nhận / cases to be claimed: {codes}")
    if view.group:
        lines.append(
            "Hãy đưa người này ra khỏi nhóm Telegram: thẻ trong nhóm họ vẫn thấy."
            " / Take them out of the Telegram group as well: they still see its cards."
        )
    if not has_lead(tx, view.house.ward.id):
        lines.append(NO_LEAD)
    unseen = [case for case in freed if not any(routes.may_see(o, case) for o in view.roster)]
    lines += [
        f"KHÔNG CÒN AI được xem hồ sơ {format_code(case.code)}: mời thêm người ngay."
        " / NOBODY is left who may see it: invite somebody now."
        for case in unseen
    ]
    return lines


def rename(tx: Tx, there: Base, officer: Officer, name: str) -> Answer:
    """Give somebody another working name; it must be nobody else's."""
    name = " ".join(name.split())
    if not name or taken(tx, there.ward.id, name, besides=officer.id):
        return Answer(("Tên này trống hoặc đã có người dùng / empty, or taken:", name), done=False)
    officers.rename(tx, officer, name)
    audit.append(tx, Audit(f"roster.rename.{officer.id}"), there.ward.id, tx.now)
    return Answer((f"{officer.name} → {name}",))


def taken(tx: Tx, ward: str, name: str, besides: str = "") -> Officer | None:
    """Give whoever has this working name already; capitals do not tell two people apart."""
    roster = officers.roster(tx, ward)
    return next(
        (o for o in roster if o.name.casefold() == name.casefold() and o.id != besides), None
    )
