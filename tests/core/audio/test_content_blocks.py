"""Audio blocks of messages, in every spelling."""

import base64

import pytest

from audio_core import Audio, InvalidAudio
from audio_core.integration import is_audio_block
from audio_core.testing import tone

WAV = tone(0.1)
B64 = base64.b64encode(WAV).decode()
URI = f"data:audio/wav;base64,{B64}"


@pytest.mark.parametrize(
    "block",
    [
        {"type": "audio", "base64": B64, "mime_type": "audio/wav"},
        {"type": "audio", "base64": B64, "mime_type": "application/octet-stream"},
        {"type": "audio", "base64": B64},
        {"type": "audio", "data": B64, "mime_type": "audio/mpeg"},
        {"type": "audio", "data": URI},
        {"type": "audio", "url": URI},
        {"type": "audio", "base64": URI},
        {"type": "audio", "base64": WAV},
        {"type": "audio", "source_type": "base64", "data": B64, "mime_type": "audio/wav"},
        {"type": "audio", "source_type": "url", "url": URI},
        {"type": "input_audio", "input_audio": {"data": B64, "format": "wav"}},
        {"type": "input_audio", "input_audio": {"data": B64}},
        {"type": "input_audio", "input_audio": {"data": URI, "format": "wav"}},
        {"type": "audio_url", "audio_url": {"url": URI}},
        {"type": "audio_url", "audio_url": URI},
        {"type": "media", "mime_type": "audio/wav", "data": B64},
        {"type": "media", "mime_type": "audio/wav", "data": WAV},
        {"type": "file", "mime_type": "audio/wav", "base64": B64},
        {"type": "file", "file": {"filename": "a.wav", "file_data": URI}},
    ],
)
def test_every_spelling_holds_the_same_recording(block: dict) -> None:
    assert is_audio_block(block)
    audio = Audio.of(block)
    assert (audio.format, audio.open_content().open_reader().read()) == ("wav", WAV)


@pytest.mark.parametrize(
    "block",
    [
        {"type": "text", "text": "audio"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "file", "mime_type": "application/pdf", "base64": "AAAA"},
        {"type": "file", "file": {"file_id": "file-1"}},
    ],
)
def test_other_blocks_are_no_audio(block: dict) -> None:
    assert not is_audio_block(block)


def test_a_block_by_reference_may_be_a_clip() -> None:
    by_fragment = Audio.of({"type": "audio", "url": "file:///talks/a.mp3#t=12,30.5"})
    by_fields = Audio.of({"type": "audio", "path": "/talks/a.mp3", "start": 12, "end": 30.5})
    assert by_fragment.reference == by_fields.reference == "file:///talks/a.mp3#t=12,30.5"


def test_raw_pcm_takes_its_rate_from_the_block() -> None:
    audio = Audio.of({"type": "audio", "base64": "AAAA", "mime_type": "audio/pcm;rate=24000"})
    assert (audio.format, audio.sample_rate) == ("pcm16", 24_000)


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ({"type": "audio"}, "no source"),
        ({"type": "audio", "file_id": "file-1"}, "file id"),
        ({"type": "audio", "source_type": "id", "id": "x"}, "file id"),
        ({"type": "audio", "url": "a.mp3", "base64": B64}, "2 sources"),
        ({"type": "input_audio", "input_audio": {"data": "!!", "format": "wav"}}, "base64"),
        ({"type": "audio", "url": "urn:sha256:709e80c8"}, "stands for audio in a trace"),
    ],
)
def test_a_block_that_names_no_recording_says_what_is_wrong(block: dict, says: str) -> None:
    with pytest.raises(InvalidAudio, match=says):
        Audio.of(block)
