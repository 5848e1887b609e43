"""MP4 files whose time scale is damaged: nothing that is counted by it is true."""

from __future__ import annotations

import contextlib
import functools

import pytest

from audio_core import Audio, AudioClient, InvalidAudio
from audio_core.media.decode import decode
from audio_core.media.probing import probe
from audio_core.testing import Reply, ScriptedGateway
from tests.support.encoded_sounds import make_sound, write_audio

WRONG = [0, 1, 10, 1000, 2**31 - 1, 0xFFFFFFFF]


@functools.cache
def write(codec: str, rate: int) -> bytes:
    return write_audio(make_sound(12.0, rate), rate, "mp4", codec)


def state_scale(data: bytes, scale: int) -> bytes:
    """Return an MP4 file that says how many ticks a second of its only track has."""
    at = data.index(b"mdhd") + 16
    return data[:at] + scale.to_bytes(4, "big") + data[at + 4 :]


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("scale", WRONG)
def test_a_wrong_time_scale_is_named_when_a_file_is_probed_and_when_it_is_decoded(rate: int, scale: int) -> None:
    audio = Audio.of(state_scale(write("aac", rate), scale))
    for read in (probe, lambda audio: list(decode(audio, rate=16_000))):
        with pytest.raises(InvalidAudio, match=rf"time scale is wrong.*holds {1024 / rate:.4g} s of sound"):
            read(audio)


@pytest.mark.parametrize("scale", [8000, 32_000])
def test_half_or_twice_the_sample_rate_is_a_possible_time_scale(scale: int) -> None:
    assert probe(Audio.of(state_scale(write("aac", 16_000), scale))).duration > 0


@pytest.mark.parametrize("codec", ["aac", "alac", "libmp3lame", "ac3", "flac"])
@pytest.mark.parametrize("scale", WRONG)
def test_a_wrong_time_scale_ends_in_text_or_in_a_clear_error(codec: str, scale: int) -> None:
    data = state_scale(write(codec, 44_100), scale)
    with ScriptedGateway() as gateway:
        gateway.will_answer(Reply({"text": "hi"}))
        client = AudioClient("openai", model="m", api_key="k", base_url=gateway.base_url, max_retries=0)
        with contextlib.suppress(InvalidAudio):
            assert client.transcribe(data, segment_seconds=2).duration is not None
