"""One transaction as the table modules see it: plain SQL with parameters, and the seal.

It knows no table. Everything in storage is a synchronous function over a Tx.
"""

import base64
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from storage.seal import Seal

_CROCKFORD = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz"
)

Value = str | int | bytes | None
"""What a column may hold; booleans are 0 and 1."""


def random_id() -> str:
    """Make a random row id: 80 bits, 16 Crockford characters, lower case."""
    return base64.b32encode(secrets.token_bytes(10)).translate(_CROCKFORD).decode("ascii")


class Tx:
    """A transaction that is open on `connection`, begun at `now`.

    `memo` remembers what this transaction has read already; a table module that writes what
    it remembers must write it there as well. It ends with the transaction.
    """

    __slots__ = ("_connection", "_depth", "memo", "new_id", "now", "seal")

    def __init__(
        self,
        connection: sqlite3.Connection,
        seal: Seal,
        now: datetime,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        """`new_id`: where row ids come from; tests hand in their own."""
        self._connection = connection
        self._depth = 0
        self.seal = seal
        self.now = now
        self.new_id = new_id
        self.memo: dict[tuple[str, str], object] = {}

    def one(self, sql: str, *params: Value) -> sqlite3.Row | None:
        """Run one statement and give its first row, or None."""
        row: sqlite3.Row | None = self._connection.execute(sql, params).fetchone()
        return row

    def all(self, sql: str, *params: Value) -> list[sqlite3.Row]:
        """Run one statement and give all its rows."""
        return self._connection.execute(sql, params).fetchall()

    def run(self, sql: str, *params: Value) -> int:
        """Run one statement and give how many rows it touched."""
        return self._connection.execute(sql, params).rowcount

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo everything inside, and only that, when it raises."""
        self._depth += 1
        name = f"s{self._depth}"
        self._connection.execute(f"savepoint {name}")
        try:
            yield
        except BaseException:
            self.memo.clear()
            # A full disk has rolled everything back already; then there is no savepoint.
            if self._connection.in_transaction:
                self._connection.execute(f"rollback to {name}")
                self._connection.execute(f"release {name}")
            raise
        else:
            self._connection.execute(f"release {name}")
        finally:
            self._depth -= 1
