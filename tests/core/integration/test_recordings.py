"""Recordings in folders of buckets."""

import fsspec
import pytest

from audio_core import AccessDenied, Audio, AudioNotFound, MissingDependency
from audio_core.integration import BatchItem, find_recordings

FILES = ["a.wav", "b.MP3", "notes.txt", "._c.wav", "more/d.wav"]


@pytest.fixture(autouse=True)
def memory(memory: fsspec.AbstractFileSystem) -> fsspec.AbstractFileSystem:
    memory.pipe({f"/talks/2026/{name}": b"RIFF" for name in FILES})
    return memory


def find(source, **search) -> list[BatchItem]:
    return list(find_recordings(source, lambda url: BatchItem(Audio.of(url), {}), **search))


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ({}, ["a.wav", "b.MP3"]),
        ({"recursive": True}, ["a.wav", "b.MP3", "more/d.wav"]),
        ({"suffixes": ".wav"}, ["a.wav"]),
        ({"glob": "*.txt"}, ["notes.txt"]),
        ({"glob": "**/d*"}, ["more/d.wav"]),
    ],
)
def test_a_folder_in_a_bucket_is_searched_as_any_folder_is(search: dict, names: list[str]) -> None:
    folder = "memory://talks/2026/"
    assert [item.audio.source for item in find(folder, **search)] == [folder + name for name in names]
    assert [item.source for item in find([folder], **search)] == [folder + name for name in names]


@pytest.mark.parametrize(
    ("folder", "error"),
    [
        ("memory://talks/", AudioNotFound),
        ("memory://none/", AudioNotFound),
        ("oss://bucket/talks/", MissingDependency),
    ],
)
def test_a_folder_in_a_bucket_that_gives_nothing_says_why(folder: str, error: type[Exception]) -> None:
    [item] = find(folder)
    assert (type(item.error), item.audio, item.source) == (error, None, folder)


def test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args, **options):
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(type(memory), "info", refuse)
        patch.setattr(type(memory), "ls", refuse)
        for search in ({}, {"recursive": True}, {"glob": "*"}):
            assert type(find("memory://talks/", **search)[0].error) is AccessDenied


def test_a_url_of_the_web_is_a_recording_even_with_a_slash_at_its_end() -> None:
    [item] = find("https://host/talk/")
    assert item.audio is not None
