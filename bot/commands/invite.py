"""`invite`: put somebody on the roster, or give them new links, and print these one-time links."""

import argparse
import asyncio
import secrets
import sys
from dataclasses import dataclass

from bot.commands.roster import Answer, on, taken, write
from bot.commands.setup import (
    DATABASE_TROUBLE,
    Base,
    NotSetUp,
    base,
    complain,
    database_sentence,
)
from handlers.effects import Audit
from handlers.view import Officer, Role
from storage import audit, invites, officers
from storage.invites import INVITE_FOR, Invite, Opens
from storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Tokens:
    """What opens the desk, and what Telegram is told; each works once."""

    desk: str
    chat: str


def main(arguments: list[str]) -> int:
    """Invite an officer by the working name they chose, or again by name or id."""
    parser = argparse.ArgumentParser(prog="python -m bot invite", description=__doc__)
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--name", help='người mới: tên làm việc, ví dụ "Cô Mây"')
    who.add_argument(
        "--for", dest="again", help="đường dẫn mới cho người đã có: tên, hoặc mã trong `roster`"
    )
    parser.add_argument("--role", choices=[str(role) for role in Role], default="officer")
    parser.add_argument("--called", choices=["cô", "chú"], default="cô", help="trẻ gọi là")
    parser.add_argument("--school", action="store_true", help="làm việc ở trường học")
    given = parser.parse_args(arguments)
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)
    tokens = Tokens(secrets.token_hex(16), secrets.token_hex(16))

    def act(tx: Tx) -> Answer:
        if given.again is not None:
            return on(tx, there, given.again, lambda officer: again(tx, there, officer, tokens))
        name = " ".join(given.name.split())
        id_ = secrets.token_hex(8)
        return add(
            tx, there, Officer(id_, name, given.role, given.called, school=given.school), tokens
        )

    try:
        answer = asyncio.run(write(there, act))
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    print("\n".join(answer.lines), file=sys.stdout if answer.done else sys.stderr)
    return 0 if answer.done else 64


def add(tx: Tx, there: Base, officer: Officer, tokens: Tokens) -> Answer:
    """Put somebody on the roster; the name must be nobody else's, or nobody knows who has what."""
    twin = taken(tx, there.ward.id, officer.name)
    if not officer.name or twin is not None:
        hint = f"--for {twin.id}" if twin is not None else "--name"
        return Answer(
            (
                f"Tên này trống hoặc đã có người dùng / empty, or taken: {officer.name}",
                f"Đường dẫn mới cho người đó / new links for them: python -m bot invite {hint}",
            ),
            done=False,
        )
    officers.add(tx, officer, there.ward.id, tx.now)
    return Answer(linked(tx, there, officer, tokens))


def again(tx: Tx, there: Base, officer: Officer, tokens: Tokens) -> Answer:
    """Give somebody new links; the ones they did not use end."""
    invites.withdraw(tx, officer.id)
    audit.append(tx, Audit(f"invite.again.{officer.id}"), there.ward.id, tx.now)
    return Answer(linked(tx, there, officer, tokens))


def linked(tx: Tx, there: Base, officer: Officer, tokens: Tokens) -> tuple[str, ...]:
    """Make the links work, and say them; once each, for three days."""
    until = tx.now + INVITE_FOR
    invites.make(tx, tokens.desk, Invite(Opens.DESK, officer.id), until)
    invites.make(tx, tokens.chat, Invite(Opens.INVITE, officer.id), until)
    settings = there.settings
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    lines = [
        f"{officer.name} ({officer.role}): đường dẫn dùng một lần, trong 72 giờ / once, 72 hours",
        f"  Bàn cán bộ / desk:  {address}/desk/vao/{tokens.desk}",
    ]
    if settings.telegram_token:
        lines.append(
            f"  Telegram: nhắn riêng cho bot / send the bot in private:  /start {tokens.chat}"
        )
    return tuple(lines)
