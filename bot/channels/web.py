"""The residents' chat in a browser: forms in, pages out; complete without any script.

No cookie and no address with a secret in it: who writes is known by a token in a hidden field,
of which only a hash goes further. It knows no case.
"""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.channels.channel import Caps, Inbox, Key, Letter, Mailbox, Outgoing, Page
from bot.pictures import Reason, Refused
from bot.web import events, forms
from bot.web.pages import Pages, shown
from bot.web.words import BOTH, LANGUAGES
from handlers.events import Address, Side

NAME = "web"
CAPS = Caps(max_text=events.PIECE, pushes=False, edits=False, pictures=False)

EXIT = "go.exit"
UPLOAD = "up.photo"
WITH_WORDS = {"go.send", "go.danger"}
"""Beside answers, these take along what was typed; beside any other button it stays in the box."""
OWN_BUTTONS = {EXIT}
"""Stand in the header of every page and need no second place."""
LANGUAGE_LINKS = {"go.en": "/?l=en", "go.vi": "/"}
TOKEN = re.compile(r"[0-9a-f]{64}")
CLEAR = {"Clear-Site-Data": '"cache", "storage"'}


@dataclass(frozen=True, slots=True)
class Asked:
    """A filled-in page, read: who, in which language, and what they want to say."""

    sender: events.Sender
    token: str = field(repr=False)
    nonce: str = field(repr=False)
    seen: int
    language: str
    first: bool
    part: bool
    text: str
    choice: str
    picture: bytes = field(repr=False)
    over: bool
    look: bool

    @property
    def who(self) -> Address:
        """Who filled it in."""
        return self.sender.address


@dataclass(frozen=True, slots=True)
class Answer:
    """How a filled-in page is answered, beside the letters. `kept`: the text stays in the box."""

    hint: str = ""
    kept: bool = False
    status: int = 200
    confirms: bool = True


NOTHING_SPECIAL = Answer()


class Chat:
    """The residents' pages of one ward."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        mailbox: Mailbox,
        pages: Pages,
        ward: str,
        exit_page: str,
        seed: bytes,
        now: Callable[[], datetime],
        clean_picture: Callable[[bytes], Awaitable[bytes]],
    ) -> None:
        """`seed`: secret, the same after a restart; tokens and event ids are made with it."""
        self.inbox = inbox
        self.mailbox = mailbox
        self.pages = pages
        self.ward = ward
        self.exit_page = exit_page
        self.seed = seed
        self.now = now
        self.clean_picture = clean_picture

    def routes(self) -> list[Route]:
        """Give the addresses of this side."""
        return [
            Route("/", self.front, methods=["GET"]),
            Route("/", self.post, methods=["POST"]),
            Route("/hop", self.poll, methods=["POST"]),
            Route("/thoat", self.leave, methods=["GET"]),
            Route("/thoat", self.leave_page, methods=["POST"]),
        ]

    async def front(self, request: Request) -> Response:
        """Show the first screen: nobody has written yet, nothing is stored."""
        language = request.query_params.get("l", "vi")
        language = language if language in LANGUAGES else "vi"
        return await self._draw(language, Page((), ()))

    async def post(self, request: Request) -> Response:
        """Take in what was said; the answer is the page itself, or its new part."""
        asked = await self._read(request)
        if asked.look:
            return await self._page(asked, Answer(kept=True, confirms=False))
        answer = _refusal(asked)
        if answer is None:
            answer, asked = await self._take(asked)
        if not asked.part:
            return await self._page(asked, answer)
        nothing = Page((), ())
        page = await self.mailbox.page(asked.who, asked.seen) if answer.confirms else nothing
        return self._part(asked, page, answer, lines=len(page.history) if answer.confirms else None)

    async def poll(self, request: Request) -> Response:
        """Give what is new in the mailbox since the page was drawn."""
        asked = await self._read(request)
        return self._part(asked, Page((), await self.mailbox.letters(asked.who, asked.seen)))

    async def leave(self, request: Request) -> Response:
        """Leave by a link: the browser forgets what it may and shows another site."""
        del request
        return RedirectResponse(self.exit_page, 303, CLEAR)

    async def leave_page(self, request: Request) -> Response:
        """Leave by a button: the talk is put away as well.

        Not a redirect: some browsers hold `form-action` against where a posted form leads,
        and a quick exit that is blocked is worse than none.
        """
        asked = await self._read(request)
        if not asked.first:
            await self._hand_in(asked, events.said("", None, EXIT))
        answer = self.pages.page("bye.html", asked.language)
        answer.headers["Refresh"] = f"0; url={self.exit_page}"
        answer.headers.update(CLEAR)
        return answer

    async def _read(self, request: Request) -> Asked:
        form = await forms.read(request)
        nonce = events.nonce_of(form.get("nonce"))
        token = form.get("token")
        first = not TOKEN.fullmatch(token)
        if first:
            # Made from the page, not by chance: a double click on the first page is one person.
            token = hmac.new(self.seed, nonce.encode(), "sha256").hexdigest()
        peer = hashlib.sha256(token.encode()).hexdigest()
        language = form.get("l")
        return Asked(
            sender=events.Sender(Address(NAME, self.ward, peer), Side.RESIDENT, self.seed),
            token=token,
            nonce=nonce,
            seen=events.number_of(form.get("seen")),
            language=language if language in LANGUAGES else "vi",
            first=first,
            part=request.headers.get("x-part") == "1",
            text=form.get("text"),
            choice=form.get("choice")[:64],
            picture=form.picture,
            over=form.over,
            look=bool(form.get("look")),
        )

    async def _take(self, asked: Asked) -> tuple[Answer, Asked]:
        choice = "" if asked.choice == UPLOAD else asked.choice
        answers = not choice or choice.startswith("a.") or choice in WITH_WORDS
        text = asked.text if answers and _has_words(asked.text) else ""
        english = asked.first and asked.language == "en"
        if english:
            await self._greeted(asked)
        # The words are safe before the picture is looked at: that may take its time.
        await self._hand_in(asked, events.said(text, None, ""))
        hint, blob = await self._clean(asked)
        await self._hand_in(asked, events.said("", blob, choice))
        if choice in LANGUAGE_LINKS:
            asked = replace(asked, language=choice.removeprefix("go."))
        kept = bool(asked.text) and not answers and choice != EXIT
        return Answer(hint, kept), asked

    async def _greeted(self, asked: Asked) -> None:
        """Set the language of a first message; the greeting that answers it was on the page."""
        if await self._hand_in(asked, events.said("", None, "go.en")):
            letters = await self.mailbox.letters(asked.who, 0)
            await self.mailbox.letters(asked.who, letters[0].number if letters else 0)

    async def _clean(self, asked: Asked) -> tuple[str, bytes | None]:
        if not asked.picture:
            return "", None
        words = BOTH[asked.language]
        try:
            return "", await self.clean_picture(asked.picture)
        except Refused as refused:
            return words["large" if refused.reason is Reason.TOO_BIG else "refused"], None

    async def _hand_in(self, asked: Asked, what: list[events.Said]) -> bool:
        """Give in what is said; tells whether any of it was new."""
        incoming = asked.sender.incoming(asked.nonce, what, self.now())
        came = [
            await self.inbox.take(message, one.blob)
            for message, one in zip(incoming, what, strict=True)
        ]
        return any(not one.repeated for one in came)

    async def _page(self, asked: Asked, answer: Answer) -> Response:
        page = await self.mailbox.page(asked.who, asked.seen if answer.confirms else 0)
        stranger = asked.first and not (page.history or page.letters)
        return await self._draw(
            asked.language,
            page,
            token="" if stranger else asked.token,
            seen=asked.seen,
            text=asked.text if answer.kept else "",
            answer=answer,
        )

    async def _draw(
        self,
        language: str,
        page: Page,
        *,
        token: str = "",
        seen: int = 0,
        text: str = "",
        answer: Answer = NOTHING_SPECIAL,
    ) -> Response:
        letters = _since_quiet(page.letters)
        if letters and _quiet(letters[-1]):
            page, text = Page((), letters), ""
        messages = [shown(one.number, _tidy(one.message), without=UPLOAD) for one in letters]
        if not (page.letters or page.history):
            front = await self.mailbox.front(language)
            messages = [shown(0, _tidy(front, links=not token))]
        return self.pages.page(
            "chat.html",
            language,
            answer.status,
            token=token,
            nonce=events.fresh(),
            seen=_newest(seen, page.letters),
            history=page.history,
            letters=messages,
            picture=_upload(letters),
            hint=answer.hint,
            text=text[: events.MOST_LETTERS],
        )

    def _part(
        self,
        asked: Asked,
        page: Page,
        answer: Answer = NOTHING_SPECIAL,
        *,
        lines: int | None = None,
    ) -> Response:
        """Draw what is new. `lines`: how long the talk is now; the screen forgets with it."""
        letters = _since_quiet(page.letters)
        stranger = asked.first and not (page.history or letters)
        return self.pages.page(
            "part.html",
            asked.language,
            answer.status,
            token="" if stranger else asked.token,
            nonce=events.fresh(),
            seen=_newest(asked.seen, letters),
            alone=bool(letters) and _quiet(letters[0]),
            letters=[shown(one.number, _tidy(one.message), without=UPLOAD) for one in letters],
            picture=_upload(letters),
            hint=answer.hint,
            kept=answer.kept,
            lines=lines,
        )


def _newest(seen: int, letters: tuple[Letter, ...]) -> int:
    return max([seen, *(one.number for one in letters)])


def _quiet(letter: Letter) -> bool:
    """Tell whether this is a neutral line: nothing told before it may stay on the screen."""
    return not letter.message.keys and not letter.message.typed


def _since_quiet(letters: tuple[Letter, ...]) -> tuple[Letter, ...]:
    """Leave out what came before the last neutral line."""
    places = [place for place, one in enumerate(letters) if _quiet(one)]
    return letters[places[-1] :] if places else letters


def _has_words(text: str) -> bool:
    return bool(text.strip())


def _refusal(asked: Asked) -> Answer | None:
    """Say why nothing of a page can be taken in; None when something can."""
    words = BOTH[asked.language]
    if asked.over:
        return Answer(words["large"], kept=True, status=413, confirms=False)
    if len(asked.text) > events.MOST_LETTERS and asked.choice != EXIT:
        return Answer(words["long"], kept=True, status=413, confirms=False)
    if asked.picture or _has_words(asked.text):
        return None
    if asked.choice == UPLOAD:
        return Answer(words["no_picture"], confirms=False)
    return None if asked.choice else Answer(words["empty"], confirms=False)


def _tidy(message: Outgoing, *, links: bool = False) -> Outgoing:
    """Take out buttons that every page has; on the first screen the language is a plain link."""
    rows = tuple(
        tuple(_linked(key) if links else key for key in row if key.id not in OWN_BUTTONS)
        for row in message.keys
    )
    return replace(message, keys=rows)


def _linked(key: Key) -> Key:
    return replace(key, link=LANGUAGE_LINKS[key.id]) if key.id in LANGUAGE_LINKS else key


def _upload(letters: tuple[Letter, ...]) -> str:
    """Give the label of the picture field when the newest letter asks for a picture."""
    keys = [key for row in letters[-1].message.keys for key in row] if letters else []
    return next((key.label for key in keys if key.id == UPLOAD), "")
