"""What every recipe works with: chance, marks, and small pictures that differ each time."""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from PIL import Image, ImageDraw

from bot.pictures import Reason
from tests.programme.media.marks import Marks


class Kind(StrEnum):
    """What the person sent it as."""

    PICTURE = "picture"
    VOICE = "voice"


@dataclass
class Maker:
    """Chance and marks of one specimen."""

    chance: random.Random
    mark: Marks = field(init=False)

    def __post_init__(self) -> None:
        self.mark = Marks(self.chance)

    def picture(self, mode: str = "RGB", size: tuple[int, int] | None = None) -> Image.Image:
        """A small picture with forms in it, different each time."""
        size = size or (self.chance.randrange(40, 320), self.chance.randrange(40, 320))
        image = Image.new("RGB", size, self.colour())
        draw = ImageDraw.Draw(image)
        for _ in range(5):
            x, y = self.chance.randrange(size[0]), self.chance.randrange(size[1])
            draw.ellipse((x - 25, y - 20, x + 30, y + 25), self.colour())
        return image if mode == "RGB" else image.convert(mode)

    def colour(self) -> tuple[int, int, int]:
        red, green, blue = self.chance.randbytes(3)
        return red, green, blue

    def saved(self, image: Image.Image, kind: str, **options: object) -> bytes:
        out = io.BytesIO()
        image.save(out, kind, **options)
        return out.getvalue()

    def jpeg(self, **options: object) -> bytes:
        return self.saved(self.picture(), "JPEG", **options)


Recipe = Callable[[Maker], bytes]


@dataclass(frozen=True, slots=True)
class Kept:
    """A recipe and what must become of its files. No reasons: there must be a clean copy."""

    name: str
    kind: Kind
    make: Recipe
    reasons: frozenset[Reason] = frozenset()
    maybe: bool = False
    """A clean copy is as good as one of the reasons."""
    heavy: bool = False
    """Costs seconds: only in the soak."""


class Shelf:
    """Where a module's recipes are collected."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.kept: list[Kept] = []

    def clean(self, make: Recipe) -> Recipe:
        """Its files must come out clean."""
        return self._keep(make, frozenset())

    def refused(self, *reasons: Reason, heavy: bool = False) -> Callable[[Recipe], Recipe]:
        """Its files must be refused for one of these reasons."""
        return lambda make: self._keep(make, frozenset(reasons), heavy=heavy)

    def either(self, *reasons: Reason, heavy: bool = False) -> Callable[[Recipe], Recipe]:
        """Its files come out clean or are refused for one of these reasons."""
        return lambda make: self._keep(make, frozenset(reasons), maybe=True, heavy=heavy)

    def _keep(
        self, make: Recipe, reasons: frozenset[Reason], *, maybe: bool = False, heavy: bool = False
    ) -> Recipe:
        name = make.__name__.replace("_", "-")
        self.kept.append(Kept(name, self.kind, make, reasons, maybe, heavy))
        return make
