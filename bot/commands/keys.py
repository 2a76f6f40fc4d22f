"""`keys init`: make the root key, once, outside the data directory. Never made at boot."""

import sys

from bot import config
from bot.commands.setup import complain
from bot.config import ConfigTrouble
from storage.rootkey import create_root_key


def main(arguments: list[str]) -> int:
    """Make the key file named by SECRET_KEY_FILE."""
    if arguments != ["init"]:
        print("python -m bot keys init", file=sys.stderr)
        return 64
    try:
        settings = config.read()
    except ConfigTrouble as trouble:
        return complain(trouble.problems)
    path = settings.key_file
    if path.exists():
        return complain(
            ("Đã có tệp khóa ở đó, không ghi đè. / A key file is there already; it is kept.",)
        )
    if not settings.trial and settings.database.exists():
        return complain(
            (
                "Đã có dữ liệu: khóa mới sẽ không mở được nó. Tìm lại khóa cũ."
                " / There is data already: a new key would not open it. Find the old one.",
            )
        )
    if path.resolve().is_relative_to(settings.database.resolve().parent):
        return complain(
            (
                "SECRET_KEY_FILE phải nằm ngoài thư mục dữ liệu."
                " / SECRET_KEY_FILE must lie outside the data directory.",
            )
        )
    try:
        key = create_root_key(path)
    except OSError:
        return complain(
            (
                "SECRET_KEY_FILE: không ghi được tệp khóa ở đó / the key file cannot be written there",
            )
        )
    print(
        f"Đã tạo khóa {key.id}. Chép tệp này ra hai nơi an toàn (két, ngân hàng); mất khóa là mất"
        " hết nội dung, không ai cứu được."
        f"\nMade key {key.id}. Keep copies of the file in two safe places; without it nothing can"
        " be read again."
    )
    return 0
