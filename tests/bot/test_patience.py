"""Silent connections end by themselves, and a thousand of them lock nobody out."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from bot.web import patience
from bot.web.patience import Impatient, raise_limit
from tests.bot.web_memory import Memory, server

Scope = dict[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


@asynccontextmanager
async def serving(app: Any, limit: int = 100) -> AsyncIterator[int]:
    config = uvicorn.Config(
        app, port=0, http=Impatient, log_config=None, lifespan="off", limit_concurrency=limit
    )
    here = uvicorn.Server(config)
    here.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(here.serve())
    while not here.started:
        await asyncio.sleep(0.01)
    try:
        yield here.servers[0].sockets[0].getsockname()[1]
    finally:
        here.should_exit = True
        await task


async def ends(reader: asyncio.StreamReader, within: float) -> bool:
    """Whether the server ends a connection within so many seconds, whatever it says before."""
    try:
        async with asyncio.timeout(within):
            while await reader.read(1000):
                pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEAD_S", 0.3)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: "])
async def test_whoever_asks_for_nothing_is_not_waited_for(said: bytes) -> None:
    async with serving(server(Memory())) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        assert await ends(reader, 2)
        writer.close()


@pytest.mark.usefixtures("impatient")
async def test_a_drip_of_headers_wins_no_time() -> None:
    async with serving(server(Memory())) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")

        async def drip() -> None:
            while True:
                writer.write(b"X-A: a\r\n")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        assert await ends(reader, 2)
        dripping.cancel()
        writer.close()


@pytest.mark.usefixtures("impatient")
async def test_an_answer_that_takes_long_is_not_cut_off() -> None:
    async def slow(scope: Scope, receive: Any, send: Any) -> None:
        await asyncio.sleep(1)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"there"})

    async with (
        serving(slow) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        assert (await http.get("/")).text == "there"
        assert (await http.get("/")).text == "there"


async def test_silent_connections_make_room_for_whoever_asks() -> None:
    async with serving(server(Memory()), limit=20) as port:
        # All in one breath, before the server looks up once.
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            assert (await http.get("/")).status_code == 200
        for one in silent:
            one.close()


def test_connections_never_take_more_than_half_of_the_files() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        most = raise_limit()
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert soft > 256
        assert most == min(patience.MOST_CONNECTIONS, soft // 2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8111", 200),
        ("localhost", 200),
        ("[::1]:8111", 200),
        ("phuong.example", 404),
        ("127.0.0.1.phuong.example", 404),
        ("[::", 404),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
async def test_where_a_public_name_is_set_only_who_asks_for_this_machine_is_told(
    path: str, host: str, status: int
) -> None:
    app = server(Memory(), public_url="https://phuong.example")
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        assert (await http.get(path, headers={"Host": host})).status_code == status


async def test_a_body_that_never_ends_is_answered_kindly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.forms.FIRST_S", 0.2)
    async with serving(server(Memory())) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n"
        form = "Content-Type: application/x-www-form-urlencoded\r\n\r\ntext="
        writer.write((head + form).encode())
        said = await asyncio.wait_for(reader.read(10_000), 2)
        assert said.startswith(b"HTTP/1.1 408")
        assert await ends(reader, 2)
        writer.close()
