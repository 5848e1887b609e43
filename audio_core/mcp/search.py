"""Search for words in transcripts: full text, with the best passages first."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from audio_core.audio.media_fragment import format_fragment
from audio_core.transcript.segment import Segment
from audio_core.transcript.transcript import Transcript

__all__ = ["FoundPassage", "search_transcripts"]

_WINDOW_SECONDS = 30.0  # of a passage
_TABLE = "CREATE VIRTUAL TABLE passages USING fts5(text, tokenize='porter unicode61 remove_diacritics 2')"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage that fits a query.

    Attributes:
        name: of the recording.
        segment: the passage, with its times in seconds of the recording.
    """

    name: str
    segment: Segment

    @property
    def reference(self) -> str:
        """The name of the recording with the stretch, which the tools take as a recording."""
        return self.name + format_fragment(self.segment.start, self.segment.end)


def search_transcripts(transcripts: Iterable[tuple[str, Transcript]], query: str, limit: int) -> list[FoundPassage]:
    """Return the passages that fit a query best, the best first.

    Words count in any form, with or without accents, and rare ones more. Where no word is found, as in languages
    without spaces between words, the query is looked for as it is.

    Args:
        transcripts: name and transcript of each recording.
        query: the words to look for.
        limit: how many passages to return at most.

    Example:
        >>> talk = Transcript("", (Segment(0, 5, "Good day."), Segment(60, 65, "The libraries are open.")))
        >>> [passage.reference for passage in search_transcripts([("talk.mp3", talk)], "library", 5)]
        ['talk.mp3#t=60,65']
    """
    passages = [FoundPassage(name, window) for name, transcript in transcripts for window in _cut(transcript)]
    return _rank(passages, query, limit) or _find_text(passages, query)[:limit]


def _cut(transcript: Transcript) -> Iterator[Segment]:
    return transcript.group_windows(_WINDOW_SECONDS)


def _rank(passages: list[FoundPassage], query: str, limit: int) -> list[FoundPassage]:
    words = " OR ".join(f'"{word}"' for word in _WORD.findall(query))
    if not words:
        return []
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(_TABLE)
        rows = ((number, passage.segment.text) for number, passage in enumerate(passages))
        database.executemany("INSERT INTO passages (rowid, text) VALUES (?, ?)", rows)
        statement = "SELECT rowid FROM passages WHERE passages MATCH ? ORDER BY rank, rowid LIMIT ?"
        return [passages[number] for (number,) in database.execute(statement, (words, limit))]


def _find_text(passages: list[FoundPassage], query: str) -> list[FoundPassage]:
    text = query.strip().casefold()
    return [passage for passage in passages if text and text in passage.segment.text.casefold()]
