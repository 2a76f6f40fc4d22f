"""HTTP in and out for the local Telegram: reading parameters, writing refusals, dropping a line.

It knows the wire, not the methods.
"""

import json
from typing import Any

from aiohttp import web

from tests.fakes.telegram_rules import RefusalError, Upload, bad

LARGEST_BODY = 60 * 1024 * 1024


class InjectedError(RefusalError):
    """A failure a test asked for; `body` is an answer that is no JSON, as a broken proxy gives."""

    body: str | None = None


async def read(request: web.Request) -> tuple[dict[str, object], dict[str, Upload]]:
    """Parameters from the query string, then a form, a multipart body or JSON."""
    raw: dict[str, object] = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.read() or b"{}")
        except ValueError:
            raise bad("can't parse JSON in the request body") from None
        if not isinstance(body, dict):
            raise bad("object expected in the request body")
        raw |= body
    elif request.method == "POST":
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[name] = Upload(value.filename, value.file.read())
            else:
                raw[name] = value
    return raw, files


def answer_no(no: RefusalError) -> web.Response:
    """The error as the server words it, with Retry-After where it applies."""
    if isinstance(no, InjectedError) and no.body is not None:
        return web.Response(status=no.status, text=no.body, content_type="text/html")
    answer: dict[str, Any] = {"ok": False, "error_code": no.status, "description": no.description}
    if no.parameters:
        answer["parameters"] = no.parameters
    wait = no.parameters.get("retry_after")
    headers = {"Retry-After": str(wait)} if wait is not None else None
    return web.json_response(answer, status=no.status, headers=headers)


def drop(request: web.Request) -> web.Response:
    """Break the connection; what is returned never arrives."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
