"""Read the headers of WAV files: RIFF, and RF64 or BW64 for files over 4 GiB.

Layout: the chunks `fmt ` and `data`, as Microsoft's "Multimedia Programming Interface and Data Specifications 1.0"
(1991) and `WAVEFORMATEXTENSIBLE` define them; `ds64` by EBU Tech 3306 and ITU-R BS.2088.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from audio_core.audio.content import BytesContent, Content
from audio_core.audio.content_slices import ContentSlice, JoinedContents
from audio_core.media.properties import Probe
from audio_core.media.riff import walk_chunks

__all__ = ["STREAMED", "WavHeader", "build_wav_header", "join_sample_chunks", "parse_plain_wav", "parse_wav_header"]

STREAMED = 0x7FFF0000
"""Bytes. A larger size, or 0, is that of a writer that could not seek back."""
_FORMS = (b"RIFF", b"RF64", b"BW64")
_SIZE_IS_IN_DS64 = 0xFFFFFFFF
_LONGEST_FORMAT = 64  # bytes of a `fmt ` chunk that are read
_EXTENSIBLE = 0xFFFE
_CODECS = {
    (1, 8): "pcm_u8",
    (1, 16): "pcm_s16le",
    (1, 24): "pcm_s24le",
    (1, 32): "pcm_s32le",
    (3, 32): "pcm_f32le",
    (3, 64): "pcm_f64le",
}


@dataclass(frozen=True, slots=True)
class WavHeader:
    """What a WAV header says.

    Attributes:
        codec: FFmpeg's name of the codec for plain samples; None for anything compressed or unusual.
        sample_rate: Hz.
        channels: number of channels.
        block_bytes: bytes of one sample of all channels.
        data_start: position of the sample data, in bytes.
        data_bytes: size of the sample data; None if the file was written as a stream, so that nobody knew it.
    """

    codec: str | None
    sample_rate: int
    channels: int
    block_bytes: int
    data_start: int
    data_bytes: int | None


def parse_wav_header(content: Content) -> WavHeader | None:
    """Read the header of a WAV file. Only the heads of its chunks are read.

    Returns:
        None if it is no WAV file, or its header is damaged.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> parse_wav_header(BytesContent(tone(2))).data_bytes
        64000
    """
    head = content.read_at(0, 12)
    if head[:4] not in _FORMS or head[8:12] != b"WAVE":
        return None
    format_chunk, long_size = b"", None
    for name, start, size in walk_chunks(content):
        if name == b"ds64":
            long_size = _parse_long_size(content.read_at(start, 16))
        elif name == b"fmt ":
            format_chunk = content.read_at(start, min(size, _LONGEST_FORMAT))
        elif name == b"data":
            return _parse_format(format_chunk, start, _choose_size(size, long_size))
    return None


def parse_plain_wav(content: Content) -> Probe | None:
    """Tell what a file of plain samples holds, and how long it is, from its header and size alone.

    Returns:
        None if only a decoder can tell: the file is compressed, damaged, cut short or unusual, or has its samples in
        several chunks.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> parse_plain_wav(BytesContent(tone(2)))
        Probe(codec='pcm_s16le', sample_rate=16000, channels=1, duration=2.0, is_continuous=True, warnings=())
    """
    header = parse_wav_header(content)
    if header is None or header.codec is None:
        return None
    available = content.size - header.data_start
    declared = available if header.data_bytes is None else header.data_bytes
    samples = declared // header.block_bytes
    if not samples or declared > available or len(_list_sample_chunks(content)) > 1:
        return None
    return Probe(header.codec, header.sample_rate, header.channels, samples / header.sample_rate)


def build_wav_header(format_chunk: bytes, size: int) -> bytes:
    """Return what stands before samples in a WAV file.

    Args:
        format_chunk: the chunk `fmt `, without its head.
        size: bytes of the samples; if a header cannot count them, it says that nobody knew.
    """
    stated = min(size, _SIZE_IS_IN_DS64)
    chunks = struct.pack("<4sI", b"fmt ", len(format_chunk)) + format_chunk + struct.pack("<4sI", b"data", stated)
    return struct.pack("<4sI4s", b"RIFF", min(4 + len(chunks) + size, _SIZE_IS_IN_DS64), b"WAVE") + chunks


def join_sample_chunks(content: Content) -> Content:
    """Return a WAV file whose samples are in one chunk: the file itself, unless it has several. Players hear one."""
    chunks = _list_sample_chunks(content)
    formats = [
        content.read_at(at, min(size, _LONGEST_FORMAT)) for name, at, size in walk_chunks(content) if name == b"fmt "
    ]
    if len(chunks) < 2 or not formats:
        return content
    parts = [ContentSlice(content, start, min(size, content.size - start)) for start, size in chunks]
    header = build_wav_header(formats[0], sum(size for _, size in chunks))
    return JoinedContents([BytesContent(header), *parts])


def _list_sample_chunks(content: Content) -> list[tuple[int, int]]:
    """Return position and size of each chunk of samples, in bytes; none if their heads may not tell their sizes."""
    if content.read_at(0, 4) != b"RIFF":
        return []
    return [(start, size or content.size - start) for name, start, size in walk_chunks(content) if name == b"data"]


def _parse_long_size(chunk: bytes) -> int | None:
    return struct.unpack_from("<Q", chunk, 8)[0] if len(chunk) == 16 else None


def _choose_size(size: int, long_size: int | None) -> int | None:
    if size == _SIZE_IS_IN_DS64 and long_size:
        return long_size
    return size if 0 < size < STREAMED else None


def _parse_format(chunk: bytes, data_start: int, data_bytes: int | None) -> WavHeader | None:
    if len(chunk) < 16:
        return None
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    if not (rate and channels and block):
        return None
    codec = _CODECS.get((tag, bits)) if block == channels * bits // 8 else None
    return WavHeader(codec, rate, channels, block, data_start, data_bytes)
