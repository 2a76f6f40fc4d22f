import hashlib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading import fold
from handlers.receipts import (
    Words,
    digits,
    format_code,
    public_code,
    read_code,
    read_digits,
    read_return,
)

LIST = Path(__file__).parents[2] / "handlers" / "texts" / "words.vi.txt"
TEXT = LIST.read_text(encoding="utf-8")
WORDS = Words(TEXT)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

code_bits = st.integers(0, 2**35 - 1)
secrets = st.integers(0, 2**50 - 1)


# --- the public code


@given(code_bits)
def test_a_public_code_reads_back_as_itself(bits: int) -> None:
    code = public_code(bits)
    assert len(code) == 8
    assert set(code) <= set(ALPHABET)
    assert read_code(code) == code
    assert read_code(format_code(code)) == code


@given(code_bits, code_bits)
def test_different_bits_give_different_codes(one: int, other: int) -> None:
    assert (public_code(one) == public_code(other)) == (one == other)


@given(code_bits)
def test_a_code_is_read_however_it_was_typed(bits: int) -> None:
    code = public_code(bits)
    sloppy = code.lower().replace("0", "o").replace("1", "l")
    assert read_code(f" {sloppy[:3]} {sloppy[3:5]}–{sloppy[5:]}. ") == code
    assert read_code("#" + code.replace("0", "O").replace("1", "I")) == code


@given(code_bits, st.integers(0, 7), st.sampled_from(ALPHABET))
def test_every_single_wrong_sign_is_noticed(bits: int, place: int, sign: str) -> None:
    code = public_code(bits)
    typed = code[:place] + sign + code[place + 1 :]
    assert read_code(typed) == (code if typed == code else None)


@given(code_bits, st.integers(0, 7), st.integers(0, 7))
def test_every_swap_of_two_signs_is_noticed(bits: int, one: int, other: int) -> None:
    code = public_code(bits)
    signs = list(code)
    signs[one], signs[other] = signs[other], signs[one]
    typed = "".join(signs)
    assert read_code(typed) == (code if typed == code else None)


@pytest.mark.parametrize("text", ["", "K7M4", "K7M4-PQ2X-9", "UUUU-UUUU", "cháu sợ!", "²²²²²²²²²"])
def test_what_is_no_code_is_not_read(text: str) -> None:
    assert read_code(text) is None


def test_a_code_is_shown_in_two_halves() -> None:
    assert format_code("K7M4PQ2X") == "K7M4-PQ2X"


@pytest.mark.parametrize("bits", [-1, 2**35])
def test_a_code_needs_thirty_five_bits(bits: int) -> None:
    with pytest.raises(ValueError, match="35 bits"):
        public_code(bits)


# --- the list


def test_the_list_is_what_it_must_be_for_ever() -> None:
    """Its order is part of every secret given out: a changed list loses people their reports."""
    assert (
        hashlib.sha256(TEXT.encode()).hexdigest()
        == "201ca2716a59e1faf26ad032a3495b226bc9869f0f7f630d41952ab0c09aa7ff"
    )


def test_the_list_is_plain_lower_case_and_one_syllable_a_line() -> None:
    lines = TEXT.splitlines()
    assert len(lines) == 1024
    for word in lines:
        assert word == unicodedata.normalize("NFC", word).lower()
        assert word.isalpha()
        assert 2 <= len(word) <= 7


def test_no_two_words_are_equal_without_accents() -> None:
    assert len({fold(word) for word in TEXT.split()}) == 1024


def test_no_return_word_is_a_command_or_what_leads_up_to_the_words() -> None:
    """A sentence before four remembered words must not pass for the fifth."""
    commands = (
        "không có gửi xoá thoát về dừng sửa lại huỷ rút báo tin xem mã mẹo giúp hết tiếp quên gọi"
    )
    lead = "mã của mình em con cháu tôi tớ tui là từ này chữ nè ạ nhé nha"
    known = {fold(word) for word in TEXT.split()}
    folded = {fold(word) for word in commands.split()} | {fold(w) for w in lead.split()}
    assert known & folded == set()


def test_no_return_word_frightens_or_shames() -> None:
    bad = (
        "chết giết máu dao súng đâm chém đánh đập tát trói bóp sờ hiếp dâm hôn sợ cứu khóc đau bệnh"
        " lồn cặc địt đéo đụ đĩ đái ỉa vú cứt ngu bố mẹ ba má ông bà cha chị cô dì chú bác anh em"
        " công phật chúa ma quỷ tù"
    )
    assert not set(bad.split()) & set(TEXT.split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        TEXT.replace("\n", " ", 1) + "thừa",
        "\n".join(TEXT.split()[:-1]),
        "\n".join([*TEXT.split()[:-1], "ca"]),
        "\n".join([*TEXT.split()[:-1], "nhé"]),
    ],
)
def test_another_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"words|word"):
        Words(text)


# --- the return words


@given(secrets)
def test_five_words_read_back_to_the_same_secret(bits: int) -> None:
    spelt = WORDS.spell(bits)
    words = tuple(spelt.split(" "))
    assert len(words) == 5
    assert WORDS.read(spelt) == words
    assert WORDS.number(words) == bits
    assert read_return(spelt, WORDS) == bits


@given(secrets)
def test_words_are_read_however_they_were_typed(bits: int) -> None:
    spelt = WORDS.spell(bits)
    words = tuple(spelt.split(" "))
    for typed in (
        spelt.upper(),
        fold(spelt),
        unicodedata.normalize("NFD", spelt),
        f"  {', '.join(words)}. ",
        "-".join(words),
        "\n".join(f"{place}. {word}" for place, word in enumerate(words, 1)),
        f"Mã của mình là: {spelt}",
        f"ma cua em la {fold(spelt)} ạ!",
        f"“{spelt}” nhé",
    ):
        assert WORDS.read(typed) == words
        assert read_return(typed, WORDS) == bits


@given(secrets)
def test_the_hashed_form_is_the_same_with_and_without_accents(bits: int) -> None:
    spelt = WORDS.spell(bits)
    canonical = WORDS.canonical(spelt.split())
    assert canonical == WORDS.canonical(fold(spelt).upper().split())
    assert canonical.isascii()
    assert canonical.count(" ") == 4


def test_four_words_after_a_sentence_are_not_five() -> None:
    four = " ".join(WORDS.spell(0).split()[:4])
    for lead in ("mã của mình là", "em", "là", "mã:", "của con", "đây là mã của tớ:"):
        assert WORDS.read(f"{lead} {four}") is None
        assert WORDS.read(f"{lead} {four} nhé") is None


def test_a_long_story_is_never_taken_for_words() -> None:
    assert WORDS.read("hôm qua " * 10 + WORDS.spell(12345)) is None


def test_an_unknown_word_is_not_read_but_its_place_is_told() -> None:
    words = WORDS.spell(2**49 + 77).split()
    words[1], words[4] = "xyz", "wow"
    text = " ".join(words)
    assert WORDS.read(text) is None
    assert read_return(text, WORDS) is None
    assert WORDS.missing(text) == (1, 4)


def test_places_are_only_told_of_five_words() -> None:
    assert WORDS.missing("xyz abc") == ()
    assert WORDS.missing(f"mã {WORDS.spell(1)}") == ()
    assert WORDS.missing(WORDS.spell(1)) == ()
    assert WORDS.missing("") == ()


@pytest.mark.parametrize("bits", [-1, 2**50])
def test_a_secret_needs_fifty_bits(bits: int) -> None:
    with pytest.raises(ValueError, match="50 bits"):
        WORDS.spell(bits)
    with pytest.raises(ValueError, match="50 bits"):
        digits(bits)


# --- the sixteen digits


@given(secrets)
def test_digits_and_words_name_the_same_secret(bits: int) -> None:
    shown = digits(bits)
    assert [len(group) for group in shown.split(" ")] == [4, 4, 4, 4]
    assert read_digits(shown) == bits
    assert read_return(shown, WORDS) == read_return(WORDS.spell(bits), WORDS) == bits


@given(secrets)
def test_digits_are_read_however_they_were_typed(bits: int) -> None:
    shown = digits(bits)
    bare = shown.replace(" ", "")
    wide = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in bare)
    for typed in (bare, shown.replace(" ", "-"), " ".join(bare), wide, f"Mã tôi: {shown}."):
        assert read_digits(typed) == bits


@given(secrets, st.integers(0, 15), st.sampled_from("0123456789"))
def test_a_wrong_digit_is_noticed_unless_it_differs_by_seven(
    bits: int, place: int, digit: str
) -> None:
    shown = digits(bits).replace(" ", "")
    off = abs(int(shown[place]) - int(digit))
    if off in {0, 7}:
        return
    assert read_digits(shown[:place] + digit + shown[place + 1 :]) is None


@pytest.mark.parametrize(
    "text", ["", "0000 0000 0000 000", "0" * 17, "9" * 16, "9999999999999990", "một hai ba"]
)
def test_other_digits_are_not_a_secret(text: str) -> None:
    assert read_digits(text) is None
    assert read_return(text, WORDS) is None
