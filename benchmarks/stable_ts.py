"""Alignment by stable-ts, a peer that may be installed beside the others: `pip install torch stable-ts`."""

from __future__ import annotations

import functools
import importlib.util
import sys
import types
from pathlib import Path

from audio_core import Segment, Transcript, Word

__all__ = ["align_with_stable_ts", "is_installed"]


def is_installed() -> bool:
    return importlib.util.find_spec("stable_whisper") is not None


def align_with_stable_ts(path: Path, text: str, language: str, weights: str, seconds: float) -> Transcript:
    """Return a text with the times that stable-ts finds for its words.

    Args:
        path: the recording.
        text: what is said there.
        language: code of its language.
        weights: the folder of a Whisper model for CTranslate2.
        seconds: length of the recording.
    """
    aligned = _load(weights).align(str(path), text, language=language, verbose=None)
    segments = tuple(
        Segment(each.start, each.end, each.text.strip(), words=tuple(map(_build_word, each.words)))
        for each in aligned.segments
    )
    return Transcript(text, segments, language, seconds)


def _build_word(word) -> Word:
    return Word(float(word.start), float(word.end), word.word.strip())


@functools.cache
def _load(weights: str):
    # It reads files by the ffmpeg program. Of torchaudio, which comes in step with few versions of torch, it uses
    # nothing for that.
    sys.modules.setdefault("torchaudio", types.ModuleType("torchaudio"))
    import stable_whisper

    return stable_whisper.load_faster_whisper(weights, device="cpu", compute_type="auto")
