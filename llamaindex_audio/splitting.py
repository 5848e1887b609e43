"""Split transcribed Documents into nodes with exact times, and restore the times of nodes that other parsers made."""

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
    """A node parser that joins and splits the Documents of an `AudioReader` into nodes for retrieval.

    A node holds whole segments. Only a segment that exceeds the size by itself is split, between words. Every node has
    its own `start`, `end`, `clip` and `speaker` (`speakers` if there are several), a stable id, and relations to the
    nodes before and after it.

    If a recording is one Document (`AudioReader(granularity="file")`), that Document is the source of its nodes,
    because docstores need it to replace and delete them. If a recording is several Documents, the source is its
    `sha256`.

    Raises:
        InvalidOption: if the size is not above zero, or the overlap is not below the size.

    Example:
        >>> from llamaindex_audio import AudioReader
        >>> documents = AudioReader().load_data("examples/audio/call.mp3")
        >>> first, *others = TranscriptNodeParser(chunk_size=20, unit="seconds").get_nodes_from_documents(documents)
        >>> first.metadata["end"] - first.metadata["start"] <= 20
        True
    """

    chunk_size: float = Field(default=512, description="The maximum size of a node, in `unit`.")
    chunk_overlap: float = Field(
        default=0, description="The maximum overlap of a node with the one before it, in `unit`."
    )
    unit: Unit = Field(
        default="tokens", description="The unit of the size. Tokens are those of LlamaIndex's tokenizer."
    )
    _size: ChunkSize = PrivateAttr()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # pyright: ignore[reportUnknownMemberType]
        count = _count_tokens if self.unit == "tokens" else None
        self._size = ChunkSize(self.chunk_size, self.chunk_overlap, self.unit, count)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex stores this class."""
        return "TranscriptNodeParser"

    def _parse_nodes(self, nodes: Sequence[BaseNode], show_progress: bool = False, **kwargs: Any) -> list[BaseNode]:
        return [node for _, group in groupby(nodes, _identify_recording) for node in self._build_nodes(list(group))]

    def _build_nodes(self, recording: Sequence[BaseNode]) -> list[TextNode]:
        nodes = [to_node(chunk) for chunk in chunk_passages(map(_to_passage, recording), self._size)]
        source = recording[0].node_id if len(recording) == 1 else _identify_recording(recording[0])
        for node in nodes:  # the source has no metadata here, because LlamaIndex would copy it into every node
            node.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=source)
        return nodes


def restore_times(nodes: Iterable[BaseNode]) -> list[BaseNode]:
    """Return nodes that any node parser made from transcribed Documents with their own `start`, `end` and `clip`.

    The times are those of the words if the Documents were read with `words=True`. Otherwise they are interpolated
    within segments. Ids and relations do not change.

    Args:
        nodes: nodes with `start_char_idx` (characters), which LlamaIndex's parsers set. A node that was not split is
            returned unchanged.

    Raises:
        InvalidOption: if a node has no `start` and `end`, or was split and has no `start_char_idx`.

    Example:
        >>> from llama_index.core.node_parser import SentenceSplitter
        >>> from llamaindex_audio import AudioReader
        >>> documents = AudioReader(granularity="file", words=True).load_data("examples/audio/call.mp3")
        >>> nodes = restore_times(SentenceSplitter(chunk_size=100, chunk_overlap=0).get_nodes_from_documents(documents))
        >>> nodes[0].metadata["end"] <= nodes[1].metadata["start"]
        True
    """
    return [_restore_node(node) for node in nodes]


def _restore_node(node: BaseNode) -> BaseNode:
    passage = _to_passage(node)
    restored = restore_passage(passage, node.start_char_idx if isinstance(node, TextNode) else None)
    return node if restored is passage else node.model_copy(update={"metadata": restored.metadata})


def _to_passage(node: BaseNode) -> Passage:
    return Passage(node.node_id, node.get_content(MetadataMode.NONE), node.metadata)


def _identify_recording(node: BaseNode) -> str:
    return str(node.metadata.get("sha256") or node.metadata.get("source") or node.node_id)


def _count_tokens(text: str) -> float:
    return len(cast("list[int]", get_tokenizer()(text)))
