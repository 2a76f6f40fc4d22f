"""The numbers people may call: what the shipped file says, and how a bad one is refused."""

import copy
import re
import tomllib
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from handlers.hotlines import for_emergency, for_voice, load_hotlines

FILE = Path(__file__).parents[2] / "handlers" / "texts" / "hotlines.toml"
TEXT = FILE.read_text(encoding="utf-8")
DATA = tomllib.loads(TEXT)
LINES = load_hotlines(DATA)

NEVER_PRINTED = ("18001567", "18001768", "0963061414", "0796863111", "156", "5656", "1900545559")
NEVER_SAID = ("tuyệt đối", "tố cáo", "Lao động – Thương binh", "Lao động - Thương binh")
NEVER_SAID_TO_CHILDREN = (
    *("đối tượng", "nạn nhân", "vụ án", "hành vi", "bị hại", "thủ phạm"),
    *("nghị định", "bộ luật"),
)


def codes(lines):
    return [line.code for line in lines]


def row(**changes):
    """The row of 113 with changes; None takes a key away."""
    data = copy.deepcopy(DATA["hotline"][1]) | changes
    return {key: value for key, value in data.items() if value is not None}


def refusal(*rows):
    with pytest.raises(ValueError, match=r"\S") as caught:
        load_hotlines({"hotline": list(rows)})
    return str(caught.value)


def test_the_emergency_card_says_113_then_115_then_111():
    assert codes(for_emergency(LINES)) == ["113", "115", "111"]


def test_the_calm_page_for_a_child_begins_with_111_and_stays_short():
    assert codes(for_voice(LINES, "child")) == ["111", "113", "115", "114"]


def test_an_adult_also_sees_the_disaster_number():
    assert codes(for_voice(LINES, "adult")) == ["111", "113", "115", "114", "112"]


def test_the_order_of_the_file_does_not_matter():
    backwards = tuple(reversed(LINES))
    assert for_voice(backwards, "adult") == for_voice(LINES, "adult")
    assert for_emergency(backwards) == for_emergency(LINES)


def test_a_number_nobody_verified_is_in_the_file_but_shown_to_no_one():
    unverified = {line.code for line in LINES if not line.verified}
    assert unverified == {"HN_CTXH", "PEACE"}
    assert not unverified & set(codes(for_voice(LINES, "adult")))


def test_another_voice_is_refused_rather_than_taken_for_an_adult():
    with pytest.raises(ValueError, match="Child"):
        for_voice(LINES, "Child")


def test_each_number_says_what_it_is_for_in_one_sentence_for_each_voice_and_language():
    for line in LINES:
        for voice in ("child", "adult"):
            for language in ("vi", "en"):
                sentence = line.purpose(voice).to(language)
                assert sentence.endswith("."), (line.code, sentence)
                assert len(re.findall(r"[.!?]", sentence)) == 1, (line.code, sentence)
    assert LINES[0].purpose("child") != LINES[0].purpose("adult")


def test_a_child_reads_at_most_fifteen_words_about_each_number():
    for line in LINES:
        for language in ("vi", "en"):
            assert len(line.for_child.to(language).split()) <= 15, line.code
            assert len(line.for_child.to(language)) <= 350


def test_every_shown_number_is_free_open_day_and_night_and_checked():
    for line in for_voice(LINES, "adult"):
        assert line.free
        assert line.hours.to("vi") == "cả ngày lẫn đêm"
        assert line.hours.to("en") == "day and night"
        assert line.checked == date(2026, 11, 23)
        assert line.source


def test_retired_unconfirmed_and_foreign_numbers_are_not_in_the_file():
    for line in LINES:
        assert line.tel not in NEVER_PRINTED
        assert line.number.replace(" ", "") not in NEVER_PRINTED
    for number in NEVER_PRINTED:
        assert not re.search(rf"(?<!\d){number}(?!\d)", TEXT.replace(" ", ""))


def test_no_word_that_frightens_promises_too_much_or_names_the_old_ministry():
    for word in NEVER_SAID:
        assert word.casefold() not in TEXT.casefold()
    for line in LINES:
        for word in NEVER_SAID_TO_CHILDREN:
            assert word not in line.for_child.vi.casefold()


def test_the_file_is_nfc_so_that_words_can_be_found_and_compared():
    assert unicodedata.is_normalized("NFC", TEXT)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tel": "11a"}, "tel"),
        ({"tel": "114"}, "tel"),
        ({"tel": "11"}, "tel"),
        ({"number": "1" * 12, "tel": "1" * 12}, "tel"),
        ({"number": None}, "number"),
        ({"number": 113}, "number"),
        ({"source": " "}, "source"),
        ({"source": "x" * 201}, "source"),
        ({"name": "Công an"}, "name"),
        ({"name": {"vi": "Công an"}}, "name.en"),
        ({"name": {"vi": "Công an", "en": "Police", "fr": "Police"}}, "name.fr"),
        ({"hours": {"vi": "", "en": "always"}}, "hours.vi"),
        ({"free": "yes"}, "free"),
        ({"checked": "2026-11-23"}, "checked"),
        ({"show_to": "children"}, "show_to"),
        ({"order": True}, "order"),
        ({"order": 0}, "order"),
        ({"emergency": "first"}, "emergency"),
        ({"verified": False}, "emergency"),
        ({"show_to": "adult"}, "emergency"),
        ({"emergancy": 1}, "did you mean emergency"),
    ],
)
def test_a_bad_entry_is_named_with_its_key(changes, said):
    message = refusal(row(**changes))
    assert "hotline 113: " in message
    assert said in message


def test_an_hour_of_checking_is_not_a_day_of_checking():
    moment = tomllib.loads("checked = 2026-11-23T10:00:00")["checked"]
    assert "hotline 113: checked" in refusal(row(checked=moment))


def test_an_entry_without_a_code_is_named_by_its_place():
    assert "hotline[2].code" in refusal(row(), row(code=None, order=2, emergency=2))


def test_an_entry_that_is_no_table_is_named_by_its_place():
    message = refusal(row(), "113")
    assert "hotline" in message
    assert "table" in message


@pytest.mark.parametrize("key", ["code", "order", "emergency"])
def test_two_entries_may_not_share(key):
    other = row(code="115", order=99, emergency=9, number="115", tel="115")
    assert f"{key}: bị trùng" in refusal(row(), other | {key: row()[key]})


def test_all_bad_entries_are_said_at_once():
    message = refusal(row(free=1), row(code="115", order=9, emergency=2, tel="x"))
    assert "hotline 113: free" in message
    assert "hotline 115: tel" in message


@pytest.mark.parametrize("data", [{}, {"hotline": []}, {"hotline": "113"}])
def test_a_file_that_would_leave_the_emergency_card_empty_is_refused(data):
    with pytest.raises(ValueError, match="emergency card is empty"):
        load_hotlines(data)
