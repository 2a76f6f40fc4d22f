"""Schema versions: numbered SQL files, each applied once, after a copy of the file was made.

An upgraded database must equal a fresh one. It knows no table.
"""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).with_name("migrations")


class NewerSchema(Exception):  # noqa: N818
    """The database was written by a newer program; this one would misread it."""


def version(connection: sqlite3.Connection) -> int:
    """Give the number of the last migration applied; 0 for an empty file."""
    return int(connection.execute("pragma user_version").fetchone()[0])


def scripts(folder: Path = FOLDER) -> list[tuple[int, Path]]:
    """Give the migrations in order; ValueError when a number is missing or stands twice."""
    found = sorted((int(path.name[:4]), path) for path in folder.glob("[0-9]*.sql"))
    if [number for number, _ in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the numbers of the migrations in {folder} have gaps")
    return found


def migrate(connection: sqlite3.Connection, path: Path, folder: Path = FOLDER) -> None:
    """Bring the schema up to date; NewerSchema when it is ahead of the code.

    A database with content is first copied beside itself (see `backup`).
    """
    have, known = version(connection), scripts(folder)
    if have > len(known):
        raise NewerSchema(f"the database has schema {have}, this program knows {len(known)}")
    if 0 < have < len(known):
        backup(connection, path.with_name(f"{path.stem}.before-{len(known)}{path.suffix}"))
    for number, script in known[have:]:
        _apply(connection, number, script.read_text(encoding="utf-8"))


def backup(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the whole database into `target` (0600), without the remains of deleted rows."""
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection.execute("vacuum into ?", (str(target),))


def statements(sql: str) -> Iterator[str]:
    """Split a script into statements, comments kept: the stored schema explains itself."""
    lines: list[str] = []
    for line in sql.splitlines():
        lines.append(line)
        if line.rstrip().endswith(";") and sqlite3.complete_statement("\n".join(lines)):
            yield "\n".join(lines)
            lines.clear()
    if any(line.strip() and not line.lstrip().startswith("--") for line in lines):
        raise ValueError("a migration ends in the middle of a statement")


def _apply(connection: sqlite3.Connection, number: int, sql: str) -> None:
    connection.execute("begin immediate")
    try:
        for statement in statements(sql):
            connection.execute(statement)
        connection.execute(f"pragma user_version={number}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
