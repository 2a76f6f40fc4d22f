"""Drawing pages: templates, the words around the talk, messages as they are looked at.

It knows neither side: residents' chat and desk hand in what is to be shown.
"""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from bot.channels.channel import Key, Outgoing
from bot.web.show import dialled, visible
from bot.web.words import BOTH, LANGUAGES

HERE = Path(__file__).parent
FILE_LINK = "/desk/file/"
"""A button that leads here is shown as the picture itself."""
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as a template draws it. `number` 0: not in any mailbox (the first screen)."""

    number: int
    html: Markup
    spoiler: Markup
    rows: tuple[tuple[Key, ...], ...]
    images: tuple[str, ...]
    sounds: tuple[str, ...]
    typed: bool
    secret: bool
    again: bool


def shown(
    number: int,
    message: Outgoing,
    *,
    draw: Callable[[str], Markup] = dialled,
    without: str = "",
) -> Shown:
    """Prepare a message; the button called `without` is drawn elsewhere on the page."""
    keys = [[key for key in row if key.id != without] for row in message.keys]
    return Shown(
        number,
        draw(message.text),
        draw(message.spoiler),
        tuple(
            tuple(key for key in row if not key.link.startswith(FILE_LINK)) for row in keys if row
        ),
        tuple(key.link for row in keys for key in row if key.link.startswith(FILE_LINK))
        + tuple(_inside("image/jpeg", data) for data in message.pictures),
        tuple(_inside("audio/ogg", data) for data in message.voices),
        message.typed,
        message.secret,
        message.again,
    )


def _inside(kind: str, data: bytes) -> str:
    """Write a file into the page: it comes once, with its letter, and leaves no address."""
    return f"data:{kind};base64,{b64encode(data).decode()}"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file for the browser; its address changes with its content, so it may be kept."""

    url: str
    kind: str
    data: bytes


def static_files() -> Mapping[str, StaticFile]:
    """Read what lies in `static/`, by file name."""
    files = {}
    for path in sorted((HERE / "static").iterdir()):
        if path.suffix in TYPES:
            data = path.read_bytes()
            mark = hashlib.sha256(data).hexdigest()[:12]
            url = f"/static/{path.stem}.{mark}{path.suffix}"
            files[path.name] = StaticFile(url, TYPES[path.suffix], data)
    return files


class Pages:
    """Every page of one ward's server."""

    def __init__(self, static: Mapping[str, StaticFile], *, exit_page: str, trial: bool) -> None:
        """`exit_page`: where quick exit leads; `trial`: say on each page that nobody reads."""
        self.env = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.env.filters |= {
            "visible": visible,
            "dialled": dialled,
            "bold": _bold,
            "strong": _strong,
        }
        self.env.globals.update(
            static={name: file.url for name, file in static.items()},
            exit_page=exit_page,
            trial=trial,
        )

    def page(
        self, template: str, language: str = "vi", status: int = 200, **values: object
    ) -> HTMLResponse:
        """Draw a page or a part of one."""
        language = language if language in LANGUAGES else "vi"
        values = {"token": "", "nonce": ""} | values
        html = self.env.get_template(template).render(l=language, w=BOTH[language], **values)
        return HTMLResponse(html, status)

    def notice(self, status: int, language: str = "vi", text: str = "") -> HTMLResponse:
        """Draw a kind page for something that did not work; 111 stands on it."""
        words = BOTH.get(language, BOTH["vi"])
        key = str(status) if str(status) in words else "404"
        return self.page("notice.html", language, status, text=text or words[key])


def _bold(text: str, numbers: Iterable[str]) -> Markup:
    """Fill a sentence's gaps with telephone links."""
    links = (Markup('<a href="tel:{0}">{0}</a>').format(number) for number in numbers)
    return Markup(escape(text)).format(*links)  # noqa: S704  (escaped here)


def _strong(text: str, number: str) -> Markup:
    """Fill a label's gap with a number that stands out."""
    return Markup(escape(text)).format(Markup("<b>{}</b>").format(number))  # noqa: S704
