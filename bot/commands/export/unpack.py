"""`export open`: read a package with the private key. It needs no settings and no network."""

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

from bot.commands.export.package import INFO
from bot.commands.keys.asking import passphrase
from bot.commands.keys.committee import write_new
from bot.commands.setup import complain
from storage import committee
from storage.committee import CommitteeTrouble, Private, Why

SAID = {
    Why.MISSING: "không thấy tệp khóa / no key file",
    Why.NOT_A_KEY: "không phải khóa riêng / not a private key",
    Why.PASSPHRASE: "câu mật khẩu không đúng / the passphrase is wrong",
    Why.NOT_SEALED: "không phải gói hồ sơ / not a package",
    Why.OTHER_KEY: "gói này dành cho khóa khác / sealed to another key:",
    Why.CHANGED: "gói bị cắt hoặc bị sửa; không mở gì cả / the package was cut or changed",
}


def main(given: argparse.Namespace) -> int:
    """Open a package into a new folder (0700)."""
    if given.out.exists():
        return complain((f"{given.out}: đã có / it is there already",))
    try:
        sealed = given.package.read_bytes()
        private = Private.load(given.key, passphrase())
        plain = committee.open(private, INFO, sealed)
        names = write_all(plain, given.out)
    except CommitteeTrouble as trouble:
        return complain((f"{SAID[trouble.why]} {trouble.key}".strip(),))
    except OSError:
        return complain((f"{given.package}, {given.out}: không đọc hoặc không ghi được",))
    print(f"SHA-256 của gói / of the package: {hashlib.sha256(sealed).hexdigest()}")
    print(f"Đã mở vào / opened into {given.out}: {', '.join(names)}")
    return 0


def write_all(plain: bytes, folder: Path) -> list[str]:
    """Write the files of the ZIP; a name that leads elsewhere is only its last part."""
    folder.mkdir(mode=0o700, parents=True)
    names = []
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        for entry in archive.infolist():
            name = Path(entry.filename).name
            write_new(folder / name, archive.read(entry), 0o400)
            names.append(name)
    return names
