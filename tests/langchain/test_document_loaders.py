"""`AudioLoader` and `AudioParser`."""

import asyncio
from pathlib import Path

import pytest
from langchain_core.document_loaders.blob_loaders import Blob

from audio_core import Audio, AudioNotFound, InvalidAudio, MissingAPIKey, UnknownOption, UnknownProvider
from audio_core.testing import Reply
from langchain_audio import AudioLoader, AudioParser

REPLY = Reply(
    {
        "text": "one two",
        "language": "en",
        "segments": [
            {"start": 0.0, "end": 1.0, "text": "one", "speaker": "A"},
            {"start": 1.5, "end": 2.0, "text": "two"},
        ],
    }
)


def remote(gateway, **options) -> dict:
    return {"provider": "openai", "model": "w", "api_key": "k", "base_url": gateway.base_url, **options}


def test_documents_say_where_they_stand_and_are_the_same_async(call: Path) -> None:
    documents = AudioLoader(call).load()
    assert [document.metadata["segment"] for document in documents] == list(range(11))
    first = documents[0]
    assert first.page_content.startswith("good afternoon")
    assert first.metadata["clip"] == f"{call.as_uri()}#t={first.metadata['start']:g},{first.metadata['end']:g}"
    assert first.metadata.keys() == {
        "source",
        "start",
        "end",
        "clip",
        "segment",
        "language",
        "duration",
        "model",
        "provider",
        "sha256",
        "timeline",
    }
    assert asyncio.run(AudioLoader(call).aload()) == documents


def test_a_documents_clip_names_the_very_stretch(call: Path) -> None:
    document = AudioLoader(call).load()[3]
    (again,) = AudioLoader(document.metadata["clip"]).load()
    assert "number" in document.page_content
    assert "number" in again.page_content
    assert again.metadata["start"] >= document.metadata["start"] - 0.01


@pytest.mark.parametrize("kind", ["path", "text", "url", "bytes", "file", "audio", "blob", "blob in memory"])
def test_every_kind_of_source(gateway, call: Path, kind: str) -> None:
    gateway.will_answer(REPLY)
    with call.open("rb") as file:
        source = {
            "path": call,
            "text": str(call),
            "url": call.as_uri(),
            "bytes": call.read_bytes(),
            "file": file,
            "audio": Audio.of(call),
            "blob": Blob.from_path(call),
            "blob in memory": Blob.from_data(call.read_bytes(), mime_type="audio/mpeg", path="x.mp3"),
        }[kind]
        documents = AudioLoader(source, **remote(gateway)).load()
    assert [document.page_content for document in documents] == ["one", "two"]
    assert gateway.requests[0].parts[-1].content == call.read_bytes()


def test_a_parser_opens_a_blob_in_a_bucket(gateway, memory, call: Path) -> None:
    gateway.will_answer(REPLY)
    memory.pipe("/talks/call.mp3", call.read_bytes())
    first, *_ = AudioParser(**remote(gateway)).lazy_parse(Blob.from_path("memory://talks/call.mp3"))
    assert first.metadata["source"] == "memory://talks/call.mp3"


def test_a_parser_keeps_the_blobs_own_metadata(gateway, call: Path) -> None:
    gateway.will_answer(REPLY)
    parser = AudioParser(**remote(gateway))
    blob = Blob.from_data(call.read_bytes(), metadata={"case": 7, "source": "tape 3"})
    documents = list(parser.lazy_parse(blob))
    assert documents[0].metadata["case"] == 7
    assert documents[0].metadata["source"] == "tape 3"
    assert documents[0].metadata["speaker"] == "A"

    async def later() -> list:
        return [document async for document in parser.alazy_parse(blob)]

    assert asyncio.run(later()) == documents


def test_granularity(gateway, call: Path) -> None:
    gateway.will_answer(REPLY)
    (window,) = AudioLoader(call, **remote(gateway, granularity="window")).load()
    (file,) = AudioLoader(call, **remote(gateway, granularity="file")).load()
    assert (window.page_content, file.page_content) == ("one two", "one two")


def test_options_reach_the_gateway(gateway, call: Path) -> None:
    gateway.will_answer(REPLY)
    AudioLoader(call, **remote(gateway, language="en", prompt="Ann", temperature=0.0, extra={"eu_native": True})).load()
    sent = gateway.requests[0].form
    assert (sent["language"], sent["prompt"], sent["temperature"], sent["eu_native"]) == (
        ["en"],
        ["Ann"],
        ["0.0"],
        ["true"],
    )


def test_it_works_inside_a_running_loop(call: Path) -> None:
    async def notebook() -> int:
        return len(AudioLoader(f"{call}#t=0,4.7").load())

    assert asyncio.run(notebook()) == 1


def test_nothing_is_opened_before_the_first_document_is_asked_for() -> None:
    documents = AudioLoader("no-such.mp3").lazy_load()
    with pytest.raises(AudioNotFound, match=r"no-such\.mp3"):
        next(documents)


def test_what_is_wrong_is_said(call: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.mp3").write_bytes(b"%PDF-1.7")
    with pytest.raises(InvalidAudio, match="a PDF"):
        AudioLoader(tmp_path / "notes.mp3").load()
    with pytest.raises(AudioNotFound, match=r"holds no file with a suffix such as"):
        AudioLoader(tmp_path, suffixes=[".flac"]).load()
    with pytest.raises(UnknownProvider):
        AudioLoader(call, provider="nobody")
    with pytest.raises(UnknownOption, match=r"AudioLoader has no option 'modle'\. Did you mean 'model'"):
        AudioLoader(call, modle="w")
    with pytest.raises(MissingAPIKey, match="CORTECS_API_KEY"):
        AudioLoader(call, provider="cortecs", model="w").load()
    with pytest.raises(InvalidAudio, match="holds text"):
        list(AudioParser().lazy_parse(Blob.from_data("text")))
