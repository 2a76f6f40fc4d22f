"""A real browser and a real server, for the tests that need both. A missing browser is a failure."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from playwright.async_api import Browser, Page, async_playwright
from starlette.types import ASGIApp

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
HASTE = """
    const wait = window.setTimeout;
    window.setTimeout = (act, ms, ...more) => wait(act, ms >= 1000 ? ms / 3 : ms, ...more);
    window.rung = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) { window.rung += 1; return start.call(this, at); };
"""
"""Whatever a page waits for comes three times as fast, and its bell is counted."""
PHONE = (360, 740)
SCREEN = (1280, 800)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start the system's Chromium."""
    path = shutil.which("chromium")
    assert path, "chromium is not installed: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Window:
    """One person's page, and whatever the browser complained about on it."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@asynccontextmanager
async def window(
    browser: Browser, size: tuple[int, int] = PHONE, *, scripts: bool = True
) -> AsyncIterator[Window]:
    """Open a fresh profile's page; scripts off is Tor's safest level and the oldest phone."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        java_script_enabled=scripts,
        has_touch=width < 600,
        locale="vi-VN",
    )
    await context.add_init_script(HASTE)
    one = Window(await context.new_page())
    one.page.set_default_timeout(10_000)
    one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
    one.page.on(
        "console",
        lambda line: (
            one.complaints.append(line.text) if line.type in {"error", "warning"} else None
        ),
    )
    try:
        yield one
    finally:
        await context.close()


def free_port() -> int:
    """Find a port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@asynccontextmanager
async def serve(app: ASGIApp, port: int) -> AsyncIterator[str]:
    """Serve an application on this port of this machine; give its address."""
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=port, log_config=None, access_log=False, server_header=False, lifespan="off"
        )
    )
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
