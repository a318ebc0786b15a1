"""What several test files need: the real data and the real small model, or a reason to skip."""

import os
from pathlib import Path

import pytest
from tiny import tiny_model  # noqa: F401  # a fixture of every test file


def _folder(variable: str, what: str) -> Path:
    named = os.environ.get(variable)
    if not named:
        pytest.skip(f"{variable} is unset: {what}")
    if not Path(named).is_dir():
        pytest.skip(f"{variable} names no folder ({named}): {what}")
    return Path(named)


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of the released data sets."""
    return _folder("PSYCHE_BENCH_DATA", "no released data to test on")


@pytest.fixture(scope="session")
def small_model() -> Path:
    """SmolLM2-135M-Instruct as transformers loads it (`make test` converts it)."""
    return _folder("PSYCHE_BENCH_SMALL_MODEL", "no small model to run")
