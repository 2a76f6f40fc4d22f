"""The web is a mailbox: letters wait until the next request confirms them; pages hold no secret."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.channel import Board, Outcome, Page
from handlers.cases import Case, Route, Status
from handlers.effects import Delivery, EntryKind
from handlers.events import Address, Kind, Media, MediaKind, Side
from handlers.view import Entry, Officer, Role
from storage import cases, entries, invites, officers, outbox
from storage.invites import Invite, Opens
from storage.tx import Tx
from tests.world import World, open_world

PICTURE = b"clean picture"
STORY = "bố hay đánh em bằng roi"


@dataclass
class Web:
    """Residents at pages and officers at the desk; no chat anywhere."""

    world: World

    def address(self, page: str = "page") -> Address:
        return Address("web", self.world.house.ward.id, page)

    async def choose(self, choice: str, page: str = "page") -> Outcome:
        return await self.world.choose(page, choice, channel="web")

    async def say(self, text: str, page: str = "page") -> Outcome:
        return await self.world.say(page, text, channel="web")

    async def page(self, confirm: int = 0, page: str = "page") -> Page:
        return await self.world.mailbox.page(self.address(page), confirm)

    async def texts(self, page: str = "page") -> list[str]:
        return [one.message.text for one in (await self.page(page=page)).letters]

    async def read(self, page: str = "page") -> None:
        """Look at the page and confirm everything on it."""
        there = await self.page(page=page)
        if there.letters:
            await self.world.mailbox.letters(self.address(page), there.letters[-1].number)

    async def report(self, page: str = "page", who: str = "a.who.home") -> None:
        for step in ("a.for.me", "a.now.no", "a.what.hit"):
            await self.choose(step, page)
        await self.say(STORY, page)
        await self.choose(who, page)
        await self.choose("go.send", page)

    async def officer(self, name: str, role: str = Role.OFFICER, *, school: bool = False) -> None:
        """Somebody with a desk and no chat."""
        one = Officer(name, f"Cô {name}", role, school=school)

        def add(tx: Tx) -> None:
            officers.add(tx, one, self.world.house.ward.id, self.world.now)
            until = self.world.now + timedelta(hours=1)
            invites.make(tx, f"link-{name}", Invite(Opens.DESK, name), until)

        await self.world.db.write(add)
        assert await self.world.mailbox.enter(f"link-{name}", f"session-{name}")

    async def press(self, name: str, choice: str) -> Outcome:
        incoming = self.world.incoming("x", Kind.CHOICE, side=Side.DESK, choice=choice)
        desk = Address("desk", self.world.house.ward.id, f"session-{name}")
        return await self.world.take(replace(incoming, sender=desk))

    async def board(self, name: str, confirm: int = 0) -> Board:
        found = await self.world.mailbox.board(f"session-{name}", confirm)
        assert found is not None
        return found

    async def cases(self) -> list[Case]:
        return await self.world.db.read(lambda tx: cases.board(tx, self.world.house.ward.id))

    async def answered(self) -> Entry:
        [case] = await self.cases()
        story = await self.world.db.read(lambda tx: entries.of_case(tx, case.id))
        return next(entry for entry in story if entry.kind is EntryKind.ANSWER)


@asynccontextmanager
async def web(path: Path, **more: bool) -> AsyncIterator[Web]:
    async with open_world(path, group=False, **more) as world:
        yield Web(world)


# Letters.


async def test_letters_wait_until_the_next_request_confirms_them(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.choose("a.for.me")
        first = (await w.page()).letters
        assert first == (await w.page()).letters
        assert len(first) == 1
        await w.choose("go.111")
        both = (await w.page()).letters
        assert both[0] == first[0]
        kept = await w.world.mailbox.letters(w.address(), first[0].number)
        assert [letter.number for letter in kept] == [both[1].number]


async def test_a_poll_that_confirms_nothing_writes_nothing(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.choose("a.for.me")
        await w.read()

        async def write(fn: object) -> None:
            raise AssertionError(fn)

        w.world.db.write = write  # type: ignore[assignment,method-assign]
        assert await w.world.mailbox.letters(w.address(), 0) == ()
        assert await w.world.mailbox.letters(w.address(), 10**9) == ()


async def test_nobody_confirms_or_reads_anybody_elses_letters(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.report("one")
        await w.choose("a.for.adult", "two")
        numbers = [letter.number for letter in (await w.page(page="one")).letters]
        await w.page(max(numbers) + 100, page="two")
        await w.page(numbers[-1], page="stranger")
        assert [letter.number for letter in (await w.page(page="one")).letters] == numbers
        assert not any(STORY in text for text in await w.texts("two"))


async def test_a_stranger_gets_an_empty_page_and_no_row_is_made(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        assert await w.page(5) == Page((), ())
        assert await w.world.mailbox.letters(w.address(), 5) == ()
        assert await w.world.db.read(lambda tx: tx.all("select * from people")) == []


@pytest.mark.parametrize("trial", [True, False])
async def test_the_first_screen_is_shown_before_anybody_has_written(
    tmp_path: Path, trial: bool
) -> None:
    async with web(tmp_path, trial=trial) as w:
        for language in ("vi", "en"):
            front = await w.world.mailbox.front(language)
            assert "a.for.me" in {key.id for row in front.keys for key in row}
        assert await w.world.db.read(lambda tx: tx.all("select * from people")) == []


async def test_an_answer_is_held_until_it_was_shown_and_confirmed_then_delivered(
    tmp_path: Path,
) -> None:
    async with web(tmp_path) as w:
        await w.officer("m")
        await w.report()
        await w.read()
        [case] = await w.cases()
        await w.press("m", f"d.reply.{case.id}")
        await w.press("m", f"d.canned.{case.id}.hello")
        await w.press("m", f"d.send.{case.id}")
        assert (await w.answered()).delivery is Delivery.HELD
        page = await w.page()
        assert any("Cảm ơn bạn đã kể" in letter.message.text for letter in page.letters)
        assert (await w.answered()).delivery is Delivery.HELD
        await w.page(page.letters[-1].number)
        assert (await w.answered()).delivery is Delivery.DELIVERED
        assert "đã tới" in (await w.board("m")).cards[0].message.text


# Pages.


async def test_a_page_is_drawn_again_from_the_talk_after_a_reload(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        for step in ("a.for.me", "a.now.no", "a.what.hit"):
            await w.choose(step)
        await w.say(STORY)
        asked = (await w.page()).letters[-1].message
        await w.read()
        page = await w.page()
        mine = [line.text for line in page.history if line.mine]
        assert "Bị đánh ✋" in mine
        assert mine[-1] == STORY
        [again] = page.letters
        assert again.number == 0
        assert again.message.keys == asked.keys


async def test_a_typed_place_stands_in_the_history_and_skipped_questions_do_not(
    tmp_path: Path,
) -> None:
    async with web(tmp_path) as w:
        for step in ("a.for.me", "a.now.no", "a.what.hit"):
            await w.choose(step)
        await w.say(STORY)
        await w.choose("go.skip")
        await w.say("gần chợ")
        await w.read()
        history = (await w.page()).history
        assert "gần chợ" in [line.text for line in history if line.mine]
        asked = [line.text for line in history if not line.mine]
        assert not [text for text in asked if "Ai làm bạn lo" in text]


async def test_after_quick_exit_the_page_is_a_strangers(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.report()
        await w.choose("go.exit")
        page = await w.page()
        assert page.history == ()
        await w.read()
        after = await w.page()
        said = "\n".join(letter.message.text for letter in after.letters)
        assert after.history == ()
        assert STORY not in said
        assert "5 chữ" not in said


async def test_a_page_with_a_sent_report_goes_on_where_it_was(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.report()
        await w.read()
        page = await w.page()
        assert len(page.letters) == 1
        assert page.history


# The desk.


async def test_the_board_shows_only_what_this_officer_may_see(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.officer("m", Role.LEAD)
        await w.officer("s", school=True)
        await w.officer("r", Role.INDEPENDENT)
        await w.report("one")
        await w.report("two", "a.who.school")
        await w.report("three", "a.who.official")
        open_, school, official = sorted(await w.cases(), key=lambda case: case.opened)
        by_code = {case.code: case for case in (open_, school, official)}
        seen = {}
        for name in ("m", "s", "r"):
            seen[name] = {
                "hidden" if case.school_hidden else str(case.route)
                for card in (await w.board(name)).cards
                for case in by_code.values()
                if card.case == case.id
            }
        assert seen == {"m": {"group", "hidden"}, "s": {"group"}, "r": {"independent"}}


async def test_the_board_has_the_most_urgent_first_and_no_closed_case(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.officer("m")
        await w.report("one")
        await w.say("bố đang đánh em, cứu em", "two")
        await w.report("three")
        done = (await w.cases())[-1]
        closed = replace(done, status=Status.CLOSED, closed=w.world.now, reason="safe")
        await w.world.db.write(lambda tx: cases.change(tx, closed))
        board = await w.board("m")
        assert [card.priority for card in board.cards] == ["P1", "P2"]
        assert STORY not in "".join(card.message.text for card in board.cards)


async def test_the_desk_is_recognised_by_its_session_alone_and_a_link_works_once(
    tmp_path: Path,
) -> None:
    async with web(tmp_path) as w:
        await w.officer("m")
        assert (await w.board("m")).name == "Cô m"
        assert await w.world.mailbox.board("another-browser", 0) is None
        assert not await w.world.mailbox.enter("link-m", "another-browser")
        assert not await w.world.mailbox.enter("no such link", "another-browser")
        w.world.moment[0] += timedelta(hours=12)
        assert await w.world.mailbox.board("session-m", 0) is None


async def test_an_officer_taken_off_the_roster_has_no_desk(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.officer("m")
        await w.world.db.write(lambda tx: officers.remove(tx, "m"))
        assert await w.world.mailbox.board("session-m", 3) is None
        assert await w.world.mailbox.picture("session-m", "x") is None


async def test_what_a_desk_was_told_waits_until_confirmed(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.officer("m")
        await w.report()
        [case] = await w.cases()
        await w.press("m", f"d.open.{case.id}")
        [letter] = (await w.board("m")).letters
        assert STORY in letter.message.text
        assert (await w.board("m")).letters == (letter,)
        assert (await w.board("m", letter.number)).letters == ()


async def test_an_officer_who_fetches_the_board_is_noticed_and_nobody_else(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.officer("m")
        await w.world.mailbox.board("nobody", 0)
        assert w.world.mailbox.watched is None
        await w.board("m")
        assert w.world.mailbox.watched == w.world.now


async def test_pictures_are_shown_only_to_who_has_opened_the_case_within_a_day(
    tmp_path: Path,
) -> None:
    async with web(tmp_path) as w:
        await w.officer("m")
        await w.officer("s")
        await w.officer("r", Role.INDEPENDENT)
        await w.report()
        media = Media(MediaKind.PICTURE, "upload1", len(PICTURE))
        sent = w.world.incoming("page", Kind.MEDIA, channel="web", media=media)
        await w.world.take(sent, PICTURE)
        await w.choose("go.photo_no")
        [case] = await w.cases()
        story = await w.world.db.read(lambda tx: entries.of_case(tx, case.id))
        [file] = [entry.file for entry in story if entry.file]

        async def shown(name: str) -> bytes | None:
            return await w.world.mailbox.picture(f"session-{name}", file)

        assert await shown("m") is None
        await w.press("m", f"d.hand.{case.id}")
        assert await shown("m") is None
        await w.press("m", f"d.open.{case.id}")
        assert await shown("m") == PICTURE
        assert await shown("s") is None
        assert await shown("r") is None
        assert await w.world.mailbox.picture("session-m", "no such file") is None
        assert (await w.board("m")).letters[-1].message.pictures == (PICTURE,)
        hidden = replace((await w.cases())[0], route=Route.INDEPENDENT)
        await w.world.db.write(lambda tx: cases.change(tx, hidden))
        assert await shown("m") is None


async def test_a_new_case_with_nobody_to_ring_rings_the_second_road(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.officer("m")
        await w.report()
        assert [priority for _, priority in w.world.rings] == ["P2"]
        assert await w.world.db.read(lambda tx: outbox.lanes_due(tx, w.world.now)) == []


async def test_the_board_counts_what_is_least_urgent_and_too_much_to_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_world(tmp_path, group=False) as world:
        monkeypatch.setattr(cases, "MOST_P3", 2)
        officer = await world.officer("m", "Cô Mây", Role.LEAD)
        invite = invites.Invite(invites.Opens.DESK, officer.id)
        until = world.now + timedelta(hours=1)
        await world.db.write(lambda tx: invites.make(tx, "t", invite, until))
        await world.mailbox.enter("t", "session")
        for n in range(5):
            for step in ("a.for.me", "a.now.no", "a.what.hit"):
                await world.choose(f"be{n}", step)
            await world.say(f"be{n}", f"bị đánh, {n}")
            await world.choose(f"be{n}", "go.send")
        await world.db.write(lambda tx: tx.run("update cases set priority = 'P3'"))
        board = await world.mailbox.board("session", 0)
        assert board is not None
        assert [card.message.text for card in board.cards][2:] == ["và 3 hồ sơ P3 nữa."]
        assert board.cards[-1].message.keys == ()
