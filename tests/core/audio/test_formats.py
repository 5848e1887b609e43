"""Names, MIME types and first bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import UnsupportedFormat
from audio_core.audio.formats import FORMATS, find_format
from audio_core.audio.sniffing import SNIFF_BYTES, sniff_format


@pytest.mark.parametrize("name", ["wav", "mp3", "flac", "ogg", "m4a", "mp4", "aac", "aiff", "webm", "mkv"])
def test_a_recording_shows_its_format(recording, name: str) -> None:
    assert sniff_format(recording(name)[:SNIFF_BYTES]) is FORMATS[name]


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("audio/mpeg", "mp3"),
        ("AUDIO/X-WAV", "wav"),
        (".Mp3", "mp3"),
        ("audio/ogg; codecs=opus", "ogg"),
        ("opus", "ogg"),
        ("audio/mp4", "m4a"),
        ("video/mp4", "mp4"),
        ("audio/webm;codecs=opus", "webm"),
        ("audio/x-m4a", "m4a"),
        ("pcm", "pcm16"),
        ("audio/pcm;rate=16000;bits=16; endian=little", "pcm16"),
        ("audio/pcm; rate=16000; bits=24", "pcm24"),
    ],
)
def test_aliases_mean_one_format(word: str, name: str) -> None:
    assert find_format(word).name == name


@pytest.mark.parametrize("parameter", ["bits=32", 'bits="8"', "encoding=float", "ENDIAN=big", "endianness=big"])
def test_samples_of_another_kind_are_refused(parameter: str) -> None:
    with pytest.raises(UnsupportedFormat, match="neither 16 nor 24 bit"):
        find_format(f"audio/pcm;rate=16000; {parameter}")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnsupportedFormat, match=r"'octet-stream'.*wav, mp3"):
        find_format("octet-stream")


def test_an_id3_tag_announces_mp3() -> None:
    assert sniff_format(b"ID3\x04\x00\x00\x00\x00\x00\x0a").name == "mp3"


@pytest.mark.parametrize("head", [b"", b"R", b"RIFF....WEBP", b"\xff\xd8\xff\xe0", b"\xff\xff\xff\xff", bytes(64)])
def test_other_bytes_show_none(head: bytes) -> None:
    assert sniff_format(head) is None


@given(st.binary(max_size=SNIFF_BYTES))
def test_any_bytes_can_be_looked_at(head: bytes) -> None:
    assert sniff_format(head) is None or sniff_format(head) in FORMATS.values()
