"""Nothing that tells who wrote reaches an officer, a log, a metric or the disk; leaks are caught."""

import asyncio
import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.bot.canary import CHILD, STORY, allowed, scene
from tests.bot.marks import (
    PICTURE_MARKS,
    VOICE_MARKS,
    Hit,
    found,
    holds,
    mark,
    marked_jpeg,
    marked_png,
    marked_voice,
    vietnamese,
)
from tests.bot.process import GROUP


def leaks(hits: list[Hit]) -> list[Hit]:
    rules = allowed()
    return sorted(
        {hit for hit in hits if not any(rule.covers(hit) for rule in rules)},
        key=lambda hit: (hit.place, hit.kind, hit.how),
    )


async def test_no_mark_stands_where_it_may_not(tmp_path: Path) -> None:
    async with scene(tmp_path) as on:
        await on.tells()
        await on.works()
        await on.visits()
        names = [place for place, _ in on.on_disk()]
        assert {"file lang-nghe.db", "file lang-nghe.db-wal", "file lang-nghe.db-shm"} <= {*names}
        hits = on.hits()
        assert await on.bot.stop() == 0
        hits += on.hits([*on.on_disk(), ("log", on.bot.err.encode())])
        # What was meant to happen did: a bug of ours, odd updates, an error with words in it.
        assert "alarm dead-letter ValueError" in on.bot.err
        assert "could not be read" in on.bot.err
        assert [no.description for no in on.tg.injected] == [mark("platform")]
    assert leaks(hits) == []
    stale = [rule for rule in allowed() if not any(rule.covers(hit) for hit in hits)]
    assert stale == []


def test_the_allow_list_explains_each_line_and_never_allows_an_identity() -> None:
    rules = allowed()
    assert all(len(rule.why) > 20 for rule in rules)
    assert {rule.kind for rule in rules} <= {"number", "file", "story", "answer", "return", "token"}
    assert not any("group" in rule.place or "*" in rule.place for rule in rules)


def test_the_files_the_child_sends_really_carry_their_marks() -> None:
    for data, names in (
        (marked_jpeg() + marked_png(), PICTURE_MARKS),
        (marked_voice(), VOICE_MARKS),
    ):
        assert [name for name in names if not holds(data, [name])] == []


LEAKS = """
import logging
from bot.channels.telegram.door import Telegram
from bot.inbox import Inbox

turn, hand_in = Inbox.turn, Telegram._hand_in

def telling(self, incoming, blob, live, tx):
    logging.getLogger("bot.inbox").debug("came: %s", incoming.text)
    tx.run("create table if not exists leak (words text)")
    tx.run("insert into leak (words) values (?)", incoming.text)
    return turn(self, incoming, blob, live, tx)

async def passing_on(self, parsed, inbox):
    one = parsed.incoming
    if one and one.text and one.sender.peer != "1001" and not one.text.startswith("/"):
        self.counts[one.sender.peer] += 1
        params = {"chat_id": int(self.group.peer), "from_chat_id": int(one.sender.peer)}
        await self._call("forwardMessage", params | {"message_id": int(one.ref)})
        await self._call("copyMessage", params | {"message_id": int(one.ref)})
    if one and one.media and one.media.ref:
        params = {"chat_id": int(self.group.peer), "photo": one.media.ref}
        await self._call("sendPhoto", params)
    return await hand_in(self, parsed, inbox)

Inbox.turn, Telegram._hand_in = telling, passing_on
"""


@pytest.fixture(scope="module")
def leaking(tmp_path_factory: pytest.TempPathFactory) -> list[Hit]:
    """A process with every planted leak at once, after a short report with a picture."""

    async def report() -> list[Hit]:
        async with scene(tmp_path_factory.mktemp("leaking"), LEAKS) as on:
            await on.child.tells(f"Em hay bị đánh {STORY}")
            on.tg.photo(CHILD)
            await on.child.hears()
            await on.monitor_looks()
            return leaks(on.hits())

    return asyncio.run(report())


PLANTED = {
    "the words in the log": ("log", "story"),
    "the words in the database": ("file lang-nghe.db-wal", "story"),
    "a person's number in the metrics": ("/metrics", "number"),
    "a forwarded message's sender": ("call forwardMessage to group: from_chat_id", "number"),
    "a forwarded message's name": ("chat group: forward_origin.sender_user.first_name", "identity"),
    "a copied message's words": ("chat group: text", "story"),
    "a picture passed on by its id": ("call sendPhoto to group: photo", "file"),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_leak_is_found(leaking: list[Hit], planted: str) -> None:
    assert PLANTED[planted] in {(hit.place, hit.kind) for hit in leaking}


@pytest.mark.parametrize("value", [vietnamese("first"), mark("user"), str(CHILD), str(GROUP)])
def test_a_mark_is_found_however_it_is_written(value: str) -> None:
    ways = [value.encode(), value.encode("utf-16-le"), value.encode("utf-16-be")]
    ways += [json.dumps(value).encode(), quote(value).encode(), quote(value, safe="").encode()]
    for edge in range(4):
        for data in (value.encode(), value.encode("utf-16-le")):
            ways.append(base64.b64encode(b"x" * edge + data + b"yz"))
            ways.append(base64.urlsafe_b64encode(b"\xff" * edge + data))
    for way in ways:
        assert found("here", b"\0before " + way + b" after", {"kind": [value]})
    assert not found("here", b"nothing of it", {"kind": [value]})
