"""The runner of asking steps: rows in, results out in the same order, whatever the calls do.

Rows are worked on side by side, in a window that moves on with the first of them; results leave in
the order of the rows. Everything random or slow happens between ``ask`` and ``take``, in the
client; replies come from the store when the call was ever answered. That is why a run that was
stopped anywhere goes on where it was and ends with the same bytes.
"""

import asyncio
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

from psyche_bench.budget import Ledger
from psyche_bench.chat import Client
from psyche_bench.errors import BudgetExhausted, ChatError, RequestRefused, RunError
from psyche_bench.store import Reply, key
from psyche_bench.synthesis import prompts, replies
from psyche_bench.synthesis.recipe import Recipe
from psyche_bench.synthesis.step import (
    Aside,
    Ask,
    Dropped,
    Kept,
    Malformed,
    Options,
    Result,
    Step,
    Taken,
)

REFUSALS = 20
"""So many rows refused by the endpoint before any was answered end the run: it is the set-up."""
QUOTED = 4000
"""Characters of a malformed reply that are shown to the model again."""


class Spent(NamedTuple):
    """One answered call: its address, the recipe's name of its model, and what it took."""

    address: bytes
    model: str
    served: str
    tokens_in: int
    tokens_out: int


class Stopped(Exception):  # noqa: N818  # nothing went wrong: no further call is begun
    """Somebody asked the run to stop."""


class Calls:
    """The calls of one asking step: clients over one store, one budget, one brake. Real state."""

    def __init__(self, recipe: Recipe, store: Path, step: Step, options: Options) -> None:
        self.recipe, self.step, self.options = recipe, step, options
        self.ledger = Ledger(recipe.budget, recipe.prices)
        self.stopping = False
        self.answered = self.refused = self.failed = 0
        self._names = tuple(dict.fromkeys(step.models(options)))
        self._store = store
        self._clients: dict[str, Client] = {}
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Calls":
        by_address: dict[tuple[str | None, str], Client] = {}
        for name in self._names:
            model = self.recipe.models[name]
            address = (model.base_url, model.key_env)
            if address not in by_address:
                client = Client(
                    model.base_url,
                    store=self._store,
                    key_env=model.key_env,
                    max_in_flight=model.max_in_flight,
                    timeout=model.timeout,
                    ledger=self.ledger,
                )
                by_address[address] = await self._stack.enter_async_context(client)
            self._clients[name] = by_address[address]
            self._gates[name] = asyncio.Semaphore(model.max_in_flight)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def window(self) -> int:
        """Rows worked on at once: enough to keep every model busy past a slow first row."""
        return max(64, 4 * sum(self.recipe.models[name].max_in_flight for name in self._names))

    async def ask(self, asked: Ask) -> tuple[Reply, Spent]:
        """One reply, from the store or the endpoint.

        Raises:
            Stopped: the run is to end, and this call was not begun.
            RequestRefused: the endpoint will not answer this request.
            ChatError, BudgetExhausted: no call can be made now; the run ends.
        """
        model = self.recipe.models[asked.model]
        parameters = {**model.parameters, **self.options.parameters}
        async with self._gates[asked.model]:
            if self.stopping:
                raise Stopped
            try:
                reply = await self._clients[asked.model].chat(
                    model.model, asked.messages, sample=asked.sample, **parameters
                )
            except RequestRefused as error:
                self._count_refusal(error)
                raise
        self.answered += 1
        self.failed = 0
        address = key(model.model, asked.messages, parameters, asked.sample)
        spent = Spent(address, asked.model, reply.model_served, reply.tokens_in, reply.tokens_out)
        return reply, spent

    def spares(self, error: ChatError) -> bool:
        """Whether a row goes without its answer: the endpoint answers others, and did just now."""
        self.failed += 1
        passing = error.status is None and self.answered > 0 and self.failed < REFUSALS
        return self.step.spares and passing

    def _count_refusal(self, error: RequestRefused) -> None:
        self.refused += 1
        if not self.answered and self.refused == REFUSALS:
            raise RunError(
                f"the endpoint refused the first {self.refused} requests ({error}). Check the "
                "model's name and parameters in the recipe; nothing was written."
            ) from error


class Worked(NamedTuple):
    """What became of a row, and the calls it took."""

    result: Result
    spent: tuple[Spent, ...]


async def work(row: Any, calls: Calls) -> Worked:
    """Drive one row through an asking step until it is kept or dropped."""
    assert calls.step.ask is not None  # noqa: S101  # plain steps do not come here
    result, spent = Result(row.id), list[Spent]()
    while True:
        asked = calls.step.ask(row, calls.options)
        taken = await _one(row, asked, calls, spent) if isinstance(asked, Ask) else asked
        if isinstance(taken, Dropped):
            _drop(result, taken)
            return Worked(result, tuple(spent))
        result.rows += taken.rows
        result.rejected += taken.rejected
        if isinstance(taken, Kept):
            return Worked(result, tuple(spent))
        row = taken.row


def _drop(result: Result, taken: Dropped) -> None:
    """A row that gave something before is not lost: what failed is a rejected part of it."""
    aside = Aside(taken.reason, taken.raw)
    if result.rows:
        result.rejected.append(aside)
    else:
        result.dropped = aside


async def _one(row: Any, asked: Ask, calls: Calls, spent: list[Spent]) -> Taken:
    """One call; a malformed reply is asked again with what was wrong, then given up."""
    step, options = calls.step, calls.options
    assert step.take is not None  # noqa: S101  # an asking step has both
    again: list[dict[str, str]] = []
    problem = raw = ""
    for _ in range(options.retries + 1):
        try:
            reply, cost = await calls.ask(asked._replace(messages=[*asked.messages, *again]))
        except RequestRefused as error:
            return Dropped("the endpoint refused the request", str(error))
        except ChatError as error:
            if not calls.spares(error):
                raise
            return Dropped("the endpoint gave no answer", f"{row.origin}: {error}")
        spent.append(cost)
        try:
            return step.take(row, reply, options)
        except Malformed as error:
            problem = "cut off at the token limit" if replies.cut_off(reply) else str(error)
            raw = replies.text(reply)
        said = prompts.part("malformed", "user", options.lang, error=problem)
        again = [
            {"role": "assistant", "content": reply.text[:QUOTED] or "(…)"},
            {"role": "user", "content": said},
        ]
    return step.give_up(row, problem, raw, options)


async def drive(rows: Iterable[Any], calls: Calls) -> AsyncIterator[Worked]:
    """Results in the order of the rows.

    When a call cannot be made (budget, endpoint, disk, Ctrl-C), no further one is begun; those on
    their way are waited for, since they are paid for, and then the error is raised.
    """
    window: deque[asyncio.Task[Worked]] = deque()
    try:
        for row in rows:
            window.append(asyncio.ensure_future(work(row, calls)))
            if len(window) >= calls.window:
                yield await window.popleft()
        while window:
            yield await window.popleft()
    except BaseException:
        calls.stopping = True
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*window, return_exceptions=True)
        raise


def brake(calls: Calls) -> None:
    """Ctrl-C and SIGTERM stop gently: a second one leaves the calls on their way to the sender."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()

    def stop(name: str) -> None:
        if calls.stopping and task is not None:
            task.cancel()
            return
        calls.stopping = True
        print(
            f"\n{name}: waiting for the calls on their way, which are paid for. "
            "Once more to have them waited for in the background.",
            file=sys.stderr,
        )

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ValueError, NotImplementedError, RuntimeError):  # not the main thread
            loop.add_signal_handler(number, stop, signal.Signals(number).name)


def explained(error: BaseException, step: str) -> RunError:
    """The error of a run that stopped, with what to do."""
    kept = "Every answered call is kept: start the same command again to go on."
    if isinstance(error, Stopped | asyncio.CancelledError | KeyboardInterrupt):
        return RunError(f"stopped in step {step}. {kept}")
    if isinstance(error, BudgetExhausted):
        return RunError(f"step {step}: {error}")
    if isinstance(error, ChatError):
        return RunError(f"step {step}: {error} {kept}")
    return RunError(f"step {step}: {error}")
