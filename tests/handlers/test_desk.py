"""What officers do with a case, act by act; every act checks the rights anew."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import desk, legal_hold, prompts, routes
from handlers.cases import Case, Priority, Reason, Route, Status, close, needs_second_person
from handlers.effects import (
    Add,
    Admit,
    Audit,
    Calm,
    Change,
    Class,
    Count,
    Delivery,
    Door,
    Effect,
    EntryKind,
    Forget,
    Keep,
    Knock,
    Remind,
    Say,
    Show,
    Toast,
)
from handlers.events import Kind, Side, Wait
from handlers.talk import Talk
from handlers.view import Officer, Role, View
from tests.handlers.office import (
    CASE,
    CHILD,
    HERE,
    LEAD,
    NOW,
    OUTSIDE,
    ROSTER,
    SCHOOL,
    SONG,
    STORY,
    Dice,
    after,
    event,
    every,
    house,
    only,
    press,
    told,
    types,
    view,
    words,
)

DANGER = replace(CASE, priority=Priority.P1, happening=True)
CLAIMED = replace(
    CASE, status=Status.RECEIVED, claimed_by="song", claimed=NOW, answered=NOW, unread=0
)
INDEPENDENT = replace(CASE, route=Route.INDEPENDENT)
CLOSED = close(CLAIMED, Reason.SAFE, NOW)


def prompt(flow: str, draft: str = "", case: str = CASE.id) -> Talk:
    return Talk(HERE.id, Side.DESK, flow=flow, case=case, draft=draft, spoken=NOW)


def acts(effects: list[Effect]) -> list[str]:
    return [audit.act for audit in every(effects, Audit)]


def nothing_happened(effects: list[Effect]) -> bool:
    """Nothing is written, moved, sent to anybody else, or opened."""
    quiet = all(isinstance(e, Toast | Say | Audit) for e in effects)
    return quiet and all(say.to == HERE.id for say in every(effects, Say))


def label(say: Say, verb: str) -> str:
    """The id of a prompt's button."""
    return next(b.id for row in say.buttons for b in row if b.id.startswith(f"d.{verb}."))


# Who may see a case, and where its card goes.


def seers(case: Case) -> set[str]:
    return {o.id for o in ROSTER if routes.may_see(o, case)}


def test_who_may_see_a_case_follows_from_its_route() -> None:
    assert seers(CASE) == {"lead", "song", "school"}
    assert seers(replace(CASE, school_hidden=True)) == {"lead", "song"}
    assert seers(INDEPENDENT) == {"outside"}
    assert seers(replace(CASE, route=Route.LEADS)) == {"lead", "outside"}
    assert seers(replace(INDEPENDENT, school_hidden=True)) == {"outside"}


def test_the_card_goes_to_the_group_or_only_to_those_who_may_see_it() -> None:
    def places(case: Case, group: bool = True) -> set[str]:
        return set(routes.places(ROSTER, case, group=group))

    assert places(CASE) == {"group"}
    assert places(CASE, group=False) == {"officer:lead", "officer:song", "officer:school"}
    assert places(INDEPENDENT) == {"officer:outside"}
    assert places(replace(CASE, route=Route.LEADS)) == {"officer:lead", "officer:outside"}
    assert places(replace(CASE, school_hidden=True)) == {"officer:lead", "officer:song"}


def test_a_school_case_stays_in_the_group_when_nobody_there_works_at_a_school() -> None:
    hidden = replace(CASE, school_hidden=True)
    assert routes.places((LEAD, SONG), hidden, group=True) == ("group",)


def test_an_officer_without_a_chat_is_reached_at_the_desk_only() -> None:
    silent = replace(OUTSIDE, chat=False)
    assert routes.places((LEAD, silent), INDEPENDENT, group=True) == ()


# Refusals.


def test_an_unknown_press_in_the_group_is_refused_and_the_leads_are_asked() -> None:
    effects = press(view(officer=None, case=None), "open", group=True)
    assert acts(effects) == ["refused"]
    knock = only(effects, Knock)
    ask = only(effects, Say)
    assert (ask.to, ask.rank) == ("officer:lead", Class.ALERT)
    assert knock.number in words(ask.parts)
    assert [b.id for b in ask.buttons[0]] == [f"d.let.{knock.id}", f"d.deny.{knock.id}"]
    assert knock.number in words((only(effects, Toast).part,))


def test_whoever_waits_to_be_let_in_keeps_their_number_and_nobody_is_asked_again() -> None:
    effects = press(view(officer=None, case=None, knock="4711"), "open", group=True)
    assert nothing_happened(effects)
    assert acts(effects) == ["refused"]
    assert "4711" in words((only(effects, Toast).part,))


def test_somebody_on_the_roster_who_is_not_in_the_group_cannot_be_let_in_anew() -> None:
    effects = press(view(officer=None, case=None, known=True), "claim", group=True)
    assert nothing_happened(effects)
    assert "không còn ở trong nhóm" in words((only(effects, Toast).part,))


def test_a_stranger_in_private_is_refused_and_nobody_is_asked() -> None:
    effects = press(view(officer=None, case=None), "open")
    assert nothing_happened(effects)
    assert acts(effects) == ["refused"]
    assert told(effects) == [house().texts.say("desk.no_right", "vi", "")]


def test_what_is_said_under_a_card_is_said_about_its_case() -> None:
    effects = types(view(under="ca1"), "chào em", group=True)
    assert only(effects, Say).case == "ca1"


def test_words_typed_under_a_card_go_to_nobody_and_it_is_said_once() -> None:
    for officer in (SONG, None):
        effects = types(view(officer=officer), "chào em", group=True)
        assert only(effects, Say).to == "group"
        kept = only(effects, Keep).talk
        assert types(view(officer=officer, talk=kept), "alo?", group=True) == []
        assert every(effects, Knock) == []


@pytest.mark.parametrize("verb", [*desk.ACTS, "bogus"])
@pytest.mark.parametrize("group", [True, False])
def test_whoever_may_not_see_a_case_can_do_nothing_with_it(verb: str, group: bool) -> None:
    for officer, case in (
        (SONG, INDEPENDENT),
        (LEAD, INDEPENDENT),
        (OUTSIDE, CASE),
        (SONG, replace(CASE, route=Route.LEADS)),
        (SCHOOL, replace(CASE, school_hidden=True)),
    ):
        effects = press(view(officer, case), verb, "safe", group=group)
        assert nothing_happened(effects)
        said = [words((only(effects, Toast).part,)), *told(effects)]
        assert not [s for s in said if case.code[:4] in s or "đánh" in s]
        if verb != "bogus":
            assert every(effects, Audit) == [Audit("refused", officer.id, case.id)]


@pytest.mark.parametrize("verb", ["open", "bogus", ""])
def test_a_button_of_a_case_that_is_gone_says_so(verb: str) -> None:
    for group in (True, False):
        effects = press(view(case=None), verb, group=group)
        assert nothing_happened(effects)
        assert told(effects) == ([] if group else [house().texts.say("desk.gone", "vi", "")])


def test_what_is_neither_a_word_nor_a_press_is_answered() -> None:
    for happened in (event(Kind.MEDIA), event(Kind.TEXT, text="  "), event(Kind.LOCATION)):
        assert told(desk.came(view(), happened, Dice())) == [
            house().texts.say("desk.only_text", "vi", "")
        ]


# The group leads into the officer's own chat.


@pytest.mark.parametrize("verb", sorted(set(desk.ACTS) - desk.IN_GROUP - legal_hold.VERBS))
def test_everything_but_claiming_leads_from_the_group_into_the_own_chat(verb: str) -> None:
    effects = press(view(talk=prompt("reply", "chào")), verb, "P1", group=True)
    [found] = effects
    assert isinstance(found, Door)
    assert (found.act, found.case, found.officer) == (verb, CASE.id, SONG.id)
    assert len(found.token) == 32


def test_two_doors_are_never_the_same() -> None:
    dice = Dice()
    assert len({desk.door("open", CASE, SONG, dice).token for _ in range(100)}) == 100


# Claiming.


def test_claiming_gives_the_case_to_one_officer_and_ends_the_calls() -> None:
    effects = press(view(), "claim", group=True)
    case = only(effects, Change).case
    assert (case.claimed_by, case.claimed, case.status) == ("song", NOW, Status.RECEIVED)
    assert only(effects, Calm) == Calm(Wait.UNCLAIMED, case=CASE.id)
    assert only(effects, Add).kind is EntryKind.MOVE
    assert acts(effects) == ["claim"]
    assert every(effects, Show) == [Show(CASE.id, "group")]
    assert every(effects, Door) == every(effects, Say) == []


def test_a_second_claim_takes_nothing_away() -> None:
    for group in (True, False):
        effects = press(view(LEAD, CLAIMED), "claim", group=group)
        assert nothing_happened(effects)
        assert words((only(effects, Toast).part,)) == "Chú Sông đã nhận rồi."
        assert bool(told(effects)) is not group


def test_claiming_a_danger_opens_its_words_at_once() -> None:
    in_group = press(view(case=DANGER), "claim", group=True)
    assert only(in_group, Door).act == "open"
    assert every(in_group, Say) == []
    private = press(view(case=DANGER), "claim")
    assert "bố hay đánh em" in told(private)[0]
    assert after(view(case=DANGER), private).case == replace(
        DANGER, claimed_by="song", claimed=NOW, status=Status.RECEIVED, unread=0
    )


def test_a_case_taken_up_again_is_claimed_where_it_stands() -> None:
    again = replace(CASE, status=Status.VERIFYING)
    assert only(press(view(case=again), "claim"), Change).case.status is Status.VERIFYING


# Opening.


def test_opening_shows_the_words_marked_secret_and_is_recorded() -> None:
    effects = press(view(), "open")
    say = next(s for s in every(effects, Say) if s.to == HERE.id)
    assert say.secret
    assert say.pictures == ("f1",)
    assert not say.typed
    assert "bố hay đánh em" in words(say.parts)
    assert acts(effects) == ["open"]
    assert only(effects, Change).case.unread == 0


def test_a_reporter_in_danger_is_told_who_has_read_it_once_and_only_while_there() -> None:
    def read(case: Case, **more: object) -> list[Say]:
        effects = press(view(case=case, **more), "open")
        return [s for s in every(effects, Say) if s.to == CHILD.id]

    [said] = read(DANGER)
    assert "Chú Sông đã đọc lúc 10:00" in house().texts.say(
        said.parts[0].key, "vi", "child", said.parts[0].values
    )
    assert read(replace(DANGER, unread=0)) == []
    assert read(CASE) == []
    assert read(DANGER, reporters=(replace(CHILD, window=None),)) == []
    assert read(DANGER, reporters=(replace(CHILD, window=NOW - timedelta(minutes=1)),)) == []


@pytest.mark.parametrize("group", [True, False])
def test_a_case_put_away_says_that_only_the_committee_opens_it(*, group: bool) -> None:
    away = replace(CASE, status=Status.CLOSED, closed=NOW, facts=(), archived=True)
    for verb in desk.ACTS:
        effects = press(view(case=away), verb, group=group)
        assert {type(effect) for effect in effects} <= {Toast, Say}
        assert only(effects, Toast).part.key == "desk.archived"
        assert any("niêm phong" in text for text in told(effects)) is not group


def test_a_closed_case_can_be_opened_but_nothing_else_is_done_with_it() -> None:
    at = view(case=CLOSED, talk=prompt("reply", "chào"))
    assert acts(press(at, "open")) == ["open"]
    assert every(press(at, "cancel"), Forget)
    for verb in set(desk.ACTS) - desk.WHEN_CLOSED:
        for group in (True, False):
            assert nothing_happened(press(at, verb, "safe", group=group))


# Answering.


def test_the_reply_prompt_names_its_case_offers_four_answers_and_ends_after_15_minutes() -> None:
    effects = press(view(), "reply")
    say = only(effects, Say)
    assert f"{CASE.code[:4]}-{CASE.code[4:]}" in words(say.parts)
    assert [b.id.split(".")[3] for row in say.buttons[:-1] for b in row] == list(
        prompts.CANNED["child"]
    )
    assert only(effects, Remind).due == NOW + timedelta(minutes=15)
    assert only(effects, Keep).talk == prompt("reply")
    assert say.typed


def test_an_adult_gets_other_canned_answers() -> None:
    say = only(press(view(case=replace(CASE, voice="adult")), "reply"), Say)
    assert [b.id.split(".")[3] for row in say.buttons[:-1] for b in row] == list(
        prompts.CANNED["adult"]
    )


def test_a_canned_answer_is_previewed_in_the_reporters_language_and_the_officers_name() -> None:
    effects = press(view(), "canned", "hello")
    text = only(effects, Keep).talk.draft
    assert "chú phụ trách trẻ em" in text
    assert text in told(effects)[0]
    english = press(view(reporters=(replace(CHILD, language="en"),)), "canned", "hello")
    assert only(english, Keep).talk.draft != text
    assert only(press(view(reporters=()), "canned", "hello"), Keep).talk.draft == text


def test_every_canned_answer_has_its_words_in_both_languages() -> None:
    for voice, names in prompts.CANNED.items():
        for name in names:
            for language in ("vi", "en"):
                at = view(
                    case=replace(CASE, voice=voice),
                    reporters=(replace(CHILD, language=language),),
                )
                assert only(press(at, "canned", name), Keep).talk.draft


def test_a_canned_answer_of_another_voice_shows_the_prompt_again() -> None:
    assert only(press(view(), "canned", "thanks"), Keep).talk == prompt("reply")


def test_typed_words_are_previewed_and_go_to_nobody_yet() -> None:
    effects = types(view(talk=prompt("reply")), "  Chú đang tới ")
    assert only(effects, Keep).talk.draft == "Chú đang tới"
    assert only(effects, Say).to == HERE.id
    assert every(effects, Add) == []


def test_a_preview_says_that_somebody_else_has_the_case() -> None:
    theirs = replace(CLAIMED, claimed_by="lead")
    said = told(types(view(case=theirs, talk=prompt("reply")), "chào em"))[0]
    assert house().texts.say("desk.held_by", "vi", "", {"ten": "Cô Mây"}) in said
    own = told(types(view(case=CLAIMED, talk=prompt("reply")), "chào em"))[0]
    assert "Cô Mây" not in own


def test_sending_what_was_previewed_answers_the_case_and_claims_it() -> None:
    preview = only(types(view(talk=prompt("reply")), "Chú đang tới"), Say)
    argument = label(preview, "send").split(".")[3]
    at = view(talk=prompt("reply", "Chú đang tới"), case=DANGER)
    effects = press(at, "send", argument)
    case = only(effects, Change).case
    assert (case.claimed_by, case.answered, case.last_delivery) == ("song", NOW, "waiting")
    added = only(effects, Add)
    assert (added.kind, added.text, added.delivery) == (
        EntryKind.ANSWER,
        "Chú đang tới",
        Delivery.WAITING,
    )
    to_child = next(s for s in every(effects, Say) if s.to == CHILD.id)
    assert to_child.entry == added.id
    assert "Chú đang tới" in words(to_child.parts)
    assert only(effects, Forget) == Forget(HERE.id, Side.DESK)
    assert {c.wait for c in every(effects, Calm)} >= {Wait.UNCLAIMED, Wait.PROMPT}


def test_a_second_answer_keeps_the_time_of_the_first_and_the_claim() -> None:
    earlier = NOW - timedelta(hours=1)
    theirs = replace(CLAIMED, claimed_by="lead", answered=earlier)
    case = only(press(view(case=theirs, talk=prompt("reply", "x")), "send"), Change).case
    assert (case.answered, case.claimed_by) == (earlier, "lead")


def test_an_answer_is_held_and_said_to_be_held_when_nobody_may_be_written_to() -> None:
    at = view(talk=prompt("reply", "x"), reporters=(replace(CHILD, window=None, phone="shared"),))
    effects = press(at, "send")
    assert only(effects, Add).delivery is Delivery.HELD
    assert [s.to for s in every(effects, Say)] == [HERE.id]
    assert "đang giữ" in told(effects)[0]


def test_a_button_sends_only_what_stands_above_it() -> None:
    at = view(talk=prompt("reply", "câu mới"))
    assert nothing_happened(press(at, "send", prompts.mark("câu cũ")))
    assert every(press(at, "send", prompts.mark("câu mới")), Add)


@pytest.mark.parametrize(
    "talk",
    [
        Talk(HERE.id, Side.DESK),
        prompt("reply"),
        prompt("note", "x"),
        prompt("reply", "x", case="another"),
    ],
)
def test_nothing_is_sent_without_a_preview_of_this_very_case(talk: Talk) -> None:
    effects = press(view(talk=talk), "send")
    assert nothing_happened(effects)
    assert told(effects) == [house().texts.say("desk.prompt_over", "vi", "")]


def test_a_note_is_kept_and_never_reaches_the_reporter() -> None:
    opened = press(view(), "note")
    assert only(opened, Keep).talk == prompt("note")
    effects = types(view(talk=prompt("note")), "đã gọi trường")
    added = only(effects, Add)
    assert (added.kind, added.text, added.officer) == (EntryKind.NOTE, "đã gọi trường", "song")
    assert [s.to for s in every(effects, Say)] == [HERE.id]
    assert acts(effects) == ["note"]
    assert every(effects, Forget)


def test_cancelling_ends_the_prompt() -> None:
    effects = press(view(talk=prompt("reply", "x")), "cancel")
    assert every(effects, Forget)
    assert "Chưa gửi gì" in told(effects)[0]


@pytest.mark.parametrize("talk", [Talk(HERE.id, Side.DESK), prompt("other")])
def test_words_without_a_prompt_go_to_nobody(talk: Talk) -> None:
    effects = types(view(talk=talk), "em ơi")
    assert nothing_happened(effects)
    assert "Chưa gửi gì" in told(effects)[0]
    assert nothing_happened(types(view(talk=prompt("reply"), case=None), "em ơi"))


def test_words_typed_after_the_case_was_taken_away_are_refused_and_forgotten() -> None:
    effects = types(view(case=INDEPENDENT, talk=prompt("note")), "ghi")
    assert acts(effects) == ["refused"]
    assert every(effects, Add) == []
    assert every(effects, Forget)


# Handing over, re-ranking.


def test_handing_over_gives_one_text_to_read_out() -> None:
    effects = press(view(), "hand")
    say = only(effects, Say)
    assert say.secret
    assert "bố hay đánh em" in words(say.parts)
    assert acts(effects) == ["hand"]
    assert only(effects, Add).text == "hand"


@pytest.mark.parametrize("argument", ["", "P9", "p1"])
def test_the_other_priorities_are_offered(argument: str) -> None:
    effects = press(view(), "priority", argument)
    say = only(effects, Say)
    assert [b.id.split(".")[3] for row in say.buttons[:-1] for b in row] == ["P1", "P3"]
    assert every(effects, Change) == []


def test_raising_to_p1_starts_its_clock_and_its_calls() -> None:
    effects = press(view(), "priority", "P1")
    case = only(effects, Change).case
    assert (case.priority, case.answer_by) == (Priority.P1, NOW + timedelta(minutes=30))
    assert only(effects, Remind) == Remind(Wait.UNCLAIMED, NOW + timedelta(minutes=5), case=CASE.id)
    assert case.claimed_by is None
    assert acts(effects) == ["priority.P1"]


def test_a_claimed_case_raised_to_p1_calls_nobody() -> None:
    effects = press(view(case=CLAIMED), "priority", "P1")
    assert every(effects, Remind) == every(effects, Calm) == []


def test_lowering_never_puts_off_what_the_reporter_was_promised() -> None:
    case = only(press(view(), "priority", "P3"), Change).case
    assert (case.priority, case.answer_by) == (Priority.P3, CASE.answer_by)


def test_lowering_a_p2_that_nobody_has_leaves_it_free() -> None:
    effects = press(view(), "priority", "P3")
    assert only(effects, Change).case.claimed_by is None
    assert only(effects, Calm).wait is Wait.UNCLAIMED


def test_nobody_calls_off_an_alarm_they_have_not_read() -> None:
    assert DANGER.unread
    effects = press(view(case=DANGER), "priority", "P3")
    assert nothing_happened(effects)
    assert "read_first" in repr(effects)


def test_an_alarm_called_off_is_told_to_everybody_and_still_takes_two_to_close() -> None:
    effects = press(view(case=replace(DANGER, unread=0)), "priority", "P3")
    lowered = only(effects, Change).case
    told = [one for one in effects if isinstance(one, Say) and "lowered" in repr(one)]
    assert {one.to for one in told} >= {"group"}
    assert needs_second_person(replace(lowered, answered=NOW))
    raised = only(press(view(case=lowered), "priority", "P1"), Change).case
    again = only(press(view(case=raised), "priority", "P2"), Change).case
    assert needs_second_person(replace(again, answered=NOW))


def test_whoever_calls_off_an_unclaimed_alarm_has_it_from_then_on() -> None:
    effects = press(view(case=replace(DANGER, unread=0)), "priority", "P3")
    case = only(effects, Change).case
    assert (case.priority, case.claimed_by) == (Priority.P3, "song")
    assert only(effects, Calm).wait is Wait.UNCLAIMED


def test_the_same_priority_again_changes_nothing() -> None:
    assert nothing_happened(press(view(), "priority", "P2"))
    assert nothing_happened(press(view(case=DANGER), "priority", "P1"))


# Closing.


@pytest.mark.parametrize("argument", ["", "because"])
def test_a_reason_is_picked_from_the_table(argument: str) -> None:
    effects = press(view(), "close", argument)
    say = only(effects, Say)
    assert [b.id.split(".")[3] for row in say.buttons[:-1] for b in row] == list(Reason)
    assert nothing_happened(effects)


@pytest.mark.parametrize("reason", Reason)
def test_closing_tells_the_reporter_the_truth_for_its_reason(reason: Reason) -> None:
    effects = press(view(case=CLAIMED), "close", reason)
    case = only(effects, Change).case
    assert (case.status, case.reason, case.last_delivery) == (Status.CLOSED, reason, "waiting")
    answer = next(a for a in every(effects, Add) if a.kind is EntryKind.ANSWER)
    assert answer.text == house().texts.say(f"closed_{reason}", "vi", "child")
    assert next(s for s in every(effects, Say) if s.to == CHILD.id).entry == answer.id
    assert only(effects, Calm).wait is Wait.UNCLAIMED
    assert only(effects, Count) == Count(f"closed.{reason}")
    assert acts(effects) == [f"close.{reason}"]


def test_closing_a_case_whose_reporter_is_gone_tells_nobody() -> None:
    effects = press(view(case=CLAIMED, reporters=()), "close", "safe")
    assert {s.to for s in every(effects, Say)} == {HERE.id}
    assert only(effects, Change).case.last_delivery == "held"


def test_a_grave_case_is_only_proposed_and_another_officer_agrees() -> None:
    at = view(case=DANGER)
    proposed = press(at, "close", "safe")
    at = after(at, proposed)
    assert at.case is not None
    assert (at.case.status, at.case.proposed_by) == (Status.NEW, "song")
    assert acts(proposed) == ["propose_close"]
    assert {s.to for s in every(proposed, Say)} == {HERE.id}
    alone = press(at, "agree")
    assert nothing_happened(alone)
    assert "không tự đồng ý" in told(alone)[0]
    both = press(replace(at, officer=LEAD), "agree")
    assert only(both, Change).case.status is Status.CLOSED


def test_a_second_proposal_replaces_the_first_and_still_needs_somebody_else() -> None:
    proposed = replace(DANGER, proposed_by="lead", proposed_reason="safe")
    case = only(press(view(case=proposed), "close", "duplicate"), Change).case
    assert (case.proposed_by, case.proposed_reason) == ("song", "duplicate")


def test_agreeing_to_nothing_closes_nothing() -> None:
    assert nothing_happened(press(view(), "agree"))


def test_whoever_is_the_only_one_to_see_a_case_closes_it_alone() -> None:
    effects = press(view(OUTSIDE, INDEPENDENT), "close", "safe")
    assert only(effects, Change).case.status is Status.CLOSED
    two = replace(OUTSIDE, id="outside2")
    at = view(OUTSIDE, INDEPENDENT, roster=(*ROSTER, two))
    assert acts(press(at, "close", "safe")) == ["propose_close"]


# The roster.


def lead_decides(officer: Officer, verb: str, knock: str = "4711") -> list[Effect]:
    at = view(officer, None, knock=knock)
    return desk.came(at, event(Kind.CHOICE, choice=f"d.{verb}.knock1"), Dice())


def test_a_lead_lets_in_or_turns_away() -> None:
    for verb, let_in, act in (("let", True, "admit"), ("deny", False, "turn_away")):
        effects = lead_decides(LEAD, verb)
        found = only(effects, Admit)
        assert (found.knock, found.let_in) == ("knock1", let_in)
        assert every(effects, Audit) == [Audit(act, "lead")]


def test_what_another_lead_has_decided_is_not_decided_again() -> None:
    effects = lead_decides(LEAD, "let", knock="")
    assert nothing_happened(effects)
    assert acts(effects) == []


@pytest.mark.parametrize("officer", [SONG, OUTSIDE, SCHOOL])
def test_only_a_lead_lets_anybody_in(officer: Officer) -> None:
    effects = lead_decides(officer, "let")
    assert nothing_happened(effects)
    assert every(effects, Audit) == [Audit("refused", officer.id)]


def test_a_new_officer_is_greeted_by_the_name_they_chose() -> None:
    assert "Chú Sông" in told(press(view(case=None), "hello"))[0]


# Everywhere.


@pytest.mark.parametrize("verb", sorted(desk.ACTS))
def test_every_act_of_an_officer_answers_them_and_is_recorded_or_changes_nothing(
    verb: str,
) -> None:
    for role in (Role.LEAD, Role.OFFICER):
        for case in (CASE, DANGER, CLAIMED, CLOSED):
            at: View = view(replace(SONG, role=role), case, talk=prompt("reply", "chào"))
            effects = press(at, verb, "safe" if verb == "close" else "P3")
            assert told(effects) or every(effects, Toast)
            if every(effects, Change):
                assert acts(effects)


def test_no_toast_and_no_group_message_carries_a_word_of_the_reporter() -> None:
    heard: list[str] = []
    for verb in desk.ACTS:
        for case in (CASE, DANGER, CLAIMED):
            for effects in (press(view(case=case), verb, group=True), press(view(case=case), verb)):
                heard += [words((t.part,)) for t in every(effects, Toast)]
                heard += [words(s.parts) for s in every(effects, Say) if s.to == "group"]
    assert heard
    assert not [h for h in heard if STORY[0].text in h or "sau chợ" in h or CASE.code[:4] in h]
