"""A form is read whatever it claims to be, however slowly it comes, and however many are large."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bot.web import forms
from bot.web.forms import Form, Turns

BOUNDARY = "XX"


class App:
    """As much of the server as reading a form needs."""

    def __init__(self, turns: Turns | None = None) -> None:
        self.state = self
        self.turns = turns or Turns()


def request(content_type: str, chunks: AsyncIterator[bytes], app: App | None = None) -> Request:
    async def receive() -> dict[str, object]:
        chunk = await anext(chunks, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    headers = [(b"content-type", content_type.encode("latin-1"))]
    scope = {"type": "http", "method": "POST", "headers": headers, "app": app or App()}
    return Request(scope, receive)


async def once(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def field(value: bytes, name: str = "text") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + value + f"\r\n--{BOUNDARY}--\r\n".encode()


def multipart(more: str = "") -> str:
    return f"multipart/form-data; boundary={BOUNDARY}{more}"


async def test_no_decoder_of_the_visitors_choice_freezes_the_others() -> None:
    slow = b"a" * 300_000 + b"-" + b"a" * 300_000
    began = time.monotonic()
    form = await forms.read(request(multipart("; charset=punycode"), once(field(slow))))
    assert form.get("text") == slow.decode()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "utf-7", "utf-16", "rot13", "zip", "no such", "\0", "ü", '"']
)
async def test_words_are_read_as_what_they_are_whatever_is_claimed(charset: str) -> None:
    words = "Em sợ quá, a..b xn--\u00a0"
    form = await forms.read(request(multipart(f"; charset={charset}"), once(field(words.encode()))))
    assert form.get("text") == words


async def test_one_wrong_byte_spoils_only_itself() -> None:
    form = await forms.read(request(multipart(), once(field("Em s\u1ee3".encode() + b"\xff!"))))
    assert form.get("text") == "Em s\u1ee3\ufffd!"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", field(b"a")),
        ('multipart/form-data; boundary=""', field(b"a")),
        ('multipart/form-data; boundary="\xe9"', field(b"a")),
        (f"multipart/form-data; boundary={'x' * 300}", field(b"a")),
        (multipart(), b"nothing of the kind"),
        (multipart(), field(b"a").replace(b"name=", b"eman=")),
        (multipart(), field(b"a").replace(b"form-data", b"form-data; name*0*=idna''x")),
        ("application/x-www-form-urlencoded; charset=idna", b"=&%ff=%&&;"),
    ],
)
async def test_nonsense_reads_as_an_empty_form(content_type: str, body: bytes) -> None:
    form = await forms.read(request(content_type, once(body)))
    assert form.get("text") in {"", "a"}
    assert not form.over


async def drip(size: int, pause: float) -> AsyncIterator[bytes]:
    yield b"text="
    for _ in range(size):
        await asyncio.sleep(pause)
        yield b"a"


async def test_a_body_that_drips_is_cut_off_and_a_large_one_gets_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forms, "FIRST_S", 0.3)
    plain = "application/x-www-form-urlencoded"
    with pytest.raises(HTTPException) as caught:
        await forms.read(request(plain, drip(1000, 0.02)))
    assert caught.value.status_code == 408
    monkeypatch.setattr(forms, "SLOWEST", 10)
    form = await forms.read(request(plain, drip(25, 0.02)))
    assert form.get("text") == "a" * 25


class Crowd:
    """Large bodies that are half here, and one that is small."""

    def __init__(self, turns: int) -> None:
        self.app = App(Turns(turns))
        self.go_on = asyncio.Event()
        self.begun = 0

    async def large(self) -> AsyncIterator[bytes]:
        yield b"text=" + b"a" * (forms.LARGE + 1)
        self.begun += 1
        await self.go_on.wait()
        yield b"b"

    def reads(self, chunks: AsyncIterator[bytes]) -> Awaitable[Form]:
        return forms.read(request("application/x-www-form-urlencoded", chunks, self.app))


async def test_only_a_few_large_bodies_are_read_at_once_and_words_never_wait() -> None:
    crowd = Crowd(2)
    tasks = [asyncio.ensure_future(crowd.reads(crowd.large())) for _ in range(5)]
    await asyncio.sleep(0.1)
    assert crowd.begun == 2
    form = await asyncio.wait_for(crowd.reads(once(b"text=em+so+qua")), 1)
    assert form.get("text") == "em so qua"
    crowd.go_on.set()
    for form in await asyncio.gather(*tasks):
        assert form.get("text").endswith("ab")
    assert crowd.begun == 5


async def test_a_turn_is_given_back_whatever_happens_and_none_is_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forms, "TURN_S", 0.1)
    monkeypatch.setattr(forms, "FIRST_S", 0.3)
    monkeypatch.setattr(forms, "SLOWEST", 10**9)
    crowd = Crowd(1)
    held = asyncio.ensure_future(crowd.reads(crowd.large()))
    await asyncio.sleep(0.05)
    with pytest.raises(HTTPException) as caught:
        await crowd.reads(crowd.large())
    assert caught.value.status_code == 503
    with pytest.raises(HTTPException):  # it never went on
        await held
    crowd.go_on.set()
    assert (await crowd.reads(crowd.large())).get("text").endswith("b")
