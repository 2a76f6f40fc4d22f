"""Where a ward's officers' group is now, sealed; it moves when the platform moves it."""

from handlers.events import Address
from storage import cards
from storage.text import pack_address, unpack_address
from storage.tx import Tx

GROUP = "group"


def put(tx: Tx, ward: str, name: str, address: Address) -> None:
    """Write where the settings say that a place is."""
    _drop_cards_of_another(tx, ward, name, address)
    tx.run(
        "insert into places (ward, name, address, configured) values (?, ?, ?, ?)"
        " on conflict (ward, name) do update set address = excluded.address,"
        " configured = excluded.configured",
        ward,
        name,
        _seal(tx, ward, name, address),
        _index(tx, address),
    )


def configure(tx: Tx, ward: str, name: str, address: Address) -> Address:
    """Take a place over from the settings; gives where it is now.

    The platform may have moved it since: that is kept for as long as the settings say the same.
    """
    row = tx.one("select configured from places where ward = ? and name = ?", ward, name)
    if row is not None and row["configured"] == _index(tx, address):
        return get(tx, ward, name) or address
    put(tx, ward, name, address)
    return address


def move(tx: Tx, ward: str, name: str, address: Address) -> None:
    """The platform has moved a place; its settings are still the old ones."""
    _drop_cards_of_another(tx, ward, name, address)
    tx.run(
        "update places set address = ? where ward = ? and name = ?",
        _seal(tx, ward, name, address),
        ward,
        name,
    )


def get(tx: Tx, ward: str, name: str) -> Address | None:
    """Give where a place is; None when the ward has none."""
    row = tx.one("select address from places where ward = ? and name = ?", ward, name)
    if row is None:
        return None
    return unpack_address(
        tx.seal.open(row["address"], table="places", column="address", row=f"{ward}/{name}")
    )


def exists(tx: Tx, ward: str, name: str) -> bool:
    """Tell whether a ward has this place, without unsealing where."""
    return tx.one("select 1 from places where ward = ? and name = ?", ward, name) is not None


def _drop_cards_of_another(tx: Tx, ward: str, name: str, address: Address) -> None:
    """In another chat the numbers of the old messages name something else."""
    if get(tx, ward, name) not in {None, address}:
        cards.forget_lane(tx, name)


def _seal(tx: Tx, ward: str, name: str, address: Address) -> bytes:
    return tx.seal.seal(
        pack_address(address), table="places", column="address", row=f"{ward}/{name}"
    )


def _index(tx: Tx, address: Address) -> bytes:
    return tx.seal.index(address.channel, address.bot, address.peer)


def drop(tx: Tx, ward: str, name: str) -> None:
    """Forget a place."""
    tx.run("delete from places where ward = ? and name = ?", ward, name)
