"""The card shows a case at a glance and never a word of the reporter; the file shows all."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from handlers import card
from handlers.cases import Case, Priority, Reason, Route, Status, close
from handlers.effects import Delivery, EntryKind
from handlers.view import Entry, House
from tests.handlers.office import CASE, NOW, ROSTER, STORY, house

CLAIMED = replace(CASE, status=Status.RECEIVED, claimed_by="song", claimed=NOW)
CALM = replace(CASE, priority=Priority.P3)
ALL_FACTS = replace(
    CASE,
    facts=(
        ("for", "me"),
        ("what", "=kể riêng"),
        ("who", "=ông hàng xóm"),
        ("where", "=ngõ 12"),
        ("when", "today"),
        ("sex", "girl"),
        ("talk_to", "co"),
        ("lives_with", "=bà ngoại"),
        ("helped", "=chưa ai"),
        ("if_not", "=bị đánh tiếp"),
        ("phone", "own"),
        ("hours", "evening"),
    ),
    kind="SEXUAL",
)


def face(case: Case, at: House | None = None) -> str:
    return card.card(case, at or house(), ROSTER).text


def verbs(case: Case) -> list[str]:
    return [b.id.split(".")[1] for row in card.buttons(case) for b in row]


def test_a_title_for_everybody_says_priority_and_code_and_nothing_else() -> None:
    title = card.title(replace(CASE, code="K7M4PQ2X", kind="SEXUAL", area="Tổ 5"))
    assert title == "🟠 P2 · K7M4-PQ2X"
    assert card.title(replace(CALM, code="K7M4PQ2X")) == "🔵 P3 · K7M4-PQ2X"


def test_the_card_says_priority_code_kind_and_that_nobody_has_it() -> None:
    text = face(CASE)
    assert text.startswith("🟠 P2 · ")
    assert f"{CASE.code[:4]}-{CASE.code[4:]} · Bị đánh đập" in text
    assert "❗ CHƯA AI NHẬN" in text
    assert "Tin chưa xác minh." in text


def test_the_card_never_carries_typed_words() -> None:
    typed = [value[1:] for _, value in ALL_FACTS.facts if value.startswith("=")]
    assert len(typed) == 6
    text = face(ALL_FACTS)
    assert not [word for word in typed if word in text]
    assert "người báo gõ tay, xem trong hồ sơ" in text


def test_the_file_carries_them_all_and_the_story_in_order() -> None:
    text = card.file_text(ALL_FACTS, house(), ROSTER, STORY)
    for word in ("ông hàng xóm", "ngõ 12", "bà ngoại", "chưa ai", "bị đánh tiếp"):
        assert f"“{word}”" in text
    assert "kể riêng" not in text  # the story's own line carries it
    lines = text.splitlines()
    assert lines.index("10:00 24/11 · Người báo: bố hay đánh em") + 1 == lines.index(
        "10:00 24/11 · Người báo gửi một ảnh"
    )


def test_the_file_says_of_a_picture_that_nobody_could_open_it() -> None:
    lost = replace(STORY[1], delivery=Delivery.FAILED)
    assert "gửi một ảnh (không mở được tệp này)" in card.file_text(CASE, house(), ROSTER, (lost,))


def test_every_chosen_answer_is_a_sentence() -> None:
    chosen = replace(ALL_FACTS, facts=(*ALL_FACTS.facts, ("who", "home")))
    text = face(chosen)
    for sentence in ("Ai gây ra (theo lời kể): Người", "Xảy ra:", "Giới tính:", "Người báo muốn:"):
        assert sentence in text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"happening": True}, "🚨 ĐANG XẢY RA"),
        ({"happening": True, "safe": True}, "an toàn rồi (vẫn cần xem)"),
        ({"school_hidden": True}, "không để người của trường xem"),
        ({"route": Route.INDEPENDENT}, "Liên quan cán bộ"),
        ({"route": Route.LEADS}, "Liên quan cán bộ"),
        ({"tapped": False}, "Máy đoán từ lời kể"),
        ({"tapped": False, "unfinished": True}, "Kể dở, chưa bấm gửi"),
        ({"caution": True}, "hết sức thận trọng"),
    ],
)
def test_a_warning_stands_first(change: dict[str, object], says: str) -> None:
    text = face(replace(CASE, **change))  # type: ignore[arg-type]
    assert says in text
    assert text.index(says) < text.index("Khu vực")


def test_do_not_call_home_when_it_happens_at_home() -> None:
    assert "ĐỪNG gọi về nhà" in face(CASE)
    assert "ĐỪNG gọi về nhà" not in face(replace(CASE, facts=(("who", "stranger"),)))


def test_what_was_happening_is_not_shouted_once_it_is_safe_or_closed() -> None:
    danger = replace(CASE, happening=True)
    assert "🚨" not in face(replace(danger, safe=True))
    assert "🚨" not in face(close(danger, Reason.SAFE, NOW))


def test_half_a_story_is_not_called_a_guess() -> None:
    assert "Máy đoán" not in face(replace(CASE, tapped=False, unfinished=True))


def test_a_chosen_place_stands_on_the_card_and_none_is_unknown() -> None:
    assert "Khu vực: Tổ dân phố 2" in face(replace(CASE, area="Tổ dân phố 2"))
    assert "Khu vực: chưa rõ" in face(replace(CASE, facts=()))
    assert "Trẻ: 11–13 tuổi" in face(replace(CASE, age="11-13"))


@pytest.mark.parametrize(
    ("facts", "voice", "says"),
    [
        ({"phone": "shared"}, "child", "Nhắn trước: KHÔNG"),
        ({"phone": "borrowed"}, "adult", "Nhắn trước: KHÔNG"),
        ({}, "adult", "Nhắn trước: KHÔNG"),
        ({"phone": "own"}, "adult", "lúc nào cũng được"),
        ({"phone": "own"}, "child", "Nhắn trước: KHÔNG"),
        ({"phone": "own", "hours": "never"}, "child", "Nhắn trước: KHÔNG"),
        ({"phone": "own", "hours": "any"}, "friend", "lúc nào cũng được"),
        ({"phone": "own", "hours": "evening"}, "child", "buổi tối"),
        ({"phone": "own", "hours": "after_school"}, "child", "sau giờ học"),
    ],
)
def test_the_card_says_whether_and_when_we_may_write_first(
    facts: dict[str, str], voice: str, says: str
) -> None:
    line = card.writing(replace(CASE, facts=tuple(facts.items()), voice=voice), house())
    assert says in line


def test_the_clocks_stand_on_the_card_until_it_is_answered() -> None:
    assert "Nhận lúc 09:00" in face(CASE)
    assert "⏱ Trả lời người báo trước 17:00" in face(CASE)
    assert "Trả lời người báo" not in face(replace(CASE, answered=NOW))
    assert "Trả lời người báo" not in face(replace(CASE, answer_by=None))


def test_only_a_p1_carries_the_laws_clock() -> None:
    assert "Hạn can thiệp khẩn cấp (12 giờ): 21:00" in face(replace(CASE, priority=Priority.P1))
    assert "P1: KHẨN" in face(replace(CASE, priority=Priority.P1))
    assert "Hạn can thiệp" not in face(CASE)


def test_the_card_says_who_has_it_since_when_also_after_they_left() -> None:
    assert "Đã nhận: Chú Sông, lúc 10:00" in face(CLAIMED)
    assert "Đã nhận: ?, lúc 10:00" in card.card(CLAIMED, house(), ()).text


def test_traffic_unread_delivery_and_proposal_stand_on_the_card() -> None:
    busy = replace(CLAIMED, messages=4, pictures=2, unread=3, last_delivery=Delivery.FAILED)
    text = face(replace(busy, proposed_by="song", proposed_reason="safe"))
    assert "Tin của người báo: 4 · Ảnh, giọng nói: 2" in text
    assert "🔔 Có 3 tin mới chưa mở" in text
    assert "KHÔNG tới được" in text
    assert "Đề nghị đóng (hết nguy cơ)" in text


def test_what_is_unread_is_not_counted_while_nobody_has_it() -> None:
    assert "chưa mở" not in face(replace(CASE, unread=3))


@pytest.mark.parametrize("delivery", [d for d in Delivery if d])
def test_every_state_of_delivery_has_a_line(delivery: Delivery) -> None:
    assert "Câu trả lời gần nhất" in face(replace(CLAIMED, last_delivery=delivery))


def test_a_closed_card_says_why_and_offers_only_the_file() -> None:
    closed = close(CLAIMED, Reason.TOO_LITTLE, NOW)
    assert face(closed).startswith("✔ ĐÃ ĐÓNG · ")
    assert "Đã đóng: không đủ thông tin" in face(closed)
    assert verbs(closed) == ["open"]


def test_the_buttons_follow_the_case() -> None:
    rest = ["reply", "note", "hand", "priority", "close"]
    assert verbs(CASE) == ["claim", "open", *rest]
    assert verbs(CLAIMED) == ["open", *rest]
    assert verbs(replace(CLAIMED, proposed_by="song")) == ["open", *rest, "agree"]
    assert all(len(b.id) <= 64 for row in card.buttons(CASE) for b in row)


SHOWING = replace(house(), group_shows_words=True)


def spoiler(case: Case, words: Sequence[str] = ("bố hay đánh em",)) -> str:
    return card.card(case, SHOWING, ROSTER, words).spoiler


def test_the_story_stands_in_the_group_only_where_the_ward_wants_it() -> None:
    assert spoiler(CALM) == "bố hay đánh em"
    assert card.card(CALM, house(), ROSTER, ("bố hay đánh em",)).spoiler == ""


@pytest.mark.parametrize(
    "change",
    [
        {"priority": Priority.P1},
        {"happening": True},
        {"happening": True, "safe": True},
        {"kind": "SEXUAL"},
        {"school_hidden": True},
        {"route": Route.LEADS},
        {"route": Route.INDEPENDENT},
        {"claimed_by": "song"},
    ],
)
def test_grave_routed_or_claimed_stories_never_stand_in_the_group(
    change: dict[str, object],
) -> None:
    assert spoiler(replace(CALM, **change)) == ""  # type: ignore[arg-type]


def test_every_line_of_a_story_is_said() -> None:
    def line(kind: EntryKind, text: str, **more: object) -> str:
        entry = Entry("e", NOW, kind, text, officer="song", **more)  # type: ignore[arg-type]
        return card.entry_line(entry, house(), ROSTER, card.plain)

    assert line(EntryKind.ANSWER, "chào", delivery=Delivery.HELD) == (
        "10:00 24/11 · Chú Sông trả lời [đang giữ]: chào"
    )
    assert line(EntryKind.NOTE, "gọi rồi") == "10:00 24/11 · Chú Sông ghi chú: gọi rồi"
    assert line(EntryKind.MOVE, "priority|P1") == "10:00 24/11 · Chú Sông: đổi ưu tiên thành P1"
    assert line(EntryKind.VOICE, "") == "10:00 24/11 · Người báo gửi giọng nói"
    anonymous = card.entry_line(Entry("e", NOW, EntryKind.EDIT, "mẹ"), house(), ROSTER, card.plain)
    assert anonymous == "10:00 24/11 · Người báo sửa lời: mẹ"


def test_every_kind_of_entry_and_every_delivery_has_its_words() -> None:
    for kind in EntryKind:
        for delivery in Delivery:
            text = "claim" if kind is EntryKind.MOVE else "x"
            entry = Entry("e", NOW, kind, text, officer="song", delivery=delivery)
            assert card.entry_line(entry, house(), ROSTER, card.plain)


def test_the_text_for_113_says_what_a_rescuer_needs() -> None:
    happening = replace(CASE, happening=True, age="7-10")
    text = card.hand_over(happening, house(), STORY)
    assert "họ tên, chức vụ" in text  # the officer says their own, never a working name
    assert "Ở: sau chợ. Tuổi trẻ: 7–10 tuổi. Đang xảy ra: có." in text
    assert "bố hay đánh em" in text


def test_the_text_for_113_says_honestly_what_is_unknown() -> None:
    text = card.hand_over(replace(CASE, facts=()), house(), ())
    assert "Ở: chưa rõ. Tuổi trẻ: chưa rõ. Đang xảy ra: chưa rõ." in text
    assert "(chưa có lời kể)" in text
    area = card.hand_over(replace(CASE, facts=(), area="Tổ dân phố 5"), house(), ())
    assert "Ở: Tổ dân phố 5." in area
