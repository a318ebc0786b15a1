"""A run that is told to stop takes the processes of its backend with it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from psyche_bench.tasks import children

PROGRAM = """
import multiprocessing, signal, sys, time
from psyche_bench.tasks import children

def work(deaf):
    if deaf:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("working", flush=True)
    time.sleep(600)

if __name__ == "__main__":
    children.PATIENCE = 1.0
    with children.ended_with_us():
        child = multiprocessing.get_context("spawn").Process(target=work, args=(DEAF,))
        child.start()
        print(child.pid, flush=True)
        child.join()
"""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="asks /proc whether a process lives")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("deaf", [False, True], ids=["ends when told", "must be killed"])
def test_children_do_not_outlive_a_run_that_is_stopped(tmp_path, number, deaf):
    script = tmp_path / "run.py"
    script.write_text(PROGRAM.replace("DEAF", str(deaf)), encoding="utf-8")
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    said = [parent.stdout.readline().strip() for _ in range(2)]
    child = int(next(line for line in said if line.isdigit()))
    assert "working" in said and _alive(child)
    parent.send_signal(number)
    status = parent.wait(timeout=60)
    parent.stdout.close()
    assert status in ({143} if number == signal.SIGTERM else {1, 130, -signal.SIGINT})
    until = time.monotonic() + 10
    while _alive(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _alive(child)


def test_afterwards_signals_are_as_they_were():
    before = signal.getsignal(signal.SIGTERM)
    with children.ended_with_us():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
