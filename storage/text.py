"""How small structures become bytes before they are sealed: compact JSON, nothing else."""

import json
from collections.abc import Mapping
from typing import Any

from handlers.events import Address


def pack(value: object) -> bytes:
    """Write lists, mappings, text and numbers as JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def unpack(data: bytes) -> Any:
    """Read what `pack` wrote."""
    return json.loads(data)


def pack_address(address: Address) -> bytes:
    """Write an address for sealing."""
    return pack([address.channel, address.bot, address.peer])


def unpack_address(data: bytes) -> Address:
    """Read an address."""
    channel, bot, peer = unpack(data)
    return Address(channel, bot, peer)


def known_only(data: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Drop what an other version of the program wrote and this one does not know."""
    return {name: value for name, value in data.items() if name in names}
