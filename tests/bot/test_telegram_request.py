"""What becomes of a call when the line is bad: surely unsent, or perhaps arrived, and never twice."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telegram import Bot, InputFile
from telegram.error import NetworkError, TelegramError

from bot.channels.channel import Failed, Limited, Undelivered, Unknown, Unsent
from bot.channels.telegram.errors import judge
from bot.channels.telegram.request import Carrier, TooLongError

TOKEN = "7000000001:AA-not-a-real-token-only-for-tests"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Line:
    """A server whose every connection does just what the test says, and that counts."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.connections = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def line(handler: Handler) -> AsyncIterator[Line]:
    made = Line(handler)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()


@asynccontextmanager
async def bot_at(url: str, **options: Any) -> AsyncIterator[Bot]:
    carrier = Carrier(**{"connections": 1, "read": 0.3, "connect": 0.5} | options)
    bot = Bot(TOKEN, base_url=f"{url}/bot", request=carrier, get_updates_request=Carrier(1))
    await carrier.initialize()
    try:
        yield bot
    finally:
        await carrier.shutdown()


async def asked(reader: asyncio.StreamReader) -> bytes:
    """One whole request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for row in head.lower().split(b"\r\n"):
        if row.startswith(b"content-length:"):
            length = int(row.partition(b":")[2])
    return head + await reader.readexactly(length)


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    rows = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(rows).encode() + b"\r\n\r\n" + body


GOOD = b'{"ok":true,"result":{"message_id":1}}'


async def outcome(bot: Bot, **params: Any) -> Undelivered | Any:
    """The result, or what the failure means."""
    try:
        return await bot.do_api_request("sendMessage", {"chat_id": 1, "text": "a"} | params)
    except TelegramError as error:
        return judge(error, group=False)


def always(*replies: bytes) -> Handler:
    """Answer each request on a connection with the next reply, then close."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            await asked(reader)
            writer.write(reply)
            await writer.drain()

    return handle


async def test_calls_share_one_connection() -> None:
    async with line(always(*[answer(GOOD)] * 5)) as server, bot_at(server.url) as bot:
        for _ in range(5):
            assert await outcome(bot) == {"message_id": 1}
        assert server.connections == 1


async def test_parameters_travel_as_json_and_words_as_they_are() -> None:
    seen: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await asked(reader))
        writer.write(answer(GOOD))

    async with line(handle) as server, bot_at(server.url) as bot:
        await outcome(bot, text="cứu em\ud800", reply_markup={"inline_keyboard": []})
    assert seen[0].endswith(
        '{"chat_id":1,"text":"cứu em?","reply_markup":{"inline_keyboard":[]}}'.encode()
    )


async def test_a_refused_connection_is_surely_unsent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with bot_at(url) as bot:
        assert isinstance(await outcome(bot), Unsent)


async def test_an_unknown_host_is_surely_unsent() -> None:
    async with bot_at("http://nowhere.invalid", connect=5) as bot:
        assert isinstance(await outcome(bot), Unsent)


async def test_a_closed_pool_is_surely_unsent() -> None:
    async with bot_at("http://127.0.0.1:9") as bot:
        await bot.request.shutdown()
        assert isinstance(await outcome(bot), Unsent)


async def test_waiting_for_a_free_connection_in_vain_is_surely_unsent() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with line(silent) as server, bot_at(server.url, read=2, connect=0.2) as bot:
        first = asyncio.create_task(outcome(bot))
        await asyncio.sleep(0.1)
        assert isinstance(await outcome(bot), Unsent)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_a_half_open_line_may_have_taken_it() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with line(silent) as server, bot_at(server.url) as bot:
        assert isinstance(await outcome(bot), Unknown)


async def test_a_peer_that_drips_does_not_hold_us_for_ever() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with line(drip) as server, bot_at(server.url, connect=0.1) as bot:
        async with asyncio.timeout(3):
            assert isinstance(await outcome(bot), Unknown)


async def test_a_peer_that_stops_reading_an_upload_does_not_hold_us_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.channels.telegram.request.UPLOAD", 0.1)

    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            await asyncio.sleep(0.05)

    async with line(deaf) as server, bot_at(server.url, connect=0.1) as bot:
        async with asyncio.timeout(3):
            photo = InputFile(b"x" * 18_000_000, filename="anh-1.jpg")
            assert isinstance(await outcome(bot, photo=photo), Unknown)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + GOOD,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + GOOD[:5] + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-",
        b"",
        b"SSH-2.0-nonsense\r\n",
    ],
)
async def test_an_answer_cut_short_may_have_been_a_success(reply: bytes) -> None:
    async with line(always(reply)) as server, bot_at(server.url) as bot:
        assert isinstance(await outcome(bot), Unknown)
        assert server.connections == 1, "a message is never repeated behind the sender's back"


async def test_a_reset_may_have_come_after_the_message() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    async with line(reset) as server, bot_at(server.url) as bot:
        assert isinstance(await outcome(bot), Unknown)
        assert server.connections == 1


async def test_a_connection_the_server_has_closed_is_not_used_again() -> None:
    async with line(always(answer(GOOD))) as server, bot_at(server.url) as bot:
        assert await outcome(bot) == {"message_id": 1}
        await asyncio.sleep(0.1)
        assert await outcome(bot) == {"message_id": 1}
        assert server.connections == 2


async def test_a_kept_connection_closed_under_a_call_is_not_repeated() -> None:
    requests: list[bytes] = []

    async def one_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await asked(reader))
        writer.write(answer(GOOD))
        requests.append(await asked(reader))

    async with line(one_answer) as server, bot_at(server.url) as bot:
        assert await outcome(bot) == {"message_id": 1}
        assert isinstance(await outcome(bot), Unknown)
    assert len(requests) == 2


@pytest.mark.parametrize(
    "body", [b"<html>blocked by order</html>", b"", b"[]", b"null", b"\xff", b"[" * 100_000]
)
async def test_an_answer_that_is_none_says_nothing(body: bytes) -> None:
    async with line(always(answer(body))) as server, bot_at(server.url) as bot:
        assert isinstance(await outcome(bot), Unknown)


@pytest.mark.parametrize("status", ["500 Oops", "502 Bad Gateway", "302 Found", "599 What"])
async def test_other_statuses_say_nothing(status: str) -> None:
    reply = answer(b"<html>", status, "Location: http://127.0.0.1:9/")
    async with line(always(reply)) as server, bot_at(server.url) as bot:
        assert isinstance(await outcome(bot), Unknown)


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [
        (b'{"ok":false,"parameters":{"retry_after":17}}', "Retry-After: 3", 17),
        (b'{"ok":false,"parameters":{"retry_after":999999}}', "X: y", 900),
        (b"<html>", "Retry-After: 3", 3),
        (b'{"parameters":{"retry_after":"x"}}', "X: y", 5),
        (b'{"parameters":{"retry_after":-1}}', "X: y", 5),
        (b'{"parameters":[]}', "Retry-After: soon", 5),
    ],
)
async def test_a_pause_is_as_long_as_the_platform_says(
    body: bytes, header: str, seconds: float
) -> None:
    reply = answer(body, "429 Too Many Requests", header)
    async with line(always(reply)) as server, bot_at(server.url) as bot:
        result = await outcome(bot)
        assert isinstance(result, Limited)
        assert result.seconds == seconds


@pytest.mark.parametrize(
    "parameters", [b"[]", b"7", b'{"migrate_to_chat_id":"x"}', b'{"retry_after":[]}', b"null"]
)
async def test_wrongly_typed_parameters_of_an_error_do_no_harm(parameters: bytes) -> None:
    body = b'{"ok":false,"description":[],"parameters":' + parameters + b"}"
    async with line(always(answer(body, "400 Bad Request"))) as server, bot_at(server.url) as bot:
        assert isinstance(await outcome(bot), Failed)


async def test_an_endless_body_is_given_up() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asked(reader)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 1_000_000)
            await writer.drain()

    async with line(flood) as server, bot_at(server.url) as bot:
        with pytest.raises(TooLongError):
            await bot.request.retrieve(f"{server.url}/file")


async def test_the_proxy_is_asked_instead_of_the_platform() -> None:
    seen: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await asked(reader))
        writer.write(answer(GOOD))

    async with line(proxy) as server, bot_at("http://api.invalid", proxy=server.url) as bot:
        assert await outcome(bot) == {"message_id": 1}
    assert seen[0].startswith(b"POST http://api.invalid/bot")


async def test_a_proxy_that_refuses_the_way_has_sent_nothing() -> None:
    reply = answer(b"no", "403 Forbidden")
    async with line(always(reply)) as server, bot_at("https://api.invalid", proxy=server.url) as b:
        assert isinstance(await outcome(b), Unsent)


async def test_no_error_text_holds_the_token_or_the_address() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with line(always(b"")) as server:
        for place in (url, server.url, "http://[bad"):
            async with bot_at(place, proxy=None) as bot:
                with pytest.raises(NetworkError) as caught:
                    await bot.do_api_request("sendMessage", {"chat_id": 1, "text": "a"})
                assert TOKEN not in repr(caught.value) + str(caught.value)
                assert "127.0.0.1" not in str(caught.value)
