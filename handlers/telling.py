"""A report being told: answers, typed lines, back, skip, edit, send, do not send.

Every function takes the view and the talk and gives the effects of one step, ending in a screen.
"""

from dataclasses import replace
from datetime import timedelta

from handlers import raising, report, routes, screens, tips
from handlers.cases import Case, Priority
from handlers.effects import (
    Aside,
    Calm,
    Change,
    Dice,
    Effect,
    Forget,
    Keep,
    Open,
    Part,
    Profile,
    Remind,
)
from handlers.events import Wait
from handlers.reading import fold
from handlers.talk import (
    MISSES_BEFORE_MOVING_ON,
    SKIPPED,
    TYPED,
    Answers,
    Question,
    Talk,
    Walk,
    hurry,
    match,
    walk,
)
from handlers.view import Hours, Phone, View, Voice

VOICES = {"me": Voice.CHILD, "danger": Voice.CHILD, "friend": "friend", "adult": Voice.ADULT}
LINES_IN_TALK = 200
"""Of an open case's story the talk itself keeps only so many lines: what a page shows again."""
IN_STORY = frozenset({report.WHAT.id, report.WORDS.id})
"""Questions whose answers in own words are a part of the story as well."""
OPEN_WINDOW = timedelta(minutes=10)
"""How long after someone's last word an answer may come openly."""


def begin(view: View, talk: Talk) -> Talk:
    """Begin a report in this talk, keeping nothing of what it was before."""
    return Talk(talk.person, talk.side, flow="report", begun=view.now)


def resumed(view: View, talk: Talk) -> Talk:
    """Give the report that is being told, also when something else was asked for in between."""
    if not talk.told:
        return begin(view, talk)
    return replace(talk, flow="report", veiled=talk.veiled or may_be_another(view, talk))


def may_be_another(view: View, talk: Talk) -> bool:
    """Tell whether somebody else may hold the phone by now: then nothing told is shown."""
    silent = talk.spoken is not None and view.now - talk.spoken > OPEN_WINDOW
    return silent and view.person.phone != Phone.OWN


def step(
    view: View,
    talk: Talk,
    dice: Dice,
    lead: tuple[Part, ...] = (),
    *,
    tapped: bool = True,
    official: bool = False,
    again: bool = False,
) -> list[Effect]:
    """Go on from the answers as they are now: raise what is to be raised, then ask."""
    view = speaking(view, talk)
    case = view.case if talk.case else None
    effects: list[Effect] = []
    raised = screens.standing(view, talk).raised
    if case is not None:
        case, effects = fresh_facts(view, talk, case)
    elif raised is not None:
        talk, case, effects = raising.open_case(
            view, talk, Priority(raised), dice, tapped=tapped, official=official
        )
    effects += profile(view)
    lead, talk = sent_on(view, talk, case, lead)
    effects.append(screens.screen(view, talk, case, lead, again=again))
    if not again and screens.WITH_SECRET & set(screens.standing(view, talk).said):
        talk = replace(talk, secret=None)
    effects += waits(view, talk)
    effects.append(Keep(replace(talk, spoken=view.now)))
    return effects


def sent_on(
    view: View, talk: Talk, case: Case | None, lead: tuple[Part, ...]
) -> tuple[tuple[Part, ...], Talk]:
    """Whoever comes back after half a story went on is told so, with the return words."""
    if case is None or not case.unfinished or talk.secret is None:
        return lead, talk
    part = Part("unfinished_sent", screens.numbers(view, talk, case))
    return (part, *lead), replace(talk, secret=None)


def fresh_facts(view: View, talk: Talk, case: Case) -> tuple[Case, list[Effect]]:
    """Bring an open case's facts up to date, and its cards when something changed."""
    filled = raising.filled(view, talk, case)
    if filled == case:
        return case, []
    moved, effects = raising.rerouted(view, case, filled)
    return moved, [Change(moved), *effects, *routes.shows(view, moved)]


def speaking(view: View, talk: Talk) -> View:
    """Take up the voice and the phone that the answers tell of."""
    a = talk.answers
    person = replace(
        view.person,
        voice=VOICES.get(a[report.FOR], view.person.voice),
        phone=a[report.PHONE] or view.person.phone,
        hours=hours(a) or view.person.hours,
        window=(view.heard or view.now) + OPEN_WINDOW,
    )
    return replace(view, person=person)


def hours(a: Answers) -> str:
    """Give when an own phone may light up; a shared or borrowed one never does."""
    if a[report.PHONE] != Phone.OWN:
        return Hours.NEVER
    if a[report.FOR] == "adult":
        return Hours.ANY
    chosen = a[report.HOURS]
    return Hours.NEVER if chosen in {"never", SKIPPED} else Hours(chosen)


def profile(view: View) -> list[Effect]:
    """Write what the answers tell about how to speak to this person."""
    p = view.person
    return [Profile(p.id, p.language, p.voice, p.phone, p.hours, p.window)]


def waits(view: View, talk: Talk) -> list[Effect]:
    """Start what waits on silence: half a child's story goes on, other drafts are shredded."""
    if talk.case is not None or not (talk.answers.given or talk.answers.story):
        return []
    ward, effects = view.house.ward, list[Effect]()
    if not goes_on(view, talk):
        return [*effects, Calm(Wait.UNFINISHED, person=talk.person, side=talk.side)]
    silence = timedelta(minutes=ward.unfinished_minutes)
    wait = Remind(Wait.UNFINISHED, view.now + silence, person=talk.person, side=talk.side)
    return [*effects, wait]


def goes_on(view: View, talk: Talk) -> bool:
    """Tell whether silence sends this draft to the officers; never against a chosen "nobody"."""
    child = view.person.voice != Voice.ADULT
    nobody = talk.answers[report.ROUTE] == "nobody"
    return harm(talk) and child and not nobody and view.house.ward.unfinished_to_officers


def harm(talk: Talk) -> bool:
    """Tell whether a story about harm has begun."""
    return talk.harm or bool(talk.answers[report.WHAT])


def choose(view: View, talk: Talk, question: str, value: str, dice: Dice) -> list[Effect]:
    """Take an answer that is a choice; a stale or unknown button shows the open question again.

    [Xem mẹo] on the first screen is no answer: it leads to the lessons.
    """
    if (question, value) == (report.FOR.id, "tips"):
        return tips.menu(view)
    at = screens.standing(view, talk)
    asked, words = at.open, ""
    if talk.answers.worded_last(question):
        # Words and a button came together: the words join the story, the button is the answer.
        asked = next((q for q in at.answered if q.id == question), asked)
        words = "" if question in IN_STORY else report.typed(talk.answers.given[-1][1])
    if asked is None or asked.id != question or value not in asked.choices:
        return step(view, talk, dice, (Part("stale"),), again=True)
    effects: list[Effect] = []
    if words:
        talk, effects = more_story(view, talk, words, dice, "")
        view = carried(view, effects)
    talk = replace(talk, answers=talk.answers.put(asked, value), misses=0)
    view, risen = raised_by(view, talk, at)
    return [*effects, *risen, *step(view, talk, dice)]


def raised_by(view: View, talk: Talk, before: Walk) -> tuple[View, list[Effect]]:
    """Raise a case that is open already when an answer tells of more than it was opened for."""
    raised = screens.standing(view, talk).raised
    if view.case is None or talk.case is None or raised in {None, before.raised}:
        return view, []
    case, risen = raising.raise_to(
        view,
        view.case,
        Priority(raised),
        tapped=True,
        happening=report.in_danger(talk.answers),
    )
    return replace(view, case=case), [Change(case), *risen] if risen else []


def meant(view: View, asked: Question, text: str) -> str | None:
    """Find the button of the open question that a typed line means."""
    if asked.id == report.AGE.id and (band := report.age_band(text)) is not None:
        return band
    labels = asked.labels or view.house.texts.labels(
        (f"{asked.id}.{choice}" for choice in asked.choices),
        view.person.language,
        view.person.voice,
    )
    return match(asked, labels, text, fold) or by_other_words(view, asked, text)


MANY_WORDS = 5


def by_other_words(view: View, asked: Question, text: str) -> str | None:
    """Find a button by the everyday words for it: "bố em" is somebody at home."""
    said = fold(text).split()
    if len(said) > MANY_WORDS:
        return None
    texts, language = view.house.texts, view.person.language
    for choice in asked.choices:
        words = texts.find(f"means.{asked.id}.{choice}", language, "") or ""
        if any(has_words(said, fold(one).split()) for one in words.split(",") if one.strip()):
            return choice
    return None


def has_words(said: list[str], words: list[str]) -> bool:
    """Tell whether these words stand together in what was said."""
    return any(said[i : i + len(words)] == words for i in range(len(said)))


def line(view: View, talk: Talk, text: str, dice: Dice, ref: str = "") -> list[Effect]:
    """Take a typed line: an answer, a button meant, or a part of the story. Never nothing."""
    asked = screens.standing(view, talk).open
    if asked is None or asked.endless:
        return story(view, talk, text, dice, ref)
    chosen = meant(view, asked, text)
    if chosen is not None:
        return choose(view, talk, asked.id, chosen, dice)
    if asked.typed:
        return own_words(view, talk, asked, text, dice, ref)
    talk, effects = more_story(view, talk, text, dice, ref)
    view = carried(view, effects)
    if talk.misses < MISSES_BEFORE_MOVING_ON or not asked.skip:
        talk = replace(talk, misses=talk.misses + 1)
        # The first screen says itself that the words were read.
        lead = () if asked.id == report.FOR.id else (Part("noted"),)
        return effects + step(view, talk, dice, lead, again=True)
    talk = replace(talk, answers=talk.answers.put(asked, SKIPPED), misses=0)
    return effects + step(view, talk, dice, (Part("kept"),))


def own_words(
    view: View, talk: Talk, asked: Question, text: str, dice: Dice, ref: str
) -> list[Effect]:
    """Take own words as the whole answer; what happened is a part of the story as well."""
    effects: list[Effect] = []
    if asked.id in IN_STORY:
        talk, effects = more_story(view, talk, text, dice, ref)
        view = carried(view, effects)
    talk = replace(talk, answers=talk.answers.put(asked, TYPED + text), misses=0)
    return effects + step(view, talk, dice)


def more_story(
    view: View, talk: Talk, text: str, dice: Dice, ref: str
) -> tuple[Talk, list[Effect]]:
    """Keep a line of the story: in the open case, or in the draft."""
    talk = replace(talk, answers=talk.answers.tell(text))
    if talk.case is None or view.case is None:
        return talk, []
    # The case has every word; a talk without end would be sealed anew, whole, at each line.
    answers = talk.answers
    talk = replace(talk, answers=replace(answers, story=answers.story[-LINES_IN_TALK:]))
    _, effects = raising.add_words(view, view.case, text, dice, ref=ref)
    return talk, effects


def carried(view: View, effects: list[Effect]) -> View:
    """Go on with the case as the effects so far have left it."""
    changed = [e.case for e in effects if isinstance(e, Change | Open)]
    return replace(view, case=changed[-1]) if changed else view


def story(view: View, talk: Talk, text: str, dice: Dice, ref: str) -> list[Effect]:
    """Take a line of an open case's story."""
    if talk.case is None:  # the teller wants nothing sent: it stays with the draft
        talk, _ = more_story(view, talk, text, dice, ref)
        return step(view, talk, dice, (Part("kept"),))
    if view.case is None:
        talk = begin(view, talk)
        return line(view, talk, text, dice, ref)
    talk, effects = more_story(view, talk, text, dice, ref)
    view = carried(speaking(view, talk), effects)
    heard = screens.note(
        view, screens.heard(view.case), buttons=screens.controls(talk, None, view.case)
    )
    keep = Keep(replace(talk, spoken=view.now))
    return [*effects, *profile(view), heard, keep]


def back(view: View, talk: Talk, dice: Dice) -> list[Effect]:
    """Drop the last answer; an open case keeps what it was told."""
    if talk.case is not None:
        return step(view, talk, dice, (Part("edit_sent"),), again=True)
    talk = replace(talk, answers=talk.answers.back(), misses=0)
    return step(view, talk, dice)


def skip(view: View, talk: Talk, dice: Dice) -> list[Effect]:
    """Leave a question out."""
    asked = screens.standing(view, talk).open
    if asked is None or not asked.skip:
        return step(view, talk, dice, again=True)
    talk = replace(talk, answers=talk.answers.put(asked, SKIPPED), misses=0)
    return step(view, talk, dice)


def edit(view: View, talk: Talk, name: str, dice: Dice) -> list[Effect]:
    """Ask one question of the summary again; for the story, begin it anew."""
    if talk.case is not None:
        return step(view, talk, dice, (Part("edit_sent"),), again=True)
    if name == "story":
        answers = replace(talk.answers, story=()).without(report.WORDS.id)
        if report.typed(answers[report.WHAT]):  # the same words, as an answer
            answers = answers.without(report.WHAT.id)
        return step(view, replace(talk, answers=answers, misses=0), dice)
    answers = talk.answers.without(name)
    if name == report.PHONE.id:
        answers = answers.without(report.HOURS.id)
    return step(view, replace(talk, answers=answers, misses=0), dice)


def send(view: View, talk: Talk, dice: Dice) -> list[Effect]:
    """Send now what has been told; every question left is skipped."""
    if talk.case is not None:
        return step(view, talk, dice, (Part("sent_already"),), again=True)
    if not harm(talk) and not talk.answers.story:
        return step(view, talk, dice, (Part("nothing_yet"),), again=True)
    there = screens.setting(view)
    answers = hurry(report.report, answered_for(talk.answers), there, report.SEND.id)
    asked = walk(report.report, answers, there).open
    if asked is not None and asked.id == report.SEND.id:
        answers = answers.put(asked, "send")
    return step(view, replace(talk, answers=answers), dice)


def answered_for(answers: Answers) -> Answers:
    """Fill the one question that cannot be skipped: who does not say is spoken to as a child."""
    return answers if answers.has(report.FOR) else answers.put(report.FOR, "me")


def drop(view: View, talk: Talk) -> list[Effect]:
    """Ask before a draft is thrown away; what was sent cannot be called back."""
    if talk.case is not None and view.case is not None:
        case = replace(view.case, caution=True)
        told = screens.note(view, Part("drop_sent"))
        return [Change(case), *routes.shows(view, case), told]
    if not (talk.answers.given or talk.answers.story):
        return [screens.note(view, Part("dropped"))]
    sure = screens.rows((screens.go("drop_sure"), screens.go("on")), 1)
    return [screens.note(view, Part("drop_ask"), buttons=sure), Keep(talk)]


def drop_sure(view: View, talk: Talk, dice: Dice) -> list[Effect]:
    """Throw a draft away, for good."""
    if talk.case is not None:
        return drop(view, talk)
    again = screens.rows((screens.go("report"), screens.go("tips")))
    if talk.veiled and goes_on(view, talk):
        # It may not be the child who presses: the story is put away, and still goes on.
        return [
            Aside(talk.person, f"left-{dice.id()}"),
            screens.note(view, Part("dropped"), buttons=again),
        ]
    return [
        Forget(talk.person, talk.side),
        *raising.quiet(talk),
        screens.note(view, Part("dropped"), buttons=again),
    ]


def later(view: View, talk: Talk, dice: Dice) -> list[Effect]:
    """Leave a draft for later: it stays sealed for a day. Of a sent report, ask no more."""
    if talk.case is not None:
        return step(view, only_story(view, talk), dice)
    if not talk.told:
        return drop(view, talk)
    hours_kept = {"gio_giu": str(view.house.ward.draft_hours)}
    key = "later_sent_anyway" if goes_on(view, talk) else "later"
    buttons = screens.rows((screens.go("on"), screens.go("drop")))
    return [
        screens.note(view, Part(key, hours_kept), buttons=buttons),
        *waits(view, talk),
        Keep(talk),
    ]


def only_story(view: View, talk: Talk) -> Talk:
    """Leave only the story open: nothing small is asked in danger, or of whoever comes back.

    Not before the return words were told: they come with the next answer.
    """
    if talk.secret is not None:
        return talk
    answers = talk.answers
    for must in (report.FOR, report.ROUTE, report.SEND):
        if not answers.has(must):
            answers = answers.put(must, SKIPPED)
    answers = hurry(report.report, answers, screens.setting(view), report.STORY.id)
    return replace(talk, answers=answers)
