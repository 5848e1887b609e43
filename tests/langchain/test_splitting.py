"""Time through LangChain's splitters, stores and indexing."""

from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.indexing import InMemoryRecordManager, index
from langchain_core.messages import HumanMessage
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import CharacterTextSplitter, RecursiveCharacterTextSplitter

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


def test_a_splitter_that_does_not_say_where_it_cut_is_named() -> None:
    pieces = RecursiveCharacterTextSplitter(chunk_size=120, chunk_overlap=0).split_documents(documents("file"))
    with pytest.raises(InvalidOption, match="add_start_index=True"):
        restore_times(pieces)


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


def test_a_document_is_cited_and_heard_again(gateway, call: Path) -> None:
    gateway.will_answer(chat_reply("The library."))
    document = AudioLoader(call, granularity="window", window_seconds=10).load()[0]
    assert cite(document) == "[00:00–00:10]"
    block = clip_block(document, padding=0.25)
    assert block["url"].startswith(call.resolve().as_uri() + "#t=0.36,")
    assert len(str(block)) < 200
    model = ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=call.parent)
    assert model.invoke([HumanMessage([{"type": "text", "text": "Who?"}, block])]).text == "The library."
    assert gateway.requests[0].json["messages"][0]["content"][1]["input_audio"]["format"] in ("wav", "mp3")


def test_what_has_no_url_cannot_be_heard_again() -> None:
    with pytest.raises(InvalidAudio, match="no path or URL"):
        clip_block(Document("hi", metadata={"start": 0.0, "end": 1.0}))
