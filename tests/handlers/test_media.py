"""Pictures after a question, voices after a warning, the rest kindly refused."""

import pytest

from handlers.effects import Add, EntryKind, Fetch
from handlers.events import MediaKind
from handlers.media import MOST_HELD
from handlers.view import Person
from tests.handlers.views import ME, Chat, chat

DRAFT = ("a.for.me", "a.now.no", "a.what.hit")
SENT = (*DRAFT, "go.send")
ADULT = ("a.for.adult", "a.now.past")


def test_a_child_s_picture_is_asked_about_before_anything_is_fetched() -> None:
    there = chat(*DRAFT)
    there.file(MediaKind.PICTURE)
    assert there.said() == ["photo_ask"]
    assert there.talk.held == ("picture|file",)
    assert not there.of(Fetch)


def test_a_picture_of_somebody_undressed_is_never_taken() -> None:
    there = chat(*SENT)
    there.file(MediaKind.PICTURE)
    there.press("go.photo_yes")
    assert there.said() == ["photo_keep"]
    assert there.talk.held == ()
    assert not there.of(Fetch)


def test_a_picture_goes_with_the_draft_into_the_case() -> None:
    there = chat(*DRAFT)
    there.file(MediaKind.PICTURE)
    there.press("go.photo_no")
    assert there.said() == ["file_with_draft"]
    assert there.talk.ready == ("picture|file",)
    there.press("go.send")
    assert [fetch.media.ref for fetch in there.of(Fetch)] == ["file"]
    assert there.case is not None
    assert there.case.pictures == 1
    assert there.talk.ready == ()


def test_a_picture_of_a_sent_case_is_fetched_at_once() -> None:
    there = chat(*SENT)
    there.file(MediaKind.PICTURE)
    there.press("go.photo_no")
    assert there.said() == ["file_taken"]
    assert [add.kind for add in there.of(Add)] == [EntryKind.PICTURE]


def test_an_adult_s_picture_of_a_place_is_taken_without_a_question() -> None:
    there = chat(*ADULT, "a.what.hit", "go.send")
    there.file(MediaKind.PICTURE)
    assert there.said() == ["file_taken"]
    there.press("go.photo")
    assert there.said() == ["photo_rule"]


def test_an_adult_s_picture_of_abuse_is_asked_about() -> None:
    there = chat(*ADULT, "a.what.touch")
    there.file(MediaKind.PICTURE)
    assert there.said() == ["photo_ask"]
    there.press("go.send")
    there.file(MediaKind.PICTURE)
    assert there.said() == ["photo_ask"]


def test_a_page_asks_first_and_then_offers_its_control() -> None:
    there = chat(*SENT)
    there.press("go.photo")
    assert there.said() == ["photo_ask"]
    there.press("go.photo_no")
    assert there.said() == ["photo_rule"]
    assert "up.photo" in there.buttons()
    there.file(MediaKind.PICTURE)
    assert there.said() == ["file_taken"]
    there.file(MediaKind.PICTURE)
    assert there.said() == ["photo_ask"]


def test_a_voice_is_warned_about_and_then_passed_on_or_let_be() -> None:
    there = chat(*SENT)
    there.file(MediaKind.VOICE)
    assert there.said() == ["voice_ask"]
    there.press("go.voice_no")
    assert there.said() == ["voice_dropped"]
    there.press("go.voice_yes")
    assert there.said() == ["voice_dropped"]
    there.file(MediaKind.VOICE)
    there.press("go.voice_yes")
    assert [add.kind for add in there.of(Add)] == [EntryKind.VOICE]


@pytest.mark.parametrize("kind", [MediaKind.PICTURE, MediaKind.VOICE])
def test_on_a_full_disk_no_file_is_taken_and_words_are_asked_for(kind: MediaKind) -> None:
    for there, way in ((chat(*DRAFT), "go.on"), (chat(*SENT), "go.on"), (Chat(), "go.report")):
        there.room = False
        there.file(kind)
        assert there.said() == ["no_room"]
        assert way in there.buttons()
        assert there.talk.held == ()
        assert not there.of(Fetch)


def test_a_file_that_waited_for_its_question_is_let_go_when_the_disk_is_full_by_then() -> None:
    for kind, press in ((MediaKind.PICTURE, "go.photo_no"), (MediaKind.VOICE, "go.voice_yes")):
        there = chat(*SENT)
        there.file(kind)
        there.room = False
        there.press(press)
        assert there.said() == ["no_room"]
        assert there.talk.held == ()
        assert not there.of(Fetch)


def test_a_page_offers_no_control_for_pictures_on_a_full_disk() -> None:
    there = chat(*SENT)
    there.room = False
    there.press("go.photo")
    assert there.said() == ["no_room"]
    assert "up.photo" not in there.buttons()


@pytest.mark.parametrize("kind", ["video", "file", "sticker", "contact"])
def test_anything_else_is_kindly_refused_with_a_way_on(kind: str) -> None:
    for there, way in ((Chat(), "go.report"), (chat(*DRAFT), "go.on")):
        there.file(MediaKind(kind))
        assert there.said() == [f"refuse_{kind}"]
        assert way in there.buttons()
        assert not there.of(Fetch)


def test_no_more_than_a_few_files_wait_and_none_without_a_name() -> None:
    there = chat(*DRAFT)
    for number in range(MOST_HELD + 3):
        there.file(MediaKind.PICTURE, f"f{number}")
    assert len(there.talk.held) == MOST_HELD
    there = Chat(person=Person(ME, voice="adult"))
    there.file(MediaKind.PICTURE, "")
    assert there.talk.ready == ()
    there.file(MediaKind.VOICE, "")
    assert there.talk.held == ()
