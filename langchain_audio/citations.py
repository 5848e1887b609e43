"""From a Document back to its recording: a citation to read, a block to hear."""

from __future__ import annotations

from langchain_core.documents import Document
from langchain_core.messages import AudioContentBlock

from audio_core import InvalidAudio
from audio_core.integration import format_citation, get_clip_url

__all__ = ["cite", "clip_block"]


def cite(document: Document, *, link: bool = False) -> str:
    """Where a Document stands in its recording and who speaks, such as `[12:07–12:31] Ann`.

    Args:
        document: of an `AudioLoader`, or a chunk of one.
        link: whether it is a Markdown link to the very stretch.

    Raises:
        InvalidOption: if the Document says no times.

    Example:
        >>> cite(Document("hi", metadata={"start": 727.1, "end": 751.4, "speaker": "Ann"}))
        '[12:07–12:31] Ann'
    """
    return format_citation(document.metadata, link=link)


def clip_block(document: Document, padding: float = 0.0) -> AudioContentBlock:
    """A block for a message with the very stretch of sound that a Document was heard in; it is opened when it is sent.

    `ChatAudio` opens it if its `access` allows the folder.

    Args:
        document: of an `AudioLoader`, or a chunk of one.
        padding: seconds to add before and after.

    Raises:
        InvalidAudio: if the recording has no URL, as when it was loaded from bytes.
        InvalidOption: if the Document says no times.

    Example:
        >>> clip_block(Document("hi", metadata={"source": "file:///a.mp3", "start": 12.0, "end": 30.5}), padding=1)[
        ...     "url"
        ... ]
        'file:///a.mp3#t=11,31.5'
    """
    url = get_clip_url(document.metadata, padding)
    if url is None:
        raise InvalidAudio(
            "The document's recording has no path or URL, so it cannot be heard again: load it from one."
        )
    return AudioContentBlock(type="audio", url=url)
