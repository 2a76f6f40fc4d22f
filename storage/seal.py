"""Sealing: what may be read only with the root key, and blind indexes for looking things up.

Pure over `cryptography`: it must not know the database, the schema or where the key file lies.
Formats: sealed = 0x01 | nonce 12 | AES-256-GCM(length 4 | text | zeros to a 256-byte step).
"""

import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.rootkey import (
    KEY_BYTES,
    KeyTrouble,
    Reason,
    RootKey,
    create_root_key,
    load_root_key,
)

__all__ = [
    "KeyTrouble",
    "Reason",
    "RootKey",
    "Seal",
    "Unreadable",
    "create_root_key",
    "load_root_key",
]

_INDEX_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_STEP = 256  # lengths are hidden in steps of this many bytes
_VERSION = b"\x01"
_HEAD = len(_VERSION) + _NONCE_BYTES
_CASE_KEYS_KEPT = 512  # key schedules; a case key lives in memory no longer than it is in use
_LENGTH = struct.Struct(">I")


class Unreadable(Exception):  # noqa: N818  (a state of the data, in the words of the house)
    """These bytes cannot be opened here: tampered with, moved, cut, or sealed under another key."""


def _joined(*parts: bytes) -> bytes:
    """Parts with their lengths before them: ("ab", "c") and ("a", "bc") must not look alike."""
    return b"".join([_LENGTH.pack(len(part)) + part for part in parts])


def _encrypt(box: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _VERSION + nonce + box.encrypt(nonce, plain, bound)


def _decrypt(box: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    if len(sealed) < _HEAD + _TAG_BYTES or not sealed.startswith(_VERSION):
        raise Unreadable("not sealed in this format")
    try:
        return box.decrypt(sealed[len(_VERSION) : _HEAD], sealed[_HEAD:], bound)
    except InvalidTag:
        raise Unreadable("another key, another place, or changed") from None


class Seal:
    """Seals, opens and indexes under one root key. Cheap to call, safe to share between tasks."""

    __slots__ = (
        "_audit",
        "_cases",
        "_index",
        "_key_id",
        "_root",
        "_secret",
        "_tables",
        "_token",
        "_wrap",
    )

    def __init__(self, root: RootKey) -> None:
        """Derive the keys that are always needed."""
        self._root = root
        self._key_id = root.id.encode()
        self._index = root.derive("index")
        self._secret = root.derive("secret")
        self._token = root.derive("token")
        self._audit = root.derive("audit")
        self._wrap = AESGCM(root.derive("wrap"))
        self._tables: dict[str, AESGCM] = {}
        self._cases: dict[bytes, AESGCM] = {}

    @property
    def key_id(self) -> str:
        """The id of the root key, kept beside what it wrapped."""
        return self._root.id

    # Blind indexes: a plain hash of a chat id falls in hours, a keyed one needs the key.

    def index(self, channel: str, bot: str, peer: str) -> bytes:
        """Give the 16-byte blind index of an address."""
        return self._mac(self._index, channel.encode(), bot.encode(), peer.encode())

    def secret_index(self, secret: int) -> bytes:
        """Give the 16-byte blind index of a 50-bit return secret."""
        return self._mac(self._secret, secret.to_bytes(8, "big"))

    def token_index(self, token: str) -> bytes:
        """Give the 16-byte blind index of a one-use token or a session."""
        return self._mac(self._token, token.encode())

    @staticmethod
    def _mac(key: bytes, *parts: bytes) -> bytes:
        return hmac.digest(key, _joined(*parts), "sha256")[:_INDEX_BYTES]

    # Case keys: deleting the wrapped key is what destroys a case.

    def new_case_key(self) -> bytes:
        """Give 32 random bytes."""
        return os.urandom(KEY_BYTES)

    def wrap(self, case_key: bytes, case: str) -> bytes:
        """Give the case key as it may be stored: 61 bytes, bound to the case and the root key."""
        return _encrypt(self._wrap, case_key, self._wrap_bound(case))

    def unwrap(self, wrapped: bytes, case: str) -> bytes:
        """Give the case key back. Raises Unreadable for another case, key, or changed bytes."""
        return _decrypt(self._wrap, wrapped, self._wrap_bound(case))

    def _wrap_bound(self, case: str) -> bytes:
        return _joined(b"case_keys.wrapped", case.encode(), self._key_id)

    # Columns.

    def seal(
        self,
        data: bytes,
        *,
        table: str,
        column: str,
        row: str,
        case: str = "",
        case_key: bytes | None = None,
    ) -> bytes:
        """Give `data` as it may be stored in just this column of this row (of this case).

        Without a case key, a key derived for the table is used. `row` and `case` are immutable ids.
        """
        plain = _LENGTH.pack(len(data)) + data
        padded = plain + bytes(-len(plain) % _STEP)
        return _encrypt(self._box(table, case_key), padded, self._bound(table, column, case, row))

    def open(
        self,
        sealed: bytes,
        *,
        table: str,
        column: str,
        row: str,
        case: str = "",
        case_key: bytes | None = None,
    ) -> bytes:
        """Give what `seal` was given with the same keywords; anything else raises Unreadable."""
        bound = self._bound(table, column, case, row)
        padded = _decrypt(self._box(table, case_key), sealed, bound)
        (length,) = _LENGTH.unpack_from(padded)
        return padded[_LENGTH.size : _LENGTH.size + length]

    @staticmethod
    def _bound(table: str, column: str, case: str, row: str) -> bytes:
        parts = (table.encode(), column.encode(), case.encode(), row.encode())
        return _VERSION + _joined(*parts)

    def _box(self, table: str, case_key: bytes | None) -> AESGCM:
        if case_key is None:
            box = self._tables.get(table)
            if box is None:
                box = self._tables[table] = AESGCM(self._root.derive(f"table|{table}"))
            return box
        box = self._cases.get(case_key)
        if box is None:
            if len(self._cases) >= _CASE_KEYS_KEPT:
                self._cases.clear()
            box = self._cases[case_key] = AESGCM(case_key)
        return box

    # Knowing that the key is the right one, and that the audit log is whole.

    def check_value(self) -> bytes:
        """Give 16 bytes to keep with the data, by which the right key is known at start."""
        return self._mac(self._root.derive("check"), b"key check value")

    def verify(self, check: bytes) -> bool:
        """Tell whether data with this check value was sealed under this root key."""
        return hmac.compare_digest(check, self.check_value())

    def chain(self, previous: bytes, row: bytes) -> bytes:
        """Give the 32-byte audit MAC of a row that follows the row with MAC `previous`."""
        return hmac.digest(self._audit, _joined(previous, row), "sha256")
