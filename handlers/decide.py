"""One decision: what happened and the world as it is → what shall be done. Pure."""

from dataclasses import replace

from handlers import desk, drill, front, unopened, waits
from handlers.cases import Origin
from handlers.effects import Aside, Dice, Effect, Erase, Forget, Keep, Part, Pile
from handlers.events import Due, Incoming, Kind, Side
from handlers.view import View

SILENT = frozenset({Kind.JOINED, Kind.LEFT})
"""What nobody said: it is not answered and nobody was there."""


def decide(view: View, event: Incoming | Due, dice: Dice) -> list[Effect]:
    """Decide. The same view, event and dice always give the same effects."""
    if isinstance(event, Due):
        return drill.quiet(view, waits.came(view, event, dice))
    view = replace(view, heard=min(event.at, view.now))
    if view.talk.side == Side.DESK:
        return drill.quiet(view, desk.came(view, event, dice))
    if event.kind in SILENT:
        return []
    return drill.quiet(view, resident(view, event, dice))


def resident(view: View, event: Incoming, dice: Dice) -> list[Effect]:
    """Decide what a resident's message brings."""
    came = unopened.came if view.source is Origin.EARLY else front.came
    effects = [*came(view, event, dice)]
    effects += present(view, effects)
    first = view.house.trial and view.talk.spoken is None
    # A trial says in its first message, on any channel, that nobody reads.
    return front.above(effects, Part("trial")) if first else effects


def present(view: View, effects: list[Effect]) -> list[Effect]:
    """Note that the person was here just now, where a step has not done so itself."""
    here: list[Effect] = []
    if not any(isinstance(effect, Keep | Forget | Aside | Erase | Pile) for effect in effects):
        here.append(Keep(replace(view.talk, spoken=view.now)))
    return here
