"""The files that are the same for every message, and a ward's own file however it was saved."""

from pathlib import Path

import pytest

from bot import house
from handlers.ward import WardTrouble
from tests.bot.wards import EXAMPLE, filled_in


def problems(path: Path) -> tuple[str, ...]:
    with pytest.raises(WardTrouble) as trouble:
        house.read_ward(path)
    return trouble.value.problems


def test_without_a_file_it_is_the_sample_ward() -> None:
    assert house.read_ward(None).sample


@pytest.mark.parametrize(
    "data",
    [
        filled_in().encode(),
        filled_in().encode("utf-8-sig"),
        filled_in().replace("\n", "\r\n").encode(),
    ],
    ids=["plain", "with a byte order mark", "from Windows"],
)
def test_a_filled_in_ward_is_read_however_it_was_saved(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "ward.toml"
    path.write_bytes(data)
    ward = house.read_ward(path)
    assert (ward.id, ward.name, ward.sample) == ("phuong-hoa-sen", "phường Hoa Sen", False)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-16-le with mark"])
def test_a_file_saved_as_unicode_by_notepad_gets_a_sentence_that_helps(
    tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "ward.toml"
    mark = b"\xff\xfe" if "mark" in encoding else b""
    path.write_bytes(mark + filled_in().encode(encoding.partition(" ")[0]))
    [problem] = problems(path)
    vietnamese, english = problem.split(" / ")
    assert "UTF-16" in vietnamese
    assert "Lưu thành" in vietnamese
    assert (
        english
        == "it was saved as UTF-16; in Notepad choose Save as, Encoding: UTF-8, and save it again"
    )


def test_a_file_in_an_old_vietnamese_encoding_gets_one_too(tmp_path: Path) -> None:
    path = tmp_path / "ward.toml"
    path.write_bytes("name = 'phường'".encode() + b" # \xe0\xf2")
    [problem] = problems(path)
    assert problem.startswith("tệp không phải UTF-8; trong Notepad")


def test_the_example_as_shipped_does_not_start(tmp_path: Path) -> None:
    path = tmp_path / "ward.toml"
    path.write_text(EXAMPLE, "utf-8")
    assert len(problems(path)) == 5


def test_a_file_in_another_encoding_is_said(tmp_path: Path) -> None:
    path = tmp_path / "ward.toml"
    path.write_bytes(filled_in().encode("utf-16"))
    (said,) = problems(path)
    assert "UTF-8" in said


def test_broken_syntax_is_said_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "ward.toml"
    path.write_text(filled_in().replace("[keep]", "[keep"), "utf-8")
    (said,) = problems(path)
    assert "line" in said


def test_the_sample_is_no_real_ward(tmp_path: Path) -> None:
    path = tmp_path / "ward.toml"
    path.write_bytes((house.TEXTS / "ward.sample.toml").read_bytes())
    assert any(one.startswith("sample:") for one in problems(path))


def test_the_house_stands_with_every_content_file() -> None:
    ward = house.read_ward(None)
    built = house.build(ward, trial=True, group_shows_words=False)
    assert built.trial
    assert built.lessons
    assert built.hotlines
    assert built.reader.read("em đang bị đánh").level.name == "RED"
    for language in house.LANGUAGES:
        assert built.texts.say("q.now", language, "child")
