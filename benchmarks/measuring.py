"""What the benchmarks of speed share: one fresh process a figure, all of them in turn, medians and what they spread over."""

from __future__ import annotations

import contextlib
import gc
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
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

ROUNDS = 3
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
    """Do something, and say what it took; the highest resident memory is reset first (Linux).

    What has been imported is put out of the garbage collector's sight: one full collection of a framework's objects takes as
    long as thousands of deltas, and whether it falls into the measured stretch is chance.
    """
    gc.collect()
    gc.freeze()
    Path("/proc/self/clear_refs").write_text("5")
    before, cpu, wall = _resident("VmRSS"), time.process_time(), time.perf_counter()
    work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, (_resident("VmHWM") - before) / 1024)


def _resident(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) if found else 0


def answer(ready: Callable[[str], Callable[..., Cost]]) -> None:
    """Be the process of one contestant: import what it needs, then fork a fresh child for each figure that is asked for.

    Args:
        ready: imports what the contestant of this name needs, and gives what takes the arguments and measures.
    """
    measure = ready(sys.argv[2])
    print(flush=True)
    for line in sys.stdin:
        if not (child := os.fork()):
            _tell(measure, json.loads(line))
        if os.waitpid(child, 0)[1]:
            print(json.dumps({"error": "the process died"}), flush=True)


def _tell(measure: Callable[..., Cost], arguments: list[Any]) -> NoReturn:
    devnull = os.open(os.devnull, os.O_WRONLY)
    out = os.dup(1)
    os.dup2(devnull, 1)  # peers print
    try:
        told = asdict(measure(*arguments))
    except BaseException as error:
        told = {"error": f"{type(error).__name__}: {error}"[:200]}
    os.write(out, json.dumps(told).encode() + b"\n")
    os._exit(0)


def in_turn(
    script: str,
    who: Sequence[str],
    figures: Sequence[Sequence[Any]],
    rounds: int = ROUNDS,
    takes_part: Callable[[str, int], bool] = lambda name, at: True,
) -> dict[tuple[str, int], list[Cost]]:
    """Figures of all contestants, each of a fresh process, A B C A B C; one that fails has no figures, and says why.

    Args:
        script: whose `answer` is called with `--of NAME`.
        who: names of contestants.
        figures: arguments of each figure.
        rounds: how often each is taken.
        takes_part: whether a contestant is asked for the figure of a number.

    Returns:
        The costs by contestant and number of the figure.
    """
    found: dict[tuple[str, int], list[Cost]] = {(name, at): [] for name in who for at in range(len(figures))}
    with contextlib.ExitStack() as stack:
        standing = [(name, stack.enter_context(_standing_by(script, name))) for name in who]
        for at, arguments in enumerate(figures):
            for _ in range(rounds):
                for name, process in standing:
                    cost = _asked(process, arguments) if takes_part(name, at) else None
                    if isinstance(cost, str):
                        print(f"{name}: {cost}", file=sys.stderr)
                    elif cost:
                        found[name, at].append(cost)
    return found


@contextlib.contextmanager
def _standing_by(script: str, name: str) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, script, "--of", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while process.stdout.readline().strip():  # peers print while they are imported
            pass
        yield process
        process.stdin.close()


def _asked(process: subprocess.Popen[str], arguments: Sequence[Any]) -> Cost | str:
    try:
        process.stdin.write(json.dumps(arguments) + "\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline() or '{"error": "the process ended"}')
    except (BrokenPipeError, ValueError):
        return "the process ended"
    return told["error"] if "error" in told else Cost(**told)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown."""
    print(f"\n**{title}**\n\n| {' | '.join(['', *columns])} |\n|{'---|' * (len(columns) + 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def median(values: Iterable[float]) -> float:
    """The median, or not-a-number of none."""
    return statistics.median(values) if (values := list(values)) else float("nan")


def ratio(value: float, to: float) -> str:
    """How many times as much, for a table; empty if there is no figure."""
    return "" if value != value or to != to else f"{value / to:.1f} x" if value / to < 100 else f"{value / to:.0f} x"


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
