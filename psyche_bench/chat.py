"""The one client for chat endpoints: stored calls, retries, adaptive concurrency, a budget.

    async with Client("http://127.0.0.1:8000/v1", store="calls.sqlite") as client:
        reply = await client.chat("gpt-4o", messages, temperature=0)

A call that was answered before, by whatever endpoint, is read from the store and nothing is sent.
What is sent is sent by a process of its own (:mod:`psyche_bench.sender`), which outlives a killed
run until its calls are answered and kept: started again, a run repeats no answered call. Only if
that process is killed too, with the whole machine say, are calls repeated: at most those under way.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from psyche_bench.budget import Budget, Ledger, Prices, Usage
from psyche_bench.endpoint import Failure, describe
from psyche_bench.errors import ChatError
from psyche_bench.link import Link
from psyche_bench.pacing import Pace, backoff
from psyche_bench.schemas import Record
from psyche_bench.sender import Settings
from psyche_bench.store import Reply, Store, key
from psyche_bench.tokens import estimate_tokens

__all__ = ["Budget", "Call", "Client", "Plan", "Prices", "Reply", "Usage", "plan"]

Messages = Sequence[Mapping[str, Any]]
UNKNOWN_LENGTH = 512
"""Tokens a reply is expected to have before any was seen and where no cap is sent."""
LONGEST_BACKOFF = 60.0
ELSEWHERE = 0.1
"""Seconds after which is looked again for the answer to a call another process has under way."""


class Call(Record):
    """One call as a value: what :meth:`Client.chat` takes, for planning."""

    model: str
    messages: tuple[dict[str, Any], ...]
    sample: int = 0
    parameters: dict[str, Any] = Field(default_factory=dict)


class Plan(Record):
    """What a run would send: calls not in the store yet, their expected tokens and cost."""

    calls: int
    from_store: int
    tokens_in: int
    tokens_out: int
    cost: float | None
    currency: str


def _aloud(line: str) -> None:
    print(line, file=sys.stderr)


class Client:
    """Asks one endpoint, through a store.

    Args:
        base_url: address of the endpoint up to ``/v1``; None is OpenAI's own, or what
            ``OPENAI_BASE_URL`` says.
        store: file of answered calls; None is a temporary one, gone with the client.
        key_env: environment variable that holds the key; it need not be set for local servers.
        max_in_flight: most calls under way; the client starts at half of it and adapts.
        budget: bounds for this client; calls read from the store cost nothing.
        ledger: sums and bounds shared with other clients, in the place of budget and prices.
        prices: what models cost; needed for a budget of money.
        timeout: seconds one try may take.
        tries: how often a call is tried that fails by itself (5xx, broken or unusable answers).
        patience: seconds without a single answer after which refusals (429) are given up too.
        base_wait: seconds waited after a first failure, doubled at each further one.
        say: is told what a user should know about calls of a run before, or left under way.
    """

    def __init__(  # noqa: PLR0913 - settings are keywords with defaults
        self,
        base_url: str | None = None,
        *,
        store: Path | str | None = None,
        key_env: str = "OPENAI_API_KEY",
        max_in_flight: int = 32,
        budget: Budget | None = None,
        prices: Prices | None = None,
        ledger: Ledger | None = None,
        timeout: float = 300.0,
        tries: int = 6,
        patience: float = 600.0,
        base_wait: float = 0.5,
        say: Callable[[str], object] = _aloud,
    ) -> None:
        self._base_url, self._key_env = base_url, key_env
        self._timeout, self._most = timeout, max_in_flight
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if store is None:
            self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
            store = Path(self._folder.name, "calls.sqlite")
        self._store = Store(store)
        self._pace = Pace(max_in_flight)
        self._ledger = ledger or Ledger(budget or Budget(), prices or Prices())
        self._tries, self._patience, self._base_wait = tries, patience, base_wait
        self._under_way: dict[bytes, asyncio.Future[Reply]] = {}
        self._last_answer = 0.0
        self._freed = asyncio.Event()
        self._say = say
        self._line: Link | None = None

    async def __aenter__(self) -> "Client":
        self._last_answer = asyncio.get_running_loop().time()
        address = describe(self._base_url, self._key_env)
        told = Settings(address, self._store.path, self._timeout, self._most, os.getpid())
        self._line = Link(told, self._pace.rise)
        await self._line.open()
        others = self._store.under_way()
        if others:
            self._say(
                f"{others} calls are under way already, of a run that was stopped or of another: "
                "waiting for their answers where they are needed here."
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        left = await self._link.close()
        self._store.close()
        if self._folder is not None:
            self._folder.cleanup()
        elif left:
            self._say(
                f"{left} calls are under way: their answers are waited for and kept in the "
                f"background, {self._timeout:g} s at most."
            )

    @property
    def usage(self) -> Usage:
        """What this client has sent, read and paid so far."""
        return self._ledger.usage()

    def stored(
        self, model: str, messages: Messages, *, sample: int = 0, **parameters: Any
    ) -> Reply | None:
        """The reply to a call that was answered before; nothing is sent."""
        return self._store.get(key(model, messages, parameters, sample))

    async def chat(
        self, model: str, messages: Messages, *, sample: int = 0, **parameters: Any
    ) -> Reply:
        """The reply to one call, from the store or from the endpoint.

        Args:
            model: the model's name as the endpoint knows it.
            messages: chat turns ``{"role", "content"}``.
            sample: number of the draw: another number is another call, for repeats.
            **parameters: sent as they are (``temperature``, ``max_tokens``, …).

        Raises:
            ChatError: no usable answer after all tries; the call can be made again later.
            BudgetExhausted: the call would exceed the budget.
            StoreError: the store cannot be read or written.
        """
        address = key(model, messages, parameters, sample)
        while True:
            found = self._store.get(address)
            if found is not None:
                self._ledger.from_store += 1
                return found
            twin = self._under_way.get(address)
            if twin is None:
                return await self._first(address, model, messages, parameters)
            await asyncio.wait([twin])
            if not twin.cancelled() and twin.exception() is not None:
                return twin.result()  # raises what the twin met

    async def _first(
        self, address: bytes, model: str, messages: Messages, parameters: Mapping[str, Any]
    ) -> Reply:
        """Make a call that nobody in this process makes yet; equal calls wait for it."""
        outcome: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._under_way[address] = outcome
        try:
            reply = await self._obtain(address, model, messages, parameters)
        except asyncio.CancelledError:
            outcome.cancel()
            raise
        except BaseException as error:
            outcome.set_exception(error)
            outcome.exception()  # seen: there may be no twin
            raise
        else:
            outcome.set_result(reply)
            return reply
        finally:
            del self._under_way[address]

    async def _obtain(
        self, address: bytes, model: str, messages: Messages, parameters: Mapping[str, Any]
    ) -> Reply:
        """Try until there is an answer; waits for another process that makes the same call."""
        body = {"model": model, "messages": list(messages), **parameters}
        content = json.dumps(body, separators=(",", ":")).encode()
        failed = 0
        while True:
            entered = await self._pace.enter()
            wait = ELSEWHERE
            try:
                reply = await self._paid(address, content, body)
                if reply is not None:
                    return reply
            except Failure as failure:
                self._ledger.refused += 1
                failed, wait = self._weigh(failure, failed, entered)
            finally:
                self._pace.leave()
            await asyncio.sleep(wait)
            found = self._store.get(address)
            if found is not None:
                self._ledger.from_store += 1
                return found

    async def _paid(self, address: bytes, content: bytes, body: dict[str, Any]) -> Reply | None:
        """One try within the budget; None where another process has the call under way."""
        reservation = await self._reserve(body)
        try:
            reply = await self._link.ask(address, content)
        finally:
            self._ledger.free(reservation)
            self._freed.set()
        if reply is not None:
            self._ledger.spend(body["model"], reply.tokens_in, reply.tokens_out)
            self._pace.answered()
            self._last_answer = asyncio.get_running_loop().time()
        return reply

    async def _reserve(self, body: dict[str, Any]) -> int:
        if self._ledger.unbounded:
            return 0
        tokens_in = estimate_tokens(body["messages"])
        while True:
            reservation = self._ledger.reserve(body["model"], tokens_in, self._expected(body))
            if reservation is not None:
                return reservation
            self._freed.clear()
            await self._freed.wait()

    def _expected(self, body: Mapping[str, Any]) -> int:
        """Tokens a reply may have: the cap that is sent, else the mean so far."""
        cap = body.get("max_completion_tokens") or body.get("max_tokens")
        if cap:
            return int(cap)
        return (
            self._ledger.tokens_out // self._ledger.calls if self._ledger.calls else UNKNOWN_LENGTH
        )

    def _weigh(self, failure: Failure, failed: int, entered: int) -> tuple[int, float]:
        """Tries that failed so far and the wait before the next, or the end of patience.

        A refusal with 429 is no failed try while other calls are answered: the pace adapts.
        """
        quiet = asyncio.get_running_loop().time() - self._last_answer
        failed += 1
        if failure.busy:
            self._pace.refused(entered, failure.wait or 0.0)
        if (failure.wait or 0.0) > self._patience:
            raise ChatError(
                f"the endpoint asks to wait {failure.wait:g} s ({failure}). Start again then."
            )
        gives_up = quiet > self._patience if failure.rate_limited else failed >= self._tries
        if gives_up:
            raise ChatError(f"no usable answer after {failed} tries ({failure}). Try again later.")
        wait = backoff(failed, self._base_wait, LONGEST_BACKOFF)
        return failed, max(wait, failure.wait or 0.0)

    @property
    def _link(self) -> Link:
        if self._line is None:
            raise RuntimeError("use `async with Client(…)`")
        return self._line


def plan(
    calls: Iterable[Call], store: Store, prices: Prices, expected_tokens: int = UNKNOWN_LENGTH
) -> Plan:
    """What a run of these calls would send and likely cost, without sending anything.

    Args:
        calls: the calls; equal ones are sent once.
        store: the store the run would use.
        prices: what models cost.
        expected_tokens: length of a reply where the call carries no cap.
    """
    addresses: set[bytes] = set()
    asked = kept = tokens_in = tokens_out = 0
    cost: float | None = 0.0
    for call in calls:
        address = key(call.model, call.messages, call.parameters, call.sample)
        if address in addresses:
            continue
        addresses.add(address)
        if store.get(address) is not None:
            kept += 1
            continue
        read = estimate_tokens(call.messages)
        written = min(int(call.parameters.get("max_tokens") or expected_tokens), expected_tokens)
        price = prices.cost(call.model, read, written)
        cost = None if cost is None or price is None else cost + price
        asked, tokens_in, tokens_out = asked + 1, tokens_in + read, tokens_out + written
    return Plan(
        calls=asked,
        from_store=kept,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        cost=cost,
        currency=prices.currency,
    )
