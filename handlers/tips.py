"""The lessons as cards, by age; every card leads to "I want to tell something"."""

from handlers import screens
from handlers.cases import Origin
from handlers.effects import Button, Effect, Part, verbatim
from handlers.lessons import Ages, Lesson, by_age
from handlers.screens import go, note, rows
from handlers.view import View


def menu(view: View) -> list[Effect]:
    """Ask for whom."""
    buttons = tuple(Button(f"age.{age}", Part(f"ages.{age}")) for age in Ages)
    return [note(view, Part("tips_menu"), buttons=rows(buttons) + on(view))]


def on(view: View) -> screens.Rows:
    """Give the way back into a report that is being told, or into a new one, where one is taken."""
    if view.source is Origin.EARLY and not view.talk.told:
        return ()
    return ((go("on" if view.talk.told else "report"),),)


def ages(view: View, age: str) -> list[Effect]:
    """List one age's lessons."""
    if age not in set(Ages):
        return menu(view)
    english = view.person.language == "en"
    buttons = tuple(
        Button(f"tip.{lesson.code}.1", verbatim(lesson.title.en if english else lesson.title.vi))
        for lesson in by_age(view.house.lessons, age)
    )
    return [note(view, Part("tips_choose"), buttons=(*rows(buttons, 1), (go("tips"),), *on(view)))]


def card(view: View, code: str, number: str) -> list[Effect]:
    """Show one card; a card that is not there (any more) shows the menu."""
    lesson = next((one for one in view.house.lessons if one.code == code), None)
    if lesson is None or not number.isdigit() or not 1 <= int(number) <= len(lesson.cards):
        return menu(view)
    english = view.person.language == "en"
    text = lesson.cards[int(number) - 1].text
    title = lesson.title.en if english else lesson.title.vi
    head = f"{title} ({number}/{len(lesson.cards)})"
    shown = verbatim(f"{head}\n\n{text.en if english else text.vi}")
    return [note(view, shown, buttons=turn(lesson, int(number)) + on(view))]


def turn(lesson: Lesson, number: int) -> screens.Rows:
    """Give the way to the next card, and to other lessons."""
    more = Button(f"tip.{lesson.code}.{number + 1}", Part("next_card"))
    others = Button(f"age.{lesson.ages}", Part("other_lessons"))
    return ((more, others),) if number < len(lesson.cards) else ((others,),)
