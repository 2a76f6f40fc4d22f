"""What a person takes away from a report: the public code, the return words, the sixteen digits.

Pure: the random bits are handed in. It must not know which case a code or a secret belongs to.
"""

import re
import unicodedata
from collections.abc import Iterable

from handlers.reading import fold

CODE_BITS = 35
SECRET_BITS = 50

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
_VALUES = {sign: value for value, sign in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_CODE_SIGNS = 8
_APART = re.compile(r"[\s\-\u2010-\u2015\u2212._#]+")

_HOW_MANY = 1024
_BITS_A_WORD = 10
_WORDS = 5
_LONGEST = 15  # words in a sentence that may end in return words; longer is a story
_PARTICLES = frozenset({"a", "nhe", "nha", "nhi"})  # polite endings; none is in the list

_CHECK = 7  # 7 * 2**50 < 10**16: the largest prime that fits sixteen digits
_DIGITS = 16
_SIXTEEN = re.compile(r"(?<!\d)\d(?:[\s\-\u2010-\u2015\u2212.,]*\d){15}(?!\d)", re.ASCII)


def _check(values: Iterable[int]) -> int:
    """The check value: a weighted sum over GF(32), so every single wrong sign and every swap of
    two signs is noticed (a plain sum would miss the swaps)."""
    total = 0
    for value in values:
        total = _double(total ^ value)
    return total


def _double(value: int) -> int:
    """Times x in GF(32), modulo x⁵+x²+1."""
    return (value << 1) ^ (0b100101 if value & 16 else 0)


def _within(bits: int, size: int) -> None:
    if not 0 <= bits < 1 << size:
        raise ValueError(f"needs {size} bits")


def public_code(bits: int) -> str:
    """Give the eight signs of a case's public code (7 from `bits`, 1 check), without the dash.

    Raises ValueError unless 0 <= bits < 2**35.
    """
    _within(bits, CODE_BITS)
    values = [bits >> shift & 31 for shift in range(CODE_BITS - 5, -1, -5)]
    return "".join(_ALPHABET[value] for value in (*values, _check(values)))


def format_code(code: str) -> str:
    """Give a public code as people see it: `K7M4-PQ2X`."""
    return f"{code[:4]}-{code[4:]}"


def read_code(text: str) -> str | None:
    """Give the public code someone typed, as `public_code` gives it; None when it is not one.

    Lower case, O for 0, I or L for 1, spaces, dashes and dots anywhere are read; a wrong check
    sign is not.
    """
    signs = _APART.sub("", unicodedata.normalize("NFKC", text)).upper()
    if len(signs) != _CODE_SIGNS or not all(sign in _VALUES for sign in signs):
        return None
    values = [_VALUES[sign] for sign in signs]
    if _check(values[:-1]) != values[-1]:
        return None
    return "".join(_ALPHABET[value] for value in values)


def digits(bits: int) -> str:
    """Give the 50-bit secret as sixteen digits in four groups, for adults.

    The number shown is `7 * bits`, so what is not divisible by seven was mistyped: any single
    wrong digit or swap of neighbours is noticed unless the two digits differ by exactly seven.
    (Sixteen digits hold too little beside 50 bits for a check that notices all.)
    Raises ValueError unless 0 <= bits < 2**50.
    """
    _within(bits, SECRET_BITS)
    shown = f"{bits * _CHECK:0{_DIGITS}d}"
    return " ".join(shown[start : start + 4] for start in range(0, _DIGITS, 4))


def read_digits(text: str) -> int | None:
    """Give the 50-bit secret named by sixteen digits in `text`; None when there is none.

    Spaces, dashes, dots and commas between the digits and words around them do not matter.
    """
    found = _SIXTEEN.search(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    bits, rest = divmod(int("".join(filter(str.isdigit, found[0]))), _CHECK)
    return None if rest or bits >> SECRET_BITS else bits


class Words:
    """The list of return words: 1,024 everyday syllables, unique without accents.

    A word's place in the list is ten bits of the secret, so the list must never change once
    words were given out. `text`: one word a line. Raises ValueError when it is not such a list.
    """

    __slots__ = ("_known", "_listed")

    def __init__(self, text: str) -> None:
        """Read the list, in Unicode NFC whatever the file had."""
        self._listed = tuple(unicodedata.normalize("NFC", text).split())
        self._known = {fold(word): place for place, word in enumerate(self._listed)}
        if len(self._listed) != _HOW_MANY or len(self._known) != _HOW_MANY:
            raise ValueError("needs 1,024 words that differ without accents")
        if not _PARTICLES.isdisjoint(self._known):
            raise ValueError("a polite ending cannot be a return word")

    def spell(self, bits: int) -> str:
        """Give the five words that stand for `bits` (0 <= bits < 2**50, else ValueError)."""
        _within(bits, SECRET_BITS)
        places = (
            bits >> shift & _HOW_MANY - 1
            for shift in range(SECRET_BITS - _BITS_A_WORD, -1, -_BITS_A_WORD)
        )
        return " ".join(self._listed[place] for place in places)

    def read(self, text: str) -> tuple[str, ...] | None:
        """Give the five words someone typed, with their accents; None when there are not five.

        Accents, case, commas, numbering and a polite ending do not matter. In a short sentence
        ("mã của mình là …") the last five words count. A story may end in five such words by
        chance: a reading that finds no case is to be treated as ordinary words.
        """
        tokens = self._tokens(text)
        if len(tokens) > _LONGEST:
            return None
        last = tokens[-_WORDS:]
        if len(last) < _WORDS or not all(token in self._known for token in last):
            return None
        return tuple(self._listed[self._known[token]] for token in last)

    def missing(self, text: str) -> tuple[int, ...]:
        """Give the places (0 to 4) of unknown words when exactly five were typed, else ()."""
        tokens = self._tokens(text)
        if len(tokens) != _WORDS:
            return ()
        return tuple(place for place, token in enumerate(tokens) if token not in self._known)

    def canonical(self, words: Iterable[str]) -> str:
        """Give the words as one string that is the same however they were typed."""
        return " ".join(fold(word) for word in words)

    def number(self, words: Iterable[str]) -> int:
        """Give the bits that `spell` made these words from. Raises KeyError for an unknown one."""
        bits = 0
        for word in words:
            bits = bits << _BITS_A_WORD | self._known[fold(word)]
        return bits

    def _tokens(self, text: str) -> list[str]:
        """The folded words; numbering ("1. cá 2. áo") and polite endings left out."""
        tokens = [token for token in re.findall(r"[^\W_]+", fold(text)) if not token.isdigit()]
        while tokens and tokens[-1] in _PARTICLES:
            tokens.pop()
        return tokens


def read_return(text: str, words: Words) -> int | None:
    """Give the 50-bit secret named in either form, words or digits; None when neither is there."""
    number = read_digits(text)
    if number is not None:
        return number
    read = words.read(text)
    return None if read is None else words.number(read)
