"""`check`: say what is wrong or missing in settings, ward file, key and database."""

import asyncio

from bot import app
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
from storage import audit
from storage.db import Database
from storage.seal import Seal


def main(arguments: list[str]) -> int:
    """Check without starting anything; 0: nothing is wrong, 78: something is."""
    del arguments
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)
    try:
        problems = asyncio.run(look(there))
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    if problems:
        return complain(tuple(problems))
    kind = "bản thử / trial" if there.settings.trial else "chạy thật / real"
    print(f"Ổn: {there.ward.name}, {kind}. / All well.")
    return 0


async def look(there: Base) -> list[str]:
    """Look into the database: roster, audit chain."""
    problems: list[str] = []
    if there.settings.trial and not there.settings.database.exists():
        return problems
    async with await Database.open(there.settings.database, Seal(there.root), clock=app.now) as db:
        if not there.settings.trial and not await db.read(lambda tx: has_lead(tx, there.ward.id)):
            problems.append(NO_LEAD)
        bad = await db.read(audit.verify)
        if bad is not None:
            problems.append(f"Nhật ký truy cập sai từ dòng {bad} / the audit chain breaks at {bad}")
    return problems
