"""What an hour of audio costs the computer that sends it: CPU time, bytes, memory and requests.

Each contestant transcribes the same hour of speech (44.1 kHz stereo, Opus 48 kHz) through a gateway on this machine
that answers at once. CPU time includes that of child processes. The limit is what `ffmpeg -c copy -f segment` takes to
cut the file.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from measuring import measure_cost, print_table

TALK = Path(__file__).parents[1] / "examples" / "audio" / "talk.ogg"
SECONDS, SEGMENT = 3600, 300
FORMATS = {
    "mp3": ["-ar", "44100", "-b:a", "128k"],
    "m4a": ["-ar", "44100", "-b:a", "128k"],
    "ogg": ["-c:a", "libopus", "-b:a", "64k"],
    "flac": ["-ar", "44100"],
    "wav": ["-ar", "44100"],
}
_REPLY = json.dumps({"text": "ok", "segments": [{"start": 0.0, "end": 0.1, "text": "ok"}]}).encode()


class Sink(ThreadingHTTPServer):
    """A gateway that counts what it gets."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.daemon_threads = True
        self.restart()

    def restart(self) -> None:
        self.requests = self.received = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        left = int(self.headers["content-length"])
        self.server.requests += 1
        self.server.received += left
        while left and (block := self.rfile.read(min(left, 2**20))):
            left -= len(block)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(_REPLY)))
        self.end_headers()
        self.wfile.write(_REPLY)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def run_counting_sink() -> Iterator[Sink]:
    with Sink() as sink:
        Thread(target=sink.serve_forever, daemon=True).start()
        yield sink
        sink.shutdown()


def transcribe(path: Path, url: str, provider: str) -> Callable[[], object]:
    from audio_core import AudioClient

    client = AudioClient(provider, model="m", api_key="k", base_url=url)
    return lambda: client.transcribe(path)


def parse_with_langchain(path: Path, url: str) -> Callable[[], object]:
    from langchain_community.document_loaders.parsers.audio import OpenAIWhisperParser
    from langchain_core.documents.base import Blob

    parser = OpenAIWhisperParser(api_key="k", base_url=url)
    return lambda: list(parser.lazy_parse(Blob.from_path(path)))


def read_with_llamaindex(path: Path, url: str) -> Callable[[], object]:
    from llama_index.readers.whisper import WhisperReader

    return lambda: WhisperReader(api_key="k", client_kwargs={"base_url": url}).load_data(path)


def send_segments(path: Path, url: str) -> Callable[[], object]:
    import httpx

    def send() -> None:
        with tempfile.TemporaryDirectory() as folder, httpx.Client(timeout=600) as client:
            cut_with_ffmpeg(path, Path(folder))
            for segment in sorted(Path(folder).iterdir()):
                with segment.open("rb") as file:
                    client.post(f"{url}/audio/transcriptions", data={"model": "m"}, files={"file": file})

    return send


def only_cut(path: Path, url: str) -> Callable[[], object]:
    def cut() -> None:
        with tempfile.TemporaryDirectory() as folder:
            cut_with_ffmpeg(path, Path(folder))

    return cut


def cut_with_ffmpeg(path: Path, folder: Path) -> None:
    target = folder / f"%03d{path.suffix}"
    options = ["-c", "copy", "-f", "segment", "-segment_time", str(SEGMENT)]
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), *options, str(target)], check=True)


CONTESTANTS: dict[str, Callable[[Path, str], Callable[[], object]]] = {
    "ours, multipart": lambda path, url: transcribe(path, url, "openai"),
    "ours, JSON": lambda path, url: transcribe(path, url, "openrouter"),
    "OpenAIWhisperParser": parse_with_langchain,
    "WhisperReader": read_with_llamaindex,
    "ffmpeg -c copy, then httpx": send_segments,
    "ffmpeg -c copy alone": only_cut,
}


def measure_contestant(name: str, path: str, url: str) -> None:
    """Print what one contestant costs, as JSON. The first call imports what it needs and is not counted."""
    work = CONTESTANTS[name](Path(path), url)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = measure_cost(work)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps([cost.cpu + children, cost.peak]))


def main() -> None:
    if sys.argv[1:2] == ["--of"]:
        measure_contestant(*sys.argv[2:])
        return
    with tempfile.TemporaryDirectory() as folder, run_counting_sink() as sink:
        for suffix in sys.argv[1:] or FORMATS:
            path = Path(folder) / f"hour.{suffix}"
            source = ["-stream_loop", "-1", "-i", str(TALK), "-t", str(SECONDS), "-ac", "2"]
            subprocess.run(["ffmpeg", "-v", "error", *source, *FORMATS[suffix], str(path)], check=True)
            columns = ("CPU s", "sent MB", "memory MB", "requests")
            title = f"{suffix}, {path.stat().st_size / 1e6:.0f} MB"
            print_table(title, columns, (measure_row(name, path, sink) for name in CONTESTANTS))
            path.unlink()


def measure_row(name: str, path: Path, sink: Sink) -> tuple[str, ...]:
    sink.restart()
    command = [sys.executable, __file__, "--of", name, str(path), sink.base_url]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    if completed.returncode:
        print(f"{name}: {completed.stderr.strip().splitlines()[-1][:120]}", file=sys.stderr)
        return name, "failed", "", "", ""
    cpu, peak = json.loads(completed.stdout.splitlines()[-1])
    return name, f"{cpu:.2f}", f"{sink.received / 1e6:.1f}", f"{peak:.0f}", str(sink.requests)


if __name__ == "__main__":
    main()
