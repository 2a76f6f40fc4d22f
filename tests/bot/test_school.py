"""Thirty children behind one school's address, at the real process: none is refused, none is lost.

A limit by address would silence a whole class; ours count connections and bytes only.
"""

import asyncio
import sqlite3
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests.bot.people import Browser
from tests.bot.process import Bot, installed

CHILDREN = 30


async def tells(browser: Browser, number: int) -> str:
    """A whole report, without a pause between its pages."""
    await browser.opens("/")
    for press in ("a.for.me", "a.now.no"):
        await browser.sends(choice=press)
    await browser.sends(text=f"em bị bắt nạt ở lớp, em số {number}")
    return await browser.sends(choice="go.send")


async def class_of(bot: Bot, stack: AsyncExitStack) -> list[Browser]:
    """Children at the school's machines, each with a connection of their own."""
    clients = [
        await stack.enter_async_context(
            httpx.AsyncClient(base_url=bot.address, trust_env=False, timeout=60)
        )
        for _ in range(CHILDREN)
    ]
    return [Browser(client) for client in clients]


def met(page: str) -> list[int]:
    """Whose words stand on a page."""
    return [n for n in range(CHILDREN) if f"em số {n}<" in page]


async def test_thirty_children_behind_one_address_are_all_heard_each_alone(tmp_path: Path) -> None:
    async with installed(tmp_path) as bot, AsyncExitStack() as stack:
        await bot.start()
        children = await class_of(bot, stack)
        pages = await asyncio.gather(*(tells(one, n) for n, one in enumerate(children)))
        assert sum("Đã gửi" in page for page in pages) == CHILDREN
        assert [met(page) for page in pages] == [[n] for n in range(CHILDREN)]
        with sqlite3.connect(bot.database) as db:
            [[many]] = db.execute("select count(*) from cases").fetchall()
            [[words]] = db.execute("select count(*) from entries where kind = 'words'").fetchall()
        db.close()
        assert (many, words) == (CHILDREN, CHILDREN)
        await bot.stop()
        assert "flood" not in bot.err
