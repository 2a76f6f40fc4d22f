"""What lies among the backups: how old it is, whether it is whole, whether anybody could read it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from storage import kept

PLAIN = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Copies:
    """`newest`: of those that are whole. `oldest`: of all. `plain`: databases that lie there open."""

    many: int = 0
    newest: datetime | None = None
    oldest: datetime | None = None
    broken: int = 0
    plain: int = 0


def look(folder: Path) -> Copies:
    """Look into the folder of the backups; one that cannot be read is empty."""
    try:
        found = kept.listing(folder)
        plain = sum(map(_is_plain, folder.iterdir()))
    except OSError:
        return Copies()
    whole = [one.at for one in found if one.whole]
    return Copies(
        many=len(found),
        newest=max(whole, default=None),
        oldest=min((one.at for one in found), default=None),
        broken=len(found) - len(whole),
        plain=plain,
    )


def _is_plain(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(PLAIN)) == PLAIN
    except OSError:
        return False
