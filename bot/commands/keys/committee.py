"""`keys committee`: make the committee's key pair, best on a machine without a network.

It needs no settings and no database. The private part is for a safe, never for the server.
"""

import os
from pathlib import Path

from bot.commands.keys import asking
from bot.commands.setup import complain
from storage.committee import Private
from storage.paper import Kind, Misread

PRIVATE = "committee.key"
PUBLIC = "committee.pub"


def make(folder: Path, *, from_words: bool, ask: bool) -> int:
    """Write both parts into a folder: a new pair, or the one whose words are typed."""
    private_file, public_file = folder / PRIVATE, folder / PUBLIC
    if private_file.exists() or public_file.exists():
        return complain(
            (f"Đã có {PRIVATE} hoặc {PUBLIC} ở đó, không ghi đè. / Such a file is there already.",)
        )
    secret = asking.new_passphrase()
    if from_words:
        try:
            private = Private(asking.typed(Kind.COMMITTEE))
        except Misread as trouble:
            return complain(asking.misread(trouble))
    else:
        private = Private.new()
        asking.show(private.material(), Kind.COMMITTEE, private.id, ask=ask)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(private_file, private.text(secret).encode(), 0o400)
        write_new(public_file, private.public.text().encode(), 0o444)
    except OSError:
        return complain((f"Không ghi được vào {folder} / cannot write there",))
    print(
        f"Khóa hội đồng {private.id}:"
        f"\n  {private_file}: khóa RIÊNG. Chép ra USB, cất két; KHÔNG để trên máy chủ."
        f"\n  {public_file}: khóa công khai. Đặt trên máy chủ, ghi đường dẫn vào COMMITTEE_KEY_FILE."
        f"\nThe committee's key {private.id}: {PRIVATE} is private, for a safe and never for the server;"
        f" {PUBLIC} goes to the server (COMMITTEE_KEY_FILE)."
    )
    return 0


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a new file that is on the disk when this returns. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(data)
        file.flush()
        os.fsync(handle)
