"""What every command needs first: settings, ward, key; everything missing is said at once."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot import config, house
from bot.config import ConfigTrouble, Settings
from handlers.ward import Ward, WardTrouble
from storage.db import NewerSchema, UnsafeDatabase, WrongKey
from storage.rootkey import KeyTrouble, RootKey, create_root_key, load_root_key

CONFIG = 78
"""sysexits.h EX_CONFIG: the program cannot run as it is set up."""


class AlreadyRunning(Exception):  # noqa: N818  (said to a clerk, not a bug)
    """Another process runs on the same data."""


DATABASE_TROUBLE = (UnsafeDatabase, WrongKey, NewerSchema, AlreadyRunning)
"""What opening a database may raise that a clerk can mend."""

NO_LEAD = (
    "Chưa có trưởng nhóm nào: mời bằng `python -m bot invite --role lead --name ...`"
    " / no lead has been invited yet"
)


class NotSetUp(Exception):  # noqa: N818  (said to a clerk, not a bug)
    """Something must be set up first; `problems` are sentences, Vietnamese / English."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        """`problems`: all of them, never only the first."""
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Base:
    """What a command starts from."""

    settings: Settings
    ward: Ward
    root: RootKey


def base() -> Base:
    """Read settings, ward and key. Raises NotSetUp with everything that is missing."""
    problems: list[str] = []
    try:
        settings = config.read()
    except ConfigTrouble as trouble:
        settings = trouble.settings
        problems += trouble.problems
    ward = None
    try:
        ward = house.read_ward(settings.ward_file)
    except WardTrouble as trouble:
        problems += [f"ward.toml: {one}" for one in trouble.problems]
    root = None
    try:
        if not (settings.trial and problems):  # a trial's key is made only when all else is well
            root = open_key(settings)
    except KeyTrouble as trouble:
        problems.append(f"SECRET_KEY_FILE: {key_sentence(trouble)}")
    if problems or ward is None or root is None:
        raise NotSetUp(tuple(problems))
    return Base(settings, ward, root)


def open_key(settings: Settings) -> RootKey:
    """Load the key. Only a trial makes its own: on real data a new key would hide a lost one."""
    if settings.trial:
        if not settings.key_file.exists() and not settings.database.exists():
            return create_root_key(settings.key_file)
        return load_root_key(settings.key_file, None)
    return load_root_key(settings.key_file, settings.database)


SENTENCES = {
    "missing": "không thấy tệp khóa; tạo bằng `python -m bot keys init` / no key file there",
    "wrong_size": "tệp khóa hỏng: không đủ 64 ký tự / the key file is damaged",
    "readable_by_others": "người khác đọc được tệp khóa; sửa: chmod 400 / others can read the key file",
    "beside_database": "tệp khóa nằm cạnh dữ liệu; chuyển nó ra nơi khác"
    " / the key lies beside the data; move it elsewhere",
}


def key_sentence(trouble: KeyTrouble) -> str:
    """Say what is wrong with the key, and how to mend it."""
    return SENTENCES.get(str(trouble.reason), str(trouble.reason))


def database_sentence(trouble: Exception) -> str:
    """Say why the database was not opened; nothing was changed."""
    if isinstance(trouble, WrongKey):
        return (
            "Khóa này không mở được dữ liệu. Kiểm tra SECRET_KEY_FILE; chưa có gì bị thay đổi."
            " / This key does not open the data. Check SECRET_KEY_FILE; nothing was changed."
        )
    if isinstance(trouble, AlreadyRunning):
        return "Đang chạy rồi, trên cùng dữ liệu này. / It runs already, on the same data."
    if isinstance(trouble, NewerSchema):
        return "Dữ liệu do bản mới hơn ghi. Cài bản mới hơn. / The data was written by a newer version."
    return (
        "DATABASE_URL: tệp dữ liệu hỏng, không mở được, hoặc người khác đọc được; cần chmod 600"
        " (thư mục 700). / The database is damaged, cannot be opened, or is readable by others."
    )


@contextmanager
def alone(database: Path) -> Iterator[None]:
    """Hold the data for this process: two at once would send everything twice.

    The lock lies on the folder and ends with the process, however that ends. Raises AlreadyRunning.
    """
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(database.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning from None
        yield
    finally:
        os.close(folder)


def complain(problems: tuple[str, ...]) -> int:
    """Say everything that must be set up, and give the exit status."""
    print("Chưa chạy được / Cannot start:", file=sys.stderr)
    for problem in problems:
        print(f"  • {problem}", file=sys.stderr)
    return CONFIG
