"""How many calls may be under way: grows until an endpoint refuses, then gives way (AIMD).

Start at half of what the user allows; the other half is let in little by little, within
:data:`RISE` or as answers come. A refusal (429, 5xx, a timeout) halves the number, once for all
calls that were started before it, and from then on it grows by one a round trip only.
``Retry-After`` holds back every call, not only the refused one.
"""

import asyncio
import random
from collections import deque

RISE = 0.1
"""Seconds in which the number rises from half to all unless the endpoint refuses. Waiting for
answers instead would leave half of the lines idle for a whole round trip."""
_PARTS = 20


class Pace:
    """The gate every call passes. Real state, so a class; it belongs to one event loop."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(max(1, most // 2))
        self.in_flight = 0
        self.peak = 0
        self._refused = False
        self._round = 0
        self._held_until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> int:
        """Wait for a place; return the round it belongs to, for :meth:`leave`."""
        while self._waiting or not self._open():
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                self._wake()
                raise
            if self._open():
                break
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        self._wake()
        return self._round

    def rise(self) -> None:
        """The first calls are leaving now: let in the other half little by little."""
        if self._refused or self.limit >= self.most:
            return
        self.limit = min(self.most, self.limit + self.most / 2 / _PARTS)
        self._wake()
        asyncio.get_running_loop().call_later(RISE / _PARTS, self.rise)

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1
        self._wake()

    def answered(self) -> None:
        """An answer came: let one more in, or after a first refusal one more a round trip."""
        self.limit = min(self.most, self.limit + (1 / self.limit if self._refused else 1))

    def refused(self, entered: int, hold: float = 0.0) -> None:
        """The endpoint pushed back on a call of round ``entered``; wait ``hold`` seconds."""
        if hold:
            loop = asyncio.get_running_loop()
            self._held_until = max(self._held_until, loop.time() + hold)
            loop.call_at(self._held_until, self._wake)
        if entered == self._round:
            self._refused = True
            self._round += 1
            self.limit = max(1.0, self.limit / 2)

    def _open(self) -> bool:
        held = asyncio.get_running_loop().time() < self._held_until
        return self.in_flight < int(self.limit) and not held

    def _wake(self) -> None:
        if self._waiting and self._open():
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)


def backoff(tries: int, base: float, cap: float) -> float:
    """Seconds to wait after so many failed tries: exponential, with full jitter.

    ``uniform(0.5, 1) x min(cap, base x 2^(tries - 1))``. The jitter needs no secure randomness and
    touches no result.

    >>> 1.0 <= backoff(3, base=0.5, cap=60.0) <= 2.0
    True
    """
    return random.uniform(0.5, 1.0) * min(cap, base * 2.0 ** (tries - 1))  # noqa: S311
