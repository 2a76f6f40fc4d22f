"""Every chat in tests/transcripts goes as it is written there; `pytest --rewrite` writes it anew."""

import difflib
from pathlib import Path

import pytest

from tests.script import LOST, play

CHATS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("chat", CHATS, ids=lambda chat: chat.stem)
async def test_the_chat_goes_as_it_is_written(chat: Path, tmp_path: Path, rewrite: bool) -> None:
    written = chat.read_text("utf-8")
    played = await play(tmp_path, written)
    if rewrite:
        chat.write_text(played, "utf-8")
        return
    assert LOST not in played, "a button that is pressed here is not there any more"
    difference = difflib.unified_diff(
        written.splitlines(), played.splitlines(), "as written", "as it goes now", lineterm="", n=4
    )
    assert written == played, "\n".join(("", *difference, "", "Right so? Run: pytest --rewrite"))
