"""A file is cut short where its bytes say so, not where a length in a header is nominal."""

from __future__ import annotations

import io
import struct

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_core import Audio, InvalidAudio
from audio_core.audio.content import BytesContent
from audio_core.media.completeness import find_missing_bytes
from audio_core.media.decode import decode
from audio_core.media.probing import probe
from audio_core.testing import tone
from tests.support.encoded_sounds import make_sound, write_audio

CONTAINERS = {
    "aiff": ("aiff", "pcm_s16be"),
    "asf": ("asf", "wmav2"),
    "au": ("au", "pcm_s16be"),
    "avi": ("avi", "pcm_s16le"),
    "caf": ("caf", "pcm_s16le"),
    "matroska": ("matroska", "pcm_s16le"),
    "mp3": ("mp3", "libmp3lame"),
    "ogg": ("ogg", "libopus"),
    "w64": ("w64", "pcm_s16le"),
    "wav": ("wav", "pcm_s16le"),
    "flac": ("flac", "flac"),
    "mov": ("mp4", "aac"),
    "webm": ("webm", "libopus"),
}
EARLY_INDEX = {"mov": {"movflags": "faststart"}}


def write(name: str, seconds: float = 5.0) -> bytes:
    muxer, codec = CONTAINERS[name]
    file, rate = io.BytesIO(), 44_100 if name == "asf" else 48_000
    with av.open(file, "w", format=muxer, options=EARLY_INDEX.get(name, {})) as container:
        stream = container.add_stream(codec, rate=rate, layout="mono", bit_rate=128_000)
        resampler = av.AudioResampler(stream.codec_context.format.name, "mono", rate)
        for frame in av.open(io.BytesIO(tone(seconds, rate=rate))).decode(audio=0):
            for each in resampler.resample(frame):
                container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    return file.getvalue()


@pytest.fixture(scope="module")
def written() -> dict[str, bytes]:
    return {name: write(name) for name in CONTAINERS if name != "mov"}


@pytest.mark.parametrize("name", sorted(set(CONTAINERS) - {"flac", "mov", "webm"}))
def test_a_whole_file_lacks_nothing_and_half_of_one_lacks_the_rest(written, name: str) -> None:
    data = written[name]
    assert find_missing_bytes(BytesContent(data), name) == 0
    assert find_missing_bytes(BytesContent(data[: len(data) // 2]), name) > 0


@pytest.mark.parametrize("name", sorted(set(CONTAINERS) - {"mov"}))
def test_half_of_a_file_is_refused_when_it_is_probed_and_when_it_is_decoded(written, name: str) -> None:
    audio = Audio.of(written[name][: len(written[name]) * 6 // 10])
    for read in (probe, lambda audio: list(decode(audio, rate=16_000))):
        with pytest.raises(InvalidAudio, match="cut short"):
            read(audio)


@pytest.mark.parametrize("name", sorted(set(CONTAINERS) - {"mov"}))
def test_what_is_left_of_half_a_file_can_be_taken(written, name: str) -> None:
    audio = Audio.of(written[name][: len(written[name]) * 6 // 10]).clip(0.0, 1.5)
    assert len(b"".join(decode(audio, rate=16_000))) == pytest.approx(2 * 16_000 * 1.5, abs=2)


@settings(max_examples=60)
@given(name=st.sampled_from(sorted(set(CONTAINERS) - {"flac", "mov", "webm"})), junk=st.binary(max_size=200))
def test_any_bytes_behind_the_beginning_give_a_size_or_none(written, name: str, junk: bytes) -> None:
    assert find_missing_bytes(BytesContent(written[name][:40] + junk), name) >= 0
    assert find_missing_bytes(BytesContent(junk), name) >= 0


def test_a_flac_that_counts_more_samples_than_it_holds_is_heard_with_a_warning(written) -> None:
    data = bytearray(written["flac"])
    fields = int.from_bytes(data[18:26], "big")  # the rate, channels and width, and 36 bits of samples
    data[18:26] = (fields + 48_000 * 1000).to_bytes(8, "big")
    (warning,) = probe(Audio.of(bytes(data))).warnings
    assert warning == "It may be cut short: its header says 1005.00 s, but it ends after 5.00 s."
    assert len(b"".join(decode(Audio.of(bytes(data)), rate=16_000))) == pytest.approx(2 * 16_000 * 5, abs=2)


def test_a_wav_that_was_written_as_a_stream_is_whole() -> None:
    data = bytearray(tone(1.0))
    data[40:44] = struct.pack("<I", 0xFFFFFFFF)
    assert probe(Audio.of(bytes(data))).warnings == ()


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_an_avi_that_was_written_as_a_stream_lacks_nothing(written, size: int) -> None:
    data = bytearray(written["avi"])
    data[4:8] = struct.pack("<I", size)
    assert find_missing_bytes(BytesContent(bytes(data)), "avi") == 0


def test_half_of_the_last_part_of_a_large_avi_is_missed(written) -> None:
    data = written["avi"]
    following = b"RIFF" + struct.pack("<I", 100_000) + b"AVIX" + bytes(99_996)
    assert find_missing_bytes(BytesContent(data + following), "avi") == 0
    assert find_missing_bytes(BytesContent(data + following[:50_000]), "avi") == 50_008


def test_an_mp3_with_a_tag_behind_it_is_whole(written) -> None:
    tag = b"APETAGEX" + struct.pack("<4I8x", 2000, 32, 0, 0)
    assert probe(Audio.of(written["mp3"] + bytes(200) + tag)).duration == pytest.approx(5.0, abs=0.05)


@pytest.mark.parametrize(("muxer", "codec"), [("mpegts", "aac"), ("mpegts", "mp2"), ("mpeg", "mp2"), ("ac3", "ac3")])
def test_a_length_that_ffmpeg_computes_shortens_nothing(muxer: str, codec: str) -> None:
    audio = Audio.of(write_audio(make_sound(5.0, 48_000), 48_000, muxer, codec))
    heard = sum(map(len, decode(audio, rate=48_000))) / 96_000
    assert probe(audio).duration == pytest.approx(heard, abs=0.001)
