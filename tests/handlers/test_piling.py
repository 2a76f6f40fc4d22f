"""Somebody writes faster than anybody could answer: slowed, kept whole, never without 111."""

from dataclasses import replace

import pytest

from handlers.cases import Priority, Route
from handlers.decide import decide
from handlers.effects import Add, Calm, Change, Effect, Keep, Open, Pile, Remind, Say, Unpile
from handlers.events import Due, Wait
from handlers.piling import IN_DANGER, JOINS_AFTER
from tests.handlers.views import ME, Chat, chat

CHILD = ("a.for.me", "a.now.no", "a.what.hit")
DANGER = "bố đang đánh em ở nhà"


def hurried(*presses: str, first: str = "") -> Chat:
    """A chat in which somebody begins to write very fast."""
    there = chat(*presses)
    if first:
        there.say(first)
    there.hurried = True
    return there


def joins(there: Chat, side: str = "resident") -> list[Effect]:
    """The moment comes in which the pile joins the story."""
    there.hurried = False
    due = Due("d", Wait.PILE, there.now, person=ME, side=side)
    talk = there.talk if side == "resident" else replace(there.away[side], side=side)
    view = replace(there.view(), talk=talk, case=there.cases.get(talk.case or ""))
    return there.apply(decide(view, due, there.dice))


def test_a_line_too_many_is_kept_and_answered_once_with_111() -> None:
    there = hurried(*CHILD)
    there.say("một")
    assert there.of(Pile) == [Pile(ME, "resident", "một")]
    assert there.said() == ["slow"]
    assert "111" in there.read()[0]
    assert there.of(Remind)[0].due - there.now == JOINS_AFTER
    for line in ("hai", "ba"):
        there.say(line)
        assert there.effects == [Pile(ME, "resident", line)]
    assert there.pile == ("một", "hai", "ba")


def test_the_pile_joins_the_draft_in_one_piece_and_the_talk_goes_on() -> None:
    there = hurried(*CHILD)
    for line in ("em sợ", "em buồn", "em đau"):
        there.say(line)
    joins(there)
    assert there.pile == ()
    assert there.talk.answers.story == ("em sợ\nem buồn\nem đau",)
    assert there.of(Unpile)
    assert Calm(Wait.PILE, person=ME) in there.of(Calm)
    assert there.said() == ["slow_done", "q.who"]
    assert "3" in there.read()[0]


def test_in_a_case_the_card_counts_every_line_and_changes_once() -> None:
    there = hurried(*CHILD, "go.skip", "go.send", first="thêm")
    assert there.case is not None
    messages = there.case.messages
    for line in ("a1", "b2", "c3", "d4"):
        there.say(line)
    joins(there)
    assert [add.text for add in there.of(Add)] == ["a1\nb2\nc3\nd4"]
    assert there.case.messages == messages + 4
    assert "slow_done" in there.said()


def test_danger_that_is_news_acts_at_once() -> None:
    there = hurried(*CHILD)
    there.say("em sợ")
    there.say(DANGER)
    assert there.of(Open)[0].case.priority is Priority.P1
    assert "emergency" in there.said()
    assert there.pile == ("em sợ",)
    piles = [one for one in there.of(Remind) if one.wait is Wait.PILE]
    assert [one.due - there.now for one in piles] == [IN_DANGER], "what waits is wanted now"


def test_danger_that_rings_already_waits_a_few_seconds_with_the_rest() -> None:
    there = hurried(first=DANGER)
    there.say(DANGER)
    assert there.said() == ["slow"]
    assert there.of(Remind)[0].due - there.now == IN_DANGER
    joins(there)
    assert [add.text for add in there.of(Add)] == [DANGER]


@pytest.mark.parametrize(
    "facts",
    [
        {"safe": True},
        {"happening": False},
        {"priority": Priority.P2},
    ],
)
def test_danger_that_would_raise_the_case_never_waits(facts: dict[str, object]) -> None:
    there = hurried(first=DANGER)
    assert there.case is not None
    there.apply([Change(replace(there.case, **facts))])  # type: ignore[arg-type]
    there.say(DANGER)
    assert there.of(Pile) == []
    assert there.case.priority is Priority.P1


def test_danger_that_names_an_official_never_waits_before_the_group() -> None:
    there = hurried(first=DANGER)
    there.say("chú công an đang đánh em")
    assert there.of(Pile) == []
    assert there.case is not None
    assert there.case.route is Route.LEADS


def test_danger_is_not_put_together_from_two_lines_that_say_something_else() -> None:
    there = hurried(*CHILD)
    for _ in range(30):
        there.say("chung no hay danh em o truong")
    joins(there)
    assert there.case is None
    assert there.talk.harm


def test_a_word_that_is_a_wish_alone_is_a_part_of_the_story_here() -> None:
    there = hurried(*CHILD)
    there.pile = ("meo", "xin loi")
    joins(there)
    assert there.talk.answers.story == ("meo\nxin loi",)


def test_what_waits_long_after_a_case_may_belong_to_something_else() -> None:
    there = chat("a.for.me", "a.now.no", "a.what.school", "go.send", "go.skip", "go.skip")
    there.later(hours=2)
    there.pile = ("chao", "hom nay vui")
    joins(there)
    assert there.said() == ["slow_done", "add_or_new"]
    assert there.talk.draft == "chao\nhom nay vui"


@pytest.mark.parametrize("command", ["/111", "số 111", "/thoat", "mẹ vào"])
def test_a_way_out_and_the_number_work_at_any_speed(command: str) -> None:
    there = hurried(*CHILD)
    there.say(command)
    assert there.of(Pile) == []
    assert there.of(Say)


def test_who_has_told_nothing_yet_is_answered_as_ever() -> None:
    there = hurried()
    there.say("alo")
    assert there.of(Pile) == []
    assert there.of(Say)


def test_what_waits_joins_before_a_button_counts() -> None:
    there = hurried(*CHILD)
    for line in ("em sợ", "em đau"):
        there.say(line)
    there.hurried = False
    there.press("go.send")
    assert there.case is not None
    assert [add.text for add in there.of(Add)] == ["em sợ\nem đau"]
    assert "receipt" in there.said()


def test_what_waits_joins_before_the_next_line_once_it_is_slow_again() -> None:
    there = hurried(*CHILD, "go.skip", "go.send", first="thêm")
    there.say("một")
    there.hurried = False
    there.say("hai")
    assert [add.text for add in there.of(Add)] == ["một", "hai"]
    assert there.pile == ()


def test_who_leaves_hears_nothing_more_and_loses_nothing() -> None:
    there = hurried(*CHILD)
    there.say("em sợ")
    there.press("go.exit")  # the pile goes with the talk that is put away
    [key] = there.away
    there.pile = ("em sợ",)
    effects = joins(there, key)
    assert not [e for e in effects if isinstance(e, Say)]
    kept = [e.talk for e in effects if isinstance(e, Keep)]
    assert kept[-1].answers.story == ("em sợ",)
    assert kept[-1].side == key


def test_where_the_place_is_asked_for_the_lines_together_are_the_place() -> None:
    there = hurried(first=DANGER)
    assert there.case is not None
    messages = there.case.messages
    for line in ("sau cho", "nha mau xanh"):
        there.say(line)
    joins(there)
    assert there.case.fact("where") == "=sau cho\nnha mau xanh"
    assert there.case.messages == messages


def test_a_pile_that_is_gone_already_is_no_fault() -> None:
    there = chat(*CHILD)
    assert joins(there) == []


def test_a_number_in_the_pile_is_asked_about_when_it_joins() -> None:
    there = hurried(*CHILD)
    there.say("số nó 0912345678")
    assert "mask.offer" not in there.said()
    joins(there)
    assert "mask.offer" in there.said()
