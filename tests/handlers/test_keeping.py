"""A number in the words: masked by default, asked about once, in the way of nobody."""

from dataclasses import replace

import pytest

from handlers import mask
from handlers.cases import Priority, Status
from handlers.effects import Add, Audit, Change, EntryKind, Say, Show
from handlers.events import MediaKind
from handlers.talk import TYPED
from tests.handlers.views import Chat, chat, given

CHILD = ("a.for.me", "a.now.no", "a.what.hit")
ADULT = ("a.for.adult", "a.now.past", "a.what.hit")
NUMBER = "0912345678"
KEY = f"phone:{NUMBER}"
MARK = mask.mark(KEY)
DANGER = f"bố đang đánh em, gọi {NUMBER}"


def buttons_of(there: Chat) -> list[str]:
    return [one for one in there.buttons() if one.partition(".")[0] in {"keep", "hide"}]


@pytest.mark.parametrize("presses", [CHILD, ADULT], ids=["child", "adult"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_number_is_said_to_be_masked_with_both_choices_beside_it(
    presses: tuple[str, ...], language: str
) -> None:
    there = chat(f"go.{language}", *presses)
    there.say(f"số của em là {NUMBER}")
    assert "mask.offer" in there.said()
    assert buttons_of(there) == [f"hide.{MARK}", f"keep.{MARK}"]
    [text] = there.read()
    wanted = {"vi": "số điện thoại", "en": "a phone number"}[language]
    assert wanted in text
    assert there.asked() == "who"
    assert there.said()[-1] == "q.who", "what is asked stands last"


def test_words_without_a_number_bring_no_offer() -> None:
    there = chat(*CHILD)
    there.say("quán số 12 ngõ 45, gọi 111 rồi")
    assert "mask.offer" not in there.said()
    assert there.talk.asked == ()


def test_the_words_themselves_are_kept_as_they_were_written() -> None:
    there = chat(*CHILD)
    there.say(f"số nó {NUMBER}")
    assert there.talk.answers.story == (f"số nó {NUMBER}",)
    there.press("go.send")
    assert [add.text for add in there.of(Add)] == [f"số nó {NUMBER}"]
    assert there.case is not None
    assert there.case.shown == ()


def test_nothing_waits_for_the_choice_any_other_text_goes_on() -> None:
    there = chat(*CHILD)
    there.say(f"số nó {NUMBER}")
    there.say("bố em")
    assert there.talk.answers.given[-1] == ("who", "home")
    assert "mask.offer" not in there.said()


@pytest.mark.parametrize(
    "again", [f"gọi {NUMBER} nhé", "0912.345.678", "không chín một hai ba bốn năm sáu bảy tám"]
)
def test_nobody_is_asked_twice_about_the_same_number(again: str) -> None:
    there = chat(*CHILD)
    there.say(f"số nó {NUMBER}")
    there.press("go.send")
    there.say(again)
    assert "mask.offer" not in there.said()
    there.say("số khác 0987654321")
    assert "mask.offer" in there.said()


def test_a_number_kept_in_a_draft_is_seen_when_the_case_opens() -> None:
    there = chat(*CHILD)
    there.say(f"số nó {NUMBER}")
    there.press(f"keep.{MARK}")
    assert there.said()[0] == "mask.shown"
    assert there.asked() == "who"
    there.press("go.send")
    assert there.case is not None
    assert there.case.shown == (KEY,)


def test_a_number_hidden_again_in_a_draft_stays_hidden() -> None:
    there = chat(*CHILD)
    there.say(f"số nó {NUMBER}")
    there.press(f"keep.{MARK}")
    there.press(f"hide.{MARK}")
    assert there.said()[0] == "mask.hidden_again"
    there.press("go.send")
    assert there.case is not None
    assert there.case.shown == ()


def test_what_officers_will_see_stands_in_the_summary() -> None:
    there = chat(*CHILD)
    there.say(f"số nó {NUMBER}")
    for press in ("go.skip", "go.skip", "go.skip"):
        there.press(press)
    assert there.asked() == "send"
    [text] = there.read()
    assert NUMBER not in text
    assert "[đã che số điện thoại]" in text
    there.press(f"keep.{MARK}")
    assert NUMBER in there.read()[0]


def test_a_typed_place_is_masked_in_the_summary_as_well() -> None:
    there = chat(*CHILD, "go.skip", "a.who.home")
    there.say(f"ngõ 5, gọi {NUMBER}")
    assert "mask.offer" in there.said()
    there.press("a.phone.shared")
    [text] = there.read()
    assert "“ngõ 5, gọi [đã che số điện thoại]”" in text


def test_in_danger_the_alert_has_left_and_the_numbers_to_call_come_first() -> None:
    there = chat()
    there.say(DANGER)
    assert there.case is not None
    assert there.case.priority is Priority.P1
    assert there.of(Show)
    assert [add.text for add in there.of(Add)] == [DANGER]
    assert there.case.shown == ()
    said = there.said()
    assert said[0] == "emergency"
    assert said[-1] == "mask.offer"
    rows = [row for say in there.of(Say) for row in say.buttons]
    assert [button.id for button in rows[-2]] == [f"hide.{MARK}", f"keep.{MARK}"]


def test_a_number_kept_in_danger_is_brought_to_the_officers() -> None:
    there = chat()
    there.say(DANGER)
    assert there.case is not None
    messages = there.case.messages
    there.press(f"keep.{MARK}")
    assert there.case.shown == (KEY,)
    assert there.case.messages == messages, "a press is no message"
    assert there.case.unread == messages + 1
    assert there.of(Show)
    assert [(add.kind, add.text) for add in there.of(Add)] == [(EntryKind.MOVE, "shown")]
    assert "shown" in [one.act for one in there.of(Audit)]
    assert there.asked() == "where", "the open question stands under it"


def test_pressing_the_same_again_changes_nothing() -> None:
    there = chat()
    there.say(DANGER)
    there.press(f"keep.{MARK}")
    there.press(f"keep.{MARK}")
    assert there.of(Add) == []
    assert there.said()[0] == "mask.shown"
    there.press(f"hide.{MARK}")
    assert there.case is not None
    assert there.case.shown == ()
    assert [(add.kind, add.text) for add in there.of(Add)] == [(EntryKind.MOVE, "hidden")]


def test_a_number_kept_in_a_closed_case_opens_it_again() -> None:
    there = chat()
    there.say(DANGER)
    assert there.case is not None
    closed = replace(there.case, status=Status.CLOSED, closed=there.now)
    there.apply([Change(closed)])
    there.press(f"keep.{MARK}")
    assert there.case.status is Status.RECEIVED


def test_only_the_number_of_its_own_message_is_kept() -> None:
    there = chat(*CHILD)
    there.say(f"số nó {NUMBER}")
    there.say("số em 0987654321")
    there.press(f"keep.{MARK}")
    assert there.talk.shown == (KEY,)


def test_an_edited_message_and_a_line_under_a_picture_are_read_too() -> None:
    there = chat(*CHILD)
    there.say("em sợ")
    there.file(MediaKind.PICTURE, text=f"số nó {NUMBER}")
    assert "mask.offer" in there.said()
    assert there.talk.asked == (KEY,)


def test_a_button_of_another_story_is_stale() -> None:
    there = chat(*CHILD)
    there.press("keep.00000000")
    assert there.said()[0] == "stale"
    assert there.talk.shown == ()


def test_after_leaving_nothing_can_be_uncovered() -> None:
    there = chat(*CHILD)
    there.say(f"số nó {NUMBER}")
    there.press("go.exit")
    there.press(f"keep.{MARK}")
    assert there.said()[0] == "stale"
    assert there.talk.shown == ()


def test_a_late_line_is_asked_about_when_it_joins_the_case() -> None:
    there = chat()
    there.say("em bị bạn bắt nạt ở trường")
    for press in ("a.for.me", "a.now.no", "go.send"):
        there.press(press)
    there.later(hours=2)
    there.say(f"nó nhắn từ {NUMBER}")
    assert there.said() == ["add_or_new"]
    there.press("go.add")
    assert "mask.offer" in there.said()


def test_return_words_are_never_taken_for_a_number() -> None:
    there = chat("go.code")
    there.say("0123 4567 8901 2345")
    assert "mask.offer" not in there.said()


def test_the_wards_own_number_is_nobodys_secret() -> None:
    there = chat(*CHILD)
    there.say("em gọi 18001567 và 111 không được")
    assert "mask.offer" not in there.said()


def test_an_answer_typed_before_is_not_asked_about_again() -> None:
    there = chat(*CHILD)
    answers = given(**{"for": "me", "now": "no", "what": f"{TYPED}số {NUMBER}"})
    there.talk = replace(there.talk, answers=answers)
    there.say("bố em")
    assert "mask.offer" not in there.said()
