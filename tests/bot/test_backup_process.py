"""The real process: a backup beside it under load, a restore, and a kill in the middle of a backup."""

import asyncio
import json
import signal
import stat
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from handlers.effects import EntryKind
from storage import cases, entries, kept
from storage.db import Database
from storage.restore import unpack
from storage.rootkey import load_root_key
from storage.seal import Seal
from tests.bot.process import GROUP, PATIENCE_S, Bot, at_telegram, installed
from tests.fakes.telegram import FakeTelegram

HANGS = """
import sys, time
from storage import backup
from bot.__main__ import main

def hang(*_):
    time.sleep(600)

backup.digest = hang
sys.exit(main(sys.argv[1:]))
"""
"""A backup that is caught in the middle: the plain copy and the sealed one are on the disk."""


async def wait_for(state: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not state():
            await asyncio.sleep(0.02)


def health(bot: Bot) -> list[str]:
    try:
        with urllib.request.urlopen(f"{bot.address}/healthz") as answer:
            return list(json.load(answer)["problems"])
    except urllib.error.HTTPError as unwell:
        return list(json.load(unwell)["problems"])


def story(child: int) -> str:
    return f"em hay bị bạn bắt nạt ở lớp, em là số {child}"


def backups(bot: Bot) -> list[Path]:
    return sorted((bot.database.parent / "backups").glob("*.backup"))


async def told(bot: Bot, file: Path) -> set[str]:
    """Give the stories of the cases in a backup."""
    root = load_root_key(bot.database.parent / "key" / "root.key", None)
    scratch = bot.directory / "scratch"
    scratch.mkdir(mode=0o700)
    unpack(file, (root, None), scratch / "x.db")
    async with await Database.open(scratch / "x.db", Seal(root)) as db:
        board = await db.read(lambda tx: cases.board(tx, "phuong-mau", most=10_000))
        lines = [await db.read(lambda tx, c=case.id: entries.of_case(tx, c)) for case in board]
    return {e.text for case in lines for e in case if e.kind is EntryKind.WORDS}


async def test_a_backup_under_load_a_loss_and_a_restore(tmp_path: Path) -> None:
    async with FakeTelegram(flood=False) as tg:
        tg.group(GROUP)
        async with installed(tmp_path, at_telegram(tg)) as bot:
            await bot.start()
            first, during = range(700_001, 700_009), range(700_009, 700_025)
            for child in first:
                tg.say(child, story(child))
                tg.say(child, "gửi luôn")
            await tg.wait_for(lambda: all(len(tg.from_bot(c)) >= 2 for c in first), PATIENCE_S)
            for child in during:
                tg.say(child, story(child))
                tg.say(child, "gửi luôn")
            made = await bot.command("backup")
            assert made.code == 0, made.err
            (file,) = backups(bot)
            await tg.wait_for(lambda: not tg.pending, PATIENCE_S)
            assert {story(child) for child in first} <= await told(bot, file)
            running = await bot.command("restore", str(file), "--replace")
            assert running.code == 78
            await bot.kill()
            restored = await bot.command("restore", str(file), "--replace")
            assert restored.code == 0, restored.err
            (aside,) = bot.database.parent.glob("*.replaced-*.db")
            assert stat.S_IMODE(aside.stat().st_mode) == 0o600

            before = len(tg.from_bot(GROUP))
            await bot.start()
            assert "restore-held" in health(bot)
            tg.say(700_100, "bố đang đánh em, cứu em với")
            await tg.wait_for(lambda: len(tg.from_bot(GROUP)) > before, PATIENCE_S)
            new = [shown.text for shown in tg.from_bot(GROUP)[before:]]
            assert all("P1" in text for text in new), "an old card was shown while it is held"
            confirmed = await bot.command("restore", "confirm")
            assert confirmed.code == 0, confirmed.err
            assert await bot.stop() == 0


async def test_a_kill_in_the_middle_leaves_no_plain_copy_after_the_next_start(
    tmp_path: Path,
) -> None:
    async with installed(tmp_path) as bot:
        await bot.start()
        assert await bot.stop() == 0
        plain = kept.copying(bot.database)
        folder = bot.database.parent / "backups"
        (tmp_path / "hangs.py").write_text(HANGS)
        bot.script = (str(tmp_path / "hangs.py"),)
        process = await bot.spawn("backup")
        await wait_for(lambda: any(folder.glob(".*.partial")))
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        assert plain.exists()
        bot.script = ("-m", "bot")
        await bot.start()
        assert not plain.exists()
        assert {path.name for path in folder.iterdir()} <= {".lock"}
        assert await bot.stop() == 0
