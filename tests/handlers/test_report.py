"""Báo tin: every way through it, branching on everything it reads."""

import re
from functools import cache

import pytest

from handlers import report
from handlers.cases import Priority
from handlers.talk import SKIPPED, TYPED, Answers, Setting, Walk, walk
from tests.handlers.views import AREA, HOUSE, given, house, ways

OPTIONAL = {"age", "when", "talk_to", "sex", "lives_with", "helped", "if_not"}
BEFORE_P1 = {"for", "now", "what", "self"}
"""All that may be asked before a danger or a crisis is raised."""
SETTINGS = [(True, ()), (False, ()), (False, ("kể rồi",))]


@cache
def everywhere(independent: bool, story: tuple[str, ...]) -> list[tuple[Answers, Walk]]:
    return ways(report.report, Setting(HOUSE.ward, independent), Answers(story=story))


every_setting = pytest.mark.parametrize(
    ("independent", "story"), SETTINGS, ids=["contact", "no contact", "told before"]
)


def asked(answers: Answers) -> list[str]:
    return [name for name, _ in answers.given]


@every_setting
def test_every_way_ends_with_the_open_story_or_with_a_chosen_nobody(
    independent: bool, story: tuple[str, ...]
) -> None:
    ends = [
        (a, at) for a, at in everywhere(independent, story) if at.open is None or at.open.endless
    ]
    assert ends
    for answers, at in ends:
        nobody = answers[report.ROUTE] == "nobody"
        assert at.open is (None if nobody else report.STORY)
        assert nobody == (at.raised is None)
        assert not (nobody and independent)


@every_setting
def test_a_p1_is_raised_at_once_in_danger_and_crisis_and_nowhere_before_sending_else(
    independent: bool, story: tuple[str, ...]
) -> None:
    for answers, at in everywhere(independent, story):
        grave = report.in_danger(answers) or answers[report.SELF] == "yes"
        sent = answers[report.SEND] == "send"
        if grave:
            assert at.raised == Priority.P1
        else:
            assert at.raised == (report.priority(answers) if sent else None)
        if grave and not {"where", "near"} & set(asked(answers)):
            assert set(asked(answers)) <= BEFORE_P1


@every_setting
def test_nothing_optional_is_asked_before_the_report_is_sent(
    independent: bool, story: tuple[str, ...]
) -> None:
    for answers, at in everywhere(independent, story):
        if at.open is not None and at.open.id in OPTIONAL:
            assert answers[report.SEND] == "send"
            assert at.open.skip


@every_setting
def test_no_question_is_asked_twice(independent: bool, story: tuple[str, ...]) -> None:
    for answers, at in everywhere(independent, story):
        assert len(asked(answers)) == len(set(asked(answers)))
        assert at.open is None or at.open.id not in asked(answers)
        assert {q.id for q in at.answered} <= set(asked(answers))


@pytest.mark.parametrize("parents", [True, False])
@pytest.mark.parametrize("unfinished", [True, False])
@pytest.mark.parametrize("who", ["me", "friend", "adult"])
def test_the_privacy_lines_stand_before_the_first_word_is_asked_for(
    parents: bool, unfinished: bool, who: str
) -> None:
    ward = house(parents_rule=parents, unfinished_to_officers=unfinished).ward
    at = walk(report.report, given(**{"for": who}), Setting(ward, independent=True))
    assert at.open is not None
    assert at.open.id == "now"
    assert "privacy" in at.open.before
    assert "account.privacy" in at.open.before
    assert ("privacy_parents" in at.open.before) == (parents and who != "adult")
    assert ("privacy_unfinished" in at.open.before) == (unfinished and who != "adult")


def test_in_danger_the_privacy_lines_come_after_the_place_and_only_to_whoever_has_not_read_them() -> (
    None
):
    setting = Setting(HOUSE.ward, independent=True)
    at_once = walk(report.report, given(**{"for": "danger", "where": AREA}), setting)
    after = walk(report.report, given(**{"for": "me", "now": "yes", "where": AREA}), setting)
    before = walk(report.report, given(**{"for": "danger"}), setting)
    assert "privacy" in at_once.said
    assert "privacy_unfinished" not in at_once.said
    assert "privacy" not in after.said
    assert "privacy" not in before.said


def test_in_a_hurry_only_the_place_is_asked() -> None:
    setting = Setting(HOUSE.ward, independent=True)
    quick = given(**{"for": "me", "now": "quick", "what": f"{TYPED}a", "where": AREA})
    at = walk(report.report, Answers(quick.given, ("a",)), setting)
    assert at.open is report.SEND


def test_too_many_groups_for_buttons_are_typed() -> None:
    many = house(areas=HOUSE.ward.areas * 10).ward
    assert report.where(many).choices == ()
    assert report.where(HOUSE.ward).labels[0] == HOUSE.ward.areas[0].name


QUESTIONS = {
    at.open.id: at.open
    for independent in (True, False)
    for _, at in everywhere(independent, ())
    if at.open is not None
}


def test_the_ways_reach_every_question_of_the_report() -> None:
    written = {q.id for q in vars(report).values() if isinstance(q, type(report.FOR))}
    written -= {report.THREATENED.id}  # read, never asked
    assert set(QUESTIONS) == written | {"where"}


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("voice", ["child", "friend", "adult"])
def test_nobody_is_ever_asked_for_a_name_or_a_number(language: str, voice: str) -> None:
    asks = re.compile(
        r"tên gì|tên (của )?(bạn|em|trẻ|anh/chị)|số (máy|điện thoại|nhà của)|name|phone number",
        re.IGNORECASE,
    )
    for question in QUESTIONS.values():
        key = question.key.strip("-") or f"q.{question.id}"
        text = HOUSE.texts.find(key, language, voice)
        assert text is not None, key
        sentences = [one for one in re.split(r"(?<=[.?!])\s", text) if one.endswith("?")]
        assert not [one for one in sentences if asks.search(one)]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_choice_has_a_label_for_every_voice(question: report.Question, language: str) -> None:
    for voice in ("", "child", "friend", "adult"):
        keys = () if question.labels else tuple(f"{question.id}.{c}" for c in question.choices)
        labels = question.labels or HOUSE.texts.labels(keys, language, voice)
        assert len(set(labels)) == len(question.choices)


@pytest.mark.parametrize(
    ("what", "voice", "said"),
    [
        ("hit", "me", "ack_hit"),
        ("online", "me", "ack_online"),
        ("other", "me", "ack"),
        (f"{TYPED}chữ", "me", "ack"),
        (SKIPPED, "me", "ack"),
        ("hit", "friend", "ack_friend"),
        ("hit", "adult", "ack"),
    ],
)
def test_what_was_told_is_acknowledged_in_the_teller_s_own_matter(
    what: str, voice: str, said: str
) -> None:
    assert said in report.acknowledge(given(**{"for": voice, "what": what}))


@pytest.mark.parametrize(
    ("answers", "kind", "priority"),
    [
        ({"what": "hit"}, "PHYSICAL", "P2"),
        ({"what": "touch"}, "SEXUAL", "P1"),
        ({"what": "school"}, "BULLYING", "P3"),
        ({"what": "sad"}, "EMOTIONAL", "P3"),
        ({"what": "sad", "self": "yes"}, "SELF_HARM", "P1"),
        ({"what": f"{TYPED}chữ"}, "OTHER", "P3"),
        ({}, "OTHER", "P3"),
    ],
)
def test_a_report_is_sorted_first_by_what_was_told(
    answers: dict[str, str], kind: str, priority: str
) -> None:
    assert report.kind(given(**answers)) == kind
    assert report.priority(given(**answers)) == priority


@pytest.mark.parametrize(
    ("said", "band"),
    [
        ("5", "under7"),
        ("12 tuổi", "11-13"),
        ("con 17", "14-17"),
        ("7", "7-10"),
        ("40", None),
        ("9 hay 10", None),
        ("nhỏ lắm", None),
        ("Em năm nay 12 tuổi ạ", "11-13"),
        ("chú ấy đánh em 10 lần hôm qua", None),
        ("mình học lớp 5", None),
    ],
)
def test_a_typed_age_is_understood(said: str, band: str | None) -> None:
    assert report.age_band(said) == band


def test_typed_answers_are_told_from_chosen_ones() -> None:
    assert report.typed(f"{TYPED}ngõ 3") == "ngõ 3"
    assert report.typed("g1") == ""
