"""Writes the table of alarms in docs/operations.md from bot/alarms.toml, which letters also use.

`python -m tools.alarms` writes it; a test compares.
"""

import sys
from pathlib import Path

from bot.alarms import meanings

TARGET = Path(__file__).resolve().parent.parent / "docs" / "operations.md"
HEAD = "| Name | What happened | What to do |\n|---|---|---|\n"


def draw() -> str:
    """Give the page with its table of alarms drawn anew."""
    before, head, after = TARGET.read_text("utf-8").partition(HEAD)
    if not head:
        raise ValueError("docs/operations.md has lost its table of alarms")
    _, gap, rest = after.partition("\n\n")
    rows = (
        f"| `{name}` | {both['en'].happened} | {both['en'].do} |"
        for name, both in meanings().items()
    )
    return before + head + "\n".join(rows) + gap + rest


def main() -> None:
    """Write the page."""
    TARGET.write_text(draw(), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
