"""What the parser makes of raw updates, and what it leaves outside."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram.parse import Parsed, Setting, parse
from handlers.events import Address, Incoming, Kind, Media, MediaKind, Side
from tests.bot.telegram_updates import (
    BOT,
    CHILD,
    CONTENTS,
    GROUP,
    MARK,
    NOW,
    OFFICER,
    ORIGIN,
    SENT,
    SETTING,
    Json,
    bot_said,
    every_update,
    file,
    group,
    message,
    press,
    private,
    reply,
    said,
    standing,
    update,
    user,
)

CHILD_AT = Address("telegram", str(BOT), str(CHILD))
OFFICER_AT = Address("telegram", str(BOT), str(OFFICER))
GROUP_AT = Address("telegram", str(BOT), str(GROUP))


def read(raw: object) -> Parsed:
    return parse(raw, SETTING)


def taken(raw: object) -> Incoming:
    incoming = read(raw).incoming
    assert incoming is not None
    return incoming


# a person writes


def test_a_text_becomes_a_neutral_message() -> None:
    incoming = taken(said({"text": "cứu em với"}))
    assert incoming == Incoming(
        event_id=f"telegram:{BOT}:900",
        ref="41",
        at=incoming.at,
        side=Side.RESIDENT,
        sender=CHILD_AT,
        kind=Kind.TEXT,
        text="cứu em với",
    )
    assert int(incoming.at.timestamp()) == SENT


def test_the_same_update_has_the_same_event_id() -> None:
    assert taken(said({"text": "a"})).event_id == taken(said({"text": "b"})).event_id


def test_nothing_that_tells_who_somebody_is_comes_in() -> None:
    for raw in every_update():
        assert MARK in json.dumps(raw)
        assert MARK not in repr(read(raw)), raw


def test_words_stay_as_typed_but_for_what_nobody_can_type() -> None:
    assert taken(said({"text": "a\x00b\x07\tc\r\nd\re\ud83d"})).text == "ab\tc\nd\ne"
    assert taken(said({"text": "  Em Sợ  \n\n😢 e\u0301 "})).text == "  Em Sợ  \n\n😢 e\u0301 "


@pytest.mark.parametrize(
    ("typed", "text", "choice"),
    [
        ("/start", "/start", None),
        ("/start q-poster_7", "/start", "start:q-poster_7"),
        ("/start@lang_nghe_bot q7", "/start", "start:q7"),
        ("/start cứu em với", "/start cứu em với", None),
        ("/start " + "a" * 65, "/start " + "a" * 65, None),
        ("/baotin@lang_nghe_bot", "/baotin", None),
        ("/111@lang_nghe_bot ơi", "/111 ơi", None),
        ("viết cho em@nhà", "viết cho em@nhà", None),
    ],
)
def test_commands_lose_handles_and_start_keeps_its_ticket(
    typed: str, text: str, choice: str | None
) -> None:
    incoming = taken(said({"text": typed}))
    assert (incoming.text, incoming.choice) == (text, choice)


@pytest.mark.parametrize(
    ("name", "kind", "ref"),
    [
        ("photo", MediaKind.PICTURE, "AgACfile"),
        ("picture file", MediaKind.PICTURE, "AgACfile"),
        ("document", MediaKind.FILE, "AgACfile"),
        ("voice", MediaKind.VOICE, "AgACfile"),
        ("audio", MediaKind.VOICE, "AgACfile"),
        ("video", MediaKind.VIDEO, "AgACfile"),
        ("video_note", MediaKind.VIDEO, "AgACfile"),
        ("animation", MediaKind.VIDEO, "AgACfile"),
        ("sticker", MediaKind.STICKER, ""),
        ("contact", MediaKind.CONTACT, ""),
        ("users_shared", MediaKind.CONTACT, ""),
    ],
)
def test_each_kind_of_file_is_told_apart(name: str, kind: MediaKind, ref: str) -> None:
    incoming = taken(said(CONTENTS[name]))
    assert incoming.kind is Kind.MEDIA
    assert incoming.media == Media(kind, ref, 1234 if ref else None)
    assert incoming.text == CONTENTS[name].get("caption", "")


def test_of_a_photo_the_largest_size_that_can_be_fetched_is_taken() -> None:
    sizes = [
        file(file_id="small", width=90, height=60),
        file(file_id="good", width=800, height=600),
        file(file_id="huge", width=9000, height=6000, file_size=10 * 1024 * 1024 + 1),
        "nonsense",
    ]
    media = taken(said({"photo": sizes})).media
    assert media is not None
    assert media.ref == "good"


def test_a_photo_without_a_usable_size_still_arrives() -> None:
    assert taken(said({"photo": []})).media == Media(MediaKind.PICTURE)


@pytest.mark.parametrize("name", ["location", "venue"])
def test_a_place_comes_as_a_point_without_its_name(name: str) -> None:
    incoming = taken(said(CONTENTS[name]))
    assert incoming.kind is Kind.LOCATION
    assert incoming.location in {(20.97, 105.87), (1.0, 2.0)}


@pytest.mark.parametrize(
    "point",
    [
        {"latitude": float("nan"), "longitude": 1},
        {"latitude": 91, "longitude": 1},
        {"latitude": True, "longitude": 1},
        {"latitude": 1},
        "here",
    ],
)
def test_an_impossible_place_is_still_answered(point: object) -> None:
    assert taken(said({"location": point})).kind is Kind.WITHHELD


@pytest.mark.parametrize(
    "name", ["poll", "dice", "game", "story", "paid_media", "something of next year"]
)
def test_what_cannot_be_read_is_withheld_and_so_answered(name: str) -> None:
    assert taken(said(CONTENTS[name])).kind is Kind.WITHHELD


def test_a_message_with_nothing_in_it_is_answered() -> None:
    assert taken(said({})).kind is Kind.WITHHELD
    assert taken(said({"text": 7})).kind is Kind.WITHHELD


def test_an_edit_carries_the_new_words_and_the_old_messages_id() -> None:
    raw = update("edited_message", message({"text": "nói lại", "edit_date": SENT + 30}))
    incoming = taken(raw)
    assert (incoming.kind, incoming.ref, incoming.text) == (Kind.EDIT, "41", "nói lại")
    assert int(incoming.at.timestamp()) == SENT + 30


def test_a_live_location_that_moves_is_dropped() -> None:
    moving = {"location": {"latitude": 1, "longitude": 2, "live_period": 60}}
    assert read(update("edited_message", message(moving))) == Parsed()


def test_a_changed_picture_is_not_lost() -> None:
    incoming = taken(update("edited_message", message(CONTENTS["photo"])))
    assert (incoming.kind, incoming.text) == (Kind.EDIT, "đây")
    assert incoming.media is not None


def test_a_reply_keeps_only_the_id() -> None:
    assert taken(said({"text": "vâng"} | ORIGIN)).reply_to == "39"


def test_a_time_that_is_missing_or_ahead_is_now() -> None:
    for date in (None, "x", -1, 0, SENT + 10**6, 2**40, True):
        assert taken(said({"text": "a", "date": date})).at == NOW


def test_other_bots_and_channels_are_not_heard() -> None:
    assert read(said({"text": "a"}, sender=user(8, is_bot=True))) == Parsed()
    assert read(said({"text": "a", "sender_chat": group(-6)})) == Parsed()
    assert read(said({"text": "a"}, chat=group(-6, "channel"))) == Parsed()


def test_the_platforms_own_notes_are_not_answered() -> None:
    for note in ("pinned_message", "message_auto_delete_timer_changed", "write_access_allowed"):
        assert read(said({note: {"a": 1}})) == Parsed()


# a button is pressed


def test_a_press_is_a_choice_and_waits_for_its_answer() -> None:
    parsed = read(press("r.now.yes"))
    assert parsed.press == "77001"
    assert parsed.incoming is not None
    assert parsed.incoming.kind is Kind.CHOICE
    assert parsed.incoming.choice == "r.now.yes"
    assert parsed.incoming.ref == "41"
    assert parsed.incoming.at == NOW
    assert (parsed.incoming.side, parsed.incoming.place) == (Side.RESIDENT, None)


def test_a_press_in_the_officers_group_speaks_at_the_desk() -> None:
    incoming = taken(press("x", chat=group(), sender=user(OFFICER)))
    assert incoming.side is Side.DESK
    assert (incoming.sender, incoming.place) == (OFFICER_AT, GROUP_AT)


def test_a_desk_button_pressed_privately_speaks_at_the_desk() -> None:
    incoming = taken(press("d.claim.1"))
    assert (incoming.side, incoming.place) == (Side.DESK, None)


@pytest.mark.parametrize("data", ["", "x" * 65, "đồng ý", "a\nb", 7, None, ["d."], "\ud800"])
def test_forged_data_is_a_question_mark_and_still_answered(data: object) -> None:
    parsed = read(press(data))
    assert parsed.press == "77001"
    assert parsed.incoming is not None
    assert (parsed.incoming.choice, parsed.incoming.side) == ("?", Side.RESIDENT)


def test_a_press_in_a_strange_group_is_only_answered() -> None:
    assert read(press("d.claim.1", chat=group(-6))) == Parsed(press="77001")


def test_a_press_on_a_message_that_is_gone_is_heard() -> None:
    raw = press("r.back")
    raw["callback_query"]["message"] = {"chat": private(), "message_id": 41, "date": 0}
    assert taken(raw).choice == "r.back"
    del raw["callback_query"]["message"]
    assert taken(raw).ref == ""


# groups


def test_group_chatter_is_dropped() -> None:
    for words in ("hello", "/start", "/baotin@lang_nghe_bot"):
        assert read(said({"text": words}, chat=group(), sender=user(OFFICER))) == Parsed()
        assert read(said({"text": words}, chat=group(-6), sender=user(OFFICER))) == Parsed()
    assert read(update("edited_message", reply()["message"])) == Parsed()


def test_a_reply_to_the_bot_is_told_without_its_words() -> None:
    incoming = taken(reply())
    assert (incoming.kind, incoming.text, incoming.reply_to) == (Kind.TEXT, "", "40")
    assert (incoming.side, incoming.sender, incoming.place) == (Side.DESK, OFFICER_AT, GROUP_AT)


def test_a_reply_with_a_picture_tells_nothing_of_the_picture() -> None:
    incoming = taken(reply(**CONTENTS["photo"]))
    assert (incoming.kind, incoming.text, incoming.media) == (Kind.TEXT, "", None)


def test_a_topic_that_the_bot_has_made_is_told_with_its_name() -> None:
    made = {"forum_topic_created": {"name": "🔴 P1 · K7M4-PQ2X"}}
    note = made | {"message_thread_id": 40, "is_topic_message": True}
    ours = {"sender": user(BOT, is_bot=True)}
    here = said(note, chat=group(), **ours)
    assert read(here) == Parsed(topic=("40", "🔴 P1 · K7M4-PQ2X"))
    for other in (
        said(note, chat=group(-6), **ours),
        said(note, chat=group(), sender=user(OFFICER)),
        said(note | {"message_thread_id": "40"}, chat=group(), **ours),
        said(note | {"forum_topic_created": {}}, chat=group(), **ours),
        said(note | {"forum_topic_created": 7}, chat=group(), **ours),
    ):
        assert read(other) == Parsed()


def test_every_message_in_a_topic_answers_its_first_note_and_that_is_no_reply() -> None:
    note = bot_said(forum_topic_created={"name": MARK})
    assert read(reply(reply_to_message=note)) == Parsed()
    inside = {"is_topic_message": True, "message_thread_id": 40}
    assert read(reply(**inside)) == Parsed()
    assert taken(reply(**inside | {"message_thread_id": 12})).reply_to == "40"


@pytest.mark.parametrize(
    "raw",
    [
        reply(sender_chat=group()),
        reply(**{"from": user(1087968824, is_bot=True)}),
        reply(**{"from": user(1087968824)}),
        reply(**{"from": user(777000)}),
        reply(pinned_message=bot_said()),
        reply(reply_to_message={"message_id": 40, "from": user(OFFICER)}),
    ],
)
def test_anonymous_admins_notes_and_replies_to_others_are_dropped(raw: Json) -> None:
    assert read(raw) == Parsed()


@pytest.mark.parametrize(
    "raw",
    [
        standing("member", chat=group(-6, "group")),
        standing("administrator", chat=group(-6, "channel")),
        said({"new_chat_members": [user(9), user(BOT)]}, chat=group(-6), sender=user(OFFICER)),
        said({"group_chat_created": True}, chat=group(-6, "group"), sender=user(OFFICER)),
    ],
)
def test_being_taken_into_a_strange_group_is_told(raw: Json) -> None:
    incoming = taken(raw)
    assert incoming.kind is Kind.JOINED
    assert incoming.sender == OFFICER_AT
    assert incoming.place == Address("telegram", str(BOT), "-6")


def test_without_a_configured_group_every_group_is_strange() -> None:
    parsed = parse(standing("member", chat=group()), Setting(str(BOT), None, NOW))
    assert parsed.incoming is not None
    assert parsed.incoming.kind is Kind.JOINED


@pytest.mark.parametrize(
    "raw",
    [
        standing("administrator", chat=group()),
        said({"new_chat_members": [user(BOT)]}, chat=group()),
        said({"new_chat_members": [user(9)]}, chat=group(-6)),
        standing("left", chat=group(-6)),
        standing("member", chat=private()),
    ],
)
def test_no_other_standing_of_the_bot_is_told(raw: Json) -> None:
    assert read(raw) == Parsed()


def test_a_person_who_blocks_the_bot_has_left() -> None:
    incoming = taken(standing("kicked", chat=private()))
    assert (incoming.kind, incoming.sender) == (Kind.LEFT, CHILD_AT)


def test_a_change_among_the_officers_is_told_by_the_persons_id() -> None:
    changed = standing("kicked", chat=group(), who=OFFICER, kind="chat_member")
    assert read(changed) == Parsed(member=str(OFFICER))
    elsewhere = standing("kicked", chat=group(-6), who=OFFICER, kind="chat_member")
    assert read(elsewhere) == Parsed()


def test_the_officers_group_is_followed_when_it_moves() -> None:
    to = said({"migrate_to_chat_id": -1005}, chat=group(), sender=user(1087968824, is_bot=True))
    came = said({"migrate_from_chat_id": GROUP}, chat=group(-1005))
    assert read(to).moved == read(came).moved == (str(GROUP), "-1005")
    assert read(said({"migrate_to_chat_id": -1005}, chat=group(-6))).moved is None


# nonsense


@pytest.mark.parametrize(
    "raw",
    [
        None,
        7,
        [],
        {},
        {"update_id": "1", "message": message({"text": "a"})},
        {"update_id": True, "message": message({"text": "a"})},
        {"update_id": 1},
        {"update_id": 1, "message": []},
        {"update_id": 1, "poll": {}},
        said({"text": "a"}, chat={}),
        said({"text": "a", "message_id": "41"}),
        said({"text": "a"}, chat={"type": "private", "id": 10**30}),
    ],
)
def test_what_cannot_be_read_is_odd_and_no_exception(raw: object) -> None:
    assert read(raw).odd


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.sampled_from([BOT, CHILD, GROUP, "private", "supergroup", "channel", 10**40, "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
EVERY = every_update()


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys: Any = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = range(len(value))
    return [here, *(path for key in keys for path in paths(value[key], (*here, key)))]


PATHS = [paths(raw)[1:] for raw in EVERY]


def mutate(raw: Any, path: tuple[Any, ...], value: Any, drop: bool) -> None:
    for key in path[:-1]:
        try:
            raw = raw[key]
        except (KeyError, IndexError, TypeError):
            return
    if not isinstance(raw, dict):
        return
    if drop:
        raw.pop(path[-1], None)
    else:
        raw[path[-1]] = value


@settings(max_examples=2500, deadline=None, database=None)
@given(st.data())
def test_no_damage_to_an_update_raises_or_lets_an_identity_in(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(EVERY) - 1))
    raw = copy.deepcopy(EVERY[number])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(PATHS[number]))
        mutate(raw, path, data.draw(ANYTHING), data.draw(st.booleans()))
    parsed = read(raw)
    assert MARK not in repr(parsed)
    incoming = parsed.incoming
    if incoming is not None:
        said_words = [incoming.event_id, incoming.ref, incoming.text, incoming.choice or ""]
        said_words += [incoming.sender.peer, incoming.media.ref if incoming.media else ""]
        assert all(word.encode() is not None for word in said_words)
        assert int(incoming.sender.peer)
        assert incoming.at <= NOW


@settings(max_examples=300, deadline=None, database=None)
@given(ANYTHING)
def test_any_json_at_all_gives_an_answer(raw: object) -> None:
    assert isinstance(read(raw), Parsed)
