"""Fifty files through a gateway that takes 200 ms for each: how near to the ideal, and who else is.

python benchmarks/folder.py    # needs the group "peers", and the ffmpeg program for pydub
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

from measuring import sink, table

from audio_core.testing import tone
from langchain_audio import AudioLoader

FILES, LATENCY, ROUNDS = 50, 0.2, 3
os.environ["SINK_LATENCY"] = str(LATENCY)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sink() as url:
        for number in range(FILES):
            (Path(folder) / f"{number:02}.wav").write_bytes(tone(0.6))
        rows = list[tuple[str, str, str]]()
        for at_once in (8, 16):
            ideal = math.ceil(FILES / at_once) * LATENCY
            for kind, load in (("sync", ours), ("async", ours_async)):
                took = best(lambda load=load, at_once=at_once: load(folder, url, at_once))
                rows.append((f"ours, {at_once} at once, {kind}", f"{took:.2f}", f"{took / ideal:.2f} x"))
        for name, load in (("OpenAIWhisperParser", langchain_peer), ("WhisperReader", llamaindex_peer)):
            rows.append((name, f"{best(lambda load=load: load(folder, url), 1):.2f}", ""))
        table(f"{FILES} files", ("s", "of the ideal"), rows)


def best(load: Callable[[], int], rounds: int = ROUNDS) -> float:
    """Seconds of the median round."""
    times = list[float]()
    for _ in range(rounds):
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            assert load() == FILES
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2]


def loader(folder: str, url: str, at_once: int) -> AudioLoader:
    return AudioLoader(folder, provider="openai", model="m", api_key="k", base_url=url, max_concurrency=at_once)


def ours(folder: str, url: str, at_once: int) -> int:
    return len(loader(folder, url, at_once).load())


def ours_async(folder: str, url: str, at_once: int) -> int:
    return len(asyncio.run(loader(folder, url, at_once).aload()))


def langchain_peer(folder: str, url: str) -> int:
    from langchain_community.document_loaders.blob_loaders.file_system import FileSystemBlobLoader
    from langchain_community.document_loaders.generic import GenericLoader
    from langchain_community.document_loaders.parsers.audio import OpenAIWhisperParser

    parser = OpenAIWhisperParser(api_key="k", base_url=url)
    return len(GenericLoader(FileSystemBlobLoader(folder, glob="*.wav"), parser).load())


def llamaindex_peer(folder: str, url: str) -> int:
    from llama_index.core import SimpleDirectoryReader
    from llama_index.readers.whisper import WhisperReader

    reader = WhisperReader(api_key="k", client_kwargs={"base_url": url})
    return len(SimpleDirectoryReader(folder, file_extractor={".wav": reader}).load_data())


if __name__ == "__main__":
    main()
