"""The lines of D_sft and D_grpo: what the pipeline writes and training reads (section 2.4).

D_sft = D_pr ∪ D_em ∪ D_ps and D_grpo = D_pc ∪ D_cp, where D_pc holds the challenging questions,
D_pr the rest, D_em the dialogues, D_ps PsycoLLM's public data and D_cp the refined CPsyExam train.
A mixture is one JSON Lines file, ``D_sft.jsonl`` or ``D_grpo.jsonl``, one of these lines each.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from psyche_bench.jsonl import read_lines
from psyche_bench.schemas import Record, Turn, records

SftPart = Literal["D_pr", "D_em", "D_ps"]
GrpoPart = Literal["D_pc", "D_cp"]
LineKind = Literal["smcq", "mmcq", "dialogue"]
_REMEDY = "The file is not as `psyche-bench synth run` writes it: make it again, or mend that line."


def completion(rationale: str, answer: str) -> str:
    """y = [r; a]: the reasoning in its tags, then the answer; the bare answer without reasoning.

    >>> completion("先看求助者的主诉。", "答案：B")
    '<think>先看求助者的主诉。</think>\\n答案：B'
    >>> completion("", "答案：B")
    '答案：B'
    """
    return f"<think>{rationale}</think>\n{answer}" if rationale else answer


class SftLine(Record):
    """One example of D_sft.

    ``prompt`` ends with the user's turn; ``completion`` is what is learnt: :func:`completion` of
    ``rationale`` (without tags; empty for dialogues and for the arm without rationales) and
    ``answer``. ``gold`` holds sorted letters for questions, None for dialogues. ``origin`` says
    where the example comes from (source, file, place), ``licence`` what it stands under there.
    """

    id: str
    part: SftPart
    kind: LineKind
    prompt: tuple[Turn, ...]
    rationale: str
    answer: str
    completion: str
    gold: str | None
    options: dict[str, str]
    origin: str
    licence: str

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.completion != completion(self.rationale, self.answer):
            raise ValueError("completion is not [rationale; answer]: build it with completion()")
        _check_asked(self.prompt)
        return self


class GrpoLine(Record):
    """One prompt of D_grpo; the reward reads the reply and holds it against ``gold``.

    ``gold`` holds sorted letters, each of them a key of ``options``.
    """

    id: str
    part: GrpoPart
    kind: Literal["smcq", "mmcq"]
    prompt: tuple[Turn, ...]
    gold: str
    options: dict[str, str]
    origin: str
    licence: str

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if not self.gold or set(self.gold) - set(self.options):
            raise ValueError(f"gold {self.gold!r} is not among the options {sorted(self.options)}")
        _check_asked(self.prompt)
        return self


def _check_asked(prompt: tuple[Turn, ...]) -> None:
    if not prompt or prompt[-1].role != "user":
        raise ValueError("the prompt must end with the user's turn")


def read_sft(path: Path) -> Iterator[SftLine]:
    """The lines of a ``D_sft.jsonl``.

    Raises:
        DataError: the file is missing, or a line is not one of D_sft; file and line are named.
    """
    yield from records(path, SftLine.model_validate, _REMEDY)


def read_grpo(path: Path) -> Iterator[GrpoLine]:
    """The lines of a ``D_grpo.jsonl``; raises as :func:`read_sft`."""
    yield from records(path, GrpoLine.model_validate, _REMEDY)


def origins(path: Path) -> tuple[tuple[str, str], ...]:
    """The sources whose rows stand in a mixture, each once with its licence.

    Raises:
        DataError: the file is missing or broken.
    """
    rows = (row for _, row in read_lines(path))
    return tuple(dict.fromkeys((row["origin"].partition(": ")[0], row["licence"]) for row in rows))
