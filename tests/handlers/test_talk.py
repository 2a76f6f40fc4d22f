"""The engine: walking again, answers by name, a typed line against the buttons."""

from collections.abc import Iterator

import pytest

from handlers import report
from handlers.reading import fold
from handlers.talk import (
    SKIPPED,
    TYPED,
    Answers,
    Question,
    Raise,
    Setting,
    Step,
    Talk,
    Tell,
    hurry,
    match,
    walk,
)
from tests.handlers.views import HOUSE, ME

SETTING = Setting(HOUSE.ward, independent=True)
COLOUR = Question("colour", ("red", "green", "blue"))
WHY = Question("why", typed=True)
MUST = Question("must", ("yes",), skip=False)
AREA = Question("area", ("g1", "g2", "g3"), typed=True, labels=("Tổ 1", "Tổ 2", "Tổ 12"))
LABELS = ("Đỏ tươi", "Xanh lá", "Xanh biển")


def flow(a: Answers, setting: Setting) -> Iterator[Step]:
    yield Tell("hello")
    yield COLOUR
    yield Tell("thanks")
    if a[COLOUR] == "red":
        yield Raise("P2")
        yield Raise("P1")
        yield Raise("P3")
    yield WHY
    yield Tell("bye")


def test_a_walk_stops_at_the_first_question_without_an_answer() -> None:
    at = walk(flow, Answers(), SETTING)
    assert (at.said, at.open, at.raised) == (("hello",), COLOUR, None)


def test_only_what_follows_the_last_answered_question_speaks() -> None:
    at = walk(flow, Answers().put(COLOUR, "green"), SETTING)
    assert (at.said, at.open, at.answered) == (("thanks",), WHY, (COLOUR,))


def test_the_gravest_of_what_is_raised_counts() -> None:
    at = walk(flow, Answers().put(COLOUR, "red"), SETTING)
    assert at.raised == "P1"


def test_a_flow_may_end_without_a_question() -> None:
    at = walk(flow, Answers().put(COLOUR, "green").put(WHY, SKIPPED), SETTING)
    assert (at.said, at.open) == (("bye",), None)


def test_a_new_answer_stands_last_and_back_drops_it() -> None:
    answers = Answers().put(COLOUR, "red").put(WHY, f"{TYPED}vì thế").put(COLOUR, "blue")
    assert answers.given == (("why", f"{TYPED}vì thế"), ("colour", "blue"))
    assert answers.back().given == (("why", f"{TYPED}vì thế"),)
    assert answers.without("why").given == (("colour", "blue"),)
    assert not answers.worded_last("colour")
    assert answers.back().worded_last("why")
    assert not Answers().worded_last("why")


def test_a_talk_in_which_nothing_was_told_may_be_forgotten() -> None:
    assert not Talk(ME, "resident").told
    assert Talk(ME, "resident", answers=Answers(story=("a",))).told
    assert Talk(ME, "resident", case="c").told


def test_in_a_hurry_every_question_is_skipped_up_to_one_that_must_be_answered() -> None:
    def must(a: Answers, setting: Setting) -> Iterator[Step]:
        yield COLOUR
        yield MUST
        yield WHY

    hurried = hurry(must, Answers(), SETTING, "why")
    assert hurried.given == (("colour", SKIPPED),)
    assert hurry(flow, Answers(), SETTING, "nothing").given[-1] == ("why", SKIPPED)
    assert hurry(report.report, Answers(), SETTING, "send").given == ()


def test_a_flow_that_never_ends_is_a_bug_that_says_so() -> None:
    def endless(a: Answers, setting: Setting) -> Iterator[Step]:
        for number in range(1000):
            yield Question(f"q{number}")

    with pytest.raises(AssertionError, match="never ends"):
        hurry(endless, Answers(), SETTING, "nothing")


@pytest.mark.parametrize(
    ("typed", "choice"),
    [
        ("do tuoi", "red"),
        ("ĐỎ TƯƠI", "red"),
        ("đỏ", "red"),
        ("2", "green"),
        ("xanh", None),  # two begin so
        ("xanh la", "green"),
        ("x", None),  # too little to mean anything
        ("0", None),
        ("4", None),
        ("vàng", None),
        ("", None),
    ],
)
def test_a_typed_line_may_mean_a_button(typed: str, choice: str | None) -> None:
    assert match(COLOUR, LABELS, typed, fold) == choice


@pytest.mark.parametrize(
    ("typed", "choice"),
    [("2", "g2"), ("12", "g3"), ("tổ 12", "g3"), ("to 1", "g1"), ("3", None), ("ngõ 12", None)],
)
def test_a_number_names_the_residential_group_not_the_button(
    typed: str, choice: str | None
) -> None:
    assert match(AREA, AREA.labels, typed, fold) == choice
