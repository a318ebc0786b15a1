"""Who sends outlives who asked: several processes, kills, Ctrl-C, and a sender that dies itself."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from scripted import Reaction, serving

pytest.importorskip("openai", reason="the extra `judge` is not installed")
pytest.importorskip("aiohttp", reason="the extra `judge` is not installed")

from psyche_bench.chat import Client
from psyche_bench.endpoint import Failure
from psyche_bench.errors import ChatError, RequestRefused, RunError, StoreError
from psyche_bench.sender import packed, unpacked
from psyche_bench.store import Reply, Store

WORKER = textwrap.dedent("""
    import asyncio, json, sys
    from psyche_bench.chat import Client

    async def main(url, store, count):
        async with Client(url, store=store, max_in_flight=16) as client:
            calls = [
                client.chat("m", [{"role": "user", "content": str(n)}]) for n in range(count)
            ]
            return [reply.text for reply in await asyncio.gather(*calls)]

    print(json.dumps(asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
""")


def worker(url, store, count):
    """A program of so many calls, in a process group of its own."""
    command = [sys.executable, "-c", WORKER, url, str(store), str(count)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def ended(process):
    """What a program printed; its answers are those of all its calls."""
    output, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    answers = json.loads(output)
    assert answers == [str(n) for n in range(len(answers))]
    return said


def until(reached):
    end = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.001)


def senders(process):
    """The sending children of a process."""
    command = ["ps", "-o", "pid=,args=", "--ppid", str(process)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split() for line in listed.stdout.splitlines() if "psyche_bench.sender" in line]
    return [int(words[0]) for words in lines]


def lives(pid):
    """Whether a process runs; one that ended and was not fetched by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def late(seconds):
    return lambda body, _: Reaction(body["messages"][-1]["content"], delay=seconds)


def test_two_processes_pay_once(tmp_path):
    with serving(late(0.02)) as server:
        pair = [worker(server.url, tmp_path / "s", 200) for _ in range(2)]
        for process in pair:
            ended(process)
        assert server.repeated == 0
        assert sum(server.asked.values()) == 200


def test_killed_processes_repeat_no_answered_call(tmp_path):
    """Three kills of the whole group; the full fifty are in tests/perf/judge_kills.py."""
    with serving(late(0.02)) as server:
        for moment in (7, 41, 120):
            process = worker(server.url, tmp_path / "s", 300)
            until(lambda moment=moment: sum(server.answered.values()) >= moment)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        ended(worker(server.url, tmp_path / "s", 300))
        assert server.repeated == 0
        assert sum(server.answered.values()) == 300


def test_what_was_under_way_at_a_kill_is_waited_for_and_said(tmp_path):
    with serving(late(0)) as server:
        server.hold = True
        process = worker(server.url, tmp_path / "s", 4)
        until(lambda: sum(server.asked.values()) == 4)
        (sender,) = senders(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        again = worker(server.url, tmp_path / "s", 4)
        assert "4 calls are under way already" in again.stderr.readline()
        server.release()
        ended(again)
        assert sum(server.asked.values()) == 4
        until(lambda: not lives(sender))


def test_a_sender_ends_at_the_timeout_of_its_last_call(tmp_path):
    program = WORKER.replace("max_in_flight=16", "timeout=1.5")
    with serving(late(60.0)) as server:
        process = subprocess.Popen([sys.executable, "-c", program, server.url, tmp_path / "s", "1"])
        until(lambda: sum(server.asked.values()) == 1)
        (sender,) = senders(process.pid)
        process.kill()
        process.wait()
        until(lambda: not lives(sender))
        assert sum(server.answered.values()) == 0


def test_when_the_sender_is_killed_too_its_claims_are_void(tmp_path):
    """A machine that fails: what was under way is asked again, and at once."""
    with serving(late(60.0)) as server:
        process = worker(server.url, tmp_path / "s", 4)
        until(lambda: sum(server.asked.values()) == 4)
        (sender,) = senders(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        os.kill(sender, signal.SIGKILL)
        process.communicate()
        server.script = late(0)
        assert "under way" not in ended(worker(server.url, tmp_path / "s", 4))
    assert not Path(f"{tmp_path}/s.slot1").exists()


def test_a_sender_that_dies_is_an_error_with_its_code(tmp_path):
    """The answers it brought before are kept, and another client goes on."""

    async def killed(url):
        async with Client(url, store=tmp_path / "s") as client:
            await client.chat("m", [{"role": "user", "content": "0"}])
            calls = [client.chat("m", [{"role": "user", "content": str(n)}]) for n in (1, 2)]
            waiting = asyncio.gather(*calls, return_exceptions=True)
            while sum(server.asked.values()) < 3:
                await asyncio.sleep(0.01)
            for pid in senders(os.getpid()):
                os.kill(pid, signal.SIGKILL)
            errors = await waiting
            with pytest.raises(RunError, match=r"code -9.*start again"):
                await client.chat("m", [{"role": "user", "content": "3"}])
            return errors

    with serving(lambda body, _: late(60.0 * (body["messages"][-1]["content"] > "0"))(body, _)) as (
        server
    ):
        errors = asyncio.run(killed(server.url))
    assert [type(error) for error in errors] == [RunError, RunError]
    assert len(Store(tmp_path / "s")) == 1


def test_ctrl_c_ends_at_once_and_keeps_what_was_paid_for(tmp_path):
    with serving(late(0)) as server:
        server.hold = True
        process = worker(server.url, tmp_path / "s", 16)
        until(lambda: sum(server.asked.values()) == 16)
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[1]
        assert "16 calls are under way: their answers are waited for and kept" in said
        server.release()
        ended(worker(server.url, tmp_path / "s", 16))
        assert sum(server.asked.values()) == 16


def test_a_call_left_and_made_again_is_sent_once(tmp_path):
    """Who asked went away (a timeout of the caller's own): the call is still under way."""

    async def impatient(url):
        async with Client(url, store=tmp_path / "s") as client:
            call = [{"role": "user", "content": "0"}]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await client.chat("m", call)
            again = asyncio.ensure_future(client.chat("m", call))
            while not server.held:
                await asyncio.sleep(0.01)
            server.release()
            return await again

    with serving(late(0)) as server:
        server.hold = True
        assert asyncio.run(impatient(server.url)).text == "0"
        assert sum(server.asked.values()) == 1


def test_an_answer_that_cannot_be_kept_is_an_error_of_the_store(tmp_path):
    """The disk is full for the sender alone: its own words reach who asked."""

    async def full(url):
        async with Client(url, store=tmp_path / "s") as client:
            await client.chat("m", [{"role": "user", "content": "0"}])
            (sender,) = senders(os.getpid())
            resource.prlimit(sender, resource.RLIMIT_FSIZE, (1000, 1000))
            with pytest.raises(StoreError, match="cannot be written"):
                await client.chat("m", [{"role": "user", "content": "1"}])

    with serving(late(0)) as server:
        asyncio.run(full(server.url))
    assert len(Store(tmp_path / "s")) == 1


def test_the_key_is_on_no_command_line(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-canary-0123456789")

    async def seen(url):
        async with Client(url, store=tmp_path / "s", key_env="MY_KEY") as client:
            await client.chat("m", [{"role": "user", "content": "0"}])
            (sender,) = senders(os.getpid())
            return Path(f"/proc/{sender}/cmdline").read_bytes()

    with serving(late(0)) as server:
        command = asyncio.run(seen(server.url))
    assert b"psyche_bench.sender" in command
    assert b"canary" not in command


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(None, id="another process makes the call"),
        pytest.param(Reply("好\n", "r", "stop", "m", 3, 1, date="2026-11-25"), id="a reply"),
        pytest.param(Failure("a", busy=True, rate_limited=True, wait=0.5), id="a failure"),
        pytest.param(ChatError("b", 401), id="a refusal of every call"),
        pytest.param(RequestRefused("c", 400), id="a refusal of this one"),
        pytest.param(StoreError("d"), id="an error of the store"),
    ],
)
def test_an_outcome_arrives_as_it_left(outcome):
    arrived = unpacked(*json.loads(json.dumps(packed(outcome))))
    assert type(arrived) is type(outcome)
    assert vars(arrived) == vars(outcome) if isinstance(outcome, Exception) else arrived == outcome
    assert str(arrived) == str(outcome)


def test_a_fault_of_our_own_arrives_with_its_place():
    try:
        {}["gone"]
    except KeyError as error:
        arrived = unpacked(*packed(error))
    assert isinstance(arrived, RuntimeError)
    assert "test_sender.py" in str(arrived)
    assert "KeyError: 'gone'" in str(arrived)
