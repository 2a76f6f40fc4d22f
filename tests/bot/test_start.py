"""Starting, and refusing to start: a real ward set up step by step, and each thing that is wrong.

Whatever is wrong is said before any platform hears of us: the exit status is 78.
"""

import asyncio
import os
import re
import shutil
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.bot.people import Browser, Person
from tests.bot.process import GROUP, Bot, at_telegram, installed
from tests.bot.wards import KEY, filled_in, write_ward
from tests.fakes.telegram import FakeTelegram

LEAD, CHILD = 1001, 55501


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete installation of a real ward that has never run; copy it."""
    directory = tmp_path_factory.mktemp("ward")
    write_ward(directory)

    async def set_up() -> None:
        async with installed(directory, {"SECRET_KEY_FILE": KEY}) as bot:
            assert (await bot.command("keys", "init")).code == 0
            await bot.invited("Cô Hạ", "lead", chat=False)
            said = await bot.command("check", "--offline")
            assert "PHẢI SỬA" in said.err
            assert re.findall(r"\[([a-z-]+)\]", said.err)[:1] == ["no-road"]

    asyncio.run(set_up())
    return directory


def copied(ward: Path, to: Path) -> Path:
    return Path(shutil.copytree(ward, to / "ward"))


async def test_a_real_ward_is_set_up_step_by_step_and_told_each_time_what_is_missing(
    tmp_path: Path,
) -> None:
    async with FakeTelegram() as tg:
        tg.group(GROUP, admins=[LEAD])
        async with installed(tmp_path, at_telegram(tg)) as bot:
            write_ward(tmp_path, filled_in().replace('"024 1357 2468"', '"chưa có"'))
            (tmp_path / ".env").write_text("SECRET_KEY=keys/root.key\n", "utf-8")
            for command in ("check --offline", "run", "invite --name Cô --role lead"):
                said = await bot.command(*command.split())
                assert said.code == 78
                for missing in ("SECRET_KEY_FILE?", "SECRET_KEY_FILE:", "ward.toml: phones.office"):
                    assert missing in said.err, command

            write_ward(tmp_path)
            (tmp_path / ".env").write_text(f"SECRET_KEY_FILE={KEY}\n", "utf-8")
            said = await bot.command("check", "--offline")
            assert (said.code, "keys init" in said.err) == (78, True)
            assert (await bot.command("keys", "init")).code == 0
            for command in ("check --offline", "run"):
                said = await bot.command(*command.split())
                assert said.code == 78
                assert "bot invite --role lead" in said.err
            _, token = await bot.invited("Cô Hạ", "lead")
            said = await bot.command("check", "--offline")
            assert (said.code, "phường Hoa Sen" in said.err) == (78, True)
            assert "[no-road]" in said.err
            assert "[no-lead]" not in said.err
            assert (tg.sent, tg.polls) == ([], 0)

            await bot.start()
            assert "BẢN THỬ" not in bot.out
            assert bot.links == []
            assert "Cô Hạ" in (await Person(tg, LEAD).starts(token)).text
            said = await bot.command("check")
            assert said.code == 1, said.err
            assert "[one-person]" in said.out
            assert "[not-running]" not in said.out
            first = await Person(tg, CHILD).starts()
            assert "BẢN THỬ" not in first.text
            assert await bot.stop() == 0
            assert bot.err == ""
        assert tg.refusals == []


async def test_an_invited_lead_opens_the_real_desk(ward: Path, tmp_path: Path) -> None:
    async with installed(copied(ward, tmp_path), {"SECRET_KEY_FILE": KEY}) as bot:
        desk, _ = await bot.invited("Chú Thu", "officer", chat=False)
        await bot.opened()
        await bot.start()
        assert "NOT OPEN" not in bot.out
        async with httpx.AsyncClient(base_url=bot.address, trust_env=False) as http:
            page = Browser(http)
            assert await page.enters(desk) == 303
            assert "Chú Thu" in page.page


Spoil = Callable[[Bot], None]


def key_is_gone(bot: Bot) -> None:
    (bot.directory / KEY).unlink()


def key_is_open(bot: Bot) -> None:
    (bot.directory / KEY).chmod(0o444)


def key_is_another(bot: Bot) -> None:
    (bot.directory / KEY).chmod(0o600)
    (bot.directory / KEY).write_text(os.urandom(32).hex() + "\n")


def key_is_short(bot: Bot) -> None:
    (bot.directory / KEY).chmod(0o600)
    (bot.directory / KEY).write_text("ab" * 31)


def key_lies_beside(bot: Bot) -> None:
    shutil.move(bot.directory / KEY, bot.directory / "data" / "root.key")
    bot.settings["SECRET_KEY_FILE"] = "data/root.key"


def key_lies_below(bot: Bot) -> None:
    (bot.directory / "data" / "keys").mkdir(mode=0o700)
    shutil.move(bot.directory / KEY, bot.directory / "data" / "keys" / "root.key")
    bot.settings["SECRET_KEY_FILE"] = "data/keys/root.key"


def schema_is_newer(bot: Bot) -> None:
    connection = sqlite3.connect(bot.directory / "data" / "lang-nghe.db")
    connection.execute("pragma user_version=9999")
    connection.close()


def database_is_garbage(bot: Bot) -> None:
    for name in ("lang-nghe.db", "lang-nghe.db-wal", "lang-nghe.db-shm"):
        (bot.directory / "data" / name).unlink(missing_ok=True)
    (bot.directory / "data" / "lang-nghe.db").write_bytes(b"not a database" * 999)


def setting_is_unknown(bot: Bot) -> None:
    (bot.directory / ".env").write_text("TELEGRAM_BOT_TOKN=1234567:a-secret\n", "utf-8")


def ward_has_an_unknown_key(bot: Bot) -> None:
    write_ward(bot.directory, filled_in().replace("[keep]", "[keep]\nkeep_weeks = 3"))


def ward_is_no_toml(bot: Bot) -> None:
    write_ward(bot.directory, filled_in() + "\nđây không phải TOML\n")


WRONG: dict[Spoil, str] = {
    key_is_gone: "keys recover --words",
    key_is_open: "chmod 400",
    key_is_another: "SECRET_KEY_FILE",
    key_is_short: "64 ký tự",
    key_lies_beside: "nằm cạnh dữ liệu",
    key_lies_below: "nằm cạnh dữ liệu",
    schema_is_newer: "bản mới hơn",
    database_is_garbage: "DATABASE_URL",
    setting_is_unknown: "TELEGRAM_BOT_TOKEN?",
    ward_has_an_unknown_key: "keep_weeks",
    ward_is_no_toml: "ward.toml",
}


@pytest.mark.parametrize("spoil", WRONG, ids=lambda spoil: spoil.__name__)
async def test_nothing_is_called_when_something_is_wrong(
    ward: Path, tmp_path: Path, spoil: Spoil
) -> None:
    async with FakeTelegram() as tg:
        settings = at_telegram(tg, SECRET_KEY_FILE=KEY)
        async with installed(copied(ward, tmp_path), settings) as bot:
            spoil(bot)
            said = await bot.command("run")
            assert said.code == 78, said
            assert WRONG[spoil] in said.err
            assert "Traceback" not in said.err
            assert "a-secret" not in said.err
            assert tg.token not in said.err
        assert (tg.sent, tg.polls, tg.refusals) == ([], 0, [])


async def test_a_second_process_on_the_same_data_is_refused(tmp_path: Path) -> None:
    async with FakeTelegram() as tg, installed(tmp_path, at_telegram(tg)) as bot:
        await bot.start()
        await tg.wait_for(lambda: tg.polls)
        calls = len(tg.sent)
        said = await bot.command("run")
        assert (said.code, "It runs already" in said.err) == (78, True)
        assert len(tg.sent) == calls
        assert bot.running
        await bot.kill()
        await bot.start()


async def test_a_port_in_use_is_said_and_ends_the_process(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        async with installed(tmp_path, {"WEB_PORT": port}) as bot:
            said = await bot.command("run")
            assert (said.code, "WEB_PORT" in said.err) == (78, True)
            assert "Traceback" not in said.err
