"""The ward file: what a clerk may write, and how everything wrong is said at once."""

import copy
import re
import tomllib
import unicodedata
from datetime import date, time
from pathlib import Path

import pytest

from handlers.ward import Area, Phone, Span, WardTrouble, load_ward

ROOT = Path(__file__).parents[2]
EXAMPLE_TEXT = (ROOT / "ward.example.toml").read_text(encoding="utf-8")
EXAMPLE = tomllib.loads(EXAMPLE_TEXT)
SAMPLE_TEXT = (ROOT / "handlers" / "texts" / "ward.sample.toml").read_text(encoding="utf-8")
SAMPLE = tomllib.loads(SAMPLE_TEXT)

# Digits no telephone has: long enough to pass, and reserved for tests here.
OFFICE, POLICE = "024 1357 2468", "+84 24.1357.2469"


def filled(**changes):
    """The example as a clerk would fill it in; "a.b" sets a key of a table, ... takes it away."""
    data = copy.deepcopy(EXAMPLE)
    first = {
        "id": "phuong-hoa-sen",
        "name": "phường Hoa Sen",
        "phones.office": OFFICE,
        "phones.office_hours": "Thứ Hai đến thứ Sáu, 8:00–17:00",
        "phones.police": POLICE,
    }
    for path, value in (first | changes).items():
        *tables, key = path.split(".")
        place = data
        for table in tables:
            place = place[table]
        if value is ...:
            del place[key]
        else:
            place[key] = value
    return data


def problems(data, *, sample=False):
    with pytest.raises(WardTrouble) as caught:
        load_ward(data, sample=sample)
    return caught.value.problems


def only_problem(**changes):
    (problem,) = problems(filled(**changes))
    return problem


def test_the_filled_in_example_is_a_ward():
    ward = load_ward(filled(), sample=False)
    assert ward.name == "phường Hoa Sen"
    assert ward.office == Phone(shown=OFFICE, tel="02413572468")
    assert ward.police == Phone(shown=POLICE, tel="02413572469")
    assert ward.health_station is None
    assert ward.areas == (Area("Tổ dân phố 1", ()), Area("Tổ dân phố 2", ()))
    assert ward.emergency_hours == 12
    assert (ward.draft_hours, ward.link_days, ward.link_days_longest) == (24, 7, 30)
    assert (ward.media_days, ward.keep_days, ward.audit_months) == (30, 90, 24)
    assert (ward.unfinished_to_officers, ward.unfinished_minutes) == (True, 30)
    assert (ward.claim_minutes_p1, ward.p1_minutes, ward.p2_days, ward.p3_days) == (5, 30, 0, 2)
    assert ward.after_school == Span(time(15, 30), time(18, 0))
    assert ward.evening == Span(time(19, 0), time(21, 0))
    assert ward.working == (Span(time(8), time(12)), Span(time(13, 30), time(17)))
    assert not ward.sample
    assert not ward.parents_rule, "nothing is promised before the ward's rule says so"
    assert ward.partners == ()
    assert ward.neighbours == ()
    assert ward.theme == ""


def test_the_example_as_shipped_names_exactly_its_blanks():
    named = [problem.split(":")[0] for problem in problems(EXAMPLE)]
    assert named == ["id", "name", "phones.office", "phones.office_hours", "phones.police"]


def test_the_example_can_never_pass_for_the_trials_sample():
    assert any(problem.startswith("sample:") for problem in problems(EXAMPLE, sample=True))


def test_the_sample_ward_has_six_groups_and_no_telephone_at_all():
    ward = load_ward(SAMPLE, sample=True)
    assert ward.name == "Phường Mẫu"
    assert [area.name for area in ward.areas] == [f"Tổ dân phố {n}" for n in range(1, 7)]
    assert ward.office is ward.police is ward.health_station is None
    assert [partner.phone for partner in ward.partners] == [None, None]
    assert not re.search(r"\d{6,}", SAMPLE_TEXT.replace(" ", ""))


def test_the_sample_ward_never_runs_for_real():
    named = {problem.split(":")[0] for problem in problems(SAMPLE)}
    assert {"sample", "phones.office", "phones.police", "phones.office_hours"} <= named


def test_both_files_have_the_same_keys():
    def keys(data):
        return {
            (table, key)
            for table, value in data.items()
            for key in (value if isinstance(value, dict) else [""])
        }

    assert keys(SAMPLE) - keys(EXAMPLE) == {("partners", "")}
    assert keys(EXAMPLE) <= keys(SAMPLE)
    assert "# [[partners]]" in EXAMPLE_TEXT


def test_the_partner_block_works_when_its_marks_are_taken_away():
    start = EXAMPLE_TEXT.index("# [[partners]]")
    block = re.sub(r"(?m)^# ", "", EXAMPLE_TEXT[start:])
    ward = load_ward(filled() | tomllib.loads(block), sample=False)
    assert [partner.helps for partner in ward.partners] == ["Đi cùng mẹ và trẻ, tìm chỗ ở tạm"]


def test_each_example_in_a_comment_is_accepted():
    ward = load_ward(
        filled(
            neighbours=["phường Hoa Mai", "xã Hoa Cúc"],
            **{"hours.days_off": [date(2027, 1, 1), date(2027, 4, 30)]},
            areas=[{"name": "Tổ dân phố 1", "lanes": ["Ngõ 12", "Ngõ Chùa"]}],
        ),
        sample=False,
    )
    assert ward.areas[0].lanes == ("Ngõ 12", "Ngõ Chùa")
    assert ward.neighbours == ("phường Hoa Mai", "xã Hoa Cúc")


@pytest.mark.parametrize("text", [EXAMPLE_TEXT, SAMPLE_TEXT])
def test_the_files_are_nfc_and_say_where_the_twelve_hours_come_from(text):
    assert unicodedata.is_normalized("NFC", text)
    above, _ = text.split("emergency_hours = 12")
    near = above[-700:]
    assert "56/2017/NĐ-CP" in near
    assert "23/11/2026" in near


def test_the_example_says_of_every_number_whether_it_is_law_and_when_that_was_checked():
    for table in ("keep", "answers"):
        start = EXAMPLE_TEXT.index(f"[{table}]")
        assert "2026-11-23" in EXAMPLE_TEXT[start - 900 : start + 900]
    for word in ("tuyệt đối", "tố cáo", "Thương binh"):
        assert word not in EXAMPLE_TEXT


def test_the_office_is_closed_on_weekends_and_holidays():
    ward = load_ward(filled(**{"hours.days_off": [date(2027, 1, 1)]}), sample=False)
    assert ward.works_on(date(2026, 12, 31))
    assert not ward.works_on(date(2027, 1, 1))
    assert not ward.works_on(date(2027, 1, 2))


def test_a_span_holds_its_start_and_not_its_end():
    evening = load_ward(filled(), sample=False).evening
    assert evening.holds(time(19, 0))
    assert evening.holds(time(20, 59))
    assert not evening.holds(time(21, 0))
    assert not evening.holds(time(18, 59))


def test_a_ward_may_be_quicker_than_the_law():
    assert load_ward(filled(**{"answers.emergency_hours": 8}), sample=False).emergency_hours == 8


@pytest.mark.parametrize("hours", [13, 24, 1000])
def test_a_ward_may_never_be_slower_than_the_law(hours):
    problem = only_problem(**{"answers.emergency_hours": hours})
    assert "56/2017/NĐ-CP" in problem
    assert "12" in problem


@pytest.mark.parametrize("hours", [0, -1, True, "12", 7.5])
def test_emergency_hours_are_a_whole_number_from_one(hours):
    assert only_problem(**{"answers.emergency_hours": hours}).startswith("answers.emergency_hours")


def test_all_problems_are_said_at_once_each_in_both_languages():
    found = problems(
        filled(
            name=...,
            exit_page="http://x",
            **{
                "phones.police": "chưa có",
                "keep.keep_days": "90",
                "hours.evening": ["21:00", "19:00"],
                "answers.emergency_hours": 24,
                "answers.p1_minuts": 3,
            },
        )
    )
    named = [problem.split(":")[0] for problem in found]
    assert sorted(named) == [
        "answers.emergency_hours",
        "answers.p1_minuts",
        "exit_page",
        "hours.evening",
        "keep.keep_days",
        "name",
        "phones.police",
    ]
    for problem in found:
        vietnamese, english = problem.split(" / ")
        assert vietnamese
        assert english.isascii()
    assert str(WardTrouble(found)) == "\n".join(found)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("nam", "name"),
        ("phones.ofice", "office"),
        ("keep.keepdays", "keep_days"),
        ("hours.after_scool", "after_school"),
        ("partner", "partners"),
        ("evening", "hours.evening"),
        ("hours.parents_rule", "parents_rule"),
        ("hours.emergency_hour", "answers.emergency_hours"),
    ],
)
def test_an_unknown_key_comes_with_what_was_probably_meant(path, meant):
    problem = only_problem(**{path: "x"})
    assert problem.startswith(f"{path}: không có mục này")
    assert f"có phải là {meant}?" in problem
    assert problem.endswith(f"did you mean {meant}?")


def test_an_unknown_key_like_nothing_else_is_still_refused():
    assert only_problem(zzzzzzzz=1) == "zzzzzzzz: không có mục này / unknown key"


def test_an_unknown_key_inside_an_area_is_named_with_its_place():
    problem = only_problem(areas=[{"name": "Tổ 1"}, {"name": "Tổ 2", "lane": ["Ngõ 1"]}])
    assert problem.startswith("areas[2].lane")
    assert "lanes" in problem


@pytest.mark.parametrize(
    "phone",
    ["chưa có", "Chưa có", "", "  ", "024 …", "12345", "02413572468 hoặc 113", "024 1357 24", 2413],
)
def test_a_real_ward_without_a_usable_police_number_does_not_start(phone):
    assert only_problem(**{"phones.police": phone}).startswith("phones.police")


@pytest.mark.parametrize("phone", ["0000000000", "0123456789", "024 1111 1111"])
def test_a_made_up_number_is_noticed(phone):
    assert "số ghi tạm" in only_problem(**{"phones.office": phone})


@pytest.mark.parametrize(
    ("shown", "tel"),
    [
        ("0913 572 468", "0913572468"),
        ("(024) 1357-2468", "02413572468"),
        ("84 24 1357 2468", "02413572468"),
        ("1900 1357", "19001357"),
        ("1800 135 724", "1800135724"),
    ],
)
def test_a_phone_is_shown_as_written_and_dialled_as_digits(shown, tel):
    ward = load_ward(filled(**{"phones.health_station": shown}), sample=False)
    assert ward.health_station == Phone(shown, tel)


@pytest.mark.parametrize(
    "span",
    [
        ["21:00", "19:00"],
        ["19:00", "19:00"],
        ["19h", "21h"],
        ["19:00", "24:30"],
        ["19:60", "21:00"],
        ["19:00"],
        "19:00-21:00",
        [19, 21],
        None,
    ],
)
def test_malformed_hours_are_named(span):
    problem = only_problem(**{"hours.evening": ... if span is None else span})
    assert problem.startswith("hours.evening")


@pytest.mark.parametrize(
    "spans",
    [
        ...,
        [],
        "08:00",
        [["13:30", "17:00"], ["08:00", "12:00"]],
        [["08:00", "12:00"], ["11:00", "17:00"]],
        [["08:00", "12:00"], ["17:00", "13:30"]],
    ],
)
def test_malformed_working_hours_are_named_once(spans):
    assert only_problem(**{"hours.working": spans}).startswith("hours.working")


@pytest.mark.parametrize("days", [..., [], ["Mon"], "T2", [2]])
def test_working_days_are_vietnamese_short_names(days):
    found = problems(filled(**{"hours.working_days": days}))
    assert all(problem.startswith("hours.working_days") for problem in found)
    assert any("T2, T3" in problem for problem in found)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "Phường Mẫu"),
        ("id", "phuong mau"),
        ("id", "a" * 41),
        ("name", "x" * 61),
        ("name", 7),
        ("city", ...),
        ("unit", "…"),
        ("theme", 2026),
        ("exit_page", ...),
        ("exit_page", "vi.wikipedia.org"),
        ("exit_page", "https://trang chủ"),
        ("parents_rule", "có"),
        ("parents_rule", ...),
        ("sample", 0),
        ("neighbours", "phường Hoa Mai"),
        ("neighbours", [1]),
        ("neighbours", [" "]),
        ("areas", ...),
        ("areas", []),
        ("areas", [{"name": "Tổ 1"}, {"name": "Tổ 1"}]),
        ("areas", [{"lanes": []}]),
        ("areas", [{"name": "Tổ 1", "lanes": "Ngõ 1"}]),
        ("partners", [{"name": "Trường", "helps": "Học", "phone": "gọi sau"}]),
        ("partners", [{"name": "Trường"}]),
        ("keep.draft_hours", 0),
        ("keep.keep_days", 6),
        ("keep.seal_days", 0),
        ("keep.seal_days", 91),
        ("keep.link_days", 31),
        ("keep.link_days_longest", 91),
        ("keep.media_days", 91),
        ("keep.media_days", 0),
        ("keep.audit_months", 23),
        ("unfinished.minutes", 1),
        ("unfinished.to_officers", "true"),
        ("answers.claim_minutes_p1", 0),
        ("answers.p1_minutes", 500),
        ("answers.p2_days", -1),
        ("answers.p3_days", 11),
        ("hours.days_off", ["2027-01-01"]),
        ("hours.days_off", date(2027, 1, 1)),
    ],
)
def test_each_malformed_fact_is_one_problem_with_its_own_name(path, value):
    problem = only_problem(**{path: value})
    assert problem.startswith(path)
    assert " / " in problem


def test_areas_that_are_no_list_are_named_once_as_wrong_and_once_as_missing():
    assert len(problems(filled(areas="Tổ 1"))) == 2


def test_a_table_written_as_a_value_is_one_problem_not_six():
    assert only_problem(keep=90).startswith("keep:")


def test_a_missing_table_names_each_fact_it_should_hold():
    named = [problem.split(":")[0] for problem in problems(filled(keep=...))]
    assert {f"keep.{key}" for key in EXAMPLE["keep"]} == set(named)


def test_an_unfinished_story_reaches_officers_before_its_draft_is_shredded():
    problem = only_problem(**{"unfinished.minutes": 60, "keep.draft_hours": 1})
    assert problem.startswith("unfinished.minutes")


def test_letters_typed_in_pieces_become_whole_ones():
    pieces = unicodedata.normalize("NFD", "phường  Hoa Sữa ")
    assert load_ward(filled(name=pieces), sample=False).name == "phường Hoa Sữa"
