"""The doctor on a ward where all is well, and on the same ward with one thing spoilt at a time."""

import asyncio
import dataclasses
import inspect
import json
import re
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.commands import COMMANDS
from bot.config import NAMES
from bot.disk import Space
from bot.doctor import Level, Report, examine, see
from bot.doctor import database as module
from bot.doctor.finding import Finding, found, names
from storage import officers, peek
from storage.committee import Private
from tests.bot.healthy import GIB, NOW, SETTINGS, build, change, copied, roomy, write_settings
from tests.bot.process import ROOT, installed
from tests.bot.wards import KEY, filled_in

Said = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("healthy")
    asyncio.run(build(directory))
    return directory


@pytest.fixture
def here(ward: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return copied(ward, tmp_path)


async def look(here: Path, now: datetime = NOW, space: Space | None = None) -> Report:
    return await see(here, now, offline=True, measure=roomy if space is None else lambda _: space)


def wrong(report: Report) -> set[str]:
    return {one.name for one in report.findings if one.level is not Level.NOTE}


async def test_a_ward_where_all_is_well(here: Path) -> None:
    report = await look(here)
    assert wrong(report) == set()
    assert [one.name for one in report.of(Level.NOTE)] == ["desk-at-night"]
    assert not report.patient.running


async def test_looking_changes_nothing(here: Path) -> None:
    def everything() -> dict[str, tuple[bytes, int, float]]:
        return {
            str(path.relative_to(here)): (
                path.read_bytes(),
                path.stat().st_mode,
                path.stat().st_mtime,
            )
            for path in here.rglob("*")
            if path.is_file()
        }

    before = everything()
    await look(here)
    assert everything() == before


Spoil = Callable[[Path], object]
"""What it gives is awaited if it can be."""


def setting(**changed: str) -> Spoil:
    """Change settings; an empty one is taken out."""

    def spoil(here: Path) -> None:
        settings = SETTINGS | changed
        write_settings(here, {name: value for name, value in settings.items() if value})

    return spoil


def mode(name: str, bits: int) -> Spoil:
    return lambda here: (here / name).chmod(bits)


def content(name: str, data: bytes) -> Spoil:
    def spoil(here: Path) -> None:
        (here / name).parent.mkdir(exist_ok=True)
        if (here / name).exists():
            (here / name).chmod(0o600)
        (here / name).write_bytes(data)

    return spoil


def replaced(old: str, new: str) -> Spoil:
    return lambda here: (here / "ward.toml").write_text(filled_in().replace(old, new), "utf-8")


def gone(name: str) -> Spoil:
    return lambda here: (here / name).unlink()


def key_at(name: str) -> Spoil:
    def spoil(here: Path) -> None:
        (here / KEY).rename(here / name)
        setting(SECRET_KEY_FILE=name)(here)

    return spoil


def sql(statement: str) -> Spoil:
    def spoil(here: Path) -> None:
        connection = sqlite3.connect(here / "data" / "lang-nghe.db", isolation_level=None)
        connection.execute(statement)
        connection.close()

    return spoil


def without(*people: str) -> Spoil:
    async def spoil(here: Path) -> None:
        await change(here, lambda tx: [officers.remove(tx, one) for one in people])

    return spoil


def no_backup(here: Path) -> None:
    for path in (here / "backups").glob("*.backup"):
        path.unlink()


def cut_backup(here: Path) -> None:
    whole = next((here / "backups").glob("*.backup"))
    cut = whole.with_name(re.sub(r"T\d{6}Z", "T070000Z", whole.name))
    cut.write_bytes(whole.read_bytes()[:100])


def old_backup(here: Path) -> None:
    whole = next((here / "backups").glob("*.backup"))
    whole.with_name(whole.name.replace("20261124", "20261020")).write_bytes(whole.read_bytes())


SPOILT: list[tuple[str, str, Spoil]] = [
    ("an unknown setting", "setting-wrong", setting(OFICER_CHAT="telegram:-100")),
    ("a readable .env", "env-readable", mode(".env", 0o644)),
    ("a ward.toml anybody writes", "ward-writable", mode("ward.toml", 0o666)),
    ("no public address", "public-url-missing", setting(PUBLIC_URL="")),
    ("a public address in clear", "public-url-plain", setting(PUBLIC_URL="http://phuong.example")),
    ("a made-up telephone", "ward-wrong", replaced("024 1357 2468", "024 1111 1111")),
    ("no telephone", "ward-wrong", replaced("024 1357 2468", "chưa có")),
    ("one telephone twice", "phones-same", replaced("1357 2469", "1357 2468")),
    ("no key", "key-missing", gone(KEY)),
    ("half a key", "key-short", content(KEY, b"ab" * 31)),
    ("a readable key", "key-readable", mode(KEY, 0o444)),
    ("a key beside the data", "key-beside", key_at("data/root.key")),
    ("a key among the backups", "key-in-backups", key_at("backups/root.key")),
    ("another key", "key-wrong", content(KEY, b"ab" * 32)),
    ("no committee key", "committee-missing", setting(COMMITTEE_KEY_FILE="")),
    (
        "a copying mistake",
        "committee-wrong",
        content("committee.pub", b"lang-nghe-committee-1 x y"),
    ),
    ("no such committee key", "committee-wrong", gone("committee.pub")),
    (
        "the private key",
        "committee-private",
        content("committee.pub", Private.new().text("mật khẩu").encode()),
    ),
    ("garbage", "data-damaged", content("data/lang-nghe.db", b"not a database" * 999)),
    ("a newer schema", "data-newer", sql("pragma user_version=9999")),
    ("a cut off rotation", "data-rotating", sql("insert into meta values ('rotation', x'00')")),
    ("an open folder", "data-open", mode("data", 0o755)),
    (
        "a forged audit row",
        "audit-broken",
        sql("insert into audit (number, at, ward, act, chain) values (1, 1, 'x', 'open', x'00')"),
    ),
    ("a copy that was left", "copies-left", content("data/lang-nghe.before-2.db", b"")),
    ("a restored backup", "restore-held", sql("insert into meta values ('held', x'31')")),
    ("a ward that is not open", "not-open", sql("delete from meta where name like 'open%'")),
    ("no lead", "no-lead", without("a")),
    ("one person", "one-person", without("a")),
    ("no independent contact", "no-independent", without("c")),
    ("nobody at the desk", "nobody-reachable", sql("delete from sessions")),
    ("no road", "no-road", setting(ALERT_HOOK="")),
    ("no monitor", "no-monitor", setting(MONITOR_URL="")),
    ("no backup", "backup-none", no_backup),
    ("a cut backup", "backup-broken", cut_backup),
    ("an old backup", "backup-kept", old_backup),
    ("an open copy", "backup-plain", content("backups/x.db", b"SQLite format 3\0...")),
]
TOGETHER = {
    "no lead": {"one-person"},
    "one person": {"no-lead"},
}
"""What goes with it, of necessity."""


@pytest.mark.parametrize(("what", "name", "spoil"), SPOILT, ids=[row[0] for row in SPOILT])
async def test_each_thing_that_is_wrong_is_named_and_nothing_else(
    here: Path, what: str, name: str, spoil: Spoil
) -> None:
    done = spoil(here)
    if inspect.isawaitable(done):
        await done
    report = await look(here)
    assert wrong(report) == {name} | TOGETHER.get(what, set())
    assert exit_status(report) in {1, 78}


def exit_status(report: Report) -> int:
    return 78 if report.of(Level.MUST) else 1 if report.of(Level.SHOULD) else 0


@pytest.mark.parametrize(
    ("later", "name"),
    [
        (timedelta(hours=27), {"backup-old", "nobody-reachable"}),
        (timedelta(hours=49), {"backup-old", "nobody-reachable", "clock-jumped"}),
        (timedelta(hours=-1), {"clock-behind"}),
    ],
)
async def test_a_clock_that_is_wrong_and_what_has_grown_old(
    here: Path, later: timedelta, name: set[str]
) -> None:
    assert wrong(await look(here, NOW + later)) == name


@pytest.mark.parametrize(
    ("free", "name"),
    [
        (16 * GIB, set()),
        (14 * GIB, {"disk-low"}),
        (5 * GIB, {"disk-low"}),
        (4 * GIB, {"disk-out"}),
    ],
)
async def test_a_disk_that_fills(here: Path, free: int, name: set[str]) -> None:
    assert wrong(await look(here, space=Space(100 * GIB, free))) == name
    assert wrong(await look(here, space=Space(2 * GIB, GIB - 1))) == {"disk-low"}


async def test_a_pending_upgrade_is_named_and_not_made(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = peek.scripts()
    monkeypatch.setattr(peek, "scripts", lambda: [*known, (len(known) + 1, Path("next.sql"))])
    before = (here / "data" / "lang-nghe.db").read_bytes()
    assert wrong(await look(here)) == {"data-older"}
    assert (here / "data" / "lang-nghe.db").read_bytes() == before


async def test_an_officer_with_a_chat_of_their_own_is_a_road(here: Path) -> None:
    setting(ALERT_HOOK="", TELEGRAM_BOT_TOKEN="7000000001:AA-not-a-real-token-only-for-tests")(here)
    assert wrong(await look(here)) == {"no-road"}
    await change(
        here,
        lambda tx: tx.run(
            "insert into people (id, address_index, address, channel, pull, profile, seen, officer)"
            " values ('x', x'00', x'00', 'telegram', 0, x'00', 0, 'a')"
        ),
    )
    assert wrong(await look(here)) == set()


async def test_a_journal_that_grows_and_a_drive_of_another_machine(
    here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nnas:/x {here}/data nfs4 rw 0 0\n")
    database = here / "data" / "lang-nghe.db"
    assert module.remote(database, mounts)
    mounts.write_text(f"nas:/x / nfs4 rw 0 0\n/dev/vdb {here}/data ext4 rw 0 0\n")
    assert not module.remote(database, mounts)
    monkeypatch.setattr(module, "LARGE_JOURNAL", 10)
    monkeypatch.setattr(module, "MOUNTS", mounts)
    (here / "data" / "lang-nghe.db-wal").write_bytes(b"")
    with (here / "data" / "lang-nghe.db-wal").open("wb") as file:
        file.truncate(100)
    found_ = {one.name for one in module.files(database)}
    assert found_ == {"journal-large"}


# its words


def test_everything_it_may_say_is_said_in_two_languages_and_can_be_found() -> None:
    code = "\n".join(p.read_text("utf-8") for p in sorted((ROOT / "bot/doctor").glob("*.py")))
    for name in names():
        assert f'"{name}"' in code, name
        for language in ("vi", "en"):
            assert all(dataclasses.astuple(Finding(name, GAPS).words(language))), name
    said = set(re.findall(r'found\(\s*"([a-z-]+)"', code))
    assert said <= set(names())


GAPS = dict.fromkeys(
    ["problem", "row", "size", "many", "hours", "problems", "days", "seconds", "place", "percent"],
    "…",
)


def test_commands_that_it_names_are_there() -> None:
    text = (ROOT / "bot/doctor/findings.toml").read_text("utf-8")
    assert set(re.findall(r"python -m bot (\w+)", text)) <= set(COMMANDS)
    assert set(re.findall(r"\b([A-Z]+_[A-Z_]+)\b", text)) <= set(NAMES)


# as a command


def test_the_command_says_all_and_gives_the_status_for_a_monitor(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.chdir(here)
    setting(ALERT_HOOK="", MONITOR_URL="")(here)
    assert main(["check", "--offline"]) == 78
    said = capsys.readouterr().err
    assert said.index("[no-road]") < said.index("[no-monitor]") < said.index("[desk-at-night]")
    assert "Nothing rings at night" in said
    assert "hai giờ sáng" in said
    assert main(["check", "--offline", "--json"]) == 78
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == 78
    assert {"name": "no-road", "level": "must"} in told["findings"]
    assert all(set(one) == {"name", "level"} for one in told["findings"])


def test_nothing_secret_and_nobodys_number_is_said(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    secrets = {
        "TELEGRAM_BOT_TOKEN": "7000000001:AA-dau-token-aaaaaaaaaaaaaaaaaaaaaaaa",
        "SMTP_URL": "smtps://dau-user:dau-pass@127.0.0.1:9",
        "ALARM_TO": "dau-hop-thu@phuong.example",
        "ALERT_HOOK": "http://127.0.0.1:9/dau-hook",
        "MONITOR_URL": "http://127.0.0.1:9/dau-canh",
        "PUBLIC_URL": "https://127.0.0.1:9/dau-trang",
        "TELEGRAM_API_URL": "http://127.0.0.1:9",
        "OFFICER_CHAT": "telegram:-1009000000077",
    }
    setting(**secrets)(here)
    with (here / ".env").open("a") as file:
        file.write("WRONG_dau-ten=dau-gia-tri\n")
    monkeypatch.chdir(here)
    for how in ([], ["--json"], ["--offline"]):
        assert main(["check", *how]) == 78
        both = capsys.readouterr()
        for said in (both.out, both.err):
            assert "dau-" not in said
            assert "9000000077" not in said
            assert "1357" not in said
            for name in ("Cô Hạ", "Chú Thu"):
                assert name not in said
    assert found("roads-dead").level is Level.MUST


async def test_it_looks_beside_a_running_process(tmp_path: Path) -> None:
    async with installed(tmp_path) as bot:
        await bot.start()
        said = await bot.command("check", "--json")
        assert said.code == 0, said
        assert json.loads(said.out) == {"status": 0, "findings": []}
        patient = examine(tmp_path, NOW)
        assert patient.running
        assert bot.running
        assert await bot.stop() == 0
        assert bot.err == ""
        said = await bot.command("check", "--json")
        assert [one["name"] for one in json.loads(said.out)["findings"]] == ["not-running"]
        assert not bot.database.with_name("lang-nghe.db-wal").exists()
