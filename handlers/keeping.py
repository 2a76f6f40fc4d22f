"""A number or an account in the words: said once that it is masked, with the choice to let it be seen.

Nothing waits for the choice: without one it stays masked, and the words go where they go.
"""

from collections.abc import Iterator
from dataclasses import replace

from handlers import mask, raising, telling
from handlers.cases import Case, Priority
from handlers.effects import (
    Add,
    Audit,
    Button,
    Change,
    Dice,
    Effect,
    EntryKind,
    Erase,
    Keep,
    Open,
    Part,
    Say,
)
from handlers.private import Find, What
from handlers.report import typed
from handlers.talk import Talk
from handlers.view import View

TOLD = frozenset({EntryKind.WORDS, EntryKind.EDIT})


def offered(view: View, effects: list[Effect]) -> list[Effect]:
    """Say under which answer it may be: what the words of this step hold is masked for officers."""
    talk = next((e.talk for e in reversed(effects) if isinstance(e, Keep)), None)
    said = [n for n, e in enumerate(effects) if isinstance(e, Say) and e.to == view.person.id]
    if talk is None or not said or any(isinstance(one, Erase) for one in effects):
        return effects  # whoever asked to be forgotten is offered nothing
    case = case_of(view, talk, effects)
    found = news(view, talk, case, effects)
    if not found:
        return effects
    group = " ".join(dict.fromkeys(one.key for one in found))
    say = effects[said[-1]]
    assert isinstance(say, Say)
    danger = case is not None and case.priority is Priority.P1 and not case.safe
    asked = replace(talk, asked=(*talk.asked, group))
    effects = [*effects, Keep(asked)]
    effects[said[-1]] = with_offer(view, say, found, mask.mark(group), below=danger)
    return effects


def with_offer(view: View, say: Say, found: list[Find], mark: str, *, below: bool) -> Say:
    """Put the offer before what is asked; in danger below it all. The numbers to call come first."""
    kinds = mask.called(view.house, (one.what for one in found), view.person.language)
    part = Part("mask.offer", {"gi": kinds})
    row = (
        Button(f"hide.{mark}", Part("mask.hide")),
        Button(f"keep.{mark}", Part("mask.keep")),
    )
    if below:
        return replace(
            say, parts=(*say.parts, part), buttons=(*say.buttons[:-1], row, *say.buttons[-1:])
        )
    parts = (*say.parts[:-1], part, *say.parts[-1:])
    return replace(say, parts=parts, buttons=(row, *say.buttons))


def case_of(view: View, talk: Talk, effects: list[Effect]) -> Case | None:
    """Give the talk's case as these effects leave it."""
    cases = (e.case for e in reversed(effects) if isinstance(e, Open | Change))
    ours = next((case for case in cases if case.id == talk.case), None)
    return ours or (view.case if talk.case is not None else None)


def news(view: View, talk: Talk, case: Case | None, effects: list[Effect]) -> list[Find]:
    """Give what stands in the words for the first time, and was neither asked about nor allowed."""
    known = {key for group in talk.asked for key in group.split()}
    known |= set(talk.shown) | (set(case.shown) if case is not None else set())
    words = dict.fromkeys(stored(view, talk, effects))
    found = [one for text in words for one in mask.private(text)]
    if not found:
        return []
    known |= mask.public(view.house)
    return [one for one in found if one.key not in known]


def stored(view: View, talk: Talk, effects: list[Effect]) -> Iterator[str]:
    """Give the words that these effects put where officers may read them."""
    for effect in effects:
        if isinstance(effect, Add) and effect.kind in TOLD:
            yield effect.text
    before = view.talk.answers
    yield from (line for line in talk.answers.story if line not in before.story)
    yield from (
        typed(value)
        for pair in talk.answers.given
        if pair not in before.given
        for value in pair[1:]
    )


def chosen(view: View, mark: str, dice: Dice, *, keep: bool) -> list[Effect]:
    """[Cho xem] or [Che đi]: what officers see of these words changes, and nothing else."""
    talk = telling.resumed(view, view.talk)
    group = next((one for one in talk.asked if mask.mark(one) == mark), None)
    if group is None:
        return telling.step(view, talk, dice, (Part("stale"),), again=True)
    keys = group.split()
    kinds = mask.called(
        view.house, (What(key.partition(":")[0]) for key in keys), view.person.language
    )
    part = Part("mask.shown" if keep else "mask.hidden_again", {"gi": kinds})
    if talk.case is None or view.case is None:
        talk = replace(talk, shown=changed(talk.shown, keys, keep=keep))
        return telling.step(view, talk, dice, (part,), again=True)
    case = replace(view.case, shown=changed(view.case.shown, keys, keep=keep))
    effects = told(view, case, dice, keep=keep) if case.shown != view.case.shown else []
    view = telling.carried(view, effects)
    return [*effects, *telling.step(view, talk, dice, (part,), again=True)]


def changed(shown: tuple[str, ...], keys: list[str], *, keep: bool) -> tuple[str, ...]:
    """Give what may be seen after a choice."""
    others = tuple(key for key in shown if key not in keys)
    return (*others, *keys) if keep else others


def told(view: View, case: Case, dice: Dice, *, keep: bool) -> list[Effect]:
    """Let officers know: a number that may be seen now is news to whoever works the case."""
    act = "shown" if keep else "hidden"
    if keep:
        _, effects = raising.add_words(view, case, "shown", dice, kind=EntryKind.MOVE)
        return [*effects, Audit(act, case=case.id)]
    return [
        Add(dice.id(), case.id, EntryKind.MOVE, "hidden"),
        Change(case),
        Audit(act, case=case.id),
    ]
