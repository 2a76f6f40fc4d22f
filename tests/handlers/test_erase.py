"""*Quên tôi*: said before it is done, the same for everybody, and never a way to take a report back."""

from dataclasses import replace

import pytest

from handlers import erase
from handlers.cases import Priority, Status
from handlers.decide import decide
from handlers.effects import Add, Change, Effect, EntryKind, Erase, Keep, Open, Profile, Say, Show
from handlers.events import Address, Incoming, Kind
from handlers.talk import Answers, Talk
from handlers.view import Hours, Person, Phone, Tie
from tests.handlers.views import BEGIN, ME, Chat, case, chat

SAID = ("forget_ask",)
ASKED = [
    *("quên tôi", "quen toi", "Quên mình đi", "quen em di a", "hãy quên con đi", "/quentoi"),
    *("forget me", "please forget me", "QUÊN TÔI!", "xin quên tôi giúp", "đừng nhớ mình nữa"),
]


def sent() -> Chat:
    """A child that has sent a report and sits at its own phone."""
    return chat("a.for.me", "a.now.no", "a.what.hit", "go.send")


def forgotten(there: Chat) -> list[Effect]:
    there.press("go.forget")
    return there.press("go.forget_sure")


@pytest.mark.parametrize("words", ASKED)
def test_it_may_be_typed_in_many_ways_at_any_step(words: str) -> None:
    for there in (chat(), chat("a.for.me", "a.now.no", "a.what.hit"), sent()):
        there.say(words)
        assert [key for key in there.said() if key != "trial"] == ["forget_ask"], words
        assert {"go.forget_sure", "go.forget_no", "go.111", "go.danger"} <= set(there.buttons())
        assert not there.of(Erase)
        assert not there.of(Add)


@pytest.mark.parametrize(
    "words",
    ["mẹ quên con ở trường", "em quên mã rồi", "bố quên em ở nhà một mình", "quên đi", "em quên"],
)
def test_a_story_about_being_forgotten_is_a_story(words: str) -> None:
    there = sent()
    there.say(words)
    assert "forget_ask" not in there.said()


def test_it_stands_under_the_privacy_text_and_after_the_return_words() -> None:
    assert "go.forget" in chat("go.privacy").buttons()
    there = Chat(found=case(id="c"))
    there.say("cá áo nhà mây gió")
    assert "go.forget" in there.buttons()


def strangers() -> list[Chat]:
    """Somebody without anything, with a draft, with a report, with a closed one, with an answer."""
    done = sent().later(days=3)
    done.cases = {key: replace(one, status=Status.CLOSED) for key, one in done.cases.items()}
    done.case = next(iter(done.cases.values()))
    return [chat(), chat("a.for.me", "a.now.no", "a.what.hit"), sent(), done]


@pytest.mark.parametrize("last", ["go.forget_sure", "go.forget_no"])
def test_whoever_holds_the_phone_cannot_learn_from_it_whether_there_is_a_report(last: str) -> None:
    """The same words, the same buttons, the same number of messages, whatever there is."""
    seen = set()
    for there in strangers():
        there.person = replace(there.person, voice="child")
        said = []
        for step in ("go.forget", last):
            there.press(step)
            said.append((tuple(there.read()), tuple(there.buttons())))
        seen.add(tuple(said))
    assert len(seen) == 1


def test_when_it_is_not_wanted_after_all_everything_is_as_before() -> None:
    there = sent()
    before = there.talk
    there.press("go.forget")
    there.press("go.forget_no")
    assert there.said() == ["forget_kept"]
    assert there.buttons()[0] == "go.on"
    assert replace(there.talk, spoken=before.spoken) == before
    assert not there.of(Erase)


def test_the_answer_may_be_typed() -> None:
    for words, done in (("quên mình đi", True), ("thôi", False), ("Thôi!", False)):
        there = sent()
        there.say("quên tôi")
        there.say(words)
        assert bool(there.of(Erase)) is done, words
    there = chat("go.en", "go.forget")
    there.say("yes, forget me")
    assert there.of(Erase) == [Erase(ME)]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_english_is_answered_in_english_whatever_was_told_before(language: str) -> None:
    for there in (chat(), sent()):
        there.person = replace(there.person, language=language)
        there.say("forget me")
        assert there.person.language == "en"
        assert there.read()[0].startswith("If I forget")
    there = sent()
    there.say("quên tôi")
    assert there.person.language == "vi"


def test_something_else_said_instead_is_read_as_ever() -> None:
    there = sent()
    there.say("quên tôi")
    there.say("hôm nay lại thế")
    assert [add.text for add in there.of(Add)] == ["hôm nay lại thế"]


def test_forgetting_wipes_the_profile_and_answers_in_the_voice_of_before() -> None:
    there = Chat(person=Person(ME, "en", "adult", Phone.OWN, Hours.ANY, BEGIN))
    there.press("go.forget")
    erased, say, profile = there.press("go.forget_sure")
    assert erased == Erase(ME)
    assert isinstance(say, Say)
    assert (say.parts[0].key, say.buttons, say.typed) == ("forgotten", (), False)
    assert profile == Profile(ME, "vi", "", "", "", None)
    assert there.talk == Talk(ME, "resident")


def test_no_talk_is_kept_of_whoever_was_forgotten() -> None:
    assert not [e for e in forgotten(sent()) if isinstance(e, Keep)]


# what becomes of the report


def test_a_report_is_not_taken_back_and_the_officers_are_told() -> None:
    there = sent()
    assert there.case is not None
    there.ties = (Tie(there.case),)
    effects = forgotten(there)
    [change] = there.of(Change)
    assert change.case == replace(there.ties[0].case, forgotten=True)
    [add] = there.of(Add)
    assert (add.case, add.kind, add.text) == (change.case.id, EntryKind.MOVE, "forgotten")
    assert there.of(Show) == [Show(change.case.id, "group")]
    assert effects.index(change) < effects.index(Erase(ME))


def test_every_case_of_theirs_is_told_and_closed_ones_too() -> None:
    there = chat()
    there.ties = (Tie(case(id="c1")), Tie(case(id="c2", status=Status.CLOSED, closed=BEGIN)))
    forgotten(there)
    assert [(c.case.id, c.case.forgotten) for c in there.of(Change)] == [("c1", True), ("c2", True)]


def test_a_case_that_somebody_else_can_still_be_written_to_about_is_not_called_forgotten() -> None:
    own = Person("other", phone=Phone.OWN, hours=Hours.ANY)
    shared = Person("other", phone=Phone.SHARED)
    for other, marked in ((own, False), (shared, True)):
        there = chat()
        there.ties = (Tie(case(id="c"), (other,)),)
        forgotten(there)
        assert bool(there.of(Change)) is marked
        assert [add.text for add in there.of(Add)] == ["forgotten"]


def test_lines_that_waited_on_the_pile_join_their_case_before_it_is_let_go() -> None:
    there = sent()
    there.press("go.forget")
    assert there.case is not None
    there.ties = (Tie(there.case),)
    view = replace(there.view(), pile=("hôm nay lại thế", "gọi em 0912 345 678"))
    event = Incoming("e", "m", BEGIN, "resident", Address("telegram", "bot", "1"), Kind.CHOICE,
                     choice="go.forget_sure")  # fmt: skip
    effects = decide(view, event, there.dice)
    added = [one.text for one in effects if isinstance(one, Add)]
    assert "0912 345 678" in added[0]
    assert added[-1] == "forgotten"
    last = [one.case for one in effects if isinstance(one, Change)][-1]
    assert (last.messages, last.forgotten) == (there.case.messages + 2, True)
    erased = next(n for n, one in enumerate(effects) if isinstance(one, Erase))
    assert not [one for one in effects[erased:] if isinstance(one, Keep)]
    [say] = [one for one in effects[erased:] if isinstance(one, Say)]
    assert [part.key for part in say.parts] == ["forgotten"]


# danger first


def test_in_danger_the_card_comes_first() -> None:
    there = chat("a.for.danger")
    there.say("quên tôi")
    assert there.said() == ["emergency", "forget_ask"]
    there = chat()
    there.say("em muốn chết")
    there.say("quên em đi")
    assert there.said() == ["crisis", "forget_ask"]


def test_danger_in_the_words_themselves_goes_before_everything() -> None:
    there = chat()
    there.say("quên em đi, bố đang đánh em")
    assert "forget_ask" not in there.said()
    assert "emergency" in there.said()


def test_of_an_old_danger_nobody_who_holds_the_phone_learns() -> None:
    there = chat("a.for.danger").later(minutes=11)
    there.say("quên tôi")
    assert there.said() == ["forget_ask"]
    for change in ({"safe": True}, {"status": Status.CLOSED}, {"priority": Priority.P2}):
        there = chat("a.for.danger")
        assert there.case is not None
        there.case = replace(there.case, **change)
        assert erase.emergency(there.view()) is None


# half-told stories


def half_told(**facts: object) -> Chat:
    there = Chat(**facts)
    for press in ("a.for.me", "a.now.no", "a.what.hit"):
        there.press(press)
    there.say("bố hay đánh em")
    return there


def test_the_tellers_own_draft_is_deleted_as_by_do_not_send() -> None:
    there = half_told()
    forgotten(there)
    assert not there.of(Open)


def test_a_draft_that_somebody_else_may_want_gone_goes_on_at_once_and_is_tied_to_nobody() -> None:
    there = half_told().later(minutes=11)
    effects = forgotten(there)
    [opened] = there.of(Open)
    assert opened.case.unfinished
    assert opened.case.forgotten
    assert not opened.case.tapped
    assert [add.text for add in there.of(Add)] == ["bố hay đánh em", "forgotten"]
    assert effects.index(opened) < effects.index(Erase(ME))


def test_asking_slowly_does_not_make_somebody_else_the_teller() -> None:
    """The veil is drawn when it is asked, not when it is pressed."""
    there = half_told().later(minutes=11)
    there.press("go.forget")
    there.later(seconds=5)
    there.press("go.forget_sure")
    assert there.of(Open)


def test_a_draft_put_away_in_a_hurry_goes_on_as_was_promised() -> None:
    there = chat()
    told = Answers((("for", "me"), ("what", "hit")), ("bố hay đánh em",))
    there.left = (Talk(ME, "left-1", flow="report", answers=told, harm=True, spoken=BEGIN),)
    forgotten(there)
    [opened] = there.of(Open)
    assert (opened.case.unfinished, opened.case.voice) == (True, "child")


def test_an_adults_draft_is_deleted() -> None:
    there = chat("a.for.adult", "a.now.past", "a.what.hit").later(minutes=11)
    forgotten(there)
    assert not there.of(Open)


def test_pictures_of_a_story_that_goes_on_half_told_leave_it_marked_so() -> None:
    there = half_told(person=Person(ME, voice="child"))
    there.talk = replace(there.talk, ready=("picture|file1",))
    there.later(minutes=11)
    forgotten(there)
    assert all(one.case.unfinished for one in (*there.of(Open), *there.of(Change)))
    assert there.of(Change)
