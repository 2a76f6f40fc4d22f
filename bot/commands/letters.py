"""`letters`: messages the program failed on; list them, show one, hand one in again.

Each is a person's words: the list shows none, and showing one is written down.
"""

import argparse
import asyncio
import json
import sys
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot import app, house, wiring
from bot.alarms import Alarms
from bot.commands.forget import written
from bot.commands.roster import Answer, write
from bot.commands.setup import (
    DATABASE_TROUBLE,
    Base,
    NotSetUp,
    base,
    complain,
    database_sentence,
)
from bot.dice import SecureDice
from bot.inbox import Inbox
from bot.render import Renderer
from handlers import mask
from handlers.effects import Audit
from handlers.events import Address, Incoming, Kind, Media, MediaKind, Side
from handlers.view import House
from storage import audit, inbox
from storage.db import Database
from storage.inbox import DeadLetter
from storage.tx import Tx

NONE = "Không có thư này; nó bị xóa sau 7 ngày. / No such letter; they are deleted after 7 days."


def main(arguments: list[str]) -> int:
    """List, show or retry. It may run while the program runs."""
    parser = argparse.ArgumentParser(prog="python -m bot letters", description=__doc__)
    acts = parser.add_subparsers(dest="act")
    for name, told in (("show", "đọc một thư; việc này được ghi lại"), ("retry", "xử lý lại")):
        acts.add_parser(name, help=told).add_argument("id", help="mã trong danh sách")
    given = parser.parse_args(arguments)
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)
    try:
        if given.act == "retry":
            answer = asyncio.run(retry(there, given.id))
        elif given.act == "show":
            answer = asyncio.run(write(there, lambda tx: show(tx, there, given.id)))
        else:
            answer = asyncio.run(write(there, listed))
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    print("\n".join(answer.lines), file=sys.stdout if answer.done else sys.stderr)
    return 0 if answer.done else 64


def listed(tx: Tx) -> Answer:
    """Give one line for each, without a word of it."""
    lines = [
        f"{one.id} · {written(one.at)} · {one.channel} · {one.why}" for one in inbox.buried(tx)
    ]
    return Answer(tuple(lines) or ("Không có / none",))


def show(tx: Tx, there: Base, letter: str) -> Answer:
    """Give everything of one; somebody may have asked for help in it."""
    found = inbox.dead_letter(tx, letter)
    if found is None:
        return Answer((NONE,), done=False)
    audit.append(tx, Audit(f"letters.show.{letter}"), there.ward.id, tx.now)
    told = json.loads(found.body)
    # Whoever rescues the words has no need of the account they came from; `retry` has it all.
    for name in ("sender", "place", "ref", "event_id"):
        told.pop(name, None)
    told["text"] = mask.seen(str(told.get("text", "")), household(there), ())
    return Answer((json.dumps(told, ensure_ascii=False, indent=2),))


async def retry(there: Base, letter: str) -> Answer:
    """Hand one in again, as if it came now; the running program sends what follows from it."""
    async with await Database.open(there.settings.database, there.seal(), clock=app.now) as db:
        found = await db.read(lambda tx: inbox.dead_letter(tx, letter))
        if found is None:
            return Answer((NONE,), done=False)
        incoming = as_it_came(found)
        if incoming.side is Side.DESK:
            return Answer(
                ("Của cán bộ: nhờ họ bấm lại. / An officer's: ask them to press again.",),
                done=False,
            )
        alarms = Alarms()
        doing = again(there, db, alarms)
        await doing.take(incoming)
        await db.write(lambda tx: settle(tx, there, letter))
    if alarms.counts["dead-letter"]:
        return Answer(("Vẫn hỏng, đã cất lại. / It failed again and is kept anew.",), done=False)
    return Answer(("Đã xử lý. / Done.",))


def settle(tx: Tx, there: Base, letter: str) -> None:
    """Take the letter off the list; it has become a message, or a new letter."""
    inbox.dig_up(tx, letter)
    audit.append(tx, Audit(f"letters.retry.{letter}"), there.ward.id, tx.now)


def again(there: Base, db: Database, alarms: Alarms) -> Inbox:
    """Make the inbox of the running program; nobody's membership is asked here: it counts as no."""
    built = household(there)

    async def stranger(sender: Address) -> bool:
        del sender
        return False

    return Inbox(
        db=db,
        house=built,
        dice=SecureDice(),
        render=Renderer(built, wiring.caps(None)),
        alarms=alarms,
        now=app.now,
        member=stranger,
        committed=lambda: None,
    )


def household(there: Base) -> House:
    """Build what never changes around this ward."""
    return house.build(
        there.ward,
        trial=there.settings.trial,
        group_shows_words=there.settings.group_shows_words,
    )


def as_it_came(letter: DeadLetter) -> Incoming:
    """Read a letter back; its event has been seen, so it gets a name of its own.

    A file that came along was not kept.
    """
    told: dict[str, Any] = json.loads(letter.body)
    media, place, location = told["media"], told["place"], told["location"]
    return replace(
        Incoming(**told),
        event_id=f"letter:{letter.id}",
        at=datetime.fromisoformat(told["at"]),
        side=Side(told["side"]),
        kind=Kind(told["kind"]),
        sender=Address(**told["sender"]),
        media=None
        if media is None
        else Media(MediaKind(media["kind"]), media["ref"], media["size"]),
        place=None if place is None else Address(**place),
        location=None if location is None else (location[0], location[1]),
    )
