"""Coming back with the return words: how it stands, what was answered, adding to it.

A wrong word and an unknown one get the same gentle answer; neither tells whether a case exists.
"""

from dataclasses import replace
from datetime import timedelta

from handlers import media, raising, screens, telling
from handlers.cases import Case, Status, coarse
from handlers.effects import (
    Add,
    Aside,
    Audit,
    Calm,
    Delivered,
    Delivery,
    Dice,
    Effect,
    EntryKind,
    Keep,
    Link,
    Part,
    verbatim,
)
from handlers.events import Wait
from handlers.lessons import Ages, by_age
from handlers.talk import Answers, Talk
from handlers.view import Phone, View, Voice

TRIES_BEFORE_SLOWING = 3
ABOUT_A_PHONE = frozenset({"phone", "hours"})
"""What was said of the phone that reported says nothing of the one that comes back."""
AGES = {"under7": Ages.PRESCHOOL, "7-10": Ages.PRIMARY, "14-17": Ages.UPPER_SECONDARY}
"""For which age the lesson behind a notice is; whoever looks on must find it ordinary."""
RETURN_WORDS = 5
A_SENTENCE = 4
"""So many words before the five are something told, not "my words are"."""
SLOW = timedelta(seconds=20)
GUESSES = 20
"""More unknown words than this in a minute, from anybody, are guessing."""
SLOW_FOR_ALL = timedelta(seconds=3)
SLOWEST = timedelta(minutes=5)


def ask(view: View, talk: Talk) -> list[Effect]:
    """Ask for the words."""
    talk = replace(talk, flow="mycase", spoken=view.now)
    say = screens.note(view, Part("mycase_ask"), buttons=media.way_on(view))
    return [say, *telling.profile(view), Keep(talk)]


def found(view: View, talk: Talk, case: Case, dice: Dice, rest: str = "") -> list[Effect]:
    """Open the case to whoever knows its words, and follow it from here on.

    `rest`: what was said in the same message; it joins the story.
    """
    opened = Talk(
        talk.person,
        talk.side,
        flow="report",
        answers=Answers(tuple(pair for pair in case.facts if pair[0] not in ABOUT_A_PHONE)),
        case=case.id,
        begun=view.now,
        spoken=view.now,
    )
    same = talk.case == case.id
    if same:  # what waits in this talk for the same case goes on waiting
        opened = replace(
            opened, held=talk.held, ready=talk.ready, secret=talk.secret, asked=talk.asked
        )
    opened = telling.only_story(view, opened)
    view = replace(
        view,
        case=case,
        person=replace(view.person, voice=view.person.voice or case.voice),
    )
    view = telling.speaking(view, opened)
    # A draft of something else is put away, not lost: its own waits go on.
    other = talk.told and not same
    late = [talk.draft] if same and talk.draft else []
    effects: list[Effect] = [
        *([Aside(talk.person, f"left-{dice.id()}")] if other else []),
        *(opened_elsewhere(case, dice) if view.elsewhere else []),
        Link(case.id, talk.person),
        Audit("returned", case=case.id),
        *telling.profile(view),
        *mailbox(view, case),
    ]
    for words in (*late, *([rest] if rest else [])):
        view = telling.carried(view, effects)
        _, more = raising.add_words(view, view.case or case, words, dice)
        effects += more
    return [*effects, Keep(opened)]


def beside(text: str) -> str:
    """Give what was said in the same message as the five words: it belongs to the story."""
    rest = text.split()[:-RETURN_WORDS]
    return " ".join(rest) if len(rest) >= A_SENTENCE else ""


def opened_elsewhere(case: Case, dice: Dice) -> list[Effect]:
    """Let the officers see that somebody came with the words from another chat: it may be the
    same child on another phone, or somebody who found the words."""
    return [Add(dice.id(), case.id, EntryKind.MOVE, "returned")]


def mailbox(view: View, case: Case) -> list[Effect]:
    """Show the coarse state and every answer so far; they count as read now."""
    parts = [Part(f"state_{coarse(case)}")]
    for entry in view.answers:
        parts += [Part("answer_from"), verbatim(entry.text)]
    read: list[Effect] = [
        Delivered(entry.id, Delivery.DELIVERED)
        for entry in view.answers
        # Somebody else may have got it before; how it ended is told to each of them.
        if entry.delivery is not Delivery.DELIVERED or case.status is Status.CLOSED
    ]
    parts.append(Part("mycase_add"))
    read.append(Calm(Wait.NOTICE, case=case.id, person=view.person.id))
    buttons = screens.rows((screens.go("done"), screens.go("forget")))
    return [*read, screens.note(view, *parts, buttons=buttons)]


def unknown(view: View, talk: Talk) -> list[Effect]:
    """Ask gently to look again; after a few tries slowly, always with 111."""
    say = screens.note(view, Part("mycase_again"), buttons=media.way_on(view))
    wait = slowed(view)
    if wait:
        say = replace(say, due=view.now + wait)
    return [say, Keep(replace(talk, flow="mycase", spoken=view.now))]


def slowed(view: View) -> timedelta:
    """Give how long the answer to unknown words waits: for this person's tries, or for everybody's
    while somebody is guessing through many chats."""
    own = SLOW * min(view.tries, 15) if view.tries >= TRIES_BEFORE_SLOWING else timedelta()
    others = SLOW_FOR_ALL * max(0, view.ward_tries - GUESSES)
    return max(own, min(others, SLOWEST))


def news(view: View) -> list[Effect]:
    """Open a notice: a lesson first, for whoever looks on; the letters behind one more press."""
    age = AGES.get(view.case.age if view.case else "", Ages.LOWER_SECONDARY)
    lesson = by_age(view.house.lessons, age)[0]
    if view.person.voice == Voice.ADULT:
        return open_letters(view)
    language = view.person.language
    card = lesson.cards[0].text
    text = card.en if language == "en" else card.vi
    button = screens.rows((screens.go("mailbox"),))
    return [screens.note(view, verbatim(text), buttons=button)]


def open_letters(view: View) -> list[Effect]:
    """Show the letters at once on an own phone; anywhere else the words are asked for."""
    if view.case is None or view.person.phone != Phone.OWN:
        return ask(view, view.talk)
    return mailbox(view, view.case)
