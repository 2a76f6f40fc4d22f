"""Whatever a platform or a visitor sends: nothing is unhandled, intake goes on, people are answered.

Raw updates are bent out of shape by a seed that is printed; most go through the parser, a share
through the whole product, the web's forms likewise.
"""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels.telegram import parse as parser
from bot.channels.telegram.parse import Parsed, Setting
from bot.inbox import decide as product_decide
from handlers.events import Address, Incoming, Kind, Side
from tests.bot.telegram_updates import BOT, CHILD, GROUP, NOW, every_update
from tests.bot.test_web import fields
from tests.bot.web_memory import Memory, server
from tests.soak import seed, sized
from tests.world import World, open_world

PARSED = sized(98_000, 940_000)
TAKEN = sized(1_500, 50_000)
POSTED = sized(500, 10_000)
BASES = [json.dumps(one) for one in every_update()]
CRY = "cứu em với, có người đang đánh em"
ODD: list[Any] = [
    None, True, False, 0, -1, 2**63, -(2**70), 1e308, "", " ", "\x00", "\u202e\u200b\u2066", "ế" * 5000,
    "a.for.me", "d.open." + "x" * 16, "a.send.send", "go.exit", "start:" + "0" * 32, "<b>&amp;</b>", [], {},
    [[[[[[]]]]]], {"a": {"b": {"c": None}}}, "\ud800", "9" * 400, CHILD, GROUP, BOT, "/start", "/ma", "không",
]  # fmt: skip
"""What is put in the place of anything."""


def places(raw: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the way to everything inside an update."""
    inside: Any = raw.items() if isinstance(raw, dict) else enumerate(raw)
    found = []
    for key, value in inside:
        found.append((*at, key))
        if isinstance(value, dict | list):
            found += places(value, (*at, key))
    return found


PLACES = [places(json.loads(base)) for base in BASES]


def bent(chance: random.Random) -> Any:
    """Give an update with one to four things in it taken away, exchanged or grown."""
    number = chance.randrange(len(BASES))
    raw = json.loads(BASES[number])
    for _ in range(chance.randrange(1, 5)):
        way = chance.choice(PLACES[number])
        inside = raw
        try:
            for step in way[:-1]:
                inside = inside[step]
            if chance.random() < 0.4:
                del inside[way[-1]]
            else:
                inside[way[-1]] = chance.choice(ODD)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken this place away
    return raw if chance.random() < 0.99 else chance.choice(ODD)


Parse = Callable[[Any, Setting], Parsed]


def unhandled(parse: Parse, seed: int, count: int) -> int:
    """Count the updates at which the parser raised instead of saying that they are odd."""
    chance, setting, raised = random.Random(seed), Setting(str(BOT), str(GROUP), NOW), 0
    for _ in range(count):
        try:
            parsed = parse(bent(chance), setting)
        except Exception:  # counting them is what this is for
            raised += 1
        else:
            assert parsed.incoming is None or parsed.incoming.at <= NOW
    return raised


@pytest.mark.soak
def test_no_update_however_bent_is_unhandled() -> None:
    assert unhandled(parser.parse, seed(), PARSED) == 0


def test_a_parser_that_trusts_a_field_is_caught() -> None:
    def trusting(raw: Any, setting: Setting) -> Parsed:
        parsed = parser.parse(raw, setting)
        if "message" in raw:
            assert raw["message"]["chat"]["id"]
        return parsed

    assert unhandled(trusting, 1, 2_000) > 0


# through the whole product


def incoming(chance: random.Random, world: World, number: int) -> Incoming | None:
    """Give what the parser makes of a bent update, from one of many people, for this world."""
    read = parser.parse(bent(chance), Setting("bot", str(GROUP), world.now)).incoming
    if read is None:
        return None
    peer = str(chance.randrange(1, 400))
    place = None if read.place is None else Address("telegram", "bot", "-100777")
    return replace(
        read,
        event_id=f"telegram:fuzz:{number}",
        sender=Address("telegram", "bot", peer),
        place=place,
        at=world.now,
    )


async def flooded(world: World, seed: int, count: int) -> None:
    """Send bent updates; after every fiftieth somebody cries for help and must be heard at once."""
    chance = random.Random(seed)
    for number in range(count):
        one = incoming(chance, world, number)
        if one is not None:
            await world.inbox.take(one)
        if number % 50 == 49:
            await world.advance(minutes=1)
            child = f"child-{number}"
            await world.say(child, CRY)
            assert "113" in world.room.of(child)[0].message.text, "a cry after it was not answered"
    dead = await world.db.read(lambda tx: tx.all("select why from dead_letters"))
    assert [row["why"] for row in dead] == [], "an update was given up"
    assert not {"dead-letter", "moment-failed", "row-broken"} & set(world.alarms.counts)


@pytest.mark.soak
async def test_whatever_comes_the_next_cry_for_help_is_heard(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        await flooded(world, seed(), TAKEN)


async def test_a_decision_that_stumbles_over_a_kind_of_message_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbling(view: Any, event: Any, *more: Any) -> Any:
        if isinstance(event, Incoming) and event.kind is Kind.LOCATION:
            raise ValueError
        return product_decide(view, event, *more)

    monkeypatch.setattr("bot.inbox.decide", stumbling)
    async with open_world(tmp_path) as world:
        with pytest.raises(AssertionError, match="given up"):
            await flooded(world, 3, 200)


async def test_everybody_in_a_private_chat_is_answered_whatever_they_send(tmp_path: Path) -> None:
    chance = random.Random(11)
    async with open_world(tmp_path) as world:
        asked = 0
        for number in range(300):
            one = incoming(chance, world, number)
            if one is None or one.side is not Side.RESIDENT or one.kind is Kind.EDIT:
                continue
            if one.kind in {Kind.JOINED, Kind.LEFT} or one.place is not None:
                continue
            peer = f"once-{number}"
            await world.take(replace(one, sender=Address("telegram", "bot", peer)))
            assert world.room.of(peer), f"no answer to {one.kind}"
            asked += 1
        assert asked > 60


# the web's forms

FORMS = ("/", "/thoat", "/hop", "/desk", "/desk/vao", "/telegram")
HEADERS = ({}, {"content-type": "application/json"}, {"content-type": "multipart/form-data"})


def posted(chance: random.Random, first: dict[str, str]) -> dict[str, str]:
    """Give a form with fields missing, exchanged, grown or repeated."""
    form = dict(first) | {"text": chance.choice([CRY, "alo", ""]), "choice": "a.for.me"}
    for name in list(form):
        if chance.random() < 0.3:
            del form[name]
        elif chance.random() < 0.3:
            form[name] = str(chance.choice(ODD)).encode("utf-8", "replace").decode()
    return form


@pytest.mark.soak
async def test_no_form_however_bent_breaks_a_page() -> None:
    chance = random.Random(seed())
    transport = httpx.ASGITransport(server(Memory()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        for _ in range(POSTED):
            first = fields((await http.get("/")).text)
            path, headers = chance.choice(FORMS), chance.choice(HEADERS)
            answer = await http.post(path, data=posted(chance, first), headers=headers)
            assert answer.status_code < 500, (path, answer.status_code)
            if answer.status_code == 200 and path == "/":
                assert "tel:111" in answer.text
        assert (await http.get("/")).status_code == 200
