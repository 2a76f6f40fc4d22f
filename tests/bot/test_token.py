"""A refused token takes one door out of service; what only looks like a refusal does not even that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from bot.channels.channel import Failed, Hopeless, Outgoing, Unsent
from bot.channels.telegram import Telegram
from bot.clock import Clock
from bot.sender import ATTEMPTS, OUT_OF_SERVICE_S
from handlers.events import Address
from storage import visible
from tests.world import GROUP, World, open_world

TOKEN = "7000000001:AA-not-a-real-token-only-for-tests"
PAGE = "<html>404 Not Found</html>"


@asynccontextmanager
async def answering(status: int, body: str) -> AsyncIterator[Telegram]:
    """A door whose platform (or something before it) always says the same."""

    async def say(request: web.Request) -> web.Response:
        del request
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", say)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    door = Telegram(TOKEN, now=lambda: datetime.now(UTC), api_url=f"http://{host}:{port}")
    for carrier in door._carriers:
        await carrier.initialize()
    try:
        yield door
    finally:
        await door.close()
        await runner.cleanup()


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_page_of_a_proxy_is_not_the_platforms_word(status: int) -> None:
    async with answering(status, PAGE) as door:
        with pytest.raises(Unsent):
            await door.send(Address("telegram", door.bot_id, "5"), Outgoing("a"))
        assert not door.refused
        await door.start()  # it may be better in a minute


@pytest.mark.parametrize("status", [401, 404])
async def test_the_platforms_own_refusal_is_one(status: int) -> None:
    said = f'{{"ok": false, "error_code": {status}, "description": "Unauthorized"}}'
    async with answering(status, said) as door:
        with pytest.raises(Failed) as caught:
            await door.start()
        assert caught.value.why is Hopeless.TOKEN
        assert door.refused


class OutOfService:
    """Makes every call of a room fail as with a refused token, until it is taken back."""

    def __init__(self, world: World) -> None:
        self.world, self.real = world, world.room.fail
        world.room.fail = self.refuse  # type: ignore[method-assign]

    def refuse(self) -> None:
        raise Failed(Hopeless.TOKEN)

    def end(self) -> None:
        self.world.room.fail = self.real  # type: ignore[method-assign]


async def test_messages_wait_for_the_token_however_long_it_takes(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        refused = OutOfService(world)
        await world.say("be", "bố đang đánh em, cứu em")
        for _ in range(2 * ATTEMPTS):
            world.moment[0] += timedelta(seconds=OUT_OF_SERVICE_S)
            await world.drain()
        assert world.room.told == []
        assert not world.alarms.counts
        refused.end()
        world.moment[0] += timedelta(seconds=OUT_OF_SERVICE_S)
        await world.drain()
        assert "113" in world.room.of("be")[0].message.text
        assert "ĐANG XẢY RA" in world.room.of(GROUP.peer)[0].message.text


async def test_what_must_be_taken_away_waits_for_the_token(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await world.say("be", "alo")
        [told] = world.room.of("be")
        clock = Clock(
            db=world.db,
            tick=world.inbox.tick,
            channels={"telegram": world.room},
            alarms=world.alarms,
            now=lambda: world.now,
            house=world.house,
        )
        person = await world.db.read(lambda tx: tx.one("select id from people"))
        assert person is not None
        await world.db.write(
            lambda tx: visible.note(tx, person["id"], (told.ref,), world.now, None)
        )
        refused = OutOfService(world)
        await clock.take_away()
        assert world.room.of("be")
        refused.end()
        world.moment[0] += timedelta(minutes=5)
        await clock.take_away()
        assert world.room.of("be") == []
        assert not world.alarms.counts
