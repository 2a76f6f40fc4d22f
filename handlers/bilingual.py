"""One text in Vietnamese and in English, as content files hold it. Knows no file and no key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bilingual:
    """The same words for a reader of Vietnamese and for a reader of English."""

    vi: str
    en: str

    def to(self, language: str) -> str:
        """The English text for "en", the Vietnamese one for anybody else."""
        return self.en if language == "en" else self.vi
