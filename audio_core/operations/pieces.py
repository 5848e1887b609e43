"""Choose the form in which the pieces of a long recording are sent: as copies of its packets where that is possible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from audio_core.audio.content import EncodedAudio
from audio_core.media.segmentation import BYTES_PER_SECOND, RATE, Piece, cut_recording
from audio_core.operations.job import Job, Recording
from audio_core.operations.upload import choose_format, encode_for_upload
from audio_core.providers import Provider
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript

__all__ = ["MOST_COPIED", "cut_pieces", "encode_piece", "remove_lead"]

MOST_COPIED = 2 * BYTES_PER_SECOND
"""Bytes for a second of a piece whose packets are copied. Sending more would take longer than encoding."""


def cut_pieces(
    job: Job, recording: Recording, longest: Callable[[float], float], warnings: list[str]
) -> Iterator[Piece]:
    """Cut a recording into pieces: copies of its packets if the gateway takes its format, else PCM.

    Args:
        job: the settings of the transcription.
        recording: the open recording.
        longest: returns the maximum length of a piece, in seconds, when it begins at a time of the original recording.
        warnings: what a user must know about the recording is appended to this list.

    Raises:
        AudioError: as `cut_recording` does.
    """
    audio, vad = recording.audio, job.options.vad
    if job.engine is None:
        from audio_core.media.packet_formats import open_packets  # noqa: PLC0415 - FFmpeg is loaded when first needed
        from audio_core.media.packet_pieces import PacketSegmenter  # noqa: PLC0415

        if packets := open_packets(audio, recording.properties, job.endpoint.provider.upload_formats):
            return PacketSegmenter(audio, recording.properties, packets, longest, vad).cut(warnings)
    return cut_recording(audio, longest, vad, warnings)


def encode_piece(piece: Piece, row: Provider, warnings: list[str]) -> EncodedAudio:
    """Encode a piece for a gateway, unless it is a copy that the gateway takes, and that is not large.

    Args:
        piece: the piece.
        row: the gateway.
        warnings: what a user must know about the piece is appended to this list.

    Raises:
        InvalidAudio: if it does not decode.
    """
    if piece.copied is None or _is_taken(piece, row):
        return encode_for_upload(piece.audio, row.upload_formats, piece.properties)
    seconds = piece.end - piece.start
    target = choose_format(row.upload_formats, RATE, seconds)
    return EncodedAudio(piece.encode(target, warnings), target, seconds)


def _is_taken(piece: Piece, row: Provider) -> bool:
    most = MOST_COPIED * piece.properties.duration
    most = most if row.max_upload_bytes is None else min(most, row.max_upload_bytes)
    return piece.audio.format in row.upload_formats and piece.content.size <= most


def remove_lead(transcript: Transcript, piece: Piece) -> Transcript:
    """Return the transcript of a copy with times from the piece's start on, without what it holds before that."""
    seconds = piece.end - piece.start
    shifted = transcript.shift(-piece.lead)
    segments = tuple(_clamp(segment, seconds) for segment in shifted.segments)
    events = tuple(
        replace(event, start=_limit(event.start, seconds), end=_limit(event.end, seconds)) for event in shifted.events
    )
    return replace(shifted, segments=segments, events=events)


def _clamp(segment: Segment, seconds: float) -> Segment:
    words = tuple(
        replace(word, start=_limit(word.start, seconds), end=_limit(word.end, seconds)) for word in segment.words
    )
    return replace(segment, start=_limit(segment.start, seconds), end=_limit(segment.end, seconds), words=words)


def _limit(time: float, seconds: float) -> float:
    return min(max(0.0, time), seconds)
