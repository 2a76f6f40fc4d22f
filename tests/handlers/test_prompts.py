"""The open prompt of an officer, drawn again for a page that has lost it."""

from handlers import prompts
from handlers.act import Act
from handlers.events import Side
from handlers.talk import Talk
from tests.handlers.office import CASE, HERE, NOW, SONG, Dice, view, words


def standing(flow: str, draft: str = "") -> str:
    talk = Talk(HERE.id, Side.DESK, flow=flow, case=CASE.id, draft=draft, spoken=NOW)
    say = prompts.standing(Act(view(talk=talk), SONG, CASE, "", in_group=False), Dice())
    return words(say.parts) if say else ""


def test_a_preview_that_was_not_sent_is_shown_again_as_it_will_be_read() -> None:
    assert "Chú đang tới" in standing("reply", "Chú đang tới")


def test_an_empty_prompt_asks_again_for_the_same_case() -> None:
    code = f"{CASE.code[:4]}-{CASE.code[4:]}"
    assert f"Trả lời hồ sơ {code}" in standing("reply")
    assert code in standing("note")


def test_where_nothing_is_open_nothing_is_drawn() -> None:
    assert standing("") == ""
    assert standing("ended", "muộn rồi") == ""
