"""The finished data sets in the forms others read: TRL, LLaMA-Factory, Parquet.

``data/D_sft.jsonl`` and ``data/D_grpo.jsonl`` are the mixtures in the project's own lines
(:mod:`psyche_bench.mixture`), with one file for each of their parts. Beside them stand

=====================  ==========================================================================
``trl/``               ``NAME.conversational.jsonl`` (``messages``) and
                       ``NAME.prompt-completion.jsonl`` (``prompt``, ``completion`` as turns; for
                       D_grpo ``prompt`` alone with ``gold`` and ``choices``, which rewards read)
``llamafactory/``      ``NAME.json`` in its OpenAI form, and ``dataset_info.json``
``parquet/``           ``NAME.parquet``, the prompt-completion form with everything else
=====================  ==========================================================================
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from psyche_bench.jsonl import appearing, dumps, read_lines, write_json
from psyche_bench.synthesis import state
from psyche_bench.synthesis.recipe import Recipe

SFT_PARTS = ("D_pr", "D_em", "D_ps")
GRPO_PARTS = ("D_pc", "D_cp")
NAMES = ("D_sft", *SFT_PARTS, "D_grpo", *GRPO_PARTS)
ROWS_AT_ONCE = 10_000


def mixture(part: str) -> str:
    """The mixture a part belongs to."""
    return "D_sft" if part in SFT_PARTS else "D_grpo"


def messages(line: dict[str, Any]) -> dict[str, Any]:
    """TRL's conversational form: all turns in one list; a GRPO line has no last turn."""
    said = line.get("completion")
    reply = [{"role": "assistant", "content": said}] if said is not None else []
    return {"messages": [*line["prompt"], *reply]}


def prompt_completion(line: dict[str, Any]) -> dict[str, Any]:
    """TRL's prompt-completion form; for GRPO the prompt with what the reward needs."""
    if "completion" in line:
        reply = [{"role": "assistant", "content": line["completion"]}]
        return {"prompt": line["prompt"], "completion": reply}
    return {"prompt": line["prompt"], "gold": line["gold"], "choices": "".join(line["options"])}


FORMS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "{name}.jsonl": lambda line: line,
    "trl/{name}.conversational.jsonl": messages,
    "trl/{name}.prompt-completion.jsonl": prompt_completion,
}


def write(folder: Path, recipe: Recipe) -> None:
    """Write every form of every part and mixture; each file appears whole or not at all."""
    data = folder / "data"
    source = state.rows_file(folder, "split")
    with ExitStack() as stack:
        outs = {
            (name, form): stack.enter_context(appearing(data / form.format(name=name)))
            for name in NAMES
            for form in FORMS
        }
        for _, line in read_lines(source):
            for name in (line["part"], mixture(line["part"])):
                for form, change in FORMS.items():
                    outs[name, form].write(dumps(change(line)) + "\n")
    for name in NAMES:
        _parquet(data / "parquet" / f"{name}.parquet", data / f"{name}.jsonl")
    _llamafactory(data, recipe)


def _llamafactory(data: Path, recipe: Recipe) -> None:
    """JSON lists and the register of them that LLaMA-Factory looks names up in."""
    register: dict[str, Any] = {}
    filled: set[str] = set()
    for name in ("D_sft", *SFT_PARTS):
        rows = (line for _, line in read_lines(data / "trl" / f"{name}.conversational.jsonl"))
        with appearing(data / "llamafactory" / f"{name}.json") as file:
            file.write("[\n")
            for number, row in enumerate(rows):
                file.write((",\n" if number else "") + dumps(row))
                filled.add(name)
            file.write("\n]\n")
        if name not in filled:
            continue  # its loader fails on a list without rows
        register[f"{recipe.name}_{name}"] = {
            "file_name": f"{name}.json",
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
                "system_tag": "system",
            },
        }
    write_json(data / "llamafactory" / "dataset_info.json", register)


def _parquet(path: Path, lines: Path) -> None:
    """One Parquet file, batch by batch."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    texts = ["id", "part", "kind", "gold", "options", "rationale", "origin", "licence"]
    schema = pa.schema(
        [("prompt", pa.list_(turn)), ("completion", pa.list_(turn))]
        + [(name, pa.string()) for name in texts]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with pq.ParquetWriter(temporary, schema) as writer:
            for batch in _batches(line for _, line in read_lines(lines)):
                rows = [_columns(line, texts) for line in batch]
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _columns(line: dict[str, Any], texts: Iterable[str]) -> dict[str, Any]:
    flat = {**line, "options": json.dumps(line["options"], ensure_ascii=False)}
    said = line.get("completion")
    reply = None if said is None else [{"role": "assistant", "content": said}]
    return {"prompt": line["prompt"], "completion": reply} | {n: flat.get(n) for n in texts}


def _batches(lines: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for line in lines:
        batch.append(line)
        if len(batch) == ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
