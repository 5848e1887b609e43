"""Samples of speech by which a model knows speakers again: those that the user names, and those of earlier pieces.

A gateway labels the speakers of each piece of a long recording anew. So the first pieces go one by one, a few seconds
of each speaker are cut from them, and all further pieces are sent with these samples.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain

from audio_core.audio.audio import Audio
from audio_core.audio.content import BytesContent
from audio_core.errors import AudioError, InvalidOption, InvalidRequest
from audio_core.http.access import Access
from audio_core.http.download import open_or_download
from audio_core.http.flow import Flow, run_blocking
from audio_core.media.segmentation import BYTES_PER_SECOND, RATE, Piece
from audio_core.operations.job import Job
from audio_core.operations.limits import LimitLearned, forget_samples, takes_samples
from audio_core.operations.upload import encode_for_upload
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript
from audio_core.wire.refusals import is_about_samples
from audio_core.wire.speaker_samples import SpeakerSample

__all__ = ["can_refer", "explain_refusal", "open_known_speakers", "refer_to_speakers"]

_SHORTEST, _LONGEST = 2.0, 9.9  # seconds; OpenAI takes 2 to 10, and an encoder may add a little
_SHORTEST_STRETCH = 0.5  # seconds of a sample that is put together of several


def open_known_speakers(job: Job, access: Access | None) -> Flow[Job]:
    """Open the samples of the speakers that the user names, and return the job with them.

    Args:
        job: the settings of the transcription.
        access: what may be opened; None if the developer named the samples.

    Raises:
        InvalidOption: if a sample is too short.
        AudioError: if a sample cannot be opened or is damaged.
    """
    samples = list[SpeakerSample]()
    for name, source in (job.options.known_speakers or {}).items():
        samples.append((yield from _open_sample(job, name, Audio.of(source), access)))
    return replace(job, samples=tuple(samples))


def _open_sample(job: Job, name: str, audio: Audio, access: Access | None) -> Flow[SpeakerSample]:
    endpoint = job.endpoint
    try:
        opened = yield from open_or_download(audio, access, timeout=endpoint.timeout, max_retries=endpoint.max_retries)
        pcm = yield from run_blocking(partial(_decode_sample, opened))
        return (yield from run_blocking(partial(_build_sample, job, name, name, pcm)))
    except AudioError as error:
        error.args = (f"known_speakers[{name!r}]: {error.args[0]}", *error.args[1:])
        raise


def _decode_sample(audio: Audio) -> bytes:
    from audio_core.media.decode import decode  # noqa: PLC0415 - FFmpeg is loaded when first needed

    start = audio.start or 0.0
    end = start + _LONGEST
    clip = audio.clip(start, end if audio.end is None else min(end, audio.end))
    pcm = b"".join(decode(clip, rate=RATE))
    if len(pcm) < _SHORTEST * BYTES_PER_SECOND:
        raise InvalidOption(
            f"{audio.label} lasts {len(pcm) / BYTES_PER_SECOND:.1f} s, which is too short to know a speaker again. Give "
            "2 to 10 s of speech; what is longer is cut."
        )
    return pcm


def _build_sample(job: Job, label: str, name: str, pcm: bytes) -> SpeakerSample:
    audio = Audio.of(Audio.of(BytesContent(pcm)), format="pcm16", sample_rate=RATE)
    encoded = encode_for_upload(audio, job.endpoint.provider.upload_formats)
    return SpeakerSample(label, name, encoded, hashlib.sha256(pcm).hexdigest())


def can_refer(job: Job) -> bool:
    """Tell whether the speakers of one piece can be named when the next is sent."""
    is_possible = job.engine is None and bool(job.options.diarize) and takes_samples(job.endpoint, job.model)
    return is_possible and job.endpoint.provider.max_known_speakers > 0


def refer_to_speakers(
    job: Job, piece: Piece, transcript: Transcript, number: int, longest: float
) -> Flow[tuple[Job, bool]]:
    """Sample the speakers who are first heard in a piece, as many as the gateway takes.

    Args:
        job: the settings of the transcription.
        piece: the piece.
        transcript: of the piece, with times of the original recording.
        number: of the piece. `merge_pieces` puts it in front of the speakers' labels.
        longest: maximum length of a piece in seconds. The parts of one that was cut again have speakers of their own.

    Returns:
        The settings for the next piece, and whether it is to go alone, as it may bring further speakers.
    """
    job = job.with_limits()
    if not transcript.segments or piece.end - piece.start > longest:
        return job, can_refer(job)
    samples = yield from run_blocking(partial(_sample_speakers, job, piece, transcript, number))
    count = len(job.samples) + len(samples)
    is_open = bool(samples) and count < job.endpoint.provider.max_known_speakers
    return replace(job, samples=(*job.samples, *samples)), is_open


def _sample_speakers(job: Job, piece: Piece, transcript: Transcript, number: int) -> list[SpeakerSample]:
    piece = piece.to_pcm()
    known = {sample.label for sample in job.samples}
    stretches = {
        speaker: _choose_stretches(transcript.segments, speaker)
        for speaker in transcript.speakers
        if speaker not in known
    }
    longest_first = sorted(stretches.items(), key=lambda item: -_sum_seconds(item[1]))
    count = job.endpoint.provider.max_known_speakers - len(job.samples)
    return [
        _build_sample(job, label, re.sub(r"\W", "_", label), _cut(piece, sorted(chosen)))
        for speaker, chosen in longest_first[:count]
        if _sum_seconds(chosen) >= _SHORTEST and (label := f"{number}:{speaker}")
    ]


def _choose_stretches(segments: Sequence[Segment], speaker: str) -> list[tuple[float, float]]:
    """Return the longest stretches in which a speaker speaks alone, as many as a sample takes."""
    own = [segment for segment in segments if segment.speaker == speaker and not segment.is_estimated]
    others = [segment for segment in segments if segment.speaker != speaker]
    alone = [
        (segment.start, segment.end)
        for segment in own
        if not any(other.start < segment.end and segment.start < other.end for other in others)
    ]
    return list(_take_seconds(sorted(alone, key=lambda stretch: stretch[0] - stretch[1]), _LONGEST))


def _take_seconds(stretches: Sequence[tuple[float, float]], seconds: float) -> Iterator[tuple[float, float]]:
    for start, end in stretches:
        taken = min(end - start, seconds)
        if taken < _SHORTEST_STRETCH:
            return
        seconds -= taken
        yield start, start + taken


def _sum_seconds(stretches: Sequence[tuple[float, float]]) -> float:
    return sum(end - start for start, end in stretches)


def _cut(piece: Piece, stretches: Sequence[tuple[float, float]]) -> bytes:
    offsets = chain.from_iterable(stretches)
    positions = [2 * max(0, round((offset - piece.start) * RATE)) for offset in offsets]
    bounds = zip(positions[::2], positions[1::2], strict=True)
    return b"".join(piece.content.read_at(begin, end - begin) for begin, end in bounds)


def explain_refusal(job: Job, error: InvalidRequest) -> Exception | None:
    """Return what to raise if a gateway has refused the samples of speakers, else None.

    Samples of earlier pieces are left out from now on. Those that the user gave are not.

    Args:
        job: the settings of the transcription.
        error: the refusal.
    """
    if not job.samples or not is_about_samples(error):
        return None
    name = f"{job.endpoint.provider.name}'s model {job.model}"
    if {sample.label for sample in job.samples} <= {*(job.options.known_speakers or ())}:
        return InvalidOption(f"{name} refuses known_speakers. Check each sample, or leave them out. It says: {error}")
    forget_samples(job.endpoint, job.model)
    warning = f"{name} takes no samples of speakers, so each piece of the recording has speakers of its own."
    return LimitLearned(warning, job.endpoint.continue_after(error).attempts)
