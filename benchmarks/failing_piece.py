"""Forty-one minutes of WAV through a server that takes 25 MB and fails whatever holds the 25th minute: who returns what.

    .venv-peers/bin/python benchmarks/failing_piece.py    # `make bench` makes that; pydub wants the ffmpeg program

OpenAIWhisperParser and WhisperReader are used as their documentation shows, each in a process of its own.
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

from tones import Item, serving, write

MINUTES, BROKEN_AT, BROKEN = 41, 25 * 60, 121
LARGEST = 25 * 2**20
WHO = ("ours, gaps='raise'", "ours, gaps='mark'", "OpenAIWhisperParser", "WhisperReader")


def items() -> Iterator[Item]:
    """Half a second a number, a pause after each sixth."""
    time_, at = 0.0, 0
    while time_ < MINUTES * 60:
        pause = 0.6 if at % 6 == 5 else 0.0
        is_broken = BROKEN_AT <= time_ < BROKEN_AT + 0.5
        yield time_, BROKEN if is_broken else at % 120, pause
        time_ += 0.5 + pause
        at += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(*options.one)))
        return
    total = sum(1 for _ in items())
    print("| who | ends with | documents | items heard | times within 0.25 s | what is missing is told | s |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        write(path, items())
        for who in WHO:
            with serving("--broken", str(BROKEN), "--largest", str(LARGEST)) as url:
                command = [sys.executable, __file__, "--one", who, str(path), url]
                printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            found = json.loads(printed.splitlines()[-1])
            print(
                f"| {who} | {found['end']} | {found['documents']} | {found['heard']} of {total} | {found['timed']} | "
                f"{found['told']} | {found['took']:.0f} |",
                flush=True,
            )


def measured(who: str, path: str, url: str) -> dict:
    """What one of them returns."""
    began, end, documents, told = time.perf_counter(), "a result", [], "no"
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            documents = loaded(who, path, url)
        except Exception as error:
            end = f"`{type(error).__name__}`"
            documents = kept_by(error)
            told = ranges(error)
    gaps = [d.metadata for d in documents if d.metadata.get("gap")]
    told = ", ".join(f"{gap['start']:.0f}-{gap['end']:.0f} s" for gap in gaps) or told
    if told == "no" and "Failed to transcribe" in said.getvalue():
        told = "by `print`, without the time"
    texts = [(d.metadata.get("start"), word) for d in documents for word in d.page_content.split() if word[0] == "n"]
    truth = [(time_, f"n{number}") for time_, number, _ in items()]
    return {
        "end": end,
        "documents": len(documents),
        "heard": sum(1 for _ in texts),
        "timed": timed(texts, truth),
        "told": told,
        "took": time.perf_counter() - began,
    }


def loaded(who: str, path: str, url: str) -> list:
    if who.startswith("ours"):
        from langchain_audio import AudioLoader

        gaps = "mark" if "mark" in who else "raise"
        return AudioLoader(path, provider="openai", model="whisper-1", api_key="k", base_url=url, gaps=gaps).load()
    if who == "OpenAIWhisperParser":
        from langchain_community.document_loaders.parsers.audio import OpenAIWhisperParser
        from langchain_core.documents.base import Blob

        return list(OpenAIWhisperParser(api_key="k", base_url=url).lazy_parse(Blob.from_path(path)))
    from llama_index.readers.whisper import WhisperReader

    reader = WhisperReader(api_key="k", client_kwargs={"base_url": url})
    return [document.to_langchain_format() for document in reader.load_data(path)]


def kept_by(error: Exception) -> list:
    """The Documents of what an error still carries."""
    from audio_core import TranscriptionIncomplete
    from audio_core.transcript.passages import split_passages
    from langchain_audio.documents import to_document

    return [*map(to_document, split_passages(error.transcript))] if isinstance(error, TranscriptionIncomplete) else []


def ranges(error: Exception) -> str:
    return f"no, only `{str(error)[:60]}...`" if not hasattr(error, "failures") else "in the error"


def timed(texts: list, truth: list) -> str:
    """How many of the words that were heard are where they are said."""
    if not texts or texts[0][0] is None:
        return "no times"
    starts: dict[str, list[float]] = {}
    for start, word in truth:
        starts.setdefault(word, []).append(start)
    right = sum(any(abs(start - time_) < 0.25 for time_ in starts.get(word, ())) for start, word in texts)
    return f"{right} of {len(texts)}"


if __name__ == "__main__":
    main()
