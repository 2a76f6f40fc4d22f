"""What a clerk can do at the command line, one file each."""

from collections.abc import Callable, Mapping

from bot.commands import (
    backup,
    check,
    drill,
    export,
    forget,
    invite,
    keys,
    letters,
    read,
    restore,
    roster,
    run,
)

COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    "run": run.main,
    "check": check.main,
    "keys": keys.main,
    "export": export.main,
    "invite": invite.main,
    "roster": roster.main,
    "forget": forget.main,
    "letters": letters.main,
    "drill": drill.main,
    "backup": backup.main,
    "restore": restore.main,
    "read": read.main,
}
"""The commands by name."""
