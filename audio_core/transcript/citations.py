"""References from a passage to its recording: the citation for people and models to read, and the URL of the clip."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from audio_core.lenient_json import to_text
from audio_core.transcript.metadata import format_clip_url, get_recording_url, get_times, identify_recording
from audio_core.transcript.passages import Passage
from audio_core.transcript.segment import format_clock

__all__ = ["format_citation", "format_passages", "get_clip_url", "list_names", "normalize_name"]

_UNSAFE = re.compile(r"[\[\](){}<>:]+")  # in a citation, they end it or look like a time


def format_citation(metadata: Mapping[str, Any], *, link: bool | str = False, name: str | None = None) -> str:
    """Format the recording of a passage, its times and its speakers for people to read.

    Args:
        metadata: the metadata of the passage, with `start` and `end` in seconds of the recording.
        link: whether to make the citation a Markdown link to the clip. Browsers start playing at its beginning. Of a
            file, only its name is in the link, after the URL that this option may give, such as `"/recordings/"`.
            Ignored if the recording has no URL.
        name: the name of the recording; by default that of its file.

    Raises:
        InvalidOption: if the metadata has no `start` and `end`.

    Example:
        >>> format_citation({"source": "file:///talks/03_security.mp3", "start": 727.1, "end": 751.4, "speaker": "Ann"})
        '[03_security 12:07–12:31] Ann'
    """
    start, end = get_times(metadata)
    name = list_names(metadata)[0] if name is None else name
    speakers = metadata.get("speaker") or metadata.get("speakers")
    clock = f"{format_clock(start)}–{format_clock(end)}"
    text = f"[{' '.join(filter(None, (name, clock)))}]" + (f" {speakers}" if speakers else "")
    url = _format_link(metadata, link) if link else None
    return f"[{text}]({url})" if url else text


def format_passages(passages: Sequence[Passage]) -> str:
    """Format passages for a prompt, each after its citation, so that a model can cite them.

    Recordings in different folders whose files have the same name are told apart by the name of the folder. A passage
    without times, which is not of a recording, is its text alone.

    Example:
        >>> metadata = {"source": "file:///talks/a.mp3", "start": 5.0, "end": 12.0}
        >>> print(format_passages([Passage("", "Good day.", metadata)]))
        [a 00:05–00:12]
        Good day.
    """
    names = _choose_names([passage.metadata for passage in passages])
    return "\n\n".join(_format_passage(passage, name) for passage, name in zip(passages, names, strict=True))


def get_clip_url(metadata: Mapping[str, Any], padding: float = 0.0) -> str | None:
    """Return the URL of the clip that a passage is the transcript of.

    Args:
        metadata: the metadata of the passage, with `start` and `end` in seconds of the recording.
        padding: seconds to add before and after the passage.

    Returns:
        The URL of the recording with a media fragment, or None if the recording has no URL.

    Raises:
        InvalidOption: if the metadata has no `start` and `end`.

    Example:
        >>> get_clip_url({"source": "file:///a.mp3", "start": 12.0, "end": 30.5}, padding=2)
        'file:///a.mp3#t=10,32.5'
    """
    start, end = get_times(metadata)
    return format_clip_url(get_recording_url(metadata), round(max(0.0, start - padding), 3), round(end + padding, 3))


def list_names(metadata: Mapping[str, Any]) -> list[str]:
    """Return the names by which the recording of a passage can be cited: the usual one first, then longer ones.

    Example:
        >>> list_names({"source": "file:///talks/monday/a.mp3"})
        ['a', 'monday/a', 'a.mp3', 'monday/a.mp3']
    """
    path = _get_path(metadata)
    names = [path.stem, f"{path.parent.name}/{path.stem}", path.name, f"{path.parent.name}/{path.name}"]
    return [" ".join(_UNSAFE.sub(" ", name).split()) for name in names]


def normalize_name(name: str) -> str:
    """Return the letters and digits of a name without case, which is what counts in a citation."""
    return "".join(character for character in name.casefold() if character.isalnum())


def _get_path(metadata: Mapping[str, Any]) -> PurePosixPath:
    source = to_text(metadata.get("source")) or ""
    try:
        parts = urlsplit(source)
    except ValueError:
        return PurePosixPath(source)
    return PurePosixPath(unquote(parts.path).rstrip("/") or parts.netloc)


def _choose_names(all_metadata: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    recordings: dict[str, set[str]] = {}
    for metadata in all_metadata:
        recordings.setdefault(normalize_name(list_names(metadata)[0]), set()).add(identify_recording(metadata))
    for name, longer_name, *_ in map(list_names, all_metadata):
        yield name if len(recordings[normalize_name(name)]) == 1 else longer_name


def _format_passage(passage: Passage, name: str) -> str:
    if not passage.metadata.keys() >= {"start", "end"}:
        return passage.text
    return f"{format_citation(passage.metadata, name=name)}\n{passage.text}"


def _format_link(metadata: Mapping[str, Any], link: bool | str) -> str | None:
    """Return the URL of the clip without the folders of a file, which are nobody's business."""
    url = get_clip_url(metadata)
    if url is None or not url.startswith("file:"):
        return url and url.replace("(", "%28").replace(")", "%29")
    base = link if isinstance(link, str) else ""
    return f"{base}{quote(_get_path(metadata).name)}#{urlsplit(url).fragment}"
