"""Walk the frames of MP3 (ISO/IEC 11172-3, 13818-3) and of AAC in ADTS (ISO/IEC 13818-7) as they arrive."""

from __future__ import annotations

from audio_core.audio.mpeg_frames import AAC_RATES, parse_adts_length, parse_mpeg_frame
from audio_core.audio.sniffing import measure_id3_tag
from audio_core.media.mp3 import has_frame_count, parse_byte_count

__all__ = ["AdtsWalker", "Mp3Walker"]

_CUT = "it ends in the middle of a frame"
_NOT_WHOLE = "it ends before its header says"
_DAMAGED = "what follows its last frame is no audio"
_ID3_HEAD = 10  # bytes of an ID3 tag that tell its size
_LONGEST_TRAILER = 2**16  # bytes of tags after the last frame
_TRAILERS = (b"TAG", b"APETAGEX", b"3DI", b"LYRICS")

Frame = tuple[int, float]  # size in bytes, length in seconds


class _FrameWalker:
    """Walks frames that follow one another, each of which tells its size."""

    _head_bytes = 0

    def __init__(self) -> None:
        self.seconds = 0.0
        self._frames_size = 0  # bytes
        self._pending = b""
        self._skipped = 0  # bytes of the last frame that have not arrived yet
        self._is_lost = False

    def _parse_frame(self, data: bytes, position: int) -> Frame | None:
        """Return size and length of the frame at a position, or None if there is none."""
        raise NotImplementedError

    def _prepare(self) -> bool:
        """Return whether the first frame has arrived."""
        return True

    def feed(self, data: bytes) -> None:
        """Read the next bytes."""
        if self._skipped >= len(data):
            self._skipped -= len(data)
            return
        self._pending += data[self._skipped :]
        self._skipped = 0
        if self._prepare() and not self._is_lost:
            self._walk()
        self._pending = self._pending[:_LONGEST_TRAILER] if self._is_lost else self._pending

    def _walk(self) -> None:
        position, data = 0, self._pending
        while len(data) - position >= self._head_bytes:
            frame = self._parse_frame(data, position)
            if frame is None:
                self._is_lost = True
                break
            position += frame[0]
            self._frames_size += frame[0]
            self.seconds += frame[1]
        self._skipped = max(0, position - len(data))
        self._pending = data[position:]

    def find_fault(self) -> str | None:
        """Return what is wrong with audio that has ended; None if nothing is."""
        if self._skipped or (self._pending and not self._is_lost and not self._is_trailer()):
            return _CUT if self._frames_size else "it ends within its first frame"
        return _DAMAGED if self._is_lost and not self._is_trailer() else None

    def _is_trailer(self) -> bool:
        return self._pending.startswith(_TRAILERS)


class Mp3Walker(_FrameWalker):
    """Walks the frames of an MP3 file. A first one that only counts the others is no audio."""

    _head_bytes = 4

    def __init__(self) -> None:
        super().__init__()
        self._tag = 0  # bytes of it that have not arrived
        self._stated: int | None = None

    def _prepare(self) -> bool:
        while not self._frames_size:
            dropped = min(self._tag, len(self._pending))
            self._pending, self._tag = self._pending[dropped:], self._tag - dropped
            if len(self._pending) < _ID3_HEAD:
                return False
            self._tag = measure_id3_tag(self._pending)
            if not self._tag:
                break
        first = parse_mpeg_frame(self._pending[: self._head_bytes])
        needed = first.length if first else self._head_bytes
        return self._frames_size > 0 or len(self._pending) >= needed

    def _parse_frame(self, data: bytes, position: int) -> Frame | None:
        frame = parse_mpeg_frame(data[position : position + self._head_bytes])
        if frame is None:
            return None
        is_counter = self._frames_size == 0 and self._read_counts(data[position : position + frame.length])
        return frame.length, 0.0 if is_counter else frame.samples / frame.sample_rate

    def _read_counts(self, frame: bytes) -> bool:
        """Read how many bytes the first frame says that all have. Return whether it is such a frame."""
        self._stated = parse_byte_count(frame)
        return has_frame_count(frame)

    def find_fault(self) -> str | None:
        """Return what is wrong with audio that has ended; None if nothing is."""
        is_short = self._stated is not None and self._frames_size < self._stated
        return super().find_fault() or (_NOT_WHOLE if is_short else None)


class AdtsWalker(_FrameWalker):
    """Walks the frames of AAC in ADTS."""

    _head_bytes = 7

    def _parse_frame(self, data: bytes, position: int) -> Frame | None:
        head = data[position : position + self._head_bytes]
        rate, size = head[2] >> 2 & 15, parse_adts_length(head)
        if head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or size < self._head_bytes or rate >= len(AAC_RATES):
            return None
        return size, 1024 * ((head[6] & 3) + 1) / AAC_RATES[rate]
