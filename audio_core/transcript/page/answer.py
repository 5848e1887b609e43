"""An answer as a page, with the clips that it cites: each citation plays what was said."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from audio_core.audio.media_fragment import format_fragment
from audio_core.transcript.page.document import fill_template, render_document
from audio_core.transcript.page.sound import Sound, locate_sound
from audio_core.transcript.segment import format_clock

__all__ = ["Excerpt", "render_answer_page"]


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What an answer cites.

    Attributes:
        citation: the citation as it is written in the answer.
        name: of the recording.
        start: start of the cited part, in seconds of the recording.
        end: end of the cited part, in seconds of the recording.
        speaker: who speaks, if known.
        text: what is said.
        audio: where the page finds the sound, as for `Transcript.to_html`; None if it is not to be had.
        audio_start: where in the recording the sound starts, in seconds.
    """

    citation: str
    name: str
    start: float
    end: float
    speaker: str | None
    text: str
    audio: str | os.PathLike[str] | None = field(repr=False)
    audio_start: float = 0.0

    @property
    def place(self) -> tuple[str, float, float]:
        """What tells it from other excerpts."""
        return self.name, self.start, self.end


def render_answer_page(answer: str, excerpts: Sequence[Excerpt], *, title: str) -> str:
    """Render an answer as a page.

    Args:
        answer: its text.
        excerpts: what it cites, in the order of the answer.
        title: heading of the page, such as the question.

    Raises:
        InvalidOption: if the page cannot find sound where an excerpt says.
    """
    shown = list({excerpt.place: excerpt for excerpt in excerpts}.values())
    sounds = [None if excerpt.audio is None else locate_sound(excerpt.audio) for excerpt in shown]
    body = fill_template(
        "answer",
        title=escape(title),
        answer=_render_answer(answer, excerpts, [excerpt.place for excerpt in shown]),
        excerpts="\n".join(map(_render_excerpt, range(1, len(shown) + 1), shown, sounds)),
        count=f"{len(shown)} excerpt{'s' * (len(shown) != 1)}",
    )
    media = dict.fromkeys(sound.policy for sound in sounds if sound)
    times = [[excerpt.start - excerpt.audio_start, excerpt.end - excerpt.audio_start] for excerpt in shown]
    return render_document("answer", title, body, {"times": times}, list(media))


def _render_answer(answer: str, excerpts: Sequence[Excerpt], places: Sequence[tuple[str, float, float]]) -> str:
    """Return the answer with each citation as a link to its excerpt."""
    html, position = "", 0
    for excerpt in excerpts:
        begin = answer.find(excerpt.citation, position)
        if begin < 0:
            continue
        number = places.index(excerpt.place) + 1
        html += escape(answer[position:begin])
        html += f'<a class="citation" href="#excerpt-{number}">{escape(excerpt.citation)}</a>'
        position = begin + len(excerpt.citation)
    return html + escape(answer[position:])


def _render_excerpt(number: int, excerpt: Excerpt, sound: Sound | None) -> str:
    times = f"{format_clock(excerpt.start)}–{format_clock(excerpt.end)}"
    label = escape(f"Play {excerpt.name}, {times}")
    return fill_template(
        "excerpt",
        number=str(number),
        label=label,
        name=escape(excerpt.name),
        times=times,
        speaker=f'<span class="speaker s0">{escape(excerpt.speaker)}</span>' if excerpt.speaker else "",
        text=escape(excerpt.text.strip()),
        sound=_render_sound(sound, excerpt) if sound else "",
        state="" if sound else " silent",
    )


def _render_sound(sound: Sound, excerpt: Excerpt) -> str:
    fragment = format_fragment(excerpt.start - excerpt.audio_start, excerpt.end - excerpt.audio_start)
    return f'<audio controls preload="none" src="{escape(sound.url + fragment)}"></audio>'
