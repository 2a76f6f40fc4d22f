"""`backup`: make a sealed copy now, list those that are kept, try one, or open one by hand.

Without a committee key a copy is sealed under the root key: safe from a thief, lost with that key.
"""

import argparse
import os
import sys
from pathlib import Path

from bot import app, backups
from bot.commands.forget import written
from bot.commands.keys.asking import passphrase
from bot.commands.setup import Base, NotSetUp, base, complain
from storage import kept
from storage.backup import BackupTrouble, Why, alone, make, prove, prove_for_committee, said
from storage.committee import CommitteeTrouble, Private
from storage.file import WrongKey
from storage.restore import Keys, unpack
from storage.seal import Seal

WHY = {
    Why.NO_ROOM: "không đủ chỗ trống trên đĩa / not enough room on the disk",
    Why.NOT_WRITTEN: "đĩa hoặc thư mục BACKUP_DIR không ghi được / the disk or BACKUP_DIR refuses",
    Why.NO_DATABASE: "chưa có dữ liệu / there is no database yet",
    Why.DAMAGED: "bản sao không nguyên vẹn / the copy is damaged",
    Why.WRONG_KEY: "dữ liệu này thuộc khóa khác; xem SECRET_KEY_FILE / it belongs to another root key",
    Why.NEWER: "do bản phần mềm mới hơn ghi / written by a newer version",
    Why.ROTATING: "đang đổi khóa dở: chạy lại `python -m bot keys rotate` / a change of keys was cut off",
    Why.UNREADABLE: "có nội dung không mở ra được / something sealed in it does not open",
    Why.BUSY: "đang có một bản sao khác được làm / another one is being made",
    Why.STOPPED: "bị dừng giữa chừng / it was stopped",
    Why.KEY_BESIDE: "tệp khóa nằm trong BACKUP_DIR; chuyển nó đi / the key file lies in BACKUP_DIR",
    Why.NO_COMMITTEE_KEY: "COMMITTEE_KEY_FILE không đọc được / COMMITTEE_KEY_FILE cannot be read",
    Why.CHANGED: "tệp bị cắt hoặc bị thay đổi / the file was cut or changed",
    Why.OTHER_KEY: "được niêm phong bằng khóa khác; dùng --key / sealed to another key; use --key",
    Why.NOT_A_BACKUP: "không thấy tệp này, hoặc đây không phải bản sao lưu / no such file, or no backup",
}
"""Why it did not work, in words."""


def main(arguments: list[str]) -> int:
    """Make, list, verify or open. It may run while the program runs."""
    parser = argparse.ArgumentParser(prog="python -m bot backup", description=__doc__)
    acts = parser.add_subparsers(dest="act")
    acts.add_parser("list", help="các bản đang giữ / those that are kept")
    verify = acts.add_parser("verify", help="mở thử một bản / try one by opening it")
    opened = acts.add_parser("open", help="mở thành tệp dữ liệu thường / into a plain database")
    for one in (verify, opened):
        one.add_argument("file", type=Path)
        one.add_argument("--key", type=Path, help="khóa riêng của hội đồng / the committee's own")
    opened.add_argument("--to", type=Path, required=True)
    given = parser.parse_args(arguments)
    if given.act == "open" and given.key is not None:
        # For the day on which the root key is lost: nothing of this machine is asked for.
        return opened_by_the_committee(given.file, given.key, given.to)
    try:
        there = base()
    except NotSetUp as trouble:
        return complain(trouble.problems)
    try:
        if given.act == "list":
            lines = listed(there)
        elif given.act == "verify":
            lines = verified(there, given.file, given.key)
        elif given.act == "open":
            lines = put_open(given.file, (there.root, None), given.to)
        else:
            lines = made(there)
    except (BackupTrouble, CommitteeTrouble, OSError) as trouble:
        return refuse(trouble)
    print("\n".join(lines))
    return 0


def refuse(trouble: Exception) -> int:
    """Say why it did not work; 1: it may work another time."""
    print(f"Không được / failed: {sentence(trouble)}", file=sys.stderr)
    return 1


def sentence(trouble: Exception) -> str:
    """Put trouble into words."""
    if isinstance(trouble, BackupTrouble):
        key = f" [{trouble.key}]" if trouble.key else ""
        return f"{WHY[trouble.why]}{key}"
    if isinstance(trouble, CommitteeTrouble):
        return f"--key: sai khóa hoặc sai câu mật khẩu / wrong key or passphrase ({trouble.why})"
    return f"không đọc hoặc không ghi được tệp / a file cannot be read or written ({type(trouble).__name__})"


def private(file: Path | None) -> Private | None:
    """Read the committee's private key, asking for its passphrase. Raises CommitteeTrouble."""
    return None if file is None else Private.load(file, passphrase())


def made(there: Base) -> list[str]:
    """Make one now."""
    job = backups.job(there.settings, there.root)
    one = make(job, app.now())
    lines = [
        f"{one.path}",
        f"SHA-256 {one.sha256}",
        f"Đã mở thử {one.tried} hồ sơ trong bản sao / cases opened in the copy: {one.tried}",
        "Ảnh và ghi âm nằm trong đó. / Pictures and voices are in it.",
    ]
    if job.committee is None:
        lines.append(
            f"Niêm phong bằng khóa {there.root.id}: MẤT KHÓA ĐÓ LÀ MẤT BẢN SAO. Cất khóa ở nơi khác,"
            " hoặc lập khóa hội đồng (python -m bot keys committee)."
            f" / Sealed under root key {there.root.id}: lose that key and this copy is lost too."
        )
    else:
        lines.append(
            f"Niêm phong cho khóa hội đồng {job.committee.id}; mở thử thật bằng"
            " / sealed to the committee's key; try it with:  backup verify <tệp / file> --key …"
        )
    if not one.believed:
        lines.append(
            "Đồng hồ lệch hơn 48 giờ: chưa xóa bản sao cũ nào; xem: python -m bot forget"
            " / The clock is more than 48 hours off: no old backup was deleted; see: python -m bot forget"
        )
    return lines


def listed(there: Base) -> list[str]:
    """Give one line for each that is kept, and for copies of the whole database beside it."""
    lines = [
        f"{written(one.at)} · {one.size:>12,} B · {one.key} · {one.path.name}"
        f"{'' if one.whole else ' · HỎNG / BROKEN'}"
        for one in kept.listing(there.settings.backup_dir)
    ]
    lines += [
        f"Cạnh dữ liệu / beside the database: {path.name}"
        for path in kept.left_over(there.settings.database)
    ]
    return lines or [f"Chưa có bản nào ở / none in {there.settings.backup_dir}"]


def verified(there: Base, file: Path, key: Path | None) -> list[str]:
    """Restore one into a scratch file beside the database, open it, unseal, and wipe it again."""
    settings, now = there.settings, app.now()
    plain = kept.copying(settings.database)
    committee = private(key)
    with alone(settings.backup_dir):
        try:
            settings.database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            unpack(file, (there.root, committee), plain)
            with said():
                try:
                    tried = prove(plain, Seal(there.root), now)
                except WrongKey:
                    if committee is None:
                        raise
                    return tried_without_root(prove_for_committee(plain, committee, now))
        finally:
            kept.wipe(plain)
    return [
        f"Tốt: nguyên vẹn, đúng khóa, đã mở {tried} hồ sơ. / Good: whole, of this key, cases opened:"
        f" {tried}.",
        f"SHA-256 {kept.digest(file)}",
    ]


def tried_without_root(tried: int) -> list[str]:
    """Say what was tried on a machine that has the committee's key alone."""
    return [
        f"Tốt: nguyên vẹn, khóa hội đồng mở được {tried} hồ sơ. Máy này không có khóa của máy chủ nên"
        " địa chỉ người báo không thử."
        f" / Good: whole, and the committee's key opens {tried} cases. The server's key is not here:"
        " addresses were not tried."
    ]


def opened_by_the_committee(file: Path, key: Path, target: Path) -> int:
    """Open one with the committee's private key alone."""
    try:
        print("\n".join(put_open(file, (None, private(key)), target)))
    except (BackupTrouble, CommitteeTrouble, OSError) as trouble:
        return refuse(trouble)
    return 0


def put_open(file: Path, keys: Keys, target: Path) -> list[str]:
    """Open one into a plain database, for `keys recover` when the root key is lost."""
    if target.exists():
        raise FileExistsError(target)
    try:
        unpack(file, keys, target)
    except BaseException:
        kept.wipe(target)
        raise
    os.chmod(target, 0o600)
    return [
        f"{target}: nội dung vẫn niêm phong bằng khóa máy chủ; xóa tệp này khi xong."
        " / its contents are still sealed under the root key; delete it when done."
    ]
