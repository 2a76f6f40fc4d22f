"""Sealing: what may be read only with the root key, and blind indexes for looking things up.

Pure over `cryptography`: it must not know the database, the schema or where the key file lies.
Formats: under a case's own key 0x01 | nonce 12 | AES-256-GCM(length 4 | text | zeros to a 256-byte
step); under the root key 0x02 | its id 4 | nonce 12 | the same. Nobody needs to try which key fits.
"""

import hmac
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.committee import Public
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
    "root_head",
    "root_of",
    "secret_index",
    "token_index",
]

_INDEX_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_STEP = 256  # lengths are hidden in steps of this many bytes
_UNDER_CASE = b"\x01"
_UNDER_ROOT = b"\x02"
ROOT_HEAD_BYTES = 5
"""So many bytes at the beginning of what the root key sealed say which root key that is."""
_CASE_KEYS_KEPT = 512  # key schedules; a case key lives in memory no longer than it is in use
_LENGTH = struct.Struct(">I")


class Unreadable(Exception):  # noqa: N818  (a state of the data, in the words of the house)
    """These bytes cannot be opened here: tampered with, moved, cut, or sealed under another key."""


def _joined(*parts: bytes) -> bytes:
    """Parts with their lengths before them: ("ab", "c") and ("a", "bc") must not look alike."""
    return b"".join([_LENGTH.pack(len(part)) + part for part in parts])


def root_head(key_id: str) -> bytes:
    """Give the first bytes of everything that this root key sealed."""
    return _UNDER_ROOT + bytes.fromhex(key_id)


def root_of(sealed: bytes) -> str | None:
    """Give the id of the root key that sealed this; None when a case's own key did."""
    shortest = ROOT_HEAD_BYTES + _NONCE_BYTES + _TAG_BYTES  # a fingerprint may begin with any byte
    if len(sealed) < shortest or not sealed.startswith(_UNDER_ROOT):
        return None
    return sealed[1:ROOT_HEAD_BYTES].hex()


def secret_index(key: bytes, secret: int) -> bytes:
    """Give the 16-byte blind index of a 50-bit return secret under a given key."""
    return _mac(key, secret.to_bytes(8, "big"))


def token_index(key: bytes, token: str) -> bytes:
    """Give the 16-byte blind index of a token, or of anything shown once, under a given key."""
    return _mac(key, token.encode())


def _mac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, _joined(*parts), "sha256")[:_INDEX_BYTES]


def _encrypt(box: AESGCM, head: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return head + nonce + box.encrypt(nonce, plain, head + bound)


def _decrypt(box: AESGCM, head: bytes, sealed: bytes, bound: bytes) -> bytes:
    start = len(head) + _NONCE_BYTES
    if len(sealed) < start + _TAG_BYTES or not sealed.startswith(head):
        raise Unreadable("not in this format, or sealed under another root key")
    try:
        return box.decrypt(sealed[len(head) : start], sealed[start:], head + bound)
    except InvalidTag:
        raise Unreadable("another key, another place, or changed") from None


def _bound(table: str, column: str, case: str, row: str) -> bytes:
    return _joined(table.encode(), column.encode(), case.encode(), row.encode())


def _wrap_bound(case: str) -> bytes:
    return _joined(b"case_keys.wrapped", case.encode())


class Seal:
    """Seals, opens and indexes under one root key. Cheap to call, safe to share between tasks."""

    __slots__ = (
        "_audit",
        "_cases",
        "_head",
        "_index",
        "_root",
        "_secret",
        "_tables",
        "_token",
        "_wrap",
        "committee",
        "past_events",
    )

    def __init__(self, root: RootKey, committee: Public | None = None) -> None:
        """Derive the keys that are always needed.

        `committee`: to whose offline key every case key is sealed a second time; None: to nobody's.
        """
        self._root = root
        self.committee = committee
        self.past_events: tuple[bytes, ...] = ()
        """Keys of token_index from before a rotation, for messages seen then; see past.load."""
        self._head = root_head(root.id)
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
        return _mac(self._index, channel.encode(), bot.encode(), peer.encode())

    def secret_index(self, secret: int) -> bytes:
        """Give the 16-byte blind index of a 50-bit return secret."""
        return secret_index(self._secret, secret)

    def token_index(self, token: str) -> bytes:
        """Give the 16-byte blind index of a one-use token or a session."""
        return token_index(self._token, token)

    def index_keys(self) -> tuple[bytes, bytes]:
        """Give the keys of secret_index and token_index: only to keep them, sealed, past a rotation.

        What they fingerprinted is nowhere else: it can be found again, but not computed anew.
        """
        return self._secret, self._token

    # Case keys: deleting the wrapped key is what destroys a case.

    def new_case_key(self) -> bytes:
        """Give 32 random bytes."""
        return os.urandom(KEY_BYTES)

    def wrap(self, case_key: bytes, case: str) -> bytes:
        """Give the case key as it may be stored: 65 bytes, bound to the case and the root key."""
        return _encrypt(self._wrap, self._head, case_key, _wrap_bound(case))

    def unwrap(self, wrapped: bytes, case: str) -> bytes:
        """Give the case key back. Raises Unreadable for another case, key, or changed bytes."""
        return _decrypt(self._wrap, self._head, wrapped, _wrap_bound(case))

    def wrap_for_committee(self, case_key: bytes, case: str) -> bytes | None:
        """Give the case key as only the committee can open it; None without a committee key."""
        if self.committee is None:
            return None
        return bytes.fromhex(self.committee.id) + self.committee.wrap(case_key, case.encode())

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
        box, head = self._box(table, case_key)
        return _encrypt(box, head, padded, _bound(table, column, case, row))

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
        box, head = self._box(table, case_key)
        padded = _decrypt(box, head, sealed, _bound(table, column, case, row))
        (length,) = _LENGTH.unpack_from(padded)
        return padded[_LENGTH.size : _LENGTH.size + length]

    def _box(self, table: str, case_key: bytes | None) -> tuple[AESGCM, bytes]:
        if case_key is None:
            box = self._tables.get(table)
            if box is None:
                box = self._tables[table] = AESGCM(self._root.derive(f"table|{table}"))
            return box, self._head
        box = self._cases.get(case_key)
        if box is None:
            if len(self._cases) >= _CASE_KEYS_KEPT:
                self._cases.clear()
            box = self._cases[case_key] = AESGCM(case_key)
        return box, _UNDER_CASE

    # Knowing that the key is the right one, and that the audit log is whole.

    def check_value(self) -> bytes:
        """Give 16 bytes to keep with the data, by which the right key is known at start."""
        return _mac(self._root.derive("check"), b"key check value")

    def verify(self, check: bytes) -> bool:
        """Tell whether data with this check value was sealed under this root key."""
        return hmac.compare_digest(check, self.check_value())

    def chain(self, previous: bytes, row: bytes) -> bytes:
        """Give the 32-byte audit MAC of a row that follows the row with MAC `previous`."""
        return hmac.digest(self._audit, _joined(previous, row), "sha256")
