"""Cases that are nobody's trouble: plainly marked, counted nowhere, and a rehearsal seen by none."""

from dataclasses import replace

import pytest

from handlers import card, drill, raising, routes, waits
from handlers.cases import Case, Origin, Priority, Route, Status
from handlers.decide import decide
from handlers.effects import Audit, Count, Effect, Hook, OpenWard, Part, Remind, Say, Show
from handlers.events import Due, Incoming, Kind, Side, Wait
from handlers.talk import Talk
from handlers.view import View
from tests.handlers.office import (
    CASE,
    LEAD,
    NOW,
    ROSTER,
    SONG,
    Dice,
    after,
    every,
    house,
    press,
    told,
    types,
    view,
    words,
)
from tests.handlers.views import Chat

DRILL = replace(CASE, origin=Origin.DRILL)
P1 = replace(DRILL, priority=Priority.P1, happening=True)
REHEARSED = replace(CASE, origin=Origin.REHEARSAL, route=Route.HIDDEN, priority=Priority.P1)
MINE = replace(DRILL, claimed_by=SONG.id, claimed=NOW, status=Status.RECEIVED)


def marked(text: str) -> bool:
    return drill.MARK in text


# how it is marked


@pytest.mark.parametrize(
    "case", [DRILL, P1, MINE, replace(DRILL, status=Status.CLOSED, reason="safe")]
)
def test_card_heading_and_file_of_an_exercise_say_so_in_the_first_line(case: Case) -> None:
    drawn = card.card(case, house(), ROSTER).text
    assert marked(drawn.splitlines()[0])
    assert "đừng gọi 111, 113, 115" in drawn
    assert marked(card.file_text(case, house(), ROSTER, ()).splitlines()[0])
    assert marked(card.title(case))


def test_a_real_case_is_never_marked() -> None:
    for case in (CASE, replace(CASE, origin=Origin.EARLY)):
        assert not marked(card.card(case, house(), ROSTER).text)
        assert not marked(card.title(case))
        assert drill.called(case) == f"{case.code[:4]}-{case.code[4:]}"


def test_an_early_case_says_that_it_is_real_and_what_its_reporter_was_told() -> None:
    drawn = card.card(replace(CASE, origin=Origin.EARLY), house(), ROSTER).text
    assert "Chuyện THẬT" in drawn
    assert "chưa mở" in drawn


def test_the_law_has_no_clock_for_an_exercise() -> None:
    real = replace(P1, origin=Origin.PERSON)
    assert "Hạn can thiệp" in card.card(real, house(), ROSTER).text
    assert "Hạn can thiệp" not in card.card(P1, house(), ROSTER).text


ACTS = (
    ("hand", ""),
    ("reply", ""),
    ("canned", "hello"),
    ("note", ""),
    ("cancel", ""),
    ("priority", ""),
    ("priority", "P1"),
    ("close", ""),
    ("close", "not_so"),
    ("agree", ""),
    ("claim", ""),
    ("send", ""),
    ("open", ""),
)


@pytest.mark.parametrize(("verb", "argument"), ACTS)
@pytest.mark.parametrize("case", [DRILL, MINE])
def test_all_that_an_officer_reads_in_private_is_marked(
    case: Case, verb: str, argument: str
) -> None:
    at = view(SONG, case)
    for text in told(press(at, verb, argument)):
        assert marked(text), text


def test_what_is_typed_and_sent_is_marked_for_the_officer_and_not_for_the_reporter() -> None:
    for flow in ("reply", "note"):
        at = view(SONG, MINE, talk=Talk("p-desk", Side.DESK, flow=flow, case=MINE.id))
        assert all(map(marked, told(types(at, "Cô đọc rồi."))))
    at = view(
        SONG, MINE, talk=Talk("p-desk", Side.DESK, "reply", case=MINE.id, draft="Cô đọc rồi.")
    )
    sent = press(at, "send")
    assert all(map(marked, told(sent)))
    to_reporter = [say for say in every(sent, Say) if say.to == "p-child"]
    assert to_reporter
    assert not any(marked(words(say.parts)) for say in to_reporter)


def test_the_text_for_113_and_111_tells_not_to_call() -> None:
    [text] = told(press(view(SONG, MINE), "hand"))
    assert "ĐỪNG GỌI" in text
    assert text.count(drill.MARK) >= 3
    [real] = told(press(view(SONG, replace(MINE, origin=Origin.PERSON)), "hand"))
    assert not marked(real)
    assert "gọi 113" in real


def test_every_call_and_the_second_road_carry_the_mark() -> None:
    at = view(SONG, P1)
    calls: list[Effect] = [
        *waits.unclaimed(at, P1),
        *waits.unopened(at, replace(P1, claimed_by=SONG.id)),
        *waits.overdue(at, P1),
        *waits.unreached(at, P1),
        *routes.calls(at, P1, "desk.raised"),
        *routes.ring_claimer(at, replace(P1, claimed_by=SONG.id)),
        *raising.freed(replace(at, roster=(), group=False), P1),
    ]
    hooks = every(calls, Hook)
    assert len(hooks) == 4
    assert all(marked(hook.code) for hook in hooks)
    to_officers = [say for say in every(calls, Say) if say.to != "p-child"]
    assert len(to_officers) > 8
    assert all(marked(words(say.parts)) for say in to_officers)


def test_a_prompt_that_ends_by_itself_is_marked() -> None:
    for flow in ("reply", "note"):
        at = view(SONG, MINE, talk=Talk("p-desk", Side.DESK, flow=flow, case=MINE.id))
        [text] = told(waits.prompt(at))
        assert marked(text)


def test_an_unclaimed_exercise_climbs_as_a_real_one() -> None:
    def shape(case: Case) -> list[object]:
        effects = waits.unclaimed(view(SONG, case), case)
        return [(type(e), getattr(e, "to", ""), getattr(e, "due", None)) for e in effects]

    assert shape(P1) == shape(replace(P1, origin=Origin.PERSON))


# what is left out


def decided(case: Case, verb: str, argument: str) -> list[Effect]:
    at = view(SONG, case)
    choice = f"d.{verb}.{case.id}.{argument}"
    sender = Incoming("1", "1", NOW, Side.DESK, None, Kind.CHOICE, choice=choice)  # type: ignore[arg-type]
    return decide(at, sender, Dice())


def test_an_exercise_is_recorded_but_not_counted() -> None:
    answered = replace(MINE, answered=NOW, kind="OTHER")
    effects = decided(answered, "close", "safe")
    assert after(view(SONG, answered), effects).case.status is Status.CLOSED  # type: ignore[union-attr]
    assert every(effects, Audit)
    assert every(effects, Count) == []
    real = decided(replace(answered, origin=Origin.PERSON), "close", "safe")
    assert len(every(real, Count)) == 1


class Nobody(Chat):
    """Nobody at no phone: what begins here is made up."""

    origin: Origin = Origin.DRILL

    def view(self) -> View:
        return replace(super().view(), source=self.origin)


def opened(origin: Origin) -> Nobody:
    there = Nobody()
    there.origin = origin
    there.say("cứu em với bố đang đánh em")
    return there


def test_a_made_up_case_knows_that_it_is() -> None:
    for origin in (Origin.DRILL, Origin.REHEARSAL, Origin.PERSON):
        there = opened(origin)
        assert there.case is not None
        assert there.case.origin is origin
        assert bool(there.of(Count)) is (origin is Origin.PERSON)
        assert bool(there.of(Audit)) is (origin is not Origin.REHEARSAL)


def test_a_rehearsal_leaves_nothing_to_see_or_to_count() -> None:
    there = opened(Origin.REHEARSAL)
    assert there.case is not None
    assert there.case.route is Route.HIDDEN
    assert [show.place for show in there.of(Show)] == [routes.HIDDEN]
    assert {say.to for say in there.of(Say)} == {"resident"}
    again = there.due(Wait.UNCLAIMED, minutes=5)
    assert {type(effect) for effect in again} == {Say, Remind}
    assert "sos_unread" in there.said()


@pytest.mark.parametrize("officer", ROSTER, ids=lambda officer: officer.id)
def test_no_officer_may_see_a_rehearsal_whatever_they_press(officer) -> None:  # type: ignore[no-untyped-def]
    assert not routes.may_see(officer, REHEARSED)
    for verb, argument in ACTS:
        effects = press(view(officer, REHEARSED), verb, argument)
        assert not any(REHEARSED.code[:4] in text for text in told(effects))
        assert {type(effect) for effect in effects} <= {Audit, Say} | {
            type(e) for e in press(view(officer, None), verb, argument)
        }


def test_nobody_is_called_about_a_rehearsal() -> None:
    at = view(LEAD, REHEARSED)
    assert routes.calls(at, REHEARSED, "desk.raised") == ()
    assert routes.ring_claimer(at, REHEARSED) == []
    due = Due("d", Wait.UNREACHED, NOW, case=REHEARSED.id)
    for wait in Wait:
        effects = decide(at, replace(due, wait=wait), Dice())
        assert not [e for e in effects if isinstance(e, Hook | Audit | Count)], wait
        assert not [s for s in every(effects, Say) if s.to.startswith("officer:")], wait
        assert not [s for s in every(effects, Say) if s.to == "group"], wait


# the opening


def drafting(case: Case, source: Origin) -> View:
    talk = Talk("p-desk", Side.DESK, "reply", case=case.id, draft="Cô đọc rồi.")
    return view(SONG, case, talk=talk, source=source)


@pytest.mark.parametrize("case", [DRILL, MINE], ids=["unclaimed", "claimed"])
def test_an_answered_exercise_opens_the_ward_and_says_so(case: Case) -> None:
    effects = press(drafting(case, Origin.EARLY), "send")
    assert len(every(effects, OpenWard)) == 1
    assert Audit("ward.opened", SONG.id, case.id) in effects
    [text] = told(effects)
    assert "kênh mở cho người dân" in text


@pytest.mark.parametrize(
    ("case", "source"),
    [
        (MINE, Origin.PERSON),
        (replace(MINE, origin=Origin.PERSON), Origin.EARLY),
        (replace(MINE, origin=Origin.EARLY), Origin.EARLY),
    ],
    ids=["open already", "a real case", "an early case"],
)
def test_nothing_else_opens_it(case: Case, source: Origin) -> None:
    effects = press(drafting(case, source), "send")
    assert every(effects, OpenWard) == []
    assert "kênh mở" not in told(effects)[0]


@pytest.mark.parametrize("verb", [verb for verb, _ in ACTS if verb != "send"])
def test_an_exercise_that_is_only_taken_or_read_opens_nothing(verb: str) -> None:
    assert every(press(drafting(MINE, Origin.EARLY), verb), OpenWard) == []
    assert drill.proven(view(SONG, DRILL, source=Origin.EARLY), SONG, DRILL) == []


def test_the_mark_is_put_above_and_only_on_exercises() -> None:
    part = Part("desk.cancelled")
    assert drill.marked(None, (part,)) == (part,)
    assert drill.marked(CASE, (part,)) == (part,)
    assert drill.marked(DRILL, (part,)) == (Part("desk.drill"), part)
