"""The first reading of everything a resident sends: danger before all, then what they asked for.

It picks who answers; it never leaves anything unanswered.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from handlers import (
    danger,
    erase,
    keeping,
    media,
    mycase,
    piling,
    raising,
    report,
    screens,
    telling,
    tips,
)
from handlers import help as helping
from handlers.cases import Case, coarse
from handlers.effects import (
    Aside,
    Calm,
    Dice,
    Effect,
    EntryKind,
    Keep,
    Part,
    Profile,
    Remind,
    Say,
)
from handlers.events import Incoming, Kind, Side, Wait
from handlers.reading import Level, Reading, fold
from handlers.talk import Answers, Talk
from handlers.view import View

LONG_SILENCE = timedelta(minutes=30)
"""After this, free text may belong to something else: ask, once."""
SHORT = 6
"""A wish is read only in a message of at most this many words; more is a story."""
ATTEMPT = 9
"""Up to this many words may have been meant as return words."""

COMMANDS: Mapping[str, str] = {
    "/start": "start",
    "/batdau": "start",
    "bat dau": "start",
    "/baotin": "report",
    "bao tin": "report",
    "/111": "111",
    "111": "111",
    "/meo": "tips",
    "meo": "tips",
    "/ma": "code",
    "ma": "code",
    "/xem": "code",
    "/dulieu": "code",
    "/xoa": "drop",
    "xoa": "drop",
    "/thoat": "exit",
    "thoat": "exit",
    "/quentoi": "forget",
    "quen toi": "forget",
    "quen minh": "forget",
    "/riengtu": "privacy",
    "rieng tu": "privacy",
    "/antoan": "privacy",
    "an toan": "privacy",
    "/ngonngu": "language",
    "ngon ngu": "language",
    "english": "en",
    "/trogiup": "help",
    "tro giup": "help",
    "/help": "help",
    "quay lai": "back",
    "bo qua": "skip",
    "gui luon": "send",
    "de sau": "later",
    "dung gui": "drop",
    "tiep tuc": "on",
    "so 111": "111",
    "xem tra loi": "code",
    "ai doc tin nay": "privacy",
    "thoat nhanh": "exit",
    "dang nguy hiem": "danger",
}
"""What works in every step as a command or as plain words."""

WISHES: Mapping[str, str] = {
    "tips": "tips",
    "hotline": "111",
    "help": "help",
    "language": "language",
    "status": "code",
    "erase": "drop",
    "stop": "later",
    "officer": "report",
}

ASKS_IT_ANYWAY = frozenset({"q.now", "q.self", "q.for_told", "emergency", "crisis"})
"""Where one of these is said, a second question about danger would only stand in its way."""

WHAT_READ: Mapping[str, str] = {
    "violence": "hit",
    "physical_now": "hit",
    "sexual": "touch",
    "bullying": "school",
    "self_harm": "sad",
    "neglect": "home",
}
"""What was surely read in free words is an answer and is not asked again."""


def came(view: View, event: Incoming, dice: Dice) -> list[Effect]:
    """Decide what a resident's message brings. Never an empty answer to a person.

    Lines that wait on the pile join the story first.
    """
    if not view.pile:
        return keeping.offered(view, taken(view, event, dice))
    before = joined(view, dice)
    return keeping.offered(view, [*before, *taken(after(view, before), event, dice)])


def joined(view: View, dice: Dice) -> list[Effect]:
    """Let the lines of the pile join the story, as if they had been one message.

    Each was read alone when it came: danger is not put together from the end of one and the
    beginning of the next.
    """
    words = "\n".join(view.pile)
    alone = replace(view, hurried=False, piled=0, pile=())
    effects = joins(alone, words, view.house.reader.read(". ".join(view.pile)), dice)
    return [*piling.taken(view), *piling.counted(view, effects)]


def joins(view: View, words: str, reading: Reading, dice: Dice) -> list[Effect]:
    """Take words as a part of the story, whatever they may wish for."""
    if rings(view, reading):
        return in_danger(view, words, reading, dice, "")
    calm = reading.level is Level.NONE
    if calm and long_ago(view):
        return add_or_new(view, words)
    talk = at_front(view)
    if not calm:
        talk = replace(understood(talk, reading), harm=True)
    return careful(telling.line(view, talk, words, dice), reading)


def pile_joins(view: View, dice: Dice) -> list[Effect]:
    """It is time: the lines of the pile join the story, and are answered together."""
    effects = joined(view, dice) if view.pile else []
    if view.talk.side != Side.RESIDENT:  # the chat was left meanwhile: nothing is said there
        return [e for e in effects if not (isinstance(e, Say) and e.to == view.person.id)]
    lead = Part("slow_done", {"so": str(len(view.pile))})
    led = [
        replace(e, parts=(*e.parts[:-1], lead, *e.parts[-1:]))
        if isinstance(e, Say) and e.to == view.person.id
        else e
        for e in effects
    ]
    return keeping.offered(view, led)


def after(view: View, effects: list[Effect]) -> View:
    """Go on from where effects have left the talk and its case."""
    talk = next((e.talk for e in reversed(effects) if isinstance(e, Keep)), view.talk)
    return telling.carried(replace(view, talk=talk, piled=0, pile=()), effects)


def taken(view: View, event: Incoming, dice: Dice) -> list[Effect]:
    """Decide what one event brings."""
    match event.kind:
        case Kind.CHOICE:
            return pressed(view, event.choice or "", dice)
        case Kind.TEXT if event.choice is not None:
            return pressed(view, "go.start", dice)
        case Kind.TEXT:
            return text(view, event.text, dice, event.ref)
        case Kind.EDIT:
            return edited(view, event, dice)
        case Kind.MEDIA:
            return with_file(view, event, dice)
        case Kind.LOCATION:
            return place(view, event, dice)
        case _:
            return unreadable(view)


def unreadable(view: View) -> list[Effect]:
    """Something came that cannot be read: it may be a child's call for help."""
    return [screens.note(view, Part("withheld"), buttons=media.way_on(view)), Keep(view.talk)]


def text(view: View, words: str, dice: Dice, ref: str = "") -> list[Effect]:
    """Read free words: danger, then a command, then return words, then a part of the story."""
    command, argument = split_command(words)
    reading = view.house.reader.read(words)
    plain = command is not None and not argument
    if reading.english and not view.talk.told:
        view = replace(view, person=replace(view.person, language="en"))
    if view.found is not None:
        return returned(view, view.found, words, dice, ref)
    if rings(view, reading) and not plain:
        return in_danger(view, words, reading, dice, ref)
    answer = erase.meant(view, words)
    if answer is not None:
        return pressed(view, f"go.{answer}", dice)
    if plain:
        return pressed(view, f"go.{command}", dice)
    calm = reading.level is Level.NONE
    if calm and reading.intent == "forget":  # the whole message: no part of a story
        return erase.ask(view, words)
    if calm and ((command == "code" and looks_like_words(argument)) or is_attempt(view, words)):
        return mycase.unknown(view, view.talk)
    if not any(sign.isprintable() and not sign.isspace() for sign in words):
        return telling.step(view, at_front(view), dice, (Part("empty"),), again=True)
    if reading.hides:
        return leave(view, dice, "hide")
    return told(view, words, reading, dice, ref)


def returned(view: View, case: Case, words: str, dice: Dice, ref: str) -> list[Effect]:
    """The return words were said, perhaps under a story: these words are not stored with it."""
    rest = mycase.beside(words)
    reading = view.house.reader.read(rest)  # alone: five everyday words would change its meaning
    if not rings(view, reading):
        return mycase.found(view, view.talk, case, dice, rest)
    effects = mycase.found(view, view.talk, case, dice)
    opened = next(effect.talk for effect in reversed(effects) if isinstance(effect, Keep))
    there = replace(view, talk=opened, case=case)
    official = reading.official
    return effects + danger.more(there, case, opened, rest, dice, official=official, ref=ref)


def rings(view: View, reading: Reading) -> bool:
    """Tell whether words open an alarm at once.

    Threats with pictures get their own help first. Where an alarm was called off, any new harm
    is an alarm again.
    """
    if view.case is not None and view.case.safe and reading.level in {Level.RED, Level.AMBER}:
        return True
    return reading.level is Level.RED and reading.sure and not reading.sextortion


def split_command(words: str) -> tuple[str | None, str]:
    """Find a command at the start, or a whole message that is one in plain words.

    A command nobody knows is only a word: danger behind it must be read.
    """
    first, _, rest = words.strip().partition(" ")
    if first.startswith("/"):
        return COMMANDS.get(first.lower().split("@")[0]), rest.strip()
    return COMMANDS.get(fold(words.strip(" .!?"))), ""


def is_attempt(view: View, words: str) -> bool:
    """Tell whether words were meant as return words while they were asked for."""
    return view.talk.flow == "mycase" and looks_like_words(words)


def looks_like_words(words: str) -> bool:
    """Tell whether a line is short enough to have been meant as return words."""
    return 0 < len(words.split()) <= ATTEMPT


def at_front(view: View) -> Talk:
    """Give the report that is being told, or a new one."""
    return telling.resumed(view, view.talk)


def in_danger(view: View, words: str, reading: Reading, dice: Dice, ref: str) -> list[Effect]:
    """Clear danger in free words: before any menu, command or language."""
    if view.hurried and piling.may_wait(view, reading):
        return piling.put(view, words)
    effects = danger.read(
        view,
        understood(at_front(view), reading),
        words,
        dice,
        official=reading.official,
        kind=reading.danger or "",
        other=reading.other,
        ref=ref,
    )
    return [*effects, *piling.sooner(view)]


def told(view: View, words: str, reading: Reading, dice: Dice, ref: str) -> list[Effect]:
    """Take words as a wish, when short and clear, else as a part of the story."""
    if view.hurried and view.talk.told:
        return piling.put(view, words)
    talk, calm = at_front(view), reading.level is Level.NONE
    short = len(words.split()) <= SHORT
    wish = WISHES.get(reading.intent or "") if short else None
    if wish is None and words.startswith("/") and len(words.split()) == 1:
        wish = "help"
    asked = screens.standing(view, talk).open
    button = asked is not None and telling.meant(view, asked, words) is not None
    awaited = asked is not None and (asked.typed or asked.endless)
    state = standing_of(view) if wish == "code" else None
    if calm and wish is not None and not (awaited or button or state):
        return pressed(view, f"go.{wish}", dice)
    if calm and long_ago(view):
        return add_or_new(view, words)
    if calm and reading.intent == "smalltalk" and not view.talk.told:
        return telling.step(view, talk, dice, again=True)
    reply = replied(view, reading) if calm and short else None
    if reply is not None and not view.talk.told:
        return telling.step(view, talk, dice, (reply,), again=True)
    if not calm:
        talk = replace(understood(talk, reading), harm=True)
    effects = telling.line(view, talk, words, dice, ref)
    if state is not None or reply is not None:
        return above(effects, state or reply or Part("noted"))
    return careful(effects, reading)


def replied(view: View, reading: Reading) -> Part | None:
    """Answer what needs no more than a word: thanks, who is there, a plea about the parents."""
    if reading.intent == "parents":
        rule = view.house.ward.parents_rule
        return Part("plea_parents" if rule else "plea_noted")
    return Part(f"reply_{reading.intent}") if reading.intent in {"thanks", "who"} else None


def standing_of(view: View) -> Part | None:
    """Say roughly how an open case stands to whoever asks in its own chat; an answer is read
    with the return words only."""
    if view.case is None or view.talk.case is None or coarse(view.case) == "answered":
        return None
    if view.talk.spoken is None or view.now - view.talk.spoken > telling.OPEN_WINDOW:
        return None  # whoever asks now may be somebody else
    return Part(f"state_{coarse(view.case)}")


def understood(talk: Talk, reading: Reading) -> Talk:
    """Take what was surely read as an answer."""
    what = WHAT_READ.get(reading.danger or "")
    sure = reading.level in {Level.RED, Level.AMBER}
    if reading.sextortion:
        what = "online"
    if what is None or not sure or talk.answers.has(report.WHAT):
        return talk
    answers = talk.answers.put(report.WHAT, what)
    if reading.sextortion:
        answers = answers.put(report.THREATENED, "yes")
    return replace(talk, answers=answers)


def careful(effects: list[Effect], reading: Reading) -> list[Effect]:
    """Put the emergency numbers above the step when danger was read but is not sure."""
    if reading.sextortion:
        return above(effects, Part("sextortion"))
    if reading.level not in {Level.RED, Level.CHECKIN}:
        return effects
    asked = {part.key for effect in effects if isinstance(effect, Say) for part in effect.parts}
    if reading.level is Level.CHECKIN and asked & ASKS_IT_ANYWAY:
        return effects
    key = "emergency_maybe" if reading.level is Level.RED else "checkin"
    return above(effects, Part(key, {"so": reading.first or "111"}))


def above(effects: list[Effect], lead: Part) -> list[Effect]:
    """Put a paragraph above what is said."""
    at = next(i for i, e in enumerate(effects) if isinstance(e, Say))
    say = effects[at]
    assert isinstance(say, Say)
    return [*effects[:at], replace(say, parts=(lead, *say.parts)), *effects[at + 1 :]]


def long_ago(view: View) -> bool:
    """Tell whether a case's last word is so old that this may be something else."""
    case, spoken = view.case, view.talk.spoken
    if case is None or spoken is None or (case.happening and not case.safe):
        return False
    return view.now - spoken > LONG_SILENCE


def add_or_new(view: View, words: str) -> list[Effect]:
    """Ask whether a late line belongs to the case; until answered it is kept, never lost."""
    draft = "\n".join(filter(None, (view.talk.draft, words)))
    buttons = screens.rows((screens.go("add"), screens.go("new")))
    wait = Remind(
        Wait.LATE_LINE, view.now + LONG_SILENCE, person=view.person.id, side=view.talk.side
    )
    return [
        screens.note(view, Part("add_or_new"), buttons=buttons),
        Keep(replace(view.talk, draft=draft)),
        wait,
    ]


def pressed(view: View, choice: str, dice: Dice) -> list[Effect]:
    """Take a press. A button nobody knows shows where things stand."""
    verb, _, rest = choice.partition(".")
    first, _, second = rest.partition(".")
    match verb:
        case "a" if view.talk.flow == "report" or first == "for":
            return telling.choose(view, at_front(view), first, second, dice)
        case "edit":
            return telling.edit(view, at_front(view), first, dice)
        case "age":
            return tips.ages(view, first)
        case "tip":
            return tips.card(view, first, second)
        case "go" if first in GO:
            return GO[first](view, dice)
        case "tel":
            return helping.numbers(view)
        case "keep" | "hide":
            return keeping.chosen(view, first, dice, keep=verb == "keep")
        case _:
            return telling.step(view, at_front(view), dice, (Part("stale"),), again=True)


def leave(view: View, dice: Dice, key: str) -> list[Effect]:
    """Go quiet: one neutral line without buttons; the chat is a stranger's from here on."""
    p = view.person
    aside = [Aside(p.id, f"left-{dice.id()}")] if view.talk.told else []
    return [
        *aside,
        Say(p.id, (Part(key),), typed=False),
        Profile(p.id, p.language, p.voice, p.phone, p.hours, None),
    ]


def start(view: View, dice: Dice) -> list[Effect]:
    """Greet; a report that is being told is offered again, not shown."""
    if view.talk.told:
        buttons = screens.rows((screens.go("on"), screens.go("anew")))
        return [screens.note(view, Part("welcome_back"), buttons=buttons), Keep(view.talk)]
    return telling.step(view, telling.begin(view, view.talk), dice)


def anew(view: View, dice: Dice) -> list[Effect]:
    """Begin another report; the one before is put away as it is, with its waits."""
    fresh = telling.begin(view, Talk(view.person.id, view.talk.side))
    aside = Aside(view.person.id, f"left-{dice.id()}")
    plain = replace(view, talk=fresh, case=None)
    return [aside, *telling.step(plain, fresh, dice)]


def new(view: View, dice: Dice) -> list[Effect]:
    """A late line is the beginning of something else: it must not join the old case as well."""
    if not view.talk.draft:
        return anew(view, dice)
    p, side = view.person.id, view.talk.side
    fresh = telling.begin(view, Talk(p, side))
    plain = replace(view, talk=fresh, case=None)
    return [
        Keep(replace(view.talk, draft="")),
        Calm(Wait.LATE_LINE, person=p, side=side),
        Aside(p, f"left-{dice.id()}"),
        *telling.line(plain, fresh, view.talk.draft, dice),
    ]


def add(view: View, dice: Dice) -> list[Effect]:
    """A late line belongs to the case."""
    if not view.talk.draft:
        return telling.step(view, at_front(view), dice, again=True)
    talk = replace(view.talk, draft="")
    return telling.line(view, talk, view.talk.draft, dice)


def language(view: View, dice: Dice, chosen: str | None = None) -> list[Effect]:
    """Change the language and show the step again in it."""
    other = "vi" if view.person.language == "en" else "en"
    view = replace(view, person=replace(view.person, language=chosen or other))
    return telling.step(view, at_front(view), dice, again=bool(view.talk.answers.given))


def edited(view: View, event: Incoming, dice: Dice) -> list[Effect]:
    """An edited message: both versions are kept; danger counts in it as anywhere."""
    reading = view.house.reader.read(event.text)
    if reading.level is Level.RED and reading.sure:
        return in_danger(view, event.text, reading, dice, event.ref)
    note = screens.note(view, Part("edited"), buttons=media.way_on(view))
    if view.case is not None and view.talk.case is not None and event.text.strip():
        _, effects = raising.add_words(
            view, view.case, event.text, dice, kind=EntryKind.EDIT, ref=event.ref
        )
        return [*effects, note]
    if view.talk.told and event.text.strip():
        answers: Answers = view.talk.answers.tell(event.text)
        return [note, Keep(replace(view.talk, answers=answers))]
    return text(view, event.text, dice, event.ref)


def with_file(view: View, event: Incoming, dice: Dice) -> list[Effect]:
    """A file, perhaps with words under it: the words first, nothing of either is lost."""
    if event.media is None:
        return unreadable(view)
    if not event.text.strip():
        return media.came(view, view.talk, event.media, dice)
    effects = text(view, event.text, dice, event.ref)
    talk = next((e.talk for e in reversed(effects) if isinstance(e, Keep)), view.talk)
    after = replace(telling.carried(view, effects), talk=talk)
    return effects + media.came(after, talk, event.media, dice)


def place(view: View, event: Incoming, dice: Dice) -> list[Effect]:
    """A place on the map: taken while somebody is in danger, else asked for in words."""
    case = view.case
    if case is None or not case.happening or case.safe or event.location is None:
        return [
            screens.note(view, Part("location_no"), buttons=media.way_on(view)),
            Keep(view.talk),
        ]
    latitude, longitude = event.location
    words = f"📍 {latitude:.5f}, {longitude:.5f}"
    return telling.line(view, view.talk, words, dice, event.ref)


def done(view: View, dice: Dice) -> list[Effect]:
    """Leave the letters: what is on the screen goes quiet, the case goes on."""
    return leave(view, dice, "bye")


Go = Callable[[View, Dice], list[Effect]]
GO: Mapping[str, Go] = {
    "start": start,
    "report": lambda v, d: telling.step(v, at_front(v), d, again=bool(v.talk.answers.given)),
    "on": lambda v, d: telling.step(v, at_front(v), d, again=True),
    "anew": anew,
    "add": add,
    "new": new,
    "danger": lambda v, d: danger.tapped(v, v.talk, d),
    "to_group": lambda v, _: danger.to_group(v, v.talk),
    "adult": lambda v, d: danger.adult(v, at_front(v), d),
    "back": lambda v, d: telling.back(v, at_front(v), d),
    "skip": lambda v, d: telling.skip(v, at_front(v), d),
    "send": lambda v, d: telling.send(v, at_front(v), d),
    "later": lambda v, d: telling.later(v, at_front(v) if v.talk.told else v.talk, d),
    "drop": lambda v, _: telling.drop(v, v.talk),
    "drop_sure": lambda v, d: telling.drop_sure(v, telling.resumed(v, v.talk), d),
    "safe": lambda v, d: danger.safe(v, v.talk, d),
    "exit": lambda v, d: leave(v, d, "quick_exit"),
    "done": done,
    "111": lambda v, _: helping.numbers(v),
    "tips": lambda v, _: tips.menu(v),
    "privacy": lambda v, _: helping.privacy(v),
    "forget": lambda v, _: erase.ask(v),
    "forget_sure": erase.sure,
    "forget_no": lambda v, _: erase.no(v),
    "help": lambda v, _: helping.help_(v),
    "code": lambda v, _: mycase.ask(v, v.talk),
    "news": lambda v, _: mycase.news(v),
    "mailbox": lambda v, _: mycase.open_letters(v),
    "language": language,
    "en": lambda v, d: language(v, d, "en"),
    "vi": lambda v, d: language(v, d, "vi"),
    "photo": lambda v, _: media.photo(v, v.talk),
    "photo_yes": lambda v, _: media.photo_yes(v, v.talk),
    "photo_no": lambda v, d: media.photo_no(v, v.talk, d),
    "voice_yes": lambda v, d: media.voice(v, v.talk, d, wanted=True),
    "voice_no": lambda v, d: media.voice(v, v.talk, d, wanted=False),
}
"""What works at any step, by the name on its button."""
