"""Draws docs/moves.md, the case's diagram, from the one table of allowed moves.

`python -m tools.moves` writes it; a test compares.
"""

import sys
import tomllib
from pathlib import Path

from handlers.cases import MOVES, Reason, Status

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "moves.md"
TEXTS = ROOT / "handlers" / "texts" / "vi.toml"

HEAD = """\
# The moves of a case

Made by `python -m tools.moves` from `MOVES` in `handlers/cases.py`; do not edit. What the words
mean in the law is in [glossary.md](glossary.md). Everything that is not drawn is refused.

```mermaid
stateDiagram-v2
    [*] --> {first}
{arrows}
```

| From | To |
|---|---|
{rows}

A case is closed for one of these reasons: {reasons}. New words of the reporter reopen it.

**Only three of these states can be reached from the desk today:** `new`, `received` (by claiming
or answering) and `closed`. The moves between are allowed by the table, but no button makes them
yet.
"""


def draw() -> str:
    """Give the whole page."""
    desk = tomllib.loads(TEXTS.read_text("utf-8"))["desk"]
    ordered = {status: [to for to in Status if to in MOVES[status]] for status in Status}
    arrows = [f"    {status} --> {to}" for status, tos in ordered.items() for to in tos]
    rows = [
        f"| `{status}` | {', '.join(f'`{to}`' for to in tos)} |" for status, tos in ordered.items()
    ]
    reasons = ", ".join(f"`{reason}` ({desk['reason'][reason]})" for reason in Reason)
    return HEAD.format(
        first=Status.NEW, arrows="\n".join(arrows), rows="\n".join(rows), reasons=reasons
    )


def main() -> int:
    """Write the page."""
    TARGET.write_text(draw(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
