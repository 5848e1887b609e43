"""What the benchmarks of speed share: one fresh process a figure, all of them in turn, medians and what they spread over."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5
_REPLY = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "system_fingerprint": "f",
        "text": "ok",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
).encode()


@dataclass(frozen=True)
class Cost:
    """What a piece of work took: CPU seconds of this process, seconds on the clock, and MB above the state before."""

    cpu: float
    wall: float
    peak: float


def measured(work: Callable[[], object]) -> Cost:
    """Do something, and say what it took; the highest resident memory is reset first (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")
    before, cpu, wall = _resident("VmRSS"), time.process_time(), time.perf_counter()
    work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, (_resident("VmHWM") - before) / 1024)


def _resident(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


def in_turn(script: str, cases: Sequence[Sequence[str]], rounds: int = ROUNDS) -> dict[tuple[str, ...], list[Cost]]:
    """Each case in a process of its own, A B C A B C; a case that fails has no figures, and says why."""
    found: dict[tuple[str, ...], list[Cost]] = {tuple(case): [] for case in cases}
    for number in range(rounds):
        for case in cases:
            command = [sys.executable, script, "--one", *case]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                if number == 0:
                    print(f"{' '.join(case)}: {done.stderr.strip().splitlines()[-1][:160]}", file=sys.stderr)
                continue
            found[tuple(case)].append(Cost(**json.loads(done.stdout.splitlines()[-1])))
    return found


def told(cost: Cost) -> None:
    """Hand a figure to the process that asked for it."""
    print(json.dumps({"cpu": cost.cpu, "wall": cost.wall, "peak": cost.peak}))


def middle(values: Sequence[float], scale: float = 1.0) -> str:
    """A median and, in brackets, what the values spread over."""
    if not values:
        return "failed"
    low, high = min(values) * scale, max(values) * scale
    return f"{_short(statistics.median(values) * scale)} ({_short(low)}–{_short(high)})"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"


def machine() -> str:
    """The line that says where it was measured."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release().split('-')[0]}, Python {platform.python_version()}"


@contextlib.contextmanager
def sink() -> Generator[str]:
    """A server in a process of its own that throws away what it reads and answers `ok` to any request; its base URL."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        server.stdin.close()


def _serve() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listening.getsockname()[1], flush=True)
    threading.Thread(target=_accept, args=(listening,), daemon=True).start()
    sys.stdin.read()


def _accept(listening: socket.socket) -> None:
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer, wait = bytearray(2**20), float(os.environ.get("SINK_LATENCY", "0"))
    while head := _head(connection):
        length = int(re.search(rb"content-length: (\d+)", head[0], re.IGNORECASE)[1])
        left = length - len(head[1])
        while left > 0 and (count := connection.recv_into(buffer, min(left, len(buffer)))):
            left -= count
        time.sleep(wait)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_REPLY), _REPLY)
        )


def _head(connection: socket.socket) -> tuple[bytes, bytes] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


if __name__ == "__main__":
    _serve()
