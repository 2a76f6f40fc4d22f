"""Coming back with the return words, and the neutral notice that calls one back."""

from datetime import timedelta

from handlers.cases import Status
from handlers.effects import Add, Audit, Calm, Delivered, Delivery, EntryKind, Link, Say
from handlers.events import Wait
from handlers.mycase import SLOW
from handlers.view import Entry, Person, Phone
from tests.handlers.views import BEGIN, ME, Chat, case, chat

ANSWERS = (
    Entry("e1", BEGIN, EntryKind.ANSWER, "Cô đọc rồi.", "may", Delivery.HELD),
    Entry("e2", BEGIN, EntryKind.ANSWER, "Mai cô tới.", "may", Delivery.DELIVERED),
)
FACTS = (("for", "friend"), ("what", "school"), ("who", "school"), ("phone", "own"))


def returned(**facts: object) -> Chat:
    there = Chat(found=case(id="c", voice="friend", facts=FACTS, **facts), answers=ANSWERS)
    there.say("cá áo nhà mây gió")
    return there


def test_the_words_open_every_answer_and_mark_them_read() -> None:
    there = returned(status=Status.RECEIVED, answered=BEGIN)
    assert there.said() == ["state_answered", "answer_from", "=", "answer_from", "=", "mycase_add"]
    assert there.of(Delivered) == [Delivered("e1", Delivery.DELIVERED)]
    assert Calm(Wait.NOTICE, case="c", person=ME) in there.effects
    assert [(audit.act, audit.case) for audit in there.of(Audit)] == [("returned", "c")]
    assert there.of(Link) == [Link("c", ME)]


def test_whoever_comes_back_is_asked_nothing_again_and_what_they_write_joins_the_case() -> None:
    for more in (FACTS, (*FACTS, ("route", "ward")), (("for", "danger"),), ()):
        there = Chat(found=case(id="c", facts=more))
        there.say("cá áo nhà mây gió")
        assert there.asked() == "story"
        there.say("hôm nay lại thế")
        assert there.said() == ["heard"]


def test_the_voice_is_the_one_that_told_unless_this_phone_has_its_own() -> None:
    assert returned().person.voice == "friend"
    there = Chat(found=case(id="c", voice="child"), person=Person(ME, voice="adult"))
    there.say("cá áo nhà mây gió")
    assert there.person.voice == "adult"


def test_another_case_puts_this_one_away_and_the_same_one_does_not() -> None:
    there = chat("a.for.me", "a.now.no", "a.what.hit", "go.send")
    there.found = there.case
    there.say("cá áo nhà mây gió")
    assert not there.away
    there.found = case(id="c")
    there.say("cá áo nhà mây gió")
    assert len(there.away) == 1


def test_what_is_written_beside_the_words_joins_the_case_without_them() -> None:
    there = chat()
    there.found = there.cases["c"] = case(id="c")
    there.say("hôm nay em vẫn chưa đi học cá áo nhà mây gió")
    assert [add.text for add in there.of(Add)] == ["hôm nay em vẫn chưa đi học"]


def test_a_line_that_waited_in_the_same_case_joins_it() -> None:
    there = chat("a.for.me", "a.now.no", "a.what.hit", "go.send").later(hours=3)
    there.say("hôm nay lại thế")
    there.found = there.case
    there.say("cá áo nhà mây gió")
    assert "hôm nay lại thế" in [add.text for add in there.of(Add)]


def test_the_officers_see_that_somebody_came_from_another_chat() -> None:
    there = Chat(found=case(id="c"), elsewhere=True)
    there.say("cá áo nhà mây gió")
    assert [(add.kind, add.text) for add in there.of(Add)] == [(EntryKind.MOVE, "returned")]


def test_asking_for_the_words_loses_nothing_and_leads_back() -> None:
    there = chat("a.for.me", "a.now.no", "a.what.hit", "go.code")
    assert there.said() == ["mycase_ask"]
    there.press("go.on")
    assert there.asked() == "words"


def test_wrong_words_are_slowed_down_gently() -> None:
    there = chat("go.code", tries=2)
    there.say("cá áo nhà mây gió")
    assert [say.due for say in there.of(Say)] == [None]
    there.tries = 4
    there.say("cá áo nhà mây gió")
    assert [say.due for say in there.of(Say)] == [BEGIN + SLOW * 4]
    there.tries = 400
    there.say("cá áo nhà mây gió")
    assert [say.due for say in there.of(Say)] == [BEGIN + timedelta(minutes=5)]


def test_a_notice_opens_a_lesson_and_the_letters_are_one_press_further() -> None:
    for language in ("vi", "en"):
        there = Chat(person=Person(ME, voice="child", language=language))
        there.press("go.news")
        assert there.said() == ["="]
        assert "go.mailbox" in there.buttons()


def test_an_adult_s_notice_opens_the_letters() -> None:
    there = Chat(person=Person(ME, voice="adult"))
    there.press("go.news")
    assert there.said() == ["mycase_ask"]


def test_letters_open_at_once_only_on_an_own_phone() -> None:
    for phone, keys in ((Phone.OWN, "state_received"), (Phone.SHARED, "mycase_ask")):
        there = chat("a.for.me", "a.now.no", "a.what.hit", "go.send")
        there.person = Person(ME, voice="child", phone=phone)
        there.press("go.mailbox")
        assert there.said()[0] == keys
