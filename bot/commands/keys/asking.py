"""Words on paper, shown once and asked back; passphrases. Nothing of it is written to a disk."""

import getpass
import secrets
import sys

from bot.house import TEXTS
from handlers.reading import fold
from storage.paper import ROWS, WORDS, WORDS_A_ROW, Kind, Misread, Paper

ASKED_BACK = 4
"""So many words are asked for: enough to see that they were copied, few enough to bear."""
TRIES = 3
SHORTEST = 12
"""Signs of a passphrase: it is all that protects the committee's key when its file is stolen."""


class NotConfirmedError(Exception):
    """Whoever sat there did not show that the words stand on paper; nothing was made."""


def paper() -> Paper:
    """Give the writer of words."""
    return Paper((TEXTS / "words.vi.txt").read_text("utf-8").split())


def show(key: bytes, kind: Kind, key_id: str, *, ask: bool) -> None:
    """Print the words of a key, and let some be typed back. Raises NotConfirmedError."""
    rows = paper().spell(key, kind)
    print(
        f"\n{WORDS} CHỮ KHÔI PHỤC của khóa {key_id}. Chép ra giấy, hai bản, cất hai nơi có khóa."
        "\nChúng chỉ hiện một lần. Ai có chúng thì có khóa; đừng chụp ảnh, đừng gửi, đừng lưu vào máy."
        f"\nThe {WORDS} recovery words of key {key_id}, shown once: two copies on paper, no photograph.\n"
    )
    for number, row in enumerate(rows, start=1):
        print(f"  {number}.  " + "  ".join(row))
    print()
    if ask:
        _ask_back(rows)


def _ask_back(rows: tuple[tuple[str, ...], ...]) -> None:
    """Ask for a few words; the terminal is cleared first where it can be."""
    input("Chép xong, nhấn Enter; các chữ sẽ được xóa khỏi màn hình. / Copied? Press Enter. ")
    print("\033[2J\033[3J\033[H", end="")
    places = secrets.SystemRandom().sample(range(WORDS), ASKED_BACK)
    for place in sorted(places):
        row, column = divmod(place, WORDS_A_ROW)
        for _ in range(TRIES):
            said = input(
                f"Dòng {row + 1}, chữ thứ {column + 1} / row {row + 1}, word {column + 1}: "
            )
            if fold(said.strip()) == fold(rows[row][column]):
                break
            print("  Chưa đúng, nhìn lại tờ giấy. / Not that one; look at the paper again.")
        else:
            raise NotConfirmedError


def typed(kind: Kind) -> bytes:
    """Read the words of a key from whoever types, or from what is piped in. Raises Misread."""
    if not sys.stdin.isatty():
        return paper().read(sys.stdin.read(), kind)
    print(f"Gõ {WORDS} chữ, mỗi dòng {WORDS_A_ROW}; không cần dấu. / Type the words, {ROWS} rows.")
    return paper().read("\n".join(input(f"{row}: ") for row in range(1, ROWS + 1)), kind)


def misread(trouble: Misread) -> tuple[str, ...]:
    """Say where to look again."""
    if trouble.other is not None:
        names = {
            Kind.ROOT: "khóa của máy chủ / the server's key",
            Kind.COMMITTEE: "khóa của hội đồng / the committee's key",
        }
        return (f"Đây là chữ của {names[trouble.other]}. / Words of another kind of key.",)
    lines = [
        f"Dòng {one.row}, chữ thứ {one.place}: không có chữ “{one.word}” trong danh sách"
        f" / row {one.row}, word {one.place} is not in the list"
        + (f" ({', '.join(one.near)}?)" if one.near else "")
        for one in trouble.unknown
    ]
    if trouble.count != WORDS:
        lines.append(
            f"Cần {WORDS} chữ, đã gõ {trouble.count} / {WORDS} words are needed, not {trouble.count}"
        )
    lines += [
        f"Dòng {row}: có chữ chép nhầm, hoặc dòng này ở chỗ khác / row {row}: a word is wrong, or"
        " the row belongs elsewhere"
        for row in trouble.rows
    ]
    return tuple(lines)


def new_passphrase() -> str:
    """Ask for a new passphrase, twice at a terminal. Raises NotConfirmedError."""
    first = passphrase("Câu mật khẩu mới cho khóa của hội đồng / new passphrase: ")
    if len(first) < SHORTEST:
        print(f"Cần ít nhất {SHORTEST} ký tự / at least {SHORTEST} signs", file=sys.stderr)
        raise NotConfirmedError
    if sys.stdin.isatty() and passphrase("Gõ lại / again: ") != first:
        print("Hai lần không giống nhau / they differ", file=sys.stderr)
        raise NotConfirmedError
    return first


def passphrase(prompt: str = "Câu mật khẩu của hội đồng / the committee's passphrase: ") -> str:
    """Ask for a passphrase without showing it; from a pipe, its first line."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\n")
