"""What one question offers, and how its letters and texts are told from others."""

from collections.abc import Mapping
from dataclasses import dataclass

from psyche_bench import answer_patterns as say
from psyche_bench import answer_text as spelling

Found = tuple[int, frozenset[str] | None]
"""Where the letters end, and the letters; None for "A or B", which decides nothing."""


@dataclass(frozen=True, slots=True, eq=False)  # one per call: compared by identity
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
    order = "".join(dict.fromkeys(char for char in choices.upper() if char.isalnum()))
    texts: dict[str, str | None] = {}
    for letter, option in (options or {}).items():
        key = squeeze(spelling.normalise(option))
        if key:
            texts[key] = None if key in texts else letter.upper()
    every = frozenset(letter.upper() for letter in options) if options else frozenset(order)
    extra = "".join(sorted(set(order) - set("ABCDEFGH")))
    joined = tuple(
        (front, put)
        for letter, option in (options or {}).items()
        if (said := spelling.normalise(option)) and "\u4e00" <= said[0] <= "\u9fff"
        for front, put in (
            (f"{letter}{said}", f"{letter}.{said}"),
            (f"{said}({letter})", letter),
        )
    )
    return Scope(order, every, texts, say.grammar("ABCDEFGH" + extra), bool(options), joined)


def squeeze(text: str) -> str:
    """Letters, digits and characters only, case folded: how option texts are compared."""
    return "".join(char for char in text.casefold() if char.isalnum())
