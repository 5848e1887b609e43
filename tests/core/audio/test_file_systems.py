"""Recordings that fsspec opens: in memory, and in buckets of a server for S3 on loopback."""

import tempfile
from pathlib import Path

import fsspec
import pytest

from audio_core import (
    Access,
    AccessDenied,
    Audio,
    AudioClient,
    AudioError,
    AudioNotFound,
    AudioTooLarge,
    InvalidAudio,
    MissingDependency,
    Unreachable,
)
from audio_core.audio.file_systems import list_files
from audio_core.integration import build_file_system_source
from audio_core.testing import tone

SECRET = "wJalrXUtnFEMI-secret-of-the-bucket"  # that of the fixture


@pytest.fixture
def memory(memory: fsspec.AbstractFileSystem) -> fsspec.AbstractFileSystem:
    """Files in memory: a recording in /talks, and one in /talks-2."""
    memory.pipe({"/talks/a.wav": tone(2.0), "/talks-2/b.wav": tone(1.0), "/talks/notes.wav": b"plain text"})
    return memory


def read(audio: Audio) -> bytes:
    content = audio.open_content()
    return content.read_at(0, content.size)


def test_a_url_is_a_value_that_opens_nothing() -> None:
    audio = Audio.of("s3://bucket/talks/a.mp3#t=1,2")
    assert (audio.reference, audio.source) == ("s3://bucket/talks/a.mp3#t=1,2", "s3://bucket/talks/a.mp3")
    assert (audio.name, audio.is_remote, audio.path, repr(audio)) == ("a", True, None, "Audio('a.mp3#t=1,2')")
    assert "<audio" not in audio._repr_html_()  # no browser plays it
    with pytest.raises(InvalidAudio, match="download it first"):
        audio.open_content()


@pytest.mark.parametrize("url", ["memory://talks/a.wav", "memory://talks/a.wav#track=0", "memory:///talks/a.wav#t=0,1"])
async def test_a_recording_is_read_by_its_url(memory, url: str) -> None:
    client = AudioClient("local")
    opened = client.open_recording(url)
    assert (read(opened), opened.reference) == (tone(2.0), url)
    assert read(await client.aopen_recording(url)) == tone(2.0)


def test_a_url_may_be_quoted_and_a_name_may_hold_a_percent_sign(memory) -> None:
    memory.pipe({"/talks/my talk.wav": tone(1.0), "/talks/100%25.wav": tone(1.5)})
    client = AudioClient("local", access="memory://talks")
    assert read(client.open_recording("memory://talks/my%20talk.wav")) == tone(1.0)
    assert read(client.open_recording("memory://talks/my talk.wav")) == tone(1.0)
    assert read(client.open_recording("memory://talks/100%25.wav")) == tone(1.5)


def test_a_recording_in_a_bucket_is_read_by_its_url(bucket) -> None:
    opened = AudioClient("local").open_recording("s3://bucket/talks/a.wav#t=0.5,1")
    assert (read(opened), opened.start, opened.format) == (tone(2.0), 0.5, "wav")


def test_a_local_file_is_the_same_in_any_notation(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(tone(1.0))
    assert Audio.of(f"local://{path}").reference == Audio.of(path).reference


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("memory://talks/none.wav", AudioNotFound, r"no file none\.wav"),
        ("memory://talks/notes.wav", InvalidAudio, r"^notes\.wav is not audio"),
        ("htp://host/a.wav", InvalidAudio, r"^htp:// URLs are not supported.*s3://bucket"),
        ("ftp://me:hunter2@host/a.wav", InvalidAudio, r"^The URL of a\.wav holds a password"),
        ("oss://bucket/a.wav", MissingDependency, "Install ossfs"),
    ],
)
def test_what_cannot_be_opened_says_why(memory, url: str, error: type[AudioError], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        AudioClient("local").open_recording(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["s3://bucket/talks/none.wav", "s3://none/a.wav"])
def test_a_missing_object_or_bucket_is_not_found(bucket, url: str) -> None:
    with pytest.raises(AudioNotFound):
        AudioClient("local").open_recording(url)


def test_the_files_of_a_folder_in_a_bucket_are_listed(bucket) -> None:
    assert list_files("s3://bucket/talks/", "talks") == ["s3://bucket/talks/a.wav"]
    assert list_files("s3://bucket/", "bucket") == []
    assert list_files("s3://bucket/", "bucket", recursive=True) == ["s3://bucket/talks/a.wav"]
    with pytest.raises(AudioNotFound):
        list_files("s3://none/", "none")


class Faulty(type(fsspec.filesystem("memory"))):
    """A file system that fails as it is told to."""

    protocol = "faulty"
    cachable = False
    error: Exception = PermissionError()

    def _open(self, *args, **options):
        raise self.error


class NoCredentialsError(Exception):
    """As botocore has one, which is no PermissionError."""


class EndpointConnectionError(Exception):
    """As botocore has one, which is no OSError."""


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (PermissionError(f"Forbidden: {SECRET}"), AccessDenied),
        (NoCredentialsError(SECRET), AccessDenied),
        (EndpointConnectionError(SECRET), Unreachable),
        (TimeoutError(SECRET), Unreachable),
        (IsADirectoryError(SECRET), InvalidAudio),
        (RuntimeError(SECRET), InvalidAudio),
    ],
)
def test_the_error_of_a_file_system_becomes_ours_and_keeps_its_secrets(
    monkeypatch: pytest.MonkeyPatch, cause: Exception, expected: type[AudioError]
) -> None:
    fsspec.register_implementation("faulty", Faulty, clobber=True)
    monkeypatch.setattr(Faulty, "error", cause)
    for audio in (Audio.of("faulty://talks/a.wav"), Audio(build_file_system_source(Faulty(), "/talks/a.wav"))):
        with pytest.raises(expected, match=r"a\.wav") as caught:
            AudioClient("local").open_recording(audio)
        assert SECRET not in str(caught.value)
        assert caught.value.__suppress_context__  # a traceback shows none of it either


def test_a_server_that_is_gone_is_unreachable(bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s3fs.core.S3FileSystem.retries", 1)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    fsspec.filesystem("s3").clear_instance_cache()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"a\.wav") as caught:
        AudioClient("local").open_recording("s3://bucket/talks/a.wav")
    assert caught.value.retryable
    fsspec.filesystem("s3").clear_instance_cache()


def test_it_is_copied_in_pieces_into_a_file_without_a_name(memory, monkeypatch, tmp_path: Path) -> None:
    sizes = []
    file_class = type(memory.open("/talks/a.wav", "rb"))
    read_piece = file_class.read
    monkeypatch.setattr(file_class, "read", lambda self, size=-1: sizes.append(size) or read_piece(self, size))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    memory.pipe("/talks/long.wav", tone(30.0))
    assert AudioClient("local").open_recording("memory://talks/long.wav").open_content().size == len(tone(30.0))
    assert len(sizes) > 3
    assert set(sizes) == {256 * 1024}
    assert list(tmp_path.iterdir()) == []


def test_a_large_recording_is_refused_while_it_arrives(memory) -> None:
    access = Access(roots="memory://talks", max_bytes=1000)
    with pytest.raises(AudioTooLarge, match=r"a\.wav.*access allows 1,000"):
        AudioClient("local", access=access).open_recording("memory://talks/a.wav")


@pytest.mark.parametrize("root", ["memory://talks", "memory://talks/", "memory://"])
def test_a_root_opens_what_lies_below_it(memory, root: str) -> None:
    client = AudioClient("local", access=["recordings", root])
    assert read(client.open_recording("memory://talks/a.wav")) == tone(2.0)


@pytest.mark.parametrize(
    "url",
    [
        "memory://talks-2/b.wav",
        "memory://talks/../talks-2/b.wav",
        "memory://talks/%2e%2e/talks-2/b.wav",
        "memory://talks/..\\talks-2/b.wav",
        "memory://talks/./a.wav",
        "memory://talks/a.wav::file:///etc/passwd",
        "zip://a.wav::memory://talks/a.zip",
        "memory:///talks/a.wav",
        "MEMORY://talks/a.wav",
        "s3://talks/a.wav",
    ],
)
def test_nothing_else_is_opened(memory, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(type(memory), "_open", None)
    with pytest.raises(AccessDenied, match="access allows files in 'talks' only"):
        AudioClient("local", access="memory://talks").open_recording(url)


def test_a_folder_of_this_machine_opens_no_url(memory) -> None:
    with pytest.raises(AccessDenied):
        AudioClient("local", access="memory:").open_recording("memory://talks/a.wav")


def test_an_estimate_downloads_nothing(memory) -> None:
    estimate = AudioClient("local").estimate(["memory://talks/a.wav"])
    assert [each.label for each in estimate.unknown] == ["a.wav"]
