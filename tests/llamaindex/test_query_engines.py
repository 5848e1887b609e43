"""Nodes of recordings in LlamaIndex's query engines and pipelines."""

import logging
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import MockEmbedding, VectorStoreIndex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.query_engine import CitationQueryEngine, RetrieverQueryEngine
from llama_index.core.schema import Document, NodeWithScore, TextNode
from requests.exceptions import InvalidSchema

from audio_core.testing import ScriptedGateway, chat_reply
from llamaindex_audio import AudioLLM, ClipPostprocessor, TranscriptNodeParser, cite
from llamaindex_audio.citations import _warn_of_text_alone


def llm(gateway: ScriptedGateway, call: Path) -> AudioLLM:
    return AudioLLM(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=call.parent)


def documents(call: Path) -> list[Document]:
    texts = ["one two three", "four five six", "seven eight nine", "ten eleven twelve"]
    return [
        Document(text=text, metadata={"source": call.as_uri(), "start": 10.0 * at, "end": 10.0 * at + 8.0})
        for at, text in enumerate(texts)
    ]


def index(call: Path) -> VectorStoreIndex:
    nodes = TranscriptNodeParser(chunk_size=8, unit="seconds").get_nodes_from_documents(documents(call))
    return VectorStoreIndex(nodes, embed_model=MockEmbedding(embed_dim=4))


def count_clips(gateway: ScriptedGateway) -> int:
    return str([request.json["messages"] for request in gateway.requests]).count("'input_audio':")


@pytest.fixture(autouse=True)
def forget_warnings() -> Iterator[None]:
    _warn_of_text_alone.cache_clear()
    yield
    _warn_of_text_alone.cache_clear()


def test_a_query_engine_without_audio_says_once_what_to_set(gateway, call: Path, caplog) -> None:
    options: dict[str, Any] = {"llm": llm(gateway, call), "node_postprocessors": [ClipPostprocessor()]}
    engine = RetrieverQueryEngine.from_args(index(call).as_retriever(similarity_top_k=2), **options)
    with caplog.at_level(logging.WARNING, "audio_core"):
        engine.query("What?")
        engine.query("What else?")
    assert count_clips(gateway) == 0
    (message,) = caplog.messages
    assert "without their audio. Pass multimodal=True" in message


def test_a_multimodal_query_engine_sends_audio_and_warns_of_nothing(gateway, call: Path, caplog) -> None:
    options: dict[str, Any] = {"llm": llm(gateway, call), "node_postprocessors": [ClipPostprocessor()]}
    retriever = index(call).as_retriever(similarity_top_k=2)
    RetrieverQueryEngine.from_args(retriever, multimodal=True, **options).query("What?")
    assert count_clips(gateway) == 2
    assert caplog.messages == []


def test_a_citation_query_engine_keeps_the_times_of_nodes(gateway, call: Path) -> None:
    gateway.will_answer(chat_reply("Two [1]."))
    engine = CitationQueryEngine.from_args(index(call), llm=llm(gateway, call), similarity_top_k=2)
    found = engine.query("What?").source_nodes
    expected = {document.text: cite(document) for document in documents(call)}
    assert [cite(node) for node in found] == [
        next(citation for text, citation in expected.items() if text in node.node.get_content()) for node in found
    ]
    assert len(found) == 2


@pytest.mark.xfail(raises=InvalidSchema, reason="llama-index-core 0.14 makes its own blocks, and downloads file: URLs")
def test_a_citation_query_engine_sends_audio(gateway, call: Path) -> None:
    options: dict[str, Any] = {"llm": llm(gateway, call), "node_postprocessors": [ClipPostprocessor()]}
    CitationQueryEngine.from_args(index(call), multimodal=True, **options).query("What?")
    assert count_clips(gateway)


def test_nodes_pass_through_the_processes_of_an_ingestion_pipeline(call: Path) -> None:
    pipeline = IngestionPipeline(transformations=[TranscriptNodeParser(chunk_size=8, unit="seconds")])
    alone, side_by_side = (pipeline.run(documents=documents(call), num_workers=workers) for workers in (None, 2))
    times = [(node.get_content(), node.metadata["start"], node.metadata["clip"]) for node in side_by_side]
    assert times == [(node.get_content(), node.metadata["start"], node.metadata["clip"]) for node in alone]
    assert [start for _, start, _ in times] == [0.0, 10.0, 20.0, 30.0]


def test_a_node_with_its_clip_pickles() -> None:
    node = TextNode(text="hi", metadata={"source": "file:///a.mp3", "start": 2.0, "end": 3.0})
    (with_clip,) = ClipPostprocessor().postprocess_nodes([NodeWithScore(node=node)])
    assert pickle.loads(pickle.dumps(with_clip)) == with_clip
