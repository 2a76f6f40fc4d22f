"""Whether what is named in the settings can be reached from here: connected to, never used.

No alert is rung, no letter is written, the monitor is not called.
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
import aiosmtplib

from bot import mail
from bot.doctor.finding import Finding, found
from bot.doctor.patient import Patient
from bot.web.pages import static_files

TIMEOUT_S = 10
ENDS_SOON = timedelta(days=14)
CLOCK_OFF_S = 120
MOST = 1 << 20
NO_ANSWER = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


class Doors:
    """Looks at each door. `dead`: the roads that ring and could not be reached."""

    def __init__(self, patient: Patient, tls: ssl.SSLContext | None = None) -> None:
        """`tls`: whom to trust, unless the system's own authorities."""
        self.patient = patient
        self.settings = patient.settings
        self.tls = tls or ssl.create_default_context()
        self.dead: set[str] = set()
        self.dates: list[datetime] = []

    async def look(self) -> AsyncIterator[Finding]:
        """Look at all that is set."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        connector = aiohttp.TCPConnector(ssl=self.tls)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
            for part in (self.ourselves(http), self.page(http), self.roads()):
                async for one in part:
                    yield one
            await self.tell_time(http)
        off = max((abs((self.patient.now - one).total_seconds()) for one in self.dates), default=0)
        if off > CLOCK_OFF_S:
            yield found("clock-off", seconds=int(off))

    async def ourselves(self, http: aiohttp.ClientSession) -> AsyncIterator[Finding]:
        """Ask the process that runs on this data how it is."""
        if not self.patient.running:
            yield found("not-running")
            return
        if not self.settings.port:
            return  # nobody but the process knows which port it got
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.settings.host, self.settings.host)  # noqa: S104
        shown = f"[{host}]" if ":" in host else host
        try:
            async with http.get(f"http://{shown}:{self.settings.port}/healthz") as answer:
                problems = json.loads(await answer.content.read(MOST))["problems"]
        except (*NO_ANSWER, LookupError, TypeError):
            yield found("not-answering")
            return
        if problems:
            yield found("unwell", problems=", ".join(problems))

    async def page(self, http: aiohttp.ClientSession) -> AsyncIterator[Finding]:
        """Open the public address as a browser would."""
        url = self.settings.public_url
        if not url or self.settings.trial:
            return
        if url.startswith("https:"):
            try:
                ends = await self.certificate(url)
            except ssl.SSLCertVerificationError:
                yield found("certificate-bad")
                return
            except (*NO_ANSWER, KeyError):
                yield found("page-unreachable")
                return
            if ends - self.patient.now < ENDS_SOON:
                yield found("certificate-ends", days=max(0, (ends - self.patient.now).days))
        try:
            async with http.get(f"{url}/") as answer:
                self.heard(answer)
                body = await answer.content.read(MOST)
        except NO_ANSWER:
            yield found("page-unreachable")
            return
        if not ours(body):
            yield found("page-not-ours")

    async def roads(self) -> AsyncIterator[Finding]:
        """Connect to what rings, and to the monitor."""
        for name, finding in (
            ("alert_hook", "hook-unreachable"),
            ("monitor_url", "monitor-unreachable"),
        ):
            url = getattr(self.settings, name)
            if url and not await self.connects(url):
                self.dead.add(name)
                yield found(finding)
        if self.settings.smtp_url and self.settings.alarm_to:
            trouble = await self.post()
            if trouble:
                self.dead.add("smtp_url")
                yield found(trouble)

    async def post(self) -> str:
        """Greet the mail server and sign in; gives the name of what is wrong."""
        connection = mail.client(mail.read(self.settings.smtp_url), self.tls)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await connection.connect()
                with suppress(aiosmtplib.SMTPException, OSError):
                    await connection.quit()
        except aiosmtplib.SMTPAuthenticationError:
            return "mail-refused"
        except (aiosmtplib.SMTPException, *NO_ANSWER):
            return "mail-unreachable"
        finally:
            connection.close()
        return ""

    async def connects(self, url: str) -> bool:
        """Connect to an address's host and hang up; with https, its certificate must be good."""
        try:
            _, writer = await self.open(url)
        except NO_ANSWER:
            return False
        await hang_up(writer)
        return True

    async def certificate(self, url: str) -> datetime:
        """Give when a server's certificate ends. Raises ssl.SSLCertVerificationError, OSError."""
        _, writer = await self.open(url)
        ends = writer.get_extra_info("peercert")["notAfter"]
        await hang_up(writer)
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC)

    async def open(self, url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection. Raises OSError or TimeoutError."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        async with asyncio.timeout(TIMEOUT_S):
            return await asyncio.open_connection(
                parts.hostname,
                parts.port or (443 if secure else 80),
                ssl=self.tls if secure else None,
            )

    async def tell_time(self, http: aiohttp.ClientSession) -> None:
        """Ask Telegram's server what time it is; it need not know the token for that."""
        if self.settings.telegram_token:
            proxy = self.settings.telegram_proxy or None
            with suppress(*NO_ANSWER):
                async with http.head(
                    self.settings.telegram_api, proxy=proxy, allow_redirects=False
                ) as answer:
                    self.heard(answer)

    def heard(self, answer: aiohttp.ClientResponse) -> None:
        """Note a server's own time."""
        with suppress(TypeError, ValueError):
            self.dates.append(parsedate_to_datetime(answer.headers.get("Date", "")))


def ours(body: bytes) -> bool:
    """Tell whether this is our chat: it asks for our style sheet, of whatever version."""
    stem = static_files()["style.css"].url.partition(".")[0]
    return f'href="{stem}.'.encode() in body


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection; how the other side takes it does not matter."""
    writer.close()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(TIMEOUT_S):
            await writer.wait_closed()
