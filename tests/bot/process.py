"""The real process, as an operator starts it: `python -m bot …` in a directory of its own.

It sees no environment but the one given here, and is ended by signals. What it prints is kept.
"""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from storage import opening
from storage.db import Database
from storage.rootkey import load_root_key
from storage.seal import Seal
from tests.fakes.telegram import FakeTelegram

ROOT = Path(__file__).resolve().parents[2]
GROUP = -1009000000077
"""The officers' group at the fake Telegram."""
ADDRESS = re.compile(r"chat:\s+(http://\S+?)/$", re.MULTILINE)
DESK = re.compile(r"/desk/vao/([0-9a-f]{32})")
START = re.compile(r"/start ([0-9a-f]{32})")
PATIENCE_S = 30
"""How long a start or an end may take on a busy machine; neither is measured here."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass
class Bot:
    """One installation in a directory: its settings, and the process while it runs.

    `script` is run instead of `-m bot` (a child with a planted bug).
    """

    directory: Path
    settings: dict[str, str] = field(default_factory=dict)
    script: Sequence[str] = ("-m", "bot")
    out: str = ""
    err: str = ""
    process: asyncio.subprocess.Process | None = None
    readers: list[asyncio.Task[None]] = field(default_factory=list)
    said: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"} | self.settings

    @property
    def database(self) -> Path:
        """The trial's database file."""
        return self.directory / "data" / "trial" / "lang-nghe.db"

    @property
    def address(self) -> str:
        """Where the chat is served, as printed by the newest start."""
        return ADDRESS.findall(self.out)[-1]

    @property
    def links(self) -> list[str]:
        """The tokens of the desk links that were printed, all starts together."""
        return DESK.findall(self.out)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def spawn(self, *command: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *self.script,
            *command,
            cwd=self.directory,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def command(self, *command: str) -> Ended:
        """Run a command to its end."""
        process = await self.spawn(*command)
        try:
            async with asyncio.timeout(PATIENCE_S):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    async def start(self) -> None:
        """Start `run`; return once it has printed where it serves. AssertionError when it ends."""
        already = len(ADDRESS.findall(self.out))
        await self.begin()
        assert self.process is not None
        async with asyncio.timeout(PATIENCE_S):
            while len(ADDRESS.findall(self.out)) == already:
                self.said.clear()
                ended = all(reader.done() for reader in self.readers)
                assert not ended, f"it ended: {self.out}\n{self.err}"
                await self.said.wait()

    async def begin(self) -> None:
        """Start `run` without waiting for anything."""
        assert not self.running
        self.process = await self.spawn("run")
        self.readers = [
            asyncio.create_task(self.read(self.process.stdout, "out")),
            asyncio.create_task(self.read(self.process.stderr, "err")),
        ]

    async def read(self, stream: asyncio.StreamReader | None, into: str) -> None:
        assert stream is not None
        while line := await stream.readline():
            setattr(self, into, getattr(self, into) + line.decode())
            self.said.set()
        self.said.set()

    async def ended(self) -> int:
        """Wait until the process has ended by itself; give its exit status."""
        assert self.process is not None
        async with asyncio.timeout(PATIENCE_S):
            code = await self.process.wait()
            await asyncio.gather(*self.readers)
        return code

    async def stop(self, name: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait for the end; give the exit status."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(name)
        return await self.ended()

    async def kill(self) -> None:
        """End it as a power cut would, as far as a process goes."""
        assert await self.stop(signal.SIGKILL) == -signal.SIGKILL

    async def opened(self, ward: str = "phuong-hoa-sen") -> None:
        """Open a real ward to the public without the exercise by which that is done."""
        root = load_root_key(self.directory / self.settings["SECRET_KEY_FILE"], None)
        database = self.directory / "data" / "lang-nghe.db"
        async with await Database.open(database, Seal(root)) as db:
            await db.write(lambda tx: opening.open_ward(tx, ward, tx.now))

    async def invited(
        self, name: str, role: str = "officer", *, chat: bool = True
    ) -> tuple[str, str]:
        """Invite somebody; give the token of their desk link and (with Telegram) of their /start."""
        ended = await self.command("invite", "--name", name, "--role", role)
        assert ended.code == 0, ended.err
        started = START.findall(ended.out)
        assert bool(started) is chat
        return DESK.findall(ended.out)[0], started[0] if chat else ""


def at_telegram(tg: FakeTelegram, **more: str) -> dict[str, str]:
    """Settings of an installation at the fake Telegram, with an officers' group."""
    return {
        "TELEGRAM_API_URL": tg.url,
        "TELEGRAM_BOT_TOKEN": tg.token,
        "OFFICER_CHAT": f"telegram:{GROUP}",
        "WEB_PORT": "0",
        **more,
    }


@asynccontextmanager
async def installed(
    directory: Path,
    settings: Mapping[str, str] | None = None,
    script: Sequence[str] = ("-m", "bot"),
) -> AsyncIterator[Bot]:
    """An installation that is not started yet; whatever still runs at the end is ended."""
    bot = Bot(directory, {"WEB_PORT": "0", **(settings or {})}, script)
    try:
        yield bot
    finally:
        if bot.running:
            await bot.stop(signal.SIGKILL)
