"""Time through LangChain's splitters, stores and indexing."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.indexing import InMemoryRecordManager, index
from langchain_core.messages import HumanMessage
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import (
    CharacterTextSplitter,
    Language,
    MarkdownTextSplitter,
    RecursiveCharacterTextSplitter,
    TextSplitter,
)
from pydantic import BaseModel, ConfigDict

from audio_core import InvalidAudio, InvalidOption, Segment, Transcript, Word
from audio_core.testing import chat_reply
from audio_core.transcript.passages import split_passages
from langchain_audio import AudioLoader, ChatAudio, TranscriptSplitter, cite, clip_block, restore_times
from langchain_audio.documents import to_document


def talk(count: int = 200, *, timed: bool = True) -> Transcript:
    """Sentences of ten words, each word half a second long, one second between them."""
    segments = []
    for number in range(count):
        start = number * 6.0
        words = tuple(Word(start + at / 2, start + at / 2 + 0.5, f"w{number}x{at}") for at in range(10))
        text = " ".join(word.text for word in words) + "."
        segments.append(Segment(start, start + 5.0, text, words=words if timed else ()))
    return Transcript("", tuple(segments), "en", count * 6.0, "m", "p", source="file:///talk.mp3", sha256="abc")


def documents(granularity: str = "segment", **options) -> list[Document]:
    return [to_document(each) for each in split_passages(talk(**options), granularity=granularity)]


def said_at(word: str) -> float:
    number, at = word.strip(".").removeprefix("w").split("x")
    return int(number) * 6.0 + int(at) / 2


def is_exact(document: Document, tolerance: float = 0.001) -> bool:
    words = document.page_content.split()
    return document.metadata["start"] == pytest.approx(said_at(words[0]), abs=tolerance) and document.metadata[
        "end"
    ] == pytest.approx(said_at(words[-1]) + 0.5, abs=tolerance)


@pytest.mark.parametrize("granularity", ["segment", "window", "file"])
async def test_chunks_say_their_own_times_and_name_their_neighbours(granularity: str) -> None:
    splitter = TranscriptSplitter(300)
    found = splitter.split_documents(documents(granularity))
    assert all(len(chunk.page_content) <= 300 and is_exact(chunk) for chunk in found)
    assert len(found) > 30
    assert found[0].metadata["next_id"] == found[1].id
    assert found[1].metadata["previous_id"] == found[0].id
    assert "previous_id" not in found[0].metadata
    assert await splitter.atransform_documents(documents(granularity)) == found


def test_a_models_own_count_of_tokens_decides() -> None:
    found = TranscriptSplitter(25, unit="tokens", length_function=lambda text: len(text.split())).split_documents(
        documents()
    )
    assert {len(chunk.page_content.split()) for chunk in found} == {20}


@pytest.mark.parametrize("granularity", ["window", "file"])
@pytest.mark.parametrize(
    "splitter",
    [
        RecursiveCharacterTextSplitter(chunk_size=120, chunk_overlap=30, add_start_index=True),
        CharacterTextSplitter(separator=" ", chunk_size=90, chunk_overlap=0, add_start_index=True),
    ],
    ids=["recursive", "character"],
)
def test_pieces_of_any_splitter_get_their_times_back(splitter, granularity: str) -> None:
    found = restore_times(splitter.split_documents(documents(granularity)))
    assert len(found) > 80
    assert all(is_exact(piece) for piece in found)
    assert found[3].metadata["clip"].startswith("file:///talk.mp3#t=")
    assert "start_index" not in found[0].metadata
    assert restore_times(found) == found
    assert len({piece.id for piece in found}) == len(found)


def test_without_word_times_they_are_near() -> None:
    splitter = RecursiveCharacterTextSplitter(chunk_size=120, chunk_overlap=0, add_start_index=True)
    found = restore_times(splitter.split_documents(documents("file", timed=False)))
    assert all(is_exact(piece, tolerance=0.3) for piece in found)


NESTED = {
    "plain": (
        RecursiveCharacterTextSplitter(chunk_size=2000, chunk_overlap=0, add_start_index=True),
        RecursiveCharacterTextSplitter(chunk_size=120, chunk_overlap=0, add_start_index=True),
    ),
    "overlapping": (
        RecursiveCharacterTextSplitter(chunk_size=900, chunk_overlap=150, add_start_index=True),
        CharacterTextSplitter(separator=" ", chunk_size=90, chunk_overlap=20, add_start_index=True),
    ),
    "of Markdown and code, without positions": (
        MarkdownTextSplitter(chunk_size=1000, chunk_overlap=0),
        RecursiveCharacterTextSplitter.from_language(Language.PYTHON, chunk_size=150, chunk_overlap=20),
    ),
    "by tokens, where LangChain finds no position": (
        RecursiveCharacterTextSplitter(
            chunk_size=200, chunk_overlap=60, length_function=lambda text: len(text.split()), add_start_index=True
        ),
        RecursiveCharacterTextSplitter(
            chunk_size=20, chunk_overlap=8, length_function=lambda text: len(text.split()), add_start_index=True
        ),
    ),
    "its own": (TranscriptSplitter(1000), TranscriptSplitter(120)),
}


@pytest.mark.parametrize("name", NESTED)
@pytest.mark.parametrize("granularity", ["window", "file"])
def test_pieces_of_pieces_have_their_own_times(granularity: str, name: str) -> None:
    outer, inner = NESTED[name]
    pieces = inner.split_documents(outer.split_documents(documents(granularity)))
    found = restore_times(pieces)
    assert len(found) > 80
    assert all(is_exact(piece) for piece in found)
    assert all(is_exact(*restore_times([piece])) for piece in pieces[::7])


def test_a_sentence_that_is_said_over_and_over_is_placed_or_refused() -> None:
    words = [Word(float(at), at + 1.0, "yes") for at in range(900)]
    segments = tuple(
        Segment(float(at), at + 9.0, "yes " * 8 + "yes", words=tuple(words[at : at + 9])) for at in range(0, 900, 9)
    )
    whole = [to_document(each) for each in split_passages(Transcript("", segments), granularity="file")]
    outer, inner = NESTED["plain"]
    found = restore_times(inner.split_documents(whole))
    assert [each.metadata["start"] for each in found] == [
        sum(len(before.page_content.split()) for before in found[:number]) for number in range(len(found))
    ]
    with pytest.raises(InvalidOption, match=r"several places.*add_start_index=True.*TranscriptSplitter"):
        restore_times(inner.split_documents(outer.split_documents(whole)))


class Retriever(BaseModel):
    """Declares its splitters as `ParentDocumentRetriever` does."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    child_splitter: TextSplitter
    parent_splitter: TextSplitter | None = None


def test_the_splitter_is_a_text_splitter() -> None:
    retriever = Retriever(child_splitter=TranscriptSplitter(120), parent_splitter=TranscriptSplitter(1000))
    for parent in retriever.parent_splitter.split_documents(documents("file")):
        children = retriever.child_splitter.split_documents([parent])
        assert all(is_exact(child) and child.page_content in parent.page_content for child in children)
        assert {child.id for child in children}.isdisjoint({parent.id})
    splitter = TranscriptSplitter(300)
    (whole,) = documents("file")
    assert splitter.create_documents([whole.page_content], [whole.metadata]) == splitter.split_documents([whole])
    assert splitter.split_text("one two " * 100)[0] == "one two " * 37 + "one"
    with pytest.raises(InvalidOption, match="no times"):
        TranscriptSplitter(30, unit="seconds").split_text("one two")
    with pytest.raises(InvalidOption, match="without start and end"):
        splitter.create_documents(["one two"])


def test_only_neighbors_are_joined_and_named() -> None:
    found = documents()
    chunks = TranscriptSplitter(200).split_documents([found[number] for number in (33, 34, 10, 40, 41, 43)])
    assert [chunk.metadata["start"] for chunk in chunks] == [33 * 6.0, 10 * 6.0, 40 * 6.0, 43 * 6.0]
    assert all(is_exact(chunk) for chunk in chunks)
    assert not any({"next_id", "previous_id"} & chunk.metadata.keys() for chunk in chunks)


@pytest.mark.parametrize(
    "size", [(250, "characters"), (1000, "characters"), (2000, "characters"), (512, "tokens"), (90, "seconds")]
)
def test_metadata_of_a_node_with_times_of_words_stays_small(size) -> None:
    choose = random.Random(1)
    segments, at = [], 0
    for _ in range(200):
        words = []
        for _ in range(12):
            start = at + choose.choice([0, 0, 0, 30, 120])
            at = start + choose.randrange(60, 700, 10)
            words.append(Word(start / 1000, at / 1000, "".join(choose.choices("etaoinshr", k=choose.randint(1, 9)))))
        segments.append(Segment(words[0].start, at / 1000, " ".join(word.text for word in words), words=tuple(words)))
        at += 400
    transcript = Transcript(
        "",
        tuple(segments),
        "en",
        at / 1000,
        "whisper-1",
        "openai",
        None,
        "file:///srv/recordings/2026/11/meeting.mp3",
        "ab" * 32,
    )
    chunks = TranscriptSplitter(size[0], unit=size[1]).split_documents(map(to_document, split_passages(transcript)))
    starts = {word.start for segment in segments for word in segment.words}
    assert max(len(json.dumps(chunk.metadata)) for chunk in chunks) < 1500
    assert all(chunk.metadata["start"] in starts for chunk in chunks)


def test_a_thousand_segments_stay_small_flat_and_indexed_once(tmp_path: Path) -> None:
    found = documents(count=1000)
    assert max(len(str(document.metadata)) for document in found) < 1500
    flat = (str, int, float, bool)
    assert all(isinstance(value, flat) for document in found for value in document.metadata.values())
    store, manager = InMemoryVectorStore(DeterministicFakeEmbedding(size=8)), InMemoryRecordManager("talks")
    manager.create_schema()
    facts = {"record_manager": manager, "vector_store": store, "cleanup": "incremental", "source_id_key": "sha256"}
    facts["batch_size"] = 1000  # as large as a recording: LangChain cleans up after each batch
    first = index(found, key_encoder="sha256", **facts)
    again = index(documents(count=1000), key_encoder="sha256", **facts)
    assert (first["num_added"], again["num_added"], again["num_skipped"]) == (1000, 0, 1000)
    store.dump(str(tmp_path / "store.json"))
    loaded = InMemoryVectorStore.load(str(tmp_path / "store.json"), DeterministicFakeEmbedding(size=8))
    late = loaded.similarity_search("w", k=5, filter=lambda document: document.metadata["start"] >= 5900)
    assert len(late) == 5
    assert all(document.metadata["start"] >= 5900 for document in late)


@pytest.mark.parametrize("granularity", ["segment", "window", "file"])
def test_a_recording_that_is_transcribed_again_replaces_what_a_store_holds(granularity: str) -> None:
    first = talk(20)
    again = replace(
        first, segments=(*first.segments[:3], replace(first.segments[3], text="other", words=()), *first.segments[4:])
    )
    twin = replace(first, source="file:///twin.mp3")
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=8))
    for transcript in (first, twin, again):
        store.add_documents([to_document(each) for each in split_passages(transcript, granularity=granularity)])
    assert len(store.store) == 2 * len(list(split_passages(first, granularity=granularity)))
    assert sum("other" in document["text"].split() for document in store.store.values()) == 1


def test_a_document_is_cited_and_heard_again(gateway, call: Path) -> None:
    gateway.will_answer(chat_reply("The library."))
    document = AudioLoader(call, granularity="window", window_seconds=10).load()[0]
    assert cite(document) == "[call 00:00–00:10]"
    block = clip_block(document, padding=0.25)
    assert block["url"].startswith(call.resolve().as_uri() + "#t=0.36,")
    assert len(str(block)) < 200
    model = ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=call.parent)
    assert model.invoke([HumanMessage([{"type": "text", "text": "Who?"}, block])]).text == "The library."
    assert gateway.requests[0].json["messages"][0]["content"][1]["input_audio"]["format"] in ("wav", "mp3")


def test_what_has_no_url_cannot_be_heard_again() -> None:
    with pytest.raises(InvalidAudio, match="no path or URL"):
        clip_block(Document("hi", metadata={"start": 0.0, "end": 1.0}))
