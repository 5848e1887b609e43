"""A transcript as people read, watch and hear it: text, captions, a page, a table in a notebook."""

from __future__ import annotations

import os
from typing import cast

from audio_core.transcript.clock import format_clock, format_range
from audio_core.transcript.notebook import render_table
from audio_core.transcript.page.player import TranscriptLike, render_player
from audio_core.transcript.page.waveform import Waveform
from audio_core.transcript.segment import Segment
from audio_core.transcript.subtitles import render_srt, render_vtt

__all__ = ["RenderingMixin"]


class RenderingMixin:
    """The methods of a `Transcript` that render it for people."""

    __slots__ = ()

    @property
    def _self(self) -> TranscriptLike:
        return cast("TranscriptLike", self)

    def _repr_html_(self) -> str:
        """Return a table of the segments for notebooks, with what a reader must know."""
        transcript = self._self
        seconds = [] if transcript.duration is None else [format_clock(transcript.duration)]
        facts = [*seconds, *(fact for fact in (transcript.language, transcript.model) if fact)]
        return render_table(transcript.segments, facts, transcript.warnings)

    def to_text(self, timestamps: bool = False) -> str:
        """Return the text with one segment a line.

        Args:
            timestamps: whether each line starts with the times and the speaker of its segment.

        Example:
            >>> Transcript("hi", (Segment(1.0, 2.5, "hi", "Ann"),)).to_text(timestamps=True)
            '[00:01-00:02] Ann: hi'
        """
        if not timestamps:
            return "\n".join(segment.text.strip() for segment in self._self.segments) or self._self.text
        return "\n".join(map(_format_line, self._self.segments))

    def to_srt(self) -> str:
        """Return SubRip captions in order of time, each with at most two lines of 42 characters and 7 seconds.

        The speaker is part of the text.
        """
        return render_srt(self._self.segments)

    def to_vtt(self) -> str:
        """Return WebVTT captions with the same limits as those of `to_srt`. Speakers are voice spans.

        Example:
            >>> print(Transcript("hi", (Segment(1.0, 2.5, "hi", "Ann"),)).to_vtt())
            WEBVTT
            <BLANKLINE>
            00:00:01.000 --> 00:00:02.500
            <v Ann>hi
            <BLANKLINE>
        """
        return render_vtt(self._self.segments)

    def to_html(
        self,
        audio: str | os.PathLike[str] | None = None,
        *,
        title: str | None = None,
        waveform: Waveform | None = None,
        audio_start: float = 0.0,
    ) -> str:
        """Return a page that plays the recording and shows what is said: one file of HTML, with a strict policy.

        `AudioClient.render_player` does the same with a waveform, and with the sound in the page if you like.

        Args:
            audio: where the page finds the sound: an `http`, `https`, `file` or `data:` URL, or a path relative to the
                page. By default the source if it is on the web, or the name of its file, to be kept beside the page.
            title: heading of the page; by default the name of the recording.
            waveform: how loud the recording is. By default, the page draws when somebody speaks.
            audio_start: where in the recording the sound starts, in seconds, if it is that of a clip.

        Raises:
            InvalidOption: if the page cannot find sound where `audio` says.

        Example:
            >>> "<audio" in Transcript("hi", (Segment(0.0, 1.0, "hi"),)).to_html(audio="talk.mp3")
            True
        """
        return render_player(self._self, audio=audio, title=title, waveform=waveform, audio_start=audio_start)


def _format_line(segment: Segment) -> str:
    speaker = f"{segment.speaker}: " if segment.speaker else ""
    return f"[{format_range(segment.start, segment.end)}] {speaker}{segment.text.strip()}"
