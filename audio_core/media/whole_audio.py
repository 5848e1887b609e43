"""Tell whether audio that arrives as a stream is whole, and how long it is, from what its own headers and frames say.

What arrives is looked at once and not held, so an hour of it takes no more memory than a second.
"""

from __future__ import annotations

from typing import Protocol

from audio_core.audio.content import BytesContent
from audio_core.media.flac_walker import FlacWalker
from audio_core.media.mpeg_walker import AdtsWalker, Mp3Walker
from audio_core.media.ogg_walker import OggWalker
from audio_core.media.wav import WavHeader, parse_wav_header

__all__ = ["PcmWalker", "Walker", "WavWalker", "create_walker"]

_LONGEST_HEAD = 2**20  # bytes before the samples of a WAV file
_LONGEST_TAIL = 2**16  # bytes of chunks after them; more are no list of comments
_ERROR, _ERROR_BYTES = b'{"error"', 4096
_CUT = "it ends before its header says"
_CUT_IN_SAMPLE = "it ends in the middle of a sample"
_PADDED = "it goes on after the end that its header states"


class Walker(Protocol):
    """What reads audio of one format as it arrives."""

    @property
    def seconds(self) -> float:
        """How much audio has arrived, in seconds."""
        ...

    def feed(self, data: bytes) -> None:
        """Read the next bytes."""
        ...

    def find_fault(self) -> str | None:
        """Return what is wrong with audio that has ended, such as `"it ends in the middle of a frame"`, or None."""
        ...


def create_walker(format: str, sample_rate: int | None = None) -> Walker | None:
    """Create what reads audio of a format.

    Args:
        format: canonical name of the format.
        sample_rate: in Hz, of headerless PCM.

    Returns:
        None for a format that is not read here.

    Example:
        >>> walker = create_walker("wav")
        >>> walker.feed(tone(0.5)[:-100])
        >>> walker.find_fault()
        'it ends before its header says'
    """
    if format == "pcm16" and sample_rate:
        return PcmWalker(sample_rate)
    kinds: dict[str, type[Walker]] = {
        "aac": AdtsWalker,
        "flac": FlacWalker,
        "mp3": Mp3Walker,
        "ogg": OggWalker,
        "wav": WavWalker,
    }
    return kinds[format]() if format in kinds else None


class _SampleEnd:
    """The end of samples whose length nobody states. A gateway that fails may have written its error there."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> None:
        self._data = (self._data + data[-_ERROR_BYTES:])[-_ERROR_BYTES:]

    def find_fault(self) -> str | None:
        is_error = _ERROR in self._data and self._data.rstrip().endswith(b"}")
        return "it ends with the text of an error" if is_error else None


class PcmWalker:
    """Counts the samples of headerless 16-bit mono PCM.

    Args:
        sample_rate: in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate, self._size, self._end = sample_rate, 0, _SampleEnd()

    @property
    def seconds(self) -> float:
        """How much audio has arrived, in seconds."""
        return self._size / (2 * self._rate)

    def feed(self, data: bytes) -> None:
        """Read the next bytes."""
        self._size += len(data)
        self._end.feed(data)

    def find_fault(self) -> str | None:
        """Return what is wrong with audio that has ended; None if nothing is."""
        return self._end.find_fault() or (_CUT_IN_SAMPLE if self._size % 2 else None)


class WavWalker:
    """Finds the samples of a WAV file. A header that was written before its length was known states none.

    Attributes:
        header: what the header says; None until it has arrived.
    """

    def __init__(self) -> None:
        self.header: WavHeader | None = None
        self._head, self._tail, self._end = b"", b"", _SampleEnd()
        self._size = 0  # of the samples, in bytes
        self._is_endless_head = False

    @property
    def seconds(self) -> float:
        """How much audio has arrived, in seconds."""
        header = self.header
        return self._size // header.block_bytes / header.sample_rate if header else 0.0

    def feed(self, data: bytes) -> None:
        """Read the next bytes."""
        self.take_samples(data)

    def take_samples(self, data: bytes) -> bytes:
        """Read the next bytes, and return the samples among them."""
        if self.header is None:
            data = self._read_head(data)
        declared = self.header and self.header.data_bytes
        if declared is not None and self._size + len(data) > declared:
            kept = declared - self._size
            self._tail = (self._tail + data[kept:])[:_LONGEST_TAIL]
            data = data[:kept]
        self._size += len(data)
        self._end.feed(data)
        return data

    def find_fault(self) -> str | None:
        """Return what is wrong with audio that has ended; None if nothing is."""
        if self.header is None:
            return "its header is damaged" if self._is_endless_head else "it ends within its header"
        if self.header.data_bytes is not None and self._size < self.header.data_bytes:
            return _CUT
        if self.header.data_bytes is None and (fault := self._end.find_fault()):
            return fault
        if self._size % self.header.block_bytes:
            return _CUT_IN_SAMPLE
        return None if _holds_chunks(self._tail, is_padded=self._size % 2 == 1) else _PADDED

    def _read_head(self, data: bytes) -> bytes:
        """Return the samples behind the header, once that has arrived."""
        self._head += data if not self._is_endless_head else b""
        self.header = parse_wav_header(BytesContent(self._head))
        if self.header is None:
            self._is_endless_head = len(self._head) > _LONGEST_HEAD
            return b""
        samples, self._head = self._head[self.header.data_start :], b""
        return samples


def _holds_chunks(tail: bytes, *, is_padded: bool) -> bool:
    """Tell whether nothing comes after the samples of a WAV file, or whole chunks such as a list of comments."""
    position = 1 if is_padded and tail else 0
    while len(head := tail[position : position + 8]) == 8 and head[:4].isascii() and head[:4].decode().isprintable():
        size = int.from_bytes(head[4:], "little")
        position += 8 + size + size % 2
    return len(tail) <= position <= len(tail) + 1
