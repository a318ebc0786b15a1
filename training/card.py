"""The model card: data, recipe, scores with intervals, limits and ethics."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from psyche_bench.jsonl import read_json
from psyche_bench.training.recipe import Recipe

ETHICS = """\
## Limits and ethics / 局限与伦理

- **No replacement for professional help / 不能代替专业帮助。** The model is for research. It is no
  counsellor, makes no diagnosis and must not be the only one a person in distress can talk to.
  本模型仅供研究，不是心理咨询师，不作诊断，也不应成为困境中的人唯一的倾诉对象。
- **In a crisis / 危机求助**: mainland China 12356 (national psychological support line), 120
  (ambulance), 110 (police); elsewhere the local emergency number.
  全国统一心理援助热线 12356；急救 120；报警 110。
- Scores say how a model answers examinations, not that it may counsel anyone.
- Its reasoning is text that was rewarded for its form and its final letters; it need not be how the
  answer came about, and it can be wrong with confidence.
- Training texts come from examinations and synthetic dialogues in Mainland Chinese; other cultures,
  dialects and minors are not represented.
"""


class Checks(NamedTuple):
    """What publishing saw the checkpoint do."""

    served: bool


def shown(name: str) -> str:
    """A model, file or folder as the card may name it: a hub id whole, of a path its last names.

    >>> shown("Qwen/Qwen2.5-7B-Instruct"), shown("/srv/runs/mine/published")
    ('Qwen/Qwen2.5-7B-Instruct', 'mine')
    >>> shown("models/SmolLM2-135M-Instruct")
    'SmolLM2-135M-Instruct'
    """
    if hub_id(name):
        return name
    parts = [part for part in Path(name).parts if part != "published"]
    return parts[-1]


def hub_id(name: str) -> bool:
    """Whether a model's name is ``owner/model`` of a hub, and no folder of this machine."""
    ours = name.startswith(("/", ".", "~", "runs/", "models/"))
    return not ours and name.count("/") == 1 and not Path(name).exists()


def text(run: Path, recipe: Recipe, scores: Sequence[Path], checks: Checks) -> str:
    """The card of a finished run, as Markdown with the hub's front matter.

    Of this machine's paths only the last names are printed.
    """
    record = read_json(run / "run.json")
    base = shown(recipe.model.name)
    parts = [
        _head(recipe),
        f"# {run.name}\n\n{recipe.title}. Trained with psyche-bench from `{base}`.\n",
        ETHICS,
        _data(recipe, record),
        _result(read_json(run / "result.json")),
        _scores(scores),
        _made(recipe, record),
        _used(run.name, checks),
    ]
    return "\n".join(part for part in parts if part)


def _head(recipe: Recipe) -> str:
    base = f"base_model: {recipe.model.name}\n" if hub_id(recipe.model.name) else ""
    return (
        "---\nlanguage: [zh, en]\nlibrary_name: transformers\npipeline_tag: text-generation\n"
        f"{base}tags: [psychology, {recipe.stage}]\n---\n"
    )


def _used(name: str, checks: Checks) -> str:
    how = "was seen to answer so" if checks.served else "was not checked so"
    return (
        f"## Use\n\n`psyche-bench chat {name}` in a terminal; `transformers serve {name}` for "
        f"OpenAI's protocol (the checkpoint {how} when it was published).\n"
    )


def _data(recipe: Recipe, record: dict[str, Any]) -> str:
    counts = "\n".join(f"| {key} | {value} |" for key, value in record["data"].items())
    source = (
        "CPsyExam, train split"
        if recipe.data.source == "cpsyexam"
        else shown(str(recipe.data.path))
    )
    return (
        f"## Data\n\n{source}. Items that also stand in PCEB or in CPsyExam's dev or test split "
        f"were taken out before training.\n\n| what | count |\n|---|---|\n{counts}\n"
    )


def _result(result: dict[str, Any]) -> str:
    rows = "\n".join(
        f"| {key} | {value['first']:.4f} | {value['last']:.4f} |"
        for key, value in result.items()
        if isinstance(value, dict)
    )
    table = f"| value | first | last |\n|---|---|---|\n{rows}"
    return f"## Training\n\n{result['steps']} steps.\n\n{table}\n"


def _scores(folders: Sequence[Path]) -> str:
    tables = [(folder / "table.md").read_text(encoding="utf-8") for folder in folders]
    if not tables:
        return "## Scores\n\nNone yet: `psyche-bench eval` makes them.\n"
    return "## Scores\n\n" + "\n\n".join(table.strip() for table in tables) + "\n"


def _made(recipe: Recipe, record: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    told = recipe.model_dump(mode="json", exclude_none=True)
    for table, key in (("model", "name"), ("model", "template"), ("data", "path")):
        if key in told[table]:
            told[table][key] = shown(told[table][key])
    return (
        f"## How it was made\n\nSeed {record['seed']}, source revision "
        f"{record['revision'] or 'unknown'}, begun {record['begun']}; {versions}.\n\n"
        f"```json\n{json.dumps(told, indent=2, ensure_ascii=False)}\n```\n"
    )
