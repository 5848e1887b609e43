"""Threads for blocking work. They wait a while for more work before they end."""

import os
import subprocess
import sys
import threading
import weakref
from contextvars import ContextVar

import pytest
from busy_threads import count_busy_threads, wait_until

from audio_core.http import threads
from audio_core.http.threads import run_in_thread, wait_for

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


def test_an_idle_thread_is_used_again() -> None:
    assert len({run_in_thread(threading.get_ident).result() for _ in range(100)}) < 100


def test_tasks_run_concurrently() -> None:
    barrier = threading.Barrier(6, timeout=60)
    assert sorted(future.result() for future in [run_in_thread(barrier.wait) for _ in range(6)]) == list(range(6))


def test_a_task_runs_in_the_callers_context() -> None:
    token = WHO.set("caller")
    value = run_in_thread(WHO.get).result()
    WHO.reset(token)
    assert (value, run_in_thread(WHO.get).result()) == ("caller", "nobody")


def test_an_error_is_raised_where_the_result_is_read() -> None:
    with pytest.raises(SystemExit):
        run_in_thread(sys.exit).result()
    assert run_in_thread(lambda: "on").result() == "on"


def test_nothing_that_a_task_held_outlives_it() -> None:
    held = threading.Event()
    reference = weakref.ref(held)
    assert run_in_thread(held.is_set).result() is False
    del held
    assert wait_until(lambda: reference() is None)


def test_threads_that_stay_idle_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_core.http.threads._IDLE_SECONDS", 0.01)
    started = {future.result() for future in [run_in_thread(threading.current_thread) for _ in range(6)]}
    assert wait_until(lambda: not any(thread.is_alive() for thread in started))
    assert run_in_thread(lambda: "on").result() == "on"


def test_a_thread_that_an_interrupted_caller_has_chosen_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_IDLE_SECONDS", 0.01)
    assert wait_until(lambda: count_busy_threads() == 0)
    threads._get_worker()
    assert wait_until(lambda: count_busy_threads() == 0)


def test_a_thread_that_ends_takes_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_IDLE_SECONDS", 0.01)
    ended = threads._get_worker()
    assert wait_until(lambda: count_busy_threads() == 0)
    threads._idle_workers.append(ended)  # as if it had been chosen just before
    assert run_in_thread(lambda: "on").result(60) == "on"


def test_a_wait_has_an_end() -> None:
    going_on = threading.Event()
    future = run_in_thread(going_on.wait)
    assert not wait_for(future, 0.01).done()
    going_on.set()
    assert wait_for(future).result() is True


def test_an_error_of_the_function_ends_the_wait() -> None:
    def fail() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        wait_for(run_in_thread(fail), 60).result(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_threads_of_its_own() -> None:
    completed = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert completed.stdout.strip() == "7"
