"""A request that is cut off because the program is ending is answered with 111, never with two bare words."""

import asyncio

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from bot.web.ending import Ending

HTTP: Scope = {"type": "http", "method": "GET", "path": "/", "headers": []}


async def nothing() -> Message:
    return {"type": "http.disconnect"}


def page() -> Response:
    return PlainTextResponse("gọi 111", 503)


async def cut_off(begun: bool) -> list[Message]:
    """Cancel a request in the middle; give what was sent."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.Event().wait()

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    task = asyncio.create_task(Ending(app, cut_off=page)(HTTP, nothing, send))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return sent


async def test_whoever_waits_for_an_answer_gets_the_page_with_the_number() -> None:
    start, body = await cut_off(begun=False)
    assert start["status"] == 503
    assert "gọi 111" in body["body"].decode()


async def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    assert [message["type"] for message in await cut_off(begun=True)] == ["http.response.start"]
