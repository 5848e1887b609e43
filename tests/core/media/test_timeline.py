"""One time line: the same second means the same sound in players, in clips, and in what a gateway hears.

A gateway joins the packets that it gets, whatever their timestamps. So a recording with gaps must not go out untouched.
"""

from __future__ import annotations

import functools
import io
import math
from array import array
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from audio_core import Audio
from audio_core.media.decode import decode
from audio_core.media.demux import Demuxer
from audio_core.media.probing import probe
from audio_core.operations.upload import encode_for_upload
from tests.support.encoded_sounds import make_sound, write_audio

RATE = 48_000
CONTAINERS = {
    "mkv": ("matroska", "pcm_s16le"),
    "flac": ("matroska", "flac"),
    "webm": ("webm", "libopus"),
    "mp4": ("mp4", "aac"),
    "aac": ("matroska", "aac"),
    "mp3": ("matroska", "libmp3lame"),
}
COUNTED = ["webm", "aac", "flac", "mp3"]
GATEWAY_FORMATS = ("wav", "mp3", "flac", "m4a", "mp4", "ogg", "webm", "mkv")


@dataclass(frozen=True)
class Tone:
    """A tone in a recording: when it begins and ends, in seconds as a player shows them, and its frequency in Hz."""

    start: float
    end: float
    hertz: int

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2


def place_tones(stretches: list[tuple[float, float]]) -> list[Tone]:
    """Place tones one after the other, each after a gap, with frequencies that tell them apart."""
    tones, time = [], 0.0
    for index, (gap, length) in enumerate(stretches):
        tones.append(Tone(time + gap, time + gap + length, 400 + 200 * (index % 6)))
        time += gap + length
    return tones


def write_container(name: str, tones: list[Tone], *, has_picture: bool) -> bytes:
    """Write tones with their timestamps, and no packets in the gaps between them."""
    muxer, codec = CONTAINERS[name]
    file = io.BytesIO()
    with av.open(file, "w", format=muxer) as container:
        audio = container.add_stream(codec, rate=RATE, layout="mono")
        picture = None
        if has_picture:
            picture = container.add_stream("libvpx" if name == "webm" else "mpeg4", rate=10)
            picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
            for index in range(math.ceil(tones[-1].end * 10)):
                frame = av.VideoFrame(32, 32, "yuv420p")
                frame.pts, frame.time_base = index, Fraction(1, 10)
                container.mux(picture.encode(frame))
            container.mux(picture.encode(None))
        for tone in tones:
            for packet in encode_tone(codec, tone):
                packet.stream = audio
                container.mux(packet)
    return file.getvalue()


def encode_tone(codec: str, tone: Tone) -> list[av.Packet]:
    """Encode a tone by itself, as a recorder does that starts again after a pause."""
    encoder = av.CodecContext.create(codec, "w")
    encoder.options = {"aac_pns": "0"} if codec == "aac" else {}  # noise that a decoder makes anew each time
    encoder.sample_rate, encoder.layout, encoder.time_base = RATE, "mono", Fraction(1, RATE)
    encoder.format = {"pcm_s16le": "s16", "flac": "s16", "libopus": "s16", "aac": "fltp", "libmp3lame": "s16p"}[codec]
    first, size = round(tone.start * RATE), encoder.frame_size or 1024
    packets = []
    for at in range(first, round(tone.end * RATE), size):
        samples = np.round(9000 * np.sin(2 * np.pi * tone.hertz / RATE * np.arange(at, at + size))).astype("<i2")
        frame = av.AudioFrame(format="s16", layout="mono", samples=size)
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        for converted in av.AudioResampler(encoder.format.name, "mono", RATE).resample(frame):
            converted.pts = at
            packets += encoder.encode(converted)
    return packets + (encoder.encode(None) if codec == "flac" else [])  # the others would only add padding


def join_packets(data: bytes) -> array:
    """Decode as a gateway does, without looking at timestamps."""
    resampler, samples = av.AudioResampler("s16", "mono", RATE), array("h")
    with av.open(io.BytesIO(data)) as container:
        for frame in container.decode(audio=0):
            frame.pts = None
            for each in resampler.resample(frame):
                samples.frombytes(bytes(each.planes[0])[: 2 * each.samples])
    return samples


def measure_hertz(samples: array) -> float:
    """Return the frequency of a tone by its zero crossings; 0 for silence."""
    if not samples or max(samples) < 2000:
        return 0.0
    crossings = sum((a < 0) != (b < 0) for a, b in pairwise(samples))
    return crossings / 2 / (len(samples) / RATE)


def around(samples: array, seconds: float) -> array:
    return samples[round((seconds - 0.05) * RATE) : round((seconds + 0.05) * RATE)]


GAPS, LENGTHS = st.floats(0.3, 3.0), st.floats(0.4, 2.0)
STRETCHES = st.builds(
    lambda first, rest: [first, *rest],
    st.tuples(st.just(0.0) | GAPS, LENGTHS),
    st.lists(st.tuples(GAPS, LENGTHS), max_size=4),
)


@settings(max_examples=25)
@given(name=st.sampled_from(["flac", "mkv", "mp4", "webm"]), stretches=STRETCHES, has_picture=st.booleans())
@example(name="webm", stretches=[(0.0, 1.0), (2.0, 1.0)], has_picture=False)
@example(name="mp4", stretches=[(5.0, 1.0)], has_picture=True)
@example(name="mkv", stretches=[(5.0, 1.0), (0.4, 0.5)], has_picture=True)
@example(name="flac", stretches=[(3.0, 1.0), (0.3, 0.4)], has_picture=False)
@example(name="flac", stretches=[(0.0, 2.0)], has_picture=False)
def test_a_second_means_the_same_sound_everywhere(name: str, stretches: list, has_picture: bool) -> None:
    if name == "mp4":  # its sample table has no gaps but the first
        stretches = stretches[:1]
    tones = place_tones(stretches)
    data = write_container(name, tones, has_picture=has_picture)
    audio, lead = Audio.of(data), 0.0 if has_picture else tones[0].start
    sent = encode_for_upload(audio, GATEWAY_FORMATS)
    gateway, whole = (
        join_packets(sent.content.read_at(0, sent.content.size)),
        array("h", b"".join(decode(audio, rate=RATE))),
    )
    for tone in tones:
        at = tone.middle - lead
        clip = array("h", b"".join(decode(audio.clip(at - 0.05, at + 0.05), rate=RATE)))
        heard = [measure_hertz(around(whole, at)), measure_hertz(around(gateway, at)), measure_hertz(clip)]
        assert heard == pytest.approx([tone.hertz] * 3, abs=45)
    for before, after in pairwise(tones):
        if after.start - before.end > 0.2:
            at = (before.end + after.start) / 2 - lead
            assert [measure_hertz(around(whole, at)), measure_hertz(around(gateway, at))] == [0.0, 0.0]
    assert probe(audio).duration == pytest.approx(tones[-1].end - lead, abs=0.05)
    assert sent.seconds == pytest.approx(tones[-1].end - lead, abs=0.07)


def test_a_recording_without_gaps_goes_out_untouched() -> None:
    data = write_container("webm", place_tones([(0.0, 1.0), (0.0, 1.0)]), has_picture=False)
    sent = encode_for_upload(Audio.of(data), GATEWAY_FORMATS)
    assert sent.content.read_at(0, sent.content.size) == data


def test_a_recording_with_gaps_is_written_anew_with_silence_in_them() -> None:
    data = write_container("webm", place_tones([(0.0, 1.0), (2.0, 1.0)]), has_picture=False)
    sent = encode_for_upload(Audio.of(data), GATEWAY_FORMATS)
    assert not probe(Audio.of(data)).is_continuous
    assert sent.content.read_at(0, sent.content.size) != data
    assert sent.seconds == pytest.approx(4.0, abs=0.05)


@functools.cache
def write_and_decode(name: str, has_gap: bool) -> tuple[Audio, array]:
    stretches = [(0.0, 3.0), (1.0, 2.0), (0.0, 4.0)] if has_gap else [(0.0, 10.0)]
    audio = Audio.of(write_container(name, place_tones(stretches), has_picture=False))
    return audio, array("h", b"".join(decode(audio, rate=RATE)))


@given(name=st.sampled_from(COUNTED), start=st.floats(1.0, 8.5), has_gap=st.booleans())
@settings(max_examples=15)
@example(name="webm", start=2.0000001, has_gap=True)
@example(name="aac", start=7.123, has_gap=False)
@example(name="aac", start=5.875, has_gap=True)
@example(name="mp3", start=4.0, has_gap=True)
@example(name="webm", start=4.0, has_gap=True)
@example(name="flac", start=7.123, has_gap=False)
@example(name="mp3", start=7.123, has_gap=False)
def test_a_clip_of_matroska_has_the_samples_of_the_whole_although_what_is_before_is_only_counted(
    name: str, start: float, has_gap: bool
) -> None:
    assume(not (has_gap and name == "flac"))  # which FFmpeg does not write
    audio, whole = write_and_decode(name, has_gap)
    clip = array("h", b"".join(decode(audio.clip(start, start + 0.2), rate=RATE)))
    first = round(start * RATE)
    assert len(clip) == round((start + 0.2) * RATE) - first
    assert max(abs(a - b) for a, b in zip(clip, whole[first:], strict=False)) <= 2


@pytest.mark.parametrize("name", COUNTED)
def test_what_is_before_a_clip_of_matroska_is_not_decoded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[object] = []
    original = Demuxer._decode_packet
    monkeypatch.setattr(
        Demuxer, "_decode_packet", lambda self, packet: [decoded.append(packet), original(self, packet)][1]
    )
    audio = Audio.of(write_container(name, place_tones([(0.0, 20.0)]), has_picture=False))
    b"".join(decode(audio.clip(15.0, 15.5), rate=RATE))
    assert len(decoded) < 5.0 / 0.02


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("start", [2.97, 2.999, 3.0, 3.03, 3.9, 4.01])
def test_a_clip_that_begins_near_a_late_first_sound_has_the_samples_of_the_whole(name: str, start: float) -> None:
    audio = Audio.of(write_container(name, place_tones([(3.0, 3.0)]), has_picture=True))
    whole = array("h", b"".join(decode(audio, rate=RATE)))
    clip = array("h", b"".join(decode(audio.clip(start, start + 0.5), rate=RATE)))
    first = round(start * RATE)
    assert len(clip) == round((start + 0.5) * RATE) - first
    assert max(abs(a - b) for a, b in zip(clip, whole[first:], strict=False)) <= 2


@pytest.mark.parametrize("codec", ["flac", "pcm_s16le", "libmp3lame", "aac", "ac3"])
def test_milliseconds_that_matroska_cuts_off_its_packets_add_up_to_no_gap(codec: str) -> None:
    data = write_audio(make_sound(20.0, 44_100), 44_100, "matroska", codec)
    found = probe(Audio.of(data))
    heard = sum(map(len, decode(Audio.of(data), rate=44_100))) / 88_200
    assert found.is_continuous
    assert found.duration == pytest.approx(heard, abs=0.025)  # the padding of a last frame
    sent = encode_for_upload(Audio.of(data), GATEWAY_FORMATS)
    assert sent.content.read_at(0, sent.content.size) == data
