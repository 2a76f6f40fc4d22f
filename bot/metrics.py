"""Numbers in Prometheus' text form (version 0.0.4). It knows no number's meaning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name (without the product's prefix), kind, sentence and samples.

    `samples`: by the value of its one label; without a label, under the empty word.
    """

    name: str
    kind: str
    help: str
    samples: Mapping[str, float]
    label: str = "name"


def gauge(name: str, says: str, value: float | None) -> Family:
    """Give a number that goes up and down; None: it is not known, and no sample is given."""
    return Family(name, "gauge", says, {} if value is None else {"": value})


def draw(families: Iterable[Family]) -> str:
    """Write them down; a family without samples still says that it exists."""
    lines: list[str] = []
    for one in families:
        name = f"lang_nghe_{one.name}"
        lines += [
            f"# HELP {name} {one.help.translate(_HELP)}",
            f"# TYPE {name} {one.kind}",
            *(f"{name}{_label(one.label, key)} {value}" for key, value in _sorted(one.samples)),
        ]
    return "\n".join(lines) + "\n"


def _sorted(samples: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(samples.items())


def _label(label: str, value: str) -> str:
    return f'{{{label}="{value.translate(_ESCAPED)}"}}' if value else ""
