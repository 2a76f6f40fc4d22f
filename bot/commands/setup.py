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
from storage.committee import CommitteeTrouble, Public
from storage.db import HalfRotated, NewerSchema, UnsafeDatabase, WrongKey
from storage.rootkey import KeyTrouble, Reason, RootKey, create_root_key, load_root_key
from storage.seal import Seal

CONFIG = 78
"""sysexits.h EX_CONFIG: the program cannot run as it is set up."""


class AlreadyRunning(Exception):  # noqa: N818  (said to a clerk, not a bug)
    """Another process runs on the same data."""


DATABASE_TROUBLE = (UnsafeDatabase, WrongKey, HalfRotated, NewerSchema, AlreadyRunning)
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
    committee: Public | None = None

    def seal(self) -> Seal:
        """Make the seal of this key, that also seals case keys to the committee's."""
        return Seal(self.root, self.committee)


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
        # A trial's key is made only when all else is well; where none is named there is none to judge.
        unnamed = any(one.startswith("SECRET_KEY_FILE") for one in problems)
        if not unnamed and not (settings.trial and problems):
            root = open_key(settings)
    except KeyTrouble as trouble:
        lost = trouble.reason is Reason.MISSING and settings.database.exists()
        problems.append(f"SECRET_KEY_FILE: {LOST if lost else key_sentence(trouble)}")
    committee = None
    try:
        if settings.committee_key is not None:
            committee = Public.load(settings.committee_key)
    except CommitteeTrouble:
        problems.append(
            "COMMITTEE_KEY_FILE: không phải khóa công khai của hội đồng (committee.pub), hoặc chép"
            " sai / not the committee's public key, or a copying mistake"
        )
    if ward is not None and ward.seal_days and settings.committee_key is None:
        problems.append(
            "ward.toml: keep.seal_days: cần COMMITTEE_KEY_FILE / needs COMMITTEE_KEY_FILE"
        )
    if problems or ward is None or root is None:
        raise NotSetUp(tuple(problems))
    return Base(settings, ward, root, committee)


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


LOST = (
    "không thấy tệp khóa, mà đã có dữ liệu: ĐỪNG tạo khóa mới. Có tờ chữ khôi phục:"
    " `python -m bot keys recover --words`; không có: docs/runbooks/mat-khoa.md"
    " / no key file, and there is data: do NOT make a new key; recover the old one"
)


def key_sentence(trouble: KeyTrouble) -> str:
    """Say what is wrong with the key, and how to mend it."""
    return SENTENCES.get(str(trouble.reason), str(trouble.reason))


def database_sentence(trouble: Exception) -> str:
    """Say why the database was not opened; nothing was changed."""
    if isinstance(trouble, WrongKey):
        needed = trouble.needed or "?"
        return (
            f"Khóa này ({trouble.given}) không mở được dữ liệu; cần khóa {needed}. Kiểm tra"
            " SECRET_KEY_FILE; đang đổi khóa dở thì chạy lại `python -m bot keys rotate`. Chưa có gì"
            f" bị thay đổi. / This key does not open the data, which needs {needed}. Check"
            " SECRET_KEY_FILE; if a change of keys was cut off, run it again. Nothing was changed."
        )
    if isinstance(trouble, HalfRotated):
        return (
            "Đổi khóa chưa xong: chạy lại `python -m bot keys rotate`, rồi khởi động."
            " / A change of keys was cut off: run `python -m bot keys rotate` again first."
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
