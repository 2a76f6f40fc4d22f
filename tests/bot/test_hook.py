"""The second road: a code and a priority over real HTTP, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import httpx
import pytest
from aiohttp import web

from bot.channels.channel import Failed, Unsent
from bot.wiring import call_hook
from tests.bot.people import Browser
from tests.bot.process import installed


@asynccontextmanager
async def road(statuses: list[int]) -> AsyncIterator[tuple[str, list[object]]]:
    """A service that would ring somebody's phone; answers with these statuses in turn."""
    heard: list[object] = []

    async def ring(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.Response(status=statuses.pop(0) if len(statuses) > 1 else statuses[0])

    app = web.Application()
    app.router.add_post("/ring", ring)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}/ring", heard
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, Unsent) for status in (401, 403, 404, 408, 429, 500, 503)),
        *((status, Failed) for status in (400, 410, 422)),
    ],
)
async def test_a_road_that_does_not_take_the_call_is_no_delivery(
    status: int, outcome: type[Exception]
) -> None:
    async with road([status]) as (url, _), aiohttp.ClientSession() as http:
        with pytest.raises(outcome):
            await call_hook(http, url, "K7M4-PQ2X", "P1")


async def test_a_road_that_is_not_there_is_tried_again() -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(Unsent):
            await call_hook(http, "http://127.0.0.1:9/ring", "K7M4-PQ2X", "P1")


async def test_a_danger_that_no_chat_can_announce_rings_the_road_even_when_it_fails_at_first(
    tmp_path: Path,
) -> None:
    async with (
        road([503, 200]) as (url, heard),
        installed(tmp_path, {"ALERT_HOOK": url}) as bot,
    ):
        await bot.start()
        async with httpx.AsyncClient(base_url=bot.address, trust_env=False) as http:
            child = Browser(http)
            await child.opens()
            assert "113" in await child.sends(text="cuu em voi bo dang danh em o nha so 8")
        async with asyncio.timeout(15):
            while len(heard) < 2:
                await asyncio.sleep(0.1)
        first, second = heard
        assert first == second
        assert isinstance(first, dict)
        assert first.keys() == {"code", "priority"}
        assert first["priority"] == "P1"
        assert len(str(first["code"])) == 9
