"""Have LLaMA-Factory's own parser and converter read the data sets a finished run exports.

Needs an environment with ``llamafactory==0.9.5`` and what it loads data with (``datasets``,
``transformers``); torchaudio, which it imports for other data, is stood in for. Usage:

    OTHER/bin/python tests/perf/engine_datasets.py RUN/data/llamafactory
"""

import importlib.machinery
import json
import os
import sys
import tempfile
import types
from pathlib import Path


def main(folder: Path) -> None:
    """Print each data set's rows as read; fail where one has no prompt or no response."""
    os.environ["DISABLE_VERSION_CHECK"] = "1"
    silent = types.ModuleType("torchaudio")
    silent.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    silent.__version__ = "0"
    sys.modules.setdefault("torchaudio", silent)
    import datasets
    from llamafactory.data.converter import align_dataset
    from llamafactory.data.parser import get_dataset_list
    from llamafactory.hparams import DataArguments

    names = list(json.loads((folder / "dataset_info.json").read_text(encoding="utf-8")))
    options = DataArguments(dataset=",".join(names), dataset_dir=str(folder))
    training = types.SimpleNamespace(local_process_index=0)
    print(f"{'data set':24}{'rows':>8}{'read':>8}")
    with tempfile.TemporaryDirectory() as cache:
        for name, one in zip(names, get_dataset_list(names, str(folder)), strict=True):
            path = str(folder / one.dataset_name)
            rows = datasets.load_dataset("json", data_files=path, split="train", cache_dir=cache)
            read = align_dataset(rows, one, options, training)
            whole = sum(bool(row["_prompt"] and row["_response"]) for row in read)
            print(f"{name:24}{len(rows):8,}{whole:8,}")
            if whole != len(rows):
                sys.exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
