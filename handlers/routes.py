"""Who sees a case, where its card stands, and who is called about it.

The route is decided before any card exists; here it is only read.
"""

from collections.abc import Iterable

from handlers.cases import Case, Route
from handlers.drill import called
from handlers.effects import Button, Class, Effect, Part, Say, Show
from handlers.view import Officer, Role, View

HIDDEN = "hidden"
"""The place of a rehearsal's card: inside the program, in no chat and on no screen."""


def may_see(officer: Officer, case: Case) -> bool:
    """Decide whether this officer may see a case at all."""
    return may_see_such(officer, case.route, case.school_hidden)


def may_see_such(officer: Officer, route: Route, school_hidden: bool) -> bool:
    """Decide whether this officer may see cases of this route."""
    if route is Route.HIDDEN:
        return False
    if route is Route.INDEPENDENT:
        return officer.role == Role.INDEPENDENT
    if route is Route.LEADS:
        return officer.role in {Role.INDEPENDENT, Role.LEAD}
    if officer.role == Role.INDEPENDENT:
        return False
    return not (school_hidden and officer.school)


def places(roster: Iterable[Officer], case: Case, *, group: bool) -> tuple[str, ...]:
    """Give where the card goes: the group, or only the private chats of those who may see it.

    The desk needs no place: its board is drawn from the cases themselves.
    """
    if case.route is Route.HIDDEN:
        return (HIDDEN,)
    officers = tuple(roster)
    hidden = case.school_hidden and any(o.school for o in officers)
    if case.route is Route.GROUP and group and not hidden:
        return ("group",)
    return tuple(f"officer:{o.id}" for o in officers if o.chat and may_see(o, case))


def shows(view: View, case: Case, before: Case | None = None) -> tuple[Show, ...]:
    """Bring the case's cards up to date.

    `before`: the case as it was shown; where it may not stand any more, its card is taken away.
    """
    where = dict.fromkeys(places(view.roster, case, group=view.group))
    if before is not None:
        where |= dict.fromkeys(places(view.roster, before, group=view.group))
    return tuple(Show(case.id, place) for place in where)


def calls(view: View, case: Case, key: str) -> tuple[Say, ...]:
    """Call wherever the case is shown: a card that is only edited rings nowhere."""
    if case.route is Route.HIDDEN:
        return ()
    part = Part(key, {"ma": called(case)})
    buttons = ((Button(f"d.open.{case.id}", Part("desk.open")),),)
    where = places(view.roster, case, group=view.group)
    return tuple(Say(place, (part,), buttons, rank=Class.ALERT, typed=False) for place in where)


def ring_claimer(view: View, case: Case) -> list[Effect]:
    """Tell whoever has the case that the reporter has written again."""
    if not any(o.id == case.claimed_by and may_see(o, case) for o in view.roster):
        return []
    part = Part("desk.new_words", {"ma": called(case)})
    buttons = ((Button(f"d.open.{case.id}", Part("desk.open")),),)
    to = f"officer:{case.claimed_by}"
    return [Say(to, (part,), buttons, rank=Class.ALERT, typed=False)]
