"""From what was typed to a row of plain words: repairs spelling, teen code, hidden letters,
emoji; decides once per message whether accents can be trusted. Knows no danger and no rule.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from handlers.reading.english import is_english
from handlers.reading.syllable import bare, is_syllable, place_tone, rescue, split_letters

HEAD, TAIL = 500, 200  # characters read; the middle of a very long text is not
_STRICT_FROM = 0.25  # share of accented words from which a bare word is a word of its own

_INVISIBLE = dict.fromkeys(
    [
        *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x3164, 0xFEFF, 0xFFA0),
        *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
        *(*range(0xFE00, 0xFE10), *range(0xE0000, 0xE01F0)),
    ]
)
_HARD = ".!?;\u2026\u3002"
_PIECE = re.compile(r"[^\W_]+|[.!?;…。]+|[^\w\s]|[_\n\r]")
_HIDDEN = re.compile(r"(?<![^\W\d_])[^\W\d_]{1,4}(?:[.*_·\-+][^\W\d_]{1,4}){1,7}(?![^\W\d_])")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])['’](?=[^\W\d_])")
_SPELLED = re.compile(r"(?<!\w)[^\W\d_](?: [^\W\d_]){2,40}(?!\w)")
_REPEAT = re.compile(r"([^\W\d_])\1{2,}")
_LEET = str.maketrans("03485@", "oeabsa")
_LEETED = re.compile(r"(?<!\w)[^\W\d_]+[0345@][^\W\d_]*(?!\w)")

# enough of these and the words are English: no teen code ("a" is not anh), no Telex ("hits")
_ENGLISH_WORDS = (
    "i my you he she his her him they we us the a an and to of in is are was am me it this that "
    "not no want with on at for have has do please help what who how can when be dont"
)
_ENGLISH = frozenset(_ENGLISH_WORDS.split())


@dataclass(frozen=True, slots=True)
class Words:
    """A message as words. `hard` and `soft` are bit sets: bit i = a sentence / clause break
    stands before word i. `strict`: accents are used, so an unaccented word means itself.
    `english`: the whole message is English."""

    words: tuple[str, ...]
    hard: int
    soft: int
    strict: bool
    english: bool = False


def fold(text: str) -> str:
    """Lower case, no accents, đ→d, single spaces, no punctuation at the ends: for comparing
    return words, menu labels, commands."""
    return " ".join(bare(unicodedata.normalize("NFKC", text.translate(_INVISIBLE))).split()).strip(
        " .,!?;:…"
    )


def _unhide(match: re.Match[str]) -> str:
    """One word cut up ("t.ự" → "tự"), or words run together ("sợ.em", "tự-tử" → two words)."""
    pieces = re.split(r"[.*_·\-+]", match[0])
    if all(map(is_syllable, pieces)):
        return " ".join(pieces)
    joined = "".join(pieces)
    if is_syllable(joined) or (max(map(len, pieces)) == 1 and len(pieces) == 2):
        return joined
    return " ".join(split_letters(joined) if max(map(len, pieces)) <= 2 else ()) or match[0]


def _unspell(match: re.Match[str]) -> str:
    """ "c h ế t" is "chết"; "t k b j" stays teen code, for it holds no syllable."""
    return " ".join(split_letters(match[0].replace(" ", ""))) or match[0]


def _unleet(match: re.Match[str]) -> str:
    plain = match[0].translate(_LEET)
    return plain if is_syllable(plain) else match[0]


def _calm(word: str) -> str:
    """ "cứuuuu" → "cứu", "quáaaa" → "quá"."""
    word = _REPEAT.sub(r"\1", word)
    if word.isascii() or len(word) < 3 or bare(word[-1]) != bare(word[-2]) or is_syllable(word):
        return word
    return word[:-1]


class Normaliser:
    """Turns raw text into `Words` with the ward's teen-code and emoji tables."""

    def __init__(self, teencode: Mapping[str, str], emoji: Mapping[str, str]) -> None:
        self._teen = {k.lower(): tuple(v.split()) for k, v in teencode.items()}
        self._starred = {k: v for k, v in self._teen.items() if not k.isalnum()}
        self._emoji = {ord(k): f" . {v} . " for k, v in emoji.items() if len(k) == 1}

    def __call__(self, text: str) -> Words:
        """Read `text` of any length; time is linear in it, and nearly all of it in the first
        700 characters."""
        text = _cut(text.translate(_INVISIBLE)).translate(self._emoji)
        text = unicodedata.normalize("NFKC", text).lower()
        text = "".join(c for c in text if not unicodedata.combining(c))
        text = _APOSTROPHE.sub("", text)
        text = _HIDDEN.sub(self._uncover, text)
        text = _SPELLED.sub(_unspell, text)
        text = _LEETED.sub(_unleet, text)
        return self._words(_PIECE.findall(text))

    def _uncover(self, match: re.Match[str]) -> str:
        known = self._starred.get(match[0])
        return " ".join(known) if known else _unhide(match)

    def _words(self, pieces: list[str]) -> Words:
        raw = [_calm(p) for p in pieces if p[0].isalnum()]
        strict = _is_strict(raw)
        english = is_english(raw)
        foreign = english or (not strict and len(_ENGLISH.intersection(raw)) * 3 >= len(set(raw)))
        keys = {} if strict or foreign else rescue(raw)
        teen: Mapping[str, tuple[str, ...]] = {} if foreign else self._teen
        words: list[str] = []
        hard = soft = 0
        for piece in pieces:
            if not piece[0].isalnum():
                hard |= (piece[0] in _HARD) << len(words)
                soft |= 1 << len(words)
                continue
            word = _calm(piece)
            words += teen.get(word) or (keys.get(word) or place_tone(word),)
        return Words(tuple(words), hard, soft | hard, strict, english)


def _cut(text: str) -> str:
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]} . {text[-TAIL:]}"


def _is_strict(words: list[str]) -> bool:
    letters = [w for w in words if w.isalpha()]
    accented = sum(not w.isascii() for w in letters)
    return accented >= _STRICT_FROM * len(letters) and accented > 0
