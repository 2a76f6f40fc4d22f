"""Every effect becomes the rows it stands for, in order, all or nothing."""

import typing
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers import effects as out
from handlers.cases import Priority, Status
from handlers.effects import (
    Add,
    Admit,
    Aside,
    Audit,
    Calm,
    Change,
    Class,
    Count,
    Delivered,
    Delivery,
    Door,
    EntryKind,
    Fetch,
    Forget,
    Hook,
    Keep,
    Knock,
    Link,
    Open,
    Part,
    Profile,
    Remind,
    Say,
    Show,
    Toast,
)
from handlers.events import Address, Media, MediaKind, Side, Wait
from handlers.talk import Answers, Talk
from handlers.view import Hours, Phone, Role
from storage import (
    apply,
    audit,
    cases,
    counts,
    deadlines,
    entries,
    files,
    invites,
    knocks,
    links,
    officers,
    outbox,
    people,
    talks,
)
from storage.text import unpack
from tests.storage.store import CHILD, PAGE, SECRET, Store, house

PICTURE = Media(MediaKind.PICTURE, "ref-of-the-platform", 12_000)


@pytest.fixture
def child(store: Store) -> str:
    return store.person()


@pytest.fixture
def page(store: Store) -> str:
    return store.person(PAGE)


def bodies(store: Store) -> list[dict[str, object]]:
    return [
        unpack(store.seal.open(row["body"], table="outbox", column="body", row=row["id"]))
        for row in store.rows("select id, body from outbox order by number")
    ]


def test_there_is_an_interpreter_for_every_effect() -> None:
    assert set(apply._DO) == set(typing.get_args(out.Effect))


def test_say_lines_a_sealed_message_up_for_its_reader(store: Store, child: str) -> None:
    due = store.now + timedelta(hours=3)
    applied = store.apply(
        Profile(child, "en", "adult", "", "", None),
        Say(child, (Part("hello"),), rank=Class.NOTICE, due=due, secret=True, entry="e1"),
    )
    (row,) = store.rows("select * from outbox")
    assert applied.lanes == {f"telegram:{child}"} == {row["lane"]}
    assert (row["rank"], row["secret"], row["entry"], row["pull"]) == (2, 1, "e1", 0)
    assert row["due"] > row["made"]
    # The profile written just before is the one the message is made for.
    assert bodies(store) == [
        {"parts": [["hello", {}]], "language": "en", "voice": "adult", "channel": "telegram"}
    ]


def test_say_to_a_page_waits_in_its_mailbox(store: Store, page: str) -> None:
    applied = store.apply(Say(page, (Part("hello"),)))
    assert applied.lanes == frozenset()
    assert store.rows("select pull, person from outbox")[0]["pull"] == 1


def test_say_to_an_officer_goes_to_the_chat_and_to_the_desk(store: Store) -> None:
    officer = store.officer()
    store.with_chat(officer)
    applied = store.apply(Say(f"officer:{officer.id}", (Part("ring"),), rank=Class.ALERT))
    rows = store.rows("select lane, pull from outbox order by pull")
    assert [row["lane"].partition(":")[0] for row in rows] == ["telegram", "desk"]
    assert applied.lanes == {rows[0]["lane"]}
    assert applied.unreached == ()


def test_say_to_the_group_has_a_lane_of_its_own(store: Store) -> None:
    applied = store.apply(Say("group", (Part("desk.not_sent"),)))
    assert applied.lanes == {"group"}
    assert bodies(store)[0]["language"] == "vi"


def test_a_message_for_nobody_is_reported_and_breaks_nothing(store: Store, child: str) -> None:
    applied = store.apply(
        Say("officer:gone", (Part("ring"),)),
        Say("nobody", (Part("x"),)),
        Say("", (Part("to a desk whose session has ended"),)),
        Say(child, (Part("hello"),)),
    )
    assert applied.unreached == ("officer:gone", "nobody")
    assert store.count("outbox") == 1


def test_open_makes_case_key_return_words_and_link_and_nothing_else(
    store: Store, child: str
) -> None:
    case = store.case(area="Tổ 3", age="7-10")
    store.apply(Open(case, child, SECRET), person=child)
    with store.tx() as tx:
        assert cases.get(tx, case.id) == case
        assert cases.by_secret(tx, SECRET) == case
        assert cases.by_secret(tx, SECRET + 1) is None
        assert cases.by_code(tx, case.code) == case
        assert [one.id for one in links.reporters(tx, case.id)] == [child]
        assert links.cases_of(tx, child) == [case.id]
    assert (store.count("entries"), store.count("outbox"), store.count("audit")) == (0, 0, 0)


def test_change_writes_the_case_as_it_is_now(store: Store, child: str) -> None:
    case = store.opened(child)
    changed = replace(
        case,
        status=Status.RECEIVED,
        priority=Priority.P1,
        kind="SEXUAL",
        happening=True,
        claimed_by="o1",
        claimed=store.now,
        last_words=store.later(minutes=3),
        messages=4,
        facts=(*case.facts, ("age", "7-10")),
    )
    store.apply(Change(changed))
    with store.tx() as tx:
        assert cases.get(tx, case.id) == changed


@pytest.mark.parametrize("field", ["kind", "area", "age"])
def test_typed_words_never_stand_in_a_plain_column(store: Store, child: str, field: str) -> None:
    case = store.opened(child, **{field: "=em Lan con bác Tư"})
    assert store.rows(f"select {field} from cases")[0][0] == ""
    with store.tx() as tx:
        assert cases.get(tx, case.id) == case


def test_add_appends_in_order_and_seals(store: Store, child: str) -> None:
    case = store.opened(child, words="Bố đánh em")
    store.later(minutes=1)
    store.apply(
        Add("e-note", case.id, EntryKind.NOTE, "gọi trường", "o1"),
        Add("e-answer", case.id, EntryKind.ANSWER, "Cô đây", "o1", Delivery.HELD),
        Add("e-edit", case.id, EntryKind.EDIT, "Bố đánh em tối qua", ref="77"),
    )
    with store.tx() as tx:
        story = entries.of_case(tx, case.id)
        answers = entries.answers(tx, case.id)
    assert [one.text for one in story] == [
        "Bố đánh em",
        "gọi trường",
        "Cô đây",
        "Bố đánh em tối qua",
    ]
    assert story[1].at == store.now
    assert story[1].officer == "o1"
    assert [(one.id, one.delivery) for one in answers] == [("e-answer", Delivery.HELD)]


def test_an_entry_is_never_changed(store: Store, child: str) -> None:
    case = store.opened(child)
    store.apply(Add("e1", case.id, EntryKind.WORDS, "first"))
    with pytest.raises(Exception, match=r"entries\.id"):
        store.apply(Add("e1", case.id, EntryKind.WORDS, "second"))


def test_delivered_marks_entry_and_case(store: Store, child: str) -> None:
    case = store.opened(child)
    store.apply(
        Add("e1", case.id, EntryKind.ANSWER, "Cô đây", "o1", Delivery.HELD),
        Delivered("e1", Delivery.DELIVERED),
    )
    with store.tx() as tx:
        assert entries.answers(tx, case.id)[0].delivery is Delivery.DELIVERED
        found = cases.get(tx, case.id)
        assert found is not None
        assert found.last_delivery == "delivered"


def test_link_ties_a_second_person_once(store: Store, child: str, page: str) -> None:
    case = store.opened(child)
    store.later(seconds=1)
    store.apply(Link(case.id, page), Link(case.id, page))
    with store.tx() as tx:
        assert [one.id for one in links.reporters(tx, case.id)] == [child, page]
        links.cut(tx, case.id, child)
        assert [one.id for one in links.reporters(tx, case.id)] == [page]


def test_show_goes_to_the_group_or_to_an_officers_chat_never_to_the_desk(
    store: Store, child: str
) -> None:
    officer = store.officer()
    case = store.opened(child, priority=Priority.P1)
    assert store.apply(Show(case.id, f"officer:{officer.id}")).lanes == frozenset()
    address = store.with_chat(officer)
    applied = store.apply(Show(case.id, "group"), Show(case.id, f"officer:{officer.id}"))
    with store.tx() as tx:
        known = people.find(tx, address)
    assert known is not None
    assert applied.lanes == {"group", known.lane}
    assert {(r["rank"], r["place"]) for r in store.rows("select * from outbox")} == {
        (0, "group"),
        (0, f"officer:{officer.id}"),
    }


def test_show_of_a_case_that_is_gone_is_nothing(store: Store) -> None:
    assert store.apply(Show("gone", "group")).lanes == frozenset()


def test_keep_brings_back_the_same_talk(store: Store, child: str) -> None:
    answers = Answers((("for", "me"), ("what", "=bị đánh")), ("dòng một", "dòng hai"))
    talk = Talk(
        child,
        Side.RESIDENT,
        flow="report",
        answers=answers,
        harm=True,
        misses=1,
        card_in=4,
        secret=SECRET,
        held=("picture|abc",),
        draft="…",
        begun=store.now,
        spoken=store.now,
    )
    store.apply(Keep(talk))
    with store.tx() as tx:
        assert talks.get(tx, child, Side.RESIDENT) == talk
        assert talks.get(tx, child, Side.DESK) == Talk(child, Side.DESK)
    store.apply(Keep(replace(talk, misses=0)))
    assert store.count("talks") == 1


def test_a_talk_of_another_version_is_read_as_far_as_it_is_understood(
    store: Store, child: str
) -> None:
    store.apply(Keep(Talk(child, Side.RESIDENT, flow="report")))
    body = talks.pack({"answers": [[["for", "me"]], []], "flow": "report", "from_later": 1})
    with store.tx() as tx:
        sealed = talks._seal(tx, body, child, Side.RESIDENT)
        tx.run("update talks set body = ?", sealed)
    with store.tx() as tx:
        talk = talks.get(tx, child, Side.RESIDENT)
    assert (talk.flow, talk.answers.given) == ("report", (("for", "me"),))


def waits(store: Store) -> set[tuple[str, str]]:
    return {(r["wait"], r["side"]) for r in store.rows("select wait, side from deadlines")}


def test_aside_leaves_a_strangers_chat_and_keeps_the_waits(store: Store, child: str) -> None:
    talk = Talk(child, Side.RESIDENT, flow="report", answers=Answers((("for", "me"),)))
    store.apply(
        Keep(talk),
        Remind(Wait.UNFINISHED, store.now, person=child),
        Remind(Wait.PROMPT, store.now, person=child, side=Side.DESK),
        Aside(child, "left-1"),
        Keep(Talk(child, Side.RESIDENT, flow="report")),
    )
    with store.tx() as tx:
        assert talks.get(tx, child, Side.RESIDENT).answers == Answers()
        assert talks.get(tx, child, "left-1").answers == talk.answers
    assert waits(store) == {("unfinished", "left-1"), ("prompt", "desk")}


def test_aside_without_a_talk_is_nothing(store: Store, child: str) -> None:
    store.apply(Aside(child, "left-1"))
    assert store.count("talks") == 0


def test_whoever_leaves_is_not_followed_by_an_answer_on_its_way(store: Store, child: str) -> None:
    case = store.opened(child)
    store.apply(
        Add("e1", case.id, EntryKind.ANSWER, "Cô đây", "o1", Delivery.WAITING),
        Say(child, (Part("answer"),), entry="e1"),
        Say(child, (Part("receipt"),)),
        Keep(Talk(child, Side.RESIDENT, flow="report", case=case.id)),
        Aside(child, "left-1"),
        Say(child, (Part("quick_exit"),)),
    )
    assert [body["parts"] for body in bodies(store)] == [[["quick_exit", {}]]]
    with store.tx() as tx:
        assert entries.answers(tx, case.id)[0].delivery is Delivery.HELD


def test_forget_deletes_the_talk_its_waits_and_its_held_files(store: Store, page: str) -> None:
    store.apply(
        Keep(Talk(page, Side.RESIDENT, held=(f"picture|{PICTURE.ref}",))),
        Remind(Wait.LATE_LINE, store.now, person=page),
        Remind(Wait.PROMPT, store.now, person=page, side=Side.DESK),
        media=PICTURE,
        blob=b"a clean picture",
    )
    assert store.count("files") == 1
    store.apply(Forget(page, Side.RESIDENT))
    assert (store.count("talks"), store.count("files")) == (0, 0)
    assert waits(store) == {("prompt", "desk")}


def test_remind_moves_an_earlier_wait_and_calm_ends_it(store: Store) -> None:
    later = store.now + timedelta(minutes=5)
    store.apply(
        Remind(Wait.UNCLAIMED, store.now, case="c1"),
        Remind(Wait.UNCLAIMED, later, case="c1"),
        Remind(Wait.UNCLAIMED, later, case="c2"),
    )
    with store.tx() as tx:
        assert deadlines.next_due(tx) == later
        assert deadlines.take(tx, store.now) is None
    store.apply(Calm(Wait.UNCLAIMED, case="c2"), Calm(Wait.UNCLAIMED, case="c3"))
    store.later(minutes=5)
    with store.tx() as tx:
        deadlines.postpone(tx, store.now, later + timedelta(minutes=1))
        assert deadlines.next_due(tx) == later + timedelta(minutes=1)
        deadlines.postpone(tx, store.now, later + timedelta(minutes=9))
        assert deadlines.next_due(tx) == later + timedelta(minutes=1)
    store.later(minutes=1)
    later += timedelta(minutes=1)
    with store.tx() as tx:
        due = deadlines.take(tx, store.now)
        assert due is not None
        assert (due.wait, due.at, due.case, due.person) == (Wait.UNCLAIMED, later, "c1", None)
        assert deadlines.take(tx, store.now) is None


def test_profile_is_sealed_and_comes_back(store: Store, child: str) -> None:
    window = store.now + timedelta(minutes=10)
    store.apply(Profile(child, "en", "child", Phone.OWN, Hours.EVENING, window))
    with store.tx() as tx:
        known = people.get(tx, child)
    assert known is not None
    assert (known.person.language, known.person.phone) == ("en", "own")
    assert (known.person.hours, known.person.window) == ("evening", window)
    store.apply(Profile("nobody", "en", "child", "", "", None))


def test_fetch_over_a_platform_is_a_job_of_its_own_lane(store: Store, child: str) -> None:
    case = store.opened(child)
    applied = store.apply(Fetch(PICTURE, case.id, child, "e1"))
    assert applied.lanes == {"fetch:telegram"}
    assert bodies(store) == [["picture", PICTURE.ref, 12_000]]
    with store.tx() as tx:
        parcel = outbox.claim(tx, "fetch:telegram", store.now, 30)
        assert parcel is not None
        assert (parcel.case, parcel.entry, parcel.person) == (case.id, "e1", child)
        file = files.keep(tx, case.id, "e1", MediaKind.PICTURE, b"clean", store.now)
        entry = entries.of_case(tx, case.id)[-1]
    assert (entry.id, entry.kind, entry.file) == ("e1", EntryKind.PICTURE, file)


def test_a_file_that_came_along_is_sealed_into_its_case_at_once(store: Store, page: str) -> None:
    case = store.opened(page)
    store.apply(
        Add("e1", case.id, EntryKind.PICTURE, ""),
        Fetch(PICTURE, case.id, page, "e1"),
        media=PICTURE,
        blob=b"clean",
    )
    with store.tx() as tx:
        file = entries.of_case(tx, case.id)[-1].file
        assert file is not None
        found = files.get(tx, file)
    assert found is not None
    assert (found.case, found.body) == (case.id, b"clean")


def test_a_held_file_joins_the_case_when_its_question_is_answered(store: Store, page: str) -> None:
    talk = Talk(page, Side.RESIDENT, held=(f"picture|{PICTURE.ref}",))
    store.apply(Keep(talk), media=PICTURE, blob=b"clean")
    case = store.opened(page)
    with store.tx() as tx:
        assert talks.get(tx, page, Side.RESIDENT) == talk
        apply.apply(
            tx,
            [Fetch(PICTURE, case.id, page, "e1"), Keep(replace(talk, held=(), case=case.id))],
            person=page,
            now=store.now,
            ward=house().ward.id,
            render=lambda *_: b"",
        )
        file = entries.of_case(tx, case.id)[-1].file
        assert file is not None
        found = files.get(tx, file)
    assert found is not None
    assert found.body == b"clean"
    assert store.count("files") == 1


def test_a_file_sent_twice_is_held_once(store: Store, page: str) -> None:
    talk = Talk(page, Side.RESIDENT, held=(f"picture|{PICTURE.ref}",))
    store.apply(Keep(talk), media=PICTURE, blob=b"clean")
    store.apply(Keep(talk), media=PICTURE, blob=b"clean")
    assert store.count("files") == 1


def test_a_held_file_that_is_not_wanted_is_deleted(store: Store, page: str) -> None:
    talk = Talk(page, Side.RESIDENT, held=(f"picture|{PICTURE.ref}",))
    store.apply(Keep(talk), media=PICTURE, blob=b"clean")
    with store.tx() as tx:
        talks.get(tx, page, Side.RESIDENT)
        talks.keep(tx, replace(talk, held=()), store.now)
    assert store.count("files") == 0


def test_a_file_nobody_asked_for_is_dropped(store: Store, page: str) -> None:
    store.apply(Keep(Talk(page, Side.RESIDENT)), media=PICTURE, blob=b"clean")
    assert store.count("files") == 0


def test_hook_carries_code_and_priority_and_nothing_else(store: Store, child: str) -> None:
    case = store.opened(child)
    assert store.apply(Hook(case.id, case.code, "P1")).lanes == {"hook", "mail"}
    assert bodies(store) == [{"code": case.code, "priority": "P1"}] * 2


def test_audit_rows_form_a_chain(store: Store) -> None:
    store.apply(Audit("open", "o1", "c1"), Audit("note", "o1", "c1"))
    with store.tx() as tx:
        assert audit.verify(tx) is None


def test_toast_and_door_come_back_to_the_caller(store: Store) -> None:
    officer = store.officer()
    door = Door("token", "open", "c1", officer.id)
    applied = store.apply(Toast(Part("desk.gone")), door)
    assert (applied.toast, applied.door) == (Part("desk.gone"), door)
    with store.tx() as tx:
        assert invites.look(tx, "token", store.now) == invites.Invite(
            invites.Opens.DOOR, officer.id, "open", "c1"
        )
        assert invites.look(tx, "token", store.now + timedelta(minutes=10)) is None
        assert invites.look(tx, "another", store.now) is None


def test_a_lead_lets_in_whoever_knocked(store: Store) -> None:
    stranger = store.person(Address("telegram", "bot", "7300000003"))
    store.apply(Knock("k1", "4821"), person=stranger)
    store.apply(Knock("k2", "5930"), person=stranger)
    assert store.count("knocks") == 1
    store.apply(Admit("k1", True, "new"))
    assert store.count("officers") == 0
    store.apply(Admit("k2", True, "new"), Admit("k2", True, "again"))
    with store.tx() as tx:
        officer = officers.get(tx, "new")
        assert officer is not None
        assert (officer.name, officer.role, officer.chat) == ("5930", Role.OFFICER, True)
        known = people.get(tx, stranger)
        assert known is not None
        assert known.officer == "new"


def test_a_lead_turns_somebody_away(store: Store) -> None:
    stranger = store.person(Address("telegram", "bot", "7300000003"))
    store.apply(Knock("k1", "4821"), person=stranger)
    store.apply(Admit("k1", False, "new"))
    assert store.count("officers") == 0
    with store.tx() as tx:
        assert knocks.number(tx, "k1") == ""  # nobody is asked about them again
        assert knocks.of_person(tx, stranger) == "4821"
    store.apply(Admit("k1", True, "new"))
    assert store.count("officers") == 0


def test_counts_are_blurred_when_shown(store: Store) -> None:
    for _ in range(7):
        store.apply(Count("case.VIOLENCE.P2"))
    store.apply(Count("closed.safe"))
    with store.tx() as tx:
        assert counts.month(tx, house().ward.id, "2026-11") == {
            "case.VIOLENCE.P2": "5",
            "closed.safe": "<5",
        }
    assert [counts.shown(number) for number in (0, 1, 4, 5, 14)] == ["0", "<5", "<5", "5", "10"]


def test_nothing_is_written_when_one_effect_fails(store: Store, child: str) -> None:
    case = store.case()
    with pytest.raises(KeyError):
        store.apply(
            Open(case, child, SECRET), Say(child, (Part("hello"),)), typing.cast("out.Say", 1)
        )
    assert (store.count("cases"), store.count("outbox"), store.count("links")) == (0, 0, 0)


def test_a_step_of_a_child_costs_few_statements(store: Store, child: str) -> None:
    store.apply(Keep(Talk(child, Side.RESIDENT, flow="report")))
    issued: list[str] = []
    store.connection.set_trace_callback(issued.append)
    view, incoming = store.load(CHILD, choice="a.for.me")
    with store.tx() as tx:
        people.find(tx, CHILD)
        apply.apply(
            tx,
            [
                Profile(child, "vi", "child", "", "", store.now),
                Say(child, (Part("q.now"),)),
                Remind(Wait.LATE_LINE, store.now, person=child),
                Remind(Wait.UNFINISHED, store.now, person=child),
                Keep(replace(view.talk, spoken=store.now)),
            ],
            person=child,
            now=store.now,
            ward=house().ward.id,
            render=lambda *_: b"{}",
        )
    store.connection.set_trace_callback(None)
    assert incoming.choice == "a.for.me"
    real = [sql for sql in issued if not sql.startswith(("begin", "commit"))]
    # One more for the event id; the person is read twice here because of two transactions.
    assert len(real) - 1 + 1 <= 12, real


def test_a_window_that_only_moves_is_still_one_update(store: Store, child: str) -> None:
    profile = Profile(child, "vi", "child", "", "", None)
    store.apply(profile)
    issued: list[str] = []
    store.connection.set_trace_callback(issued.append)
    store.apply(profile)
    store.connection.set_trace_callback(None)
    assert not [sql for sql in issued if sql.startswith("update")]
