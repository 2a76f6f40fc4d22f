"""When a waiting moment comes: silence, a draft's end, a P1 that nobody took, a notice, a prompt.

And what makes a case rise, reopen, or ring: the calls that must not be lost.
"""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from handlers import raising
from handlers.cases import Case, Priority, Reason, Route, Status, close
from handlers.decide import decide
from handlers.effects import (
    Add,
    Audit,
    Calm,
    Change,
    Class,
    Delivery,
    Effect,
    EntryKind,
    Forget,
    Hook,
    Keep,
    Open,
    Remind,
    Say,
    Show,
)
from handlers.events import Due, Side, Wait
from handlers.talk import Answers, Talk
from handlers.view import Entry, Hours, Phone, View
from tests.handlers.office import (
    CASE,
    CHILD,
    NOW,
    ROSTER,
    SONG,
    Dice,
    every,
    house,
    only,
    press,
    types,
    view,
    words,
)

DANGER = replace(
    CASE,
    priority=Priority.P1,
    happening=True,
    opened=NOW - timedelta(minutes=5),
    last_words=NOW - timedelta(minutes=5),
    answer_by=NOW + timedelta(minutes=25),
)
ON_DUTY = tuple(replace(o, duty=o.id == "song") for o in ROSTER)


def came(wait: Wait, at: View) -> list[Effect]:
    return decide(at, Due("due1", wait, NOW), Dice())


def resident(talk: Talk, case: Case | None = None, **more: object) -> View:
    return view(None, case, person=CHILD, talk=talk, **more)


def rung(effects: list[Effect]) -> set[str]:
    return {say.to for say in every(effects, Say) if say.rank is Class.ALERT}


def unclaimed(effects: list[Effect]) -> list[Remind]:
    """When the calls for a claim begin."""
    return [remind for remind in every(effects, Remind) if remind.wait is Wait.UNCLAIMED]


TOLD = Answers((("for", "me"), ("now", "no"), ("what", "hit")), ("bố hay đánh em",))


# A P1 that nobody has claimed.


def test_an_unclaimed_p1_rings_the_duty_people_the_second_road_and_tells_the_truth() -> None:
    effects = came(Wait.UNCLAIMED, view(None, DANGER, roster=ON_DUTY))
    assert rung(effects) == {"officer:song"}
    hook = only(effects, Hook)
    assert (hook.code, hook.priority) == (f"{CASE.code[:4]}-{CASE.code[4:]}", "P1")
    truth = next(s for s in every(effects, Say) if s.to == CHILD.id)
    assert [p.key for p in truth.parts] == ["sos_unread"]
    assert only(effects, Remind) == Remind(
        Wait.UNCLAIMED, NOW + timedelta(minutes=10), case=CASE.id
    )
    assert every(effects, Audit) == [Audit("unclaimed", case=CASE.id)]


def test_the_call_carries_a_code_and_no_words() -> None:
    for say in every(came(Wait.UNCLAIMED, view(None, DANGER)), Say):
        if say.rank is Class.ALERT:
            assert words(say.parts).startswith(f"🔴 Hồ sơ {CASE.code[:4]}-{CASE.code[4:]}")
            assert "đánh" not in words(say.parts)


def test_with_nobody_on_duty_everybody_who_may_see_the_case_is_called() -> None:
    off = tuple(replace(o, duty=False) for o in ROSTER)
    at = view(None, DANGER, roster=off)
    assert rung(came(Wait.UNCLAIMED, at)) == {"officer:lead", "officer:song", "officer:school"}


def test_nobody_is_called_who_may_not_see_the_case() -> None:
    hidden, routed = replace(DANGER, school_hidden=True), replace(DANGER, route=Route.INDEPENDENT)
    leads = replace(DANGER, route=Route.LEADS)
    assert rung(came(Wait.UNCLAIMED, view(None, hidden))) == {"officer:lead", "officer:song"}
    assert rung(came(Wait.UNCLAIMED, view(None, routed))) == {"officer:outside"}
    assert rung(came(Wait.UNCLAIMED, view(None, leads))) == {"officer:lead", "officer:outside"}


def test_with_nobody_on_the_roster_the_second_road_still_rings() -> None:
    effects = came(Wait.UNCLAIMED, view(None, DANGER, roster=()))
    assert rung(effects) == set()
    assert only(effects, Hook)


def test_a_reporter_who_has_left_is_told_nothing() -> None:
    at = view(None, DANGER, reporters=(replace(CHILD, window=NOW - timedelta(minutes=1)),))
    assert {s.to for s in every(came(Wait.UNCLAIMED, at), Say)} == {
        "officer:lead",
        "officer:song",
        "officer:school",
    }


@pytest.mark.parametrize(
    "case",
    [
        replace(DANGER, claimed_by="song"),
        close(DANGER, Reason.SAFE, NOW),
        replace(DANGER, priority=Priority.P2),
    ],
)
def test_nobody_is_called_once_it_is_claimed_closed_or_lowered(case: Case) -> None:
    assert came(Wait.UNCLAIMED, view(None, case)) == []


def test_an_alarm_called_off_by_the_phone_before_anybody_saw_it_rings_on() -> None:
    off = replace(DANGER, priority=Priority.P2, safe=True)
    effects = came(Wait.UNCLAIMED, view(None, off))
    assert rung(effects)
    assert CHILD.id not in {s.to for s in every(effects, Say)}
    assert came(Wait.UNCLAIMED, view(None, replace(off, claimed_by="song"))) == []


def test_a_case_that_is_gone_calls_nobody() -> None:
    assert came(Wait.UNCLAIMED, view(None, None)) == []


def test_the_calls_come_often_for_two_hours_then_hourly_until_somebody_has_it() -> None:
    def again(now: datetime = NOW, **change: object) -> timedelta:
        case = replace(DANGER, **change)  # type: ignore[arg-type]
        return only(came(Wait.UNCLAIMED, view(None, case, now=now)), Remind).due - now

    old = NOW - timedelta(days=1)
    often, hourly = timedelta(minutes=10), timedelta(hours=1)
    assert again(opened=old, last_words=old, answer_by=old) == hourly
    assert again(opened=old, last_words=None, answer_by=None) == hourly
    assert again(opened=old, last_words=NOW, answer_by=None) == often
    assert again(opened=old, last_words=old, answer_by=NOW) == often
    before_office = NOW.replace(hour=0, minute=30)  # 07:30; the office opens at 08:00
    assert again(before_office, opened=old, last_words=old, answer_by=old) == timedelta(minutes=30)


def test_raised_a_day_later_a_case_calls_as_long_as_a_new_one() -> None:
    old = replace(CASE, opened=NOW - timedelta(days=1), last_words=NOW - timedelta(days=1))
    risen, _ = raising.raise_to(view(None, old), old, Priority.P1, tapped=True)
    later = view(None, risen, now=NOW + timedelta(minutes=5))
    assert only(came(Wait.UNCLAIMED, later), Remind).due == later.now + timedelta(minutes=10)


# Rising, reopening, ringing.


def test_danger_in_a_known_case_rings_where_its_card_stands() -> None:
    case, effects = raising.raise_to(view(None, CASE), CASE, Priority.P1, tapped=True)
    assert (case.priority, case.happening) == (Priority.P1, True)
    assert rung(effects) == {"group"}
    assert unclaimed(effects)[0].due == NOW + timedelta(minutes=5)
    routed = replace(CASE, route=Route.INDEPENDENT)
    _, effects = raising.raise_to(view(None, routed), routed, Priority.P1, tapped=True)
    assert rung(effects) == {"officer:outside"}


def test_a_danger_that_is_known_already_rings_only_once() -> None:
    case, effects = raising.raise_to(view(None, DANGER), DANGER, Priority.P1, tapped=False)
    assert (case, effects) == (DANGER, [])


@pytest.mark.parametrize(
    "case",
    [
        replace(CASE, priority=Priority.P1, kind="SEXUAL"),
        replace(DANGER, safe=True),
        close(DANGER, Reason.SAFE, NOW),
    ],
)
def test_danger_now_is_never_taken_for_known_when_it_is_not(case: Case) -> None:
    risen, effects = raising.raise_to(view(None, case), case, Priority.P1, tapped=True)
    assert risen.happening
    assert not risen.safe
    assert risen.status is not Status.CLOSED
    assert rung(effects) == {"group"}
    assert len(unclaimed(effects)) == 1


def test_raising_keeps_an_earlier_promise() -> None:
    soon = NOW + timedelta(minutes=3)
    near = replace(CASE, answer_by=soon)
    assert raising.raise_to(view(None, near), near, Priority.P1, tapped=True)[0].answer_by == soon
    answered = replace(near, answered=NOW)
    risen, _ = raising.raise_to(view(None, answered), answered, Priority.P1, tapped=True)
    assert risen.answer_by == NOW + timedelta(minutes=30)


def test_a_claimed_case_that_rises_starts_no_new_wait() -> None:
    claimed = replace(CASE, claimed_by="song", claimed=NOW)
    _, effects = raising.raise_to(view(None, claimed), claimed, Priority.P1, tapped=True)
    assert unclaimed(effects) == []
    assert rung(effects) == {"group"}


def test_new_words_in_a_closed_case_make_it_free_and_ring() -> None:
    closed = close(replace(CASE, claimed_by="song", claimed=NOW), Reason.SAFE, NOW)
    case, effects = raising.add_words(view(None, closed), closed, "lại bị đánh", Dice())
    assert (case.status, case.claimed_by) == (Status.RECEIVED, None)
    assert only(effects, Add).kind is EntryKind.WORDS
    assert rung(effects) == {"group"}
    assert unclaimed(effects) == []


def test_a_p1_that_is_reopened_calls_again_after_five_minutes() -> None:
    closed = close(replace(DANGER, claimed_by="song", claimed=NOW), Reason.SAFE, NOW)
    _, effects = raising.add_words(view(None, closed), closed, "bố lại đánh", Dice())
    assert unclaimed(effects)[0].due == NOW + timedelta(minutes=5)


def test_whoever_has_the_case_is_rung_at_the_first_new_word_only() -> None:
    claimed = replace(CASE, claimed_by="song", unread=0)
    case, effects = raising.add_words(view(None, claimed), claimed, "thêm", Dice())
    assert rung(effects) == {"officer:song"}
    _, effects = raising.add_words(view(None, case), case, "nữa", Dice())
    assert rung(effects) == set()
    free = replace(CASE, unread=0)
    assert rung(raising.add_words(view(None, free), free, "x", Dice())[1]) == set()


def test_words_in_an_unclaimed_p1_do_not_put_its_calls_off() -> None:
    _, effects = raising.add_words(view(None, DANGER), DANGER, "mau lên", Dice())
    assert unclaimed(effects) == []


def test_a_case_that_no_card_can_announce_rings_the_second_road_at_once() -> None:
    desks_only = tuple(replace(o, chat=False) for o in ROSTER)
    effects = raising.alerts(view(None, CASE, group=False, roster=desks_only), CASE)
    assert only(effects, Hook).priority == "P2"
    assert every(raising.alerts(view(None, CASE), CASE), Hook) == []


# Silence.


def test_what_a_child_left_half_told_is_sent_on_as_such() -> None:
    talk = Talk(CHILD.id, Side.RESIDENT, "report", TOLD, harm=True, spoken=NOW)
    effects = came(Wait.UNFINISHED, resident(talk))
    opened = only(effects, Open).case
    assert (opened.unfinished, opened.tapped, opened.priority) == (True, False, Priority.P2)
    assert only(effects, Keep).talk.case == opened.id
    assert every(effects, Show) == [Show(opened.id, "group")]
    assert only(effects, Add).text == "bố hay đánh em"
    assert Wait.UNFINISHED in {c.wait for c in every(effects, Calm)}
    assert every(effects, Say) == []


def test_a_story_that_was_sent_meanwhile_is_not_sent_again() -> None:
    talk = Talk(CHILD.id, Side.RESIDENT, "report", TOLD, case=CASE.id)
    assert came(Wait.UNFINISHED, resident(talk, CASE)) == []


def test_a_late_line_that_nobody_decided_on_joins_its_case() -> None:
    talk = Talk(CHILD.id, Side.RESIDENT, "report", TOLD, case=CASE.id, draft="em sợ")
    effects = came(Wait.LATE_LINE, resident(talk, CASE))
    assert only(effects, Add).text == "em sợ"
    assert only(effects, Change).case.unread == 2
    assert only(effects, Keep).talk.draft == ""


def test_without_a_line_or_a_case_nothing_joins() -> None:
    talk = Talk(CHILD.id, Side.RESIDENT, "report", TOLD, case=CASE.id)
    assert came(Wait.LATE_LINE, resident(talk, CASE)) == []
    assert came(Wait.LATE_LINE, resident(replace(talk, draft="x"), None)) == []


# A file that was said to be taken, and that nobody can open.


def lost(**person: object) -> list[Effect]:
    who = replace(CHILD, **person)  # type: ignore[arg-type]
    return came(Wait.FILE_LOST, view(None, CASE, person=who, talk=Talk(CHILD.id, Side.RESIDENT)))


def test_whoever_sent_a_file_that_cannot_be_opened_is_told_how_to_go_on() -> None:
    for voice, calls in (("child", ("111",)), ("adult", ("113", "111"))):
        say = only(lost(voice=voice), Say)
        told = house().texts.say(say.parts[0].key, "vi", voice, {})
        assert "không mở được" in told
        assert "bằng chữ" in told
        assert "chụp màn hình" in told
        assert all(number in told for number in calls)
        assert (say.to, say.until) == (CHILD.id, CHILD.window)
        assert any(button.id == "go.111" for row in say.buttons for button in row)


@pytest.mark.parametrize("person", [{"window": None}, {"phone": Phone.BORROWED}])
def test_a_chat_that_is_over_hears_nothing_of_a_lost_file(person: dict[str, object]) -> None:
    assert lost(**person) == []


# Notices.


def unread(**person: object) -> list[Effect]:
    entry = Entry("e", NOW, EntryKind.ANSWER, "chào em", delivery=Delivery.HELD)
    who = replace(CHILD, **{"window": None, **person})  # type: ignore[arg-type]
    talk = Talk(CHILD.id, Side.RESIDENT)
    return came(Wait.NOTICE, view(None, CASE, person=who, talk=talk, answers=(entry,)))


def test_a_notice_says_nothing_of_any_case() -> None:
    say = only(unread(), Say)
    assert (say.rank, say.to) == (Class.NOTICE, CHILD.id)
    assert words(say.parts) == "Có mẹo an toàn mới 📚"
    assert words(only(unread(voice="adult"), Say).parts) == "Có tin mới."


@pytest.mark.parametrize(
    "person",
    [
        {"phone": Phone.SHARED},
        {"phone": Phone.BORROWED},
        {"phone": Phone.UNKNOWN},
        {"hours": Hours.NEVER},
        {"pushes": False},
    ],
)
def test_no_phone_lights_up_that_may_not(person: dict[str, object]) -> None:
    assert unread(**person) == []


def test_a_notice_whose_hours_have_passed_waits_for_the_next() -> None:
    later = only(unread(hours=Hours.EVENING), Remind)
    assert (later.wait, later.due.hour) == (Wait.NOTICE, 19)


def test_what_was_read_meanwhile_needs_no_notice() -> None:
    read = Entry("e", NOW, EntryKind.ANSWER, "chào em", delivery=Delivery.DELIVERED)
    talk = Talk(CHILD.id, Side.RESIDENT)
    for answers in ((read,), ()):
        at = view(None, CASE, person=CHILD, talk=talk, answers=answers)
        assert came(Wait.NOTICE, at) == []


# Prompts.


def test_an_open_note_ends_and_is_forgotten() -> None:
    talk = Talk("p-desk", Side.DESK, flow="note", case=CASE.id)
    effects = came(Wait.PROMPT, view(SONG, CASE, talk=talk))
    assert only(effects, Forget) == Forget("p-desk", Side.DESK)
    assert [part.key for part in only(effects, Say).parts] == ["desk.prompt_over"]
    assert only(effects, Calm).wait is Wait.PROMPT


def test_an_open_reply_ends_and_what_is_typed_a_little_later_is_only_previewed() -> None:
    talk = Talk("p-desk", Side.DESK, flow="reply", case=CASE.id, draft="chào em")
    effects = came(Wait.PROMPT, view(SONG, CASE, talk=talk))
    ended = only(effects, Keep).talk
    assert (ended.flow, ended.draft) == ("ended", "")
    assert only(effects, Remind).due == NOW + timedelta(hours=1)
    sent = press(view(SONG, CASE, talk=ended), "send")
    assert every(sent, Add) == []
    typed = types(view(SONG, CASE, talk=ended), "chú tới đây")
    assert every(typed, Add) == []
    assert only(typed, Keep).talk.draft == "chú tới đây"
    assert came(Wait.PROMPT, view(SONG, CASE, talk=ended)) == [Forget("p-desk", Side.DESK)]


def test_a_prompt_that_is_over_says_nothing() -> None:
    assert came(Wait.PROMPT, view(SONG, CASE)) == []


# Words that nobody opens, answers that nobody gives.

UNREAD = replace(DANGER, status=Status.RECEIVED, claimed_by="lead", unread=2)


def test_new_words_in_a_claimed_p1_that_lie_unread_call_everybody_on_duty() -> None:
    effects = came(Wait.UNOPENED, view(None, UNREAD, roster=ON_DUTY))
    assert rung(effects) == {"officer:song"}
    assert only(effects, Hook).priority == "P1"
    assert only(effects, Remind).wait is Wait.UNOPENED
    assert every(effects, Audit) == [Audit("unopened", case=CASE.id)]


@pytest.mark.parametrize(
    "case",
    [
        replace(UNREAD, unread=0),
        replace(UNREAD, claimed_by=None),
        replace(UNREAD, priority=Priority.P2),
        close(UNREAD, Reason.SAFE, NOW),
        None,
    ],
)
def test_words_that_were_opened_call_nobody(case: Case | None) -> None:
    assert came(Wait.UNOPENED, view(None, case)) == []


def test_a_promised_answer_that_is_overdue_calls_once_each_working_day() -> None:
    effects = came(Wait.OVERDUE, view(None, CASE, roster=ON_DUTY))
    assert rung(effects) == {"officer:song"}
    again = only(effects, Remind)
    assert again.wait is Wait.OVERDUE
    assert again.due - NOW >= timedelta(hours=20)
    assert every(effects, Audit) == [Audit("overdue", case=CASE.id)]


@pytest.mark.parametrize("case", [replace(CASE, answered=NOW), close(CASE, Reason.SAFE, NOW), None])
def test_an_answer_that_was_given_calls_nobody(case: Case | None) -> None:
    assert came(Wait.OVERDUE, view(None, case)) == []


def test_a_group_that_takes_no_card_is_gone_round_one_by_one() -> None:
    effects = came(Wait.UNREACHED, view(case=DANGER))
    assert rung(effects) == {"officer:lead", "officer:song", "officer:school"}
    assert only(effects, Hook).priority == Priority.P1
    assert [audit.act for audit in every(effects, Audit)] == ["unreached.P1"]


def test_nobody_is_gone_round_for_a_case_that_is_closed_or_gone() -> None:
    closed = close(replace(DANGER, status=Status.RECEIVED), Reason.SAFE, NOW)
    assert came(Wait.UNREACHED, view(case=closed)) == []
    assert came(Wait.UNREACHED, view(case=None)) == []
