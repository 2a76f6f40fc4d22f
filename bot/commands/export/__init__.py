"""`export`: hand one case over by law: two officers agree, each with their own code, and what
leaves is sealed to a key that is not on this machine.

propose: send the two codes · make: the package, with both codes · open: read one, offline.
"""

import argparse
from pathlib import Path

from bot.commands.export import make, propose, unpack


def main(arguments: list[str]) -> int:
    """Run one of the three. 0: done; 64: refused or not understood; 78: something must be set up."""
    try:
        given = parser().parse_args(arguments)
    except SystemExit as ended:
        return 64 if ended.code else 0
    if given.act == "propose":
        return propose.main(given)
    return make.main(given) if given.act == "make" else unpack.main(given)


def parser() -> argparse.ArgumentParser:
    """Give what can be typed."""
    top = argparse.ArgumentParser(prog="python -m bot export", description=__doc__)
    acts = top.add_subparsers(dest="act", required=True)
    asks = acts.add_parser("propose", help="gửi mã đồng ý cho hai cán bộ / send the two codes")
    asks.add_argument("code", help="mã hồ sơ / public code")
    asks.add_argument("--basis", required=True, help="văn bản yêu cầu: số, ngày, cơ quan")
    asks.add_argument("--by", required=True, help="cán bộ thứ nhất: tên làm việc hoặc mã")
    asks.add_argument("--second", required=True, help="cán bộ thứ hai")
    asks.add_argument(
        "--with-address",
        action="store_true",
        help="kể cả địa chỉ người báo, nếu còn / also the reporter's address, while it is held",
    )
    makes = acts.add_parser("make", help="đóng gói, cần cả hai mã / the package, with both codes")
    makes.add_argument("demand", help="mã yêu cầu do propose in ra / what propose printed")
    makes.add_argument(
        "--to", type=Path, help="khóa công khai của bên nhận; không ghi: của hội đồng"
    )
    makes.add_argument("--out", type=Path, help="tệp gói / the package's file")
    makes.add_argument(
        "--key", type=Path, help="khóa riêng của hội đồng, cho hồ sơ đã niêm phong / private key"
    )
    opens = acts.add_parser("open", help="mở gói, ngoài mạng / open a package, offline")
    opens.add_argument("package", type=Path)
    opens.add_argument("--key", type=Path, required=True, help="khóa riêng / private key")
    opens.add_argument("--out", type=Path, required=True, help="thư mục mới / a new folder")
    return top
