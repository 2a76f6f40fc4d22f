"""The report as officers see it at a glance, and the file as it is opened.

The card never carries the reporter's words, typed places or pictures; the file carries all.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from handlers import clocks, mask
from handlers.cases import Case, Origin, Priority, Route, Status
from handlers.drill import called, is_drill
from handlers.effects import Button, Delivery, EntryKind, Part
from handlers.report import typed
from handlers.view import Entry, Hours, House, Officer, Phone

MOST_WORDS = 3000
"""Signs of a story that a card may hold: it stays one message on every platform."""
PRIORITY_MARKS = {Priority.P1: "🔴", Priority.P2: "🟠", Priority.P3: "🔵"}


@dataclass(frozen=True, slots=True)
class Card:
    """A case at a glance: ready Vietnamese text, buttons, and words hidden until tapped."""

    text: str
    buttons: tuple[tuple[Button, ...], ...]
    spoiler: str = ""


def say(house: House, key: str, **values: str) -> str:
    """Say a sentence of the officers' side (Vietnamese)."""
    return house.texts.say(f"desk.{key}", "vi", "", values)


def cut(words: str) -> str:
    """Give what a card may hold of a story: one message, and no alert waits behind sixty."""
    return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]}…"


def card(case: Case, house: House, roster: Sequence[Officer], words: Sequence[str] = ()) -> Card:
    """Draw the card of a case as it stands now."""
    lines = [head(case, house), *warnings(case, house), *about(case, house)]
    lines += [*clock_lines(case, house), claim_line(case, house, roster)]
    lines += [*on_hold(case, house), *traffic(case, house)]
    lines.append(say(house, "unverified"))
    spoiler = ""
    if words_may_show(case, house):
        spoiler = cut("\n".join(mask.seen(line, house, case.shown) for line in words))
    return Card("\n".join(lines), buttons(case), spoiler)


def title(case: Case) -> str:
    """Name a case for a heading that everybody in the group sees: priority and code only."""
    return f"{PRIORITY_MARKS[case.priority]} {case.priority} · {called(case)}"


def words_may_show(case: Case, house: House) -> bool:
    """Tell whether the group may see the story: never for danger, sexual or routed cases."""
    danger = case.priority is Priority.P1 or case.happening
    calm = not danger and case.kind != "SEXUAL" and not case.school_hidden
    return house.group_shows_words and calm and case.route is Route.GROUP and not case.claimed_by


def head(case: Case, house: House) -> str:
    """Say priority, code and kind."""
    closed = say(house, "closed_mark") + " · " if case.status is Status.CLOSED else ""
    urgent = say(house, "urgent") if case.priority is Priority.P1 else ""
    kind = say(house, f"kind.{case.kind}")
    return (
        f"{closed}{PRIORITY_MARKS[case.priority]} {case.priority}{urgent} · {called(case)} · {kind}"
    )


def warnings(case: Case, house: House) -> list[str]:
    """Say first what must not be overlooked."""
    keys = {
        "drill": is_drill(case),
        "early": case.origin is Origin.EARLY,
        "happening": case.happening and not case.safe and case.status is not Status.CLOSED,
        "safe": case.safe,
        "do_not_call_home": case.fact("who") == "home",
        "school_hidden": case.school_hidden,
        "independent": case.route is not Route.GROUP,
        "guessed": not case.tapped and not case.unfinished,
        "unfinished": case.unfinished,
        "caution": case.caution,
    }
    return [say(house, f"warn.{key}") for key, stands in keys.items() if stands]


def about(case: Case, house: House) -> list[str]:
    """Say every chosen answer as a sentence; what was typed is only in the file."""
    texts = house.texts
    lines = [say(house, "area", khu_vuc=place(case, house))]
    age = say(house, f"age.{case.age}") if case.age else say(house, "unknown")
    lines.append(say(house, "child", tuoi=age))
    for name in ("who", "when", "sex", "talk_to"):
        value = case.fact(name)
        if value and not typed(value):
            label = texts.say(f"{name}.{value}", "vi", "adult")
            lines.append(f"{say(house, f'fact.{name}')}: {label}")
    lines.append(say(house, f"reporter.{case.voice}"))
    lines.append(writing(case, house))
    return lines


def place(case: Case, house: House) -> str:
    """Say the residential group; a typed place only says that there is one."""
    if case.area:
        return case.area
    return say(house, "area_typed" if case.fact("where") else "unknown")


def writing(case: Case, house: House) -> str:
    """Say whether and when we may write first."""
    if case.forgotten:
        return say(house, "write.forgotten")
    if case.fact("phone") != Phone.OWN:
        return say(house, "write.never")
    if case.voice == "adult":
        return say(house, "write.any")
    hours = case.fact("hours")
    known = hours if hours in {Hours.AFTER_SCHOOL, Hours.EVENING, Hours.ANY} else "never"
    return say(house, f"write.{known}")


def clock_lines(case: Case, house: House) -> list[str]:
    """Say when it came and until when an answer is due; for P1 also the law's clock."""
    days = tuple(house.texts.say(f"day.{n}", "vi", "") for n in range(7))

    def moment(then: datetime) -> str:
        return clocks.moment(then, case.opened, days, "")

    lines = [say(house, "received", luc=moment(case.opened).strip())]
    if case.answered is None and case.answer_by is not None:
        lines.append(say(house, "answer_by", luc=moment(case.answer_by).strip()))
    if case.priority is Priority.P1 and not is_drill(case):  # the law has no clock for an exercise
        by = clocks.emergency_by(house.ward, case.opened)
        lines.append(
            say(house, "emergency_by", luc=moment(by).strip(), gio=str(house.ward.emergency_hours))
        )
    return lines


def claim_line(case: Case, house: House, roster: Sequence[Officer]) -> str:
    """Say who has it, or that nobody has."""
    if case.status is Status.CLOSED:
        return say(house, "closed", ly_do=say(house, f"reason.{case.reason}"))
    if case.claimed_by is None or case.claimed is None:
        return say(house, "unclaimed_line")
    return say(house, "claimed", ten=name(roster, case.claimed_by), luc=clocks.clock(case.claimed))


def on_hold(case: Case, house: House) -> list[str]:
    """Say that it is kept by law, why and since when."""
    if case.hold is None:
        return []
    why = say(house, f"hold_why.{case.hold_why}")
    return [say(house, "on_hold", ly_do=why, ngay=day(case.hold))]


def day(moment: datetime) -> str:
    """Say a day."""
    return clocks.local(moment).strftime("%d/%m/%Y")


def name(roster: Sequence[Officer], officer: str | None) -> str:
    """Give an officer's working name."""
    return next((o.name for o in roster if o.id == officer), "?")


def traffic(case: Case, house: House) -> list[str]:
    """Say how many messages and pictures there are, what is unread, and how the last answer fared."""
    lines = [say(house, "traffic", tin=str(case.messages), anh=str(case.pictures))]
    if case.unread and case.claimed_by is not None:
        lines.append(say(house, "unread", moi=str(case.unread)))
    if case.last_delivery:
        lines.append(say(house, f"delivery.{case.last_delivery}"))
    if case.proposed_by is not None:
        lines.append(say(house, "proposed", ly_do=say(house, f"reason.{case.proposed_reason}")))
    return lines


def press(verb: str, case: Case) -> Button:
    """Make a card's button; the case's random id proves nothing, rights are checked anew."""
    return Button(f"d.{verb}.{case.id}", Part(f"desk.{verb}"))


def buttons(case: Case) -> tuple[tuple[Button, ...], ...]:
    """Give what can be done with the case now."""
    if case.status is Status.CLOSED:
        return ((press("open", case),),)
    first = ("open",) if case.claimed_by else ("claim", "open")
    rows = [first, ("reply", "note"), ("hand", "priority", "close")]
    if case.proposed_by is not None:
        rows.append(("agree",))
    return tuple(tuple(press(verb, case) for verb in row) for row in rows)


def file_text(
    case: Case,
    house: House,
    roster: Sequence[Officer],
    entries: Iterable[Entry],
    *,
    verbatim: bool = False,
) -> str:
    """Write the whole file, for the officer who opened it: the words in order, as they may be seen.

    `verbatim`: as they were written, for whoever may demand them by law.
    """
    see = partial(words_as, house=house, shown=None if verbatim else case.shown)
    lines = [head(case, house), *warnings(case, house), *about(case, house), *on_hold(case, house)]
    lines += [
        say(house, f"fact.{key}") + f": “{see(typed(value))}”"
        for key, value in case.facts
        if typed(value) and key != "what"
    ]
    lines.append("")
    lines += [entry_line(entry, house, roster, see) for entry in entries]
    return "\n".join(lines)


def entry_line(
    entry: Entry, house: House, roster: Sequence[Officer], see: Callable[[str], str]
) -> str:
    """Write one line of the story; `see`: how the reporter's words are seen."""
    at = clocks.local(entry.at).strftime("%H:%M %d/%m")
    who = name(roster, entry.officer) if entry.officer else ""
    head_ = say(house, f"entry.{entry.kind}", ten=who)
    state = f" [{say(house, f'state.{entry.delivery}')}]" if entry.delivery else ""
    if entry.kind in {EntryKind.PICTURE, EntryKind.VOICE}:
        gone = f" ({say(house, 'file_gone')})" if entry.gone else ""
        lost = f" ({say(house, 'file_lost')})" if entry.delivery is Delivery.FAILED else ""
        return f"{at} · {head_}{gone}{lost}"
    text = plain(entry.text) if entry.officer else see(entry.text)
    if entry.kind is EntryKind.MOVE:
        text = move_text(entry.text, house)
    return f"{at} · {head_}{state}: {text}"


DISGUISES = dict.fromkeys((8206, 8207, *range(8234, 8239), *range(8294, 8298)))
"""Signs that turn the order of writing: an officer must read what was written as it was."""


def plain(words: str) -> str:
    """Give words without signs that could disguise them."""
    return words.translate(DISGUISES)


def words_as(text: str, *, house: House, shown: Collection[str] | None) -> str:
    """Give a reporter's words: masked but for what they let officers see; None: as written."""
    return plain(text) if shown is None else mask.seen(text, house, shown)


def move_text(text: str, house: House) -> str:
    """Say a recorded move: `name` or `name|value`."""
    key, _, value = text.partition("|")
    return say(house, f"move.{key}", gia_tri=value)


def hand_over(case: Case, house: House, entries: Iterable[Entry]) -> str:
    """Write the one text to read out on the phone to 113 or 111."""
    told = " / ".join(
        f"{clocks.clock(e.at)}: {mask.seen(e.text, house, case.shown)}"
        for e in entries
        if e.kind is EntryKind.WORDS
    )
    place = mask.seen(typed(case.fact("where")), house, case.shown)
    where = place or case.area or say(house, "unknown")
    age = say(house, f"age.{case.age}") if case.age else say(house, "unknown")
    now = say(house, "yes" if case.happening and not case.safe else "not_sure")
    return say(
        house,
        "hand_drill" if is_drill(case) else "hand_text",
        don_vi=house.ward.unit,
        phuong=house.ward.name,
        ma=called(case),
        loai=say(house, f"kind.{case.kind}"),
        noi=where,
        tuoi=age,
        dang=now,
        loi=told or say(house, "no_words"),
    )
