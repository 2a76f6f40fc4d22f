"""From a message to the view: who, on which side, with which case, and no more than that."""

from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.effects import Add, Change, Delivery, EntryKind, Keep, Profile, Remind
from handlers.events import Address, Due, Kind, Side, Wait
from handlers.talk import Talk
from handlers.view import Role, View
from storage import deadlines, invites, links, places, sessions, talks, tries
from storage.invites import Invite, Opens
from storage.load import load_due
from tests.storage.store import CHILD, PAGE, SECRET, START, Store, house

WORDS = house().words.spell(SECRET)
UNKNOWN = house().words.spell(SECRET + 1)
OFFICER = Address("telegram", "bot", "7200000002")
DESK = Address("desk", "", "cookie-of-a-browser")
GROUP = Address("telegram", "bot", "-100500")


def test_a_stranger_gets_a_row_and_an_empty_talk(store: Store) -> None:
    view, incoming = store.load(CHILD, text="xin chào")
    assert view.person.pushes
    assert view.talk == Talk(view.person.id, Side.RESIDENT)
    assert (view.case, view.found, view.officer, view.group) == (None, None, None, False)
    assert incoming.side is Side.RESIDENT
    again, _ = store.load(CHILD, text="lần nữa")
    assert again.person.id == view.person.id
    assert store.count("people") == 1


def test_addresses_of_another_bot_or_channel_are_other_people(store: Store) -> None:
    ids = {
        store.load(address, text="a")[0].person.id
        for address in (CHILD, replace(CHILD, bot="other"), replace(CHILD, channel="zalo"))
    }
    assert len(ids) == 3


def test_a_page_cannot_be_pushed_to(store: Store) -> None:
    assert not store.load(PAGE, text="a")[0].person.pushes


def test_the_case_of_the_talk_is_loaded_but_no_story(store: Store) -> None:
    child = store.person()
    case = store.opened(child)
    store.apply(Keep(Talk(child, Side.RESIDENT, flow="report", case=case.id)))
    view, _ = store.load(CHILD, text="thêm một dòng")
    assert view.case == case
    assert (view.entries, view.answers, view.reporters) == ((), (), ())


def test_a_talk_of_a_shredded_case_has_no_case(store: Store) -> None:
    child = store.person()
    store.apply(Keep(Talk(child, Side.RESIDENT, flow="report", case="gone")))
    assert store.load(CHILD, text="a")[0].case is None


def answered(store: Store) -> tuple[str, str]:
    """A case of a page with one answer; gives case and entry."""
    page = store.person(PAGE)
    case = store.opened(page)
    entry = store.id()
    store.apply(
        Add(entry, case.id, EntryKind.ANSWER, "Cô đây", "o1", Delivery.HELD),
        Add(store.id(), case.id, EntryKind.NOTE, "không cho ai xem", "o1"),
        Keep(Talk(page, Side.RESIDENT, flow="report", case=case.id)),
    )
    return case.id, entry


@pytest.mark.parametrize(
    "text", [WORDS, WORDS.upper(), f"mã của em là {WORDS}", house().words.canonical(WORDS.split())]
)
def test_return_words_find_the_case_and_its_answers_from_any_phone(store: Store, text: str) -> None:
    case, entry = answered(store)
    view, _ = store.load(CHILD, text=text)
    assert view.found is not None
    assert view.found.id == case
    assert [one.id for one in view.answers] == [entry]
    assert view.case is None


def test_the_sixteen_digits_find_it_too(store: Store) -> None:
    case, _ = answered(store)
    view, _ = store.load(CHILD, text=f"{SECRET * 7:016}")
    assert view.found is not None
    assert view.found.id == case


def test_return_words_work_as_text_only(store: Store) -> None:
    answered(store)
    assert store.load(CHILD, text=WORDS, kind=Kind.EDIT)[0].found is None


@pytest.mark.parametrize(("choice", "shown"), [("go.mailbox", 1), ("go.news", 1), ("go.on", 0)])
def test_answers_are_loaded_for_the_mailbox_only(store: Store, choice: str, shown: int) -> None:
    answered(store)
    assert len(store.load(PAGE, choice=choice)[0].answers) == shown


def test_tries_are_counted_where_words_were_asked_for(store: Store) -> None:
    child = store.person()
    assert store.load(CHILD, text=f"{UNKNOWN} và hết chuyện")[0].tries == 0
    store.apply(Keep(Talk(child, Side.RESIDENT, flow="mycase")))
    assert [store.load(CHILD, text=UNKNOWN)[0].tries for _ in range(3)] == [1, 2, 3]
    assert store.load(CHILD, text="không nhớ")[0].tries == 3
    store.later(minutes=59)
    assert store.load(CHILD, text=UNKNOWN)[0].tries == 4
    store.later(minutes=2)
    assert store.load(CHILD, text=UNKNOWN)[0].tries == 1
    with store.tx() as tx:
        assert tries.count(tx, "somebody else", store.now) == 0


def test_the_group_and_the_roster_are_known(store: Store) -> None:
    officer = store.officer(role=Role.INDEPENDENT)
    with store.tx() as tx:
        places.put(tx, house().ward.id, "group", GROUP)
    view, _ = store.load(CHILD, text="a")
    assert view.group
    assert view.roster == (officer,)
    assert view.independent() == (officer,)


class Desk:
    """An officer with a chat, and a case of a child."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.officer = store.officer()
        store.with_chat(self.officer, OFFICER.peer)
        self.child = store.person()
        self.case = store.opened(self.child)

    def press(self, choice: str, **more: object) -> View:
        view, incoming = self.store.load(OFFICER, choice=choice, **more)  # type: ignore[arg-type]
        assert incoming.side == view.talk.side
        return view


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_a_press_on_a_card_names_its_case(desk: Desk) -> None:
    view = desk.press(f"d.reply.{desk.case.id}")
    assert view.talk.side == Side.DESK
    assert view.officer == replace(desk.officer, chat=True)
    assert view.case == desk.case
    assert view.entries == ()
    assert [one.id for one in view.reporters] == [desk.child]


@pytest.mark.parametrize("verb", ["open", "hand", "claim"])
def test_words_are_unsealed_for_the_verbs_that_show_them(desk: Desk, verb: str) -> None:
    view = desk.press(f"d.{verb}.{desk.case.id}")
    assert [one.text for one in view.entries] == ["Bố đánh em"]


def test_words_are_never_unsealed_for_a_press_in_the_group(desk: Desk) -> None:
    view = desk.press(f"d.open.{desk.case.id}", side=Side.DESK, place=GROUP)
    assert view.case == desk.case
    assert view.entries == ()


def test_arguments_after_the_case_do_not_matter(desk: Desk) -> None:
    assert desk.press(f"d.priority.{desk.case.id}.P1").case == desk.case
    assert desk.press("d.let.k1").case is None
    assert desk.press("d.hello").case is None


def test_an_open_prompt_takes_typed_words_and_knows_its_case(desk: Desk) -> None:
    view, _ = desk.store.load(OFFICER, text="chưa có gì mở")
    assert view.talk.side == Side.RESIDENT
    prompt = Talk(view.person.id, Side.DESK, flow="reply", case=desk.case.id)
    desk.store.apply(Keep(prompt))
    view, incoming = desk.store.load(OFFICER, text="Cô đây")
    assert (view.talk, view.case, incoming.side) == (prompt, desk.case, Side.DESK)
    pressed, _ = desk.store.load(OFFICER, choice="go.danger")
    assert pressed.talk.side == Side.RESIDENT


def test_a_resident_who_forges_a_desk_button_stays_a_resident(desk: Desk) -> None:
    view, incoming = desk.store.load(CHILD, choice=f"d.open.{desk.case.id}")
    assert incoming.side is Side.RESIDENT
    assert (view.case, view.officer, view.entries) == (None, None, ())


def test_somebody_off_the_roster_sees_no_case_at_all(desk: Desk) -> None:
    stranger = Address("telegram", "bot", "7400000004")
    view, _ = desk.store.load(
        stranger, choice=f"d.open.{desk.case.id}", side=Side.DESK, place=GROUP
    )
    assert (view.talk.side, view.officer, view.case) == (Side.DESK, None, None)
    assert view.reporters == ()


def test_an_officer_who_is_not_surely_in_the_group_sees_nothing(desk: Desk) -> None:
    view, _ = desk.store.load(OFFICER, choice=f"d.open.{desk.case.id}", live=False)
    assert (view.talk.side, view.officer, view.case, view.entries) == (Side.DESK, None, None, ())


def test_an_officer_removed_elsewhere_is_out_at_the_next_press(desk: Desk) -> None:
    desk.press(f"d.open.{desk.case.id}")
    desk.store.rows("delete from officers")
    view, _ = desk.store.load(OFFICER, choice=f"d.open.{desk.case.id}", side=Side.DESK)
    assert (view.officer, view.case) == (None, None)


def test_a_case_of_another_ward_is_not_shown(desk: Desk) -> None:
    desk.store.rows("update cases set ward = 'another-ward'")
    assert desk.press(f"d.open.{desk.case.id}").case is None


def door(desk: Desk, token: str, officer: str) -> None:
    with desk.store.tx() as tx:
        invite = Invite(Opens.DOOR, officer, "open", desk.case.id)
        invites.make(tx, token, invite, desk.store.now + invites.DOOR_FOR)


def test_a_door_leads_its_officer_to_the_words_once(desk: Desk) -> None:
    door(desk, "tok", desk.officer.id)
    view, incoming = desk.store.load(OFFICER, choice="start:tok", kind=Kind.TEXT)
    assert incoming.choice == f"d.open.{desk.case.id}"
    assert incoming.kind is Kind.CHOICE
    assert [one.text for one in view.entries] == ["Bố đánh em"]
    view, incoming = desk.store.load(OFFICER, choice="start:tok", kind=Kind.TEXT)
    assert (incoming.choice, incoming.side, view.entries) == ("start:tok", Side.RESIDENT, ())


def test_a_door_for_somebody_else_stays_shut_and_unused(desk: Desk) -> None:
    door(desk, "tok", desk.officer.id)
    view, incoming = desk.store.load(CHILD, choice="start:tok")
    assert (incoming.choice, view.case) == ("start:tok", None)
    assert desk.press("start:tok").case == desk.case


def test_a_door_is_shut_after_ten_minutes(desk: Desk) -> None:
    door(desk, "tok", desk.officer.id)
    desk.store.later(minutes=10)
    assert desk.store.load(OFFICER, choice="start:tok")[1].choice == "start:tok"


def test_an_invited_officer_is_known_from_the_first_start(store: Store) -> None:
    officer = store.officer(role=Role.LEAD)
    with store.tx() as tx:
        invite = Invite(Opens.INVITE, officer.id)
        invites.make(tx, "tok", invite, store.now + invites.INVITE_FOR)
    view, incoming = store.load(OFFICER, choice="start:tok", kind=Kind.TEXT)
    assert (incoming.choice, incoming.side) == ("d.hello", Side.DESK)
    assert view.officer is not None
    assert (view.officer.id, view.officer.chat) == (officer.id, True)
    assert store.load(CHILD, choice="start:tok")[0].officer is None


def test_an_unknown_token_is_left_to_the_resident_side(store: Store) -> None:
    view, incoming = store.load(CHILD, choice="start:poster", kind=Kind.TEXT)
    assert (incoming.choice, view.talk.side) == ("start:poster", Side.RESIDENT)


def enter(store: Store, officer: str, session: str = DESK.peer) -> str | None:
    with store.tx() as tx:
        invites.make(tx, "desk-token", Invite(Opens.DESK, officer), store.now + timedelta(hours=1))
        return sessions.enter(tx, "desk-token", session, store.now)


def test_the_desk_knows_its_officer_by_the_session(desk: Desk) -> None:
    assert enter(desk.store, desk.officer.id) == desk.officer.id
    view, incoming = desk.store.load(DESK, choice=f"d.open.{desk.case.id}", side=Side.DESK)
    assert view.officer is not None
    assert view.officer.id == desk.officer.id
    assert not view.person.pushes
    assert len(view.entries) == 1
    assert incoming.side is Side.DESK
    assert enter(desk.store, desk.officer.id, "another browser") == desk.officer.id
    other, _ = desk.store.load(replace(DESK, peer="another browser"), text="a", side=Side.DESK)
    assert other.person.id == view.person.id


def test_an_ended_session_is_nobody_and_makes_no_row(desk: Desk) -> None:
    enter(desk.store, desk.officer.id)
    people_before = desk.store.count("people")
    desk.store.later(hours=12)
    view, _ = desk.store.load(DESK, choice=f"d.open.{desk.case.id}", side=Side.DESK)
    assert (view.person.id, view.officer, view.case) == ("", None, None)
    assert desk.store.count("people") == people_before


def test_a_moment_for_a_talk_brings_its_person_and_case(store: Store) -> None:
    child = store.person()
    case = store.opened(child)
    talk = Talk(child, Side.RESIDENT, flow="report", case=case.id, draft="một dòng muộn")
    store.apply(Keep(talk), Profile(child, "en", "child", "", "", None))
    with store.tx() as tx:
        due = Due("d1", Wait.UNFINISHED, START, person=child)
        view = load_due(tx, due, house(), store.now)
    assert (view.talk, view.case, view.person.language) == (talk, case, "en")
    assert [one.id for one in view.reporters] == [child]


def test_a_moment_follows_a_talk_that_was_put_away(store: Store) -> None:
    child = store.person()
    talk = Talk(child, Side.RESIDENT, flow="report", draft="…")
    with store.tx() as tx:
        talks.keep(tx, talk, store.now)
        deadlines.remind(tx, Remind(Wait.UNFINISHED, store.now, person=child))
        talks.aside(tx, child, "left-1")
    with store.tx() as tx:
        due = deadlines.take(tx, store.now)
        assert due is not None
        assert load_due(tx, due, house(), store.now).talk == replace(talk, side="left-1")


def test_a_moment_for_a_case_brings_its_reporters(store: Store) -> None:
    child = store.person()
    case = store.opened(child)
    with store.tx() as tx:
        view = load_due(tx, Due("d1", Wait.UNCLAIMED, START, case=case.id), house(), store.now)
        assert (view.case, view.person.id, view.answers) == (case, "", ())
        assert view.reporters == links.reporters(tx, case.id)


def test_a_notice_brings_the_answers_it_is_about(store: Store) -> None:
    case, entry = answered(store)
    person = store.person(PAGE)
    with store.tx() as tx:
        due = Due("d1", Wait.NOTICE, START, case=case, person=person)
        view = load_due(tx, due, house(), store.now)
    assert [one.id for one in view.answers] == [entry]


def test_a_prompts_end_knows_its_officer(desk: Desk) -> None:
    view = desk.press("d.hello")
    with desk.store.tx() as tx:
        due = Due("d1", Wait.PROMPT, START, person=view.person.id, side=Side.DESK)
        found = load_due(tx, due, house(), desk.store.now)
    assert found.officer is not None
    assert found.officer.id == desk.officer.id


def test_a_moment_for_what_is_gone_brings_an_empty_world(store: Store) -> None:
    with store.tx() as tx:
        due = Due("d1", Wait.UNFINISHED, START, case="gone", person="gone")
        view = load_due(tx, due, house(), store.now)
    assert (view.case, view.person.id, view.talk.person) == (None, "", "")


def test_a_claim_of_one_officer_is_seen_by_the_next(desk: Desk) -> None:
    desk.store.apply(Change(replace(desk.case, claimed_by=desk.officer.id)))
    view = desk.press(f"d.claim.{desk.case.id}")
    assert view.case is not None
    assert view.case.claimed_by == desk.officer.id
