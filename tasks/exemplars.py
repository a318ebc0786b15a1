"""The fixed five-shot exemplars: chosen once by id, the same for every model.

``exemplars.json`` maps each file of CPsyExam (and each kind of the sample) to five train items
that are well-formed and have no duplicate in dev or test; ``psyche-bench tasks --exemplars``
computes it again. The release's own scorer drew new exemplars for every item without a seed.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from psyche_bench import sources
from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_json
from psyche_bench.schemas import Question


@cache
def chosen() -> dict[str, list[str]]:
    """Exemplar ids by group (see :func:`group_of`)."""
    path = Path(str(files("psyche_bench.tasks") / "exemplars.json"))
    content: dict[str, Any] = read_json(path)
    return {name: list(ids) for name, ids in content["groups"].items()}


def group_of(question: Question) -> str:
    """The group whose exemplars an item gets: its file in CPsyExam, its kind in the sample."""
    if question.benchmark == "cpsyexam":
        return f"cpsyexam/{Path(question.file).stem}"
    return f"{question.benchmark}/{question.kind}"


def for_question(question: Question) -> list[Question]:
    """The exemplars of an item, in their fixed order.

    Raises:
        DataError: none are fixed for its group.
    """
    group = group_of(question)
    if group not in chosen():
        raise DataError(
            f"no exemplars are fixed for {group}, so {question.id} cannot be asked few-shot. "
            "Run it zero-shot."
        )
    return [_index(question.benchmark)[item] for item in chosen()[group]]


@cache
def _index(benchmark: str) -> dict[str, Question]:
    if benchmark == "sample":
        return {question.id: question for question in sources.load("sample", "train")}
    return {question.id: question for question in sources.load(benchmark, "train")}
