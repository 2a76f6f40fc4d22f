"""The first reading: danger before all, then what was asked for; nothing stays unanswered."""

from dataclasses import replace

import pytest

from handlers import front, report
from handlers.cases import Priority, Status
from handlers.effects import Add, Aside, Calm, EntryKind, Keep, Link, Open, Remind
from handlers.events import Kind, MediaKind, Side, Wait
from tests.handlers.views import HOUSE, ME, Chat, case, chat, house

ASKED_WHAT = ("a.for.me", "a.now.no")
SENT = (*ASKED_WHAT, "a.what.school", "go.send")


def drafted() -> Chat:
    return chat(*ASKED_WHAT, "a.what.hit")


def test_the_first_word_of_anybody_is_greeted_with_the_first_screen() -> None:
    there = chat()
    there.say("alo")
    assert there.said() == ["q.for"]
    there.say("hi")
    assert there.said() == ["q.for"]


def test_danger_in_the_very_first_words_comes_before_any_question() -> None:
    there = chat()
    there.say("cuu voi bo dang danh em")
    assert there.said() == ["emergency"]
    assert [one.case.priority for one in there.of(Open)] == [Priority.P1]
    assert not there.of(Open)[0].case.tapped


def test_danger_behind_a_command_is_read() -> None:
    there = chat()
    there.say("/meo bo dang danh em")
    assert there.said() == ["emergency"]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("/111", "hotlines"),
        ("Số 111.", "hotlines"),
        ("/meo", "tips_menu"),
        ("/ma", "mycase_ask"),
        ("xem tra loi", "mycase_ask"),
        ("/riengtu", "privacy_full"),
        ("ai đọc tin này?", "privacy_full"),
        ("/trogiup", "help"),
        ("/nothing", "help"),
        ("/start@bot", "q.for"),
        ("/baotin", "q.for"),
        ("/xoa", "dropped"),
        ("dừng", "dropped"),
    ],
)
def test_commands_work_typed_and_as_plain_words(typed: str, key: str) -> None:
    there = chat()
    there.say(typed)
    assert key in there.said()


def test_the_label_of_a_button_typed_is_that_button_not_a_wish() -> None:
    there = chat()
    there.say("minh can giup")
    assert there.talk.answers[report.FOR] == "me"
    there = chat()
    there.say("xem mẹo")
    assert there.said() == ["tips_menu"]
    assert not there.talk.told


def test_in_danger_typed_as_on_the_button_is_danger() -> None:
    there = chat(*SENT)
    there.say("đang nguy hiểm")
    assert "emergency" in there.said()
    assert there.case is not None
    assert there.case.priority is Priority.P1


def test_nothing_visible_is_no_story() -> None:
    for nothing in ("", "  ", "\u200b\u200b", "\u202e"):
        there = chat()
        there.say(nothing)
        assert there.said() == ["empty", "q.for"]
        assert not there.talk.told


def test_a_single_sign_that_can_be_seen_is_a_story() -> None:
    there = chat()
    there.say("😭")
    assert there.talk.answers.story == ("😭",)


def test_mother_comes_in_and_the_chat_is_a_stranger_s() -> None:
    there = drafted()
    there.say("mẹ vào")
    assert there.said() == ["hide"]
    assert there.buttons() == []
    assert len(there.of(Aside)) == 1
    there.say("alo")
    assert there.said() == ["q.for"]


def test_leaving_where_nothing_was_told_puts_nothing_away() -> None:
    there = chat()
    there.press("go.exit")
    assert not there.of(Aside)


def test_half_clear_danger_shows_the_numbers_above_the_step() -> None:
    there = chat(*ASKED_WHAT)
    there.say("nếu bố đánh em thì sao")
    assert there.said()[0] == "checkin"
    there = chat(*ASKED_WHAT)
    there.say("hồi trước em từng muốn chết")
    assert there.said()[0] == "emergency_maybe"
    assert not there.of(Open)


def test_what_was_surely_read_is_not_asked_again() -> None:
    there = chat()
    there.say("bố hay đánh em")
    assert there.talk.answers[report.WHAT] == "hit"
    there.press("a.for.me")
    there.press("a.now.no")
    assert there.asked() == "who"
    there.say("ở trường bạn bè bắt nạt em")
    assert there.talk.answers[report.WHAT] == "hit"


def test_threats_with_pictures_are_trouble_on_the_net() -> None:
    there = chat()
    there.say("nó dọa tung ảnh nóng của em nếu không chuyển tiền")
    assert there.talk.answers[report.WHAT] == "online"
    assert there.said()[0] == "sextortion"
    assert there.case is None  # the help needs no case
    there.press("a.for.me")
    there.press("a.now.no")
    assert there.asked() == "self"
    there.press("a.self.no")
    there.press("go.send")
    assert there.case is not None
    assert there.case.kind == "ONLINE"


def test_a_late_line_is_kept_until_it_is_decided_where_it_belongs() -> None:
    there = chat(*SENT).later(hours=3)
    there.say("hôm nay lại thế")
    there.say("sợ lắm")
    assert there.said() == ["add_or_new"]
    assert there.talk.draft == "hôm nay lại thế\nsợ lắm"
    assert [wait.wait for wait in there.of(Remind)] == [Wait.LATE_LINE]
    there.press("go.add")
    assert [add.text for add in there.of(Add)] == ["hôm nay lại thế\nsợ lắm"]
    assert there.talk.draft == ""
    there.press("go.add")
    assert there.asked() == "age"


def test_a_line_of_something_else_does_not_join_the_old_case_as_well() -> None:
    there = chat(*SENT).later(hours=3)
    there.say("chuyện khác hẳn")
    old = there.case
    there.press("go.new")
    assert there.case is None
    assert there.talk.answers.story == ("chuyện khác hẳn",)
    assert next(keep.talk.draft for keep in there.of(Keep)) == ""
    assert Calm(Wait.LATE_LINE, person=ME, side="resident") in there.effects
    assert [talk.case for talk in there.away.values()] == [old.id if old else None]


def test_something_else_without_a_line_begins_anew() -> None:
    there = chat(*SENT)
    there.press("go.new")
    assert there.asked() == "for"
    assert there.case is None


def test_danger_is_not_asked_where_it_belongs() -> None:
    there = chat("go.danger").later(hours=3)
    there.say("em ở nhà bà")
    assert "add_or_new" not in there.said()


def test_whoever_asks_in_their_own_chat_is_told_roughly_how_it_stands() -> None:
    there = chat(*SENT)
    there.say("có ai đọc chưa")
    assert there.said()[0] == "state_received"
    assert "có ai đọc chưa" in [add.text for add in there.of(Add)]


def test_an_answer_is_read_with_the_words_only() -> None:
    there = chat(*SENT)
    assert there.case is not None
    there.case = there.cases[there.case.id] = case(
        id=there.case.id, status=Status.RECEIVED, answered=there.now
    )
    there.say("có ai đọc chưa")
    assert there.said() == ["mycase_ask"]


def test_start_offers_what_is_being_told_and_shows_none_of_it() -> None:
    there = drafted()
    there.press("go.start")
    assert there.said() == ["welcome_back"]
    there.press("go.on")
    assert there.asked() == "words"
    there.press("go.anew")
    assert there.asked() == "for"
    assert len(there.away) == 1


def test_a_link_into_the_chat_only_greets() -> None:
    there = chat()
    there.take(Kind.TEXT, text="/start x", choice="start:x")
    assert there.asked() == "for"


def test_the_report_is_taken_up_where_it_stands() -> None:
    there = drafted()
    there.press("go.report")
    assert there.said() == ["q.words"]


def test_an_edit_is_kept_beside_what_it_edits() -> None:
    there = drafted()
    there.say("nó đánh mình")
    there.take(Kind.EDIT, text="nó hay đánh mình")
    assert there.said() == ["edited"]
    assert there.talk.answers.story == ("nó đánh mình", "nó hay đánh mình")
    there.take(Kind.EDIT, text=" ")
    assert len(there.talk.answers.story) == 2


def test_an_edit_of_an_open_case_joins_it() -> None:
    there = chat(*SENT)
    there.take(Kind.EDIT, text="sửa lại")
    assert [(add.kind, add.text) for add in there.of(Add)] == [(EntryKind.EDIT, "sửa lại")]


def test_an_edit_where_nothing_was_told_is_the_first_thing_told() -> None:
    there = chat()
    there.take(Kind.EDIT, text="hôm qua có người theo em về")
    assert there.talk.answers.story == ("hôm qua có người theo em về",)


def test_danger_in_an_edit_counts_as_anywhere() -> None:
    there = drafted()
    there.take(Kind.EDIT, text="bố đang đánh em")
    assert "emergency" in there.said()


def test_a_place_on_the_map_is_taken_only_in_danger() -> None:
    there = chat(*SENT)
    there.take(Kind.LOCATION, location=(21.02851, 105.80482))
    assert there.said() == ["location_no"]
    there.press("go.danger")
    there.take(Kind.LOCATION, location=(21.02851, 105.80482))
    assert "📍 21.02851, 105.80482" in [add.text for add in there.of(Add)]
    there.press("go.safe")
    there.take(Kind.LOCATION, location=(21.02851, 105.80482))
    assert there.said() == ["location_no"]


def test_what_cannot_be_read_is_answered_with_the_numbers() -> None:
    for there in (chat(), drafted()):
        there.take(Kind.WITHHELD)
        assert there.said() == ["withheld"]
        there.take(Kind.MEDIA)
        assert there.said() == ["withheld"]


def test_words_under_a_picture_come_first_and_the_picture_is_asked_about() -> None:
    there = drafted()
    there.file(MediaKind.PICTURE, "p", "đây là vết đánh")
    assert "photo_ask" in there.said()
    assert "đây là vết đánh" in there.talk.answers.story
    assert there.talk.held == ("picture|p",)


def test_danger_under_a_picture_opens_the_case_and_then_the_picture_is_asked_about() -> None:
    there = chat()
    there.file(MediaKind.PICTURE, "p", "bố đang đánh em")
    assert there.said() == ["emergency", "photo_ask"]
    assert there.case is not None


def test_a_command_under_a_picture_keeps_both() -> None:
    there = drafted()
    there.file(MediaKind.PICTURE, "p", "/111")
    assert there.said()[0] == "hotlines"
    assert there.talk.held == ("picture|p",)


def test_an_unknown_button_shows_where_things_stand() -> None:
    for press in ("", "zzz", "go.nothing", "a.what.hit", "d.claim.x"):
        there = chat()
        there.press(press)
        assert there.said()[0] == "stale"


def test_every_word_that_works_leads_somewhere() -> None:
    for verb in (*front.COMMANDS.values(), *front.WISHES.values()):
        assert verb in front.GO


def test_lessons_and_numbers_are_reached_by_their_buttons() -> None:
    there = chat()
    there.press("age.7-10")
    assert there.said() == ["tips_choose"]
    there.press("tel.111")
    assert "hotlines" in there.said()
    there.press("go.done")
    assert there.said() == ["bye"]
    there.press("edit.who")
    assert there.asked() == "for"


def test_return_words_open_the_case_and_a_draft_is_put_away() -> None:
    there = drafted()
    there.found = case(id="c", facts=(("for", "me"), ("what", "hit")))
    there.say("cá áo nhà mây gió")
    assert [link.case for link in there.of(Link)] == ["c"]
    assert len(there.away) == 1
    assert there.asked() == "story"


def test_return_words_asked_for_may_be_told_from_a_story() -> None:
    there = chat("go.code")
    there.say("cá áo nhà mây gió")
    assert there.said() == ["mycase_again"]
    there.say("/ma cá áo")
    assert there.said() == ["mycase_again"]
    there.say("bố hay đánh em")
    assert there.talk.answers.story == ("bố hay đánh em",)
    there.press("go.code")
    there.say("con mèo nhà em hôm nay đi chơi xa mất rồi")
    assert len(there.talk.answers.story) == 2


def test_the_window_of_an_open_answer_follows_what_is_told_and_not_who_looks_around() -> None:
    there = chat(*SENT).later(minutes=20)
    before = there.person.window
    for looks in ("go.111", "go.tips", "go.help", "go.start"):
        there.press(looks)
        assert there.person.window == before
    there.say("em nhắn thêm")
    assert there.person.window is not None
    assert before is None or there.person.window > before


def test_a_trial_says_in_its_first_message_that_nobody_reads() -> None:
    there = Chat(house=replace(HOUSE, trial=True))
    there.say("alo")
    assert there.said()[0] == "trial"
    there.press("a.for.me")
    assert "trial" not in there.said()


def test_the_officers_side_of_a_talk_is_not_read_as_a_resident_s() -> None:
    there = chat()
    there.talk = replace(there.talk, side=Side.DESK)
    there.say("bố đang đánh em")
    assert not there.of(Open)


def test_whoever_begins_in_english_is_answered_in_english() -> None:
    there = chat()
    there.say("my dad hits me every day")
    assert there.person.language == "en"


def test_danger_beside_the_return_words_rises_in_that_very_case() -> None:
    there = chat()
    there.found = there.cases["c"] = case(id="c")
    there.say("bố đang đánh em cá áo nhà mây gió")
    assert there.case is not None
    assert (there.case.id, there.case.priority) == ("c", Priority.P1)
    assert "bố đang đánh em" in [add.text for add in there.of(Add)]


def test_nobody_is_asked_twice_in_one_message_whether_they_are_in_danger() -> None:
    there = chat("a.for.me")
    there.say("nếu bố đánh em thì sao")
    assert "checkin" not in there.said()
    assert there.asked() == "now"


def test_somebody_who_joins_or_leaves_is_not_spoken_to() -> None:
    there = chat()
    assert there.take(Kind.JOINED) == []
    assert there.take(Kind.LEFT) == []


def test_a_plea_about_the_parents_is_answered_and_kept_for_the_officers() -> None:
    there = chat(*SENT)
    there.say("đừng nói với bố em")
    assert there.said()[0] == "plea_parents"
    assert "đừng nói với bố em" in [add.text for add in there.of(Add)]
    without = Chat(house=house(parents_rule=False))
    without.say("đừng nói với mẹ em")
    assert without.said()[0] == "plea_noted"


def test_whoever_asks_who_is_there_is_told_honestly() -> None:
    there = chat()
    there.say("bạn là robot à")
    assert there.said()[0] == "reply_who"
