"""The officers' desk in a browser: the board of cases, and the officer's own letters beside it.

A session is opened once by an invitation; only its hash goes further. It knows no case and
decides about no right: the mailbox and the inbox do, again at every press.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.channels.channel import Board, BoardCard, Caps, Inbox, Mailbox
from bot.web import events, forms
from bot.web.headers import DESK_POLICY
from bot.web.pages import Pages, Shown, shown
from bot.web.panel import code_in, longest, loose, panel
from bot.web.show import visible
from bot.web.words import DESK
from handlers.events import Address, Side

NAME = "desk"
CAPS = Caps(max_text=events.PIECE, pushes=False, edits=True, pictures=True)
COOKIE = "desk"
SHIFT = timedelta(hours=12)
PATH = "/desk"


@dataclass(frozen=True, slots=True)
class Asked:
    """A filled-in part of the desk, read."""

    nonce: str = field(repr=False)
    seen: int
    text: str
    choice: str
    draft: str
    over: bool

    @property
    def kept(self) -> str:
        """What stays in the box at a press; pressing *mend* puts the preview's words back in it."""
        # A button under a preview says nothing after its case; one on a card ends with it.
        mends = self.choice.startswith("d.reply.") and self.choice.endswith(".")
        return self.text or (self.draft if mends else "")


class Desk:
    """The officers' pages of one ward."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        mailbox: Mailbox,
        pages: Pages,
        ward: str,
        seed: bytes,
        https: bool,
        now: Callable[[], datetime],
    ) -> None:
        """`seed`: secret, for event ids; `https`: the session's cookie never travels in clear."""
        self.inbox = inbox
        self.mailbox = mailbox
        self.pages = pages
        self.ward = ward
        self.seed = seed
        self.https = https
        self.now = now

    def routes(self) -> list[Route]:
        """Give the addresses of this side."""
        return [
            Route("/desk", self.show, methods=["GET"]),
            Route("/desk", self.post, methods=["POST"]),
            Route("/desk/board", self.poll, methods=["GET", "POST"]),
            Route("/desk/vao", self.door, methods=["GET"]),
            Route("/desk/vao/{invite}", self.door, methods=["GET"]),
            Route("/desk/vao", self.enter, methods=["POST"]),
            Route("/desk/file/{file}", self.picture, methods=["GET"]),
        ]

    async def door(self, request: Request) -> Response:
        """Show one button: a link's preview must not use the invitation up."""
        return self.pages.page("enter.html", d=DESK, invite=request.path_params.get("invite", ""))

    async def enter(self, request: Request) -> Response:
        """Exchange an invitation for a session."""
        form = await forms.read(request)
        until = int((self.now() + SHIFT).timestamp())
        # The end of the shift is part of what is hashed: nobody can lengthen it.
        session = f"{until}.{secrets.token_urlsafe(32)}"
        if not await self.mailbox.enter(form.get("invite").strip(), _hashed(session)):
            return self._uninvited(used=True)
        answer = RedirectResponse(PATH, 303)
        answer.set_cookie(
            COOKIE,
            session,
            max_age=int(SHIFT.total_seconds()),
            path=PATH,
            secure=self.https,
            httponly=True,
            samesite="strict",
        )
        return answer

    async def show(self, request: Request) -> Response:
        """Show the whole desk."""
        session = self._session(request)
        board = await self.mailbox.board(session, 0) if session else None
        return self._uninvited() if board is None else self._draw("desk.html", board, 0)

    async def poll(self, request: Request) -> Response:
        """Give the board and the letters as they are now."""
        asked = await self._read(request)
        session = self._session(request)
        board = await self.mailbox.board(session, asked.seen) if session else None
        return self._uninvited() if board is None else self._draw("board.html", board, asked.seen)

    async def post(self, request: Request) -> Response:
        """Take in one press or one text of an officer.

        A press never takes along what stands half-written in the box: it stays there.
        """
        asked = await self._read(request)
        session = self._session(request)
        if not session or await self.mailbox.board(session, 0) is None:
            return self._uninvited()
        kept = toast = ""
        if asked.choice:
            kept = asked.kept
        elif len(asked.text) > events.MOST_LETTERS or asked.over:
            kept, toast = asked.text[: events.MOST_LETTERS], DESK["long"]
        elif not asked.text.strip():
            toast = DESK["empty"]
        if not toast:
            toast = await self._hand_in(session, asked)
        board = await self.mailbox.board(session, asked.seen)
        if board is None:
            return self._uninvited()
        template = "board.html" if request.headers.get("x-part") == "1" else "desk.html"
        return self._draw(template, board, asked.seen, toast=toast, text=kept)

    async def picture(self, request: Request) -> Response:
        """Give a picture of a case that this officer has opened."""
        session = self._session(request)
        file = request.path_params["file"]
        data = await self.mailbox.picture(session, file) if session else None
        if data is None:
            return self.pages.notice(404)
        return Response(data, media_type="image/jpeg", headers={"Content-Disposition": "inline"})

    async def _read(self, request: Request) -> Asked:
        form = await forms.read(request)
        return Asked(
            nonce=events.nonce_of(form.get("nonce")),
            seen=events.number_of(form.get("seen")),
            text=form.get("text"),
            choice=form.get("choice")[:64],
            draft=form.get("draft")[: events.MOST_LETTERS],
            over=form.over,
        )

    async def _hand_in(self, session: str, asked: Asked) -> str:
        what = events.said("" if asked.choice else asked.text, None, asked.choice)
        sender = events.Sender(Address(NAME, self.ward, session), Side.DESK, self.seed)
        toast = ""
        for message in sender.incoming(asked.nonce, what, self.now()):
            toast = (await self.inbox.take(message)).toast or toast
        return toast

    def _session(self, request: Request) -> str:
        """Give the hash of a session that has not ended; empty when there is none."""
        session = request.cookies.get(COOKIE, "")
        until = session.partition(".")[0]
        lives = events.number_of(until) > self.now().timestamp()
        return _hashed(session) if lives else ""

    def _uninvited(self, *, used: bool = False) -> Response:
        return self.pages.page("uninvited.html", status=403, d=DESK, used=used)

    def _draw(
        self, template: str, board: Board, seen: int, *, toast: str = "", text: str = ""
    ) -> Response:
        mine = panel(board.letters, board.cards)
        waits = mine.waits
        urgent = [card for card in board.cards if loose(card)]
        answer = self.pages.page(
            template,
            d=DESK,
            nonce=events.fresh(),
            seen=max([seen, *(one.number for one in board.letters)]),
            name=board.name,
            urgent=len(urgent),
            longest=longest(urgent, self.now()),
            cards=[_folded(card) for card in board.cards],
            mine=mine,
            whole=template == "desk.html",
            # While something waits to be sent, the way on is its buttons.
            write=waits.shown.typed and not waits.preview if waits else bool(text),
            text=text,
            kept=bool(text),
            toast=toast,
        )
        answer.headers["Content-Security-Policy"] = DESK_POLICY
        return answer


@dataclass(frozen=True, slots=True)
class Folded:
    """A card as it is folded on a small screen: two lines, the rest under them."""

    case: str
    code: str
    priority: str
    loose: bool
    head: str
    second: str
    message: Shown


def _folded(card: BoardCard) -> Folded:
    text = visible(card.message.text)
    head, second, rest = [*text.split("\n", 2), "", ""][:3] if card.case else ("", "", text)
    message = shown(0, replace(card.message, text=rest), draw=escape)
    return Folded(card.case, code_in(text), card.priority, loose(card), head, second, message)


def _hashed(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()
