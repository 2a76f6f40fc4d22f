"""The short lessons "An toàn cho bạn": cards to read in a minute, by age. It decides nothing about
who reads them, and keeps nothing about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from handlers.bilingual import Bilingual
from handlers.sheet import Sheet

MOST_CARDS = 5
MOST_WORDS = 60
"""Words of one card in either language; a longer one is not read to its end on a small screen."""


class Ages(StrEnum):
    """For whom a lesson is written; "4-6" is read aloud by a parent."""

    PRESCHOOL = "4-6"
    PRIMARY = "7-10"
    LOWER_SECONDARY = "11-13"
    UPPER_SECONDARY = "14-17"
    PARENTS = "parents"


@dataclass(frozen=True, slots=True)
class Card:
    """One screen. `invites` is true on the last card: the way to "Mình muốn kể một chuyện"."""

    text: Bilingual
    invites: bool


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson. `source` and `checked` are there when a card states a rule of law, else None."""

    code: str
    ages: Ages
    title: Bilingual
    cards: tuple[Card, ...]
    source: str | None
    checked: date | None


def load_lessons(data: Mapping[str, object]) -> tuple[Lesson, ...]:
    """Read the parsed lessons file, in its order; ValueError names each bad lesson and card.

    A lesson may already carry [[lesson.quiz]] tables: they are left for whoever reads quizzes.
    """
    problems: list[str] = []
    sheet = Sheet(data, "", problems)
    lessons = tuple(_lesson(row) for row in sheet.tables("lesson"))
    sheet.finish()
    if not lessons:
        problems.append("lesson: chưa có bài nào / there are no lessons")
    codes = [lesson.code for lesson in lessons]
    twins = sorted({code for code in codes if codes.count(code) > 1})
    problems += [f"lesson {code}: bị trùng / stands twice in the file" for code in twins]
    if problems:
        raise ValueError("\n".join(problems))
    return lessons


def by_age(lessons: tuple[Lesson, ...], age: str) -> tuple[Lesson, ...]:
    """The lessons for one age group ("4-6" … "14-17", "parents"); ValueError on another one."""
    wanted = Ages(age)
    return tuple(lesson for lesson in lessons if lesson.ages is wanted)


def _lesson(row: Sheet) -> Lesson:
    code = row.text("code", longest=8)
    if code:
        row.rename(f"lesson {code}: ")
    row.has("quiz")
    texts = [_card(card, f"lesson {code}, card {place}: ") for place, card in _numbered(row)]
    lawful = row.has("source") or row.has("checked")
    return Lesson(
        code=code,
        ages=_ages(row),
        title=row.pair("title"),
        cards=tuple(Card(text, invites=text is texts[-1]) for text in texts),
        source=row.text("source", longest=300) if lawful else None,
        checked=row.day("checked") if lawful else None,
    )


def _ages(row: Sheet) -> Ages:
    value = row.text("ages")
    known = [age.value for age in Ages]
    if value in known:
        return Ages(value)
    row.trouble("ages", f"cần là một trong {known}", f"must be one of {known}")
    return Ages.PARENTS


def _numbered(row: Sheet) -> list[tuple[int, Sheet]]:
    cards = row.tables("card")
    if not 1 <= len(cards) <= MOST_CARDS:
        row.trouble("card", f"cần từ 1 đến {MOST_CARDS} thẻ", f"needs 1 to {MOST_CARDS} cards")
    return list(enumerate(cards, start=1))


def _card(card: Sheet, name: str) -> Bilingual:
    card.rename(name)
    text = Bilingual(card.lines("vi"), card.lines("en"))
    for language, words in (("vi", text.vi), ("en", text.en)):
        if len(words.split()) > MOST_WORDS:
            card.trouble(language, f"dài quá {MOST_WORDS} chữ", f"has more than {MOST_WORDS} words")
    return text
