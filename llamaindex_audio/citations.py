"""From a node back to its recording: a citation to read, a block to hear, and retrieved nodes that bring their sound."""

from __future__ import annotations

import math
from io import IOBase
from typing import Any

from llama_index.core.base.llms.types import AudioBlock, BaseContentBlock
from llama_index.core.bridge.pydantic import Field
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, QueryBundle, TextNode

from audio_core import Audio, InvalidAudio
from audio_core.integration import format_citation, get_clip_url

__all__ = ["AudioNode", "ClipBlock", "ClipPostprocessor", "cite", "clip_block"]

_TOKENS_PER_SECOND = 32


def cite(node: BaseNode | NodeWithScore, *, link: bool = False) -> str:
    """Where a node stands in its recording and who speaks, such as `[12:07–12:31] Ann`.

    Args:
        node: of an `AudioReader` or `TranscriptNodeParser`.
        link: whether it is a Markdown link to the very stretch.

    Raises:
        InvalidOption: if the node says no times.

    Example:
        >>> cite(TextNode(text="hi", metadata={"start": 727.1, "end": 751.4, "speaker": "Ann"}))
        '[12:07–12:31] Ann'
    """
    return format_citation(node.metadata, link=link)


def clip_block(node: BaseNode | NodeWithScore, padding: float = 0.0) -> AudioBlock:
    """A block for a message with the very stretch of sound that a node was heard in; it is opened when it is sent.

    `AudioLLM` opens it if its `access` allows the folder.

    Args:
        node: of an `AudioReader` or `TranscriptNodeParser`.
        padding: seconds to add before and after.

    Raises:
        InvalidAudio: if the recording has no URL, as when it was read from bytes.
        InvalidOption: if the node says no times.

    Example:
        >>> str(clip_block(TextNode(text="hi", metadata={"source": "file:///a.mp3", "start": 12.0, "end": 30.5})).url)
        'file:///a.mp3#t=12,30.5'
    """
    url = get_clip_url(node.metadata, padding)
    if url is None:
        raise InvalidAudio("The node's recording has no path or URL, so it cannot be heard again: read it from one.")
    return ClipBlock(url=url)


class ClipBlock(AudioBlock):
    """A stretch of a recording by reference. `AudioLLM` opens it; LlamaIndex's own estimate of its tokens need not."""

    async def aestimate_tokens(self, *args: Any, **kwargs: Any) -> int:
        """Tokens for its seconds, at LlamaIndex's own rate: 32 a second (https://ai.google.dev/gemini-api/docs/tokens)."""
        audio = Audio.of(str(self.url))
        return math.ceil(((audio.end or 0.0) - (audio.start or 0.0)) * _TOKENS_PER_SECOND)

    def inline_url(self) -> str:
        """Its URL, not its bytes; with a host, as LlamaIndex's prompt templates take what has none for a path."""
        return str(self.url).replace("file:///", "file://localhost/", 1)

    def resolve_audio(self, as_base64: bool = False) -> IOBase:
        """Nothing: an LLM that would load it itself knows neither clips nor `access`.

        Raises:
            InvalidAudio: always.
        """
        raise InvalidAudio(
            "A clip of a recording is opened by AudioLLM only: give it to that, or make an AudioBlock of your own."
        )


class AudioNode(TextNode):
    """A text node that is heard too: its content blocks end with its sound, by reference."""

    sound: str = Field(description="URL of the stretch of the recording.")

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex stores it: a text node, whose metadata still say where its sound is."""
        return TextNode.class_name()

    def get_content_blocks(self, metadata_mode: MetadataMode = MetadataMode.NONE) -> list[BaseContentBlock]:
        """Its metadata and text, and its sound."""
        return [*super().get_content_blocks(metadata_mode), ClipBlock(url=self.sound)]


class ClipPostprocessor(BaseNodePostprocessor):
    """Gives retrieved nodes their sound, so that `get_response_synthesizer(multimodal=True)` sends it beside the text.

    Nodes that are of no recording, or of one without a URL, stay as they are. The nodes of the index are not changed.

    Example:
        >>> found = NodeWithScore(
        ...     node=TextNode(text="hi", metadata={"source": "file:///a.mp3", "start": 2.0, "end": 3.0})
        ... )
        >>> (heard,) = ClipPostprocessor(padding=0.5).postprocess_nodes([found])
        >>> heard.node.sound
        'file:///a.mp3#t=1.5,3.5'
    """

    padding: float = Field(default=0.0, ge=0.0, description="Seconds of sound to add before and after.")

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex stores this class."""
        return "ClipPostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return [NodeWithScore(node=self._add_clip(found.node), score=found.score) for found in nodes]

    def _add_clip(self, node: BaseNode) -> BaseNode:
        is_passage = node.metadata.keys() >= {"start", "end"}
        url = get_clip_url(node.metadata, self.padding) if is_passage else None
        if url is None:
            return node
        facts: dict[str, Any] = {name: getattr(node, name) for name in BaseNode.model_fields}
        return AudioNode(**facts, text=node.get_content(MetadataMode.NONE), sound=url)
