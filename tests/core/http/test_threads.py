"""Threads for work that can be left, which wait a while for more."""

import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from audio_core.http.threads import run_in_thread

WHO = ContextVar("WHO", default="nobody")
FORKED = """
import os
from audio_core.http.threads import run_in_thread
assert run_in_thread(lambda: 1).result(10) == 1
child = os.fork()
if not child:
    os._exit(run_in_thread(lambda: 7).result(10))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def comes_true(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def test_a_thread_that_is_through_does_what_comes_next() -> None:
    assert len({run_in_thread(threading.get_ident).result() for _ in range(100)}) < 100


def test_what_is_spawned_side_by_side_runs_side_by_side() -> None:
    meeting = threading.Barrier(6, timeout=10)
    assert sorted(each.result() for each in [run_in_thread(meeting.wait) for _ in range(6)]) == list(range(6))


def test_the_callers_context_goes_along() -> None:
    token = WHO.set("caller")
    found = run_in_thread(WHO.get).result()
    WHO.reset(token)
    assert (found, run_in_thread(WHO.get).result()) == ("caller", "nobody")


def test_an_error_belongs_to_whoever_waits() -> None:
    with pytest.raises(SystemExit):
        run_in_thread(sys.exit).result()
    assert run_in_thread(lambda: "on").result() == "on"


def test_nothing_that_a_task_held_outlives_it() -> None:
    held = threading.Event()
    gone = weakref.ref(held)
    assert run_in_thread(held.is_set).result() is False
    del held
    assert comes_true(lambda: gone() is None)


def test_threads_that_rest_too_long_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_core.http.threads._REST", 0.01)
    threads = {each.result() for each in [run_in_thread(threading.current_thread) for _ in range(6)]}
    assert comes_true(lambda: not any(thread.is_alive() for thread in threads))
    assert run_in_thread(lambda: "on").result() == "on"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_threads_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "7"
