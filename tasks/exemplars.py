"""The fixed five-shot exemplars: chosen once by id, the same for every model.

``exemplars.json`` maps each file of CPsyExam (and each kind of the sample) to five train items
that are well-formed and have no duplicate in dev or test; ``psyche-bench tasks
--choose-exemplars`` computes it again. The release's own scorer drew new exemplars for every item
without a seed. A file whose train part holds fewer than five such items borrows from the other
files of its area and kind (KG or CA, single or multiple).
"""

import hashlib
from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from psyche_bench import repairs, sources
from psyche_bench.errors import DataError
from psyche_bench.jsonl import read_json, write_json
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


SHOTS = 5


def choose() -> dict[str, list[str]]:
    """Choose the exemplars anew from the data at hand: deterministic, by the hash of the id.

    Golds are spread: of two candidates the one whose gold was seen less often comes first.
    """
    from psyche_bench import contamination

    train = sources.load("cpsyexam", "train")
    asked = [*sources.load("cpsyexam", "dev"), *sources.load("cpsyexam", "test")]
    known = {oddity.item for oddity in repairs.known_oddities("cpsyexam")}
    repeated = {match.a_id for match in contamination.overlap(train, asked)} | known
    fit = [q for q in train if q.id not in repeated and _well_formed(q)]
    groups = {group_of(question): question for question in asked}
    return {
        group: [q.id for q in _five(fit, group, question)]
        for group, question in sorted(groups.items())
    } | {
        f"sample/{kind}": [q.id for q in sources.load("sample", "train") if q.kind == kind]
        for kind in ("smcq", "mmcq")
    }


def write(path: Path) -> Path:
    """Choose, and write the file that the tasks read."""
    content = {
        "source": "psyche-bench tasks --choose-exemplars",
        "data": sources.data_hash("cpsyexam"),
        "groups": choose(),
    }
    write_json(path, content)
    return path


def _well_formed(question: Question) -> bool:
    """Four or five options, one gold letter for single items and several for multiple ones."""
    several = len(question.gold or "") > 1
    return len(question.options) >= 4 and several == (question.kind == "mmcq")


def _five(fit: list[Question], group: str, like: Question) -> list[Question]:
    own = [q for q in fit if group_of(q) == group and q.kind == like.kind]
    others = [q for q in fit if q.subset == like.subset and group_of(q) != group]
    picked: list[Question] = []
    for pool in (own, others):
        rest = sorted(pool, key=lambda q: hashlib.sha256(q.id.encode()).hexdigest())
        while rest and len(picked) < SHOTS:
            golds = Counter(q.gold for q in picked)
            picked.append(rest.pop(min(range(len(rest)), key=lambda i: golds[rest[i].gold])))
    return picked
