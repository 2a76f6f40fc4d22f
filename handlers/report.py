"""Báo tin, top to bottom: what is asked of a child, a friend of a child, an adult.

It knows neither channel nor storage: what it yields depends on the answers and the ward alone.
"""

import re
from collections.abc import Iterator

from handlers.cases import Priority
from handlers.reading import fold
from handlers.talk import SKIPPED, TYPED, Answers, Question, Raise, Setting, Step, Tell
from handlers.ward import Ward

FOR = Question("for", ("danger", "me", "friend", "adult", "tips"), skip=False)
FOR_TOLD = Question("for", ("danger", "me", "friend", "adult"), skip=False, key="q.for_told")
"""The same question to somebody who has told something already: they are not greeted again."""
THREATENED = Question("threatened")
"""Read, never asked: somebody threatens with pictures."""
NOW = Question("now", ("no", "yes", "quick"))
NOW_ADULT = Question("now", ("happening", "past", "unsure"))
WHAT = Question("what", ("hit", "touch", "online", "school", "home", "sad", "other"), typed=True)
SELF = Question("self", ("yes", "no", "rather_not"))
NEAR = Question("near", ("yes", "nobody"))
WORDS = Question("words", typed=True)
WHO = Question(
    "who", ("home", "known", "school", "official", "friends", "online", "stranger", "rather_not")
)
ROUTE = Question("route", ("ward", "nobody"), skip=False)
PHONE = Question("phone", ("own", "shared", "borrowed"))
PHONE_ADULT = Question("phone", ("own", "shared"))
HOURS = Question("hours", ("after_school", "evening", "any", "never"))
SEND = Question("send", ("send",), skip=False)
AGE = Question("age", ("under7", "7-10", "11-13", "14-17"))
WHEN = Question("when", ("today", "earlier", "unknown"))
TALK_TO = Question("talk_to", ("co", "chu", "any"))
SEX = Question("sex", ("girl", "boy", "unknown"))
LIVES_WITH = Question("lives_with", typed=True)
HELPED = Question("helped", typed=True)
IF_NOT = Question("if_not", typed=True)
STORY = Question("story", endless=True, skip=False)

AREAS_SHOWN = 24
"""More residential groups than this are typed, not pressed."""


def where(ward: Ward, *, key: str = "") -> Question:
    """Ask for the place: the ward's residential groups, or own words."""
    areas = ward.areas if len(ward.areas) <= AREAS_SHOWN else ()
    return Question(
        "where",
        tuple(area.id for area in areas),
        typed=True,
        key=key,
        labels=tuple(area.name for area in areas),
    )


def privacy(a: Answers, ward: Ward) -> tuple[str, ...]:
    """Say, before the first word is asked for, who reads and who else can read."""
    adult = a[FOR] == "adult"
    unfinished = ward.unfinished_to_officers and not adult
    return (
        "privacy",
        *(("privacy_unfinished",) if unfinished else ()),
        *(("privacy_parents",) if ward.parents_rule and not adult else ()),
        "account.privacy",
    )


def now_question(a: Answers, ward: Ward) -> Question:
    """Ask whether it is happening now, under the privacy lines."""
    question = NOW_ADULT if a[FOR] == "adult" else NOW
    return Question(question.id, question.choices, before=privacy(a, ward))


def in_danger(a: Answers) -> bool:
    """Tell whether somebody is being hurt right now, by what was tapped or surely read."""
    return a[FOR] == "danger" or a[NOW] in {"yes", "happening"}


def report(a: Answers, setting: Setting) -> Iterator[Step]:
    """Walk the whole report. See docs/decisions for why the order is this one."""
    yield FOR_TOLD if a.story else FOR
    if a[SELF] == "yes":
        yield from crisis(a)
    else:
        if a[FOR] != "danger":
            yield now_question(a, setting.ward)
        yield from danger(a, setting.ward) if in_danger(a) else calm(a, setting)


def calm(a: Answers, setting: Setting) -> Iterator[Step]:
    """Nobody is in danger now: what, who, where; sent when the teller says so."""
    yield WHAT
    for key in acknowledge(a):
        yield Tell(key)
    if a[WHAT] == "sad" or a[THREATENED]:
        yield SELF
        if a[SELF] in {"rather_not", SKIPPED}:
            yield Tell("crisis_maybe")
    if not a.story or a.has(WORDS):
        yield WORDS
    yield from people_and_place(a, setting)
    if a[ROUTE] == "nobody":
        yield Tell("route_nobody")
        return
    yield SEND
    yield Raise(priority(a))
    yield Tell("receipt")
    yield from more(a)
    yield Tell("more_done")
    yield STORY


def danger(a: Answers, ward: Ward) -> Iterator[Step]:
    """Somebody is being hurt now: the alert first, then the place, then the story."""
    yield Raise(Priority.P1)
    yield Tell("emergency")
    yield where(ward, key="-")
    yield Tell("danger_where")
    yield Tell("keep_words")
    if a[FOR] == "danger":  # nobody was asked "now?", so nobody has read the privacy lines yet
        yield Tell("privacy")
        yield Tell("account.privacy")
    yield STORY


def crisis(a: Answers) -> Iterator[Step]:
    """Somebody thinks of hurting themselves: 111, 115, and not alone."""
    yield Raise(Priority.P1)
    yield Tell("crisis")
    yield NEAR
    yield Tell("crisis_near" if a[NEAR] == "yes" else "crisis_alone")
    yield Tell("keep_words")
    yield STORY


def people_and_place(a: Answers, setting: Setting) -> Iterator[Step]:
    """Ask who by relation, where, and whose phone; in a hurry only where."""
    if a[NOW] == "quick":
        yield where(setting.ward)
        return
    yield WHO
    if a[WHO] == "official" and setting.independent:
        yield Tell("route_independent")
    if a[WHO] == "official" and not setting.independent:
        yield ROUTE
        if a[ROUTE] == "nobody":
            return
    yield where(setting.ward)
    yield PHONE_ADULT if a[FOR] == "adult" else PHONE
    if a[PHONE] == "own" and a[FOR] != "adult":
        yield HOURS


def more(a: Answers) -> Iterator[Step]:
    """Ask the optional rest after sending (Decree 56/2017, form 01), each one skippable."""
    yield AGE
    yield WHEN
    if a[FOR] == "adult":
        yield SEX
        yield LIVES_WITH
        yield HELPED
        yield IF_NOT
    elif a[WHAT] == "touch":
        yield TALK_TO


def acknowledge(a: Answers) -> tuple[str, ...]:
    """Choose what is said to the first thing told; threats on the net get their help at once."""
    what = a[WHAT]
    online = ("help_online",) if what == "online" else ()
    if a[FOR] == "adult":
        return ("ack", *online)
    if a[FOR] == "friend":
        return ("ack_friend", *online)
    known = {"hit", "touch", "online", "school", "home", "sad"}
    return (f"ack_{what}" if what in known else "ack", *online)


KINDS = {
    "hit": "PHYSICAL",
    "touch": "SEXUAL",
    "online": "ONLINE",
    "school": "BULLYING",
    "home": "DOMESTIC",
    "sad": "EMOTIONAL",
}

BANDS = {"under7": 6, "7-10": 10, "11-13": 13, "14-17": 17}
"""The oldest age of each band."""
AGE_ALONE = re.compile(
    r"(?:(?!lop |grade )[^\W\d]+ ){0,4}([0-9]{1,3}) ?(?:tuoi|t|years? ?(?:old)?)?(?: a)?"
)
"""A few words, the number, and nothing behind it but "tuổi"; a school class is no age."""

PRIORITIES = {
    "PHYSICAL": Priority.P2,
    "SEXUAL": Priority.P1,
    "ONLINE": Priority.P2,
    "DOMESTIC": Priority.P2,
    "SELF_HARM": Priority.P1,
}


def kind(a: Answers) -> str:
    """Give the kind of trouble as first sorted; officers re-sort it (14 kinds of the plan)."""
    if a[SELF] == "yes":
        return "SELF_HARM"
    what = a[WHAT]
    return KINDS.get(what, "OTHER")


def priority(a: Answers) -> Priority:
    """Give the default priority of a kind (content table of the ward's plan)."""
    return PRIORITIES.get(kind(a), Priority.P3)


def age_band(text: str) -> str | None:
    """Read an age typed alone ("12", "em 12 tuổi") as one of AGE's choices.

    A number within a story is no age: taken as one, the whole line would be lost.
    """
    said = AGE_ALONE.fullmatch(fold(text))
    if said is None:
        return None
    return next((band for band, oldest in BANDS.items() if int(said[1]) <= oldest), None)


def typed(value: str) -> str:
    """Give the own words of an answer, empty when it was chosen."""
    return value[len(TYPED) :] if value.startswith(TYPED) else ""
