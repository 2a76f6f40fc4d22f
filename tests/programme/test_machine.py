"""Five thousand steps through everything that can happen, with every promise looked at after each;
and bugs planted in the product, each of which breaks a promise that must be named.
"""

import inspect
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bot.inbox import Inbox
from bot.render import Renderer
from handlers import card, cases, front, reach, routes
from handlers.effects import Say
from storage import audit, inbox, outbox, retention
from tests.programme.machine import PROMISES, BrokenError, walk
from tests.programme.virtual import run
from tests.soak import sized

STEPS = 500
SEEDS = range(1, 1 + sized(10, 400))
FURTHEST = 12
"""So many walks at most until a planted bug must have been seen."""
SEEN: Counter[str] = Counter()


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_happens_every_promise_holds(folder: Path, seed: int) -> None:
    print(f"seed {seed}")
    SEEN.update(run(walk(folder / "a", seed, STEPS)).seen)


def test_the_walks_have_been_everywhere(folder: Path) -> None:
    """A promise about something that never happened has not been looked at."""
    seen = SEEN or run(walk(folder / "a", 8, 2 * STEPS)).seen
    for what in ("moves", "opened", "shown words", "open answer", "neutral", "shredded"):
        assert seen[what], what


def test_every_promise_that_can_be_broken_here_is_looked_at() -> None:
    source = inspect.getsource(inspect.getmodule(walk))  # type: ignore[arg-type]
    looked = {name for name in PROMISES if f'"{name}: ' in source or f'"{name}: {{' in source}
    assert looked == set(PROMISES)


# planted bugs


def altered(module: ModuleType, name: str, old: str, new: str) -> Callable[..., Any]:
    """Give a function of the product with a few characters of its source changed."""
    source = textwrap.dedent(inspect.getsource(getattr(module, name)))
    assert source.count(old) == 1, f"{name} has changed: plant the bug anew"
    space = dict(vars(module))
    exec(compile(source.replace(old, new), "planted", "exec"), space)
    planted: Callable[..., Any] = space[name]
    return planted


def unrecorded(tx: Any, effect: Any, ward: str, now: Any) -> None:
    if effect.act != "open":
        APPEND(tx, effect, ward, now)


def with_address(self: Renderer, say: Say, language: str, voice: str, channel: str) -> bytes:
    body = RENDER(self, say, language, voice, channel)
    return body.replace(b"tre-nhan", b"tre-nhan")


LEAP = "replace(case, status=Status.PLAN)"
APPEND, RENDER = audit.append, Renderer.__call__

PLANTED: dict[str, tuple[Any, str, Any, str]] = {
    "membership is not asked for again": (Inbox, "must_be_member", lambda *_: False, "I4"),
    "whoever is on the roster sees everything": (
        *(routes, "may_see_such", lambda officer, route, hidden: True),
        "I5",
    ),
    "what came twice is taken twice": (inbox, "first_time", lambda *_: True, "I1"),
    "answers are pushed to any phone": (reach, "is_open", lambda view, person: True, "I1[15]"),
    "notices light up on a phone that is not their own": (
        *(reach, "may_knock", lambda person: person.pushes),
        "I1[15]",
    ),
    "notices come at any hour": (reach, "slot", lambda view, person: None, "I15"),
    "an opening is not recorded": (audit, "append", unrecorded, "I13"),
    "the newest message goes first": (
        *(
            outbox,
            "claim",
            altered(outbox, "claim", "order by rank, number", "order by number desc"),
        ),
        "I6",
    ),
    "the talk of a shredded case stays": (retention, "untie", lambda *_: None, "I7"),
    "the story stands in the group": (card, "words_may_show", lambda *_: True, "I4"),
    "what cannot be read is not answered": (front, "unreadable", lambda view: [], "I10"),
    "a case moves from anywhere to anywhere": (
        *(cases, "reopened", altered(cases, "reopened", "move(case, Status.RECEIVED)", LEAP)),
        "I12",
    ),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught_and_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, bug: str
) -> None:
    owner, name, planted, promise = PLANTED[bug]
    monkeypatch.setattr(owner, name, planted)
    with pytest.raises(BrokenError, match=f": {promise}"):
        walks(folder)


def walks(folder: Path) -> None:
    for seed in range(1, 1 + FURTHEST):
        run(walk(folder / str(seed), seed, STEPS))
