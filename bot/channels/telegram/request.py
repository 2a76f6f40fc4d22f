"""The library's documented transport extension, on aiohttp with connections kept alive.

It tells apart what surely was not sent from what may have arrived, and it never lets an address,
a token or a body into the text of an error.
"""

import io
import json
from typing import Any

import aiohttp
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

MAX_BYTES = 20 * 1024 * 1024
"""No answer and no file is longer (Bot API: getFile serves up to 20 MB)."""
CONNECT = 10.0
"""Seconds to wait for a free connection, or for a new one to stand."""
READ = 15.0
UPLOAD = 60.0
"""Further seconds that a call carrying files may take."""
KEEP = 30.0
"""Seconds an idle connection is kept: less than servers keep theirs, so that we close first."""
REST = 5.0
"""Seconds to rest when the platform asks for a pause without saying how long."""
LONGEST_REST = 900.0
"""Seconds that are believed at most; then the platform is asked again: an alert may wait."""
REFUSALS = frozenset({401, 403, 404})
"""Statuses that mean much when the platform says them, and little when a proxy does."""

# What aiohttp raises before the first byte of the request has left.
_BEFORE = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)


class NotSentError(NetworkError):
    """The request surely did not reach the platform."""


class TooLongError(NetworkError):
    """The answer is longer than MAX_BYTES."""


class SlowedError(TelegramError):
    """The platform asks for a pause (the library's own RetryAfter warns at every use)."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: how long to rest."""
        super().__init__("slowed")
        self.seconds = seconds


class Carrier(BaseRequest):
    """One pool of connections. `connections`: how many at once; `proxy`: an HTTP proxy."""

    def __init__(
        self,
        connections: int,
        proxy: str | None = None,
        read: float = READ,
        connect: float = CONNECT,
    ) -> None:
        """`read`, `connect`: seconds to wait for the next bytes, and for a connection."""
        self._connections = connections
        self._proxy = proxy
        self._read, self._connect = read, connect
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for the next bytes unless a call says otherwise."""
        return self._read

    async def initialize(self) -> None:
        """Open the pool; no connection is made yet."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEEP),
                cookie_jar=aiohttp.DummyCookieJar(),
            )

    async def shutdown(self) -> None:
        """Close the pool and every connection."""
        if self._session is not None:
            await self._session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one request; give status and body. Never repeats one by itself."""
        del write_timeout, connect_timeout, pool_timeout  # our own numbers say it
        if self._session is None or self._session.closed:
            raise NotSentError("closed")
        read = read_timeout if isinstance(read_timeout, int | float) else self._read
        body, headers, extra = _body(request_data)
        # sock_read does not watch a peer that stops reading or drips: the total does.
        timeout = aiohttp.ClientTimeout(
            total=self._connect + 2 * read + extra, connect=self._connect, sock_read=read + extra
        )
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=timeout,
                proxy=self._proxy,
                allow_redirects=False,
            ) as answer:
                payload = await _bounded(answer)
                rest = answer.headers.get("Retry-After", "")
        except (
            _BEFORE
        ) as error:  # the texts of these errors hold the address: only the kind goes on
            raise NotSentError(type(error).__name__) from None
        except TimeoutError:
            raise TimedOut from None
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from None
        return _status(answer.status, payload, rest), payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer, keeping only fields of the right type (the library trusts them all)."""
        try:
            answer = json.loads(payload.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            raise TelegramError("unreadable answer") from None
        if not isinstance(answer, dict):
            raise TelegramError("unreadable answer")
        known: dict[str, Any] = {"result": answer.get("result")}
        description, parameters = answer.get("description"), answer.get("parameters")
        if isinstance(description, str):
            known["description"] = description
        moved = parameters.get("migrate_to_chat_id") if isinstance(parameters, dict) else None
        if isinstance(moved, int):
            known["parameters"] = {"migrate_to_chat_id": moved}
        return known


def _body(data: RequestData | None) -> tuple[Any, dict[str, str], float]:
    """Give body, headers and the further seconds it may take."""
    headers = {"User-Agent": BaseRequest.USER_AGENT}
    if data is None:
        return None, headers, 0.0
    if not data.contains_files:
        headers["Content-Type"] = "application/json"
        text = json.dumps(data.parameters, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace"), headers, 0.0
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, stream, filename=filename, content_type=kind)
    return form, headers, UPLOAD


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    """Read a body of at most MAX_BYTES."""
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > MAX_BYTES:
            raise TooLongError("too long")
        parts.append(part)
    return b"".join(parts)


def _status(status: int, payload: bytes, rest: str) -> int:
    """Raise for statuses that the library gives no type, or the wrong one; else hand it on."""
    if status in REFUSALS and not _answered(payload):
        raise NotSentError("somebody on the way said no")
    if status == 429:
        raise SlowedError(_pause(payload, rest))
    if status == 413:
        raise BadRequest("request entity too large")
    return status


def _answered(payload: bytes) -> bool:
    """Tell whether the platform itself has answered: a proxy's or relay's page is not its word."""
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and answer.get("ok") is False


def _pause(payload: bytes, header: str) -> float:
    """Seconds to rest: the answer's own figure, else the header's, else REST; LONGEST_REST at most."""
    try:
        figure = json.loads(payload)["parameters"]["retry_after"]
    except (ValueError, TypeError, LookupError, RecursionError):
        figure = int(header) if header.isascii() and header.isdigit() else REST
    if isinstance(figure, bool) or not isinstance(figure, int | float) or not 0 <= figure < 1e6:
        return REST
    return min(float(figure), LONGEST_REST)
