"""`AudioTranscriber`: transcribe the recordings that Documents name, within LlamaIndex's ingestion pipelines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from llama_index.core.schema import (
    BaseNode,
    Document,
    MetadataMode,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
    TransformComponent,
)

from audio_core import Audio, AudioError, InvalidAudio
from audio_core.integration import SUFFIXES, Batch, BatchItem, Passage, compute_sha256, list_fields
from llamaindex_audio.messages import to_audio
from llamaindex_audio.nodes import to_node
from llamaindex_audio.reader_fields import ReaderFields

__all__ = ["AudioTranscriber"]

_NAMES = ("file_path", "source")
_LONGEST_NAME = 2048  # characters of a path or URL


@list_fields(ReaderFields)
class AudioTranscriber(ReaderFields, TransformComponent):
    """A transformation that turns Documents which name recordings into TextNodes with the times of what is said.

    The nodes have the ids and metadata of `AudioReader`'s Documents, also the Document's own metadata, and the Document
    as their source, so that docstores can replace them. A Document (or node) names a recording by

    - its `audio_resource` or `video_resource`,
    - the path or URL in its metadata, as `file_path` or `source`,
    - its text, if that is nothing but a path or URL: `Document(text="s3://bucket/talks/a.mp3")`.

    All other nodes pass through: those with a text of their own, and those that are transcribed already.

    It runs in an `IngestionPipeline`, also with `num_workers`, and in a `RayIngestionPipeline`. The pipeline's cache
    knows a node by its text and metadata only. So a recording that neither of them names is refused: it would get the
    transcript of another. A field that does not exist, or does not accept its value, raises pydantic's
    `ValidationError`.

    Example:
        >>> from llama_index.core.ingestion import IngestionPipeline
        >>> pipeline = IngestionPipeline(transformations=[AudioTranscriber(granularity="file")])
        >>> [node] = pipeline.run(documents=[Document(text="examples/audio/call.mp3")])
        >>> node.text[:37], node.metadata["end"]
        ('good afternoon this is the city libra', 52.7)
    """

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex stores this class."""
        return "AudioTranscriber"

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return the fields, of which a pipeline makes its cache key; bytes of known speakers as their digest."""
        return {**super().to_dict(**kwargs), "known_speakers": _identify_speakers(self.known_speakers)}

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """Transcribe the recordings that nodes name.

        Args:
            nodes: Documents or nodes of any kind.
            **kwargs: of the pipeline; unused.

        Returns:
            The nodes of the recordings, and all other nodes, in the order of what they were made from.

        Raises:
            AudioError: with `on_error="raise"`, if a recording cannot be opened or transcribed.
        """
        items = list(_find_recordings(nodes))
        batch = self._create_batch()
        results = {id(item.source): passages for item, passages in batch.read_each(items)}
        return self._finish(nodes, items, results, batch)

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """Do what a call does on the running event loop."""
        items = await asyncio.to_thread(list, _find_recordings(nodes))
        batch = self._create_batch()
        results = {id(item.source): passages async for item, passages in batch.aread_each(items)}
        return self._finish(nodes, items, results, batch)

    def _finish(
        self, nodes: Sequence[BaseNode], items: Sequence[BatchItem], results: dict[int, list[Passage]], batch: Batch
    ) -> list[BaseNode]:
        """Return the nodes with those of `items` replaced by what was transcribed, if anything was."""
        self._failures, self._usage = batch.failures, batch.usage
        replaced = {id(item.source): [] for item in items} | results
        return [
            new for node in nodes for new in (_to_nodes(replaced[id(node)], node) if id(node) in replaced else [node])
        ]


def _find_recordings(nodes: Iterable[BaseNode]) -> Iterator[BatchItem]:
    """Yield the recording of each node that names one, with the node as its source."""
    for node in nodes:
        try:
            audio = _find_audio(node)
        except AudioError as error:
            yield BatchItem(None, node.metadata, error, node)
        else:
            if audio is not None:
                yield BatchItem(audio, node.metadata, source=node)


def _find_audio(node: BaseNode) -> Audio | None:
    if "start" in node.metadata:  # it is transcribed already
        return None
    resource = getattr(node, "audio_resource", None) or getattr(node, "video_resource", None)
    if resource is not None:
        audio = to_audio(resource, resource.data, resource.path, resource.url, resource.mimetype)
        return _check_named(node, audio, str(resource.path or resource.url or _identify(audio)))
    text = node.get_content().strip()
    is_name = isinstance(node, Document) and _is_name(text)
    if text and not is_name and "\0" not in text:  # SimpleDirectoryReader decodes the bytes of a recording as text
        return None
    for name in (*(node.metadata.get(key) for key in _NAMES), text if is_name else None):
        if (audio := _parse_name(name)) is not None:
            return _check_named(node, audio, str(name))
    return None


def _is_name(text: str) -> bool:
    """Tell whether a text is the path or URL of a recording, and not a sentence that ends with one."""
    audio = _parse_name(text)
    return audio is not None and (len(text.split()) == 1 or audio.path is None or audio.path.is_file())


def _parse_name(name: Any) -> Audio | None:
    """Return the recording that a path or URL names by its suffix."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or "\n" in name:
        return None
    try:
        audio = Audio.of(name)
        path = urlsplit(audio.source or "").path
    except (AudioError, ValueError):  # it is no path or URL
        return None
    return audio if PurePath(path).suffix.lower() in SUFFIXES else None


def _check_named(node: BaseNode, audio: Audio, name: str) -> Audio:
    if name not in node.get_content(MetadataMode.ALL):
        raise InvalidAudio(
            f"LlamaIndex's cache could give {audio.label} the transcript of another recording: it knows a node by its text "
            "and metadata, and of a Document without text it knows nothing. Name the recording by the Document's text, as in "
            "Document(text='talks/a.mp3'): its path or URL, or the SHA-256 of bytes in hex."
        )
    return audio


def _to_nodes(passages: Iterable[Passage], origin: BaseNode) -> Iterator[TextNode]:
    for passage in passages:
        node = to_node(passage)
        # the source has no metadata here, because LlamaIndex would copy it into every node
        node.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=origin.ref_doc_id or origin.node_id)
        node.excluded_embed_metadata_keys += origin.excluded_embed_metadata_keys
        node.excluded_llm_metadata_keys += origin.excluded_llm_metadata_keys
        yield node


def _identify(audio: Audio) -> str:
    return audio.reference or compute_sha256(audio.open_content())


def _identify_speakers(speakers: Mapping[str, Any] | None) -> dict[str, str] | None:
    return None if speakers is None else {name: _identify(Audio.of(sample)) for name, sample in speakers.items()}
