"""Schema versions: numbered SQL files, each applied once, after a copy of the file was made.

An upgraded database must equal a fresh one. It knows no table.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
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


def check_version(connection: sqlite3.Connection, folder: Path = FOLDER) -> bool:
    """Tell whether the schema is up to date; NewerSchema when it is ahead of the code."""
    have, known = version(connection), len(scripts(folder))
    if have > known:
        raise NewerSchema(f"the database has schema {have}, this program knows {known}")
    return have == known


def migrate(
    connection: sqlite3.Connection,
    path: Path,
    folder: Path = FOLDER,
    *,
    begin: Callable[[sqlite3.Connection], None] | None = None,
    copy: bool = True,
) -> None:
    """Bring the schema up to date; NewerSchema when it is ahead of the code.

    A database with content is first copied beside itself (see `backup`), unless `copy` is False.
    `begin` writes what a fresh database needs at once, in the transaction of its first migration.
    """
    check_version(connection, folder)
    have, known = version(connection), scripts(folder)
    if copy and 0 < have < len(known):
        backup(connection, path.with_name(f"{path.stem}.before-{len(known)}{path.suffix}"))
    for number, script in known[have:]:
        first = begin if number == 1 else None
        _apply(connection, number, script.read_text(encoding="utf-8"), first)


def backup(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the whole database into `target` (0600), without the remains of deleted rows.

    When this returns, it is on the disk; when it raises, what is there is not whole.
    """
    target.unlink(missing_ok=True)
    handle = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        connection.execute("vacuum into ?", (str(target),))
        os.fsync(handle)
    finally:
        os.close(handle)


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


def _apply(
    connection: sqlite3.Connection,
    number: int,
    sql: str,
    begin: Callable[[sqlite3.Connection], None] | None,
) -> None:
    connection.execute("begin immediate")
    try:
        for statement in statements(sql):
            connection.execute(statement)
        if begin is not None:
            begin(connection)
        connection.execute(f"pragma user_version={number}")
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
