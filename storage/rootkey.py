"""The root key and its file: 64 hex digits and a newline, readable by its owner alone.

It must not know what the key seals. Whoever starts on real data never makes a key here by itself.
"""

import hashlib
import os
import stat
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_CREDENTIAL = 0o440
_OTHERS = 0o077


class RootKey:
    """The 32 bytes everything else is derived from. Never printed, never stored beside the data."""

    __slots__ = ("_key", "id")

    id: str
    """First 8 hex digits of SHA-256(b"id" | key): names the key without telling it."""

    def __init__(self, key: bytes) -> None:
        """Take the key. Raises ValueError unless it is 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError(f"a root key has {KEY_BYTES} bytes")
        self._key = key
        self.id = hashlib.sha256(b"id" + key).hexdigest()[:8]

    def __repr__(self) -> str:
        """Show the id only: a repr ends in tracebacks."""
        return f"RootKey({self.id})"

    def derive(self, purpose: str) -> bytes:
        """Give the 32-byte key for one purpose (HKDF-SHA256); other purposes tell nothing of it."""
        hkdf = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"lang-nghe|1|" + purpose.encode())
        return hkdf.derive(self._key)

    def material(self) -> bytes:
        """Give the key itself: only for writing the key file."""
        return self._key


class Reason(StrEnum):
    """What is wrong with a key file."""

    MISSING = "missing"
    """Not there, no plain file, or not readable by us."""
    WRONG_SIZE = "wrong_size"
    """Not 64 hex digits."""
    READABLE_BY_OTHERS = "readable_by_others"
    BESIDE_DATABASE = "beside_database"
    """In the database's folder or below: a thief or a backup would take both."""


class KeyTrouble(Exception):  # noqa: N818  (said to an operator, in the words of the house)
    """The root key cannot be used as it lies there; nothing may be started."""

    def __init__(self, reason: Reason, path: Path) -> None:
        """Keep what is wrong, and where."""
        super().__init__(f"{path}: {reason}")
        self.reason = reason
        self.path = path


def load_root_key(path: Path, forbidden_beside: Path | None) -> RootKey:
    """Read the root key, or raise KeyTrouble.

    `forbidden_beside`: the database file, whose folder must not hold the key (None: a trial).
    """
    if forbidden_beside is not None:
        # links followed: what matters is which folder a thief or a backup copies
        folder = forbidden_beside.resolve().parent
        if path.resolve().is_relative_to(folder):
            raise KeyTrouble(Reason.BESIDE_DATABASE, path)
    return RootKey(_parse(_read(path), path))


def _read(path: Path) -> bytes:
    """The file's content, judged and read through one handle: nobody can swap it in between."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        raise KeyTrouble(Reason.MISSING, path) from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise KeyTrouble(Reason.MISSING, path)
        if not _private(status):
            raise KeyTrouble(Reason.READABLE_BY_OTHERS, path)
        return os.read(handle, 2 * KEY_BYTES + 3)
    finally:
        os.close(handle)


def _private(status: os.stat_result) -> bool:
    mode = stat.S_IMODE(status.st_mode)
    if mode == _CREDENTIAL and status.st_uid == 0 and status.st_gid == 0:
        return True  # a systemd credential: the group bits show its access list's mask
    return not mode & _OTHERS


def _parse(content: bytes, path: Path) -> bytes:
    line = content.removesuffix(b"\n").removesuffix(b"\r")
    if len(line) != 2 * KEY_BYTES:
        raise KeyTrouble(Reason.WRONG_SIZE, path)
    try:
        key = bytes.fromhex(line.decode("ascii"))
    except ValueError:
        raise KeyTrouble(Reason.WRONG_SIZE, path) from None
    if len(key) != KEY_BYTES:  # fromhex lets spaces pass
        raise KeyTrouble(Reason.WRONG_SIZE, path)
    return key


def new_root_key() -> RootKey:
    """Make a new key, in memory only."""
    return RootKey(os.urandom(KEY_BYTES))


def can_be_written(path: Path) -> bool:
    """Tell whether a new key file could be written there, before anybody copies its words."""
    probe = path.with_name(f".{path.name}.probe")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o400))
        probe.unlink()
    except OSError:
        return False
    return True


def create_root_key(path: Path) -> RootKey:
    """Make a new key and its file; see `save_root_key`."""
    root = new_root_key()
    save_root_key(path, root)
    return root


def save_root_key(path: Path, root: RootKey) -> None:
    """Write a key's file (0400; a missing folder is made 0700), safe on the disk.

    Raises FileExistsError rather than replace a key, and OSError when it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Written whole before it has its name: half a key would be refused for ever.
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, 0o400)
            file.write(root.material().hex().encode() + b"\n")
            file.flush()
            os.fsync(handle)
        os.link(partial, path)
        _sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


# A change of keys. The new key waits in `next`; the old one stays in `prev` afterwards, because
# older backups still need it. Whatever is cut off in between, both keys are in a file.


def next_file(path: Path) -> Path:
    """Give where the key waits that a database is being moved to."""
    return path.with_name(f"{path.name}.next")


def prev_file(path: Path) -> Path:
    """Give where the key stays that a database was moved from."""
    return path.with_name(f"{path.name}.prev")


def take_over(path: Path) -> None:
    """Let the key that waits be the key; the old one, where there is one, is kept as `prev`.

    May be cut off and called again. Raises OSError.
    """
    if path.exists() and not prev_file(path).exists():
        os.link(path, prev_file(path))
        _sync_folder(path.parent)
    next_file(path).replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
