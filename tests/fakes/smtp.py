"""A strict mail server on 127.0.0.1: `async with FakeSmtp() as post:` gives `post.port`.

It takes no letter that a strict one would turn away: headers missing, raw 8-bit, long lines, an
envelope that does not fit, words before the encryption or the password that it asks for.
"""

import asyncio
import contextlib
import re
import ssl
import warnings
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

NEEDED = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")
ONE_LINE = re.compile(rb"[^\r\n]{0,998}\r\n")


class Tls(StrEnum):
    NEVER = "never"
    STARTTLS = "starttls"
    AT_ONCE = "at_once"


@dataclass
class FakeSmtp:
    """`replies`: what is answered to the next letters instead of taking them.

    `hangs`: a letter is never answered. `refused`: receivers that are not known here.
    """

    tls: Tls = Tls.NEVER
    context: ssl.SSLContext | None = None
    user: str = ""
    password: str = ""
    replies: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    hangs: bool = False
    letters: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    came: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self.server = await asyncio.get_running_loop().create_server(
            self.conversation,
            "127.0.0.1",
            self.port,
            ssl=self.context if self.tls is Tls.AT_ONCE else None,
        )
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self.server.wait_closed()

    def url(self, host: str = "127.0.0.1") -> str:
        scheme = "smtps" if self.tls is Tls.AT_ONCE else "smtp"
        who = f"{self.user.replace('@', '%40')}:{self.password}@" if self.user else ""
        return f"{scheme}://{who}{host}:{self.port}"

    def conversation(self) -> SMTP:
        self.came += 1
        starttls = self.tls is Tls.STARTTLS
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of passwords in clear: that is tried here
            return SMTP(
                self,
                hostname="mail.example",
                ident="a strict fake",
                enable_SMTPUTF8=False,
                decode_data=False,
                tls_context=self.context if starttls else None,
                require_starttls=starttls,
                auth_required=bool(self.user),
                auth_require_tls=starttls,
                authenticator=self.knows,
            )

    def knows(
        self, _server: Any, _session: Any, _envelope: Any, _how: str, data: Any
    ) -> AuthResult:
        given = cast("LoginPassword", data)
        right = (given.login, given.password) == (self.user.encode(), self.password.encode())
        return AuthResult(success=right, handled=False)

    # what aiosmtpd asks its handler

    async def handle_EHLO(  # noqa: N802
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(hostname)
        return responses

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.hangs:
            await asyncio.Event().wait()
        if self.replies:
            return self.replies.pop(0)
        wrong = strictly(
            envelope.content, envelope.mail_from, set(envelope.rcpt_tos) | self.refused
        )
        if wrong:
            return f"554 {wrong}"
        self.raw.append(envelope.content)
        self.letters.append(
            cast("EmailMessage", message_from_bytes(envelope.content, policy=default))
        )
        return "250 OK"

    async def letter(self, number: int = 1) -> EmailMessage:
        """Wait until so many letters have come; give the last of them."""
        async with asyncio.timeout(30):
            while len(self.letters) < number:
                await asyncio.sleep(0.02)
        return self.letters[number - 1]


def strictly(content: bytes, sender: str, receivers: set[str]) -> str:
    """Say what is wrong with a letter."""
    if not content.isascii():
        return "raw 8-bit"
    if ONE_LINE.sub(b"", content):
        return "a line is too long or does not end"
    letter = message_from_bytes(content, policy=default)
    missing = [name for name in NEEDED if not letter[name]]
    if missing:
        return f"missing {missing[0]}"
    if [a.addr_spec for a in letter["From"].addresses] != [sender]:
        return "another sender"
    if {a.addr_spec for a in letter["To"].addresses} != receivers:
        return "other receivers"
    if parsedate_to_datetime(letter["Date"]).tzinfo is None:
        return "a date without a zone"
    return ""
