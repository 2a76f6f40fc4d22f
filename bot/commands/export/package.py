"""The package of a lawful demand: a ZIP of plain files, sealed as a whole before it touches a disk."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.commands.forget import written
from handlers import card
from handlers.events import MediaKind
from handlers.receipts import format_code
from handlers.view import House
from storage import export
from storage.export import NEVER_HELD, Held
from storage.exports import Demand

INFO = b"export"
README = "doc-truoc.txt"


@dataclass(frozen=True, slots=True)
class Package:
    """A ZIP, and the fields that are in it. `data` is plain: it must be sealed before it is written."""

    code: str
    fields: tuple[str, ...]
    data: bytes = field(repr=False)

    def told(self, path: Path, sealed: bytes, key: str) -> tuple[str, ...]:
        """Say what was made, for the receipt that both sides sign."""
        return (
            f"Gói hồ sơ {self.code}: {path} ({len(sealed)} byte), chỉ khóa {key} mở được."
            " / The package; only that key opens it.",
            f"SHA-256: {hashlib.sha256(sealed).hexdigest()}",
            "Có trong gói / in it: " + ", ".join(self.fields),
            "Chưa từng có / never held:",
            *(f"  - {line}" for line in NEVER_HELD),
            "Mở ở máy không nối mạng / open offline: python -m bot export open <tệp> --key <khóa riêng>"
            " --out <thư mục>",
        )


def pack(held: Held, demand: Demand, house: House, now: datetime) -> Package:
    """Put everything into a ZIP in memory."""
    data = export.as_data(held)
    files = {
        "ho-so.txt": card.file_text(
            held.case, house, held.roster, held.entries, verbatim=True
        ).encode(),
        "ho-so.json": json.dumps(data, ensure_ascii=False, indent=1).encode(),
    }
    for number, one in enumerate(held.pictures, start=1):
        ending = "ogg" if one.kind is MediaKind.VOICE else "jpg"
        files[f"tep-{number}.{ending}"] = one.body
    fields = tuple(
        f"{table}.{name}" for table in ("case", "entries") for name in _names(data[table])
    )
    fields += ("log", "reporter_addresses") if demand.address else ("log",)
    fields += tuple(name for name in files if name.startswith("tep-"))
    readme = "\n".join(_readme(held, demand, house, now, fields, files))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in ({README: readme.encode()} | files).items():
            archive.writestr(zipfile.ZipInfo(name), body)
    return Package(format_code(held.case.code), fields, target.getvalue())


def _names(value: object) -> list[str]:
    one = value[0] if isinstance(value, list) and value else value
    return list(one) if isinstance(one, dict) else []


def _readme(
    held: Held,
    demand: Demand,
    house: House,
    now: datetime,
    fields: tuple[str, ...],
    files: dict[str, bytes],
) -> list[str]:
    names = [card.name(held.roster, one) for one in (demand.first, demand.second)]
    tie = f"còn, {held.reporters} / held, {held.reporters}" if held.reporters else "đã cắt / cut"
    return [
        f"HỒ SƠ {format_code(held.case.code)} · {house.ward.unit} · {house.ward.name}",
        f"Lập lúc / made: {written(now)}. Căn cứ / basis: {demand.basis}",
        f"Hai cán bộ đồng ý / agreed by: {', '.join(names)}",
        "Tin chưa kiểm chứng, nguyên lời người báo. / Unverified, in the reporter's own words.",
        f"Địa chỉ người báo / the reporter's address: {tie};"
        + (" có trong gói / included" if demand.address else " không có trong gói / not included"),
        "",
        "CÓ TRONG GÓI / FIELDS",
        *(f"  {name}" for name in fields),
        "",
        "CHƯA TỪNG CÓ / NEVER HELD",
        *(f"  - {line}" for line in NEVER_HELD),
        "",
        "SHA-256",
        *(f"  {hashlib.sha256(body).hexdigest()}  {name}" for name, body in files.items()),
        "",
    ]
