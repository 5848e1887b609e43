"""How an `Audio` shows itself in notebooks."""

from __future__ import annotations

import base64
from html import escape
from typing import Any, NoReturn, cast

from audio_core.errors import AudioError

__all__ = ["DisplayMixin", "embed_small", "render_sound"]

_MOST_BYTES = 2**20  # a page with more in it becomes slow


class DisplayMixin:
    """What notebooks and the curious see of an `Audio`."""

    __slots__ = ()

    @property
    def duration(self) -> NoReturn:
        """Raise `AttributeError` with the name of the function that measures a recording."""
        raise AttributeError(
            "An Audio has no duration, because it does not open its recording. To open and measure it: "
            "from audio_core.media.probing import probe; probe(audio).duration"
        )

    def _repr_html_(self) -> str:
        """Return a player, if the recording is on the web or has at most a mebibyte; else its name."""
        audio = cast("Any", self)
        is_on_web = audio.is_remote and audio.reference.lower().startswith("http")  # and not in a bucket
        return render_sound(audio.label, audio.reference if is_on_web else embed_small(audio))


def render_sound(label: str, url: str | None) -> str:
    """Return a player with a label above it as HTML; without a URL, the label alone."""
    player = f'<br><audio controls preload="none" src="{escape(url)}"></audio>' if url else ""
    return f"<div>{escape(label)}{player}</div>"


def embed_small(audio: Any) -> str | None:
    """Return a small recording as a data URI with the fragment of its clip; None if it is large or cannot be opened."""
    try:
        content, row = audio.open_content(), audio.detect_format()
        if content.size > _MOST_BYTES or row.raw:
            return None
        data = base64.b64encode(content.read_at(0, content.size)).decode()
    except AudioError:
        return None
    _, separator, fragment = (audio.reference or "").partition("#")
    return f"data:{row.mime};base64,{data}{separator}{fragment}"
