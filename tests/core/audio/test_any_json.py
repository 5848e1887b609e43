"""A message may hold any JSON where audio is named: a typed error or an `Audio` comes of it, and nothing else."""

import contextlib
from typing import Any

import pytest
from any_json import ANY_JSON, Mutation, mutate, replace_at
from hypothesis import example, given
from hypothesis import strategies as st

from audio_core import Audio, AudioError, InvalidAudio, UnsupportedFormat
from audio_core.integration import is_audio_block

URLS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["http://", "HTTPS://", "file:", "file:///", "data:audio/wav;base64,", "data:audio/pcm;rate=8,"]),
    st.text("[]:/#?@%t=,.019éA\ud83d\udce9;", max_size=12),
    st.sampled_from(["", "#t=1,2", "#t=", ".wav#t=1"]),
)
BLOCKS = [
    {
        "type": "audio",
        "url": "file:///a.mp3",
        "start": 1,
        "end": 2,
        "mime_type": "audio/pcm;rate=8000",
        "channels": 2,
        "extras": {"sample_rate": 8000},
    },
    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    {"type": "audio_url", "audio_url": {"url": "http://example.com/a.wav"}},
    {"type": "media", "mime_type": "audio/wav", "data": "UklGRg=="},
    {"type": "file", "file": {"filename": "a.wav", "file_data": "data:audio/wav;base64,UklGRg=="}},
]


def check(audio: Audio) -> None:
    """Check that what messages, metadata and requests need of an `Audio` can be had."""
    for text in (repr(audio), audio.label, audio.name, audio.reference, audio.source):
        assert text is None or text.encode()
    with contextlib.suppress(AudioError):
        assert audio.format
    if audio.reference:
        assert Audio.of(audio.reference).reference == audio.reference


@given(st.text() | URLS)
@example("HTTP://[")
@example("\ud83d.wav")
@example("\udce9.wav")
@example("file:///%E9.wav")
@example("https://example.com/é.wav")
@example("http://\ud83d")
def test_any_text_names_a_recording_or_is_refused(text: str) -> None:
    try:
        audio = Audio.of(text)
    except AudioError:
        return
    check(audio)


@given(st.sampled_from(BLOCKS).flatmap(mutate))
@example(Mutation(replace_at(BLOCKS[0], ("start",), "x"), ("start",)))
@example(Mutation(replace_at(BLOCKS[0], ("extras", "sample_rate"), [8000]), ()))
@example(Mutation(replace_at(BLOCKS[0], ("channels",), {}), ()))
@example(Mutation(replace_at(BLOCKS[0], ("mime_type",), ["audio/pcm"]), ()))
@example(Mutation(replace_at(BLOCKS[3], ("mime_type",), 5), ()))
def test_an_odd_place_of_a_block_is_an_audio_or_is_refused(mutation: Mutation) -> None:
    if not isinstance(mutation.reply, dict):
        return
    assert is_audio_block(mutation.reply) in (True, False)
    try:
        audio = Audio.of(mutation.reply)
    except AudioError:
        return
    check(audio)


@given(ANY_JSON)
def test_any_json_is_an_audio_or_is_refused(value: Any) -> None:
    try:
        check(Audio.of(value))
    except AudioError:
        return


@pytest.mark.parametrize("name", ["start", "end", "sample_rate", "channels"])
@pytest.mark.parametrize("odd", ["x", [1], -1, float("nan"), 10**400], ids=["text", "list", "negative", "nan", "huge"])
def test_a_number_that_is_none_is_named(name: str, odd: object) -> None:
    with pytest.raises(InvalidAudio, match=f"^{name} of the audio block must be a number"):
        Audio.of({"type": "audio", "path": "/a.pcm", "mime_type": "audio/pcm;rate=8000", name: odd})


def test_numbers_may_be_written_as_text() -> None:
    audio = Audio.of({"type": "audio", "path": "/a.mp3", "start": "1.5", "end": "2"})
    assert audio.reference == "file:///a.mp3#t=1.5,2"


@pytest.mark.parametrize("mime", ["audio/L16;rate=16000", "audio/l16", "L16; rate=24000"])
def test_a_name_that_leaves_the_byte_order_open_is_refused_with_what_to_say(mime: str) -> None:
    for source in ({"type": "audio", "base64": "AAAA", "mime_type": mime}, f"data:{mime};base64,AAAA"):
        with pytest.raises(UnsupportedFormat, match=r"byte order open.*'pcm16'.*'s16be'"):
            Audio.of(source)
