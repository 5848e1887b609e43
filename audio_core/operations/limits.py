"""What models take, learned from refusals: the longest and largest recording, the formats, timed segments, speakers.

This is remembered for each base URL and model while the process lives, so that no recording is uploaded twice to learn
the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from audio_core.audio.content import EncodedAudio
from audio_core.errors import AudioTooLarge, InvalidRequest
from audio_core.http.endpoint import Endpoint
from audio_core.operations.process_memory import ProcessMemory
from audio_core.operations.upload import WRITABLE_FORMATS
from audio_core.providers import Provider
from audio_core.transcript.segment import format_clock
from audio_core.wire.refusals import Refusal, parse_refusal

__all__ = [
    "LimitLearned",
    "apply_limits",
    "check_chat_size",
    "forget_samples",
    "has_segments",
    "has_speakers",
    "learn_chat_size",
    "learn_format",
    "learn_limit",
    "learn_response_format",
    "takes_samples",
]

_MARGIN = 0.98  # of a limit that a gateway names, as it may measure differently
_FEWEST_SECONDS = 5.0  # a gateway that refuses less than this refuses something else
_FEWEST_BYTES = 16 * 1024
_BASE64_SHARE = 0.75  # a gateway that takes base64 may mean the size of that
_MEGABYTE = 10**6

Number = TypeVar("Number", int, float)


class LimitLearned(Exception):
    """A gateway refused a recording for a limit that is known from now on. It can be sent again within the limit.

    Attributes:
        warning: what the user must know; empty if nothing is lost by it.
        attempts: how many requests count when it is sent again. Each piece of one that is cut has attempts of its own.
    """

    def __init__(self, warning: str = "", attempts: int = 0) -> None:
        super().__init__(warning)
        self.warning, self.attempts = warning, attempts


@dataclass(frozen=True, slots=True)
class _Limits:
    """What a model takes; None where no refusal has told. `chat_size` is the smallest request that was refused."""

    seconds: float | None = None
    size: int | None = None
    chat_size: int | None = None
    refused_formats: frozenset[str] = frozenset()
    named_formats: frozenset[str] = frozenset()
    has_segments: bool = True
    has_speakers: bool = True
    takes_samples: bool = True

    def select(self, formats: Sequence[str]) -> tuple[str, ...]:
        """Return the formats that are not refused: those that the gateway has named, if any; all if none is left."""
        left = [name for name in formats if name not in self.refused_formats]
        named = [name for name in left if name in self.named_formats]
        return tuple(next((names for names in (named, left) if WRITABLE_FORMATS & {*names}), formats))

    def apply(self, row: Provider) -> Provider:
        """Return the row of a provider with these limits."""
        return replace(
            row,
            max_upload_seconds=_get_lower(self.seconds, row.max_upload_seconds),
            max_upload_bytes=_get_lower(self.size, row.max_upload_bytes),
            upload_formats=self.select(row.upload_formats),
            chat_formats=self.select(row.chat_formats),
        )


_Learned: TypeAlias = tuple[_Limits, str]
_NO_LIMITS = _Limits()
_limits = ProcessMemory[tuple[str, str], _Limits](1000)


def apply_limits(endpoint: Endpoint, model: str) -> Endpoint:
    """Return an endpoint whose provider has the limits that refusals of a model have told."""
    return replace(endpoint, provider=_get_limits(endpoint, model).apply(endpoint.provider))


def has_segments(endpoint: Endpoint, model: str) -> bool:
    """Tell whether timed segments can be asked for. It is so until the model has refused them."""
    return _get_limits(endpoint, model).has_segments


def has_speakers(endpoint: Endpoint, model: str) -> bool:
    """Tell whether speakers can be asked for. Only a form has a response format for them, without timed segments."""
    limits = _get_limits(endpoint, model)
    return limits.has_speakers and (limits.has_segments or endpoint.provider.transcription == "multipart")


def takes_samples(endpoint: Endpoint, model: str) -> bool:
    """Tell whether a model takes samples of the speakers of earlier pieces. It is so until it has refused them."""
    return _get_limits(endpoint, model).takes_samples


def forget_samples(endpoint: Endpoint, model: str) -> None:
    """Remember that a model takes no samples of speakers."""
    _limits.note(_build_key(endpoint, model), replace(_get_limits(endpoint, model), takes_samples=False))


def learn_response_format(
    endpoint: Endpoint, model: str, error: InvalidRequest, audio: EncodedAudio, *, is_diarized: bool = False
) -> bool:
    """Return whether a refusal says that a model does not send what was asked for, and remember it.

    Args:
        endpoint: that refused.
        model: name of the model.
        error: the refusal.
        audio: what was sent.
        is_diarized: whether speakers were asked for, or else timed segments.
    """
    refusal = parse_refusal(error, audio)
    if refusal is None or refusal.kind not in ("response_format", *(["speakers"] if is_diarized else [])):
        return False
    missing = {"has_speakers" if is_diarized else "has_segments": False}
    _limits.note(_build_key(endpoint, model), replace(_get_limits(endpoint, model), **missing))
    return True


def learn_limit(endpoint: Endpoint, model: str, error: InvalidRequest, audio: EncodedAudio) -> LimitLearned | None:
    """Learn from a refusal what a model takes.

    Args:
        endpoint: that refused, as `apply_limits` has returned it.
        model: name of the model.
        error: the refusal.
        audio: what was sent.

    Returns:
        What to raise so that the recording is sent again within the limit, or None if the refusal is about something
        else, or nothing else can be tried.

    Raises:
        InvalidRequest: the refusal, if no attempt is left for another format. It is remembered all the same.
    """
    refusal = parse_refusal(error, audio)
    if refusal is None or (refusal.kind == "format" and endpoint.attempts and not refusal.formats):
        return None  # each guess at a format uploads the recording, so there is one only
    warning = _learn(endpoint, model, refusal, audio)
    if warning is None:
        return None
    return LimitLearned(warning, endpoint.continue_after(error).attempts if refusal.kind == "format" else 0)


def learn_format(
    endpoint: Endpoint, model: str, error: InvalidRequest, sent: Sequence[EncodedAudio]
) -> LimitLearned | None:
    """Do what `learn_limit` does for the recordings of a chat, of which only the format can be changed."""
    for audio in sent:
        refusal = parse_refusal(error, audio)
        if refusal is not None and refusal.kind == "format" and (limit := learn_limit(endpoint, model, error, audio)):
            return limit
    return None


def learn_chat_size(
    endpoint: Endpoint, model: str, error: InvalidRequest, sent: Sequence[EncodedAudio], size: int
) -> None:
    """Remember the size of a chat request if it was refused for its size, and recordings are most of it.

    Args:
        endpoint: that refused.
        model: name of the model.
        error: the refusal.
        sent: the recordings.
        size: bytes of the request's body.
    """
    refusal = next((found for audio in sent if (found := parse_refusal(error, audio))), None)
    if refusal is None or refusal.kind != "bytes" or sum(audio.content.size for audio in sent) < size / 2:
        return
    limits = _get_limits(endpoint, model)
    _limits.note(_build_key(endpoint, model), replace(limits, chat_size=_get_lower(size, limits.chat_size)))


def check_chat_size(endpoint: Endpoint, model: str, size: int) -> None:
    """Check that no smaller chat request has been refused for its size.

    Args:
        endpoint: where the request goes.
        model: name of the model.
        size: bytes of the request's body.

    Raises:
        AudioTooLarge: if one has.
    """
    refused = _get_limits(endpoint, model).chat_size
    if refused is not None and size >= refused:
        raise AudioTooLarge(
            f"The message has {size:,} bytes with its audio, and {endpoint.provider.name} "
            f"has refused {refused:,} before for {model}. Send a clip of the recording (start=, end=), or transcribe it."
        )


def _learn(endpoint: Endpoint, model: str, refusal: Refusal, audio: EncodedAudio) -> str | None:
    """Remember a limit. Return what the user must know, or None if nothing else can be tried."""
    limits, row = _get_limits(endpoint, model), endpoint.provider
    match refusal:
        case Refusal("seconds"):
            learned = _learn_seconds(limits, refusal, audio)
        case Refusal("bytes"):
            learned = _learn_size(limits, refusal, audio, row)
        case Refusal("format"):
            learned = _learn_format(limits, refusal, audio, row)
        case _:
            learned = None
    if learned is None:
        return None
    limits, consequence = learned
    _limits.note(_build_key(endpoint, model), limits)
    return f"{row.name}'s model {model} {consequence}."


def _learn_seconds(limits: _Limits, refusal: Refusal, audio: EncodedAudio) -> _Learned | None:
    seconds = _tighten(refusal.limit, _MARGIN, audio.seconds)
    if seconds < _FEWEST_SECONDS:
        return None
    changed = replace(limits, seconds=_get_lower(seconds, limits.seconds))
    return changed, f"takes at most {format_clock(seconds)} at a time, so the recording was cut"


def _learn_size(limits: _Limits, refusal: Refusal, audio: EncodedAudio, row: Provider) -> _Learned | None:
    share = _MARGIN if row.transcription == "multipart" else _MARGIN * _BASE64_SHARE
    size = int(_tighten(refusal.limit, share, audio.content.size))
    if size < _FEWEST_BYTES:
        return None
    changed = replace(limits, size=_get_lower(size, limits.size))
    return changed, f"takes at most {size / _MEGABYTE:.1f} MB at a time, so the recording was cut"


def _tighten(named: float | None, share: float, sent: float) -> float:
    """Return a limit below what was sent: the one that the gateway has named, or half if that would not help."""
    limit = sent if named is None else named * share
    return limit if limit < sent else sent / 2


def _learn_format(limits: _Limits, refusal: Refusal, audio: EncodedAudio, row: Provider) -> _Learned | None:
    changed = replace(
        limits, refused_formats=limits.refused_formats | {audio.format}, named_formats=frozenset(refusal.formats)
    )
    if audio.format in changed.select(row.upload_formats) or audio.format in changed.select(row.chat_formats):
        return None  # it was the last that could be tried
    return changed, f"does not take {audio.format}, so the recording was converted"


def _get_lower(first: Number | None, second: Number | None) -> Number | None:
    return min((limit for limit in (first, second) if limit is not None), default=None)


def _get_limits(endpoint: Endpoint, model: str) -> _Limits:
    return _limits.find(_build_key(endpoint, model)) or _NO_LIMITS


def _build_key(endpoint: Endpoint, model: str) -> tuple[str, str]:
    return endpoint.provider.find_base_url(endpoint.base_url), model
