"""What a clerk types: each command's words and exit status, in the clerk's own directory."""

import sqlite3
import stat
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.config import NAMES
from tests.bot.process import DESK, START
from tests.bot.wards import KEY, write_ward

TOKEN = "7000000001:AA-not-a-real-token-only-for-tests"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to be in, and no setting from outside."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def ward(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A real ward whose key is not made yet."""
    write_ward(here)
    monkeypatch.setenv("SECRET_KEY_FILE", KEY)
    return here


Said = pytest.CaptureFixture[str]


def test_without_a_command_the_commands_are_named(capsys: Said) -> None:
    assert main([]) == 0
    assert "run | check | keys | export | invite | roster | " in capsys.readouterr().err


def test_an_unknown_command_is_a_wrong_use(capsys: Said) -> None:
    assert main(["ruin"]) == 64
    assert "run | check" in capsys.readouterr().err


def test_read_says_how_a_message_is_read_and_keeps_nothing(here: Path, capsys: Said) -> None:
    assert main(["read", "em", "đang bị đánh"]) == 0
    assert "red" in capsys.readouterr().out.lower()
    assert list(here.iterdir()) == []
    assert main(["read"]) == 64


def test_a_trial_is_well_without_anything(here: Path, capsys: Said) -> None:
    assert main(["check"]) == 0
    assert "trial" in capsys.readouterr().out
    assert not (here / "data" / "trial" / "lang-nghe.db").exists()


def test_a_trial_that_is_set_wrongly_makes_no_key(here: Path, capsys: Said) -> None:
    (here / ".env").write_text("WEB_PORT=x\n")
    assert main(["check"]) == 78
    assert "WEB_PORT" in capsys.readouterr().err
    assert not (here / "data").exists()


def test_a_trials_lost_key_is_not_replaced(here: Path, capsys: Said) -> None:
    assert main(["invite", "--name", "Cô Hạ"]) == 0
    (here / "data" / "trial" / "key" / "root.key").unlink()
    assert main(["check"]) == 78
    assert "SECRET_KEY_FILE" in capsys.readouterr().err


def test_keys_init_makes_a_private_key_once(ward: Path, capsys: Said) -> None:
    assert main(["keys", "init"]) == 0
    key = ward / KEY
    assert stat.S_IMODE(key.stat().st_mode) == 0o400
    content = key.read_bytes()
    out = capsys.readouterr().out
    assert "Made key" in out
    assert content.decode().strip() not in out
    assert main(["keys", "init"]) == 78
    assert key.read_bytes() == content


def test_keys_init_makes_no_key_for_data_that_has_one(ward: Path, capsys: Said) -> None:
    main(["keys", "init"])
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    (ward / KEY).unlink()
    capsys.readouterr()
    assert main(["keys", "init"]) == 78
    assert "There is data already" in capsys.readouterr().err
    assert not (ward / KEY).exists()


@pytest.mark.parametrize("place", ["data/root.key", "data/keys/root.key"])
def test_keys_init_makes_no_key_beside_the_data(
    ward: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said, place: str
) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", place)
    assert main(["keys", "init"]) == 78
    assert "outside the data directory" in capsys.readouterr().err
    assert not (ward / place).exists()


def test_a_place_where_no_key_can_be_written_is_said(
    ward: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    (ward / "file").touch()
    monkeypatch.setenv("SECRET_KEY_FILE", "file/root.key")
    assert main(["keys", "init"]) == 78
    assert "SECRET_KEY_FILE" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["show"], ["init", "now"], ["recover"]])
def test_keys_refuses_what_it_does_not_know(here: Path, words: list[str]) -> None:
    assert main(["keys", *words]) == 64


def test_an_invitation_is_printed_once_and_stored_as_a_fingerprint(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("PUBLIC_URL", "https://phuong.example")
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    out = capsys.readouterr().out
    (desk,), (start,) = DESK.findall(out), START.findall(out)
    assert f"https://phuong.example/desk/vao/{desk}" in out
    assert TOKEN not in out
    data = (here / "data" / "trial" / "lang-nghe.db").read_bytes()
    assert desk.encode() not in data
    assert start.encode() not in data


def test_without_telegram_no_start_is_offered(here: Path, capsys: Said) -> None:
    assert main(["invite", "--name", "Cô Hạ"]) == 0
    assert START.findall(capsys.readouterr().out) == []


def test_a_role_that_is_none_is_a_wrong_use(here: Path) -> None:
    with pytest.raises(SystemExit) as end:
        main(["invite", "--name", "Cô Hạ", "--role", "boss"])
    assert end.value.code == 2


def test_check_of_a_real_ward_wants_a_lead(
    ward: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    main(["keys", "init"])
    assert main(["invite", "--name", "Chú Thu"]) == 0
    monkeypatch.setenv("ALERT_HOOK", "https://goi.example/reo")
    assert main(["check", "--offline"]) == 78
    assert "No lead has been invited" in capsys.readouterr().err
    main(["invite", "--name", "Cô Hạ", "--role", "lead"])
    assert main(["check", "--offline"]) == 1
    assert "phường Hoa Sen" in capsys.readouterr().out


def test_check_says_where_the_audit_chain_breaks(here: Path, capsys: Said) -> None:
    assert main(["invite", "--name", "Cô Hạ"]) == 0
    database = here / "data" / "trial" / "lang-nghe.db"
    connection = sqlite3.connect(database, isolation_level=None)
    forged = "insert into audit (number, at, ward, act, chain) values (1, 1, 'x', 'open', x'00')"
    connection.execute(forged)
    connection.close()
    assert main(["check"]) == 78
    assert "audit chain breaks at 1" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["check"], ["run"], ["invite", "--name", "Cô Hạ"]])
def test_every_command_says_everything_that_is_missing(
    here: Path, capsys: Said, command: list[str]
) -> None:
    write_ward(here, 'id = "x"\nunknown_key = 1\n')
    (here / ".env").write_text("LOG_LEVEL=loud\nOFICER_CHAT=1\n")
    assert main(command) == 78
    said = capsys.readouterr().err
    for word in ("LOG_LEVEL", "OFICER_CHAT", "SECRET_KEY_FILE", "unknown_key", "phones.office"):
        assert word in said, word
