"""`export make`: with both officers' codes, one file that only the receiver's key opens."""

import argparse
import asyncio
import getpass
import sys
from pathlib import Path

from bot import house
from bot.commands.export.package import INFO, Package, pack
from bot.commands.export.propose import hindrance
from bot.commands.keys.asking import passphrase
from bot.commands.keys.committee import write_new
from bot.commands.roster import Answer, write
from bot.commands.setup import (
    DATABASE_TROUBLE,
    Base,
    NotSetUp,
    base,
    complain,
    database_sentence,
)
from handlers.effects import Audit
from handlers.receipts import read_code
from storage import audit, cases, export, exports, officers
from storage.committee import CommitteeTrouble, Private, Public, seal
from storage.exports import Demand, Refused
from storage.recovery import key_of
from storage.tx import Tx

WHY = {
    Refused.UNKNOWN: "Không có yêu cầu này, hoặc đã quá 24 giờ. / No such demand, or its day is over.",
    Refused.WRONG: "Mã không đúng; sai 5 lần là yêu cầu hết hiệu lực. / A code is wrong.",
    Refused.ENDED: "Sai 5 lần: yêu cầu đã hết hiệu lực, hãy đề nghị lại. / Five times wrong: it ended.",
}


CHANGED = "Một trong hai người không còn được xem hồ sơ này. / One of the two may no longer see it."


class NotOpenedError(Exception):
    """Both agreed, but nothing here opens the case: all is undone, and the codes still work."""


def main(given: argparse.Namespace) -> int:
    """Make the package. It may run while the program runs."""
    try:
        there = base()
        receiver = there.committee if given.to is None else Public.load(given.to)
        private = None if given.key is None else Private.load(given.key, passphrase())
    except NotSetUp as trouble:
        return complain(trouble.problems)
    except CommitteeTrouble as trouble:
        return complain((f"--to, --key: khóa không dùng được ({trouble.why}) / unusable key",))
    if receiver is None:
        return complain(
            ("Cần --to <khóa công khai bên nhận>, hoặc COMMITTEE_KEY_FILE / needs --to",)
        )
    path = given.out or Path(f"ho-so-{given.demand}.lnx")
    if path.exists():
        return complain((f"{path}: đã có tệp này / it is there already",))
    codes = asked("Mã của cán bộ thứ nhất / first code: "), asked("Mã thứ hai / second code: ")
    try:
        return asyncio.run(hand_over(there, given.demand, codes, receiver, private, path))
    except DATABASE_TROUBLE as trouble:
        return complain((database_sentence(trouble),))
    except OSError:
        return complain((f"{path}: không ghi được; hãy đề nghị lại / it cannot be written",))


def asked(prompt: str) -> str:
    """Ask for a code; each officer types their own, unseen. From a pipe, a line each."""
    typed = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
    return read_code(typed) or ""


async def hand_over(
    there: Base,
    demand: str,
    codes: tuple[str, str],
    receiver: Public,
    private: Private | None,
    path: Path,
) -> int:
    """Record that it leaves before it leaves; then write the file."""
    made: list[Package] = []

    def act(tx: Tx) -> Answer:
        agreed = exports.agree(tx, demand, codes, tx.now)
        if isinstance(agreed, Refused):
            return Answer((WHY[agreed],), done=False)
        if not still_may(tx, there, agreed):
            return Answer((CHANGED,), done=False)
        made.append(gather(tx, there, agreed, private))
        return Answer(())

    try:
        answer = await write(there, act)
    except NotOpenedError:
        return complain(
            (
                "Hồ sơ đã niêm phong: cần --key khóa riêng của hội đồng, hoặc hồ sơ không còn."
                " / The case is sealed away: it takes --key, or it is gone.",
            )
        )
    if not answer.done:
        print("\n".join(answer.lines), file=sys.stderr)
        return 64
    sealed = seal(receiver, INFO, made[0].data)
    write_new(path, sealed, 0o400)
    print("\n".join(made[0].told(path, sealed, receiver.id)))
    return 0


def still_may(tx: Tx, there: Base, demand: Demand) -> bool:
    """Ask once more whether these two may: a case can be hidden from them since."""
    case = cases.get(tx, demand.case)
    roster = {one.id: one for one in officers.roster(tx, there.ward.id)}
    two = (roster.get(demand.first), roster.get(demand.second))
    if case is None or two[0] is None or two[1] is None:
        return False
    return not hindrance(tx, there, case, (two[0], two[1]))


def gather(tx: Tx, there: Base, demand: Demand, private: Private | None) -> Package:
    """Gather the case and write down that both handed it over. Raises NotOpenedError."""
    key = None if private is None else key_of(tx, private, demand.case)
    held = export.held(tx, demand.case, address=demand.address, case_key=key)
    if held is None:
        raise NotOpenedError
    for officer in (demand.first, demand.second):
        audit.append(tx, Audit("export.made", officer, demand.case), there.ward.id, tx.now)
    world = house.build(
        there.ward,
        trial=there.settings.trial,
        group_shows_words=there.settings.group_shows_words,
    )
    return pack(held, demand, world, tx.now)
