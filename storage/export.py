"""What leaves with a lawful demand for a case: all that is held of it, and the list of that.

Words as they were written, who opened what, clean pictures; what was never held is said.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from handlers.cases import Case
from handlers.view import Entry, Officer
from storage import cases, entries, files, links, officers, people
from storage.files import File
from storage.tx import Tx

NEVER_HELD = (
    "tên, số điện thoại, tên tài khoản, ảnh đại diện của người báo (trừ khi họ tự viết trong lời kể)"
    " / the reporter's name, telephone, account name or picture, unless they wrote it themselves",
    "địa chỉ mạng (IP), kiểu máy, trình duyệt / network address, device, browser",
    "vị trí của máy; ngày giờ, nơi chụp và máy chụp trong ảnh / location, and what a picture's file"
    " says of time, place and camera",
    "ảnh, giọng nói nguyên bản: chỉ có bản đã làm sạch / original pictures and voices: cleaned copies only",
    "5 chữ quay lại (chỉ có dấu vết một chiều) / the return words, but for one-way fingerprints",
)
"""What the program does not take in, or does not keep."""


@dataclass(frozen=True, slots=True)
class Held:
    """Everything that is held of one case, unsealed. `log`: number, time, act, officer."""

    case: Case
    entries: tuple[Entry, ...]
    roster: tuple[Officer, ...]
    log: tuple[tuple[int, int, str, str | None], ...]
    pictures: tuple[File, ...] = field(repr=False)
    reporters: int
    """To how many addresses the case is still tied; 0: the tie was cut."""
    addresses: tuple[str, ...] | None = field(default=None, repr=False)
    """None: the demand does not cover them."""


def held(tx: Tx, case_id: str, *, address: bool, case_key: bytes | None = None) -> Held | None:
    """Gather a case; None when it is not there, or nothing here opens it.

    `case_key`: opened with the committee's key, for a case that was put away.
    """
    if case_key is not None:
        tx.memo["case_key", case_id] = case_key
        tx.memo.pop(("case", case_id), None)
    case = cases.get(tx, case_id)
    if case is None or case.archived:
        return None
    rows = tx.all(
        "select number, at, act, officer from audit where case_id = ? order by number", case_id
    )
    pictures = [
        one
        for row in tx.all("select id from files where case_id = ? order by at, id", case_id)
        if (one := files.get(tx, row["id"])) is not None
    ]
    tied = links.people_of(tx, case_id)
    return Held(
        case,
        entries.of_case(tx, case_id),
        officers.roster(tx, case.ward),
        tuple((row["number"], row["at"], row["act"], row["officer"]) for row in rows),
        tuple(pictures),
        len(tied),
        tuple(map(str, _addresses(tx, tied))) if address else None,
    )


def _addresses(tx: Tx, tied: list[str]) -> list[str]:
    known = [people.address(tx, person) for person in tied]
    return [f"{one.channel}:{one.peer}" for one in known if one is not None]


def as_data(held: Held) -> dict[str, Any]:
    """Give it as plain data, every column of the case by its name in the database's own words."""
    case = asdict(held.case)
    case.pop("archived")
    return {
        "case": {name: _plain(value) for name, value in case.items()},
        "entries": [
            {name: _plain(value) for name, value in asdict(entry).items()} for entry in held.entries
        ],
        "log": [
            {"number": number, "at_ms": moment, "act": act, "officer": officer}
            for number, moment, act, officer in held.log
        ],
        "officers": [
            {"id": one.id, "working_name": one.name, "role": one.role} for one in held.roster
        ],
        "reporter_addresses_held": held.reporters,
        "reporter_addresses": None if held.addresses is None else list(held.addresses),
    }


def _plain(value: object) -> object:
    if isinstance(value, (bool, int, type(None))):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return str(value)
