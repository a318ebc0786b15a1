"""Which tasks there are, read from the YAML files themselves without lm_eval."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from psyche_bench.prompting import text_hash


def tasks_path() -> Path:
    """The folder of our YAML files, for lm_eval's ``--include_path``."""
    return Path(str(files("psyche_bench.tasks")))


def listing() -> list[dict[str, object]]:
    """Groups first, each with its tasks: name, what it is, shots, data set."""
    entries = _entries()
    groups = [e for e in entries if "group" in e]
    shown = [_row(g["group"], "group", "", ", ".join(g["task"])) for g in groups]
    for entry in entries:
        if "group" not in entry:
            asked = entry["dataset_kwargs"]
            split = asked.get("split", "test")
            what = f"{asked['source']} {split} {asked['subset']}"
            shown.append(_row(entry["task"], "task", str(entry.get("num_fewshot", 0)), what))
    return shown


def needed_data(tasks: list[str]) -> list[tuple[str, str | None]]:
    """Data set and split behind the named tasks and groups of ours; other names are skipped."""
    entries = {str(e.get("task") if "group" not in e else e["group"]): e for e in _entries()}
    groups = [entries[name] for name in tasks if "group" in entries.get(name, {})]
    leaves = [leaf for group in groups for leaf in group["task"]]
    names = [name for name in (*tasks, *leaves) if name in entries and "group" not in entries[name]]
    asked = [entries[name]["dataset_kwargs"] for name in names]
    return list(dict.fromkeys((wanted["source"], wanted.get("split")) for wanted in asked))


def identity(tasks: list[str]) -> dict[str, dict[str, str] | str]:
    """Hashes of what defines the named tasks, for a run's passport.

    ``task_hashes`` covers each task's YAML and the base it includes; ``exemplar_hash`` the fixed
    exemplars, where a task shows any.
    """
    own = {str(e["task"]): e for e in _entries() if "group" not in e}
    groups = {e["group"]: e["task"] for e in _entries() if "group" in e}
    named = [leaf for name in tasks for leaf in groups.get(name, [name]) if leaf in own]
    found: dict[str, dict[str, str] | str] = {
        "task_hashes": {name: text_hash(_definition(name)) for name in dict.fromkeys(named)}
    }
    if any(own[name].get("num_fewshot") for name in named):
        text = (tasks_path() / "exemplars.json").read_text(encoding="utf-8")
        found["exemplar_hash"] = text_hash(text)
    return found


def _definition(task: str) -> str:
    (path,) = tasks_path().glob(f"*/{task}.yaml")
    base = (path.parent / str(_read(path).get("include"))).resolve()
    texts = [path.read_text(encoding="utf-8")]
    return "".join([*texts, base.read_text(encoding="utf-8")] if base.is_file() else texts)


def _row(name: str, kind: str, shots: str, what: str) -> dict[str, object]:
    return {"name": name, "kind": kind, "shots": shots, "what": what}


class _Loader(yaml.SafeLoader):
    """Reads our YAML without resolving ``!function``."""


_Loader.add_constructor("!function", lambda _, node: str(node.value))


@cache
def _entries() -> list[dict[str, Any]]:
    return [_read(path) for path in sorted(tasks_path().glob("*/*.yaml"))]


def _read(path: Path) -> dict[str, Any]:
    return dict(yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader))  # noqa: S506  # a SafeLoader
