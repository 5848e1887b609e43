"""Tags before audio whose format has none, and zero bytes behind it, change nothing of what is heard."""

from __future__ import annotations

import functools

import pytest

from audio_core import Audio, InvalidAudio
from audio_core.media.decode import decode
from audio_core.media.probing import probe
from audio_core.operations.upload import encode_for_upload
from tests.support.encoded_sounds import make_sound, write_audio

RATE = 48_000
CODECS = {
    "wav": ("wav", "pcm_s16le"),
    "aiff": ("aiff", "pcm_s16be"),
    "au": ("au", "pcm_s16be"),
    "caf": ("caf", "pcm_s16le"),
    "w64": ("w64", "pcm_s16le"),
    "wma": ("asf", "wmav2"),
    "wv": ("wv", "wavpack"),
    "ogg": ("ogg", "libopus"),
    "webm": ("webm", "libopus"),
    "mkv": ("matroska", "flac"),
    "m4a": ("m4a", "alac"),
    "ac3": ("ac3", "ac3"),
    "tta": ("tta", "tta"),
    "ts": ("mpegts", "mp2"),
    "flac": ("flac", "flac"),
    "mp3": ("mp3", "libmp3lame"),
}
ID3 = b"ID3\x04\x00\x00\x00\x00\x00\x14" + bytes(20)
TAGGED = sorted(set(CODECS) - {"ts"})
FORMATS = ("wav", "mp3", "flac", "ogg", "m4a")


@functools.cache
def write(name: str) -> bytes:
    muxer, codec = CODECS[name]
    return write_audio(make_sound(5.0, RATE), RATE, muxer, codec, bit_rate=128_000)


def hear(audio: Audio) -> bytes:
    return b"".join(decode(audio, rate=RATE))


@pytest.mark.parametrize("name", TAGGED)
def test_behind_an_id3_tag_the_same_is_heard(name: str) -> None:
    bare, tagged = Audio.of(write(name)), Audio.of(2 * ID3 + write(name))
    assert tagged.format == name
    assert probe(tagged).duration == probe(bare).duration == pytest.approx(5.0, abs=0.1)
    assert hear(tagged) == hear(bare)
    assert hear(tagged.clip(3.1, 4.2)) == hear(bare.clip(3.1, 4.2))


@pytest.mark.parametrize("name", FORMATS)
def test_a_gateway_gets_no_tag_before_a_format_that_has_none(name: str) -> None:
    data = ID3 + write(name)
    sent = encode_for_upload(Audio.of(data), FORMATS)
    if name in ("mp3", "flac"):
        assert sent.content.read_at(0, len(data)) == data
    else:
        assert sent.content.read_at(0, 3) != b"ID3"
    assert sent.seconds == pytest.approx(5.0, abs=0.1)


@pytest.mark.parametrize("name", ["wav", "aiff", "webm", "wma", "wv", "m4a", "caf"])
def test_what_is_cut_short_behind_a_tag_is_still_refused(name: str) -> None:
    audio = Audio.of(ID3 + write(name)[: len(write(name)) * 2 // 3])
    for read in (probe, hear):
        with pytest.raises(InvalidAudio, match=r"cut short|damaged"):
            read(audio)


@pytest.mark.parametrize("zeros", [1, 188, 2000, 60_000])
@pytest.mark.parametrize("name", ["ts", "wv"])
def test_zeros_behind_the_end_are_not_heard(name: str, zeros: int) -> None:
    padded = Audio.of(write(name) + bytes(zeros))
    assert probe(padded).duration == probe(Audio.of(write(name))).duration
    assert hear(padded) == hear(Audio.of(write(name)))


@pytest.mark.parametrize("name", ["ts", "wv"])
def test_room_for_what_never_came_is_an_error(name: str) -> None:
    with pytest.raises(InvalidAudio, match="damaged"):
        hear(Audio.of(write(name) + bytes(200_000)))


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.93])
def test_a_wavpack_file_that_is_cut_short_before_zeros_is_refused(kept: float) -> None:
    data = write("wv")
    for zeros in (0, 2000):
        with pytest.raises(InvalidAudio, match="damaged"):
            hear(Audio.of(data[: round(kept * len(data))] + bytes(zeros)))


def test_a_wavpack_file_without_its_last_block_is_not_whole_because_of_zeros() -> None:
    data = write("wv")
    with pytest.raises(InvalidAudio, match="damaged"):
        hear(Audio.of(data[: data.rindex(b"wvpk")] + bytes(2000)))
