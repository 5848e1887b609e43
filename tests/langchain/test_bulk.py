from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from job_rows import write_job
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.indexing import InMemoryRecordManager, index
from langchain_core.vectorstores import InMemoryVectorStore

from audio_core import AudioNotFound, InvalidOption, MissingDependency
from audio_core.testing import Reply, ScriptedGateway, tone
from langchain_audio import AudioLoader, BulkLoader

SEGMENTS = [{"start": float(second), "end": second + 0.9, "text": f"word {second}."} for second in range(3)]
REPLY = Reply({"text": "word 0. word 1. word 2.", "language": "en", "segments": SEGMENTS})


@pytest.fixture
def options() -> Iterator[dict[str, Any]]:
    with ScriptedGateway() as gateway:
        gateway.will_answer(REPLY)
        yield {"provider": "openai", "model": "whisper-1", "api_key": "k", "base_url": gateway.base_url}


@pytest.fixture
def talks(tmp_path: Path) -> list[str]:
    paths = [tmp_path / "talks" / name for name in ("a.wav", "b.wav")]
    paths[0].parent.mkdir()
    for path in paths:
        path.write_bytes(tone(3.0))
    return list(map(str, paths))


@pytest.mark.parametrize(
    "split", [{}, {"granularity": "file"}, {"granularity": "window", "window_seconds": 2.0, "window_overlap": 1.0}]
)
def test_a_jobs_documents_are_those_of_the_loader(tmp_path: Path, options, talks, split: dict[str, Any]) -> None:
    output = write_job(tmp_path / "out", talks, **options)
    assert list(BulkLoader(output, **split).lazy_load()) == list(AudioLoader(talks, **options, **split).lazy_load())


async def test_documents_come_to_the_event_loop_too(tmp_path: Path, options, talks) -> None:
    import asyncio

    output = await asyncio.to_thread(write_job, tmp_path / "out", talks, **options)
    assert [document.page_content async for document in BulkLoader(output).alazy_load()][:2] == ["word 0.", "word 1."]


def test_a_second_indexing_changes_nothing(tmp_path: Path, options, talks) -> None:
    loader = BulkLoader(write_job(tmp_path / "out", talks, **options))
    store, manager = InMemoryVectorStore(DeterministicFakeEmbedding(size=8)), InMemoryRecordManager("talks")
    manager.create_schema()

    def run() -> Any:
        return index(
            loader,
            manager,
            store,
            cleanup="incremental",
            source_id_key="source",
            key_encoder=lambda document: document.id,
        )

    first, kept = run(), dict(store.store)
    assert (first["num_added"], first["num_skipped"]) == (6, 0)
    assert sorted(kept) == sorted(document.id for document in loader.lazy_load())
    assert run() == {"num_added": 0, "num_updated": 0, "num_skipped": 6, "num_deleted": 0}
    assert store.store == kept


def test_the_manifests_columns_are_metadata_and_failures_are_no_documents(tmp_path: Path, options, talks) -> None:
    Path(talks[1]).write_bytes(b"not audio")
    output = write_job(tmp_path / "out", talks, columns={"case": [7, 8], "note": [None, None]}, **options)
    documents = list(BulkLoader(output).lazy_load())
    assert [document.metadata["case"] for document in documents] == [7, 7, 7]
    assert all("note" not in document.metadata and "uri" not in document.metadata for document in documents)


def test_options_are_checked_before_anything_is_read() -> None:
    with pytest.raises(InvalidOption, match="need granularity='window'"):
        BulkLoader("nowhere", window_seconds=3.0)
    with pytest.raises(InvalidOption, match="Did you mean 'granularity'"):
        BulkLoader("nowhere", granularit="file")


def test_a_folder_without_rows_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudioNotFound, match="holds no rows of a bulk job"):
        list(BulkLoader(tmp_path).lazy_load())


def test_without_pyarrow_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.startswith("audio_core.integration.rows")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependency, match=r"need pyarrow: pip install 'langchain-llamaindex-audio\[ray\]'"):
        list(BulkLoader("out").lazy_load())
