"""A case handed over by law: two officers, a code each, and a package that only one key opens."""

import io
import json
import re
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.config import NAMES
from handlers.cases import Route
from handlers.effects import Add, Delivery, EntryKind, Fetch, Open
from handlers.events import Address, Media, MediaKind
from handlers.receipts import format_code, public_code
from handlers.view import Role
from storage import archive, audit, cases, outbox, people
from storage.committee import Private
from storage.seal import Seal
from storage.tx import Tx
from tests.storage.rotated import OLD
from tests.storage.store import START, Store

Said = pytest.CaptureFixture[str]
PASSPHRASE = "con cò bay lả bay la"
PAIR = Private.new()
POLICE = Private.new()
CODE = public_code(123456789)
BASIS = "Công văn 12/CAP ngày 24/11/2026"
WORDS = "con hoàng yến hót trong lồng"
NUMBER = "7100000001"


@cache
def saved(private: Private) -> str:
    return private.text(PASSPHRASE)


def typing(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))


class Office:
    """A trial with one case and four officers."""

    def __init__(self, here: Path) -> None:
        self.here = here
        self.home = here / "data" / "trial"
        store = Store(self.home / "lang-nghe.db")
        (self.home / "key").mkdir(mode=0o700)
        key = self.home / "key" / "root.key"
        key.write_text(OLD.material().hex())
        key.chmod(0o400)
        store.seal = Seal(OLD, PAIR.public)
        child = store.person(Address("telegram", "bot", NUMBER))
        case = store.case(code=CODE, kind="PHYSICAL")
        picture = Media(MediaKind.PICTURE, "at once")
        store.apply(
            Open(case, child, 77),
            Add("e1", case.id, EntryKind.WORDS, WORDS),
            Add("e2", case.id, EntryKind.ANSWER, "cô đây", "o1", Delivery.DELIVERED),
            Fetch(picture, case.id, child, "e3"),
            person=child,
            media=picture,
            blob=b"JPEG bytes of a picture",
        )
        self.case = case.id
        for name, role in (
            ("Cô Mây", Role.LEAD),
            ("Chú Sông", Role.OFFICER),
            ("Cô Lá", Role.OFFICER),
            ("Chú Rừng", Role.INDEPENDENT),
        ):
            store.officer(name, role=role)
        store.connection.close()
        for name, private in (("committee", PAIR), ("police", POLICE)):
            (here / f"{name}.key").write_text(saved(private))
            (here / f"{name}.pub").write_text(private.public.text())

    def tx(self) -> Tx:
        connection = sqlite3.connect(self.home / "lang-nghe.db", isolation_level=None)
        connection.row_factory = sqlite3.Row
        self.connection = connection
        return Tx(connection, Seal(OLD), START)

    def letter(self, officer: str) -> str:
        """What the outbox holds for an officer, as the desk shows it."""
        tx = self.tx()
        with closing(self.connection):
            (row,) = tx.all("select id from officers where name = ?", officer)
            known = people.find(tx, people.desk_address(row["id"]))
            assert known is not None
            rows = tx.all("select number from outbox where person = ?", known.person.id)
            tx.now = START.replace(year=2100)
            letters = outbox.unread(tx, known.person.id)
            assert len(rows) == len(letters)
            return "\n".join(json.loads(one.body)["text"] for one in letters)

    def code(self, officer: str) -> str:
        found = re.findall(r"đừng đưa cho ai: ([0-9A-Z]{4}-[0-9A-Z]{4})", self.letter(officer))
        return str(found[-1])

    def acts(self) -> list[str]:
        tx = self.tx()
        with closing(self.connection):
            assert audit.verify(tx) is None
            rows = tx.all("select act from audit where case_id = ? order by number", self.case)
            return [row["act"] for row in rows]


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COMMITTEE_KEY_FILE", "committee.pub")
    return Office(tmp_path)


def ask(*more: str, by: str = "Cô Mây", second: str = "Chú Sông", code: str = CODE) -> int:
    return main(
        ["export", "propose", code, "--basis", BASIS, "--by", by, "--second", second, *more]
    )


def demand(capsys: Said) -> str:
    (found,) = re.findall(r"export make (\w+)", capsys.readouterr().out)
    return str(found)


def test_two_officers_agree_and_the_package_opens_with_the_committees_key_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert ask() == 0
    id_ = demand(capsys)
    first, second = office.code("Cô Mây"), office.code("Chú Sông")
    assert BASIS in office.letter("Chú Sông")
    assert "Cô Mây" in office.letter("Chú Sông")
    typing(monkeypatch, first, second)
    assert main(["export", "make", id_, "--out", "goi.lnx"]) == 0
    out = capsys.readouterr().out
    (digest,) = re.findall(r"SHA-256: ([0-9a-f]{64})", out)
    assert "case.facts" in out
    assert "never held" in out
    package = (office.here / "goi.lnx").read_bytes()
    assert WORDS.encode() not in package
    typing(monkeypatch, PASSPHRASE)
    assert main(["export", "open", "goi.lnx", "--key", "committee.key", "--out", "mo"]) == 0
    assert digest in capsys.readouterr().out
    data = json.loads((office.here / "mo" / "ho-so.json").read_text("utf-8"))
    assert data["case"]["code"] == CODE
    assert [entry["text"] for entry in data["entries"]][:2] == [WORDS, "cô đây"]
    assert data["reporter_addresses"] is None
    assert WORDS in (office.here / "mo" / "ho-so.txt").read_text("utf-8")
    assert (office.here / "mo" / "tep-1.jpg").read_bytes() == b"JPEG bytes of a picture"
    readme = (office.here / "mo" / "doc-truoc.txt").read_text("utf-8")
    assert BASIS in readme
    assert "Cô Mây, Chú Sông" in readme
    everything = b"".join(one.read_bytes() for one in (office.here / "mo").iterdir())
    assert NUMBER.encode() not in everything
    assert office.acts() == ["export.asked"] * 2 + ["export.made"] * 2


def test_nothing_secret_is_shown_to_whoever_asks(office: Office, capsys: Said) -> None:
    assert ask() == 0
    said = capsys.readouterr()
    for officer in ("Cô Mây", "Chú Sông"):
        assert office.code(officer) not in said.out + said.err
    assert office.code("Cô Mây") != office.code("Chú Sông")


def test_the_address_is_handed_over_only_when_both_were_told_so(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert ask("--with-address") == 0
    id_ = demand(capsys)
    for officer in ("Cô Mây", "Chú Sông"):
        assert "CẢ ĐỊA CHỈ" in office.letter(officer)
    typing(monkeypatch, office.code("Chú Sông"), office.code("Cô Mây"))
    assert main(["export", "make", id_, "--to", "police.pub", "--out", "goi.lnx"]) == 0
    typing(monkeypatch, PASSPHRASE)
    assert main(["export", "open", "goi.lnx", "--key", "police.key", "--out", "mo"]) == 0
    data = json.loads((office.here / "mo" / "ho-so.json").read_text("utf-8"))
    assert data["reporter_addresses"] == [f"telegram:{NUMBER}"]


@pytest.mark.parametrize("whose", ["one of them twice", "made up", "nothing"])
def test_one_officer_alone_hands_nothing_over(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: Said, whose: str
) -> None:
    assert ask() == 0
    id_, mine = demand(capsys), office.code("Cô Mây")
    other = {"one of them twice": mine, "made up": format_code(public_code(5)), "nothing": ""}
    for tries in range(1, 6):
        typing(monkeypatch, mine, other[whose])
        assert main(["export", "make", id_]) == 64
        assert ("it ended" in capsys.readouterr().err) == (tries == 5)
    typing(monkeypatch, mine, office.code("Chú Sông"))
    assert main(["export", "make", id_]) == 64
    assert not list(office.here.glob("*.lnx"))
    assert "export.made" not in office.acts()


def test_codes_work_once_and_for_their_own_demand(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert ask() == 0
    first = demand(capsys)
    old = office.code("Cô Mây"), office.code("Chú Sông")
    assert ask() == 0
    second = demand(capsys)
    new = office.code("Cô Mây"), office.code("Chú Sông")
    for id_, codes in ((first, old), (second, old), (first, new)):
        typing(monkeypatch, *codes)
        assert main(["export", "make", id_]) == 64
    typing(monkeypatch, *new)
    assert main(["export", "make", second]) == 0
    typing(monkeypatch, *new)
    assert main(["export", "make", second, "--out", "again.lnx"]) == 64


@pytest.mark.parametrize(
    ("by", "second", "said"),
    [
        ("Cô Mây", "Cô Mây", "two different officers"),
        ("Chú Sông", "Cô Lá", "must lead"),
        ("Cô Mây", "Chú Rừng", "may not see"),
        ("Cô Mây", "Ai Đó", "no such officer"),
    ],
)
def test_who_cannot_agree_is_not_asked(
    office: Office, capsys: Said, by: str, second: str, said: str
) -> None:
    assert ask(by=by, second=second) == 64
    assert said in capsys.readouterr().err
    assert office.acts() == []


def test_a_case_against_an_official_takes_its_contact_and_a_lead_when_nobody_else_may_see_it(
    office: Office, capsys: Said
) -> None:
    tx = office.tx()
    with closing(office.connection):
        tx.run("update cases set route = ? where id = ?", Route.INDEPENDENT.value, office.case)
    assert ask(by="Chú Rừng", second="Chú Sông") == 64
    assert ask(by="Cô Mây", second="Chú Sông") == 64
    assert ask(by="Chú Rừng", second="Cô Mây") == 0
    capsys.readouterr()


@pytest.mark.parametrize("code", ["K7M4-PQ2X", "nothing", format_code(public_code(4))])
def test_a_code_that_names_no_case_is_said(office: Office, capsys: Said, code: str) -> None:
    assert ask(code=code) == 64
    assert "No case" in capsys.readouterr().err


def test_a_case_put_away_takes_the_committees_private_key(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    tx = office.tx()
    with closing(office.connection):
        archive.put_away(tx, office.case)
        kept = cases.get(tx, office.case)
        assert kept is not None
        assert kept.archived
    assert ask() == 0
    id_ = demand(capsys)
    codes = office.code("Cô Mây"), office.code("Chú Sông")
    typing(monkeypatch, *codes)
    assert main(["export", "make", id_, "--out", "goi.lnx"]) == 78
    assert "sealed away" in capsys.readouterr().err
    typing(monkeypatch, PASSPHRASE, *codes)
    assert main(["export", "make", id_, "--key", "committee.key", "--out", "goi.lnx"]) == 0
    typing(monkeypatch, PASSPHRASE)
    assert main(["export", "open", "goi.lnx", "--key", "committee.key", "--out", "mo"]) == 0
    assert WORDS in (office.here / "mo" / "ho-so.txt").read_text("utf-8")


def test_without_a_receivers_key_nothing_leaves(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    monkeypatch.delenv("COMMITTEE_KEY_FILE")
    assert ask() == 0
    assert main(["export", "make", demand(capsys)]) == 78
    assert "needs --to" in capsys.readouterr().err


def test_a_package_that_was_changed_or_is_for_another_key_opens_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    assert ask() == 0
    id_ = demand(capsys)
    typing(monkeypatch, office.code("Cô Mây"), office.code("Chú Sông"))
    assert main(["export", "make", id_, "--out", "goi.lnx"]) == 0
    package = (office.here / "goi.lnx").read_bytes()
    (office.here / "cut.lnx").write_bytes(package[:-20])
    for name, key, said in (
        ("goi.lnx", "police.key", PAIR.id),
        ("cut.lnx", "committee.key", "cut or changed"),
        ("committee.pub", "committee.key", "not a package"),
    ):
        typing(monkeypatch, PASSPHRASE)
        assert main(["export", "open", name, "--key", key, "--out", "mo"]) == 78
        assert said in capsys.readouterr().err
    assert not (office.here / "mo").exists()


@pytest.mark.parametrize("words", [[], ["make"], ["propose", CODE], ["ruin"]])
def test_export_refuses_what_it_does_not_know(words: list[str]) -> None:
    assert main(["export", *words]) == 64
