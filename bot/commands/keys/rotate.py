"""`keys rotate`: move everything from the root key to a new one. The program must be stopped.

It may be killed at any moment: both keys are in files, and running it again goes on.
"""

import asyncio
from functools import partial
from pathlib import Path

from bot import app
from bot.commands.keys import asking
from bot.commands.setup import (
    DATABASE_TROUBLE,
    Base,
    NotSetUp,
    alone,
    base,
    complain,
    database_sentence,
    key_sentence,
)
from handlers.events import Address
from storage.db import Database, Opening, WrongKey
from storage.paper import Kind
from storage.rootkey import (
    KeyTrouble,
    RootKey,
    can_be_written,
    load_root_key,
    new_root_key,
    next_file,
    prev_file,
    save_root_key,
    take_over,
)
from storage.rotation import BATCH, Keys, NotAllMoved, OtherRotation, Place, begin, finish, step
from storage.seal import Seal

OLD_BACKUPS = 30
"""Days after which no backup may exist that needs the old key."""


def main(*, ask: bool) -> int:
    """Rotate, or go on with a rotation that was cut off."""
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)
    try:
        with alone(there.settings.database):
            return rotate(there, ask=ask)
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    except KeyTrouble as trouble:
        return complain((f"{trouble.path.name}: {key_sentence(trouble)}",))
    except OtherRotation as trouble:
        return complain(
            (
                f"Đang đổi dở sang khóa {trouble.key_id}; tệp .next không phải khóa đó. Tìm lại nó"
                " (`keys recover --words`). / A change to that key was begun; its file is needed.",
            )
        )
    except OSError:
        return complain(
            (
                "SECRET_KEY_FILE: không ghi được tệp khóa mới bên cạnh / the new key cannot be written"
                " beside it",
            )
        )


def rotate(there: Base, *, ask: bool) -> int:
    """Do it, alone with the data."""
    path = there.settings.key_file
    if not next_file(path).exists():
        if prev_file(path).exists():
            return complain((f"{prev_file(path)}: {STILL_THERE}",))
        if not there.settings.database.exists():
            return complain(("Chưa có dữ liệu để đổi khóa. / There is no data yet.",))
        if not can_be_written(next_file(path)):
            raise PermissionError
        new = new_root_key()
        asking.show(new.material(), Kind.ROOT, new.id, ask=ask)
        save_root_key(next_file(path), new)
    new = load_root_key(next_file(path), None)
    try:
        asyncio.run(move(there, new))
    except NotAllMoved as trouble:
        return complain((f"Còn dòng dưới khóa cũ / rows are left under the old key: {trouble}",))
    take_over(path)
    print("\n".join(done(there.root, new, path)))
    return 0


STILL_THERE = (
    "khóa cũ của lần đổi trước. Khi không còn bản sao lưu nào cũ hơn lần đổi đó, hủy tệp này"
    " (shred -u) rồi đổi tiếp. / the old key of the last change: destroy it once no older backup is"
    " left, then go on"
)


async def move(there: Base, new: RootKey, batch: int = BATCH) -> None:
    """Move every row; nothing to do when only the files were still to be exchanged."""
    keys = Keys(there.seal(), Seal(new, there.committee), configured(there))
    path = there.settings.database
    try:
        db = await Database.open(path, keys.old, clock=app.now, opening=Opening.ROTATING)
    except WrongKey as trouble:
        if trouble.needed != new.id:
            raise
        return
    async with db:
        await db.write(lambda tx: begin(tx, keys))
        place: Place | None = Place()
        while place is not None:
            place = await db.write(partial(step, keys=keys, place=place, batch=batch))
        await db.write(lambda tx: finish(tx, keys))


def configured(there: Base) -> Address | None:
    """Give the group's address as the program would write it down; see wiring.open_telegram."""
    settings = there.settings
    if settings.group is None:
        return None
    return Address("telegram", settings.telegram_token.partition(":")[0], settings.group.peer)


def done(old: RootKey, new: RootKey, path: Path) -> tuple[str, ...]:
    """Say what is done and what is left to people."""
    return (
        f"Đã đổi khóa {old.id} → {new.id}; 0 dòng còn dưới khóa cũ. / 0 rows are left under the old.",
        f"Khóa cũ nằm ở {prev_file(path)}: chỉ các bản sao lưu cũ còn cần nó. Khi chúng đã hết"
        f" (nhiều nhất {OLD_BACKUPS} ngày), hủy nó: shred -u. Hủy cả tờ giấy cũ.",
        "Đường dẫn và phiên bàn trực đã hết hiệu lực; cán bộ vào lại bằng `python -m bot invite --for`.",
        "The old key is only needed for older backups; destroy it and its paper when they are gone."
        " Links and desk sessions have ended: invite --for gives new ones. Now start the program.",
    )
