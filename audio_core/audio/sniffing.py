"""Detect the format of a recording from its bytes."""

from __future__ import annotations

from audio_core.audio.content import Content
from audio_core.audio.formats import FORMATS, Format
from audio_core.audio.mpeg_frames import parse_mpeg_frame

__all__ = [
    "SNIFF_BYTES",
    "describe_bytes",
    "ends_with_tag",
    "measure_id3_tag",
    "skip_id3_tags",
    "sniff_content",
    "sniff_format",
]

SNIFF_BYTES = 64
"""How many leading bytes `sniff_format` looks at."""

_SEARCHED_BYTES = 16 * 1024  # of a file that may begin in the middle of an MP3 frame
_FRAMES_IN_A_ROW = 3  # that prove that bytes are MP3 or AAC
_FRAME_HEADER_BYTES = 7  # of ADTS, the longer one
_TS_PACKET_BYTES = 188
_MOST_TAGS = 100  # at the beginning of a file; a forged one may hold millions
_MAGIC = {
    b"fLaC": "flac",
    b"OggS": "ogg",
    b"caff": "caf",
    b".snd": "au",
    b"#!AM": "amr",
    b"\x30\x26\xb2\x75": "wma",
    b"RIFX": "rifx",
    b"riff": "w64",
    b"wvpk": "wv",
    b"MAC ": "ape",
    b"TTA1": "tta",
    b"tBaK": "tak",
    b"MPCK": "mpc",
    b"DSD ": "dsf",
    b"FRM8": "dff",
    b"\x00\x00\x01\xba": "mpg",
}
_QUICKTIME_ATOMS = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")  # of files without `ftyp`
_ID3_HEADER_BYTES = 10


def sniff_content(content: Content) -> Format | None:
    """Detect the format of a recording, also behind an ID3 tag or zero bytes, and of MP3 or AAC without its beginning.

    Returns:
        The format, or None if it is not a known audio format.

    Example:
        >>> from audio_core.audio.content import BytesContent
        >>> sniff_content(BytesContent(b"ID3" + bytes(7) + b"fLaC")).name
        'flac'
    """
    head = content.read_at(0, SNIFF_BYTES)
    if head[:3] == b"ID3":
        return sniff_format(content.read_at(skip_id3_tags(content), SNIFF_BYTES)) or FORMATS["mp3"]
    if head[:1] == b"G" and all(content.read_at(count * _TS_PACKET_BYTES, 1) == b"G" for count in (1, 2)):
        return FORMATS["ts"]
    return sniff_format(head) or _find_frames(content.read_at(0, _SEARCHED_BYTES))


def _find_frames(data: bytes) -> Format | None:
    """Find MP3 or AAC frames in a row, after zero bytes or the rest of a frame."""
    position = data.find(0xFF)
    while position >= 0:
        name = _sniff_frame(data[position : position + _FRAME_HEADER_BYTES])
        if name and _count_frames(data, position, name) >= _FRAMES_IN_A_ROW:
            return FORMATS[name]
        position = data.find(0xFF, position + 1)
    return None


def _count_frames(data: bytes, position: int, name: str) -> int:
    count = 0
    while count < _FRAMES_IN_A_ROW and (length := _measure_frame(data[position:][:_FRAME_HEADER_BYTES], name)):
        count, position = count + 1, position + length
    return count


def _measure_frame(header: bytes, name: str) -> int:
    """Return the bytes of the frame of AAC or MP3 (layer III) that a header begins, or 0 if it is no such header."""
    if name == "mp3":
        frame = parse_mpeg_frame(header)
        return frame.length if frame else 0
    if _sniff_frame(header) != name or len(header) < _FRAME_HEADER_BYTES:
        return 0
    return int.from_bytes(header[3:6], "big") >> 5 & 0x1FFF  # ISO/IEC 13818-7, 6.2: 13 bits from bit 30 on


def sniff_format(head: bytes) -> Format | None:
    r"""Detect the format of a file from its first bytes.

    Args:
        head: the first `SNIFF_BYTES` bytes, or fewer if the file is shorter.

    Returns:
        The format, or None if the bytes are not the beginning of a known audio format.

    Example:
        >>> sniff_format(b"fLaC\x00\x00\x00\x22").name
        'flac'
    """
    name = _sniff_container(head) or _sniff_frame(head)
    return FORMATS[name] if name else None


def _sniff_container(head: bytes) -> str | None:
    magic, brand = head[:4], head[8:12]
    match magic:
        case b"RIFF" | b"RF64" | b"BW64":
            return {b"WAVE": "wav", b"AVI ": "avi"}.get(brand)
        case b"FORM":
            return "aiff" if brand in (b"AIFF", b"AIFC") else None
        case b"\x1aE\xdf\xa3":
            return "webm" if b"webm" in head else "mkv"
        case _ if head[4:8] == b"ftyp":
            return "m4a" if brand[:3] in (b"M4A", b"M4B") else "mp4"
        case _ if head[4:8] in _QUICKTIME_ATOMS:
            return "mp4"
        case _ if magic[:3] in (b"FLV", b"MP+"):
            return "flv" if magic[:1] == b"F" else "mpc"
        case _:
            return "ac3" if magic[:2] == b"\x0b\x77" else _MAGIC.get(magic)


def _sniff_frame(head: bytes) -> str | None:
    """Detect MPEG audio, which has no file header, only frames, with or without an ID3 tag before them."""
    if head[:3] == b"ID3":
        return "mp3"
    if len(head) < 4 or head[0] != 0xFF:
        return None
    if head[1] & 0xF6 == 0xF0:  # 12 sync bits, layer 0: ADTS
        return "aac"
    layer, bitrate, rate = head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    is_frame = head[1] & 0xE0 == 0xE0 and layer != 0 and head[1] >> 3 & 3 != 1
    return "mp3" if is_frame and bitrate != 15 and rate != 3 else None


def describe_bytes(head: bytes) -> str:
    """Describe bytes that are not audio, for an error message.

    Example:
        >>> describe_bytes(b"%PDF-1.7")
        'a PDF'
    """
    descriptions = {
        b"%PDF": "a PDF",
        b"PK\x03\x04": "a ZIP archive",
        b"\x89PNG": "a PNG image",
        b"\xff\xd8\xff": "a JPEG image",
    }
    for magic, description in descriptions.items():
        if head.startswith(magic):
            return description
    if head.lstrip()[:1] == b"<":
        return "HTML or XML"
    if head and all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head):
        return "text"
    return "unknown bytes"


def measure_id3_tag(head: bytes) -> int:
    """Return how many bytes of ID3v2 tag precede the audio (ID3v2.4 structure, §3.1 and §3.4: a 28-bit size, a footer).

    Example:
        >>> measure_id3_tag(b"ID3" + bytes([4, 0, 0, 0, 0, 1, 0]))
        138
    """
    if head[:3] != b"ID3" or len(head) < _ID3_HEADER_BYTES:
        return 0
    size = 0
    for byte in head[6:_ID3_HEADER_BYTES]:
        size = size << 7 | byte & 0x7F
    has_footer = head[3] == 4 and head[5] & 0x10
    return size + _ID3_HEADER_BYTES * (2 if has_footer else 1)


def skip_id3_tags(content: Content) -> int:
    """Return where the audio begins behind the ID3v2 tags at the beginning of a file, in bytes."""
    position = 0
    for _ in range(_MOST_TAGS):
        size = measure_id3_tag(content.read_at(position, _ID3_HEADER_BYTES))
        if not size:
            break
        position += size
    return position


def ends_with_tag(content: Content) -> bool:
    """Tell whether an APEv2 or ID3v1 tag follows the audio at the end of a file."""
    return content.read_at(max(0, content.size - 32), 8) == b"APETAGEX" or (
        content.read_at(max(0, content.size - 128), 3) == b"TAG"
    )
