"""A run's end of the line to its sender: calls go out, outcomes come back.

:mod:`psyche_bench.sender` says why the sending is left to another process. It is started with the
first call, so that a run which finds everything in the store starts none.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import IO

from psyche_bench.errors import RunError
from psyche_bench.sender import STANDS, Lines, Outcome, Settings, unpacked
from psyche_bench.store import Reply

LAST_WORDS = 2000


class Link(Lines):
    """The line to one sender. Real state, so a class; it belongs to one event loop.

    Args:
        settings: what the sender is told.
        stands: called when it has started and begins to send.
    """

    def __init__(self, settings: Settings, stands: Callable[[], object]) -> None:
        super().__init__()
        self._settings, self._stands = settings, stands
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self._lines: list[bytes] = []
        self._waiting: dict[str, asyncio.Future[Outcome]] = {}

    async def open(self) -> None:
        """Make ready; no process is started yet."""
        self._loop = asyncio.get_running_loop()
        ours, self._theirs = socket.socketpair()
        self._transport, _ = await self._loop.create_connection(lambda: self, sock=ours)
        self._transport.write(json.dumps(self._settings).encode() + b"\n")

    def _start(self) -> subprocess.Popen[bytes]:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # read when it ends before its time
        # The sender finds its modules where we found them, and none in the folder we stand in.
        path = os.pathsep.join(filter(None, sys.path))
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "psyche_bench.sender"],
            stdin=self._theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        self._theirs.close()
        return process

    async def ask(self, call: bytes, body: bytes) -> Reply | None:
        """Have a call sent; its reply is in the store when this returns.

        Args:
            call: its address in the store.
            body: JSON without line breaks.

        Returns:
            the reply; None where another process has the call under way, or has had it answered.

        Raises:
            Failure: no usable answer this time.
            ChatError: no usable answer, and the same request will not get one.
            StoreError: the answer could not be kept.
            RunError: the sender has ended.
        """
        if self._process is None:
            self._process = self._start()
        if self._transport.is_closing():
            raise self._ended(self._process)
        name = call.hex()
        answer: asyncio.Future[Outcome] = self._loop.create_future()
        self._waiting[name] = answer
        if not self._lines:
            self._loop.call_soon(self._flush)
        self._lines.append(b"%b %b\n" % (name.encode(), body))
        outcome = await answer
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        self._transport.write(b"".join(lines))

    def lines_received(self, lines: list[bytes]) -> None:
        """Hand outcomes to those who wait for them."""
        for line in lines:
            name, *outcome = json.loads(line)
            if name == STANDS:
                self._stands()
                continue
            answer = self._waiting.pop(name)
            if not answer.done():  # who asked may have gone
                answer.set_result(unpacked(*outcome))

    def connection_lost(self, _: Exception | None) -> None:
        """The sender is gone: nobody waits any longer."""
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done() and self._process is not None:
                answer.set_result(self._ended(self._process))

    def _ended(self, process: subprocess.Popen[bytes]) -> RunError:
        code = process.wait()
        words = ""
        if self._said is not None:
            self._said.seek(0, os.SEEK_END)
            self._said.seek(max(0, self._said.tell() - LAST_WORDS))
            words = self._said.read().decode("utf-8", "replace").strip()
        return RunError(
            f"the process that sends the calls ended before its time (code {code}). Every answer "
            f"it brought is kept: start again.{' Its last words: ' if words else ''}{words}"
        )

    async def close(self) -> int:
        """Let the sender end; the number of calls it still waits for, to keep their answers."""
        left, self._waiting = len(self._waiting), {}
        self._transport.abort()
        self._theirs.close()
        if self._process is not None and not left:
            await asyncio.to_thread(self._process.wait)
        if self._said is not None:
            self._said.close()
        return left
