"""Marks that stand for whoever writes, hidden wherever a platform or a file tells about a person.

`found` looks for them in any bytes as they are written in texts, JSON, addresses and base64.
"""

import base64
import io
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote

import av
from PIL import Image, ImageDraw, PngImagePlugin


def mark(name: str) -> str:
    """A word that nobody types and no library writes; plain ASCII, for fields that allow no more."""
    return f"Zq7{name}Kx9"


def vietnamese(name: str) -> str:
    """The same with letters that every encoding writes differently."""
    return f"Zq7{name}Kx9 Đỗ"


@cache
def written(value: str) -> tuple[tuple[str, bytes], ...]:
    """Every way in which a value may stand in bytes: (how, bytes)."""
    plain = value.encode()
    ways = {
        "utf-8": plain,
        "utf-16-le": value.encode("utf-16-le"),
        "utf-16-be": value.encode("utf-16-be"),
        "json": json.dumps(value)[1:-1].encode(),
        "url": quote(value).encode(),
        "url, all": quote(value, safe="").encode(),
        "form": quote(value, safe="").replace("%20", "+").encode(),
        "hex": plain.hex().encode(),
        "small letters": value.lower().encode(),
    }
    for shift in range(3):
        for how, data in (("base64", plain), ("base64 of utf-16", value.encode("utf-16-le"))):
            middle = _within_base64(data, shift)
            ways[f"{how} +{shift}"] = middle
            ways[f"{how} +{shift}, url"] = middle.translate(bytes.maketrans(b"+/", b"-_"))
    if value.isascii() and value.isdigit():
        number = int(value)
        big = number.to_bytes((number.bit_length() + 7) // 8, "big")  # as SQLite keeps a number
        ways |= {"a number": big, "a number, <": big[::-1], "a hex number": f"{number:x}".encode()}
    once = {data: how for how, data in reversed(ways.items()) if len(data) >= 6}
    return tuple((how, data) for data, how in once.items())


def _within_base64(data: bytes, shift: int) -> bytes:
    """What base64 makes of data behind `shift` bytes, without the edges that neighbours decide."""
    whole = base64.b64encode(b"\0" * shift + data).rstrip(b"=")
    first = (0, 2, 3)[shift]
    return whole[first : len(whole) - (1 if (shift + len(data)) % 3 else 0)]


@dataclass(frozen=True)
class Hit:
    """A mark that stands where somebody looked."""

    place: str
    kind: str
    how: str


def found(place: str, data: bytes, marks: Mapping[str, Iterable[str]]) -> list[Hit]:
    """Look for every mark (by its kind) in some bytes."""
    return [
        Hit(place, kind, f"{value!r} as {how}")
        for kind, values in marks.items()
        for value in values
        for how, needle in written(value)
        if needle in data
    ]


def holds(data: bytes, names: Iterable[str]) -> list[str]:
    """Which of these marks stand in a file."""
    return [hit.how for hit in found("", data, {"": [mark(name) for name in names]})]


PICTURE_MARKS = ("make", "model", "artist", "makernote", "usercomment", "gps", "comment", "xmp")
PICTURE_MARKS += ("iptc", "trailer", "pngtext", "pngitxt")


def marked_jpeg(side: int = 240) -> bytes:
    """A picture with marks in EXIF, XMP, IPTC, a comment and behind its end."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x013B] = mark("make"), mark("model"), mark("artist")
    inner = exif.get_ifd(0x8769)
    inner[0x927C] = mark("makernote").encode()
    inner[0x9286] = b"ASCII\0\0\0" + mark("usercomment").encode()
    place = exif.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (10.0, 46.0, 37.1), "E", (106.0, 40.0, 12.3)
    place[0x1C] = b"ASCII\0\0\0" + mark("gps").encode()
    out = io.BytesIO()
    xmp = f"<x:xmpmeta>{mark('xmp')}</x:xmpmeta>".encode()
    _picture(side).save(out, "JPEG", exif=exif, comment=mark("comment"), xmp=xmp)
    iptc = b"Photoshop 3.0\0" + mark("iptc").encode()
    app13 = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    plain = out.getvalue()
    return plain[:2] + app13 + plain[2:] + mark("trailer").encode()


def marked_png(side: int = 120) -> bytes:
    """A picture with marks in PNG's texts and behind its end."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", mark("pngtext"))
    info.add_itxt("XML:com.adobe.xmp", mark("pngitxt"))
    out = io.BytesIO()
    _picture(side).save(out, "PNG", pnginfo=info)
    return out.getvalue() + mark("trailer").encode()


def _picture(side: int) -> Image.Image:
    image = Image.new("RGB", (side, side * 3 // 4), "teal")
    ImageDraw.Draw(image).rectangle((side // 8, side // 8, side // 2, side // 2), "orange")
    return image


VOICE_MARKS = ("oggtitle", "oggartist", "oggcomment")


def marked_voice(seconds: float = 1.0) -> bytes:
    """A voice message (Opus in Ogg) with marks in its tags."""
    out = io.BytesIO()
    with av.open(out, "w", format="ogg") as box:
        for name, value in zip(("title", "artist", "comment"), VOICE_MARKS, strict=True):
            box.metadata[name] = mark(value)
        stream = box.add_stream("libopus", rate=48_000, layout="mono")
        frames = int(seconds * 50)
        for number in range(frames):
            frame = av.AudioFrame(format="s16", layout="mono", samples=960)
            tone = (number * 37 % 2000).to_bytes(2, "little") * 960
            frame.planes[0].update(tone)
            frame.rate, frame.pts = 48_000, number * 960
            for packet in stream.encode(frame):
                box.mux(packet)
        for packet in stream.encode(None):
            box.mux(packet)
    return out.getvalue()


def leaves(value: object, path: str = "") -> Iterator[tuple[str, bytes]]:
    """Every value inside a call's parameters, with the names that lead to it (no numbers)."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
            yield f"{path} (a name)", str(name).encode()
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from leaves(inner, path)
    elif isinstance(value, bytes):
        yield path, value
    elif hasattr(value, "content") and hasattr(value, "file_name"):
        yield f"{path} (file)", value.content
        yield f"{path} (file name)", value.file_name.encode()
    else:
        yield path, str(value).encode()
