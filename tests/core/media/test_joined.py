"""Files that were joined or damaged: a second means the same sound in the whole, in a clip and in a piece."""

from __future__ import annotations

import functools
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audio_core import Audio
from audio_core.audio.content import BytesContent
from audio_core.media.decode import decode
from audio_core.media.flac import is_numbered_throughout
from audio_core.media.packet_formats import open_packets
from audio_core.media.probing import probe
from tests.support.encoded_sounds import make_sound, write_audio

RATE = 44_100
FIRST, SECOND = 6.0, 9.0
VORBIS = Path(__file__).parent / "talk.vorbis.ogg"
CODECS = {"ogg": "libopus", "flac": "flac", "mp3": "libmp3lame", "aac": "aac", "mp2": "mp2"}
ID3 = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)


def write(name: str, seconds: float, *, is_backwards: bool = False) -> bytes:
    rate = 48_000 if name == "ogg" else RATE
    sound = make_sound(seconds, rate)
    muxing = {"id3v2_version": "0"} if name == "mp3" else {}
    options = {"aac_pns": "0"} if name == "aac" else {}  # noise that a decoder makes anew each time
    data = write_audio(sound[:, :: -1 if is_backwards else 1], rate, name, CODECS[name], muxing=muxing, **options)
    return (
        data[:3] + bytes([data[3] | 4]) + data[4:] if name == "mp3" else data
    )  # LAME counts in a frame like all others


def hear(audio: Audio) -> np.ndarray:
    return np.frombuffer(b"".join(decode(audio, rate=RATE)), "<i2").astype(float)


def join(name: str) -> bytes:
    if name == "vorbis":
        return VORBIS.read_bytes() * 2
    if name == "flac twice":
        return write("flac", FIRST + SECOND) * 2
    if name == "flac before a short one":
        return write("flac", FIRST + SECOND) + write("flac", 0.6, is_backwards=True)
    between = ID3 if name == "mp3 behind a tag" else b""
    name = name.split(maxsplit=1)[0]
    return write(name, FIRST) + between + write(name, SECOND, is_backwards=True)


def punch(name: str) -> bytes:
    """Return a file of which some thousand bytes are nonsense."""
    data = bytearray(write(name, FIRST + SECOND))
    size = 4000 if name == "mp2" else 6000
    data[len(data) // 3 :][:size] = b""
    data[len(data) // 3 : len(data) // 3 + size] = np.random.default_rng(7).bytes(size)
    return bytes(data)


@functools.cache
def open_whole(name: str) -> tuple[Audio, np.ndarray]:
    audio = Audio.of(punch(name.removeprefix("damaged ")) if name.startswith("damaged ") else join(name))
    return audio, hear(audio)


JOINED = ["ogg", "vorbis", "flac", "flac twice", "flac before a short one", "mp3", "mp3 behind a tag", "aac", "mp2"]
DAMAGED = ["damaged mp3", "damaged aac", "damaged mp2", "damaged flac"]


@pytest.mark.parametrize("name", JOINED + DAMAGED)
@settings(max_examples=5)
@given(place=st.floats(0.02, 0.9), length=st.floats(0.2, 2.0))
@example(place=0.375, length=1.5)  # over the join
@example(place=0.405, length=1.0)  # right behind it
@example(place=0.8, length=1.0)
def test_a_clip_holds_the_sound_of_the_whole(name: str, place: float, length: float) -> None:
    audio, whole = open_whole(name)
    start = place * len(whole) / RATE
    end = min(start + length, len(whole) / RATE - 0.05)
    clip = hear(audio.clip(start, end))
    expected = whole[round(start * RATE) :][: len(clip)]
    assert len(clip) == round(end * RATE) - round(start * RATE)
    assert clip @ expected >= 0.98 * np.sqrt((clip @ clip) * (expected @ expected))


@pytest.mark.parametrize("name", JOINED + DAMAGED)
def test_a_length_is_that_of_what_is_heard(name: str) -> None:
    audio, whole = open_whole(name)
    assert probe(audio).duration == pytest.approx(len(whole) / RATE, abs=0.03)
    assert probe(audio.clip(1.0, FIRST + 2)).duration == FIRST + 2


@pytest.mark.parametrize("name", ["ogg", "flac", "mp3", "aac", "mp2"])
def test_joined_files_last_as_long_as_both(name: str) -> None:
    assert len(open_whole(name)[1]) / RATE == pytest.approx(FIRST + SECOND, abs=0.12)


@pytest.mark.parametrize("name", ["mp3", "aac"])
def test_a_copied_piece_of_joined_files_holds_the_sound_of_the_whole(name: str) -> None:
    audio, whole = open_whole(name)
    packets = open_packets(audio, probe(audio), {name})
    assert packets is not None
    for start, end in pairwise([2.0, FIRST - 1, FIRST + 1, FIRST + 4]):
        copy = packets.copy(start, end)
        heard = hear(Audio.of(copy.content.open_reader()))[round((start - copy.start) * RATE) :][
            : round((end - start) * RATE)
        ]
        expected = whole[round(start * RATE) :][: len(heard)]
        assert heard @ expected >= 0.98 * np.sqrt((heard @ heard) * (expected @ expected))


def test_a_few_places_tell_whether_a_long_flac_is_one_file() -> None:
    class Counted(BytesContent):
        count = 0

        def read_at(self, position: int, length: int) -> bytes:
            data = super().read_at(position, length)
            self.count += len(data)
            return data

    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (1, 90 * RATE)).astype("float32")
    content = Counted(write_audio(noise, RATE, "flac", "flac"))
    assert is_numbered_throughout(content)
    assert content.count < content.size / 3
