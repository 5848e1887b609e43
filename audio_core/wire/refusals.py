"""Tell from a gateway's refusal whether a recording is too long, too large, or in a format that it does not take.

Gateways word this in many ways, and only some name the limit. No I/O here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from audio_core.audio.content import EncodedAudio
from audio_core.audio.formats import FORMATS
from audio_core.errors import ContextOverflow, InvalidRequest

__all__ = ["Refusal", "is_about_samples", "parse_refusal"]

_STATUSES = (400, 413, 415, 422)
_OTHER_SUBJECT = re.compile(r"too short|at least|minimum|\bprompt|temperature|language", re.IGNORECASE)
_RESPONSE_FORMAT = re.compile(r"response_format|verbose_json", re.IGNORECASE)
_SPEAKERS = re.compile(
    r"(?<![-\w])diari[sz]|chunking_strategy", re.IGNORECASE
)  # in a model's name, a hyphen comes first
_SAMPLES = re.compile(r"known_speaker|speaker.reference", re.IGNORECASE)
_RECORDING = r"\b(audio|recording|file|clip|media|track)s?\b"
_RATE = re.compile(r"\bper (\d+ )?(second|minute|hour|day)|\bof silence\b", re.IGNORECASE)
_AT_MOST = r"(?<!not )(?<!n't )\bbe (at most|(shorter|smaller|less) than|under|below|up to)"
_TIME = r"(ms|s|secs?|seconds?|m|mins?|minutes?|hours?)\b"
_LENGTH = re.compile(
    r"too long|longer than|(exceed|maximum|max|limit|over|up to).{0,40}(duration|seconds|minutes|hours|\d ?s\b)"
    r"|duration.{0,60}(exceed|maximum|max|limit|over|must be|>)"
    rf"|{_RECORDING}.{{0,40}}{_AT_MOST} ([\w.,-]+ ){{0,2}}(\d[\d.,]* ?-?)?{_TIME}"
    rf"|\b(split|cut|divide|break)\b.{{0,20}}{_RECORDING}.{{0,20}}\binto\b.{{0,40}}\d ?-?{_TIME}",
    re.IGNORECASE | re.DOTALL,
)
_SIZE = re.compile(
    r"too (large|big)|larger than|(exceed|maximum|max|limit|over|up to).{0,40}(size|bytes?\b|\d ?[KMG]i?B\b)"
    r"|size.{0,60}(exceed|maximum|max|limit|over|must be)"
    rf"|{_RECORDING}.{{0,40}}{_AT_MOST}.{{0,20}}\d ?-?(bytes?|[KMG]i?B)\b"
    r"|size\D{0,20}[\d,]{5,} ?(bytes)? ?> ?\d"
    r"|\b(body|payload|entity) exceed(s|ed)( the| its)?( max| maximum| allowed| upload| configured)* limit\b"
    r"(?! of \d{1,4}\b)",  # which are fields or messages
    re.IGNORECASE | re.DOTALL,
)
_VAGUE_LENGTH = re.compile(  # a length without a unit, which would be one of bytes if the message named any
    rf"({_RECORDING}( file)? length.{{0,20}}(exceed|limit|max)"
    rf"|{_RECORDING} exceed(s|ed)( the| its)?( max| maximum| allowed| permitted)* length)(?!.{{0,40}}(character|token|word))",
    re.IGNORECASE | re.DOTALL,
)
_FORMAT = re.compile(
    r"(un|in|not )(supported|valid|recogni[sz]ed|known|accepted).{0,40}(format|type|codec|file|extension)"
    r"|(format|type|codec|file|extension|input_audio).{0,60}(un|in|not )(supported|valid|recogni[sz]ed|known|accepted)"
    r"|supported (formats|values|types)|could not be decoded|cannot decode",
    re.IGNORECASE | re.DOTALL,
)
_ACCEPTED = re.compile(
    r"supported|allowed|accepted|must be|one of|expected|valid (formats|values|types)", re.IGNORECASE
)
_DURATION = re.compile(
    r"(\d[\d,]*\.?\d*) ?-?(ms|milliseconds?|h|hours?|m|mins?|minutes?|s|secs?|seconds?)\b", re.IGNORECASE
)
_SECONDS = {"ms": 0.001, "milli": 0.001, "h": 3600.0, "m": 60.0, "s": 1.0}
_BYTES = re.compile(r"(\d[\d,]*\.?\d*) ?-?(bytes?|[KMG]i?B|(?:kilo|mega|giga)bytes?)\b|(\d{5,})", re.IGNORECASE)
_UNIT_BYTES = {"": 1, "b": 1, "k": 10**3, "m": 10**6, "g": 10**9}
_SAME_SHARE = 0.02  # a number that differs by less from what was sent is what was sent, not the limit


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a gateway refused a recording.

    Attributes:
        kind: what it refused: the length in `"seconds"`, the size in `"bytes"`, the `"format"` of the recording, the
            `"response_format"` that was asked for, or to tell `"speakers"` apart.
        limit: the largest length in seconds, or size in bytes, that it takes; None if it does not say.
        formats: canonical names of the formats that it takes; empty if it does not say.
    """

    kind: Literal["seconds", "bytes", "format", "response_format", "speakers"]
    limit: float | None = None
    formats: tuple[str, ...] = ()


def parse_refusal(error: InvalidRequest, audio: EncodedAudio) -> Refusal | None:
    """Return why a gateway refused a recording, or None if the refusal is about something else.

    Args:
        error: the refusal.
        audio: what was sent.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> error = InvalidRequest("audio duration 1500 seconds is longer than 1400 seconds", status=400)
        >>> parse_refusal(error, EncodedAudio(BytesContent(b""), "mp3", 1500.2))
        Refusal(kind='seconds', limit=1400.0, formats=())
    """
    text = str(error)
    if error.status not in _STATUSES or _SAMPLES.search(text):
        return None
    if _RESPONSE_FORMAT.search(text):
        return Refusal("response_format")
    if isinstance(error, ContextOverflow) and error.status != 413:
        return Refusal("seconds")
    if _OTHER_SUBJECT.search(text):
        return None
    if refusal := _find_limit(text, error.status, audio):
        return refusal
    if _SPEAKERS.search(text):
        return Refusal("speakers")
    if error.status == 415 or _FORMAT.search(text):
        return Refusal("format", formats=_find_formats(text, audio.format))
    return None


def is_about_samples(error: InvalidRequest) -> bool:
    """Tell whether a gateway refuses the samples of speakers, and not the recording."""
    return error.status in _STATUSES and _SAMPLES.search(str(error)) is not None


def _find_limit(text: str, status: int | None, audio: EncodedAudio) -> Refusal | None:
    """Return the refusal of a length or a size, or None if it is about neither."""
    if _RATE.search(text):
        return None
    is_size = _SIZE.search(text) is not None
    if _LENGTH.search(text) or (_VAGUE_LENGTH.search(text) and not is_size):
        return Refusal("seconds", _choose_limit(_find_durations(text), audio.seconds))
    if is_size or status == 413:
        return Refusal("bytes", _choose_limit(_find_sizes(text), audio.content.size))
    return None


def _choose_limit(numbers: Iterable[float], sent: float) -> float | None:
    """Return the largest number that is clearly below what was sent, as messages often name both."""
    candidates = {number for number in numbers if 0 < number < sent * (1 + _SAME_SHARE)}
    below = {number for number in candidates if number < sent * (1 - _SAME_SHARE)}
    if below:
        return max(below)
    return min(candidates) if len(candidates) > 1 else None


def _find_durations(text: str) -> list[float]:
    return [
        _to_number(number) * next(factor for prefix, factor in _SECONDS.items() if unit.lower().startswith(prefix))
        for number, unit in _DURATION.findall(text)
    ]


def _find_sizes(text: str) -> list[float]:
    return [_to_number(number or plain) * _UNIT_BYTES[unit[:1].lower()] for number, unit, plain in _BYTES.findall(text)]


def _find_formats(text: str, refused: str) -> tuple[str, ...]:
    marker = _ACCEPTED.search(text)
    words = re.findall(r"[a-z0-9]+", text[marker.end() :].lower()) if marker else []
    rows = [row for row in FORMATS.values() if not row.raw and row.name != refused]
    return tuple(row.name for row in rows if {row.name, *row.aliases} & {*words})


def _to_number(text: str) -> float:
    return float(text.replace(",", ""))
