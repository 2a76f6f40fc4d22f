"""Cases that are nobody's trouble: how officers see that it is an exercise, and what is left out.

It knows no storage and no channel; which case is made up was written down when it began.
"""

from collections.abc import Mapping, Sequence

from handlers.cases import Case, Origin
from handlers.effects import Audit, Count, Effect, Hook, OpenWard, Part
from handlers.receipts import format_code
from handlers.view import Officer, View

MARK = "DIỄN TẬP"
"""Stands before the code wherever officers read it: also in a heading, also on the second road."""

LEFT_OUT: Mapping[Origin, tuple[type, ...]] = {
    Origin.DRILL: (Count,),
    Origin.REHEARSAL: (Count, Audit, Hook),
}
"""What a made-up case does not cause: a number that would lie; for a rehearsal, anything seen."""


def is_drill(case: Case | None) -> bool:
    """Tell whether this case is an exercise that officers work."""
    return case is not None and case.origin is Origin.DRILL


def called(case: Case) -> str:
    """Name a case to officers: by its code, an exercise with its mark before it."""
    code = format_code(case.code)
    return f"{MARK} {code}" if is_drill(case) else code


def marked(case: Case | None, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Put the mark above what an officer reads in private about an exercise."""
    return (Part("desk.drill"), *parts) if is_drill(case) else parts


def quiet(view: View, effects: Sequence[Effect]) -> list[Effect]:
    """Leave out what a made-up case must not cause."""
    left_out = LEFT_OUT.get(view.origin, ())
    return [effect for effect in effects if not isinstance(effect, left_out)]


def proven(view: View, officer: Officer, case: Case) -> list[Effect]:
    """An officer has taken an exercise and answered it: the ward can open its doors now, once."""
    if view.source is not Origin.EARLY or not is_drill(case) or case.claimed_by is None:
        return []
    return [OpenWard(), Audit("ward.opened", officer.id, case.id)]
