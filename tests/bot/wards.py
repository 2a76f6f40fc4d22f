"""A real ward's installation as a clerk sets it up: ward.toml filled in, a key, a lead."""

from pathlib import Path

from tests.bot.process import ROOT

EXAMPLE = (ROOT / "ward.example.toml").read_text("utf-8")
BLANKS = (
    ('id = "phuong-…"', 'id = "phuong-hoa-sen"'),
    ('name = "phường …"', 'name = "phường Hoa Sen"'),
    ('office = "chưa có"', 'office = "024 1357 2468"'),
    ('office_hours = "chưa có"', 'office_hours = "Thứ Hai đến thứ Sáu, 8:00–17:00"'),
    ('police = "chưa có"', 'police = "024 1357 2469"'),
)
"""What a clerk fills in; the numbers are nobody's."""
KEY = "keys/root.key"


def filled_in() -> str:
    """The shipped example with its blanks filled in."""
    text = EXAMPLE
    for blank, value in BLANKS:
        assert f"\n{blank}" in text, blank
        text = text.replace(f"\n{blank}", f"\n{value}")
    return text


def write_ward(directory: Path, text: str = "") -> None:
    (directory / "ward.toml").write_text(text or filled_in(), "utf-8")
