"""`AudioReader`, by itself and in LlamaIndex's own readers."""

import asyncio
import base64
import io
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from llama_index.core import SimpleDirectoryReader
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.readers.base import BaseReader, ReaderConfig
from llama_index.core.schema import MetadataMode
from pydantic import ValidationError

from audio_core import PROVIDERS, Audio, AudioNotFound, InvalidAudio, MissingAPIKey
from audio_core.testing import Reply, tone
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

REPLY = Reply(
    {
        "text": "one two",
        "segments": [{"start": 0.0, "end": 1.0, "text": "one"}, {"start": 1.5, "end": 2.0, "text": "two"}],
    }
)


def remote(gateway, **options) -> AudioReader:
    return AudioReader(provider="openai", model="w", api_key="sk-secret-key-1", base_url=gateway.base_url, **options)


def test_it_is_a_llamaindex_reader() -> None:
    assert BaseReader.__name__ in [base.__name__ for base in AudioReader.__mro__]


def test_documents_are_those_of_langchain_and_the_same_async(call: Path) -> None:
    documents = AudioReader().load_data(call)
    theirs = AudioLoader(call).load()
    assert [(d.id_, d.text, d.metadata) for d in documents] == [(d.id, d.page_content, d.metadata) for d in theirs]
    assert [d.to_dict() for d in asyncio.run(AudioReader().aload_data(call))] == [d.to_dict() for d in documents]


def test_times_are_kept_from_the_embedding_and_shown_to_the_model(gateway, call: Path) -> None:
    gateway.will_answer(REPLY)
    first, _ = remote(gateway).load_data(call)
    assert first.get_content(MetadataMode.EMBED) == "one"
    shown = first.get_content(MetadataMode.LLM)
    assert "start: 0.0\nend: 1.0" in shown
    assert "sha256" not in shown


def test_it_reads_a_folder_for_simple_directory_reader(gateway, call: Path, tmp_path: Path) -> None:
    gateway.will_answer(REPLY)
    shutil.copy(call, tmp_path / "a.mp3")
    shutil.copy(call, tmp_path / "b.MP3")
    (tmp_path / "notes.txt").write_text("not a recording")
    folder = SimpleDirectoryReader(tmp_path, file_extractor={".mp3": remote(gateway)}, raise_on_error=True)
    documents = folder.load_data()
    assert [document.text for document in documents] == ["one", "two", "one", "two", "not a recording"]
    assert documents[0].metadata["file_name"] == "a.mp3"
    assert documents[0].metadata["start"] == 0.0
    assert [d.text for d in asyncio.run(folder.aload_data())] == [d.text for d in documents]


WAV = tone(0.2)
FOLDER = {"a.mp3": b"", "b.ogg": b"", "notes.txt": b"no recording", "broken.mp3": b"plain text", "inner/c.MP3": b""}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in FOLDER.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data or WAV)
    return tmp_path


@pytest.mark.parametrize("on_error", ["skip", "collect"])
@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 2),
        ({"recursive": True}, 3),
        ({"glob": "**/*.MP3"}, 1),
        ({"suffixes": [".ogg"]}, 1),
        ({"show_progress": True}, 2),
    ],
)
def test_it_reads_the_folders_that_langchain_does(gateway, folder, options: dict, count: int, on_error: str) -> None:
    gateway.will_answer(REPLY)
    settings = {"provider": "openai", "model": "w", "api_key": "k", "base_url": gateway.base_url, "max_retries": 0}
    settings |= {**options, "on_error": on_error}
    reader, loader = AudioReader(**settings), AudioLoader(folder, **settings)
    theirs = [(each.page_content, each.metadata) for each in loader.load()]
    assert [(each.text, each.metadata) for each in reader.load_data(folder)] == theirs
    failures = [(failure.label, str(failure.error)) for failure in reader.failures]
    assert failures == [(failure.label, str(failure.error)) for failure in loader.failures]
    assert [(each.text, each.metadata) for each in asyncio.run(reader.aload_data(str(folder)))] == theirs
    assert [failure.label for failure in reader.failures] == [label for label, _ in failures]
    assert len(theirs) == 2 * count


def test_it_reads_lists_and_iterators(gateway, folder: Path) -> None:
    gateway.will_answer(REPLY)
    path, data = folder / "a.mp3", f"data:audio/wav;base64,{base64.b64encode(WAV).decode()}"
    sources = [path, str(path), WAV, data, [path], folder / "inner"]
    reader = remote(gateway)
    assert len(reader.load_data(sources)) == len(reader.load_data(iter(sources))) == 12
    (folder / "inner/c.MP3").unlink()
    with pytest.raises(AudioNotFound, match="holds no file"):
        reader.load_data(folder / "inner")


def test_a_recording_that_fails_ends_the_load_by_default(gateway, folder: Path) -> None:
    gateway.will_answer(REPLY)
    with pytest.raises(InvalidAudio, match=r"^broken\.mp3 is not audio"):
        remote(gateway).load_data(folder)


def test_it_extracts_every_format_for_simple_directory_reader(gateway, folder: Path) -> None:
    gateway.will_answer(REPLY)
    (folder / "broken.mp3").unlink()
    extractor = remote(gateway, language="en").file_extractor()
    assert extractor.keys() >= {".mp3", ".ogg", ".wav", ".m4a", ".flac", ".opus", ".webm", ".mp4"}
    documents = SimpleDirectoryReader(folder, file_extractor=extractor, raise_on_error=True, recursive=True).load_data()
    assert [document.text for document in documents] == ["one", "two"] * 2 + ["one", "two", "no recording"]
    assert AudioReader.file_extractor()[".wav"] == AudioReader()


def test_it_reads_from_another_file_system(gateway, memory, call: Path) -> None:
    gateway.will_answer(REPLY)
    memory.pipe("/talks/a.mp3", call.read_bytes())
    folder = SimpleDirectoryReader("/talks", fs=memory, file_extractor={".mp3": remote(gateway)}, raise_on_error=True)
    assert [document.text for document in folder.load_data()] == ["one", "two"]
    assert gateway.requests[0].parts[-1].content == call.read_bytes()


def test_a_recording_in_another_file_system_is_named_and_closed(gateway, memory, call: Path) -> None:
    opened = []

    class Bucket(type(memory)):
        protocol = "bucket"

        def open(self, path: str, mode: str = "rb", **options):
            handle = super().open(path, mode, **options)
            if mode != "rb":
                return handle
            opened.append(io.BytesIO(handle.read()))  # fsspec's own files in memory can't be closed
            return opened[-1]

    bucket = Bucket()
    bucket.pipe("/talks/a.mp3", call.read_bytes())
    bucket.pipe("/talks/notes.mp3", b"plain text")
    gateway.will_answer(REPLY)
    first, _ = remote(gateway).load_data("/talks/a.mp3", fs=bucket, extra_info={"case": 7})
    assert first.metadata["source"] == bucket.unstrip_protocol("/talks/a.mp3")
    assert first.metadata["source"].startswith("bucket://")
    assert (first.metadata["case"], "clip" in first.metadata) == (7, False)
    with pytest.raises(InvalidAudio, match=r"^notes\.mp3 is not audio"):
        remote(gateway).load_data("/talks/notes.mp3", fs=bucket)
    with pytest.raises(AudioNotFound, match=r"no file none\.mp3"):
        remote(gateway).load_data("/talks/none.mp3", fs=bucket)
    assert [handle.closed for handle in opened] == [True, True]


def test_a_recording_in_the_local_file_system_is_a_path(gateway, call: Path) -> None:
    import fsspec

    gateway.will_answer(REPLY)
    reader = remote(gateway)
    by_path, by_system = reader.load_data(call), reader.load_data(call, fs=fsspec.filesystem("file"))
    assert [document.metadata for document in by_system] == [document.metadata for document in by_path]


def test_it_reads_a_folder_in_two_processes(call: Path, tmp_path: Path, recoded) -> None:
    for name in ("a.mp3", "b.mp3"):
        (tmp_path / name).write_bytes(recoded(Audio.of(call, end=5.0), "mp3"))
    reader = AudioReader(granularity="file")
    folder = SimpleDirectoryReader(tmp_path, file_extractor={".mp3": reader}, raise_on_error=True)
    alone = folder.load_data()
    assert [d.metadata["file_name"] for d in alone] == ["a.mp3", "b.mp3"]
    side_by_side = folder.load_data(num_workers=2)
    assert sorted((d.id_, d.text) for d in side_by_side) == sorted((d.id_, d.text) for d in alone)


def test_it_feeds_an_ingestion_pipeline(gateway, call: Path) -> None:
    gateway.will_answer(REPLY)
    config = ReaderConfig(reader=remote(gateway), reader_args=[str(call)])
    assert "secret" not in str(config.to_dict())
    nodes = IngestionPipeline(readers=[config], transformations=[]).run()
    assert [(node.text, node.metadata["start"]) for node in nodes] == [("one", 0.0), ("two", 1.5)]


def test_a_gap_shows_in_text_and_metadata(gateway, call: Path) -> None:
    lost = Reply({"error": {"message": "no"}}, status=500)
    row = replace(PROVIDERS["openai"], max_upload_seconds=30.0)
    options = {"model": "w", "api_key": "k", "base_url": gateway.base_url, "max_retries": 0, "max_concurrency": 1}
    for granularity in ("segment", "window", "file"):
        gateway.will_answer(lost, REPLY)
        reader = AudioReader(provider=row, gaps="mark", granularity=granularity, **options)
        first = reader.load_data(call)[0]
        assert first.metadata["gap"] is True
        assert "[not transcribed: 00:00-" in first.text


def test_extra_info_is_kept_beside_what_the_recording_says(gateway, call: Path) -> None:
    gateway.will_answer(REPLY)
    first, _ = remote(gateway).load_data(call, extra_info={"case": 7, "start": 99})
    assert (first.metadata["case"], first.metadata["start"]) == (7, 0.0)


def test_it_works_inside_a_running_loop(gateway, call: Path) -> None:
    gateway.will_answer(REPLY)

    async def notebook() -> int:
        return len(remote(gateway).load_data(call))

    assert asyncio.run(notebook()) == 2


def test_the_key_shows_nowhere_and_it_pickles(gateway, call: Path) -> None:
    gateway.will_answer(REPLY)
    reader = remote(gateway)
    assert "secret" not in repr(reader) + str(reader.to_dict()) + reader.model_dump_json()
    reader.load_data(call)
    assert len(pickle.loads(pickle.dumps(reader)).load_data(call)) == 2


def test_what_is_wrong_is_said(call: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.mp3").write_bytes(b"plain text")
    with pytest.raises(InvalidAudio, match=r"notes\.mp3.*text"):
        AudioReader().load_data(tmp_path / "notes.mp3")
    with pytest.raises(AudioNotFound):
        AudioReader().load_data(tmp_path / "none.mp3")
    with pytest.raises(ValidationError, match="no provider 'nobody'"):
        AudioReader(provider="nobody")
    with pytest.raises(MissingAPIKey, match="CORTECS_API_KEY"):
        AudioReader(provider="cortecs", model="w").load_data(call)
