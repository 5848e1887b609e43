"""A recording that is too long for one request: cut, sent piece by piece, several at once, and put together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from audio_core.audio import Audio
from audio_core.errors import (
    AudioError,
    AuthenticationError,
    InvalidAudio,
    NotFound,
    PermissionDenied,
    ProviderError,
    TranscriptionIncomplete,
)
from audio_core.http.flow import Flow, gather, work
from audio_core.http.gateway import Gateway
from audio_core.prepare import encoded
from audio_core.providers import Provider
from audio_core.transcribe.cut import BYTES_PER_SECOND, Piece, pieces
from audio_core.transcribe.request import transcribed
from audio_core.transcribe.stitch import Part, stitched
from audio_core.transcribe.store import PieceKey, TranscriptStore, kept
from audio_core.transcript import Segment, Transcript, clock
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["LONGEST_PIECE", "LONGEST_REQUEST", "longest_request", "transcribe_long"]

LONGEST_REQUEST = 1800.0
"""Seconds; a longer recording is cut even where no limit is documented, because gateways give up on long requests."""

LONGEST_PIECE = 300.0
"""Seconds; short enough for several pieces to be heard at once, long enough to lose nothing of the context."""

_HOPELESS = (AuthenticationError, PermissionDenied, NotFound)  # what one piece is refused for, all are


@dataclass(slots=True)
class _Job:
    """What has come of the pieces so far."""

    gateway: Gateway
    model: str
    audio: Audio
    options: TranscriptionOptions
    store: TranscriptStore | None
    sha256: str
    parts: list[Part] = field(default_factory=list[Part])
    failures: list[tuple[float, float, AudioError]] = field(default_factory=list[tuple[float, float, AudioError]])
    reached: float = 0.0
    stopped: AudioError | None = None

    def flows(self, longest: float) -> Iterator[Flow[None]]:
        """One flow for each piece, made while earlier ones are under way; none any more once there is no hope.

        What cannot be decoded any further is a stretch that is missing: what was heard before it is not thrown away.
        """
        try:
            for piece in pieces(self.audio, longest):
                if self.stopped is not None:
                    return
                self.reached = piece.end
                yield self.hear(piece)
        except InvalidAudio as error:
            self.stopped = error

    def hear(self, piece: Piece) -> Flow[None]:
        """Have one piece transcribed."""
        try:
            heard = yield from self._heard(piece)
        except ProviderError as error:
            self.failures.append((piece.start, piece.end, error))
            if isinstance(error, _HOPELESS) or self.options.gaps == "raise":
                self.stopped = self.stopped or error
            return
        self.parts.append(Part(piece.start, piece.end, piece.shared, heard.shifted(piece.start)))

    def _heard(self, piece: Piece) -> Flow[Transcript]:
        if piece.is_silent:  # models make words up for silence
            return Transcript("", (), provider=self.gateway.provider.name, model=self.model)
        row = self.gateway.provider.name
        key = PieceKey(self.sha256, piece.start, piece.end, row, self.model, self.options, self.audio.label)
        return (yield from kept(self.store, key, self._asked(piece)))

    def _asked(self, piece: Piece) -> Flow[Transcript]:
        seconds = piece.end - piece.start
        sound = yield from work(partial(encoded, piece.audio, self.gateway.provider.upload_formats, seconds))
        return (yield from transcribed(self.gateway, self.model, self.audio.name, sound, self.options, seconds))


def transcribe_long(
    gateway: Gateway,
    model: str,
    audio: Audio,
    options: TranscriptionOptions,
    *,
    seconds: float,
    at_once: int,
    store: TranscriptStore | None,
    sha256: str,
) -> Flow[Transcript]:
    """Transcribe a recording in pieces; times are of the original recording.

    Args:
        gateway: whom to ask.
        model: name of the model.
        audio: a recording that is open, or a clip of it.
        options: how to transcribe; `gaps` says what becomes of a piece that fails for good.
        seconds: where the recording, or its clip, ends.
        at_once: how many pieces may be under way.
        store: where pieces are kept.
        sha256: of the recording.

    Raises:
        TranscriptionIncomplete: if a piece failed, with the transcript of the others and the ranges that are missing.
        ProviderError: if the first of them failed already.
    """
    job = _Job(gateway, model, audio, options, store, sha256)
    yield from gather(job.flows(_longest_piece(gateway.provider)), at_once)
    if job.stopped is not None and job.reached < seconds:
        job.failures.append((job.reached, seconds, job.stopped))
    return _outcome(job)


def longest_request(row: Provider) -> float:
    """Seconds up to which a recording goes out whole; a chat model has to write all of it down in one answer."""
    usual = LONGEST_PIECE if row.transcription == "chat" else LONGEST_REQUEST
    return row.max_upload_seconds or usual


def _longest_piece(row: Provider) -> float:
    """Seconds that fit into one request in any format, also as WAV."""
    by_size = math.inf if row.max_upload_bytes is None else row.max_upload_bytes * 0.95 / BYTES_PER_SECOND
    return min(LONGEST_PIECE, row.max_upload_seconds or math.inf, by_size)


def _outcome(job: _Job) -> Transcript:
    parts = sorted(job.parts, key=lambda part: part.start)
    failures = sorted(job.failures, key=lambda failure: failure[0])
    if failures and not parts:
        raise failures[0][2]
    whole = stitched(parts)
    if not failures:
        return whole
    marked = _marked(whole, failures)
    if job.options.gaps == "mark":
        return marked
    ranges = ", ".join(f"{clock(start)}-{clock(end)}" for start, end, _ in failures)
    raise TranscriptionIncomplete(
        f"{job.audio.label}: {ranges} could not be transcribed: {failures[0][2]} What was is in .transcript; "
        "gaps='mark' returns it with the gaps marked.",
        transcript=marked,
        failures=tuple(failures),
    )


def _marked(transcript: Transcript, failures: list[tuple[float, float, AudioError]]) -> Transcript:
    """The transcript with a segment for each stretch that is missing."""
    gaps = [
        Segment(start, end, f"[not transcribed: {clock(start)}-{clock(end)}]", is_gap=True)
        for start, end, _ in failures
    ]
    segments = tuple(sorted((*transcript.segments, *gaps), key=lambda segment: segment.start))
    return replace(transcript, segments=segments, text=" ".join(segment.text.strip() for segment in segments))
