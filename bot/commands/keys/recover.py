"""`keys recover`: a lost root key, from the words on paper or by the committee's offline key."""

import asyncio
from pathlib import Path

from bot import app, config, house, wiring
from bot.commands.keys import asking
from bot.commands.keys.init import beside
from bot.commands.roster import around
from bot.commands.setup import DATABASE_TROUBLE, alone, complain, database_sentence
from bot.config import Settings
from bot.render import Renderer
from handlers import routes
from handlers.ward import Ward, WardTrouble
from storage import cases
from storage.apply import apply
from storage.committee import CommitteeTrouble, Private, Public, Why
from storage.db import Database, Opening, keys_needed
from storage.paper import Kind, Misread
from storage.recovery import Recovered, recover
from storage.rootkey import (
    KeyTrouble,
    Reason,
    RootKey,
    can_be_written,
    load_root_key,
    new_root_key,
    next_file,
    save_root_key,
    take_over,
)
from storage.seal import Seal
from storage.tx import Tx

NOT_WRITTEN = "SECRET_KEY_FILE: không ghi được ở đó / it cannot be written there"
HALF = (
    "khóa của một lần đổi khóa dở dang; dời nó sang nơi an toàn rồi chạy lại"
    " / the key of a change that was cut off: move it to a safe place, then run this again"
)
THERE = "Đã có tệp khóa ở đó; dời nó đi trước. / A key file is there; move it away first."
WHY = {
    Why.MISSING: "không thấy tệp này / no such file",
    Why.NOT_A_KEY: "không phải khóa riêng của hội đồng / not the committee's private key",
    Why.PASSPHRASE: "câu mật khẩu không đúng / the passphrase is wrong",
}


def from_words() -> int:
    """Rebuild the key file from the words, when it is the key that the database needs."""
    settings = config.read()
    needed, moving_to = keys_needed(settings.database)
    try:
        root = RootKey(asking.typed(Kind.ROOT))
    except Misread as trouble:
        return complain(asking.misread(trouble))
    if needed and root.id not in {needed, moving_to}:
        return complain(
            (
                f"Chữ này là của khóa {root.id}; dữ liệu cần khóa {needed}. Tìm tờ giấy khác."
                f" / These words are of key {root.id}; the data needs {needed}.",
            )
        )
    path = settings.key_file if root.id != moving_to else next_file(settings.key_file)
    if beside(settings) and not settings.trial:
        return complain((beside(settings),))
    try:
        save_root_key(path, root)
    except FileExistsError:
        return complain((THERE,))
    except OSError:
        return complain((NOT_WRITTEN,))
    print(f"Đã ghi lại khóa {root.id}: {path} (0400). / The key file is back.")
    return 0


def from_committee(file: Path, *, ask: bool) -> int:
    """Make a new root key and bring back, under it, what the committee's key can open."""
    settings = config.read()
    if settings.key_file.exists():
        return complain((THERE,))
    if not settings.database.exists():
        return complain(("Không thấy dữ liệu. / There is no database.",))
    if beside(settings) and not settings.trial:
        return complain((beside(settings),))
    try:
        ward = house.read_ward(settings.ward_file)
        private = Private.load(file, asking.passphrase())
    except WardTrouble as trouble:
        return complain(tuple(f"ward.toml: {one}" for one in trouble.problems))
    except CommitteeTrouble as trouble:
        return complain((f"{file}: {WHY.get(trouble.why, trouble.why)}",))
    try:
        with alone(settings.database):
            new = waiting_key(settings, ask=ask)
            found = asyncio.run(bring_back(settings, ward, private, new))
            take_over(settings.key_file)
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    except KeyTrouble as trouble:
        return complain((f"{next_file(settings.key_file)}: {HALF} ({trouble.reason})",))
    except OSError:
        return complain((NOT_WRITTEN,))
    print("\n".join(told(found, new, before(settings))))
    return 0


def waiting_key(settings: Settings, *, ask: bool) -> RootKey:
    """Make the new key, or take the one that a run which was cut off has made."""
    waiting = next_file(settings.key_file)
    if waiting.exists():
        new = load_root_key(waiting, None)
        if new.id == keys_needed(settings.database)[1]:
            raise KeyTrouble(Reason.MISSING, settings.key_file)  # half of the data needs this one
        return new
    if not can_be_written(waiting):
        raise PermissionError
    new = new_root_key()
    asking.show(new.material(), Kind.ROOT, new.id, ask=ask)
    save_root_key(waiting, new)
    return new


def before(settings: Settings) -> Path:
    """Give where the database is copied to first: the old key may yet be found."""
    path = settings.database
    return path.with_name(f"{path.stem}.before-recover{path.suffix}")


async def bring_back(
    settings: Settings, ward: Ward, private: Private, new: RootKey
) -> Recovered | None:
    """Copy the database, then do all of it in one transaction. None: it was done before."""
    lost = tuple(one for one in keys_needed(settings.database) if one)
    if lost == (new.id,):
        return None
    seal = Seal(new, committee(settings))
    async with await Database.open(
        settings.database, seal, clock=app.now, opening=Opening.KEY_LOST
    ) as db:
        await db.backup(before(settings))

        def act(tx: Tx) -> Recovered:
            found = recover(tx, private, lost)
            show_again(tx, settings, ward)
            return found

        return await db.write(act)


def committee(settings: Settings) -> Public | None:
    """Give the committee key of the settings; when it cannot be read, the start will say so."""
    try:
        return None if settings.committee_key is None else Public.load(settings.committee_key)
    except CommitteeTrouble:
        return None


def show_again(tx: Tx, settings: Settings, ward: Ward) -> None:
    """What was on its way is gone: every open case is shown anew where it belongs."""
    world = house.build(ward, trial=settings.trial, group_shows_words=settings.group_shows_words)
    view = around(tx, world, group=settings.group is not None)
    shows = [show for case in cases.board(tx, ward.id) for show in routes.shows(view, case)]
    apply(tx, shows, person="", now=tx.now, ward=ward.id, render=Renderer(world, wiring.caps(None)))


def told(found: Recovered | None, new: RootKey, copy: Path) -> tuple[str, ...]:
    """Say what came back, what did not, and what is left to people."""
    if found is None:
        return (f"Khóa mới {new.id} đã vào chỗ. / The new key is in its place.",)
    return (
        f"Khóa mới {new.id}. Lấy lại {found.cases} hồ sơ; {found.archived} vẫn niêm phong;"
        f" {found.lost} không mở được nữa và đã xóa."
        f" / {found.cases} cases are back, {found.archived} stay sealed, {found.lost} are lost.",
        f"Không lấy lại được: địa chỉ của {found.people} người (cả cán bộ), chuyện đang kể dở, thư"
        " đang gửi, và 5 chữ quay lại của mọi hồ sơ. Không còn trả lời được người báo cũ qua đây."
        " / Lost: addresses, unfinished talks, letters on their way, and all return words.",
        'Mời lại từng cán bộ: python -m bot invite --for "<tên>". / Invite every officer again.',
        f"Bản cũ còn ở {copy}: tìm thấy khóa cũ thì dùng lại được; không thì xóa nó sau 30 ngày."
        " / The old data is kept there in case the old key is found; delete it within 30 days.",
    )
