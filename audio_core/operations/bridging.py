"""Bridge joins of pieces at which a word may be lost or be there twice: transcribe once more what lies around them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from audio_core.errors import AudioError, InvalidAudio
from audio_core.http.flow import Flow, gather, run_blocking
from audio_core.media.segmentation import Piece, cut_recording
from audio_core.operations.gaps import count_unanswered, name_some
from audio_core.operations.job import Job, Recording
from audio_core.operations.piece_lengths import get_longest_piece
from audio_core.transcript.bridges import BridgedPieces, choose_bridges, find_uncertain_joins, insert_bridges
from audio_core.transcript.merge import PieceTranscript
from audio_core.transcript.segment import format_clock, format_range
from audio_core.transcript.transcript import Transcript

__all__ = ["bridge_joins", "describe_doubts"]

_log = logging.getLogger(__name__)

_TranscribePiece: TypeAlias = Callable[[Piece], Flow[Transcript]]


def bridge_joins(
    job: Job, recording: Recording, parts: Sequence[PieceTranscript], transcribe: _TranscribePiece | None, minimum: int
) -> Flow[BridgedPieces]:
    """Transcribe bridges and insert those that help. If one fails, the pieces are joined without it.

    Args:
        job: the settings of the transcription.
        recording: the open recording.
        parts: its pieces in order of time.
        transcribe: returns the transcript of a piece, with times of the original recording; None if nothing more is to
            be sent.
        minimum: how many bridges are allowed in any case.
    """
    joins = yield from run_blocking(partial(find_uncertain_joins, parts))
    bridges = list[PieceTranscript]()
    if transcribe is not None:
        longest = get_longest_piece(job.with_limits())  # a bridge that had to be cut would have uncertain joins itself
        possible = [join for join in joins if join.bridge[1] - join.bridge[0] <= longest]
        chosen = choose_bridges(possible, sum(part.shared for part in parts), recording.seconds, minimum)
        flows = [_transcribe_bridge(recording, *each, transcribe) for each in chosen]
        bridges = yield from gather(flows, job.max_concurrency)
    return (yield from run_blocking(partial(insert_bridges, parts, joins, bridges)))


def describe_doubts(places: Sequence[float]) -> Iterator[str]:
    """Yield what to say about the joins that are uncertain, given where they are in seconds."""
    if places:
        named = name_some([format_clock(place) for place in places])
        yield f"Where pieces without a pause between them were joined, a word may be missing or be there twice: {named}."


def _transcribe_bridge(
    recording: Recording, start: float, end: float, transcribe: _TranscribePiece
) -> Flow[PieceTranscript]:
    label = f"{recording.audio.label}: {format_range(start, end)}"
    _log.info("%s is needed once more, as it is not certain how the pieces around it are joined.", label)
    try:
        piece = yield from run_blocking(partial(_cut_bridge, recording, start, end))
        transcript = yield from transcribe(piece)
    except (AudioError, OSError) as error:  # a full disk costs the bridge, not the job
        _log.info("%s was not transcribed once more: %s", label, error)
        transcript = Transcript("", usage=count_unanswered(error, end - start))
    return PieceTranscript(start, end, 0.0, transcript)


def _cut_bridge(recording: Recording, start: float, end: float) -> Piece:
    clip = recording.clip(start, end)
    pieces = list(cut_recording(clip.audio, 2 * clip.seconds))
    recording.check_unchanged()
    if len(pieces) != 1:  # the file has been cut short since
        raise InvalidAudio(f"{recording.audio.label} has no audio at {format_range(start, end)} any more.")
    return pieces[0]
