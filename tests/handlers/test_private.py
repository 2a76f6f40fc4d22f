"""What is found in the words as people type them, and what is left alone."""

import pytest

from handlers.private import find, plain, tidy

# Every line, what of it is masked, and the key by which it is known however it was written.
MASKED = """
số em là 0912345678 | 0912345678 | phone:0912345678
sdt 0912 345 678 nha | 0912 345 678 | phone:0912345678
gọi 0912.345.678 giúp em | 0912.345.678 | phone:0912345678
091-234-5678 | 091-234-5678 | phone:0912345678
0912_345_678 | 0912_345_678 | phone:0912345678
0912,345,678 | 0912,345,678 | phone:0912345678
09 12 34 56 78 ạ | 09 12 34 56 78 | phone:0912345678
0 9 1 2 3 4 5 6 7 8 | 0 9 1 2 3 4 5 6 7 8 | phone:0912345678
0912 . 345 . 678 | 0912 . 345 . 678 | phone:0912345678
0912–345–678 | 0912–345–678 | phone:0912345678
+84912345678 | +84912345678 | phone:0912345678
+84 912 345 678 | +84 912 345 678 | phone:0912345678
+84 0912345678 | +84 0912345678 | phone:0912345678
+84 (0)912 345 678 | +84 (0)912 345 678 | phone:0912345678
(+84) 912 345 678 | (+84) 912 345 678 | phone:0912345678
0084 912345678 | 0084 912345678 | phone:0912345678
84912345678 | 84912345678 | phone:0912345678
84 912 345 678 | 84 912 345 678 | phone:0912345678
(024) 3825 1234 là số nhà em | (024) 3825 1234 | phone:02438251234
024.38251234 | 024.38251234 | phone:02438251234
0243 825 1234 | 0243 825 1234 | phone:02438251234
028 3825 1234 | 028 3825 1234 | phone:02838251234
số cũ 01688123456 | 01688123456 | phone:01688123456
ĐT:0387654321 | 0387654321 | phone:0387654321
sdt0912345678 | 0912345678 | phone:0912345678
zalo0912345678 | 0912345678 | phone:0912345678
zalo 912345678 | 912345678 | phone:0912345678
sđt em 387 654 321 | 387 654 321 | phone:0387654321
goi so 0912345678, gap lam | 0912345678 | phone:0912345678
số của nó 0705 123 456 nó hay nhắn bậy | 0705 123 456 | phone:0705123456
mẹ em 0912345678 bố em 0987654321 | 0912345678; 0987654321 | phone:0912345678; phone:0987654321
0912345678 0987654321 | 0912345678; 0987654321 | phone:0912345678; phone:0987654321
0912345678/0987654321 | 0912345678; 0987654321 | phone:0912345678; phone:0987654321
em 12 tuổi, 0912 345 678 | 0912 345 678 | phone:0912345678
0912 345 678 12 tuổi | 0912 345 678 | phone:0912345678
nó gọi 0912345678 5 lần một ngày | 0912345678 | phone:0912345678
o912345678 | o912345678 | phone:0912345678
O912 345 678 | O912 345 678 | phone:0912345678
09o1234567 | 09o1234567 | phone:0901234567
０９１２３４５６７８ | ０９１２３４５６７８ | phone:0912345678
⓪⑨①②③④⑤⑥⑦⑧ | ⓪⑨①②③④⑤⑥⑦⑧ | phone:0912345678
không chín một hai ba bốn năm sáu bảy tám | không chín một hai ba bốn năm sáu bảy tám | phone:0912345678
khong chin tam bay sau nam bon ba hai mot | khong chin tam bay sau nam bon ba hai mot | phone:0987654321
số em: không chín tám, bảy sáu năm, bốn ba hai một nhé | không chín tám, bảy sáu năm, bốn ba hai một | phone:0987654321
ko chin mot hai ba bon nam sau bay tam | ko chin mot hai ba bon nam sau bay tam | phone:0912345678
0912 ba bốn năm sáu bảy tám | 0912 ba bốn năm sáu bảy tám | phone:0912345678
không chín 12 34 56 78 | không chín 12 34 56 78 | phone:0912345678
không 9 một 2 ba 4 năm 6 bảy 8 | không 9 một 2 ba 4 năm 6 bảy 8 | phone:0912345678
tám bốn chín một hai ba bốn năm sáu bảy tám | tám bốn chín một hai ba bốn năm sáu bảy tám | phone:0912345678
nhà có năm người, không chín một hai ba tư năm sáu bảy tám | không chín một hai ba tư năm sáu bảy tám | phone:0912345678
zero nine one two three four five six seven eight | zero nine one two three four five six seven eight | phone:0912345678
my number is 0912 345 678 | 0912 345 678 | phone:0912345678
cccd 001203004567 | 001203004567 | paper:001203004567
CCCD của em: 001 203 004 567 | 001 203 004 567 | paper:001203004567
001203004567 | 001203004567 | paper:001203004567
0012 0300 4567 | 0012 0300 4567 | paper:001203004567
căn cước công dân số 001203004567 | 001203004567 | paper:001203004567
số định danh 001.203.004.567 | 001.203.004.567 | paper:001203004567
cmnd 123456789 | 123456789 | paper:123456789
CMND: 123 456 789 | 123 456 789 | paper:123456789
cmt 012345678 cấp năm 2010 | 012345678 | paper:012345678
chứng minh nhân dân của nó là 123456789 | 123456789 | paper:123456789
chung minh thu so 123456789 | 123456789 | paper:123456789
hộ chiếu B1234567 | B1234567 | paper:b1234567
passport C7654321 | C7654321 | paper:c7654321
cmnd một hai ba bốn năm sáu bảy tám chín | một hai ba bốn năm sáu bảy tám chín | paper:123456789
mail em là bengoan@gmail.com | bengoan@gmail.com | email:bengoan@gmail.com
BeNgoan.2010@Yahoo.com.vn | BeNgoan.2010@Yahoo.com.vn | email:bengoan.2010@yahoo.com.vn
be-ngoan+1@truong.edu.vn. | be-ngoan+1@truong.edu.vn | email:be-ngoan+1@truong.edu.vn
bengoan @gmail.com | bengoan @gmail.com | email:bengoan@gmail.com
bengoan@gmail | bengoan@gmail | email:bengoan@gmail
bengoan a còng gmail chấm com | bengoan a còng gmail chấm com | email:bengoan@gmail.com
bengoan(at)gmail.com | bengoan(at)gmail.com | email:bengoan@gmail.com
ib em @be_ngoan nhé | @be_ngoan | handle:@be_ngoan
@hung.nguyen99 nó dọa em | @hung.nguyen99 | handle:@hung.nguyen99
tele của nó @thang_xau. | @thang_xau | handle:@thang_xau
t.me/be_ngoan | t.me/be_ngoan | handle:t.me/be_ngoan
https://t.me/+AbCdEf123 | https://t.me/+AbCdEf123 | handle:t.me/+abcdef123
tg://user?id=12345678 | tg://user?id=12345678 | handle:tg://user?id=12345678
zalo.me/0912345678 | zalo.me/0912345678 | handle:zalo.me/0912345678
https://zalo.me/g/abcxyz123 | https://zalo.me/g/abcxyz123 | handle:zalo.me/g/abcxyz123
https://www.facebook.com/nguyen.van.a.123 | https://www.facebook.com/nguyen.van.a.123 | handle:facebook.com/nguyen.van.a.123
facebook.com/profile.php?id=1000123, nó đó | facebook.com/profile.php?id=1000123 | handle:facebook.com/profile.php?id=1000123
m.facebook.com/abc | m.facebook.com/abc | handle:m.facebook.com/abc
fb.com/abc | fb.com/abc | handle:fb.com/abc
m.me/abc | m.me/abc | handle:m.me/abc
(instagram.com/hoa.hong) | instagram.com/hoa.hong | handle:instagram.com/hoa.hong
https://www.tiktok.com/@be.ngoan/video/7 | https://www.tiktok.com/@be.ngoan/video/7 | handle:tiktok.com/@be.ngoan/video/7
discord.gg/abc123 | discord.gg/abc123 | handle:discord.gg/abc123
youtube.com/@kenhxau | youtube.com/@kenhxau | handle:youtube.com/@kenhxau
fb: Nguyễn Văn A | Nguyễn Văn A | handle:nguyenvana
fb:Nguyễn Văn A, lớp 9 | Nguyễn Văn A | handle:nguyenvana
fb: Nguyễn Thị Bích Ngọc Anh Thư | Nguyễn Thị Bích Ngọc Anh | handle:nguyenthibichngocanh
facebook nó là Trần Thị B ạ | Trần Thị B | handle:tranthib
fb của nó tên Lê Hùng | Lê Hùng | handle:lehung
fb nguyen van hung nhắn em | nguyen van hung | handle:nguyenvanhung
fb Nguyễn Văn A | Nguyễn Văn A | handle:nguyenvana
zalo tên Bé Na | Bé Na | handle:bena
zalo: Lan | Lan | handle:lan
zalo: Bé Na (lớp 5) | Bé Na | handle:bena
fb: bengoan | bengoan | handle:bengoan
face của con là Be Ti Hon nhé | Be Ti Hon | handle:betihon
ig: hoa.hong99 | hoa.hong99 | handle:hoa.hong99
ig hoa.hong99 | hoa.hong99 | handle:hoa.hong99
insta của em là hoahong_99 | hoahong_99 | handle:hoahong_99
tiktok be_ngoan2010 | be_ngoan2010 | handle:be_ngoan2010
tele: anhhung88 nó dọa em | anhhung88 | handle:anhhung88
zalo nó là hung.nguyen | hung.nguyen | handle:hung.nguyen
nick của nó là sat_thu_99 | sat_thu_99 | handle:sat_thu_99
username: dragon2010 | dragon2010 | handle:dragon2010
"""
FREE = """
quán số 12 ngõ 45 | nhà số 7, ngõ 192, tổ 12 | số nhà 45/12/3 ngõ 192 | ngách 12/45 hẻm 192 |
em gọi 111 rồi | gọi 113, 115 hay 114 | 18001567 | 1800 1567 | 1900 545 416 | gọi 1022 |
ngày 05-10-2026 15h30 | 05.10.2026 20 giờ | 01/02/2026 03:04 | hôm 12/11 lúc 20h | 05-10-2026 06-10-2026 |
năm 2019 2020 2021 2022 | sinh năm 2012, nay 14 tuổi | 2026 | từ 2020 đến 2026 nó đánh em |
1.000.000.000 đồng | 500000000 | 84.912.345.678 đồng | 84912345678đ | nó đòi 500k | mất 5 triệu | 10.000.000.000 |
nó đòi 900.000.000 đ | 100 000 000 000 vnd | gọi 500.000.000 đồng |
xe buýt 09, 32, 86, 14, 22 | tuyến 09 32 86 14 22 | xe 01 02 03 04 05 | xe bus 32 |
điểm 8 9 7 10 6 5 9 8 7 9 | điểm 0 9 8 7 10 6 5 9 8 | 0.25 7.5 8.25 9 6.5 | toán 8, văn 9, anh 7 | được 0 điểm |
biển số 29A1-12345 | 29-K1 123.45 | phòng 0405 lớp 10a2 | lớp 9a1 trường số 2 | mã K7M4-PQ2X |
0123 4567 8901 2345 | 1234 5678 9012 3456 | 0.5 kg | 12345678 | 123456789 |
một hai ba bốn năm sáu bảy tám chín mười | em không biết năm nay ba có về không | không một ai ba mẹ hai năm |
đếm không một hai ba bốn năm | ba năm bảy tám chín lần | hai ba bốn năm sáu bảy ngày |
nó nhắn trên fb: mày chết đi | lên fb là biết | fb: đang bị dọa | facebook em sợ | bị dọa trên facebook |
nhắn zalo cho em nhiều lần | zalo Lan | em dùng zalo của mẹ | fb là gì | tiktok: xem nhiều quá |
face: be ngoan xinh | acc 500k | nick 10a2 trường em | học lớp 10a2 nick: không có | mess nhau hoài | nó có fb mà |
@ | a@ | h@y qu@ | @17h30 | 2 cái @ 5k | @@ | em ở gần chợ @ ạ |
facebook.com | trang vnexpress.net | https://vnexpress.net/tin-123 | đau.em sợ lắm.ba đánh | 3.5 |
cccd của em mất rồi | cmnd 12 số | chứng minh cho nó thấy 5 lần |
nhà em ở tầng 12 phòng 1205 | sân bóng số 3 đường 20 | cổng chợ số 2 | lớp 6a2, số 31 | thôn 3 xóm 5 |
trường tiểu học số 1 | đi xe 86 tới bến 12 | hai năm bảy tháng | cao 1m45 nặng 40kg | 7h30 sáng, 19:45 tối |
ở km 12 quốc lộ 1 | căn 12A05 tòa B3 | em bị đánh 3 lần, 2 cái tát | cô ơi | ... | 😢😢 | |
"""


def rows() -> list[tuple[str, str, str]]:
    lines = [line.split(" | ") for line in MASKED.strip().splitlines()]
    return [(text, parts.strip(), keys.strip()) for text, parts, keys in lines]


def free() -> list[str]:
    return [line.strip() for line in FREE.replace("\n", "").split("|") if line.strip()]


@pytest.mark.parametrize(("text", "parts", "keys"), rows(), ids=lambda one: one[:40])
def test_what_tells_who_somebody_is_is_found(text: str, parts: str, keys: str) -> None:
    words = tidy(text)
    found = find(words)
    assert "; ".join(words[one.start : one.end] for one in found) == parts
    assert "; ".join(one.key for one in found) == keys


@pytest.mark.parametrize("text", free())
def test_what_anybody_may_know_is_left_alone(text: str) -> None:
    words = tidy(text)
    assert [words[one.start : one.end] for one in find(words)] == []


def test_the_tables_are_long_enough_to_mean_something() -> None:
    assert len(rows()) >= 95
    assert len(free()) >= 95


def test_signs_that_cannot_be_seen_hide_nothing() -> None:
    written = "0\u200b9\u200b1\u200b2\u200b3\u200b4\u200b5\u200b6\u200b7\u200b8"
    keycaps = "".join(f"{digit}\ufe0f\u20e3" for digit in "0912345678")
    for text in (written, keycaps, "\u202e0912345678"):
        assert [one.key for one in find(tidy(text))] == ["phone:0912345678"]


def test_every_sign_keeps_its_place_when_it_is_made_plain() -> None:
    text = "".join(map(chr, range(0x20, 0x3000))) + "ĐđẮ⓪０İßﬁ"
    assert len(plain(text)) == len(text)


def test_a_very_long_account_has_a_short_key_of_its_own() -> None:
    keys = {find(f"facebook.com/{'a' * 3000}{end}")[0].key for end in "bc"}
    assert len(keys) == 2
    assert max(map(len, keys)) < 80


@pytest.mark.parametrize(
    "piece", ["a", "0 ", "ba hai ", "(0", "a.b-", "fb ", "@", "không chín ", "t.me/", "84 ", "a@"]
)
def test_a_flood_of_signs_takes_no_long_time(piece: str) -> None:
    """Twice the text, about twice the work: a search that goes back over it would take minutes."""
    find(tidy(piece * (100_000 // len(piece))))
