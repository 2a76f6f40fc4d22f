"""The sentences: complete in both languages and all voices, and the rules of writing hold."""

import re
import unicodedata

import pytest

from handlers import desk, report
from handlers.catalog import VOICES, Texts
from handlers.talk import Answers
from tests.handlers.sentences import (
    DESK,
    EN,
    KEYS,
    KEYS_EN,
    QUESTIONS,
    RESIDENT,
    SAMPLE,
    TREES,
    VI,
    WARD,
    base,
    filled,
    heard_by_children,
    is_key,
    values,
)

CHILD_ONLY = frozenset({"privacy_parents"})
"""Families that an adult is never shown; a text of one voice alone is a plain key instead."""
THE_OFFICER_SAYS_I = frozenset({"co_chu"})
"""Values that have no English: cô and chú."""


def test_english_has_every_sentence_a_resident_may_read_and_nothing_else():
    assert sorted(EN) == sorted(RESIDENT)


def test_english_fills_in_the_same_values():
    for key, text in EN.items():
        assert values(VI[key]) - THE_OFFICER_SAYS_I == values(text), key


def test_every_voice_has_its_sentence():
    for table in (KEYS, KEYS_EN):
        for key, variants in table.items():
            needed = {"child"} if key in CHILD_ONLY else {"child", "adult"}
            assert set(variants) == {""} or set(variants) - {"friend"} == needed, key


def test_a_child_and_a_friend_get_the_same_facts():
    for table in (KEYS, KEYS_EN):
        for key, variants in table.items():
            if "friend" in variants:
                assert values(variants["friend"]) == values(variants["child"]), key
                assert variants["friend"] != variants["child"], key


def test_nobody_is_asked_about_their_own_body_who_speaks_for_a_friend():
    hurt = re.compile(
        r"\bbạn (?:đang |có đang )?(?:bị|nguy hiểm|gặp nguy|đau|tự làm đau)|làm hại bạn\b"
    )
    for key, variants in KEYS.items():
        if not key.startswith(DESK) and hurt.search(variants.get("child", "")):
            assert "friend" in variants, key
        assert not re.search(r"hại bạn\b(?! ấy)|\bbạn đang nguy", variants.get("friend", "")), key


ASKED_OF_ADULTS = frozenset({"q.sex", "q.lives_with", "q.helped", "q.if_not"})
ALONE = re.compile(r"một mình|đau mình")


def test_an_adult_is_never_called_friend_and_a_child_never_sir():
    for key, text in RESIDENT.items():
        if key.endswith(".adult") and not is_key(key):
            assert not re.search(r"\b(?:bạn|mình)\b", ALONE.sub("", text.lower())), key
    for key, text in heard_by_children(VI).items():
        if not key.startswith("rep.") and key not in ASKED_OF_ADULTS:
            assert "anh/chị" not in text, key


# ---- the rules of writing (docs/writing.md)

LONGEST_FOR_A_CHILD = 350
LONGEST_ON_PRIVACY = 450

NEVER_SAID = (
    *("tố cáo", "đối tượng", "nạn nhân", "vụ án", "hành vi", "bị hại", "thủ phạm", "tuyệt đối"),
    *("sao không", "đừng khóc", "chắc chắn sẽ", "có thật không", "nói dối", "bịa"),
)
FIXED = {"privacy.child": "bị hại", "q.now.adult": "bị hại"}
"""The wording that was agreed on with its one word."""
NEVER_SAID_TO_CHILDREN = ("xâm hại", "tội phạm", "pháp luật", "nghị định", "tiếp nhận", "hồ sơ")
NEVER_SAID_IN_ENGLISH = (
    *("victim", "suspect", "perpetrator", "accus", "absolutely", "definitely", "why did"),
    *("don't cry", "your own fault", "is it true", "confidential"),
)


def test_what_a_child_reads_is_short():
    for table in (VI, EN):
        for key, text in heard_by_children(table).items():
            limit = LONGEST_ON_PRIVACY if key.startswith("privacy") else LONGEST_FOR_A_CHILD
            assert len(filled(text)) <= limit, (key, len(filled(text)))


@pytest.mark.parametrize("voice", ["child", "friend"])
def test_all_a_child_is_told_about_privacy_fits_one_look(voice):
    texts = Texts({"vi": TREES["vi"]}, SAMPLE)
    setting = report.privacy(Answers().put(report.FOR, "me"), WARD)
    assert {"privacy", "privacy_unfinished", "privacy_parents"} <= set(setting)
    whole = "\n".join(texts.say(key, "vi", voice) for key in setting)
    assert len(whole) <= LONGEST_ON_PRIVACY, len(whole)


def test_nothing_is_said_that_blames_frightens_or_promises_too_much():
    for key, text in RESIDENT.items():
        for word in NEVER_SAID:
            assert word not in text.lower() or FIXED.get(key) == word, (key, word)
    for key, text in EN.items():
        for word in NEVER_SAID_IN_ENGLISH:
            assert word not in text.lower(), (key, word)


def test_a_child_meets_no_words_of_the_law():
    for key, text in heard_by_children(VI).items():
        for word in NEVER_SAID_TO_CHILDREN:
            assert word not in text.lower(), (key, word)


EMERGENCY = (
    *("emergency", "emergency_maybe", "checkin", "crisis", "sos_unread", "route_nobody"),
    *("error", "withheld", "help"),
)


@pytest.mark.parametrize("key", EMERGENCY)
def test_who_is_in_danger_is_told_whom_to_call(key):
    for text in (*KEYS[key].values(), *KEYS_EN[key].values()):
        assert "111" in text, text
        assert "113" in text or "115" in text, text


NEUTRAL = ("notice", "notice_lesson", "quick_exit", "hide", "bye")
GIVES_AWAY = (
    *("vụ", "việc", "hồ sơ", "giúp", "phường", "cán bộ", "cô chú", "công an", "báo", "kể", "trẻ"),
    *("trả lời", "ca", "case", "help", "ward", "officer", "report", "answer", "child", "police"),
)


@pytest.mark.parametrize("key", NEUTRAL)
def test_what_lights_up_or_stays_behind_gives_nothing_away(key):
    assert set(KEYS[key]) == {""}, "the same for everybody"
    for text in (VI[key], EN[key]):
        words = text.lower()
        assert not any(re.search(rf"\b{word}\b", words) for word in GIVES_AWAY), text
        assert not values(text)
        assert "11" not in words


def test_the_child_is_shown_the_very_words_that_will_light_up():
    for table in (VI, EN):
        lights_up = table["notice_lesson"].removesuffix(" 📚")
        assert f"“{lights_up}”" in table["q.hours"]


NAMED_BUTTONS = ("go.danger", "go.drop", "go.exit", "mask.keep")


def test_a_button_named_in_a_sentence_is_called_so():
    for table, press in ((VI, "bấm"), (EN, "press")):
        names = [re.sub(r"\W+$", "", table[key]) for key in NAMED_BUTTONS]
        general = ("một", "hình", "giúp", "nút", "a", "one", "the")
        for key, text in table.items():
            if key.startswith(DESK):
                continue
            for after in re.findall(rf"\b{press} (.+)", text, re.IGNORECASE):
                told = after.startswith(tuple(names)) or after.split()[0] in general
                assert told, (key, after)


# ---- form


def labels() -> dict[str, str]:
    """Every text that stands on a button."""
    asked = {f"{q.id}.{choice}" for q in QUESTIONS for choice in q.choices}
    single = {"next_card", "other_lessons", "up.photo", "call", "edit", "mask.keep", "mask.hide"}
    of_desk = {f"{DESK}{verb}" for verb in (*desk.ACTS, "let", "deny", "edit", "cancel")}
    starts = ("go.", "ages.", "sum.", "desk.canned.", "desk.reason.", "desk.prio.")
    return {
        f"{language} {key}": text
        for language, table in (("vi", VI), ("en", EN))
        for key, text in table.items()
        if base(key) in asked | single | of_desk or key.startswith(starts)
    }


def test_a_button_is_short_and_begins_with_a_letter_or_a_digit():
    assert len(labels()) > 200
    for key, text in labels().items():
        assert len(text) <= 40, (key, len(text))
        assert text[0].isalnum() or text[0] == "{", key
        assert "\n" not in text, key


def test_an_edit_button_is_short_with_its_name_in_it():
    for table in (VI, EN):
        for key, name in table.items():
            if key.startswith("sum."):
                assert len(table["edit"].format(dong=name)) <= 40, key


def test_no_two_buttons_of_one_question_look_alike():
    for table in (VI, EN):
        texts = Texts({"vi": {}, "x": {}}, {})
        texts.flat = {"vi": table}
        for question in QUESTIONS:
            for voice in VOICES:
                names = texts.labels((f"{question.id}.{c}" for c in question.choices), "vi", voice)
                assert len(set(names)) == len(names), (question.id, voice)


def test_every_letter_is_in_its_composed_form_without_stray_spaces():
    for table in (VI, EN):
        for key, text in table.items():
            assert text, key
            assert unicodedata.is_normalized("NFC", text), key
            assert "  " not in text, key
            assert not re.search(r"\s[,.;:!?]|\s$|^\s", text.replace(" ✅", "")) or key == "x", key


def test_vietnamese_puts_the_tone_where_schools_teach_it():
    for key, text in VI.items():
        assert not re.search(r"o[àáảãạ]\b|o[èéẻẽẹ]\b|u[ỳýỷỹỵ]\b", text.replace("quý", "")), key


def test_the_officers_side_never_addresses_them_as_children():
    for key, text in VI.items():
        if key.startswith(DESK):
            assert not re.search(r"\bmình\b", text.lower().replace("tự làm hại", "")), key
            assert "tố cáo" not in text.lower(), key


def test_the_urgent_mark_keeps_its_distance_from_the_priority():
    assert not VI["desk.urgent"][0].isalnum(), "the card writes it right behind P1"
