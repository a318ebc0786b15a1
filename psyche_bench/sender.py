"""The process that speaks to an endpoint: small, apart, alive until what it sent is answered.

A call is paid for from the moment its request has left; who is killed before the answer came in
pays twice. So a run (:mod:`psyche_bench.link`) leaves the sending to a process in a session of its
own, which no kill of the run or of its group reaches. It claims a call, sends it, commits the
answer to the store and only then hands it on. When the run ends, however it ends, the sender begins
no further call, waits for those on their way (each bounded by its timeout), commits their answers
and ends too. Its claims hold as long, so that a run started again waits for them.

On the socket between the two, one line a call: ``CALL BODY`` one way, ``[CALL, kind, …]`` the
other. The first line holds the settings, with the key, which is on no command line.
"""

import asyncio
import gc
import json
import os
import signal
import socket
import traceback
from typing import Any, NamedTuple

from psyche_bench.endpoint import Address, Endpoint, Failure
from psyche_bench.errors import ChatError, RequestRefused, StoreError
from psyche_bench.store import Reply, Store

STANDS = "stands"
"""What a sender says first, in the place of a call: it has started."""
PARENT_EVERY = 1.0
"""Seconds between two looks whether the run is still there: a process it forked may hold its end of
the socket open."""

Outcome = Reply | Exception | None
"""What became of a call; None: another process has it under way, or has had it answered."""


_ERRORS: dict[str, type[Exception]] = {
    "refused": RequestRefused,
    "chat": ChatError,
    "store": StoreError,
    "bug": RuntimeError,
}


class Settings(NamedTuple):
    """What a sender is told first."""

    address: Address
    store: str
    timeout: float
    most: int
    parent: int


def packed(outcome: Outcome) -> list[Any]:
    """An outcome as JSON takes it."""
    match outcome:
        case None:
            said: list[Any] = ["elsewhere"]
        case Reply():
            said = ["reply", *outcome]
        case Failure():
            said = ["failure", str(outcome), outcome.busy, outcome.rate_limited, outcome.wait]
        case ChatError():
            kind = "refused" if isinstance(outcome, RequestRefused) else "chat"
            said = [kind, str(outcome), outcome.status]
        case StoreError():
            said = ["store", str(outcome)]
        case _:
            said = ["bug", "".join(traceback.format_exception(outcome))]
    return said


def unpacked(kind: str, *values: Any) -> Outcome:
    """The outcome that :func:`packed` was given.

    >>> unpacked(*packed(Reply("好", "", "stop", "m", 3, 1))).text
    '好'
    """
    if kind == "elsewhere":
        return None
    if kind == "reply":
        return Reply(*values)
    if kind == "failure":
        what, busy, rate_limited, wait = values
        return Failure(what, busy=busy, rate_limited=rate_limited, wait=wait)
    return _ERRORS[kind](*values)


class Lines(asyncio.Protocol):
    """Whole lines out of a stream. Real state, so a class; the two ends derive from it."""

    def __init__(self) -> None:
        self._part = bytearray()

    def data_received(self, data: bytes) -> None:
        """Hand on the lines that are whole now."""
        self._part += data
        if b"\n" in data:
            *whole, rest = self._part.split(b"\n")
            self._part = bytearray(rest)
            self.lines_received([bytes(line) for line in whole])

    def lines_received(self, lines: list[bytes]) -> None:
        """What an end does with them."""
        raise NotImplementedError


class _Sender(Lines):
    """The sender's end: claims, sends, commits, answers."""

    def __init__(self) -> None:
        super().__init__()
        self.over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._settings: Settings | None = None
        self._leaving = self._asked = False
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._outcomes: dict[str, Outcome] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        self.leave()

    def leave(self) -> None:
        """Begin no further call; end with the last on its way."""
        self._leaving = True
        if not self._under_way and not self._outcomes:
            self.over.set()

    def lines_received(self, lines: list[bytes]) -> None:
        if self._settings is None:
            self._open(Settings(*json.loads(lines.pop(0))))
        calls = {call.decode(): body for call, _, body in (line.partition(b" ") for line in lines)}
        fresh = {call: body for call, body in calls.items() if call not in self._under_way}
        try:
            won = self._store.claim([bytes.fromhex(call) for call in fresh]) if fresh else {}
        except StoreError as error:
            self._tell(dict.fromkeys(fresh, error))
            return
        for call, body in fresh.items():
            if won[bytes.fromhex(call)]:
                self._under_way[call] = self._loop.create_task(self._one(call, body))
        self._tell({call: None for call in fresh if call not in self._under_way})

    def _open(self, settings: Settings) -> None:
        address = Address(*settings.address)
        self._settings = settings = settings._replace(address=address)
        self._store = Store(settings.store)
        self._endpoint = Endpoint(address, settings.timeout, settings.most)
        self._look(settings.parent)
        self._tell({STANDS: None})

    def _look(self, parent: int) -> None:
        if os.getppid() != parent:
            self.leave()
        else:
            self._loop.call_later(PARENT_EVERY, self._look, parent)

    async def _one(self, call: str, body: bytes) -> None:
        outcome: Outcome = None
        if not self._leaving:
            try:
                outcome = await self._endpoint.ask(body)
            except Exception as error:  # it is told to the run, whatever it is
                outcome = error
        self._outcomes[call] = outcome
        if not self._asked:
            self._asked = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Commit what one turn of the event loop brought, in one transaction, and tell it."""
        outcomes, self._outcomes, self._asked = self._outcomes, {}, False
        replies = {bytes.fromhex(c): o for c, o in outcomes.items() if isinstance(o, Reply)}
        failed = [bytes.fromhex(c) for c, o in outcomes.items() if not isinstance(o, Reply)]
        try:
            self._store.put(replies.items(), failed)
        except StoreError as error:
            outcomes = {c: error if isinstance(o, Reply) else o for c, o in outcomes.items()}
        for call in outcomes:
            del self._under_way[call]
        self._tell(outcomes)
        if self._leaving:
            self.leave()

    def _tell(self, outcomes: dict[str, Outcome]) -> None:
        lines = (json.dumps([c, *packed(o)]).encode() + b"\n" for c, o in outcomes.items())
        if outcomes and not self._transport.is_closing():
            self._transport.write(b"".join(lines))  # type: ignore[attr-defined]

    async def close(self) -> None:
        """Nothing is under way any more."""
        if self._settings is not None:
            await self._endpoint.close()
            self._store.close()


async def _send() -> None:
    # What lives for one call only dies without the collector, which costs a tenth of the time here.
    gc.freeze()
    gc.set_threshold(100_000)
    loop = asyncio.get_running_loop()
    ours = socket.socket(fileno=0)
    _, sender = await loop.create_connection(_Sender, sock=ours)
    loop.add_signal_handler(signal.SIGTERM, sender.leave)
    await sender.over.wait()
    await sender.close()


if __name__ == "__main__":
    asyncio.run(_send())
