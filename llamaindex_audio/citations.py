"""From a node back to its recording: citations, audio blocks of a node's clip, and retrieved nodes with their audio."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Iterable, Sequence
from io import IOBase
from typing import Any

from llama_index.core.base.llms.types import AudioBlock, BaseContentBlock
from llama_index.core.bridge.pydantic import Field
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, QueryBundle, TextNode

from audio_core import Audio, InvalidAudio
from audio_core.integration import AccessLike, Citation, Passage, format_citation, format_passages, get_clip_url
from audio_core.integration import find_citations as find_in
from audio_core.integration import render_answer as render_page

__all__ = [
    "AudioNode",
    "Citation",
    "ClipBlock",
    "ClipPostprocessor",
    "cite",
    "clip_block",
    "find_citations",
    "format_nodes",
    "render_answer",
]

_log = logging.getLogger("audio_core")
_TOKENS_PER_SECOND, _TOKENS_OF_UNKNOWN = 32, 256


def cite(node: BaseNode | NodeWithScore, *, link: bool | str = False) -> str:
    """Return a node's recording, its times in it and its speaker, such as `[03_security 12:07–12:31] Ann`.

    Args:
        node: a node of an `AudioReader` or a `TranscriptNodeParser`.
        link: whether to return a Markdown link to the clip. A file's link is relative and tells nothing about its
            folder; give the URL where your recordings are served, such as `"/recordings/"`.

    Raises:
        InvalidOption: if the node's metadata has no `start` and `end`.

    Example:
        >>> metadata = {"source": "file:///talks/03_security.mp3", "start": 727.1, "end": 751.4, "speaker": "Ann"}
        >>> cite(TextNode(text="hi", metadata=metadata))
        '[03_security 12:07–12:31] Ann'
    """
    return format_citation(node.metadata, link=link)


def format_nodes(nodes: Iterable[BaseNode | NodeWithScore]) -> str:
    """Format nodes for a prompt, each after its citation, so that the model can cite them.

    Args:
        nodes: what was retrieved. A node without times is its text alone.

    Example:
        >>> print(format_nodes([TextNode(text="Hi.", metadata={"source": "file:///a.mp3", "start": 5.0, "end": 12.0})]))
        [a 00:05–00:12]
        Hi.
    """
    return format_passages([Passage(node.node_id, _get_text(node), node.metadata) for node in nodes])


def find_citations(answer: str, nodes: Sequence[BaseNode | NodeWithScore]) -> list[Citation[BaseNode | NodeWithScore]]:
    """Find the citations in an answer, and the nodes and clips that they cite.

    Models may write them sloppily: with a hyphen, in other brackets, with one time only, several in one pair. Of a
    streamed answer, give the joined text.

    Args:
        answer: the text of the answer, such as `str(response)`.
        nodes: what the model was given, such as `response.source_nodes`.

    Returns:
        The citations in the order of the answer; the node of each is its `document`. What cites none of the nodes is
        left out.

    Example:
        >>> node = TextNode(text="Hi.", metadata={"source": "file:///a.mp3", "start": 5.2, "end": 12.9})
        >>> (citation,) = find_citations("They greet (A 0:05 - 0:12).", [node])
        >>> citation.document is node, citation.clip
        (True, 'file:///a.mp3#t=5.2,12.9')
    """
    return find_in(answer, nodes, lambda node: node.metadata)


def render_answer(
    answer: str,
    nodes: Sequence[BaseNode | NodeWithScore],
    *,
    title: str = "Answer",
    link: str = "",
    access: AccessLike | None = None,
) -> str:
    """Return an answer as a page, on which each citation plays what was said: one file of HTML.

    Args:
        answer: the text of the answer, with citations as `find_citations` finds them.
        nodes: what the model was given, such as `response.source_nodes`.
        title: heading of the page, such as the question.
        link: URL or folder, relative to the page, below which the page finds the files of recordings, such as
            `"/recordings/"`. By default they are beside the page.
        access: what may be opened, so that the page holds the clips of files, up to 25 MB. None links to the
            recordings.

    Raises:
        AudioError: if a recording may not be opened, or is damaged, or the clips are too large for a page.

    Example:
        >>> metadata = {"source": "file:///a.mp3", "start": 5.0, "end": 12.0}
        >>> node = TextNode(text="Good day.", metadata=metadata)
        >>> page = render_answer("They greet [a 0:05-0:12].", [node], title="What do they say?")
        >>> '<a class="citation" href="#excerpt-1">a 0:05-0:12</a>' in page
        True
    """
    return render_page(answer, nodes, lambda node: node.metadata, _get_text, title=title, link=link, access=access)


def _get_text(node: BaseNode | NodeWithScore) -> str:
    return (node.node if isinstance(node, NodeWithScore) else node).get_content(MetadataMode.NONE)


def clip_block(node: BaseNode | NodeWithScore, padding: float = 0.0) -> AudioBlock:
    """Return a node's clip as a block for a message.

    The block holds a URL only. `AudioLLM` opens it while it sends the message, if its `access` allows the folder.

    Args:
        node: a node of an `AudioReader` or a `TranscriptNodeParser`.
        padding: seconds to add before and after.

    Raises:
        InvalidAudio: if the recording has no URL, for example because it was read from bytes.
        InvalidOption: if the node's metadata has no `start` and `end`.

    Example:
        >>> str(clip_block(TextNode(text="hi", metadata={"source": "file:///a.mp3", "start": 12.0, "end": 30.5})).url)
        'file:///a.mp3#t=12,30.5'
    """
    url = get_clip_url(node.metadata, padding)
    if url is None:
        raise InvalidAudio("The node's recording has no path or URL, so no clip can be sent: read it from one.")
    return ClipBlock(url=url)


class ClipBlock(AudioBlock):
    """A recording or a clip of one, by reference. Only `AudioLLM` opens it; estimating its tokens does not."""

    async def aestimate_tokens(self, *args: Any, **kwargs: Any) -> int:
        """Estimate the tokens of the clip at 32 a second, the rate that LlamaIndex uses.

        A recording of unknown length counts as 256, as in LlamaIndex. Source: https://ai.google.dev/gemini-api/docs/tokens.
        """
        audio = Audio.of(str(self.url))
        seconds = None if audio.end is None else audio.end - (audio.start or 0.0)
        return _TOKENS_OF_UNKNOWN if seconds is None else math.ceil(seconds * _TOKENS_PER_SECOND)

    def inline_url(self) -> str:
        """Return the clip's URL instead of its bytes.

        A `file:` URL gets a host, because LlamaIndex's prompt templates take one without a host for a path.
        """
        return str(self.url).replace("file:///", "file://localhost/", 1)

    def resolve_audio(self, as_base64: bool = False) -> IOBase:
        """Refuse to load the clip, because other LLMs would ignore its times and `access`.

        Raises:
            InvalidAudio: always.
        """
        raise InvalidAudio(
            "Only AudioLLM opens a clip of a recording: send it to an AudioLLM, or make an AudioBlock of your own."
        )


class AudioNode(TextNode):
    """A text node with audio: its content blocks end with its clip, by reference."""

    sound: str = Field(description="URL of the clip of the recording.")

    def get_content(self, metadata_mode: MetadataMode = MetadataMode.NONE) -> str:
        """Return the node's text. In the mode of LLMs, which read no audio this way, warn once."""
        if metadata_mode is MetadataMode.LLM:
            _warn_of_text_alone()
        return super().get_content(metadata_mode)

    @classmethod
    def class_name(cls) -> str:
        """Return the name of a `TextNode`, under which LlamaIndex stores it. Its metadata still names the clip."""
        return TextNode.class_name()

    def get_content_blocks(self, metadata_mode: MetadataMode = MetadataMode.NONE) -> list[BaseContentBlock]:
        """Return the node's metadata and text, followed by its clip."""
        return [*super().get_content_blocks(metadata_mode), ClipBlock(url=self.sound)]


@functools.cache
def _warn_of_text_alone() -> None:
    _log.warning(
        "The model gets the text of the clips that ClipPostprocessor added, without their audio. "
        "Pass multimodal=True to the query engine, or to get_response_synthesizer."
    )


class ClipPostprocessor(BaseNodePostprocessor):
    """A postprocessor that adds audio to retrieved nodes.

    A query engine or response synthesizer with `multimodal=True` then sends it with the text. Without that, it sends
    only the text, and a warning is logged once. A node without a recording, or whose
    recording has no URL, is returned unchanged. The nodes of the index do not change.

    Example:
        >>> retrieved = NodeWithScore(
        ...     node=TextNode(text="hi", metadata={"source": "file:///a.mp3", "start": 2.0, "end": 3.0})
        ... )
        >>> (with_audio,) = ClipPostprocessor(padding=0.5).postprocess_nodes([retrieved])
        >>> with_audio.node.sound
        'file:///a.mp3#t=1.5,3.5'
    """

    padding: float = Field(default=0.0, ge=0.0, description="Seconds of audio to add before and after.")

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex stores this class."""
        return "ClipPostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return [NodeWithScore(node=self._add_clip(retrieved.node), score=retrieved.score) for retrieved in nodes]

    def _add_clip(self, node: BaseNode) -> BaseNode:
        is_passage = node.metadata.keys() >= {"start", "end"}
        url = get_clip_url(node.metadata, self.padding) if is_passage else None
        if url is None:
            return node
        fields: dict[str, Any] = {name: getattr(node, name) for name in BaseNode.model_fields}
        return AudioNode(**fields, text=node.get_content(MetadataMode.NONE), sound=url)
