"""`restore`: put a backup in the place of the data, held until somebody has looked.

Nothing that was on its way goes out, and no old link works, until `confirm` or `drop-outbox`.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from bot import app
from bot.commands.backup import private, refuse
from bot.commands.forget import WHY, written
from bot.commands.roster import Answer, write
from bot.commands.setup import (
    DATABASE_TROUBLE,
    Base,
    NotSetUp,
    alone,
    base,
    complain,
    database_sentence,
)
from handlers.effects import Audit
from storage import audit, backup, erased, hold, officers, retention
from storage.backup import BackupTrouble
from storage.committee import CommitteeTrouble
from storage.restore import Restored, restore, unwritten
from storage.tx import Tx

NOT_HELD = "Không có gì đang bị giữ. / Nothing is held."
FIRST_FORGET = (
    "Chưa gửi gì. Trước hết: python -m bot forget, rồi --confirm: hồ sơ hết hạn không được hiện lại."
    " / Nothing was sent. First: python -m bot forget, then --confirm: what has expired must not be"
    " shown again."
)


def main(arguments: list[str]) -> int:
    """Restore a file while the program is stopped; or end the hold, also while it runs."""
    parser = argparse.ArgumentParser(prog="python -m bot restore", description=__doc__)
    parser.add_argument("what", metavar="FILE | confirm | drop-outbox")
    parser.add_argument("--key", type=Path, help="khóa riêng của hội đồng / the committee's own")
    parser.add_argument(
        "--replace", action="store_true", help="dời dữ liệu đang có sang bên / move the data aside"
    )
    given = parser.parse_args(arguments)
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)
    try:
        if given.what in ENDS:
            answer = asyncio.run(write(there, lambda tx: end(tx, there, given.what)))
        else:
            answer = bring_back(there, Path(given.what), given.key, replace=given.replace)
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    except (BackupTrouble, CommitteeTrouble, OSError) as trouble:
        return refuse(trouble)
    print("\n".join(answer.lines), file=sys.stdout if answer.done else sys.stderr)
    return 0 if answer.done else 64


def bring_back(there: Base, file: Path, key: Path | None, *, replace: bool) -> Answer:
    """Restore one. The program must not run: it would go on writing into a file nobody reads."""
    settings = there.settings
    with alone(settings.database):
        if settings.database.exists() and settings.database.stat().st_size and not replace:
            return Answer(
                (
                    "Đã có dữ liệu ở đó; thêm --replace để dời nó sang bên (không xóa)."
                    " / There is data already; --replace moves it aside (it is not deleted).",
                ),
                done=False,
            )
        keys = (there.root, private(key))
        with backup.alone(settings.backup_dir):
            # What it had not written down yet: an older backup must not bring that back either.
            if waiting := unwritten(settings.database, there.root, app.now()):
                erased.append(settings.backup_dir, waiting)
            gone = [*erased.read(settings.backup_dir), *erased.read(file.parent)]
            restored = restore(
                file,
                settings.database,
                keys,
                ward=there.ward.id,
                periods=retention.periods(there.ward),
                gone=gone,
                now=app.now(),
            )
    return Answer((*told(restored), *asyncio.run(roster(there))))


def told(restored: Restored) -> list[str]:
    """Say what came back, what did not, and what a person must do now."""
    held = restored.held
    lines = [
        f"Đã khôi phục bản của {written(restored.made)}: {restored.cases} hồ sơ."
        f" / Restored as of {written(restored.made)}: {restored.cases} cases.",
        f"Xóa lại / erased again: {restored.erased} · hết hạn đã xóa / expired: {restored.shredded}",
        "ĐANG GIỮ, chưa gửi gì / HELD, nothing is sent:"
        f" {held.messages} tin / messages, {held.cards} thẻ / cards, {held.files} tệp / files,"
        f" {held.moments} lời hẹn / moments.",
    ]
    if restored.aside is not None:
        lines.append(
            f"Dữ liệu cũ dời sang / the old data lies in: {restored.aside.name}"
            " (xóa sau 30 ngày / deleted after 30 days)"
        )
    if restored.asks is not None:
        lines.append(f"{WHY[restored.asks]}\n{FIRST_FORGET}")
    lines += [
        "",
        "Làm tiếp / what to do now:",
        "1. Khởi động. Tin mới vào và tới cán bộ ngay; đường dẫn cũ hết hiệu lực, mời lại:"
        " / Start. New reports reach the officers at once; all links ended, invite again:"
        "  python -m bot invite --for …",
        f"2. Tin báo từ {written(restored.made)} tới lúc mất KHÔNG còn ở đây: xem thẻ trong nhóm và"
        " điện thoại cán bộ, gọi lại cho họ."
        " / Reports made since then are NOT here: look at the cards in the group; act on them.",
        "3. Lời kể đã mở trên điện thoại cán bộ từ lúc đó không tự biến mất: nhờ họ xóa."
        " / Words opened on officers' phones since then stay there: ask them to delete them.",
        "4. Xem bàn trực, rồi chọn / look at the desk, then one of:",
        "   python -m bot restore confirm       gửi tiếp, có ghi “gửi lại” / send on, marked as repeated",
        "   python -m bot restore drop-outbox   bỏ tin cũ, thẻ và lời hẹn vẫn chạy / drop old messages",
    ]
    return lines


async def roster(there: Base) -> list[str]:
    """Name everybody who may see cases now: somebody may have left since."""
    answer = await write(
        there,
        lambda tx: Answer(tuple(one.name for one in officers.roster(tx, there.ward.id))),
    )
    names = ", ".join(answer.lines) or "-"
    return [
        f"5. Danh sách cán bộ lúc đó / the roster as it was: {names}."
        " Ai đã nghỉ thì đưa ra / remove who has left:  python -m bot roster remove …"
    ]


def end(tx: Tx, there: Base, how: str) -> Answer:
    """End the hold; not while something expired might be shown again."""
    if hold.since(tx) is None:
        return Answer((NOT_HELD,), done=False)
    if retention.state(tx, tx.now, retention.periods(there.ward)).held is not None:
        return Answer((FIRST_FORGET,), done=False)
    before = hold.counted(tx)
    many = ENDS[how](tx)
    audit.append(tx, Audit(f"restore.{how}"), there.ward.id, tx.now)
    if how == "confirm":
        line = (
            f"Gửi tiếp / going on: {before.messages - many} tin / messages, {before.cards} thẻ / cards;"
            f" bỏ vì đã gửi lại một lần / given up: {many}."
        )
    else:
        line = f"Đã bỏ / dropped: {many} tin / messages. Thẻ được cập nhật / cards: {before.cards}."
    return Answer((line,))


ENDS = {"confirm": hold.release, "drop-outbox": hold.drop}
"""How a hold ends."""
