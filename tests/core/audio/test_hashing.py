"""The SHA-256 of a recording is computed once, and is always that of the bytes."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

import pytest

from audio_core.audio.content import Base64Content, BytesContent, FileContent
from audio_core.audio.hashing import HashedContent, compute_sha256, find_sha256, read_sha256
from audio_core.audio.seen_files import SeenFiles

DATA = os.urandom(700_000)
DIGEST = hashlib.sha256(DATA).hexdigest()


def open_file(path: Path) -> FileContent:
    return FileContent(os.open(path, os.O_RDONLY))


def age(path: Path, seconds: float = 60.0) -> None:
    """Make a file look as if it was written some time ago."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - round(seconds * 1e9)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    path.write_bytes(DATA)
    age(path)
    return path


def read_whole(content: HashedContent, size: int) -> bytes:
    return b"".join(content.read_at(position, size) for position in range(0, content.size, size))


@pytest.mark.parametrize("content", [BytesContent(DATA), Base64Content(base64.b64encode(DATA))])
def test_bytes_in_memory_are_hashed_once(content: BytesContent, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compute_sha256(content) == DIGEST
    monkeypatch.setattr(type(content), "read_at", None)
    assert compute_sha256(content) == DIGEST


@pytest.mark.parametrize("size", [1000, 262_144, 10**6])
def test_what_is_read_from_the_first_byte_to_the_last_is_hashed_meanwhile(path: Path, size: int) -> None:
    content = open_file(path)
    assert find_sha256(content) is None
    assert read_whole(HashedContent(content), size) == DATA
    assert find_sha256(content) == DIGEST


def test_a_request_that_is_repeated_is_hashed_from_its_beginning(path: Path) -> None:
    content = open_file(path)
    sent = HashedContent(content)
    sent.read_at(0, 1000)
    sent.read_at(1000, 1000)
    read_whole(sent, 5000)
    assert find_sha256(content) == DIGEST


def test_what_is_read_in_part_or_out_of_order_has_no_hash(path: Path) -> None:
    content = open_file(path)
    sent = HashedContent(content)
    sent.read_at(0, 1000)
    sent.read_at(2000, 10**6)
    assert find_sha256(content) is None


def test_a_file_that_was_read_is_known_when_it_is_opened_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compute_sha256(open_file(path)) == DIGEST
    monkeypatch.setattr(FileContent, "read_at", None)
    assert compute_sha256(open_file(path)) == DIGEST


def test_a_file_that_was_overwritten_is_read_again_even_if_its_time_was_set_back(path: Path) -> None:
    compute_sha256(open_file(path))
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    path.write_bytes(DATA[::-1])
    os.utime(path, ns=times)
    assert compute_sha256(open_file(path)) == hashlib.sha256(DATA[::-1]).hexdigest()


def test_a_file_that_was_just_written_is_not_believed_to_be_the_same(tmp_path: Path) -> None:
    """Two writes within one tick of the file system's clock leave the same times."""
    path, seen = tmp_path / "a.bin", SeenFiles[str]()
    path.write_bytes(DATA)
    content = open_file(path)
    seen.note(content, "first")
    assert seen.find(open_file(path)) is None
    assert seen.find(content) is None


def test_nothing_is_noted_of_a_file_that_changes_while_it_is_read(path: Path) -> None:
    content, seen = open_file(path), SeenFiles[str]()
    with path.open("r+b") as file:
        file.write(b"other")
    seen.note(content, "mixed")
    assert seen.find(content) is None


def test_only_the_files_that_were_used_last_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audio_core.audio.seen_files._MOST_FILES", 2)
    seen, contents = SeenFiles[int](), list[FileContent]()
    for number in range(3):
        path = tmp_path / str(number)
        path.write_bytes(b"x")
        age(path)
        contents.append(open_file(path))
        seen.note(contents[-1], number)
        seen.find(contents[0])
    assert [seen.find(content) for content in contents] == [0, None, 2]


def test_the_hash_that_is_read_is_that_of_the_bytes_now(path: Path) -> None:
    content = open_file(path)
    compute_sha256(content)
    with path.open("r+b") as file:
        file.write(b"other")
    assert read_sha256(content) == hashlib.sha256(b"other" + DATA[5:]).hexdigest()
