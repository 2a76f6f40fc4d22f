"""Before a ward has opened: everybody hears the truth and the numbers; a cry for help is an alarm."""

from dataclasses import replace

import pytest

from handlers.cases import Origin, Priority
from handlers.effects import Aside, Keep, Open, Say, Show
from handlers.events import Kind, MediaKind
from handlers.ward import Phone
from tests.handlers.views import ME, Chat, house
from tests.handlers.views import chat as open_chat

TOLD = ("bố hay đánh em", "hôm nay em buồn", "em muốn kể chuyện này", "em bị bắt nạt ở lớp", "?")
DANGER = ("cứu em với bố đang đánh em", "có người cầm dao đuổi em", "em muốn chết")


def chat(*presses: str, **facts: object) -> Chat:
    """A chat with a ward that has not opened."""
    there = Closed(**facts)  # type: ignore[arg-type]
    for choice in presses:
        there.press(choice)
    return there


class Closed(Chat):
    """One person at one phone, before the ward has opened."""

    def view(self):  # type: ignore[no-untyped-def]
        return replace(super().view(), source=Origin.EARLY)


def says_closed(there: Chat) -> bool:
    return "not_open" in there.said() and not there.of(Open) and "go.danger" in there.buttons()


@pytest.mark.parametrize("words", TOLD)
def test_whatever_is_told_hears_that_nobody_reads_and_whom_to_call(words: str) -> None:
    there = chat()
    there.say(words)
    assert says_closed(there)
    [text] = there.read()
    assert "chưa có ai đọc" in text
    assert "không giữ" in text
    for number in ("111", "113", "115"):
        assert number in text


@pytest.mark.parametrize("words", TOLD)
def test_nothing_that_was_told_is_kept(words: str) -> None:
    there = chat()
    there.say(words)
    assert not there.talk.told
    assert [keep.talk.answers.story for keep in there.of(Keep)] == [()]


@pytest.mark.parametrize(
    "press",
    ["go.start", "go.report", "a.for.me", "a.for.adult", "go.send", "go.help", "go.news", "x"],
)
def test_no_report_can_be_begun(press: str) -> None:
    assert says_closed(chat(press))


def test_a_start_button_a_picture_a_voice_and_the_unreadable_hear_the_same() -> None:
    there = chat()
    there.take(Kind.TEXT, text="/start", choice="start:x")
    assert says_closed(there)
    for kind in (MediaKind.PICTURE, MediaKind.VOICE, MediaKind.STICKER):
        there.file(kind, text="nhà em đây")
        assert says_closed(there)
    there.take(Kind.WITHHELD)
    assert says_closed(there)
    there.take(Kind.EDIT, text="em sửa lại")
    assert says_closed(there)


@pytest.mark.parametrize(
    ("wish", "key"),
    [
        ("go.111", "hotlines"),
        ("tel.111", "hotlines"),
        ("go.tips", "tips_menu"),
        ("age.7-10", "tips_choose"),
        ("go.code", "mycase_ask"),
        ("go.exit", "quick_exit"),
        ("go.done", "bye"),
        ("go.forget", "forget_ask"),
    ],
)
def test_numbers_lessons_and_every_way_out_work(wish: str, key: str) -> None:
    assert key in chat(wish).said()
    assert "not_open" not in chat(wish).said()


def test_lessons_offer_no_report_that_is_not_taken() -> None:
    assert "go.report" in open_chat("go.tips").buttons()
    assert "go.report" not in chat("go.tips").buttons()
    assert "go.on" in chat("go.danger", "go.tips").buttons()


@pytest.mark.parametrize("words", ["111", "/111", "thoát nhanh", "mẹ vào"])
def test_plain_words_for_them_work_too(words: str) -> None:
    there = chat()
    there.say(words)
    assert "not_open" not in there.said()


def test_an_answer_to_forget_me_is_understood() -> None:
    there = chat("go.forget")
    there.say(there.house.texts.say("go.forget_sure", "vi", ""))
    assert "forgotten" in there.said()


def test_the_language_is_changed_by_a_button_and_by_writing_english() -> None:
    there = chat("go.en")
    assert "opens soon" in there.read()[0]
    assert "go.vi" in there.buttons()
    there.press("go.language")
    assert "sắp mở" in there.read()[0]
    there.say("/ngonngu")
    assert "opens soon" in there.read()[0]
    there.press("go.vi")
    there.say("hello, can somebody please help me with something")
    assert "opens soon" in there.read()[0]


@pytest.mark.parametrize("words", DANGER)
def test_danger_gets_the_emergency_card_first_an_alarm_and_the_truth(words: str) -> None:
    there = chat()
    there.say(words)
    said = there.said()
    assert said[0] in {"emergency", "crisis"}
    assert said[1] == "not_open_danger"
    [opened] = there.of(Open)
    assert (opened.case.origin, opened.case.priority) == (Origin.EARLY, Priority.P1)
    assert there.of(Show)
    assert words in there.talk.answers.story


def test_touching_hears_first_that_it_is_not_their_fault() -> None:
    there = chat()
    there.say("chú ấy đang sờ vào người em")
    assert there.said()[:3] == ["ack_touch", "emergency", "not_open_danger"]


@pytest.mark.parametrize("press", ["go.danger", "a.for.danger"])
def test_a_press_for_help_is_an_alarm(press: str) -> None:
    there = chat(press)
    assert there.of(Open)
    assert there.said()[:2] == ["emergency", "not_open_danger"]


def test_the_words_for_the_button_a_correction_and_a_caption_are_an_alarm_too() -> None:
    there = chat()
    there.say("đang nguy hiểm")
    assert there.of(Open)
    there = chat()
    there.take(Kind.EDIT, text=DANGER[0])
    assert there.of(Open)
    there = chat()
    there.file(MediaKind.PICTURE, text=DANGER[0])
    assert there.of(Open)


def test_danger_that_is_not_sure_hears_the_numbers_above_all() -> None:
    there = chat()
    there.say("nếu bố đánh em thì em gọi ai?")
    assert says_closed(there)
    there = chat()
    there.say("nó dọa tung ảnh của em lên mạng nếu không gửi tiền")
    assert there.said()[0] == "sextortion"
    assert says_closed(there)


def test_harm_that_was_told_is_thanked_for() -> None:
    there = chat()
    there.say("bố hay đánh em")
    assert there.said() == ["ack", "not_open"]


def test_the_case_goes_on_and_each_answer_tells_the_truth_until_somebody_has_it() -> None:
    there = chat("go.danger")
    there.say("ngõ 5 tổ 2")
    assert there.said()[1] == "not_open_danger"
    there.say("cửa sắp bung rồi")
    assert there.said()[1] == "not_open_danger"
    assert there.case is not None
    there.cases[there.case.id] = there.case = replace(there.case, claimed_by="may")
    there.say("em trốn trong nhà vệ sinh")
    assert "not_open_danger" not in there.said()


def test_a_quick_exit_stays_neutral_and_the_chat_is_a_strangers() -> None:
    there = chat("go.danger", "go.exit")
    assert there.said() == ["quick_exit"]
    assert there.of(Aside)
    there = chat("go.danger")
    there.say("mẹ vào")
    assert there.said() == ["hide"]
    there.say("chào")
    assert says_closed(there)


def test_another_story_cannot_be_begun_beside_the_case() -> None:
    there = chat("go.danger", "go.skip", "go.anew")
    assert not there.of(Aside)
    assert there.talk.case is not None
    there.press("go.safe")
    there.later(minutes=31)
    there.say("hôm nay em đi học")
    assert "add_or_new" in there.said()
    there.press("go.new")
    assert not there.of(Open)
    assert not there.of(Aside)
    assert "hôm nay em đi học" in there.talk.answers.story


def test_the_return_words_open_the_case() -> None:
    before = chat("go.danger")
    there = Closed(found=before.case)
    there.say("năm chữ")
    assert there.said()[:2] == ["state_received", "not_open_danger"]


def test_the_wards_own_numbers_stand_there() -> None:
    there = chat(
        house=house(office=Phone("024 1357 2468", "02413572468"), office_hours="8:00–17:00")
    )
    there.say("chào")
    assert there.said() == ["not_open", "ward_office"]
    assert "024 1357 2468 · Ủy ban Phường Mẫu (8:00–17:00)" in there.read()[0]


def test_an_open_ward_takes_the_same_words_as_ever() -> None:
    there = open_chat()
    there.say("bố hay đánh em")
    assert "not_open" not in there.said()
    assert there.talk.told
    there.say(DANGER[0])
    assert [say.to for say in there.of(Say) if say.to == ME]
    assert "not_open_danger" not in there.said()
