"""How Vietnamese syllables are spelled: is this one, where does its tone sit, what did Telex
or VNI keys without the input method mean by it? Knows spelling only, no words and no danger.
"""

import re
import unicodedata
from collections.abc import Sequence

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_ONSETS = (
    "ngh", "ng", "nh", "gh", "gi", "kh", "ph", "qu", "th", "tr", "ch",
    "b", "c", "d", "đ", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "x", "",
)  # fmt: skip
_SPELT = """
    a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ê êch êm ên ênh êp êt êu i ich im in inh ip it iu ia
    iêc iêm iên iêng iêp iêt iêu o oc oi om on ong op ot oong oa oac oach oai oam oan oang oanh
    oao oat oay oăc oăm oăn oăng oăt oe oen oeo oet ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
    u uc ui um un ung up ut ua uôc uôi uôm uôn uông uôt uân uâng uât uây uê uêch uênh uơ
    uy uya uych uynh uyt uyu uyên uyêt ư ưc ưi ưm ưn ưng ưt ưu ưa ươc ươi ươm ươn ương ươp ươt ươu
    y yêm yên yêng yêt yêu
"""
_RIMES = frozenset(_SPELT.split())


def bare(word: str) -> str:
    """The word in lower case without tones, hats and hooks; đ becomes d."""
    if word.isascii():
        return word.lower()
    kept = (c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
    return "".join(kept).replace("đ", "d")


_BARE_RIMES = frozenset(bare(r) for r in _RIMES)


def is_syllable(word: str) -> bool:
    """True when `word` (lower case) could be one Vietnamese syllable, accented or not."""
    plain = _split_tone(word)[0]
    rimes = _BARE_RIMES if plain.isascii() or plain.replace("đ", "d").isascii() else _RIMES
    return any(plain.startswith(o) and plain[len(o) :] in rimes for o in _ONSETS) or (
        plain in ("gi", "gin", "gip", "git", "gic")
    )


def _split_tone(word: str) -> tuple[str, str]:
    tone, letters = "", []
    for c in unicodedata.normalize("NFD", word):
        if c in _TONES:
            tone = tone or c
        else:
            letters.append(c)
    return unicodedata.normalize("NFC", "".join(letters)), tone


_MOVABLE = re.compile("[oòóỏõọ][aàáảãạeèéẻẽẹ]|[uùúủũụ][yỳýỷỹỵ]")
_GLIDE = re.compile(r"(?P<qu>q?)(?P<first>[ou])(?P<second>[aey])(?P<tail>[a-z]*)$")


def place_tone(word: str) -> str:
    """One spelling for both habits of placing the tone: hoà and hòa, thuỷ and thủy, tóan and toán."""
    if not _MOVABLE.search(word):
        return word
    plain, tone = _split_tone(word)
    found = _GLIDE.search(plain)
    if not tone or not found:
        return word
    on_second = found["tail"] or found["qu"]
    at = found.start("second") if on_second else found.start("first")
    return unicodedata.normalize("NFC", plain[: at + 1] + tone + plain[at + 1 :])


def split_letters(letters: str) -> list[str]:
    """Syllables hidden in letters typed one by one ("tựtử" → tự, tử); [] when there are none.

    Linear: at most seven letters make a syllable; one-letter syllables are not believed.
    """
    best: list[list[str] | None] = [[]] + [None] * len(letters)
    for end in range(2, len(letters) + 1):
        for size in range(min(7, end), 1, -1):
            before = best[end - size]
            if before is not None and is_syllable(letters[end - size : end]):
                best[end] = [*before, letters[end - size : end]]
                break
    return best[-1] or []


_TELEX = (("dd", "đ"), ("uow", "ươ"), ("aa", "â"), ("ee", "ê"), ("oo", "ô"), ("aw", "ă"), ("ow", "ơ"),
          ("uw", "ư"))  # fmt: skip
_TELEX_TONE = re.compile(r"(?<=.)[sfrxj](?=[cghmnpt]{0,2}$)")
_VNI = re.compile(r"[a-z]+\d[a-z0-9]*$")


def _telex(word: str) -> str:
    """What the Telex keys meant, without accents, or "" when they make no syllable."""
    if not word.isascii() or not word.isalpha() or len(word) > 9:
        return ""
    decoded = word
    for keys, letter in _TELEX:
        decoded = decoded.replace(keys, letter)
    decoded = _TELEX_TONE.sub("", decoded, count=1)
    return bare(decoded) if decoded != word and is_syllable(decoded) else ""


def _vni(word: str) -> str:
    if len(word) > 10 or not _VNI.match(word):
        return ""
    decoded = re.sub(r"[1-9]", "", word)
    return decoded if len(decoded) > 1 and is_syllable(decoded) else ""


def rescue(words: Sequence[str]) -> dict[str, str]:
    """Unaccented readings of words typed in Telex or VNI with the input method off.

    Empty unless at least two words decode: one alone is more likely English or a nickname. The
    reading has no accents on purpose: such text is full of half-finished marks.
    """
    telex = {w: d for w in words if (d := _telex(w))}
    vni = {w: d for w in words if (d := _vni(w))}
    found = max(telex, vni, key=len)
    return found if len(found) >= 2 else {}
