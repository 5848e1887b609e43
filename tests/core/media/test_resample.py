"""A mix to one channel loses nothing that somebody says."""

from __future__ import annotations

import functools
import io
import math
import wave
from array import array
from collections.abc import Callable, Sequence

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio_core import Audio, InvalidAudio
from audio_core.media.decode import decode, encode

RATE = 16_000


def write_wav(channels: Sequence[Callable[[int], float]], seconds: float = 3.0) -> bytes:
    """Write a WAV without speaker positions. Each function gives a channel's sample of -1 to 1 by its number."""
    samples = array("h", (round(30_000 * channel(n)) for n in range(round(seconds * RATE)) for channel in channels))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((len(channels), 2, RATE, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    return file.getvalue()


def voice(n: int) -> float:
    return 0.5 * math.sin(n / 8) * (0.6 + 0.4 * math.sin(n / 3000))


def opposite(n: int) -> float:
    return -voice(n)


def hush(n: int) -> float:
    return 0.0


def measure_level(data: bytes) -> float:
    samples = array("h", data)
    return sum(map(abs, samples)) / len(samples)


def mix(data: bytes, warnings: list[str] | None = None) -> bytes:
    return b"".join(decode(Audio.of(data), rate=RATE, warnings=warnings))


def test_channels_in_opposite_phase_are_heard() -> None:
    warnings = list[str]()
    mixed = mix(write_wav([voice, opposite]), warnings)
    assert measure_level(mixed) == pytest.approx(measure_level(mix(write_wav([voice]))), rel=0.01)
    assert warnings == ["Its channels cancel each other when they are mixed, so the loudest alone was used there."]


def test_channels_that_nearly_cancel_are_heard() -> None:
    mixed = mix(write_wav([voice, lambda n: -0.9 * voice(n)]))
    assert measure_level(mixed) == pytest.approx(measure_level(mix(write_wav([voice]))), rel=0.01)


@pytest.mark.parametrize(("count", "speaking"), [(2, 1), (3, 2), (4, 3), (6, 3), (6, 5), (8, 3), (10, 9)])
def test_whoever_speaks_on_one_of_many_channels_is_heard(count: int, speaking: int) -> None:
    warnings = list[str]()
    mixed = mix(write_wav([voice if index == speaking else hush for index in range(count)]), warnings)
    assert measure_level(mixed) == pytest.approx(measure_level(mix(write_wav([voice]))) / count, rel=0.02)
    assert warnings == []


def write_named(layout: str, codec: str = "pcm_s16le", **speakers: Callable[[int], float]) -> bytes:
    """Write a recording whose channels have positions, and give some of them a sound."""
    file, names = io.BytesIO(), [channel.name for channel in av.AudioLayout(layout).channels]
    samples = [speakers.get(name, hush)(n) for n in range(2 * RATE) for name in names]
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream(codec, rate=RATE, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.array([samples], "f4"), "flt", layout)
        frame.sample_rate = RATE
        for each in av.AudioResampler(stream.codec_context.format, layout, RATE).resample(frame):
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_f32le"])
@pytest.mark.parametrize(("layout", "position"), [("5.1", "LFE"), ("2.1", "LFE"), ("7.1", "LFE")])
def test_whoever_speaks_at_a_position_that_ffmpeg_drops_is_heard(layout: str, position: str, codec: str) -> None:
    warnings = list[str]()
    mixed = mix(write_named(layout, codec, **{position: voice}), warnings)
    count = av.AudioLayout(layout).nb_channels
    assert measure_level(mixed) == pytest.approx(measure_level(mix(write_named("mono", FC=voice))) / count, rel=0.02)
    assert warnings == []


def test_speakers_whom_ffmpeg_would_let_cancel_each_other_are_heard() -> None:
    mixed = mix(write_named("5.1", FC=voice, BL=opposite, BR=opposite))
    assert measure_level(mixed) == pytest.approx(measure_level(mix(write_named("mono", FC=voice))) / 6, rel=0.02)


def test_a_loud_subwoofer_leaves_a_speaker_as_loud_as_he_is() -> None:
    def rumble(n: int) -> float:
        return math.sin(n / 64)

    spoken = mix(write_named("5.1", FC=voice))
    assert mix(write_named("5.1", FC=voice, LFE=rumble)) == spoken


@pytest.mark.parametrize("name", ["wav", "mp3", "flac"])
def test_many_channels_are_heard_in_what_is_encoded(name: str) -> None:
    encoded = encode(Audio.of(write_wav([hush, hush, hush, voice, hush, hush])), name)
    assert measure_level(mix(encoded.read_at(0, encoded.size))) > 500


def test_equal_channels_are_as_loud_as_one() -> None:
    assert mix(write_wav([voice, voice])) == mix(write_wav([voice]))


def test_channels_that_cancel_for_a_while_are_mixed_elsewhere() -> None:
    def partly_opposite(n: int) -> float:
        return -voice(n) if n < RATE else voice(n)

    mixed = array("h", mix(write_wav([voice, partly_opposite])))
    assert mixed[2000:] == array("h", mix(write_wav([voice])))[2000:]


@functools.cache
def write_and_mix(rate: int) -> tuple[bytes, bytes]:
    data = write_wav([voice, lambda n: -voice(n) if (n // 20_000) % 2 else voice(n)], seconds=10.0)
    return data, b"".join(decode(Audio.of(data), rate=rate))


@settings(max_examples=20)
@given(start=st.integers(0, 5000), length=st.integers(100, 4000), rate=st.sampled_from([8000, 16_000, 22_050]))
def test_a_clip_is_mixed_as_the_whole_is(start: int, length: int, rate: int) -> None:
    data, whole = write_and_mix(rate)
    begin, end = start / 1000, (start + length) / 1000
    clip = b"".join(decode(Audio.of(data).clip(begin, end), rate=rate))
    expected = array("h", whole[2 * round(begin * rate) : 2 * round(end * rate)])
    assert max(abs(a - b) for a, b in zip(array("h", clip), expected, strict=True)) <= 2


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_channel_can_be_chosen(number: int) -> None:
    channels = [lambda n, hertz=hertz: 0.5 * math.sin(n * hertz / 1000) for hertz in (100, 200, 300)]
    chosen = decode(Audio.of(write_wav(channels)).select_channel(number), rate=RATE)
    assert b"".join(chosen) == mix(write_wav([channels[number]]))


def test_a_channel_that_is_not_there_is_an_error() -> None:
    with pytest.raises(InvalidAudio, match="no channel 2; it has 2, counted from 0"):
        list(decode(Audio.of(write_wav([voice, voice])).select_channel(2), rate=RATE))


@pytest.mark.parametrize("sample_format", ["u8", "s16", "s32", "flt", "dbl", "s16p", "fltp"])
def test_every_sample_format_is_checked_for_channels_that_cancel(sample_format: str) -> None:
    codec = {"u8": "pcm_u8", "s16": "pcm_s16le", "s32": "pcm_s32le", "flt": "pcm_f32le", "dbl": "pcm_f64le"}
    codec |= {"s16p": "libmp3lame", "fltp": "aac"}
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as container:
        stream = container.add_stream(codec[sample_format], rate=RATE, layout="stereo", format=sample_format)
        data = write_wav([voice, opposite])
        for frame in av.open(io.BytesIO(data)).decode(audio=0):
            for each in av.AudioResampler(sample_format, "stereo", RATE).resample(frame):
                container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    assert measure_level(mix(file.getvalue())) > 2000


@pytest.mark.parametrize("channels", [7, 8, 9, 16])
def test_many_channels_in_planes_are_mixed(channels: int) -> None:
    layout, file, options = f"{channels} channels", io.BytesIO(), {"mapping_family": "255"}
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout=layout, options=options)
        resampler = av.AudioResampler(stream.codec_context.format, layout, 48_000)
        for frame in av.open(io.BytesIO(write_wav([voice] * channels))).decode(audio=0):
            for each in resampler.resample(frame):
                container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    assert measure_level(mix(file.getvalue())) == pytest.approx(measure_level(mix(write_wav([voice]))), rel=0.1)
