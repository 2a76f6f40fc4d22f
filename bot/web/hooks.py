"""Where a platform calls us: the secret first, then a small body, then the door. It answers no word.

It knows no platform, logs nothing, and lets nobody make it read without the secret.
"""

import asyncio
from http import HTTPStatus
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.web.forms import CLOSE, FIRST_S
from storage.db import DatabaseFault

MOST_BYTES = 1024 * 1024


class Hook(Protocol):
    """One door's address."""

    @property
    def path(self) -> str:
        """The path below this server."""

    @property
    def header(self) -> str:
        """The header that carries the secret."""

    def knows(self, secret: str) -> bool:
        """Tell, always in the same time, whether this is the secret."""

    async def deliver(self, body: bytes) -> int:
        """Take a call in; gives the status to answer with. Returning means: committed."""


async def called(hook: Hook, request: Request) -> Response:
    """Take one call. Any trouble of ours is answered so that the platform calls again."""
    if request.method != "POST":
        raise HTTPException(HTTPStatus.NOT_FOUND)
    if not hook.knows(request.headers.get(hook.header, "")):
        return _nothing(HTTPStatus.FORBIDDEN)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return _nothing(HTTPStatus.BAD_REQUEST)
    try:
        body = await _body(request)
    except TimeoutError:
        return _nothing(HTTPStatus.REQUEST_TIMEOUT)
    if body is None:
        return _nothing(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return Response(status_code=await hook.deliver(body))
    except DatabaseFault:
        return _nothing(HTTPStatus.SERVICE_UNAVAILABLE)


def _nothing(status: HTTPStatus) -> Response:
    """Answer without a word; whatever else comes on this connection is not read."""
    return Response(status_code=status, headers=CLOSE)


async def _body(request: Request) -> bytes | None:
    """Read the body; None when it is too long. Raises TimeoutError for one that drips."""
    parts: list[bytes] = []
    size = 0
    async with asyncio.timeout(FIRST_S):
        async for part in request.stream():
            size += len(part)
            if size > MOST_BYTES:
                return None
            parts.append(part)
    return b"".join(parts)
