"""`python -m bot <command>`: each command is one file in bot/commands."""

import sys

from bot.commands import COMMANDS


def main(arguments: list[str]) -> int:
    """Run a command; give the exit status (78: something must be set up first)."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    command = COMMANDS.get(name)
    if command is None:
        print("python -m bot " + " | ".join(COMMANDS), file=sys.stderr)  # noqa: T201
        return 64 if arguments else 0
    return command(rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
