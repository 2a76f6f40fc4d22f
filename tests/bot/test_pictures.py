import array
import asyncio
import base64
import io
import math
import os
import signal
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageOps, PngImagePlugin

from bot import pictures, pictures_child
from bot.pictures import Reason, Refused, clean_picture, clean_voice

CHILD = Path(pictures_child.__file__)


def mark(name: str) -> str:
    return f"Zq7{name}Kx9"


def forms(name: str) -> Iterator[bytes]:
    """A mark as it may hide: as text, as UTF-16, as base64 at any offset."""
    text = mark(name)
    yield text.encode()
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    for shift in range(3):
        yield base64.b64encode(b"\0" * shift + text.encode())[4:-4]


def assert_no_mark(clean: bytes, *names: str) -> None:
    for name in names:
        for form in forms(name):
            assert form not in clean, f"{name} crossed over"


def upright() -> Image.Image:
    """A picture whose turning and mirroring can be seen: four quarters, all different."""
    image = Image.new("RGB", (160, 96), "red")
    draw = ImageDraw.Draw(image)
    draw.rectangle((80, 0, 159, 47), "lime")
    draw.rectangle((0, 48, 79, 95), "blue")
    draw.rectangle((80, 48, 159, 95), "yellow")
    return image


def exif_of(**names: str) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = mark(names.get("make", "make"))
    exif[0x0110] = mark("model")
    exif[0x013B] = mark("artist")
    exif[0x9C9F] = mark("subject").encode("utf-16-le")
    inner = exif.get_ifd(0x8769)
    inner[0x927C] = mark("makernote").encode()
    inner[0x9286] = b"ASCII\0\0\0" + mark("usercomment").encode()
    inner[0xA431] = mark("serial")
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (10.0, 46.0, 37.1)
    place[3], place[4] = "E", (106.0, 40.0, 12.3)
    place[0x1C] = b"ASCII\0\0\0" + mark("gps").encode()
    return exif


EXIF = ("make", "model", "artist", "subject", "makernote", "usercomment", "serial", "gps")


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + mark("icc").encode()


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def a_jpeg() -> bytes:
    plain = saved(
        upright(),
        "JPEG",
        exif=exif_of(),
        icc_profile=profile(),
        comment=mark("comment"),
        xmp=f"<x:xmpmeta>{mark('xmp')}</x:xmpmeta>".encode(),
    )
    iptc = b"Photoshop 3.0\0" + mark("iptc").encode()
    app13 = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    return plain[:2] + app13 + plain[2:] + mark("trailer").encode()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def a_png() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", mark("text"))
    info.add_text("Comment", mark("ztxt"), zip=True)
    info.add_itxt("XML:com.adobe.xmp", mark("itxt"))
    plain = saved(upright(), "PNG", exif=exif_of(), icc_profile=profile(), pnginfo=info)
    own = chunk(b"teSt", mark("own").encode())
    return plain[:33] + own + plain[33:] + mark("trailer").encode()


def a_webp() -> bytes:
    body = saved(upright(), "WEBP", exif=exif_of(), icc_profile=profile(), xmp=mark("xmp").encode())
    return body + mark("trailer").encode()


def a_bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that unpacks to width x height pixels."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 7) // 8 + 1) * height, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def look(clean: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(clean))
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    image.load()
    return image


def assert_same(image: Image.Image, expected: Image.Image) -> None:
    assert image.size == expected.size
    width, height = image.size
    for x in (width // 5, width * 4 // 5):
        for y in (height // 5, height * 4 // 5):
            near, wanted = image.getpixel((x, y)), expected.getpixel((x, y))
            assert isinstance(near, tuple)
            assert isinstance(wanted, tuple)
            assert all(abs(a - b) < 24 for a, b in zip(near, wanted, strict=True)), (x, y)


async def refused(data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        await clean_picture(data)
    return caught.value.reason


# --- what is left of a picture


@pytest.mark.parametrize(
    ("data", "plain", "hidden"),
    [
        (
            a_jpeg(),
            (*EXIF[:3], *EXIF[4:], "comment", "xmp", "icc", "iptc", "trailer"),
            ("subject",),
        ),
        (
            a_png(),
            (*EXIF[:3], *EXIF[4:], "text", "itxt", "own", "trailer"),
            ("subject", "ztxt", "icc"),
        ),
        (a_webp(), (*EXIF[:3], *EXIF[4:], "xmp", "icc", "trailer"), ("subject",)),
    ],
    ids=["jpeg", "png", "webp"],
)
async def test_no_mark_of_the_sender_survives(
    data: bytes, plain: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    for name in plain:
        assert mark(name).encode() in data, f"the sample lacks {name}"
    clean = await clean_picture(data)
    assert_no_mark(clean, *plain, *hidden)
    assert_same(look(clean), upright())


async def test_a_clean_picture_has_no_segment_but_the_pixels() -> None:
    clean = await clean_picture(a_jpeg())
    image = look(clean)
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    seen, at = set(), 2
    while clean[at + 1] != 0xDA:
        seen.add(clean[at + 1])
        at += 2 + int.from_bytes(clean[at + 2 : at + 4], "big")
    assert seen <= {0xE0, 0xDB, 0xC0, 0xC4}, "only JFIF, tables and the frame"
    assert clean.index(b"\xff\xd9", at) == len(clean) - 2, "nothing follows the picture"


@pytest.mark.parametrize("turn", range(10))
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
async def test_a_turned_picture_is_set_upright(turn: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    data = saved(upright(), kind, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    assert_same(look(await clean_picture(data)), expected)


async def test_broken_exif_is_no_reason_to_refuse() -> None:
    data = saved(upright(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12broken")
    assert_same(look(await clean_picture(data)), upright())


async def test_what_is_hidden_under_full_transparency_stays_hidden() -> None:
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    listed = Image.new("P", (64, 64), 3)
    listed.putpalette([200, 0, 0] * 256)
    for data in (
        saved(image, "PNG"),
        saved(image, "WEBP", lossless=True, exact=True),
        saved(listed, "PNG", transparency=3),
        saved(Image.new("LA", (64, 64), (0, 0)), "PNG"),
    ):
        assert look(await clean_picture(data)).getpixel((32, 32)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I;16"])
async def test_every_kind_of_pixel_is_read(mode: str) -> None:
    if mode == "I;16":
        image = Image.new(mode, (64, 64), 128 * 256)
        wanted = Image.new("RGB", (64, 64), (128, 128, 128))
    else:
        image = upright().convert(mode)
        wanted = image.convert("RGB")
    data = saved(image, "JPEG" if mode == "CMYK" else "PNG")
    assert_same(look(await clean_picture(data)), wanted)


async def test_a_large_picture_is_made_smaller_in_its_shape() -> None:
    data = saved(Image.new("RGB", (6000, 1500), "teal"), "JPEG", progressive=True)
    assert look(await clean_picture(data)).size == (2560, 640)


async def test_only_the_first_picture_of_several_is_kept() -> None:
    second = Image.new("RGB", (160, 96), "black")
    for kind in ("WEBP", "PNG"):
        data = saved(upright(), kind, save_all=True, append_images=[second], duration=100)
        assert_same(look(await clean_picture(data)), upright())
    both = saved(upright(), "MPO", save_all=True, append_images=[second])
    assert_same(look(await clean_picture(both)), upright())


async def test_a_picture_that_is_an_archive_too_comes_out_as_a_picture() -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("index.html", mark("zip"))
    data = saved(upright(), "JPEG") + archive.getvalue()
    assert zipfile.is_zipfile(io.BytesIO(data))
    clean = await clean_picture(data)
    assert not zipfile.is_zipfile(io.BytesIO(clean))
    assert_no_mark(clean, "zip")


# --- what is refused


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 1000,
        b"hello",
        saved(upright(), "GIF"),
        saved(upright(), "BMP"),
        saved(upright(), "TIFF"),
        saved(upright(), "PDF"),
        saved(upright(), "ICO", sizes=[(16, 16)]),
        saved(upright(), "EPS"),
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
        b"<!doctype html><script>alert(1)</script>",
        b"PK\x03\x04" + bytes(100),
    ],
    ids=["empty", "zeros", "text", "gif", "bmp", "tiff", "pdf", "ico", "eps", "svg", "html", "zip"],
)
async def test_other_files_are_refused(data: bytes) -> None:
    assert await refused(data) == Reason.NOT_A_PICTURE


@pytest.mark.parametrize("size", [(7000, 6000), (9000, 9000), (60000, 60000)])
async def test_a_pixel_bomb_is_refused(size: tuple[int, int]) -> None:
    data = a_bomb(*size) if size[0] < 20000 else a_bomb(100, 100).replace(
        struct.pack(">II", 100, 100), struct.pack(">II", *size)
    )  # fmt: skip
    if size[0] > 20000:
        header = b"IHDR" + data[16:29]
        data = data[:29] + struct.pack(">I", zlib.crc32(header)) + data[33:]
    assert len(data) < 100_000
    assert await refused(data) == Reason.TOO_BIG


async def test_a_text_bomb_is_refused() -> None:
    packed = zlib.compress(bytes(100_000_000), 9)
    plain = saved(upright(), "PNG")
    data = plain[:33] + chunk(b"zTXt", b"Comment\0\0" + packed) + plain[33:]
    assert await refused(data) in {Reason.BROKEN, Reason.TOO_BIG}


async def test_more_bytes_than_a_platform_hands_out_are_refused() -> None:
    assert await refused(a_jpeg() + bytes(pictures_child.MAX_BYTES)) == Reason.TOO_BIG


@pytest.mark.parametrize("data", [a_jpeg(), a_png(), a_webp()], ids=["jpeg", "png", "webp"])
async def test_a_truncated_picture_is_refused(data: bytes) -> None:
    body = data.removesuffix(mark("trailer").encode())
    assert await refused(body[: len(body) - 200]) == Reason.BROKEN
    assert await refused(body[:40]) in {Reason.BROKEN, Reason.NOT_A_PICTURE}


@pytest.mark.parametrize("seed", range(8))
async def test_a_damaged_picture_is_clean_or_refused(seed: int) -> None:
    data = bytearray((a_jpeg(), a_png(), a_webp())[seed % 3])
    noise = b"".join(zlib.crc32(bytes([seed, n])).to_bytes(4, "big") for n in range(40))
    for n in range(0, len(noise), 4):
        place, value = int.from_bytes(noise[n : n + 3], "big"), noise[n + 3]
        data[12 + place % (len(data) - 12)] = value
    try:
        clean = await clean_picture(bytes(data))
    except Refused:
        return
    assert_no_mark(clean, *EXIF, "comment", "xmp", "icc", "text", "trailer")
    look(clean)


# --- the child, whatever happens to it


def children() -> set[int]:
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread that has just ended
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


async def new_child(before: set[int]) -> int:
    for _ in range(500):
        if born := children() - before:
            return born.pop()
        await asyncio.sleep(0.005)
    raise AssertionError("no child was started")


def another_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    path = tmp_path / "child.py"
    path.write_text("import os, sys, time\n" + code)
    monkeypatch.setattr(pictures, "_CHILD", path)


@pytest.mark.parametrize("killer", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
async def test_a_killed_child_is_a_refusal(
    killer: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_child(tmp_path, monkeypatch, f"os.kill(os.getpid(), {int(killer)})")
    assert await refused(a_jpeg()) == Reason.BROKEN


async def test_a_child_that_used_up_its_time_was_too_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_child(tmp_path, monkeypatch, f"os.kill(os.getpid(), {int(signal.SIGXCPU)})")
    assert await refused(a_jpeg()) == Reason.TOO_SLOW


async def test_a_child_that_hangs_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_child(tmp_path, monkeypatch, "time.sleep(60)")
    monkeypatch.setattr(pictures, "WALL_SECONDS", 0.3)
    before = children()
    start = time.monotonic()
    assert await refused(bytes(1_000_000)) == Reason.TOO_SLOW
    assert time.monotonic() - start < 5
    assert children() == before


async def test_a_child_that_floods_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = "while True: sys.stdout.buffer.write(b'\\xff\\xd8\\xff' * 100000)"
    another_child(tmp_path, monkeypatch, flood)
    assert await refused(a_jpeg()) == Reason.BROKEN


@pytest.mark.parametrize("says", ["", "GIF89a", "<script>"])
async def test_a_child_that_gives_something_else_is_not_believed(
    says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_child(tmp_path, monkeypatch, f"sys.stdout.write({says!r})")
    assert await refused(a_jpeg()) == Reason.BROKEN


async def test_the_child_sees_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", mark("token"))
    say = (
        "sys.stdout.buffer.write(b'\\xff\\xd8\\xff' + repr((dict(os.environ), sys.path)).encode())"
    )
    another_child(tmp_path, monkeypatch, say)
    said = await clean_picture(b"")
    assert mark("token").encode() not in said
    assert str(CHILD.parents[1]).encode() + b"'" not in said, "the project is not on its path"
    assert str(tmp_path).encode() not in said, "nor is the child's own folder"


def test_the_child_can_write_no_file_and_open_few(tmp_path: Path) -> None:
    code = (
        f"import runpy; runpy.run_path({str(CHILD)!r})['confine']('picture')\n"
        f"try: open({str(tmp_path / 'x')!r}, 'wb', 0).write(b'x'); print('wrote')\n"
        "except OSError: print('no file')\n"
        "try: kept = [open('/dev/null') for _ in range(40)]; print('opened')\n"
        "except OSError: print('no more')\n"
        "try: bytearray(600 << 20); print('grew')\n"
        "except MemoryError: print('no memory')\n"
    )
    said = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=True)
    assert said.stdout.decode().splitlines() == ["no file", "no more", "no memory"]


async def test_giving_up_kills_the_child() -> None:
    before = children()
    work = asyncio.create_task(clean_picture(saved(Image.new("RGB", (5000, 5000)), "PNG")))
    pid = await new_child(before)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert children() == before
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_at_most_two_children_work_at_once() -> None:
    before = children()
    work = [asyncio.create_task(clean_picture(a_jpeg())) for _ in range(6)]
    most = 0
    while not all(task.done() for task in work):
        most = max(most, len(children() - before))
        await asyncio.sleep(0.01)
    assert most == 2
    assert all(task.result().startswith(b"\xff\xd8\xff") for task in work)


# --- voices


def sound(container: str, codec: str, seconds: float = 1.0, **tags: str) -> bytes:
    """A tone of 440 Hz in the codec."""
    out = io.BytesIO()
    options = {"movflags": "use_metadata_tags"} if container == "mp4" else {}
    with av.open(out, "w", format=container, options=options) as sink:
        stream = sink.add_stream(codec, rate=48_000)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        for tag, value in tags.items():
            sink.metadata[tag] = value
            stream.metadata[tag] = value
        for start in range(0, int(48_000 * seconds), 960):
            frame = av.AudioFrame(format="s16", layout="mono", samples=960)
            frame.sample_rate = 48_000
            wave = (
                int(9000 * math.sin(2 * math.pi * 440 * (start + n) / 48_000)) for n in range(960)
            )
            frame.planes[0].update(array.array("h", wave).tobytes())
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))
    return out.getvalue()


TAGS = {
    "title": mark("title"),
    "artist": mark("performer"),
    "comment": mark("comment"),
    "location": mark("location"),
    "com.apple.quicktime.model": mark("model"),
    "encoder": mark("encoder"),
    "handler_name": mark("handler"),
}


def listen(clean: bytes) -> tuple[float, float]:
    """Length in seconds and loudness (0 to 1) of what comes out; its tags must be none."""
    with av.open(io.BytesIO(clean), "r") as source:
        assert source.format.name == "ogg"
        (stream,) = source.streams
        assert isinstance(stream, av.AudioStream)
        assert stream.codec_context.name == "opus"
        assert dict(source.metadata) == {}
        assert dict(stream.metadata) == {}
        loud, heard = 0.0, 0
        for frame in source.decode(stream):
            samples = array.array("f", bytes(frame.planes[0])[: frame.samples * 4])
            loud = max([loud, *map(abs, samples)])
            heard += frame.samples
    return heard / 48_000, loud


@pytest.mark.parametrize(
    ("container", "codec", "kept"),
    [
        ("ogg", "libopus", ("title", "performer", "comment", "location", "model")),
        ("mp4", "aac", ("title", "performer", "comment", "model")),
        ("adts", "aac", ()),
    ],
)
async def test_a_voice_comes_out_with_its_sound_and_no_tag(
    container: str, codec: str, kept: tuple[str, ...]
) -> None:
    data = sound(container, codec, **TAGS) + mark("trailer").encode()
    for name in (*kept, "trailer"):
        assert mark(name).encode() in data, f"the sample lacks {name}"
    clean = await clean_voice(data)
    assert_no_mark(clean, *(value[3:-3] for value in TAGS.values()), "trailer")
    length, loud = listen(clean)
    assert length == pytest.approx(1.0, abs=0.1)
    assert 0.15 < loud < 0.5


async def test_two_phones_leave_the_same_header() -> None:
    one = await clean_voice(sound("ogg", "libopus", artist=mark("one")))
    other = await clean_voice(sound("mp4", "aac", artist=mark("other")))
    page = one.index(b"OggS", one.index(b"OpusTags"))
    assert one[:page] == other[:page]
    assert b"Lav" not in one


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 500, b"\xff", b"OggS", b"OggS" + bytes(500), sound("mp4", "libmp3lame"), sound("wav", "pcm_s16le"),
     sound("mp4", "alac"), a_jpeg(), b"\0\0\0\x18ftypM4A " + bytes(400)],
    ids=["empty", "zeros", "one-byte", "magic-only", "hollow-ogg", "mp3-in-mp4", "wav", "alac", "picture", "hollow-mp4"],
)  # fmt: skip
async def test_what_is_no_voice_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        await clean_voice(data)
    assert caught.value.reason in {Reason.NOT_A_VOICE, Reason.BROKEN}


async def test_a_voice_cut_off_is_as_long_as_what_is_left() -> None:
    data = sound("ogg", "libopus", seconds=3)
    length, _ = listen(await clean_voice(data[: len(data) * 2 // 3]))
    assert 0.5 < length < 2.9


async def test_a_recording_whose_index_is_cut_off_is_refused() -> None:
    data = sound("mp4", "aac")
    with pytest.raises(Refused):
        await clean_voice(data[: len(data) // 2])


def test_a_voice_that_goes_on_and_on_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_child, "MAX_SECONDS", 0.5)
    with pytest.raises(pictures_child._Stop) as caught:
        pictures_child.voice(sound("ogg", "libopus"))
    assert caught.value.code == pictures_child.Exit.TOO_BIG
