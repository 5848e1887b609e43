"""`AudioTranscriber` in LlamaIndex's `RayIngestionPipeline`. `make test-bulk` runs it."""

from pathlib import Path

import pytest
from bulk import CountingGateway, run_cluster, write_recordings
from llama_index.core.schema import Document

from llamaindex_audio import AudioReader, AudioTranscriber

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]  # Ray's own


def test_workers_make_the_nodes_that_a_reader_makes(tmp_path: Path) -> None:
    from llama_index.ingestion.ray import RayIngestionPipeline, RayTransformComponent

    paths = write_recordings(tmp_path, 20, hostile=10)
    documents = [Document(text=path, metadata={"case": number}) for number, path in enumerate(paths)]
    with run_cluster(nodes=1) as _, CountingGateway() as gateway:
        options = {"provider": "openai", "model": "whisper-1", "api_key": "k", "base_url": gateway.base_url}
        options |= {"max_retries": 0, "on_error": "skip"}
        component = RayTransformComponent(
            transform_class=AudioTranscriber,
            transform_kwargs=options,
            map_batches_kwargs={"batch_size": 5, "num_cpus": 0.25, "concurrency": 2},
        )
        nodes = RayIngestionPipeline(transformations=[component]).run(documents=[*documents, Document(text="Notes.")])
        assert gateway.total == 18
        expected = AudioReader(**options).load_data(paths)
    made = {node.node_id: node for node in nodes if "start" in node.metadata}
    assert {key: node.text for key, node in made.items()} == {each.id_: each.text for each in expected}
    assert {node.metadata["case"] for node in made.values()} == {*range(20)} - {0, 10}
    assert [node.get_content() for node in nodes if "start" not in node.metadata] == ["Notes."]
