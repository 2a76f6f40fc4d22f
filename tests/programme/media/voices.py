"""Recordings with marks in every tag, box, page and cover; and what is no voice message at all."""

import array
import base64
import io
import math
import struct

import av

from bot.pictures import Reason
from tests.programme.media import jpegs
from tests.programme.media.maker import Kind, Maker, Shelf

SHELF = Shelf(Kind.VOICE)
RATE = 48_000
_STEP = 960
NO_VOICE = (Reason.NOT_A_VOICE, Reason.BROKEN)


def tone(make: Maker, channels: int) -> bytes:
    """One step of a tone that ends where it began, so that it can be repeated for ever."""
    loud, turns = make.chance.randrange(2000, 12_000), make.chance.randrange(3, 12)
    wave = (int(loud * math.sin(2 * math.pi * turns * n / _STEP)) for n in range(_STEP))
    return array.array("h", (value for value in wave for _ in range(channels))).tobytes()


def sound(
    make: Maker,
    container: str,
    codec: str,
    *,
    steps: int = 20,
    rate: int = RATE,
    layout: str = "mono",
    tags: tuple[str, ...] = (),
    cover: bool = False,
) -> bytes:
    """A recording with these tags, each with a mark, in the whole and in the stream."""
    out = io.BytesIO()
    # The same seed gives the same bytes: no chance of the library's own, but a stream number of ours.
    options = {"fflags": "+bitexact"}
    if container == "mp4":
        options["movflags"] = "use_metadata_tags"
    if container == "ogg":
        options["serial_offset"] = str(make.chance.getrandbits(30))
    with av.open(out, "w", format=container, options=options) as sink:
        stream = sink.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        for tag in tags:
            sink.metadata[tag] = make.mark(tag.replace(".", ""))
        if cover:
            film = sink.add_stream("mpeg4", rate=25)
            assert isinstance(film, av.VideoStream)
            film.width, film.height, film.pix_fmt = 32, 32, "yuv420p"
            picture = av.VideoFrame.from_image(make.picture(size=(32, 32)))
            for packet in film.encode(picture):
                sink.mux(packet)
            sink.mux(film.encode(None))
        step = tone(make, stream.layout.nb_channels)
        for _ in range(steps):
            frame = av.AudioFrame(format="s16", layout=layout, samples=_STEP)
            frame.sample_rate = rate
            frame.planes[0].update(step)
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))
    return out.getvalue()


# --- Ogg


def check(page: bytes) -> int:
    """Ogg's own checksum (polynomial 04C11DB7, nothing turned round)."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


def page(serial: int, number: int, flags: int, packet: bytes, position: int = 0) -> bytes:
    """One page around one packet of less than 65 kB."""
    whole, rest = divmod(len(packet), 255)
    sizes = bytes([255] * whole + [rest])
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, position, serial, number, 0)
    made = head + bytes((len(sizes),)) + sizes + packet
    return made[:22] + struct.pack("<I", check(made)) + made[26:]


def pages(data: bytes) -> list[bytes]:
    """The pages of a file that we have made ourselves."""
    found, at = [], 0
    while at < len(data):
        count = data[at + 26]
        end = at + 27 + count + sum(data[at + 27 : at + 27 + count])
        found.append(data[at:end])
        at = end
    return found


def tags_of(*lines: bytes, vendor: bytes) -> bytes:
    said = b"".join(struct.pack("<I", len(line)) + line for line in lines)
    return (
        b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(lines)) + said
    )


def tagged(make: Maker, *lines: bytes, padding: bytes = b"") -> bytes:
    """An Ogg/Opus whose page of tags is our own."""
    first, tags, *rest = pages(sound(make, "ogg", "libopus"))
    serial = struct.unpack_from("<I", tags, 14)[0]
    packet = tags_of(*lines, vendor=make.mark.written("vendor")) + padding
    return b"".join((first, page(serial, 1, 0, packet), *rest))


@SHELF.clean
def voice_message(make: Maker) -> bytes:
    """What messengers send, with every tag, a cover and bytes behind the tags."""
    cover = jpegs.with_segments(make.jpeg(), jpegs.comment(make))
    block = struct.pack(">II", 3, 10) + b"image/jpeg" + struct.pack(">I", 5) + b"front"
    block += struct.pack(">IIIII", 60, 60, 24, 0, len(cover)) + cover
    return tagged(
        make,
        *(f"{tag}={make.mark(tag)}".encode() for tag in ("TITLE", "ARTIST", "LOCATION", "DATE")),
        b"METADATA_BLOCK_PICTURE=" + base64.b64encode(block),
        b"COVERART=" + base64.b64encode(make.mark.written("coverart")),
        make.mark.written("nokey"),
        padding=b"\1" + make.mark.written("padding"),
    )


@SHELF.clean
def tags_over_many_values(make: Maker) -> bytes:
    return tagged(make, *(f"X{n}={make.mark(f'x{n}')}".encode() for n in range(200)))


@SHELF.clean
def something_behind_the_recording(make: Maker) -> bytes:
    return sound(make, "ogg", "libopus") + make.mark.written("trailer") + make.mark.wide("wide")


@SHELF.clean
def two_recordings_in_a_row(make: Maker) -> bytes:
    """A chain: the second has tags of its own."""
    return tagged(make) + tagged(make, f"TITLE={make.mark('chained')}".encode())


@SHELF.clean
def a_stream_of_something_else_between(make: Maker) -> bytes:
    """A second logical stream, of no known kind, between the sound's pages."""
    first, *rest = pages(sound(make, "ogg", "libopus"))
    other = page(77, 0, 2, b"\x80own" + make.mark.written("stream"))
    more = page(77, 1, 4, make.mark.written("more"), 5)
    return b"".join((first, other, *rest[:-1], more, rest[-1]))


@SHELF.clean
def between_the_pages(make: Maker) -> bytes:
    """Bytes that belong to no page; readers look for the next one."""
    first, second, *rest = pages(sound(make, "ogg", "libopus"))
    return b"".join((first, second, make.mark.written("between"), *rest))


@SHELF.clean
def two_ears(make: Maker) -> bytes:
    tags = ("title", "comment")
    return sound(make, "ogg", "libopus", layout="stereo", tags=tags)


# --- MP4 / M4A / AAC


def box(kind: bytes, *inner: bytes) -> bytes:
    body = b"".join(inner)
    return struct.pack(">I", len(body) + 8) + kind + body


def in_movie(m4a: bytes, *boxes: bytes) -> bytes:
    """Put boxes into the movie box, which our own writer puts last."""
    at = m4a.rindex(b"moov") - 4
    movie = m4a[at:]
    assert struct.unpack_from(">I", movie)[0] == len(movie), "nothing follows the movie box"
    return m4a[:at] + box(b"moov", movie[8:], *boxes)


@SHELF.clean
def phone_recording(make: Maker) -> bytes:
    """What a telephone's recorder writes: place, device, date, cover, and boxes of its own."""
    cover = jpegs.with_segments(make.jpeg(), jpegs.comment(make))
    atoms = [
        box(name, box(b"data", struct.pack(">II", kind, 0), value))
        for name, kind, value in (
            (b"\xa9nam", 1, make.mark.written("name")),
            (b"\xa9too", 1, make.mark.written("tool")),
            (b"covr", 13, cover),
        )
    ]
    place = make.mark.written("xyz")
    handler = box(b"hdlr", bytes(8), b"mdirappl", bytes(9))
    udta = box(
        b"udta",
        box(b"\xa9xyz", struct.pack(">HH", len(place), 0x15C7), place),
        box(b"meta", bytes(4), handler, box(b"ilst", *atoms)),
    )
    tags = ("title", "artist", "location", "creation_time_x", "com.apple.quicktime.model")
    body = in_movie(sound(make, "mp4", "aac", tags=tags), udta)
    uuid = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    return body + b"".join(
        (
            box(b"uuid", uuid, jpegs.xmp(make.mark("xmp"))),
            box(b"free", make.mark.written("free")),
            box(b"mdat", make.mark.wide("mdat")),
            make.mark.written("trailer"),
        )
    )


@SHELF.clean
def film_with_sound(make: Maker) -> bytes:
    """Only its sound is kept."""
    return sound(make, "mp4", "aac", tags=("title", "comment"), cover=True)


@SHELF.clean
def bare_frames(make: Maker) -> bytes:
    """AAC without a box, a music player's tags behind it."""
    old = b"TAG" + make.mark.written("id3v1").ljust(125, b"\0")
    ape = b"APETAGEX" + bytes(24) + make.mark.written("ape")
    return sound(make, "adts", "aac", rate=44_100) + ape + old


@SHELF.either(*NO_VOICE)
def boxes_in_boxes(make: Maker) -> bytes:
    """Two thousand boxes, each in the other."""
    inner = make.mark.written("deepest")
    for n in range(2000):
        inner = box((b"moov", b"trak", b"udta", b"meta")[n % 4], inner)
    return box(b"ftyp", b"M4A \0\0\0\0M4A ") + inner


@SHELF.either(*NO_VOICE, Reason.TOO_BIG)
def tables_that_boast(make: Maker) -> bytes:
    """Sample tables said to have four thousand million rows."""
    body = bytearray(in_movie(sound(make, "mp4", "aac"), box(b"free", make.mark.written("free"))))
    for name in (b"stsz", b"stco", b"stsc", b"stts"):
        at = body.index(name)
        struct.pack_into(">I", body, at + (12 if name == b"stsz" else 8), 0xFFFFFFF0)
    return bytes(body)


@SHELF.either(*NO_VOICE)
def sound_that_lies_elsewhere(make: Maker) -> bytes:
    """A recording that says that its sound is in a file of the machine that reads it."""
    body = sound(make, "mp4", "aac", tags=("title",))
    at = body.index(b"dref") - 4
    size = struct.unpack_from(">I", body, at)[0]
    # As long as the entry it replaces, so that no other length changes.
    entry = body[at + 16 : at + size]
    away = struct.pack(">I4sI", len(entry), b"url ", 0) + b"/etc/hostname"
    return body[: at + 16] + away[: len(entry)].ljust(len(entry), b"\0") + body[at + size :]


@SHELF.refused(Reason.TOO_BIG, Reason.TOO_SLOW, heavy=True)
def eleven_minutes(make: Maker) -> bytes:
    """Silence, which packs very small."""
    return sound(make, "ogg", "libopus", steps=11 * 60 * RATE // _STEP)


# --- no voice message


@SHELF.refused(Reason.NOT_A_VOICE)
def music(make: Maker) -> bytes:
    """MP3 with everything a music library writes."""
    frames = b""
    for name, body in (
        (b"TIT2", b"\1\xff\xfe" + make.mark.wide("title")),
        (b"TPE1", b"\0" + make.mark.written("artist")),
        (b"GEOB", b"\0\0\0\0" + make.mark.written("object")),
        (b"APIC", b"\0image/jpeg\0\3\0" + make.jpeg(comment=make.mark("cover"))),
        (b"PRIV", make.mark.written("owner") + b"\0"),
    ):
        frames += name + struct.pack(">I", len(body)) + b"\0\0" + body
    size = len(frames)
    head = b"ID3\3\0\0" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    tail = b"TAG" + make.mark.written("id3v1").ljust(125, b"\0")
    return head + frames + sound(make, "mp3", "libmp3lame") + tail


@SHELF.refused(Reason.NOT_A_VOICE)
def other_recordings(make: Maker) -> bytes:
    container, codec = make.chance.choice(
        (("wav", "pcm_s16le"), ("webm", "libopus"), ("flac", "flac"), ("aiff", "pcm_s16be"))
    )
    return sound(make, container, codec, tags=("title",))


@SHELF.refused(Reason.NOT_A_VOICE)
def a_list_of_files(make: Maker) -> bytes:
    """A playlist: a curious reader would open what it names."""
    return f"#EXTM3U\n#EXTINF:1,{make.mark('list')}\nfile:///etc/hostname\n".encode()


@SHELF.refused(*NO_VOICE)
def silent_film(make: Maker) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options={"fflags": "+bitexact"}) as sink:
        stream = sink.add_stream("mpeg4", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        sink.metadata["title"] = make.mark("title")
        for packet in stream.encode(av.VideoFrame.from_image(make.picture(size=(32, 32)))):
            sink.mux(packet)
        sink.mux(stream.encode(None))
    return out.getvalue()


@SHELF.refused(*NO_VOICE)
def picture_sent_as_a_voice(make: Maker) -> bytes:
    return jpegs.everything_at_once(make)


@SHELF.refused(*NO_VOICE)
def first_bytes_of_a_voice(make: Maker) -> bytes:
    head = make.chance.choice((b"OggS\0\2", b"\0\0\0\x18ftypM4A ", b"\xff\xf1\x50\x80"))
    return head + make.mark.written("after") + make.chance.randbytes(make.chance.randrange(4000))


@SHELF.refused(Reason.NOT_A_VOICE)
def no_sound_at_all(make: Maker) -> bytes:
    return make.chance.choice((b"", b"\0" + make.chance.randbytes(5000)))


# --- damaged on the way


def whole(make: Maker) -> bytes:
    return make.chance.choice((voice_message, phone_recording, bare_frames))(make)


@SHELF.either(*NO_VOICE, Reason.TOO_BIG)
def voice_cut_off(make: Maker) -> bytes:
    body = whole(make)
    return body[: make.chance.randrange(1, len(body))]


@SHELF.either(*NO_VOICE, Reason.TOO_BIG, Reason.TOO_SLOW)
def voice_bits_flipped(make: Maker) -> bytes:
    body = bytearray(whole(make))
    for _ in range(make.chance.randrange(1, 60)):
        body[make.chance.randrange(len(body))] ^= 1 << make.chance.randrange(8)
    return bytes(body)
