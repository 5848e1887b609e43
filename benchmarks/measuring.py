"""What the benchmarks share: a fresh process for each figure, contestants in turn, medians with minimum and maximum."""

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
        "segments": [{"start": 0.0, "end": 0.1, "text": "ok"}],
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
).encode()


@dataclass(frozen=True)
class Cost:
    """The cost of a piece of work.

    Attributes:
        cpu: CPU time of this process, in seconds.
        wall: elapsed time, in seconds.
        peak: highest resident memory above the state before, in MB.
    """

    cpu: float
    wall: float
    peak: float


def measure_cost(work: Callable[[], object]) -> Cost:
    """Run `work` and return its cost. The peak of resident memory is reset first (Linux only).

    Objects of earlier imports are hidden from the garbage collector. A full collection of a framework's objects takes
    as long as thousands of deltas, and otherwise chance would decide whether one falls into the measurement.
    """
    gc.collect()
    gc.freeze()
    Path("/proc/self/clear_refs").write_text("5")
    before, cpu, wall = _read_memory("VmRSS"), time.process_time(), time.perf_counter()
    work()
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, (_read_memory("VmHWM") - before) / 1024)


def _read_memory(field: str) -> int:
    match = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(match[1]) if match else 0


def run_contestant(prepare: Callable[[str], Callable[..., Cost]]) -> None:
    """Run as the process of one contestant: import what it needs, then fork a fresh child for each requested figure.

    Args:
        prepare: imports what the named contestant needs and returns a function that measures one figure.
    """
    measure = prepare(sys.argv[2])
    print(flush=True)
    for line in sys.stdin:
        if not (child := os.fork()):
            _measure_and_exit(measure, json.loads(line))
        if os.waitpid(child, 0)[1]:
            print(json.dumps({"error": "the process died"}), flush=True)


def _measure_and_exit(measure: Callable[..., Cost], arguments: list[Any]) -> NoReturn:
    devnull = os.open(os.devnull, os.O_WRONLY)
    out = os.dup(1)
    os.dup2(devnull, 1)  # peers print to standard output
    try:
        result = asdict(measure(*arguments))
    except BaseException as error:
        result = {"error": f"{type(error).__name__}: {error}"[:200]}
    os.write(out, json.dumps(result).encode() + b"\n")
    os._exit(0)


def take_turns(
    script: str,
    contestants: Sequence[str],
    figures: Sequence[Sequence[Any]],
    rounds: int = ROUNDS,
    takes_part: Callable[[str, int], bool] = lambda name, index: True,
) -> dict[tuple[str, int], list[Cost]]:
    """Measure figures of all contestants in turn (A B C A B C), each in a fresh process. Print failures to stderr.

    Args:
        script: the benchmark; started with `--of NAME`, it calls `run_contestant`.
        contestants: their names.
        figures: the arguments of each figure.
        rounds: how often each figure is measured.
        takes_part: tells whether the named contestant is measured for the figure with this index.

    Returns:
        The costs by contestant and index of the figure. A failed figure has none.
    """
    costs: dict[tuple[str, int], list[Cost]] = {(name, at): [] for name in contestants for at in range(len(figures))}
    with contextlib.ExitStack() as stack:
        processes = [(name, stack.enter_context(_start_contestant(script, name))) for name in contestants]
        for index, arguments in enumerate(figures):
            for _ in range(rounds):
                for name, process in processes:
                    cost = _request_cost(process, arguments) if takes_part(name, index) else None
                    if isinstance(cost, str):
                        print(f"{name}: {cost}", file=sys.stderr)
                    elif cost:
                        costs[name, index].append(cost)
    return costs


@contextlib.contextmanager
def _start_contestant(script: str, name: str) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, script, "--of", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        while process.stdout.readline().strip():  # some peers print during import; an empty line means ready
            pass
        yield process
        process.stdin.close()


def _request_cost(process: subprocess.Popen[str], arguments: Sequence[Any]) -> Cost | str:
    """Return the cost of one figure, or the message of its error."""
    try:
        process.stdin.write(json.dumps(arguments) + "\n")
        process.stdin.flush()
        result = json.loads(process.stdout.readline() or '{"error": "the process ended"}')
    except (BrokenPipeError, ValueError):
        return "the process ended"
    return result["error"] if "error" in result else Cost(**result)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table in Markdown, each row as soon as it is measured.

    Args:
        title: printed in bold above the table.
        columns: the headings, without that of the first column, which is empty.
        rows: the cells of each row.
    """
    print(f"\n**{title}**\n\n| {' | '.join(['', *columns])} |\n|{'---|' * (len(columns) + 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def compute_median(values: Iterable[float]) -> float:
    """Return the median, or NaN if there are no values."""
    return statistics.median(values) if (values := list(values)) else float("nan")


def format_ratio(value: float, base: float) -> str:
    """Return `value` as a multiple of `base`, such as `1.5 x`; empty if either is NaN."""
    if value != value or base != base:
        return ""
    return f"{value / base:.1f} x" if value / base < 100 else f"{value / base:.0f} x"


def format_median(values: Sequence[float], scale: float = 1.0) -> str:
    """Return the median with the minimum and maximum in brackets, or `failed` if there are no values.

    Args:
        values: the measurements.
        scale: a factor that converts them to the unit of the table.
    """
    if not values:
        return "failed"
    low, high = min(values) * scale, max(values) * scale
    return f"{_format_number(statistics.median(values) * scale)} ({_format_number(low)}–{_format_number(high)})"


def _format_number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"


def describe_machine() -> str:
    """Return one line that describes this machine."""
    kernel = platform.release().split("-")[0]
    return f"{os.cpu_count()} cores, {platform.machine()}, Linux {kernel}, Python {platform.python_version()}"


@contextlib.contextmanager
def run_sink() -> Generator[str]:
    """Run a server in a separate process that discards what it reads and replies `ok` to any request.

    It waits for as many seconds as the environment variable `SINK_LATENCY` says before it replies.

    Yields:
        The base URL.
    """
    command = [sys.executable, __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        server.stdin.close()


def _serve() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=_accept_connections, args=(listener,), daemon=True).start()
    sys.stdin.read()


def _accept_connections(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_reply_to_requests, args=(connection,), daemon=True).start()


def _reply_to_requests(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer, latency = bytearray(2**20), float(os.environ.get("SINK_LATENCY", "0"))
    while head := _read_head(connection):
        length = int(re.search(rb"content-length: (\d+)", head[0], re.IGNORECASE)[1])
        left = length - len(head[1])
        while left > 0 and (count := connection.recv_into(buffer, min(left, len(buffer)))):
            left -= count
        time.sleep(latency)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_REPLY), _REPLY)
        )


def _read_head(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Return a request's head and what was read of its body, or None if the connection was closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65536)
        if not block:
            return None
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    return head, body


if __name__ == "__main__":
    _serve()
