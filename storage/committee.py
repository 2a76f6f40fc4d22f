"""The committee's offline key: anybody may seal to its public part, only the private part opens.

Pure over `cryptography`: it knows neither the database nor what is sealed. Used for the second
wrap of case keys, for backups and for exports. The stream's format stands above `seal_stream`.
"""

import hashlib
import io
import os
import struct
import unicodedata
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_BYTES = 32
CHUNK = 65_536
"""Bytes of plain text in every piece of a sealed stream but the last."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_X25519_AES_256_GCM = 1  # the algorithm byte; another number, another suite (post-quantum, say)
_MAGIC = b"LNSEAL"
_HEADER = struct.Struct(">6sB4s")
_TAG = 16
_WRAPPED = 32 + KEY_BYTES + _TAG  # HPKE: the sender's one-use public key, the content key, a tag
_NUMBER = struct.Struct(">3xQB")  # a piece's nonce: its number, and 1 when it is the last

_PUBLIC = "lang-nghe-committee-1"
_PRIVATE = "lang-nghe-committee-private-1"
_SALT = 16
_NONCE = 12
_ARGON_KIB = 128 * 1024  # with 3 iterations about 0.3 s
_MOST_SAVED = 4096


class Why(StrEnum):
    """What is wrong with a committee key, or with something sealed to one."""

    MISSING = "missing"
    """No such file, or it cannot be read."""
    NOT_A_KEY = "not_a_key"
    """The file holds something else, or a copying mistake: the id does not fit the key."""
    PASSPHRASE = "passphrase"  # noqa: S105  (a reason, not a secret)
    """The passphrase is not the one the private key was saved with."""
    NOT_SEALED = "not_sealed"
    """Not in this format."""
    OTHER_KEY = "other_key"
    """Sealed to another committee key."""
    CHANGED = "changed"
    """Cut short, put in another order, changed, or sealed for another purpose (`info`)."""


class CommitteeTrouble(Exception):  # noqa: N818  (said to an operator, in the words of the house)
    """A committee key cannot be used, or something sealed to it cannot be opened."""

    def __init__(self, why: Why, key: str = "") -> None:
        """Keep what is wrong; `key`: the id of the key that is needed, where that is known."""
        super().__init__(f"{why} {key}".strip())
        self.why = why
        self.key = key


class Public:
    """The public part: seals, opens nothing, is no secret. Its id stands on all that it sealed."""

    __slots__ = ("_key", "_raw", "id")

    id: str
    """First 8 hex digits of SHA-256(b"committee" | key)."""

    def __init__(self, raw: bytes) -> None:
        """Take the 32 bytes of an X25519 public key. Raises CommitteeTrouble(NOT_A_KEY)."""
        if len(raw) != KEY_BYTES or not any(raw):
            raise CommitteeTrouble(Why.NOT_A_KEY)
        self._raw = raw
        self._key = X25519PublicKey.from_public_bytes(raw)
        self.id = hashlib.sha256(b"committee" + raw).hexdigest()[:8]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a `committee.pub`; a mistyped digit shows, for the id stands beside the key."""
        words = _read(path).split()
        if len(words) != 3 or words[0] != _PUBLIC:
            raise CommitteeTrouble(Why.NOT_A_KEY)
        public = cls(_bytes(words[2]))
        if public.id != words[1]:
            raise CommitteeTrouble(Why.NOT_A_KEY)
        return public

    def text(self) -> str:
        """Give the line that `load` reads."""
        return f"{_PUBLIC} {self.id} {self._raw.hex()}\n"

    def wrap(self, content_key: bytes, info: bytes) -> bytes:
        """Seal 32 bytes for the committee's eyes: 80 bytes, bound to `info` and to this key."""
        return _SUITE.encrypt(content_key, self._key, _bound(self.id, info))


class Private:
    """The private part: for a machine without a network, and a safe. Its repr tells nothing."""

    __slots__ = ("_key", "_raw", "public")

    public: Public

    def __init__(self, raw: bytes) -> None:
        """Take the 32 bytes of an X25519 private key. Raises CommitteeTrouble(NOT_A_KEY)."""
        if len(raw) != KEY_BYTES:
            raise CommitteeTrouble(Why.NOT_A_KEY)
        self._raw = raw
        self._key = X25519PrivateKey.from_private_bytes(raw)
        self.public = Public(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def new(cls) -> Self:
        """Make a new key pair."""
        return cls(os.urandom(KEY_BYTES))

    @property
    def id(self) -> str:
        """The id of the pair."""
        return self.public.id

    def __repr__(self) -> str:
        """Show the id only: a repr ends in tracebacks."""
        return f"Private({self.id})"

    def material(self) -> bytes:
        """Give the key itself: only for the words on paper."""
        return self._raw

    def unwrap(self, wrapped: bytes, info: bytes) -> bytes:
        """Give back what `Public.wrap` was given with the same `info`; else CHANGED."""
        try:
            return bytes(_SUITE.decrypt(wrapped, self._key, _bound(self.id, info)))
        except (InvalidTag, ValueError):
            raise CommitteeTrouble(Why.CHANGED, self.id) from None

    # The private key's own file: one line, sealed with a passphrase (Argon2id, AES-256-GCM).

    def text(self, passphrase: str) -> str:
        """Give the line to save, that only the passphrase opens."""
        salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
        sealed = AESGCM(_stretched(passphrase, salt)).encrypt(nonce, self._raw, self._label())
        return f"{_PRIVATE} {self.id} {(salt + nonce + sealed).hex()}\n"

    @classmethod
    def load(cls, path: Path, passphrase: str) -> Self:
        """Read the saved private key. Raises CommitteeTrouble: MISSING, NOT_A_KEY, PASSPHRASE."""
        words = _read(path).split()
        if len(words) != 3 or words[0] != _PRIVATE:
            raise CommitteeTrouble(Why.NOT_A_KEY)
        saved = _bytes(words[2])
        if len(saved) != _SALT + _NONCE + KEY_BYTES + _TAG:
            raise CommitteeTrouble(Why.NOT_A_KEY)
        salt, nonce, sealed = saved[:_SALT], saved[_SALT : _SALT + _NONCE], saved[_SALT + _NONCE :]
        label = f"{_PRIVATE} {words[1]}".encode()
        try:
            raw = AESGCM(_stretched(passphrase, salt)).decrypt(nonce, sealed, label)
        except InvalidTag:
            raise CommitteeTrouble(Why.PASSPHRASE, words[1]) from None
        return cls(raw)

    def _label(self) -> bytes:
        return f"{_PRIVATE} {self.id}".encode()


# A sealed stream: "LNSEAL" | algorithm 1 | key id 4 | content key, wrapped by HPKE, 80
#   | pieces: AES-256-GCM of up to 65,536 bytes, nonce = piece number and whether it is the last.
# The content key is new for each stream, so the counted nonces never repeat; a piece that is
# missing, moved, or the last of a stream that was cut does not open.


def seal_stream(public: Public, info: bytes, source: BinaryIO, target: BinaryIO) -> None:
    """Seal everything in `source` to the committee. `info`: what it is for; needed to open it."""
    content_key = os.urandom(KEY_BYTES)
    header = _header(public.id)
    target.write(header + public.wrap(content_key, header + info))
    box = AESGCM(content_key)
    number, piece = 0, source.read(CHUNK)
    while True:
        following = source.read(CHUNK) if len(piece) == CHUNK else b""
        target.write(box.encrypt(_NUMBER.pack(number, not following), piece, None))
        if not following:
            return
        number, piece = number + 1, following


def open_stream(private: Private, info: bytes, source: BinaryIO, target: BinaryIO) -> None:
    """Open what `seal_stream` sealed with the same `info`; raises CommitteeTrouble.

    What was written to `target` before it raised is to be thrown away: it is only a part.
    """
    header = source.read(_HEADER.size)
    key = _key_id(header)
    if key != private.id:
        raise CommitteeTrouble(Why.OTHER_KEY, key)
    box = AESGCM(private.unwrap(source.read(_WRAPPED), header + info))
    number, piece = 0, source.read(CHUNK + _TAG)
    while True:
        following = source.read(CHUNK + _TAG) if len(piece) == CHUNK + _TAG else b""
        try:
            target.write(box.decrypt(_NUMBER.pack(number, not following), piece, None))
        except InvalidTag:
            raise CommitteeTrouble(Why.CHANGED, key) from None
        if not following:
            return
        number, piece = number + 1, following


def seal(public: Public, info: bytes, data: bytes) -> bytes:
    """Seal a few bytes, in the same format as a stream."""
    target = io.BytesIO()
    seal_stream(public, info, io.BytesIO(data), target)
    return target.getvalue()


def open(private: Private, info: bytes, sealed: bytes) -> bytes:  # noqa: A001  (as Seal.open)
    """Open what `seal` sealed with the same `info`; raises CommitteeTrouble."""
    target = io.BytesIO()
    open_stream(private, info, io.BytesIO(sealed), target)
    return target.getvalue()


def key_of(sealed: bytes) -> str:
    """Give the id of the committee key that opens these bytes (their beginning is enough)."""
    return _key_id(sealed[: _HEADER.size])


def _header(key: str) -> bytes:
    return _HEADER.pack(_MAGIC, _X25519_AES_256_GCM, bytes.fromhex(key))


def _key_id(header: bytes) -> str:
    if len(header) != _HEADER.size:
        raise CommitteeTrouble(Why.NOT_SEALED)
    magic, algorithm, key = _HEADER.unpack(header)
    if magic != _MAGIC or algorithm != _X25519_AES_256_GCM:
        raise CommitteeTrouble(Why.NOT_SEALED)
    return bytes(key).hex()


def _bound(key: str, info: bytes) -> bytes:
    return b"lang-nghe|committee|1|" + key.encode() + b"|" + info


def _stretched(passphrase: str, salt: bytes) -> bytes:
    # NFC: one keyboard writes ế as one character, another as three
    secret = unicodedata.normalize("NFC", passphrase).encode()
    stretch = Argon2id(salt=salt, length=KEY_BYTES, iterations=3, lanes=4, memory_cost=_ARGON_KIB)
    return stretch.derive(secret)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_SAVED).decode("ascii")
    except OSError:
        raise CommitteeTrouble(Why.MISSING) from None
    except UnicodeDecodeError:
        raise CommitteeTrouble(Why.NOT_A_KEY) from None


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError:
        raise CommitteeTrouble(Why.NOT_A_KEY) from None
