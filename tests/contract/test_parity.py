"""Both frameworks send the same request, to the byte, and refuse the same options in the same words."""

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import AudioBlock, ChatMessage, DocumentBlock, ImageBlock, TextBlock
from pydantic import ValidationError

from audio_core import PROVIDERS, AudioClient, AudioError, InvalidOption
from audio_core.testing import ScriptedGateway, tone
from langchain_audio import AudioLoader, AudioParser, ChatAudio, TranscriptSplitter
from llamaindex_audio import AudioLLM, AudioReader, TranscriptNodeParser

WAV = tone(0.2)
B64 = base64.b64encode(WAV).decode()
IMAGE = "https://example.org/a.png"
EXPIRES_AT = int(time.time()) + 3600


def build_langchain_messages(talk: Path) -> list[Any]:
    call = {"id": "call_1", "name": "listen", "args": {"path": "grüße.mp3", "seconds": 3}}
    speech = {"type": "audio", "id": "audio_1", "base64": B64, "extras": {"expires_at": EXPIRES_AT}}
    return [
        SystemMessage("Be brief."),
        HumanMessage("hi"),
        AIMessage([{"type": "text", "text": "Hello."}, speech]),
        HumanMessage(
            [
                {"type": "text", "text": "What is this?"},
                {"type": "audio", "base64": B64, "mime_type": "audio/mpeg"},
                {"type": "audio", "url": f"{talk.as_uri()}#t=10,12"},
                {"type": "image_url", "image_url": {"url": IMAGE}},
                {"type": "file", "base64": B64, "mime_type": "audio/wav"},
            ]
        ),
        AIMessage("I listen.", tool_calls=[call]),
        ToolMessage(
            [{"type": "text", "text": "Heard."}, {"type": "audio", "base64": B64}], tool_call_id="call_1", name="listen"
        ),
        AIMessage("Done."),
        HumanMessage([{"type": "text", "text": "Thanks."}]),
    ]


def build_llamaindex_messages(talk: Path) -> list[ChatMessage]:
    arguments = {"path": "grüße.mp3", "seconds": 3}
    call = ToolCallBlock(tool_call_id="call_1", tool_name="listen", tool_kwargs=arguments)
    speech = {"id": "audio_1", "expires_at": EXPIRES_AT, "transcript": "Hello."}
    return [
        ChatMessage(role="system", content="Be brief."),
        ChatMessage(role="user", content="hi"),
        ChatMessage(
            role="assistant",
            blocks=[TextBlock(text="Hello."), AudioBlock(audio=WAV)],
            additional_kwargs={"audio": speech},
        ),
        ChatMessage(
            role="user",
            blocks=[
                TextBlock(text="What is this?"),
                AudioBlock(audio=WAV, format="mp3"),
                AudioBlock(url=f"{talk.as_uri()}#t=10,12"),
                ImageBlock(url=IMAGE),
                DocumentBlock(data=WAV, document_mimetype="audio/wav"),
            ],
        ),
        ChatMessage(role="assistant", blocks=[TextBlock(text="I listen."), call]),
        ChatMessage(
            role="tool",
            blocks=[TextBlock(text="Heard."), AudioBlock(audio=WAV)],
            additional_kwargs={"tool_call_id": "call_1"},
        ),
        ChatMessage(role="assistant", content="Done."),
        ChatMessage(role="user", content="Thanks."),
    ]


def extract_messages(body: bytes) -> bytes:
    """Extract the `messages` of a request as they were sent."""
    text = body.decode()
    start = text.index('"messages":') + len('"messages":')
    _, end = json.JSONDecoder().raw_decode(text[start:])
    return text[start : start + end].encode()


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("provider", [name for name, row in PROVIDERS.items() if row.api_key_env])
def test_both_frameworks_send_the_same_messages(
    gateway: ScriptedGateway, talk: Path, provider: str, streamed: bool
) -> None:
    options = {
        "model": "m",
        "provider": provider,
        "api_key": "k",
        "base_url": gateway.base_url,
        "access": talk.parent,
        "temperature": 0.5,
    }
    chat, llm = ChatAudio(**options), AudioLLM(**options)
    if streamed:
        from audio_core.testing import chat_stream

        gateway.will_answer(chat_stream("yes"))
        list(chat.stream(build_langchain_messages(talk)))
        list(llm.stream_chat(build_llamaindex_messages(talk)))
    else:
        chat.invoke(build_langchain_messages(talk))
        llm.chat(build_llamaindex_messages(talk))
    first, second = (request.body for request in gateway.requests)
    assert extract_messages(first) == extract_messages(second)
    assert len(extract_messages(first)) > len(B64)
    assert first == second


def test_messages_with_audio_by_reference_take_a_few_hundred_bytes_each(gateway: ScriptedGateway, talk: Path) -> None:
    chat = ChatAudio(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=talk.parent)
    llm = AudioLLM(model="m", provider="openai", api_key="k", base_url=gateway.base_url, access=talk.parent)
    langchain_messages: list[Any] = []
    llamaindex_messages: list[ChatMessage] = []
    for start in range(5):
        clip = f"{talk.as_uri()}#t={start},{start + 5}"
        langchain_messages.append(HumanMessage([{"type": "audio", "url": clip}, {"type": "text", "text": "And here?"}]))
        langchain_messages.append(chat.invoke(langchain_messages))
        llamaindex_messages.append(ChatMessage(role="user", blocks=[AudioBlock(url=clip), TextBlock(text="And here?")]))
        llamaindex_messages.append(llm.chat(llamaindex_messages).message)
    user_messages = [
        json.dumps(message.model_dump(mode="json")) for message in (*langchain_messages[::2], *llamaindex_messages[::2])
    ]
    assert max(map(len, user_messages)) < 600
    assert len(gateway.requests[-1].body) > 5 * 150_000  # the request has five seconds of audio, five times


def refuse(create: Any, **options: Any) -> str:
    """Return the words in which an interface refuses options, without the name of its class."""
    with pytest.raises((AudioError, ValidationError)) as caught:
        create(**options)
    assert isinstance(caught.value, ValueError)
    error = caught.value
    words = error.errors()[0]["msg"].removeprefix("Value error, ") if isinstance(error, ValidationError) else str(error)
    return words.replace(create.__name__, "It")


def load(**options: Any) -> AudioLoader:
    return AudioLoader("x.mp3", **options)


load.__name__ = "AudioLoader"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"granularity": "bogus"}, "may be 'segment', 'window', 'file'."),
        ({"granularity": "segments"}, "Did you mean 'segment'?"),
        ({"granularity": "word"}, "For the times of words pass words=True."),
        ({"channels": "stereo"}, "may be 'mixed', 'separate'. Did you mean 'separate'?"),
        ({"vad": "webrtc"}, "may be 'energy', 'silero'."),
        ({"gaps": "skip"}, "may be 'raise', 'mark'."),
        ({"window_seconds": 20}, "need granularity='window'"),
        ({"window_overlap": 5}, "need granularity='window'"),
        ({"granularity": "window", "window_overlap": 30}, "must be below 30.0 s"),
        ({"provider": "groq"}, "Known: openai, openrouter"),
        ({"provider": "openruter"}, "Did you mean 'openrouter'?"),
        ({"language": "german"}, "pocketsphinx cannot follow language='german'."),
        ({"diarize": True}, "pocketsphinx cannot follow diarize."),
        ({"language": ["en", "de"]}, "pocketsphinx cannot follow language=('en', 'de')."),
        ({"keywords": ["Ann"]}, "pocketsphinx cannot follow keywords."),
        ({"provider": "cortecs", "language": ["en", "de"]}, "cortecs takes one language"),
        ({"provider": "litellm", "keywords": ["Ann"]}, "litellm has no field for keywords."),
        ({"prompt": "Ann"}, "pocketsphinx cannot follow prompt."),
        ({"temperature": 0.0}, "pocketsphinx cannot follow temperature."),
        ({"extra": {"a": 1}}, "pocketsphinx cannot follow extra."),
        ({"aligner": "pocketsphinx"}, "pocketsphinx cannot follow aligner."),
        ({"model": "faster-whisper:small", "diarize": True}, "faster-whisper:small cannot follow diarize."),
        ({"model": "whisper-1"}, "For the model of a gateway name its provider"),
        ({"temprature": 1}, "It has no option 'temprature'. Did you mean 'temperature'?"),
        ({"word_timestamps": True}, "Did you mean 'words'?"),
        ({"max_workers": 4}, "Did you mean 'max_concurrency'?"),
        ({"provder": "openai"}, "Did you mean 'provider'?"),
    ],
)
def test_loader_parser_and_reader_refuse_the_same_in_the_same_words(options: dict[str, Any], says: str) -> None:
    words = {refuse(create, **options) for create in (load, AudioParser, AudioReader)}
    assert len(words) == 1
    assert says in words.pop()


@pytest.mark.parametrize(
    "wrong",
    [
        {"keywords": "Ann"},
        {"segment_seconds": 0},
        {"timeout": 0},
        {"max_retries": -1},
        {"max_concurrency": 0},
        {"words": "maybe"},
        {"access": 5},
        {"store": 5},
    ],
)
def test_loader_parser_and_reader_refuse_the_same_numbers_and_types(wrong: dict[str, Any]) -> None:
    for create in (load, AudioParser, AudioReader):
        refuse(create, **wrong)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"temprature": 1}, "It has no option 'temprature'. Did you mean 'temperature'?"),
        ({"provder": "openai"}, "Did you mean 'provider'?"),
        ({"provider": "groq"}, "Known: openai, openrouter"),
        ({"provider": "cortecs", "gateway_options": {"preferences": "cost"}}, "Did you mean 'preference'?"),
        ({"timeout": 0}, "greater than 0"),
        ({"max_retries": -1}, "greater than or equal to 0"),
    ],
)
def test_both_models_refuse_the_same_in_the_same_words(options: dict[str, Any], says: str) -> None:
    words = {refuse(create, model="m", **options) for create in (ChatAudio, AudioLLM)}
    assert len(words) == 1
    assert says in words.pop()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"unit": "words"}, "'characters', 'tokens', 'seconds'"),
        ({"chunk_size": 10, "chunk_overlap": 10}, "cannot overlap"),
        ({"chunksize": 10}, "It has no option 'chunksize'. Did you mean 'chunk_size'?"),
    ],
)
def test_both_splitters_refuse_the_same(options: dict[str, Any], says: str) -> None:
    for create in (TranscriptSplitter, TranscriptNodeParser):
        assert says in refuse(create, **options)


@pytest.mark.parametrize("create", [ChatAudio, AudioLLM, AudioReader])
def test_a_refusal_shows_no_key(create: Any) -> None:
    settings = {} if create is AudioReader else {"model": "m"}
    for wrong in ({"api_kye": "sk-live-0123456789"}, {"temprature": 1}, {"provider": "groq"}, {"timeout": "x"}):
        with pytest.raises(ValidationError) as caught:
            create(**settings, api_key="sk-live-0123456789", **wrong)
        assert "sk-live" not in str(caught.value)


async def transcribe(method: str, talk: Path, **options: Any) -> None:
    result = getattr(AudioClient(), method)(talk, **options)
    if method == "atranscribe":
        await result
    elif method == "astream_transcript":
        await anext(result)
    elif method == "stream_transcript":
        next(result)


@pytest.mark.parametrize("method", ["transcribe", "atranscribe", "stream_transcript", "astream_transcript"])
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"word_timestamps": True}, "transcribe has no option 'word_timestamps'. Did you mean 'words'?"),
        ({"channels": "stereo"}, "Did you mean 'separate'?"),
        ({"language": "german"}, "pocketsphinx cannot follow language='german'."),
        ({"start": 1}, "For a clip pass Audio.of(source, start=..., end=...)"),
    ],
)
async def test_every_way_to_transcribe_refuses_the_same(
    method: str, talk: Path, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidOption) as caught:
        await transcribe(method, talk, **options)
    assert says in str(caught.value)
