"""Both sides in a real browser: without scripts, with scripts, and leaving in a hurry."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect
from playwright.async_api import Route as Route_
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bot.channels.channel import Key, Outgoing
from tests.bot.browser import PHONE, SCREEN, Window, chromium, free_port, serve, window
from tests.bot.web_memory import (
    HEARD,
    INVITE,
    ORDINARY,
    TIP,
    URGENT,
    Memory,
    alert,
    card,
    server,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = "Bây giờ có ai đang làm bạn sợ"


async def weather(request: Request) -> HTMLResponse:
    """Stand for a neutral site elsewhere."""
    return HTMLResponse(f"<title>Thời tiết</title><p>Trời nắng {request.url.path}")


@dataclass
class House:
    """The server under test, its memory, and a neutral site beside it."""

    url: str
    elsewhere: str
    memory: Memory
    browser: Browser
    stack: AsyncExitStack

    async def window(self, size: tuple[int, int] = PHONE, *, scripts: bool = True) -> Window:
        return await self.stack.enter_async_context(window(self.browser, size, scripts=scripts))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as one:
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def elsewhere() -> AsyncIterator[str]:
    neutral = Starlette(routes=[Route("/{path:path}", weather)])
    async with serve(neutral, free_port()) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def house(browser: Browser, elsewhere: str) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        memory = Memory()
        port = free_port()
        app = server(
            memory,
            public_url=f"http://127.0.0.1:{port}",
            exit_page=f"{elsewhere}/ha-noi",
            trial=True,
        )
        url = await enter(serve(app, port))
        yield House(url, elsewhere, memory, browser, stack)


async def fits(page: Page) -> bool:
    """Tell whether nothing has to be scrolled sideways."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_talk_goes_from_the_first_screen_to_own_words(house: House, scripts: bool) -> None:
    one = await house.window(scripts=scripts)
    await one.page.goto(house.url)
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await expect(one.page.get_by_text(NOW)).to_be_visible()
    await one.page.get_by_role("button", name="Không", exact=True).click()
    await expect(one.page.get_by_text("Chuyện gì làm bạn lo?")).to_be_visible()
    await one.page.get_by_label("Nhắn ở đây").fill("ba con hay đánh con")
    await one.page.get_by_role("button", name="Nhắn", exact=True).click()
    await expect(one.page.get_by_text("Không phải lỗi của bạn")).to_be_visible()
    assert house.memory.said() == ["a.for.me", "a.now.no", "ba con hay đánh con"]
    assert len({taken.sender for taken in house.memory.taken}) == 1
    assert await one.page.get_by_label("Nhắn ở đây").input_value() == ""
    assert await one.page.context.cookies() == []
    assert re.fullmatch(re.escape(house.url) + "/(#moi)?", one.page.url)
    assert one.complaints == []


async def test_with_scripts_nothing_is_reloaded_and_old_buttons_go(house: House) -> None:
    one = await house.window()
    await one.page.goto(house.url)
    await one.page.evaluate("window.mark = 1")
    before = await one.page.evaluate("history.length")
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await expect(one.page.get_by_text(NOW)).to_be_visible()
    assert await one.page.evaluate("window.mark") == 1
    assert await one.page.evaluate("history.length") == before
    assert await one.page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert await one.page.get_by_role("button", name="Bạn mình cần giúp").count() == 0
    assert await one.page.locator("li.mine").inner_text() == "Bạn:\nMình cần giúp"


async def test_an_answer_of_an_officer_appears_by_itself(house: House) -> None:
    one = await house.window()
    await one.page.goto(house.url)
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await expect(one.page.get_by_text(NOW)).to_be_visible()
    await one.page.get_by_label("Nhắn ở đây").fill("đang viết dở")
    house.memory.write(house.memory.taken[0].sender.peer, HEARD)
    await expect(one.page.get_by_text("Không phải lỗi của bạn")).to_be_visible()
    assert await one.page.get_by_label("Nhắn ở đây").input_value() == "đang viết dở"


async def test_nobody_polls_before_anybody_wrote(house: House) -> None:
    one = await house.window()
    await one.page.goto(house.url)
    await asyncio.sleep(1.4)
    assert house.memory.polls == 0


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_double_click_is_one_message(house: House, scripts: bool) -> None:
    one = await house.window(scripts=scripts)
    await one.page.goto(house.url)
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).dblclick()
    await expect(one.page.get_by_text(NOW)).to_be_visible()
    await asyncio.sleep(0.3)
    assert house.memory.said() == ["a.for.me"]


async def test_reloading_the_answer_repeats_nothing(house: House) -> None:
    one = await house.window(scripts=False)
    await one.page.goto(house.url)
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await expect(one.page.get_by_text(NOW)).to_be_visible()  # a click does not wait for its page
    await one.page.reload()
    await expect(one.page.get_by_text(NOW)).to_be_visible()
    assert house.memory.said() == ["a.for.me"]


async def test_what_is_typed_survives_a_dead_network_and_arrives_once(house: House) -> None:
    one = await house.window()
    await one.page.goto(house.url)
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await expect(one.page.get_by_text(NOW)).to_be_visible()
    await one.page.context.set_offline(True)
    await one.page.get_by_label("Nhắn ở đây").fill("cứu con")
    await one.page.get_by_role("button", name="Nhắn", exact=True).click()
    await expect(one.page.get_by_role("alert")).to_contain_text("Chưa gửi được, mình thử lại")
    await expect(one.page.get_by_role("alert").get_by_role("link", name="111")).to_be_visible()
    assert await one.page.get_by_label("Nhắn ở đây").input_value() == "cứu con"
    await one.page.context.set_offline(False)
    await expect(one.page.get_by_text("Không phải lỗi của bạn")).to_be_visible()
    assert house.memory.said() == ["a.for.me", "cứu con"]


@pytest.mark.parametrize("how", ["press", "shift"])
async def test_quick_exit_leaves_no_entry_behind_back(house: House, how: str) -> None:
    one = await house.window()
    await one.page.goto(f"{house.elsewhere}/truoc")
    await one.page.goto(house.url)
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await expect(one.page.get_by_text(NOW)).to_be_visible()
    before = await one.page.evaluate("history.length")
    if how == "press":
        await one.page.locator("#exit").click()
    else:
        for _ in range(3):
            await one.page.keyboard.press("Shift")
    await one.page.wait_for_url(f"{house.elsewhere}/ha-noi")
    assert await one.page.evaluate("history.length") == before
    await one.page.go_back()
    assert one.page.url == f"{house.elsewhere}/truoc"
    assert house.memory.said() == ["a.for.me", "go.exit"]


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("steps", [0, 1])
async def test_after_somebody_came_in_only_the_neutral_line_stands_on_the_page(
    house: House, scripts: bool, steps: int
) -> None:
    one = await house.window(scripts=scripts)
    await one.page.goto(house.url)
    if steps:
        await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
        await expect(one.page.get_by_text(NOW)).to_be_visible()
    await one.page.get_by_label("Nhắn ở đây").fill("mẹ vào")
    await one.page.get_by_role("button", name="Nhắn", exact=True).click()
    await expect(one.page.get_by_text("đội mũ bảo hiểm")).to_be_visible()
    assert await one.page.locator("#log .words").all_inner_texts() == [TIP.text]
    assert await one.page.locator("#log button").count() == 0
    assert await one.page.get_by_label("Nhắn ở đây").input_value() == ""
    assert "mẹ vào" not in await one.page.inner_text("body")


async def test_typing_capitals_is_no_exit(house: House) -> None:
    one = await house.window(SCREEN)
    await one.page.goto(house.url)
    await one.page.get_by_label("Nhắn ở đây").press_sequentially("ABC")
    for letter in "ABC":
        await one.page.keyboard.down("Shift")
        await one.page.keyboard.press(letter)
        await one.page.keyboard.up("Shift")
    await asyncio.sleep(0.2)
    assert one.page.url == f"{house.url}/"


async def test_quick_exit_without_scripts_leads_elsewhere_and_puts_the_talk_away(
    house: House,
) -> None:
    one = await house.window(scripts=False)
    await one.page.goto(house.url)
    await one.page.get_by_text("Thoát nhanh").click()
    await one.page.wait_for_url(f"{house.elsewhere}/ha-noi")
    await one.page.goto(house.url)
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await expect(one.page.get_by_text(NOW)).to_be_visible()
    await one.page.get_by_text("Thoát nhanh").click()
    await one.page.wait_for_url(f"{house.elsewhere}/ha-noi")
    assert house.memory.said() == ["a.for.me", "go.exit"]
    assert not any("Content Security" in line for line in one.complaints)


async def test_the_language_link_leaves_one_entry_in_the_history(house: House) -> None:
    one = await house.window()
    await one.page.goto(house.url)
    before = await one.page.evaluate("history.length")
    await one.page.get_by_role("link", name="English").click()
    await expect(one.page.get_by_text("Hello. You need no name.")).to_be_visible()
    assert await one.page.evaluate("history.length") == before


async def can_be_used(page: Page) -> None:
    """Check that the page fits and that every target can be hit."""
    assert await fits(page)
    for target in await page.locator("button, .calls a, #exit, textarea, a.key").all():
        box = await target.bounding_box()
        assert box is not None
        assert box["height"] >= 43.5, await target.inner_text()
        assert box["width"] >= 43.5, await target.inner_text()


@pytest.mark.parametrize("width", [320, 360, 1280])
async def test_every_screen_fits_and_every_target_can_be_hit(house: House, width: int) -> None:
    one = await house.window((width, 740))
    await one.page.goto(house.url)
    await can_be_used(one.page)
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await expect(one.page.get_by_text(NOW)).to_be_visible()
    await can_be_used(one.page)
    await one.page.get_by_role("button", name="Không", exact=True).click()
    await expect(one.page.get_by_text("Chuyện gì làm bạn lo?")).to_be_visible()
    await can_be_used(one.page)
    await one.page.get_by_label("Nhắn ở đây").fill("pic")
    await one.page.get_by_role("button", name="Nhắn", exact=True).click()
    await expect(one.page.locator("#picture")).to_be_visible()
    await can_be_used(one.page)


async def stands_below_the_header(page: Page, bubble: Locator) -> None:
    """Wait until a bubble's top has come to stand just below the sticky header."""
    await bubble.wait_for()
    gap = -1.0
    for _ in range(30):
        header = await page.locator("header").bounding_box()
        box = await bubble.bounding_box()
        assert header is not None
        assert box is not None
        assert header["y"] == 0
        gap = box["y"] - header["height"]
        if 0 <= gap <= 16:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{gap} px below the header")


@pytest.mark.parametrize("size", [PHONE, (320, 600), SCREEN])
async def test_after_each_step_the_first_new_bubble_stands_below_the_header(
    house: House, size: tuple[int, int]
) -> None:
    house.memory.first = Outgoing("Mình nghe rồi.", ((Key("go.on", "Kể tiếp"),),))
    one = await house.window(size)
    await one.page.goto(house.url)
    heard = one.page.get_by_text("Mình nghe rồi.")
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await stands_below_the_header(one.page, heard.last)
    await one.page.get_by_role("button", name="Không", exact=True).click()
    await expect(heard).to_have_count(2)
    await stands_below_the_header(one.page, heard.last)
    house.memory.first = None
    house.memory.tell = "\n".join(["Nhớ 5 chữ:", *["một dòng"] * 40])
    await one.page.get_by_label("Nhắn ở đây").fill("dài")
    await one.page.get_by_role("button", name="Nhắn", exact=True).click()
    await stands_below_the_header(one.page, one.page.get_by_text("Nhớ 5 chữ:"))
    house.memory.write(house.memory.taken[0].sender.peer, HEARD)
    await stands_below_the_header(one.page, one.page.get_by_text("Không phải lỗi của bạn"))


@pytest.mark.parametrize("size", [PHONE, (320, 600)])
async def test_the_numbers_stand_on_one_line_of_a_slim_header(
    house: House, size: tuple[int, int]
) -> None:
    one = await house.window(size)
    await one.page.goto(house.url)
    boxes = [await link.bounding_box() for link in await one.page.locator(".calls a").all()]
    assert len({box["y"] for box in boxes if box}) == 1
    assert len(boxes) == 3
    header = await one.page.locator("header").bounding_box()
    assert header is not None
    assert header["height"] <= 125
    await expect(one.page.get_by_role("link", name="Gọi 111 miễn phí")).to_be_visible()


@pytest.mark.parametrize("size", [(740, 360), (320, 400)])
async def test_in_a_short_window_the_way_out_the_number_and_the_box_stay(
    house: House, size: tuple[int, int]
) -> None:
    one = await house.window(size)
    await one.page.goto(house.url)
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await stands_below_the_header(one.page, one.page.get_by_text(NOW))
    for what in ("#exit", ".calls a[href='tel:111']", "#text"):
        assert await uncovered(one.page.locator(what)), what
    header = await one.page.locator("header").bounding_box()
    assert header is not None
    assert header["height"] <= 60
    assert await fits(one.page)


async def uncovered(one: Locator) -> bool:
    """Tell whether an element is wholly in the window and nothing lies over its corners."""
    return bool(
        await one.evaluate("""element => {
            const box = element.getBoundingClientRect();
            const corners = [[box.left, box.top], [box.right, box.top], [box.left, box.bottom],
                [box.right, box.bottom]].map(([x, y]) => [
                    x + Math.sign((box.left + box.right) / 2 - x) * 9,
                    y + Math.sign((box.top + box.bottom) / 2 - y) * 9]);
            return corners.every(([x, y]) => {
                const found = document.elementFromPoint(x, y);
                return found && (element.contains(found) || found.contains(element));
            });
        }""")
    )


async def open_desk(house: House, size: tuple[int, int] = SCREEN) -> Window:
    one = await house.window(size)
    await enter_desk(house, one)
    return one


async def enter_desk(house: House, one: Window) -> None:
    await one.page.goto(f"{house.url}/desk/vao#{INVITE}")
    await one.page.get_by_role("button", name="Mở bàn trực").click()
    await one.page.wait_for_url(f"{house.url}/desk")


async def test_the_invitation_behind_the_hash_opens_the_desk_and_leaves_the_address(
    house: House,
) -> None:
    one = await house.window(SCREEN)
    await one.page.goto(f"{house.url}/desk/vao#{INVITE}")
    await expect(one.page.get_by_role("button", name="Mở bàn trực")).to_be_visible()
    assert one.page.url == f"{house.url}/desk/vao"
    await one.page.get_by_role("button", name="Mở bàn trực").click()
    await expect(one.page.get_by_text("Cô Mây")).to_be_visible()
    assert one.complaints == []


async def test_a_new_urgent_case_is_noticed_while_somebody_types(house: House) -> None:
    house.memory.cards.append(ORDINARY)
    one = await open_desk(house)
    await one.page.get_by_role("button", name="Trả lời", exact=True).click()
    box = one.page.get_by_label("Trả lời T3HW-8RNC")
    await box.fill("Cô đang đọc")
    house.memory.cards.insert(0, URGENT)
    await expect(one.page.get_by_role("alert")).to_have_text("Có tin khẩn mới: K7M4-PQ2X")
    assert await one.page.locator("header #alarm").count() == 1
    assert await uncovered(box)
    assert await one.page.evaluate("rung") == 3
    await expect(one.page.locator(".card").first).to_contain_text("ĐANG XẢY RA")
    await expect(one.page).to_have_title(re.compile("Có tin khẩn mới"))
    assert await box.input_value() == "Cô đang đọc"
    assert await box.evaluate("box => box === document.activeElement")
    await one.page.mouse.click(5, 5)
    await expect(one.page).to_have_title("Bàn trực")
    await expect(one.page.locator("#alarm")).to_have_text("")


async def test_a_card_that_rises_to_urgent_rings_like_a_new_one(house: House) -> None:
    house.memory.cards += [URGENT, ORDINARY]
    one = await open_desk(house)
    await one.page.mouse.click(5, 5)
    await asyncio.sleep(0.8)
    assert await one.page.evaluate("rung") == 0
    house.memory.cards[1] = card("T3HW-8RNC", "P1", ORDINARY.message.text, claimed=True)
    await expect(one.page.get_by_role("alert")).to_have_text("Có tin khẩn mới: T3HW-8RNC")
    assert await one.page.evaluate("rung") == 3


async def test_what_nobody_has_taken_rings_again_each_minute_and_then_no_more(
    house: House,
) -> None:
    house.memory.cards += [URGENT]
    one = await house.window(SCREEN)
    await one.page.clock.install()
    await enter_desk(house, one)
    await one.page.mouse.click(5, 5)
    await one.page.clock.run_for(50_000)
    assert await one.page.evaluate("rung") == 0
    await one.page.clock.run_for(15_000)
    await expect(one.page.get_by_role("alert")).to_have_text("Có tin khẩn mới: K7M4-PQ2X")
    assert await one.page.evaluate("rung") == 3
    await one.page.mouse.click(5, 5)
    await one.page.clock.run_for(70_000)
    await expect(one.page.get_by_role("alert")).to_have_text("Có tin khẩn mới: K7M4-PQ2X")
    assert await one.page.evaluate("rung") == 6
    house.memory.cards[0] = card("K7M4-PQ2X", "P1", URGENT.message.text, claimed=True)
    await one.page.mouse.click(5, 5)
    await one.page.clock.run_for(140_000)
    await expect(one.page.locator("#alarm")).to_have_text("")
    assert await one.page.evaluate("rung") == 6


@pytest.mark.parametrize("size", [SCREEN, PHONE])
async def test_an_officer_opens_writes_mends_and_sees_what_will_be_sent(
    house: House, size: tuple[int, int]
) -> None:
    house.memory.cards += [URGENT, ORDINARY]
    one = await open_desk(house, size)
    first = one.page.locator(".card").first
    await expect(one.page.locator("#count")).to_have_text(
        "🔴 1 việc khẩn chưa ai nhận, lâu nhất 12 phút"
    )
    if size == PHONE:
        await expect(first.get_by_role("button", name="Nhận việc")).to_be_hidden()
        await first.locator("summary").click()
    await first.get_by_role("button", name="Nhận việc").click()
    await expect(one.page.get_by_role("status")).to_have_text("Đã nhận việc")
    await expect(one.page.locator("#count")).to_have_text("Không có việc khẩn nào chờ nhận.")
    await first.get_by_role("button", name="Mở đọc").click()
    file = one.page.locator("#letters .letter")
    await expect(file).to_contain_text("hôm nay bố say")
    assert await uncovered(file)
    box = one.page.get_by_label("Trả lời K7M4-PQ2X")
    await expect(box).to_be_hidden()
    await file.get_by_role("button", name="Trả lời").click()
    await expect(box).to_be_visible()
    assert await uncovered(box)
    assert await uncovered(one.page.locator("#waits .letter"))
    await box.fill("Cô đọc rồi.")
    await one.page.get_by_role("button", name="Tiếp tục").click()
    waits = one.page.locator("#waits .letter")
    await expect(waits).to_contain_text("Xem trước:")
    await expect(waits.get_by_text("Chưa gửi")).to_be_visible()
    await expect(one.page.locator("#text")).to_be_hidden()
    assert await uncovered(waits)
    await waits.get_by_role("button", name="Sửa").click()
    await expect(box).to_have_value("Cô đọc rồi.")
    await box.fill("Cô đọc rồi. Con ở đâu?")
    await one.page.get_by_role("button", name="Tiếp tục").click()
    await waits.get_by_role("button", name="Gửi cho người báo").click()
    await expect(one.page.get_by_text("đã gửi.")).to_be_visible()
    await expect(one.page.get_by_role("button", name="Gửi cho người báo")).to_have_count(0)
    await expect(one.page.get_by_text("Chưa gửi")).to_have_count(0)
    await expect(one.page.locator("#text")).to_be_hidden()
    assert house.memory.said()[-3:] == [
        "d.reply.K7M4-PQ2X.",
        "Cô đọc rồi. Con ở đâu?",
        "d.send.K7M4-PQ2X.1a2b",
    ]
    assert await one.page.locator("#letters h2").all_inner_texts() == ["K7M4-PQ2X"]
    assert await fits(one.page)
    assert one.complaints == []


async def test_alerts_of_a_case_are_one_and_go_quiet_when_somebody_takes_it(house: House) -> None:
    house.memory.cards += [URGENT, ORDINARY]
    one = await open_desk(house, PHONE)
    (session,) = house.memory.sessions
    for times in (1, 2, 3):
        house.memory.write(session, alert("K7M4-PQ2X"))
        if times > 1:
            await expect(one.page.locator(".letter .times")).to_have_text(f"({times} lần)")
        else:
            await expect(one.page.locator(".letter")).to_have_count(1)
    await expect(one.page.locator(".letter")).to_have_count(1)
    # On a phone what is to be read stands before the board.
    letter, board = one.page.locator(".letter"), one.page.locator("#board")
    assert (await letter.bounding_box() or {})["y"] < (await board.bounding_box() or {})["y"]
    await expect(letter.get_by_role("button", name="Nhận việc")).to_be_visible()
    house.memory.cards[0] = card("K7M4-PQ2X", "P1", URGENT.message.text, claimed=True)
    await expect(letter.get_by_role("button")).to_have_count(0)
    house.memory.cards += [card(f"T3HW-8R{n}C", "P2", f"P2 · T3HW-8R{n}C") for n in range(10, 35)]
    for n in range(10, 35):
        house.memory.write(session, alert(f"T3HW-8{n}C"))
    await expect(one.page.locator(".letter")).to_have_count(20)
    await expect(one.page.locator(".letter").first).to_contain_text("T3HW-834C")


async def test_the_desk_says_when_it_is_no_longer_up_to_date(house: House) -> None:
    one = await open_desk(house)
    await one.page.context.set_offline(True)
    await expect(one.page.get_by_role("alert")).to_contain_text("Mất kết nối")
    await one.page.context.set_offline(False)
    await expect(one.page.locator("#alarm")).to_have_text("")
    house.memory.sessions.clear()
    await expect(one.page.get_by_role("alert")).to_contain_text("Phiên đã hết")


async def test_the_board_stands_still_while_nothing_changes(house: House) -> None:
    house.memory.cards += [URGENT, ORDINARY]
    one = await open_desk(house)
    await asyncio.sleep(0.9)
    await one.page.evaluate("window.kept = document.querySelector('.card')")
    await one.page.get_by_role("button", name="Nhận việc").first.focus()
    await asyncio.sleep(0.9)
    assert await one.page.evaluate("document.querySelector('.card') === window.kept")
    house.memory.cards.pop()
    await expect(one.page.locator(".card")).to_have_count(1)
    assert await one.page.evaluate("document.activeElement.value") == "d.claim.K7M4-PQ2X"


async def test_a_tap_aimed_at_a_card_that_has_just_moved_does_nothing(house: House) -> None:
    house.memory.cards.append(ORDINARY)
    one = await open_desk(house)
    button = one.page.get_by_role("button", name="Nhận việc").first
    await button.hover()
    house.memory.cards.insert(0, URGENT)
    await expect(one.page.locator(".card")).to_have_count(2)
    await one.page.mouse.down()
    await one.page.mouse.up()
    await expect(one.page.get_by_role("status")).to_contain_text("Bảng vừa thay đổi")
    assert house.memory.taken == []
    await asyncio.sleep(0.7)
    await one.page.mouse.down()
    await one.page.mouse.up()
    await expect(one.page.get_by_role("status")).to_have_text("Đã nhận việc")
    assert house.memory.said() == ["d.claim.K7M4-PQ2X"]


async def test_a_slow_poll_repeats_nothing_on_the_screen(house: House) -> None:
    one = await house.window()

    async def late(route: Route_) -> None:
        answer = await route.fetch()
        await asyncio.sleep(0.8)
        await route.fulfill(response=answer)

    await one.page.goto(house.url)
    await one.page.get_by_role("button", name="Mình cần giúp", exact=True).click()
    await expect(one.page.get_by_text(NOW)).to_be_visible()
    await one.page.route("**/hop", late)
    async with one.page.expect_request("**/hop"):
        pass
    for words in ("một", "hai"):
        await one.page.get_by_label("Nhắn ở đây").fill(words)
        await one.page.get_by_role("button", name="Nhắn", exact=True).click()
        await expect(one.page.locator("li.mine").last).to_contain_text(words)
    await asyncio.sleep(1.2)
    await one.page.get_by_label("Nhắn ở đây").fill("ba")
    await one.page.get_by_role("button", name="Nhắn", exact=True).click()
    await expect(one.page.locator("li.mine").last).to_contain_text("ba")
    numbers = [
        await line.get_attribute("data-n") for line in await one.page.locator("li.they").all()
    ]
    assert len(numbers) == len(set(numbers)) == 5


async def test_the_desk_works_without_scripts_on_a_phone(house: House) -> None:
    house.memory.cards.append(URGENT)
    one = await house.window(scripts=False)
    await one.page.goto(f"{house.url}/desk/vao/{INVITE}")
    await one.page.get_by_role("button", name="Mở bàn trực").click()
    await one.page.locator(".card summary").click()
    await one.page.get_by_role("button", name="Trả lời").click()
    box = one.page.get_by_label("Trả lời K7M4-PQ2X")
    await box.fill("Cô đọc rồi.")
    await one.page.get_by_role("button", name="Tiếp tục").click()
    await expect(one.page.get_by_text("Xem trước:")).to_be_visible()
    await expect(box).to_be_hidden()
    await one.page.get_by_role("button", name="Sửa").click()
    await expect(box).to_have_value("Cô đọc rồi.")
    assert house.memory.said() == ["d.reply.K7M4-PQ2X", "Cô đọc rồi.", "d.reply.K7M4-PQ2X."]
