"""The texts, looked up by key, language and voice; a paragraph becomes words only here.

A key may have variants for `child`, `friend` (a child who speaks for a friend) and `adult`;
`friend` falls back to `child`, every voice to the plain key, English to Vietnamese.
"""

from collections.abc import Iterable, Mapping

VOICES = ("child", "friend", "adult")
FALLBACK = {"friend": ("friend", "child"), "child": ("child",), "adult": ("adult",), "": ("child",)}


def flatten(tree: Mapping[str, object], path: str = "") -> dict[str, str]:
    """Flatten nested tables into dotted keys; anything but text is refused by its key."""
    flat: dict[str, str] = {}
    for name, value in tree.items():
        key = f"{path}.{name}" if path else name
        if isinstance(value, Mapping):
            flat |= flatten(value, key)
        elif isinstance(value, str):
            flat[key] = value.strip()
        else:
            raise ValueError(f"texts: {key} must be text")
    return flat


class Texts:
    """All sentences in all languages, with the values that are the same everywhere."""

    def __init__(
        self, trees: Mapping[str, Mapping[str, object]], common: Mapping[str, str]
    ) -> None:
        """`trees`: language → parsed file; `common`: values such as the ward's name."""
        self.flat = {language: flatten(tree) for language, tree in trees.items()}
        self.common = dict(common)

    def find(self, key: str, language: str, voice: str) -> str | None:
        """Give the raw sentence, or None."""
        for table in (self.flat.get(language, {}), self.flat["vi"]):
            for variant in FALLBACK[voice]:
                if (text := table.get(f"{key}.{variant}")) is not None:
                    return text
            if (text := table.get(key)) is not None:
                return text
        return None

    def say(
        self, key: str, language: str, voice: str, values: Mapping[str, str] | None = None
    ) -> str:
        """Give a sentence with its values filled in; KeyError names a missing key or value."""
        text = self.find(key, language, voice)
        if text is None:
            raise KeyError(key)
        return text.format_map({**self.common, **(values or {})})

    def labels(self, keys: Iterable[str], language: str, voice: str) -> tuple[str, ...]:
        """Give several short labels."""
        return tuple(self.say(key, language, voice) for key in keys)
