"""Rubrics as data: what a judge is asked to look at, and on which scale.

Files in ``rubrics/`` (or anywhere, by path) hold either dimensions with a scale each (``form =
"scale"``) or criteria that are met or not, with plus and minus points (``form = "criteria"``).
Chinese and English stand side by side, each definition with its source.
"""

import hashlib
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from psyche_bench.errors import DataError
from psyche_bench.prompting import Lang
from psyche_bench.schemas import Record, first_fault


class Bilingual(Record):
    """One text in Chinese and in English."""

    zh: str
    en: str


class Dimension(Record):
    """What is scored: whole numbers from ``low`` to ``high``.

    ``levels`` say what a score means, from ``low`` upwards. A criterion is a dimension from 0 (not
    met) to 1 (met) with ``points``, below zero where it should not be met; ``item`` limits it to
    one item (the criteria of an exam case are that case's own).
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Bilingual
    definition: Bilingual
    levels: tuple[Bilingual, ...] = ()
    low: int = 0
    high: int = 1
    points: float = 1.0
    item: str | None = None
    source: str

    @model_validator(mode="after")
    def _levels_fit(self) -> "Dimension":
        if self.high <= self.low:
            raise ValueError(f"{self.name}: high must lie above low")
        if self.levels and len(self.levels) != self.high - self.low + 1:
            raise ValueError(f"{self.name}: one level for each score from low to high is wanted")
        return self


class Rubric(Record):
    """A rubric; ``digest`` is the hash of its file, so that no two versions look alike."""

    name: str
    form: Literal["scale", "criteria"]
    label: str
    source: str
    mean_over: Literal["cases", "dialogues"]
    temperature: float = 0.0
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    digest: str

    @property
    def names(self) -> dict[str, str]:
        """Dimension by every name it may be called: its own, and both titles."""
        found = {}
        for dimension in self.dimensions:
            for name in (dimension.name, dimension.title.zh, dimension.title.en):
                found[name.casefold().replace(" ", "_").replace("-", "_")] = dimension.name
        return found

    def for_item(self, item: str) -> "Rubric":
        """The rubric with the dimensions that concern one item."""
        kept = tuple(d for d in self.dimensions if d.item in (None, item))
        return self if len(kept) == len(self.dimensions) else self._with(kept)

    def _with(self, dimensions: tuple[Dimension, ...]) -> "Rubric":
        return self.model_copy(update={"dimensions": dimensions})

    def points(self, scores: dict[str, int]) -> float:
        """Criteria: points reached, as a share of what can be reached, from 0 to 1.

        ``max(0, sum of points of the criteria met) / sum of the points above zero``; a criterion
        with minus points takes off, and the whole never falls below zero.
        """
        worth = {d.name: d.points for d in self.dimensions}
        reachable = sum(value for value in worth.values() if value > 0)
        return max(0.0, sum(worth[name] * met for name, met in scores.items())) / reachable

    def json_schema(self) -> dict[str, Any]:
        """JSON schema of a verdict: a reason first, then a whole number for each dimension."""
        numbers = {
            d.name: {"type": "integer", "enum": list(range(d.low, d.high + 1))}
            for d in self.dimensions
        }
        return {
            "type": "object",
            "properties": {"reason": {"type": "string"}, **numbers},
            "required": ["reason", *numbers],
            "additionalProperties": False,
        }

    def sheet(self, lang: Lang) -> str:
        """The rubric as the judge reads it."""
        parts = []
        for d in self.dimensions:
            text = getattr(d.definition, lang)
            head = f"- {d.name} ({getattr(d.title, lang)}), {d.low}–{d.high}: {text}"
            levels = [f"  {d.low + n}: {getattr(lv, lang)}" for n, lv in enumerate(d.levels)]
            parts.append("\n".join([head, *levels]))
        return "\n".join(parts)


def names() -> list[str]:
    """The rubrics that ship with the package."""
    return sorted(
        Path(str(entry)).stem
        for entry in (files("psyche_bench") / "rubrics").iterdir()
        if entry.name.endswith(".toml")
    )


def rubric_of(wanted: "str | Path | Rubric") -> Rubric:
    """A rubric by name, by the path of its file, or as it is.

    Raises:
        DataError: there is none of this name, or the file is no rubric; the field is named.
    """
    return wanted if isinstance(wanted, Rubric) else _read(str(wanted))


@cache
def _read(wanted: str) -> Rubric:
    if wanted in names():
        path = Path(str(files("psyche_bench") / "rubrics" / f"{wanted}.toml"))
    else:
        path = Path(wanted)
    try:
        content = path.read_bytes()
        return Rubric.model_validate(
            {
                **tomllib.loads(content.decode("utf-8")),
                "digest": hashlib.sha256(content).hexdigest()[:12],
            }
        )
    except OSError:
        raise DataError(
            f"no rubric is called {wanted!r}. Known: {', '.join(names())}; a file of your own is "
            "named by its path."
        ) from None
    except ValidationError as error:
        place, said = first_fault(error)
        raise DataError(f"{path}, field '{place}': {said}. Mend the rubric.") from error
    except ValueError as error:
        raise DataError(f"{path}: no TOML in UTF-8 ({error}). Mend the rubric.") from error
