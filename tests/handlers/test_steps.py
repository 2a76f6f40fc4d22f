"""From every state of a report: whatever is pressed or typed leads on, and nothing is lost."""

import random
from dataclasses import replace
from functools import cache

import pytest

from handlers import front, report, screens
from handlers.cases import Priority
from handlers.effects import Add, Aside, Effect, Forget, Hook, Open, Profile, Remind, Say, Show
from handlers.events import Kind, MediaKind, Wait
from handlers.talk import SKIPPED, TYPED, Answers, Setting, Walk
from handlers.view import Person
from tests.handlers.views import HOUSE, INDEPENDENT, LEAD, ME, Chat, case, house, ways

WORDS = "con mèo nhà em lông vàng lắm"
QUIET = {"quick_exit", "hide", "bye", "forgotten"}

State = tuple[Answers, Walk]


@cache
def states(independent: bool) -> list[State]:
    """One state of each kind; what only repeats another one's choices is left out."""
    seen: dict[tuple[object, ...], State] = {}
    for answers, at in ways(report.report, Setting(HOUSE.ward, independent)):
        who, what = answers[report.WHO], answers[report.WHAT]
        mark = (
            at.open.id if at.open else "",
            answers[report.FOR],
            answers[report.NOW],
            what if what in {"touch", "sad", SKIPPED} else "",
            who if who in {"official", "school"} else "",
            answers[report.PHONE] == "own",
        )
        seen.setdefault(mark, (answers, at))
    return list(seen.values())


ALL = [(one, independent) for independent in (True, False) for one in states(independent)]


def standing(state: State, *, independent: bool) -> Chat:
    """A chat that stands there, with its case when one was raised on the way."""
    answers, at = state
    there = Chat(roster=(LEAD, INDEPENDENT) if independent else (LEAD,))
    voices = {"adult": "adult", "friend": "friend", "me": "child", "danger": "child"}
    there.person = Person(ME, voice=voices.get(answers[report.FOR], ""))
    there.talk = replace(there.talk, flow="report", answers=answers)
    if at.raised is not None:
        happening = report.in_danger(answers)
        opened = case(id="open", priority=Priority(at.raised), happening=happening)
        there.cases["open"] = there.case = opened
        there.talk = replace(there.talk, case="open")
    return there


def everywhere() -> list[tuple[Chat, Walk]]:
    return [(standing(state, independent=one), state[1]) for state, one in ALL]


def reaches_officers(there: Chat) -> bool:
    return bool(there.of(Show) or there.of(Hook))


def test_every_screen_offers_111_and_a_way_out_and_can_be_read_in_both_languages() -> None:
    for there, at in everywhere():
        for language in ("vi", "en"):
            there.person = replace(there.person, language=language)
            say = screens.screen(there.view(), there.talk, there.case)
            there.effects = [say]
            assert all(text.strip() for text in there.read() + there.read("web"))
            shown = there.buttons()
            assert {"go.111", "go.exit"} <= set(shown)
            happening = there.case is not None and there.case.happening
            assert happening or {"go.danger", "a.for.danger"} & set(shown)
            assert ("go.safe" in shown) == happening
            assert len(shown) == len(set(shown))
            assert at.open is None or ("go.skip" in shown) == at.open.skip
            assert all(button.isascii() and len(button) <= 64 for button in shown)


def test_back_drops_the_last_answer_only_before_sending() -> None:
    for there, _ in everywhere():
        before = there.talk.answers
        there.press("go.back")
        assert there.talk.answers == (before if there.case else before.back())
        assert not there.of(Open)
        assert "edit_sent" in there.said() or there.case is None


def test_skip_leaves_the_question_out_and_a_question_that_must_be_answered_stays() -> None:
    for there, at in everywhere():
        there.press("go.skip")
        if at.open is None or not at.open.skip:
            assert there.asked() == (at.open.id if at.open else None)
        else:
            assert there.asked() != at.open.id
            assert there.talk.answers.given[-1] == (at.open.id, SKIPPED)


def test_send_now_opens_exactly_one_case_from_every_state_since_what_happened() -> None:
    for there, at in everywhere():
        had, told = there.case, bool(there.talk.answers[report.WHAT])
        nobody = there.talk.answers[report.ROUTE] == "nobody"
        # Where nobody may be chosen, sending now does not choose for the teller.
        unrouted = at.open is not None and at.open.id == "route"
        there.press("go.send")
        opened = there.of(Open)
        if had is None and told and not nobody and not unrouted:
            assert len(opened) == 1, there.talk.answers
            assert reaches_officers(there)
            there.press("go.send")
            assert not there.of(Open)
            assert "sent_already" in there.said()
        else:
            assert not opened


def test_danger_pressed_anywhere_raises_one_p1_and_says_so_first() -> None:
    for there, _ in everywhere():
        had = there.case
        there.press("go.danger")
        assert len(there.of(Open)) == (0 if had else 1)
        assert there.case is not None
        assert there.case.priority is Priority.P1
        assert there.case.happening
        assert "emergency" in there.said()
        known = had is not None and had.happening
        assert known or Wait.UNCLAIMED in {remind.wait for remind in there.of(Remind)}
        assert reaches_officers(there)


def test_danger_typed_anywhere_is_kept_verbatim_and_rises() -> None:
    for there, _ in everywhere():
        had = there.case
        there.say("bố đang đánh em")
        assert len(there.of(Open)) == (0 if had else 1)
        assert there.case is not None
        assert there.case.priority is Priority.P1
        assert "bố đang đánh em" in [add.text for add in there.of(Add)]


def test_own_words_are_taken_everywhere_and_kept_verbatim() -> None:
    for there, _ in everywhere():
        had = there.case
        there.say(WORDS)
        assert there.said()
        kept = [*there.talk.answers.story, *(value for _, value in there.talk.answers.given)]
        kept += [add.text for add in there.of(Add)]
        assert WORDS in kept or TYPED + WORDS in kept
        assert (there.case is None) == (had is None)


def test_typing_on_and_on_never_traps_anybody() -> None:
    for there, _ in everywhere()[::5]:  # every fifth: the kinds of question come back often
        asked = [there.asked()]
        for _ in range(3):
            there.say(WORDS)
            asked.append(there.asked())
        stays = {"for", "route", "send", "story", None}
        assert asked[-1] in stays or asked[-1] != asked[0]


def test_every_line_of_the_summary_can_be_changed() -> None:
    for there, at in everywhere():
        if at.open is None or at.open.id != "send" or there.case:
            continue
        there.press("go.on")
        lines = [button for button in there.buttons() if button.startswith("edit.")]
        assert lines
        for line in lines:
            other = replace(there)
            other.press(line)
            name = line.removeprefix("edit.")
            assert other.asked() == name or name == "story"
            assert not other.of(Open)


def test_an_old_button_changes_nothing_and_shows_the_open_question() -> None:
    for there, at in everywhere():
        before = there.talk.answers
        there.press("a.gone.choice")
        assert there.talk.answers == before
        assert "stale" in there.said()
        assert there.asked() == (at.open.id if at.open else None)


def test_quick_exit_leaves_one_neutral_line_and_a_stranger_s_chat() -> None:
    for there, _ in everywhere():
        told = there.talk.told
        there.press("go.exit")
        assert [say.parts[0].key for say in there.of(Say)] == ["quick_exit"]
        assert there.buttons() == []
        assert there.talk.answers == Answers()
        assert there.case is None
        assert [one.window for one in there.of(Profile)] == [None]
        assert bool(there.of(Aside)) == told
        there.press("go.start")
        assert there.asked() == "for"
        assert "welcome_back" not in there.said()


def test_do_not_send_is_asked_once_and_then_nothing_is_left_nor_sent() -> None:
    for there, _ in everywhere():
        had = there.case
        there.press("go.drop")
        if had is not None:
            assert there.case is not None
            assert there.case.caution
            assert there.said() == ["drop_sent"]
            continue
        there.press("go.drop_sure")
        assert not there.of(Open)
        assert there.of(Forget)
        assert not there.talk.told


def test_later_says_the_truth_about_what_silence_brings() -> None:
    for there, _ in everywhere():
        if there.case is not None:
            continue
        there.press("go.later")
        waits = {remind.wait for remind in there.of(Remind)}
        assert ("later_sent_anyway" in there.said()) == (Wait.UNFINISHED in waits)


def test_every_language_change_shows_the_same_step() -> None:
    for there, at in everywhere():
        there.press("go.en")
        assert there.person.language == "en"
        assert there.asked() == (at.open.id if at.open else None)
        there.press("go.language")
        assert there.person.language == "vi"


LINES = (
    "alo", "em so lam", "1", "9", "quay lai", "bỏ qua", "đừng gửi", "gui luon", "/ma", "mẹ vào",
    "cho meo nha cua gà", "/start", "xem mẹo", "", "\u200b", "co ai doc chua", "ngõ 3", "12 tuổi",
    "muon chet qua", "english", "chú công an hay đánh em", "bố hay đánh em", "có người sờ em",
    "bo dang danh em", "họ dọa tung ảnh của em, đòi tiền", "1234 5678 9012 3456",
)  # fmt: skip
PRESSES = (
    *(f"go.{name}" for name in front.GO),
    "a.what.hit", "a.for.tips", "edit.who", "edit.story", "edit.phone", "tip.x.1", "age.7-10",
    "tel.111", "zzz", "",
)  # fmt: skip


def anything(there: Chat, chance: random.Random, number: int) -> list[Effect]:
    """Do anything a hand, a child or a stranger may do."""
    act = chance.random()
    if act < 0.45 and there.buttons():
        return there.press(chance.choice(there.buttons()))
    if act < 0.6:
        return there.press(chance.choice(PRESSES))
    if act < 0.88:
        return there.say(chance.choice(LINES))
    if act < 0.92:
        return there.take(Kind.EDIT, text=chance.choice(("sửa", "bo dang danh em", "")))
    if act < 0.94:
        return there.take(Kind.LOCATION, location=(21.0, 105.8))
    under = chance.choice(("", "ảnh nè", "bo dang danh em"))
    return there.file(chance.choice(list(MediaKind)), f"f{number}", under)


@pytest.mark.parametrize("seed", range(100))
def test_whatever_anybody_does_is_answered_with_a_way_out(seed: int) -> None:
    chance = random.Random(seed)
    there = Chat(
        roster=chance.choice([(LEAD,), (LEAD, INDEPENDENT), ()]),
        group=chance.random() < 0.5,
        house=house(
            unfinished_to_officers=chance.random() < 0.7,
            parents_rule=chance.random() < 0.5,
            areas=chance.choice([HOUSE.ward.areas, ()]),
        ),
    )
    for number in range(30):
        there.later(minutes=chance.choice((0, 0, 0, 1, 31)))
        anything(there, chance, number)
        assert all(text.strip() for text in there.read() + there.read("web"))
        assert there.said()
        if not QUIET & set(there.said()):
            assert {"go.111", "go.exit"} <= set(there.buttons())
