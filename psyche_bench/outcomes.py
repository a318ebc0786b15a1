"""Replies to outcomes: one line per item of a run, whatever wrote the reply.

Here an item's state is decided, and nowhere else: the reader says what was answered, the scores
say how well, and a reply without an answer that hit the token cap counts as truncated.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from psyche_bench import answers, scoring, textmetrics
from psyche_bench import rotation as rotations
from psyche_bench.errors import DataError, ScoreError
from psyche_bench.jsonl import read_lines
from psyche_bench.schemas import Outcome, Question, State, checked, records


def grade(  # noqa: PLR0913  # what a saved reply's file may tell, each by its name
    question: Question,
    reply: str | None,
    *,
    task: str = "",
    protocol: str = "",
    prompt_hash: str = "",
    tokens: int | None = None,
    capped: bool | None = None,
    rotation: int = 0,
) -> Outcome:
    """Grade one reply.

    Args:
        question: the item, with its gold (None where withheld) or reference.
        reply: the model's text as written, reasoning included; None when there is none.
        tokens: tokens written, None where the backend does not tell.
        capped: whether the token cap stopped the model.
        rotation: how far the options were moved along when the question was put: the reply is
            read as they were shown, and what it chose is told in the release's letters.

    Returns:
        The outcome; ``scores`` is empty where no gold is known, never zero for that reason.
    """
    chosen = question.kind in ("smcq", "mmcq")
    if chosen:
        state, predicted, scores = _chosen(question, reply, capped, rotation)
    else:
        state, predicted, scores = _written(question, reply, capped)
    return Outcome(
        id=question.id,
        task=task,
        protocol=protocol,
        prompt_hash=prompt_hash,
        reply=reply,
        predicted=predicted,
        gold=question.gold,
        state=state,
        scores=scores,
        tokens=tokens,
        capped=capped,
        rotation=rotation,
    )


Graded = tuple[State, str | None, dict[str, float]]


def _chosen(question: Question, reply: str | None, capped: bool | None, by: int) -> Graded:
    if reply is None:
        return "missing", None, option_scores(None, question.gold)
    options = rotations.rotate(question, by).options
    reading = answers.read(reply, "".join(options) or "ABCDE", options)
    if reading.letters is None:
        cut = reading.state == "truncated" or bool(capped)
        return ("truncated" if cut else "unparsed"), None, option_scores(None, question.gold)
    predicted = rotations.released("".join(sorted(reading.letters)), question, by)
    scores = option_scores(frozenset(predicted), question.gold)
    return chosen_state(scores), predicted, scores


def option_scores(predicted: frozenset[str] | None, gold: str | None) -> dict[str, float]:
    """Standard and elastic accuracy of a choice; empty where the gold is withheld."""
    if gold is None:
        return {}
    right = frozenset(gold)
    return {
        "standard": scoring.standard(predicted, right),
        "elastic": scoring.elastic(predicted, right),
    }


def chosen_state(scores: Mapping[str, float]) -> State:
    """What became of an item whose answer was read, by its scores."""
    if not scores:
        return "ungraded"
    if scores["standard"]:
        return "right"
    return "partial" if scores["elastic"] else "wrong"


def _written(question: Question, reply: str | None, capped: bool | None) -> Graded:
    """A written answer: text metrics on what stands after the reasoning; nothing scores zero."""
    text = None if reply is None else answers.visible(reply)
    scores = textmetrics.score(text or "", question.reference) if question.reference else {}
    if reply is None:
        return "missing", None, scores
    if text is not None and text.strip():
        return "written", None, scores
    return ("truncated" if text is None or capped else "unparsed"), None, scores


def choose(option_sets: Sequence[str], log_likelihoods: Sequence[float]) -> str:
    """The option set of highest log-likelihood, as a reply the reader understands."""
    best = max(range(len(option_sets)), key=log_likelihoods.__getitem__)
    return answers.render(option_sets[best])


def load(path: Path) -> list[Outcome]:
    """Read an ``outcomes.jsonl``.

    Raises:
        DataError: a line is broken or is no outcome; file, line and field are named.
    """
    remedy = "Outcomes are written by `psyche-bench eval` and `psyche-bench score --out`."
    return list(records(path, Outcome.model_validate, remedy))


class _Line(BaseModel):
    """A plain line or an outcome, as far as it is needed to grade it; other fields are ignored."""

    id: str | int
    reply: str | None
    task: str = ""
    protocol: str = ""
    prompt_hash: str = ""
    tokens: int | None = None
    capped: bool | None = None
    rotation: int = 0


class SavedReply(dict[str, Any]):
    """One saved reply with whatever its file tells about it: keyword arguments of :func:`grade`."""


def replies(path: Path) -> Iterator[tuple[str, SavedReply]]:
    """Yield ``(item id, reply and what is known about it)`` from any file of saved replies.

    Understood are lm_eval's ``samples_*.jsonl``, our ``outcomes.jsonl`` and plain lines
    ``{"id": …, "reply": …}``.

    Raises:
        DataError: a line is none of these; file and line are named.
    """
    for number, row in read_lines(path):
        if "doc" in row and "resps" in row:
            yield _from_sample(path, number, row)
        elif "id" in row and "reply" in row:
            yield _from_line(path, number, row)
        else:
            raise DataError(
                f"{path}, line {number}: neither an lm_eval sample of our tasks, nor an outcome, "
                'nor {"id": …, "reply": …}. Give one reply a line.'
            )


def _from_line(path: Path, number: int, row: dict[str, Any]) -> tuple[str, SavedReply]:
    remedy = "A reply is a text, or null where there is none."
    line = checked(_Line.model_validate, row, f"{path}, line {number}", remedy)
    return str(line.id), SavedReply(line.model_dump(exclude={"id"}, exclude_unset=True))


def _from_sample(path: Path, number: int, row: dict[str, Any]) -> tuple[str, SavedReply]:
    doc = row["doc"]
    if not isinstance(doc, dict) or "prompt_hash" not in doc:
        raise DataError(
            f"{path}, line {number}: a sample of another task (no psyche-bench item in `doc`). "
            "Pass samples of the tasks that `psyche-bench tasks` lists."
        )
    line = {k: doc.get(k) for k in ("id", "task", "protocol", "prompt_hash")}
    line["rotation"] = doc.get("rotation", 0)
    try:
        if doc.get("choices"):
            likelihoods = [float(response[0][0]) for response in row["resps"]]
            line["reply"] = choose(doc["choices"], likelihoods)
        else:
            line["reply"] = row["resps"][0][0]
            line |= {k: row[k] for k in ("tokens", "capped") if k in row}
    except (LookupError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}, line {number}: `resps` does not hold what lm_eval writes there. Run the "
            "task again, or remove the line."
        ) from error
    return _from_line(path, number, line)


def regrade(
    saved: Iterable[tuple[str, SavedReply]], questions: Mapping[str, Question]
) -> list[Outcome]:
    """Grade saved replies against their items, in their order.

    Raises:
        ScoreError: an id is unknown, or stands twice under one task.
    """
    graded: dict[tuple[str, str], Outcome] = {}
    for item, reply in saved:
        if item not in questions:
            raise ScoreError(
                f"{item!r} is no item of the data sets at hand. `psyche-bench data ids NAME` "
                "prints the ids there are."
            )
        place = (str(reply.get("task") or ""), item)
        if place in graded:
            raise ScoreError(
                f"{item} has two replies{f' under {place[0]}' if place[0] else ''}. Keep one, or "
                "score the files in separate calls."
            )
        graded[place] = grade(questions[item], **reply)
    return list(graded.values())
