"""Finding what tells who somebody is: telephone and paper numbers, e-mail addresses, accounts.

It reads Vietnamese as people type it (dots, spaces, digits as words, no accents). It knows no ward,
no case and no text; it hides nothing itself.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32


class What(StrEnum):
    """What was found."""

    PHONE = "phone"
    PAPER = "paper"
    EMAIL = "email"
    HANDLE = "handle"


@dataclass(frozen=True, slots=True)
class Find:
    """One find in a tidied text. `key`: the same however it was written; it holds no space."""

    start: int
    end: int
    what: What
    key: str


Finder = Callable[[str, str], Iterator[Find]]
"""Finds in a tidied text and the same made plain."""
LONGEST_KEY = 64
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef]"
)
"""Signs that cannot be seen, or turn the order of writing."""


def _bare(sign: str) -> str:
    """Give a sign as it is compared: lower case, no accent, an ASCII digit. Always one sign."""
    if sign in "đĐ":
        return "d"
    if (digit := unicodedata.digit(sign, None)) is not None:
        return str(digit)
    plain = unicodedata.normalize("NFKD", sign)[:1].lower()
    return plain if len(plain) == 1 else sign


_RANGES = ((0x41, 0x5B), (0xB2, 0x250), (0x660, 0x670), (0x6F0, 0x6FA), (0x1E00, 0x1F00))
_MORE = ((0x2070, 0x208A), (0x2460, 0x24FF), (0x2776, 0x2794), (0xFF00, 0xFF5F), (0x1D7CE, 0x1D800))
_PLAIN = {code: _bare(chr(code)) for begin, end in (*_RANGES, *_MORE) for code in range(begin, end)}
_ZERO = re.compile(r"(?<=\d)o(?=\d)|(?<![a-z])o(?=\d{3})")


def tidy(text: str) -> str:
    """Give a text without signs that cannot be seen, every letter in one piece."""
    return INVISIBLE.sub("", unicodedata.normalize("NFC", text))


def plain(tidied: str) -> str:
    """Give a tidied text as it is compared, sign for sign in its place; `o98…` is a number too."""
    return _ZERO.sub("0", tidied.translate(_PLAIN))


# ---- numbers in digits

_GAP = r"(?:[ \t\u00a0]{1,3}|[ ][.\-–—·][ ]|[.\-–—_·*|;]|\.\.|[ ]?\n(?=\d{3})|[,/](?=\d{3})|[ ]?\([ ]?|[ ]?\)[ .\-]?)"
_MORE_DIGITS = rf"(?:{_GAP}?\d)"
_ABROAD = rf"(?:\(\+?84\)|\+[ ]?84|0084){_GAP}?(?:\(0\)|0)?"
_BODY = (
    rf"(?:[35789]{_MORE_DIGITS}{{8}}|2{_MORE_DIGITS}{{9}}|2{_MORE_DIGITS}{{8}}"
    rf"|[0146]{_MORE_DIGITS}{{9}}|[0146]{_MORE_DIGITS}{{8}})"
)
_MONEY = r"(?![ ]?(?:d|dong|vnd|k|tr|trieu|ty|nghin|ngan)\b)"
_BEGIN, _END = r"(?<!\d)(?<!\d[.,])", r"(?!\d)"
PHONE = re.compile(rf"{_BEGIN}(?:{_ABROAD}|\(?0){_GAP}?{_BODY}{_END}")
PHONE_RUN = re.compile(rf"{_BEGIN}0\d{{9,10}}{_END}")
PHONE_84 = re.compile(rf"{_BEGIN}84{_GAP}?[35789]{_MORE_DIGITS}{{8}}{_END}{_MONEY}")
_CALLED = r"\b(?:sdt|so dt|dt|dien thoai|zalo|zl|so may|lien he|lh|alo|phone|call|goi)"
PHONE_SHORT = re.compile(rf"{_CALLED}[^\d\n]{{0,12}}([35789]{_MORE_DIGITS}{{8}}){_END}{_MONEY}")
"""Without its zero, where the words before it say what it is."""
_PAPER = (
    r"\b(?:cccd|can cuoc|cmnd|cmtnd|cmt|chung minh(?: thu| nhan dan)?|dinh danh|ho chieu|passport"
    r"|id card|identity card)\b[^\d\n]{0,24}?"
)
PAPER_CALLED = re.compile(
    rf"{_PAPER}((?:\d{_MORE_DIGITS}{{11}}|\d{_MORE_DIGITS}{{8}}){_END}|\b[a-z]\d{{7}}{_END})"
)
PAPER = re.compile(
    rf"{_BEGIN}(?:0\d{{11}}(?!\d)|0\d\d(?:[ .\-]\d{{3}}){{3}}(?!\d|[ .\-]\d{{3}}(?!\d))"
    r"|0\d{3}(?:[ .\-]\d{4}){2}(?!\d|[ .\-]\d{4}(?!\d)))"
)
"""Twelve digits together, or grouped as on the card."""
DATED = re.compile(r"\d{1,2}[.\-]\d{1,2}[.\-](?:19|20)\d\d")
COUNTED = re.compile(r"\b(?:diem|tuyen|xe|bus|buyt|mon|toan|lop)\b[^\n]{0,40}$")
"""What stands before marks and bus lines: these are small numbers in a row."""
SMALL = re.compile(r"\d{1,2}(?:[ \t,;–—-]{1,3}\d{1,2})*")
DECIMALS = re.compile(r"(?<!\d)\d{1,2}[.,]\d{1,2}(?!\d)[ \t]")


def _is_counted(text: str, start: int, end: int) -> bool:
    """Tell whether what looks like a number is a date, or small numbers one after the other."""
    inside = text[start:end]
    if DATED.match(inside) or len(DECIMALS.findall(inside)) > 1:
        return True
    return bool(SMALL.fullmatch(inside) and COUNTED.search(text[max(0, start - 60) : start]))


# ---- numbers in words

_WORDS = {
    **dict.fromkeys(("khong", "ko", "k", "hk", "zero", "oh"), "0"),
    **dict.fromkeys(("mot", "one"), "1"),
    **dict.fromkeys(("hai", "two"), "2"),
    **dict.fromkeys(("ba", "three"), "3"),
    **dict.fromkeys(("bon", "tu", "four"), "4"),
    **dict.fromkeys(("nam", "lam", "five"), "5"),
    **dict.fromkeys(("sau", "six"), "6"),
    **dict.fromkeys(("bay", "seven"), "7"),
    **dict.fromkeys(("tam", "eight"), "8"),
    **dict.fromkeys(("chin", "nine"), "9"),
}
_TOKEN = rf"(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))}|\d{{1,4}})"
SPOKEN = re.compile(rf"(?<![a-z0-9]){_TOKEN}(?:[ ,.\-\t]{{1,3}}{_TOKEN}){{4,}}(?![a-z0-9])")
TOKEN = re.compile(r"[a-z]+|\d+")
FEWEST, MOST = 10, 11
_SAID = re.compile(r"84[35789]\d{8}|0[35789]\d{8}|0[012468]\d{8,9}")
_PAPER_SAID = re.compile(_PAPER + "$")


def _spoken(_: str, text: str) -> Iterator[Find]:
    """Find numbers of which at least a part is said in words."""
    for run in SPOKEN.finditer(text):
        tokens = list(TOKEN.finditer(text, run.start(), run.end()))
        if all(token[0].isdigit() for token in tokens):
            continue
        said = [_WORDS.get(token[0], token[0]) for token in tokens]
        paper = _PAPER_SAID.search(text[max(0, run.start() - 60) : run.start()])
        if paper is not None and sum(map(len, said)) in {9, 12}:
            yield Find(run.start(), run.end(), What.PAPER, f"paper:{''.join(said)}")
            continue
        yield from _called_out(tokens, said)


def _called_out(tokens: list[re.Match[str]], said: list[str]) -> Iterator[Find]:
    """Find telephone numbers in a row of digits and words; what stands around them is not theirs."""
    first = 0
    while first < len(tokens):
        left = len(tokens) - first
        sizes = (n for n in range(MOST, 4, -1) if n <= left)
        last = next((n for n in sizes if _is_said(said[first : first + n])), 0)
        if last:
            begin, end = tokens[first].start(), tokens[first + last - 1].end()
            yield Find(begin, end, What.PHONE, _phone_key("".join(said[first : first + last])))
        first += last or 1


def _is_said(said: list[str]) -> bool:
    return _SAID.fullmatch("".join(said)) is not None


# ---- addresses and accounts

_MAILS = r"(?:gmail|gmai|yahoo|hotmail|outlook|icloud|live|protonmail|proton)"
EMAIL = re.compile(
    r"(?<![\w.+\-])[\w.+\-]{1,64}@[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{2,24}){1,4}"
    r"|(?<![\w.+\-])[\w.+\-]{2,64}[ ]?(?:@|\(at\)|\[at\]|\ba cong\b|\ba moc\b)[ ]?"
    rf"{_MAILS}\b(?:[ ]?(?:\.|\bcham\b|\bdot\b)[ ]?(?:com|vn|me)\b){{0,2}}"
)
_HOSTS = (
    r"t\.me|telegram\.(?:me|dog)|zalo\.me|facebook\.com|fb\.(?:com|me|gg|watch)|m\.me|messenger\.com"
    r"|instagram\.com|instagr\.am|ig\.me|tiktok\.com|youtube\.com/@|discord\.(?:gg|com)|twitter\.com"
    r"|x\.com|threads\.(?:net|com)|snapchat\.com|locket\.cam|wa\.me|line\.me|vk\.com|roblox\.com"
)
LINK = re.compile(
    rf"(?<![\w.@\-])(?:https?://)?(?:(?:www|m|mobile|web|chat|vt|vm|l|vi-vn)\.)*(?:{_HOSTS})"
    r"(?:(?<=@)|/)[^\s<>\"“”]+"
    r"|(?<![a-z])(?:tg|zalo|viber|fb|fb-messenger|whatsapp|skype|line|weixin)://[^\s<>\"“”]+"
)
AT = re.compile(r"(?<![\w@.])@[a-z_][\w.]{2,31}")
_NETS = (
    r"fb|face|facebook|phay|zalo|zl|ig|insta|instagram|tiktok|tik tok|tele|telegram|messenger|mess"
    r"|discord|snap|snapchat|locket|roblox|nick|nickname|username|acc|account|tai khoan"
)
_WHOSE = (
    r"em|minh|to|tao|toi|con|chau|no|cua no|ban ay|nguoi do|ong ay|ba ay|chu ay|anh ay|chi ay|may"
    r"|thang do|thang ay|con do|ho"
)
CALLED = re.compile(
    rf"(?<!\w)(?:{_NETS})(?![a-z])(?:[ ](?:nick|acc|game)\b)?(?:[ ](?:cua[ ])?(?:{_WHOSE})\b)?"
    r"(?P<how>[ ]?[:=]|[ ](?:ten la|ten|nick la|nick|la)(?![\w])|)[ ]?(?=\S)"
)
NAME = re.compile(r"@?\w[\w.\-]*")
LOOKS = re.compile(r"[a-z].*(?:[\d_@]|\.\w)|(?:[\d_@]|\w\.).*[a-z]")
LOOKS_ALONE = re.compile(r"^@?[a-z]{3,}[a-z.]*[\d_]|^[a-z]+[._][a-z]+")
"""What only an account looks like; `500k` and `10a2` do not."""
ENDS = re.compile(r"[ ]*(?:$|[\n,;!?.()\"”])")
_SURNAMES = (
    "nguyễn nguyen trần tran lê phạm pham hoàng hoang huỳnh huynh phan vũ võ đặng bùi bui đỗ hồ ngô"
    " dương duong lý đinh đoàn trịnh trinh"
)
SURNAMES = frozenset(_SURNAMES.split())
_NOT_NAMES = (
    "và va nhắn nhan bảo bao dọa doa thì mà ma nhé nhe ạ a đó do ne nè rồi roi cho gửi gui xong với"
    " voi hay ở nha là la nhưng nhung vì vi nên nen đang dang hỏi hoi kêu keu cứ cu"
)
NOT_NAMES = frozenset(_NOT_NAMES.split())
MOST_NAMES = 5


def _accounts(tidied: str, text: str) -> Iterator[Find]:
    """Find accounts that are called by their network: `fb: Nguyễn Văn A`, `zalo là be_ngoan99`."""
    for called in CALLED.finditer(text):
        end = _name_ends(tidied, text, called.end(), called["how"].strip())
        if end:
            yield Find(called.end(), end, What.HANDLE, _key(What.HANDLE, text[called.end() : end]))


def _name_ends(tidied: str, text: str, start: int, how: str) -> int:
    """Tell where the name that begins here ends; 0 when it is no name but something told.

    `how`: what stands between the network and the name; with nothing there it must look like one.
    """
    first = NAME.match(text, start)
    if first is None:
        return 0
    word = first[0].rstrip(".-")
    end = start + len(word)
    if (LOOKS if how else LOOKS_ALONE).search(word):
        return end
    surname = tidied[start:end].lower() in SURNAMES
    names = list(_names(tidied, text, start, capital=not surname))
    if len(names) > 1:
        return names[-1]
    alone = ENDS.match(text, end) is not None and len(word) > 2 and word not in NOT_NAMES
    said = tidied[start].isupper() if how not in {":", "="} else not word.isdigit()
    return end if how and alone and said else 0


def _names(tidied: str, text: str, start: int, *, capital: bool) -> Iterator[int]:
    """Give the ends of the words that may belong to a name, one after the other."""
    at = start
    for _ in range(MOST_NAMES):
        word = NAME.match(text, at)
        if word is None:
            return
        end, great = at + len(word[0].rstrip(".-")), tidied[at].isupper()
        if not great and (capital or tidied[at:end].lower() in NOT_NAMES):
            return
        yield end
        if text[end : end + 1] != " ":
            return
        at = end + 1


# ---- keys


def _key(what: What, value: str) -> str:
    """Give the key of a find, of bounded length."""
    value = "".join(value.split())
    if len(value) > LONGEST_KEY:
        value = f"{value[: LONGEST_KEY - 9]}~{crc32(value.encode()):08x}"
    return f"{what}:{value}"


def _phone_key(value: str) -> str:
    digits = re.sub(r"\D", "", value)
    if digits.startswith("0084"):
        digits = digits[2:]
    if digits.startswith("84") and len(digits) > MOST - 1:
        digits = "0" + digits[2:].lstrip("0")
    return f"phone:{digits}"


def phone_key(value: str) -> str:
    """Give the key of a telephone number as somebody wrote it; without its zero it gets one."""
    key = _phone_key(value)
    digits = key.removeprefix("phone:")
    return key if digits.startswith("0") or len(digits) != FEWEST - 1 else f"phone:0{digits}"


def _email_key(value: str) -> str:
    value = re.sub(r"\(at\)|\[at\]|\ba cong\b|\ba moc\b", "@", value)
    return _key(What.EMAIL, re.sub(r"\b(?:cham|dot)\b", ".", value))


def _link_key(value: str) -> str:
    return _key(What.HANDLE, re.sub(r"^https?://(?:www\.|m\.)?", "", value).rstrip("/"))


# ---- all together


def find(tidied: str) -> tuple[Find, ...]:
    """Find everything private in a tidied text, in order, none inside another."""
    text, found = plain(tidied), list[Find]()
    fresh = _look(tidied, text, found)
    while fresh != text:
        text, fresh = fresh, _look(tidied, fresh, found)
    return tuple(sorted(found, key=lambda one: one.start))


def _look(tidied: str, text: str, found: list[Find]) -> str:
    """Look for everything once; gives the text without what was found, so that nothing else begins
    inside it, ends in it or was hidden by it."""
    for finder in FINDERS:
        fresh = list(finder(tidied, text))
        if fresh:
            signs = list(text)
            for one in fresh:
                signs[one.start : one.end] = TAKEN * (one.end - one.start)
            text = "".join(signs)
            found += fresh
    return text


def _links(_: str, text: str) -> Iterator[Find]:
    for match in LINK.finditer(text):
        link = match[0].rstrip(".,;:!?)]’'")
        yield Find(match.start(), match.start() + len(link), What.HANDLE, _link_key(link))


def _emails(_: str, text: str) -> Iterator[Find]:
    for match in EMAIL.finditer(text):
        yield Find(match.start(), match.end(), What.EMAIL, _email_key(match[0]))


def _papers_called(_: str, text: str) -> Iterator[Find]:
    for match in PAPER_CALLED.finditer(text):
        key = re.sub(r"[^a-z\d]", "", match[1])
        yield Find(match.start(1), match.end(1), What.PAPER, f"paper:{key}")


def _papers(_: str, text: str) -> Iterator[Find]:
    for match in PAPER.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        yield Find(match.start(), match.end(), What.PAPER, f"paper:{digits}")


def _phones(pattern: re.Pattern[str]) -> Finder:
    def phones(_: str, text: str) -> Iterator[Find]:
        for match in pattern.finditer(text):
            place = match.lastindex or 0
            start, end = match.span(place)
            if not _is_counted(text, start, end):
                yield Find(start, end, What.PHONE, phone_key(match[place]))

    return phones


def _mentions(_: str, text: str) -> Iterator[Find]:
    for match in AT.finditer(text):
        name = match[0].rstrip(".")
        yield Find(match.start(), match.start() + len(name), What.HANDLE, _key(What.HANDLE, name))


FINDERS: tuple[Finder, ...] = (
    _links,
    _emails,
    _papers_called,
    _papers,
    *map(_phones, (PHONE, PHONE_RUN, PHONE_84, PHONE_SHORT)),
    _spoken,
    _mentions,
    _accounts,
)
"""What is looked for, the surest first."""
TAKEN = "\x00"
