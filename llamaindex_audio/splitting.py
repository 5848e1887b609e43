"""Transcribed Documents in nodes that keep their times, and times given back to what other parsers have cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, cast

from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, MetadataMode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.utils import get_tokenizer  # pyright: ignore[reportUnknownVariableType]

from audio_core.integration import ChunkSize, Passage, Unit, chunk_passages, restore_passage
from llamaindex_audio.nodes import to_node

__all__ = ["TranscriptNodeParser", "restore_times"]


class TranscriptNodeParser(NodeParser):
    """Joins and cuts the Documents of an `AudioReader` into nodes for retrieval.

    A node holds whole segments; only a segment that is too long by itself is cut, between words. Each says its own `start`,
    `end`, `clip` and `speaker` (several are `speakers`), has a stable id, and is related to the nodes beside it.

    The source of a recording's nodes is its Document if it is one (`AudioReader(granularity="file")`), as docstores need to
    replace and delete them; if it came in several, its `sha256`.

    Raises:
        InvalidOption: if nothing fits, or the overlap is not below the size.

    Example:
        >>> documents = AudioReader().load_data("examples/audio/call.mp3")
        >>> first, *others = TranscriptNodeParser(chunk_size=20, unit="seconds").get_nodes_from_documents(documents)
        >>> first.metadata["end"] - first.metadata["start"] <= 20
        True
    """

    chunk_size: float = Field(default=512, description="The most that a node may hold, in `unit`.")
    chunk_overlap: float = Field(default=0, description="How much of the node before it a node may begin with again.")
    unit: Unit = Field(default="tokens", description="What the size is counted in; tokens by LlamaIndex's tokenizer.")
    _size: ChunkSize = PrivateAttr()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # pyright: ignore[reportUnknownMemberType]
        count = _count_tokens if self.unit == "tokens" else None
        self._size = ChunkSize(self.chunk_size, self.chunk_overlap, self.unit, count)

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex stores this class."""
        return "TranscriptNodeParser"

    def _parse_nodes(self, nodes: Sequence[BaseNode], show_progress: bool = False, **kwargs: Any) -> list[BaseNode]:
        return [node for _, group in groupby(nodes, _identify_recording) for node in self._build_nodes(list(group))]

    def _build_nodes(self, recording: Sequence[BaseNode]) -> list[TextNode]:
        found = [to_node(chunk) for chunk in chunk_passages(map(_to_passage, recording), self._size)]
        source = recording[0].node_id if len(recording) == 1 else _identify_recording(recording[0])
        for node in found:  # without its metadata, which LlamaIndex would copy into every node
            node.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=source)
        return found


def restore_times(nodes: Iterable[BaseNode]) -> list[BaseNode]:
    """Give nodes that any node parser made of transcribed Documents their own `start`, `end` and `clip`.

    Times are those of the words, if the Documents were read with `words=True`, else they are spread over segments. Ids and
    relations stay.

    Args:
        nodes: with `start_char_idx`, as LlamaIndex's parsers set it. Nodes that nobody cut come back as they are.

    Raises:
        InvalidOption: if a node says no times, or does not say where it was cut.

    Example:
        >>> from llama_index.core.node_parser import SentenceSplitter
        >>> documents = AudioReader(granularity="file", words=True).load_data("examples/audio/call.mp3")
        >>> nodes = restore_times(SentenceSplitter(chunk_size=100, chunk_overlap=0).get_nodes_from_documents(documents))
        >>> nodes[0].metadata["end"] <= nodes[1].metadata["start"]
        True
    """
    return [_restore(node) for node in nodes]


def _restore(node: BaseNode) -> BaseNode:
    given = _to_passage(node)
    found = restore_passage(given, node.start_char_idx if isinstance(node, TextNode) else None)
    return node if found is given else node.model_copy(update={"metadata": found.metadata})


def _to_passage(node: BaseNode) -> Passage:
    return Passage(node.node_id, node.get_content(MetadataMode.NONE), node.metadata)


def _identify_recording(node: BaseNode) -> str:
    return str(node.metadata.get("sha256") or node.metadata.get("source") or node.node_id)


def _count_tokens(text: str) -> float:
    return len(cast("list[int]", get_tokenizer()(text)))
