"""`AudioLoader` over folders and lists."""

import base64
import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.document_loaders.blob_loaders import Blob

from audio_core import AccessDenied, Audio, AudioError, AudioNotFound, InvalidAudio, ProviderUnavailable
from audio_core.testing import Recorded, Reply, ScriptedGateway, tone
from langchain_audio import AudioLoader

NAMES = ["a.wav", "b.WAV", "c.wav", "d.wav", "e.wav", "f.wav"]


class Namer(ScriptedGateway):
    """Answers each upload with its file's name, after a while; counts how many are under way."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: set[str] = set()
        self.under_way = self.most = 0

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        name = next(part.filename for part in request.parts if part.filename)
        with self._lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        time.sleep(0.1)
        with self._lock:
            self.under_way -= 1
        if name in self.broken:
            return Reply({"error": {"message": f"{name} broke"}}, status=500)
        return Reply({"text": name, "segments": [{"start": 0.0, "end": 0.1, "text": name}]})


@pytest.fixture
def namer() -> Iterator[Namer]:
    with Namer() as namer:
        yield namer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).write_bytes(tone(0.1))
    (tmp_path / "notes.txt").write_text("no audio")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "z.wav").write_bytes(tone(0.1))
    return tmp_path


def loader(namer: Namer, source, **options) -> AudioLoader:
    given = {"provider": "openai", "model": "m", "api_key": "k", "base_url": namer.base_url, "max_retries": 0}
    return AudioLoader(source, **{**given, **options})


def texts(documents) -> list[str]:
    return [document.page_content for document in documents]


ALL = ["a.wav", "b.wav", "c.wav", "d.wav", "e.wav", "f.wav"]


def test_a_folder_is_read_in_order_and_side_by_side(namer, folder: Path) -> None:
    documents = loader(namer, folder, max_concurrency=3).load()
    assert texts(documents) == ALL
    assert [Path(document.metadata["source"]).name for document in documents] == NAMES
    assert namer.most == 3


async def test_async_calls_do_the_same(namer, folder: Path) -> None:
    documents = [document async for document in loader(namer, str(folder), max_concurrency=3).alazy_load()]
    assert texts(documents) == ALL
    assert 2 <= namer.most <= 3


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"recursive": True}, [*ALL, "z.wav"]),
        ({"glob": "[ab].*"}, ["a.wav", "b.wav"]),
        ({"glob": "**/z.*"}, ["z.wav"]),
        ({"suffixes": [".WAV"]}, ALL),
    ],
)
def test_which_files_of_a_folder(namer, folder: Path, options: dict, names: list[str]) -> None:
    assert texts(loader(namer, folder, **options).load()) == names


@pytest.mark.parametrize("options", [{"suffixes": [".mp3"]}, {"glob": "*.mp3"}])
def test_a_folder_without_recordings_is_an_error(namer, folder: Path, options: dict) -> None:
    with pytest.raises(AudioNotFound, match=r"holds no file with .*recursive=True"):
        loader(namer, folder, **options).load()


def test_a_list_may_hold_anything_that_is_one_recording_or_several(namer, folder: Path) -> None:
    wav = tone(0.1)
    sources = [
        folder / "a.wav",
        Blob.from_data(wav, metadata={"case": 7}),
        wav,
        [folder / "more"],
        (folder / "c.wav").as_uri(),
    ]
    documents = loader(namer, sources).load()
    assert texts(documents) == ["a.wav", "audio.wav", "audio.wav", "z.wav", "c.wav"]
    assert documents[1].metadata["case"] == 7


def test_the_first_leave_before_the_last_is_read(namer, folder: Path) -> None:
    asked: list[str] = []

    def sources() -> Iterator[Path]:
        for name in NAMES:
            asked.append(name)
            yield folder / name

    documents = loader(namer, sources(), max_concurrency=1).lazy_load()
    assert asked == []
    assert next(documents).page_content == "a.wav"
    assert len(asked) <= 3
    documents.close()
    assert len(namer.requests) <= 3


def test_one_that_fails_ends_it_unless_told_otherwise(namer, folder: Path) -> None:
    namer.broken = {"b.wav"}
    loading = loader(namer, folder, max_concurrency=2)
    found = []
    with pytest.raises(ProviderUnavailable, match=r"b\.wav broke"):
        found.extend(loading.lazy_load())
    assert texts(found) == ["a.wav"]


@pytest.mark.parametrize("on_error", ["skip", "collect"])
def test_one_that_fails_need_not_cost_the_others(namer, folder: Path, on_error: str, caplog) -> None:
    namer.broken = {"b.wav"}
    (folder / "c.wav").write_bytes(b"%PDF-1.7")
    (folder / "g.wav").symlink_to("/etc/hostname")
    loading = loader(namer, folder, on_error=on_error)
    assert texts(loading.load()) == ["a.wav", "d.wav", "e.wav", "f.wav"]
    left_out = [(failure.label, type(failure.error)) for failure in loading.failures]
    expected = [("b.WAV", ProviderUnavailable), ("c.wav", InvalidAudio), ("g.wav", AccessDenied)]
    assert left_out == (expected if on_error == "collect" else [])
    assert [record.message.split(" ")[0] for record in caplog.records] == ["b.WAV", "c.wav", "g.wav"]
    namer.broken = set()
    (folder / "c.wav").unlink()
    (folder / "g.wav").unlink()
    loading.load()
    assert loading.failures == []


DATA_URI = "data:audio/wav;base64," + base64.b64encode(tone(0.1)).decode()


@pytest.mark.parametrize("source", [DATA_URI, DATA_URI + "#t=0,0.1"], ids=["whole", "clip"])
async def test_a_data_uri_is_a_recording_and_no_path(namer, source: str) -> None:
    assert texts(loader(namer, source).load()) == ["audio.wav"]
    assert texts(await loader(namer, [source]).aload()) == ["audio.wav"]


@pytest.mark.parametrize("is_async", [False, True])
async def test_what_is_no_recording_costs_none_of_the_others(namer, folder: Path, is_async: bool) -> None:
    (folder / "empty").mkdir()
    wrong = ["htp://bucket/x.wav", folder / "empty", "a" * 5000, "http://[", "data:audio/wav;base64,?", 5, "nul\0.wav"]
    loading = loader(namer, [folder / "a.wav", *wrong, folder / "b.WAV"], on_error="collect")
    assert texts(await loading.aload() if is_async else loading.load()) == ["a.wav", "b.wav"]
    assert [failure.source for failure in loading.failures] == wrong
    assert [failure.label for failure in loading.failures][:2] == ["x.wav", "empty"]
    assert all(isinstance(failure.error, AudioError) for failure in loading.failures)
    assert str(folder) not in repr(loading.failures)
    assert all(len(repr(failure)) < 600 for failure in loading.failures)


@pytest.mark.parametrize("source", ["htp://bucket/x.wav", "a" * 5000])
def test_one_source_alone_is_judged_like_one_in_a_list(namer, source: str) -> None:
    with pytest.raises(AudioError):
        loader(namer, source).load()
    loading = loader(namer, source, on_error="collect")
    assert (loading.load(), len(loading.failures)) == ([], 1)


def test_what_failed_can_be_tried_again(namer, folder: Path) -> None:
    (folder / "more" / "a.wav").write_bytes(b"%PDF-1.7")
    blob = Blob.from_data(tone(0.1), path="b.wav", metadata={"case": 7})
    handle = io.BytesIO(tone(0.1))
    namer.broken = {"a.wav", "audio.wav"}
    loading = loader(
        namer, [folder, folder / "more", blob, handle, Audio.of(folder / "a.wav", end=0.1)], on_error="collect"
    )
    assert texts(loading.load()) == ["b.wav", "c.wav", "d.wav", "e.wav", "f.wav", "z.wav"]
    sources = [failure.source for failure in loading.failures]
    assert sources[:3] == [folder / "a.wav", folder / "more" / "a.wav", blob]
    namer.broken = set()
    (folder / "more" / "a.wav").write_bytes(tone(0.1))
    again = loader(namer, sources).load()
    assert texts(again) == ["a.wav", "a.wav", "audio.wav", "audio.wav", "a.wav"]
    assert (again[2].metadata["case"], again[4].metadata["end"]) == (7, 0.1)


async def test_async_calls_collect_too(namer, folder: Path) -> None:
    namer.broken = {"b.wav"}
    loading = loader(namer, folder, on_error="collect")
    assert len([document async for document in loading.alazy_load()]) == 5
    assert [failure.label for failure in loading.failures] == ["b.WAV"]


def test_links_inside_a_folder_are_followed(namer, folder: Path) -> None:
    (folder / "g.wav").symlink_to(folder / "more" / "z.wav")
    assert texts(loader(namer, folder).load())[-1] == "g.wav"


def test_a_bar_tells_how_far_it_is(namer, folder: Path, capsys) -> None:
    loader(namer, folder, show_progress=True).load()
    shown = capsys.readouterr().err
    assert "1/1 s of audio [" in shown
    assert "6/6 recordings" in shown


def test_a_bar_of_a_stream_of_recordings_counts_as_it_goes(namer, folder: Path, capsys) -> None:
    loader(namer, iter([folder / "a.wav", folder / "c.wav"]), show_progress=True).load()
    assert "2/2 recordings" in capsys.readouterr().err


@pytest.mark.parametrize("is_async", [False, True])
async def test_files_and_pieces_under_way_are_limited_in_all(namer, tmp_path: Path, monkeypatch, is_async) -> None:
    monkeypatch.setattr("audio_core.operations.piece_lengths.get_longest_request", lambda row: 2.0)
    monkeypatch.setattr("audio_core.operations.piece_lengths.LONGEST_PIECE", 2.0)
    for name in "abc":
        (tmp_path / f"{name}.wav").write_bytes(tone(7))
    loading = loader(namer, tmp_path, max_concurrency=2, granularity="file")
    documents = [document async for document in loading.alazy_load()] if is_async else loading.load()
    assert len(documents) == 3
    assert len(namer.requests) >= 12
    assert namer.most == 2


def test_making_one_touches_nothing(tmp_path: Path) -> None:
    before = threading.active_count()
    AudioLoader(tmp_path / "nowhere", provider="openai", model="m")
    assert threading.active_count() == before


def test_hidden_files_are_left_out_unless_a_pattern_names_them(namer, folder: Path) -> None:
    (folder / "._a.wav").write_bytes(b"what macOS leaves beside a file")
    (folder / ".b.wav").write_bytes(tone(0.1))
    assert texts(loader(namer, folder).load()) == ALL
    assert len(loader(namer, folder, glob=".b.wav").load()) == 1
