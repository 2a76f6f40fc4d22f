"""Who may do what, from where: every act by everybody, over the real database and inbox.

In the table, one letter is what a press brings: A done and recorded; P a prompt or a greeting in
the officer's own chat; D a door from the group into it; R refused and recorded; K refused,
recorded, and the leads are asked; G "this button is no longer of use". A space only parts.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import Outcome
from handlers.cases import Case, Priority, Route, Status
from handlers.effects import Add, Admit, EntryKind, Knock
from handlers.events import Address, Kind, Side
from handlers.receipts import format_code, public_code
from handlers.talk import Talk
from handlers.view import Role
from storage import cases, entries, invites, knocks, links, officers, people, sessions, talks
from storage.invites import Invite, Opens
from storage.tx import Tx
from tests.world import GROUP, World, open_world

STORY = "bố hay đánh em bằng roi"
DRAFT = "Chú đang tới, em chờ nhé"
VERBS = (
    *("claim", "open", "reply", "canned.hello", "send", "note", "cancel", "hand"),
    *("priority.P3", "close.safe", "agree", "hold.police", "lift.sure"),
    *("let", "deny", "hello", "bogus"),
)
OFFICERS = {
    "lead": Role.LEAD,
    "officer": Role.OFFICER,
    "school": Role.OFFICER,
    "independent": Role.INDEPENDENT,
    "left": Role.OFFICER,
    "removed": Role.OFFICER,
}
CASES = {
    "open": {},
    "leads": {"route": Route.LEADS},
    "routed": {"route": Route.INDEPENDENT},
    "hidden": {"school_hidden": True},
}

LEAD_ACTS = "AAPPAPPAAAA AA AA PG"
ACTS = "AAPPAPPAAAA RR RR PG"
OUTSIDE_ACTS = "AAPPAPPAAAA AA RR PG"
LEAD_GROUP = "ADDDDDDDDDD DD AA PG"
IN_GROUP = "ADDDDDDDDDD RR RR PG"
OUTSIDE_GROUP = "ADDDDDDDDDD DD RR PG"
NOT_LEAD = "RRRRRRRRRRR RR AA PG"
NOT = "RRRRRRRRRRR RR RR PG"
NEVER = "RRRRRRRRRRR RR RR RR"
ASKED = "KKKKKKKKKKK KK KK KK"

TABLE = {
    ("group", "open"): {
        "lead": LEAD_GROUP,
        "officer": IN_GROUP,
        "school": IN_GROUP,
        "independent": NOT,
        "left": NEVER,
        "removed": ASKED,
        "member": ASKED,
    },
    ("group", "leads"): {
        "lead": LEAD_GROUP,
        "officer": NOT,
        "school": NOT,
        "independent": OUTSIDE_GROUP,
        "left": NEVER,
        "removed": ASKED,
        "member": ASKED,
    },
    ("group", "routed"): {
        "lead": NOT_LEAD,
        "officer": NOT,
        "school": NOT,
        "independent": OUTSIDE_GROUP,
        "left": NEVER,
        "removed": ASKED,
        "member": ASKED,
    },
    ("group", "hidden"): {
        "lead": LEAD_GROUP,
        "officer": IN_GROUP,
        "school": NOT,
        "independent": NOT,
        "left": NEVER,
        "removed": ASKED,
        "member": ASKED,
    },
    ("private", "open"): {
        "lead": LEAD_ACTS,
        "officer": ACTS,
        "school": ACTS,
        "independent": NOT,
        "left": NEVER,
        "removed": NEVER,
        "member": NEVER,
        "resident": NEVER,
    },
    ("private", "leads"): {
        "lead": LEAD_ACTS,
        "officer": NOT,
        "school": NOT,
        "independent": OUTSIDE_ACTS,
        "left": NEVER,
        "removed": NEVER,
        "member": NEVER,
        "resident": NEVER,
    },
    ("private", "routed"): {
        "lead": NOT_LEAD,
        "officer": NOT,
        "school": NOT,
        "independent": OUTSIDE_ACTS,
        "left": NEVER,
        "removed": NEVER,
        "member": NEVER,
        "resident": NEVER,
    },
    ("private", "hidden"): {
        "lead": LEAD_ACTS,
        "officer": ACTS,
        "school": NOT,
        "independent": NOT,
        "left": NEVER,
        "removed": NEVER,
        "member": NEVER,
        "resident": NEVER,
    },
    # The desk is a browser a lead has let in for one shift: it needs no membership.
    ("desk", "open"): {
        "lead": LEAD_ACTS,
        "officer": ACTS,
        "school": ACTS,
        "independent": NOT,
        "left": ACTS,
        "removed": NEVER,
        "member": NEVER,
    },
    ("desk", "leads"): {
        "lead": LEAD_ACTS,
        "officer": NOT,
        "school": NOT,
        "independent": OUTSIDE_ACTS,
        "left": NOT,
        "removed": NEVER,
        "member": NEVER,
    },
    ("desk", "routed"): {
        "lead": NOT_LEAD,
        "officer": NOT,
        "school": NOT,
        "independent": OUTSIDE_ACTS,
        "left": NOT,
        "removed": NEVER,
        "member": NEVER,
    },
    ("desk", "hidden"): {
        "lead": LEAD_ACTS,
        "officer": ACTS,
        "school": NOT,
        "independent": NOT,
        "left": ACTS,
        "removed": NEVER,
        "member": NEVER,
    },
}


@dataclass
class Office:
    """A world with everybody in it, and a fresh case for every press."""

    world: World
    number: int = 0

    async def people(self) -> None:
        """Put everybody in their place: on the roster, in the group, at a desk, or out of it."""
        world = self.world
        for name, role in OFFICERS.items():
            one = await world.officer(name, f"Cô {name}", role, school=name == "school")

            def sit(tx: Tx, officer: str = one.id, session: str = f"session-{name}") -> None:
                token = f"desk-{officer}"
                invites.make(tx, token, Invite(Opens.DESK, officer), world.now + timedelta(hours=1))
                sessions.enter(tx, token, session, world.now)

            await world.db.write(sit)
        world.room.members |= {"member", "removed"}
        world.room.members.discard("left")
        await world.db.write(lambda tx: officers.remove(tx, "officer-removed"))

    async def prepare(self, actor: str, place: str, verb: str, kind: str) -> Case:
        """A case in this state, and whatever the act needs so that it could be done."""
        self.number += 1
        case = Case(
            id=f"case{self.number:04}",
            ward=self.world.house.ward.id,
            code=public_code(987654321 + self.number),
            status=Status.NEW,
            priority=Priority.P2,
            kind="PHYSICAL",
            voice="child",
            opened=self.world.now,
            proposed_by="somebody-else",
            proposed_reason="safe",
            messages=1,
            hold=self.world.now if verb.startswith("lift") else None,
            hold_why="court" if verb.startswith("lift") else "",
            **CASES[kind],  # type: ignore[arg-type]
        )

        def write(tx: Tx) -> None:
            cases.open_case(tx, case, self.number)
            entries.add(
                tx, Add(f"entry{self.number}", case.id, EntryKind.WORDS, STORY), self.world.now
            )
            child = people.meet(tx, Address("telegram", "bot", f"child{self.number}"))
            links.link(tx, case.id, child.person.id, self.world.now)
            knocker = people.meet(tx, Address("telegram", "bot", f"knocker{self.number}"))
            knocks.knock(
                tx,
                Knock(
                    f"knock{self.number}",
                    "4711",
                ),
                knocker.person.id,
                self.world.now,
            )
            tx.run("delete from knocks where person <> ?", knocker.person.id)
            known = self.known(tx, actor, place)
            if known is not None:
                talks.forget(tx, known, Side.DESK)
                if verb == "send":
                    talk = Talk(known, Side.DESK, flow="reply", case=case.id, draft=DRAFT)
                    talks.keep(tx, talk, self.world.now)

        await self.world.db.write(write)
        return case

    def known(self, tx: Tx, actor: str, place: str) -> str | None:
        """The person that somebody is at this place."""
        if place != "desk":
            return people.meet(tx, Address("telegram", "bot", actor)).person.id
        officer = sessions.officer(tx, f"session-{actor}", self.world.now)
        found = people.find(tx, people.desk_address(officer)) if officer else None
        return None if found is None else found.person.id

    async def press(self, actor: str, place: str, verb: str, case: Case) -> Outcome:
        """Press as the doors hand it over; a press in private is the desk's by its name alone."""
        name, _, argument = verb.partition(".")
        thing = f"knock{self.number}" if name in {"let", "deny"} else case.id
        choice = ".".join(filter(None, ("d", name, thing, argument)))
        if place == "desk":
            ward = self.world.house.ward.id
            incoming = replace(
                self.world.incoming("x", Kind.CHOICE, side=Side.DESK, choice=choice),
                sender=Address("desk", ward, f"session-{actor}"),
            )
            return await self.world.take(incoming)
        if place == "group":
            return await self.world.in_group(actor, choice)
        return await self.world.choose(actor, choice, side=Side.DESK)

    async def letters(self, actor: str) -> list[str]:
        """What the desk of somebody shows them, taken away as if read."""
        board = await self.world.mailbox.board(f"session-{actor}", 0)
        if board is None or not board.letters:
            return []
        await self.world.mailbox.board(f"session-{actor}", board.letters[-1].number)
        return [letter.message.text for letter in board.letters]

    async def cell(self, actor: str, place: str, verb: str, kind: str) -> str:
        """One press, as a letter of the table; whoever is refused must have learnt nothing."""
        world = self.world
        case = await self.prepare(actor, place, verb, kind)
        world.room.told.clear()
        before = await world.db.read(acts)
        outcome = await self.press(actor, place, verb, case)
        recorded = (await world.db.read(acts))[len(before) :]
        heard = [t.message.text for t in world.room.told if t.to.peer == actor]
        if place == "desk":
            heard += await self.letters(actor)
        letter = read(outcome, recorded, [t.message.text for t in world.room.told], heard)
        if letter in "RKG":
            await self.learnt_nothing(case, outcome, heard)
        return letter

    async def learnt_nothing(self, case: Case, outcome: Outcome, heard: list[str]) -> None:
        said = "\n".join([outcome.toast, *heard])
        assert outcome.door == ""
        assert STORY not in said
        assert format_code(case.code) not in said
        assert case.code not in said
        assert await self.world.db.read(lambda tx: cases.get(tx, case.id)) == case


def acts(tx: Tx) -> list[str]:
    return [row["act"] for row in tx.all("select act from audit order by number")]


def read(outcome: Outcome, recorded: list[str], everywhere: list[str], heard: list[str]) -> str:
    """Name what a press brought."""
    if outcome.door:
        return "D"
    if "refused" in recorded:
        return "K" if any("Có người trong nhóm bấm nút" in text for text in everywhere) else "R"
    if recorded:
        return "A"
    if any("Nút này không còn" in text for text in [outcome.toast, *heard]):
        return "G"
    return "P" if heard else "?"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_world(tmp_path) as world:
        there = Office(world)
        await there.people()
        yield there


@pytest.mark.parametrize(("place", "kind"), list(TABLE))
async def test_everybody_can_do_what_the_table_says_and_nothing_else(
    office: Office, place: str, kind: str
) -> None:
    found = {}
    for actor in TABLE[place, kind]:
        letters = [await office.cell(actor, place, verb, kind) for verb in VERBS]
        found[actor] = "".join(letters)
    expected = {actor: row.replace(" ", "") for actor, row in TABLE[place, kind].items()}
    assert found == expected
    # Every actor gets a case of their own, all in one minute.
    assert not office.world.alarms.counts.keys() - {"flood"}


async def test_a_forged_press_on_a_web_page_is_an_old_button_of_a_resident(
    office: Office,
) -> None:
    world = office.world
    for verb in VERBS:
        case = await office.prepare("resident", "private", "open", "open")
        await world.choose("page", f"d.{verb}.{case.id}", channel="web")
    page = await world.mailbox.page(Address("web", world.house.ward.id, "page"), 0)
    said = "\n".join(letter.message.text for letter in page.letters)
    assert len(page.letters) == len(VERBS)
    assert STORY not in said
    assert not re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", said)
    assert await world.db.read(acts) == []


async def test_words_typed_into_an_open_prompt_are_refused_once_the_officer_is_out(
    office: Office,
) -> None:
    world = office.world
    case = await office.prepare("officer", "private", "send", "open")
    world.room.members.discard("officer")
    await world.say("officer", "câu trả lời")
    await world.choose("officer", f"d.send.{case.id}", side=Side.DESK)
    assert await world.db.read(acts) == ["refused", "refused"]
    story = await world.db.read(lambda tx: entries.of_case(tx, case.id))
    assert [entry.kind for entry in story] == [EntryKind.WORDS]


async def test_membership_that_cannot_be_asked_for_fails_closed(office: Office) -> None:
    office.world.inbox.member = unsure
    assert await office.cell("lead", "group", "claim", "open") == "R"
    assert await office.cell("lead", "private", "open", "open") == "R"
    assert await office.cell("independent", "private", "open", "routed") == "A"


async def unsure(sender: Address) -> bool:
    del sender
    return False


async def test_without_a_group_the_roster_alone_decides(tmp_path: Path) -> None:
    async with open_world(tmp_path, group=False) as world:
        there = Office(world)
        await there.people()
        assert await there.cell("left", "private", "open", "open") == "A"
        assert await there.cell("member", "private", "open", "open") == "R"


# Tokens.


async def door(office: Office) -> tuple[str, Case]:
    case = await office.prepare("officer", "group", "open", "open")
    outcome = await office.press("officer", "group", "open", case)
    return outcome.door, case


async def test_a_door_opens_once(office: Office) -> None:
    token, _ = await door(office)
    await office.world.start("officer", token)
    assert STORY in office.world.last("officer").text
    office.world.room.told.clear()
    await office.world.start("officer", token)
    assert STORY not in office.world.last("officer").text


async def test_a_door_opens_for_its_officer_only_and_stays_for_them(office: Office) -> None:
    token, case = await door(office)
    for other in ("lead", "school", "member", "resident", "removed"):
        await office.world.start(other, token)
        assert STORY not in office.world.last(other).text
        assert format_code(case.code) not in office.world.last(other).text
    await office.world.start("officer", token)
    assert STORY in office.world.last("officer").text


async def test_a_door_stays_open_for_ten_minutes(office: Office) -> None:
    first, _ = await door(office)
    await office.world.advance(minutes=9.9)
    await office.world.start("officer", first)
    assert STORY in office.world.last("officer").text
    office.world.room.told.clear()
    second, _ = await door(office)
    await office.world.advance(minutes=10)
    await office.world.start("officer", second)
    assert STORY not in office.world.last("officer").text


async def test_a_door_leads_nowhere_once_the_officer_is_out_of_the_group(office: Office) -> None:
    token, _ = await door(office)
    office.world.room.members.discard("officer")
    await office.world.start("officer", token)
    assert STORY not in office.world.last("officer").text


async def test_a_door_never_opens_the_desk(office: Office) -> None:
    token, _ = await door(office)
    assert not await office.world.mailbox.enter(token, "a-browser")


async def test_an_invitation_makes_one_chat_an_officers_and_works_once(office: Office) -> None:
    world = office.world

    def invite(tx: Tx) -> None:
        new = Invite(Opens.INVITE, "officer-lead")
        invites.make(tx, "come-in", new, world.now + timedelta(hours=72))

    await world.db.write(invite)
    world.room.members |= {"newcomer", "second"}
    await world.start("newcomer", "come-in")
    assert "Chào Cô lead" in world.last("newcomer").text
    await world.start("second", "come-in")
    assert "Chào Cô lead" not in world.last("second").text
    case = await office.prepare("newcomer", "private", "open", "open")
    await office.press("newcomer", "private", "open", case)
    assert STORY in world.last("newcomer").text


async def test_an_invitation_ends(office: Office) -> None:
    world = office.world
    ends = world.now + timedelta(minutes=1)
    await world.db.write(
        lambda tx: invites.make(tx, "late", Invite(Opens.INVITE, "officer-lead"), ends)
    )
    await world.advance(minutes=1)
    await world.start("newcomer", "late")
    assert "Chào Cô lead" not in world.last("newcomer").text


# Being let in.


async def test_whoever_knocks_twice_asks_the_leads_once_and_keeps_the_number(
    office: Office,
) -> None:
    world = office.world
    case = await office.prepare("member", "group", "open", "open")
    first = await office.press("member", "group", "open", case)
    second = await office.press("member", "group", "claim", case)
    assert first.toast == second.toast
    assert len(world.room.of("lead")) == 1


async def test_a_lead_lets_somebody_in_once_and_the_other_button_is_of_no_use_then(
    office: Office,
) -> None:
    world = office.world
    case = await office.prepare("member", "group", "open", "open")
    await office.press("member", "group", "open", case)
    let, deny = world.button("lead", "Cho vào"), world.button("lead", "Không")
    await world.choose("lead", let, side=Side.DESK)
    assert "Đã cho vào" in world.last("lead").text
    assert await office.cell("member", "private", "open", "open") == "A"
    world.room.told.clear()
    await world.choose("lead", deny, side=Side.DESK)
    assert "Nút này không còn" in world.last("lead").text
    assert await office.cell("member", "private", "open", "open") == "A"


async def test_somebody_turned_away_has_no_rights_and_may_ask_again(office: Office) -> None:
    world = office.world
    case = await office.prepare("member", "group", "open", "open")
    await office.press("member", "group", "open", case)
    await world.press("lead", "Không")
    assert await office.cell("member", "private", "open", "open") == "R"
    assert await office.cell("member", "group", "open", "open") == "K"


async def test_letting_in_is_decided_in_one_transaction(office: Office) -> None:
    await office.prepare("member", "group", "open", "open")
    decided = Admit("nobody-knocked", let_in=True, officer="new")
    ward = office.world.house.ward.id
    found = await office.world.db.write(
        lambda tx: knocks.decide(tx, decided, ward, office.world.now)
    )
    assert found is None


# Leaving.


async def test_the_work_of_an_officer_who_is_removed_is_free_again_and_a_p1_calls(
    office: Office,
) -> None:
    world = office.world
    await world.say("be", "alo")
    await world.press("be", "Đang nguy hiểm 🆘")
    claim = world.button(GROUP.peer, "Nhận việc")
    await world.choose("officer", claim, side=Side.DESK)
    assert "Đã nhận: Cô officer" in world.last(GROUP.peer).text
    await world.advance(minutes=6)
    assert world.rings == []
    await world.db.write(lambda tx: officers.remove(tx, "officer-officer"))
    await world.advance(minutes=1)
    assert "CHƯA AI NHẬN" in world.last(GROUP.peer).text
    assert [priority for _, priority in world.rings] == ["P1"]
    assert any("chưa ai nhận" in t.message.text for t in world.room.of("lead"))
