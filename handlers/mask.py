"""What officers see of a reporter's words: numbers and accounts masked, links without life.

The words themselves stay as they were written; a mask is put on at every drawing, and taken off
what the reporter wants officers to see. It knows no case and no storage.
"""

import re
from collections.abc import Collection, Iterable
from zlib import crc32

from handlers.private import Find, What, find, phone_key, tidy
from handlers.view import House

_TOP = (
    "com net org info biz xyz top club shop online site store app dev link live icu vip fun space pro"
    " website tech cloud page blog games game asia name mobi edu gov"
    # Every country's, for the platforms make a link of "nó.la" as well.
    " ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt"
    " bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er"
    " es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht"
    " hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr"
    " ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng"
    " ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd"
    " se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw"
    " tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw"
)
_LABEL = r"[\w\-]{1,63}"
_HOST = re.compile(rf"(?<![\w.\-])(?:{_LABEL}\.)+{_LABEL}(?![\w\-])")
_ENDS = frozenset(_TOP.split())
_WEB = re.compile(r"(h)tt(ps?)://", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.\-]{0,30})://(?=\S)", re.IGNORECASE)
_AFTER_SCHEME = re.compile(r"(?<=://)[^\s/]+")
_AT = re.compile(r"@(?=\w)")


def private(text: str, public: Collection[str] = ()) -> tuple[Find, ...]:
    """Find what would be masked in a text; the numbers in `public` are everybody's."""
    return tuple(one for one in find(tidy(text)) if one.key not in public)


def public(house: House) -> frozenset[str]:
    """Give the numbers that are nobody's secret: hotlines, and the ward's and its partners' own."""
    ward = house.ward
    owned = (ward.office, ward.police, ward.health_station, *(p.phone for p in ward.partners))
    numbers = [phone.tel for phone in owned if phone is not None]
    return frozenset(phone_key(tel) for tel in (*numbers, *(h.tel for h in house.hotlines)))


def seen(text: str, house: House, kept: Collection[str], language: str = "vi") -> str:
    """Give a reporter's words as officers see them; `kept`: keys that may be seen."""
    words, shown, at = tidy(text), list[str](), 0
    open_ = public(house)
    for one in find(words):
        if one.key in kept or one.key in open_:
            continue
        shown += [defanged(words[at : one.start]), hidden(house, one.what, language)]
        at = one.end
    return "".join((*shown, defanged(words[at:])))


def hidden(house: House, what: What, language: str) -> str:
    """Give what stands in the place of something masked."""
    return house.texts.say("mask.hidden", language, "", {"gi": called(house, (what,), language)})


def called(house: House, kinds: Iterable[What], language: str) -> str:
    """Call what was found by its name, each kind once."""
    once = dict.fromkeys(kinds)
    return ", ".join(house.texts.say(f"mask.{what}", language, "") for what in once)


def _dotless(host: str) -> str:
    """Give a run of words with dots between; where one could end a host's name, its dots are dead."""
    linked = any(label.lower() in _ENDS for label in host.split(".")[1:])
    return host.replace(".", "[.]") if linked else host


def defanged(text: str) -> str:
    """Take the life out of links, addresses and mentions: no platform makes them tappable again."""
    text = _WEB.sub(r"\1xx\2://", text)
    text = _AFTER_SCHEME.sub(lambda host: host[0].replace(".", "[.]"), text)
    text = _HOST.sub(lambda host: _dotless(host[0]), text)
    text = _SCHEME.sub(
        lambda scheme: scheme[0] if scheme[1].lower()[:2] == "hx" else f"{scheme[1]}[:]//", text
    )
    return _AT.sub("[@]", text)


def mark(group: str) -> str:
    """Give a short mark of what was asked about, so that a button means just that."""
    return f"{crc32(group.encode()):08x}"
