"""Times for a transcript that came without them, or without those of words."""

from __future__ import annotations

from dataclasses import replace

from audio_core.audio.audio import Audio
from audio_core.audio.content import EncodedAudio
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["add_missing_times", "has_times"]

_SLACK = 0.1  # seconds; an encoder may add a little


def has_times(transcript: Transcript) -> bool:
    """Tell whether a gateway has sent times, and not guesses."""
    return any(not segment.is_estimated for segment in transcript.segments)


def add_missing_times(transcript: Transcript, audio: EncodedAudio, options: TranscriptionOptions) -> Transcript:
    """Return a transcript with the times that its options ask for. Decoding and alignment take CPU time.

    If the gateway sent no times, what was sent is one segment if it is short enough. A longer text is aligned.

    Args:
        transcript: what the gateway sent. Its times are seconds from the beginning of the audio.
        audio: what was sent.
        options: how it was to be transcribed.
    """
    is_untimed = bool(transcript.text.strip()) and not has_times(transcript)
    longest = options.segment_seconds
    if is_untimed and longest is None and not transcript.segments:
        transcript = replace(transcript, segments=(Segment(0.0, audio.seconds, transcript.text.strip()),))
    elif is_untimed and longest is not None and audio.seconds <= longest + _SLACK and not transcript.speakers:
        transcript, is_untimed = _place_in_speech(transcript, audio), False
    wants_words = options.words and not any(segment.words for segment in transcript.segments)
    if wants_words or (is_untimed and longest is not None):
        return _align(transcript, audio, options)
    return transcript


def _place_in_speech(transcript: Transcript, audio: EncodedAudio) -> Transcript:
    """Return a transcript of one segment, from where the speech begins to where it ends.

    The sound is heard twice, so that its levels are known from the beginning.
    """
    from audio_core.media.decode import decode  # noqa: PLC0415 - FFmpeg is loaded when first needed
    from audio_core.media.segmentation import BYTES_PER_SECOND, RATE  # noqa: PLC0415
    from audio_core.media.voice_activity import find_speech  # noqa: PLC0415

    pcm = b"".join(decode(Audio.of(audio.content), rate=RATE))
    spans = find_speech([pcm, pcm], RATE, start=-len(pcm) / BYTES_PER_SECOND)
    speech = [span for span in spans if span[1] > 0] or [(0.0, audio.seconds)]
    start, end = max(0.0, speech[0][0]), min(speech[-1][1], audio.seconds)
    return replace(transcript, segments=(Segment(min(start, end), end, transcript.text.strip()),))


def _align(transcript: Transcript, audio: EncodedAudio, options: TranscriptionOptions) -> Transcript:
    from audio_core.engines.alignment import align_transcript  # noqa: PLC0415 - FFmpeg is loaded when first needed

    language = next(iter(options.languages), None)
    return align_transcript(transcript, Audio.of(audio.content), language, options.aligner)
