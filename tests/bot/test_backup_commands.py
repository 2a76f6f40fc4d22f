"""What a clerk types to back up and to restore: words, exit status, and what is left on the disk."""

import io
import sqlite3
import stat
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.commands.setup import alone
from storage import erased, kept
from storage.committee import Private
from tests.bot.test_commands import Said, here, ward

__all__ = ["here", "ward"]

PHRASE = "một câu mật khẩu đủ dài"
DATA = Path("data/trial/lang-nghe.db")


@pytest.fixture
def trial(here: Path, capsys: Said) -> Path:
    """A trial with an officer, and a first backup."""
    assert main(["invite", "--name", "Cô Hạ"]) == 0
    assert main(["backup"]) == 0
    capsys.readouterr()
    return here


def only(folder: Path = Path("data/trial/backups")) -> str:
    (file,) = folder.glob("*.backup")
    return str(file)


def test_a_backup_says_where_it_lies_and_what_it_hangs_on(here: Path, capsys: Said) -> None:
    assert main(["backup"]) == 1
    assert "there is no database yet" in capsys.readouterr().err
    assert main(["invite", "--name", "Cô Hạ"]) == 0
    assert main(["backup"]) == 0
    said = capsys.readouterr().out
    assert only() in said
    assert kept.digest(Path(only())) in said
    assert "MẤT KHÓA ĐÓ LÀ MẤT BẢN SAO" in said
    assert main(["backup", "list"]) == 0
    assert Path(only()).name in capsys.readouterr().out


def test_the_list_names_broken_ones_and_copies_beside_the_database(
    trial: Path, capsys: Said
) -> None:
    del trial
    with Path(only()).open("r+b") as file:
        file.truncate(50)
    DATA.with_name("lang-nghe.before-2.db").write_bytes(b"")
    assert main(["backup", "list"]) == 0
    said = capsys.readouterr().out
    assert "BROKEN" in said
    assert "lang-nghe.before-2.db" in said


def test_one_is_tried_by_opening_it(trial: Path, capsys: Said) -> None:
    del trial
    assert main(["backup", "verify", only()]) == 0
    assert "Good" in capsys.readouterr().out
    data = Path(only()).read_bytes()
    Path(only()).write_bytes(data[:300] + b"x" + data[301:])
    assert main(["backup", "verify", only()]) == 1
    assert "cut or changed" in capsys.readouterr().err
    assert main(["backup", "verify", "nowhere"]) == 1
    assert not kept.copying(DATA).exists()


def test_restoring_needs_a_stopped_program_and_a_clear_word(trial: Path, capsys: Said) -> None:
    del trial
    with alone(DATA):
        assert main(["restore", only(), "--replace"]) == 78
    assert "runs already" in capsys.readouterr().err
    assert main(["restore", only()]) == 64
    assert "--replace" in capsys.readouterr().err
    assert main(["invite", "--name", "Chú Ba"]) == 0
    assert main(["restore", only(), "--replace"]) == 0
    said = capsys.readouterr().out
    assert "ĐANG GIỮ" in said
    assert "the roster as it was: Cô Hạ." in said
    (aside,) = DATA.parent.glob("*.replaced-*.db")
    assert aside.name in said
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    assert main(["restore", "confirm"]) == 0
    assert main(["restore", "confirm"]) == 64
    assert "Nothing is held" in capsys.readouterr().err
    assert main(["restore", str(aside), "--replace"]) == 0  # and back again
    assert "Chú Ba" in capsys.readouterr().out
    assert main(["restore", "drop-outbox"]) == 0


def test_a_folder_without_data_needs_no_word(trial: Path, capsys: Said) -> None:
    del trial
    for path in DATA.parent.glob("lang-nghe.db*"):
        path.unlink()
    assert main(["restore", only()]) == 0
    assert "Cô Hạ" in capsys.readouterr().out


def test_a_restore_waits_for_a_person_where_deleting_does(trial: Path, capsys: Said) -> None:
    del trial
    assert main(["forget", "--confirm"]) == 0
    database = sqlite3.connect(DATA)
    database.execute("update meta set value = cast('1700000000000' as blob) where name = 'swept'")
    database.commit()
    database.close()
    assert main(["backup"]) == 0
    file = str(max(Path("data/trial/backups").glob("*.backup")))
    assert main(["restore", file, "--replace"]) == 0
    assert "48" in capsys.readouterr().out
    assert main(["restore", "confirm"]) == 64
    assert "forget" in capsys.readouterr().err
    assert main(["forget", "--confirm"]) == 0
    assert main(["restore", "confirm"]) == 0


def test_what_was_erased_and_not_yet_written_down_does_not_come_back(
    trial: Path, capsys: Said
) -> None:
    del trial
    assert main(["roster", "remove", "Cô Hạ"]) == 0
    for _ in range(2):  # the database that comes back knows nothing of it: the log must
        assert main(["restore", only(), "--replace"]) == 0
        assert "the roster as it was: -." in capsys.readouterr().out


def test_a_backup_under_a_clock_that_is_not_believed_says_so(trial: Path, capsys: Said) -> None:
    del trial
    assert main(["backup"]) == 0
    assert "no old backup" not in capsys.readouterr().out
    database = sqlite3.connect(DATA)
    database.execute("insert or replace into meta values ('swept', cast('1700000000000' as blob))")
    database.commit()
    database.close()
    assert main(["backup"]) == 0
    assert "no old backup was deleted" in capsys.readouterr().out


def test_the_log_beside_the_file_is_heard_too(
    trial: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backups were carried to another machine, the log with them."""
    database = sqlite3.connect(DATA)
    (officer,) = database.execute("select id from officers").fetchone()
    assert main(["roster", "remove", "Cô Hạ"]) == 0
    database.execute("delete from erased")  # the other machine's database knows nothing of it
    database.commit()
    database.close()
    assert main(["backup"]) == 0
    carried = trial / "usb"
    carried.mkdir()
    first = min(Path("data/trial/backups").glob("*.backup"))
    first.rename(carried / first.name)
    log = carried / erased.LOG
    log.write_text(f"2099-01-01T00:00Z officer {erased.mark(officer)}\n")
    assert main(["restore", str(carried / first.name), "--replace"]) == 0
    assert "the roster as it was: -." in capsys.readouterr().out


def test_with_a_committee_only_its_private_key_opens_one(
    ward: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Private(bytes(range(1, 33)))
    (ward / "committee.pub").write_text(pair.public.text())
    (ward / "usb").mkdir()
    (ward / "usb" / "committee.key").write_text(pair.text(PHRASE))
    monkeypatch.setenv("COMMITTEE_KEY_FILE", "committee.pub")
    assert main(["keys", "init"]) == 0
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    assert main(["backup"]) == 0
    assert pair.id in capsys.readouterr().out
    file = only(Path("backups"))
    assert main(["backup", "verify", file]) == 1
    assert f"--key [{pair.id}]" in capsys.readouterr().err
    key = ["--key", "usb/committee.key"]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PHRASE}\n"))
    assert main(["restore", file, "--replace", *key]) == 0
    assert "Cô Hạ" in capsys.readouterr().out
    elsewhere = ward / "offline"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)  # the committee's own machine: no ward, no root key
    monkeypatch.delenv("SECRET_KEY_FILE")
    monkeypatch.delenv("COMMITTEE_KEY_FILE")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PHRASE}\n"))
    assert main(["backup", "verify", f"../{file}", "--key", "../usb/committee.key"]) == 0
    assert "The server's key is not here" in capsys.readouterr().out
    assert not list(elsewhere.rglob("*.copying"))


def test_data_of_a_newer_version_is_refused_by_every_command(trial: Path, capsys: Said) -> None:
    del trial
    file = only()
    assert main(["backup", "open", file, "--to", "newer.db"]) == 0
    assert main(["backup", "open", file, "--to", "newer.db"]) == 1
    assert stat.S_IMODE(Path("newer.db").stat().st_mode) == 0o600
    for path in (DATA, Path("newer.db")):
        database = sqlite3.connect(path)
        database.execute("pragma user_version=99")
        database.close()
    before = DATA.read_bytes()
    for command, code in (
        (["run"], 78),
        (["check"], 78),
        (["forget"], 78),
        (["backup"], 1),
        (["restore", "newer.db", "--replace"], 1),
        (["restore", "confirm"], 78),
    ):
        capsys.readouterr()
        assert main(command) == code, command
        assert "newer version" in capsys.readouterr().err, command
    assert DATA.read_bytes() == before


def test_the_committee_opens_a_backup_where_the_root_key_is_lost(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No key, no ward file, no data: nothing is asked for and nothing is made."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ward.toml").write_text("")
    assert main(["backup", "open", "missing.backup", "--key", "missing.key", "--to", "x.db"]) == 1
    said = capsys.readouterr().err
    assert "keys init" not in said
    assert not (tmp_path / "data").exists()
