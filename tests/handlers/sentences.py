"""The sentences as tests see them: parsed, flattened, by voice, and filled with sample values."""

import string
import tomllib
from pathlib import Path

from handlers import report
from handlers.catalog import VOICES, flatten
from handlers.talk import Question
from handlers.ward import load_ward

ROOT = Path(__file__).parents[2]
FILES = ROOT / "handlers" / "texts"
TREES = {name: tomllib.loads((FILES / f"{name}.toml").read_text("utf-8")) for name in ("vi", "en")}
VI, EN = (flatten(TREES[language]) for language in ("vi", "en"))
WARD = load_ward(tomllib.loads((FILES / "ward.sample.toml").read_text("utf-8")), sample=True)
QUESTIONS = [
    one
    for one in vars(report).values()
    if isinstance(one, Question) and one is not report.THREATENED  # read, never asked
]
DESK = "desk."

VARIANT_NAMES_THAT_ARE_KEYS = frozenset({"for.friend", "for.adult", "go.adult", "desk.child"})


def is_key(key: str) -> bool:
    return key in VARIANT_NAMES_THAT_ARE_KEYS or key.startswith("desk.reporter.")


def base(key: str) -> str:
    """The key without its voice."""
    stem, _, last = key.rpartition(".")
    return stem if last in VOICES and not is_key(key) else key


def voices(table: dict[str, str]) -> dict[str, dict[str, str]]:
    """Each key's variants; "" is the plain one, for every voice."""
    found: dict[str, dict[str, str]] = {}
    for key, text in table.items():
        stem = base(key)
        found.setdefault(stem, {})[key[len(stem) + 1 :]] = text
    return found


KEYS, KEYS_EN = voices(VI), voices(EN)
RESIDENT = {key: text for key, text in VI.items() if not key.startswith(DESK)}


def values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def heard_by_children(table: dict[str, str]) -> dict[str, str]:
    """What a child or a child's friend may read: all but the adult variants and the desk."""
    return {
        key: text
        for key, text in table.items()
        if not key.startswith(DESK) and (is_key(key) or not key.endswith(".adult"))
    }


SAMPLE = {
    "ma": "K7M4PQ2X",
    "gio": "17:05",
    "han": "17:00 thứ Năm 26/11",
    "nam_chu": "nghiêng trường nghịch khuyên chuông",
    "khoa": "1234 5678 9012 3456",
    "gi": "số điện thoại, tên tài khoản",
    "nen_tang": "Telegram",
    "phuong": "Phường Mẫu",
    "luu_ngay": "90",
    "nhap_gio": "24",
    "cat_ngay": "7",
    "cat_muon": "30",
    "anh_ngay": "30",
    "nhat_ky": "24",
    "sao_luu": "30",
    "gio_giu": "24",
    "so": "113",
    "ten": "Cô Mây",
    "co_chu": "cô",
    "don_vi": WARD.unit,
}


def filled(text: str) -> str:
    """The sentence as somebody reads it."""
    return text.format_map({**SAMPLE, "tom_tat": "", "dong": ""}) if values(text) else text
