"""Making words safe to look at: what must not be shown is left out, numbers can be dialled.

Only what is displayed changes; what a person wrote is kept as it came.
"""

import re
import unicodedata

from markupsafe import Markup, escape

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Control and format characters (bidi overrides, zero widths, tags), surrogates, no characters."""
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Characters that count as letters or marks and show nothing."""
LINE = {"\u2028": "\n", "\u2029": "\n", "\x0b": "\n", "\x0c": "\n", "\r": "\n"}

KEPT = "➤ "
"""Begins a line that must be remembered or copied out: it stands out, and nothing in it dials."""
HOUSES = ("tổ", "ngõ", "ngách", "hẻm", "nhà", "lớp", "phòng", "phố", "đường")
"""What is numbered by such a word is a place, not a telephone."""

PLACE = "".join(f"(?<!{word} )" for one in HOUSES for word in (one, one.capitalize()))
APART = PLACE + r"(?<![\w/#%+-])(?<![\d][ .,:-])"
ENDED = r"(?![\w/%])(?![ .,-]?\d)"
EMERGENCY = re.compile(APART + r"11[1-5]" + ENDED)
NUMBER = re.compile(
    APART
    + r"(?:11[1-5]"
    + r"|0[35789]\d(?:[ .]?\d){7}"  # mobile: ten digits, the first group has at least three
    + r"|02\d(?:[ .]?\d){8}"  # landline: eleven digits
    + r"|1[89]00(?:[ .]?\d){4,6})"
    + ENDED
)


def visible(text: str) -> str:
    """Leave out what could disguise words: controls, bidi overrides, invisible characters."""
    return "".join(
        LINE.get(mark, mark)
        for mark in text.replace("\r\n", "\n")
        if mark in "\n\t" or mark in LINE or _seen(mark)
    )


def _seen(mark: str) -> bool:
    return mark not in BLANK and unicodedata.category(mark) not in HIDDEN


def dialled(text: str) -> Markup:
    """Give displayable HTML in which telephone numbers are links that dial."""
    return _marked(text, NUMBER)


def emergency(text: str) -> Markup:
    """Give displayable HTML in which only the emergency numbers dial: no reporter's own number."""
    return _marked(text, EMERGENCY)


def _marked(text: str, number: re.Pattern[str]) -> Markup:
    html: list[str] = []
    ended = True
    for line in visible(text).split("\n"):
        kept = line.startswith(KEPT)
        if not (ended or kept):
            html.append("\n")
        if kept:
            html.append(f'<strong class="keep">{escape(line)}</strong>')
        else:
            html += _linked(line, number)
        ended = kept  # a line that stands out is a block: it brings its own line breaks
    return Markup("".join(html))  # noqa: S704  (every piece is escaped)


def _linked(line: str, number: re.Pattern[str]) -> list[str]:
    html: list[str] = []
    at = 0
    for found in number.finditer(line):
        digits = "".join(filter(str.isdigit, found[0]))
        html += (escape(line[at : found.start()]), f'<a href="tel:{digits}">{escape(found[0])}</a>')
        at = found.end()
    return [*html, escape(line[at:])]
