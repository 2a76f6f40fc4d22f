"""Keeping a case by law: who may, why, until when; asked again every 30 days."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import card, legal_hold
from handlers.cases import Case, Hold, Reason, Route, Status
from handlers.effects import Add, Audit, Calm, Change, Remind, Say, Toast
from handlers.events import Due, Wait
from handlers.receipts import format_code
from handlers.view import View
from handlers.waits import came
from tests.handlers.office import (
    CASE,
    LEAD,
    NOW,
    OUTSIDE,
    ROSTER,
    SONG,
    Dice,
    after,
    every,
    house,
    only,
    press,
    told,
    view,
    words,
)

KEPT = replace(CASE, hold=NOW, hold_why="court")
CLOSED = replace(CASE, status=Status.CLOSED, closed=NOW, reason="safe", claimed_by=SONG.id)


def lead(case: Case = CASE, **more: object) -> View:
    return view(LEAD, case, **more)


def due(at: View) -> list[object]:
    moment = Due("d", Wait.HOLD, NOW, case=CASE.id)
    return list(came(at, moment, Dice()))


def buttons(says: list[Say]) -> list[str]:
    return [button.id for say in says for row in say.buttons for button in row]


def test_a_lead_is_asked_why_and_the_list_is_closed() -> None:
    effects = press(lead(), "hold")
    assert not every(effects, Change)
    assert buttons(every(effects, Say))[:-1] == [f"d.hold.{CASE.id}.{why}" for why in Hold]
    assert not every(press(lead(), "hold", "because"), Change)


@pytest.mark.parametrize("case", [CASE, CLOSED], ids=["open", "closed"])
@pytest.mark.parametrize("why", Hold)
def test_it_is_kept_written_down_shown_and_asked_about_in_thirty_days(
    why: Hold, case: Case
) -> None:
    at = lead(case)
    effects = press(at, "hold", why)
    kept = only(effects, Change).case
    assert (kept.hold, kept.hold_why) == (NOW, why)
    assert only(effects, Audit) == Audit(f"hold.{why}", LEAD.id, case.id)
    assert only(effects, Add).text == "hold"
    assert only(effects, Remind) == Remind(Wait.HOLD, NOW + timedelta(days=30), case=case.id)
    shown = card.card(kept, house(), ROSTER).text
    assert f"🔒 Giữ lại theo luật từ 24/11/2026: {legal_hold.why(house(), kept)}" in shown
    assert "🔒" in card.file_text(kept, house(), ROSTER, ())
    assert "🔒" not in card.card(case, house(), ROSTER).text


def test_another_reason_keeps_the_day_since_when() -> None:
    later = lead(KEPT, now=NOW + timedelta(days=3))
    kept = only(press(later, "hold", "police"), Change).case
    assert (kept.hold, kept.hold_why) == (NOW, "police")


def test_letting_go_is_asked_once_more_and_says_what_follows() -> None:
    effects = press(lead(KEPT), "lift")
    assert not every(effects, Change)
    assert "90 ngày" in told(effects)[0]
    effects = press(lead(KEPT), "lift", "sure")
    free = only(effects, Change).case
    assert (free.hold, free.hold_why) == (None, "")
    assert only(effects, Calm) == Calm(Wait.HOLD, case=CASE.id)
    assert only(effects, Audit).act == "lift"
    assert only(effects, Add).text == "lift"


def test_what_is_not_kept_cannot_be_let_go() -> None:
    assert not every(press(lead(), "lift", "sure"), Change)
    assert "không còn dùng được" in told(press(lead(), "lift", "sure"))[0]


@pytest.mark.parametrize("verb", sorted(legal_hold.VERBS))
@pytest.mark.parametrize("group", [True, False])
def test_only_who_answers_for_the_case_may(verb: str, *, group: bool) -> None:
    effects = press(view(SONG, KEPT), verb, "police", group=group)
    assert [one.act for one in every(effects, Audit)] == ["refused"]
    assert not every(effects, Change)
    assert every(effects, Toast)
    assert bool(told(effects)) is not group


def test_the_contact_outside_keeps_what_no_lead_sees() -> None:
    routed = replace(CASE, route=Route.INDEPENDENT)
    assert only(press(view(OUTSIDE, routed), "hold", "police"), Change).case.hold == NOW
    assert not every(press(view(LEAD, routed), "hold", "police"), Change)


def test_the_button_stands_under_the_opened_file_for_those_who_may() -> None:
    for officer, case, button in (
        (LEAD, CASE, "hold"),
        (LEAD, CLOSED, "hold"),
        (LEAD, KEPT, "lift"),
        (SONG, CASE, None),
        (SONG, KEPT, None),
    ):
        shown = buttons(every(press(view(officer, case), "open"), Say))
        found = [one.split(".")[1] for one in shown if one.split(".")[1] in legal_hold.VERBS]
        assert found == ([button] if button else [])


# reminders


def test_after_thirty_days_those_who_may_are_asked_and_again_in_thirty() -> None:
    effects = due(lead(KEPT, now=NOW + timedelta(days=30)))
    [say] = [one for one in effects if isinstance(one, Say)]
    assert say.to == f"officer:{LEAD.id}"
    text = words(say.parts)
    assert "24/11/2026" in text
    assert format_code(CASE.code) in text
    assert legal_hold.why(house(), KEPT) in text
    assert buttons([say]) == [f"d.open.{CASE.id}", f"d.lift.{CASE.id}"]
    [again] = [one for one in effects if isinstance(one, Remind)]
    assert again == Remind(Wait.HOLD, NOW + timedelta(days=60), case=CASE.id)


def test_what_was_put_away_offers_only_to_let_go() -> None:
    [say] = [one for one in due(lead(replace(KEPT, archived=True))) if isinstance(one, Say)]
    assert buttons([say]) == [f"d.lift.{CASE.id}"]


def test_what_is_kept_no_longer_or_gone_reminds_nobody() -> None:
    assert due(lead(CASE)) == []
    assert due(view(None, None)) == []


# a case that the police have


def closing(case: Case, reason: Reason, **more: object) -> tuple[View, list[Say]]:
    at = view(SONG, case, roster=(LEAD, SONG), **more)
    effects = press(at, "close", reason)
    return after(at, effects), every(effects, Say)


ANSWERED = replace(CASE, answered=NOW, claimed_by=SONG.id, status=Status.RECEIVED)


def test_closing_because_the_police_have_it_proposes_to_the_leads_to_keep_it() -> None:
    at, says = closing(ANSWERED, Reason.POLICE)
    assert at.case is not None
    assert at.case.status is Status.CLOSED
    [proposal] = [say for say in says if say.to == f"officer:{LEAD.id}"]
    [button] = buttons([proposal])
    assert button == f"d.hold.{CASE.id}.police"
    pressed = press(lead(at.case), "hold", "police")
    assert only(pressed, Change).case.hold == NOW


@pytest.mark.parametrize("reason", [one for one in Reason if one is not Reason.POLICE])
def test_no_other_reason_proposes_it(reason: Reason) -> None:
    _, says = closing(ANSWERED, reason)
    assert not [one for one in buttons(says) if ".hold." in one]


def test_what_is_kept_already_is_not_proposed() -> None:
    _, says = closing(replace(ANSWERED, hold=NOW, hold_why="court"), Reason.POLICE)
    assert not [one for one in buttons(says) if ".hold." in one]


# whoever reported wanted to be forgotten


def test_officers_read_that_nobody_can_be_written_to_first() -> None:
    gone = replace(ANSWERED, forgotten=True, facts=(("phone", "own"),), voice="adult")
    line = "Người báo đã chọn cắt liên lạc; không nhắn trước được"
    assert line in card.card(gone, house(), ROSTER).text
    assert line not in card.card(replace(gone, forgotten=False), house(), ROSTER).text
    at = view(SONG, gone, reporters=())
    closed = told(press(at, "close", Reason.SAFE))
    assert "chỉ thấy kết quả khi quay lại" in closed[-1]


def test_an_answer_to_whoever_was_forgotten_is_held_and_the_officer_is_told_why() -> None:
    gone = replace(ANSWERED, forgotten=True)
    at = view(SONG, gone, reporters=())
    draft = replace(at.talk, flow="reply", case=gone.id, draft="Chú tới ngay")
    effects = press(replace(at, talk=draft), "send")
    assert only(effects, Add).delivery == "held"
    assert "đã chọn cắt liên lạc" in told(effects)[-1]


def test_a_picture_that_was_deleted_is_said_so_in_the_file() -> None:
    entries = view().entries
    gone = tuple(replace(one, file=None, gone=True) if one.file else one for one in entries)
    assert "đã xóa theo thời hạn" in card.file_text(CASE, house(), ROSTER, gone)
    assert "đã xóa" not in card.file_text(CASE, house(), ROSTER, entries)
