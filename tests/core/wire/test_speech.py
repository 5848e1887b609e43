"""Options of speech are checked before anything is sent, and a reply is whole or it is an error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import IncompleteResponse, InvalidOption, ProviderError, RateLimited, UnknownOption
from audio_core.providers import PROVIDERS, Provider
from audio_core.testing import tone
from audio_core.wire.speech import SpeakOptions, choose_lossless
from audio_core.wire.speech_reply import SpeechReply, parse_speech

OPENAI = PROVIDERS["openai"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speed": 0.2}, "speed=0.2 is not accepted"),
        ({"speed": 4.5}, "speed=4.5 is not accepted"),
        ({"speed": float("nan")}, "speed=nan is not accepted"),
        ({"voice": None}, "openai speaks only with a voice that is named: pass voice=..., such as 'alloy'"),
        ({"voice": ""}, "voice is empty"),
        ({"voice": {"name": "x"}}, "voice is empty"),
        ({"voice": "a" * 201}, "voice has 201 characters"),
        ({"voice": 7}, "voice=7 is not accepted"),
        ({"format": "ogg vorbis"}, "format='ogg vorbis' is not accepted: openai speaks in 'mp3', 'opus'"),
        ({"format": "m4a"}, "format='m4a' is not accepted"),
        ({"instructions": "a" * 4097}, "instructions have 4097 characters; openai takes 4096 at most"),
    ],
)
def test_an_option_with_a_wrong_value_is_refused(options: dict, message: str) -> None:
    options = {"voice": "alloy", **options}
    with pytest.raises(InvalidOption, match=message):
        SpeakOptions.check(OPENAI, **options)


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(UnknownOption, match="speak has no option 'sped'"):
        SpeakOptions.check(OPENAI, sped=1)


def test_a_gateway_without_a_field_for_instructions_refuses_them() -> None:
    with pytest.raises(InvalidOption, match="openrouter documents no field for instructions"):
        SpeakOptions.check(PROVIDERS["openrouter"], instructions="Whisper.")


@pytest.mark.parametrize(("format", "sent"), [("ogg", "opus"), ("pcm16", "pcm"), ("MP3", "mp3"), ("audio/wav", "wav")])
def test_a_format_may_be_named_as_elsewhere(format: str, sent: str) -> None:
    body = SpeakOptions.check(OPENAI, voice="alloy", format=format).encode("m", "Hi.", OPENAI)
    assert json.loads(b"".join(body.iterate_pieces(4096)))["response_format"] == sent


def test_a_gateway_that_may_choose_the_voice_is_sent_none() -> None:
    row = PROVIDERS["openrouter"]
    body = SpeakOptions.check(row).encode("m", "Hi.", row)
    assert json.loads(b"".join(body.iterate_pieces(4096))) == {"model": "m", "input": "Hi.", "response_format": "mp3"}


def test_a_custom_voice_and_further_fields_are_sent() -> None:
    options = SpeakOptions.check(
        OPENAI, voice={"id": "voice_1"}, instructions="Softly.", extra={"stream_format": "audio"}
    )
    assert json.loads(b"".join(options.encode("m", "Hi.", OPENAI).iterate_pieces(4096))) == {
        "model": "m",
        "input": "Hi.",
        "response_format": "mp3",
        "voice": {"id": "voice_1"},
        "instructions": "Softly.",
        "stream_format": "audio",
    }


@pytest.mark.parametrize(
    ("formats", "wanted", "chosen"),
    [
        (("mp3", "wav", "pcm"), "mp3", "wav"),
        (("mp3", "wav", "pcm"), "pcm", "pcm"),
        (("mp3", "pcm"), "mp3", "pcm"),
        (("mp3",), "mp3", None),
    ],
)
def test_parts_are_asked_for_in_a_format_that_loses_nothing(formats, wanted: str, chosen: str | None) -> None:
    assert choose_lossless(Provider("own", "http://x", speech_formats=formats), wanted) == chosen


def parse(body: bytes, content_type: str = "audio/wav", format: str = "wav"):
    return parse_speech(body, {"content-type": content_type}, provider="openai", requested_format=format, text="Hi.")


def test_the_bytes_decide_the_format_and_the_header_the_rate_of_samples() -> None:
    assert parse(tone(0.5), "audio/mpeg", "mp3").format == "wav"
    pcm = parse(bytes(8000), "audio/pcm;rate=16000;channels=1", "pcm")
    assert (pcm.format, pcm.sample_rate, pcm.duration) == ("pcm16", 16_000, 0.25)


@pytest.mark.parametrize(
    ("body", "content_type", "format", "message"),
    [
        (b"", "audio/mpeg", "mp3", "sent no audio: the reply is empty"),
        (tone(0), "audio/wav", "wav", "it holds no samples"),
        (tone(0.5)[:-2], "audio/wav", "wav", "it ends before its header says"),
        (tone(0.5) + b"\0" * 100, "audio/wav", "wav", "it goes on after the end"),
        (tone(0.5)[:20], "audio/wav", "wav", "it ends within its header"),
        (bytes(101), "audio/pcm", "pcm", "in the middle of a sample"),
        (b"<html><p>Sign in</p></html>", "text/html", "pcm", "text/html where audio was expected: Sign in"),
        (b"<!doctype html><p>Sign in", "application/octet-stream", "pcm", "where audio was expected: Sign in"),
        (b"data: {}\n\n", "text/event-stream", "mp3", "text/event-stream where audio was expected"),
        (b"internal error", "text/plain", "pcm", "text/plain where audio was expected: internal error"),
        (b"%PDF-1.7 and more", "application/pdf", "mp3", "application/pdf where audio was expected: a PDF"),
    ],
)
def test_what_is_not_whole_audio_is_an_error(body: bytes, content_type: str, format: str, message: str) -> None:
    with pytest.raises(IncompleteResponse, match=message):
        parse(body, content_type, format)


@pytest.mark.parametrize("content_type", ["application/json", "audio/mpeg", ""])
@pytest.mark.parametrize("format", ["mp3", "pcm"])
def test_an_error_in_place_of_audio_is_that_error(content_type: str, format: str) -> None:
    body = json.dumps({"error": {"code": 429, "message": "slow down", "metadata": "x" * 500}}).encode()
    with pytest.raises(RateLimited, match="slow down"):
        parse(body, content_type, format)


@pytest.mark.parametrize("step", [1, 50, 1000])
def test_streamed_pieces_are_the_body_and_the_last_one_has_the_sentences(step: int) -> None:
    body = tone(0.5)
    reply = SpeechReply({"content-type": "audio/wav"}, provider="p", requested_format="wav", text="Good day.")
    pieces = [piece for start in range(0, len(body), step) for piece in reply.feed(body[start : start + step])]
    pieces += reply.close()
    assert b"".join(piece.data for piece in pieces) == body
    assert [piece.format for piece in pieces if piece.format] == ["wav"]
    assert [(each.start, each.end, each.text) for each in pieces[-1].segments] == [(0.0, 0.5, "Good day.")]


def test_a_stream_of_text_in_place_of_audio_gives_nothing_out() -> None:
    reply = SpeechReply({"content-type": "application/json"}, provider="p", requested_format="pcm")
    body = json.dumps({"error": {"message": "no such voice", "more": "x" * 100_000}}).encode()
    assert [*reply.feed(body[:1000]), *reply.feed(body[1000:])] == []
    with pytest.raises(ProviderError, match="where audio was expected"):
        list(reply.close())


@pytest.mark.parametrize("piece", [bytes(1000), b"<html>" + bytes(994)])
def test_a_stream_without_an_end_ends_at_the_limit(piece: bytes) -> None:
    """Speech is given out up to the limit. What is no speech counts too."""
    reply = SpeechReply({}, provider="p", requested_format="pcm", max_bytes=2**20)
    given = sum(len(delta.data) for _ in range(1048) for delta in reply.feed(piece))
    assert given == (0 if piece.startswith(b"<") else 1_048_000)
    with pytest.raises(IncompleteResponse, match="goes on speaking after 1 MiB; no more is read") as caught:
        list(reply.feed(piece))
    assert caught.value.may_have_been_billed


BODIES = st.one_of(
    st.binary(max_size=300),
    st.builds(
        lambda whole, cut, changed, byte: whole[:cut] + bytes([byte]) + whole[changed:],
        st.sampled_from([tone(0.02), b"OggS" + bytes(60), b"fLaC" + bytes(80), b"\xff\xfb\x90\x00" + bytes(900)]),
        st.integers(0, 100),
        st.integers(0, 900),
        st.integers(0, 255),
    ),
)


@given(BODIES, st.sampled_from(["mp3", "wav", "pcm", "flac", "opus", "aac"]), st.integers(1, 200))
def test_any_bytes_are_given_out_as_they_are_or_an_error(body: bytes, format: str, step: int) -> None:
    reply = SpeechReply({}, provider="p", requested_format=format, text="Hi.")
    pieces = [piece for start in range(0, len(body), step) for piece in reply.feed(body[start : start + step])]
    try:
        pieces += reply.close()
    except ProviderError:
        return
    assert b"".join(piece.data for piece in pieces) == body
