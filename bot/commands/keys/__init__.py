"""`keys`: make, change and bring back the keys without which nothing can be read.

init: the server's key · rotate: a new one · committee: the offline key · recover: a lost one.
"""

import argparse
import sys
from pathlib import Path

from bot.commands.keys import asking, committee, init, recover, rotate
from bot.commands.setup import complain
from bot.config import ConfigTrouble

SCRIPT = "không hỏi lại chữ khôi phục (dùng trong kịch bản) / ask nothing back"


def main(arguments: list[str]) -> int:
    """Run one of the four. 0: done; 64: not understood or not confirmed; 78: something is wrong."""
    try:
        given = parser().parse_args(arguments)
    except SystemExit as ended:
        return 64 if ended.code else 0
    ask = sys.stdin.isatty() and not given.yes
    try:
        return run(given, ask=ask)
    except ConfigTrouble as trouble:
        return complain(trouble.problems)
    except asking.NotConfirmedError:
        print("Chưa làm gì cả. / Nothing was done.", file=sys.stderr)
        return 64


def run(given: argparse.Namespace, *, ask: bool) -> int:
    """Run what was asked for."""
    if given.act == "init":
        return init.make(ask=ask)
    if given.act == "rotate":
        return rotate.main(ask=ask)
    if given.act == "committee":
        return committee.make(given.to, from_words=given.words, ask=ask)
    if given.words:
        return recover.from_words()
    return recover.from_committee(given.committee, ask=ask)


def parser() -> argparse.ArgumentParser:
    """Give what can be typed."""
    top = argparse.ArgumentParser(prog="python -m bot keys", description=__doc__)
    acts = top.add_subparsers(dest="act", required=True)
    for name, told in (
        ("init", "tạo khóa của máy chủ / make the server's key"),
        ("rotate", "đổi khóa của máy chủ; dừng chương trình trước / change it; stop first"),
        ("committee", "tạo khóa ngoại tuyến của hội đồng / make the committee's offline key"),
        ("recover", "lấy lại khóa đã mất / bring a lost key back"),
    ):
        act = acts.add_parser(name, help=told)
        act.add_argument("--yes", action="store_true", help=SCRIPT)
        if name == "committee":
            act.add_argument("--to", type=Path, default=Path(), help="thư mục / folder")
            act.add_argument(
                "--words", action="store_true", help="làm lại từ chữ trên giấy / from the paper"
            )
        if name == "recover":
            how = act.add_mutually_exclusive_group(required=True)
            how.add_argument("--words", action="store_true", help="từ chữ trên giấy / paper")
            how.add_argument(
                "--committee", type=Path, help="khóa riêng của hội đồng / the private key file"
            )
    return top
