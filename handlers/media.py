"""Files that come in: pictures after a question, voices after a warning, the rest kindly refused."""

from dataclasses import replace

from handlers import raising, report, routes, screens
from handlers.effects import Button, Dice, Effect, Keep, Part
from handlers.events import Media, MediaKind
from handlers.talk import Talk
from handlers.view import View, Voice

DELICATE = frozenset({"SEXUAL", "ONLINE"})
MOST_HELD = 10
KEPT = frozenset({MediaKind.PICTURE, MediaKind.VOICE})


def came(view: View, talk: Talk, media: Media, dice: Dice) -> list[Effect]:
    """Answer a file that came, whatever it is."""
    if media.kind in KEPT and not view.room:
        return no_room(view, talk)
    if media.kind is MediaKind.PICTURE:
        return picture(view, talk, media, dice)
    if media.kind is MediaKind.VOICE:
        talk = hold(talk, media)
        ask = screens.rows((screens.go("voice_yes"), screens.go("voice_no")))
        return [screens.note(view, Part("voice_ask"), buttons=ask), Keep(spoken(view, talk))]
    return [
        screens.note(view, Part(f"refuse_{media.kind}"), buttons=way_on(view)),
        Keep(spoken(view, talk)),
    ]


def spoken(view: View, talk: Talk) -> Talk:
    """Note that the person was here."""
    return replace(talk, spoken=view.now)


def way_on(view: View) -> screens.Rows:
    """Give the way back to the open question, or into a report."""
    return ((screens.go("on" if view.talk.told else "report"),),)


def hold(talk: Talk, media: Media) -> Talk:
    """Keep where a file lies until its question is answered; it is not fetched before."""
    if not media.ref or len(talk.held) >= MOST_HELD:
        return talk
    return replace(talk, held=(*talk.held, f"{media.kind}|{media.ref}"))


def delicate(view: View, talk: Talk) -> bool:
    """Tell whether the question about bodies comes first: a child's picture, or such a case."""
    kind = view.case.kind if view.case else report.kind(talk.answers)
    return view.person.voice != Voice.ADULT or kind in DELICATE


def picture(view: View, talk: Talk, media: Media, dice: Dice) -> list[Effect]:
    """Take a picture, or ask first whether somebody in it is undressed."""
    if delicate(view, talk) and not talk.cleared:
        return ask(view, hold(talk, media))
    return take(view, replace(talk, cleared=False), (media,), dice)


def ask(view: View, talk: Talk) -> list[Effect]:
    """Ask about bodies, before anything is fetched."""
    buttons = screens.rows((screens.go("photo_yes"), screens.go("photo_no")))
    return [screens.note(view, Part("photo_ask"), buttons=buttons), Keep(spoken(view, talk))]


def no_room(view: View, talk: Talk) -> list[Effect]:
    """The disk is nearly full: no file is taken any more, words still are."""
    say = screens.note(view, Part("no_room"), buttons=way_on(view))
    return [say, Keep(spoken(view, talk))]


def take(view: View, talk: Talk, files: tuple[Media, ...], dice: Dice) -> list[Effect]:
    """Take files into the open case, or keep them with the draft until there is one."""
    if not view.room:
        return no_room(view, talk)
    if view.case is None or talk.case is None:
        ready = (*talk.ready, *(f"{m.kind}|{m.ref}" for m in files if m.ref))[:MOST_HELD]
        say = screens.note(view, Part("file_with_draft"), buttons=way_on(view))
        return [say, Keep(spoken(view, replace(talk, ready=ready)))]
    case, effects = raising.files_into(view, view.case, files, dice)
    say = screens.note(view, Part("file_taken"))
    return [*effects, *routes.shows(view, case), say, Keep(spoken(view, talk))]


def held(talk: Talk, *kinds: MediaKind) -> tuple[Media, ...]:
    """Give the files that wait."""
    return tuple(media for media in raising.files(talk.held) if media.kind in kinds)


def photo(view: View, talk: Talk) -> list[Effect]:
    """[Gửi ảnh] pressed where a page has to offer it."""
    if not view.room:
        return no_room(view, talk)
    if delicate(view, talk):
        return ask(view, talk)
    return offer(view, talk)


def offer(view: View, talk: Talk) -> list[Effect]:
    """Offer the control that takes a picture."""
    button = ((screens.go("on"),),)
    upload = ((Button("up.photo", Part("up.photo")),),)
    say = screens.note(view, Part("photo_rule"), buttons=upload + button)
    return [say, Keep(spoken(view, replace(talk, cleared=True)))]


def photo_no(view: View, talk: Talk, dice: Dice) -> list[Effect]:
    """Nobody undressed: the waiting pictures are taken, or the control is offered."""
    files = held(talk, MediaKind.PICTURE)
    if not files:
        return offer(view, talk)
    return take(view, without(talk, MediaKind.PICTURE), files, dice)


def photo_yes(view: View, talk: Talk) -> list[Effect]:
    """Somebody undressed: the picture is not taken; it stays where it is, sent to nobody."""
    talk = replace(without(talk, MediaKind.PICTURE), cleared=False)
    return [screens.note(view, Part("photo_keep"), buttons=way_on(view)), Keep(spoken(view, talk))]


def voice(view: View, talk: Talk, dice: Dice, *, wanted: bool) -> list[Effect]:
    """Pass a voice on, or let it be."""
    files = held(talk, MediaKind.VOICE)
    talk = without(talk, MediaKind.VOICE)
    if wanted and files:
        return take(view, talk, files, dice)
    say = screens.note(view, Part("voice_dropped"), buttons=way_on(view))
    return [say, Keep(spoken(view, talk))]


def without(talk: Talk, kind: MediaKind) -> Talk:
    """Let go of the waiting files of one kind."""
    return replace(talk, held=tuple(one for one in talk.held if not one.startswith(f"{kind}|")))
