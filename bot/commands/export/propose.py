"""`export propose`: each of two officers is sent a code of their own; here nothing secret is shown."""

import argparse
import asyncio
import secrets
import sys

from bot import house, wiring
from bot.commands.roster import Answer, on, write
from bot.commands.setup import (
    DATABASE_TROUBLE,
    Base,
    NotSetUp,
    base,
    complain,
    database_sentence,
)
from bot.render import Renderer
from handlers import routes
from handlers.cases import Case
from handlers.effects import Audit, Effect, Part, Say
from handlers.receipts import CODE_BITS, format_code, public_code, read_code
from handlers.view import Officer, Role
from storage import cases, exports, officers
from storage.apply import apply
from storage.exports import ASKED_FOR, Demand
from storage.tx import Tx


def main(given: argparse.Namespace) -> int:
    """Ask two officers. It may run while the program runs; that delivers the codes."""
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)
    try:
        answer = asyncio.run(write(there, lambda tx: propose(tx, there, given)))
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    print("\n".join(answer.lines), file=sys.stdout if answer.done else sys.stderr)
    return 0 if answer.done else 64


def propose(tx: Tx, there: Base, given: argparse.Namespace) -> Answer:
    """Find the case and the two, and send the codes."""
    code = read_code(given.code)
    case = cases.by_code(tx, code) if code else None
    if case is None or case.ward != there.ward.id:
        return Answer(("Không có hồ sơ mang mã này. / No case has this code.",), done=False)
    basis = " ".join(given.basis.split())
    if not basis:
        return Answer(("--basis: cần số và ngày của văn bản / needs the document",), done=False)

    def with_first(first: Officer) -> Answer:
        return on(
            tx, there, given.second, lambda second: ask(tx, there, case, (first, second), given)
        )

    return on(tx, there, given.by, with_first)


def ask(
    tx: Tx, there: Base, case: Case, two: tuple[Officer, Officer], given: argparse.Namespace
) -> Answer:
    """Write the demand down and send each of the two a code, once they may agree to it."""
    why = hindrance(tx, there, case, two)
    if why:
        return Answer((why,), done=False)
    codes = public_code(secrets.randbits(CODE_BITS)), public_code(secrets.randbits(CODE_BITS))
    demand = Demand(
        tx.new_id(),
        case.id,
        two[0].id,
        two[1].id,
        " ".join(given.basis.split()),
        given.with_address,
        tx.now + ASKED_FOR,
    )
    exports.ask(tx, demand, codes)
    say(tx, there, case, two, codes, demand)
    names = " và / and ".join(one.name for one in two)
    return Answer(
        (
            f"Đã gửi mã riêng cho {names} (chat riêng, bàn trực). / Each was sent a code in private.",
            f"Ai đồng ý thì tự gõ mã của mình trong {ASKED_FOR.total_seconds() / 3600:.0f} giờ:"
            f" python -m bot export make {demand.id}",
        )
    )


def hindrance(tx: Tx, there: Base, case: Case, two: tuple[Officer, Officer]) -> str:
    """Say why these two cannot agree to it; empty when they can."""
    first, second = two
    if first.id == second.id:
        return "Cần hai người khác nhau. / It takes two different officers."
    if not any(one.role in {Role.LEAD, Role.INDEPENDENT} for one in two):
        return "Một trong hai phải là trưởng nhóm. / One of the two must lead."
    able = [one for one in officers.roster(tx, there.ward.id) if routes.may_see(one, case)]
    if not any(one in able for one in two):
        return "Cả hai không được xem hồ sơ này. / Neither may see this case."
    blind = [one for one in two if one not in able]
    if blind and (len(able) > 1 or blind[0].role != Role.LEAD):
        return f"{blind[0].name} không được xem hồ sơ này. / … may not see this case."
    return ""


def say(
    tx: Tx,
    there: Base,
    case: Case,
    two: tuple[Officer, Officer],
    codes: tuple[str, str],
    demand: Demand,
) -> None:
    """Line up the two letters, and write down who was asked."""
    world = house.build(
        there.ward,
        trial=there.settings.trial,
        group_shows_words=there.settings.group_shows_words,
    )
    effects: list[Effect] = []
    for one, other, code in zip(two, reversed(two), codes, strict=True):
        values = {
            "ma": format_code(case.code),
            "van_ban": demand.basis,
            "ten": other.name,
            "xac_nhan": format_code(code),
        }
        parts = [Part("desk.export_ask", values)]
        if demand.address:
            parts.append(Part("desk.export_address"))
        parts.append(Part("desk.export_code", values))
        to = f"officer:{one.id}"
        effects.append(Say(to, tuple(parts), case=case.id, secret=True, typed=False))
        effects.append(Audit("export.asked", one.id, case.id))
    render = Renderer(world, wiring.caps(None))
    apply(tx, effects, person="", now=tx.now, ward=there.ward.id, render=render)
