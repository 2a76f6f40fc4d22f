"""Return words → case, by keyed fingerprints alone. It must not know who asks, or how often."""

from storage import past
from storage.past import Purpose
from storage.seal import secret_index
from storage.tx import Tx


def add(tx: Tx, secret: int, case: str) -> None:
    """Let a 50-bit return secret name a case."""
    tx.run(
        "insert into returns (secret_index, key, case_id) values (?, ?, ?)",
        tx.seal.secret_index(secret),
        tx.seal.key_id,
        case,
    )


def case_of(tx: Tx, secret: int) -> str | None:
    """Give the id of the case that a secret names, also one given out before a rotation."""
    made_by = [(tx.seal.key_id, tx.seal.secret_index(secret))]
    made_by += [(id_, secret_index(key, secret)) for id_, key in past.keys(tx, Purpose.RETURNS)]
    for key_id, index in made_by:
        row = tx.one(
            "select case_id from returns where secret_index = ? and key = ?", index, key_id
        )
        if row is not None:
            return str(row["case_id"])
    return None


def forget_case(tx: Tx, case: str) -> None:
    """Let a case be named by no words any more."""
    if tx.run("delete from returns where case_id = ?", case):
        past.forget_unused_returns(tx)
