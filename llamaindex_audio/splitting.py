"""Split transcribed Documents into nodes with exact times, and restore the times of nodes that other parsers made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Self, cast

from llama_index.core.bridge.pydantic import Field, model_validator
from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, Document, MetadataMode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.utils import get_tokenizer  # pyright: ignore[reportUnknownVariableType]

from audio_core.integration import (
    ChunkSize,
    Cut,
    Passage,
    Unit,
    are_neighbors,
    check_fields,
    chunk_passages,
    identify_recording,
    list_fields,
    restore_passages,
)
from llamaindex_audio.nodes import to_node

__all__ = ["TranscriptNodeParser", "restore_times"]

_ADVICE = "Pass all nodes of the parser, in order and with their start_char_idx, or split with TranscriptNodeParser."


@list_fields()
class TranscriptNodeParser(NodeParser):
    """A node parser that joins and splits the Documents of an `AudioReader` into nodes for retrieval.

    A node holds whole segments. Only a segment that exceeds the size by itself is split, between words. Every node has
    its own `start`, `end`, `clip` and `speaker` (`speakers` if there are several), a stable id, and relations to its
    neighbors. Documents that do not follow each other in their recording are not joined.

    If a recording is one Document (`AudioReader(granularity="file")`), that Document is the source of its nodes,
    because docstores need it to replace and delete them. If a recording is several Documents, the source is its URL,
    or the `sha256` of bytes.

    `HierarchicalNodeParser` takes several of these parsers in its `node_parser_map`, and all times stay exact.

    A field that does not exist, or does not accept its value, raises pydantic's `ValidationError`, a `ValueError`. So
    does an overlap that is not below the size.

    Example:
        >>> from llamaindex_audio import AudioReader
        >>> documents = AudioReader().load_data("examples/audio/call.mp3")
        >>> first, *others = TranscriptNodeParser(chunk_size=20, unit="seconds").get_nodes_from_documents(documents)
        >>> first.metadata["end"] - first.metadata["start"] <= 20
        True
    """

    chunk_size: float = Field(
        default=1000,
        description="The maximum size of a node, in `unit`; the same as of LangChain's TranscriptSplitter.",
    )
    chunk_overlap: float = Field(
        default=0, description="The maximum overlap of a node with the one before it, in `unit`."
    )
    unit: Unit = Field(
        default="characters", description="The unit of the size. Tokens are those of LlamaIndex's tokenizer."
    )

    _check_fields = model_validator(mode="before")(check_fields)

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        self._build_size()
        return self

    def _build_size(self) -> ChunkSize:
        count = _count_tokens if self.unit == "tokens" else None
        return ChunkSize(self.chunk_size, self.chunk_overlap, self.unit, count)

    @classmethod
    def from_defaults(cls, **kwargs: Any) -> TranscriptNodeParser:
        """Create a parser, under the name that LlamaIndex's parsers have for it."""
        return cls(**kwargs)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex stores this class."""
        return "TranscriptNodeParser"

    def _parse_nodes(self, nodes: Sequence[BaseNode], show_progress: bool = False, **kwargs: Any) -> list[BaseNode]:
        sources = _find_sources(nodes)
        parsed = list[BaseNode]()
        for chunk in chunk_passages(map(_to_passage, nodes), self._build_size()):
            node = to_node(chunk)
            # the source has no metadata here, because LlamaIndex would copy it into every node
            source = RelatedNodeInfo(node_id=sources[identify_recording(chunk.metadata)])
            node.relationships[NodeRelationship.SOURCE] = source
            parsed.append(node)
        return parsed

    def _postprocess_parsed_nodes(self, nodes: list[BaseNode], parent_doc_map: dict[str, Document]) -> list[BaseNode]:
        nodes = super()._postprocess_parsed_nodes(nodes, parent_doc_map)
        for node, following in pairwise(nodes):
            if not are_neighbors(_to_passage(node), _to_passage(following)):  # LlamaIndex relates all of a source
                node.relationships.pop(NodeRelationship.NEXT, None)
                following.relationships.pop(NodeRelationship.PREVIOUS, None)
        return nodes


def restore_times(nodes: Iterable[BaseNode]) -> list[BaseNode]:
    """Return nodes that any node parsers made from transcribed Documents with their own `start`, `end` and `clip`.

    The place of each node is proved by its text, so that the nodes of a `HierarchicalNodeParser` get their times too.
    White space and case may have been changed. The times are those of the words if the Documents were read with
    `words=True`. Otherwise they are interpolated within segments. Ids and relations do not change.

    Args:
        nodes: the nodes, best all of a parser, in order: then those are found too whose text is said more than once. A
            node that was not split is returned unchanged.

    Raises:
        InvalidOption: if a node has no `start` and `end`, or it cannot be proved where it was split.

    Example:
        >>> from llama_index.core.node_parser import SentenceSplitter
        >>> from llamaindex_audio import AudioReader
        >>> documents = AudioReader(granularity="file", words=True).load_data("examples/audio/call.mp3")
        >>> nodes = restore_times(SentenceSplitter(chunk_size=100, chunk_overlap=0).get_nodes_from_documents(documents))
        >>> nodes[0].metadata["end"] <= nodes[1].metadata["start"]
        True
    """
    nodes = list(nodes)
    cuts = [Cut(_to_passage(node), node.start_char_idx if isinstance(node, TextNode) else None) for node in nodes]
    return [_to_restored(*pair) for pair in zip(nodes, restore_passages(cuts, _ADVICE), strict=True)]


def _to_restored(node: BaseNode, passage: Passage) -> BaseNode:
    return node if passage.metadata is node.metadata else node.model_copy(update={"metadata": passage.metadata})


def _to_passage(node: BaseNode) -> Passage:
    return Passage(node.node_id, node.get_content(MetadataMode.NONE), node.metadata)


def _find_sources(nodes: Sequence[BaseNode]) -> dict[str, str]:
    """Return for each recording the id of the source of its nodes: the only one they have, or what identifies it."""
    ids = defaultdict[str, list[str]](list)
    for node in nodes:
        ids[identify_recording(node.metadata)].append(node.ref_doc_id or node.node_id)
    return {recording: of[0] if len({*of}) == 1 else recording or of[-1] for recording, of in ids.items()}


def _count_tokens(text: str) -> float:
    return len(cast("list[int]", get_tokenizer()(text)))
