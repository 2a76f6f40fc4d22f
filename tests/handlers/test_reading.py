"""What the reader makes of sentences: every example in the rule files, the project's sets with
their floors, idioms, guards, and text made to hurt."""

import json
import time
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from handlers.reading import Level, Reader, Reading, fold

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "handlers" / "reading" / "data"
SHIPPED = {p.stem: tomllib.loads(p.read_text(encoding="utf-8")) for p in DATA.glob("*.toml")}
READER = Reader(SHIPPED)
RULES = [
    rule for doc in SHIPPED.values() for kind in ("rule", "intent") for rule in doc.get(kind, [])
]
ALARM = (Level.RED, Level.AMBER)


def read(text: str) -> Reading:
    return READER.read(text)


def lines(name: str) -> list[dict]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


# --- the examples that stand beside each rule


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r["id"])
def test_a_rule_matches_its_examples_and_not_its_counterexamples(rule: dict) -> None:
    missed = [line for line in rule["must_match"] if rule["id"] not in read(line).rules]
    wrong = [line for line in rule["must_not_match"] if rule["id"] in read(line).rules]
    assert (missed, wrong) == ([], [])


@pytest.mark.parametrize("rule", [r for r in RULES if "level" in r], ids=lambda r: r["id"])
def test_an_example_is_read_at_least_as_gravely_as_its_rule_says(rule: dict) -> None:
    order = [Level.NONE, Level.CHECKIN, Level.AMBER, Level.RED]
    for line in rule["must_match"]:
        assert order.index(read(line).level) >= order.index(Level(rule["level"])), line


# --- floors: what was reached when this was written; a change may raise them, never lower them


def measure(rows: list[dict], change=str) -> Counter[str]:
    count: Counter[str] = Counter()
    for row in rows:
        got = read(change(row["text"]))
        if row["level"] == "none":
            count["ordinary"] += 1
            count["ordinary alarms"] += got.level in ALARM
            count["ordinary any"] += got.level is not Level.NONE
            continue
        key = f"{row['tier']} {row['level']}"
        count[key] += 1
        count[f"{key} exact"] += got.level == row["level"]
        count[f"{row['tier']} any"] += got.level is not Level.NONE
        count["danger"] += got.danger in row.get("ok_danger", [row["danger"]])
        count["number"] += got.first in row.get("first_number", [got.first])
    return count


def test_the_development_set_stays_where_it_is() -> None:
    got = measure(lines("dev_utterances.jsonl"))
    assert got["core red exact"] == got["core red"] == 29
    assert got["core amber exact"] == got["core amber"] == 17
    assert got["hard any"] == 7
    assert got["danger"] == got["number"] == 53
    assert got["ordinary"] == 72
    assert got["ordinary any"] == 0


def test_the_development_set_without_accents_stays_where_it_is() -> None:
    got = measure(lines("dev_utterances.jsonl"), fold)
    assert got["core red exact"] >= 28
    assert got["core any"] >= 45
    assert got["ordinary any"] <= 0


def test_our_own_sentences_stay_where_they_are() -> None:
    got = measure(lines("own_utterances.jsonl"))
    assert got["core red exact"] >= 287
    assert got["core amber exact"] >= 87
    assert got["hard any"] >= 63
    assert got["ordinary"] == 611
    assert got["ordinary alarms"] <= 2
    assert got["ordinary any"] <= 4


def test_our_own_sentences_without_accents_stay_where_they_are() -> None:
    got = measure(lines("own_utterances.jsonl"), fold)
    assert got["core red exact"] >= 281
    assert got["ordinary any"] <= 5


MEANT = {
    "thanks": "cảm ơn|thank you|cam on co|em cảm ơn ạ|dạ con cám ơn chú|tks ad",
    "who": "bạn là robot à|ai đấy|có ai không|chị ơi có ai hok|may la ai|who are you|are you a bot",
    "hotline": "số điện thoại phường|cho xin số công an|cho xin so cong an|xin sđt phường",
    "status": "bao giờ trả lời|bao gio tra loi|có ai đọc chưa|chừng nào có người rep con",
    "smalltalk": "test|haha|đmm|em đùa thôi|em giỡn thôi ạ",
    "parents": "đừng nói với bố em|dung noi voi me e|cô đừng mách ba má con nha|don't tell my mom",
    "stop": "thôi|thoi|đừng gửi|dung gui|huỷ|huy|không gửi nữa|em không muốn kể nữa|dừng lại",
    "forget": "quên tôi|quen toi|quên mình đi|quen em di|forget me|hãy quên con đi ạ|xin quên tôi giúp",
    "erase": "xoá đi|xoa di|xóa hết đi|xoa tin nhan cua con di|delete my messages",
}


@pytest.mark.parametrize("intent", MEANT)
def test_short_wishes_are_understood(intent: str) -> None:
    wrong = [text for text in MEANT[intent].split("|") if read(text).intent != intent]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "bo", "bo e", "bo uong ruou", "bo me e", "bo duong", "bo hut thuoc", "bo di roi", "bo oi",
        "khoi day nha", "dung roi", "thôi, bố về rồi", "thôi mẹ em đánh em", "bo em quen het roi",
    ],
)  # fmt: skip
def test_a_father_without_accents_stops_and_erases_nothing(text: str) -> None:
    assert read(text).intent not in {"stop", "erase"}


def test_a_child_who_asks_us_to_keep_quiet_is_not_taken_for_one_who_is_groomed() -> None:
    assert read("đừng nói với bố mẹ em nha").level is Level.NONE
    assert read("anh quen trên mạng dặn đừng nói với bố mẹ").level is Level.RED


def test_commands_of_the_development_set_are_understood() -> None:
    wishes = {"report", "officer", "tips", "hotline", "status", "stop", "erase", "hide"}
    wishes |= {"language", "help"}
    rows = [
        row
        for row in lines("dev_utterances.jsonl")
        if row["level"] == "none" and row["intent"] in wishes
    ]
    wrong = [row["text"] for row in rows if read(row["text"]).intent not in row["ok_intent"]]
    assert wrong == []


# --- the emergency words and the idioms the ward gave us


@pytest.mark.parametrize(
    ("text", "danger"),
    [
        ("em muốn chết", "self_harm"),
        ("em không muốn sống", "self_harm"),
        ("con chán sống", "self_harm"),
        ("em muốn tự tử", "self_harm"),
        ("em định tự sát", "self_harm"),
        ("em rạch tay", "self_harm"),
        ("em muốn nhảy lầu", "self_harm"),
        ("em sẽ nhảy cầu", "self_harm"),
        ("em uống thuốc ngủ", "self_harm"),
        ("em uống thuốc sâu", "self_harm"),
        ("em uống thuốc chuột", "self_harm"),
        ("em muốn kết thúc tất cả", "self_harm"),
        ("em muốn biến mất mãi", "self_harm"),
        ("em không còn lý do sống", "self_harm"),
        ("cứu mình", "physical_now"),
        ("cứu em", "physical_now"),
        ("cứu con", "physical_now"),
        ("em đang bị đánh", "physical_now"),
        ("bố đòi đánh chết em", "physical_now"),
        ("ông ấy bóp cổ em", "physical_now"),
        ("bố cầm dao", "physical_now"),
        ("nó dọa giết em", "physical_now"),
        ("mẹ nhốt em", "physical_now"),
        ("chú khóa cửa không cho ra", "physical_now"),
        ("em bị trói", "physical_now"),
        ("bạn em chảy máu nhiều, máu chảy nhiều quá", "physical_now"),
        ("bạn em ngất rồi", "physical_now"),
        ("em bị bắt đi", "missing"),
        ("em bị bắt cóc", "missing"),
        ("em con mất tích", "missing"),
        ("có bạn đuối nước", "physical_now"),
        ("nhà em cháy rồi", "physical_now"),
        ("chú ấy sờ mó em", "sexual"),
        ("ông đó chạm chỗ kín của em", "sexual"),
        ("thầy chạm vào ngực em", "sexual"),
        ("chú sờ vùng kín em", "sexual"),
        ("em bị hiếp", "sexual"),
        ("em bị cưỡng bức", "sexual"),
        ("anh ấy ép quan hệ", "sexual"),
        ("chú bắt em cởi đồ", "sexual"),
        ("chú bắt em cởi quần", "sexual"),
        ("chú bắt xem phim bậy", "sexual"),
        ("họ chụp ảnh không mặc đồ của em", "sexual"),
        ("ông ấy đòi ngủ với em", "sexual"),
        ("anh ấy làm chuyện người lớn với em", "sexual"),
        ("nó tung ảnh em", "sexual"),
        ("nó dọa đăng ảnh em", "sexual"),
        ("anh đó đòi em gửi ảnh nóng", "sexual"),
        ("có người hẹn gặp riêng em", "sexual"),
        ("người lạ rủ em call khỏa thân", "sexual"),
    ],
)
def test_an_emergency_word_is_red_with_and_without_accents(text: str, danger: str) -> None:
    for typed in (text, text.upper(), fold(text)):
        assert (read(typed).level, read(typed).danger) == (Level.RED, danger), typed


@pytest.mark.parametrize(
    "text", ["tung ảnh", "đòi tiền", "có người đòi tiền em", "nhốt", "trói", "hiếp"]
)
def test_a_lone_grave_word_is_asked_about(text: str) -> None:
    assert read(text).level is Level.CHECKIN
    assert read(fold(text)).level is Level.CHECKIN


@pytest.mark.parametrize(
    "text",
    [
        "buồn cười chết", "mệt muốn chết", "đói muốn chết", "chết cười", "chết rồi quên",
        "ngon chết đi được", "đẹp chết người", "giết thời gian", "cháy máy", "cứu bồ", "sờ máy",
    ],
)  # fmt: skip
def test_an_idiom_is_no_danger(text: str) -> None:
    for typed in (text, fold(text), f"em {text} luôn"):
        assert read(typed).level is Level.NONE, typed


@pytest.mark.parametrize(
    "text", ["cứu", "cuu", "SOS", "🆘", "113", "Cứu!!!", "c.ứ.u", "cứuuuu", "c ứ u với"]
)
def test_a_bare_cry_is_red(text: str) -> None:
    got = read(text)
    assert (got.level, got.first, got.sure) == (Level.RED, "113", True)


def test_help_alone_is_a_wish_not_an_alarm() -> None:
    assert (read("giúp").level, read("giúp").intent) == (Level.NONE, "help")
    assert (read("help").level, read("help").intent) == (Level.NONE, "help")


# --- guards


@pytest.mark.parametrize(
    "text",
    [
        "em không bị đánh", "bố không hề đánh em", "em không có ý định tự tử", "mẹ có đánh con đâu",
        "con không bị ai sờ mó cả", "em hết muốn chết rồi", "không phải bố đánh em",
        "em khong muon chet", "chưa ai nhốt em bao giờ", "nobody hit me",
    ],
)  # fmt: skip
def test_what_is_denied_is_no_danger(text: str) -> None:
    assert read(text).level is Level.NONE


@pytest.mark.parametrize(
    "text",
    [
        "em không muốn sống", "em không biết sao bố đánh em hoài", "con không ngủ được vì bố đánh con",
        "em không muốn bị đánh nữa", "không. bố đánh em", "không ai cứu em",
    ],
)  # fmt: skip
def test_a_no_that_is_part_of_the_danger_denies_nothing(text: str) -> None:
    assert read(text).level in ALARM


@pytest.mark.parametrize(
    "text",
    [
        "trong phim ông bố đánh con dã man", "nhân vật chính muốn chết", "phim có đoạn bị bắt cóc",
        "nằm mơ thấy bị người lạ bắt đi", "bài văn tả cảnh đuối nước", "xem trận đấu thấy bị đánh dữ",
    ],
)  # fmt: skip
def test_films_dreams_and_lessons_are_no_danger(text: str) -> None:
    assert read(text).level is Level.NONE


def test_a_guard_never_silences_the_writer() -> None:
    assert read("xem phim xong em cũng muốn chết").level is Level.RED
    assert read("em chơi game bị bố đánh").level is Level.AMBER


def test_what_if_is_silent_and_what_if_about_oneself_is_asked_about() -> None:
    assert read("nếu thấy trẻ bị nhốt thì gọi số nào").level is Level.NONE
    assert read("cách phòng tránh xâm hại tình dục").level is Level.NONE
    assert read("nếu em tự tử thì sao").level is Level.CHECKIN


def test_animals_and_things_are_no_victims_but_the_child_beside_them_is() -> None:
    assert read("con chó nhà em bị ngộ độc").level is Level.NONE
    assert read("điện thoại em rơi xuống hồ").level is Level.NONE
    assert read("bố đánh con mèo").level is Level.NONE
    assert read("bố đập điện thoại rồi đánh em").level is Level.AMBER


def test_accents_are_believed_where_they_are_used() -> None:
    assert read("em muốn tư vấn").level is Level.NONE
    assert read("em muốn tự vẫn").level is Level.RED
    assert read("làm từ từ thôi").level is Level.NONE
    assert read("mẹ bán cá cho bạn gái em").level is Level.NONE


# --- the other answers


def test_only_a_clear_present_danger_is_sure() -> None:
    assert read("em muốn chết").sure
    assert read("bố đang đánh mẹ con").sure
    assert not read("em từng muốn chết hồi nhỏ").sure
    assert not read("cho hỏi bị hiếp thì gọi số nào").sure
    assert not read("bố hay đánh em").sure
    assert not read("nếu em tự tử thì sao").sure


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("nhà em đang cháy", "114"), ("bạn em ngất rồi", "115"), ("bố đang đánh em", "113"),
        ("em muốn chết", "111"), ("trời đẹp", None),
    ],
)  # fmt: skip
def test_the_first_number_fits_the_danger(text: str, number: str | None) -> None:
    assert read(text).first == number


@pytest.mark.parametrize(
    "text",
    [
        "em bi danh", "bo e lai danh", "lại đánh nữa rồi", "nó vẫn đang đánh", "van dang danh",
        "bố em say rượu đang đập cửa", "e trốn trong wc bo cam gay", "em đang trốn",
        "bố về rồi, bố đang tìm em", "my mom beats me with a stick right now",
        "he is hitting me again", "I need help please, someone hurts me", "bắt e cởi áo",
        "anh ay bat e cho xem vu", "chú xoa người em ban đêm",
    ],
)  # fmt: skip
def test_what_is_happening_to_the_writer_is_red_and_sure(text: str) -> None:
    assert (read(text).level, read(text).sure) == (Level.RED, True)


def test_a_call_to_hurry_is_asked_about() -> None:
    assert read("nhanh lên").level is read("nhanh len co oi").level is Level.CHECKIN
    assert read("nhanh lên trễ học rồi").level is Level.NONE


@pytest.mark.parametrize(
    "text",
    [
        "bạn em muốn nhảy lầu", "ban em muon nhay lau", "con tôi bị bạn đánh",
        "cháu bé nhà bên đang bị đánh", "em thấy bạn em rạch tay", "em sợ bạn em tự tử",
        "nó không muốn sống nữa", "em ấy đang ngồi trên lan can tầng 5", "bố đang đánh mẹ em",
        "tôi muốn báo cháu bé bị bạo hành", "em gái em bị chú sờ đùi", "con bạn con bị ba nhốt",
        "my friend wants to kill herself", "my neighbor is beating a child right now",
    ],
)  # fmt: skip
def test_danger_to_somebody_else_counts_and_is_told_apart(text: str) -> None:
    assert read(text).level is not Level.NONE
    assert read(text).other


@pytest.mark.parametrize(
    "text",
    [
        "em muốn chết", "em bị đánh", "nó đánh em", "nó vẫn đang đánh", "bo e lai danh",
        "bạn em dọa giết em", "em bị bạn em đánh", "bố đang đánh mẹ, em trốn trong tủ",
        "bố đánh mẹ và em", "bạn em bảo em nên chết đi", "con bị ba đánh", "my mom beats me",
        "chú bắt bạn em với em cởi đồ", "bạn em học giỏi",
    ],
)  # fmt: skip
def test_danger_to_the_writer_is_not_somebody_elses(text: str) -> None:
    assert not read(text).other


def test_english_needs_two_clear_words_and_no_accents() -> None:
    for text in (
        "my mom beats me",
        "I need help please",
        "what is this",
        "I want to die",
        "do you speak english",
    ):
        assert read(text).english, text
    for text in (
        "me", "no", "the", "help me", "thank you", "me oi", "can co ai khong", "hello", "bo me em",
        "em muon hoc english and math", "mẹ em she is my mom", "", "that the man im them",
    ):  # fmt: skip
        assert not read(text).english, text


def test_a_reading_can_be_made_without_the_newer_fields() -> None:
    plain = Reading(
        level=Level.NONE, danger=None, first=None, sure=False, sextortion=False, official=False,
        intent=None, hides=False, rules=(),
    )  # fmt: skip
    assert (plain.other, plain.english) == (False, False)


@pytest.mark.parametrize(
    "text",
    [
        "nó bảo k gửi 5tr thì tung clip", "nó dọa tung ảnh em lên face",
        "ng ta dọa tung ảnh nóng của e", "ex threatens to post my nudes",
        "no noi ko chuyen 2 trieu thi gui hinh e cho ca lop",
    ],
)  # fmt: skip
def test_sextortion_is_named_in_any_spelling(text: str) -> None:
    assert read(text).sextortion


def test_threats_with_pictures_are_named() -> None:
    assert read("nó dọa tung ảnh nóng của em").sextortion
    assert not read("chú sờ ngực em").sextortion


def test_a_role_counts_when_named_not_when_called_for() -> None:
    assert read("công an phường đánh em").official
    assert read("thầy giáo sờ đùi em").official
    assert read("ông tổ trưởng dọa em").official
    assert not read("cho em gặp cán bộ").official
    assert not read("gọi công an giúp em").official
    assert not read("bố đánh em").official


@pytest.mark.parametrize(
    "text", ["mẹ vào", "bố về rồi", "có người vào", "me vao", "ba zô kìa", "ẩn đi"]
)
def test_somebody_coming_near_is_noticed(text: str) -> None:
    assert read(text).hides
    assert read(text).intent == "hide"


def test_ordinary_comings_are_not_hiding() -> None:
    assert not read("mẹ vào bếp nấu cơm").hides
    assert not read("bố về quê").hides


def test_without_a_wish_word_the_danger_tells_the_intent() -> None:
    assert read("em bị hiếp").intent == "report"
    assert read("em muốn chết").intent == "distress"
    assert read("nhốt").intent is None
    assert read("trời đẹp").intent is None


def test_a_reading_never_holds_the_text() -> None:
    got = read("bố đang đánh em ở ngõ Hoa Sữa")
    assert "sữa" not in repr(got).lower()


# --- text made to hurt


def test_hidden_danger_is_found() -> None:
    for text in (
        "em mu\u200bốn ch\u200dết", "\u202eem muốn chết\u202c", "em muốn c.h.ế.t", "em muốn c h ế t",
        "em m.u.ố.n ch*t", "em muốn chếtttt", "em muo\u0302\u0301n che\u0302\u0301t", "EM MUỐN CHẾT!!!!",
        "em muốn chết.", "𝐞𝐦 𝐦𝐮𝐨𝐧 𝐜𝐡𝐞𝐭", "t.ự t.ử", "em mún chít", "em muon ch3t",
    ):  # fmt: skip
        assert read(text).level is Level.RED, text


def test_the_head_and_the_tail_of_a_long_text_are_read() -> None:
    filler = "hôm nay trời đẹp. " * 220
    assert read("em muốn chết. " + filler).level is Level.RED
    assert read(filler + "em muốn chết").level is Level.RED
    assert read(filler).level is Level.NONE


def test_nothing_at_all_is_nothing() -> None:
    for text in ("", " ", "\u200b", "...", "?", "\x00", "😀😀", "12345", "____"):
        assert read(text).level is Level.NONE, text


HOSTILE = [
    "đánh con ", "bo danh em ", "a.", "c h e t ", "\u200b", "không muốn chết ", "ế", "a\u0301", "🆘",
    "con bị bố đánh. ", "a-", "1e", "\u202eem muốn chết\u202c", "bo me co chu di con em be ", ". ",
    "nếu bố không đánh con thì làm gì ", "t.ự t.ử ", "\n", "e k m ", "'\"", "ch*t ", "boos ddasnh ",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_does_not_grow_with_a_hostile_text(piece: str) -> None:
    """Processor time, so that a busy machine changes nothing; benchmarks measure, this bounds."""

    def best(size: int) -> float:
        text = (piece * size)[:size]
        times = []
        for _ in range(4):
            begin = time.process_time()
            read(text)
            times.append(time.process_time() - begin)
        return min(times)

    assert best(8000) < 2 * best(2000) + 0.05
    assert best(8000) < 1  # measured 9 ms; a pattern that backtracks takes minutes


def test_an_everyday_message_takes_about_a_millisecond() -> None:
    rows = lines("dev_utterances.jsonl")
    begin = time.process_time()
    for row in rows:
        read(row["text"])
    assert (time.process_time() - begin) / len(rows) < 0.02  # measured 0.3 ms
