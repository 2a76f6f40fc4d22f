"""What every answer of the web server carries, and which requests from elsewhere are turned away.

It knows no page: who is turned away gets the page it is handed.
"""

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
DESK_POLICY = POLICY.replace("img-src 'self'", "img-src 'self' data:; media-src data:")
"""The desk's letters carry their pictures and voices in themselves."""
OFF = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "screen-wake-lock",
    "usb",
    "xr-spatial-tracking",
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-DNS-Prefetch-Control": "off",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in OFF),
    "X-Robots-Tag": "noindex, nofollow, noarchive",
}
A_YEAR = "max-age=31536000"


def dress(headers: MutableHeaders, *, https: bool) -> None:
    """Put on what every answer carries; nothing is kept by a browser unless the answer says so."""
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")
    if https:
        headers["Strict-Transport-Security"] = A_YEAR


def from_elsewhere(headers: Headers, public_url: str) -> bool:
    """Tell whether another site's page made this request, as far as the browser says.

    Pages carry `no-referrer`, so a form of our own may send `Origin: null`: that alone says
    nothing. The desk's cookie is SameSite=Strict, and the chat has no cookie to abuse.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin", "null")
    if origin == "null":
        return False
    asked = urlsplit(origin).netloc.lower()
    return asked not in {urlsplit(public_url).netloc.lower(), headers.get("host", "").lower()}


def host_of(header: str) -> str:
    """Give the host of a Host header, without its port; empty when it is none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def is_here(host: str) -> bool:
    """Tell whether a host, by number or as `localhost`, is this machine itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI: dresses every answer, and turns away what another site's page posts."""

    def __init__(
        self, app: ASGIApp, *, public_url: str, turned_away: Callable[[], Response]
    ) -> None:
        """`turned_away` makes the page for a request from elsewhere."""
        self.app = app
        self.public_url = public_url
        self.https = public_url.startswith("https:")
        self.turned_away = turned_away

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; its answer leaves dressed."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                dress(MutableHeaders(scope=message), https=self.https)
            await send(message)

        foreign = scope["method"] == "POST" and from_elsewhere(
            Headers(scope=scope), self.public_url
        )
        app = self.turned_away() if foreign else self.app
        await app(scope, receive, dressed)
