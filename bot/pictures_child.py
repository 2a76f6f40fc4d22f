"""Runs alone in a child process (`python -I <this file> picture|voice`): bytes in, clean bytes out.

Whatever a decoder's bug may do happens here, with no environment, no files and little time. It
must not import this project, and the project imports only its numbers.
"""

import os
import resource
import struct
import sys
import warnings
from enum import IntEnum
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 20 * 1024 * 1024  # what the platforms let a bot download
MAX_PIXELS = 40_000_000
MAX_SIDE = 2560
MAX_SECONDS = 10 * 60
CPU_SECONDS = 10

# Measured: a 40-megapixel PNG with transparency needs 448 MiB (a 12-megapixel WEBP 320, a WEBP
# beyond some 25 megapixels is told too big), ten minutes of voice 192.
_MEMORY = {"picture": 512 << 20, "voice": 256 << 20}
_RATE = 48_000
_CODECS = "opus,libopus,aac"
_OPUS = {
    "application": "voip",
    "compression_level": "3",
    "frame_duration": "60",
    "flags": "+bitexact",
}


class Exit(IntEnum):
    """How the child ended; anything else is a crash."""

    DONE = 0
    TOO_BIG = 40
    NOT_A_PICTURE = 41
    NOT_A_VOICE = 42
    BROKEN = 43


class _Stop(Exception):  # noqa: N818  (ends the work, said by the exit code)
    def __init__(self, code: Exit) -> None:
        self.code = code


def confine(kind: str) -> None:
    """Take from this process, for good, what a decoder does not need."""
    for limit, soft, hard in (
        (resource.RLIMIT_AS, _MEMORY[kind], _MEMORY[kind]),
        (resource.RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 1),  # so that SIGXCPU tells the reason
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, 32, 32),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(limit, (soft, hard))
    os.nice(10)  # people's answers come before pictures


def picture(data: bytes) -> bytes:
    """JPEG, PNG or WEBP in; a JPEG made from nothing but the upright pixels out."""
    # here, not at the top: the limits stand first, and the bot itself never loads a decoder
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415

    warnings.simplefilter("ignore")  # odd EXIF from a cheap phone is no reason to refuse
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        opened = Image.open(BytesIO(data), formats=("JPEG", "PNG", "WEBP"))
        opened.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a huge JPEG is decoded at half size or less
        opened.load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _Stop(Exit.TOO_BIG) from None
    except UnidentifiedImageError:
        raise _Stop(Exit.NOT_A_PICTURE) from None
    turn = _turn(opened)
    image = _opaque(opened)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    # A new object from bare pixels: saving the opened one would carry its comment along.
    fresh = Image.frombytes("RGB", image.size, image.tobytes())
    if turn is not None:
        fresh = fresh.transpose(turn)
    out = BytesIO()
    fresh.save(out, "JPEG", quality=85)
    return out.getvalue()


def _turn(image: "Image.Image") -> "Image.Transpose | None":
    """What sets the picture upright, by its orientation tag; a broken tag is none."""
    from PIL.Image import Transpose  # noqa: PLC0415

    try:
        tag = image.getexif().get(0x0112)
    except (
        ArithmeticError,
        LookupError,
        OSError,
        SyntaxError,
        TypeError,
        ValueError,
        struct.error,
    ):
        return None
    return {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(tag if isinstance(tag, int) else 0)


def _opaque(image: "Image.Image") -> "Image.Image":
    """The picture in RGB, on white where it is transparent (hidden pixels stay hidden)."""
    from PIL import Image  # noqa: PLC0415

    if image.mode.startswith("I"):  # 16 bits a grey pixel: the upper eight
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    image = image if image.mode == "RGBA" else image.convert("RGBA")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image)
    return ground


def voice(data: bytes) -> bytes:
    """Ogg/Opus or AAC (M4A, ADTS) in; Ogg/Opus made from the decoded sound alone out.

    What stays: the sound itself (a voice, a room), its length, and the vendor line of the library
    that wrote it ("ffmpeg", the same for everyone). Tags, cover, dates, places, device names and
    anything between or after the packets do not.
    """
    import av  # noqa: PLC0415

    container = _sniffed(data)
    out = BytesIO()
    safe = {"codec_whitelist": _CODECS, "protocol_whitelist": "pipe", "format_whitelist": container}
    try:
        source = av.open(BytesIO(data), "r", format=container, options=safe)
        stream = source.streams.audio[0]
    except (av.error.InvalidDataError, IndexError):
        raise _Stop(Exit.NOT_A_VOICE) from None
    if stream.codec_context.name not in _CODECS.split(","):
        raise _Stop(Exit.NOT_A_VOICE)
    sink = av.open(out, "w", format="ogg", options={"fflags": "+bitexact"})
    written = sink.add_stream("libopus", rate=_RATE, options=_OPUS)
    written.layout = "mono"
    written.bit_rate = 32_000
    heard = 0.0
    for frame in source.decode(stream):
        heard += frame.samples / frame.sample_rate
        if heard > MAX_SECONDS:
            raise _Stop(Exit.TOO_BIG)
        frame.pts = None  # gaps and jumps in the sender's clock tell of their device
        sink.mux(written.encode(frame))
    if not heard:
        raise _Stop(Exit.BROKEN)
    sink.mux(written.encode(None))
    sink.close()
    return out.getvalue()


def _sniffed(data: bytes) -> str:
    """The one container its first bytes claim; the library must not guess among hundreds."""
    if data.startswith(b"OggS"):
        return "ogg"
    if data[4:8] == b"ftyp":
        return "mp4"
    if data[:1] == b"\xff" and data[1:2] and data[1] & 0xF6 == 0xF0:
        return "aac"
    raise _Stop(Exit.NOT_A_VOICE)


def main() -> int:
    """Do the one piece of work this process exists for."""
    kind = sys.argv[1]
    confine(kind)
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return Exit.TOO_BIG
        clean = picture(data) if kind == "picture" else voice(data)
    except _Stop as stop:
        return stop.code
    except MemoryError:
        return Exit.TOO_BIG
    sys.stdout.buffer.write(clean)
    sys.stdout.buffer.flush()
    return Exit.DONE


if __name__ == "__main__":
    sys.exit(main())
