"""Whether a checkpoint serves: ``transformers serve`` is started on it and asked one question.

The protocol is OpenAI's and the client the one every other call of ours goes through, so what
answers here answers a judge, the pipeline or the harness as well.
"""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from psyche_bench.chat import Client
from psyche_bench.errors import RunError

START = 180.0
"""Seconds the server may take to come up."""


def program() -> Path | None:
    """The ``transformers`` command of this environment, where it can serve; else None."""
    beside = Path(sys.executable).with_name("transformers")
    found = beside if beside.exists() else shutil.which("transformers")
    able = found and all(find_spec(name) for name in ("fastapi", "uvicorn"))
    return Path(found) if found and able else None


def command(model: str, port: int) -> list[str]:
    """How a checkpoint is served to OpenAI's protocol on this machine alone."""
    return ["transformers", "serve", model, "--host", "127.0.0.1", "--port", str(port)]


def answer(out: Path, question: str) -> str:
    """Serve the checkpoint, ask it one question, and stop it again.

    Raises:
        RunError: the server does not come up; the end of what it said is quoted.
        ChatError: it comes up but does not answer.
    """
    served = program()
    if served is None:
        raise RunError("serving needs the `transformers` command with its extra `serving`: "
                       "pip install 'transformers[serving]'.")  # fmt: skip
    with _running(served, str(out.resolve())) as address:
        return asyncio.run(_asked(address, str(out.resolve()), question))


async def _asked(address: str, model: str, question: str) -> str:
    turns = [{"role": "user", "content": question}]
    async with Client(f"{address}/v1", max_in_flight=1) as client:
        reply = await client.chat(model, turns, max_tokens=8, temperature=0)
    return reply.text or ""


@contextlib.contextmanager
def _running(served: Path, model: str) -> Iterator[str]:
    """A server with this model on a free port, ended when the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    words = [str(served), *command(model, port)[1:]]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)  # noqa: S603 - our own command
        try:
            _await(address, process)
            if process.poll() is not None:
                log.seek(0)
                told = log.read().decode(errors="replace").strip()[-300:]
                raise RunError(f"`transformers serve {model}` did not come up: {told}")
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _await(address: str, process: "subprocess.Popen[bytes]") -> None:
    """Until the server answers or ends; RunError when it does neither."""
    end = time.monotonic() + START
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):  # noqa: S310 - our own
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end:
                raise RunError(f"{address} did not answer within {START:.0f} s. Is the machine "
                               "busy? Or publish with --no-serve.") from None  # fmt: skip
            time.sleep(0.2)
