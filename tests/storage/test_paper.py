"""A key on paper: 28 words, and where to look again after a slip."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.reading import fold
from storage.paper import WORDS, WORDS_A_ROW, Kind, Misread, Paper

LIST = (
    (Path(__file__).parents[2] / "handlers/texts/words.vi.txt").read_text(encoding="utf-8").split()
)
PAPER = Paper(LIST)
KEY = bytes(range(32))


def written(key: bytes = KEY, kind: Kind = Kind.ROOT) -> str:
    rows = enumerate(PAPER.spell(key, kind), start=1)
    return "\n".join(f"{number}. {'  '.join(row)}" for number, row in rows)


def misread(text: str, kind: Kind = Kind.ROOT) -> Misread:
    with pytest.raises(Misread) as caught:
        PAPER.read(text, kind)
    return caught.value


@given(st.binary(min_size=32, max_size=32), st.sampled_from(Kind))
def test_a_key_comes_back_from_its_words(key: bytes, kind: Kind) -> None:
    assert PAPER.read(written(key, kind), kind) == key


def test_a_key_has_four_rows_of_seven_words_of_the_list() -> None:
    rows = PAPER.spell(KEY, Kind.ROOT)
    assert [len(row) for row in rows] == [7, 7, 7, 7]
    assert all(word in LIST for row in rows for word in row)


def test_accents_capitals_numbers_and_line_breaks_do_not_matter() -> None:
    assert PAPER.read(fold(written()).upper().replace("\n", ", "), Kind.ROOT) == KEY


def test_an_unknown_word_is_told_with_its_place_and_what_may_be_meant() -> None:
    rows = [list(row) for row in PAPER.spell(KEY, Kind.ROOT)]
    meant = rows[2][4]
    rows[2][4] = fold(meant) + "q"
    trouble = misread(" ".join(word for row in rows for word in row))
    (one,) = trouble.unknown
    assert (one.row, one.place, one.word) == (3, 5, fold(meant) + "q")
    assert meant in one.near


def wrong_rows(words: list[str]) -> tuple[int, ...]:
    try:
        PAPER.read(" ".join(words), Kind.ROOT)
    except Misread as trouble:
        return trouble.rows
    return ()


def test_a_word_that_is_in_the_list_but_wrong_is_told_by_its_row() -> None:
    chance = random.Random(5)
    missed = 0
    for _ in range(400):
        words = [word for row in PAPER.spell(chance.randbytes(32), Kind.ROOT) for word in row]
        place = chance.randrange(WORDS)
        words[place] = chance.choice([word for word in LIST if word != words[place]])
        told = wrong_rows(words)
        assert told in {(), (place // WORDS_A_ROW + 1,)}
        missed += not told
    # six check bits a row: one slip in 64 passes here, and is caught by the key's name
    assert missed < 400 * 0.05


def test_rows_in_another_order_are_noticed() -> None:
    rows = written().splitlines()
    for _ in range(20):
        rows = written(os.urandom(32)).splitlines()
        if misread("\n".join([rows[1], rows[0], *rows[2:]])).rows == (1, 2):
            return
    raise AssertionError("swapped rows are hardly ever noticed")


def test_words_of_the_committees_key_do_not_pass_for_the_servers() -> None:
    assert misread(written(kind=Kind.COMMITTEE)).other is Kind.COMMITTEE
    assert misread(written(), Kind.COMMITTEE).other is Kind.ROOT


@pytest.mark.parametrize("text", ["", "1. 2. 3.", " ".join(LIST[:27]), " ".join(LIST[:29])])
def test_too_few_and_too_many_words_are_counted(text: str) -> None:
    assert misread(text).count == len([word for word in text.split() if word in LIST])


def test_another_list_is_refused() -> None:
    for listed in (LIST[:-1], [*LIST[:-1], LIST[0]], [*LIST, "thêm"]):
        with pytest.raises(ValueError, match="1,024"):
            Paper(listed)
