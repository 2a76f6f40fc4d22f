"""Played inside a mount namespace of its own: the real process on a disk that fills up, turns read-only,
or is locked by somebody. Nothing is acknowledged that is not on the disk; afterwards all is there.

Run by test_small_disk.py: `unshare --mount --map-root-user python -m tests.programme.small_disk <what> <dir>`
"""

import asyncio
import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from handlers.effects import EntryKind
from storage import cases, entries
from storage.file import open_reader
from storage.rootkey import load_root_key
from storage.seal import Seal
from storage.tx import Tx
from tests.bot.people import HIDDEN
from tests.bot.process import Bot
from tests.world import BEGIN

MB = 1024 * 1024
SIZE = 96 * MB
DANGER = "có người đang đánh em, cứu em với"


class Child:
    """Somebody at the real page; remembers which words were acknowledged."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.page = ""
        self.acknowledged: list[str] = []
        self.refused: list[str] = []

    async def says(self, words: str) -> bool:
        """Send words; give whether the answer acknowledged them. A refusal must name 111."""
        try:
            async with httpx.AsyncClient(base_url=self.bot.address, timeout=60) as http:
                first = await http.get("/")
                form = first.text[first.text.index('<form id="talk"') :]
                hidden = dict(HIDDEN.findall(form[: form.index("</form>")]))
                answer = await http.post("/", data=hidden | {"text": words}, follow_redirects=True)
        except httpx.HTTPError:
            self.refused.append(words)  # the process has ended: no answer is no acknowledgement
            return False
        if answer.status_code == 200:
            self.acknowledged.append(words)
            return True
        assert answer.status_code >= 500, answer.status_code
        assert "tel:111" in answer.text, f"an error page without 111: {answer.text[:300]}"
        self.refused.append(words)
        return False


def kept(bot: Bot) -> set[str]:
    """Give every word of a reporter that is in the database."""
    key = load_root_key(bot.database.parent / "key" / "root.key", None)
    connection = open_reader(bot.database)
    try:
        assert connection.execute("pragma integrity_check").fetchone()[0] == "ok"
        tx = Tx(connection, Seal(key), BEGIN)
        board = cases.board(tx, "phuong-mau")
        found = [entry for case in board for entry in entries.of_case(tx, case.id)]
        return {entry.text for entry in found if entry.kind is EntryKind.WORDS}
    finally:
        connection.close()


async def again(bot: Bot, child: Child) -> None:
    """Go on once the fault is over, with a start where it has ended the process."""
    async with asyncio.timeout(120):
        while not await child.says(f"{DANGER}, lúc sau"):
            if not bot.running:
                await bot.start()
            await asyncio.sleep(0.2)


async def full(bot: Bot, child: Child) -> None:
    """Fill the disk to the last byte."""
    filler = bot.directory / "filler"
    handle = os.open(filler, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(handle, bytes(64 * 1024)):
            continue
    os.close(handle)
    told = [await child.says(f"{DANGER}, lúc đầy {n}") for n in range(40)]
    assert not all(told), "a full disk was never noticed"
    filler.unlink()


async def read_only(bot: Bot, child: Child) -> None:
    """Let nothing be written any more: it must not even start, and must say why."""
    await bot.stop()  # what is open for writing keeps a disk from turning read-only
    subprocess.run(["mount", "-o", "remount,ro", str(bot.directory)], check=True)
    await bot.begin()
    assert await bot.ended() == 78
    assert "DATABASE_URL" in bot.err
    subprocess.run(["mount", "-o", "remount,rw", str(bot.directory)], check=True)
    await bot.start()
    del child


async def locked(bot: Bot, child: Child) -> None:
    """Let something else hold the database for longer than anybody waits."""
    other = sqlite3.connect(bot.database, isolation_level=None)
    other.execute("begin immediate")
    assert not await child.says(f"{DANGER}, lúc bị khóa"), "acknowledged though nothing was written"
    other.execute("rollback")
    other.close()


async def play(what: Callable[[Bot, Child], Awaitable[None]], directory: Path) -> None:
    """Before, during and after the fault."""
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(directory)], check=True
    )
    bot = Bot(directory, {"WEB_PORT": "0"})
    await bot.start()
    child = Child(bot)
    assert await child.says(f"{DANGER}, lúc đầu")
    await what(bot, child)
    await again(bot, child)
    assert await bot.stop() == 0
    there = kept(bot)
    lost = [words for words in child.acknowledged if words not in there]
    assert not lost, f"acknowledged and lost: {lost}"
    print(f"{len(child.acknowledged)} acknowledged, {len(child.refused)} refused, none lost")


if __name__ == "__main__":
    FAULTS = {"full": full, "read_only": read_only, "locked": locked}
    asyncio.run(play(FAULTS[sys.argv[1]], Path(sys.argv[2])))
