"""The lessons: the rules of writing for children, kept as tests, and how a bad file is refused."""

import re
import tomllib
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from handlers.hotlines import for_voice, load_hotlines
from handlers.lessons import MOST_CARDS, MOST_WORDS, Ages, by_age, load_lessons

TEXTS = Path(__file__).parents[2] / "handlers" / "texts"
TEXT = (TEXTS / "lessons.toml").read_text(encoding="utf-8")
LESSONS = load_lessons(tomllib.loads(TEXT))
CHILDREN = [lesson for lesson in LESSONS if lesson.ages is not Ages.PARENTS]
HOTLINES = load_hotlines(tomllib.loads((TEXTS / "hotlines.toml").read_text(encoding="utf-8")))

NEVER_SAID = (
    *("tuyệt đối", "tố cáo", "sao không nói", "sao không kể", "chắc chắn sẽ bắt", "đừng khóc"),
    *("có thật không", "bịa", "nói dối", "ăn mặc", "tại con", "tại bạn", "tại em", "đáng lẽ"),
    *("lẽ ra", "hư hỏng", "nhút nhát", "đừng dại", "thương binh"),
)
NEVER_SAID_TO_CHILDREN = (
    *("đối tượng", "nạn nhân", "vụ án", "hành vi", "bị hại", "thủ phạm", "xâm hại", "pháp luật"),
    *("nghị định", "tội phạm", "tình dục", "tụi"),
)
NEVER_SAID_IN_ENGLISH = ("victim", "suspect", "perpetrator", "your own fault", "absolutely", "lie ")


def say(text, language="vi"):
    return text.to(language)


def cards(lessons):
    """(where, language, text) of every card in both languages."""
    for lesson in lessons:
        for place, card in enumerate(lesson.cards, start=1):
            for language in ("vi", "en"):
                yield f"{lesson.code} card {place} {language}", language, say(card.text, language)


def sentences(text):
    """Sentences as a reader hears them; a quotation ends where it ends."""
    return [part for part in re.split(r"(?<=[.!?])[”\"]?[.,]?\s+|\n", text) if part]


def lesson(code):
    return next(one for one in LESSONS if one.code == code)


def told(code, language="vi"):
    return "\n".join(say(card.text, language) for card in lesson(code).cards).casefold()


def test_there_are_twelve_lessons_for_children_and_four_for_parents():
    assert [one.code for one in CHILDREN] == [f"L{n:02}" for n in range(1, 13)]
    assert [one.code for one in by_age(LESSONS, "parents")] == ["P1", "P2", "P3", "P4"]


def test_every_age_has_its_lessons():
    found = {age.value: [one.code for one in by_age(LESSONS, age)] for age in Ages}
    assert found["4-6"] == ["L01", "L02", "L03"]
    assert found["7-10"] == ["L04", "L05", "L06", "L07"]
    assert found["11-13"] == ["L08", "L09", "L10"]
    assert found["14-17"] == ["L11", "L12"]


def test_an_unknown_age_is_refused():
    with pytest.raises(ValueError, match="18"):
        by_age(LESSONS, "18+")


def test_a_lesson_is_at_most_five_cards_of_sixty_words():
    for one in LESSONS:
        assert 4 <= len(one.cards) <= MOST_CARDS
    for where, _, text in cards(LESSONS):
        assert len(text.split()) <= MOST_WORDS, where


def test_a_card_for_a_child_fits_one_message():
    for where, _, text in cards(CHILDREN):
        assert len(text) <= 350, where


def test_a_sentence_for_a_child_has_at_most_fifteen_words():
    for where, _, text in cards(CHILDREN):
        for sentence in sentences(text):
            assert len(sentence.split()) <= 15, (where, sentence)


def test_a_sentence_for_a_parent_can_be_read_in_one_breath():
    for where, _, text in cards(by_age(LESSONS, "parents")):
        for sentence in sentences(text):
            assert len(sentence.split()) <= 25, (where, sentence)


def test_only_the_last_card_opens_the_way_to_ones_own_story():
    for one in LESSONS:
        assert [card.invites for card in one.cards] == [False] * (len(one.cards) - 1) + [True]


@pytest.mark.parametrize("word", NEVER_SAID)
def test_no_lesson_blames_or_promises_too_much(word):
    assert word not in TEXT.casefold()


@pytest.mark.parametrize("word", NEVER_SAID_TO_CHILDREN)
def test_no_child_meets_a_word_from_a_courtroom(word):
    for where, language, text in cards(CHILDREN):
        if language == "vi":
            assert word not in text.casefold(), where


@pytest.mark.parametrize("word", NEVER_SAID_IN_ENGLISH)
def test_the_english_is_as_kind_as_the_vietnamese(word):
    for where, language, text in cards(CHILDREN):
        if language == "en":
            assert word not in text.casefold(), where


def test_nothing_in_a_lesson_scolds_in_capitals_or_rows_of_marks():
    for where, _, text in cards(LESSONS):
        assert not re.search(r"[!?]{2}|[A-ZĐ]{4}", text), where


def test_the_small_ones_are_called_con_and_the_bigger_ones_ban():
    for one in CHILDREN:
        for card in one.cards:
            words = set(re.findall(r"\w+", say(card.text).casefold()))
            if one.ages is Ages.PRESCHOOL:
                assert "con" in words
            assert not words & {"mày", "nhóc", "cháu bé"}
        assert ("bạn" in told(one.code).split()) or one.ages is Ages.PRESCHOOL


def test_parents_are_addressed_as_anh_chi():
    for one in by_age(LESSONS, "parents"):
        assert "anh chị" in told(one.code)


@pytest.mark.parametrize("code", ["L01", "L02", "L04", "L05", "L06", "L09", "L11", "L08"])
def test_lessons_about_being_harmed_say_it_is_not_the_childs_fault(code):
    assert re.search(r"không có lỗi|không phải lỗi của bạn", told(code))
    assert re.search(r"not your fault|not to blame|nothing wrong", told(code, "en"))


def test_a_child_who_froze_is_not_to_blame():
    assert "cứng lại" in told("L05")
    assert "đó không phải lỗi của bạn" in told("L05")


def test_the_lesson_on_calling_names_every_emergency_number_for_its_own_need():
    first, second = lesson("L07").cards[:2]
    for language in ("vi", "en"):
        assert re.findall(r"\b11\d\b", say(first.text, language)) == ["113", "114", "115"]
        assert re.findall(r"\b11\d\b", say(second.text, language)) == ["111"]


@pytest.mark.parametrize("language", ["vi", "en"])
def test_threats_with_a_photo_are_met_in_the_right_order(language):
    text = told("L11", language)
    steps = {
        "vi": ("đừng gửi tiền", "chụp lại lời đe dọa", "mới chặn", "kể với một người lớn", "111"),
        "en": ("send no money", "take screenshots", "only then, block", "tell a grown-up", "111"),
    }
    places = [text.index(step) for step in steps[language]]
    assert places == sorted(places)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_parent_learns_the_same_order_for_threats_with_a_photo(language):
    text = told("P3", language)
    steps = {
        "vi": ("trấn an con", "không trả tiền", "chụp lại", "mới chặn", "111"),
        "en": ("comfort", "do not pay", "screenshot", "only then block", "111"),
    }
    places = [text.index(step) for step in steps[language]]
    assert places == sorted(places)


def test_thoughts_of_self_harm_are_met_with_company_111_and_115():
    last = say(lesson("L12").cards[-1].text)
    assert "đừng ở một mình" in last
    assert last.index("111") < last.index("115")


def test_every_card_on_danger_at_home_or_abuse_carries_a_number_to_call():
    for code in ("L10", "L11", "L12", "P1", "P2", "P3", "P4"):
        assert "111" in told(code)
        assert "111" in told(code, "en")
    for code in ("L10", "L11", "P3", "P4"):
        assert "113" in told(code)


def test_no_lesson_names_a_number_that_is_not_shown_to_children():
    known = {line.number for line in for_voice(HOTLINES, "child")}
    for where, _, text in cards(LESSONS):
        assert set(re.findall(r"\b\d{3,}\b", text)) <= known, where


def test_both_languages_name_the_same_numbers_on_each_card():
    for one in LESSONS:
        for place, card in enumerate(one.cards, start=1):
            vi, en = (
                re.findall(r"\b\d{2,}\b", say(card.text, language)) for language in ("vi", "en")
            )
            assert vi == en, f"{one.code} card {place}"


def test_what_the_law_says_stands_with_its_source_and_the_day_it_was_checked():
    lawful = {one.code for one in LESSONS if one.source}
    assert lawful == {"P2", "P3"}
    for code in lawful:
        assert lesson(code).checked == date(2026, 11, 23)
    for one in LESSONS:
        if one.code not in lawful:
            assert one.checked is None
            assert not re.search(r"bị phạt|16 tuổi|luật", told(one.code))


def test_the_file_is_nfc_and_spells_tones_in_one_way():
    assert unicodedata.is_normalized("NFC", TEXT)
    assert not re.search(r"o[àáảãạèéẻẽẹ]\b", TEXT)


def test_quotation_marks_are_closed():
    for where, _, text in cards(LESSONS):
        assert text.count("“") == text.count("”"), where


def test_a_translation_is_not_the_vietnamese_again():
    for one in LESSONS:
        assert one.title.vi != one.title.en
        for card in one.cards:
            assert card.text.vi != card.text.en
            assert not re.search(r"[ạảấầẩẫậắằẳẵặẹẻẽếềểễệịọốồổỗộớờởỡợụủứừửữựỵđ]", card.text.en)


# --------------------------------------------------------------------- bad files


def a_lesson(**changes):
    data = {
        "code": "L01",
        "ages": "4-6",
        "title": {"vi": "Một", "en": "One"},
        "card": [{"vi": "Chào con.", "en": "Hello."}],
    }
    return {key: value for key, value in (data | changes).items() if value is not None}


def refusal(*rows):
    with pytest.raises(ValueError, match=r"\S") as caught:
        load_lessons({"lesson": list(rows)})
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ages": "5"}, "lesson L01: ages"),
        ({"title": None}, "lesson L01: title"),
        ({"title": {"en": "One"}}, "lesson L01: title.vi"),
        ({"card": []}, "lesson L01: card"),
        ({"card": None}, "lesson L01: card"),
        ({"card": [{"vi": "a", "en": "a"}] * 6}, "lesson L01: card"),
        ({"card": [{"vi": "a", "en": "a"}, {"vi": "a"}]}, "lesson L01, card 2: en"),
        ({"card": [{"vi": "a " * 61, "en": "a"}]}, "lesson L01, card 1: vi"),
        ({"card": [{"vi": "a", "en": "a " * 61}]}, "lesson L01, card 1: en"),
        ({"card": [{"vi": "a", "en": "a", "de": "a"}]}, "lesson L01, card 1: de"),
        ({"card": ["a"]}, "lesson L01: card"),
        ({"titel": "One"}, "did you mean title"),
        ({"source": "Luật"}, "lesson L01: checked"),
        ({"checked": date(2026, 11, 23)}, "lesson L01: source"),
        ({"code": "L01 and more"}, "code"),
        ({"code": None}, "lesson[1].code"),
    ],
)
def test_a_bad_lesson_is_named_with_its_card(changes, said):
    assert said in refusal(a_lesson(**changes))


def test_two_lessons_may_not_share_a_code():
    assert "lesson L01: bị trùng" in refusal(a_lesson(), a_lesson())


def test_a_file_without_lessons_is_refused():
    with pytest.raises(ValueError, match="no lessons"):
        load_lessons({})


def test_quizzes_may_already_stand_below_a_lesson():
    (one,) = load_lessons({"lesson": [a_lesson(quiz=[{"ask": {"vi": "?", "en": "?"}}])]})
    assert one.code == "L01"


def test_letters_typed_in_pieces_become_whole_ones_and_line_breaks_stay():
    pieces = unicodedata.normalize("NFD", "Mẹ  ở đây.\n Con kể nhé. ")
    (one,) = load_lessons({"lesson": [a_lesson(card=[{"vi": pieces, "en": "Here."}])]})
    assert one.cards[0].text.vi == "Mẹ ở đây.\nCon kể nhé."
