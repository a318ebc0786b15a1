"""Counselling dialogues to single-turn cases: the client's words, and what was said before them.

CPsyCounE: ``<topic>/<n>.json``, a list of utterances that begin 求助者： (client) or 支持者：
(supporter); every client turn is a case. PsyDT's test split is released as cases already, each a
list of ``messages``; the counsellor's reply at its end, where it stands there, is left out.
"""

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict

from psyche_bench.errors import DataError, RowError
from psyche_bench.jsonl import read_json
from psyche_bench.rows import REMEDY, Rejected, rows
from psyche_bench.schemas import Question, Record, Turn

CLIENT, SUPPORTER = "求助者：", "支持者："
PSYDT_FILE = "PsyDTCorpus_test_single_turn_split.json"
SAMPLED = 200
SEED = 20260000


def read_cpsycoune(root: Path, rejected: Rejected) -> list[Question]:
    """Every client turn of every dialogue, in the order of topics and dialogues."""
    questions: list[Question] = []
    for path in sorted(root.glob("*/*.json")):
        try:
            said = _turns(path)
        except DataError as error:
            rejected.add(error)
            continue
        dialogue = f"cpsycoune/{path.parent.name}/{path.stem}"
        questions += [
            Question(
                id=f"{dialogue}/{place // 2 + 1:02d}",
                benchmark="cpsycoune",
                split="test",
                subset="counselling",
                kind="counselling",
                subject=path.parent.name,
                cluster=dialogue,
                stem=turn.content,
                history=tuple(said[:place]),
                file=str(path.relative_to(root)),
                row=place + 1,
            )
            for place, turn in enumerate(said)
            if turn.role == "user"
        ]
    return questions


def _turns(path: Path) -> list[Turn]:
    """The utterances of a file: client and supporter in turn, the client first."""
    lines = read_json(path)
    if not isinstance(lines, list):
        raise DataError(f"{path}: a JSON list of utterances is expected. {REMEDY.capitalize()}.")
    turns = []
    for number, line in enumerate(lines, 1):
        mark, role = ((CLIENT, "user"), (SUPPORTER, "assistant"))[(number - 1) % 2]
        if not isinstance(line, str) or not line.startswith(mark):
            problem = f"does not begin with {mark}, as its turn wants"
            raise RowError(str(path), number, "utterance", problem, REMEDY)
        turns.append(
            Turn.model_validate({"role": role, "content": line.removeprefix(mark).strip()})
        )
    return turns


class _Message(Record):
    model_config = ConfigDict(extra="ignore", frozen=True)

    role: Literal["system", "user", "assistant"]
    content: str


class _Case(Record):
    # The release was not to be had: fields we do not know are no error here.
    model_config = ConfigDict(extra="ignore", frozen=True)

    messages: list[_Message]
    normalizedTag: str = ""  # noqa: N815  # the release's name


def read_psydt(root: Path, rejected: Rejected) -> list[Question]:
    """Every case, in the order of the release; ids number the cases from 1.

    ``subset`` is ``counselling`` for the 200 sampled cases (:func:`sampled`) and
    ``counselling_rest`` for the others; ``cluster`` names the first case of the same dialogue.
    """
    path = root / PSYDT_FILE
    cases = list(rows(path, _Case, rejected))
    chosen = sampled([number for number, _ in cases])
    opened: dict[bytes, str] = {}
    questions = []
    for number, case in cases:
        said = [Turn(role=message.role, content=message.content) for message in case.messages]
        if said and said[-1].role == "assistant":
            said.pop()
        if not said or said[-1].role != "user":
            problem = "hold no client turn to answer"
            rejected.add(RowError(str(path), number, "messages", problem, REMEDY))
            continue
        item = f"psydt/{number:04d}"
        questions.append(
            Question(
                id=item,
                benchmark="psydt",
                split="test",
                subset="counselling" if number in chosen else "counselling_rest",
                kind="counselling",
                subject=case.normalizedTag,
                cluster=_dialogue(said, item, opened),
                stem=said[-1].content.strip(),
                history=tuple(said[:-1]),
                file=PSYDT_FILE,
                row=number,
            )
        )
    return questions


def _dialogue(said: list[Turn], item: str, opened: dict[bytes, str]) -> str:
    """The dialogue a case belongs to: that of the last case whose words it goes on from.

    The release does not say which cases are turns of one dialogue. A case with one client turn
    opens a dialogue, also where another began with the same greeting.
    """
    running, prefixes = hashlib.sha256(), []
    for turn in said:
        running.update(f"{turn.role}\0{turn.content}\0".encode("utf-8", "surrogatepass"))
        if turn.role == "user":
            prefixes.append(running.digest())
    earlier = reversed(prefixes[:-1])
    found = next((opened[prefix] for prefix in earlier if prefix in opened), item)
    opened.update(dict.fromkeys(prefixes, found))
    return found


def sampled(numbers: list[int], size: int = SAMPLED, seed: int = SEED) -> set[int]:
    """The cases the paper's protocol judges: 200, fixed by a seed and recorded.

    Those of least SHA-256 of ``seed:number``, so that the choice needs no random generator. Over
    the release's 4,311 cases they are the ids in ``data/psydt.sample.json``.

    >>> len(sampled(list(range(1, 4312))))
    200
    """
    return set(
        sorted(numbers, key=lambda n: hashlib.sha256(f"{seed}:{n}".encode()).digest())[:size]
    )
