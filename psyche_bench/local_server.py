"""A model server on this machine for as long as a block lasts; it ends with us."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psyche_bench.errors import RunError
from psyche_bench.tied import tied

PORT = "{port}"
"""What stands in a command where the free port goes."""


@contextmanager
def serving(
    command: Sequence[str], log: Path, *, ready: str = "/health", seconds: float = 900.0
) -> Iterator[str]:
    """The address (``http://127.0.0.1:PORT``) of a server that is up.

    Args:
        command: program and arguments, ``{port}`` in them.
        log: takes what the server says.
        ready: the path that answers once it is up.
        seconds: how long that may take; on a machine that is busy, minutes.

    Raises:
        RunError: no such program, or it ends or does not answer in time; its last words are quoted.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    words = [word.replace(PORT, port) for word in command]
    address = f"http://127.0.0.1:{port}"
    with (
        log.open("wb") as told,
        tied([_program(words[0]), *words[1:]], env=os.environ, stdout=told, stderr=told) as server,
    ):
        _wait(f"{address}{ready}", server, seconds, log)
        yield address


def _program(name: str) -> str:
    """The program of this environment, else of the path."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise RunError(f"no program {name!r} is installed to serve the model with. Install it, or "
                       "name an endpoint that is up.")  # fmt: skip
    return found


def _wait(url: str, server: "subprocess.Popen[bytes]", seconds: float, log: Path) -> None:
    end = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    why = f"did not answer within {seconds:.0f} s" if server.poll() is None else "ended"
    said = log.read_text(encoding="utf-8", errors="replace").strip()[-300:]
    raise RunError(
        f"the model server {why} ({url}). Its last words: {said or 'none'}. Mend its command, or "
        "name an endpoint that is up."
    )
