"""The texts: found by key, language and voice; wrong files are refused by name."""

import pytest

from handlers.catalog import Texts, flatten

TEXTS = Texts(
    {
        "vi": {
            "hi": {"child": "chào bạn", "friend": "chào hai bạn", "adult": "xin chào"},
            "bye": {"child": "tạm biệt"},
            "plain": "{phuong}, {so}",
            "nested": {"deep": {"child": "sâu"}},
        },
        "en": {"hi": {"child": "hi"}},
    },
    {"phuong": "Phường Mẫu"},
)


def test_a_sentence_is_found_by_voice_then_plain_then_in_vietnamese() -> None:
    assert TEXTS.say("hi", "vi", "adult") == "xin chào"
    assert TEXTS.say("hi", "vi", "friend") == "chào hai bạn"
    assert TEXTS.say("bye", "vi", "friend") == "tạm biệt"
    assert TEXTS.say("hi", "vi", "") == "chào bạn"
    assert TEXTS.say("hi", "en", "child") == "hi"
    assert TEXTS.say("nested.deep", "en", "child") == "sâu"


def test_values_are_filled_in_and_a_missing_one_is_named() -> None:
    assert TEXTS.say("plain", "vi", "", {"so": "111"}) == "Phường Mẫu, 111"
    with pytest.raises(KeyError, match="so"):
        TEXTS.say("plain", "vi", "")


def test_a_missing_key_is_named() -> None:
    with pytest.raises(KeyError, match=r"bye"):
        TEXTS.say("bye", "vi", "adult")
    with pytest.raises(KeyError, match="nothing"):
        TEXTS.labels(("nothing",), "en", "child")


def test_anything_but_text_is_refused_by_its_key() -> None:
    with pytest.raises(ValueError, match=r"a\.b must be text"):
        flatten({"a": {"b": 3}})
