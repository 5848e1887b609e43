"""Bridge joins of pieces at which a word may be lost or be there twice: transcribe once more what lies around them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from audio_core.errors import AudioError
from audio_core.http.flow import Flow, gather, run_blocking
from audio_core.media.segmentation import Piece, cut_recording
from audio_core.operations.gaps import count_unanswered, name_some
from audio_core.operations.job import Job, Recording
from audio_core.operations.piece_lengths import get_longest_piece
from audio_core.transcript.bridges import Join, choose_bridges, find_uncertain_joins, insert_bridges
from audio_core.transcript.merge import PieceTranscript
from audio_core.transcript.segment import format_clock, format_range
from audio_core.transcript.transcript import Transcript
from audio_core.transcript.usage import Usage

__all__ = ["BridgedPieces", "bridge_joins"]

_log = logging.getLogger(__name__)

_TranscribePiece: TypeAlias = Callable[[Piece], Flow[Transcript]]


@dataclass(frozen=True, slots=True)
class BridgedPieces:
    """The pieces of a recording with bridges between them.

    Attributes:
        parts: the pieces and the bridges, in order of time.
        unused: what bridges have used that did not help; None for one that says nothing of it.
    """

    parts: list[PieceTranscript]
    unused: list[Usage | None]


def bridge_joins(
    job: Job,
    recording: Recording,
    parts: Sequence[PieceTranscript],
    transcribe: _TranscribePiece,
    warnings: list[str],
) -> Flow[BridgedPieces]:
    """Transcribe bridges and insert those that help. If one fails, the pieces are joined without it.

    Args:
        job: the settings of the transcription.
        recording: the open recording.
        parts: its pieces in order of time.
        transcribe: returns the transcript of a piece, with times of the original recording.
        warnings: what to say about the uncertain joins that got no bridge is appended to this list.
    """
    joins = yield from run_blocking(partial(find_uncertain_joins, parts))
    chosen = choose_bridges(joins, sum(part.shared for part in parts), recording.seconds)
    longest = get_longest_piece(job.with_limits())  # a bridge that had to be cut would have uncertain joins itself
    flows = [_transcribe_bridge(recording, *each, transcribe) for each in chosen if each[1] - each[0] <= longest]
    bridges = yield from gather(flows, job.max_concurrency)
    inserted = yield from run_blocking(partial(insert_bridges, parts, bridges))
    warnings += _describe_joins(joins, inserted)
    used = {(part.start, part.end) for part in inserted}
    unused = [bridge.transcript.usage for bridge in bridges if (bridge.start, bridge.end) not in used]
    return BridgedPieces(inserted, unused)


def _transcribe_bridge(
    recording: Recording, start: float, end: float, transcribe: _TranscribePiece
) -> Flow[PieceTranscript]:
    label = f"{recording.audio.label}: {format_range(start, end)}"
    _log.info("%s is transcribed once more, as it is not certain how the pieces around it are joined.", label)
    try:
        piece = yield from run_blocking(partial(_cut_bridge, recording.clip(start, end)))
        transcript = yield from transcribe(piece)
    except (AudioError, OSError) as error:  # a full disk costs the bridge, not the job
        _log.info("%s was not transcribed once more: %s", label, error)
        transcript = Transcript("", usage=count_unanswered(error, end - start))
    return PieceTranscript(start, end, 0.0, transcript)


def _cut_bridge(clip: Recording) -> Piece:
    [piece] = cut_recording(clip.audio, 2 * clip.seconds)
    return piece


def _describe_joins(joins: Sequence[Join], parts: Sequence[PieceTranscript]) -> Iterator[str]:
    """Yield what to say about the uncertain joins that no bridge has changed."""
    places = sorted(after.start for _, after in joins if any(after is part for part in parts))
    if places:
        named = name_some([format_clock(place) for place in places])
        yield f"Where pieces without a pause between them were joined, a word may be missing or be there twice: {named}."
