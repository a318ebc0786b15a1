"""A stand-in for a chat endpoint, at the network's edge: it answers as a script says.

In a test: ``with serving(script) as server``, where ``script(body, asked)`` makes a
:class:`Reaction` from the request's JSON and from how often this very body came before.
As a program (``python tests/scripted.py --delay 0.2``) it serves until it is killed, prints its
address first, and tells at ``/stats`` what it counted. One asyncio protocol without a framework, so
that it takes little of the core that the client needs.
"""

import argparse
import asyncio
import contextlib
import functools
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Reaction(NamedTuple):
    """What the stand-in does with one request; ``body`` replaces the chat completion."""

    text: str | None = "ok"
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012  # never written to
    delay: float = 0.0
    body: bytes | None = None
    cut: bool = False
    """Close the connection in the middle of the body."""


Script = Callable[[dict, int], Reaction]


def completion(text: str | None, model: str = "stand-in-1", **usage: int) -> bytes:
    """The bytes of a chat completion."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    counted = {"prompt_tokens": 10, "completion_tokens": 5} | usage
    content = {"id": "x", "object": "chat.completion", "model": model, "choices": [choice]}
    return json.dumps(content | {"usage": counted}, ensure_ascii=False).encode()


class Server:
    """Counts requests and complete answers by the request's bytes."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: Counter[bytes] = Counter()
        self.answered: Counter[bytes] = Counter()
        self.bodies: list[dict] = []
        self.headers: list[str] = []
        self.keep = True
        self.hold = False
        """While set, answers are held back, until :meth:`release`."""
        self.held: list[Callable[[], None]] = []
        self.in_flight = self.peak = 0
        self.url = ""

    @property
    def repeated(self) -> int:
        """Answers with 200 that were given although the same call had been answered before."""
        return sum(count - 1 for count in self.answered.values())

    def release(self) -> None:
        """Send what was held back, and hold no more."""
        self.hold = False
        for send in self.held:
            self.loop.call_soon_threadsafe(send)


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self.server, self.received = server, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, rest = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        length = 0
        if b"content-length:" in lower:
            length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return
        content, self.received = rest[:length], rest[length:]
        if head.startswith(b"GET"):
            server = self.server
            stats = {
                "asked": sum(server.asked.values()),
                "answered": sum(server.answered.values()),
                "distinct": len(server.answered),
                "repeated": server.repeated,
            }
            self.send(b"", Reaction(body=json.dumps(stats).encode()), count=False)
            return
        server = self.server
        asked = server.asked[content]
        server.asked[content] += 1
        body = json.loads(content)
        if server.keep:
            server.bodies.append(body)
            server.headers.append(head.decode())
        reaction = server.script(body, asked)
        server.in_flight += 1
        server.peak = max(server.peak, server.in_flight)
        if server.hold:
            server.held.append(functools.partial(self.send, content, reaction))
        else:
            server.loop.call_later(reaction.delay, self.send, content, reaction)

    def send(self, content: bytes, reaction: Reaction, count: bool = True) -> None:
        body = reaction.body if reaction.body is not None else completion(reaction.text)
        if count:
            self.server.in_flight -= 1
        if self.transport.is_closing():
            return
        fields = {"content-type": "application/json", "content-length": str(len(body))}
        lines = "".join(f"{k}: {v}\r\n" for k, v in (fields | reaction.headers).items())
        head = f"HTTP/1.1 {reaction.status} Whatever\r\n{lines}\r\n".encode()
        if reaction.cut:
            self.transport.write(head + body[: len(body) // 2])
            self.transport.close()
            return
        self.transport.write(head + body)
        if count and reaction.status == 200:
            self.server.answered[content] += 1


async def _serve(server: Server, ready: Callable[[], None], stop: asyncio.Event) -> None:
    server.loop = loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Connection(server), "127.0.0.1", 0, backlog=2048)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    ready()
    await stop.wait()
    listening.close()


@contextlib.contextmanager
def serving(script: Script) -> Iterator[Server]:
    """The stand-in in a thread of its own."""
    server, ready = Server(script), threading.Event()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(_serve(server, ready.set, stop)), daemon=True
    )
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def main() -> None:
    """Serve ``--text`` after ``--delay`` seconds, give or take ``--jitter``, until killed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--jitter", type=float, default=0.0)
    parser.add_argument("--text", default="ok")
    asked = parser.parse_args()
    ready = completion(asked.text)

    def script(_: dict, __: int) -> Reaction:
        jitter = random.uniform(-1, 1) * asked.jitter  # noqa: S311
        return Reaction(body=ready, delay=max(0.0, asked.delay + jitter))

    server = Server(script)
    server.keep = False
    asyncio.run(_serve(server, lambda: print(server.url, flush=True), asyncio.Event()))


if __name__ == "__main__":
    main()
