"""Fifty files through a gateway that takes 200 ms for each: how close is the total time to the ideal?

python benchmarks/folder.py    # needs the dependency group "peers" and, for pydub, the ffmpeg program
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measuring import print_table, run_sink

from audio_core.testing import tone
from langchain_audio import AudioLoader

FILES, LATENCY, ROUNDS = 50, 0.2, 3
os.environ["SINK_LATENCY"] = str(LATENCY)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, run_sink() as url:
        for number in range(FILES):
            (Path(folder) / f"{number:02}.wav").write_bytes(tone(0.6))
        rows = list[tuple[str, str, str]]()
        for max_concurrency in (8, 16):
            ideal = math.ceil(FILES / max_concurrency) * LATENCY
            for kind, load in (("sync", load_ours), ("async", load_ours_async)):
                seconds = measure_seconds(lambda load=load, limit=max_concurrency: load(folder, url, limit))
                rows.append((f"ours, {max_concurrency} at once, {kind}", f"{seconds:.2f}", f"{seconds / ideal:.2f} x"))
        for name, load in (("OpenAIWhisperParser", load_langchain_peer), ("WhisperReader", load_llamaindex_peer)):
            rows.append((name, f"{measure_seconds(lambda load=load: load(folder, url), 1):.2f}", ""))
        print_table(f"{FILES} files", ("s", "of the ideal"), rows)


def measure_seconds(load: Callable[[], int], rounds: int = ROUNDS) -> float:
    """Return the median time of some rounds, in seconds.

    Args:
        load: loads the folder and returns the number of documents.
        rounds: how often it is called.
    """
    times = list[float]()
    for _ in range(rounds):
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            assert load() == FILES
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]


def create_loader(folder: str, url: str, max_concurrency: int) -> AudioLoader:
    return AudioLoader(folder, provider="openai", model="m", api_key="k", base_url=url, max_concurrency=max_concurrency)


def load_ours(folder: str, url: str, max_concurrency: int) -> int:
    return len(create_loader(folder, url, max_concurrency).load())


def load_ours_async(folder: str, url: str, max_concurrency: int) -> int:
    return len(asyncio.run(create_loader(folder, url, max_concurrency).aload()))


def load_langchain_peer(folder: str, url: str) -> int:
    from langchain_community.document_loaders.blob_loaders.file_system import FileSystemBlobLoader
    from langchain_community.document_loaders.generic import GenericLoader
    from langchain_community.document_loaders.parsers.audio import OpenAIWhisperParser

    parser = OpenAIWhisperParser(api_key="k", base_url=url)
    return len(GenericLoader(FileSystemBlobLoader(folder, glob="*.wav"), parser).load())


def load_llamaindex_peer(folder: str, url: str) -> int:
    from llama_index.core import SimpleDirectoryReader
    from llama_index.readers.whisper import WhisperReader

    reader = WhisperReader(api_key="k", client_kwargs={"base_url": url})
    return len(SimpleDirectoryReader(folder, file_extractor={".wav": reader}).load_data())


if __name__ == "__main__":
    main()
