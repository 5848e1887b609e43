"""`AudioTranscriber`, by itself and in LlamaIndex's pipelines."""

import asyncio
import hashlib
import pickle
import shutil
from pathlib import Path

import pytest
from llama_index.core import MockEmbedding, SimpleDirectoryReader
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.schema import Document, ImageDocument, MediaResource, Node, TextNode, TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from pydantic import ValidationError

from audio_core import AudioNotFound, InvalidAudio, MissingAPIKey
from audio_core.testing import Reply, ScriptedGateway, tone
from llamaindex_audio import AudioReader, AudioTranscriber, TranscriptNodeParser

SEGMENTS = [{"start": 0.0, "end": 1.0, "text": "one"}, {"start": 1.5, "end": 2.0, "text": "two"}]
REPLY = Reply({"text": "one two", "segments": SEGMENTS})


@pytest.fixture
def talk(tmp_path: Path, gateway: ScriptedGateway) -> Path:
    """A recording of two seconds, in which the gateway hears "one" and "two"."""
    gateway.will_answer(REPLY)
    (tmp_path / "talk.wav").write_bytes(tone(2.0))
    return tmp_path / "talk.wav"


def build(gateway: ScriptedGateway, kind: type = AudioTranscriber, **options):
    settings = {"provider": "openai", "model": "w", "api_key": "sk-secret-key-1", "base_url": gateway.base_url}
    return kind(**{**settings, "max_retries": 0, **options})


def name_in_every_way(talk: Path) -> dict[str, Node | TextNode]:
    path, url, data = str(talk), talk.as_uri(), talk.read_bytes()
    return {
        "path as text": Document(text=path),
        "url as text": Document(text=f" {url}\n"),
        "clip": Document(text=f"{url}#t=0,2"),
        "file_path": TextNode(text="", metadata={"file_path": path}),
        "source": TextNode(text=" ", metadata={"source": url}),
        "path with spaces": Document(text=str(shutil.copy(talk, talk.parent / "my talk.wav"))),
        "file_path, not text": Document(text=talk.name, metadata={"file_path": path}),
        "bytes as text": SimpleDirectoryReader(input_files=[talk]).load_data()[0],
        "audio_resource, path": Document(text=path, audio_resource=MediaResource(path=talk)),
        "audio_resource, url": Document(text="A talk.", metadata={"at": url}, audio_resource=MediaResource(url=url)),
        "video_resource": Node(text_resource=MediaResource(text=path), video_resource=MediaResource(path=talk)),
        "audio_resource, bytes": Document(
            text=hashlib.sha256(data).hexdigest(), audio_resource=MediaResource(data=data)
        ),
    }


def test_it_is_a_transformation_of_llamaindex() -> None:
    assert TransformComponent.__name__ in [base.__name__ for base in AudioTranscriber.__mro__]


def test_however_a_recording_is_named_its_nodes_are_those_of_the_reader(gateway, talk: Path) -> None:
    transcriber, reader = build(gateway), build(gateway, AudioReader)
    expected = reader.load_data(talk)
    for way, node in name_in_every_way(talk).items():
        made = transcriber([node])
        assert [each.text for each in made] == ["one", "two"], way
        if way not in ("clip", "path with spaces", "audio_resource, bytes"):
            assert [each.id_ for each in made] == [each.id_ for each in expected], way
            assert [each.metadata for each in made] == [{**node.metadata, **each.metadata} for each in expected], way
        assert {each.ref_doc_id for each in made} == {node.node_id}, way
        assert all(isinstance(each, TextNode) for each in made)


def test_what_is_hidden_in_a_document_stays_hidden(gateway, talk: Path) -> None:
    [document] = SimpleDirectoryReader(talk.parent).load_data()
    first, _ = build(gateway)([document])
    assert {"file_size", "source", "start"} <= {*first.excluded_embed_metadata_keys}
    assert "file_size" in first.excluded_llm_metadata_keys
    assert "start" not in first.excluded_llm_metadata_keys


def test_a_node_made_of_a_document_keeps_it_as_its_source(gateway, talk: Path) -> None:
    document = Document(text="A list of talks.")
    node = TextNode(text="", metadata={"file_path": str(talk)})
    node.relationships = {"1": document.as_related_node_info()}
    assert {made.ref_doc_id for made in build(gateway)([node])} == {document.node_id}


def test_all_other_nodes_pass_in_their_place(gateway, talk: Path) -> None:
    reader = build(gateway, AudioReader)
    others = [
        Document(text="Notes on talk.wav"),
        Document(text="export const a = 1;", metadata={"file_path": "src/a.ts"}),
        TextNode(text="What she said.", metadata={"source": talk.as_uri()}),
        TextNode(text="talk.wav"),
        TextNode(text="", metadata={"source": talk.as_uri(), "start": 0.0, "end": 1.0, "gap": True}),
        ImageDocument(image=b"no image", metadata={"file_path": "a.png"}),
        Document(metadata={"file_path": "a.pdf"}),
        Document(text="data:audio/wav;base64,?"),
        Document(text="nul\0.wav and more"),
        *reader.load_data(talk),
    ]
    nodes = [others[0], Document(text=str(talk)), *others[1:]]
    made = build(gateway)(nodes)
    assert [each.get_content() for each in made[1:3]] == ["one", "two"]
    assert all(each is other for each, other in zip([made[0], *made[3:]], others, strict=True))


async def test_it_does_the_same_on_an_event_loop(gateway, talk: Path) -> None:
    nodes = [Document(text="Notes."), *name_in_every_way(talk).values()]
    made = await build(gateway).acall(nodes)
    assert [each.to_dict() for each in made] == [each.to_dict() for each in build(gateway)(nodes)]
    pipeline = IngestionPipeline(transformations=[build(gateway)])
    assert [each.to_dict() for each in await pipeline.arun(nodes=nodes)] == [each.to_dict() for each in made]


def test_a_recording_that_the_cache_cannot_tell_from_others_is_refused(gateway, talk: Path) -> None:
    nameless = [
        Document(metadata={"file_path": str(talk)}),
        Document(audio_resource=MediaResource(path=talk)),
        Document(text_resource=MediaResource(text=""), audio_resource=MediaResource(path=talk)),
        Document(text="A talk.", audio_resource=MediaResource(data=tone(1.0))),
    ]
    for document in nameless:
        for _ in range(2):  # nothing of it was cached
            with pytest.raises(InvalidAudio, match=r"cache could give .* the transcript of another"):
                IngestionPipeline(transformations=[build(gateway)]).run(documents=[document])
    assert gateway.requests == []


def test_the_cache_tells_recordings_and_options_apart(gateway, talk: Path) -> None:
    other = Path(shutil.copy(talk, talk.parent / "other.wav"))
    cache = IngestionCache()

    def run(path: Path, **options) -> list[str]:
        pipeline = IngestionPipeline(transformations=[build(gateway, **options)], cache=cache)
        return [Path(node.metadata["source"]).name for node in pipeline.run(documents=[Document(text=str(path))])]

    assert (run(talk), run(other)) == (["talk.wav"] * 2, ["other.wav"] * 2)
    assert len(gateway.requests) == 2
    assert (run(talk), run(other)) == (["talk.wav"] * 2, ["other.wav"] * 2)
    assert len(gateway.requests) == 2
    for options in (
        {"model": "v"},
        {"language": "de"},
        {"granularity": "file"},
        {"extra": {"a": 1}},
        {"known_speakers": {"Anna": tone(3.0)}, "diarize": True},
        {"known_speakers": {"Anna": tone(4.0)}, "diarize": True},
    ):
        before = len(gateway.requests)
        run(talk, **options)
        assert len(gateway.requests) == before + 1, options


def test_nothing_secret_is_in_the_key_of_the_cache(gateway, talk: Path) -> None:
    transcriber = build(gateway, diarize=True, known_speakers={"Anna": tone(3.0), "Ben": talk})
    fields = transcriber.to_dict()
    assert "sk-secret" not in str(fields)
    assert fields["known_speakers"] == {"Anna": hashlib.sha256(tone(3.0)).hexdigest(), "Ben": talk.as_uri()}
    assert AudioTranscriber.from_dict(build(gateway).to_dict(), api_key="k").model == "w"


def test_it_runs_in_two_processes(gateway, talk: Path) -> None:
    other = Path(shutil.copy(talk, talk.parent / "other.wav"))
    pipeline = IngestionPipeline(transformations=[build(gateway)])
    documents = [Document(text=str(path)) for path in (talk, other)]
    side_by_side = pipeline.run(documents=documents, num_workers=2)
    pipeline.run(documents=documents[:1])  # from the cache, which the processes have filled
    assert len(gateway.requests) == 2
    alone = IngestionPipeline(transformations=[build(gateway)]).run(documents=documents)
    assert [each.to_dict() for each in side_by_side] == [each.to_dict() for each in alone]


@pytest.mark.parametrize("strategy", list(DocstoreStrategy))
@pytest.mark.parametrize("is_split", [False, True])
def test_a_docstore_runs_each_recording_once_and_replaces_what_has_changed(
    gateway, talk: Path, strategy: DocstoreStrategy, is_split: bool
) -> None:
    parsers = [TranscriptNodeParser(chunk_size=3, unit="seconds")] if is_split else []
    vectors = SimpleVectorStore()
    pipeline = IngestionPipeline(
        transformations=[build(gateway), *parsers, MockEmbedding(embed_dim=2)],
        docstore=SimpleDocumentStore(),
        docstore_strategy=strategy,
        vector_store=vectors,
        disable_cache=True,
    )

    def run(version: int) -> int:
        return len(pipeline.run(documents=[Document(id_="talk", text=str(talk), metadata={"version": version})]))

    per_run = 1 if is_split else 2
    assert (run(1), run(1), len(gateway.requests)) == (per_run, 0, 1)
    assert (run(2), len(gateway.requests)) == (per_run, 2)
    assert set(vectors.data.text_id_to_ref_doc_id.values()) == {"talk"}
    assert len(vectors.data.embedding_dict) == per_run


@pytest.mark.parametrize("is_async", [False, True])
async def test_a_recording_that_fails_is_left_out_or_ends_the_run(gateway, talk: Path, is_async: bool) -> None:
    missing, notes = Document(text="none.wav"), Document(text="Notes.")
    nameless = Document(metadata={"file_path": "a.wav"})
    nodes = [missing, notes, nameless, Document(text=str(talk))]
    with pytest.raises(AudioNotFound, match=r"none\.wav"):
        build(gateway)(nodes)
    transcriber = build(gateway, on_error="collect")
    made = await transcriber.acall(nodes) if is_async else transcriber(nodes)
    assert [each.get_content() for each in made] == ["Notes.", "one", "two"]
    assert [failure.source for failure in transcriber.failures] == [missing, nameless]
    assert build(gateway, on_error="skip")(nodes[:2]) == [notes]


def test_it_survives_a_pickle_also_after_use(gateway, talk: Path) -> None:
    transcriber = build(gateway, keywords=["Anna"])
    before = [each.to_dict() for each in transcriber([Document(id_="a", text=str(talk))])]
    again = pickle.loads(pickle.dumps(transcriber))
    assert again == transcriber
    assert [each.to_dict() for each in again([Document(id_="a", text=str(talk))])] == before


def test_a_wrong_option_is_refused_and_a_key_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="langage"):
        AudioTranscriber(langage="en")
    with pytest.raises(ValueError, match="window"):
        AudioTranscriber(window_seconds=3)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(MissingAPIKey):
        AudioTranscriber(provider="openai", model="w")([Document(text="examples/audio/call.mp3")])


def test_it_works_while_an_event_loop_runs(gateway, talk: Path) -> None:
    async def call() -> list:
        return build(gateway)([Document(text=str(talk))])

    assert [each.text for each in asyncio.run(call())] == ["one", "two"]
