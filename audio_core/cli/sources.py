"""What a command line names, as recordings: files, folders, patterns, URLs and standard input."""

from __future__ import annotations

import contextlib
import glob
import os
import sys
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from audio_core.audio.audio import Audio
from audio_core.audio.sources import HandleSource
from audio_core.cli.reports import UsageMistake
from audio_core.errors import AudioNotFound
from audio_core.integration import BatchItem, find_recordings

__all__ = ["Named", "find_named"]


@dataclass(frozen=True, slots=True)
class Named:
    """A recording that a command line names.

    Attributes:
        item: the recording.
        folder: where it is within the folder that was named; the current folder for any other.
    """

    item: BatchItem
    folder: Path = Path()

    def get_audio(self) -> Audio:
        """Return the recording, or raise the error with which it was found."""
        if self.item.error is not None:
            raise self.item.error
        return cast("Audio", self.item.audio)


def find_named(sources: Iterable[str], *, pattern: str | None = None, recursive: bool = False) -> list[Named]:
    """Find the recordings that a command line names, in order. What is none is listed with its error.

    Args:
        sources: files, folders, patterns such as `talks/*.mp3`, URLs, or `-` for standard input.
        pattern: which files of a folder are meant; by default those with the suffix of a supported format.
        recursive: whether the folders within folders are searched too.

    Raises:
        UsageMistake: if standard input is a terminal, or is named twice.
    """
    expanded = [each for source in sources for each in _expand(source)]
    if expanded.count("-") > 1:
        raise UsageMistake("Standard input can be read once only.")
    return [named for source in expanded for named in _find(source, pattern, recursive)]


def _take_standard_input() -> Audio:
    if sys.stdin.isatty():
        raise UsageMistake("There is no recording on standard input. Give one: audio ... - < talk.mp3")
    return Audio(HandleSource(_open_standard_input, "stdin"))


@contextlib.contextmanager
def _open_standard_input() -> Generator[BinaryIO]:
    yield sys.stdin.buffer


def _expand(source: str) -> list[str]:
    """Return the files that a pattern stands for. A shell may leave this to us."""
    is_pattern = glob.has_magic(source) and "://" not in source and not os.path.lexists(source)
    return (sorted(glob.glob(source, recursive=True)) or [source]) if is_pattern else [source]  # noqa: PTH207 - absolute too


def _find(source: str, pattern: str | None, recursive: bool) -> Iterator[Named]:
    if source == "-":
        yield Named(BatchItem(_take_standard_input(), {}))
        return
    if glob.has_magic(source) and "://" not in source and not os.path.lexists(source.rpartition("#t=")[0] or source):
        yield Named(BatchItem(None, {}, AudioNotFound(f"No file matches {source}."), source))
        return
    for item in find_recordings(source, _read, glob=pattern, recursive=recursive):
        is_within = isinstance(item.source, Path) and item.audio is not None
        yield Named(item, item.source.relative_to(source).parent if is_within else Path())


def _read(source: str | Path) -> BatchItem:
    return BatchItem(Audio.of(source), {})
