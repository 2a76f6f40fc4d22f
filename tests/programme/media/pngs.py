"""PNG and WEBP files with marks in every chunk, and what they can explode into."""

import struct
import zlib

from PIL import Image

from bot.pictures import Reason
from tests.programme.media import jpegs, tiff
from tests.programme.media.maker import Kind, Maker, Shelf

SHELF = Shelf(Kind.PICTURE)
MAGIC = b"\x89PNG\r\n\x1a\n"
TOO_MUCH = (Reason.TOO_BIG, Reason.BROKEN)
BEHIND_HEADER = 33


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    return png[:BEHIND_HEADER] + b"".join(chunks) + png[BEHIND_HEADER:]


def with_late_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Put chunks behind the pixels."""
    at = png.rindex(b"IEND") - 4
    return png[:at] + b"".join(chunks) + png[at:]


def nothing(size: int) -> bytes:
    """So many zero bytes, deflated, made without ever holding them: one piece, repeated."""
    packer = zlib.compressobj(9, wbits=-15)
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    whole, rest = divmod(size, 1 << 20)
    last = zlib.compressobj(9, wbits=-15)
    end = last.compress(bytes(rest)) + last.flush()
    # The checksum of nothing but zeros needs no look at them (Adler-32, RFC 1950).
    return b"\x78\xda" + piece * whole + end + struct.pack(">HH", size % 65_521, 1)


def bomb(width: int, height: int, inflated: int, bits: int = 1, colour: int = 0) -> bytes:
    """A PNG that says it is so large and holds so many zero bytes."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", nothing(inflated)) + chunk(b"IEND", b"")
    return MAGIC + body


@SHELF.clean
def every_chunk(make: Maker) -> bytes:
    """Everything a tool may write before and behind the pixels, and behind the end."""
    packed = zlib.compress(make.mark.written("ztxt"))
    itxt = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(jpegs.xmp(make.mark("xmp")))
    png = with_chunks(
        make.saved(make.picture(), "PNG"),
        chunk(b"iCCP", b"p\0\0" + zlib.compress(jpegs.profile(make))),
        chunk(b"tEXt", b"Author\0" + make.mark.written("author")),
        chunk(b"tEXt", make.mark.written("key")[:60] + b"\0x"),
        chunk(b"zTXt", b"Comment\0\0" + packed),
        chunk(b"iTXt", b"Title\0\0\0vi\0" + make.mark.written("translated") + b"\0x"),
        chunk(b"iTXt", itxt),
        chunk(b"eXIf", tiff.exif(make)),
        chunk(b"sPLT", make.mark.written("palette")[:60] + b"\0\x08" + bytes(6)),
        chunk(b"caBX", make.mark.written("credentials")),
        chunk(b"prVt", make.mark.wide("private")),
    )
    late = chunk(b"tEXt", b"Software\0" + make.mark.written("late"))
    hidden = chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(make.mark.raw()))
    return with_late_chunks(png, late, hidden) + make.mark.written("trailer")


@SHELF.clean
def turned_by_a_chunk(make: Maker) -> bytes:
    return with_chunks(
        make.saved(make.picture(), "PNG"), chunk(b"eXIf", tiff.exif(make, make.chance.randrange(9)))
    )


@SHELF.clean
def behind_the_stream(make: Maker) -> bytes:
    """Bytes in the pixels' own chunk, behind the end of what is packed."""
    return with_late_chunks(
        make.saved(make.picture(), "PNG"), chunk(b"IDAT", make.mark.written("behind"))
    )


@SHELF.clean
def colours_that_no_pixel_has(make: Maker) -> bytes:
    """A palette with a text in its unused places."""
    image = Image.new("P", (40, 40), 3)
    spare = make.mark.written("colours").ljust(300, b"\0")
    image.putpalette([200, 30, 90] * 8 + list(spare))
    return make.saved(image, "PNG", optimize=False)


@SHELF.clean
def see_through(make: Maker) -> bytes:
    image = make.picture("RGBA")
    image.putalpha(make.chance.randrange(256))
    return with_chunks(make.saved(image, "PNG"), chunk(b"eXIf", tiff.exif(make)))


@SHELF.clean
def sixteen_bits(make: Maker) -> bytes:
    image = Image.new("I;16", (90, 60), make.chance.randrange(65_536))
    text = chunk(b"tEXt", b"Author\0" + make.mark.written("author"))
    return with_chunks(make.saved(image, "PNG"), text)


@SHELF.clean
def sixteen_bits_of_colour(make: Maker) -> bytes:
    """Six bytes a pixel, which our own library does not write: written by hand."""
    rows = b"".join(b"\0" + make.chance.randbytes(6 * 20) for _ in range(20))
    header = struct.pack(">IIBBBBB", 20, 20, 16, 2, 0, 0, 0)
    text = chunk(b"tEXt", b"Author\0" + make.mark.written("author"))
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return MAGIC + chunk(b"IHDR", header) + text + pixels + chunk(b"IEND", b"")


@SHELF.clean
def black_and_white(make: Maker) -> bytes:
    text = chunk(b"iTXt", b"Title\0\0\0\0\0" + make.mark.written("title"))
    return with_chunks(make.saved(make.picture("1"), "PNG"), text)


@SHELF.clean
def many_frames(make: Maker) -> bytes:
    """A moving PNG of two hundred pictures; the first is kept."""
    frames = [Image.new("L", (30, 30), n) for n in range(1, 200)]
    body = make.saved(make.picture("L", (30, 30)), "PNG", save_all=True, append_images=frames)
    return with_late_chunks(body, chunk(b"tEXt", b"Author\0" + make.mark.written("author")))


@SHELF.clean
def twenty_megapixels_in_few_bytes(make: Maker) -> bytes:
    """Large, and allowed: this is what the child's memory is for."""
    text = chunk(b"tEXt", b"Author\0" + make.mark.written("author"))
    return with_chunks(bomb(5000, 4000, 5000 // 8 * 4000 + 4000), text)


@SHELF.either(Reason.TOO_BIG, heavy=True)
def forty_megapixels_see_through(make: Maker) -> bytes:
    """The most that is allowed, four bytes a pixel: the most memory a child needs."""
    text = chunk(b"tEXt", b"Author\0" + make.mark.written("author"))
    return with_chunks(bomb(7900, 5000, (4 * 7900 + 1) * 5000, 8, 6), text)


@SHELF.refused(Reason.TOO_BIG)
def eighty_megapixels_in_few_bytes(make: Maker) -> bytes:
    del make
    return bomb(9000, 9000, 1126 * 9000)


@SHELF.refused(*TOO_MUCH, Reason.NOT_A_PICTURE)
def width_without_end(make: Maker) -> bytes:
    return bomb(2**31 - 1, make.chance.choice((0, 1, 2**31 - 1)), 1000)


@SHELF.either(*TOO_MUCH)
def more_pixels_than_said(make: Maker) -> bytes:
    """Ten by ten pixels, and three hundred megabytes behind them."""
    text = chunk(b"tEXt", b"Author\0" + make.mark.written("author"))
    return with_chunks(bomb(10, 10, 300 << 20), text)


@SHELF.refused(*TOO_MUCH)
def text_bomb(make: Maker) -> bytes:
    """Two hundred megabytes of text in two hundred kilobytes."""
    kind, head = make.chance.choice(((b"zTXt", b"Comment\0\0"), (b"iTXt", b"T\0\1\0\0\0")))
    return with_chunks(make.saved(make.picture(), "PNG"), chunk(kind, head + nothing(200 << 20)))


@SHELF.refused(*TOO_MUCH)
def a_hundred_small_text_bombs(make: Maker) -> bytes:
    """None of them is too large; all together are."""
    one = chunk(b"zTXt", b"Comment\0\0" + nothing(1_000_000))
    return with_chunks(make.saved(make.picture(), "PNG"), one * 100)


@SHELF.either(*TOO_MUCH)
def profile_bomb(make: Maker) -> bytes:
    body = chunk(b"iCCP", b"p\0\0" + nothing(200 << 20))
    text = chunk(b"tEXt", b"Author\0" + make.mark.written("author"))
    return with_chunks(make.saved(make.picture(), "PNG"), body, text)


@SHELF.either(*TOO_MUCH)
def a_hundred_thousand_chunks(make: Maker) -> bytes:
    text = chunk(b"tEXt", b"Author\0" + make.mark.written("author"))
    return with_chunks(make.saved(make.picture(), "PNG"), text, chunk(b"prVt", b"") * 100_000)


# --- WEBP


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def piece(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


@SHELF.clean
def every_webp_chunk(make: Maker) -> bytes:
    body = make.saved(
        make.picture("RGBA"),
        "WEBP",
        lossless=bool(make.chance.randrange(2)),
        exif=b"Exif\0\0" + tiff.exif(make, 3),
        icc_profile=jpegs.profile(make),
        xmp=jpegs.xmp(make.mark("xmp")),
    )
    own = piece(b"OWN ", make.mark.written("own")) + piece(b"JUNK", make.mark.wide("junk"))
    return riff(body[12:], own) + make.mark.written("trailer")


@SHELF.clean
def moving_webp(make: Maker) -> bytes:
    frames = [Image.new("RGB", (24, 24), (n, n, n)) for n in range(100)]
    first = make.picture(size=(24, 24))
    return make.saved(
        first, "WEBP", save_all=True, append_images=frames, xmp=make.mark.written("xmp")
    )


@SHELF.refused(*TOO_MUCH, Reason.NOT_A_PICTURE)
def webp_of_a_giant(make: Maker) -> bytes:
    """A canvas of 268 megapixels around a picture of one."""
    canvas = bytes((0x10, 0, 0, 0)) + b"\xff\x3f\0" * 2
    pixel = make.saved(make.picture(size=(1, 1)), "WEBP", lossless=True)[12:]
    return riff(piece(b"VP8X", canvas), pixel, piece(b"XMP ", make.mark.written("xmp")))
