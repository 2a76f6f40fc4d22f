"""The media corpus: files from a seed, each with its marks and what must become of it.

Nothing of it is kept in the repository: the same seed makes the same files.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.pictures import Reason
from tests.programme.media import jpegs, others, pngs, voices
from tests.programme.media.maker import Kept, Kind, Maker

RECIPES: tuple[Kept, ...] = tuple(
    kept for module in (jpegs, pngs, others, voices) for kept in module.SHELF.kept
)


@dataclass(frozen=True, slots=True)
class Specimen:
    """One file. `reasons`: why it may be refused; `maybe`: it may come out clean as well."""

    name: str
    kind: Kind
    reasons: frozenset[Reason]
    maybe: bool
    marks: tuple[bytes, ...]
    data: bytes = field(repr=False)


def corpus(seed: int, count: int, *, heavy: bool) -> Iterator[Specimen]:
    """Every recipe once, then recipes by chance, until there are `count` at least."""
    kept = [one for one in RECIPES if heavy or not one.heavy]
    chance = random.Random(seed)
    light = [one for one in kept if not one.heavy]
    order = kept + [chance.choice(light) for _ in range(count - len(kept))]
    chance.shuffle(order)
    for number, one in enumerate(order):
        yield specimen(one, number, seed)


def specimen(kept: Kept, number: int, seed: int) -> Specimen:
    """Make one recipe's file; a seed and a number make the same one again."""
    make = Maker(random.Random(f"{seed}/{number}/{kept.name}"))
    data = kept.make(make)
    name = f"{number:03d}-{kept.name}"
    return Specimen(name, kept.kind, kept.reasons, kept.maybe, tuple(make.mark.made), data)
