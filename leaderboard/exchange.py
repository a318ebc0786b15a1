"""Results as Every Eval Ever records and back: the field's exchange format, schema 0.3.

Source of the format: the package ``every-eval-ever`` 0.3.0 (MIT), ``eval.schema.json`` and
``instance_level_eval.schema.json``. Per record it wants one aggregate file and, beside it, one line
an item; files lie in ``data/<collection>/<developer>/<model>/<uuid>.json``.

Each figure becomes one evaluation result. What the format has no place for travels as text in its
``additional_details``: our record and our lines, so that reading back loses nothing. An item's
line there must have a score and say whether it is correct, so written answers, which have text
metrics and no such thing as correct, and ungraded ones travel in the aggregate file only.
"""

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from psyche_bench import sources
from psyche_bench.errors import BoardError, DataError
from psyche_bench.jsonl import dumps, read_json, read_lines, write_json, write_text
from psyche_bench.leaderboard import baselines, collect
from psyche_bench.leaderboard.records import BoardOutcome, Column, Group, Result, slug

SCHEMA = "0.3.0"
COLLECTION = "psyche-bench"
RECORD, OTHERS, LINE = "psyche_bench_record", "psyche_bench_other_outcomes", "psyche_bench_outcome"
VERDICTS = "psyche_bench_verdicts"

Json = dict[str, Any]


def export(results: Sequence[Result], folder: Path, out: Path) -> list[Path]:
    """Write records below ``out/data``; the same record always goes to the same files.

    Args:
        results: what to export; a result without any score is left out, since the format cannot
            say "not graded".
        folder: where their outcomes lie.

    Returns:
        The aggregate files.
    """
    return [_export(result, folder, out) for result in results if _figures(result)]


def _export(result: Result, folder: Path, out: Path) -> Path:
    lines = list(collect.outcomes(result, folder)) if result.outcomes else []
    text = dumps(result.model_dump(mode="json", exclude_defaults=True))
    key = uuid.UUID(bytes=sha256(text.encode()).digest()[:16], version=4)
    place = Path("data") / COLLECTION / model_id(result)
    record = aggregate(result)
    instances, others = [], []
    for number, line in enumerate(lines):
        if "standard" in line.scores:
            instances.append(_instance(record, line, number))
        else:
            others.append([number, line.model_dump(exclude_defaults=True)])
    details = record["source_metadata"]["additional_details"]
    details |= {OTHERS: dumps(others)} if lines else {}
    if result.verdicts:
        details[VERDICTS] = (folder / result.verdicts).read_text(encoding="utf-8")
    if instances:
        body = "".join(dumps(instance) + "\n" for instance in instances)
        write_text(out / place / f"{key}_samples.jsonl", body)
        record["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": (place / f"{key}_samples.jsonl").as_posix(),
            "hash_algorithm": "sha256",
            "checksum": sha256(body.encode()).hexdigest(),
            "total_rows": len(instances),
        }
    path = out / place / f"{key}.json"
    write_json(path, record)
    return path


def model_id(result: Result) -> str:
    """``developer/model``, as the format names models; one's own stand under ``local``."""
    known = baselines.catalogue().get(result.model.baseline or "")
    if known and known.hub:
        return known.hub
    if known:
        developer = str(known.key_variable).partition("_")[0].lower()
        return f"{developer}/{known.api_model}"
    return _portable(result.model.name)


def _portable(name: str) -> str:
    """A hub's id stays; any other name becomes one of ASCII letters that is a folder's anywhere."""
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name, re.ASCII):
        return name
    plain = slug(re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII))
    told_apart = "" if plain == name else f"-{sha256(name.encode()).hexdigest()[:8]}"
    return f"local/{plain}{told_apart}"


def aggregate(result: Result) -> Json:
    """The aggregate record of a result, without its reference to item lines."""
    when = str(result.passport.get("date") or "")
    return {
        "schema_version": SCHEMA,
        "evaluation_id": f"{COLLECTION}/{result.stem}/{when or 'published'}",
        **({"evaluation_timestamp": when} if when else {}),
        "retrieved_timestamp": _epoch(when),
        "source_metadata": _source(result),
        "eval_library": _library(result),
        "model_info": _model_info(result),
        "evaluation_results": [_figure(result, *figure) for figure in _figures(result)],
    }


def _epoch(when: str) -> str:
    from datetime import datetime

    return str(int(datetime.fromisoformat(when).timestamp())) if when else "0"


def _source(result: Result) -> Json:
    published = result.origin == "paper"
    text = dumps(result.model_dump(mode="json", exclude_defaults=True))
    return {
        "source_name": result.source or "psyche-bench",
        "source_type": "documentation" if published else "evaluation_run",
        "source_organization_name": "The authors of Psyche-R1" if published else "psyche-bench",
        "evaluator_relationship": "other" if result.origin == "submitted" else "third_party",
        "additional_details": {"origin": result.origin, RECORD: text},
    }


def _library(result: Result) -> Json:
    versions = result.passport.get("versions")
    known = versions if isinstance(versions, dict) else {}
    details = {"psyche-bench": str(known.get("psyche-bench", "unknown"))}
    details |= {"signature": result.signature} if result.signature else {}
    return {
        "name": "unknown" if result.origin == "paper" else "lm_eval",
        "version": str(known.get("lm_eval", "unknown")),
        "additional_details": details,
    }


def _model_info(result: Result) -> Json:
    closed = result.model.category == "closed"
    unknown = result.origin == "constant"
    served = "completions" in str(result.passport.get("backend") or "")
    ran_here = "unknown" if result.origin == "paper" or served else "self_deployed"
    return {
        "name": result.model.name,
        "id": model_id(result),
        "developer": model_id(result).partition("/")[0],
        "additional_details": {
            "deployment_type": "externally_managed" if closed else ran_here,
            "model_availability": "unknown"
            if unknown
            else ("closed_weights" if closed else "open_weights"),
            "category": result.model.category,
        },
    }


Figure = tuple[Group | Column, str, float]


def _figures(result: Result) -> list[Figure]:
    """Every known score: part, metric, value."""
    return [
        (part, metric, value)
        for part in [*result.parts, *result.subjects]
        for metric, value in part.scores.items()
        if value is not None
    ]


def _name(part: Group | Column) -> str:
    return f"{part.group} mean" if isinstance(part, Group) else part.column


def _figure(result: Result, part: Group | Column, metric: str, value: float) -> Json:
    interval = part.intervals.get(metric)
    uncertainty: Json = {"num_samples": part.n} if part.n is not None else {}
    if interval is not None:
        uncertainty["confidence_interval"] = {
            "lower": interval.low,
            "upper": interval.high,
            "confidence_level": 0.95,
            "method": "binomial" if result.origin == "paper" else "cluster-robust",
        }
    return {
        "evaluation_result_id": f"{_name(part)}:{metric}",
        "evaluation_name": _name(part),
        "source_data": {
            "dataset_name": result.group,
            "source_type": "other",
            "additional_details": {"protocol": result.protocol, "shots": str(result.shots)},
        },
        "metric_config": _metric(result, metric),
        "score_details": {"score": value, "uncertainty": uncertainty},
    }


def _metric(result: Result, metric: str) -> Json:
    judged = result.group.startswith("counselling")
    return {
        "metric_id": metric,
        "metric_name": metric,
        "metric_kind": "judge_score" if judged else "accuracy" if _accuracy(metric) else "overlap",
        "metric_unit": "points" if judged else "percent",
        "lower_is_better": False,
        "score_type": "continuous",
        "min_score": 0,
        "max_score": 3 if judged and result.origin == "paper" else None if judged else 100,
    }


def _accuracy(metric: str) -> bool:
    return metric.startswith(("standard", "elastic"))


def _instance(record: Json, line: BoardOutcome, number: int) -> Json:
    """One choice. Item texts and golds stay out, as everywhere on the board."""
    return {
        "schema_version": SCHEMA,
        "evaluation_id": record["evaluation_id"],
        "model_id": record["model_info"]["id"],
        "evaluation_name": line.task or line.id.rpartition("/")[0],
        "evaluation_result_id": f"{line.task}:standard",
        "sample_id": line.id,
        "interaction_type": "single_turn",
        "input": {"raw": "", "reference": []},
        "output": {"raw": [line.reply or ""]},
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": line.predicted or "",
                "extraction_method": "psyche_bench.answers",
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": line.scores["standard"], "is_correct": line.state == "right"},
        "metadata": {
            "state": line.state,
            LINE: dumps([number, line.model_dump(exclude_defaults=True)]),
        },
    }


# --- and back ------------------------------------------------------------------------------------


def read(path: Path) -> tuple[Result, list[BoardOutcome]]:
    """A record that :func:`export` wrote, as it was before.

    Raises:
        DataError: it is no such record, or its item lines are missing or changed.
        BoardError: its figures are not those of the record inside it.
    """
    content = read_json(path)
    details = content.get("source_metadata", {}).get("additional_details", {})
    if RECORD not in details:
        raise DataError(
            f"{path}: an Every Eval Ever record of another program. Only records written by "
            "`psyche-bench board export` can be read back; run the evaluation here instead."
        )
    try:
        result = Result.model_validate(json.loads(details[RECORD]))
        numbered = [*_instances(path, content), *json.loads(details.get(OTHERS, "[]"))]
        lines = [BoardOutcome.model_validate(line) for _, line in sorted(numbered, key=_number)]
    except (ValidationError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: the record inside it is broken ({error}).") from error
    _refuse_changed(path, content, result)
    return result, lines


def _number(numbered: list[Any]) -> int:
    return int(numbered[0])


def _instances(path: Path, content: Json) -> Iterator[list[Any]]:
    told = content.get("detailed_evaluation_results")
    if not told:
        return
    beside = path.with_name(Path(told["file_path"]).name)
    if not beside.is_file():
        raise DataError(f"{path}: its item lines {beside.name} are missing. Copy both files.")
    if sources.digest(beside) != told["checksum"]:
        raise DataError(f"{beside}: not the lines {path.name} was written with (SHA-256 differs).")
    for _, row in read_lines(beside):
        yield json.loads(row["metadata"][LINE])


def _refuse_changed(path: Path, content: Json, result: Result) -> None:
    own = {
        figure["evaluation_result_id"]: figure["score_details"]["score"]
        for figure in aggregate(result)["evaluation_results"]
    }
    for figure in content["evaluation_results"]:
        name, score = figure["evaluation_result_id"], figure["score_details"]["score"]
        if own.get(name) != score:
            raise BoardError(
                f"{path}, {name}: the file says {score}, the record inside it {own.get(name)}. "
                "Figures are not edited: export the result again."
            )


def import_(path: Path, folder: Path, *, replace: bool = False) -> Path:
    """Read a record back into a folder of results, file for file as it was.

    Raises:
        BoardError: the folder holds another record of that name.
    """
    result, lines = read(path)
    if result.origin == "paper":
        raise BoardError(
            f"{path}: a printed row. Those ship with the package and are not added as results."
        )
    target = folder / f"{result.stem}.json"
    if target.exists() and not replace:
        raise BoardError(f"{target} is there already. Import with --replace to replace it.")
    if result.outcomes:
        body = "".join(dumps(line.model_dump(exclude_defaults=True)) + "\n" for line in lines)
        write_text(folder / result.outcomes, body)
    if result.verdicts:
        details = read_json(path)["source_metadata"]["additional_details"]
        write_text(folder / result.verdicts, details[VERDICTS])
    from psyche_bench.leaderboard.add import write_result

    return write_result(folder, result)
