"""CPsyExam's official submission file, for the test split whose answers are withheld.

Format: ``{"zero_shot": {"<file stem>": [{"question_id", "question", "options", "prediction",
"n_shot"}]}, "five_shot": {…}}``, every item of every file in the order of the release. Ids repeat
inside a file (46 in test) and the official scorer keeps the last of them, so the order matters.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from psyche_bench import sources
from psyche_bench.errors import ScoreError
from psyche_bench.jsonl import read_json, write_json
from psyche_bench.outcomes import load
from psyche_bench.schemas import Outcome

SETTINGS = {"zero_shot": 0, "five_shot": 5}


def write(zero_shot: Path | None, five_shot: Path | None, out: Path) -> int:
    """Write the submission of one or both settings.

    Raises:
        ScoreError: neither setting is given, or a run lacks items of the test split.
    """
    runs = {"zero_shot": zero_shot, "five_shot": five_shot}
    given = {setting: path for setting, path in runs.items() if path is not None}
    if not given:
        raise ScoreError("nothing to submit: pass --zero-shot RUN, --five-shot RUN, or both.")
    submission = {
        setting: _setting(path, setting) if path else {} for setting, path in runs.items()
    }
    write_json(out, submission)
    for setting in given:
        answers = [entry["prediction"] for file in submission[setting].values() for entry in file]
        empty = sum(not answer for answer in answers)
        print(f"{setting}: {len(answers)} items, {empty} without an answer", file=sys.stderr)
    print(out)
    return 0


def _setting(path: Path, setting: str) -> dict[str, list[dict[str, Any]]]:
    outcomes = load(path / "outcomes.jsonl" if path.is_dir() else path)
    shots = SETTINGS[setting]
    tasks = {outcome.task for outcome in outcomes}
    wanted = {name for name in tasks if ("_5shot_" in name) == bool(shots)} or tasks
    predicted = {outcome.id: outcome for outcome in outcomes if outcome.task in wanted}
    return _files(predicted, shots, path)


def _files(
    predicted: Mapping[str, Outcome], shots: int, path: Path
) -> dict[str, list[dict[str, Any]]]:
    """Entries by file stem, with the release's own ids and options."""
    questions = sources.load("cpsyexam", "test", view="raw")
    missing = [question.id for question in questions if question.id not in predicted]
    if missing:
        raise ScoreError(
            f"{path}: {len(missing)} of {len(questions)} test items have no prediction, first: "
            f"{missing[0]}. Run the whole group (`psyche-bench eval --tasks cpsyexam`, without "
            "--limit); the official scorer expects every item."
        )
    root = sources.folder("cpsyexam")
    released: dict[str, list[dict[str, Any]]] = {}
    # A file of the release that holds no items stays in the submission, empty.
    stems = (path.stem for path in sorted((root / "test").glob("*.json")))
    files: dict[str, list[dict[str, Any]]] = {stem: [] for stem in stems}
    for question in questions:
        rows = released.setdefault(question.file, read_json(root / question.file))
        row = rows[question.row - 1]
        files[Path(question.file).stem].append(
            {
                "question_id": row["id"],
                "question": row["question"],
                "options": row["options"],
                "prediction": predicted[question.id].predicted or "",
                "n_shot": shots,
            }
        )
    return files
