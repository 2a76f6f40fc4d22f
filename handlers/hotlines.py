"""The numbers people may call: read from content data, put in the order a reader needs.

It never dials and knows no ward: the ward's own telephones are in `handlers.ward`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from handlers.bilingual import Bilingual
from handlers.sheet import Sheet

CHILD, ADULT, ALL = "child", "adult", "all"
# Nobody dials more than eleven digits inside the country, and nothing but digits fits a tel: link.
LONGEST_TEL = 11


@dataclass(frozen=True, slots=True)
class Hotline:
    """One number. `number` is shown, `tel` is dialled; `emergency` is its place on the card.

    `source` and `checked` say where the number comes from and when a person last checked it;
    what is not `verified` is kept in the file but never shown.
    """

    code: str
    number: str
    tel: str
    name: Bilingual
    for_child: Bilingual
    for_adult: Bilingual
    hours: Bilingual
    free: bool
    source: str
    checked: date
    verified: bool
    show_to: str
    order: int
    emergency: int | None

    def purpose(self, voice: str) -> Bilingual:
        """Which number for what, in one sentence, for a child or for an adult."""
        return self.for_child if voice == CHILD else self.for_adult


def load_hotlines(data: Mapping[str, object]) -> tuple[Hotline, ...]:
    """Read the parsed hotlines file: all rows, also the unverified ones, in the file's order.

    ValueError names each bad entry, one a line. A file that leaves the emergency card empty is
    refused too, because that card is shown before anything else.
    """
    problems: list[str] = []
    sheet = Sheet(data, "", problems)
    hotlines = tuple(_hotline(row) for row in sheet.tables("hotline"))
    sheet.finish()
    _note_twins(hotlines, problems)
    if not for_emergency(hotlines):
        problems.append("hotlines: thẻ khẩn cấp trống / the emergency card is empty")
    if problems:
        raise ValueError("\n".join(problems))
    return hotlines


def for_voice(hotlines: tuple[Hotline, ...], voice: str) -> tuple[Hotline, ...]:
    """The calm page behind /111: 111 first, then the rest by `order`; only verified numbers.

    A child sees the few that a child may need; an adult sees all. ValueError on another voice.
    """
    if voice not in (CHILD, ADULT):
        raise ValueError(f"voice is neither child nor adult: {voice!r}")
    audience = {ALL} if voice == CHILD else {ALL, ADULT}
    shown = (line for line in hotlines if line.verified and line.show_to in audience)
    return tuple(sorted(shown, key=lambda line: line.order))


def for_emergency(hotlines: tuple[Hotline, ...]) -> tuple[Hotline, ...]:
    """The emergency card, the same for child and adult: 113 · 115 · 111."""
    ranked = [(line.emergency, line) for line in hotlines if line.emergency is not None]
    return tuple(line for _, line in sorted(ranked, key=lambda pair: pair[0]))


def _hotline(row: Sheet) -> Hotline:
    code = row.text("code")
    if code:
        row.rename(f"hotline {code}: ")
    line = Hotline(
        code=code,
        number=row.text("number"),
        tel=row.text("tel"),
        name=row.pair("name"),
        for_child=row.pair("for_child"),
        for_adult=row.pair("for_adult"),
        hours=row.pair("hours"),
        free=row.flag("free"),
        source=row.text("source", longest=200),
        checked=row.day("checked"),
        verified=row.flag("verified"),
        show_to=row.text("show_to"),
        order=row.whole("order", 1, 999),
        emergency=row.whole("emergency", 1, 9) if row.has("emergency") else None,
    )
    _check_together(line, row)
    return line


def _check_together(line: Hotline, row: Sheet) -> None:
    if not (line.tel.isascii() and line.tel.isdigit() and 3 <= len(line.tel) <= LONGEST_TEL):
        row.trouble("tel", "chỉ gồm 3 đến 11 chữ số", "must be 3 to 11 digits, nothing else")
    if line.tel != "".join(filter(str.isdigit, line.number)):
        row.trouble("tel", "khác số hiện ra (number)", "not the digits of the number shown")
    if line.show_to not in (ALL, ADULT):
        row.trouble("show_to", "cần là all hoặc adult", "must be all or adult")
    if line.emergency is not None and not (line.verified and line.show_to == ALL):
        row.trouble(
            "emergency",
            "số trên thẻ khẩn cấp phải đã kiểm tra và hiện cho mọi người",
            "an emergency number must be verified and shown to all",
        )


def _note_twins(hotlines: tuple[Hotline, ...], problems: list[str]) -> None:
    for key in ("code", "order", "emergency"):
        seen = set()
        for line in hotlines:
            value = getattr(line, key)
            if value is not None and value in seen:
                problems.append(f"hotline {line.code}: {key}: bị trùng / stands twice in the file")
            seen.add(value)
