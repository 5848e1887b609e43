"""Short forms of what an `Audio` does: `Audio("a.mp3")` for `Audio.of`, and `audio[5:10]` for `audio.clip`."""

from __future__ import annotations

from typing import Any, Self, cast

from audio_core.audio.sources import Source
from audio_core.errors import InvalidAudio

__all__ = ["ShorthandMixin"]


class ShorthandMixin:
    """Short forms, for the console."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Make of `Audio(source)` what `Audio.of(source)` returns."""
        given = cast("Any", self)
        if isinstance(given._source, Source):
            return
        made = given.of(given._source, start=given.start, end=given.end)
        for name in ("_source", "start", "end", "sample_rate", "channels", "_declared_format"):
            object.__setattr__(self, name, getattr(made, name))
        for name in ("only_channel", "track"):
            object.__setattr__(self, name, getattr(made if getattr(given, name) is None else given, name))

    def __getitem__(self, seconds: slice) -> Self:
        """Return a clip, from one time to another in seconds of the original recording.

        Raises:
            InvalidAudio: as `clip`; or if this is no slice, or one with a step.
        """
        if not isinstance(cast("Any", seconds), slice) or seconds.step is not None:
            raise InvalidAudio("A clip needs a start and an end, in seconds: audio[5:10], or audio.clip(5, 10).")
        return cast("Any", self).clip(seconds.start, seconds.stop)
