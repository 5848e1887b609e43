"""What the offline server answers beyond what it heard: tool calls, JSON and speech, in OpenAI's shapes."""

import base64
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from oracle import violations

from audio_core import Audio
from audio_core.media.probing import probe
from audio_core.offline.canned_responses import Question, choose_response, fill_schema

TOOL = {
    "type": "function",
    "function": {
        "name": "book",
        "parameters": {
            "type": "object",
            "properties": {"guest": {"type": "string"}, "nights": {"type": "integer"}},
            "required": ["guest", "nights"],
        },
    },
}
ASKED = [{"role": "user", "content": "Book 3 nights for 'Ann'."}]
SPEAKING = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}


def heard(clip: bytes) -> list[dict]:
    sound = {"type": "input_audio", "input_audio": {"data": base64.b64encode(clip).decode(), "format": "wav"}}
    return [{"role": "user", "content": [sound]}]


def fits(reply: Any) -> bool:
    return violations("openai", "CreateChatCompletionResponse", reply.model_dump(exclude_unset=True)) == []


def test_a_tool_is_called_with_the_words_at_hand(sdk) -> None:
    reply = sdk.chat.completions.create(model="m", messages=ASKED, tools=[TOOL])
    (call,) = reply.choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("book", '{"guest": "Ann", "nights": 3}')
    assert reply.choices[0].finish_reason == "tool_calls"
    assert fits(reply)


def test_a_tool_call_is_streamed_in_fragments(sdk) -> None:
    chunks = [
        chunk.choices[0].delta.tool_calls[0]
        for chunk in sdk.chat.completions.create(model="m", messages=ASKED, tools=[TOOL], stream=True)
        if chunk.choices and chunk.choices[0].delta.tool_calls
    ]
    assert (chunks[0].function.name, bool(chunks[0].id)) == ("book", True)
    assert "".join(chunk.function.arguments or "" for chunk in chunks[1:]) == '{"guest": "Ann", "nights": 3}'


@pytest.mark.parametrize(("choice", "calls"), [("none", False), ("auto", False), ("required", True)])
def test_after_a_tool_has_answered_none_is_called_unless_one_must_be(sdk, choice: str, calls: bool) -> None:
    called = {"id": "c", "type": "function", "function": {"name": "book", "arguments": "{}"}}
    messages = [
        *ASKED,
        {"role": "assistant", "content": None, "tool_calls": [called]},
        {"role": "tool", "tool_call_id": "c", "content": "Booked."},
    ]
    message = (
        sdk.chat.completions.create(model="m", messages=messages, tools=[TOOL], tool_choice=choice).choices[0].message
    )
    assert bool(message.tool_calls) is calls
    assert message.content == (None if calls else "The tool answered: Booked.")


def test_json_fits_its_schema(sdk) -> None:
    shape = {"type": "json_schema", "json_schema": {"name": "b", "schema": TOOL["function"]["parameters"]}}
    reply = sdk.chat.completions.create(model="m", messages=ASKED, response_format=shape)
    assert reply.choices[0].message.content == '{"guest": "Ann", "nights": 3}'


def test_words_can_be_stopped_and_counted(sdk) -> None:
    stopped = sdk.chat.completions.create(model="m", messages=ASKED, stop=["offline"]).choices[0]
    short = sdk.chat.completions.create(model="m", messages=ASKED, max_tokens=2).choices[0]
    assert (stopped.message.content, stopped.finish_reason) == ("I am an ", "stop")
    assert (short.message.content, short.finish_reason) == ("I am", "length")


@pytest.mark.parametrize("format", ["wav", "mp3", "flac", "opus"])
def test_a_spoken_reply_plays_what_it_heard(sdk, clip: bytes, format: str) -> None:
    asked = {**SPEAKING, "audio": {"voice": "alloy", "format": format}}
    reply = sdk.chat.completions.create(model="m", messages=heard(clip), **asked)
    audio = reply.choices[0].message.audio
    assert "number" in audio.transcript
    assert reply.choices[0].message.content is None
    assert audio.expires_at > reply.created
    spoken = Audio.of(base64.b64decode(audio.data))
    assert spoken.format == {"opus": "ogg"}.get(format, format)
    assert probe(spoken).duration == pytest.approx(5.5, abs=0.1)
    assert reply.usage.completion_tokens_details.audio_tokens == 55
    assert fits(reply)


def test_a_spoken_reply_streams_as_pcm(sdk, clip: bytes) -> None:
    chunks = [
        chunk.choices[0].delta.audio
        for chunk in sdk.chat.completions.create(model="m", messages=heard(clip), stream=True, **SPEAKING)
        if chunk.choices and getattr(chunk.choices[0].delta, "audio", None)
    ]
    pieces = [chunk if isinstance(chunk, dict) else chunk.model_dump(exclude_unset=True) for chunk in chunks]
    data = b"".join(base64.b64decode(piece["data"]) for piece in pieces if piece.get("data"))
    assert len(data) == pytest.approx(5.5 * 48_000, rel=0.02)
    assert "number" in "".join(piece.get("transcript") or "" for piece in pieces)
    assert pieces[0]["id"]
    assert pieces[-1]["expires_at"]


@pytest.mark.parametrize(
    ("format", "stream", "says"), [("wav", True, "when stream=true"), ("aac", False, "must be one of")]
)
def test_a_format_that_it_cannot_speak_is_refused(sdk, format: str, stream: bool, says: str) -> None:
    asked = {**SPEAKING, "audio": {"voice": "alloy", "format": format}}
    with pytest.raises(openai.BadRequestError, match=says):
        sdk.chat.completions.create(model="m", messages=ASKED, stream=stream, **asked)


def test_without_a_clip_it_sounds_a_note(sdk) -> None:
    reply = sdk.chat.completions.create(model="m", messages=ASKED, **SPEAKING)
    assert len(base64.b64decode(reply.choices[0].message.audio.data)) == 24_000


SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "integer"},
            {"type": "number"},
            {"type": "boolean"},
            {"type": "null"},
            {"enum": ["a", 2]},
            {"const": 7},
            {"anyOf": [{"type": "null"}, {"type": "integer"}]},
            {"$ref": "#/$defs/Name"},
        ]
    ),
    lambda inner: st.one_of(
        inner.map(lambda items: {"type": "array", "items": items}),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(
            lambda each: {"type": "object", "properties": each, "required": list(each)}
        ),
    ),
    max_leaves=6,
)


@given(schema=SCHEMAS, words=st.text(max_size=40))
def test_what_is_filled_in_fits_any_schema(schema: dict, words: str) -> None:
    whole = {**schema, "$defs": {"Name": {"type": "string"}}}
    Draft202012Validator(whole).validate(fill_schema(whole, words))


def test_a_tool_is_chosen_by_its_name() -> None:
    tools = ({"name": "a"}, {"name": "b"})
    choice = {"type": "function", "function": {"name": "b"}}
    assert choose_response(Question("hi", tools=tools, tool_choice=choice)).tool_calls == (("b", {}),)


@pytest.mark.parametrize(
    ("words", "audio"),
    [
        ("Transcribe 02_talk.wav", "02_talk.wav"),
        ("What is said in (03_security.ogg)?", "03_security.ogg"),
        ('What does "a b.mp3" say?', "a b.mp3"),
        ("What is said?", "What is said?"),
    ],
)
def test_a_field_for_a_file_gets_its_name_alone(words: str, audio: str) -> None:
    text = {"type": "string"}
    filled = fill_schema({"type": "object", "properties": {"audio": text, "question": text}}, words)
    assert filled["audio"] == audio
    assert filled["question"] in (words, "a b.mp3")
