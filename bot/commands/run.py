"""`run`: start everything. A trial prints its address and a one-time link to the desk."""

import asyncio
import secrets
from datetime import timedelta
from functools import partial

from bot import app, logs, wiring
from bot.channels.channel import Failed
from bot.commands.setup import (
    DATABASE_TROUBLE,
    NO_LEAD,
    Base,
    NotSetUp,
    alone,
    base,
    complain,
    database_sentence,
)
from handlers.view import Officer, Role
from storage import invites, officers
from storage.invites import Invite, Opens
from storage.tx import Tx

TRIAL_OFFICERS = (
    ("co-may", "Cô Mây", Role.LEAD, "cô"),
    ("chu-song", "Chú Sông", Role.OFFICER, "chú"),
)
"""Working names of the trial's two officers: closing a grave case takes two."""
LINK_FOR = timedelta(hours=12)
NOT_OPEN = (
    "CHƯA MỞ CHO NGƯỜI DÂN: chạy `python -m bot drill`; một cán bộ nhận và trả lời diễn tập thì mở."
    " / NOT OPEN TO THE PUBLIC: it opens when an officer takes and answers an exercise."
)


def main(arguments: list[str]) -> int:
    """Run until stopped. 78: something must be set up first; it is said what."""
    del arguments
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)
    logs.set_up(there.settings.log_level)
    try:
        with alone(there.settings.database):
            return asyncio.run(start(there))
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    except app.PortTaken:
        return complain(
            (
                "WEB_HOST, WEB_PORT: không mở được địa chỉ này, có thể chương trình khác đang dùng"
                " / this address cannot be opened; another program may be using it",
            )
        )
    except Failed:
        return complain(
            (
                "TELEGRAM_BOT_TOKEN: Telegram từ chối mã này; lấy mã mới ở BotFather"
                " / Telegram refuses this token",
            )
        )


async def start(there: Base) -> int:
    """Open everything and run."""
    async with wiring.assemble(there.settings, there.ward, there.root, there.committee) as running:
        if there.settings.trial:
            links = await running.db.write(partial(trial_links, there.ward.id))
        elif not await running.db.read(lambda tx: has_lead(tx, there.ward.id)):
            return complain((NO_LEAD,))
        else:
            links = []
        closed = not await running.db.read(running.mailbox.is_open)
        await app.run(running, lambda: announce(there, running, links, closed=closed))
    return 0


def trial_links(ward: str, tx: Tx) -> list[tuple[str, str]]:
    """Put the trial's officers on the roster and make a one-time link for each."""
    links = []
    for id_, name, role, called in TRIAL_OFFICERS:
        if officers.get(tx, id_) is None:
            officers.add(tx, Officer(id_, name, role, called), ward, tx.now)
        token = secrets.token_hex(16)
        invites.make(tx, token, Invite(Opens.DESK, id_), tx.now + LINK_FOR)
        links.append((name, token))
    return links


def has_lead(tx: Tx, ward: str) -> bool:
    """Tell whether somebody leads."""
    return any(one.role == Role.LEAD for one in officers.roster(tx, ward))


def announce(
    there: Base, running: app.App, links: list[tuple[str, str]], *, closed: bool = False
) -> None:
    """Print where to look. `closed`: the ward has not opened its doors to the public yet."""
    port = next(
        (s.getsockname()[1] for server in running.server.servers for s in server.sockets),
        there.settings.port,
    )
    address = there.settings.public_url or f"http://{there.settings.host}:{port}"
    lines = [f"Lắng Nghe · {there.ward.name}", f"Trang nhắn tin / chat:  {address}/"]
    if there.settings.trial:
        lines.insert(1, "BẢN THỬ, KHÔNG AI ĐỌC / TRIAL, NOBODY READS")
    lines += [
        f"Bàn cán bộ / desk, {name} (một lần / once):  {address}/desk/vao/{token}"
        for name, token in links
    ]
    if closed:
        lines.append(NOT_OPEN)
    if there.settings.telegram_token:
        lines.append("Telegram: đã bật / on")
    print("\n".join(lines), flush=True)
