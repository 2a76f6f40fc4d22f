"""Letters to the operator over SMTP. It must not know what a case is or what an alarm means.

Encrypted and with the server's certificate checked; in clear only to this machine itself.
"""

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as LINES
from email.utils import format_datetime, make_msgid
from enum import StrEnum
from urllib.parse import unquote, urlsplit

import aiosmtplib

from bot.channels.channel import Unsent
from bot.config import LOOPBACK, MAILBOX

TIMEOUT_S = 30
"""So long a whole letter may take, from the connection to the last word."""
OURSELVES = "[127.0.0.1]"
"""How we greet: the machine's own name is nobody's business."""


class Tls(StrEnum):
    """When the connection becomes encrypted."""

    AT_ONCE = "at_once"
    AFTER_GREETING = "after_greeting"
    NEVER = "never"
    """To this machine itself only."""


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server as SMTP_URL names it."""

    host: str
    port: int
    tls: Tls
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


def read(url: str) -> Server:
    """Read SMTP_URL, which bot/config.py has judged."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    tls = Tls.AT_ONCE if parts.scheme == "smtps" else Tls.AFTER_GREETING
    if tls is Tls.AFTER_GREETING and host in LOOPBACK:
        tls = Tls.NEVER
    usual = 465 if tls is Tls.AT_ONCE else 587
    return Server(
        host, parts.port or usual, tls, unquote(parts.username or ""), unquote(parts.password or "")
    )


def client(server: Server, tls: ssl.SSLContext | None = None) -> aiosmtplib.SMTP:
    """Give a connection that is not open yet; entering it greets, encrypts and signs in."""
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user or None,
        password=server.password or None,
        use_tls=server.tls is Tls.AT_ONCE,
        start_tls=server.tls is Tls.AFTER_GREETING,
        tls_context=None if server.tls is Tls.NEVER else tls or ssl.create_default_context(),
        local_hostname=OURSELVES,
        timeout=TIMEOUT_S / 2,
    )


class Mail:
    """Writes to the same few people. `failed` hears, by a class name, that it did not work."""

    def __init__(
        self,
        url: str,
        to: tuple[str, ...],
        *,
        failed: Callable[[str], None],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls`: whom to trust, unless the system's own authorities."""
        self.server = read(url)
        self.to = to
        self.failed = failed
        self.tls = tls
        self.sender = self.server.user if MAILBOX.fullmatch(self.server.user) else to[0]

    async def send(self, subject: str, text: str, *, urgent: bool = False) -> None:
        """Send one letter. Raises Unsent when no receiver surely got it, whoever refused what.

        A wrong password or receiver is mended in `.env`, a full mailbox or a filter that knows us
        not at the server; what waits goes out after it.
        """
        letter = self.letter(subject, text, urgent=urgent)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                refused = await self.hand_over(letter)
        except (aiosmtplib.SMTPException, OSError, ValueError) as trouble:
            self.failed(type(trouble).__name__)
            raise Unsent from None
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # Python 3.11's wait_for, on which the library stands, loses a cancellation that comes
            # together with an answer: whoever stops us would wait for ever.
            raise asyncio.CancelledError
        if refused:
            self.failed("SomeRefused")

    async def hand_over(self, letter: EmailMessage) -> bool:
        """Go through the conversation with the server; True when it refused some receivers."""
        connection = client(self.server, self.tls)
        try:
            await connection.connect()
            refused, _ = await connection.send_message(
                letter, sender=self.sender, recipients=list(self.to)
            )
            # The letter is through: what becomes of the goodbye changes nothing.
            with suppress(aiosmtplib.SMTPException, OSError):
                await connection.quit()
        finally:
            connection.close()
        return bool(refused)

    def letter(self, subject: str, text: str, *, urgent: bool) -> EmailMessage:
        """Write a letter whose headers tell nothing of this machine."""
        letter = EmailMessage(policy=LINES)
        letter["Subject"] = subject
        letter["From"] = self.sender
        letter["To"] = ", ".join(self.to)
        letter["Date"] = format_datetime(datetime.now(UTC))
        letter["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        letter["Auto-Submitted"] = "auto-generated"
        if urgent:
            letter["Importance"] = "high"
            letter["X-Priority"] = "1"
        letter.set_content(text, cte="quoted-printable")
        return letter
