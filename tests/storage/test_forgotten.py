"""What "quên tôi" does to the tables, what goes with a case's pictures, and what is kept by law."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from handlers.cases import Case, Status
from handlers.effects import (
    Add,
    Aside,
    Audit,
    Change,
    Class,
    EntryKind,
    Erase,
    Fetch,
    Keep,
    Link,
    Part,
    Profile,
    Remind,
    Say,
)
from handlers.events import Address, Kind, Media, MediaKind, Side, Wait
from handlers.talk import Answers, Talk
from storage import (
    archive,
    audit,
    cards,
    cases,
    entries,
    files,
    links,
    outbox,
    people,
    retention,
    talks,
    tries,
    visible,
)
from storage.cards import Card
from storage.guard import Held
from storage.retention import Periods, Swept
from tests.storage.store import CHILD, PAGE, SECRET, START, Store

DAY = timedelta(days=1)
PERIODS = Periods(timedelta(hours=24), 7 * DAY, 30 * DAY, 30 * DAY, 90 * DAY, 24)
OTHER = Address("telegram", "bot", "7100000009")


def sweep(store: Store, **more: bool) -> Swept:
    with store.tx() as tx:
        tx.run("delete from meta where name = 'swept'")
        return retention.sweep(tx, store.now, PERIODS, **more)


def count(store: Store, table: str, person: str) -> int:
    return len(store.rows(f"select 1 from {table} where person = ?", person))


# quên tôi


@pytest.fixture
def told(store: Store) -> tuple[Store, str, list[Case]]:
    """A child with two cases, drafts here and put away, letters, waits, and a file on its way."""
    child = store.person()
    found = [store.opened(child, secret=SECRET + n) for n in range(2)]
    store.apply(
        Profile(child, "vi", "child", "own", "evening", store.now),
        Keep(Talk(child, Side.RESIDENT, flow="report", case=found[0].id, spoken=store.now)),
        Aside(child, "left-1"),
        Keep(Talk(child, Side.RESIDENT, flow="report", held=("picture|p1",), spoken=store.now)),
        Keep(Talk(child, Side.DESK, flow="reply", spoken=store.now)),
        Add("a1", found[0].id, EntryKind.ANSWER, "cô đọc rồi"),
        Say(child, (Part("answer"),), entry="a1", case=found[0].id),
        Say(child, (Part("campaign"),), rank=Class.CAMPAIGN),
        Fetch(Media(MediaKind.PICTURE, "tg-file", 9), found[0].id, child, "e-file"),
        Remind(Wait.NOTICE, store.now, case=found[0].id, person=child),
        Remind(Wait.UNFINISHED, store.now, person=child),
        Remind(Wait.PROMPT, store.now, person=child, side=Side.DESK),
        Remind(Wait.OVERDUE, store.now, case=found[0].id),
    )
    with store.tx() as tx:
        files.hold(tx, child, Media(MediaKind.PICTURE, "p1"), b"JPEG", store.now)
        for number in range(150):
            visible.stand(tx, child, (f"{number}",), store.now)
    return store, child, found


def test_every_tie_and_everything_that_waits_for_them_goes_and_every_case_stays(
    told: tuple[Store, str, list[Case]],
) -> None:
    store, child, found = told
    before = {case.id: store.rows("select * from cases where id = ?", case.id) for case in found}
    keys = store.rows("select * from case_keys order by case_id")
    store.apply(Erase(child), Profile(child, "vi", "", "", "", None), person=child)
    assert (count(store, "links", child), count(store, "files", child)) == (0, 0)
    assert [row["side"] for row in store.rows("select side from talks")] == ["desk"]
    waits = [row["wait"] for row in store.rows("select wait from deadlines order by wait")]
    assert waits == ["overdue", "prompt"]
    assert [row["kind"] for row in store.rows("select kind from outbox")] == ["fetch"]
    assert store.rows("select person from outbox")[0]["person"] is None
    with store.tx() as tx:
        known = people.get(tx, child)
        assert known is not None
        assert known.person == replace(known.person, voice="", phone="", hours="", window=None)
        assert links.reporters(tx, found[0].id) == ()
        assert cases.by_secret(tx, SECRET) is not None, "the return words still open it"
        assert entries.answers(tx, found[0].id)[0].delivery == "held"
    for case in found:
        row = dict(store.rows("select * from cases where id = ?", case.id)[0])
        assert {**row, "last_delivery": ""} == {**dict(before[case.id][0]), "last_delivery": ""}
    assert store.rows("select * from case_keys order by case_id") == keys


def test_the_file_that_was_on_its_way_still_joins_its_case(
    told: tuple[Store, str, list[Case]],
) -> None:
    store, child, found = told
    store.apply(Erase(child), person=child)
    with store.tx() as tx:
        parcel = outbox.claim(tx, "fetch:telegram", store.now, 30)
        assert parcel is not None
        assert (parcel.case, parcel.entry, parcel.person) == (found[0].id, "e-file", None)
        file = files.keep(tx, found[0].id, "e-file", MediaKind.PICTURE, b"JPEG", store.now)
        assert file is not None


def test_messages_in_their_chat_are_taken_away_a_hundred_at_a_time(
    told: tuple[Store, str, list[Case]],
) -> None:
    store, child, _ = told
    with store.tx() as tx:
        assert visible.due(tx, store.now) == []
    store.apply(Erase(child), person=child)
    with store.tx() as tx:
        due = visible.due(tx, store.now)
    assert [len(one.refs) for one in due] == [100, 50]
    assert {ref for one in due for ref in one.refs} == {f"{n}" for n in range(150)}


def test_their_row_goes_in_the_next_sweep_once_the_last_message_has_arrived_and_all_is_taken_away(
    told: tuple[Store, str, list[Case]],
) -> None:
    store, child, _ = told
    store.apply(Erase(child), Say(child, (Part("forgotten"),)), person=child)
    store.rows("delete from talks where side = 'desk'")
    assert sweep(store).people == 0, "its messages still stand there"
    with store.tx() as tx:
        for one in visible.due(tx, store.now):
            visible.gone(tx, one)
    assert sweep(store).people == 0, "the last message is not there yet"
    with store.tx() as tx:
        parcel = outbox.claim(tx, f"telegram:{child}", store.now, 30)
        assert parcel is not None
        outbox.sent(tx, parcel, ("999",), store.now)
    assert sweep(store).people == 1
    assert store.rows("select 1 from people where id = ?", child) == []
    assert store.count("visible") == 0
    assert store.person() != child, "whoever writes from there again is a stranger"


def test_a_page_is_forgotten_an_hour_later_even_if_nobody_fetched_the_last_letter(
    store: Store,
) -> None:
    page = store.person(PAGE)
    store.opened(page)
    store.apply(Erase(page), Say(page, (Part("forgotten"),)), person=page)
    store.later(minutes=59)
    assert sweep(store).people == 0
    store.later(minutes=1)
    assert sweep(store).people == 1


def test_guessing_is_not_made_easier_by_it(store: Store) -> None:
    child = store.person()
    with store.tx() as tx:
        tries.one_more(tx, child, store.now)
    store.apply(Erase(child), person=child)
    assert store.count("tries") == 1


def test_of_a_stranger_nothing_is_left_either(store: Store) -> None:
    stranger = store.person(OTHER)
    store.apply(Erase(stranger), person=stranger)
    assert sweep(store).people == 1


# what the decision may look at


def test_ties_and_left_drafts_are_loaded_only_for_whoever_asks_to_be_forgotten(
    store: Store,
) -> None:
    child, other = store.person(), store.person(OTHER)
    case = store.opened(child)
    told = Talk(child, Side.RESIDENT, answers=Answers((("for", "me"),)), harm=True)
    store.apply(
        Link(case.id, other),
        Keep(told),
        Remind(Wait.UNFINISHED, store.now, person=child),
        Aside(child, "left-1"),
        Keep(replace(told, harm=False)),
        Aside(child, "left-2"),  # nothing waits on this one: it is only a draft
    )
    for more in ({"choice": "go.start"}, {"text": "quên tôi"}):
        view, _ = store.load(**more)
        assert (view.ties, view.left) == ((), ())
    view, _ = store.load(choice="go.forget_sure")
    [tie] = view.ties
    assert (tie.case.id, [one.id for one in tie.others]) == (case.id, [other])
    assert [(one.side, one.harm) for one in view.left] == [("left-1", True)]
    store.apply(Keep(Talk(child, Side.RESIDENT, flow="forget")))
    view, _ = store.load(text="quên mình đi")
    assert len(view.ties) == 1


def test_the_numbers_of_their_own_messages_are_kept_where_they_can_be_taken_away(
    store: Store,
) -> None:
    child, page = store.person(), store.person(PAGE)
    officer = store.person(store.with_chat(store.officer()))
    with store.tx() as tx:
        for person, more in (
            (child, {"kind": Kind.TEXT}),
            (child, {"kind": Kind.MEDIA}),
            (child, {"kind": Kind.CHOICE}),
            (child, {"kind": Kind.EDIT}),
            (child, {"kind": Kind.TEXT, "ref": ""}),
            (page, {"kind": Kind.TEXT}),
            (officer, {"kind": Kind.TEXT, "side": Side.DESK}),
        ):
            known = people.get(tx, person)
            assert known is not None
            visible.came(tx, known.person, store.incoming(**{"ref": "1", **more}))
    assert [row["person"] for row in store.rows("select person from visible")] == [child, child]


# pictures and voices


def with_pictures(store: Store, number: int = 2, **change: object) -> Case:
    case = store.opened(store.person(), secret=store.count("cases"), **change)
    with store.tx() as tx:
        for n in range(number):
            entry = f"{case.id}-{n}"
            entries.add(tx, Add(entry, case.id, EntryKind.PICTURE, ""), store.now)
            files.keep(tx, case.id, entry, MediaKind.PICTURE, b"JPEG" * 400, store.now)
        now = cases.get(tx, case.id)
        assert now is not None
        cases.change(
            tx, replace(now, pictures=number, status=Status.CLOSED, closed=store.now, reason="safe")
        )
    return case


def test_pictures_go_media_days_after_closing_the_story_stays_and_says_so(store: Store) -> None:
    case = with_pictures(store)
    store.now = START + 30 * DAY - timedelta(minutes=1)
    assert sweep(store).media == 0
    store.later(minutes=1)
    swept = sweep(store)
    assert (swept.media, swept.cases, swept.deleted) == (1, 0, True)
    assert store.count("files") == 0
    with store.tx() as tx:
        found = cases.get(tx, case.id)
        assert found is not None
        assert found.pictures == 0
        story = entries.of_case(tx, case.id)
    assert [(one.kind.value, one.gone, one.file) for one in story] == [
        ("words", False, None),
        ("picture", True, None),
        ("picture", True, None),
    ]
    assert sweep(store).media == 0


def test_the_card_that_counts_the_pictures_is_drawn_anew(store: Store) -> None:
    case = with_pictures(store)
    with store.tx() as tx:
        cards.put(tx, Card(case.id, "group", "group", "41"), store.now)
    store.now = START + 30 * DAY
    sweep(store)
    assert [(r["kind"], r["case_id"]) for r in store.rows("select kind, case_id from outbox")] == [
        ("show", case.id)
    ]


def test_a_picture_of_a_case_that_was_opened_again_stays_until_it_is_closed_again(
    store: Store,
) -> None:
    case = with_pictures(store)
    with store.tx() as tx:
        now = cases.get(tx, case.id)
        assert now is not None
        cases.change(tx, replace(now, status=Status.RECEIVED, closed=None))
    store.now = START + 400 * DAY
    assert sweep(store).media == 0
    assert store.count("files") == 2


def test_too_many_pictures_at_once_wait_for_a_person_as_cases_do(store: Store) -> None:
    for _ in range(6):
        with_pictures(store, 1)
        store.later(seconds=1)
    store.now = START + 31 * DAY
    assert (sweep(store).held, store.count("files")) == (Held.MANY, 6)
    assert sweep(store, confirmed=True).media == 6


def test_many_go_in_small_steps(store: Store) -> None:
    for _ in range(12):
        with_pictures(store, 1)
        store.later(seconds=1)
    store.now = START + 31 * DAY
    steps = [sweep(store, confirmed=True)]
    while steps[-1].more:
        steps.append(sweep(store, confirmed=True))
    assert [step.media for step in steps] == [10, 2]


# kept by law


def held(store: Store, case: Case, since: datetime = START) -> None:
    with store.tx() as tx:
        now = cases.get(tx, case.id)
        assert now is not None
        cases.change(tx, replace(now, hold=since, hold_why="court"))


def test_what_is_kept_by_law_is_never_deleted_but_who_told_it_is_forgotten(store: Store) -> None:
    case = with_pictures(store)
    held(store, case)
    for days in (30, 90, 4000):
        store.now = START + days * DAY
        swept = sweep(store)
        assert (swept.cases, swept.media) == (0, 0)
    assert (store.count("links"), store.count("files"), store.count("cases")) == (0, 2, 1)
    with store.tx() as tx:
        state = retention.state(tx, store.now, PERIODS)
        assert state.on_hold == ((case.code, "court", START),)
        assert (state.expired, state.media) == (0, 0)


def test_once_let_go_what_is_overdue_goes_in_the_next_run(store: Store) -> None:
    case = with_pictures(store)
    held(store, case)
    store.now = START + 100 * DAY
    assert sweep(store).cases == 0
    store.apply(Change(replace(case, hold=None, status=Status.CLOSED, closed=START)))
    assert sweep(store).cases == 1


def test_what_is_kept_counts_neither_as_many_nor_as_expired(store: Store) -> None:
    for _ in range(8):
        held(store, with_pictures(store, 1))
        store.later(seconds=1)
    store.now = START + 100 * DAY
    assert sweep(store).held is None


def test_the_audit_of_a_kept_case_stays_and_still_verifies(store: Store) -> None:
    case = with_pictures(store)
    store.apply(Audit("open", "o1", "other"), Audit("open", "o1", case.id), Audit("note", "o1"))
    held(store, case)
    store.now = START + 900 * DAY
    assert sweep(store).audit == 1, "what came before its first row goes"
    assert sweep(store).audit == 0
    acts = [row["case_id"] for row in store.rows("select case_id from audit order by number")]
    assert acts == [case.id, None]
    store.apply(Change(replace(case, hold=None)))
    assert sweep(store).audit == 2
    with store.tx() as tx:
        assert audit.verify(tx) is None


def test_a_case_that_only_the_committee_opens_can_still_be_kept(store: Store) -> None:
    """A case that was put away has no key here; that it is kept is plain."""
    case = with_pictures(store)
    with store.tx() as tx:
        tx.run("update case_keys set wrapped = null, committee = x'00'")
        tx.memo.clear()
        away = cases.get(tx, case.id)
        assert away is not None
        assert away.archived
        cases.change(tx, replace(away, hold=START, hold_why="police", reason="changed"))
        tx.memo.clear()
        kept = cases.get(tx, case.id)
        assert kept is not None
        assert (kept.hold, kept.hold_why, kept.reason) == (START, "police", "safe")
        assert archive.due(tx, START + 999 * DAY, 9) == []
    store.now = START + 100 * DAY
    assert sweep(store).cases == 0


def test_a_case_that_is_kept_is_not_put_away(store: Store) -> None:
    case = with_pictures(store)
    with store.tx() as tx:
        tx.run("update case_keys set committee = x'00'")
        tx.run("delete from links")
        assert archive.due(tx, START, 9) == [case.id]
    held(store, case)
    with store.tx() as tx:
        assert archive.due(tx, START, 9) == []


def test_nobody_is_talked_to_when_no_talk_is_left(store: Store) -> None:
    child = store.person(CHILD)
    store.apply(Keep(Talk(child, Side.RESIDENT, flow="report")))
    with store.tx() as tx:
        talks.forget_all(tx, child)
        assert talks.get(tx, child, Side.RESIDENT) == Talk(child, Side.RESIDENT)


def test_no_line_of_the_story_keeps_the_platforms_number_of_a_message(store: Store) -> None:
    """With it the platform could be asked whose chat it was, long after the tie was cut."""
    case = store.opened(store.person())
    store.apply(Add("e1", case.id, EntryKind.WORDS, "hôm nay lại thế", ref="4711000815"))
    with store.tx() as tx:
        key = cases.key_of(tx, case.id)
        [row] = tx.all("select body from entries where id = 'e1'")
        sealed = {"table": "entries", "column": "body", "row": "e1", "case": case.id}
        body = tx.seal.open(row["body"], case_key=key, **sealed)
    assert b"4711000815" not in body
