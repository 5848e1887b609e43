"""Pieces that are copies of a recording's packets, through a server that hears which tone each moment holds."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from audio_core import Audio, AudioClient, Transcript
from audio_core.media.decode import encode
from audio_core.media.probing import probe
from audio_core.testing import Recorded, Reply, ScriptedGateway
from tests.core.operations.test_long_transcription import ROW, Listener, Tone, recording
from tests.support.encoded_sounds import decode_samples, write_audio

LONG_ROW = replace(ROW, max_upload_seconds=20.0, upload_formats=(*ROW.upload_formats, "aac"))
HEARD = 0.1  # the listener hears in twentieths of a second, counted from where a piece begins
FORMATS = {"mp3": (44_100, 2), "m4a": (44_100, 1), "flac": (16_000, 1), "ogg": (48_000, 1), "wav": (16_000, 1)}
RATES = FORMATS | {"aac": (44_100, 2)}


@pytest.fixture
def listener():
    with Listener() as listener:
        yield listener


@pytest.fixture(scope="module")
def tones() -> tuple[list[Tone], float]:
    """Half a second a number, and a second of silence after each."""
    return [(0.3 + 1.5 * number, 0.8 + 1.5 * number, number) for number in range(32)], 48.0


@pytest.fixture(scope="module")
def wav(tones) -> bytes:
    return recording(*tones)


@functools.cache  # an encoder takes longer than all that is tested
def convert(wav: bytes, format: str) -> bytes:
    rate, channels = RATES[format]
    content = encode(Audio.of(wav), format, rate=rate, channels=channels)
    return content.read_at(0, content.size)


def transcribe(listener: ScriptedGateway, source: object, row=LONG_ROW, **options) -> Transcript:
    client = AudioClient(row, model="m", base_url=listener.base_url, max_retries=0)
    return client.transcribe(source, segment_seconds=None, **options)


def get_uploads(listener: ScriptedGateway) -> list[bytes]:
    return [get_upload(request) for request in listener.requests]


def get_upload(request: Recorded) -> bytes:
    return next(part.content for part in request.parts if part.filename)


@pytest.mark.parametrize("format", [*FORMATS, "aac"])
def test_copied_pieces_say_the_same_as_encoded_ones(listener, tones, wav: bytes, format: str) -> None:
    data = convert(wav, format)
    copied = transcribe(listener, data)
    uploads = get_uploads(listener)
    assert {Audio.of(upload).format for upload in uploads} == {format}
    assert sum(map(len, uploads)) < 1.1 * len(data)
    encoded = transcribe(listener, data, replace(LONG_ROW, upload_formats=("flac",) if format == "wav" else ("wav",)))
    assert copied.text == encoded.text == " ".join(f"n{number}" for _, _, number in tones[0])
    for ours, theirs in zip(copied.segments, encoded.segments, strict=True):
        assert (ours.start, ours.end) == (pytest.approx(theirs.start, abs=HEARD), pytest.approx(theirs.end, abs=HEARD))


@pytest.mark.parametrize("format", FORMATS)
def test_a_clip_is_copied_too(listener, tones, wav: bytes, format: str) -> None:
    transcript = transcribe(listener, Audio.of(convert(wav, format)).clip(7.55, 40.0))
    within = [tone for tone in tones[0] if tone[0] >= 7.55 and tone[1] <= 40.0]
    assert [f"n{number}" for _, _, number in within] == transcript.text.split()
    assert {Audio.of(upload).format for upload in get_uploads(listener)} == {format}
    assert transcript.segments[0].start == pytest.approx(within[0][0], abs=0.1)
    assert all(7.55 <= segment.start < segment.end <= 40.0 for segment in transcript.segments)


@pytest.mark.parametrize("format", FORMATS)
def test_speech_in_the_middle_of_silence_is_sent(listener, format: str) -> None:
    spoken = [(0.5, 1.0, 1), (21.0, 21.5, 2), (60.0, 60.5, 3), (92.5, 93.0, 4)]
    transcript = transcribe(listener, convert(recording(spoken, 120.0), format))
    assert transcript.text == "n1 n2 n3 n4"
    assert len(listener.requests) == 4
    assert "hold digital silence and were not sent" in transcript.warnings[0]


def test_opus_in_webm_is_sent_as_ogg(listener, tones, wav: bytes) -> None:
    samples = np.repeat(decode_samples(wav), 3, axis=1)
    data = write_audio(samples, 48_000, "webm", "libopus", bit_rate=24_000)
    transcript = transcribe(listener, data)
    assert transcript.text == " ".join(f"n{number}" for _, _, number in tones[0])
    assert {Audio.of(upload).format for upload in get_uploads(listener)} == {"ogg"}
    for segment, tone in zip(transcript.segments, tones[0], strict=True):
        assert segment.start == pytest.approx(tone[0], abs=HEARD)


class Whole(ScriptedGateway):
    """Answers each upload with a word that lasts as long as the upload."""

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        seconds = probe(Audio.of(get_upload(request))).duration
        return Reply({"text": "word", "segments": [{"start": 0.0, "end": seconds, "text": "word"}]})


def test_no_time_lies_outside_of_the_recording(wav: bytes) -> None:
    """A decoder of a piece gives out what one of the whole recording leaves out, at the beginning and at the end."""
    with Whole() as gateway:
        transcript = transcribe(gateway, convert(wav, "mp3"))
    assert transcript.segments[0].start == 0.0
    assert transcript.segments[-1].end == transcript.duration


def test_a_piece_that_would_be_too_large_is_encoded(listener, tones, wav: bytes) -> None:
    samples = np.repeat(decode_samples(wav), 3, axis=1)
    data = write_audio(samples, 48_000, "mp3", "libmp3lame", bit_rate=320_000)
    row = replace(LONG_ROW, max_upload_bytes=400_000, upload_formats=("mp3", "flac", "wav"))
    transcript = transcribe(listener, data, row)
    assert transcript.text == " ".join(f"n{number}" for _, _, number in tones[0])
    uploads = get_uploads(listener)
    assert "wav" in [Audio.of(upload).format for upload in uploads]
    assert max(map(len, uploads)) <= 400_000


def test_what_is_damaged_is_decoded_and_told(listener, wav: bytes) -> None:
    data = convert(wav, "mp3")
    middle, lost = len(data) // 2, len(data) // 5
    damaged = data[:middle] + bytes(lost) + data[middle + lost :]
    transcript = transcribe(listener, damaged)
    encoded = transcribe(listener, damaged, replace(LONG_ROW, upload_formats=("wav",)))
    assert (transcript.text, transcript.warnings) == (encoded.text, encoded.warnings)
    assert any("damaged packets were replaced by silence" in warning for warning in transcript.warnings)


def test_a_recording_whose_channels_cancel_each_other_is_decoded(listener, tones, wav: bytes) -> None:
    samples = np.repeat(decode_samples(wav), 3, axis=1)
    data = write_audio(np.concatenate([samples, -samples]), 48_000, "mp3", "libmp3lame", bit_rate=256_000)
    transcript = transcribe(listener, data)
    assert transcript.text == " ".join(f"n{number}" for _, _, number in tones[0])
    assert any("cancel each other" in warning for warning in transcript.warnings)
    assert {probe(Audio.of(upload)).channels for upload in get_uploads(listener)} == {1}
