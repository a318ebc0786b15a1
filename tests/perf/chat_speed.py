"""Speed of the chat client: 512 calls in flight against 200 ms, and re-reading from the store.

Prints what the bare transport (aiohttp, no store, no retries) and the openai package's own path
reach in the same run: on a busy machine only the ratios say something. The server and our sender
are processes of their own; the clock of ours starts after a first call, when the sender stands.
Ideal is calls / in flight x delay; since the last round is not full, no client can be quicker than
*whole rounds*.

    python tests/perf/chat_speed.py [--calls 10000] [--in-flight 512] [--delay 0.2]
"""

import argparse
import asyncio
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from psyche_bench.chat import Client

TEXT = "最近总是睡不好，一闭上眼睛就想起白天的事。" * 10
SERVER = Path(__file__).parent.parent / "scripted.py"


def turns(number: int) -> list[dict[str, str]]:
    """One prompt of some 200 characters."""
    return [{"role": "user", "content": f"{TEXT}{number}"}]


async def timed(
    call: Callable[[int], Awaitable[object]], calls: int, workers: int
) -> tuple[float, float]:
    """Seconds on the clock and of this process for so many calls by so many workers."""
    numbers = iter(range(calls))

    async def work() -> None:
        for number in numbers:
            await call(number)

    clock, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(workers)))
    return time.perf_counter() - clock, time.process_time() - processor


def say(what: str, seconds: tuple[float, float], calls: int, ideal: float) -> None:
    """One line: seconds, share of the ideal throughput, processor time a call."""
    clock, processor = seconds
    print(
        f"{what:28} {clock:7.2f} s   {ideal / clock:6.1%} of ideal   "
        f"{1e6 * processor / calls:5.0f} µs of processor a call"
    )


async def bare(url: str, asked: argparse.Namespace) -> tuple[float, float]:
    """The transport alone."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=asked.in_flight)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def call(number: int) -> None:
            body = json.dumps({"model": "m", "messages": turns(number)}).encode()
            async with session.post(f"{url}/chat/completions", data=body) as answer:
                json.loads(await answer.read())

        return await timed(call, asked.calls, asked.in_flight)


async def packaged(url: str, asked: argparse.Namespace) -> tuple[float, float]:
    """The openai package from call to wire, over the same transport."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    async with AsyncOpenAI(
        api_key="none", base_url=url, http_client=DefaultAioHttpClient(), max_retries=0
    ) as client:

        async def call(number: int) -> None:
            await client.chat.completions.create(model="m", messages=turns(number))  # type: ignore[arg-type]

        return await timed(call, asked.calls // 5, asked.in_flight)


async def ours(url: str, store: Path, asked: argparse.Namespace) -> tuple[float, float]:
    """Our client, with its store on disk."""
    async with Client(url, store=store, max_in_flight=asked.in_flight) as client:
        await client.chat("m", turns(-1), temperature=0)

        async def call(number: int) -> None:
            await client.chat("m", turns(number), temperature=0)

        return await timed(call, asked.calls, asked.in_flight)


def main() -> None:
    """Run all and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=512)
    parser.add_argument("--delay", type=float, default=0.2)
    asked = parser.parse_args()
    ideal = asked.calls / asked.in_flight * asked.delay
    rounds = math.ceil(asked.calls / asked.in_flight) * asked.delay
    print(f"{'whole rounds':28} {rounds:7.2f} s   {ideal / rounds:6.1%} of ideal")
    command = [sys.executable, str(SERVER), "--delay", str(asked.delay)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip() if server.stdout else ""
        with tempfile.TemporaryDirectory() as folder:
            store = Path(folder) / "calls.sqlite"
            say("bare transport", asyncio.run(bare(url, asked)), asked.calls, ideal)
            say("our client", asyncio.run(ours(url, store, asked)), asked.calls, ideal)
            sender = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = sender.ru_utime + sender.ru_stime
            print(
                f"{'its sender':28} {spent:7.2f} s of processor, {sender.ru_maxrss / 1024:.0f} MB, "
                "start included"
            )
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            clock, _ = asyncio.run(ours("http://127.0.0.1:9/v1", store, asked))
            print(f"{'re-read from the store':28} {asked.calls / clock:7.0f} calls a second")
            print(f"{'memory, most':28} {peak:7.0f} MB")
            fifth = asked.calls // 5
            say("openai package, a fifth", asyncio.run(packaged(url, asked)), fifth, ideal / 5)
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
