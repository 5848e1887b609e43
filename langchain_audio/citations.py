"""From a Document back to its recording: a citation for the reader, an audio block for the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.documents import Document

from audio_core import InvalidAudio
from audio_core.integration import AccessLike, Citation, Passage, format_citation, format_passages, get_clip_url
from audio_core.integration import find_citations as find_in
from audio_core.integration import render_answer as render_page

__all__ = ["Citation", "cite", "clip_block", "find_citations", "format_docs", "render_answer"]


def cite(document: Document, *, link: bool | str = False) -> str:
    """Return a Document's recording, its times in it and who speaks, such as `[03_security 12:07–12:31] Ann`.

    Args:
        document: from an `AudioLoader`, or a chunk of such a Document.
        link: whether to return a Markdown link to this part of the recording. A file's link is relative and tells
            nothing about its folder; give the URL where your recordings are served, such as `"/recordings/"`.

    Raises:
        InvalidOption: if the Document has no times.

    Example:
        >>> metadata = {"source": "file:///talks/03_security.mp3", "start": 727.1, "end": 751.4, "speaker": "Ann"}
        >>> cite(Document("hi", metadata=metadata))
        '[03_security 12:07–12:31] Ann'
        >>> cite(Document("hi", metadata=metadata), link="/recordings/")
        '[[03_security 12:07–12:31] Ann](/recordings/03_security.mp3#t=727.1,751.4)'
    """
    return format_citation(document.metadata, link=link)


def format_docs(documents: Iterable[Document]) -> str:
    """Format Documents for a prompt, each after its citation, so that the model can cite them.

    Args:
        documents: what was retrieved. A Document without times is its text alone.

    Example:
        >>> print(format_docs([Document("Good day.", metadata={"source": "file:///a.mp3", "start": 5.0, "end": 12.0})]))
        [a 00:05–00:12]
        Good day.
    """
    return format_passages(
        [Passage(document.id or "", document.page_content, document.metadata) for document in documents]
    )


def find_citations(answer: str, documents: Sequence[Document]) -> list[Citation[Document]]:
    """Find the citations in an answer, and the Documents and clips that they cite.

    Models may write them sloppily: with a hyphen, in other brackets, with one time only, several in one pair. Of a
    streamed answer, give the joined text.

    Args:
        answer: the text of the answer.
        documents: what the model was given.

    Returns:
        The citations in the order of the answer. What cites none of the Documents is left out.

    Example:
        >>> document = Document("Good day.", metadata={"source": "file:///a.mp3", "start": 5.2, "end": 12.9})
        >>> (citation,) = find_citations("They greet (A 0:05 - 0:12).", [document])
        >>> citation.document is document, citation.clip
        (True, 'file:///a.mp3#t=5.2,12.9')
    """
    return find_in(answer, documents, lambda document: document.metadata)


def render_answer(
    answer: str,
    documents: Sequence[Document],
    *,
    title: str = "Answer",
    link: str = "",
    access: AccessLike | None = None,
) -> str:
    """Return an answer as a page, on which each citation plays what was said: one file of HTML.

    Args:
        answer: the text of the answer, with citations as `find_citations` finds them.
        documents: what the model was given.
        title: heading of the page, such as the question.
        link: URL or folder, relative to the page, below which the page finds the files of recordings, such as
            `"/recordings/"`. By default they are beside the page.
        access: what may be opened, so that the page holds the clips of files, up to 25 MB. None links to the
            recordings.

    Raises:
        AudioError: if a recording may not be opened, or is damaged, or the clips are too large for a page.

    Example:
        >>> metadata = {"source": "file:///a.mp3", "start": 5.0, "end": 12.0}
        >>> document = Document("Good day.", metadata=metadata)
        >>> page = render_answer("They greet [a 0:05-0:12].", [document], title="What do they say?")
        >>> '<a class="citation" href="#excerpt-1">a 0:05-0:12</a>' in page
        True
    """
    return render_page(
        answer,
        documents,
        lambda document: document.metadata,
        lambda document: document.page_content,
        title=title,
        link=link,
        access=access,
    )


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
