"""An answer and the clips that it cites, as a page."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, TypeVar
from urllib.parse import quote

from audio_core.audio.audio import Audio
from audio_core.errors import AudioTooLarge
from audio_core.http.access import Access, AccessLike, open_authorized, to_access
from audio_core.lenient_json import to_text
from audio_core.operations.player import MAX_EMBEDDED_BYTES, embed_sound
from audio_core.transcript.citation_parser import Citation, find_citations
from audio_core.transcript.citations import list_names
from audio_core.transcript.metadata import get_recording_url
from audio_core.transcript.page.answer import Excerpt, render_answer_page
from audio_core.transcript.page.sound import name_source

__all__ = ["render_answer"]

T = TypeVar("T")


def render_answer(
    answer: str,
    documents: Sequence[T],
    get_metadata: Callable[[T], Mapping[str, Any]],
    get_text: Callable[[T], str],
    *,
    title: str = "Answer",
    link: str = "",
    access: AccessLike | None = None,
) -> str:
    """Return an answer as a page, on which each citation plays what was said: one file of HTML.

    Args:
        answer: the whole text of an answer, with citations as `find_citations` finds them.
        documents: what the model was given to answer from.
        get_metadata: returns the metadata of one of them.
        get_text: returns the text of one of them.
        title: heading of the page, such as the question.
        link: URL or folder, relative to the page, below which the page finds the files of recordings.
        access: what may be opened, so that the page holds the clips of files, up to 25 MB. None links to the
            recordings.

    Raises:
        AudioError: if a recording may not be opened, or is damaged, or the clips are too large for a page.

    Example:
        >>> documents = [{"source": "file:///talks/a.mp3", "start": 5.0, "end": 12.0}]
        >>> page = render_answer("By badge [a 0:05-0:12].", documents, lambda each: each, lambda _: "Show it.")
        >>> '<a class="citation" href="#excerpt-1">a 0:05-0:12</a>' in page
        True
    """
    opened = None if access is None else to_access(access)
    excerpts = [
        _build_excerpt(citation, get_metadata(citation.document), get_text(citation.document), link, opened)
        for citation in find_citations(answer, documents, get_metadata)
    ]
    _check_size(excerpts)
    return render_answer_page(answer, excerpts, title=title)


def _build_excerpt(
    citation: Citation[T], metadata: Mapping[str, Any], text: str, link: str, access: Access | None
) -> Excerpt:
    clip = None if citation.clip is None else Audio.of(citation.clip)
    is_embedded = clip is not None and access is not None and not clip.is_remote
    return Excerpt(
        citation=citation.text,
        name=list_names(metadata)[0],
        start=citation.start,
        end=citation.end,
        speaker=to_text(metadata.get("speaker") or metadata.get("speakers")),
        text=text,
        audio=embed_sound(open_authorized(clip, access)) if clip and is_embedded else _find_sound(metadata, link),
        audio_start=citation.start if is_embedded else 0.0,
    )


def _find_sound(metadata: Mapping[str, Any], link: str) -> str | os.PathLike[str] | None:
    """Return where a page finds a recording: on the web, or as a file below `link`."""
    name = name_source(to_text(get_recording_url(metadata)))
    if name is None or isinstance(name, str):
        return name
    return f"{link}{quote(name.name)}" if "://" in link else PurePosixPath(link + name.name)


def _check_size(excerpts: Sequence[Excerpt]) -> None:
    size = sum(len(excerpt.audio) for excerpt in excerpts if isinstance(excerpt.audio, str)) * 3 // 4
    if size > MAX_EMBEDDED_BYTES:
        raise AudioTooLarge(
            f"The clips would put {size:,} bytes into the page, which may hold {MAX_EMBEDDED_BYTES:,}. "
            "Link to the recordings: leave out access."
        )
