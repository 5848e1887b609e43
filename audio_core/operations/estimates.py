"""Estimate what a job will send, before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from audio_core.audio.audio import Audio
from audio_core.errors import AudioError
from audio_core.http.access import Access, open_authorized
from audio_core.http.flow import Flow, gather, run_blocking
from audio_core.operations.job import Job, Recording
from audio_core.operations.models import recall_model
from audio_core.operations.piece_lengths import get_longest_piece, get_longest_whole
from audio_core.operations.pieces import MOST_COPIED
from audio_core.operations.transcript_store import TranscriptStore
from audio_core.operations.transcription import inspect_recording
from audio_core.operations.upload import SHORTEST_SECONDS, estimate_bytes

__all__ = ["Estimate", "RecordingEstimate", "estimate_job"]

_MEAN_SHARE = 0.9  # of the longest piece: pieces end in its last fifth
_SHARED_SECONDS = 0.25  # that two pieces hold at the pause between them
_BASE64_SHARE = 4 / 3
_FLAC_RATE = 16_000  # bytes for a second of speech at 16 kHz, as large recordings are sent


@dataclass(frozen=True, slots=True)
class RecordingEstimate:
    """What one recording will need.

    Attributes:
        label: what messages call the recording.
        seconds: how long it is; None if that is not known, as it is on the web and was not downloaded.
        stored_seconds: how much of it the store has already.
        requests: how many are expected; exact if it fits into one.
        seconds_to_send: of audio, with what adjacent pieces share. It is what a gateway bills.
        bytes_to_send: of audio, as they go over the network; exact if it goes untouched.
        error: why it cannot be transcribed; None if it can.
    """

    label: str
    seconds: float | None = None
    stored_seconds: float = 0.0
    requests: int = 0
    seconds_to_send: float = 0.0
    bytes_to_send: int = 0
    error: AudioError | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will need. Nothing was sent to learn it.

    Attributes:
        recordings: each for itself, in order.
        price_per_second: US dollars for a second of audio; None if it is not known.
        max_concurrency: how many requests are under way side by side.

    Example:
        >>> estimate = AudioClient("openai", model="whisper-1").estimate(
        ...     "examples/audio/call.mp3", price_per_minute=0.006
        ... )
        >>> estimate.requests, round(estimate.seconds_to_send), f"${estimate.cost:.4f}"
        (1, 54, '$0.0054')
    """

    recordings: tuple[RecordingEstimate, ...]
    price_per_second: float | None
    max_concurrency: int

    @property
    def seconds(self) -> float:
        """How long the recordings are, together. Those whose length is not known count as nothing."""
        return math.fsum(each.seconds or 0.0 for each in self.recordings)

    @property
    def stored_seconds(self) -> float:
        """How many seconds the store has already, which cost nothing."""
        return math.fsum(each.stored_seconds for each in self.recordings)

    @property
    def seconds_to_send(self) -> float:
        """How many seconds of audio will be sent, and so billed."""
        return math.fsum(each.seconds_to_send for each in self.recordings)

    @property
    def bytes_to_send(self) -> int:
        """How many bytes of audio will be sent."""
        return sum(each.bytes_to_send for each in self.recordings)

    @property
    def requests(self) -> int:
        """How many requests are expected."""
        return sum(each.requests for each in self.recordings)

    @property
    def cost(self) -> float | None:
        """What the job will cost, in US dollars; None if the price is not known."""
        return None if self.price_per_second is None else self.seconds_to_send * self.price_per_second

    @property
    def failures(self) -> tuple[RecordingEstimate, ...]:
        """The recordings that cannot be transcribed."""
        return tuple(each for each in self.recordings if each.error is not None)

    @property
    def unknown(self) -> tuple[RecordingEstimate, ...]:
        """The recordings whose length is not known."""
        return tuple(each for each in self.recordings if each.seconds is None and each.error is None)

    def compute_duration(self, real_time_factor: float) -> float:
        """Return how many seconds on the wall clock the job will take.

        Args:
            real_time_factor: seconds that the gateway needs for a second of audio in one request, such as 0.1.
        """
        longest = max((each.seconds_to_send / (each.requests or 1) for each in self.recordings), default=0.0)
        return real_time_factor * max(longest, self.seconds_to_send / self.max_concurrency)


def estimate_job(
    job: Job, audios: Iterable[Audio], access: Access | None, price_per_minute: float | None
) -> Flow[Estimate]:
    """Estimate what the transcription of recordings will need. Files are opened and measured, and nothing is sent.

    Args:
        job: the settings of the transcription.
        audios: the recordings. Those on the web and in buckets are not downloaded.
        access: what may be opened; None if the developer named the recordings.
        price_per_minute: US dollars for a minute of audio; None for what the gateway's list of models says, if it is
            known.
    """
    job = job.with_limits()
    flows = (run_blocking(partial(_estimate_recording, job, audio, access)) for audio in audios)
    recordings = yield from gather(flows, job.max_concurrency)
    return Estimate(tuple(recordings), _find_price(job, price_per_minute), job.max_concurrency)


def _find_price(job: Job, price_per_minute: float | None) -> float | None:
    if job.engine is not None:
        return 0.0
    return recall_model(job.endpoint, job.model).price_per_second if price_per_minute is None else price_per_minute / 60


def _estimate_recording(job: Job, audio: Audio, access: Access | None) -> RecordingEstimate:
    if audio.is_remote:
        return RecordingEstimate(audio.label)
    try:
        recording = inspect_recording(open_authorized(audio, access))
    except AudioError as error:
        return RecordingEstimate(audio.label, error=error)
    return _estimate_opened(job, recording)


def _estimate_opened(job: Job, recording: Recording) -> RecordingEstimate:
    stored = 0.0 if job.store is None else _measure_stored(job, job.store, recording)
    missing = recording.seconds - stored
    if missing < SHORTEST_SECONDS:
        return RecordingEstimate(recording.audio.label, recording.seconds, stored)
    is_cut = _is_cut(job, recording)
    requests = _count_pieces(job, missing) if is_cut else 1
    channels = recording.properties.channels if job.options.channels == "separate" else 1
    seconds = channels * (missing + (requests - 1) * _SHARED_SECONDS)
    size = 0 if job.engine is not None else _estimate_size(job, recording, seconds, is_cut=is_cut)
    return RecordingEstimate(recording.audio.label, recording.seconds, stored, channels * requests, seconds, size)


def _measure_stored(job: Job, store: TranscriptStore, recording: Recording) -> float:
    """Return how many seconds of a recording the store has; of all channels, if they are transcribed separately."""
    recording.identify(store)
    parts = [recording]
    if job.options.channels == "separate":
        channels = range(recording.properties.channels)
        parts = [replace(recording, audio=recording.audio.select_channel(channel)) for channel in channels]
    return min(_measure_spans(store.list_spans(job.build_key(part, 0.0, 0.0)), part) for part in parts)


def _measure_spans(spans: Sequence[tuple[float, float]], recording: Recording) -> float:
    """Return how many seconds of a recording lie in spans, which are in order and may overlap."""
    seconds, reached = 0.0, recording.start
    for start, end in spans:
        seconds += max(0.0, min(end, recording.end) - max(start, reached))
        reached = max(reached, end)
    return seconds


def _estimate_size(job: Job, recording: Recording, seconds: float, *, is_cut: bool) -> int:
    row = job.endpoint.provider
    size = estimate_bytes(recording.audio, row.upload_formats, recording.properties, seconds)
    if is_cut and size > MOST_COPIED * seconds:
        size = round(seconds * _FLAC_RATE)
    return size if row.transcription == "multipart" else round(size * _BASE64_SHARE)


def _count_pieces(job: Job, missing: float) -> int:
    longest = get_longest_piece(job)
    return max(math.ceil(missing / longest), round(missing / (_MEAN_SHARE * longest)))


def _is_cut(job: Job, recording: Recording) -> bool:
    """Tell whether a recording is too long or too large for one request."""
    row, seconds = job.endpoint.provider, recording.seconds
    size = estimate_bytes(recording.audio, row.upload_formats, recording.properties, seconds)
    is_large = job.engine is None and row.max_upload_bytes is not None and size > row.max_upload_bytes
    return is_large or seconds > get_longest_whole(job)
