"""Stretches of recordings that are copied packet by packet, and the samples that decoders give out of them."""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_core import Audio
from audio_core.media.flac import compute_crc16, list_frames
from audio_core.media.packet_formats import open_packets
from audio_core.media.packets import NotCopyable, Packets
from audio_core.media.probing import probe
from tests.support.encoded_sounds import decode_samples, make_sound, write_audio

SECONDS = 8.0
UPLOAD_FORMATS = {"mp3", "wav", "flac", "ogg", "m4a", "aac"}
# 8 s of the talk by libvorbis, which PyAV does not bring, with blocks of 256 and 2048 samples:
# ffmpeg -ss 3 -t 8 -i talk.ogg -c:a libvorbis -q:a -1 -ar 44100 -ac 1 -map_metadata -1 blocks.vorbis.ogg
VORBIS = Path(__file__).parent / "blocks.vorbis.ogg"
ID3 = b"ID3\x04\0\0\0\0\x02\0" + bytes(256)
APE = b"APETAGEX" + struct.pack("<III", 2000, 32, 0) + bytes(12)


def write_mp3(
    rate: int, channels: int = 1, *, bit_rate: int | None = None, has_header: bool = True, **options
) -> bytes:
    muxing = {"write_xing": "1" if has_header else "0"}
    sound = make_sound(SECONDS, rate, channels)
    return write_audio(sound, rate, "mp3", "libmp3lame", muxing=muxing, bit_rate=bit_rate, **options)


def write_aac(rate: int, channels: int = 1) -> bytes:
    return write_audio(make_sound(SECONDS, rate, channels), rate, "aac", "aac", aac_pns="0")


def write_matroska(container: str, **options: str) -> bytes:
    return write_audio(make_sound(SECONDS, 48_000), 48_000, container, "libopus", bit_rate=32_000, **options)


def write_vorbis(rate: int, **muxing: str) -> bytes:
    """By FFmpeg's own encoder, whose blocks are all of one size."""
    return write_audio(make_sound(SECONDS, rate, 2), rate, "ogg", "vorbis", muxing=muxing, strict="-2")


OPUS_TOLERANCE = 0.02  # its decoder settles, but what came before never fades wholly


def write_m4a(rate: int, channels: int = 1, **options) -> bytes:
    """FFmpeg's encoder replaces noise by random numbers, unless it is told not to."""
    return write_audio(make_sound(SECONDS, rate, channels), rate, "m4a", "aac", aac_pns="0", **options)


RECORDINGS: dict[str, Callable[[], bytes]] = {
    "mp3 44.1 kHz stereo": lambda: write_mp3(44_100, 2, bit_rate=128_000),
    "mp3 320 kbit/s": lambda: write_mp3(48_000, 2, bit_rate=320_000, has_header=False),
    "mp3 32 kbit/s": lambda: write_mp3(44_100, bit_rate=32_000),
    "mp3 VBR": lambda: write_mp3(44_100, 2, global_quality=str(4 * 118), flags="+qscale"),
    "mp3 VBR without a header": lambda: write_mp3(44_100, 1, has_header=False, global_quality="472", flags="+qscale"),
    "mp3 16 kHz (MPEG-2)": lambda: write_mp3(16_000, bit_rate=24_000),
    "mp3 8 kHz (MPEG-2.5)": lambda: write_mp3(8_000, bit_rate=8_000),
    "mp3 without a reservoir": lambda: write_mp3(32_000, bit_rate=64_000, reservoir="0"),
    "mp3 in tags": lambda: ID3 + write_mp3(44_100, bit_rate=64_000) + APE + b"TAG".ljust(128, b"\0"),
    "wav": lambda: write_audio(make_sound(SECONDS, 44_100), 44_100, "wav", "pcm_s16le"),
    "wav of 24 bits": lambda: write_audio(make_sound(SECONDS, 22_050, 2), 22_050, "wav", "pcm_s24le"),
    "flac": lambda: write_audio(make_sound(SECONDS, 44_100, 2), 44_100, "flac", "flac"),
    "flac 16 kHz": lambda: write_audio(make_sound(SECONDS + 0.01, 16_000), 16_000, "flac", "flac"),
    "opus": lambda: write_audio(make_sound(SECONDS, 48_000, 2), 48_000, "ogg", "libopus", bit_rate=48_000),
    "opus 450 kbit/s": lambda: write_audio(make_sound(SECONDS, 48_000, 2), 48_000, "ogg", "libopus", bit_rate=450_000),
    "vorbis": VORBIS.read_bytes,
    "vorbis of one size of blocks": lambda: write_vorbis(44_100),
    "vorbis in short pages": lambda: write_vorbis(48_000, page_duration="20000"),
    "opus in webm": lambda: write_matroska("webm"),
    "opus of 60 ms in matroska": lambda: write_matroska("matroska", frame_duration="60"),
    "m4a": lambda: write_m4a(44_100, 2, bit_rate=96_000),
    "m4a 16 kHz": lambda: write_m4a(16_000, bit_rate=32_000),
    "aac": lambda: write_aac(44_100, 2),
    "aac 16 kHz in tags": lambda: ID3 + write_aac(16_000) + b"TAG".ljust(128, b"\0"),
}


@functools.cache
def write(name: str) -> bytes:
    return RECORDINGS[name]()


@functools.cache
def open_whole(name: str) -> tuple[Packets, np.ndarray, int]:
    audio = Audio.of(write(name))
    properties = probe(audio)
    packets = open_packets(audio, properties, UPLOAD_FORMATS)
    assert packets is not None
    return packets, decode_samples(write(name)), properties.sample_rate


@pytest.mark.parametrize("name", RECORDINGS)
@settings(max_examples=15, deadline=None)
@given(start=st.floats(0.0, SECONDS - 0.5), length=st.floats(0.3, SECONDS))
def test_a_copy_holds_the_samples_of_the_whole_recording_where_it_says(name: str, start: float, length: float) -> None:
    packets, whole, rate = open_whole(name)
    end = min(start + length, SECONDS - 0.2)
    copy = packets.copy(start, max(end, start))
    assert copy.start <= start + 1e-6
    assert copy.end >= end - 1e-6
    assert copy.seconds - (end - start) <= packets.margin
    samples = decode_samples(copy.content.read_at(0, copy.content.size))
    assert samples.shape[1] == round(copy.seconds * rate)
    first, offset = round(start * rate), round(copy.start * rate)
    last = max(first, round(end * rate) - 1)
    tolerance = OPUS_TOLERANCE if "opus" in name else 1e-5
    np.testing.assert_allclose(samples[:, first - offset : last - offset], whole[:, first:last], atol=tolerance)


@pytest.mark.parametrize("name", RECORDINGS)
def test_all_copies_together_are_about_as_large_as_the_recording(name: str) -> None:
    packets, whole, rate = open_whole(name)
    copy = packets.copy(0.0, whole.shape[1] / rate)
    assert copy.content.size <= len(write(name)) + 500


def test_only_what_a_decoder_needs_comes_before_a_copy() -> None:
    packets, _, _ = open_whole("mp3 44.1 kHz stereo")
    copy = packets.copy(4.0, 6.0)
    assert copy.start > 4.0 - 0.12
    assert abs(decode_samples(copy.content.read_at(0, copy.content.size))[:, :1152]).max() < 1e-3


def test_a_copy_tells_how_many_frames_of_varying_size_it_has() -> None:
    """Else decoders such as libsndfile's guess by the size of the first frame, and stop too early."""
    packets, _, _ = open_whole("mp3 VBR without a header")
    copy = packets.copy(2.0, 4.0)
    data = copy.content.read_at(0, copy.content.size)
    _, flags, frames, size = struct.unpack_from(">4sIII", data, data.index(b"Xing"))
    assert (flags, size) == (3, len(data))
    assert frames * 1152 / 44_100 == pytest.approx(copy.seconds)


def test_a_copy_of_opus_is_exactly_what_was_asked_for() -> None:
    packets, _, _ = open_whole("opus")
    copy = packets.copy(3.0, 5.5)
    assert (copy.start, copy.end) == (3.0, 5.5)


@pytest.mark.parametrize("name", ["flac", "flac 16 kHz"])
def test_frames_of_flac_are_numbered_from_the_first_with_right_checksums(name: str) -> None:
    """Some decoders, such as libFLAC, seek by these numbers."""
    packets, _, _ = open_whole(name)
    copy = packets.copy(3.0, 5.5)
    found = list_frames(copy.content)
    assert found is not None
    info, positions = found
    assert info.samples == pytest.approx(copy.seconds * info.sample_rate)
    ends = [*positions[1:], copy.content.size]
    frames = [copy.content.read_at(start, end - start) for start, end in zip(positions, ends, strict=True)]
    assert {compute_crc16(frame) for frame in frames} == {0}
    assert frames[0][4] == 0


def test_a_damaged_page_is_not_copied() -> None:
    data = bytearray(write("opus"))
    data[len(data) // 2] ^= 1
    packets = open_packets(Audio.of(bytes(data)), probe(Audio.of(write("opus"))), UPLOAD_FORMATS)
    assert packets is not None
    with pytest.raises(NotCopyable):
        packets.copy(1.0, SECONDS - 1)


def test_a_flac_with_something_behind_it_is_not_copied() -> None:
    audio = Audio.of(write("flac") + bytes(128))
    assert open_packets(audio, probe(audio), UPLOAD_FORMATS) is None


def test_streams_that_follow_one_another_are_not_copied() -> None:
    audio = Audio.of(write("opus") + write_audio(make_sound(2.0, 48_000, 2), 48_000, "ogg", "libopus"))
    assert open_packets(audio, probe(audio), UPLOAD_FORMATS) is None


DAMAGED: dict[str, Callable[[bytes], bytes]] = {
    "a frame overwritten": lambda data: data[:40_000] + bytes(300) + data[40_300:],
    "bytes missing": lambda data: data[:40_000] + data[40_100:],
    "another sample rate in the middle": lambda data: data[:40_000] + write_mp3(48_000, 2, bit_rate=96_000)[1000:],
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_damaged_is_not_copied(damage: str) -> None:
    whole = write("mp3 44.1 kHz stereo")
    data = DAMAGED[damage](whole)
    packets = open_packets(Audio.of(data), probe(Audio.of(whole)), UPLOAD_FORMATS)
    assert packets is not None
    assert packets.copy(0.5, 1.5).content.size > 10_000
    with pytest.raises(NotCopyable):
        packets.copy(2.0, 4.0)


@pytest.mark.parametrize(
    "audio",
    [
        Audio.of(write_audio(make_sound(1.0, 16_000), 16_000, "mp2", "mp2")),
        Audio.of(write_mp3(16_000, bit_rate=24_000)).select_channel(0),
    ],
)
def test_what_is_not_plain_is_not_copied(audio: Audio) -> None:
    assert open_packets(audio, probe(audio), UPLOAD_FORMATS) is None


def test_a_copy_has_a_format_that_is_taken() -> None:
    for name, own in (("opus in webm", {"webm"}), ("aac", {"m4a"})):
        audio = Audio.of(write(name))
        assert open_packets(audio, probe(audio), own) is None


def test_frames_of_aac_of_another_kind_are_not_copied() -> None:
    data = write("aac")
    other = write_aac(48_000, 2)
    packets = open_packets(Audio.of(data + other), probe(Audio.of(data)), UPLOAD_FORMATS)
    assert packets is not None
    with pytest.raises(NotCopyable):
        packets.copy(SECONDS - 1, SECONDS + 2)
