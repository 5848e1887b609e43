"""Recordings that are read side by side, and what becomes of them if the caller leaves."""

import contextlib
import socket
import sqlite3
import threading
from pathlib import Path

import pytest
from busy_threads import count_busy_threads, interrupt_main_thread, wait_until
from raw_server import RawServer, answer, serve

from audio_core import Provider
from audio_core.testing import tone
from langchain_audio import AudioLoader


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_gives_up_the_recordings_under_way_and_keeps_the_finished_ones(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"{number}.wav").write_bytes(tone(0.2 + number / 100))
    open_connections: list[socket.socket] = []
    requests: list[bytes] = []
    lock = threading.Lock()

    def handle(server: RawServer, connection: socket.socket) -> None:
        request = server.read_request(connection)
        with lock:
            requests.append(request)
            is_first = len(requests) == 1
        if is_first:
            answer(connection, b'{"text": "word"}')
            return
        open_connections.append(connection)
        if len(open_connections) == 3:
            interrupt_main_thread()
        with contextlib.suppress(ConnectionError):
            server.wait_for_close(connection)
        open_connections.remove(connection)

    store = tmp_path / "store.sqlite"
    with serve(handle) as server:
        row = Provider("p", server.base_url)
        loader = AudioLoader(tmp_path, provider=row, model="m", max_concurrency=3, store=store, timeout=60)
        with pytest.raises(KeyboardInterrupt):
            loader.load()
        assert wait_until(lambda: not open_connections)
        assert wait_until(lambda: count_busy_threads() == 0)
    assert len(requests) == 4
    with contextlib.closing(sqlite3.connect(store)) as connection:
        rows = connection.execute("SELECT state, owner IS NULL FROM pieces").fetchall()
    assert (rows.count(("done", 1)), all(is_free for _, is_free in rows)) == (1, True)
