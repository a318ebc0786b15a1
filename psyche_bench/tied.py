"""Programs that end when we do, however we end: a server of a model, a command of the road.

The program is told to end (SIGTERM) once the pipe to us is shut, which the kernel does for us even
at SIGKILL. What it has claimed by an open file (``keep``) stays claimed until it is really gone.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

TIE = (
    'trap : TERM; exec 3<&0; "$@" 3<&- </dev/null & child=$!; '
    "{ cat >/dev/null; kill 0; } <&3 >/dev/null 2>&1 & "
    'wait "$child"; code=$?; '
    'if kill -0 "$child" 2>/dev/null; then wait "$child"; code=$?; fi; exit "$code"'
)
"""The program and all that it starts are one process group, which ends with the pipe on stdin."""
PATIENCE = 30.0
"""Seconds a program has to end before it is killed."""


@contextlib.contextmanager
def tied(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int | None = None,
    keep: Sequence[int] = (),
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program while the block lasts; on leaving it is told to end and waited for.

    Args:
        command: program and arguments.
        env: its whole environment.
        stdout: where its data go. stderr: where its talk goes (ours when None).
        keep: file descriptors it inherits, such as a lock's.
    """
    with subprocess.Popen(  # noqa: S603 - the caller's own command
        ["/bin/sh", "-c", TIE, "tied", *command],
        stdin=subprocess.PIPE,
        stdout=stdout,
        stderr=stderr,
        env=dict(env),
        pass_fds=tuple(keep),
        start_new_session=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101 - it was asked for
        try:
            yield process
        finally:
            process.stdin.close()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
