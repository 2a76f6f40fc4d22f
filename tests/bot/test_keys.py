"""`keys`: words on paper, the committee's pair, and a lost key brought back."""

import io
import re
import sqlite3
import stat
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.commands.keys import asking
from bot.config import NAMES
from handlers.reading import fold
from storage import archive, audit, cases, people
from storage.committee import Private, Public
from storage.paper import Kind
from storage.rootkey import RootKey, load_root_key, next_file, prev_file, save_root_key
from storage.seal import Seal
from storage.tx import Tx
from tests.bot.wards import KEY, write_ward
from tests.storage.rotated import OLD, populate
from tests.storage.store import SECRET, START, Store

Said = pytest.CaptureFixture[str]
ROW = re.compile(r"^  \d\.  (.+)$", re.MULTILINE)
PASSPHRASE = "con cò bay lả bay la"


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


def words(said: str) -> list[list[str]]:
    """The recovery words as they were printed, row by row."""
    return [row.split() for row in ROW.findall(said)]


def typing(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))


def at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, answer: Callable[[str, str], str]
) -> None:
    """Sit at a terminal; `answer` is given what was printed so far, and the question."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    printed: list[str] = []

    def asked(prompt: str = "") -> str:
        printed.append(capsys.readouterr().out)
        return answer("".join(printed), prompt)

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", asked)
    monkeypatch.setattr("getpass.getpass", asked)


# --- words on paper


def test_the_words_bring_the_key_file_back(
    ward: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert main(["keys", "init"]) == 0
    rows = words(capsys.readouterr().out)
    assert [len(row) for row in rows] == [7, 7, 7, 7]
    content = (ward / KEY).read_bytes()
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    (ward / KEY).unlink()
    typing(monkeypatch, *(fold(" ".join(row)) for row in rows))
    assert main(["keys", "recover", "--words"]) == 0
    assert (ward / KEY).read_bytes() == content
    assert stat.S_IMODE((ward / KEY).stat().st_mode) == 0o400
    assert main(["roster"]) == 0


def test_the_words_are_nowhere_on_the_disk(ward: Path, capsys: Said) -> None:
    assert main(["keys", "init"]) == 0
    (first, *_) = words(capsys.readouterr().out)
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    for file in ward.rglob("*"):
        if file.is_file():
            assert " ".join(first[:2]).encode() not in file.read_bytes(), file


def test_words_of_another_key_are_refused_by_name(
    ward: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert main(["keys", "init"]) == 0
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    needed = load_root_key(ward / KEY, None).id
    (ward / KEY).unlink()
    other = RootKey(bytes(32))
    rows = asking.paper().spell(other.material(), Kind.ROOT)
    capsys.readouterr()
    typing(monkeypatch, *(" ".join(row) for row in rows))
    assert main(["keys", "recover", "--words"]) == 78
    said = capsys.readouterr().err
    assert needed in said
    assert other.id in said
    assert not (ward / KEY).exists()


def test_a_slip_is_told_with_its_place(
    ward: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    rows = [list(row) for row in asking.paper().spell(bytes(32), Kind.ROOT)]
    rows[1][3] = "wxyz"
    typing(monkeypatch, *(" ".join(row) for row in rows))
    assert main(["keys", "recover", "--words"]) == 78
    assert "row 2, word 4" in capsys.readouterr().err
    typing(monkeypatch, " ".join(rows[0]))
    assert main(["keys", "recover", "--words"]) == 78
    assert "not 7" in capsys.readouterr().err
    committee = asking.paper().spell(bytes(32), Kind.COMMITTEE)
    typing(monkeypatch, *(" ".join(row) for row in committee))
    assert main(["keys", "recover", "--words"]) == 78
    assert "committee" in capsys.readouterr().err
    assert not (ward / KEY).exists()


def test_a_key_that_is_there_is_not_replaced_by_words(
    ward: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert main(["keys", "init"]) == 0
    rows = words(capsys.readouterr().out)
    typing(monkeypatch, *(" ".join(row) for row in rows))
    assert main(["keys", "recover", "--words"]) == 78
    assert "move it away" in capsys.readouterr().err


def test_whoever_copies_the_words_is_asked_for_some_of_them(
    ward: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    asked: list[str] = []

    def answer(printed: str, question: str) -> str:
        asked.append(question)
        found = re.search(r"row (\d), word (\d)", question)
        return words(printed)[int(found[1]) - 1][int(found[2]) - 1] if found else ""

    at_a_terminal(monkeypatch, capsys, answer)
    assert main(["keys", "init"]) == 0
    assert len(asked) == 1 + asking.ASKED_BACK
    assert (ward / KEY).exists()


def test_no_key_is_made_when_the_words_do_not_stand_on_paper(
    ward: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    at_a_terminal(monkeypatch, capsys, lambda printed, question: "quên rồi")
    assert main(["keys", "init"]) == 64
    assert "Nothing was done" in capsys.readouterr().err
    assert not (ward / KEY).exists()


# --- the committee's pair


def committee(here: Path, monkeypatch: pytest.MonkeyPatch) -> Private:
    typing(monkeypatch, PASSPHRASE)
    assert main(["keys", "committee", "--to", "safe"]) == 0
    return Private.load(here / "safe" / "committee.key", PASSPHRASE)


def test_a_pair_is_made_without_any_settings(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    (here / ".env").write_text("NO_SUCH_SETTING=x\n")
    private = committee(here, monkeypatch)
    safe = here / "safe"
    assert Public.load(safe / "committee.pub").id == private.id
    assert stat.S_IMODE((safe / "committee.key").stat().st_mode) == 0o400
    rows = words(capsys.readouterr().out)
    assert (
        asking.paper().read(" ".join(" ".join(row) for row in rows), Kind.COMMITTEE)
        == private.material()
    )
    typing(monkeypatch, PASSPHRASE)
    assert main(["keys", "committee", "--to", "safe"]) == 78
    typing(monkeypatch, "another passphrase", *(" ".join(row) for row in rows))
    assert main(["keys", "committee", "--to", "again", "--words"]) == 0
    assert Private.load(here / "again" / "committee.key", "another passphrase").id == private.id


def test_a_short_passphrase_makes_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typing(monkeypatch, "ngắn")
    assert main(["keys", "committee"]) == 64
    assert list(here.iterdir()) == []


def test_a_file_that_is_no_public_key_stops_the_start(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    key = here / "committee.pub"
    key.write_text(Private.new().public.text()[:-3] + "\n")
    monkeypatch.setenv("COMMITTEE_KEY_FILE", "committee.pub")
    assert main(["roster"]) == 78
    assert "COMMITTEE_KEY_FILE" in capsys.readouterr().err
    key.write_text(Private.new().public.text())
    assert main(["roster"]) == 0


# --- a lost root key

PAIR = Private.new()


@cache
def saved() -> str:
    """The pair's private file; stretching a passphrase is slow, and meant to be."""
    return PAIR.text(PASSPHRASE)


@pytest.fixture
def lost(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> Path:
    """A trial with a populated database, sealed to a committee; its root key is lost."""
    (here / "safe").mkdir()
    (here / "safe" / "committee.key").write_text(saved())
    (here / "safe" / "committee.pub").write_text(PAIR.public.text())
    monkeypatch.setenv("COMMITTEE_KEY_FILE", "safe/committee.pub")
    home = here / "data" / "trial"
    store = Store(home / "lang-nghe.db")
    populate(store)
    store.seal = Seal(OLD, PAIR.public)
    with store.tx() as tx:
        last = archive.wrap_again(tx)
        assert last is not None
        assert archive.wrap_again(tx, last) is None
    store.connection.close()
    capsys.readouterr()
    return home


def look(home: Path, key: RootKey) -> tuple[sqlite3.Connection, Tx]:
    connection = sqlite3.connect(home / "lang-nghe.db", isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection, Tx(connection, Seal(key), START)


def test_the_committee_brings_every_case_back_under_a_new_key(
    lost: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    connection, tx = look(lost, OLD)
    before = {row["id"]: cases.get(tx, row["id"]) for row in tx.all("select id from cases")}
    connection.close()
    typing(monkeypatch, PASSPHRASE)
    assert main(["keys", "recover", "--committee", "safe/committee.key"]) == 0
    out = capsys.readouterr().out
    assert f"{len(before)} cases are back, 0 stay sealed, 0 are lost" in out
    new = load_root_key(lost / "key" / "root.key", None)
    assert not next_file(lost / "key" / "root.key").exists()
    assert not prev_file(lost / "key" / "root.key").exists()
    connection, tx = look(lost, new)
    after = {row["id"]: cases.get(tx, row["id"]) for row in tx.all("select id from cases")}
    failed = {one.id: one.last_delivery for one in after.values() if one is not None}
    assert set(after) == set(before)
    for case, was in before.items():
        now = after[case]
        assert now is not None
        assert was is not None
        assert (now.facts, now.code) == (was.facts, was.code)
        assert failed[case] in {was.last_delivery, "failed"}
    assert audit.verify(tx) is None
    assert cases.by_secret(tx, SECRET) is None
    (officer, *_) = tx.all("select id from officers")
    assert people.find(tx, people.desk_address(officer["id"])) is not None
    for table in ("talks", "links", "returns", "inbox", "dead_letters", "places", "past_keys"):
        assert not tx.all(f"select 1 from {table}"), table
    shown = {row["case_id"] for row in tx.all("select case_id from outbox where kind = 'show'")}
    assert shown <= set(before)
    connection.close()
    assert main(["roster"]) == 0


def test_the_old_data_is_kept_for_the_day_the_old_key_is_found(
    lost: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typing(monkeypatch, PASSPHRASE)
    assert main(["keys", "recover", "--committee", "safe/committee.key"]) == 0
    copy = lost / "lang-nghe.before-recover.db"
    copy.replace(lost / "lang-nghe.db")
    connection, tx = look(lost, OLD)
    assert cases.by_secret(tx, SECRET) is not None
    connection.close()


def test_a_recovery_that_was_cut_off_goes_on(
    lost: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    key = lost / "key" / "root.key"
    waiting = RootKey(bytes([5]) * 32)
    save_root_key(next_file(key), waiting)
    typing(monkeypatch, PASSPHRASE)
    assert main(["keys", "recover", "--committee", "safe/committee.key"]) == 0
    assert load_root_key(key, None).id == waiting.id
    key.replace(next_file(key))  # as if it had been killed just before
    typing(monkeypatch, PASSPHRASE)
    assert main(["keys", "recover", "--committee", "safe/committee.key"]) == 0
    assert load_root_key(key, None).id == waiting.id
    assert "in its place" in capsys.readouterr().out


def test_a_case_that_was_never_sealed_to_this_committee_is_gone_and_said(
    lost: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    connection, tx = look(lost, OLD)
    tx.run("update case_keys set committee = null where case_id = (select min(id) from cases)")
    connection.close()
    typing(monkeypatch, PASSPHRASE)
    assert main(["keys", "recover", "--committee", "safe/committee.key"]) == 0
    assert "1 are lost" in capsys.readouterr().out
    connection, tx = look(lost, load_root_key(lost / "key" / "root.key", None))
    assert all(cases.get(tx, row["id"]) for row in tx.all("select id from cases"))
    connection.close()


@pytest.mark.parametrize(
    ("passphrase", "file", "said"),
    [
        ("a wrong passphrase", "safe/committee.key", "passphrase is wrong"),
        (PASSPHRASE, "safe/nowhere.key", "no such file"),
        (PASSPHRASE, "safe/committee.pub", "not the committee's private key"),
    ],
)
def test_without_the_committees_key_nothing_is_changed(
    lost: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Said,
    passphrase: str,
    file: str,
    said: str,
) -> None:
    before = (lost / "lang-nghe.db").read_bytes()
    typing(monkeypatch, passphrase)
    assert main(["keys", "recover", "--committee", file]) == 78
    assert said in capsys.readouterr().err
    assert (lost / "lang-nghe.db").read_bytes() == before
    assert not (lost / "key").exists()


# --- changing it


def test_a_change_of_keys_is_refused_while_the_old_one_of_the_last_change_lies_there(
    here: Path, capsys: Said
) -> None:
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    key = here / "data" / "trial" / "key" / "root.key"
    old = load_root_key(key, None).id
    assert main(["keys", "rotate"]) == 0
    assert "0 rows are left under the old" in capsys.readouterr().out
    assert load_root_key(key, None).id != old
    assert main(["keys", "rotate"]) == 78
    assert "destroy it" in capsys.readouterr().err
    prev_file(key).unlink()
    assert main(["keys", "rotate"]) == 0


def test_the_words_of_a_changed_key_bring_it_back(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert main(["invite", "--name", "Cô Hạ", "--role", "lead"]) == 0
    capsys.readouterr()
    assert main(["keys", "rotate"]) == 0
    rows = words(capsys.readouterr().out)
    key = here / "data" / "trial" / "key" / "root.key"
    content = key.read_bytes()
    key.unlink()
    typing(monkeypatch, *(" ".join(row) for row in rows))
    assert main(["keys", "recover", "--words"]) == 0
    assert key.read_bytes() == content


def test_there_is_nothing_to_change_before_there_is_data(here: Path, capsys: Said) -> None:
    assert main(["keys", "rotate"]) == 78
    assert "no data yet" in capsys.readouterr().err
