"""Which tasks there are, read from the YAML files themselves without lm_eval."""

from importlib.resources import files
from pathlib import Path

import yaml


def tasks_path() -> Path:
    """The folder of our YAML files, for lm_eval's ``--include_path``."""
    return Path(str(files("psyche_bench.tasks")))


def listing(folder: Path) -> list[dict[str, object]]:
    """Groups first, each with its tasks: name, what it is, shots, data set."""
    entries = [_read(path) for path in sorted(folder.glob("*/*.yaml"))]
    groups = [e for e in entries if "group" in e]
    shown: list[dict[str, object]] = []
    for group in groups:
        shown.append(_row(group["group"], "group", "", ", ".join(group["task"])))
    for entry in entries:
        if "group" not in entry:
            asked = entry["dataset_kwargs"]
            split = asked.get("split", "test")
            what = f"{asked['source']} {split} {asked['subset']}"
            shown.append(_row(entry["task"], "task", str(entry.get("num_fewshot", 0)), what))
    return shown


def _row(name: str, kind: str, shots: str, what: str) -> dict[str, object]:
    return {"name": name, "kind": kind, "shots": shots, "what": what}


class _Loader(yaml.SafeLoader):
    """Reads our YAML without resolving ``!function``."""


_Loader.add_constructor("!function", lambda loader, node: loader.construct_scalar(node))


def _read(path: Path) -> dict[str, object]:
    return dict(yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader))  # noqa: S506  # a SafeLoader
