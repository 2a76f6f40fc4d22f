"""Chance, from the system's own secure source."""

import secrets

from storage.tx import random_id


def jitter() -> float:
    """Give a chance in 0..1, so that retries do not come all at once."""
    return secrets.randbits(32) / 2**32


class SecureDice:
    """The product's dice; tests bring seeded ones."""

    def id(self) -> str:
        """Make a random row id: 80 bits, 16 Crockford characters, lower case."""
        return random_id()

    def bits(self, count: int) -> int:
        """Make a random non-negative integer below 2**count."""
        return secrets.randbits(count)
