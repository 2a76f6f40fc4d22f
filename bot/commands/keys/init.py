"""`keys init`: make the root key, once, outside the data directory. Never made at boot."""

from bot import config
from bot.commands.keys import asking
from bot.commands.setup import complain
from bot.config import Settings
from storage.paper import Kind
from storage.rootkey import can_be_written, new_root_key, save_root_key

NOT_WRITTEN = "SECRET_KEY_FILE: không ghi được tệp khóa ở đó / the key file cannot be written there"


def make(*, ask: bool) -> int:
    """Make the key file named by SECRET_KEY_FILE, after its words stand on paper."""
    settings = config.read()
    why = hindrance(settings)
    if why:
        return complain((why,))
    key = new_root_key()
    asking.show(key.material(), Kind.ROOT, key.id, ask=ask)
    try:
        save_root_key(settings.key_file, key)
    except OSError:  # full since a moment ago
        return complain((NOT_WRITTEN,))
    print(
        f"Đã tạo khóa {key.id}. Không có tệp khóa và không có chữ trên giấy thì không ai đọc lại được"
        " nội dung, trừ hội đồng giữ khóa ngoại tuyến (keys committee)."
        f"\nMade key {key.id}. Without the file and without the words on paper nothing can be read"
        " again, but by the committee's offline key."
    )
    return 0


def hindrance(settings: Settings) -> str:
    """Say why no key may be made now; empty when nothing stands against it."""
    if settings.key_file.exists():
        return "Đã có tệp khóa ở đó, không ghi đè. / A key file is there already; it is kept."
    if not settings.trial and settings.database.exists():
        return (
            "Đã có dữ liệu: khóa mới sẽ không mở được nó. Tìm lại khóa cũ, hoặc `keys recover`."
            " / There is data already: a new key would not open it. Find the old one."
        )
    if beside(settings):
        return beside(settings)
    return "" if can_be_written(settings.key_file) else NOT_WRITTEN


def beside(settings: Settings) -> str:
    """Say that a key must not lie beside the data; empty when it does not."""
    if settings.key_file.resolve().is_relative_to(settings.database.resolve().parent):
        return (
            "SECRET_KEY_FILE phải nằm ngoài thư mục dữ liệu."
            " / SECRET_KEY_FILE must lie outside the data directory."
        )
    return ""
