"""Chat: encode the recordings in the messages side by side, then send the request."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict, cast

from audio_core.audio.audio import Audio
from audio_core.audio.content import EncodedAudio
from audio_core.errors import InvalidOption, InvalidRequest, at_block
from audio_core.http.access import Access
from audio_core.http.body import encode_json
from audio_core.http.endpoint import Endpoint
from audio_core.http.error_responses import attribute_errors
from audio_core.http.flow import MAX_REPLY_BYTES, MAX_SPEECH_BYTES, Flow, Response, gather, read_to_end
from audio_core.http.sse import OpenStream
from audio_core.http.tracebacks import HiddenFrames
from audio_core.lenient_json import to_list, to_object
from audio_core.operations.limits import apply_limits, check_chat_size, learn_chat_size, learn_format
from audio_core.operations.models import check_hearing
from audio_core.operations.upload import prepare_upload
from audio_core.transcript.usage import describe_cost
from audio_core.wire.chat_request import (
    AudioPart,
    ChatMessage,
    Messages,
    build_payload,
    find_audio_parts,
    to_openai_messages,
)
from audio_core.wire.chat_response import Answer, Delta
from audio_core.wire.chat_stream import ChatStream, read_answer

__all__ = ["ChatRequest", "OpenRules", "chat", "check_chat", "open_chat"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is asked of a chat model.

    Attributes:
        model: name of the model.
        messages: `ChatMessage`s, or mappings in OpenAI's shape with an `Audio` wherever a recording belongs.
        options: further fields of the body, such as `temperature`. Those that are None are left out, and so is `model`.

    Raises:
        InvalidOption: if `n` asks for more choices than the one that is read.
    """

    model: str
    messages: Messages
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        if self.options.get("n") not in (None, 1):
            raise InvalidOption(
                "One request has one answer: leave n out, and send the request again for another answer."
            )

    @property
    def wants_speech(self) -> bool:
        """Whether a spoken reply is asked for."""
        return "audio" in to_list(self.options.get("modalities"))

    @property
    def max_reply_bytes(self) -> int:
        """Size of the largest reply that is read."""
        return MAX_SPEECH_BYTES if self.wants_speech else MAX_REPLY_BYTES

    @property
    def speech_format(self) -> str | None:
        """The format in which speech is asked for."""
        return to_object(self.options.get("audio")).get("format")


def check_chat(messages: Any, options: Any) -> None:
    """Check that a chat has a list of messages, and its further fields in a mapping.

    Raises:
        InvalidOption: if it has not.
    """
    is_list = isinstance(messages, Sequence) and not isinstance(messages, (str, bytes))
    if not is_list or not all(isinstance(each, (ChatMessage, Mapping)) for each in cast("Sequence[Any]", messages)):
        raise InvalidOption(
            'messages should be a list of dicts, such as {"role": "user", "content": "Hi."}. '
            "For a question about a recording there is ask(source, question)."
        )
    if not isinstance(options, Mapping):
        raise InvalidOption('options should be a dict of further fields, such as {"temperature": 0}, or empty.')


class OpenKwargs(TypedDict, total=False):
    """Which recordings of one request may be opened: `access` and `trusts_paths` of `OpenRules`."""

    access: Access | None
    trusts_paths: bool


@dataclass(frozen=True, slots=True)
class OpenRules:
    """How the recordings of a request may be opened.

    Attributes:
        access: what may be opened; None trusts every path and every public host.
        trusts_paths: whether a path is trusted that was given as such, and not as a `file:` URL.
        max_concurrency: how many recordings are encoded side by side.
    """

    access: Access | None = None
    trusts_paths: bool = False
    max_concurrency: int = 8

    def get_access(self, audio: Audio) -> Access | None:
        """Return the access that applies to a recording."""
        is_trusted = self.trusts_paths and audio.path is not None and not audio.is_from_url
        return None if is_trusted else self.access


def chat(endpoint: Endpoint, request: ChatRequest, rules: OpenRules) -> Flow[Answer]:
    """Send a request and parse the whole answer.

    Raises:
        AudioError: if a recording cannot be sent. The message names its message and block. Nothing was sent then.
        ProviderError: if the gateway refuses or fails.
    """
    if endpoint.provider.speaks_only_streamed and request.wants_speech:
        last = yield from read_to_end(open_chat(endpoint, request, rules))
        return cast("Answer", last.answer)
    response, warnings = yield from _post(endpoint, request, rules, streamed=False)
    with HiddenFrames(), attribute_errors(response.status, response.headers, response.attempts):
        answer = read_answer(
            response.body, response.headers, provider=endpoint.provider.name, speech_format=request.speech_format
        )
    _log.info("%s: %s has answered%s.", endpoint.provider.name, request.model, describe_cost(answer.usage))
    return answer.add_warnings(warnings)


def open_chat(endpoint: Endpoint, request: ChatRequest, rules: OpenRules) -> Flow[OpenStream[Delta]]:
    """Send a request for a stream. Return the open response, before the answer begins, and its decoder.

    Raises:
        AudioError: as `chat` does.
    """
    response, warnings = yield from _post(endpoint, request, rules, streamed=True)
    decoder = ChatStream(
        response.headers,
        provider=endpoint.provider.name,
        speech_format=request.speech_format,
        max_bytes=request.max_reply_bytes,
        warnings=warnings,
    )
    return response, decoder


def _post(
    endpoint: Endpoint, request: ChatRequest, rules: OpenRules, *, streamed: bool
) -> Flow[tuple[Response, tuple[str, ...]]]:
    """Send a request. Return the response, and what a user must know about the recordings.

    If the gateway refuses the format of a recording, it is converted and sent once more.
    """
    endpoint = apply_limits(endpoint, request.model)
    messages = to_openai_messages(request.messages, endpoint.provider)
    uploads = [_upload(endpoint, rules, part) for part in find_audio_parts(messages)]
    if uploads:
        yield from check_hearing(endpoint, request.model)
    encoded = yield from gather(uploads, rules.max_concurrency)
    defaults = {"stream": True, "stream_options": {"include_usage": True}} if streamed else {}
    fields = {**defaults, **request.options, "model": request.model}
    body = encode_json(build_payload(request.model, messages, encoded, fields))
    if encoded:
        check_chat_size(endpoint, request.model, body.length)
    patient = endpoint.extend_timeout(sum(audio.seconds for audio in encoded))
    try:
        response = yield from patient.post(
            "/chat/completions",
            body,
            doing="chat",
            streamed=streamed,
            max_reply_bytes=request.max_reply_bytes,
        )
    except InvalidRequest as error:
        learn_chat_size(endpoint, request.model, error, encoded, body.length)
        limit = learn_format(endpoint, request.model, error, encoded)
        if limit is None:
            raise
        again = replace(endpoint, attempts=limit.attempts)
        response, warnings = yield from _post(again, request, rules, streamed=streamed)
        return response, (limit.warning, *warnings)
    return response, tuple(warning for audio in encoded for warning in audio.warnings)


def _upload(endpoint: Endpoint, rules: OpenRules, part: AudioPart) -> Flow[EncodedAudio]:
    formats, access = endpoint.provider.chat_formats, rules.get_access(part.audio)
    with at_block(part.message, part.block):
        return (
            yield from prepare_upload(
                part.audio, formats, access, timeout=endpoint.timeout, max_retries=endpoint.max_retries
            )
        )
