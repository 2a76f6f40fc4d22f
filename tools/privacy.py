"""Writes docs/privacy.md from the comments of the migrations: what is kept, table by table.

`python -m tools.privacy` writes it; a test compares. It knows no database, only its scripts.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from handlers import telling
from storage import erased, guard, invites, kept, outbox, retention, sessions, visible
from storage.migrate import scripts, statements

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "privacy.md"
WARD = ROOT / "ward.example.toml"

TABLE = re.compile(r"create table (\w+) \($")
COLUMN = re.compile(r"(\w+) (?:text|integer|blob)\b")
ADDED = re.compile(r"alter table (\w+) add column (\w+) ")
RENAMED = re.compile(r"alter table (\w+) rename to (\w+)")
DROPPED = re.compile(r"drop table (\w+)")
OTHER = re.compile(r"(create (unique )?index|drop index|insert|update|delete) ")


class UncommentedError(ValueError):
    """A table or column says nothing to a citizen."""


@dataclass
class Table:
    """A table as its comments explain it."""

    name: str
    says: str
    columns: dict[str, str] = field(default_factory=dict)


def tables() -> dict[str, Table]:
    """Read every migration in order; UncommentedError names what lacks its sentence."""
    found: dict[str, Table] = {}
    for _, script in scripts():
        for statement in statements(script.read_text("utf-8")):
            take_in(found, statement)
    return found


def take_in(found: dict[str, Table], statement: str) -> None:
    """Follow one statement of a migration."""
    comment, first, rest = split(statement)
    if made := TABLE.match(first):
        found[made[1]] = Table(made[1], told(comment, made[1]), dict(columns(made[1], rest)))
    elif added := ADDED.match(first):
        found[added[1]].columns[added[2]] = told(comment, f"{added[1]}.{added[2]}")
    elif renamed := RENAMED.match(first):
        found[renamed[2]] = Table(renamed[2], found[renamed[1]].says, found[renamed[1]].columns)
        del found[renamed[1]]
    elif dropped := DROPPED.match(first):
        del found[dropped[1]]
    elif not OTHER.match(first):
        raise ValueError(f"tools/privacy.py does not understand: {first}")


def split(statement: str) -> tuple[list[str], str, list[str]]:
    """Split a statement into the comment just above it, its first line and the rest."""
    lines = [line.strip() for line in statement.splitlines()]
    start = next(at for at, line in enumerate(lines) if line and not line.startswith("--"))
    above = lines[:start]
    if "" in above:
        above = above[len(above) - above[::-1].index("") :]
    return above, lines[start], lines[start + 1 :]


def columns(table: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    """Give each column with the comment above it."""
    comment: list[str] = []
    for line in lines:
        if line.startswith("--"):
            comment.append(line)
        elif column := COLUMN.match(line):
            yield column[1], told(comment, f"{table}.{column[1]}")
            comment = []


def told(comment: list[str], name: str) -> str:
    """Join a comment into one sentence or two."""
    sentence = " ".join(line.removeprefix("--").strip() for line in comment)
    if not sentence.endswith("."):
        raise UncommentedError(f"{name} has no sentence above it")
    return sentence


def period(time: timedelta) -> str:
    """Say a period as a citizen would: minutes, hours, days."""
    if time < timedelta(hours=1):
        return f"{time // timedelta(minutes=1)} minutes"
    hours = time // timedelta(hours=1)
    if hours > 72:
        return f"{hours // 24} days"
    return "1 hour" if hours == 1 else f"{hours} hours"


def periods() -> dict[str, str]:
    """Give the periods that the program keeps by itself, from its own constants."""
    keep = tomllib.loads(WARD.read_text("utf-8"))["keep"]
    return {
        "An unfinished draft": f"{keep['draft_hours']} hours (`keep.draft_hours` of `ward.toml`)",
        "Messages seen already (a fingerprint of their number)": period(retention.SEEN_FOR),
        "Counting wrong return words": period(retention.TRIES_FOR),
        "A message the program failed on, sealed": period(retention.BURIED_FOR),
        "Somebody who knocked and was not let in": period(retention.BURIED_FOR),
        "A message that was given up, without its text": period(retention.BURIED_FOR),
        "A message that has arrived": "deleted at once",
        "A case's words in an officer's Telegram chat": period(outbox.SECRET_FOR),
        "An invitation to the desk or the roster": period(invites.INVITE_FOR),
        "A door from the group into an officer's chat": period(invites.DOOR_FOR),
        "A session at the desk": period(sessions.SESSION_FOR),
        "The tie between a case and its reporter": f"{keep['link_days']} days after they got the"
        f" closing message (`keep.link_days`), {keep['link_days_longest']} days after closing at"
        ' the latest (`keep.link_days_longest`), at once by "quên tôi"',
        "Pictures and voices of a case": f"{keep['media_days']} days after closing"
        " (`keep.media_days`)",
        "A case: story, return words, cards": f"{keep['keep_days']} days after closing"
        " (`keep.keep_days`); longer while a lead keeps it by law",
        "An address that nothing ties to anything": f"{period(retention.IDLE_FOR)} after the day"
        " it last wrote; at once when the tie to its last case is cut",
        'The numbers of messages in a chat, so that "quên tôi" can take them away': period(
            visible.STANDS_FOR
        ),
        "Letters in a page's mailbox that nobody fetched": "with the tie or the address",
        "Who opened or did what (the audit)": f"{keep['audit_months']} months"
        " (`keep.audit_months`); longer from the first act on a case that is kept by law",
        "A backup": f"one a day, {kept.DAYS} of them, none longer than {period(kept.NEVER_OLDER)}",
        "A line of `erased.log` (a fingerprint of a random number)": period(erased.KEPT_FOR),
        "How long after somebody's last word an answer may come openly": period(
            telling.OPEN_WINDOW
        ),
    }


HEAD = """\
# What is kept

Made by `python -m tools.privacy` from the comments in `storage/migrations/`; do not edit. The
sentences below stand above the tables and columns they describe; a test fails when one is missing
or when this page is out of date.

"Sealed" means encrypted with a key that lies outside the database file. Everything else is plain
for whoever has the file. There is no column for a name, a telephone number or an internet address
of a person who reports, and no log of requests. Backups hold what the database held on the day
they were made, sealed once more as a whole.

## Periods that the program keeps by itself

| What | How long |
|---|---|
{periods}

It looks every ten minutes. Days are counted from the moment of closing, 24 hours each; a case that is
opened again counts anew from its next closing. Months are the calendar's, in Việt Nam. Nobody's tie is
cut within an hour of their last word about the case.

**When is the closing message got?** In a chat, when the platform says that it was delivered; on a page,
when the page has shown it; a held answer, when it was opened with the return words. No platform tells
us whether anything was read. [Decision 0016](decisions/0016-forgetting-is-not-taking-back.md).

When a case goes, its key goes first, then its rows; they are overwritten, and the journal is emptied
(alarm `journal-not-emptied` when it could not be). SQLite moves rows between pages and may leave a copy
where they were; so each night at three o'clock, if anything was deleted, the whole file is written anew
(alarm `file-not-rewritten` when there was no room). Its cards are taken out of the group and the
officers' chats. Telegram may refuse to delete a message older than 48 hours: then its words are
replaced, and the operator is told (`could-not-take-away`). Backups made before hold what
they held, sealed, for at most {backups} (the only good one until a newer one could be made: alarm
`backup-failed`); so do the copies that an upgrade or a restore leaves beside the database. A backup that is
restored brings back nothing that was erased since: fingerprints of it lie beside the backups (`erased.log`).

## When deleting stops and asks

- A run deletes nothing of anybody when the clock is more than {jump} from the last run's, forwards or
  backwards (the machine was off, or the time is wrong): alarm `clock-jumped`.
- It deletes no case and no picture when it would delete more than {few} cases (or the pictures of more) and
  these are more than one in {share} of all, or when these would be more than {many}: alarm
  `too-many-expired`. Drafts, ties and addresses go in time all the same.

`python -m bot forget` says what has expired, on which days it was closed and why it is held, and which
cases are kept by law; `python -m bot forget --confirm` deletes it. Used invitations, ended sessions, the numbers of messages seen and counts of wrong return words go in
any case, and words are taken out of officers' chats in any case. Why:
[decision 0011](decisions/0011-deleting-stops-and-asks.md).

## Table by table
{tables}"""


def draw() -> str:
    """Give the whole page."""
    rows = "\n".join(f"| {what} | {how_long} |" for what, how_long in periods().items())
    parts = [
        f"\n### {table.name}\n\n{table.says}\n\n"
        + "".join(f"- `{column}`: {says}\n" for column, says in table.columns.items())
        for table in tables().values()
    ]
    return HEAD.format(
        periods=rows,
        backups=period(kept.NEVER_OLDER),
        jump=period(guard.JUMP),
        few=guard.FEW,
        many=guard.MANY,
        share=guard.SHARE,
        tables="".join(parts),
    )


def main() -> int:
    """Write the page."""
    TARGET.write_text(draw(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
