"""Letters: encrypted or not at all, whole or told, and nothing of this machine in them."""

import asyncio
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from bot import mail as module
from bot.channels.channel import Unsent
from bot.mail import Mail, read
from bot.mail import Tls as Wanted
from tests.fakes.smtp import FakeSmtp, Tls, strictly
from tests.fakes.trust import Authority

TO = ("truc@phuong.example", "it@phuong.example")
USER, PASSWORD = "may@phuong.example", "p4ss"


def writer(url: str, tls: ssl.SSLContext | None = None) -> tuple[Mail, list[str]]:
    failed: list[str] = []
    return Mail(url, TO, failed=failed.append, tls=tls), failed


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.AT_ONCE])
async def test_a_letter_goes_out_encrypted_after_the_password(tmp_path: Path, tls: Tls) -> None:
    trust = Authority(tmp_path)
    async with FakeSmtp(tls, trust.server(), USER, PASSWORD) as post:
        mail, failed = writer("smtps://h", trust.client())
        mail.server = read(post.url()) if tls is Tls.AT_ONCE else outside(post)
        mail.sender = USER
        await mail.send("Có việc / Look", "Thử một dòng: ạ\n" * 80, urgent=True)
    (letter,) = post.letters
    assert failed == []
    assert letter["Subject"] == "Có việc / Look"
    assert letter.get_content().replace("\r\n", "\n") == "Thử một dòng: ạ\n" * 80
    assert letter["Importance"] == "high"
    assert letter["Auto-Submitted"] == "auto-generated"


def outside(post: FakeSmtp) -> module.Server:
    """The server as if it were not this machine's own: then it must encrypt."""
    return module.Server("127.0.0.1", post.port, Wanted.AFTER_GREETING, post.user, post.password)


def test_only_this_machine_itself_is_written_to_in_clear() -> None:
    assert read("smtp://mail.example").tls is Wanted.AFTER_GREETING
    assert read("smtp://mail.example").port == 587
    assert read("smtps://mail.example").tls is Wanted.AT_ONCE
    assert read("smtps://mail.example").port == 465
    for host in ("127.0.0.1", "localhost", "[::1]"):
        assert read(f"smtp://{host}:25").tls is Wanted.NEVER
    server = read("smtps://may%40phuong.example:a%3Ab%2F@mail.example:2465")
    assert (server.user, server.password, server.port) == ("may@phuong.example", "a:b/", 2465)
    assert "a:b" not in repr(server)


async def test_a_server_that_cannot_encrypt_gets_no_word_and_no_password() -> None:
    async with FakeSmtp(Tls.NEVER, user=USER, password=PASSWORD) as post:
        mail, failed = writer("smtp://127.0.0.1")
        mail.server = outside(post)
        with pytest.raises(Unsent):
            await mail.send("a", "b")
    assert post.letters == []
    assert failed != []


@pytest.mark.parametrize("ends", [timedelta(days=-1), timedelta(days=60)])
async def test_a_server_that_nobody_vouches_for_is_not_written_to(
    tmp_path: Path, ends: timedelta
) -> None:
    (tmp_path / "other").mkdir()
    trust, other = Authority(tmp_path), Authority(tmp_path / "other")
    known = trust if ends < timedelta(0) else other  # one has expired, the other is a stranger's
    async with FakeSmtp(Tls.AT_ONCE, known.server(ends)) as post:
        mail, failed = writer(post.url(), trust.client())
        with pytest.raises(Unsent):
            await mail.send("a", "b")
    assert post.letters == []
    assert failed == ["SMTPConnectError"]


@pytest.mark.parametrize("reply", ["451 later", "554 never", "552 full", "421 closing"])
async def test_whatever_the_server_says_of_a_letter_it_is_tried_again(reply: str) -> None:
    async with FakeSmtp(replies=[reply]) as post:
        mail, failed = writer(post.url())
        with pytest.raises(Unsent):
            await mail.send("a", "b")
        assert len(failed) == 1
        await mail.send("a", "b")
    assert len(post.letters) == 1


async def test_a_wrong_password_is_tried_again_for_it_is_mended_in_the_settings() -> None:
    async with FakeSmtp(user=USER, password=PASSWORD) as post:
        mail, failed = writer(post.url().replace(PASSWORD, "wrong"))
        with pytest.raises(Unsent):
            await mail.send("a", "b")
    assert failed == ["SMTPAuthenticationError"]


async def test_one_unknown_receiver_does_not_stop_the_others_and_is_told() -> None:
    async with FakeSmtp(refused={TO[0]}) as post:
        mail, failed = writer(post.url())
        await mail.send("a", "b")
        assert len(post.letters) == 1
        assert failed == ["SomeRefused"]
        post.refused |= {TO[1]}
        with pytest.raises(Unsent):
            await mail.send("a", "b")


async def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.4)
    async with FakeSmtp(hangs=True) as post:
        mail, failed = writer(post.url())
        with pytest.raises(Unsent):
            await mail.send("a", "b")
    assert len(failed) == 1


async def test_nothing_in_a_letter_or_a_greeting_names_this_machine() -> None:
    async with FakeSmtp() as post:
        mail, _ = writer(post.url())
        await mail.send("a", "b")
    assert post.greeted == ["[127.0.0.1]"]
    for name in {socket.gethostname(), socket.getfqdn()} - {"localhost"}:
        assert name.encode() not in post.raw[0]
    assert post.letters[0]["Message-ID"].endswith("@phuong.example>")


async def test_no_server_there_is_unsent_at_once() -> None:
    async with FakeSmtp() as post:
        url = post.url()
    mail, failed = writer(url)
    async with asyncio.timeout(20):
        with pytest.raises(Unsent):
            await mail.send("a", "b")
    assert failed == ["SMTPConnectError"]


def test_the_fake_is_strict() -> None:
    good = (
        b"From: a@x.example\r\nTo: b@x.example\r\nSubject: s\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\n"
        b"Message-ID: <1@x.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nwords\r\n"
    )
    assert strictly(good, "a@x.example", {"b@x.example"}) == ""
    for spoilt in (
        good.replace(b"words", "lời".encode()),
        good.replace(b"words", b"w" * 999),
        good.replace(b"words\r\n", b"words\n"),
        good.replace(b"Date: Wed, 25 Nov 2026 01:00:00 +0000\r\n", b""),
        good.replace(b"+0000", b"-0000"),
        good.replace(b"From: a@", b"From: c@"),
        good.replace(b"To: b@", b"To: c@"),
    ):
        assert strictly(spoilt, "a@x.example", {"b@x.example"}) != "", spoilt
