"""What is shipped for a server names what is really there: settings, files, ports, numbers."""

import re
import tomllib
from pathlib import Path

import pytest

from bot import config
from bot.commands import COMMANDS

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PORT = "8111"


def text(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


@pytest.mark.parametrize("name", ["lang-nghe.service", "lang-nghe", "Containerfile"])
def test_every_setting_in_it_is_one_of_ours(name: str) -> None:
    named = set(re.findall(r"\b([A-Z]+(?:_[A-Z]+)+)=", text(name))) - {"PYTHONDONTWRITEBYTECODE"}
    known = named & set(config.NAMES)
    assert {"DATABASE_URL", "SECRET_KEY_FILE", "WARD_FILE", "BACKUP_DIR"} <= known
    assert named - known <= set(), named - known


def test_service_and_command_run_on_the_same_places() -> None:
    places = re.compile(r"(DATABASE_URL|BACKUP_DIR|WARD_FILE)=(\S+)")
    assert dict(places.findall(text("lang-nghe.service"))) == dict(
        places.findall(text("lang-nghe"))
    )
    for name in ("lang-nghe.service", "lang-nghe"):
        assert "root.key:/etc/lang-nghe/root.key" in text(name)
        assert "/opt/lang-nghe/.venv/bin/python -m bot" in text(name)


def test_the_service_leaves_no_dump_no_swap_and_no_way_out() -> None:
    unit = text("lang-nghe.service")
    for line in (
        "LimitCORE=0",
        "MemorySwapMax=0",
        "UMask=0077",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=\n",
        "ProtectSystem=strict",
        "Restart=always",
        "RestartPreventExitStatus=78 ",
    ):
        assert f"\n{line}" in unit, line


def test_no_server_file_logs_a_visitor() -> None:
    caddy = text("Caddyfile")
    site = caddy[caddy.index("phuong.example {") :]
    assert not re.search(r"^\s*log\b", site, re.MULTILINE)
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        assert f"header_up -{header}" in site
    assert f"127.0.0.1:{PORT}" in site
    assert "/healthz /metrics" in site


def test_the_page_for_an_outage_needs_nothing_but_itself() -> None:
    page = text("outage.html")
    for number in ("111", "113", "115"):
        assert f'href="tel:{number}"' in page
    assert "Thoát nhanh" in page
    assert "<script" not in page
    assert set(re.findall(r'https?://[^"]+', page)) == {"https://vi.wikipedia.org/"}


def test_the_image_holds_the_product_and_nothing_of_a_ward() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+)", text("Containerfile"), re.MULTILINE)
    assert sorted(copied) == ["bot", "handlers", "requirements.txt", "storage"]
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert ignored[0] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == set(copied)


def test_the_volumes_of_the_compose_file_are_those_of_the_image() -> None:
    mounted = re.findall(r":(/[\w/.-]+)", text("compose.yaml"))
    for place in ("/data", "/backups", "/etc/lang-nghe/ward.toml", "/run/secrets/root.key"):
        assert place in mounted
        assert place in text("Containerfile")


@pytest.mark.parametrize(
    "page", ["van-hanh.md", *(f"runbooks/{p.name}" for p in (ROOT / "docs" / "runbooks").iterdir())]
)
def test_a_guide_names_only_commands_that_exist(page: str) -> None:
    words = (ROOT / "docs" / page).read_text("utf-8")
    named = re.findall(r"(?:`|sudo |^)(?:lang-nghe|python -m bot) ([a-z]+)", words, re.MULTILINE)
    assert set(named) <= set(COMMANDS), set(named) - set(COMMANDS)
    assert named or page != "van-hanh.md"


def test_the_alarms_a_clerk_must_act_on_at_night_exist() -> None:
    known = tomllib.loads((ROOT / "bot" / "alarms.toml").read_text("utf-8"))
    section = (ROOT / "docs" / "van-hanh.md").read_text("utf-8").partition("## 4.")[2]
    named = re.findall(r"`([a-z]+(?:-[a-z]+)+)`", section.partition("## 5.")[0])
    named = [name for name in named if not name.startswith("lang-nghe")]
    assert len(named) >= 8
    assert set(named) <= set(known), set(named) - set(known)
