"""Whether a checkpoint serves: ``transformers serve`` is started on it and asked one question.

The protocol is OpenAI's and the client the one every other call of ours goes through, so what
answers here answers a judge, the pipeline or the harness as well.
"""

import asyncio
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from psyche_bench.chat import Client
from psyche_bench.errors import RunError
from psyche_bench.local_server import PORT, serving

START = 180.0
"""Seconds the server may take to come up."""


def program() -> Path | None:
    """The ``transformers`` command of this environment, where it can serve; else None."""
    beside = Path(sys.executable).with_name("transformers")
    found = beside if beside.exists() else shutil.which("transformers")
    able = found and all(find_spec(name) for name in ("fastapi", "uvicorn"))
    return Path(found) if found and able else None


def command(model: str, port: int | str) -> list[str]:
    """How a checkpoint is served to OpenAI's protocol on this machine alone."""
    return ["transformers", "serve", model, "--host", "127.0.0.1", "--port", str(port)]


def answer(out: Path, question: str) -> str:
    """Serve the checkpoint, ask it one question, and stop it again.

    Raises:
        RunError: the server does not come up; the end of what it said is quoted.
        ChatError: it comes up but does not answer.
    """
    if program() is None:
        raise RunError("serving needs the `transformers` command with its extra `serving`: "
                       "pip install 'transformers[serving]'.")  # fmt: skip
    model = str(out.resolve())
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(command(model, PORT), Path(folder) / "log", seconds=START) as address,
    ):
        return asyncio.run(_asked(address, model, question))


async def _asked(address: str, model: str, question: str) -> str:
    turns = [{"role": "user", "content": question}]
    async with Client(f"{address}/v1", max_in_flight=1) as client:
        reply = await client.chat(model, turns, max_tokens=8, temperature=0)
    return reply.text or ""
