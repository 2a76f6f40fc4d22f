"""A report being told: voices, phones, danger again, what silence brings, what comes after."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import report, telling
from handlers.cases import Priority, Route
from handlers.effects import Add, Audit, Calm, EntryKind, Forget, Open, Remind, Say, Show
from handlers.events import Wait
from handlers.view import Hours, Phone, Voice
from tests.handlers.views import AREA, INDEPENDENT, LEAD, ME, chat, given, house

CHILD = ("a.for.me", "a.now.no")
TOLD = (*CHILD, "a.what.hit", "go.skip", "a.who.home", f"a.where.{AREA}")


@pytest.mark.parametrize(
    ("who", "voice"),
    [("me", "child"), ("danger", "child"), ("friend", "friend"), ("adult", "adult")],
)
def test_the_voice_follows_who_speaks(who: str, voice: str) -> None:
    there = chat(f"a.for.{who}")
    assert there.person.voice == voice


@pytest.mark.parametrize(
    ("answers", "hours"),
    [
        ({"for": "me", "phone": "own", "hours": "evening"}, Hours.EVENING),
        ({"for": "me", "phone": "own", "hours": "never"}, Hours.NEVER),
        ({"for": "me", "phone": "own", "hours": ""}, Hours.NEVER),
        ({"for": "me", "phone": "shared", "hours": "any"}, Hours.NEVER),
        ({"for": "me", "phone": ""}, Hours.NEVER),
        ({"for": "adult", "phone": "own"}, Hours.ANY),
    ],
)
def test_a_phone_lights_up_only_where_that_was_allowed(answers: dict[str, str], hours: str) -> None:
    assert telling.hours(given(**answers)) == hours


def test_a_whole_report_of_a_child_is_sent_with_its_five_words() -> None:
    there = chat(*TOLD, "a.phone.own", "a.hours.evening")
    assert there.asked() == "send"
    there.press("a.send.send")
    assert "receipt" in there.said()
    assert there.talk.secret is None
    assert (there.person.phone, there.person.hours) == (Phone.OWN, Hours.EVENING)
    there.say("12 tuổi")
    there.press("a.when.today")
    assert there.case is not None
    assert (there.case.age, there.case.fact("when")) == ("11-13", "today")
    assert there.case.area == "Tổ dân phố 1"
    there.say("em cảm ơn")
    assert there.said()[-1] == "heard"


def test_the_return_words_are_told_once() -> None:
    there = chat(*TOLD, "go.send")
    assert "receipt" in there.said()
    for press in ("go.back", "go.on", "go.report", "go.en"):
        there.press(press)
        assert "receipt" not in there.said()


def test_a_line_that_fits_no_button_is_kept_then_the_question_is_let_go() -> None:
    there = chat(*CHILD, "a.what.hit", "go.skip")
    there.say("trời mưa to lắm")
    assert there.said() == ["noted", "q.who"]
    there.say("sợ lắm")
    assert there.said() == ["kept", "q.where"]
    assert there.talk.answers.story == ("trời mưa to lắm", "sợ lắm")


def test_own_words_and_a_button_that_came_together_are_both_taken() -> None:
    there = chat(*CHILD)
    there.say("nó giật tóc mình")
    there.press("a.what.school")
    assert there.talk.answers[report.WHAT] == "school"
    assert there.talk.answers.story == ("nó giật tóc mình",)


def test_words_typed_for_a_place_are_not_lost_when_a_button_follows_them() -> None:
    there = chat("go.danger")
    there.say("ở gần chợ, em hay trốn sau nhà")
    there.press("a.where.to-dan-pho-2")
    assert there.case is not None
    assert there.case.fact("where") == "to-dan-pho-2"
    told = [one.text for one in there.of(Add) if one.kind is EntryKind.WORDS]
    assert told == ["ở gần chợ, em hay trốn sau nhà"]


def test_the_story_can_be_begun_again() -> None:
    there = chat(*TOLD, "a.phone.shared")
    there.press("edit.story")
    assert there.asked() == "words"
    there.press("go.skip")
    there.press("edit.phone")
    assert there.asked() == "phone"


def test_a_story_that_was_the_answer_is_asked_for_again() -> None:
    there = chat(*CHILD)
    there.say("nó giật tóc mình")
    there.press("edit.story")
    assert there.asked() == "what"
    assert "nó giật tóc mình" not in str(there.talk.answers)


def test_nothing_of_a_sent_report_can_be_edited_back_or_sent_twice() -> None:
    there = chat(*TOLD, "go.send")
    for press in ("edit.who", "go.back"):
        there.press(press)
        assert there.said()[0] == "edit_sent"
    there.press("go.drop_sure")
    assert there.said() == ["drop_sent"]


def test_nothing_told_is_nothing_to_send_or_drop() -> None:
    there = chat()
    there.press("go.send")
    assert there.said()[0] == "nothing_yet"
    there.press("go.drop")
    assert there.said() == ["dropped"]


def test_whoever_does_not_say_who_they_are_is_spoken_to_as_a_child() -> None:
    there = chat()
    there.say("bạn em bị bỏ đói")
    there.press("go.send")
    assert there.of(Open)
    assert there.talk.answers[report.FOR] == "me"


def test_an_official_without_a_contact_takes_the_teller_s_own_decision() -> None:
    there = chat(*CHILD, "a.what.hit", "go.skip", "a.who.official")
    assert there.asked() == "route"
    there.press("go.send")
    assert not there.of(Open)
    assert "go.send" not in there.buttons()
    there.press("a.route.ward")
    there.press("go.send")
    assert there.case is not None
    assert there.case.route is Route.GROUP


def test_nobody_means_nobody_whatever_is_typed_and_however_long_it_takes() -> None:
    there = chat(*CHILD, "a.what.hit", "go.skip", "a.who.official", "a.route.nobody")
    assert there.said() == ["route_nobody"]
    assert Calm(Wait.UNFINISHED, person=ME, side="resident") in there.effects
    assert "go.back" in there.buttons()
    there.say("để em hỏi bạn")
    assert there.said() == ["kept", "route_nobody"]
    assert Wait.UNFINISHED not in {wait.wait for wait in there.of(Remind)}
    assert not there.of(Open)
    there.press("go.back")
    assert there.asked() == "route"


def test_an_official_with_a_contact_never_reaches_the_group() -> None:
    there = chat(
        *CHILD, "a.what.hit", "go.skip", "a.who.official", "go.send", roster=(LEAD, INDEPENDENT)
    )
    assert [show.place for show in there.of(Show)] == ["officer:nui"]


@pytest.mark.parametrize(
    ("presses", "unfinished", "goes"),
    [
        ((*CHILD, "a.what.hit"), True, True),
        ((*CHILD, "a.what.hit"), False, False),
        (CHILD, True, False),
        (("a.for.adult", "a.now.past", "a.what.hit"), True, False),
    ],
)
def test_silence_sends_on_only_a_child_s_story_of_harm(
    presses: tuple[str, ...], unfinished: bool, goes: bool
) -> None:
    there = chat(*presses, house=house(unfinished_to_officers=unfinished))
    waits = {wait.wait: wait.due - there.now for wait in there.of(Remind)}
    assert waits.get(Wait.UNFINISHED) == (timedelta(minutes=30) if goes else None)


def test_whoever_comes_back_after_silence_is_told_that_it_was_sent_with_the_words() -> None:
    there = chat(*CHILD, "a.what.hit")
    there.due(Wait.UNFINISHED, minutes=30)
    assert there.case is not None
    assert there.case.unfinished
    there.press("go.on")
    assert there.said() == ["unfinished_sent", "q.words"]
    there.press("go.skip")
    assert "unfinished_sent" not in there.said()
    assert there.asked() == "who"
    for press in ("a.who.home", "go.skip", "a.phone.shared"):
        there.press(press)
    assert there.said() == ["q.age"]


def test_an_answer_raises_a_case_that_was_sent_by_silence() -> None:
    there = chat()
    there.say("có người hay đánh em")
    there.due(Wait.UNFINISHED, minutes=30)
    there.press("a.for.me")
    there.press("a.now.yes")
    assert there.case is not None
    assert (there.case.priority, there.case.happening) == (Priority.P1, True)
    assert [say.parts[0].key for say in there.of(Say) if say.to == "group"] == ["desk.raised"]


def test_a_graver_matter_told_later_is_urgent_but_not_happening_now() -> None:
    there = chat("a.for.me")
    there.talk = replace(there.talk, harm=True)
    there.due(Wait.UNFINISHED, minutes=30)
    for press in ("a.now.no", "a.what.touch", "go.skip", "a.who.known", f"a.where.{AREA}"):
        there.press(press)
        assert there.case is not None
        assert there.case.priority is Priority.P3
    there.press("a.phone.shared")
    assert (there.case.priority, there.case.happening) == (Priority.P1, False)


def test_what_is_no_graver_raises_nothing() -> None:
    there = chat("a.for.me")
    there.talk = replace(there.talk, harm=True)
    there.due(Wait.UNFINISHED, minutes=30)
    for press in (
        "a.now.no",
        "a.what.other",
        "go.skip",
        "a.who.known",
        f"a.where.{AREA}",
        "a.phone.shared",
    ):
        there.press(press)
    assert there.case is not None
    assert there.case.priority is Priority.P3
    assert not [audit for audit in there.of(Audit) if audit.act.startswith("raise")]


def test_in_danger_the_card_comes_first_the_place_next_and_the_words_after_it() -> None:
    there = chat("a.for.danger")
    assert there.said() == ["emergency"]
    there.say("nhà số 8")
    assert there.said()[:2] == ["danger_where", "keep_words"]
    there.say("em trốn rồi")
    assert there.said() == ["heard_danger"]


def test_danger_after_the_place_was_told_still_shows_the_card() -> None:
    there = chat(*TOLD)
    there.press("go.danger")
    assert there.said()[0] == "emergency"
    there = chat(*TOLD)
    there.say("bố đang đánh em")
    assert there.said()[0] == "emergency"


def test_the_card_is_not_repeated_at_every_line_of_danger() -> None:
    there = chat("a.for.danger")
    shown = []
    for _ in range(8):
        there.say("bố đang đánh em")
        shown.append("emergency" in there.said())
    assert 0 < shown.count(True) < 3


def test_danger_in_a_sent_report_asks_nothing_small_any_more() -> None:
    for there in (chat(*TOLD, "go.send"), chat(*TOLD, "go.send", "a.age.7-10")):
        there.say("bố đang đánh em")
        assert there.said() == ["emergency"]
        assert there.asked() == "story"
    there = chat(*TOLD, "go.send")
    there.press("go.danger")
    assert there.asked() == "story"
    assert there.person.window is not None


def test_an_alarm_that_is_over_lowers_the_case_and_danger_again_raises_it() -> None:
    there = chat("a.for.danger")
    there.press("go.safe")
    assert there.case is not None
    assert (there.case.priority, there.case.safe) == (Priority.P2, True)
    assert [add.text for add in there.of(Add)] == ["safe"]
    there.say("bố đang đánh em")
    assert (there.case.priority, there.case.safe) == (Priority.P1, False)
    assert there.case.messages == 2
    there.press("go.safe")
    there.press("go.danger")
    assert there.case.priority is Priority.P1


def test_safe_where_there_is_no_case_is_answered_kindly() -> None:
    there = chat()
    there.press("go.safe")
    assert there.said() == ["safe_none"]


def test_an_adult_in_danger_s_path_is_spoken_to_as_one() -> None:
    there = chat("a.for.danger", "go.adult")
    assert there.person.voice == Voice.ADULT
    assert "emergency" in there.said()
    there = chat()
    there.say("muốn chết quá")
    there.press("go.adult")
    assert "crisis" in there.said()


def test_a_life_in_danger_gets_the_card_for_that() -> None:
    there = chat()
    there.say("muốn chết quá")
    assert there.said()[0] == "crisis"
    assert there.case is not None
    assert (there.case.kind, there.case.priority) == ("SELF_HARM", Priority.P1)
    there = chat("a.for.friend", "a.now.no")
    there.say("nó bảo muốn chết")
    assert there.case is None or there.person.voice == "friend"


def test_danger_from_an_official_reaches_only_a_few_until_the_teller_decides() -> None:
    there = chat()
    there.say("chú công an đang đánh em")
    assert there.case is not None
    assert there.case.route is Route.LEADS
    assert "official_private" in there.said()
    there.press("go.to_group")
    assert there.case.route is Route.GROUP
    there.press("go.to_group")
    assert there.said() == ["noted"]


def test_an_official_named_in_danger_takes_an_open_case_out_of_the_group() -> None:
    there = chat(*TOLD, "go.send")
    there.say("chú công an đang đánh em")
    assert there.case is not None
    assert there.case.route is Route.LEADS
    assert {show.place for show in there.of(Show)} == {"group", "officer:may"}
    assert "official_private" in there.said()


def test_a_case_that_is_gone_lets_its_chat_begin_anew() -> None:
    there = chat(*TOLD, "go.send", "go.skip", "go.skip")
    there.cases.clear()
    there.case = None
    there.say("em lại bị nữa")
    assert there.asked() == "for"
    assert there.talk.case is None
    assert there.talk.answers.story == ("em lại bị nữa",)


def test_everyday_words_mean_a_button_only_when_they_are_few() -> None:
    there = chat(*CHILD, "a.what.hit", "go.skip")
    there.say("bố em")
    assert there.talk.answers[report.WHO] == "home"
    there = chat(*CHILD, "a.what.hit", "go.skip")
    there.say("hôm qua trời mưa to lắm bạn ạ")
    assert there.said()[0] == "noted"


def test_whoever_takes_the_phone_from_a_child_cannot_stop_what_was_told() -> None:
    there = chat(*CHILD, "a.what.hit")
    there.talk = replace(there.talk, veiled=True)
    there.press("go.drop_sure")
    assert there.said() == ["dropped"]
    assert len(there.away) == 1
    assert not there.of(Forget)


def test_late_says_what_silence_brings() -> None:
    there = chat(*CHILD, "a.what.hit", "go.later")
    assert there.said() == ["later_sent_anyway"]
    there = chat("a.for.adult", "a.now.past", "a.what.hit", "go.later")
    assert there.said() == ["later"]
