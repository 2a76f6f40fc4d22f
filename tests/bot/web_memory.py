"""A talk and a desk kept in memory, for trying the pages: they are given both ports and no more."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType

from starlette.applications import Starlette

from bot.channels.channel import (
    Board,
    BoardCard,
    Key,
    Letter,
    Line,
    Outcome,
    Outgoing,
    Page,
)
from bot.pictures import Reason, Refused
from bot.web.hooks import Hook
from bot.web.server import build
from handlers.events import Address, Incoming, Kind
from handlers.ward import Span, Ward

SEED = b"a seed that only this test knows"
INVITE = "moi-mot-lan"
EXIT_PAGE = "https://thoitiet.example/ha-noi"
NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)
CLEAN = b"\xff\xd8clean picture\xff\xd9"

FOOT = (Key("go.111", "Số giúp đỡ"), Key("go.exit", "Thoát nhanh"))
FRONT = Outgoing(
    "Chào bạn 👋 Mình là máy trả lời của phường Mẫu, giúp trẻ em. Không cần nói tên. Bạn cần gì?",
    (
        (Key("a.for.danger", "Đang nguy hiểm"),),
        (Key("a.for.me", "Mình cần giúp"),),
        (Key("a.for.friend", "Bạn mình cần giúp"),),
        (Key("a.for.adult", "Tôi là người lớn"),),
        (Key("a.for.tips", "Xem mẹo"),),
        (Key("go.en", "English"),),
        FOOT,
    ),
)
NOW = Outgoing(
    "Cô chú không thấy tên hay số máy của bạn. Cô chú phụ trách trẻ em ở phường đọc tin; có ai bị "
    "hại thì phải nhờ thêm người cứu. Ai cầm máy này cũng đọc được.\n\n"
    "Bây giờ có ai đang làm bạn sợ hay đau không?",
    (
        (Key("a.now.no", "Không"), Key("a.now.yes", "Có, giúp mình ngay")),
        (Key("a.now.quick", "Mình nhắn nhanh thôi"),),
        (Key("go.back", "Quay lại"), Key("go.skip", "Bỏ qua")),
        FOOT,
    ),
)
WHAT = Outgoing(
    "Chuyện gì làm bạn lo? Bấm hình hoặc tự viết, không dấu cũng được.",
    (
        (Key("a.what.hit", "Bị đánh ✋"), Key("a.what.touch", "Bị chạm, bắt làm điều khó chịu 🚫")),
        (Key("a.what.online", "Chuyện trên mạng 📱"), Key("a.what.school", "Chuyện ở trường 🏫")),
        (Key("a.what.home", "Chuyện ở nhà 🏠"), Key("a.what.sad", "Buồn lắm 💔")),
        (Key("a.what.other", "Khác"),),
        (Key("go.back", "Quay lại"), Key("go.skip", "Bỏ qua"), Key("go.drop", "Đừng gửi")),
        FOOT,
    ),
)
DANGER = Outgoing(
    "🚨 Mình đang báo cô chú. Gọi được thì gọi 113 ngay. Bị thương: 115. Cần người nghe: 111. "
    "Không gọi được thì nhắn mình: bạn ở đâu?",
    (
        (Key("tel.113", "Gọi 113", tel="113"), Key("tel.111", "Gọi 111", tel="111")),
        FOOT,
    ),
)
HEARD = Outgoing("Cảm ơn bạn đã kể. Không phải lỗi của bạn.", ((Key("go.send", "Gửi luôn"),), FOOT))
PICTURE = Outgoing("Bạn có thể gửi một tấm ảnh nơi đó.", ((Key("up.photo", "Chọn ảnh"),), FOOT))
TIP = Outgoing("Mẹo hôm nay: đi xe nhớ đội mũ bảo hiểm nhé.", typed=False)
ENGLISH = Outgoing("Hello. You need no name.", ((Key("go.vi", "Tiếng Việt"),),))
ANSWERS = {
    "a.for.me": NOW,
    "a.for.danger": DANGER,
    "a.now.no": WHAT,
    "a.now.quick": WHAT,
    "go.back": FRONT,
    "go.en": ENGLISH,
    "pic": PICTURE,
}
LABELS = {
    key.id: key.label for message in (FRONT, NOW, WHAT) for row in message.keys for key in row
}


def ward(exit_page: str = EXIT_PAGE) -> Ward:
    """Make a ward with nothing in it but what pages need."""
    day = Span(time(8), time(17))
    return Ward(
        id="mau",
        name="phường Mẫu",
        city="Hà Nội",
        unit="UBND phường Mẫu",
        sample=True,
        theme="",
        exit_page=exit_page,
        parents_rule=False,
        office=None,
        office_hours="",
        police=None,
        health_station=None,
        areas=(),
        draft_hours=24,
        keep_days=365,
        link_days=90,
        link_days_longest=90,
        media_days=365,
        seal_days=0,
        audit_months=24,
        unfinished_to_officers=True,
        unfinished_minutes=30,
        emergency_hours=12,
        claim_minutes_p1=5,
        p1_minutes=60,
        p2_days=1,
        p3_days=3,
        working_days=frozenset({1, 2, 3, 4, 5}),
        days_off=frozenset(),
        working=(day,),
        after_school=day,
        evening=day,
        partners=(),
        neighbours=(),
    )


def card(code: str, priority: str, text: str, *, claimed: bool = False) -> BoardCard:
    """Make a case's card with the usual buttons; its id is its code."""
    first = () if claimed else (Key(f"d.claim.{code}", "Nhận việc"),)
    return BoardCard(
        code,
        priority,
        "new",
        Outgoing(
            text,
            (
                (*first, Key(f"d.open.{code}", "Mở đọc")),
                (Key(f"d.reply.{code}", "Trả lời"), Key(f"d.note.{code}", "Ghi chú")),
            ),
        ),
        claimed,
        NOON - timedelta(minutes=12),
    )


def alert(code: str) -> Outgoing:
    """Make the call that nobody has taken an urgent case."""
    text = f"🔴 Hồ sơ {code}: quá 5 phút chưa ai nhận."
    return Outgoing(text, ((Key(f"d.claim.{code}", "Nhận việc"),),), typed=False)


def prompt(code: str) -> Outgoing:
    """Make the question for an answer, with two canned ones."""
    keys = (
        (Key(f"d.canned.{code}.hello", "Chào"), Key(f"d.canned.{code}.safe", "Có an toàn không?")),
        (Key(f"d.cancel.{code}.", "Thôi"),),
    )
    return Outgoing(f"Trả lời hồ sơ {code}. Chọn câu mẫu, hoặc gõ.", keys)


def preview(code: str, text: str) -> Outgoing:
    """Make the preview of an answer."""
    keys = (
        (Key(f"d.send.{code}.1a2b", "Gửi cho người báo"), Key(f"d.reply.{code}.", "Sửa")),
        (Key(f"d.cancel.{code}.", "Thôi"),),
    )
    return Outgoing(f"Hồ sơ {code}. Xem trước:\n\n{text}", keys)


URGENT = card(
    "K7M4-PQ2X",
    "P1",
    "P1 · ĐANG XẢY RA · K7M4-PQ2X\nBị đánh · trẻ 7–10 tuổi · tổ 5\n"
    "Người làm hại ở cùng nhà: đừng gọi về nhà.\nNhận lúc 20:14 · hạn 20:29 · chưa ai nhận",
)
ORDINARY = card(
    "T3HW-8RNC",
    "P2",
    "P2 · T3HW-8RNC\nChuyện ở trường · trẻ 11–13 tuổi\n"
    "Được nhắn sau giờ học.\nNhận lúc 16:02 · hạn trước 16:00 ngày mai · 3 lời, 1 ảnh",
)


class Refuser:
    """Cleans a picture as the product does: gives other bytes, or refuses."""

    async def __call__(self, raw: bytes) -> bytes:
        if not raw.startswith(b"\xff\xd8"):
            raise Refused(Reason.NOT_A_PICTURE)
        return CLEAN


@dataclass
class Memory:
    """Inbox and mailbox in one."""

    taken: list[Incoming] = field(default_factory=list)
    blobs: list[bytes] = field(default_factory=list)
    letters_of: dict[str, list[Letter]] = field(default_factory=lambda: defaultdict(list))
    lines_of: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    cards: list[BoardCard] = field(default_factory=list)
    invites: set[str] = field(default_factory=lambda: {INVITE})
    sessions: set[str] = field(default_factory=set)
    pictures: dict[str, bytes] = field(default_factory=dict)
    breaks: bool = False
    tell: str = ""
    first: Outgoing | None = None
    """Said before the answer of each step."""
    case: str = "K7M4-PQ2X"
    standing: Outgoing | None = None
    """What the desk draws from the officer's talk, as letter number 0."""
    number: int = 0
    polls: int = 0

    async def take(self, incoming: Incoming, blob: bytes | None = None) -> Outcome:
        if self.breaks:
            raise RuntimeError("planted: bố đánh con")
        if any(one.event_id == incoming.event_id for one in self.taken):
            return Outcome(repeated=True)
        self.taken.append(incoming)
        if blob is not None:
            self.blobs.append(blob)
        if incoming.sender.channel == "desk":
            return self._officer(incoming)
        self._resident(incoming)
        return Outcome()

    def _resident(self, incoming: Incoming) -> None:
        peer = incoming.sender.peer
        if incoming.choice == "go.exit":
            self.letters_of.pop(peer, None)
            self.lines_of.pop(peer, None)
            return
        if incoming.text == "mẹ vào":
            self.lines_of.pop(peer, None)
            self.write(peer, TIP)
            return
        words = incoming.text or LABELS.get(incoming.choice or "", "") or "🖼"
        self.lines_of[peer].append(Line(True, words))
        told = Outgoing(self.tell) if self.tell else HEARD
        if self.first is not None:
            self.write(peer, self.first)
        self.write(peer, ANSWERS.get(incoming.choice or incoming.text, told))

    def _officer(self, incoming: Incoming) -> Outcome:
        peer = incoming.sender.peer
        _, act, code, *_ = [*(incoming.choice or "").split("."), "", ""]
        if act in {"open", "reply", "note"}:
            self.case = code
        match act:
            case "open":
                text = f"{code}\n“Bố con hay đánh con, hôm nay bố say” (20:13)\nGọi 113. Số 0912 345 678"
                keys = ((Key(f"d.reply.{code}", "Trả lời"),),)
                self.write(peer, Outgoing(text, keys, typed=False, secret=True))
            case "reply":
                self.write(peer, prompt(code))
            case "note":
                keys = ((Key(f"d.cancel.{code}.", "Thôi"),),)
                self.write(peer, Outgoing(f"Ghi chú cho hồ sơ {code}. Gõ ghi chú.", keys))
            case "send":
                self.write(peer, Outgoing(f"Hồ sơ {code}: đã gửi.", typed=False))
            case "cancel":
                self.write(peer, Outgoing("Đã thôi. Chưa gửi gì.", typed=False))
            case "canned":
                self.write(peer, preview(code, "Chào con, cảm ơn con đã kể."))
            case "claim":
                self.cards = [
                    card(c.case, c.priority, c.message.text, claimed=True) if c.case == code else c
                    for c in self.cards
                ]
                return Outcome(toast="Đã nhận việc")
            case _ if incoming.kind is Kind.TEXT:
                self.write(peer, preview(self.case, incoming.text))
        return Outcome()

    def write(self, peer: str, message: Outgoing) -> None:
        self.number += 1
        self.letters_of[peer].append(Letter(self.number, message))

    def _unread(self, peer: str, confirm: int) -> tuple[Letter, ...]:
        left = [one for one in self.letters_of.get(peer, []) if one.number > confirm]
        if peer in self.letters_of:
            self.letters_of[peer] = left
        return tuple(left)

    async def page(self, who: Address, confirm: int) -> Page:
        return Page(tuple(self.lines_of.get(who.peer, ())), self._unread(who.peer, confirm))

    async def letters(self, who: Address, confirm: int) -> tuple[Letter, ...]:
        self.polls += 1
        return self._unread(who.peer, confirm)

    async def front(self, language: str) -> Outgoing:
        if language == "en":
            return ENGLISH
        return FRONT

    async def enter(self, token: str, session: str) -> bool:
        if token not in self.invites:
            return False
        self.invites.discard(token)
        self.sessions.add(session)
        return True

    async def board(self, session: str, confirm: int) -> Board | None:
        if session not in self.sessions:
            return None
        letters = self._unread(session, confirm)
        if self.standing is not None:
            letters = (Letter(0, self.standing), *letters)
        return Board("o1", "Cô Mây", True, tuple(self.cards), letters)

    async def picture(self, session: str, file: str) -> bytes | None:
        return self.pictures.get(file) if session in self.sessions else None

    def said(self) -> list[str]:
        """Give everything taken in, in order, as texts and button ids."""
        return [one.text or one.choice or one.kind for one in self.taken]


HEALTH = MappingProxyType({"ok": True})


def server(
    memory: Memory,
    *,
    public_url: str = "http://127.0.0.1",
    exit_page: str = EXIT_PAGE,
    trial: bool = False,
    health: dict[str, object] | None = None,
    now: datetime | None = None,
    hooks: Sequence[Hook] = (),
    clean_picture: Callable[[bytes], Awaitable[bytes]] | None = None,
) -> Starlette:
    """Build the real server around a memory."""
    return build(
        inbox=memory,
        mailbox=memory,
        ward=ward(exit_page),
        seed=SEED,
        public_url=public_url,
        trial=trial,
        health=lambda: health if health is not None else dict(HEALTH),
        metrics=lambda: "reports_total 3\n",
        now=lambda: now or NOON,
        clean_picture=clean_picture or Refuser(),
        hooks=hooks,
    )
