"""The words around the talk: labels, hints, error pages. What is said in it comes from the texts.

The tab's title says nothing to whoever looks over a shoulder.
"""

from collections.abc import Mapping
from types import MappingProxyType

LANGUAGES = ("vi", "en")

VI = {
    "title": "Góc học tập",
    "call": "Gọi {}",
    "free": "miễn phí",
    "police": "công an",
    "ambulance": "cấp cứu",
    "exit": "Thoát nhanh",
    "exit_how": "Bấm phím Shift ba lần cũng thoát",
    "skip": "Tới ô nhắn tin",
    "numbers": "Số gọi miễn phí",
    "trial": "BẢN THỬ, KHÔNG AI ĐỌC. Gọi {}",
    "we": "Trả lời:",
    "you": "Bạn:",
    "log": "Lời nhắn",
    "write": "Nhắn ở đây, không dấu cũng được",
    "send": "Nhắn",
    "send_picture": "Gửi ảnh",
    "look": "Xem tin mới",
    "secret": "Không chụp, không chuyển tiếp",
    "hidden": "Bấm để xem",
    "again": "(gửi lại)",
    "other": "English",
    "empty": "Bạn viết vài chữ, hoặc bấm một nút nhé. Cần nói ngay thì gọi 111.",
    "long": "Tin dài quá nên chưa gửi. Phần đầu còn ở ô bên dưới: bạn gửi phần này trước, "
    "rồi gửi tiếp phần sau nhé. Cần giúp ngay thì gọi 111.",
    "large": "Ảnh lớn quá nên chưa gửi được. Bạn chọn ảnh nhỏ hơn 10 MB nhé. "
    "Cần giúp ngay thì gọi 111.",
    "refused": "Mình không mở được ảnh này. Bạn thử ảnh khác, hoặc kể bằng chữ nhé. "
    "Cần giúp ngay thì gọi 111.",
    "no_picture": "Bạn chọn ảnh trước, rồi bấm gửi nhé.",
    "offline": "Chưa gửi được, mình thử lại. Cần ngay thì gọi 111.",
    "given_up": "Chưa gửi được. Chữ của bạn còn đây: bấm Nhắn để thử lại. Cần ngay thì gọi 111.",
    "sending": "Đang gửi…",
    "home": "Về trang đầu",
    "bye": "Đang mở trang khác…",
    "403": "Trang này không mở được từ nơi khác.",
    "404": "Không có trang này.",
    "405": "Trang này không mở được như vậy.",
    "413": "Tin gửi lên lớn quá nên chưa nhận được. Bạn quay lại và gửi ít hơn nhé.",
    "500": "Máy vừa trục trặc, tin vừa rồi có thể chưa gửi được. "
    "Bạn tải lại trang để gửi lại nhé; gửi hai lần cũng không sao.",
    "help": "Cần người nghe, gọi {}: miễn phí, cả ngày đêm. Nguy hiểm: gọi {}.",
}
EN = {
    "title": "Study corner",
    "call": "Call {}",
    "free": "free",
    "police": "police",
    "ambulance": "ambulance",
    "exit": "Quick exit",
    "exit_how": "Pressing Shift three times leaves, too",
    "skip": "To the message box",
    "numbers": "Free numbers",
    "trial": "TRIAL, NOBODY READS THIS. Call {}",
    "we": "Answer:",
    "you": "You:",
    "log": "Messages",
    "write": "Write here, any way you like",
    "send": "Send",
    "send_picture": "Send the picture",
    "look": "Look for news",
    "secret": "No screenshots, do not pass on",
    "hidden": "Press to see",
    "again": "(sent again)",
    "other": "Tiếng Việt",
    "empty": "Write a few words or press a button. To talk right now, call 111.",
    "long": "That was too long and is not sent yet. The first part is still in the box below: "
    "send it first, then the rest. If you need help now, call 111.",
    "large": "The picture is too large and was not sent. Choose one below 10 MB. "
    "If you need help now, call 111.",
    "refused": "This picture cannot be opened. Try another one, or tell it in words. "
    "If you need help now, call 111.",
    "no_picture": "Choose a picture first, then send.",
    "offline": "Not sent yet, trying again. If you cannot wait, call 111.",
    "given_up": "Not sent. Your words are still here: press Send to try again. "
    "If you cannot wait, call 111.",
    "sending": "Sending…",
    "home": "To the first page",
    "bye": "Opening another page…",
    "403": "This page cannot be opened from elsewhere.",
    "404": "There is no such page.",
    "405": "This page cannot be opened that way.",
    "413": "That was too large and was not received. Go back and send less.",
    "500": "Something broke; your last message may not have been sent. "
    "Reload the page to send it again; twice does no harm.",
    "help": "To be listened to, call {}: free, day and night. In danger: call {}.",
}
BOTH: Mapping[str, Mapping[str, str]] = MappingProxyType({"vi": VI, "en": EN})

DESK = {
    "title": "Bàn trực",
    "cards": "Các việc",
    "none": "Chưa có việc nào.",
    "panel": "Của tôi",
    "quiet": "Mở một việc để đọc ở đây.",
    "tidy": "Dọn",
    "write": "Viết ở đây",
    "answer": "Trả lời {}",
    "file": "Viết vào hồ sơ {}",
    "unsent": "Chưa gửi",
    "times": "({} lần)",
    "other": "Việc khác",
    "loose": "❗ chưa nhận",
    "urgent": "🔴 {} việc khẩn chưa ai nhận, lâu nhất {} phút",
    "calm": "Không có việc khẩn nào chờ nhận.",
    "send": "Tiếp tục",
    "refresh": "Tải lại",
    "new": "Có tin khẩn mới",
    "lost": "Mất kết nối: bảng này chưa cập nhật. Xem điện thoại trực.",
    "ended": "Phiên đã hết. Bạn cần đường dẫn mời mới.",
    "shifted": "Bảng vừa thay đổi. Xem lại rồi bấm nhé.",
    "failed": "Chưa gửi được. Bấm lại nhé.",
    "long": "Dài quá 20.000 chữ, chưa gửi. Phần đầu còn ở ô bên dưới.",
    "empty": "Chưa có chữ nào để gửi.",
    "picture": "Ảnh của người báo",
    "enter": "Mở bàn trực",
    "enter_once": "Đường dẫn này chỉ mở được một lần, trên máy này. Bấm nút để vào.",
    "token": "Mã trong đường dẫn mời",
    "invite": "Cần đường dẫn mời",
    "invite_how": "Bàn trực chỉ mở bằng đường dẫn mời dùng một lần. Nhờ trưởng nhóm gửi đường dẫn "
    "mới, hoặc người quản trị chạy trên máy chủ:",
    "used": "Đường dẫn này đã dùng rồi hoặc đã hết hạn.",
}
