"""The rule language, the checks on rule files, and the normaliser, each on small data of its own."""

import copy

import pytest

from handlers.reading import BadRuleError, Level, Reader, fold
from handlers.reading.guards import LISTS
from handlers.reading.normalise import Normaliser, Words
from handlers.reading.rules import Found, Lexicon
from handlers.reading.syllable import is_syllable, place_tone, rescue, split_letters

RULE = {
    "id": "fell", "author": "test", "date": "2026-11-24", "level": "red", "danger": "physical_now",
    "first": "115", "sure": True, "patterns": ["ngã ..2 sông"],
    "must_match": ["ngã sông", "ngã xuống sông"], "must_not_match": ["sông ngã", "ngã"],
}  # fmt: skip
WISH = {
    "id": "wish", "author": "test", "date": "2026-11-24", "intent": "help", "patterns": ["nhờ"],
    "must_match": ["nhờ", "nhờ nhé"], "must_not_match": ["nhở", "nhơ"],
}  # fmt: skip


def book(**changes: object) -> dict[str, object]:
    data: dict[str, object] = {
        "guards": {"lists": {name: ["qqq"] for name in LISTS}},
        "rules_x": {"rule": [copy.deepcopy(RULE)], "intent": [copy.deepcopy(WISH)]},
    }
    data.update(changes)
    return data


def one_rule(**changes: object) -> dict[str, object]:
    return book(rules_x={"rule": [{**RULE, **changes}]})


def without(key: str) -> dict[str, object]:
    return book(rules_x={"rule": [{k: v for k, v in RULE.items() if k != key}]})


# --- a bad rule file is refused, and the refusal names the rule


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (one_rule(colour="red"), "rule fell: unknown key colour"),
        (one_rule(id="Fell!"), "needs an id"),
        (without("author"), "rule fell: needs an author"),
        (one_rule(date="yesterday"), "rule fell: needs an author and a date"),
        (one_rule(must_match=["ngã sông"]), "rule fell: must_match: must be a list of at least 2"),
        (without("must_not_match"), "rule fell: must_not_match"),
        (one_rule(level="none"), "rule fell: level must be one of"),
        (one_rule(danger="boredom"), "rule fell: danger must be one of"),
        (one_rule(first="911"), "rule fell: first must be one of"),
        (one_rule(sure="yes"), "rule fell: sure must be"),
        (one_rule(level="amber"), "rule fell: sure must be"),
        (one_rule(ignore=["sense"]), "rule fell: ignore knows only"),
        (one_rule(after=["nobody"]), "rule fell: after names no rule"),
        (one_rule(patterns=[]), "rule fell: patterns"),
        (one_rule(patterns=[""]), "rule fell: patterns"),
        (one_rule(patterns=[" "]), "rule fell: pattern ' '"),
        (one_rule(patterns=["ngã ..9 sông"]), "rule fell: pattern 'ngã ..9 sông': '..9': a gap is"),
        (one_rule(patterns=["ngã ..x sông"]), "a gap is 1 to 6 words"),
        (one_rule(patterns=[".. sông"]), "begins and ends with an element"),
        (one_rule(patterns=["sông .."]), "begins and ends with an element"),
        (one_rule(patterns=["ngã (.*)+ sông"]), "'(.*)+' is not an element"),
        (one_rule(patterns=["NOBODY ngã"]), "no list is called NOBODY"),
        (one_rule(patterns=["ngã_a_b_c_d_e_f_g_h"]), "must be 1 to 8 words in lower case"),
        (one_rule(patterns=["Ngã"]), "must be 1 to 8 words in lower case"),
        (book(rules_y={"rule": [RULE]}), "rule fell: this id is there twice"),
        (book(rules_y={"rules": []}), "rules_y: unknown table rules"),
        (book(rules_y={"rule": {}}), "rules_y: write"),
        (book(rules_y={"rule": ["x"]}), "rules_y.rule: must be a table"),
        (book(rules_y=[]), "rules_y: must be a table"),
        (book(rules_y={"mask": [{"patterns": ["$"]}]}), "rules_y: mask (no id): pattern '$'"),
        (book(rules_y={"lists": {"EGO": ["a"]}}), "rules_y: list EGO is there twice"),
        (book(rules_y={"lists": {"A": ["@A"]}}), "lists: list A"),
        (book(rules_y={"lists": {"A": ["@B"]}}), "lists: list B"),
        (book(rules_y={"lists": {"a": ["b"]}}), "lists: list a"),
        (book(rules_y={"lists": {"A": "b"}}), "rules_y: list A: must be a list"),
        (book(rules_y={"words": {"k": 1}}), "rules_y: words 'k'"),
        (book(rules_y={"words": {"k": "a"}}, z={"words": {"k": "b"}}), "z: words 'k'"),
        (book(guards={}), "guards: list NEG is missing"),
        (book(rules_y={"intent": [{**WISH, "id": "w2", "intent": "gold"}]}), "intent must be one"),
    ],
)  # fmt: skip
def test_a_bad_rule_file_is_refused_by_name(data: dict[str, object], words: str) -> None:
    with pytest.raises(BadRuleError) as refused:
        Reader(data)
    assert words in str(refused.value)


def test_a_sound_book_reads() -> None:
    reader = Reader(book())
    assert reader.read("bé ngã xuống sông").level is Level.RED
    assert reader.read("be nga xuong song").rules == ("fell",)
    assert reader.read("nhờ").intent == "help"
    assert reader.read("sông ngã").level is Level.NONE


def test_a_rule_that_waits_for_another_needs_it_in_the_same_message() -> None:
    later = {**RULE, "id": "later", "after": ["fell"], "patterns": ["sợ"]}
    reader = Reader(book(rules_y={"rule": [later]}))
    assert reader.read("sợ").rules == ()
    assert reader.read("ngã sông, sợ").rules == ("fell", "later")


def test_a_wish_that_must_be_whole_is_not_read_in_a_longer_message() -> None:
    whole = {**WISH, "id": "whole", "intent": "stop", "patterns": ["thôi"], "whole": True}
    reader = Reader(book(rules_y={"intent": [whole], "lists": {"PAD": ["cô", "ơi"]}}))
    assert reader.read("thôi cô ơi").intent == "stop"
    assert reader.read("thôi rồi").intent is None


def test_somebody_else_in_danger_needs_a_phrase_that_no_comma_cuts() -> None:
    lists = {"EGO_VI": ["em"], "EGO_EN": ["me"]}
    others = {
        "lists": lists,
        "other": [{"patterns": ["mẹ em"]}],
        "witness": [{"patterns": ["em thấy"]}],
    }
    reader = Reader(book(others=others))
    assert reader.read("mẹ em ngã sông").other
    assert reader.read("em thấy mẹ em ngã sông").other
    assert not reader.read("mẹ, em ngã sông").other
    assert not reader.read("ngã sông").other


def test_the_graver_rule_is_the_one_told() -> None:
    milder = {
        **RULE,
        "id": "milder",
        "level": "amber",
        "sure": False,
        "danger": "violence",
        "first": "111",
    }
    reader = Reader(book(rules_y={"rule": [milder]}))
    got = reader.read("ngã sông")
    assert (got.level, got.danger, got.first) == (Level.RED, "physical_now", "115")
    assert got.rules == ("fell", "milder")


# --- patterns


def find(pattern: str, text: str, **lists: list[str]) -> list[tuple[int, int]]:
    lexicon = Lexicon(lists)
    compiled = lexicon.pattern(pattern)
    found = lexicon.find(Normaliser({}, {})(text))
    return [(m.start, m.end) for parts in compiled for part in parts for m in found.matches(part)]


def test_elements_gaps_and_anchors_mean_what_the_manual_says() -> None:
    assert find("bố đánh", "bố đánh con") == [(0, 2)]
    assert find("bố đánh", "bố hay đánh con") == []
    assert find("bố ..1 đánh", "bố hay đánh con") == [(0, 3)]
    assert find("bố ..1 đánh", "bố rất hay đánh con") == []
    assert find("bố .. đánh", "bố thì rất hay đánh con") == [(0, 5)]
    assert find("mẹ|bố đánh_đập", "bố đánh đập") == [(0, 3)]
    assert find("ADULT đánh", "mẹ kế đánh", ADULT=["mẹ", "mẹ kế", "@OTHER"], OTHER=["dì"]) == [
        (0, 3)
    ]
    assert find("^ đánh", "bố đánh, đánh nữa") == [(2, 3)]
    assert find("đánh $", "bố đánh, đánh nữa") == [(1, 2)]
    assert find("đánh ..1 $", "đánh, đánh nữa") == [(0, 1), (1, 2)]
    assert find("đánh con|$", "đánh con, đánh") == [(0, 2), (2, 3)]


def test_a_gap_takes_the_nearest_words() -> None:
    lexicon = Lexicon({})
    (part,) = lexicon.pattern("bố ..6 đánh ..6 con")[0]
    found = lexicon.find(Normaliser({}, {})("bố à bố hay đánh nó với con"))
    matches = [(m.start, m.end, bin(m.inside)) for m in found.matches(part)]
    assert matches == [(0, 8, "0b1101110"), (2, 8, "0b1101000")]


def test_a_pattern_does_not_cross_the_end_of_a_sentence() -> None:
    assert find("bố ..6 đánh", "em có bố. nó đánh") == []
    assert find("bố ..6 đánh", "em có bố, nó đánh") == [(2, 5)]
    assert find("đánh_con", "đánh, con") == []


def test_accented_text_is_taken_at_its_word_and_bare_text_is_not() -> None:
    assert find("bán", "mẹ bán cá ở chợ") == [(1, 2)]
    assert find("bán", "bạn ấy ở đây mà") == []
    assert find("bán", "me ban ca o cho") == [(1, 2)]
    assert find("bán", "đến nhà ban chơi") == []
    assert find("tối", "em gap ban toi o truong hoc moi, tới đi") == [(3, 4)]


def test_phrases_may_ask_for_accents_or_for_none() -> None:
    assert find("!cô", "co giao day em hoc toan") == []
    assert find("!cô", "cô giáo dạy em") == [(0, 1)]
    assert find("!anh", "anh day em hoc toan") == [(0, 1)]
    assert find("~co", "co giao day em hoc toan") == [(0, 1)]
    assert find("~co", "cô giáo dạy em") == []


def test_a_list_that_says_a_phrase_twice_finds_it_once() -> None:
    lexicon = Lexicon({"A": ["con", "con"], "B": ["con"]})
    found = lexicon.find(Normaliser({}, {})("con"))
    assert found.places(("A", "B", "C")) == ((1, 1),)
    assert isinstance(found.without(1), Found)
    assert found.without(1).places(("A",)) == ()
    assert found.without(2).places(("A",)) == ((1, 1),)


# --- the normaliser


def words(text: str, **teen: str) -> list[str]:
    return list(Normaliser(teen, {"🔪": "dao", "👨‍👩‍👧": "x"})(text).words)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("EM MUỐN", "em muốn"),
        ("mu\u200bốn\ufe0f", "muốn"),
        ("muo\u0302\u0301n", "muốn"),
        ("e\u0336m", "em"),
        ("𝐜𝐡𝐞𝐭", "chet"),
        ("t.ự t-ử", "tự tử"),
        ("c.h.ế.t", "chết"),
        ("t.ự.t.ử", "tự tử"),
        ("k.o", "ko"),
        ("sợ.em", "sợ em"),
        ("xkz.wfq", "xkz wfq"),
        ("c h ế t", "chết"),
        ("m u ố n c h ế t", "muốn chết"),
        ("t k b j", "t k b j"),
        ("cứuuuu", "cứu"),
        ("quáaaa", "quá"),
        ("chếttt", "chết"),
        ("chếtt", "chết"),
        ("ch0 t0i", "cho toi"),
        ("covid19", "covid19"),
        ("a1b", "a1b"),
        ("b3q", "b3q"),
        ("hoà thuỷ", "hòa thủy"),
        ("tóan hòan", "toán hoàn"),
        ("qúy", "quý"),
        ("🔪", "dao"),
        ("đi😭chơi", "đi chơi"),
        ("don't", "dont"),
        ("toi bij boos ddasnh", "toi bi bo danh"),
        ("em bi5 nho1t", "em bi nhot"),
        ("he hits me as i is", "he hits me as i is"),
        ("boos oi", "boos oi"),
    ],
)
def test_spelling_is_repaired(typed: str, read: str) -> None:
    assert " ".join(words(typed)) == read


def test_teen_code_becomes_words() -> None:
    assert words("e k bit", e="em", k="không", bit="biết") == ["em", "không", "biết"]
    assert words("ch*t", **{"ch*t": "chết"}) == ["chết"]
    assert words("bgio đi", bgio="bây giờ") == ["bây", "giờ", "đi"]


def test_english_is_not_taken_for_teen_code() -> None:
    assert words("he has a knife", a="anh") == ["he", "has", "a", "knife"]


def test_breaks_are_kept() -> None:
    got = Normaliser({}, {})("một hai. ba, bốn\nnăm")
    assert got.words == ("một", "hai", "ba", "bốn", "năm")
    assert got.hard == 0b100
    assert got.soft == 0b11100
    assert got.strict


def test_accents_decide_once_for_the_whole_message() -> None:
    assert Normaliser({}, {})("bố đánh con").strict
    assert not Normaliser({}, {})("bo danh con dau lắm luon a").strict
    assert Normaliser({}, {})("123") == Words(("123",), 0, 0, False)


def test_only_the_ends_of_a_long_text_are_read() -> None:
    got = words("a1 " * 1000 + "cuoi")
    assert len(got) < 260
    assert got[-1] == "cuoi"


def test_folding_makes_things_comparable() -> None:
    assert fold("  Đừng   LO\u200b, nhé!  ") == "dung lo, nhe"
    assert fold("Mẹ vào.") == "me vao"
    assert fold("") == ""


def test_syllables_are_told_from_other_words() -> None:
    assert all(
        map(
            is_syllable,
            ["nghiêng", "quyết", "đánh", "danh", "gì", "ăn", "uống", "yêu", "khuya", "oanh", "gin"],
        )
    )
    assert not any(map(is_syllable, ["strong", "bgio", "xkz", "qk", "chêet", "tựtử"]))


def test_the_small_tools_of_spelling() -> None:
    assert split_letters("muốnchết") == ["muốn", "chết"]
    assert split_letters("tkbj") == []
    assert place_tone("xoa") == "xoa"
    assert place_tone("hoà") == "hòa"
    assert place_tone("kết quả") == "kết quả"
    assert place_tone("òay2") == "òay2"
    assert rescue(["muoons", "cheets"]) == {"muoons": "muon", "cheets": "chet"}
    assert rescue(["hello1234567890", "xin"]) == {}
    assert rescue(["abcdefghijss"]) == {}
