"""Takes the README's pictures: the real product, in a trial, in a real browser.

`python -m tools.pictures docs/pictures`. Everything it starts lives in a temporary directory.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PHONE = {"width": 360, "height": 740}
SCREEN = {"width": 1280, "height": 800}
COLOURS = 128
MOST_BYTES = 150_000
PATIENCE_S = 30
STORY = "Hôm qua bố say, bố đánh con ở sau nhà. Con sợ tối nay."
CRY = "chú ơi bố đang đập cửa, con trốn trong phòng"
"""Made up, as everything in the pictures is."""
REPORT = ("a.for.me", "a.now.no", "a.what.hit")
REST = ("a.who.home", "a.where.to-dan-pho-2", "a.phone.own", "a.hours.after_school")


@dataclass(frozen=True)
class Trial:
    """A running trial: where the chat is, and the one-time links to the desk."""

    chat: str
    desks: tuple[str, ...]


@contextmanager
def trial() -> Iterator[Trial]:
    """Start the product as `make run` does, on a free port of this machine."""
    with tempfile.TemporaryDirectory() as home:
        around = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "WEB_PORT": "0"}
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"],
            cwd=home,
            env=around,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        # A product that never says where it is must not keep this tool waiting for ever.
        watch = threading.Timer(PATIENCE_S, process.kill)
        watch.start()
        try:
            yield read_addresses(process)
        finally:
            watch.cancel()
            process.terminate()
            process.wait(timeout=PATIENCE_S)


def read_addresses(process: "subprocess.Popen[str]") -> Trial:
    """Read the addresses from what the product prints when it is ready."""
    chat, desks = "", []
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://\S+", line)
        if found and "/desk/" in found[0]:
            desks.append(found[0])
        elif found:
            chat = found[0]
        if chat and len(desks) == 2:
            return Trial(chat, tuple(desks))
    raise SystemExit("the trial ended before it was ready")


def page(browser: Browser, size: dict[str, int], url: str) -> Page:
    """Open a page in a browser of its own."""
    sharp = 2 if size is PHONE else 1
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        device_scale_factor=sharp,
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
    )
    one = context.new_page()
    one.set_default_timeout(10_000)
    one.goto(url)
    return one


def press(one: Page, choice: str, within: str = "") -> None:
    """Press the newest button with this meaning, and wait until the page has moved on."""
    nonce = one.locator("input[name=nonce]").first.input_value()
    exact, longer = f"button[value='{choice}']", f"button[value^='{choice}.']"
    one.locator(f"{within}{exact}, {within}{longer}").last.click()
    moved_on(one, nonce)


def tell(one: Page, words: str) -> None:
    """Type a line and send it."""
    nonce = one.locator("input[name=nonce]").first.input_value()
    one.locator("#text").fill(words)
    one.locator(".write button.send").click()
    moved_on(one, nonce)


def moved_on(one: Page, nonce: str) -> None:
    """Wait for the answer: each one brings a new nonce."""
    one.wait_for_function(
        "old => document.querySelector('input[name=nonce]').value !== old", arg=nonce
    )
    one.wait_for_timeout(300)


def keep(one: Page, target: Path) -> None:
    """Save what is on the screen, in few colours."""
    one.mouse.move(0, 0)
    one.evaluate("document.activeElement.blur()")
    one.wait_for_timeout(200)
    shot = Image.open(io.BytesIO(one.screenshot()))
    small = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(target, optimize=True)
    size = target.stat().st_size
    print(f"{target.name}: {size // 1000} KB")
    if size > MOST_BYTES:
        raise SystemExit(f"{target.name} is too large")


def take_chat(browser: Browser, there: Trial, to: Path) -> None:
    """Take a child's side: the first screen, a report, the numbers, a lesson, danger."""
    child = page(browser, PHONE, there.chat)
    keep(child, to / "chat-first.png")
    for choice in REPORT:
        press(child, choice)
    tell(child, STORY)
    for choice in REST:
        press(child, choice)
    keep(child, to / "chat-summary.png")
    press(child, "a.send.send")
    keep(child, to / "chat-receipt.png")

    other = page(browser, PHONE, there.chat)
    tell(other, "/111")
    keep(other, to / "chat-111.png")
    tell(other, "/meo")
    press(other, "age.7-10")
    press(other, "tip")
    keep(other, to / "chat-lesson.png")

    afraid = page(browser, PHONE, there.chat)
    press(afraid, "a.for.danger")
    keep(afraid, to / "chat-danger.png")
    press(afraid, "a.where.to-dan-pho-3")
    tell(afraid, CRY)


def take_desk(browser: Browser, there: Trial, to: Path) -> None:
    """Take an officer's side: the board; claiming the danger has opened its words at once."""
    desk = page(browser, SCREEN, there.desks[0])
    desk.locator("#enter button").click()
    desk.wait_for_selector("#cards article")
    press(desk, "d.claim", "#cards article[data-priority=P1] ")
    desk.evaluate("scrollTo(0, 0)")
    keep(desk, to / "desk.png")


def main(target: Path) -> int:
    """Take all pictures anew."""
    path = shutil.which("chromium")
    if path is None:
        print("chromium is not installed: make browser", file=sys.stderr)
        return 1
    target.mkdir(parents=True, exist_ok=True)
    with trial() as there, sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        take_chat(browser, there, target)
        take_desk(browser, there, target)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures")))
