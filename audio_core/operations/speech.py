"""Speak a text: one request, or several at once for a text that is too long for one, joined without clicks."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from audio_core.errors import IncompleteResponse, InvalidAudio, InvalidOption, InvalidRequest, ProviderError
from audio_core.http.endpoint import Endpoint
from audio_core.http.error_responses import attribute_errors
from audio_core.http.flow import MAX_SPEECH_BYTES, Flow, Response, gather, run_blocking, run_limited
from audio_core.http.sse import OpenStream
from audio_core.http.tracebacks import HiddenFrames
from audio_core.media.pcm_joiner import PcmJoiner
from audio_core.media.probing import probe
from audio_core.media.voice_activity import find_speech_throughout
from audio_core.transcript.segment import Segment
from audio_core.transcript.speakable import cut_text, estimate_seconds, split_spoken, time_sentences
from audio_core.transcript.speech import Speech
from audio_core.wire.chat_response import SpeechDelta
from audio_core.wire.speech import SpeakOptions, choose_lossless, is_about_length
from audio_core.wire.speech_reply import SpeechReply, parse_speech

__all__ = ["SpeechRequest", "open_speech", "speak"]

_log = logging.getLogger(__name__)
_SHORTEST_REFUSED = 100  # characters; whoever refuses less means something else


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What is to be spoken, and how.

    Attributes:
        endpoint: the gateway.
        model: name of the model.
        options: how to speak.
    """

    endpoint: Endpoint
    model: str
    options: SpeakOptions

    def cut(self, text: str) -> list[str]:
        """Return the parts of a text, each of which fits into one request."""
        return cut_text(text, self.endpoint.provider.max_speech_characters)

    def halve(self, text: str, refusal: InvalidRequest) -> list[str]:
        """Return the halves of a text that was refused because it is too long.

        Raises:
            InvalidRequest: the refusal, if it is about something else, or the text is short.
        """
        if len(text) < _SHORTEST_REFUSED or not is_about_length(refusal):
            raise refusal
        return cut_text(text, len(text) // 2 + 1)

    def for_joining(self) -> SpeechRequest:
        """Return the request for parts that are joined here: in a format that loses nothing.

        Raises:
            InvalidOption: if the gateway has none.
        """
        row = self.endpoint.provider
        lossless = choose_lossless(row, self.options.format)
        if lossless is None:
            raise InvalidOption(
                f"{row.name} speaks in {', '.join(row.speech_formats)}, which cannot be joined without loss. "
                f"Pass at most {row.max_speech_characters} characters at a time."
            )
        return replace(self, options=replace(self.options, format=lossless))

    def post(self, text: str, *, streamed: bool) -> Flow[Response]:
        """Send the request for one part."""
        body = self.options.encode(self.model, text, self.endpoint.provider)
        patient = self.endpoint.extend_timeout(estimate_seconds(text))
        return patient.post("/audio/speech", body, doing="speech", streamed=streamed, max_reply_bytes=MAX_SPEECH_BYTES)


def speak(request: SpeechRequest, text: str, max_concurrency: int) -> Flow[Speech]:
    """Speak a text, whole.

    Args:
        request: how, and by whom.
        text: what to say.
        max_concurrency: how many parts are spoken side by side.

    Raises:
        ProviderError: if the gateway refuses or fails, or its audio is not whole.
    """
    parts = request.cut(text)
    if len(parts) == 1:
        try:
            return (yield from _speak_part(request, parts[0]))
        except InvalidRequest as refusal:
            parts = request.halve(parts[0], refusal)
    lossless = request.for_joining()
    flows = [_speak_numbered(lossless, part, f"part {number} of {len(parts)}") for number, part in enumerate(parts, 1)]
    spoken = _get_speeches((yield from gather(flows, max_concurrency)))
    joined = yield from run_blocking(partial(_join, spoken, request.options.canonical_format))
    _log.info("%s: spoken in %d parts, %.1f s.", request.endpoint.provider.name, len(parts), joined.duration)
    return replace(joined, transcript=text.strip())


def open_speech(request: SpeechRequest, text: str) -> Flow[OpenStream[SpeechDelta]]:
    """Send a part of a text. Return the open response, before its audio begins, and its decoder.

    Raises:
        ProviderError: if the gateway refuses or fails.
    """
    response = yield from request.post(text, streamed=True)
    reply = SpeechReply(
        response.headers, provider=request.endpoint.provider.name, requested_format=request.options.format, text=text
    )
    return response, reply


_Outcome = tuple[list[Speech], ProviderError | None]


def _speak_numbered(request: SpeechRequest, text: str, name: str) -> Flow[_Outcome]:
    """Return the speech, or the error: whether the others were spoken decides what it costs."""
    try:
        return (yield from _speak_or_halve(request, text)), None
    except ProviderError as error:
        error.args = (f"{name}: {error.args[0]}", *error.args[1:])
        return [], error


def _speak_or_halve(request: SpeechRequest, text: str) -> Flow[list[Speech]]:
    """Speak a part. If the gateway takes less at a time than its row says, its halves are spoken one by one."""
    try:
        return [(yield from run_limited(_speak_part(request, text)))]
    except InvalidRequest as refusal:
        spoken = list[Speech]()
        for half in request.halve(text, refusal):
            spoken += yield from _speak_or_halve(request, half)
        return spoken


def _get_speeches(outcomes: Sequence[_Outcome]) -> list[Speech]:
    speeches = [speech for spoken, _ in outcomes for speech in spoken]
    for _, error in outcomes:
        if error is not None:
            error.may_have_been_billed = error.may_have_been_billed or bool(speeches)
            raise error
    return speeches


def _speak_part(request: SpeechRequest, text: str) -> Flow[Speech]:
    response = yield from request.post(text, streamed=False)
    with HiddenFrames(), attribute_errors(response.status, response.headers, response.attempts):
        return (yield from run_blocking(partial(_parse_part, request, response, text)))


def _parse_part(request: SpeechRequest, response: Response, text: str) -> Speech:
    provider = request.endpoint.provider.name
    speech = parse_speech(
        response.body, response.headers, provider=provider, requested_format=request.options.format, text=text
    )
    try:
        seconds = _measure(speech)
        segments = _time_sentences(speech, seconds)
    except InvalidAudio as error:
        raise IncompleteResponse(f"{provider} sent speech that is not whole: {error}", provider=provider) from None
    return replace(speech, duration=seconds, segments=segments)


def _measure(speech: Speech) -> float:
    if speech.duration is not None and speech.format in ("pcm16", "wav"):
        return speech.duration  # which is exact
    return probe(speech.to_audio()).duration


def _time_sentences(speech: Speech, seconds: float) -> tuple[Segment, ...]:
    """Return the sentences of a part. It is decoded if there are several, to find the pauses between them."""
    are_several = len(split_spoken(speech.transcript)) > 1
    spans = find_speech_throughout(speech.to_audio()) if are_several else []
    return tuple(time_sentences(speech.transcript, 0.0, seconds, spans))


def _join(parts: list[Speech], target: str) -> Speech:
    """Join parts to one speech in a format. The list is empty then, as each part is released once it is joined."""
    from audio_core.media.decode import decode  # noqa: PLC0415 - FFmpeg is loaded when first needed
    from audio_core.media.encoder import Encoder  # noqa: PLC0415

    rate = parts[0].sample_rate or probe(parts[0].to_audio()).sample_rate
    joiner, file, segments = PcmJoiner(rate), io.BytesIO(), list[Segment]()

    def iterate() -> Iterator[bytes]:
        while parts:
            part, start = parts.pop(0), joiner.seconds
            yield from (joiner.add(piece) for piece in decode(part.to_audio(), rate=rate))
            yield joiner.end_part()
            segments.extend(segment.shift(start) for segment in part.segments)
        yield joiner.close()

    if target == "pcm16":
        file.writelines(iterate())
    else:
        with Encoder(file, target, rate) as encoder:
            for piece in filter(None, iterate()):
                encoder.write(piece)
    data = file.getvalue()
    return Speech(
        data,
        target,
        sample_rate=rate if target == "pcm16" else None,
        segments=tuple(segments),
        duration=joiner.seconds,
    )
