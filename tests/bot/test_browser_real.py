"""The real process in a real browser: a child tells, an officer answers, on the pages themselves."""

from pathlib import Path

from playwright.async_api import Page

from tests.bot.browser import SCREEN, chromium, window
from tests.bot.process import installed

STORY = "bo em hay danh em bang roi"


async def press(page: Page, choice: str) -> None:
    """Press the newest button with this meaning and wait until the page has moved on."""
    nonce = await page.locator("input[name=nonce]").first.input_value()
    await page.locator(f"button[value='{choice}'], button[value^='{choice}.']").last.click()
    await moved_on(page, nonce)


async def tell(page: Page, words: str) -> None:
    nonce = await page.locator("input[name=nonce]").first.input_value()
    await page.locator("#text").fill(words)
    await page.locator(".write button.send").click()
    await moved_on(page, nonce)


async def moved_on(page: Page, nonce: str) -> None:
    await page.wait_for_function(
        "old => document.querySelector('input[name=nonce]').value !== old", arg=nonce
    )


async def test_a_child_tells_and_is_answered_on_the_pages_of_the_real_product(
    tmp_path: Path,
) -> None:
    async with installed(tmp_path, {}) as bot, chromium() as browser:
        await bot.start()
        async with window(browser) as child, window(browser, SCREEN) as desk:
            await child.page.goto(f"{bot.address}/")
            for choice in ("a.for.me", "a.now.no", "a.what.hit"):
                await press(child.page, choice)
            await tell(child.page, STORY)
            for choice in ("a.who.home", "a.where.to-dan-pho-3", "a.phone.shared", "a.send.send"):
                await press(child.page, choice)
            await child.page.wait_for_selector("#log strong.keep")  # the five words
            assert await child.page.locator("a[href='tel:111']").count()

            await desk.page.goto(f"{bot.address}/desk/vao/{bot.links[0]}")
            await desk.page.locator("#enter button").click()
            await desk.page.wait_for_selector("#cards article")
            assert STORY not in await desk.page.content()
            await press(desk.page, "d.claim")
            await press(desk.page, "d.open")
            await desk.page.wait_for_selector(f"text={STORY}")
            await press(desk.page, "d.reply")
            await press(desk.page, "d.canned")
            await press(desk.page, "d.send")

            await child.page.wait_for_selector("text=Cô chú nhắn:")
            await desk.page.wait_for_selector("text=đã tới")
            assert child.complaints == []
            assert desk.complaints == []


async def test_danger_without_scripts_reaches_the_desk_of_the_real_product(tmp_path: Path) -> None:
    async with installed(tmp_path, {}) as bot, chromium() as browser:
        await bot.start()
        async with window(browser, scripts=False) as child, window(browser, SCREEN) as desk:
            await desk.page.goto(f"{bot.address}/desk/vao/{bot.links[0]}")
            await desk.page.locator("#enter button").click()
            await child.page.goto(f"{bot.address}/")
            await child.page.locator("#text").fill("cuu em voi bo dang danh em")
            await child.page.locator(".write button.send").click()
            await child.page.wait_for_selector("text=113")
            await desk.page.wait_for_selector("#cards article[data-priority=P1]", timeout=2_000)
            assert "cuu em voi" not in await desk.page.content()


async def test_a_reloaded_desk_still_shows_what_was_not_sent_yet(tmp_path: Path) -> None:
    async with installed(tmp_path, {}) as bot, chromium() as browser:
        await bot.start()
        async with window(browser) as child, window(browser, SCREEN) as desk:
            await child.page.goto(f"{bot.address}/")
            await press(child.page, "a.for.danger")
            await desk.page.goto(f"{bot.address}/desk/vao/{bot.links[0]}")
            await desk.page.locator("#enter button").click()
            await desk.page.wait_for_selector("#cards article")
            await press(desk.page, "d.reply")
            await tell(desk.page, "Cô đang tới, con đứng yên nhé")
            await desk.page.goto(f"{bot.address}/desk")
            await desk.page.wait_for_selector("text=Cô đang tới, con đứng yên nhé")
            await press(desk.page, "d.send")
            await child.page.wait_for_selector("text=Cô đang tới, con đứng yên nhé")
