"""What the pages read: a resident's page drawn from the talk, an officer's board from the cases.

The web is a mailbox: letters wait until the next request confirms them.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.cards import look
from bot.channels.channel import Board, BoardCard, Letter, Line, Outgoing, Page
from bot.dice import SecureDice
from bot.render import Renderer, unpack
from bot.sender import with_files
from handlers import prompts, report, routes, screens, unopened
from handlers.act import Act
from handlers.cases import Case, Priority
from handlers.events import Address, MediaKind, Side
from handlers.talk import TYPED, Talk
from handlers.view import House, Officer, Person, View
from storage import (
    audit,
    cases,
    exercises,
    files,
    officers,
    opening,
    outbox,
    people,
    sessions,
    talks,
)
from storage.db import Database
from storage.people import Known
from storage.tx import Tx

OPENED_FOR = timedelta(hours=24)
"""So long after opening a case its pictures may be looked at."""
WATCHED_FOR = timedelta(minutes=1)


class Mailbox:
    """Reads for the pages; all it writes is what was confirmed, and what an exercise measures."""

    def __init__(
        self, *, db: Database, house: House, render: Renderer, now: Callable[[], datetime]
    ) -> None:
        """`render` makes the first screen, for which no row exists."""
        self.db = db
        self.house = house
        self.render = render
        self.now = now
        self.watched: datetime | None = None
        """When a desk last fetched the board: a ward without a group depends on it."""

    def is_watched(self) -> bool:
        """Tell whether a desk has looked within the last minute."""
        return self.watched is not None and self.now() - self.watched < WATCHED_FOR

    async def page(self, who: Address, confirm: int) -> Page:
        """Confirm letters up to `confirm`, then give the page (empty for a stranger)."""
        await self.confirm(lambda tx: people.find(tx, who), confirm)
        return await self.db.read(lambda tx: self.draw(tx, people.find(tx, who)))

    async def letters(self, who: Address, confirm: int) -> tuple[Letter, ...]:
        """Confirm letters up to `confirm`, then give what is unread."""
        await self.confirm(lambda tx: people.find(tx, who), confirm)
        return await self.db.read(lambda tx: waiting(tx, people.find(tx, who)))

    async def confirm(self, find: Callable[[Tx], Known | None], upto: int) -> None:
        """Wipe what a page has shown; a poll that confirms nothing writes nothing."""

        def shown_waits(tx: Tx) -> bool:
            known = find(tx)
            unread = outbox.unread(tx, known.person.id, 1) if known else []
            return bool(unread) and unread[0].number <= upto

        def wipe(tx: Tx) -> None:
            known = find(tx)
            if known is not None:
                outbox.confirm(tx, known.person.id, upto, self.now())

        if upto and await self.db.read(shown_waits):
            await self.db.write(wipe)

    async def front(self, language: str) -> Outgoing:
        """Give the first screen, before anybody has written: no row is made for it."""
        person = Person("", language=language, pushes=False)
        view = View(self.now(), self.house, person, Talk("", Side.RESIDENT))
        open_ = await self.db.read(self.is_open)
        say = screens.screen(view, view.talk, None) if open_ else unopened.screen(view)
        return unpack(self.render(say, language, "", "web")).message

    def is_open(self, tx: Tx) -> bool:
        """Tell whether the public is let in; a trial always lets in, and says that it is one."""
        return self.house.trial or opening.is_open(tx, self.ward)

    def draw(self, tx: Tx, known: Known | None) -> Page:
        """Draw a resident's page: what was answered, then what is unread or asked now."""
        if known is None:
            return Page((), ())
        talk = talks.get(tx, known.person.id, Side.RESIDENT)
        letters = waiting(tx, known)
        view = View(
            self.now(), self.house, known.person, talk, roster=officers.roster(tx, self.ward)
        )
        history = self.history(view, talk) if talk.flow == "report" else ()
        if not letters and (history or talk.spoken is not None):
            letters = (Letter(0, self.standing(tx, view, talk)),)
        return Page(history, letters)

    def standing(self, tx: Tx, view: View, talk: Talk) -> Outgoing:
        """Draw the open question again, for a page that lost its letters."""
        case = cases.get(tx, talk.case) if talk.case else None
        told = case is not None or self.is_open(tx)
        view = replace(view, case=case)
        say = screens.screen(view, talk, case, again=True) if told else unopened.screen(view)
        return unpack(self.render(say, view.person.language, view.person.voice, "web")).message

    def history(self, view: View, talk: Talk) -> tuple[Line, ...]:
        """Draw the conversation so far from its answers; no transcript is stored."""
        texts, person = self.house.texts, view.person
        lines: list[Line] = []
        for question in screens.standing(view, talk).answered:
            value = talk.answers[question]
            if not value or question.id == report.SEND.id:
                continue
            asked = question.key.strip("-") or f"q.{question.id}"
            lines.append(Line(False, texts.say(asked, person.language, person.voice)))
            if question.id != report.WORDS.id and not value.startswith(TYPED):
                lines.append(Line(True, screens.spoken(view, question, value)))
            elif question.id == "where":
                lines.append(Line(True, report.typed(value)))
        return (*lines, *(Line(True, told) for told in talk.answers.story))

    @property
    def ward(self) -> str:
        """The ward's id."""
        return self.house.ward.id

    async def enter(self, token: str, session: str) -> bool:
        """Open the desk with a one-time link's token for this session, once."""
        now = self.now()
        return await self.db.write(lambda tx: sessions.enter(tx, token, session, now)) is not None

    async def board(self, session: str, confirm: int) -> Board | None:
        """Give the desk of this session's officer; None when they may not (any longer)."""
        await self.confirm(lambda tx: self.at_desk(tx, session), confirm)
        board, fresh = await self.db.read(
            lambda tx: (self.draw_board(tx, session), exercises.unseen(tx, self.ward))
        )
        if board is not None:
            self.watched = self.now()
            await self.seen(fresh & {card.case for card in board.cards})
        return board

    async def seen(self, fresh: frozenset[str]) -> None:
        """Write down that exercises have come onto a screen: that is what they measure."""

        def note(tx: Tx) -> None:
            for case in fresh:
                exercises.shown(tx, case, self.ward)

        if fresh:
            await self.db.write(note)

    def at_desk(self, tx: Tx, session: str) -> Known | None:
        """Recognise who sits in this browser."""
        officer = sessions.officer(tx, session, self.now())
        return None if officer is None else people.find(tx, people.desk_address(officer))

    def draw_board(self, tx: Tx, session: str) -> Board | None:
        """Draw the cards this officer may see, the most urgent first, and their letters."""
        name = sessions.officer(tx, session, self.now())
        officer = None if name is None else officers.get(tx, name)
        if officer is None:
            return None
        roster = officers.roster(tx, self.ward)
        may = partial(routes.may_see_such, officer)
        shown = cases.board(tx, self.ward, may, cases.MOST_P3)
        drawn = tuple(self.card(tx, case, roster) for case in shown)
        more = cases.beyond(tx, self.ward, may, cases.MOST_P3)
        if more:
            drawn = (*drawn, self.rest(more))
        known = people.find(tx, people.desk_address(officer.id))
        letters = (*self.prompt(tx, officer, known, roster), *waiting(tx, known))
        return Board(officer.id, officer.name, self.house.trial, drawn, letters)

    def prompt(
        self, tx: Tx, officer: Officer, known: Known | None, roster: tuple[Officer, ...]
    ) -> tuple[Letter, ...]:
        """Draw the officer's open prompt again, for a desk that was reloaded."""
        talk = talks.get(tx, known.person.id, Side.DESK) if known else None
        case = cases.get(tx, talk.case) if talk and talk.case else None
        if known is None or talk is None or case is None or not routes.may_see(officer, case):
            return ()
        view = View(self.now(), self.house, known.person, talk, case, roster=roster)
        say = prompts.standing(Act(view, officer, case, "", in_group=False), SecureDice())
        if say is None:
            return ()
        return (Letter(0, unpack(self.render(say, "vi", "", "desk")).message),)

    def card(self, tx: Tx, case: Case, roster: tuple[Officer, ...]) -> BoardCard:
        """Draw one card of the board."""
        message = look(tx, case, self.house, roster)
        claimed = case.claimed_by is not None
        return BoardCard(case.id, case.priority, case.status, message, claimed, case.opened)

    def rest(self, more: int) -> BoardCard:
        """Say below the cards how many of the least urgent there are besides; it has no buttons."""
        text = self.house.texts.say("desk.more", "vi", "", {"so": str(more)})
        return BoardCard("", Priority.P3, "", Outgoing(text, typed=False))

    async def picture(self, session: str, file: str) -> bytes | None:
        """Give a sealed picture of a case this officer has opened; None when they may not."""
        return await self.db.read(lambda tx: self.find_picture(tx, session, file))

    def find_picture(self, tx: Tx, session: str, file: str) -> bytes | None:
        """Unseal a picture for an officer who opened its case within the day."""
        name = sessions.officer(tx, session, self.now())
        officer = None if name is None else officers.get(tx, name)
        found = files.get(tx, file)
        if officer is None or found is None or found.kind is not MediaKind.PICTURE:
            return None
        case = cases.get(tx, found.case)
        if case is None or not routes.may_see(officer, case):
            return None
        opened = audit.did(tx, officer.id, "open", case.id, self.now() - OPENED_FOR)
        return found.body if opened else None


def waiting(tx: Tx, known: Known | None) -> tuple[Letter, ...]:
    """Give a mailbox's letters, their pictures unsealed."""
    if known is None:
        return ()
    letters = []
    for parcel in outbox.unread(tx, known.person.id):
        packed = unpack(parcel.body)
        message = with_files(tx, packed.message, packed.pictures)
        letters.append(Letter(parcel.number, message))
    return tuple(letters)
