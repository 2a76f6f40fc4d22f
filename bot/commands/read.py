"""`read`: show how a message is read: level, kind, first number, intent and why."""

import sys

from bot.house import read_rules


def main(arguments: list[str]) -> int:
    """Read the words given; nothing is stored."""
    if not arguments:
        print('python -m bot read "…"', file=sys.stderr)
        return 64
    reading = read_rules().read(" ".join(arguments))
    print(
        f"{reading.level} · {reading.danger or '-'} · {reading.first or '-'} ·"
        f" sure={reading.sure} · intent={reading.intent or '-'} · {', '.join(reading.rules) or '-'}"
    )
    return 0
