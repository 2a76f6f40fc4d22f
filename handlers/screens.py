"""What a resident sees at a step: the paragraphs, the question, the ways out.

It turns a walk into one message; it decides nothing about cases.
"""

from collections.abc import Mapping

from handlers import clocks, mask, report
from handlers.cases import Case
from handlers.effects import Button, Class, Part, Say, verbatim
from handlers.receipts import digits, format_code
from handlers.talk import TYPED, Question, Setting, Talk, Walk, walk
from handlers.view import View, Voice

ROW = 2
"""Buttons side by side; more do not fit a small phone."""
SHORT_ROW = 3
SHORT_LABEL = 10

WITH_SECRET = frozenset({"receipt", "keep_words"})
"""Paragraphs that carry the return words; said once, while these are still known."""

CALLS_FOR_SOMEBODY = frozenset({"emergency", "crisis", "receipt"})
"""After these people wait for an answer: they are told when nobody is on duty."""

Rows = tuple[tuple[Button, ...], ...]


def setting(view: View) -> Setting:
    """Give what flows may know of the ward."""
    return Setting(view.house.ward, bool(view.independent()))


def standing(view: View, talk: Talk) -> Walk:
    """Walk the talk's report."""
    return walk(report.report, talk.answers, setting(view))


def go(verb: str, **values: str) -> Button:
    """Make a button for something that works at any step."""
    return Button(f"go.{verb}", Part(f"go.{verb}", values))


def rows(buttons: tuple[Button, ...], width: int = ROW) -> Rows:
    """Lay buttons out in rows."""
    return tuple(buttons[i : i + width] for i in range(0, len(buttons), width))


def foot(*, danger: bool = True) -> Rows:
    """Give the ways that stand under everything: danger, the number, and out."""
    return (((go("danger"),) if danger else ()) + (go("111"), go("exit")),)


def choices(question: Question) -> Rows:
    """Give the buttons of a question."""
    labels = question.labels
    buttons = tuple(
        Button(
            f"a.{question.id}.{choice}",
            verbatim(labels[place]) if labels else Part(f"{question.id}.{choice}"),
        )
        for place, choice in enumerate(question.choices)
    )
    short = labels and max(map(len, labels)) <= SHORT_LABEL
    return rows(buttons, SHORT_ROW if short else ROW if question.id != "for" else 1)


def controls(talk: Talk, question: Question | None, case: Case | None) -> Rows:
    """Give back, skip, send now, do not send: as far as each makes sense at this step."""
    steps: list[Button] = []
    if talk.answers.given and case is None and not first(question):
        steps.append(go("back"))
    if question is not None and question.skip:
        steps.append(go("skip"))
    sends: list[Button] = []
    begun = talk.answers.has(report.WHAT) or bool(talk.answers.story)
    if case is None and begun and question is not None:
        if question.id not in {"send", "route"}:
            sends.append(go("send"))
        sends += [go("later")] if question.id == "send" else []
        sends.append(go("drop"))
    if case is not None:
        steps += [go("photo"), go("done")]
    if case is not None and case.happening and not case.safe:
        sends.append(go("safe"))
        if talk.answers[report.FOR] == "danger" or not (
            case.tapped or talk.answers.has(report.NOW)
        ):
            sends.append(go("adult"))
    return tuple(tuple(row) for row in (steps, sends) if row)


def language_row(view: View, question: Question) -> Rows:
    """Offer the answers and the other language on the very first screen, before any question."""
    if not first(question):
        return ()
    return ((go("code"), go("vi") if view.person.language == "en" else go("en")),)


def screen(
    view: View, talk: Talk, case: Case | None, lead: tuple[Part, ...] = (), *, again: bool = False
) -> Say:
    """Make the one message of this step: what was said since the last answer, then the question."""
    at = standing(view, talk)
    values = numbers(view, talk, case)
    question = at.open
    # Where the question is asked by what stands above it, that is repeated with it.
    bare = question is not None and question.key == "-" and not lead
    said = [
        key
        for key in (() if again and not bare else at.said)
        if talk.secret is not None or key not in WITH_SECRET
    ]
    parts = [*lead, *(Part(key, values) for key in said)]
    if CALLS_FOR_SOMEBODY & {part.key for part in parts} and not clocks.works(
        view.house.ward, view.now
    ):
        parts.append(Part("night", values))
    buttons: Rows = () if question is not None else controls(talk, None, case)
    if question is not None:
        parts += [Part(key, values) for key in (() if again else question.before)]
        if question.id == "send" and talk.veiled:
            parts.append(Part("q.send_veiled"))
        elif question.id == "send":
            parts.append(Part("q.send", {"tom_tat": "\n".join(summary(view, talk))}))
            buttons += edits(view, talk)
        elif question.key != "-" or (again and lead):
            parts.append(Part(question.key.strip("-") or f"q.{question.id}", values))
        buttons = choices(question) + buttons + controls(talk, question, case)
        buttons += language_row(view, question)
    calm = (case is None or not case.happening or case.safe) and not first(question)
    return Say(view.person.id, tuple(parts), buttons + foot(danger=calm), rank=Class.ANSWER)


def first(question: Question | None) -> bool:
    """Tell whether this is the first screen, which has its own danger button."""
    return question is not None and question.id == "for"


def numbers(view: View, talk: Talk, case: Case | None) -> Mapping[str, str]:
    """Give the values that sentences of this step may need."""
    if case is None:
        return {}
    values = {
        "ma": format_code(case.code),
        "gio": clocks.clock(view.now),
        "han": when(view, case),
    }
    if talk.secret is not None:
        values["nam_chu"] = view.house.words.spell(talk.secret)
        values["khoa"] = digits(talk.secret)
    return values


def when(view: View, case: Case) -> str:
    """Say until when somebody answers."""
    texts, language = view.house.texts, view.person.language
    days = texts.labels((f"day.{n}" for n in range(7)), language, "")
    today = texts.say("day.today", language, "")
    promised = clocks.promised(view.house.ward, case.answer_by or view.now, view.now)
    return clocks.moment(promised, view.now, days, today)


def summary(view: View, talk: Talk) -> list[str]:
    """Give one line for each thing told, in the teller's own words where they were typed."""
    texts, person = view.house.texts, view.person
    lines = []
    for question in summarised(view, talk):
        value = talk.answers[question]
        if not value:
            continue
        name = texts.say(f"sum.{question.id}", person.language, person.voice)
        told = spoken(view, question, value)
        lines.append(f"• {name}: {as_seen(view, talk, told) if value[0] == TYPED else told}")
    lines += [f"• “{as_seen(view, talk, line)}”" for line in talk.answers.story]
    return lines


def as_seen(view: View, talk: Talk, words: str) -> str:
    """Give own words as officers will see them."""
    return mask.seen(words, view.house, talk.shown, view.person.language)


def summarised(view: View, talk: Talk) -> list[Question]:
    """Give the questions whose answers make lines; what was told in own words is the story."""
    typed_what = talk.answers[report.WHAT].startswith(TYPED)
    return [
        q
        for q in standing(view, talk).answered
        if q.id in SUMMARISED and not (typed_what and q.id == report.WHAT.id)
    ]


SUMMARISED = ("now", "what", "self", "who", "route", "where", "phone", "hours")


def spoken(view: View, question: Question, value: str) -> str:
    """Give an answer as it is read: the label, or the own words."""
    if value.startswith(TYPED):
        return f"“{value[len(TYPED) :]}”"
    if question.labels:
        return dict(zip(question.choices, question.labels, strict=True)).get(value, value)
    return view.house.texts.say(f"{question.id}.{value}", view.person.language, view.person.voice)


def edits(view: View, talk: Talk) -> Rows:
    """Give an edit button for each line of the summary."""
    buttons = [
        Button(f"edit.{q.id}", Part("edit", {"dong": sum_name(view, q.id)}))
        for q in summarised(view, talk)
    ]
    if talk.answers.story:
        buttons.append(Button("edit.story", Part("edit", {"dong": sum_name(view, "story")})))
    return rows(tuple(buttons))


def sum_name(view: View, question: str) -> str:
    """Give the short name of a summary's line."""
    return view.house.texts.say(f"sum.{question}", view.person.language, view.person.voice)


def heard(case: Case | None) -> Part:
    """Say that words have joined the case; in danger nobody is told to rest."""
    danger = case is not None and case.happening and not case.safe
    return Part("heard_danger" if danger else "heard")


def note(view: View, *parts: Part, buttons: Rows = (), typed: bool = True) -> Say:
    """Make a message beside the flow, with the two ways out under it."""
    return Say(view.person.id, parts, buttons + foot(), typed=typed)


def lesson_voice(voice: str) -> str:
    """Give the voice in which content files are written."""
    return Voice.ADULT if voice == Voice.ADULT else Voice.CHILD
