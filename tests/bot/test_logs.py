"""Allow-list logging: our own events, and nothing that anybody else prints."""

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from bot import logs

TOKEN = "7000000001:AA-not-a-real-token-only-for-tests"
WORDS = "em bị đánh ở nhà"


@pytest.fixture
def err(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What reaches standard error; logging is as it was before, afterwards."""
    root, hook = logging.getLogger(), sys.excepthook
    before = (root.handlers, root.level, logging.raiseExceptions)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.set_up("DEBUG")
    yield stream
    root.handlers, logging.raiseExceptions = before[0], before[2]
    root.setLevel(before[1])
    sys.excepthook = hook


@pytest.mark.parametrize(
    "name",
    [
        "httpx",
        "telegram.Bot",
        "telegram.ext",
        "aiosqlite",
        "asyncio",
        "uvicorn.error",
        "apscheduler",
        "aiohttp.client",
        "botany",
        "",
    ],
)
@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO, logging.CRITICAL])
def test_a_library_prints_nothing_at_any_level(err: io.StringIO, name: str, level: int) -> None:
    logging.getLogger(name).log(level, "https://h/bot%s/sendMessage %s", TOKEN, WORDS)
    assert err.getvalue() == ""


@pytest.mark.parametrize("name", ["bot", "bot.inbox", "storage.db"])
def test_our_own_events_are_printed(err: io.StringIO, name: str) -> None:
    logging.getLogger(name).warning("alarm %s %s", "dead-letter", "ValueError")
    assert f"WARNING {name}: alarm dead-letter ValueError" in err.getvalue()


def test_of_an_exception_only_the_class_is_printed(err: io.StringIO) -> None:
    try:
        raise ValueError(f"{WORDS} {TOKEN}")
    except ValueError:
        logging.getLogger("bot.inbox").exception("could not be taken in")
    said = err.getvalue()
    assert "could not be taken in [ValueError]" in said
    assert WORDS not in said
    assert TOKEN not in said
    assert "Traceback" not in said


def test_a_record_that_cannot_be_formatted_prints_nothing_of_itself(err: io.StringIO) -> None:
    logging.getLogger("bot").info("%d moments", WORDS)
    assert WORDS not in err.getvalue()


def test_an_unforeseen_end_says_where_but_never_what(err: io.StringIO) -> None:
    with pytest.raises(KeyError) as ended:
        raise KeyError(WORDS)
    sys.excepthook(ended.type, ended.value, ended.tb)
    said = err.getvalue()
    assert "ended by KeyError at test_logs.py:" in said
    assert WORDS not in said


def test_the_level_is_kept(err: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", err)
    logs.set_up("ERROR")
    logging.getLogger("bot").warning("quiet")
    logging.getLogger("bot").error("loud")
    assert "quiet" not in err.getvalue()
    assert "loud" in err.getvalue()
