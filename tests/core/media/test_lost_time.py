"""Bytes in the middle of a file that are no frames: what follows keeps its time, or a warning says that it does not."""

from __future__ import annotations

import functools
import re

import numpy as np
import pytest

from audio_core import Audio
from audio_core.audio.mpeg_frames import parse_adts_length
from audio_core.media.decode import decode, probe_packets
from audio_core.media.probing import probe
from audio_core.operations.upload import encode_for_upload
from tests.support.encoded_sounds import make_sound, write_audio

RATE, SECONDS = 44_100, 40.0
VARIABLE = {"flags": "+qscale", "global_quality": "472"}
PICTURE = b"ID3\x03\0\0\0\x10\0\0" + np.random.default_rng(1).bytes(0x10 << 14)
TAG = b"ID3\x04\0\0\0\0\x27\x08" + np.random.default_rng(1).bytes(0x27 * 128 + 8)
ID3V1, EXTENSION, LYRICS = (
    b"TAG".ljust(128, b"x"),
    b"TAG+".ljust(227, b"x"),
    b"LYRICSBEGIN" + b"la " * 3000 + b"LYRICSEND",
)
APE = b"APETAGEX\0\0\0\0\x20\x40\0\0\1\0\0\0\0\0\0\xa0".ljust(32, b"\0") + b"x" * 0x4000 + b"APETAGEX".ljust(32, b"\0")


@functools.cache
def write(name: str) -> bytes:
    options = VARIABLE if name == "variable mp3" else {}
    container, codec = ("aac", "aac") if name == "aac" else ("mp3", "libmp3lame")
    return write_audio(make_sound(SECONDS, RATE), RATE, container, codec, **options)


def overwrite(name: str, *places: tuple[float, int]) -> Audio:
    """Return a file with noise in place of so many bytes at some places, which are shares of its length."""
    data, noise = bytearray(write(name)), np.random.default_rng(7)
    for place, size in places:
        at = round(place * len(data))
        data[at : at + size] = noise.bytes(size)
    return Audio.of(bytes(data))


def hear(audio: Audio, warnings: list[str] | None = None) -> np.ndarray:
    return np.frombuffer(b"".join(decode(audio, rate=RATE, warnings=warnings)), "<i2").astype(float)


def measure_shift(heard: np.ndarray, expected: np.ndarray) -> float:
    """Return by how many seconds a sound is early."""
    size = 2 * max(len(heard), len(expected))
    likeness = np.fft.irfft(np.fft.rfft(expected, size) * np.conj(np.fft.rfft(heard, size)), size)
    lag = int(np.argmax(likeness))
    return (lag if lag < size / 2 else lag - size) / RATE


@pytest.mark.parametrize("places", [[(0.5, 300)], [(0.5, 3000)], [(0.5, 20_000)], [(0.3, 9000), (0.6, 500)]])
def test_what_follows_damage_keeps_its_time_at_a_constant_bit_rate(places: list[tuple[float, int]]) -> None:
    intact, audio = hear(Audio.of(write("mp3"))), overwrite("mp3", *places)
    stretch = slice(round(33.0 * RATE), round(37.0 * RATE))
    assert abs(measure_shift(hear(audio)[stretch], intact[stretch])) < 0.005
    assert abs(measure_shift(hear(audio.clip(33.0, 37.0)), intact[stretch])) < 0.005
    assert probe(audio).duration == pytest.approx(SECONDS, abs=0.03)
    assert not probe(audio).is_continuous
    sent = encode_for_upload(audio, ("mp3", "wav")).content
    assert abs(measure_shift(hear(Audio.of(sent))[stretch], intact[stretch])) < 0.1  # an encoder's delay


def test_joined_files_of_one_bit_rate_keep_their_times_too() -> None:
    intact = write("mp3") * 2
    data = bytearray(intact)
    at = len(data) * 3 // 4
    data[at : at + 9000] = np.random.default_rng(7).bytes(9000)
    start, end = 2 * SECONDS - 6, 2 * SECONDS - 2
    shift = measure_shift(
        hear(Audio.of(bytes(data), start=start, end=end)), hear(Audio.of(intact, start=start, end=end))
    )
    assert abs(shift) < 0.05


@pytest.mark.parametrize("name", ["variable mp3", "aac"])
def test_a_warning_says_how_early_it_may_be_where_the_bit_rate_varies(name: str) -> None:
    audio, warnings = overwrite(name, (0.4, 9000), (0.7, 6000)), list[str]()
    intact, heard = hear(Audio.of(write(name))), hear(audio, warnings)
    shift = measure_shift(heard[round(30.0 * RATE) :], intact[round(30.0 * RATE) :])
    (warning,) = probe(audio).warnings[:1]
    assert warning in warnings
    stated = re.search(r"(\d\d,\d{3}) bytes in it are damaged.*early by about (\d\.\d) s", warning)
    assert stated is not None
    assert 15_000 <= int(stated[1].replace(",", "")) < 18_000
    assert float(stated[2]) == pytest.approx(shift, rel=0.5)


@pytest.mark.parametrize("name", ["mp3", "variable mp3"])
def test_a_clip_is_warned_of_too(name: str) -> None:
    warnings = list[str]()
    hear(overwrite(name, (0.5, 9000)).clip(33.0, 37.0), warnings)
    assert any("may be early" in each for each in warnings) == (name == "variable mp3")


@pytest.mark.parametrize(
    "between", [TAG, PICTURE, ID3V1, APE, LYRICS + ID3V1, LYRICS + ID3V1 + bytes(2000) + TAG, EXTENSION + ID3V1]
)
@pytest.mark.parametrize("name", ["mp3", "variable mp3", "aac"])
def test_a_tag_between_joined_files_takes_no_time(name: str, between: bytes) -> None:
    audio, warnings = Audio.of(write(name) + between + write(name)), list[str]()
    assert len(hear(audio, warnings)) / RATE == pytest.approx(2 * SECONDS, abs=0.15)
    assert probe(audio).duration == pytest.approx(2 * SECONDS, abs=0.15)
    assert probe(audio).is_continuous
    assert not any("early" in warning for warning in (*warnings, *probe(audio).warnings))


def test_a_joined_file_of_another_bit_rate_is_not_damaged() -> None:
    slow = write_audio(make_sound(20.0, RATE), RATE, "mp3", "libmp3lame", bit_rate=32_000)
    fast = write_audio(make_sound(20.0, RATE), RATE, "mp3", "libmp3lame", bit_rate=320_000)
    audio = Audio.of(slow + TAG + fast)
    assert probe(audio).is_continuous
    assert probe(audio).duration == pytest.approx(40.0, abs=0.15)


@pytest.mark.parametrize(("index", "bits"), [(2, 0x02), (3, 0x3C)])
def test_bits_of_frames_that_may_vary_are_no_damage(index: int, bits: int) -> None:
    data, position, rng = bytearray(write("aac")), 0, np.random.default_rng(7)
    while position < len(data):
        data[position + index] ^= bits & int(rng.integers(256))
        position += parse_adts_length(data[position : position + 7])
    assert probe_packets(Audio.of(bytes(data))).warnings == ()


def test_zeros_in_aac_that_leave_no_packet_are_told() -> None:
    data = bytearray(write("aac"))
    data[len(data) // 2 : len(data) // 2 + 9000] = bytes(9000)
    (warning,) = probe(Audio.of(bytes(data))).warnings
    assert re.search(r"[89],\d{3} bytes in it are damaged", warning)


@pytest.mark.parametrize("name", ["mp3", "variable mp3", "aac"])
def test_what_is_behind_the_end_takes_no_time(name: str) -> None:
    audio, warnings = Audio.of(write(name) + np.random.default_rng(7).bytes(30_000)), list[str]()
    assert len(hear(audio, warnings)) / RATE == pytest.approx(SECONDS, abs=0.5)
    assert probe(audio).duration == pytest.approx(SECONDS, abs=0.5)
    assert not any("early" in warning for warning in warnings)


def test_files_of_two_kinds_that_were_joined_are_not_damaged() -> None:
    other = write_audio(make_sound(5.0, 48_000), 48_000, "aac", "aac")
    for data in (write("aac") + other, write("mp3") + write("variable mp3")):
        assert probe(Audio.of(data)).warnings == ()


def test_a_file_of_layer_2_that_was_joined_to_one_of_layer_3_is_not_damaged() -> None:
    audio = Audio.of(write("mp3") + write_audio(make_sound(10.0, RATE), RATE, "mp2", "mp2"))
    assert probe_packets(audio).duration == pytest.approx(SECONDS + 10.0, abs=0.3)


def test_much_noise_behind_the_end_is_not_counted() -> None:
    audio = Audio.of(write("mp3") + np.random.default_rng(7).bytes(2_000_000))
    assert probe_packets(audio).duration < SECONDS + 20
