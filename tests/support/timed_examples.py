"""What is said in the recordings of the examples, with the times that the synthesizer gave."""

from __future__ import annotations

import json
from pathlib import Path

from audio_core import Segment, Transcript, Word

RECORDINGS = Path(__file__).parents[2] / "examples" / "audio"


def load_transcript(name: str) -> Transcript:
    """Load the transcript of a recording, such as `"call"`."""
    segments = tuple(
        Segment(row["start"], row["end"], row["text"], row.get("speaker"), _read_words(row["words"]))
        for row in json.loads((RECORDINGS / f"{name}.json").read_text())
    )
    return Transcript(" ".join(segment.text for segment in segments), segments, "en")


def _read_words(rows: list[tuple[str, float, float]]) -> tuple[Word, ...]:
    return tuple(Word(start, end, text) for text, start, end in rows)
