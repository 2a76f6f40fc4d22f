"""JPEG files with marks in every segment, before, between and behind them."""

import struct

from PIL import Image, ImageCms

from bot.pictures import Reason
from tests.programme.media import tiff
from tests.programme.media.maker import Kind, Maker, Shelf

SHELF = Shelf(Kind.PICTURE)


def segment(code: int, body: bytes) -> bytes:
    return bytes((0xFF, code)) + struct.pack(">H", len(body) + 2) + body


def with_segments(jpeg: bytes, *segments: bytes) -> bytes:
    """Put segments where a camera puts them: right behind the picture's first two bytes."""
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def comment(make: Maker, place: str = "comment") -> bytes:
    return segment(0xFE, make.mark.written(place))


def iptc(make: Maker) -> bytes:
    """What a news agency's tool writes: writer, caption, place."""
    sets = b""
    for number, place in ((80, "byline"), (90, "city"), (92, "sublocation"), (120, "caption")):
        value = make.mark.written(place)
        sets += struct.pack(">BBBH", 0x1C, 2, number, len(value)) + value
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(sets)) + sets + b"\0" * (len(sets) % 2)
    thumb = make.jpeg(comment=make.mark("irbthumb"))
    block += b"8BIM\x04\x0c\0\0" + struct.pack(">I", len(thumb)) + thumb
    return segment(0xED, b"Photoshop 3.0\0" + block)


def xmp(place: str) -> bytes:
    deep = "<rdf:li>" * 200 + place + "</rdf:li>" * 200
    return f'<?xpacket?><x:xmpmeta xmlns:x="adobe:ns:meta/">{deep}</x:xmpmeta>'.encode()


def profile(make: Maker) -> bytes:
    """A colour profile that names its device, its size field right."""
    body = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    body += make.mark.written("icc")
    return struct.pack(">I", len(body)) + body[4:]


@SHELF.clean
def phone_photo(make: Maker) -> bytes:
    """EXIF with place, owner, maker note and a thumbnail that has a comment of its own."""
    small = make.jpeg(comment=make.mark("thumbnail"))
    body = tiff.exif(make, make.chance.randrange(1, 9), small)
    return with_segments(make.jpeg(), segment(0xE1, b"Exif\0\0" + body))


@SHELF.clean
def everything_at_once(make: Maker) -> bytes:
    """Every segment that has a name, and the ones that have none."""
    spare = [segment(code, make.mark.written(f"app{code & 15}")) for code in range(0xE3, 0xED)]
    long = xmp(make.mark("xmplong"))
    guid = b"0" * 32
    return with_segments(
        make.jpeg(),
        segment(0xE0, b"JFXX\0\x10" + make.jpeg(comment=make.mark("jfxx"))),
        segment(0xE1, b"Exif\0\0" + tiff.exif(make)),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(make.mark("xmp"))),
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + guid + bytes(8) + long),
        segment(0xE2, b"ICC_PROFILE\0\1\1" + profile(make)),
        segment(0xE2, b"FPXR\0" + make.mark.wide("flashpix")),
        iptc(make),
        comment(make, "first"),
        *spare,
        comment(make, "second"),
        segment(0xEF, make.mark.wide("app15")),
    )


@SHELF.clean
def comments_that_a_tool_left(make: Maker) -> bytes:
    """The place that a simple new saving keeps."""
    return make.saved(make.picture(), "JPEG", comment=make.mark("comment"))


@SHELF.clean
def content_credentials(make: Maker) -> bytes:
    """A box in a box in APP11 that says who made it, with what (C2PA)."""
    box = make.mark.written("claim")
    for name in (b"cbor", b"jumb", b"jumb"):
        box = struct.pack(">I", len(box) + 8) + name + box
    return with_segments(make.jpeg(), segment(0xEB, b"JP\0\1" + struct.pack(">I", 1) + box))


@SHELF.clean
def second_picture(make: Maker) -> bytes:
    """Two pictures in one file (MPF), the second with marks of its own."""
    other = make.picture()
    both = make.saved(make.picture(), "MPO", save_all=True, append_images=[other])
    at = both.rindex(b"\xff\xd8\xff")
    return both[: at + 2] + comment(make, "second") + both[at + 2 :]


@SHELF.clean
def moving_photo(make: Maker) -> bytes:
    """A film behind the picture's end, as phones append it, and a maker's own trailer."""
    film = b"\0\0\0\x18ftypmp42" + bytes(16) + make.mark.written("film")
    return make.jpeg() + film + b"SEFH" + make.mark.wide("trailer") + b"SEFT"


@SHELF.clean
def picture_behind_the_picture(make: Maker) -> bytes:
    """The uncropped original behind the end of what is shown."""
    return make.jpeg() + make.jpeg(comment=make.mark("uncropped"))


@SHELF.clean
def between_the_segments(make: Maker) -> bytes:
    """Bytes that belong to nothing, where decoders skip to the next segment."""
    body = make.jpeg()
    at = body.index(b"\xff\xdb")
    return body[:at] + make.mark.written("between") + body[at:]


@SHELF.clean
def progressive(make: Maker) -> bytes:
    body = make.saved(make.picture(size=(900, 700)), "JPEG", progressive=True, quality=95)
    return with_segments(body, comment(make))


@SHELF.clean
def four_inks(make: Maker) -> bytes:
    """CMYK with Adobe's segment."""
    body = make.saved(make.picture("CMYK"), "JPEG", icc_profile=profile(make))
    return with_segments(body, comment(make))


@SHELF.clean
def grey(make: Maker) -> bytes:
    return with_segments(make.saved(make.picture("L"), "JPEG"), iptc(make))


@SHELF.clean
def one_pixel(make: Maker) -> bytes:
    body = make.saved(make.picture(size=(1, 1)), "JPEG")
    return with_segments(body, segment(0xE1, b"Exif\0\0" + tiff.exif(make, 6)))


@SHELF.clean
def very_wide(make: Maker) -> bytes:
    """A strip: its shorter side must not shrink to nothing."""
    size = (make.chance.randrange(20_000, 65_000), make.chance.randrange(1, 9))
    return with_segments(make.saved(make.picture(size=size), "JPEG"), comment(make))


@SHELF.clean
def twelve_megapixels(make: Maker) -> bytes:
    """What a phone of today sends."""
    image = make.picture(size=(64, 48)).resize((4000, 3000))
    body = make.saved(image, "JPEG", quality=80)
    return with_segments(body, segment(0xE1, b"Exif\0\0" + tiff.exif(make, 6)))


@SHELF.clean
def exif_in_a_circle(make: Maker) -> bytes:
    """Directories that name themselves."""
    body = with_segments(make.jpeg(), comment(make))
    return with_segments(body, segment(0xE1, b"Exif\0\0" + tiff.endless()))


@SHELF.clean
def exif_that_boasts(make: Maker) -> bytes:
    """Values said to be 4 GiB long."""
    body = with_segments(make.jpeg(), comment(make))
    return with_segments(body, segment(0xE1, b"Exif\0\0" + tiff.boastful()))


@SHELF.clean
def picture_in_picture_in_picture(make: Maker) -> bytes:
    """Thumbnails of thumbnails, as deep as a segment's length allows."""
    inner = make.saved(make.picture(size=(8, 8)), "JPEG", comment=make.mark("deepest"))
    for _ in range(20):
        held = segment(0xE1, b"Exif\0\0" + tiff.exif(make, 1, inner))
        inner = with_segments(make.saved(make.picture(size=(8, 8)), "JPEG"), held)
        if len(inner) > 50_000:
            break
    return inner


@SHELF.either(Reason.BROKEN, Reason.TOO_BIG)
def twenty_thousand_segments(make: Maker) -> bytes:
    return with_segments(make.jpeg(), comment(make), segment(0xFE, b"x") * 20_000)


@SHELF.refused(Reason.TOO_BIG, Reason.BROKEN)
def header_of_a_giant(make: Maker) -> bytes:
    """A small file that says it is 65,000 by 65,000."""
    body = with_segments(make.jpeg(), comment(make))
    at = body.index(b"\xff\xc0") + 5
    return body[:at] + struct.pack(">HH", 65_000, 65_000) + body[at + 4 :]


@SHELF.refused(Reason.TOO_SLOW, heavy=True)
def ten_thousand_scans(make: Maker) -> bytes:
    """A progressive picture that says the same over and over: decoding it never ends."""
    plain = Image.new("RGB", (5600, 5600), make.colour())
    body = make.saved(plain, "JPEG", progressive=True)
    last = body.rindex(b"\xff\xda")
    scan = body[last:-2]
    return with_segments(body[:last], comment(make)) + scan * 10_000 + b"\xff\xd9"


@SHELF.refused(Reason.TOO_BIG)
def more_bytes_than_allowed(make: Maker) -> bytes:
    return with_segments(make.jpeg(), comment(make)) + bytes(20 << 20)
