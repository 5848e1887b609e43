"""From a Document back to its recording: a citation for the reader, an audio block for the model."""

from __future__ import annotations

from typing import Any

from langchain_core.documents import Document

from audio_core import InvalidAudio
from audio_core.integration import format_citation, get_clip_url

__all__ = ["cite", "clip_block"]


def cite(document: Document, *, link: bool = False) -> str:
    """Return the times of a Document in its recording and who speaks, such as `[12:07–12:31] Ann`.

    Args:
        document: from an `AudioLoader`, or a chunk of such a Document.
        link: whether to return a Markdown link to this part of the recording.

    Raises:
        InvalidOption: if the Document has no times.

    Example:
        >>> cite(Document("hi", metadata={"start": 727.1, "end": 751.4, "speaker": "Ann"}))
        '[12:07–12:31] Ann'
    """
    return format_citation(document.metadata, link=link)


def clip_block(document: Document, padding: float = 0.0) -> dict[str, Any]:
    """Return an audio block for a message that refers to the part of the recording that a Document transcribes.

    The recording is opened when the message is sent. `ChatAudio` opens it if its `access` allows the folder.

    Args:
        document: from an `AudioLoader`, or a chunk of such a Document.
        padding: seconds to add before and after.

    Raises:
        InvalidAudio: if the recording has no path or URL because it was loaded from bytes.
        InvalidOption: if the Document has no times.

    Example:
        >>> clip_block(Document("hi", metadata={"source": "file:///a.mp3", "start": 12.0, "end": 30.5}), padding=1)[
        ...     "url"
        ... ]
        'file:///a.mp3#t=11,31.5'
    """
    url = get_clip_url(document.metadata, padding)
    if url is None:
        raise InvalidAudio(
            "The document's recording has no path or URL, so no clip can be sent: load it from a path or URL."
        )
    return {"type": "audio", "url": url}
