"""Dead letters: listed without a word, shown to somebody who answers for it, handed in again."""

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.config import NAMES
from handlers.events import Address, Incoming, Kind, Media, MediaKind, Side
from storage import audit, inbox
from storage.db import Database
from storage.rootkey import load_root_key
from storage.seal import Seal
from storage.tx import Tx
from tests.world import open_world

WORDS = "bố đang đánh em, cứu em"
Said = pytest.CaptureFixture[str]


class Office:
    """A trial in a directory of its own, with what was buried in it."""

    def __init__(self, path: Path) -> None:
        self.home = path / "data" / "trial"

    def open(self, do: object) -> object:
        async def run() -> object:
            key = load_root_key(self.home / "key" / "root.key", None)
            async with await Database.open(self.home / "lang-nghe.db", Seal(key)) as db:
                return await db.write(do)  # type: ignore[arg-type]

        return asyncio.run(run())

    def bury(self, **more: object) -> str:
        facts = {
            "event_id": "web:1",
            "ref": "1",
            "at": datetime.now(UTC),
            "side": Side.RESIDENT,
            "sender": Address("web", "phuong-mau", "a-page"),
            "kind": Kind.TEXT,
            "text": WORDS,
        } | more
        incoming = Incoming(**facts)  # type: ignore[arg-type]
        body = json.dumps(asdict(incoming), default=str).encode()

        def bury(tx: Tx) -> str:
            inbox.first_time(tx, incoming, tx.now)
            return inbox.bury(tx, "web", body, "ZeroDivisionError", tx.now)

        return str(self.open(bury))

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        found = self.open(lambda tx: [tuple(row) for row in tx.all(sql)])
        assert isinstance(found, list)
        return found


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> Office:
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    assert main(["invite", "--name", "Cô Hạ"]) == 0
    capsys.readouterr()
    return Office(tmp_path)


def test_the_list_says_when_and_why_and_not_a_word(office: Office, capsys: Said) -> None:
    assert main(["letters"]) == 0
    assert "none" in capsys.readouterr().out
    letter = office.bury()
    assert main(["letters"]) == 0
    out = capsys.readouterr().out
    assert letter in out
    assert "web · ZeroDivisionError" in out
    assert "bố" not in out


def test_one_is_shown_without_where_it_came_from_and_that_is_written_down(
    office: Office, capsys: Said
) -> None:
    letter = office.bury()
    assert main(["letters", "show", letter]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["text"] == WORDS
    assert not {"sender", "place", "ref", "event_id"} & told.keys()
    acts = office.rows("select act from audit")
    assert (f"letters.show.{letter}",) in acts
    assert office.open(audit.verify) is None


def test_one_that_is_handed_in_again_becomes_a_report_and_leaves_the_list(
    office: Office, capsys: Said
) -> None:
    letter = office.bury()
    assert main(["letters", "retry", letter]) == 0
    assert office.rows("select priority from cases") == [("P1",)]
    assert office.rows("select kind from outbox where pull = 1 and kind = 'say'")
    assert main(["letters"]) == 0
    assert letter not in capsys.readouterr().out
    assert main(["letters", "retry", letter]) == 64
    assert office.rows("select priority from cases") == [("P1",)]


def test_one_with_a_file_and_a_place_is_read_back_as_well(office: Office) -> None:
    letter = office.bury(
        kind=Kind.MEDIA, media=Media(MediaKind.PICTURE, "ref", 5), location=(21.0, 105.5)
    )
    assert main(["letters", "retry", letter]) == 0
    assert office.rows("select id from dead_letters") == []


def test_one_that_fails_again_is_kept(
    office: Office, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = office.bury()
    monkeypatch.setattr("bot.inbox.decide", lambda *_: 1 / 0)
    assert main(["letters", "retry", letter]) == 64
    assert "again" in capsys.readouterr().err
    [(kept,)] = office.rows("select id from dead_letters")
    assert kept != letter


def test_an_officers_press_is_not_made_for_them(office: Office, capsys: Said) -> None:
    letter = office.bury(side=Side.DESK, kind=Kind.CHOICE, choice="d.claim.x", text="")
    assert main(["letters", "retry", letter]) == 64
    assert "press again" in capsys.readouterr().err
    assert office.rows("select id from dead_letters") == [(letter,)]


@pytest.mark.parametrize("act", ["show", "retry"])
def test_a_letter_that_is_gone_is_said(office: Office, capsys: Said, act: str) -> None:
    assert main(["letters", act, "nothing"]) == 64
    assert "7 days" in capsys.readouterr().err


# What rings when a message is buried.


@pytest.mark.parametrize(
    ("text", "choice", "rings"),
    [
        (WORDS, None, [("-", "P1")]),
        ("", "go.danger", [("-", "P1")]),
        ("chào cô chú", None, []),
        ("", "go.tips", []),
    ],
)
async def test_a_buried_call_for_help_rings_the_second_road(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    choice: str | None,
    rings: list[tuple[str, str]],
) -> None:
    monkeypatch.setattr("bot.inbox.decide", lambda *_: 1 / 0)
    async with open_world(tmp_path) as world:
        kind = Kind.TEXT if choice is None else Kind.CHOICE
        await world.take(world.incoming("be", kind, text=text, choice=choice))
        assert world.alarms.counts == {"dead-letter": 1}
        assert world.rings == rings


# A new link for somebody who is on the roster.


def test_somebody_on_the_roster_gets_new_links_and_the_old_ones_end(
    office: Office, capsys: Said
) -> None:
    for who in ("Cô Hạ", str(office.rows("select id from officers")[0][0])):
        before = office.rows("select token_index from invites")
        assert main(["invite", "--for", who]) == 0
        assert "/desk/vao/" in capsys.readouterr().out
        after = office.rows("select token_index from invites")
        assert len(after) == 2
        assert not set(before) & set(after)
    assert office.rows("select name from officers") == [("Cô Hạ",)]


def test_a_name_that_is_taken_is_refused_with_a_hint(office: Office, capsys: Said) -> None:
    assert main(["invite", "--name", "  cô   Hạ "]) == 64
    [(id_,)] = office.rows("select id from officers")
    assert f"--for {id_}" in capsys.readouterr().err
    assert main(["invite", "--for", "Cô Đông"]) == 64
    with pytest.raises(SystemExit):
        main(["invite", "--name", "Cô Thu", "--for", "Cô Hạ"])
