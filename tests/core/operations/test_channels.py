"""Recordings with a speaker on each channel."""

import io
import math
import wave
from array import array
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from audio_core import (
    PROVIDERS,
    Audio,
    AudioClient,
    InvalidAudio,
    Provider,
    ProviderUnavailable,
    TranscriptionIncomplete,
    TranscriptStore,
)
from audio_core.media.decode import decode, encode
from audio_core.media.probing import probe
from audio_core.testing import Recorded, Reply, ScriptedGateway
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader

RATE = 16_000
LEFT, RIGHT = 500, 900  # Hz


def stereo(seconds: float, channels: int = 2) -> bytes:
    """A WAV with a tone on each channel: the left from the start, the right one a second later."""
    samples = array("h")
    for at in range(round(seconds * RATE)):
        left, right = (round(9000 * math.sin(2 * math.pi * hertz * at / RATE)) for hertz in (LEFT, RIGHT))
        samples.extend((left, right if at >= RATE else 0, *[0] * (channels - 2)))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((channels, 2, RATE, 0, "NONE", ""))
        out.writeframes(samples.tobytes())
    return file.getvalue()


def hertz(sound: bytes) -> int:
    samples = array("h", sound)
    crossings = sum((a < 0) != (b < 0) for a, b in pairwise(samples))
    return round(crossings / 2 / (len(samples) / RATE) / 100) * 100


class Sides(ScriptedGateway):
    """Answers with the tone that it hears; one of them may be broken."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: int | None = None

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        upload = Audio.of(next(part.content for part in request.parts if part.filename))
        heard = hertz(b"".join(decode(upload, rate=RATE))[-RATE:])
        if heard == self.broken:
            return Reply({"error": {"message": "broke"}}, status=503)
        start = 0.5 if heard == LEFT else 1.0
        return Reply(
            {
                "text": str(heard),
                "segments": [{"start": start, "end": 2.0, "text": str(heard)}],
                "usage": {"type": "duration", "seconds": 3},
            }
        )


@pytest.fixture
def sides():
    with Sides() as sides:
        yield sides


def client(sides: Sides, row: Provider | str = "openai", **options) -> AudioClient:
    return AudioClient(row, model="m", api_key="k", base_url=sides.base_url, max_retries=0, **options)


def test_each_channel_is_a_speaker(sides) -> None:
    heard = client(sides).transcribe(stereo(3), channels="separate")
    assert [(segment.speaker, segment.text, segment.start) for segment in heard.segments] == [
        ("channel 1", "500", 0.5),
        ("channel 2", "900", 1.0),
    ]
    assert heard.text == "500 900"
    assert heard.usage.audio_seconds == 6
    assert heard.duration == pytest.approx(3)


def test_channels_are_mixed_unless_asked(sides) -> None:
    client(sides).transcribe(stereo(3))
    assert len(sides.requests) == 1
    assert stereo(3) in sides.requests[0].body


async def test_a_long_one_is_cut_by_channel(sides) -> None:
    row = replace(PROVIDERS["openai"], max_upload_seconds=4.0)
    heard = await client(sides, row).atranscribe(stereo(7), channels="separate")
    assert {segment.speaker for segment in heard.segments} == {"channel 1", "channel 2"}
    assert len(sides.requests) >= 4


def test_a_channel_that_fails_costs_nothing_of_the_other(sides) -> None:
    sides.broken = RIGHT
    with pytest.raises(TranscriptionIncomplete, match="00:00-00:03 could not be transcribed") as caught:
        client(sides).transcribe(stereo(3), channels="separate")
    assert "500" in caught.value.transcript.text
    marked = client(sides).transcribe(stereo(3), channels="separate", gaps="mark")
    assert [(segment.speaker, segment.is_gap) for segment in marked.segments] == [
        ("channel 2", True),
        ("channel 1", False),
    ]


def test_if_none_is_heard_the_error_is_the_gateways_own(sides) -> None:
    sides.next_reply = lambda request: Reply({"error": {"message": "broke"}}, status=503)
    with pytest.raises(ProviderUnavailable, match="broke"):
        client(sides).transcribe(stereo(3), channels="separate", gaps="mark")


def test_channels_are_kept_apart_in_the_store(sides, tmp_path: Path) -> None:
    store = TranscriptStore(tmp_path / "jobs.sqlite")
    first = client(sides, store=store).transcribe(stereo(3), channels="separate")
    assert client(sides, store=store).transcribe(stereo(3), channels="separate") == first
    assert len(sides.requests) == 2


def test_loader_and_reader_say_who_spoke(sides) -> None:
    options = {"provider": "openai", "model": "m", "api_key": "k", "base_url": sides.base_url, "channels": "separate"}
    for documents in (AudioLoader(stereo(3), **options).load(), AudioReader(**options).load_data(stereo(3))):
        assert [document.metadata["speaker"] for document in documents] == ["channel 1", "channel 2"]


def test_this_process_hears_channels_too(call: Path) -> None:
    mono = Audio.of(call, end=6)
    alone = AudioClient().transcribe(mono)
    assert AudioClient().transcribe(mono, channels="separate").text == alone.text  # one channel is no speaker


@pytest.mark.parametrize(("number", "expected"), [(0, LEFT), (1, RIGHT)])
def test_one_channel_is_decoded_and_encoded_alone(number: int, expected: int) -> None:
    audio = Audio.of(stereo(3)).select_channel(number)
    assert hertz(b"".join(decode(audio.clip(1.5, 3), rate=RATE))) == expected
    written = Audio.of(encode(audio.clip(1.5, 3), "wav"))
    assert probe(written).channels == 1
    assert hertz(b"".join(decode(written, rate=RATE))) == expected


def test_a_third_channel_may_be_silent() -> None:
    audio = Audio.of(stereo(1.5, channels=3))
    assert not any(b"".join(decode(audio.select_channel(2), rate=RATE)))
    with pytest.raises(InvalidAudio, match="no channel 3; it has 3"):
        list(decode(audio.select_channel(3), rate=RATE))
