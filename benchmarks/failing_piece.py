"""Send 41 minutes of WAV to a server that takes 25 MB and fails each request with the 25th minute: who returns what?

    .venv-peers/bin/python benchmarks/failing_piece.py    # pydub needs the ffmpeg program

`make bench` creates `.venv-peers`. OpenAIWhisperParser and WhisperReader are used as their documentation shows, each in
a separate process.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tones import Item, run_server, write_tones

MINUTES, BROKEN_AT, BROKEN = 41, 25 * 60, 121
LARGEST = 25 * 2**20
CONTESTANTS = ("ours, gaps='raise'", "ours, gaps='mark'", "OpenAIWhisperParser", "WhisperReader")


def generate_items() -> Iterator[Item]:
    """Yield tones of half a second, with a pause after every sixth."""
    start, index = 0.0, 0
    while start < MINUTES * 60:
        pause = 0.6 if index % 6 == 5 else 0.0
        is_broken = BROKEN_AT <= start < BROKEN_AT + 0.5
        yield start, BROKEN if is_broken else index % 120, pause
        start += 0.5 + pause
        index += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure_contestant(*options.one)))
        return
    total = sum(1 for _ in generate_items())
    print("| who | ends with | documents | items heard | times within 0.25 s | what is missing is told | s |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        write_tones(path, generate_items())
        for name in CONTESTANTS:
            with run_server("--broken", str(BROKEN), "--largest", str(LARGEST)) as url:
                command = [sys.executable, __file__, "--one", name, str(path), url]
                printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            result = json.loads(printed.splitlines()[-1])
            print(
                f"| {name} | {result['end']} | {result['documents']} | {result['words']} of {total} | "
                f"{result['times']} | {result['missing']} | {result['seconds']:.0f} |",
                flush=True,
            )


def measure_contestant(name: str, path: str, url: str) -> dict:
    """Transcribe a recording and return the cells of the contestant's row.

    Args:
        name: the contestant.
        path: the recording.
        url: base URL of the server.
    """
    began, end, documents, missing = time.perf_counter(), "a result", [], "no"
    with contextlib.redirect_stdout(io.StringIO()) as output:
        try:
            documents = load_documents(name, path, url)
        except Exception as error:
            end = f"`{type(error).__name__}`"
            documents = recover_documents(error)
            missing = describe_failures(error)
    gaps = [document.metadata for document in documents if document.metadata.get("gap")]
    missing = ", ".join(f"{gap['start']:.0f}-{gap['end']:.0f} s" for gap in gaps) or missing
    if missing == "no" and "Failed to transcribe" in output.getvalue():
        missing = "by `print`, without the time"
    words = [(d.metadata.get("start"), word) for d in documents for word in d.page_content.split() if word[0] == "n"]
    truth = [(start, f"n{number}") for start, number, _ in generate_items()]
    return {
        "end": end,
        "documents": len(documents),
        "words": len(words),
        "times": count_correct_times(words, truth),
        "missing": missing,
        "seconds": time.perf_counter() - began,
    }


def load_documents(name: str, path: str, url: str) -> list:
    """Return the documents that a contestant makes of a recording, in LangChain's format.

    Args:
        name: the contestant.
        path: the recording.
        url: base URL of the server.
    """
    if name.startswith("ours"):
        from langchain_audio import AudioLoader

        gaps = "mark" if "mark" in name else "raise"
        return AudioLoader(path, provider="openai", model="whisper-1", api_key="k", base_url=url, gaps=gaps).load()
    if name == "OpenAIWhisperParser":
        from langchain_community.document_loaders.parsers.audio import OpenAIWhisperParser
        from langchain_core.documents.base import Blob

        return list(OpenAIWhisperParser(api_key="k", base_url=url).lazy_parse(Blob.from_path(path)))
    from llama_index.readers.whisper import WhisperReader

    reader = WhisperReader(api_key="k", client_kwargs={"base_url": url})
    return [document.to_langchain_format() for document in reader.load_data(path)]


def recover_documents(error: Exception) -> list:
    """Return the documents of the transcript that an error carries; none if it carries none."""
    from audio_core import TranscriptionIncomplete
    from audio_core.transcript.passages import split_passages
    from langchain_audio.documents import to_document

    return [*map(to_document, split_passages(error.transcript))] if isinstance(error, TranscriptionIncomplete) else []


def describe_failures(error: Exception) -> str:
    """Return how an error reports what is missing."""
    return f"no, only `{str(error)[:60]}...`" if not hasattr(error, "failures") else "in the error"


def count_correct_times(words: list, truth: list) -> str:
    """Return how many words start within 0.25 s of the same word in the recording.

    Args:
        words: start (seconds) and text of each transcribed word.
        truth: start and text of each word in the recording.
    """
    if not words or words[0][0] is None:
        return "no times"
    starts: dict[str, list[float]] = {}
    for start, word in truth:
        starts.setdefault(word, []).append(start)
    correct = sum(any(abs(start - true) < 0.25 for true in starts.get(word, ())) for start, word in words)
    return f"{correct} of {len(words)}"


if __name__ == "__main__":
    main()
