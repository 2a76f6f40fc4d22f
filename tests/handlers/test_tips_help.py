"""What anybody can ask for without telling anything: lessons, numbers, the privacy text, help."""

import re
from datetime import timedelta

import pytest

from handlers.help import BACKUPS_DAYS
from handlers.lessons import Ages
from handlers.view import Person
from handlers.ward import Phone
from storage.kept import NEVER_OLDER
from tests.handlers.views import HOUSE, ME, Chat, chat, house

FIRST = HOUSE.lessons[0]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("age", list(Ages))
def test_every_lesson_can_be_read_to_its_end_and_leads_to_telling(language: str, age: str) -> None:
    there = Chat(person=Person(ME, language=language))
    there.press(f"age.{age}")
    lessons = [button for button in there.buttons() if button.startswith("tip.")]
    assert lessons
    for lesson in lessons:
        there.press(lesson)
        for _ in range(10):
            assert "go.report" in there.buttons()
            assert f"age.{age}" in there.buttons()
            onward = [button for button in there.buttons() if button.startswith("tip.")]
            if not onward:
                break
            there.press(onward[0])
        assert not onward


@pytest.mark.parametrize(
    "press",
    ["age.99", "tip.none.1", f"tip.{FIRST.code}.0", f"tip.{FIRST.code}.99", f"tip.{FIRST.code}.x"],
)
def test_a_lesson_that_is_not_there_any_more_shows_the_menu(press: str) -> None:
    there = chat(press)
    assert there.said() == ["tips_menu"]


def test_a_report_that_is_being_told_is_one_press_away() -> None:
    there = chat("a.for.me", "go.tips")
    assert "go.on" in there.buttons()
    assert "go.report" not in there.buttons()


@pytest.mark.parametrize(("voice", "language"), [("child", "vi"), ("adult", "en"), ("", "vi")])
def test_the_numbers_say_which_is_for_what(voice: str, language: str) -> None:
    there = Chat(person=Person(ME, voice=voice, language=language))
    there.press("go.111")
    text = there.read()[0]
    assert "111" in text
    assert ("112" in text) == (voice == "adult")
    assert "tel.111" in there.buttons()


def test_the_ward_s_own_numbers_are_shown_where_it_has_given_them() -> None:
    phone = Phone("024 1357 2468", "02413572468")
    there = Chat(house=house(office=phone, office_hours="giờ hành chính", police=phone))
    there.press("go.111")
    assert there.read()[0].count("024 1357 2468") == 2
    assert "ward_office" not in chat("go.111").said()


OWN_PERIODS = {
    "draft_hours": 41,
    "link_days": 42,
    "link_days_longest": 43,
    "media_days": 44,
    "keep_days": 45,
    "audit_months": 46,
}


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("voice", ["child", "friend", "adult"])
@pytest.mark.parametrize("channel", ["telegram", "web"])
def test_the_privacy_text_names_the_ward_s_own_periods(
    language: str, voice: str, channel: str
) -> None:
    person = Person(ME, language=language, voice=voice)
    there = Chat(house=house(**OWN_PERIODS), person=person)
    there.press("go.privacy")
    [text] = there.read(channel)
    numbers = {int(number) for number in re.findall(r"\d+", text)}
    told = OWN_PERIODS if voice == "adult" else {**OWN_PERIODS, "audit_months": None}
    assert numbers == {n for n in told.values() if n} | {BACKUPS_DAYS}
    assert ("Telegram" in text) is (channel == "telegram")
    assert "go.forget" in there.buttons()


def test_the_days_of_backups_in_the_privacy_text_are_the_backups_own() -> None:
    assert timedelta(days=BACKUPS_DAYS) == NEVER_OLDER


def test_help_leads_everywhere() -> None:
    there = chat("go.help")
    assert {"go.report", "go.tips", "go.code", "go.privacy"} <= set(there.buttons())
