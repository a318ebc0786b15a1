"""What one question offers, and how its letters and texts are told from others."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from psyche_bench import answer_patterns as say
from psyche_bench import answer_text as spelling

Found = tuple[int, frozenset[str] | None]
"""Where the letters end, and the letters; None for "A or B", which decides nothing."""


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity
class Scope:
    """What one question offers: letters in order, all of them as a set, texts, patterns.

    ``texts`` maps an option's squeezed text to its letter, or to None where two options share it.
    """

    order: str
    every: frozenset[str]
    texts: Mapping[str, str | None]
    words: say.Grammar
    known: bool
    joined: tuple[tuple[str, str], ...] = ()

    @property
    def full(self) -> int:
        """From how many labelled options on a list is the question's own list of options."""
        return max(2, len(self.every) if self.known else min(4, len(self.order)))


def scope(choices: str, options: Mapping[str, str] | None) -> Scope:
    """Build the scope of one call; option texts are compared without space and punctuation."""
    if not options:
        return _bare(choices)
    bare = _bare(choices)
    texts: dict[str, str | None] = {}
    for letter, option in options.items():
        key = squeeze(spelling.normalise(option))
        if key:
            texts[key] = None if key in texts else letter.upper()
    every = frozenset(letter.upper() for letter in options)
    joined = tuple(
        (front, put)
        for letter, option in options.items()
        if (said := spelling.normalise(option)) and "\u4e00" <= said[0] <= "\u9fff"
        for front, put in (
            (f"{letter}{said}", f"{letter}.{said}"),
            (f"{said}({letter})", letter),
        )
    )
    return Scope(bare.order, every, texts, bare.words, True, joined)


@lru_cache(maxsize=64)
def _bare(choices: str) -> Scope:
    """The scope of letters alone."""
    order = "".join(dict.fromkeys(char for char in choices.upper() if char.isalnum()))
    extra = "".join(sorted(set(order) - set("ABCDEFGH")))
    return Scope(order, frozenset(order), {}, say.grammar("ABCDEFGH" + extra), known=False)


def squeeze(text: str) -> str:
    """Letters, digits and characters only, case folded: how option texts are compared."""
    return "".join(char for char in text.casefold() if char.isalnum())
