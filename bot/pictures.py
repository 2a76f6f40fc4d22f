"""Clean copies of pictures and voices: re-encoded by a child process that may die instead of us.

It must not know whose they are, where they come from or where they go.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from weakref import WeakKeyDictionary

from bot.pictures_child import MAX_BYTES, Exit

WALL_SECONDS = 20.0
CHILDREN = 2  # at once: a flood of pictures must not take the machine's memory

_CHILD = Path(__file__).with_name("pictures_child.py")
_CHUNK = 1 << 16
_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Reason(StrEnum):
    """Why there is no clean copy."""

    TOO_BIG = "too_big"
    """Over 20 MiB, 40 million pixels or ten minutes, or too much for the child's memory."""
    NOT_A_PICTURE = "not_a_picture"
    NOT_A_VOICE = "not_a_voice"
    TOO_SLOW = "too_slow"
    BROKEN = "broken"
    """Cut off, malformed, or it crashed the decoder."""


class Refused(Exception):  # noqa: N818  (an answer to a person, not a bug)
    """There is no clean copy, and the original must not be passed on."""

    def __init__(self, reason: Reason) -> None:
        """Keep the reason; nothing of the file."""
        super().__init__(str(reason))
        self.reason = reason


async def clean_picture(data: bytes) -> bytes:
    """Give a JPEG (RGB, upright, at most 2560 pixels a side) of a JPEG, PNG or WEBP.

    Only the pixels are left: no EXIF, XMP, ICC, comment, thumbnail, second picture or trailer.
    What a picture shows, and a sensor's noise, stay. Raises Refused and nothing else.
    """
    return await _clean("picture", data, b"\xff\xd8\xff")


async def clean_voice(data: bytes) -> bytes:
    """Give an Ogg/Opus (mono, 32 kbit/s) of an Ogg/Opus, M4A or ADTS-AAC of at most ten minutes.

    Only the sound is left: no title, artist, place, date, cover or device; the vendor line says
    "ffmpeg" for everyone. The voice and the room stay. Raises Refused and nothing else.
    """
    return await _clean("voice", data, b"OggS")


async def _clean(kind: str, data: bytes, magic: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise Refused(Reason.TOO_BIG)
    async with _slot():
        try:
            async with asyncio.timeout(WALL_SECONDS):
                code, clean = await _child(kind, data)
        except TimeoutError:
            raise Refused(Reason.TOO_SLOW) from None
        except OSError:  # no process, no memory, no pipe to be had
            raise Refused(Reason.BROKEN) from None
    if code != Exit.DONE:
        raise Refused(_reason(code))
    if not clean.startswith(magic):
        raise Refused(Reason.BROKEN)
    return clean


def _slot() -> asyncio.Semaphore:
    """The running loop's own semaphore: one of another loop cannot be waited for."""
    return _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(CHILDREN))


def _reason(code: int) -> Reason:
    known = {
        Exit.TOO_BIG: Reason.TOO_BIG,
        Exit.NOT_A_PICTURE: Reason.NOT_A_PICTURE,
        Exit.NOT_A_VOICE: Reason.NOT_A_VOICE,
        -signal.SIGXCPU: Reason.TOO_SLOW,
    }
    return known.get(code, Reason.BROKEN)


async def _child(kind: str, data: bytes) -> tuple[int, bytes]:
    """Run the child to its end; it never outlives this call, however the call ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-B", str(_CHILD), kind,
        stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, close_fds=True,
    )  # fmt: skip
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(_feed(process, data))
            drained = both.create_task(_drain(process))
        return await process.wait(), drained.result()
    finally:
        if process.returncode is None:
            _kill(process)
            await process.wait()


async def _feed(process: Process, data: bytes) -> None:
    assert process.stdin is not None
    with suppress(OSError):  # it has judged before it read all
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _drain(process: Process) -> bytes:
    """What the child says, and no more than a picture's worth: it may have been taken over."""
    assert process.stdout is not None
    clean = bytearray()
    while chunk := await process.stdout.read(_CHUNK):
        clean += chunk
        if len(clean) > MAX_BYTES:
            _kill(process)
            return b""
    return bytes(clean)


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
