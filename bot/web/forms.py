"""Reading a form that may be far too large, or far too slow, without losing its first fields.

Nothing touches the disk: a child's picture must never lie unsealed in a temporary file. What the
browser claims about itself (its encoding) is not believed: some decoders freeze the process.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

MOST_BYTES = 12 * 1024 * 1024
MOST_DRAINED = 64 * 1024 * 1024
"""A browser that is cut off while it still sends shows an error of its own instead of our page."""
MOST_FIELDS = 50
FIRST_S = 20.0
"""Seconds in which a small form must be here."""
SLOWEST = 16 * 1024
"""Bytes a second that a large one must come at, on the average: a picture on a poor network."""
LARGE = 256 * 1024
MOST_LARGE = 8
"""So many large bodies are read at once; a small one, with words, never waits for them."""
TURN_S = 30.0
"""Seconds a large body waits for its turn."""
ODD = (FormParserError, MultiPartException, ValueError, LookupError, TypeError, AttributeError)
"""What the parsers raise when they are given nonsense."""
CLOSE = {"Connection": "close"}
BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{1,70}")


@dataclass(frozen=True, slots=True)
class Form:
    """What was filled in. `over`: the body was too large, and what came late is missing."""

    fields: Mapping[str, str] = field(default_factory=dict)
    picture: bytes = field(default=b"", repr=False)
    over: bool = False

    def get(self, name: str) -> str:
        """Give a field's value; empty when it is not there."""
        return self.fields.get(name, "")


class Turns:
    """How many large bodies may be read at once, in one server."""

    def __init__(self, most: int = MOST_LARGE) -> None:
        """`most`: whoever comes later waits, unread."""
        self._free = asyncio.Semaphore(most)

    async def take(self) -> None:
        """Wait for a turn. Raises HTTPException when none comes."""
        try:
            async with asyncio.timeout(TURN_S):
                await self._free.acquire()
        except TimeoutError:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers=CLOSE) from None

    def give_back(self) -> None:
        """Let the next one in."""
        self._free.release()


class _InMemory(MultiPartParser):
    spool_max_size = MOST_BYTES * 2

    def on_part_end(self) -> None:
        """Read a field as UTF-8, whatever it is; one wrong byte does not spoil the others."""
        part = self._current_part
        if part.file is None:
            self.items.append((part.field_name, part.data.decode("utf-8", "replace")))
        else:
            super().on_part_end()

    def close(self) -> None:
        """Let go of every file, also of one whose end never came."""
        for file in self._files_to_close_on_error:
            file.close()


class _Bounded:
    """The body up to the limit; the rest is read and thrown away. A dripping one is cut off."""

    def __init__(self, request: Request, turns: Turns | None) -> None:
        self.request = request
        self.turns = turns
        self.size = 0
        self.large = False

    @property
    def over(self) -> bool:
        return self.size > MOST_BYTES

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        clock = asyncio.get_running_loop().time
        begun = clock()
        stream = aiter(self.request.stream())
        while True:
            try:
                async with asyncio.timeout_at(begun + FIRST_S + self.size / SLOWEST):
                    chunk = await anext(stream, None)
            except TimeoutError:
                raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, headers=CLOSE) from None
            if chunk is None:
                return
            self.size += len(chunk)
            begun += await self.wait_if_large()
            if not self.over:
                yield chunk
            elif self.size > MOST_DRAINED:
                return

    async def wait_if_large(self) -> float:
        """Wait for a turn once the body turns out to be large; gives the seconds that took."""
        if self.large or self.size <= LARGE or self.turns is None:
            return 0.0
        clock = asyncio.get_running_loop().time
        before = clock()
        await self.turns.take()
        self.large = True
        return clock() - before

    def done(self) -> None:
        if self.large and self.turns is not None:
            self.turns.give_back()


async def read(request: Request) -> Form:
    """Read a form of either encoding; a broken one reads as far as it can, or empty.

    Raises HTTPException for one that drips or finds no turn, ClientDisconnect for a visitor gone.
    """
    body = _Bounded(request, getattr(request.app.state, "turns", None))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            return await _multipart(request, body)
        plain = FormParser(
            request.headers, body.chunks(), max_fields=MOST_FIELDS, max_part_size=MOST_BYTES
        )
        return Form(_texts(await plain.parse()), over=body.over)
    except ODD:
        return Form(over=body.over)
    finally:
        body.done()


async def _multipart(request: Request, body: _Bounded) -> Form:
    parser = _InMemory(
        _only_boundary(request),
        body.chunks(),
        max_files=2,
        max_fields=MOST_FIELDS,
        max_part_size=MOST_BYTES,
    )
    try:
        data = await parser.parse()
        picture = data.get("picture")
        raw = await picture.read() if isinstance(picture, UploadFile) else b""
        return Form(_texts(data), b"" if body.over else raw, body.over)
    finally:
        parser.close()


def _only_boundary(request: Request) -> Headers:
    """Give the one thing of the content type that is needed. Raises ValueError without it."""
    _, options = parse_options_header(request.headers["content-type"])
    boundary = options.get(b"boundary", b"")
    if not BOUNDARY.fullmatch(boundary):
        raise ValueError("no boundary")
    return Headers(raw=[(b"content-type", b'multipart/form-data; boundary="' + boundary + b'"')])


def _texts(data: FormData) -> dict[str, str]:
    return {
        name: value.replace("\r\n", "\n")
        for name, value in data.multi_items()
        if isinstance(value, str)
    }
