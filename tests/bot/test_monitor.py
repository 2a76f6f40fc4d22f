"""The dead man's ping: called while people are served, silent when they are not."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import aiohttp
import pytest
from aiohttp import web

from bot import app
from bot.alarms import Alarms
from bot.monitor import Monitor
from tests.bot.process import installed


@asynccontextmanager
async def somewhere(status: int = 200) -> AsyncIterator[tuple[str, list[str]]]:
    """A monitoring service: remembers what it was asked for."""
    asked: list[str] = []

    async def ping(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path_qs} {await request.text()}".strip())
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", ping)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/ping/abc", asked
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "result"), [(200, "reached"), (302, "failed"), (404, "failed"), (500, "failed")]
)
async def test_a_call_is_counted_by_what_became_of_it(status: int, result: str) -> None:
    async with somewhere(status) as (url, asked), aiohttp.ClientSession() as http:
        monitor = Monitor(http, url, lambda: True, Counter())
        await monitor.call()
        assert asked == ["GET /ping/abc"]
        assert monitor.counts == {result: 1}


async def test_silence_is_the_message_when_people_are_not_served() -> None:
    serving = [False]
    async with somewhere() as (url, asked), aiohttp.ClientSession() as http:
        monitor = Monitor(http, url, lambda: serving[0], Counter())
        await monitor.call()
        assert asked == []
        serving[0] = True
        await monitor.call()
        assert asked == ["GET /ping/abc"]
        assert monitor.counts == {"withheld": 1, "reached": 1}


async def test_a_monitor_that_is_not_there_is_only_counted() -> None:
    async with aiohttp.ClientSession() as http:
        monitor = Monitor(http, "http://127.0.0.1:9/x", lambda: True, Counter())
        await monitor.call()
        assert monitor.counts == {"failed": 1}


async def test_the_running_program_calls_it(tmp_path: Path) -> None:
    async with somewhere() as (url, asked), installed(tmp_path, {"MONITOR_URL": url}) as bot:
        await bot.start()
        async with asyncio.timeout(30):
            while not asked:
                await asyncio.sleep(0.05)
        assert asked == ["GET /ping/abc"]
        assert "ping" not in bot.err


async def test_a_fault_of_what_is_only_good_to_have_is_told_and_it_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "BEGIN_AGAIN_S", 0)
    alarms, again = Alarms(), asyncio.Event()
    begun: list[str] = []

    async def job() -> NoReturn:
        begun.append("begun")
        if len(begun) < 3:
            raise RuntimeError("a library that nobody foresaw")
        again.set()
        await asyncio.Event().wait()
        raise AssertionError

    task = asyncio.create_task(app.go_on(job, alarms))
    async with asyncio.timeout(30):
        await again.wait()
    assert alarms.counts == {"task-failed": 2}
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
