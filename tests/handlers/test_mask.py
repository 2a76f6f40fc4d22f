"""What officers see: nothing private that was not allowed, and no link that lives."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import card, mask
from handlers.effects import EntryKind
from handlers.private import What, find, tidy
from handlers.view import Entry, House
from handlers.ward import Partner, Phone
from tests.handlers.office import CASE, NOW, ROSTER, house
from tests.handlers.test_private import free, rows

PRIVATE = [text for text, _, _ in rows()]
GAPS = [" ", "\n", ", ", ". ", " và ", "", ": ", "0", "@", "."]
LINES = st.lists(
    st.tuples(st.sampled_from([*PRIVATE, *free()]) | st.text(max_size=12), st.sampled_from(GAPS)),
    min_size=1,
    max_size=6,
).map(lambda parts: "".join(part for pair in parts for part in pair))
LIVE = re.compile(r"https?://|(?<!\[)@\w|\w\.(?:com|vn|me|net|gg)\b", re.IGNORECASE)


BARE = re.compile(
    r"(?<![\d.,])0[35789]\d{8}(?!\d)|(?<![\d.,])0[35789]\d\d([. -])\d{3}\1\d{3}(?!\d)"
    r"|[\w.]+@\w+\.\w+|(?:t|zalo|m)\.me/\w|facebook\.com/\w|tg://user"
)
"""The plainest of all, looked for without the product's own eyes."""


def shows(words: str, shown: tuple[str, ...] = ()) -> list[str]:
    """Everything in which an officer may meet these words: the card, the file, what is read out."""
    there = replace(CASE, shown=shown, facts=(("where", f"={words}"), ("lives_with", f"={words}")))
    story = [Entry(f"e{kind}", NOW, kind, words) for kind in (EntryKind.WORDS, EntryKind.EDIT)]
    open_ = replace(house(), group_shows_words=True)
    at_a_glance = card.card(there, open_, ROSTER, (words,))
    return [
        at_a_glance.text,
        at_a_glance.spoiler,
        card.file_text(there, open_, ROSTER, story),
        card.hand_over(there, open_, story),
    ]


def without(words: str) -> str:
    """The words with everything that was found struck out, sign for sign."""
    signs = list(tidy(words))
    for one in mask.private(words):
        signs[one.start : one.end] = "\x00" * (one.end - one.start)
    return "".join(signs)


@settings(deadline=None, max_examples=150)
@given(LINES)
def test_nothing_private_survives_in_anything_an_officer_sees(words: str) -> None:
    assert find(without(words)) == ()
    secret = {tidy(words)[one.start : one.end] for one in mask.private(words)}
    for shown in shows(words):
        assert not LIVE.search(shown), shown
        assert not BARE.search(shown), shown
        assert not [one for one in secret if one in shown and one not in without(words)], shown


@pytest.mark.parametrize("words", PRIVATE)
def test_what_may_be_seen_is_seen_and_nothing_else_is(words: str) -> None:
    keys = [one.key for one in find(tidy(words))]
    for allowed in keys:
        seen = mask.seen(words, house(), (allowed,))
        hidden = [one for one in find(tidy(words)) if one.key != allowed]
        assert seen.count("[đã che") == len(hidden)
    assert "[đã che" not in mask.seen(words, house(), keys)


def test_a_number_may_be_seen_however_it_is_written_the_next_time() -> None:
    seen = mask.seen("gọi 0912.345.678 hoặc +84 987 654 321", house(), ("phone:0912345678",))
    assert seen == "gọi 0912.345.678 hoặc [đã che số điện thoại]"


def test_what_was_typed_around_it_stays_as_it_was() -> None:
    words = "Mẹ em   sđt 0912345678, EM sợ!!\n  😢"
    assert mask.seen(words, house(), ()) == "Mẹ em   sđt [đã che số điện thoại], EM sợ!!\n  😢"


def ward_with_phones() -> House:
    ward = replace(
        house().ward,
        office=Phone("024 3861 0001", "02438610001"),
        police=Phone("(0243) 861 0002", "02438610002"),
        partners=(
            Partner("Hội", "gặp", Phone("0904 111 222", "0904111222")),
            Partner("B", "c", None),
        ),
    )
    return replace(house(), ward=ward)


@pytest.mark.parametrize(
    "number",
    ["024 3861 0001", "0243.861.0002", "+84 24 3861 0001", "0904111222", "111", "18001567"],
)
def test_the_wards_own_numbers_and_the_hotlines_are_nobodys_secret(number: str) -> None:
    words = f"em gọi {number} mà không ai nghe"
    assert mask.seen(words, ward_with_phones(), ()) == words


def test_every_hotline_the_product_tells_people_stays_readable() -> None:
    for line in house().hotlines:
        assert mask.seen(f"em gọi {line.number} rồi", house(), ()) == f"em gọi {line.number} rồi"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://vnexpress.net/tin", "hxxps://vnexpress[.]net/tin"),
        ("HTTP://10.0.0.1/a.b", "HxxP://10[.]0[.]0[.]1/a.b"),
        ("trang vnexpress.net nhé", "trang vnexpress[.]net nhé"),
        ("ftp://x.y", "ftp[:]//x[.]y"),
        ("bit.ly/abc.def", "bit[.]ly/abc.def"),
        ("đau.em sợ", "đau.em sợ"),
        ("3.5 điểm. Hết", "3.5 điểm. Hết"),
    ],
)
def test_links_are_shown_without_life(written: str, shown: str) -> None:
    assert mask.seen(written, house(), ()) == shown


def test_an_account_that_may_be_seen_can_be_read_but_not_tapped() -> None:
    words = "@be_ngoan, t.me/be_ngoan, be@gmail.com"
    keys = tuple(one.key for one in mask.private(words))
    assert mask.seen(words, house(), keys) == "[@]be_ngoan, t[.]me/be_ngoan, be[@]gmail[.]com"


def test_what_officers_write_themselves_is_not_masked() -> None:
    entry = Entry("e", NOW, EntryKind.NOTE, "gọi 0912345678", officer="lead")
    assert "0912345678" in card.file_text(CASE, house(), ROSTER, [entry])


def test_who_may_demand_it_by_law_reads_every_word() -> None:
    entry = Entry("e", NOW, EntryKind.WORDS, "số nó 0912345678, t.me/no")
    text = card.file_text(CASE, house(), ROSTER, [entry], verbatim=True)
    assert "số nó 0912345678, t.me/no" in text


def test_every_kind_has_its_name_in_both_languages() -> None:
    for language in ("vi", "en"):
        names = {mask.called(house(), (what,), language) for what in What}
        assert len(names) == len(What)
    assert mask.called(house(), (What.PHONE, What.HANDLE, What.PHONE), "vi").count("số") == 1
