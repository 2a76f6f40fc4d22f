"""How an answer reaches whoever reported: openly, as a neutral notice, or held."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import reach
from handlers.effects import Delivery, Remind, Say
from handlers.events import Wait
from handlers.view import Hours, Person, Phone
from tests.handlers.views import BEGIN, HOUSE, ME, Chat, case

FRESH = BEGIN + timedelta(minutes=1)
VIEW = replace(Chat().view(), case=case(id="c"))


def person(**facts: object) -> Person:
    return replace(Person(ME, voice="child"), **facts)  # type: ignore[arg-type]


def test_an_answer_is_open_only_while_the_own_last_word_is_fresh() -> None:
    state, effects = reach.reach(VIEW, [person(window=FRESH)], "e", "Cô đây.")
    assert state is Delivery.WAITING
    assert [
        (one.entry, one.parts[-1].values["text"]) for one in effects if isinstance(one, Say)
    ] == [("e", "Cô đây.")]


def test_in_a_mailbox_it_is_held_until_somebody_fetches_it() -> None:
    state, effects = reach.reach(VIEW, [person(window=FRESH, pushes=False)], "e", "Cô đây.")
    assert state is Delivery.HELD
    assert len(effects) == 1


@pytest.mark.parametrize(
    "known",
    [
        person(),
        person(window=BEGIN - timedelta(seconds=1)),
        person(phone=Phone.SHARED, hours=Hours.ANY),
        person(phone=Phone.BORROWED, hours=Hours.ANY),
        person(phone=Phone.OWN, hours=Hours.NEVER),
        person(phone=Phone.OWN, hours=Hours.ANY, pushes=False),
    ],
)
def test_no_other_phone_is_ever_written_to_first(known: Person) -> None:
    assert reach.reach(VIEW, [known], "e", "Cô đây.") == (Delivery.HELD, [])


@pytest.mark.parametrize(
    ("hours", "after"),
    [
        (Hours.ANY, timedelta()),
        (Hours.AFTER_SCHOOL, timedelta(minutes=30)),
        (Hours.EVENING, timedelta(hours=4)),
    ],
)
def test_an_own_phone_lights_up_in_the_hours_allowed(hours: str, after: timedelta) -> None:
    _, effects = reach.reach(VIEW, [person(phone=Phone.OWN, hours=hours)], "e", "Cô đây.")
    assert effects == [Remind(Wait.NOTICE, BEGIN + after, case="c", person=ME)]


def test_a_notice_says_nothing_of_any_case() -> None:
    for voice, key in (("child", "notice_lesson"), ("adult", "notice")):
        say = reach.notice(person(voice=voice))
        assert [part.key for part in say.parts] == [key]
        text = HOUSE.texts.say(key, "vi", voice).lower()
        assert not [word for word in ("hồ sơ", "trả lời", "cô chú", "tin báo") if word in text]
