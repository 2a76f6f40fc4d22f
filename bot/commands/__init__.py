"""What a clerk can do at the command line, one file each."""

from collections.abc import Callable, Mapping

from bot.commands import check, forget, invite, keys, letters, read, roster, run

COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    "run": run.main,
    "check": check.main,
    "keys": keys.main,
    "invite": invite.main,
    "roster": roster.main,
    "forget": forget.main,
    "letters": letters.main,
    "read": read.main,
}
"""The commands by name."""
