"""A stretch of a recording as a copy of its packets, neither decoded nor encoded: what all formats have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from audio_core.audio.content import Content

__all__ = ["NotCopyable", "PacketCopy", "Packets"]


class NotCopyable(Exception):
    """The packets are not those of a plain, whole file, so only decoding them shows what they hold."""


@dataclass(frozen=True, slots=True)
class PacketCopy:
    """A copy of packets, as a file of its own.

    Attributes:
        content: the file.
        start: the time that the first sample which a decoder gives out stands for, in seconds of the original
            recording.
        end: where its last sample ends, in seconds of the original recording.
    """

    content: Content
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it is, in seconds."""
        return self.end - self.start


class Packets(Protocol):
    """The packets of an open recording.

    Attributes:
        margin: how many seconds a copy may be longer than was asked for.
    """

    margin: float

    def copy(self, start: float, end: float) -> PacketCopy:
        """Copy the packets of a stretch, and those before it that a decoder needs.

        All samples from `start` to `end` are those that the whole recording has. What comes before is fade-in or
        silence.

        Args:
            start: seconds of the original recording.
            end: seconds of the original recording.

        Raises:
            NotCopyable: if the packets are damaged, or end before `end`.
        """
        ...
