"""Kill a job 20 times, cancel 200 calls, and make 10,000: what is lost, left behind, or paid twice?

    .venv/bin/python benchmarks/endurance.py              # all three
    .venv/bin/python benchmarks/endurance.py soak         # one of them

The server runs in this process, so the memory of the soak is that of both.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import describe_machine, print_table

from audio_core import AudioClient, Provider, TranscriptStore
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply, tone

PIECES, PIECE_SECONDS = 60, 5.0
KILLS, CANCELS, CALLS, WARM_UP = 20, 200, 10_000, 1000
WORKERS = 4
ROW = Provider("slow", "http://127.0.0.1:1/v1", max_upload_seconds=PIECE_SECONDS)
JOB = """
import sys
from audio_core import AudioClient, Provider
row = Provider("slow", "http://127.0.0.1:1/v1", max_upload_seconds=float(sys.argv[4]))
client = AudioClient(row, model="m", base_url=sys.argv[1], store=sys.argv[2], max_concurrency=int(sys.argv[5]))
print(client.transcribe(sys.argv[3]).to_json())
"""


class SlowGateway(ScriptedGateway):
    """Answers each upload after a moment with a word that tells its content, and each chat at once."""

    wait = 0.05

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        if not request.path.endswith("/transcriptions"):
            return chat_reply("yes")
        upload = next(part.content for part in request.parts if part.filename)
        word = f"w{sum(upload[100:4000:7])}"
        segments = [{"start": 0.0, "end": 1.0, "text": word}]
        return Reply({"text": word, "segments": segments}, wait=self.wait)


def main() -> None:
    chosen = sys.argv[1:] or ["kill", "cancel", "soak"]
    print(describe_machine())
    for name in chosen:
        {"kill": kill_a_job, "cancel": cancel_calls, "soak": make_many_calls}[name]()


def kill_a_job() -> None:
    """Kill a job with SIGKILL at random moments, and let it finish in the end."""
    with tempfile.TemporaryDirectory() as folder, SlowGateway() as gateway:
        path, store = Path(folder) / "long.wav", Path(folder) / "jobs.sqlite"
        path.write_bytes(tone(PIECES * PIECE_SECONDS, rate=8000))
        expected = AudioClient(ROW, model="m", base_url=gateway.base_url).transcribe(path).to_json()
        pieces = len(gateway.requests)
        arguments = [gateway.base_url, str(store), str(path), str(PIECE_SECONDS), str(WORKERS)]
        kills = 0
        while kills < KILLS:
            job = subprocess.Popen([sys.executable, "-c", JOB, *arguments], stdout=subprocess.DEVNULL)
            try:
                job.wait(random.uniform(1.0, 1.6))
                break
            except subprocess.TimeoutExpired:
                job.send_signal(signal.SIGKILL)
                job.wait()
                kills += 1
        done = subprocess.run([sys.executable, "-c", JOB, *arguments], capture_output=True, text=True, check=True)
        paid_twice = len(gateway.requests) - 2 * pieces
        told = len(TranscriptStore(store).list_possible_double_charges())
        same = "yes" if done.stdout.strip() == expected else "NO"
    rows = [("killed", str(kills)), ("the same transcript", same), ("pieces", str(pieces))]
    rows += [("requests made twice", f"{paid_twice} (bound {kills * WORKERS})"), ("of these told", str(told))]
    print_table(f"A job of {PIECES} pieces, killed", ["result"], rows)


def cancel_calls() -> None:
    """Cancel async calls at random moments; then make each of them again, and see whether it ends."""
    with tempfile.TemporaryDirectory() as folder, SlowGateway() as gateway:
        cancelled, finished = asyncio.run(_cancel_and_repeat(gateway, Path(folder) / "jobs.sqlite"))
    rows = [("cancelled in time", str(cancelled)), ("finished when made again", f"{finished} of {CANCELS}")]
    print_table("Cancelled calls with a store", ["calls"], rows)


async def _cancel_and_repeat(gateway: ScriptedGateway, store: Path) -> tuple[int, int]:
    client, cancelled, finished = AudioClient(ROW, model="m", base_url=gateway.base_url, store=store), 0, 0
    for index in range(CANCELS):
        audio = tone(0.5 + index / 1000, rate=8000)
        call = asyncio.ensure_future(client.atranscribe(audio))
        await asyncio.sleep(random.uniform(0.0, 0.08))
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
            cancelled -= 1
        cancelled += 1
        finished += (await asyncio.wait_for(client.atranscribe(audio), 30)).text.startswith("w")
    await client.aclose()
    return cancelled, finished


def make_many_calls() -> None:
    """Make chats and transcriptions in turn, and measure what each leaves behind."""
    with SlowGateway() as gateway:
        gateway.wait = 0.0
        client, audio = AudioClient(ROW, model="m", base_url=gateway.base_url), tone(0.5, rate=8000)
        for index in range(WARM_UP + CALLS):
            if index == WARM_UP:
                before, started = _measure_process(gateway), time.monotonic()
            client.transcribe(audio) if index % 2 else client.ask(audio, "What?")
            gateway.requests.clear()
        after, seconds = _measure_process(gateway), time.monotonic() - started
    rows = [
        ("KiB of memory a call", f"{(after[0] - before[0]) / CALLS:.3f}"),
        ("descriptors more", str(after[1] - before[1])),
        ("threads more", str(after[2] - before[2])),
        ("calls a second", f"{CALLS / seconds:.0f}"),
    ]
    print_table(f"{CALLS:,} calls, chats and transcriptions in turn", ["result"], rows)


def _measure_process(gateway: ScriptedGateway) -> tuple[int, int, int]:
    """Return the resident memory in KiB, and how many descriptors and threads this process has."""
    gateway.requests.clear()
    gc.collect()
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]), sum(1 for _ in Path("/proc/self/fd").iterdir()), int(fields["Threads"])


if __name__ == "__main__":
    main()
