"""The documents are true of the code: every setting, command, alarm, link, table and limit."""

import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot import config, disk
from bot.alarms import meanings
from bot.commands import COMMANDS as COMMAND_LINE
from bot.health import UNSERVED
from handlers import front
from handlers.cases import Status
from storage import guard
from storage.db import Database
from storage.seal import RootKey, Seal
from tools import alarms, moves, privacy

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.vi.md")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MAKE = re.compile(r"`make ([a-z]+)|^make ([a-z]+)(?= *(?:#|$))", re.MULTILINE)
ENV_LINE = re.compile(r"^([A-Z_]+)=", re.MULTILINE)


def tracked() -> list[Path]:
    """Every file of the repository, also those not committed yet."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


def pages() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md"]


def text(path: Path) -> str:
    return path.read_text("utf-8")


def code(*folders: str) -> str:
    """All source of these folders of the product, as one text."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return "\n".join(map(text, paths))


# settings and commands


def test_the_example_of_settings_names_all_of_them_once_in_their_order() -> None:
    assert tuple(ENV_LINE.findall(text(ROOT / ".env.example"))) == config.NAMES


def test_the_example_as_it_is_changes_nothing() -> None:
    problems: list[str] = []
    assert config.read_env_file(ROOT / ".env.example", problems) == {}
    assert problems == []


def explained() -> dict[str, str]:
    """Give the comment above each setting of the example; a second one below shares it."""
    found: dict[str, str] = {}
    comment, fresh = "", True
    for line in text(ROOT / ".env.example").splitlines():
        if line.startswith("#"):
            comment, fresh = line if fresh else f"{comment}\n{line}", False
        elif name := ENV_LINE.match(line):
            found[name[1]], fresh = comment, True
    return found


def test_each_setting_is_explained_and_the_unsupported_ones_say_so() -> None:
    for name, comment in explained().items():
        assert len(comment) > 20, name
        unsupported = "CHƯA DÙNG ĐƯỢC" in comment and "NOT SUPPORTED YET" in comment
        assert unsupported == (name in config.NOT_YET), name


def test_every_setting_stands_in_the_operators_table() -> None:
    section = text(DOCS / "operations.md").partition("## Settings")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    for name in config.NAMES:
        found = [row for row in rows if f"`{name}`" in row]
        assert len(found) == 1, name
        assert ("not supported yet" in found[0]) == (name in config.NOT_YET), name


def test_the_documented_defaults_are_the_programs(tmp_path: Path) -> None:
    settings = config.read({}, tmp_path)
    table = text(DOCS / "operations.md")
    assert f"| `WEB_HOST`, `WEB_PORT` | `{settings.host}`, `{settings.port}` |" in table
    assert f"| `TELEGRAM_API_URL` | `{settings.telegram_api}` |" in table
    assert f"| `LOG_LEVEL` | `{settings.log_level}` |" in table
    assert settings.trial
    assert str(settings.database.relative_to(tmp_path)).startswith("data/trial/")


def test_every_make_target_mentioned_exists_and_every_one_is_mentioned() -> None:
    targets = set(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE))
    mentioned = {first or second for page in pages() for first, second in MAKE.findall(text(page))}
    assert mentioned <= targets, mentioned - targets
    assert targets - mentioned <= {"browser"}, targets - mentioned


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_a_readme_begins_with_the_two_commands_and_five_steps(readme: Path) -> None:
    said = text(readme)
    assert said.index("make run") < said.index("make test") < said.index("@BotFather")
    telegram = next(part for part in said.split("\n## ") if part.startswith("Telegram"))
    assert re.findall(r"^(\d)\. ", telegram, re.MULTILINE) == list("12345")


def test_every_command_of_the_command_line_is_documented() -> None:
    table = text(DOCS / "commands.md").rpartition("## At the command line")[2]
    documented = set(re.findall(r"^\| `(\w+)", table, re.MULTILINE))
    assert documented == set(COMMAND_LINE)
    told = {name for page in pages() for name in re.findall(r"-m bot (\w+)", text(page))}
    assert told <= set(COMMAND_LINE)


def test_every_command_of_the_chat_is_documented() -> None:
    table = text(DOCS / "commands.md").partition("## Officers")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    documented = {name for cell in first_cells for name in re.findall(r"`(/\w+)`", cell)}
    assert documented == {word for word in front.COMMANDS if word.startswith("/")}


# operations


def test_every_alarm_is_in_the_operators_table() -> None:
    raised = set(re.findall(r"\b(?:alarms|fault)\(\s*\"([a-z-]+)\"", code("bot")))
    table = text(DOCS / "operations.md").partition("## Alarms")[2]
    assert raised
    assert raised == set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))
    assert raised == set(meanings()), "bot/alarms.toml explains each, in letters as well"


def test_every_alarm_is_explained_in_both_languages() -> None:
    for name, both in meanings().items():
        assert set(both) == {"vi", "en"}, name
        for said in both.values():
            assert min(len(said.happened), len(said.do)) > 5, name
            assert "|" not in said.happened + said.do, name


def test_what_silences_the_monitor_is_told_and_stands_among_the_problems() -> None:
    section = text(DOCS / "operations.md").partition("## Check, health")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    assert rows >= UNSERVED
    silence = section.partition("not called while")[2].partition("is among")[0]
    assert set(re.findall(r"`([a-z-]+)`", silence)) == UNSERVED


def test_the_watermarks_of_the_disk_are_told_with_their_own_numbers() -> None:
    told = text(DOCS / "operations.md")
    assert f"from {disk.MEDIA_AT * 100:.0f} %" in told
    assert f"At {disk.FULL_AT * 100:.0f} %" in told
    assert f"{disk.BALLAST_BYTES >> 20} MiB" in told
    assert f"`{disk.BALLAST}`" in told


def test_log_lines_worth_watching_are_in_the_code() -> None:
    watched = text(DOCS / "operations.md").partition("Worth watching")[2].partition("\n\n")[0]
    lines = [" ".join(line.split()) for line in re.findall(r"`([a-z' \n]{12,})`", watched)]
    assert len(lines) == 4
    for line in lines:
        assert line in code("bot"), line


def test_every_state_of_a_case_has_its_step_of_the_law() -> None:
    table = text(DOCS / "glossary.md").partition("## The case's states")[2]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == [str(one) for one in Status]


# generated pages


@pytest.mark.parametrize("tool", [moves, privacy, alarms], ids=["moves", "privacy", "alarms"])
def test_a_generated_page_is_up_to_date(tool: object) -> None:
    name = getattr(tool, "__name__", "")
    assert tool.TARGET.read_text("utf-8") == tool.draw(), f"run: python -m {name}"


async def test_every_table_and_column_of_the_database_has_its_sentence(tmp_path: Path) -> None:
    told = {name: list(table.columns) for name, table in privacy.tables().items()}
    async with await Database.open(tmp_path / "own" / "x.db", Seal(RootKey(bytes(32)))) as db:
        there = await db.read(
            lambda tx: {
                row["name"]: [
                    column["name"]
                    for column in tx.all("select name from pragma_table_info(?)", row["name"])
                ]
                for row in tx.all(
                    "select name from sqlite_master where type = 'table'"
                    " and name not like 'sqlite_%'"
                )
            }
        )
    assert told == there


def test_a_column_without_its_sentence_is_refused() -> None:
    with pytest.raises(privacy.UncommentedError, match=r"secret\.name"):
        privacy.take_in({}, "-- What it is.\ncreate table secret (\n    name text\n) strict;")
    with pytest.raises(privacy.UncommentedError, match="secret"):
        privacy.take_in({}, "create table secret (\n    -- A name.\n    name text\n) strict;")


def test_a_later_migration_is_followed() -> None:
    found: dict[str, privacy.Table] = {}
    privacy.take_in(found, "-- Old.\ncreate table a (\n    -- First.\n    x text\n) strict;")
    privacy.take_in(found, "-- Second.\nalter table a add column y integer not null default 0;")
    privacy.take_in(found, "alter table a rename to b;")
    assert {name: table.columns for name, table in found.items()} == {
        "b": {"x": "First.", "y": "Second."}
    }
    privacy.take_in(found, "drop table b;")
    assert found == {}
    with pytest.raises(ValueError, match="does not understand"):
        privacy.take_in(found, "vacuum;")


# honesty

BOT = ("bot", "handlers", "storage")
MISSING: dict[str, Callable[[], bool]] = {
    "Zalo": lambda: "ZALO_BOT_TOKEN" in config.NOT_YET,
    "Wiping a chat": lambda: "visible.of_person(" not in code(*BOT),
    "Shifts": lambda: "duty=False" not in code(*BOT) and "officers.change(" not in code(*BOT),
    "Working states": lambda: not re.search(r"Status\.(VERIFYING|PLAN)", desk()),
    "Forms of the law": lambda: not re.search(r"docx|form_?01|mau_?01", code(*BOT), re.IGNORECASE),
    "PostgreSQL": lambda: "postgres" not in code("storage") + text(ROOT / "bot" / "config.py"),
    "Campaigns": lambda: "Class.CAMPAIGN" not in code("handlers"),
}
"""What the READMEs call missing, and how the code shows that it is. When you build one of these, a
line here fails: take the sentence out of README.md, README.vi.md and the pages in docs/, then here."""


def desk() -> str:
    return text(ROOT / "handlers" / "desk.py")


def bold(page: Path, head: str) -> list[str]:
    section = text(page).partition(f"\n## {head}\n")[2].partition("\n## ")[0]
    return re.findall(r"^- \*\*(.+?)\.\*\*", section, re.MULTILINE)


def test_what_is_called_missing_is_the_same_in_both_languages() -> None:
    assert bold(ROOT / "README.md", "Not built yet") == list(MISSING)
    assert len(bold(ROOT / "README.vi.md", "Chưa có")) == len(MISSING)


@pytest.mark.parametrize("name", MISSING)
def test_what_is_called_missing_is_missing(name: str) -> None:
    assert MISSING[name](), f"{name}: it is there now; the documents still say it is not"


def test_the_rule_that_stops_a_run_is_told_with_its_own_numbers() -> None:
    told = " ".join(text(DOCS / "decisions" / "0011-deleting-stops-and-asks.md").split())
    hours = guard.JUMP // timedelta(hours=1)
    for words in (f"{hours} hours", f"up to {guard.FEW} ", f"more than {guard.MANY} "):
        assert words in told, words
    assert guard.SHARE == 5
    assert "a fifth" in told


# links, places, decisions


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(text(page)):
        if not re.match(r"https?:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_named_in_a_document_is_there(page: Path) -> None:
    named = re.findall(r"`((?:bot|handlers|storage|tests|docs|tools)/[\w./]+)`", text(page))
    for name in named:
        assert (ROOT / name).exists(), name


def test_no_file_names_a_package_registry_or_a_place_of_some_machine() -> None:
    # put together here, so that this file does not name them either
    words = ["py" + "pi.org", "python" + "hosted", "npm" + "js", "regis" + "try.", "/tm" + "p/bash"]
    patterns = [re.escape(word) for word in words] + [r"(?<![\w.])/wo" + "rk/", r"\.\./sha" + "red"]
    forbidden = re.compile("|".join(patterns))
    found = {
        str(path.relative_to(ROOT)): match[0]
        for path in tracked()
        if path.suffix != ".png" and (match := forbidden.search(text(path)))
    }
    assert found == {}


def test_every_decision_has_its_number_a_title_and_a_date() -> None:
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(one.name[:4]) for one in decisions] == list(range(1, len(decisions) + 1))
    for one in decisions:
        head = text(one).splitlines()[:3]
        assert re.fullmatch(rf"# {one.name[:4]}\. \S.{{8,}}", head[0]), one.name
        assert re.fullmatch(r"Date: 20\d\d-\d\d-\d\d", head[2]), one.name


def test_pictures_are_small_and_all_are_shown() -> None:
    pictures = set((DOCS / "pictures").iterdir())
    for picture in pictures:
        assert picture.suffix == ".png"
        assert picture.stat().st_size < 150_000, picture.name
    for readme in READMES:
        shown = {readme.parent / target for target in LINK.findall(text(readme))}
        assert pictures <= shown


def test_every_promise_names_tests_that_exist_and_can_be_run() -> None:
    rows = [line for line in text(DOCS / "guarantees.md").splitlines() if line.startswith("| ")]
    assert len(rows) > 15
    for row in rows[1:]:
        named = re.findall(r"`(tests/[\w/]+\.py)`", row)
        assert named, row[:60]
        for one in named:
            assert re.search(r"^(?:async )?def test_", text(ROOT / one), re.MULTILINE), one
