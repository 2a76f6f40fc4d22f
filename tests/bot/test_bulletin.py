"""Letters about alarms: one for many, each kind once an hour, one a minute, and no loop."""

import asyncio
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path
from typing import NoReturn

from bot.alarms import Alarms, meanings
from bot.bulletin import GATHER_S, HOUR_S, MINUTE_S, Bulletin, draw
from bot.mail import Mail
from tests.fakes.smtp import FakeSmtp


class Moment:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def bulletin(post: FakeSmtp) -> tuple[Bulletin, Moment, Alarms]:
    clock, alarms = Moment(), Alarms()
    mail = Mail(post.url(), ("it@phuong.example",), failed=lambda why: alarms("mail-failed", why))
    made = Bulletin(mail, clock)
    alarms.hear = made.hear
    return made, clock, alarms


async def pass_time(one: Bulletin, clock: Moment, seconds: float) -> None:
    """Let time pass, writing whatever is due at its moment."""
    end = clock.now + seconds
    while (wait := one.wait(clock.now)) is not None and clock.now + wait <= end:
        clock.now += wait
        await one.write()
    clock.now = end


async def test_what_comes_together_is_one_letter() -> None:
    async with FakeSmtp() as post:
        one, clock, alarms = bulletin(post)
        assert one.wait(clock.now) is None
        alarms("flood", "p1")
        alarms("flood", "p1")
        clock.now += 1
        alarms("given-up", "say gone")
        await pass_time(one, clock, GATHER_S)
    (letter,) = post.letters
    assert "■ flood (× 2)" in letter.get_content()
    assert "■ given-up (× 1)" in letter.get_content()
    assert "gone" not in letter.get_content().replace("`gone`", "")


async def test_a_kind_is_written_about_once_an_hour_and_counted_meanwhile() -> None:
    async with FakeSmtp() as post:
        one, clock, alarms = bulletin(post)
        for _ in range(70):
            alarms("guessing")
            await pass_time(one, clock, 60)
        assert len(post.letters) == 2
        # the first, 59 in the hour after it, and the one that completed the hour
        assert "guessing (× 60)" in post.letters[1].get_content()


async def test_however_many_kinds_there_are_one_letter_a_minute_goes_out() -> None:
    async with FakeSmtp() as post:
        one, clock, alarms = bulletin(post)
        for name in meanings():
            alarms(name)
            await pass_time(one, clock, 5)
        await pass_time(one, clock, HOUR_S)
        assert len(meanings()) > 25
        assert 2 <= len(post.letters) <= 1 + 5 * len(meanings()) / MINUTE_S + 1
        told = "".join(letter.get_content() for letter in post.letters)
        for name in set(meanings()) - {"mail-failed"}:
            assert told.count(f"■ {name} ") == 1, name
        assert "mail-failed" not in told


async def test_a_letter_that_fails_is_tried_again_and_again_and_makes_no_letters(
    tmp_path: Path,
) -> None:
    del tmp_path
    async with FakeSmtp(replies=["451 no", "554 no", "451 no"]) as post:
        one, clock, alarms = bulletin(post)
        alarms("disk-full")
        await pass_time(one, clock, GATHER_S + 2 * MINUTE_S)
        assert post.letters == []
        alarms("flood", "cards")
        await pass_time(one, clock, 20 * MINUTE_S)
        (letter,) = post.letters
        assert "disk-full (× 1)" in letter.get_content()
        assert "flood (× 1)" in letter.get_content()
        assert alarms.counts["mail-failed"] == 3
        assert one.wait(clock.now) is None


async def test_it_writes_by_itself_soon_after_an_alarm() -> None:
    async with FakeSmtp() as post:
        one, clock, alarms = bulletin(post)
        task = asyncio.create_task(one.run())
        alarms("task-failed")
        clock.now += GATHER_S
        await post.letter()
        await ended(task)


async def ended(task: "asyncio.Task[NoReturn]") -> None:
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=20)
    task.cancel()
    assert task in done


class Deaf(Mail):
    """Loses a cancellation, as Python 3.11's wait_for does when an answer comes with it."""

    under_way: asyncio.Event

    async def hand_over(self, letter: EmailMessage) -> bool:
        del letter
        self.under_way.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return False


async def test_it_stops_when_told_even_in_the_moment_in_which_a_letter_arrives() -> None:
    mail = Deaf("smtp://127.0.0.1:9", ("it@phuong.example",), failed=print)
    mail.under_way = asyncio.Event()
    clock = Moment()
    one = Bulletin(mail, clock)
    one.hear("task-failed")
    clock.now += GATHER_S
    task = asyncio.create_task(one.run())
    await mail.under_way.wait()
    await ended(task)
    assert task.cancelled()


def test_an_alarm_without_an_explanation_is_told_all_the_same() -> None:
    assert "■ made-up-just-now (× 3)" in draw({"made-up-just-now": 3})
