"""EXIF written by hand, so that every number and every string in it can be a mark."""

import struct

from tests.programme.media.maker import Maker

ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 2, 3, 4, 5, 7
_SIZE = {1: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1}
Entry = tuple[int, int, bytes]


def directory(order: str, at: int, entries: list[Entry], following: int = 0) -> bytes:
    """One directory that begins at an offset, its long values right behind it."""
    head = struct.pack(f"{order}H", len(entries))
    body, room = b"", at + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries):
        count = len(value) // _SIZE[kind]
        if len(value) <= 4:
            held = value.ljust(4, b"\0")
        else:
            held = struct.pack(f"{order}I", room + len(body))
            body += value + b"\0" * (len(value) % 2)
        head += struct.pack(f"{order}HHI", tag, kind, count) + held
    return head + struct.pack(f"{order}I", following) + body


def exif(make: Maker, turn: int = 1, thumbnail: bytes = b"") -> bytes:
    """A phone's whole EXIF: device, owner, place, maker note, thumbnail; without "Exif\\0\\0"."""
    order = make.chance.choice("<>")

    def number(*values: int, size: str = "I") -> bytes:
        return struct.pack(f"{order}{len(values)}{size}", *values)

    def text(place: str) -> bytes:
        return make.mark.written(place) + b"\0"

    inner: list[Entry] = [
        (0x927C, UNDEFINED, b"Nikon\0\2\x10\0\0" + make.mark.written("makernote")),
        (0x9286, UNDEFINED, b"UNICODE\0" + make.mark.wide("usercomment")),
        (0xA430, ASCII, text("owner")),
        (0xA431, ASCII, text("serial")),
        (0xA435, ASCII, text("lens")),
        (0xA420, ASCII, text("imageid")),
        (0x829A, RATIONAL, make.mark.raw()),
    ]
    place: list[Entry] = [
        (0x0001, ASCII, b"N\0"),
        (0x0002, RATIONAL, make.mark.raw() * 3),
        (0x0003, ASCII, b"E\0"),
        (0x0004, RATIONAL, make.mark.raw() * 3),
        (0x001B, UNDEFINED, b"ASCII\0\0\0" + make.mark.written("gpsmethod")),
        (0x001D, ASCII, text("gpsdate")),
    ]
    outer: list[Entry] = [
        (0x010F, ASCII, text("make")),
        (0x0110, ASCII, text("model")),
        (0x0112, SHORT, number(turn, size="H")),
        (0x0131, ASCII, text("software")),
        (0x0132, ASCII, text("date")),
        (0x013B, ASCII, text("artist")),
        (0x8298, ASCII, text("copyright")),
        (0x9C9B, 1, make.mark.wide("xptitle")),
        (0x9C9D, 1, make.mark.wide("xpauthor")),
    ]
    ahead = [(0x8769, LONG, number(0)), (0x8825, LONG, number(0))]
    # Sizes do not depend on what the offsets are: measured once, then written.
    first = len(directory(order, 8, [*outer, *ahead]))
    second = first + 8
    third = second + len(directory(order, second, inner))
    fourth = third + len(directory(order, third, place))
    small: list[Entry] = [(0x0103, SHORT, number(6, size="H"))]
    if thumbnail:
        picture = fourth + 2 + 12 * 3 + 4
        small += [(0x0201, LONG, number(picture)), (0x0202, LONG, number(len(thumbnail)))]
    ahead = [(0x8769, LONG, number(second)), (0x8825, LONG, number(third))]
    magic = b"II" if order == "<" else b"MM"
    return b"".join(
        (
            magic,
            number(42, size="H"),
            number(8),
            directory(order, 8, [*outer, *ahead], fourth if thumbnail else 0),
            directory(order, second, inner),
            directory(order, third, place),
            directory(order, fourth, small) + thumbnail if thumbnail else b"",
        )
    )


def endless(order: str = "<") -> bytes:
    """A directory that names itself as the next one and as its own sub-directory."""
    here = struct.pack(f"{order}I", 8)
    entries = [(0x8769, LONG, here), (0x8825, LONG, here), (0xA005, LONG, here)]
    return b"II" + struct.pack(f"{order}HI", 42, 8) + directory(order, 8, entries, 8)


def boastful(order: str = "<") -> bytes:
    """A directory whose values are said to be four thousand million long."""
    head = struct.pack(f"{order}H", 3)
    for tag, kind in ((0x010F, ASCII), (0x0112, SHORT), (0x927C, UNDEFINED)):
        head += struct.pack(f"{order}HHII", tag, kind, 0xFFFFFFFF, 0x10)
    return b"II" + struct.pack(f"{order}HI", 42, 8) + head + bytes(4)
