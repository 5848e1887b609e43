"""Names, aliases, MIME types and file signatures of the audio formats.

The canonical name is the value of `format` in `input_audio` (OpenRouter's audio guide lists wav, mp3, aiff, aac, ogg,
flac, m4a, pcm16, pcm24; OpenAI accepts wav and mp3). The bytes decide the format. A format named by a caller or a
server counts only for raw PCM, which has no header.
"""

from __future__ import annotations

from dataclasses import dataclass

from audio_core.errors import UnsupportedFormat

__all__ = ["FORMATS", "SNIFF_BYTES", "SUFFIXES", "Format", "describe_bytes", "find_format", "sniff_format"]

SNIFF_BYTES = 64
"""Number of leading bytes that `sniff_format` examines."""


@dataclass(frozen=True, slots=True)
class Format:
    """The names of one audio format: in requests, as a MIME type and as a file name suffix.

    Attributes:
        name: canonical name, such as `"mp3"`.
        mime: MIME type for an upload.
        suffix: file name suffix, including the dot.
        aliases: other names and MIME types of the same format.
        raw: whether it is headerless PCM, whose sample rate and channels must be stated.
    """

    name: str
    mime: str
    suffix: str
    aliases: tuple[str, ...] = ()
    raw: bool = False


FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        Format("wav", "audio/wav", ".wav", ("wave", "rf64", "audio/x-wav", "audio/wave", "audio/vnd.wave")),
        Format("mp3", "audio/mpeg", ".mp3", ("mpeg", "mpga", "mp2", "audio/mp3", "audio/x-mp3", "audio/x-mpeg")),
        Format("flac", "audio/flac", ".flac", ("audio/x-flac",)),
        Format("ogg", "audio/ogg", ".ogg", ("oga", "opus", "audio/opus", "audio/x-ogg", "application/ogg")),
        Format("m4a", "audio/mp4", ".m4a", ("m4b", "audio/m4a", "audio/x-m4a")),
        Format("mp4", "video/mp4", ".mp4", ("m4v", "mov", "3gp", "video/quicktime", "audio/3gpp", "video/3gpp")),
        Format("aac", "audio/aac", ".aac", ("adts", "audio/x-aac", "audio/aacp")),
        Format("aiff", "audio/aiff", ".aiff", ("aif", "aifc", "audio/x-aiff")),
        Format("webm", "audio/webm", ".webm", ("video/webm",)),
        Format("mkv", "video/x-matroska", ".mkv", ("mka", "matroska", "audio/x-matroska", "video/matroska")),
        Format("amr", "audio/amr", ".amr", ("audio/amr-nb", "audio/amr-wb")),
        Format("caf", "audio/x-caf", ".caf", ()),
        Format("au", "audio/basic", ".au", ("snd", "audio/x-au")),
        Format("wma", "audio/x-ms-wma", ".wma", ("asf", "wmv", "video/x-ms-asf", "video/x-ms-wmv")),
        Format("pcm16", "audio/pcm", ".pcm", ("pcm", "s16le", "pcm_s16le", "audio/pcm16"), raw=True),
        Format("pcm24", "audio/pcm24", ".pcm", ("s24le", "pcm_s24le"), raw=True),
    )
}
SUFFIXES = frozenset(
    f".{name.lstrip('.')}" for row in FORMATS.values() for name in (row.name, row.suffix, *row.aliases)
)
"""The file name suffixes of audio files, in lower case, including the dot."""

_FORMAT_BY_NAME = {word: row for row in FORMATS.values() for word in (row.name, row.mime, *row.aliases)}


def find_format(name: str) -> Format:
    """Find the format with a name, suffix or MIME type; case and MIME parameters are ignored.

    Args:
        name: such as `"mp3"`, `".MP3"`, `"audio/mpeg"` or `"audio/ogg; codecs=opus"`.

    Raises:
        UnsupportedFormat: if no format has this name.

    Example:
        >>> find_format("audio/ogg; codecs=opus").name
        'ogg'
    """
    word = name.split(";", maxsplit=1)[0].strip().lower().removeprefix(".")
    try:
        return _FORMAT_BY_NAME[word]
    except KeyError:
        raise UnsupportedFormat(f"{name[:60]!r} is not a known audio format. Known: {', '.join(FORMATS)}.") from None


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
            return "wav" if brand == b"WAVE" else None
        case b"FORM":
            return "aiff" if brand in (b"AIFF", b"AIFC") else None
        case b"\x1aE\xdf\xa3":
            return "webm" if b"webm" in head else "mkv"
        case b"\x30\x26\xb2\x75":
            return "wma"
        case _ if head[4:8] == b"ftyp":
            return "m4a" if brand[:3] in (b"M4A", b"M4B") else "mp4"
        case _:
            return {b"fLaC": "flac", b"OggS": "ogg", b"caff": "caf", b".snd": "au", b"#!AM": "amr"}.get(magic)


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
