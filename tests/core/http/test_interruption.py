"""Ctrl-C ends what runs on other threads for the call that it interrupts."""

import contextlib
import signal
import socket
import sqlite3
import threading
from pathlib import Path

import pytest
from busy_threads import count_busy_threads, interrupt_main_thread, wait_until
from raw_server import RawServer, serve

from audio_core import AudioClient, Provider
from audio_core.http.driver import Clients, run
from audio_core.http.flow import Flow, gather, pause, run_blocking
from audio_core.http.interruption import pass_on_interrupts, raise_if_interrupted

pytestmark = pytest.mark.usefixtures("interruptible")


def test_pieces_under_way_are_given_up_and_their_claims_are_released(talk: Path, tmp_path: Path) -> None:
    open_connections: list[socket.socket] = []

    def handle(server: RawServer, connection: socket.socket) -> None:
        server.read_request(connection)
        open_connections.append(connection)
        if len(open_connections) == 3:
            interrupt_main_thread()
        with contextlib.suppress(ConnectionError):
            server.wait_for_close(connection)
        open_connections.pop()

    store = tmp_path / "store.sqlite"
    with serve(handle) as server:
        row = Provider("p", server.base_url, max_upload_seconds=10.0)
        with AudioClient(row, model="m", max_concurrency=3, store=store, timeout=60) as client:
            with pytest.raises(KeyboardInterrupt):
                client.transcribe(talk, segment_seconds=None)  # otherwise, the first piece would go alone
            assert wait_until(lambda: not open_connections)
            assert wait_until(lambda: count_busy_threads() == 0)
    with contextlib.closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT count(*) FROM pieces WHERE owner IS NOT NULL").fetchone() == (0,)


def test_flows_that_wait_end_at_once_and_are_closed() -> None:
    started, closed, later_steps = threading.Barrier(4, timeout=60), [], []

    def wait(number: int) -> Flow[None]:
        try:
            yield from run_blocking(started.wait)
            yield from pause(600)
            yield from run_blocking(lambda: later_steps.append(number))
        finally:
            closed.append(number)

    def interrupt() -> Flow[None]:
        yield from run_blocking(started.wait)
        yield from run_blocking(interrupt_main_thread)
        yield from pause(600)

    with pytest.raises(KeyboardInterrupt):
        run(Clients(), gather([*map(wait, range(3)), interrupt()], 4))
    assert wait_until(lambda: sorted(closed) == [0, 1, 2])
    assert later_steps == []
    assert wait_until(lambda: count_busy_threads() == 0)


@pytest.mark.parametrize("limit", [1, 2], ids=["for a slot", "for a result"])
def test_an_interrupt_that_does_not_wake_the_main_thread_is_seen(limit: int) -> None:
    later_steps: list[int] = []

    def interrupt() -> Flow[None]:
        yield from run_blocking(lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT))
        yield from pause(600)
        yield from run_blocking(lambda: later_steps.append(1))

    def follow() -> Flow[None]:
        yield from pause(600)

    with pytest.raises(KeyboardInterrupt):
        run(Clients(), gather([interrupt(), follow()], limit))
    assert later_steps == []
    assert wait_until(lambda: count_busy_threads() == 0)


def test_flows_within_flows_end_too() -> None:
    started, closed = threading.Barrier(3, timeout=60), []

    def wait() -> Flow[None]:
        try:
            yield from run_blocking(started.wait)
            yield from pause(600)
        finally:
            closed.append(True)

    def interrupt() -> Flow[None]:
        yield from run_blocking(started.wait)
        yield from run_blocking(interrupt_main_thread)

    with pytest.raises(KeyboardInterrupt):
        run(Clients(), gather([gather([wait(), wait()], 2), interrupt()], 2))
    assert wait_until(lambda: closed == [True, True])
    assert wait_until(lambda: count_busy_threads() == 0)


def test_an_error_of_one_flow_ends_no_other() -> None:
    def fail() -> Flow[None]:
        yield from run_blocking(lambda: None)
        raise ValueError("one failed")

    def fail_within(done: list[int]) -> Flow[None]:
        try:
            yield from gather([fail(), fail()], 2)
        except ValueError:
            done.append(1)

    done: list[int] = []
    run(Clients(), gather([fail_within(done), fail_within(done)], 2))
    assert done == [1, 1]


def test_a_later_call_is_not_interrupted() -> None:
    with pytest.raises(KeyboardInterrupt), pass_on_interrupts():
        raise KeyboardInterrupt
    raise_if_interrupted()
    with pass_on_interrupts():
        raise_if_interrupted()
