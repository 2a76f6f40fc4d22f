"""What a clean copy looks like, byte by byte: as if the program itself had drawn or spoken it."""

import io
import struct
from functools import cache

from PIL import Image

from bot.pictures_child import MAX_SIDE
from tests.programme.media.voices import check, pages, tags_of

_FRAME = 0xC0
_SCAN = 0xDA
_OPUS_HEAD = b"OpusHead\x01\x01" + struct.pack("<HIhB", 312, 48_000, 0, 0)
_FIRST, _LAST = 2, 4


def jpeg_head(data: bytes) -> bytes:
    """Everything before the pixels, without the two numbers that say the picture's size."""
    at, head = 2, bytearray(data[:2])
    while data[at + 1] != _SCAN:
        size = 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        held = bytearray(data[at : at + size])
        if held[1] == _FRAME:
            held[5:9] = bytes(4)
        head += held
        at += size
    return bytes(head + data[at : at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")])


@cache
def our_head() -> bytes:
    """The head of a picture that nobody ever sent."""
    out = io.BytesIO()
    Image.new("RGB", (9, 9), "teal").save(out, "JPEG", quality=85)
    return jpeg_head(out.getvalue())


def picture_faults(data: bytes) -> list[str]:
    """What is wrong with a clean picture; nothing, if all is well."""
    if data[:3] != b"\xff\xd8\xff" or data[-2:] != b"\xff\xd9":
        return ["no JPEG from its first byte to its last"]
    head = jpeg_head(data)
    faults = [] if head == our_head() else ["a head that tells of more than a size"]
    pixels = data[len(head) : -2]
    inner = {pixels[n + 1] for n, byte in enumerate(pixels[:-1]) if byte == 0xFF}
    faults += [] if inner <= {0} else ["something between the pixels"]
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if image.mode != "RGB" or max(image.size) > MAX_SIDE:
            faults.append(f"{image.mode} of {image.size}")
    return faults


def packets(found: list[bytes]) -> list[bytes]:
    """The packets of one stream's pages."""
    made, open_ = [], b""
    for one in found:
        sizes = one[27 : 27 + one[26]]
        at = 27 + len(sizes)
        for size in sizes:
            open_ += one[at : at + size]
            at += size
            if size < 255:
                made.append(open_)
                open_ = b""
    return made


def voice_faults(data: bytes) -> list[str]:
    """What is wrong with a clean voice; nothing, if all is well."""
    if data[:4] != b"OggS":
        return ["no Ogg"]
    found = pages(data)
    if b"".join(found) != data or any(one[:5] != b"OggS\0" for one in found):
        return ["something between or behind the pages"]
    faults = []
    for number, one in enumerate(found):
        flags, serial, count, crc = one[5], *struct.unpack_from("<III", one, 14)
        ends = number == len(found) - 1
        if (serial, count) != (0, number) or bool(flags & _FIRST) != (number == 0):
            faults.append(f"page {number} is of another stream or out of order")
        if bool(flags & _LAST) != ends or crc != check(one[:22] + bytes(4) + one[26:]):
            faults.append(f"page {number} has an odd end or checksum")
    inside = packets(found)
    if inside[:2] != [_OPUS_HEAD, tags_of(vendor=b"ffmpeg")]:
        faults.append("a head or tags that tell of more than sound")
    return faults
