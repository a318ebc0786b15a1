"""What a run keeps: the store of calls and, for each finished step, three files.

``steps/<name>.jsonl`` holds the rows that go on, ``<name>.aside.jsonl`` what does not with reason
and raw text, and ``<name>.json``, written last, the step's mark: counts, calls, prompt hashes and
the fingerprint of everything the rows depend on. A step without a mark, or with another
fingerprint, is not finished. ``progress.json`` is talk for ``synth status``, not state.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psyche_bench.errors import DataError, RunError
from psyche_bench.jsonl import appearing, dumps, read_json, read_lines, write_json
from psyche_bench.schemas import Record
from psyche_bench.synthesis.calls import Spent, Worked
from psyche_bench.synthesis.recipe import Recipe
from psyche_bench.synthesis.step import Step

STORE = "calls.sqlite"
LOCK = ".running"


class Asked(Record):
    """Calls of one model in one step; ``cost`` is None where the recipe gives no price."""

    model: str
    parameters: dict[str, Any]
    served: tuple[str, ...]
    calls: int
    tokens_in: int
    tokens_out: int
    cost: float | None


class Mark(Record):
    """A finished step. ``read = continued + joined + the sum of dropped``, always.

    ``written`` rows came out of the ``continued`` ones; ``rejected`` counts parts of replies.
    """

    step: str
    fingerprint: str
    inputs: tuple[str, ...]
    options: dict[str, Any]
    read: int
    continued: int
    joined: int
    dropped: dict[str, int]
    written: int
    rejected: dict[str, int]
    figures: dict[str, float]
    models: dict[str, Asked]
    prompts: dict[str, str]
    licences: dict[str, int]
    sha256: str


def rows_file(folder: Path, step: str) -> Path:
    """The rows a step wrote."""
    return folder / "steps" / f"{step}.jsonl"


def aside_file(folder: Path, step: str) -> Path:
    """What a step set aside."""
    return folder / "steps" / f"{step}.aside.jsonl"


def mark_file(folder: Path, step: str) -> Path:
    """The mark of a finished step."""
    return folder / "steps" / f"{step}.json"


def read_mark(folder: Path, step: str) -> Mark | None:
    """The mark of a step, or None where it is not finished."""
    path = mark_file(folder, step)
    if not path.is_file():
        return None
    try:
        return Mark.model_validate(read_json(path))
    except (DataError, ValueError) as error:
        raise DataError(
            f"{path}: the mark of a finished step cannot be read. Remove it and start the same "
            "command again: the step is done anew, and no answered call is repeated."
        ) from error


def is_whole(folder: Path, mark: Mark) -> bool:
    """Whether a finished step's rows are still the ones it wrote."""
    path = rows_file(folder, mark.step)
    return path.is_file() and file_hash(path) == mark.sha256


class Tally:
    """Sums up a step's results as they come, and writes them. Real state, so a class."""

    def __init__(self) -> None:
        self.read = self.continued = self.joined = self.written = 0
        self.dropped: dict[str, int] = {}
        self.rejected: dict[str, int] = {}
        self.figures: dict[str, float] = {}
        self.licences: dict[str, int] = {}
        self.spent: dict[str, list[int]] = {}
        self.served: dict[str, set[str]] = {}
        self._seen: set[bytes] = set()

    def add(self, worked: Worked) -> None:
        """One result more."""
        result = worked.result
        if result.source is not None:
            self.read += 1
            if result.dropped is not None:
                _count(self.dropped, result.dropped.reason)
            elif result.rows:
                self.continued += 1
            else:
                self.joined += 1
        self.written += len(result.rows)
        for aside in result.rejected:
            _count(self.rejected, aside.reason)
        for name, number in result.figures.items():
            self.figures[name] = self.figures.get(name, 0) + number
        for row in result.rows:
            _count(self.licences, _licence(row))
        for one in worked.spent:
            self._spend(one)

    def _spend(self, one: Spent) -> None:
        if one.address in self._seen:
            return  # two rows that asked the same share one call
        self._seen.add(one.address)
        sums = self.spent.setdefault(one.model, [0, 0, 0])
        for place, more in enumerate((1, one.tokens_in, one.tokens_out)):
            sums[place] += more
        self.served.setdefault(one.model, set()).add(one.served)

    def asked(self, recipe: Recipe, options: dict[str, Any]) -> dict[str, Asked]:
        """Calls by the recipe's name of the model."""
        found = {}
        for name, (calls, tokens_in, tokens_out) in sorted(self.spent.items()):
            model = recipe.models[name]
            found[name] = Asked(
                model=model.model,
                parameters={**model.parameters, **options["parameters"]},
                served=tuple(sorted(self.served[name])),
                calls=calls,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                cost=recipe.prices.cost(model.model, tokens_in, tokens_out),
            )
        return found


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def _licence(row: Any) -> str:
    if hasattr(row, "licence"):
        return str(row.licence)
    return str(row.members[0].origin.licence if hasattr(row, "members") else row.origin.licence)


@contextmanager
def writing(folder: Path, step: Step, tally: Tally) -> Iterator[Any]:
    """Yields a function that writes one result; both files appear when the block ends well."""
    name = step.name
    mark_file(folder, name).unlink(missing_ok=True)
    with appearing(rows_file(folder, name)) as rows, appearing(aside_file(folder, name)) as aside:

        def write(worked: Worked) -> None:
            tally.add(worked)
            result = worked.result
            for row in result.rows:
                rows.write(dumps(row.model_dump(mode="json")) + "\n")
            parts = [(one, True) for one in result.rejected]
            whole = [(result.dropped, False)] if result.dropped else []
            for one, part in [*parts, *whole]:
                line = {"id": result.source, "part": part, "reason": one.reason, "raw": one.raw}
                aside.write(dumps(line) + "\n")

        yield write


def write_mark(folder: Path, mark: Mark) -> None:
    """The last file of a step: from now on it is finished."""
    write_json(mark_file(folder, mark.step), mark.model_dump(mode="json"))


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def set_aside(folder: Path, step: str) -> Iterator[dict[str, Any]]:
    """The lines a step set aside."""
    for _, line in read_lines(aside_file(folder, step)):
        yield line


def open_folder(folder: Path) -> dict[str, Any]:
    """The recipe a folder was made with.

    Raises:
        DataError: the folder holds no run.
    """
    path = folder / "recipe.json"
    if not path.is_file():
        raise DataError(f"{folder}: no run stands here. Begin one with `psyche-bench synth run`.")
    return dict(read_json(path))


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Only one process runs in a folder; the kernel frees the lock however it ends."""
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(
                f"{folder}: another process runs here. Wait for it, or name another --out."
            ) from None
        yield
