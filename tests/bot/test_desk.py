"""The officers' desk without a browser: the invitation, the session, the board, the letters."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot.channels.channel import BoardCard, Key, Outgoing
from handlers.events import Kind, Side
from tests.bot.web_memory import (
    CLEAN,
    INVITE,
    NOON,
    ORDINARY,
    URGENT,
    Memory,
    alert,
    card,
    preview,
    server,
)

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture
def memory() -> Memory:
    return Memory(cards=[URGENT, ORDINARY])


@pytest.fixture
async def stranger(memory: Memory) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(server(memory))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield http


@pytest.fixture
async def officer(stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    answer = await stranger.post("/desk/vao", data={"invite": INVITE})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")
    return stranger


async def press(http: httpx.AsyncClient, part: bool = False, **more: str) -> str:
    """Fill in the newest desk page and send it."""
    page = (await http.get("/desk")).text
    form = dict(HIDDEN.findall(page[page.index('<form id="mine"') :])) | more
    answer = await http.post("/desk", data=form, headers={"X-Part": "1"} if part else {})
    assert answer.status_code == 200
    return answer.text


async def test_without_a_session_the_desk_asks_for_an_invitation(
    stranger: httpx.AsyncClient,
) -> None:
    for method, path in [("GET", "/desk"), ("POST", "/desk"), ("POST", "/desk/board")]:
        answer = await stranger.request(method, path)
        assert answer.status_code == 403
        assert "Cần đường dẫn mời" in answer.text
        assert "python -m bot invite" in answer.text
        assert "K7M4" not in answer.text


@pytest.mark.parametrize("path", ["/desk/vao", f"/desk/vao/{INVITE}"])
async def test_a_links_preview_does_not_use_the_invitation_up(
    memory: Memory, stranger: httpx.AsyncClient, path: str
) -> None:
    for method in ("GET", "HEAD"):
        answer = await stranger.request(method, path)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert memory.invites == {INVITE}


async def test_the_invitation_in_the_address_stands_in_the_button(
    stranger: httpx.AsyncClient,
) -> None:
    page = (await stranger.get(f"/desk/vao/{INVITE}")).text
    assert f'name="invite" value="{INVITE}"' in page


async def test_an_invitation_opens_the_desk_once(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    assert (await officer.get("/desk")).status_code == 200
    again = await officer.post("/desk/vao", data={"invite": INVITE})
    assert again.status_code == 403
    assert "đã dùng rồi" in again.text
    assert len(memory.sessions) == 1


async def test_the_session_is_a_strict_cookie_of_which_only_a_hash_goes_on(
    memory: Memory,
) -> None:
    transport = httpx.ASGITransport(server(memory, public_url="https://phuong.example"))
    async with httpx.AsyncClient(transport=transport, base_url="https://phuong.example") as http:
        answer = await http.post("/desk/vao", data={"invite": INVITE})
    cookie = answer.headers["set-cookie"].lower()
    for word in ("httponly", "samesite=strict", "path=/desk", "secure", "max-age=43200"):
        assert word in cookie
    secret = re.match(r"desk=\d+\.([\w-]{43,});", answer.headers["set-cookie"])
    assert secret
    (session,) = memory.sessions
    assert re.fullmatch(r"[0-9a-f]{64}", session)
    assert secret[1] not in session


async def test_without_https_the_cookie_still_works(officer: httpx.AsyncClient) -> None:
    assert "Các việc" in (await officer.get("/desk")).text


async def test_a_session_ends_after_a_shift_and_cannot_be_lengthened(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    cookie = officer.cookies["desk"]
    late = NOON + timedelta(hours=12, seconds=1)
    transport = httpx.ASGITransport(server(memory, now=late))
    until, _, secret = cookie.partition(".")
    for held in (cookie, f"{int(until) + 86_400}.{secret}", "", "x", "9.9"):
        headers = {"Cookie": f"desk={held}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            assert (await http.get("/desk", headers=headers)).status_code == 403


async def test_an_officer_who_is_let_go_sees_nothing_any_more(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    memory.sessions.clear()
    for method, path in [("GET", "/desk"), ("POST", "/desk"), ("GET", "/desk/board")]:
        assert (await officer.request(method, path)).status_code == 403
    assert memory.taken == []


async def test_the_board_keeps_the_mailboxs_order_and_each_cards_buttons(
    officer: httpx.AsyncClient,
) -> None:
    page = (await officer.get("/desk")).text
    assert page.index('data-priority="P1"') < page.index('data-priority="P2"')
    assert 'name="choice" value="d.claim.K7M4-PQ2X"' in page
    assert "Cô Mây" in page


async def test_an_empty_board_says_so(memory: Memory, officer: httpx.AsyncClient) -> None:
    memory.cards.clear()
    assert "Chưa có việc nào" in (await officer.get("/desk")).text


async def test_a_press_is_taken_in_from_the_desks_side(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    page = await press(officer, choice="d.claim.K7M4-PQ2X")
    (one,) = memory.taken
    assert (one.side, one.kind, one.choice) == (Side.DESK, Kind.CHOICE, "d.claim.K7M4-PQ2X")
    assert (one.sender.channel, one.sender.bot) == ("desk", "mau")
    assert one.sender.peer in memory.sessions
    assert "Đã nhận việc" in page


async def test_the_same_press_twice_is_one(memory: Memory, officer: httpx.AsyncClient) -> None:
    page = (await officer.get("/desk")).text
    form = dict(HIDDEN.findall(page)) | {"choice": "d.claim.K7M4-PQ2X"}
    await officer.post("/desk", data=form)
    await officer.post("/desk", data=form)
    assert len(memory.taken) == 1


async def test_an_opened_case_stands_in_the_panel_with_its_warning(
    officer: httpx.AsyncClient,
) -> None:
    page = await press(officer, choice="d.open.K7M4-PQ2X")
    assert "hôm nay bố say" in page
    assert "Không chụp, không chuyển tiếp" in page
    assert '<div class="write" hidden>' in page


async def test_a_number_in_the_reporters_words_is_no_link(officer: httpx.AsyncClient) -> None:
    page = await press(officer, choice="d.open.K7M4-PQ2X")
    assert "0912 345 678" in page
    assert "tel:0912345678" not in page


async def test_a_prompt_brings_a_box_to_write_in(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    page = await press(officer, choice="d.reply.K7M4-PQ2X")
    assert '<div class="write">' in page
    await press(officer, text="Cô đọc rồi. Con đang ở đâu?")
    assert memory.said()[-1] == "Cô đọc rồi. Con đang ở đâu?"


async def test_a_press_never_sends_what_stands_half_written(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    page = await press(officer, choice="d.claim.K7M4-PQ2X", text="Cô sẽ")
    assert memory.said() == ["d.claim.K7M4-PQ2X"]
    assert "Cô sẽ</textarea>" in page
    assert '<div class="write">' in page


async def test_nothing_written_is_not_sent(memory: Memory, officer: httpx.AsyncClient) -> None:
    page = await press(officer, text=" ")
    assert memory.taken == []
    assert "Chưa có chữ nào" in page


async def test_far_too_much_is_kept_in_the_box(memory: Memory, officer: httpx.AsyncClient) -> None:
    page = await press(officer, text="ô" * 20_001)
    assert memory.taken == []
    assert "ô" * 20_000 + "</textarea>" in page


async def test_letters_are_confirmed_by_the_next_request(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    page = await press(officer, choice="d.open.K7M4-PQ2X")
    (session,) = memory.sessions
    assert len(memory.letters_of[session]) == 1
    seen = dict(HIDDEN.findall(page))["seen"]
    board = await officer.post("/desk/board", data={"seen": seen})
    assert "hôm nay bố say" not in board.text
    assert memory.letters_of[session] == []


async def test_the_board_can_be_fetched_alone(officer: httpx.AsyncClient) -> None:
    for method in ("GET", "POST"):
        board = await officer.request(method, "/desk/board")
        assert board.status_code == 200
        assert "<html" not in board.text
        assert "K7M4-PQ2X" in board.text


async def test_a_press_with_the_script_gets_the_part_only(officer: httpx.AsyncClient) -> None:
    part = await press(officer, part=True, choice="d.claim.K7M4-PQ2X")
    assert "<html" not in part
    assert 'data-toast="Đã nhận việc"' in part


async def test_a_picture_goes_to_who_may_see_it(memory: Memory, officer: httpx.AsyncClient) -> None:
    memory.pictures["p1"] = CLEAN
    answer = await officer.get("/desk/file/p1")
    assert (answer.status_code, answer.content) == (200, CLEAN)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert (await officer.get("/desk/file/p2")).status_code == 404
    officer.cookies.clear()
    assert (await officer.get("/desk/file/p1")).status_code == 404


async def test_a_picture_is_shown_in_the_letter_that_names_it(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    (session,) = memory.sessions
    memory.write(session, Outgoing("1 ảnh", ((Key("pic.p1", "Ảnh", link="/desk/file/p1"),),)))
    page = (await officer.get("/desk")).text
    assert '<img class="picture" src="/desk/file/p1" alt="Ảnh của người báo">' in page


async def test_words_hidden_until_pressed_are_folded(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    (session,) = memory.sessions
    memory.write(session, Outgoing("thẻ", spoiler="lời kể <b>"))
    page = (await officer.get("/desk")).text
    assert "<details" in page
    assert "lời kể &lt;b&gt;" in page


async def test_a_picture_and_a_voice_that_come_with_a_letter_are_there(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    (session,) = memory.sessions
    memory.write(session, Outgoing("hồ sơ", pictures=(CLEAN,), voices=(b"OggS",)))
    answer = await officer.get("/desk")
    assert '<img class="picture" src="data:image/jpeg;base64,' in answer.text
    assert '<audio controls preload="metadata" src="data:audio/ogg;base64,T2dnUw==">' in answer.text
    assert "img-src 'self' data:; media-src data:" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]


async def letters(memory: Memory, officer: httpx.AsyncClient, *messages: Outgoing) -> str:
    """Put letters into the officer's mailbox and open the desk."""
    (session,) = memory.sessions
    for message in messages:
        memory.write(session, message)
    return (await officer.get("/desk")).text


async def test_the_counter_says_how_many_urgent_cases_wait_and_for_how_long(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    memory.cards.append(card("0000-0001", "P1", "P1 · 0000-0001", claimed=True))
    for answer in (await officer.get("/desk"), await officer.get("/desk/board")):
        assert "🔴 1 việc khẩn chưa ai nhận, lâu nhất 12 phút" in answer.text
    memory.cards[0] = replace(memory.cards[0], status="closed")
    assert "Không có việc khẩn nào chờ nhận." in (await officer.get("/desk")).text


async def test_a_card_is_folded_to_two_lines_and_says_that_nobody_has_it(
    officer: httpx.AsyncClient,
) -> None:
    page = (await officer.get("/desk")).text
    assert (
        "<summary><b>P1 · ĐANG XẢY RA · K7M4-PQ2X</b>"
        "<span>Bị đánh · trẻ 7–10 tuổi · tổ 5<i> · ❗ chưa nhận</i></span></summary>"
    ) in page
    assert page.count("ĐANG XẢY RA") == 1


async def test_a_line_below_the_cards_is_no_card_to_open(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    memory.cards = [BoardCard("", "P3", "", Outgoing("Còn 12 việc nữa.", typed=False))]
    page = await letters(memory, officer, alert("K7M4-PQ2X"))
    assert "Còn 12 việc nữa." in page
    assert "<summary>" not in page
    # Nobody knows whether the case is still loose: its button stays.
    assert 'value="d.claim.K7M4-PQ2X"' in page


async def test_letters_stand_by_case_the_newest_first(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    said = [
        Outgoing(f"Hồ sơ {code}: {what}", typed=False)
        for what, code in (("một", "K7M4-PQ2X"), ("hai", "T3HW-8RNC"), ("ba", "K7M4-PQ2X"))
    ]
    page = await letters(memory, officer, *said, Outgoing("Đã cho vào.", typed=False))
    panel = page[page.index('id="letters"') :]
    found = re.findall(r"<h2>(.*?)</h2>|Hồ sơ \S+: (\w+)|(Đã cho vào)", panel)
    order = ["".join(one) for one in found]
    assert order == ["Việc khác", "Đã cho vào", "K7M4-PQ2X", "ba", "một", "T3HW-8RNC", "hai"]


async def test_an_alert_that_came_again_is_one_letter(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    page = await letters(
        memory, officer, alert("K7M4-PQ2X"), alert("K7M4-PQ2X"), alert("T3HW-8RNC")
    )
    assert page.count("Hồ sơ K7M4-PQ2X: quá 5 phút") == 1
    assert page.count("(2 lần)") == 1


async def test_a_claimed_case_offers_no_claim_in_an_older_letter(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    assert 'value="d.claim.K7M4-PQ2X"' in await letters(memory, officer, alert("K7M4-PQ2X"))
    memory.cards[0] = card("K7M4-PQ2X", "P1", URGENT.message.text, claimed=True)
    page = (await officer.get("/desk")).text
    assert "quá 5 phút chưa ai nhận" in page
    assert "d.claim.K7M4-PQ2X" not in page


async def test_a_preview_says_that_nothing_was_sent_and_hides_the_box(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    await press(officer, choice="d.reply.K7M4-PQ2X")
    page = await press(officer, text="Cô đọc rồi.\n\nCon ở đâu?")
    assert '<p class="unsent">Chưa gửi</p>' in page
    assert '<div class="write" hidden>' in page
    draft = "Cô đọc rồi.\n\nCon ở đâu?"
    assert f'name="draft" value="{draft}"' in page
    page = await press(officer, choice="d.reply.K7M4-PQ2X.", draft=draft)
    assert f"{draft}</textarea>" in page
    assert '<label for="text">Trả lời K7M4-PQ2X</label>' in page
    # Opening another case's prompt takes no draft along.
    page = await press(officer, choice="d.reply.T3HW-8RNC", draft=draft)
    assert draft not in page


async def test_the_box_of_a_note_does_not_say_that_it_answers(officer: httpx.AsyncClient) -> None:
    page = await press(officer, choice="d.note.K7M4-PQ2X")
    assert '<label for="text">Viết vào hồ sơ K7M4-PQ2X</label>' in page
    assert '<div class="write">' in page


@pytest.mark.parametrize("over", ["Hồ sơ K7M4-PQ2X: đã gửi.", "Đã thôi. Chưa gửi gì."])
async def test_a_step_that_is_over_waits_no_longer(
    memory: Memory, officer: httpx.AsyncClient, over: str
) -> None:
    page = await letters(
        memory, officer, preview("K7M4-PQ2X", "Cô đọc rồi."), Outgoing(over, typed=False)
    )
    assert over in page
    assert "d.send." not in page
    assert "unsent" not in page


async def test_news_of_a_case_leaves_the_waiting_step_alone(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    page = await letters(
        memory,
        officer,
        preview("K7M4-PQ2X", "Cô đọc rồi."),
        alert("K7M4-PQ2X"),
        Outgoing("Hồ sơ T3HW-8RNC: đã đóng.", typed=False),
    )
    assert 'value="d.send.K7M4-PQ2X.1a2b"' in page
    assert page.index("Chưa gửi") < page.index("quá 5 phút")


async def test_a_prompt_drawn_anew_is_shown_once_and_has_its_buttons(
    memory: Memory, officer: httpx.AsyncClient
) -> None:
    memory.standing = preview("K7M4-PQ2X", "Cô đọc rồi.")
    page = await letters(memory, officer)
    assert 'data-n="0"' in page
    assert "Chưa gửi" in page
    assert 'value="d.send.K7M4-PQ2X.1a2b"' in page
    page = await letters(memory, officer, preview("K7M4-PQ2X", "Cô đọc rồi."))
    assert page.count("d.send.") == 1
    assert 'data-n="0"' not in page


async def test_in_a_letter_the_emergency_numbers_dial(officer: httpx.AsyncClient) -> None:
    page = await press(officer, choice="d.open.K7M4-PQ2X")
    assert 'Gọi <a href="tel:113">113</a>. Số 0912 345 678' in page
