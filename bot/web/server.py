"""The web server of one installation: both sides' pages, static files, health, kind errors.

It writes no log of requests and learns no address of anybody.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.channel import Inbox, Mailbox
from bot.channels.desk import Desk
from bot.channels.web import Chat
from bot.web.ending import Ending
from bot.web.forms import Turns
from bot.web.headers import Guard, dress, host_of, is_here
from bot.web.hooks import Hook, called
from bot.web.pages import Pages, StaticFile, static_files
from bot.web.words import VI
from handlers.ward import Ward

FOREVER = "public, max-age=31536000, immutable"
NOT_TAKEN_IN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.SERVICE_UNAVAILABLE})
"""What came too slowly, or when too much else came: it may be sent again."""
ANY = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Where a platform calls, every other way of asking finds nothing, as on a path that is not there."""
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def build(
    *,
    inbox: Inbox,
    mailbox: Mailbox,
    ward: Ward,
    seed: bytes,
    public_url: str,
    trial: bool,
    health: Callable[[], dict[str, object]],
    metrics: Callable[[], str],
    now: Callable[[], datetime],
    clean_picture: Callable[[bytes], Awaitable[bytes]],
    fault: Callable[[str, str], None] = lambda _event, _name: None,
    hooks: Sequence[Hook] = (),
) -> Starlette:
    """Build the server.

    `fault` hears of a bug, by its name only. `hooks`: where platforms call.
    `seed`: secret, the same after a restart. `health` is unwell when it says `ok: False`.
    `clean_picture` re-encodes a picture, or raises bot.pictures.Refused.
    """
    static = static_files()
    pages = Pages(static, exit_page=ward.exit_page, trial=trial)
    https = public_url.startswith("https:")
    chat = Chat(
        inbox=inbox,
        mailbox=mailbox,
        pages=pages,
        ward=ward.id,
        exit_page=ward.exit_page,
        seed=seed,
        now=now,
        clean_picture=clean_picture,
    )
    desk = Desk(
        inbox=inbox, mailbox=mailbox, pages=pages, ward=ward.id, seed=seed, https=https, now=now
    )
    app = Starlette(
        routes=[
            *chat.routes(),
            *desk.routes(),
            Route("/static/{name}", partial(_static, {f.url: f for f in static.values()})),
            *(Route(hook.path, partial(called, hook), methods=ANY) for hook in hooks),
            Route("/robots.txt", _robots),
            Route("/healthz", partial(_health, health, bool(public_url))),
            Route("/metrics", partial(_metrics, metrics, bool(public_url))),
        ],
        middleware=[
            Middleware(
                Guard,
                public_url=public_url,
                turned_away=partial(pages.notice, HTTPStatus.FORBIDDEN),
            ),
            Middleware(
                Ending,
                cut_off=partial(pages.notice, HTTPStatus.SERVICE_UNAVAILABLE, text=VI["500"]),
            ),
        ],
        exception_handlers={
            HTTPException: partial(_kindly, pages),
            ClientDisconnect: _gone,
            Exception: partial(_broken, pages, https=https, fault=fault),
        },
    )
    app.state.turns = Turns()
    return app


async def _static(files: Mapping[str, StaticFile], request: Request) -> Response:
    file = files.get(request.url.path)
    if file is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return Response(file.data, media_type=file.kind, headers={"Cache-Control": FOREVER})


async def _robots(request: Request) -> Response:
    del request
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


async def _health(
    health: Callable[[], dict[str, object]], public: bool, request: Request
) -> Response:
    _from_here(request, public)
    state = health()
    well = state.get("ok", True)
    return JSONResponse(state, HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE)


async def _metrics(metrics: Callable[[], str], public: bool, request: Request) -> Response:
    _from_here(request, public)
    return PlainTextResponse(metrics(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _from_here(request: Request, public: bool) -> None:
    """Hide a page from all but this machine; what a proxy passes on is not from this machine.

    `public`: a proxy stands in front; one that adds no header still asks for the public name.
    """
    passed_on = any(name in request.headers for name in FORWARDED)
    here = is_here(request.client.host if request.client else "")
    named = not public or is_here(host_of(request.headers.get("host", "")))
    if passed_on or not here or not named:
        raise HTTPException(HTTPStatus.NOT_FOUND)


async def _kindly(pages: Pages, request: Request, problem: Exception) -> Response:
    del request
    assert isinstance(problem, HTTPException)
    again = VI["500"] if problem.status_code in NOT_TAKEN_IN else ""
    answer = pages.notice(problem.status_code, text=again)
    answer.headers.update(problem.headers or {})
    return answer


async def _gone(request: Request, problem: Exception) -> Response:
    """Nobody is there any more: quick exit in the middle of sending is no error."""
    del request, problem
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _broken(
    pages: Pages,
    request: Request,
    problem: Exception,
    *,
    https: bool,
    fault: Callable[[str, str], None],
) -> Response:
    """A bug: the page says what to do now. This answer passes no middleware: dress it here."""
    del request
    fault("page-failed", type(problem).__name__)
    answer = pages.notice(HTTPStatus.INTERNAL_SERVER_ERROR)
    dress(answer.headers, https=https)
    return answer
