"""Marks a sender leaves in a file, and the search for them in whatever shape they may hide."""

import base64
import random
import re
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import quote

STEM = "Zq#7vKx9W"
"""Every textual mark of every file begins with it, so that one search finds them all."""
MOST_UNPACKED = 1 << 20
SMALLEST = 6
"""Shorter encoded pieces would be found anywhere by chance."""

_PACKED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08|PK\x03\x04")
_PAGE = re.compile(rb"OggS\x00")


class Marks:
    """Makes marks, each of them once, and remembers them: `text` by place, `raw` as bare bytes."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.made: list[bytes] = []

    def __call__(self, place: str) -> str:
        text = f"{STEM}{place}{self.chance.getrandbits(32):08x}"
        self.made.append(text.encode())
        return text

    def written(self, place: str) -> bytes:
        return self(place).encode()

    def wide(self, place: str) -> bytes:
        return self(place).encode("utf-16-le")

    def raw(self) -> bytes:
        """Eight bytes that are no text: a coordinate, a date, a serial number."""
        made = self.chance.randbytes(8)
        self.made.append(made)
        return made


def forms(mark: bytes) -> Iterator[bytes]:
    """A mark as it may be written: as it is, wide, base64 at any offset, url-encoded, hex."""
    yield mark
    yield mark[::-1]
    for letters in (mark.hex(), mark.hex().upper()):
        yield letters.encode()
        yield "".join(f"%{a}{b}" for a, b in zip(letters[::2], letters[1::2], strict=True)).encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + mark)
        inner = coded[(0, 2, 3)[shift] :].rstrip(b"=")[:-1]
        yield inner
        yield inner.replace(b"+", b"-").replace(b"/", b"_")
    if mark.isascii():
        text = mark.decode()
        yield from (text.encode(f"utf-{wide}") for wide in ("16-le", "16-be", "32-le", "32-be"))
        yield quote(text, safe="").encode()
        yield text.swapcase().encode()


def layers(data: bytes) -> Iterator[bytes]:
    """A file as it is, without its Ogg page headers, and everything packed in it, unpacked."""
    yield data
    if data.startswith(b"OggS"):
        data = unpaged(data)
        yield data
    for found in _PACKED.finditer(data):
        at = found.start()
        if data[at : at + 2] == b"PK":
            at += 30 + sum(int.from_bytes(data[at + n : at + n + 2], "little") for n in (26, 28))
            bits = -15
        else:
            bits = 47
        inner = unpacked(data[at : at + MOST_UNPACKED], bits)
        if len(inner) >= SMALLEST:
            yield inner
            yield from nested(inner)


def nested(data: bytes) -> Iterator[bytes]:
    """What is packed in something packed, once more."""
    for found in _PACKED.finditer(data[:MOST_UNPACKED]):
        yield unpacked(data[found.start() :], 47)


def unpacked(data: bytes, bits: int) -> bytes:
    """Inflate as much as can be; nothing when it is not packed at all."""
    try:
        return zlib.decompressobj(bits).decompress(data, MOST_UNPACKED)
    except zlib.error:
        return b""


def unpaged(data: bytes) -> bytes:
    """An Ogg file's packets in one piece: a mark may lie across the border of two pages."""
    payload = bytearray()
    for found in _PAGE.finditer(data):
        at = found.start()
        sizes = data[at + 27 : at + 27 + data[at + 26]] if at + 27 <= len(data) else b""
        begin = at + 27 + len(sizes)
        payload += data[begin : begin + sum(sizes)]
    return bytes(payload)


def traces(data: bytes, marks: Iterable[bytes]) -> set[bytes]:
    """The marks that are found in a file, in any form and in any layer."""
    wanted = {mark: tuple(forms(mark)) for mark in marks}
    found: set[bytes] = set()
    for layer in layers(data):
        for mark, shapes in wanted.items():
            if mark not in found and any(shape in layer for shape in shapes):
                found.add(mark)
    return found
