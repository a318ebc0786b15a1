"""Processes that a backend started end with the run, also when it is told to stop.

vLLM computes in processes of its own, which hold the memory of the accelerator. At SIGTERM Python
would end at once and leave them behind; here it becomes an exit like any other: clean-up runs, and
whatever ``multiprocessing`` child is still alive is stopped. Nothing helps against SIGKILL.
"""

import contextlib
import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

PATIENCE = 10.0
"""Seconds a child has to end by itself before it is killed."""


@contextlib.contextmanager
def ended_with_us() -> Iterator[None]:
    """Within, SIGTERM ends the program by way of its clean-up, with exit status 143.

    On leaving by any exception, children are told to end, and killed after :data:`PATIENCE`
    seconds. Signals can be caught in the main thread only; elsewhere they stay as they are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    except BaseException:
        _end_children()
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, _: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _end_children() -> None:
    children = multiprocessing.active_children()
    for child in children:
        child.terminate()
    for child in children:
        child.join(PATIENCE)
        if child.is_alive():
            child.kill()
