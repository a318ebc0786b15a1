"""Replies kept as they come, so that a killed run loses at most the batch that was under way.

lm_eval's own cache does not know the model, keeps whole task groups and pickles; this journal is
an append-only JSON-lines file beside the run's ``settings.json``. A torn last line (a kill in the
middle of a write) is dropped on reading; anything else that is broken is an error.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from psyche_bench.errors import RunError
from psyche_bench.jsonl import dumps


class Reply(str):
    """A model's text that knows how many tokens were written and whether the cap cut it off."""

    tokens: int | None
    capped: bool | None

    def __new__(cls, text: str, tokens: int | None = None, capped: bool | None = None) -> "Reply":
        """A reply; counts are None where the backend does not tell."""
        reply = super().__new__(cls, text)
        reply.tokens, reply.capped = tokens, capped
        return reply


Answer = Reply | tuple[float, bool]
"""A generated text, or (log-likelihood, whether greedy) of a continuation."""


def request_key(kind: str, arguments: tuple[Any, ...]) -> str:
    """What a request is known by: its kind, its text and its generation arguments."""
    text = json.dumps([kind, *arguments], ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Journal:
    """The replies of one run on disk, and a reader of what an earlier attempt left.

    Real state, so a class: the file stays open for appending while the model writes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[str, Answer] = {}
        self._restore()
        self._file = path.open("ab")

    def _restore(self) -> None:
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):  # the line that was being written when the run was killed
            with self.path.open("r+b") as file:
                file.truncate(whole)
        for number, line in enumerate(content[:whole].splitlines(), 1):
            try:
                row = json.loads(line)
                self.known[row["key"]] = _answer(row)
            except (ValueError, KeyError, TypeError) as error:
                raise RunError(
                    f"{self.path}, line {number}: broken. Remove the line; its item is asked again."
                ) from error

    def add(self, answers: Iterable[tuple[str, Answer]]) -> None:
        """Append a finished batch; it is on disk when this returns."""
        lines = []
        for key, answer in answers:
            if key not in self.known:
                self.known[key] = answer
                lines.append(dumps(_row(key, answer)) + "\n")
        self._file.write("".join(lines).encode("utf-8", "surrogatepass"))
        self._file.flush()
        os.fsync(self._file.fileno())


def _row(key: str, answer: Answer) -> dict[str, Any]:
    if isinstance(answer, tuple):
        return {"key": key, "likelihood": answer[0], "greedy": answer[1]}
    return {
        "key": key,
        "reply": str(answer),
        "tokens": getattr(answer, "tokens", None),
        "capped": getattr(answer, "capped", None),
    }


def _answer(row: dict[str, Any]) -> Answer:
    if "likelihood" in row:
        return float(row["likelihood"]), bool(row["greedy"])
    return Reply(row["reply"], row["tokens"], row["capped"])
