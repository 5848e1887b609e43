"""A transcript as a page that plays the recording: waveform, words that light up, search, links to a time."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Protocol

from audio_core.transcript.page.document import fill_template, render_document
from audio_core.transcript.page.segment_markup import list_word_times, number_speakers, render_speaker, render_turns
from audio_core.transcript.page.sound import Sound, locate_sound, name_source
from audio_core.transcript.page.waveform import Waveform
from audio_core.transcript.segment import AudioEvent, Segment, format_clock

__all__ = ["TranscriptLike", "render_player"]

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_FULL_SCALE = 255


class TranscriptLike(Protocol):
    """What a page shows of a `Transcript`; its attributes are documented there."""

    @property
    def text(self) -> str:
        """The whole text."""
        ...

    @property
    def segments(self) -> Sequence[Segment]:
        """The segments in order of time."""
        ...

    @property
    def events(self) -> Sequence[AudioEvent]:
        """Sounds that are no speech."""
        ...

    @property
    def language(self) -> str | None:
        """The language, as the provider names it."""
        ...

    @property
    def duration(self) -> float | None:
        """Length in seconds."""
        ...

    @property
    def model(self) -> str | None:
        """Name of the model."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What a reader must know."""
        ...

    @property
    def source(self) -> str | None:
        """URL of the recording."""
        ...


def render_player(
    transcript: TranscriptLike,
    *,
    audio: str | os.PathLike[str] | None,
    title: str | None,
    waveform: Waveform | None,
    audio_start: float,
) -> str:
    """Render the page; `Transcript.to_html` documents the arguments.

    Raises:
        InvalidOption: if the page cannot find sound where `audio` says.
    """
    audio = name_source(transcript.source) if audio is None else audio
    sound = None if audio is None else locate_sound(audio)
    title = title or re.sub(r"\.\w{1,5}$", "", sound.label if sound else "") or "Transcript"
    items = sorted((*transcript.segments, *transcript.events), key=lambda item: item.start)
    end = max(waveform.end if waveform else 0.0, transcript.duration or 0.0, *(item.end for item in items))
    body = _render_body(transcript, items, title, sound, end)
    media = [sound.policy, "blob:"] if sound else []  # a reader may choose the recording by hand
    data = _build_data(items, waveform, end) | {"soundStart": audio_start}
    return render_document("player", title, body, data, media)


def _render_body(
    transcript: TranscriptLike, items: Sequence[Segment | AudioEvent], title: str, sound: Sound | None, end: float
) -> str:
    speakers, language = number_speakers(transcript.segments), transcript.language
    turns = render_turns(items, speakers)
    return fill_template(
        "player",
        title=escape(title),
        facts=" · ".join(map(escape, _list_facts(transcript, speakers, end))),
        notes=_render_notes(transcript.warnings),
        legend=_render_legend(transcript.segments, speakers),
        language=f' lang="{language}"' if language and _LANGUAGE.fullmatch(language) else "",
        turns=turns or f'<p class="nothing">{escape(transcript.text) or "Nothing is said."}</p>',
        sound=_render_sound(sound) if sound else "",
    )


def _list_facts(transcript: TranscriptLike, speakers: Mapping[str, int], end: float) -> list[str]:
    count = f"{len(speakers)} speaker{'s' * (len(speakers) > 1)}" if speakers else None
    return [fact for fact in (format_clock(end), count, transcript.language, transcript.model) if fact]


def _build_data(items: Sequence[Segment | AudioEvent], waveform: Waveform | None, end: float) -> dict[str, object]:
    return {
        "start": waveform.start if waveform else 0.0,
        "end": round(end, 3),
        "peaks": waveform.scale(_FULL_SCALE) if waveform else [],
        "peaksEnd": round(waveform.end, 3) if waveform else 0.0,
        "segments": [round(time, 3) for item in items for time in (item.start, item.end)],
        "words": list_word_times(items),
    }


def _render_legend(segments: Sequence[Segment], speakers: dict[str, int]) -> str:
    """Return the speakers, each with the share of the speech that is theirs."""
    if not speakers:
        return ""
    seconds = dict.fromkeys(speakers, 0.0)
    for segment in segments:
        if segment.speaker:
            seconds[segment.speaker] += max(0.0, segment.end - segment.start)
    total = sum(seconds.values()) or 1.0
    rows = (f"<li>{render_speaker(name, speakers)} {seconds[name] / total:.0%}</li>" for name in speakers)
    return f'<ul class="legend" aria-label="Speakers, with their share of the speech">{"".join(rows)}</ul>'


def _render_notes(warnings: Sequence[str]) -> str:
    rows = "".join(f"<li>{escape(warning)}</li>" for warning in warnings)
    count = f"{len(warnings)} note{'s' * (len(warnings) > 1)} about this transcript"
    return f'<details class="notes"><summary>{count}</summary><ul>{rows}</ul></details>' if warnings else ""


def _render_sound(sound: Sound) -> str:
    """Return the sound. Of one on another host, nothing is loaded before it is played."""
    preload = "none" if sound.is_remote else "metadata"
    return (
        f'<audio id="sound" controls preload="{preload}" data-name="{escape(sound.label)}" '
        f'src="{escape(sound.url)}"></audio>'
    )
