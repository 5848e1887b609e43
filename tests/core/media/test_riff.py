"""A list of comments that claims to be larger than its file is not shown to FFmpeg, which would allocate as much."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Audio, InvalidAudio
from audio_core.audio.content import BytesContent
from audio_core.media.decode import encode
from audio_core.media.probing import probe
from audio_core.media.riff import find_safe_end, walk_chunks
from audio_core.testing import tone

WAV = tone(0.5, rate=8000)
HEAD, CHUNKS = WAV[:12], WAV[12:]
EMPTY_TAG = b"ID3\x04\0\0\0\0\0\0"
TAG_WITH_FOOTER = b"ID3\x04\0\x10\0\0\0\0" + b"3DI\x04\0\x10\0\0\0\0"
AVI = b"RIFF\0\0\1\0AVI "


def build_list(claim: int, order: str = "<") -> bytes:
    return (
        b"LIST" + struct.pack(order + "I", claim) + b"INFOICMT" + struct.pack("<I", max(0, claim - 12)) + b"comment\0"
    )


def build_rf64(listed: bytes) -> bytes:
    """Build an RF64 file. Its first 16 bytes of samples end where the list begins."""
    sizes = struct.pack("<IQQQI", 28, 1000, 16, 8, 0)
    return b"RF64\xff\xff\xff\xffWAVEds64" + sizes + CHUNKS[:24] + b"data" + struct.pack("<I", 99) + bytes(16) + listed


LARGE = build_list(2**30)
BEFORE = {
    "before the format": (HEAD, LARGE + CHUNKS),
    "before the samples": (HEAD + CHUNKS[:24], LARGE + CHUNKS[24:]),
    "behind the samples": (WAV, LARGE),
    "behind a chunk of an odd size": (HEAD + b"abcd\5\0\0\0abcde\0", LARGE + CHUNKS),
    "behind a thousand chunks": (HEAD + (b"abcd" + bytes(4)) * 999, b"abcd" + bytes(4) + LARGE + CHUNKS),
    "of RF64": (build_rf64(b""), LARGE),
    "of a big-endian file": (b"RIFX" + HEAD[4:], build_list(2**30, ">") + CHUNKS),
    "behind a tag": (EMPTY_TAG + EMPTY_TAG + HEAD, LARGE + CHUNKS),
    "behind a tag with a footer": (TAG_WITH_FOOTER + HEAD, LARGE + CHUNKS),
    "of AVI": (AVI, LARGE + bytes(100)),
    "within a list of AVI": (AVI + b"LIST\0\0\0\1hdrl", LARGE + bytes(100)),
    "far behind in AVI": (AVI + bytes(2**20 - 17), LARGE + bytes(100)),
}


@pytest.mark.parametrize(("head", "tail"), BEFORE.values(), ids=BEFORE)
def test_ffmpeg_gets_a_file_up_to_a_list_that_reaches_beyond_its_end(head: bytes, tail: bytes) -> None:
    assert find_safe_end(BytesContent(head + tail)) == len(head)
    if b"data" not in head:
        with pytest.raises(InvalidAudio):
            probe(Audio.of(head + tail))


@pytest.mark.parametrize(
    "data",
    [
        WAV,
        HEAD + build_list(20) + CHUNKS,
        WAV + build_list(20),
        WAV + bytes(5000),
        AVI + build_list(20) + bytes(100),
        b"fLaC" + LARGE,
        b"",
        EMPTY_TAG,
    ],
)
def test_any_other_file_is_shown_whole_or_up_to_behind_its_samples(data: bytes) -> None:
    assert find_safe_end(BytesContent(data)) >= min(len(data), len(WAV))


def test_a_list_behind_the_samples_takes_none_of_them() -> None:
    assert probe(Audio.of(WAV + LARGE)) == probe(Audio.of(WAV))
    assert encode(Audio.of(WAV + LARGE, start=0.1), "wav").size == encode(Audio.of(WAV, start=0.1), "wav").size


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_samples_of_a_size_that_nobody_knew_are_no_chunks(size: int) -> None:
    streamed = WAV[:40] + struct.pack("<I", size) + LARGE + WAV[44:]
    assert find_safe_end(BytesContent(streamed)) == len(streamed)


@given(
    st.lists(st.tuples(st.sampled_from([b"LIST", b"data", b"ds64", b"fmt "]), st.integers(0, 2**32 - 1)), max_size=9)
)
def test_any_chunks_are_walked_to_an_end_within_the_file(chunks: list[tuple[bytes, int]]) -> None:
    data = HEAD + b"".join(name + struct.pack("<I", size) + bytes(size % 64) for name, size in chunks)
    assert 12 <= find_safe_end(BytesContent(data)) <= len(data)
    assert all(position <= len(data) for _, position, _ in walk_chunks(BytesContent(data)))
