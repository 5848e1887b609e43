"""Audio that arrives as a stream is whole, or it is told what is wrong with it."""

import random

import pytest

from audio_core import Audio
from audio_core.media.probing import probe
from audio_core.media.whole_audio import create_walker
from audio_core.testing import tone

FORMATS = ["wav", "mp3", "flac", "ogg", "aac"]


def find_fault(data: bytes, format: str, step: int = 10**9) -> str | None:
    walker = create_walker(format)
    for start in range(0, len(data), step):
        walker.feed(data[start : start + step])
    return walker.find_fault()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("step", [313, 4096, 10**9])
def test_a_whole_file_has_no_fault_however_it_is_cut_into_pieces(recording, format: str, step: int) -> None:
    assert find_fault(recording(format), format, step) is None


@pytest.mark.parametrize("format", FORMATS)
def test_the_length_is_known_once_it_has_arrived(recording, format: str) -> None:
    walker = create_walker(format)
    walker.feed(recording(format))
    assert walker.seconds == pytest.approx(probe(Audio.of(recording(format))).duration, abs=0.08)


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_ends_too_early_has_a_fault(recording, format: str) -> None:
    whole, chance = recording(format), random.Random(7)
    ends = [*range(len(whole) - 9, len(whole)), *(chance.randrange(len(whole)) for _ in range(20))]
    assert [end for end in ends if find_fault(whole[:end], format) is None and end] == []


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("padding", [b'{"error":{"message":"overloaded"}}', bytes(5000), b"<html>"])
def test_what_follows_the_audio_is_a_fault(recording, format: str, padding: bytes) -> None:
    assert find_fault(recording(format) + padding, format) is not None


@pytest.mark.parametrize("sizes", [(0xFFFFFFFF, 0xFFFFFFFF), (0, 0), (0x7FFFFFFF, 0x7FFFFFDB)])
def test_a_wav_header_that_was_written_before_its_length_was_known_states_none(sizes: tuple[int, int]) -> None:
    data = bytearray(tone(1.0))
    data[4:8], data[40:44] = (size.to_bytes(4, "little") for size in sizes)
    walker = create_walker("wav")
    walker.feed(bytes(data))
    assert (walker.find_fault(), walker.seconds) == (None, 1.0)
    assert find_fault(bytes(data[:-1]), "wav") == "it ends in the middle of a sample"


def test_a_wav_file_may_have_chunks_after_its_samples() -> None:
    comment = b"LIST" + (4).to_bytes(4, "little") + b"INFO"
    assert find_fault(tone(0.5) + comment, "wav") is None


def test_an_mp3_file_may_have_tags_before_and_after_its_frames(recording) -> None:
    tagged = b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128) + recording("mp3") + b"TAG" + bytes(125)
    assert find_fault(tagged, "mp3", 50) is None


def test_an_mp3_file_with_fewer_frames_than_its_first_one_counts_is_cut(recording) -> None:
    whole = recording("mp3")
    last_frame = whole.rfind(whole[417:421][:2], 0, len(whole) - 200)
    assert find_fault(whole[:last_frame], "mp3") in (
        "it ends before its header says",
        "it ends in the middle of a frame",
    )


def test_samples_without_a_header_are_whole_samples() -> None:
    walker = create_walker("pcm16", 24_000)
    walker.feed(bytes(48_001))
    assert walker.find_fault() == "it ends in the middle of a sample"


def test_a_format_that_is_not_read_has_no_walker() -> None:
    assert create_walker("webm") is None


@pytest.mark.parametrize("is_wav", [False, True])
def test_an_error_that_was_written_behind_samples_of_unknown_number_is_a_fault(is_wav: bool) -> None:
    data = bytearray(tone(1.0))
    data[4:8], data[40:44] = b"\xff" * 4, b"\xff" * 4
    walker = create_walker("wav") if is_wav else create_walker("pcm16", 24_000)
    for piece in (bytes(data if is_wav else data[44:]), b'{"error": {"mess', b'age": "overloaded"}}\n'):
        walker.feed(piece)
    assert walker.find_fault() == "it ends with the text of an error"
