"""What a run was: everything needed to say whether two runs can be compared, and to repeat one.

Written as ``run.json`` beside the outcomes. Secrets never enter: arguments whose name speaks of a
key, token, password or secret are masked before anything is stored, and so is, wherever it stands
in a text, the value of an environment variable of such a name.
"""

import os
import platform
import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from psyche_bench import prompting, sources
from psyche_bench.schemas import Outcome
from psyche_bench.signature import signature

PACKAGES = ("psyche-bench", "lm_eval", "transformers", "torch", "vllm", "jieba", "sacrebleu")
_SECRET = re.compile(r"(key|token|password|secret|authorization)$", re.IGNORECASE)
_NAMED = re.compile(
    r"""((?:(?:key|token|password|secret|authorization)["']?\s*[=:]\s*["']?|bearer\s+))[^\s,"'}]+""",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_SHORTEST = 8
"""Characters from which an environment value is taken for a secret, and not for a word."""
MASK = "***"


def versions() -> dict[str, str]:
    """Installed versions of the packages a number depends on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def masked(value: Any, name: str = "") -> Any:
    """The same value without secrets.

    Whatever a secret-sounding name holds becomes :data:`MASK`, also inside a text (``api_key=…``,
    ``Bearer …``), and so does what :func:`scrubbed` finds.

    >>> masked({"base_url": "http://me:pw@127.0.0.1", "auth_token": "abc"})
    {'base_url': 'http://***@127.0.0.1', 'auth_token': '***'}
    """
    if isinstance(value, Mapping):
        return {key: masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner, name) for inner in value]
    if value and _SECRET.search(name):
        return MASK
    return _NAMED.sub(rf"\1{MASK}", scrubbed(value)) if isinstance(value, str) else value


def scrubbed(text: str) -> str:
    """A text without credentials in URLs and without the values of secret environment variables."""
    for secret in _known_secrets():
        text = text.replace(secret, MASK)
    return _IN_URL.sub(MASK, text)


def _known_secrets() -> list[str]:
    """Values of environment variables with a secret-sounding name, the longest first."""
    values = {value for name, value in os.environ.items() if _SECRET.search(name)}
    return sorted((value for value in values if len(value) >= _SHORTEST), key=len, reverse=True)


def command(words: Iterable[str]) -> str:
    """A command line that can be typed again, secrets masked.

    >>> command(["psyche-bench", "eval", "--model_args", "model=m,api_key=abc", "--token", "abc"])
    'psyche-bench eval --model_args model=m,api_key=*** --token ***'
    """
    listed = list(words)
    shown = [
        MASK if before.startswith("-") and _SECRET.search(before) else masked(word)
        for before, word in zip(["", *listed], listed, strict=False)
    ]
    return " ".join(word if MASK in word else shlex.quote(word) for word in shown)


def hardware() -> dict[str, str]:
    """Processor and, where torch is loaded and sees one, GPU."""
    found = {"machine": platform.machine(), "system": platform.system()}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name(0)
    return found


def prompt_hashes(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """One hash a task over its items' prompts, in order."""
    by_task: dict[str, list[str]] = {}
    for outcome in outcomes:
        by_task.setdefault(outcome.task, []).append(f"{outcome.id} {outcome.prompt_hash}")
    return {task: prompting.text_hash(*lines) for task, lines in by_task.items()}


def data_hashes(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Hash of each data set that was used, as it stands on disk."""
    names = sorted({outcome.id.partition("/")[0] for outcome in outcomes})
    return {name: sources.data_hash(name) for name in names}


def data_revisions(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """The release each data set was pinned to; the bundled sample is this package's own."""
    names = sorted({outcome.id.partition("/")[0] for outcome in outcomes})
    known = sources.catalogue()
    return {name: known[name].revision for name in names if name in known}


def model_name(settings: Mapping[str, Any]) -> str:
    """What people call the model: ``pretrained`` or ``model`` of its arguments, else the backend.

    A path gives its last part; an adapter is named behind its base.

    >>> model_name({"model": "hf", "model_args": {"pretrained": "/models/Qwen2.5-7B/"}})
    'Qwen2.5-7B'
    >>> model_name({"model": "hf", "model_args": {"pretrained": "org/base", "peft": "./mine"}})
    'org/base+mine'
    >>> model_name({"model": "dummy", "model_args": None})
    'dummy'
    """
    arguments = settings.get("model_args") or {}
    base = arguments.get("pretrained") or arguments.get("model") or settings["model"]
    return "+".join(last_part(str(name)) for name in (base, arguments.get("peft")) if name)


def last_part(name: str) -> str:
    """``org/model`` of a hub stays whole; a path on disk is told by its start or its length.

    >>> last_part("org/model"), last_part("/models/judge-7b/")
    ('org/model', 'judge-7b')
    """
    path = Path(name)
    on_disk = path.is_absolute() or name.startswith((".", "~")) or len(path.parts) > 2
    return path.name if on_disk else name


def passport(settings: Mapping[str, Any], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The passport of a finished run.

    Args:
        settings: what the run was asked for (model, model_args, tasks, protocol, lang, …).
        outcomes: its outcomes.
    """
    safe: dict[str, Any] = masked(dict(settings))
    record: dict[str, Any] = {
        "name": model_name(safe),
        **safe,
        "prompt_hashes": prompt_hashes(outcomes),
        "data_hashes": data_hashes(outcomes),
        "data_revisions": data_revisions(outcomes),
        "view": "repaired",
        "versions": versions(),
        "hardware": hardware(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "items": len(outcomes),
    }
    record["signature"] = signature(
        {
            "tasks": "+".join(record["prompt_hashes"]),
            "protocol": safe.get("protocol"),
            "lang": safe.get("lang"),
            "rotation": safe.get("rotation") or None,
            "prompts": prompting.text_hash(*record["prompt_hashes"].values()),
            "data": "+".join(record["data_hashes"].values()),
            "view": record["view"],
            "limit": safe.get("limit"),
            "backend": safe.get("backend"),
            "lm_eval": record["versions"].get("lm_eval"),
            "version": record["versions"].get("psyche-bench"),
        }
    )
    return record
