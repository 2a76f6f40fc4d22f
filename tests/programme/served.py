"""A small bot that does nothing but clean files, two at a time, and weighs every child it starts.

Run as `python -m tests.programme.served`: jobs in as JSON lines, one line out for each; the clean
copy is written beside the file. A process of its own, because what a child is said to have used
is never less than what its parent held when it was born.
"""

import asyncio
import ctypes
import json
import os
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Iterator
from pathlib import Path
from resource import struct_rusage

from bot.pictures import CHILDREN, Refused, clean_picture, clean_voice

CLEAN = {"picture": clean_picture, "voice": clean_voice}
WARM = 10
"""After so many files the bot's own memory is measured for the first time."""

KEPT: list[bytes] = []
"""The planted leak: a bot that lets go of nothing."""


class Scales:
    """What each child used, by its number: put between asyncio and the system's own calls."""

    def __init__(self) -> None:
        self.born: dict[asyncio.Task[object] | None, int] = {}
        self.used: dict[int, tuple[int, struct_rusage]] = {}
        self.kill: set[asyncio.Task[object] | None] = set()
        self.start: Callable[..., object] = asyncio.create_subprocess_exec

    async def child(self, *args: object, **options: object) -> Process:
        process: Process = await self.start(*args, **options)  # type: ignore[misc]
        self.born[asyncio.current_task()] = process.pid
        if asyncio.current_task() in self.kill:
            process.kill()
        return process

    def wait(self, pid: int, options: int) -> tuple[int, int]:
        pid, status, used = os.wait4(pid, options)
        if pid:
            self.used[pid] = status, used
        return pid, status

    def put_up(self) -> None:
        asyncio.create_subprocess_exec = self.child  # type: ignore[assignment]
        os.waitpid = self.wait


def memory() -> int:
    """What this process holds, in bytes, once everything free is given back."""
    ctypes.CDLL(None).malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def one(job: dict[str, str], scales: Scales) -> dict[str, object]:
    """Clean one file as the bot would; tell what became of it and what its child used."""
    path, task = Path(job["path"]), asyncio.current_task()
    scales.born.pop(task, None)
    (scales.kill.add if job.get("kill") else scales.kill.discard)(task)
    data = path.read_bytes()
    if job.get("keep"):
        KEPT.append(data)
    begin = time.monotonic()
    reason = ""
    try:
        clean = await CLEAN[job["kind"]](data)
        path.with_suffix(".clean").write_bytes(clean)
    except Refused as refused:
        reason = refused.reason.value
    said: dict[str, object] = {"path": job["path"], "reason": reason}
    said["seconds"] = time.monotonic() - begin
    if (pid := scales.born.get(task)) is not None:  # no child for what is too large to begin with
        status, used = scales.used.pop(pid)
        said |= {"memory": used.ru_maxrss << 10, "cpu": used.ru_utime + used.ru_stime}
        said["signal"] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return said


async def serve(jobs: Iterator[dict[str, str]], scales: Scales) -> None:
    """Take the jobs one after the other, as many at once as there may be children."""
    done, warm = 0, 0

    async def work() -> None:
        nonlocal done, warm
        for job in jobs:
            print(json.dumps(await one(job, scales)), flush=True)
            done += 1
            if done == WARM:
                warm = memory()

    await asyncio.gather(*(work() for _ in range(CHILDREN)))
    print(json.dumps({"grown": memory() - warm, "held": memory(), "left": len(scales.used)}))


if __name__ == "__main__":
    weighing = Scales()
    weighing.put_up()
    asyncio.run(serve((json.loads(line) for line in sys.stdin), weighing))
