"""How large a long test is: small in `make test`, its full size in `make soak`."""

import os
import random


def sized(test: int, soak: int) -> int:
    """Give how many; the large number only when SOAK=1 asks for it."""
    return soak if os.environ.get("SOAK") == "1" else test


def seed(test: int = 2026) -> int:
    """Give the seed of a random test: always the same in `make test`, a new one in `make soak`; printed."""
    chosen = sized(test, random.SystemRandom().randrange(10**6))
    print(f"seed {chosen}")
    return chosen
