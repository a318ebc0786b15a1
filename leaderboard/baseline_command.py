"""How a baseline is evaluated: the exact ``psyche-bench eval`` command, or a job for Slurm.

A key is never part of a command: it is read from the environment where the command runs.
"""

import os
import shlex
import sys
from pathlib import Path

from psyche_bench.errors import BoardError
from psyche_bench.leaderboard.baselines import Baseline
from psyche_bench.leaderboard.records import slug
from psyche_bench.schemas import Record

HARNESS_KEY = "OPENAI_API_KEY"
"""Where lm_eval looks for the key of any endpoint that speaks the OpenAI protocol."""
WINDOW = 16_384
"""Tokens a served model needs at most: the longest prompt, and 8,192 of reply."""


class Wish(Record):
    """What is to be evaluated, the same for all models asked for."""

    tasks: str = "pceb"
    protocol: str | None = None
    limit: int | None = None
    out: Path = Path("runs")
    revision: str | None = None
    system_instruction: str | None = None


def words(baseline: Baseline, wish: Wish) -> list[str]:
    """Everything behind ``psyche-bench``.

    Raises:
        BoardError: the model brings code of its own and no full revision pins it.
    """
    protocol = wish.protocol or baseline.protocol
    folder = wish.out / f"{slug(baseline.name)}-{slug(wish.tasks)}-{protocol}"
    listed = ["eval", "--model", baseline.backend, "--model_args", _model_args(baseline, wish)]
    listed += ["--tasks", wish.tasks, "--protocol", protocol, "--apply_chat_template"]
    listed += ["--gen_kwargs", baseline.gen_kwargs] if baseline.gen_kwargs else []
    if wish.system_instruction:
        listed += ["--system_instruction", wish.system_instruction]
    listed += ["--limit", str(wish.limit)] if wish.limit else []
    return [*listed, "--output_path", str(folder)]


def _model_args(baseline: Baseline, wish: Wish) -> str:
    if baseline.backend != "vllm":
        return f"model={baseline.api_model},base_url={baseline.endpoint},num_concurrent=8"
    window = min(baseline.context or WINDOW, WINDOW)
    given = {
        "pretrained": baseline.hub,
        "dtype": "auto",
        "tensor_parallel_size": baseline.tensor_parallel,
        "max_model_len": window,
        **baseline.vllm,
    }
    revision = wish.revision or baseline.revision
    if revision:
        given["revision"] = revision
    if baseline.trust_remote_code:
        _need_full_revision(baseline, revision or "")
        given["trust_remote_code"] = True
    return ",".join(f"{name}={value}" for name, value in given.items())


def _need_full_revision(baseline: Baseline, revision: str) -> None:
    if len(revision) != 40:
        raise BoardError(
            f"{baseline.name} runs code of its own, and {revision!r} does not pin it: look up the "
            f"full commit (40 digits) on the page of {baseline.hub} and give it with --revision."
        )


def _setup(baseline: Baseline) -> list[str]:
    """What the environment needs, as shell lines; an unset key stops the script there."""
    lines = []
    if baseline.hub_site == "modelscope":
        lines.append("export VLLM_USE_MODELSCOPE=True")
    if baseline.key_variable:
        lines.append(f': "${{{baseline.key_variable}:?set it to your key}}"')
    if baseline.key_variable and baseline.key_variable != HARNESS_KEY:
        lines.append(f'export {HARNESS_KEY}="${baseline.key_variable}"')
    return lines


def printed(baseline: Baseline, wish: Wish) -> str:
    """The command as one types it, preceded by what the environment needs."""
    command = shlex.join(["psyche-bench", *words(baseline, wish)])
    return "\n".join([*_setup(baseline), command])


def slurm(baseline: Baseline, wish: Wish) -> str:
    """A script for ``sbatch``: GPUs as the model needs them, none for an endpoint."""
    name = slug(f"psyche-{baseline.name}")
    gpus = baseline.tensor_parallel or 0
    head = ["#!/usr/bin/env bash", f"#SBATCH --job-name={name}", "#SBATCH --ntasks=1"]
    if gpus > 8:
        head[-1] = f"#SBATCH --nodes={-(-gpus // 8)} --ntasks-per-node=1 --gpus-per-node=8"
        head.append("# More than one node: start a Ray cluster over them first (vLLM's own guide).")
    elif gpus:
        head.append(f"#SBATCH --gpus={gpus}")
    head += ["#SBATCH --cpus-per-task=8", "#SBATCH --time=24:00:00"]
    head.append(f"#SBATCH --output={name}-%j.log")
    return "\n".join([*head, "set -euo pipefail", printed(baseline, wish)])


def run(baseline: Baseline, wish: Wish) -> int:
    """Run the command here and return its exit code; it resumes what an earlier call began.

    Raises:
        BoardError: the key's environment variable is not set.
    """
    import subprocess

    environment = dict(os.environ)
    if baseline.hub_site == "modelscope":
        environment["VLLM_USE_MODELSCOPE"] = "True"
    if baseline.key_variable:
        key = environment.get(baseline.key_variable)
        if not key:
            raise BoardError(
                f"{baseline.name} needs a key: set {baseline.key_variable} in the environment. "
                "Keys are never taken from arguments or files."
            )
        environment[HARNESS_KEY] = key
    command = [sys.executable, "-m", "psyche_bench.cli", *words(baseline, wish)]
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603  # our own command
