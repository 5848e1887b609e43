"""Chat as flows: recordings in the messages are prepared side by side, then the request is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audio_core.audio.audio import Audio
from audio_core.errors import at_block
from audio_core.http.access import Access
from audio_core.http.body import encode_json
from audio_core.http.endpoint import Endpoint
from audio_core.http.flow import Flow, Response, gather
from audio_core.http.retry import send_with_retry
from audio_core.lenient_json import to_object
from audio_core.operations.upload import prepare_upload
from audio_core.wire.chat_request import AudioPart, EncodedAudio, build_payload, find_audio_parts
from audio_core.wire.chat_response import Answer, parse_answer

__all__ = ["ChatRequest", "chat", "open_chat"]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One question to a chat model.

    Attributes:
        model: name of the model.
        messages: as OpenAI defines them, with an `Audio` wherever a recording belongs.
        options: further fields of the body, such as `temperature`; None leaves one out.
        access: what recordings may be opened; None trusts them all, as their developer named them.
        trust_paths: whether a path that was given as such (not as a `file:` URL) is trusted all the same.
        max_concurrency: how many recordings are prepared side by side.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    access: Access | None = None
    trust_paths: bool = False
    max_concurrency: int = 8

    @property
    def speech_format(self) -> str | None:
        """The format in which speech is asked for."""
        return to_object(self.options.get("audio")).get("format")

    def get_access(self, audio: Audio) -> Access | None:
        """What applies to one of the recordings."""
        is_trusted = self.trust_paths and audio.path is not None and not audio.is_from_url
        return None if is_trusted else self.access


def chat(gateway: Endpoint, request: ChatRequest) -> Flow[Answer]:
    """Ask, and read the whole answer.

    Raises:
        AudioError: if a recording cannot be sent; the message names its message and block. Nothing was sent then.
        ProviderError: if the gateway refuses or fails.
    """
    response = yield from _post(gateway, request, streamed=False)
    return parse_answer(
        response.body, response.headers, provider=gateway.provider.name, speech_format=request.speech_format
    )


def open_chat(gateway: Endpoint, request: ChatRequest) -> Flow[Response]:
    """Ask for a stream, up to the point where the answer begins."""
    return (yield from _post(gateway, request, streamed=True))


def _post(gateway: Endpoint, request: ChatRequest, *, streamed: bool) -> Flow[Response]:
    places = find_audio_parts(request.messages)
    flows = [_prepare_audio(gateway, request, part) for _, _, part in places]
    sounds = yield from gather(flows, request.max_concurrency)
    by_place = {(at, index): sound for (at, index, _), sound in zip(places, sounds, strict=True)}
    wishes = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
    options = {**wishes, **request.options}
    body = encode_json(build_payload(request.model, request.messages, by_place, options))
    call = gateway.build_post("/chat/completions", body, streamed=streamed)
    return (yield from send_with_retry(call, max_retries=gateway.max_retries, doing="chat"))


def _prepare_audio(gateway: Endpoint, request: ChatRequest, part: AudioPart) -> Flow[EncodedAudio]:
    with at_block(part.message, part.block):
        sound, _ = yield from prepare_upload(
            part.audio,
            gateway.provider.chat_formats,
            request.get_access(part.audio),
            timeout=gateway.timeout,
            max_retries=gateway.max_retries,
        )
    return sound
