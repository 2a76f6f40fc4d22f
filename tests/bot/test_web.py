"""The residents' chat without a browser: what is taken in, what is shown, what leaves no trace."""

import re
import secrets
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.events import PIECE, pieces
from bot.web.pages import static_files
from bot.web.show import dialled, emergency, visible
from bot.web.words import BOTH
from handlers.events import Kind, MediaKind, Side
from handlers.receipts import digits, format_code, public_code
from tests.bot.web_memory import CLEAN, EXIT_PAGE, HEARD, NOW, TIP, Memory, server

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
SECRETS = {"token", "nonce", "seen", "l"}


def fields(page: str) -> dict[str, str]:
    """Give the hidden fields of the talk's form."""
    start = page.index('<form id="talk"')
    return dict(HIDDEN.findall(page[start:]))


class Visitor:
    """A browser without scripts, holding the page it last saw."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.page = ""

    async def open(self, url: str = "/") -> str:
        answer = await self.http.get(url)
        assert answer.status_code == 200
        self.page = answer.text
        return self.page

    async def send(
        self, files: dict[str, tuple[str, bytes, str]] | None = None, **more: str
    ) -> str:
        answer = await self.http.post("/", data=fields(self.page) | more, files=files)
        self.status = answer.status_code
        self.page = answer.text
        return self.page


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
async def http(memory: Memory) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(server(memory), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture
async def visitor(http: httpx.AsyncClient) -> Visitor:
    one = Visitor(http)
    await one.open()
    return one


async def test_the_first_page_makes_nobody_and_sets_no_cookie(
    memory: Memory, http: httpx.AsyncClient
) -> None:
    answer = await http.get("/")
    assert fields(answer.text)["token"] == ""
    assert "set-cookie" not in answer.headers
    assert memory.taken == []
    assert memory.letters_of == {}


async def test_each_first_page_has_a_nonce_of_its_own(http: httpx.AsyncClient) -> None:
    first, second = [fields((await http.get("/")).text)["nonce"] for _ in range(2)]
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second


async def test_a_press_is_taken_in_as_a_neutral_message(memory: Memory, visitor: Visitor) -> None:
    page = await visitor.send(choice="a.for.me")
    (one,) = memory.taken
    assert (one.kind, one.choice, one.side) == (Kind.CHOICE, "a.for.me", Side.RESIDENT)
    assert (one.sender.channel, one.sender.bot) == ("web", "mau")
    assert "Bây giờ có ai đang làm bạn sợ" in page
    assert "Mình cần giúp" in page  # the history, drawn from the talk


async def test_the_token_is_in_a_hidden_field_and_nowhere_else(
    memory: Memory, visitor: Visitor
) -> None:
    answer = await visitor.http.post("/", data=fields(visitor.page) | {"choice": "a.for.me"})
    token = fields(answer.text)["token"]
    assert re.fullmatch(r"[0-9a-f]{64}", token)
    assert "set-cookie" not in answer.headers
    assert "location" not in answer.headers
    assert token not in str(answer.headers)
    assert answer.headers["cache-control"] == "no-store"
    places = [m.start() for m in re.finditer(token, answer.text)]
    assert all(answer.text[:at].endswith('name="token" value="') for at in places)
    assert token not in repr(memory.taken)
    assert token[:24] not in memory.taken[0].event_id


async def test_the_same_person_goes_on_with_the_token(memory: Memory, visitor: Visitor) -> None:
    await visitor.send(choice="a.for.me")
    await visitor.send(text="ba con hay danh con")
    assert len({one.sender for one in memory.taken}) == 1


async def test_a_double_click_on_the_first_page_is_one_person_and_one_message(
    memory: Memory, visitor: Visitor
) -> None:
    form = fields(visitor.page) | {"choice": "a.for.me"}
    first = await visitor.http.post("/", data=form)
    second = await visitor.http.post("/", data=form)
    assert len(memory.taken) == 1
    assert fields(first.text)["token"] == fields(second.text)["token"]
    assert "Bây giờ có ai đang làm bạn sợ" in second.text


async def test_other_words_sent_from_an_old_page_are_not_swallowed(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.send(choice="a.for.me")
    old = fields(visitor.page)
    await visitor.http.post("/", data=old | {"text": "bố đánh"})
    await visitor.http.post("/", data=old | {"text": "bố đánh con, cứu con"})
    assert memory.said() == ["a.for.me", "bố đánh", "bố đánh con, cứu con"]


async def test_the_nonce_is_in_no_id_so_the_database_replays_no_page(
    memory: Memory, visitor: Visitor
) -> None:
    nonce = fields(visitor.page)["nonce"]
    await visitor.send(choice="a.for.me")
    assert nonce not in repr(memory.taken)


async def test_letters_are_confirmed_by_the_next_page_only(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.send(choice="a.for.me")
    peer = memory.taken[0].sender.peer
    assert len(memory.letters_of[peer]) == 1
    await visitor.send(choice="a.now.no")
    assert [one.number for one in memory.letters_of[peer]] == [2]


async def test_words_typed_beside_a_pressed_answer_are_taken_first(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.send(text="ở ngõ 12", choice="a.for.me")
    assert memory.said() == ["ở ngõ 12", "a.for.me"]


@pytest.mark.parametrize("choice", ["go.back", "go.drop", "go.111"])
async def test_words_typed_beside_a_way_out_stay_in_the_box(
    memory: Memory, visitor: Visitor, choice: str
) -> None:
    page = await visitor.send(text="con chưa viết xong", choice=choice)
    assert memory.said() == [choice]
    assert "con chưa viết xong</textarea>" in page


async def test_a_talk_that_is_put_away_is_known_to_the_script(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.send(choice="a.for.me")
    part = {"X-Part": "1"}
    form = fields(visitor.page) | {"text": "bố đánh con"}
    assert 'data-lines="2"' in (await visitor.http.post("/", data=form, headers=part)).text
    form |= {"text": "", "choice": "go.exit"}
    assert 'data-lines="0"' in (await visitor.http.post("/", data=form, headers=part)).text
    assert "data-lines" not in (await visitor.http.post("/hop", data=form)).text


@pytest.mark.parametrize("choice", ["go.send", "go.danger"])
async def test_send_now_and_danger_take_the_last_words_along(
    memory: Memory, visitor: Visitor, choice: str
) -> None:
    await visitor.send(text="hết rồi", choice=choice)
    assert memory.said() == ["hết rồi", choice]


async def test_an_empty_page_is_answered_with_a_hint_and_the_same_buttons(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.send(choice="a.for.me")
    page = await visitor.send(text="  \n ")
    assert "Bạn viết vài chữ" in page
    assert 'value="a.now.yes"' in page
    assert memory.said() == ["a.for.me"]


async def test_an_empty_first_page_still_makes_nobody(memory: Memory, visitor: Visitor) -> None:
    page = await visitor.send(text="")
    assert fields(page)["token"] == ""
    assert 'value="a.for.me"' in page


async def test_a_long_story_is_taken_in_whole_and_in_order(
    memory: Memory, visitor: Visitor
) -> None:
    story = "".join(f"câu {n} con kể. " for n in range(1200))[:19_990]
    await visitor.send(text=story)
    assert "".join(one.text for one in memory.taken) == story
    assert max(len(one.text) for one in memory.taken) <= PIECE
    assert len({one.event_id for one in memory.taken}) == len(memory.taken) > 4


async def test_a_story_beyond_all_bounds_is_kept_in_the_box_with_advice(
    memory: Memory, visitor: Visitor
) -> None:
    page = await visitor.send(text="a" * 20_001)
    assert visitor.status == 413
    assert "a" * 20_000 + "</textarea>" in page
    assert "gửi phần này trước" in page
    assert 'href="tel:111"' in page
    assert memory.taken == []


async def test_a_body_beyond_all_bounds_loses_neither_the_person_nor_the_words(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.send(choice="a.for.me")
    token = fields(visitor.page)["token"]
    picture = ("a.jpg", b"\xff\xd8" + b"x" * (13 * 1024 * 1024), "image/jpeg")
    page = await visitor.send({"picture": picture}, text="đây là chỗ đó")
    assert visitor.status == 413
    assert fields(page)["token"] == token
    assert "đây là chỗ đó</textarea>" in page
    assert "Ảnh lớn quá" in page
    assert memory.said() == ["a.for.me"]


async def test_a_picture_is_cleaned_before_anybody_sees_it(
    memory: Memory, visitor: Visitor
) -> None:
    picture = ("IMG_2031.jpg", b"\xff\xd8raw with a place in it", "image/jpeg")
    await visitor.send({"picture": picture}, text="ở đây")
    assert memory.said() == ["ở đây", Kind.MEDIA]
    media = memory.taken[1].media
    assert media is not None
    assert (media.kind, media.size) == (MediaKind.PICTURE, len(CLEAN))
    assert memory.blobs == [CLEAN]
    assert "IMG_2031" not in repr(memory.taken)


async def test_a_refused_picture_is_said_kindly_and_the_words_are_taken(
    memory: Memory, visitor: Visitor
) -> None:
    page = await visitor.send({"picture": ("a.svg", b"<svg>", "image/jpeg")}, text="ở đây")
    assert memory.said() == ["ở đây"]
    assert "không mở được ảnh này" in page


async def test_a_picture_never_touches_the_disk(
    memory: Memory, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def to_disk(*_: object, **__: object) -> None:
        raise AssertionError("a picture was written to a temporary file")

    monkeypatch.setattr("tempfile.TemporaryFile", to_disk)
    monkeypatch.setattr("tempfile._TemporaryFileWrapper", to_disk)
    raw = b"\xff\xd8" + b"x" * (9 * 1024 * 1024)
    await visitor.send({"picture": ("a.jpg", raw, "image/jpeg")})
    assert memory.blobs == [CLEAN]


async def test_the_picture_field_is_there_only_when_a_picture_is_asked_for(
    visitor: Visitor,
) -> None:
    assert 'type="file"' not in await visitor.send(choice="a.for.me")
    page = await visitor.send(text="pic")
    assert 'accept="image/jpeg,image/png,image/webp"' in page
    assert 'enctype="multipart/form-data"' in page
    assert 'value="up.photo"' not in page
    # After the words in the body: what is cut off by a large picture is the picture.
    assert page.index("<textarea") < page.index('type="file"')


async def test_pressing_send_picture_without_one_says_so(memory: Memory, visitor: Visitor) -> None:
    await visitor.send(text="pic")
    page = await visitor.send(choice="up.photo")
    assert "Bạn chọn ảnh trước" in page
    assert memory.said() == ["pic"]


async def test_looking_for_news_confirms_nothing_and_keeps_what_is_typed(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.send(choice="a.for.me")
    page = await visitor.send(look="1", text="đang viết")
    assert "Bây giờ có ai đang làm bạn sợ" in page
    assert "đang viết</textarea>" in page
    assert memory.said() == ["a.for.me"]


async def test_english_is_chosen_on_the_first_page_without_making_anybody(
    memory: Memory, visitor: Visitor
) -> None:
    assert 'href="/?l=en"' in visitor.page
    page = await visitor.open("/?l=en")
    assert '<html lang="en">' in page
    assert "Hello. You need no name." in page
    assert memory.taken == []
    page = await visitor.send(text="help")
    assert memory.said() == ["go.en", "help"]
    assert '<html lang="en">' in page
    assert '<button class="send">Send</button>' in page
    # The greeting was on the page they wrote on.
    assert "Hello. You need no name." not in page
    assert HEARD.text in page
    await visitor.send(text="more")
    assert memory.said() == ["go.en", "help", "more"]


async def test_a_first_message_in_english_sent_twice_is_still_answered(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.open("/?l=en")
    form = fields(visitor.page) | {"text": "help"}
    for _ in range(2):
        page = (await visitor.http.post("/", data=form)).text
        assert HEARD.text in page
    assert memory.said() == ["go.en", "help"]


@pytest.mark.parametrize("before", [(), ("a.for.me", "a.now.no")])
async def test_a_neutral_line_clears_the_page_of_everything_else(
    memory: Memory, visitor: Visitor, before: tuple[str, ...]
) -> None:
    for choice in before:
        await visitor.send(choice=choice)
    page = await visitor.send(text="mẹ vào")
    assert page.count("<li class") == 1
    assert TIP.text in page
    assert "mẹ vào" not in page
    assert "</textarea>" in page
    assert 'name="choice"' not in page


async def test_a_neutral_line_leaves_nothing_unread_before_it_on_the_page(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.send(choice="a.for.me")
    peer = memory.taken[0].sender.peer
    memory.write(peer, HEARD)
    memory.write(peer, TIP)
    form = fields(visitor.page) | {"seen": "0"}
    part = (await visitor.http.post("/hop", data=form)).text
    assert 'data-alone="1"' in part
    assert part.count("<li class") == 1
    memory.write(peer, NOW)
    part = (await visitor.http.post("/hop", data=form)).text
    assert HEARD.text not in part
    assert 'value="a.now.yes"' in part
    assert 'data-alone="1"' in part


async def test_an_ordinary_answer_clears_nothing(visitor: Visitor) -> None:
    form = fields(visitor.page) | {"choice": "a.for.me"}
    part = (await visitor.http.post("/", data=form, headers={"X-Part": "1"})).text
    assert "data-alone" not in part


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_what_must_be_remembered_stands_on_a_line_of_its_own(
    memory: Memory, visitor: Visitor, language: str
) -> None:
    memory.tell = "Nhớ 5 chữ:\n➤ cá áo mưa bàn ghế\nNguy hiểm: 113.\n➤ 0111 1131 1411 5111"
    await visitor.open("/" if language == "vi" else "/?l=en")
    page = await visitor.send(text="gửi")
    assert (
        'Nhớ 5 chữ:<strong class="keep">➤ cá áo mưa bàn ghế</strong>'
        'Nguy hiểm: <a href="tel:113">113</a>.'
        '<strong class="keep">➤ 0111 1131 1411 5111</strong>'
    ) in page


async def test_the_pages_follow_when_the_language_is_changed_in_the_talk(
    visitor: Visitor,
) -> None:
    await visitor.send(choice="a.for.me")
    assert '<html lang="en">' in await visitor.send(choice="go.en")
    assert '<html lang="vi">' in await visitor.send(choice="go.vi")


async def test_what_is_shown_carries_no_disguise_and_what_is_kept_is_raw(
    memory: Memory, visitor: Visitor
) -> None:
    raw = "abc\u202edef\u200bghi\x07<script>alert(1)</script>"
    page = await visitor.send(text=raw)
    assert memory.taken[0].text == raw
    assert "abcdefghi&lt;script&gt;" in page
    assert "<script>alert" not in page


async def test_a_part_is_answered_with_the_new_letters_only(
    memory: Memory, visitor: Visitor
) -> None:
    form = fields(visitor.page) | {"choice": "a.for.me"}
    answer = await visitor.http.post("/", data=form, headers={"X-Part": "1"})
    assert "<html" not in answer.text
    assert NOW.text.splitlines()[0] in answer.text
    assert re.search(
        r'data-token="[0-9a-f]{64}" data-nonce="[0-9a-f]{32}" data-seen="1"', answer.text
    )


async def test_a_poll_brings_news_and_confirms_what_was_shown(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.send(choice="a.for.me")
    peer = memory.taken[0].sender.peer
    memory.write(peer, HEARD)
    form = fields(visitor.page)
    poll = await visitor.http.post("/hop", data={"token": form["token"], "seen": form["seen"]})
    assert "Không phải lỗi của bạn" in poll.text
    assert "Bây giờ có ai" not in poll.text
    poll = await visitor.http.post("/hop", data={"token": form["token"], "seen": "2"})
    assert "<li" not in poll.text
    assert memory.letters_of[peer] == []


async def test_a_strangers_poll_gets_nothing_and_makes_nobody(
    memory: Memory, http: httpx.AsyncClient
) -> None:
    for token in ("", "0" * 64, secrets.token_hex(32)):
        poll = await http.post("/hop", data={"token": token, "seen": "999"})
        assert poll.status_code == 200
        assert "<li" not in poll.text
    assert memory.taken == []
    assert memory.letters_of == {}


@pytest.mark.parametrize("seen", ["-1", "x", "9" * 60, "1.5", "", "²"])
async def test_an_odd_number_confirms_nothing(memory: Memory, visitor: Visitor, seen: str) -> None:
    await visitor.send(choice="a.for.me")
    peer = memory.taken[0].sender.peer
    form = fields(visitor.page) | {"seen": seen}
    assert (await visitor.http.post("/hop", data=form)).status_code == 200
    assert len(memory.letters_of[peer]) == 1


async def test_quick_exit_by_link_clears_and_leads_elsewhere(http: httpx.AsyncClient) -> None:
    answer = await http.get("/thoat")
    assert answer.status_code == 303
    assert answer.headers["location"] == EXIT_PAGE
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert answer.headers["cache-control"] == "no-store"


async def test_quick_exit_by_button_puts_the_talk_away_and_is_no_redirect(
    memory: Memory, visitor: Visitor
) -> None:
    await visitor.send(choice="a.for.me")
    form = fields(visitor.page)
    answer = await visitor.http.post("/thoat", data={k: form[k] for k in ("token", "nonce")})
    assert memory.said() == ["a.for.me", "go.exit"]
    assert answer.status_code == 200
    assert answer.headers["refresh"] == f"0; url={EXIT_PAGE}"
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert form["token"] not in answer.text


async def test_quick_exit_of_nobody_makes_nobody(memory: Memory, http: httpx.AsyncClient) -> None:
    assert (await http.post("/thoat")).status_code == 200
    assert memory.taken == []


async def test_numbers_and_exit_stand_on_every_page(memory: Memory, visitor: Visitor) -> None:
    pages = [visitor.page, await visitor.send(choice="a.for.me"), await visitor.send(text="")]
    pages += [(await visitor.http.get(path)).text for path in ("/khong-co", "/desk", "/desk/vao")]
    memory.breaks = True
    pages.append((await visitor.http.post("/", data={"text": "x"})).text)
    for page in pages:
        assert all(f'href="tel:{number}"' in page for number in (111, 113, 115))
        assert 'id="exit"' in page
        assert "<title>Góc học tập</title>" in page or "Bàn trực</title>" in page


async def test_a_button_that_the_header_has_is_not_drawn_twice(visitor: Visitor) -> None:
    assert 'value="go.exit"' not in await visitor.send(choice="a.for.me")


async def test_a_telephone_button_dials(visitor: Visitor) -> None:
    page = await visitor.send(choice="a.for.danger")
    assert '<a class="key tel" href="tel:113">Gọi 113</a>' in page
    assert 'gọi <a href="tel:113">113</a> ngay' in page


async def test_a_trial_says_on_each_page_that_nobody_reads(memory: Memory) -> None:
    for trial in (True, False):
        transport = httpx.ASGITransport(server(memory, trial=trial))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            for path in ("/", "/khong-co", "/desk"):
                assert ("BẢN THỬ, KHÔNG AI ĐỌC" in (await http.get(path)).text) is trial


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/thoat", 303),
        ("POST", "/thoat", 200),
        ("POST", "/hop", 200),
        ("GET", "/khong-co", 404),
        ("GET", "/static/style.css", 404),
        ("GET", "/static/../server.py", 404),
        ("PUT", "/", 405),
        ("GET", "/hop", 405),
        ("GET", "/desk", 403),
        ("GET", "/desk/file/x", 404),
        ("GET", "/robots.txt", 200),
    ],
)
async def test_every_answer_is_dressed(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await http.request(method, path)
    assert answer.status_code == status
    assert_dressed(answer)
    assert answer.headers["cache-control"] == "no-store"


def assert_dressed(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    expected = {
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-robots-tag": "noindex, nofollow, noarchive",
    }
    assert expected.items() <= dict(answer.headers).items()
    assert "camera=()" in answer.headers["permissions-policy"]


async def test_a_crash_is_told_kindly_without_a_trace_of_it(
    memory: Memory, visitor: Visitor
) -> None:
    memory.breaks = True
    answer = await visitor.http.post("/", data=fields(visitor.page) | {"text": "bố đánh con"})
    assert answer.status_code == 500
    assert_dressed(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert "có thể chưa gửi được" in answer.text
    assert "planted" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://127.0.0.1"}, True),
        ({"Origin": "https://xau.example"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ],
)
@pytest.mark.parametrize("path", ["/", "/hop", "/thoat", "/desk", "/desk/vao", "/desk/board"])
async def test_what_another_sites_page_posts_is_turned_away(
    memory: Memory,
    http: httpx.AsyncClient,
    headers: dict[str, str],
    allowed: bool,
    path: str,
) -> None:
    answer = await http.post(path, data={"text": "x"}, headers=headers)
    elsewhere = "không mở được từ nơi khác" in answer.text
    assert elsewhere is not allowed
    if not allowed:
        assert answer.status_code == 403
        assert memory.taken == []
        assert_dressed(answer)


async def test_static_files_may_be_kept_because_their_address_names_their_content(
    http: httpx.AsyncClient, visitor: Visitor
) -> None:
    urls = re.findall(r'(?:src|href)="(/static/[^"]+)"', visitor.page)
    assert {url.rsplit(".", 1)[1] for url in urls} == {"css", "js", "svg"}
    for url in urls:
        answer = await http.get(url)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert_dressed(answer)
        assert len(answer.content) <= 10_000
    for name, most in (("chat.js", 150), ("desk.js", 200), ("exit.js", 50)):
        assert len(static_files()[name].data.splitlines()) <= most
    assert "http://" not in visitor.page
    assert visitor.page.count("https://") == visitor.page.count(EXIT_PAGE)
    assert "<style" not in visitor.page
    assert not re.search(r"\son\w+=|style=", visitor.page)


@pytest.mark.parametrize(
    ("peer", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 404),
        ("", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 404),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}, 404),
    ],
)
@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
async def test_health_and_numbers_are_for_this_machine_only(
    memory: Memory, peer: str, headers: dict[str, str], status: int, path: str
) -> None:
    transport = httpx.ASGITransport(server(memory), client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        assert (await http.get(path, headers=headers)).status_code == status


async def test_unwell_is_said_with_a_status(memory: Memory) -> None:
    transport = httpx.ASGITransport(server(memory, health={"ok": False, "lanes": 2}))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        answer = await http.get("/healthz")
    assert (answer.status_code, answer.json()["lanes"]) == (503, 2)


async def test_behind_https_browsers_are_told_to_stay_there(memory: Memory) -> None:
    app = server(memory, public_url="https://phuong.example")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://phuong.example"
    ) as http:
        assert "max-age" in (await http.get("/")).headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", ""),
        (b"%%%=%%%&&&==", "application/x-www-form-urlencoded"),
        (b"no boundary", "multipart/form-data"),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
    ],
)
async def test_a_broken_form_gets_a_page_with_a_hint(
    memory: Memory, http: httpx.AsyncClient, body: bytes, kind: str
) -> None:
    answer = await http.post("/", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200
    assert "Bạn viết vài chữ" in answer.text
    assert memory.taken == []


@given(st.text(max_size=12_000))
def test_pieces_joined_are_the_text(text: str) -> None:
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert all(0 < len(piece) <= PIECE for piece in cut)


@given(st.text())
def test_whatever_was_typed_can_be_shown(text: str) -> None:
    shown = str(dialled(text))
    shown.encode()
    assert "<script" not in shown
    assert not set(shown) & set(
        "\u202a\u202b\u202d\u202e\u2066\u2067\u2069\u200b\u200d\ufeff\x00\x1b"
    )


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Gọi 111.", 'Gọi <a href="tel:111">111</a>.'),
        ("(113, 115)", '(<a href="tel:113">113</a>, <a href="tel:115">115</a>)'),
        ("024 3223 3111", '<a href="tel:02432233111">024 3223 3111</a>'),
        ("1900 969 680", '<a href="tel:1900969680">1900 969 680</a>'),
        ("0912.345.678!", '<a href="tel:0912345678">0912.345.678</a>!'),
        ("nói <b>111</b>", 'nói &lt;b&gt;<a href="tel:111">111</a>&lt;/b&gt;'),
        ("1111", "1111"),
        ("113/2024", "113/2024"),
        ("115.000 đồng", "115.000 đồng"),
        ("K113", "K113"),
        ("0123 4567 8901 2345", "0123 4567 8901 2345"),
        ("0912 3456 7890 1234", "0912 3456 7890 1234"),
        ("1900 9696 8012 3456", "1900 9696 8012 3456"),
        ("02.12.2026 10:30", "02.12.2026 10:30"),
        ("03.12.2026 10", "03.12.2026 10"),
        ("lúc 11 giờ 15", "lúc 11 giờ 15"),
        ("lúc 11:15, 20:111", "lúc 11:15, 20:111"),
        ("11.1.2026 và 11/5", "11.1.2026 và 11/5"),
        ("hồ sơ 1113-115A, 114K-1111", "hồ sơ 1113-115A, 114K-1111"),
        ("tổ 113, Tổ 111, ngõ 115, lớp 114", "tổ 113, Tổ 111, ngõ 115, lớp 114"),
        ("cháy: 114", 'cháy: <a href="tel:114">114</a>'),
        ("hai\ndòng\n\n", "hai\ndòng\n\n"),
    ],
)
def test_telephone_numbers_can_be_dialled_and_nothing_else(text: str, html: str) -> None:
    assert str(dialled(text)) == html


@given(st.integers(0, 2**50 - 1), st.integers(0, 2**35 - 1))
def test_no_key_and_no_case_code_dials(secret_bits: int, code_bits: int) -> None:
    told = f"Khóa: {digits(secret_bits)}. Số hồ sơ {format_code(public_code(code_bits))}. Xin giữ."
    assert "tel:" not in str(dialled(told))
    assert "tel:" not in str(emergency(told))


def test_vietnamese_and_emoji_are_shown_as_they_are() -> None:
    words = "Bố đánh con 😢\n\tở ngõ 12, tổ 5 ❤️"
    assert visible(words) == words


def test_both_languages_have_the_same_words() -> None:
    assert BOTH["vi"].keys() == BOTH["en"].keys()
    assert all(BOTH["vi"][key].count("{}") == BOTH["en"][key].count("{}") for key in BOTH["vi"])
