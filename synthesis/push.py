"""Push the finished data sets to the hub; without ``--yes`` only what would be sent is shown."""

from pathlib import Path
from typing import Any

from psyche_bench.errors import RunError
from psyche_bench.jsonl import read_json

SENT = ("card.md", "card.json", "data/**/*.jsonl", "data/**/*.json", "data/**/*.parquet")


def files(folder: Path) -> list[Path]:
    """What would be sent, sorted.

    Raises:
        RunError: the run is not finished.
    """
    if not (folder / "card.json").is_file() or not read_json(folder / "card.json")["finished"]:
        raise RunError(f"{folder}: the run is not finished. Finish it: `psyche-bench synth run`.")
    return sorted(path for pattern in SENT for path in folder.glob(pattern))


def closed(folder: Path) -> list[str]:
    """Licences in the data that do not plainly allow passing them on."""
    parts = read_json(folder / "card.json")["parts"]
    licences = {text for part in parts.values() for text in part["licences"]}
    return sorted(text for text in licences if "redistribut" in text.lower() or "NC" in text)


def push(folder: Path, repository: str, *, private: bool) -> str:
    """Upload everything in one commit to a data set repository of the hub; return its address.

    Raises:
        RunError: the hub refused, or its client is not installed.
    """
    try:
        from huggingface_hub import CommitOperationAdd, HfApi
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError:
        raise RunError(
            "pushing needs huggingface_hub. Run `pip install 'psyche-bench[synth]'`."
        ) from None
    api: Any = HfApi()
    try:
        place = api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        names = {path: path.relative_to(folder).as_posix() for path in files(folder)}
        added = [
            CommitOperationAdd("README.md" if name == "card.md" else name, path)
            for path, name in names.items()
        ]
        api.create_commit(
            repository, added, commit_message="Add the data sets of a run", repo_type="dataset"
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise RunError(
            f"{repository}: the hub refused ({error}). Log in with `hf auth login`, check the name."
        ) from error
    return str(place)
