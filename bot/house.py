"""The files that are the same for every message: texts, rules, lessons, numbers, the ward."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from handlers.catalog import Texts
from handlers.hotlines import load_hotlines
from handlers.lessons import load_lessons
from handlers.reading import Reader
from handlers.receipts import Words
from handlers.view import House
from handlers.ward import Ward, WardTrouble, load_ward

TEXTS = files("handlers") / "texts"
RULES = files("handlers.reading") / "data"
LANGUAGES = ("vi", "en")
SAVE = "trong Notepad chọn Lưu thành (Save as), ô Mã hóa (Encoding) chọn UTF-8, rồi lưu lại"
SAVE_EN = "in Notepad choose Save as, Encoding: UTF-8, and save it again"
UTF_16 = f'tệp được lưu kiểu "Unicode" (UTF-16); {SAVE} / it was saved as UTF-16; {SAVE_EN}'
NOT_UTF_8 = f"tệp không phải UTF-8; {SAVE} / the file is not UTF-8; {SAVE_EN}"


def parse(name: str) -> Mapping[str, object]:
    """Parse one of the product's own content files."""
    return tomllib.loads((TEXTS / name).read_text("utf-8"))


def read_ward(path: Path | None) -> Ward:
    """Read the ward's own file, or the trial's sample. Raises WardTrouble with all problems.

    A byte order mark and Windows line ends are forgiven; UTF-16 gets a sentence of its own.
    """
    if path is None:
        return load_ward(parse("ward.sample.toml"), sample=True)
    try:
        text = written(path.read_bytes())
        return load_ward(tomllib.loads(text), sample=False)
    except tomllib.TOMLDecodeError as error:
        raise WardTrouble((f"viết sai cú pháp: {error} / wrong syntax: {error}",)) from None


def written(raw: bytes) -> str:
    """Give the text of a file that a clerk may have saved with Notepad. Raises WardTrouble."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw:
        raise WardTrouble((UTF_16,))
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise WardTrouble((NOT_UTF_8,)) from None


def read_rules() -> Reader:
    """Build the reader from its rule files; BadRuleError names the file and the rule."""
    tables = {
        entry.name.removesuffix(".toml"): tomllib.loads(entry.read_text("utf-8"))
        for entry in RULES.iterdir()
        if entry.name.endswith(".toml")
    }
    return Reader(tables)


def build(ward: Ward, *, trial: bool, group_shows_words: bool) -> House:
    """Build the house around a ward."""
    common = {"phuong": ward.name, "luu_ngay": str(ward.keep_days)}
    return House(
        ward=ward,
        texts=Texts({language: parse(f"{language}.toml") for language in LANGUAGES}, common),
        reader=read_rules(),
        words=Words((TEXTS / "words.vi.txt").read_text("utf-8")),
        lessons=load_lessons(parse("lessons.toml")),
        hotlines=load_hotlines(parse("hotlines.toml")),
        trial=trial,
        group_shows_words=group_shows_words,
    )
