"""Time through LlamaIndex's parsers, indexes, pipelines and query engines."""

import pickle
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from llama_index.core import MockEmbedding, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import (
    HierarchicalNodeParser,
    MarkdownNodeParser,
    SentenceSplitter,
    SentenceWindowNodeParser,
    TokenTextSplitter,
    get_leaf_nodes,
)
from llama_index.core.postprocessor import PrevNextNodePostprocessor
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.retrievers import AutoMergingRetriever
from llama_index.core.schema import Document, MetadataMode, NodeRelationship, NodeWithScore, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters, SimpleVectorStore
from pydantic import ValidationError

from audio_core import InvalidAudio, InvalidOption, Segment, Transcript, Word
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply
from audio_core.transcript.passages import split_passages
from llamaindex_audio import (
    AudioLLM,
    AudioReader,
    ClipPostprocessor,
    TranscriptNodeParser,
    cite,
    clip_block,
    restore_times,
)
from llamaindex_audio.nodes import to_document

EMBEDDING = MockEmbedding(embed_dim=4)


def talk(count: int = 200) -> Transcript:
    """Sentences of ten words, each word half a second long, one second between them."""
    segments = []
    for number in range(count):
        start = number * 6.0
        words = tuple(Word(start + at / 2, start + at / 2 + 0.5, f"w{number}x{at}") for at in range(10))
        segments.append(Segment(start, start + 5.0, " ".join(word.text for word in words) + ".", words=words))
    return Transcript("", tuple(segments), "en", count * 6.0, "m", "p", source="file:///talk.mp3", sha256="abc")


def documents(granularity: str = "segment", count: int = 200) -> list[Document]:
    return [to_document(each) for each in split_passages(talk(count), granularity=granularity)]


def said_at(word: str) -> float:
    number, at = word.strip(".").removeprefix("w").split("x")
    return int(number) * 6.0 + int(at) / 2


def is_exact(node) -> bool:
    words = node.get_content().split()
    times = (said_at(words[0]), said_at(words[-1]) + 0.5)
    return (node.metadata["start"], node.metadata["end"]) == (
        pytest.approx(times[0], abs=0.001),
        pytest.approx(times[1], abs=0.001),
    )


@pytest.mark.parametrize("granularity", ["segment", "file"])
async def test_nodes_say_their_own_times_and_are_related(granularity: str) -> None:
    parser = TranscriptNodeParser(chunk_size=30, unit="seconds")
    nodes = parser.get_nodes_from_documents(documents(granularity))
    assert len(nodes) == 40
    assert all(is_exact(node) and node.metadata["end"] - node.metadata["start"] <= 30 for node in nodes)
    assert nodes[0].next_node.node_id == nodes[1].node_id
    assert nodes[1].relationships[NodeRelationship.PREVIOUS].node_id == nodes[0].node_id
    assert {node.ref_doc_id for node in nodes} == {
        "file:///talk.mp3" if granularity == "segment" else documents("file")[0].id_
    }
    again = await parser.acall(documents(granularity))
    assert [node.node_id for node in again] == [node.node_id for node in nodes]
    assert nodes[0].get_content(MetadataMode.EMBED) == nodes[0].text
    assert "timeline" not in nodes[0].get_content(MetadataMode.LLM)


def test_tokens_are_those_of_llamaindex_and_travel_with_the_parser() -> None:
    assert TranscriptNodeParser().chunk_size == 1000
    parser = TranscriptNodeParser(chunk_size=120, unit="tokens")
    nodes = parser.get_nodes_from_documents(documents(count=20))
    assert 2 < len(nodes) < 20
    copy = pickle.loads(pickle.dumps(parser))
    assert [node.text for node in copy.get_nodes_from_documents(documents(count=20))] == [node.text for node in nodes]
    with pytest.raises(ValidationError, match="cannot overlap"):
        TranscriptNodeParser(chunk_size=10, chunk_overlap=10)


@pytest.mark.parametrize("splitter", [SentenceSplitter, TokenTextSplitter])
def test_nodes_of_any_parser_get_their_times_back(splitter) -> None:
    nodes = splitter(chunk_size=120, chunk_overlap=0).get_nodes_from_documents(documents("file"))
    found = restore_times(nodes)
    assert len(found) > 10
    assert all(is_exact(node) for node in found)
    assert [node.node_id for node in found] == [node.node_id for node in nodes]
    assert found[0].next_node.node_id == found[1].node_id
    assert nodes[1].metadata["start"] == 0.0  # those that were given are not changed


HIERARCHIES = {
    "of sentences": HierarchicalNodeParser.from_defaults([512, 128]),
    "of transcripts": HierarchicalNodeParser.from_defaults(
        node_parser_ids=["large", "small"],
        node_parser_map={
            "large": TranscriptNodeParser(chunk_size=1000),
            "small": TranscriptNodeParser(chunk_size=200),
        },
    ),
}


@pytest.mark.parametrize("name", HIERARCHIES)
def test_nodes_of_nodes_have_their_own_times(name: str) -> None:
    nodes = restore_times(HIERARCHIES[name].get_nodes_from_documents(documents("file")))
    assert len(nodes) > 60
    assert all(is_exact(node) for node in nodes)
    assert len({node.node_id for node in nodes}) == len(nodes)
    storage = StorageContext.from_defaults()
    storage.docstore.add_documents(nodes)
    index = VectorStoreIndex(get_leaf_nodes(nodes), storage_context=storage, embed_model=EMBEDDING)
    retriever = AutoMergingRetriever(index.as_retriever(similarity_top_k=40), storage)
    assert all(is_exact(found.node) for found in retriever.retrieve("w"))


@pytest.mark.parametrize(
    "parsers",
    [
        [SentenceSplitter(chunk_size=400, chunk_overlap=80), TokenTextSplitter(chunk_size=100, chunk_overlap=20)],
        [MarkdownNodeParser(), SentenceWindowNodeParser()],
    ],
    ids=["overlapping", "sentences"],
)
def test_parsers_one_after_another(parsers) -> None:
    nodes = restore_times(IngestionPipeline(transformations=parsers).run(documents=documents("file")))
    assert len(nodes) > 60
    assert all(is_exact(node) for node in nodes)


def test_a_place_that_cannot_be_proved_is_refused_with_advice_for_llamaindex() -> None:
    (whole,) = documents("file", count=2)
    node = TextNode(text="w0", metadata=whole.metadata)
    with pytest.raises(InvalidOption, match=r"several places.*Pass all nodes.*start_char_idx") as caught:
        restore_times([node])
    assert "add_start_index" not in str(caught.value)


def test_only_neighbors_are_joined_and_related() -> None:
    found = documents()
    parser = TranscriptNodeParser(chunk_size=200)
    nodes = parser.get_nodes_from_documents([found[number] for number in (33, 34, 35, 36, 10, 40, 43)])
    assert [node.metadata["start"] for node in nodes] == [33 * 6.0, 36 * 6.0, 10 * 6.0, 40 * 6.0, 43 * 6.0]
    assert all(is_exact(node) for node in nodes)
    assert [node.next_node is not None for node in nodes] == [True, False, False, False, False]
    assert [node.prev_node is not None for node in nodes] == [False, True, False, False, False]


def test_equal_recordings_are_two_sources() -> None:
    twin = replace(talk(20), source="file:///twin.mp3")
    both = [to_document(each) for transcript in (talk(20), twin) for each in split_passages(transcript)]
    nodes = TranscriptNodeParser().get_nodes_from_documents(both)
    assert len({node.node_id for node in nodes}) == len(nodes)
    assert {node.ref_doc_id for node in nodes} == {"file:///talk.mp3", "file:///twin.mp3"}


def test_a_thousand_segments_through_an_index_on_disk(tmp_path: Path) -> None:
    found = documents(count=1000)
    assert max(len(str(document.metadata)) for document in found) < 1500
    storage = StorageContext.from_defaults()
    nodes = TranscriptNodeParser(chunk_size=6, unit="seconds").get_nodes_from_documents(found)
    storage.docstore.add_documents(nodes)
    VectorStoreIndex(nodes, storage_context=storage, embed_model=EMBEDDING).storage_context.persist(tmp_path)
    loaded = load_index_from_storage(StorageContext.from_defaults(persist_dir=str(tmp_path)), embed_model=EMBEDDING)
    late = MetadataFilters(
        filters=[
            MetadataFilter(key="start", value=60.0, operator=FilterOperator.GTE),
            MetadataFilter(key="start", value=78.0, operator=FilterOperator.LT),
        ]
    )
    found = loaded.as_retriever(filters=late, similarity_top_k=10).retrieve("w")
    assert sorted(each.metadata["start"] for each in found) == [60.0, 66.0, 72.0]
    around = PrevNextNodePostprocessor(docstore=loaded.docstore, num_nodes=1, mode="both").postprocess_nodes(found[:1])
    starts = sorted(each.metadata["start"] for each in around)
    assert [b - a for a, b in pairwise(starts)] == [6.0, 6.0]


def test_a_pipeline_takes_each_recording_once_and_replaces_what_changed() -> None:
    store = SimpleVectorStore()
    pipeline = IngestionPipeline(
        transformations=[TranscriptNodeParser(chunk_size=60, unit="seconds"), EMBEDDING],
        docstore=SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.UPSERTS_AND_DELETE,
        vector_store=store,
    )
    assert len(pipeline.run(documents=documents("file", count=50))) == 5
    assert pipeline.run(documents=documents("file", count=50)) == []
    assert len(pipeline.run(documents=documents("file", count=60))) == 6
    assert len(store.data.embedding_dict) == 6


@pytest.mark.parametrize(
    ("granularity", "parsers"),
    [("segment", []), ("file", [TranscriptNodeParser(chunk_size=200)])],
    ids=["segments", "files"],
)
@pytest.mark.parametrize("strategy", [DocstoreStrategy.UPSERTS, DocstoreStrategy.UPSERTS_AND_DELETE])
def test_a_recording_that_is_transcribed_again_replaces_its_nodes(granularity: str, parsers, strategy) -> None:
    first = talk(20)
    other = replace(first.segments[3], text="other", words=())
    again = replace(first, segments=(*first.segments[:3], other, *first.segments[4:]))
    store = SimpleVectorStore()
    pipeline = IngestionPipeline(
        transformations=[*parsers, EMBEDDING],
        docstore=SimpleDocumentStore(),
        docstore_strategy=strategy,
        vector_store=store,
    )
    first_documents, documents_again = (
        [to_document(each) for each in split_passages(transcript, granularity=granularity)]
        for transcript in (first, again)
    )
    count = len(pipeline.run(documents=first_documents))
    assert pipeline.run(documents=documents_again)
    assert len(store.data.embedding_dict) == count
    index = VectorStoreIndex.from_documents(first_documents, transformations=parsers or None, embed_model=EMBEDDING)
    assert not any(index.refresh_ref_docs(first_documents))
    assert sum(index.refresh_ref_docs(documents_again)) == 1
    assert len(index.docstore.docs) == count


def test_citations_keep_metadata_in_the_citation_engine() -> None:
    nodes = TranscriptNodeParser(chunk_size=30, unit="seconds").get_nodes_from_documents(documents(count=20))
    index = VectorStoreIndex(nodes, embed_model=EMBEDDING)
    engine = CitationQueryEngine.from_args(index, llm=MockLLM(), citation_chunk_size=512, similarity_top_k=2)
    sources = engine.query("w?").source_nodes
    assert len(sources) == 2
    assert {cite(source) for source in sources} < {cite(node) for node in nodes}
    assert all(source.text.startswith("Source ") for source in sources)


class Ears(ScriptedGateway):
    """Counts the recordings that each request brings."""

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        return chat_reply("It is the library.")


MODES = [
    ResponseMode.COMPACT,
    ResponseMode.SIMPLE_SUMMARIZE,
    ResponseMode.TREE_SUMMARIZE,
    ResponseMode.REFINE,
    ResponseMode.ACCUMULATE,
]


@pytest.mark.parametrize("mode", MODES)
def test_what_was_retrieved_is_sent_as_text_and_sound_in_every_mode(call: Path, mode: ResponseMode) -> None:
    nodes = AudioReader(granularity="window", window_seconds=20).load_data(call)
    with Ears() as ears:
        llm = AudioLLM(
            model="m",
            provider="openai",
            api_key="k",
            base_url=ears.base_url,
            access=call.parent,
            context_window=100_000,
        )
        synthesizer = get_response_synthesizer(llm=llm, response_mode=mode, multimodal=True)
        engine = VectorStoreIndex(nodes, embed_model=EMBEDDING).as_query_engine(
            llm=llm,
            response_synthesizer=synthesizer,
            node_postprocessors=[ClipPostprocessor(padding=0.5)],
            similarity_top_k=2,
        )
        response = engine.query("Who is called?")
        sounds = [
            part["input_audio"]
            for request in ears.requests
            for message in request.json["messages"]
            if isinstance(message["content"], list)
            for part in message["content"]
            if part["type"] == "input_audio"
        ]
        texts = str([request.json["messages"] for request in ears.requests])
    assert "library" in str(response)
    assert len(sounds) == 2
    assert all(found.node.get_content()[:20] in texts for found in response.source_nodes)
    assert {cite(found) for found in response.source_nodes} < {cite(node) for node in nodes}


def test_what_is_no_recording_stays_as_it_is() -> None:
    given = [
        NodeWithScore(node=TextNode(text="a page"), score=0.5),
        NodeWithScore(node=TextNode(text="bytes", metadata={"start": 0.0, "end": 1.0}), score=0.4),
    ]
    assert ClipPostprocessor().postprocess_nodes(given) == given
    with pytest.raises(InvalidAudio, match="no path or URL"):
        clip_block(given[1])
