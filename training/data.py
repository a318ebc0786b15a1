"""From released items and the pipeline's mixtures to what is learnt, with every loss counted.

CPsyExam's train split gives question → explanation as rationale → answer. Items that also stand in
a benchmark (PCEB, CPsyExam dev and test; exact and near) are taken out first and counted.
"""

import hashlib
import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from psyche_bench import mixture, prompting, sources
from psyche_bench.errors import DataError
from psyche_bench.schemas import Question, Record, Turn
from psyche_bench.training.recipe import Data, Stage

BENCHMARKS = (("pceb", None), ("cpsyexam", "dev"), ("cpsyexam", "test"))
"""What must not stand in training data."""


class Example(Record):
    """One thing to learn: ``completion`` for SFT, ``gold`` and ``options`` for the reward."""

    id: str
    prompt: tuple[Turn, ...]
    completion: str
    gold: str | None
    options: dict[str, str]

    @property
    def size(self) -> int:
        """Characters of prompt and completion."""
        return sum(len(turn.content) for turn in self.prompt) + len(self.completion)


class Prepared(NamedTuple):
    """Examples for training and for the held-out loss, what became of the rest, and a hash."""

    train: tuple[Example, ...]
    held_out: tuple[Example, ...]
    counts: dict[str, int]
    digest: str


def prepare(spec: Data, stage: Stage) -> Prepared:
    """Read, clean, order and split the data a recipe names.

    Raises:
        DataError: the data are absent, changed, broken or too few.
    """
    if spec.source == "cpsyexam":
        examples, counts = _from_cpsyexam(spec, stage)
    else:
        examples, counts = _from_file(spec, stage)
        if spec.cpsyexam:
            more, told = _from_cpsyexam(spec, stage)
            known = {example.id for example in examples}
            fresh = [example for example in more if example.id not in known]
            drawn = _ordered(fresh, spec.model_copy(update={"limit": spec.cpsyexam, "held_out": 0}))
            examples += drawn[: spec.cpsyexam]
            counts |= {f"cpsyexam_{key}": value for key, value in told.items()}
            counts["of_cpsyexam"] = len(drawn[: spec.cpsyexam])
    if not examples:
        raise DataError(f"no example is left of {counts}. Loosen the recipe's [data] table.")
    ordered = _ordered(examples, spec)
    wanted = len(ordered) - spec.held_out if spec.limit is None else spec.limit
    if wanted < 1 or wanted + spec.held_out > len(ordered):
        raise DataError(
            f"the recipe wants {spec.limit or 'all'} examples and {spec.held_out} held out, but "
            f"{len(ordered)} are left ({counts}). Lower data.limit or data.held_out."
        )
    train, held = ordered[:wanted], ordered[wanted : wanted + spec.held_out]
    counts |= {"train": len(train), "held_out": len(held)}
    counts["not_drawn"] = len(examples) - len(train) - len(held)
    return Prepared(tuple(train), tuple(held), counts, digest([*train, *held]))


def digest(examples: Iterable[Example]) -> str:
    """First 12 hexadecimal digits of the SHA-256 over all examples in order."""
    lines = "\n".join(example.model_dump_json() for example in examples)
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _ordered(examples: Sequence[Example], spec: Data) -> list[Example]:
    """Drawn with the seed; of the shortest only, when the recipe says so."""
    if spec.shortest and spec.limit is not None:
        ranked = sorted(examples, key=lambda example: (example.size, example.id))
        examples = ranked[: spec.limit + spec.held_out]
    ordered = sorted(examples, key=lambda example: example.id)
    random.Random(spec.seed).shuffle(ordered)  # noqa: S311 - an order, not a secret
    return ordered


# --- CPsyExam -----------------------------------------------------------------------------------


def _from_cpsyexam(spec: Data, stage: Stage) -> tuple[list[Example], dict[str, int]]:
    questions = sources.load("cpsyexam", "train")
    clean, leaked = without_benchmarks(questions)
    counts = {"items": len(questions), "in_a_benchmark": leaked}
    examples, bare = [], 0
    for question in clean:
        rationale = shortened(question.analysis, spec.rationale_chars) if spec.rationales else ""
        if stage == "sft" and spec.rationales and not rationale:
            bare += 1
        else:
            examples.append(from_question(question, rationale, spec))
    return examples, counts | {"without_rationale": bare}


def without_benchmarks(questions: Sequence[Question]) -> tuple[list[Question], int]:
    """Items that stand in no benchmark, exactly or nearly, and how many did."""
    from psyche_bench.contamination import overlap

    leaked = {match.a_id for match in overlap(questions, _benchmarks())}
    return [question for question in questions if question.id not in leaked], len(leaked)


def from_question(question: Question, rationale: str, spec: Data) -> Example:
    """A question as the harness asks it, and the reply that is to be learnt.

    Raises:
        DataError: the item has no gold.
    """
    if not question.gold:
        raise DataError(f"{question.id} has no gold, so nothing can be learnt from it.")
    asked = prompting.prompt(question, spec.ask, spec.lang)
    return Example(
        id=question.id,
        prompt=(Turn(role="user", content=asked),),
        completion=mixture.completion(rationale, prompting.answer(question, spec.lang)),
        gold=question.gold,
        options=dict(question.options),
    )


_SPACE = re.compile(r"\s+")
_END = re.compile(r"[。！？；;!?]")
SHORTEST = 10
"""Characters an explanation must have: below, it is a letter or a cross-reference."""


def shortened(text: str, limit: int | None) -> str:
    """An explanation cut behind its last sentence within ``limit`` characters; "" if none fits.

    >>> shortened("强化分为两种，正强化与负强化。惩罚不是强化。", 18)
    '强化分为两种，正强化与负强化。'
    >>> shortened("略", None)
    ''
    """
    clean = _SPACE.sub(" ", text.replace("<think>", "").replace("</think>", "")).strip()
    if limit is not None and len(clean) > limit:
        ends = [found.end() for found in _END.finditer(clean, 0, limit)]
        clean = clean[: ends[-1]] if ends else ""
    return clean if len(clean) >= SHORTEST else ""


# --- D_sft and D_grpo ---------------------------------------------------------------------------


def _from_file(spec: Data, stage: Stage) -> tuple[list[Example], dict[str, int]]:
    path = Path(spec.path or "")
    if path.is_file() and spec.sha256 and sources.digest(path) != spec.sha256:
        raise DataError(
            f"{path} is not the file the recipe names (SHA-256 {sources.digest(path)}, wanted "
            f"{spec.sha256}). Fetch it again, or name its own hash with --set data.sha256=…"
        )
    lines: list[mixture.SftLine | mixture.GrpoLine] = []
    lines += mixture.read_sft(path) if stage == "sft" else mixture.read_grpo(path)
    leaked = _leaked(path) if lines else []  # an empty file is no error where a share joins it
    clean = [line for line, bad in zip(lines, leaked, strict=True) if not bad]
    wanted = [line for line in clean if not spec.parts or line.part in spec.parts]
    counts = {"items": len(lines), "in_a_benchmark": sum(leaked)}
    counts["of_other_parts"] = len(clean) - len(wanted)
    return [_from_line(line, rationales=spec.rationales) for line in wanted], counts


def _from_line(line: mixture.SftLine | mixture.GrpoLine, *, rationales: bool) -> Example:
    learnt = ""
    if isinstance(line, mixture.SftLine):
        learnt = line.completion if rationales else line.answer
    return Example(
        id=line.id, prompt=line.prompt, completion=learnt, gold=line.gold, options=line.options
    )


def _leaked(path: Path) -> list[bool]:
    """For each line of a file, whether a benchmark item stands in it."""
    from psyche_bench.leaks import leaks, read_texts

    texts = read_texts(path)
    found = {match.b_id for match in leaks(_benchmarks(), texts)}
    return [text.id in found for text in texts]


def _benchmarks() -> list[Question]:
    return [item for name, split in BENCHMARKS for item in sources.load(name, split)]
