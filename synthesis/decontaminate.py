"""Decontaminate: what stands in a benchmark is removed before the split, and counted.

Questions are held against the benchmarks by :mod:`psyche_bench.contamination` (exact and near
duplicates), dialogues and questions alike by :mod:`psyche_bench.leaks` (a benchmark's item inside a
longer text).
"""

from collections.abc import Iterable, Iterator, Sequence

from psyche_bench import contamination, leaks, sources
from psyche_bench.duplicates import normalise
from psyche_bench.errors import DataError
from psyche_bench.schemas import Question
from psyche_bench.synthesis.recipe import Recipe
from psyche_bench.synthesis.rows import Item, Pair, Row, as_question, shown
from psyche_bench.synthesis.step import Aside, Options, Result, Step

SPLITS = {"cpsyexam": ("dev", "test"), "cpsyexam_qa": ("dev", "test")}
"""Splits that are measured on; the others may be trained on."""


def benchmark(name: str) -> list[Question]:
    """The items of a benchmark that nothing may be trained on.

    Raises:
        DataError: no benchmark has this name, or its data are absent.
    """
    check_known(name)
    return [q for split in SPLITS.get(name, (None,)) for q in sources.load(name, split)]


def check_known(name: str) -> None:
    """Fail unless a benchmark is known and its data are there."""
    if name not in sources.NAMES:
        raise DataError(
            f"benchmarks: nothing is called {name!r}. Known: {', '.join(sources.NAMES)}."
        )
    if name != "sample":
        sources.folder(name.partition("_")[0])


def decontaminate(rows: Iterable[Row], _: Options, recipe: Recipe) -> Iterator[Result]:
    """Every row, dropped where it is or holds an item of a benchmark."""
    kept = [row for row in rows if isinstance(row, Item | Pair)]
    found: dict[str, str] = {}
    for name in recipe.benchmarks:
        for one, kind in standing(kept, benchmark(name)).items():
            found.setdefault(one, f"stands in {name} ({kind})")
    for row in kept:
        if row.id in found:
            yield Result(row.id, dropped=Aside(found[row.id], _text(row)))
        else:
            yield Result(row.id, [row])


def standing(rows: Sequence[Item | Pair], measured: Sequence[Question]) -> dict[str, str]:
    """Rows that stand in a benchmark: id → exact or near."""
    questions = [as_question(row) for row in rows if isinstance(row, Item)]
    matches = contamination.overlap(questions, measured)
    found = {
        match.a_id: str(match.kind) for match in sorted(matches, key=lambda m: m.kind != "near")
    }
    texts = [leaks.Text(row.id, normalise(_text(row))) for row in rows]
    for match in leaks.leaks(measured, [text for text in texts if text.text]):
        found.setdefault(match.b_id, str(match.kind))
    return found


def _text(row: Item | Pair) -> str:
    if isinstance(row, Item):
        return shown(row)
    return "\n".join([*(turn.content for turn in row.history), row.question, row.reply])


STEP = Step(
    name="decontaminate",
    after=("random-select", "dialogue-enrich"),
    plain=decontaminate,
    whole=True,
    models=lambda _: (),
)
