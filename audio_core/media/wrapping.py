"""Leave out what stands around the audio of a file: tags that its format does not know, and zero bytes behind the end.

FFmpeg reads tags before few formats only, and takes zero bytes behind others for damage.
"""

from __future__ import annotations

from audio_core.audio.content import Content
from audio_core.audio.content_slices import ContentSlice
from audio_core.audio.formats import Format
from audio_core.audio.sniffing import skip_id3_tags
from audio_core.media.wav import join_sample_chunks

__all__ = ["unwrap"]

_HAVE_TAGS = {"mp3", "aac", "flac", "ape", "tta"}
_MOST_PADDING = 64 * 1024  # bytes; more is room for what never came, as in a download that was broken off
_TS_PACKET_BYTES = 188
_WAVPACK_HEADER_BYTES = 32
_APE_HEADER_BYTES = 32
_UNKNOWN_SAMPLES = 0xFFFFFFFF


def unwrap(content: Content, format: Format) -> Content:
    """Return a file without ID3v2 tags before a format that has none, and without padding that looks like damage.

    The samples of WAV come in one chunk, as FFmpeg reads only the last of several.

    Args:
        content: the file.
        format: its format.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> from audio_core.audio.formats import FORMATS
        >>> unwrap(BytesContent(b"ID3" + bytes(7) + tone(1)), FORMATS["wav"]).read_at(0, 4)
        b'RIFF'
    """
    start = 0 if format.raw or format.name in _HAVE_TAGS else skip_id3_tags(content)
    audio = ContentSlice(content, start, content.size - start) if start else content
    if format.name == "wav":
        return join_sample_chunks(audio)
    find_end = {"ts": _find_ts_end, "wv": _find_wavpack_end}.get(format.name)
    if find_end is None or audio.read_at(audio.size - 1, 1) != b"\0":
        return audio
    end = find_end(audio)
    return audio if end is None else ContentSlice(content, start, end)


def _find_ts_end(content: Content) -> int | None:
    """Return where the last packet of an MPEG transport stream ends (ISO/IEC 13818-1), if only zeros follow it."""
    start = max(0, content.size - _MOST_PADDING - _TS_PACKET_BYTES)
    data = start + len(content.read_at(start, content.size - start).rstrip(b"\0"))
    end = -(-data // _TS_PACKET_BYTES) * _TS_PACKET_BYTES
    is_packet = end <= content.size and content.read_at(end - _TS_PACKET_BYTES, 1) == b"G"
    return end if is_packet and content.size - end <= _MOST_PADDING else None


def _find_wavpack_end(content: Content) -> int | None:
    """Return where the last block of a WavPack file ends (WavPack 4 & 5 File Format), if it is whole before zeros."""
    position = heard = total = 0
    while (head := content.read_at(position, _WAVPACK_HEADER_BYTES))[:4] == b"wvpk" and len(
        head
    ) == _WAVPACK_HEADER_BYTES:
        size, stated, index, samples = (int.from_bytes(head[at : at + 4], "little") for at in (4, 12, 16, 20))
        position, total, heard = position + 8 + size, max(total, stated), max(heard, index + samples)
    is_whole = total == _UNKNOWN_SAMPLES or heard >= total
    rest = content.read_at(position, _MOST_PADDING + 1)
    is_padded = 0 < len(rest) <= _MOST_PADDING and not any(_skip_ape_tag(rest))
    return position if is_whole and is_padded else None


def _skip_ape_tag(data: bytes) -> bytes:
    is_tag = data.startswith(b"APETAGEX")
    return data[_APE_HEADER_BYTES + int.from_bytes(data[12:16], "little") :] if is_tag else data
