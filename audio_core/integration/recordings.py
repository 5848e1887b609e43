"""Find recordings in folders and lists."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, cast

from audio_core.audio.audio import Audio
from audio_core.audio.file_systems import is_folder_url, list_files
from audio_core.audio.formats import SUFFIXES
from audio_core.audio.sources import expand_home
from audio_core.errors import AccessDenied, AudioError, AudioNotFound

__all__ = ["BatchItem", "collect_recordings", "find_recordings"]

_MAX_LABEL_LENGTH = 80  # characters


@dataclass(frozen=True, slots=True)
class BatchItem:
    """A recording of a batch.

    Attributes:
        audio: the recording; None if there is none to read.
        metadata: the caller's own metadata, which are added to each passage.
        error: why the recording must not be read; None if it may be.
        source: what was given, or was found in a folder.
    """

    audio: Audio | None
    metadata: Mapping[str, Any]
    error: AudioError | None = None
    source: Any = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """What messages call the recording."""
        if self.audio is not None:
            return self.audio.label
        text = str(self.source) if isinstance(self.source, (str, Path)) else ""
        is_name = text and not text.startswith("data:")
        return text.rstrip("/").rsplit("/", 1)[-1][:_MAX_LABEL_LENGTH] if is_name else "a source"


def find_recordings(
    source: Any,
    read: Callable[[Any], BatchItem],
    *,
    glob: str | None = None,
    recursive: bool = False,
    suffixes: Iterable[str] | None = None,
) -> Iterator[BatchItem]:
    """Yield every recording of a source, in order. The files of a folder are sorted by path.

    A source that is no recording, and a folder that holds none, are yielded with their error.

    Args:
        source: a folder, also one in a bucket (`s3://bucket/talks/`, with a slash at its end), a list or iterator of
            sources, or anything that `read` takes.
        read: turns a source that is neither a folder nor a list into a recording.
        glob: which files of a folder to read, such as `"**/*.mp3"`; by default those with one of `suffixes`.
        recursive: whether to search the folder's subfolders too.
        suffixes: which files of a folder to read, such as `[".mp3"]`; by default those of all supported formats.

    Example:
        >>> items = find_recordings("examples/audio", lambda path: BatchItem(Audio.of(path), {}), suffixes=[".mp3"])
        >>> [item.audio.label for item in items]
        ['call.mp3']
    """
    # Path.is_dir raises an error if the name is too long, as a data URI is.
    # An empty text is left to `read`, which refuses it: here it would name the working directory.
    if _names_something(source) and os.path.isdir(folder := expand_home(cast("str", source))):  # noqa: PTH112
        yield from _search_folder(folder, read, glob, recursive, suffixes)
    elif is_folder_url(source):
        yield from _search_bucket(source, read, glob, recursive, suffixes)
    elif _is_collection(source):
        for item in cast("Iterable[Any]", source):
            yield from find_recordings(item, read, glob=glob, recursive=recursive, suffixes=suffixes)
    else:
        yield _read_source(source, read)


def _names_something(source: Any) -> bool:
    return isinstance(source, os.PathLike) or (isinstance(source, str) and bool(source.strip()))


def _read_source(source: Any, read: Callable[[Any], BatchItem]) -> BatchItem:
    try:
        item = read(source)
    except AudioError as error:
        return BatchItem(None, {}, error, source)
    is_used_up = hasattr(source, "read")  # a file object, of which the recording keeps the bytes
    return replace(item, source=item.audio if is_used_up else source)


def collect_recordings(
    source: Any, read: Callable[[Any], BatchItem], *, is_counted: bool, **search: Any
) -> Iterable[BatchItem]:
    """Find recordings as `find_recordings` does, as a list if they are to be counted and the source has an end.

    Args:
        source: as for `find_recordings`.
        read: as for `find_recordings`.
        is_counted: whether a progress bar shows their number.
        **search: further arguments of `find_recordings`.
    """
    items = find_recordings(source, read, **search)
    return list(items) if is_counted and not isinstance(source, Iterator) else items  # an iterator may be endless


def _is_collection(source: Any) -> bool:
    """Return whether a source is a list or iterator of sources. A file object yields lines, but is one recording."""
    if isinstance(source, (str, bytes, bytearray, memoryview)) or hasattr(source, "read"):
        return False
    return isinstance(source, (Sequence, Set, Iterator))


def _search_folder(
    folder: Path, read: Callable[[Any], BatchItem], glob: str | None, recursive: bool, suffixes: Iterable[str] | None
) -> Iterator[BatchItem]:
    allowed = _normalize_suffixes(suffixes)
    entries = folder.glob(glob or ("**/*" if recursive else "*"))
    matches = (path for path in entries if path.is_file() and (glob or _is_recording(path, allowed)))
    paths, real_folder = sorted(matches), folder.resolve()
    if not paths:
        yield BatchItem(None, {}, _explain_empty(folder.name, glob, allowed), folder)
    for path in paths:
        is_inside = path.resolve().is_relative_to(real_folder)
        refusal = AccessDenied(f"{path.name} is a link that leads out of the folder {folder.name}.")
        yield _read_source(path, read) if is_inside else BatchItem(Audio.of(path), {}, refusal, path)


def _search_bucket(
    folder: str, read: Callable[[Any], BatchItem], glob: str | None, recursive: bool, suffixes: Iterable[str] | None
) -> Iterator[BatchItem]:
    name, allowed = PurePosixPath(folder).name, _normalize_suffixes(suffixes)
    try:
        files = list_files(folder, name, glob=glob, recursive=recursive)
    except AudioError as error:
        yield BatchItem(None, {}, error, folder)
        return
    urls = [url for url in files if glob or _is_recording(PurePosixPath(url), allowed)]
    if not urls:
        yield BatchItem(None, {}, _explain_empty(name, glob, allowed), folder)
    yield from (_read_source(url, read) for url in urls)


def _normalize_suffixes(suffixes: Iterable[str] | None) -> set[str]:
    given = SUFFIXES if suffixes is None else [suffixes] if isinstance(suffixes, str) else suffixes
    return {suffix.lower() for suffix in given}


def _explain_empty(folder: str, glob: str | None, suffixes: Set[str]) -> AudioNotFound:
    criterion = repr(glob) if glob else f"a suffix such as {', '.join(sorted(suffixes)[:4])}"
    return AudioNotFound(f"The folder {folder} holds no file with {criterion}. recursive=True looks into its folders.")


def _is_recording(path: PurePath, suffixes: Set[str]) -> bool:
    """Tell whether a file is one that a folder is searched for. Hidden files, such as `._a.wav` of macOS, are not."""
    return path.suffix.lower() in suffixes and not path.name.startswith(".")
