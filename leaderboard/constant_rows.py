"""The rows that know nothing, on every board: one letter throughout, the empty reply, chance.

They are computed from the items (:mod:`psyche_bench.constants`), which are not shipped; the
figures are, under ``constants/``, written by ``psyche-bench board constants``. A test computes
them again where the items are at hand.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import TypeAdapter

from psyche_bench import constants, sources
from psyche_bench.jsonl import write_json
from psyche_bench.leaderboard.board import Both
from psyche_bench.leaderboard.records import Model, Result

SETS = {"pceb": ("pceb", None), "cpsyexam_dev": ("cpsyexam", "dev")}
"""Task groups with public answers: the data set and the split of each."""
NAMES = {
    constants.MOST_FREQUENT: Both("most frequent answer", "最常见答案"),
    constants.EMPTY: Both("empty reply", "空回复"),
    constants.CHANCE: Both("chance", "随机猜测"),
    **{
        f"always {letter}": Both(f"always {letter}", f"始终选 {letter}")
        for letter in constants.LETTERS
    },
}
_RESULTS = TypeAdapter(tuple[Result, ...])


def make(group: str) -> tuple[Result, ...]:
    """The constant rows of one task group, from its items.

    Raises:
        DataError: the items are not at hand.
    """
    from psyche_bench.leaderboard import figures  # summaries and data sets, which few need here

    name, split = SETS[group]
    questions = [q for q in sources.load(name, split) if q.kind in ("smcq", "mmcq") and q.gold]
    universe = {question.id: question for question in questions}
    found = []
    for model, outcomes in constants.rows(questions).items():
        shown = figures.by_group(outcomes, universe, partial=False)[group]
        found.append(
            Result(
                model=Model(name=model, category="constant"),
                origin="constant",
                group=group,
                protocol=constants.PROTOCOL,
                items=len(outcomes),
                groups=shown.groups,
                columns=shown.columns,
            )
        )
    return tuple(found)


@cache
def load() -> tuple[Result, ...]:
    """The shipped figures of all task groups."""
    folder = files("psyche_bench.leaderboard") / "constants"
    return tuple(
        result
        for group in SETS
        for result in _RESULTS.validate_json((folder / f"{group}.json").read_bytes())
    )


def write(folder: Path, groups: Sequence[str] = tuple(SETS)) -> list[Path]:
    """Write the figures of some task groups; return the files."""
    written = []
    for group in groups:
        path = folder / f"{group}.json"
        write_json(path, _RESULTS.dump_python(make(group), mode="json", exclude_defaults=True))
        written.append(path)
    return written
