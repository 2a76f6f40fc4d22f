"""Files that are two things at once, or no picture at all, whatever their name says."""

import gzip
import io
import struct
import tarfile
import zipfile

from PIL import Image

from bot.pictures import Reason
from tests.programme.media import jpegs, pngs, tiff
from tests.programme.media.maker import Kind, Maker, Shelf

SHELF = Shelf(Kind.PICTURE)


def archive(make: Maker, place: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr(zipfile.ZipInfo(make.mark("zipname")), make.mark(place) + "x" * 300)
    return out.getvalue()


# --- a picture, and something else as well


@SHELF.clean
def picture_and_archive(make: Maker) -> bytes:
    return make.jpeg() + archive(make, "zip")


@SHELF.clean
def picture_and_page(make: Maker) -> bytes:
    page = f"--><script>/*{make.mark('script')}*/alert(1)</script><!--".encode()
    return jpegs.with_segments(make.jpeg(), jpegs.segment(0xFE, page)) + page


@SHELF.clean
def picture_and_program(make: Maker) -> bytes:
    php = f"<?php /*{make.mark('php')}*/ system($_GET[0]); ?>".encode()
    png = make.saved(make.picture(), "PNG")
    return pngs.with_chunks(png, pngs.chunk(b"tEXt", b"Comment\0" + php)) + php


@SHELF.clean
def picture_and_paper(make: Maker) -> bytes:
    """A PDF in a picture's comment: both readers open it."""
    pdf = f"%PDF-1.4\n1 0 obj<</Title({make.mark('pdf')})>>endobj\ntrailer<<>>".encode()
    return jpegs.with_segments(make.jpeg(), jpegs.segment(0xFE, pdf)) + b"\n%%EOF"


@SHELF.clean
def picture_and_tape(make: Maker) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tape:
        body = make.mark.written("tape")
        entry = tarfile.TarInfo("x.sh")
        entry.size = len(body)
        tape.addfile(entry, io.BytesIO(body))
    return make.saved(make.picture(), "WEBP") + out.getvalue()


# --- something else, with a picture's name, or a picture in it


def page_of(make: Maker) -> str:
    return f"<!doctype html><img src=x onerror=alert(1)><!--{make.mark('html')}-->"


@SHELF.refused(Reason.NOT_A_PICTURE)
def other_formats(make: Maker) -> bytes:
    """GIF with a comment, TIFF, BMP, icons: they are asked for as a screenshot."""
    kind = make.chance.choice(("GIF", "TIFF", "BMP", "ICO", "PPM", "TGA", "JPEG2000"))
    body = make.saved(make.picture(size=(32, 32)), kind)
    return body + make.mark.written("trailer")


@SHELF.refused(Reason.NOT_A_PICTURE)
def gif_and_script(make: Maker) -> bytes:
    script = f"/*{make.mark('gif')}*/=1;alert(1)//".encode()
    moving = [Image.new("L", (8, 8), n) for n in range(60)]
    body = make.saved(
        make.picture("L", (8, 8)),
        "GIF",
        comment=make.mark.written("comment"),
        save_all=True,
        append_images=moving,
    )
    return body + script


@SHELF.refused(Reason.NOT_A_PICTURE)
def drawing(make: Maker) -> bytes:
    """SVG with a script, an outside file and an entity that grows a thousandfold a line."""
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 1000}">' for n in range(1, 6))
    outside = f'<!DOCTYPE svg [<!ENTITY a0 "{make.mark("svg")}">{laughs}<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    text = f'<?xml version="1.0"?>{outside}<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><text>&a5;&f;</text></svg>'
    return gzip.compress(text.encode(), mtime=0) if make.chance.randrange(2) else text.encode()


@SHELF.refused(Reason.NOT_A_PICTURE)
def deep_drawing(make: Maker) -> bytes:
    depth = 100_000
    return b"<svg>" + b"<g>" * depth + make.mark.written("deep") + b"</g>" * depth + b"</svg>"


@SHELF.refused(Reason.NOT_A_PICTURE)
def printer_program(make: Maker) -> bytes:
    """EPS: an old library would have run a printer's language for it."""
    return f"%!PS-Adobe-3.0 EPSF-3.0\n%%Creator: {make.mark('eps')}\n%%BoundingBox: 0 0 9 9\n(%pipe%id)(w)file\n".encode()


@SHELF.refused(Reason.NOT_A_PICTURE)
def page_with_a_picture_s_name(make: Maker) -> bytes:
    return page_of(make).encode(make.chance.choice(("utf-8", "utf-16")))


@SHELF.refused(Reason.NOT_A_PICTURE)
def paper_with_a_picture_in_it(make: Maker) -> bytes:
    inner = jpegs.with_segments(make.jpeg(), jpegs.comment(make))
    return b"%PDF-1.4\n1 0 obj<</Filter/DCTDecode>>stream\n" + inner + b"\nendstream\n%%EOF"


@SHELF.refused(Reason.NOT_A_PICTURE)
def packed_bomb(make: Maker) -> bytes:
    """Three hundred megabytes in gzip, by itself or under a picture's first bytes."""
    body = b"\x1f\x8b\x08\0\0\0\0\0\0\3" + pngs.nothing(300 << 20)[2:]
    return body if make.chance.randrange(2) else gzip.compress(body, mtime=0)


@SHELF.refused(Reason.NOT_A_PICTURE)
def apple_photo(make: Maker) -> bytes:
    """HEIC is not taken: phones send JPEG when they are told that HEIC is not."""
    return (
        struct.pack(">I", 24)
        + b"ftypheic\0\0\0\0mif1heic"
        + struct.pack(">I", 200)
        + b"meta"
        + make.mark.written("heic").ljust(192, b"\0")
    )


@SHELF.refused(Reason.NOT_A_PICTURE)
def programs(make: Maker) -> bytes:
    head = make.chance.choice(
        (b"MZ\x90\0", b"\x7fELF\2\1\1", b"PK\3\4", b"#!/bin/sh\n", b"Rar!\x1a")
    )
    return head + bytes(60) + make.mark.written("program") + make.jpeg()


@SHELF.refused(Reason.NOT_A_PICTURE, Reason.BROKEN)
def first_bytes_only(make: Maker) -> bytes:
    """A picture's first bytes, and then anything."""
    head = make.chance.choice((b"\xff\xd8\xff\xe0", pngs.MAGIC, b"RIFF\xff\xff\0\0WEBPVP8 "))
    return head + make.mark.written("after") + make.chance.randbytes(make.chance.randrange(3000))


@SHELF.refused(Reason.NOT_A_PICTURE)
def chance_alone(make: Maker) -> bytes:
    return b"\0" + make.chance.randbytes(make.chance.randrange(200_000))


@SHELF.refused(Reason.NOT_A_PICTURE)
def empty(make: Maker) -> bytes:
    del make
    return b""


# --- damaged on the way


def whole(make: Maker) -> bytes:
    """A picture with marks that could be cut or hit anywhere."""
    kind = make.chance.randrange(3)
    if kind == 0:
        return jpegs.everything_at_once(make)
    return (pngs.every_chunk if kind == 1 else pngs.every_webp_chunk)(make)


@SHELF.either(Reason.BROKEN, Reason.NOT_A_PICTURE, Reason.TOO_BIG)
def cut_off(make: Maker) -> bytes:
    body = whole(make)
    return body[: make.chance.randrange(1, len(body))]


@SHELF.either(Reason.BROKEN, Reason.NOT_A_PICTURE, Reason.TOO_BIG, Reason.TOO_SLOW)
def bits_flipped(make: Maker) -> bytes:
    body = bytearray(whole(make))
    for _ in range(make.chance.randrange(1, 60)):
        body[make.chance.randrange(len(body))] ^= 1 << make.chance.randrange(8)
    return bytes(body)


@SHELF.either(Reason.BROKEN, Reason.NOT_A_PICTURE, Reason.TOO_BIG, Reason.TOO_SLOW)
def pieces_moved(make: Maker) -> bytes:
    """A part of the file repeated, left out or put elsewhere."""
    body = whole(make)
    here, there = sorted(make.chance.randrange(2, len(body)) for _ in range(2))
    piece, rest = body[here:there], body[:here] + body[there:]
    at = make.chance.randrange(2, len(rest))
    return make.chance.choice(
        (rest, body[:there] + piece * 3 + body[there:], rest[:at] + piece + rest[at:])
    )


@SHELF.either(Reason.BROKEN, Reason.NOT_A_PICTURE, Reason.TOO_BIG)
def one_in_the_other(make: Maker) -> bytes:
    """The head of one format on the body of another."""
    one, other = whole(make), whole(make)
    return one[: make.chance.randrange(4, 40)] + other[make.chance.randrange(40) :]


@SHELF.either(Reason.BROKEN)
def exif_of_chance(make: Maker) -> bytes:
    """A directory hit by chance, with the place where the turning is read."""
    body = bytearray(tiff.exif(make, 6))
    for _ in range(40):
        body[make.chance.randrange(len(body))] = make.chance.randrange(256)
    return jpegs.with_segments(make.jpeg(), jpegs.segment(0xE1, b"Exif\0\0" + bytes(body)))
