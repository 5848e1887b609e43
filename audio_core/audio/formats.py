"""Names, aliases, MIME types and file signatures of the audio formats.

The canonical name is the value of `format` in `input_audio` (OpenRouter's audio guide lists wav, mp3, aiff, aac, ogg,
flac, m4a, pcm16, pcm24; OpenAI accepts wav and mp3). The bytes decide the format. A format named by a caller or a
server counts only for raw PCM, which has no header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from audio_core.errors import UnsupportedFormat

__all__ = ["FORMATS", "SUFFIXES", "Format", "find_format", "is_raw", "parse_parameter"]


@dataclass(frozen=True, slots=True)
class Format:
    """The names of one audio format: in requests, as a MIME type and as a file name suffix.

    Attributes:
        name: canonical name, such as `"mp3"`.
        mime: MIME type for an upload.
        suffix: file name suffix, including the dot.
        aliases: other names and MIME types of the same format.
        raw: whether it is samples without a header, whose rate and channels must be stated.
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
        Format("rifx", "audio/x-rifx", ".wav"),  # a big-endian WAV, which few decoders read
        Format("w64", "audio/x-w64", ".w64", ("wave64",)),
        Format("wv", "audio/x-wavpack", ".wv", ("wavpack",)),
        Format("ape", "audio/x-ape", ".ape", ("audio/ape",)),
        Format("tta", "audio/x-tta", ".tta"),
        Format("tak", "audio/x-tak", ".tak"),
        Format("mpc", "audio/x-musepack", ".mpc", ("musepack",)),
        Format("dsf", "audio/x-dsf", ".dsf"),
        Format("dff", "audio/x-dff", ".dff"),
        Format("ac3", "audio/ac3", ".ac3", ("eac3", "ec3", "audio/eac3")),
        Format("flv", "video/x-flv", ".flv"),
        Format("avi", "video/x-msvideo", ".avi", ("video/avi",)),
        Format("mpg", "video/mpeg", ".mpg", ("mpeg-ps", "vob")),
        Format("ts", "video/mp2t", ".ts", ("m2ts", "mts", "mpeg-ts")),
        Format("pcm16", "audio/pcm", ".pcm", ("pcm", "s16le", "pcm_s16le", "audio/pcm16"), raw=True),
        Format("pcm24", "audio/pcm24", ".pcm", ("s24le", "pcm_s24le"), raw=True),
        Format("s16be", "audio/x-s16be", ".pcm", ("pcm_s16be",), raw=True),
        Format("mulaw", "audio/pcmu", ".ul", ("pcmu", "ulaw", "pcm_mulaw", "audio/x-mulaw", "audio/mulaw"), raw=True),
        Format("alaw", "audio/pcma", ".al", ("pcma", "pcm_alaw", "audio/x-alaw", "audio/alaw"), raw=True),
    )
}
SUFFIXES = frozenset(
    f".{name.lstrip('.')}"
    for row in FORMATS.values()
    if not row.raw
    for name in (row.name, row.suffix, *row.aliases)
    if "/" not in name  # which would be a MIME type
)
"""The file name suffixes of audio files that have a header, in lower case, including the dot."""

_FORMAT_BY_NAME = {word: row for row in FORMATS.values() for word in (row.name, row.mime, *row.aliases)}
_OTHER_SAMPLES = re.compile(
    r';\s*(?:bits\s*=\s*(?!"?(?:16|24)\b)|encoding\s*=\s*"?(?:float|unsigned)|endian(?:ness)?\s*=\s*"?big)',
    re.ASCII | re.IGNORECASE,
)
_WITHOUT_BYTE_ORDER = ("audio/l16", "l16")  # big-endian in RFC 2586, little-endian in the replies of Google's Gemini


def find_format(name: str) -> Format:
    """Find the format with a name, suffix or MIME type; case and MIME parameters are ignored.

    Args:
        name: such as `"mp3"`, `".MP3"`, `"audio/mpeg"` or `"audio/ogg; codecs=opus"`.

    Raises:
        UnsupportedFormat: if no format has this name, the name leaves the byte order open, or its parameters describe
            other samples.

    Example:
        >>> find_format("audio/ogg; codecs=opus").name
        'ogg'
    """
    word = _strip_parameters(name)
    if word in _WITHOUT_BYTE_ORDER:
        raise UnsupportedFormat(
            f"{name[:60]!r} leaves the byte order open: RFC 2586 says big-endian, Google's Gemini sends little-endian. "
            "Say 'pcm16' for little-endian or 's16be' for big-endian, with the sample_rate."
        )
    if word not in _FORMAT_BY_NAME:
        raise UnsupportedFormat(f"{name[:60]!r} is not a known audio format. Known: {', '.join(FORMATS)}.")
    return _find_samples(name) if word == "audio/pcm" else _FORMAT_BY_NAME[word]


def _find_samples(mime: str) -> Format:
    if _OTHER_SAMPLES.search(mime):
        raise UnsupportedFormat(
            f"{mime[:60]!r} is neither 16 nor 24 bit of signed, little-endian samples. Say 's16be' for big-endian ones; "
            "convert others to WAV."
        )
    return FORMATS["pcm24" if parse_parameter(mime, "bits") == 24 else "pcm16"]


def is_raw(name: str) -> bool:
    """Tell whether a name or MIME type stands for samples without a header.

    Example:
        >>> is_raw("audio/pcm;rate=16000"), is_raw("audio/wav")
        (True, False)
    """
    word = _strip_parameters(name)
    return word in _WITHOUT_BYTE_ORDER or (word in _FORMAT_BY_NAME and _FORMAT_BY_NAME[word].raw)


def parse_parameter(mime: str, name: str) -> int | None:
    """Parse a whole number among the parameters of a MIME type; return None if there is none.

    Example:
        >>> parse_parameter("audio/pcm;rate=16000;channels=2", "channels")
        2
    """
    number = re.search(rf';\s*{name}\s*=\s*"?(\d{{1,9}})(?!\d)', mime, re.ASCII | re.IGNORECASE)
    return int(number[1]) if number else None


def _strip_parameters(name: str) -> str:
    return name.split(";", maxsplit=1)[0].strip().lower().removeprefix(".")
