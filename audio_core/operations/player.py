"""A recording and its transcript as a page that plays them."""

from __future__ import annotations

import os
from functools import partial

import pybase64

from audio_core.audio.audio import Audio
from audio_core.audio.content import Content
from audio_core.audio.formats import FORMATS
from audio_core.errors import AudioTooLarge, InvalidOption, UnsupportedFormat
from audio_core.http.access import Access
from audio_core.http.download import open_or_download
from audio_core.http.flow import Flow, run_blocking
from audio_core.media.probing import Probe, probe
from audio_core.operations.upload import estimate_bytes, is_sent_untouched
from audio_core.transcript.page.sound import name_source
from audio_core.transcript.transcript import Transcript

__all__ = ["MAX_EMBEDDED_BYTES", "embed_sound", "is_playable", "render_page"]

MAX_EMBEDDED_BYTES = 25_000_000
"""How many bytes of sound a page may hold. Browsers keep all of it in memory."""

_COPY = "mp3"  # every browser plays it
_MP3, _OPUS = ("mp3", "mp3float"), ("opus", "libopus")  # FFmpeg has two decoders of each
_PLAYABLE = {
    "wav": ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le"),
    "mp3": _MP3,
    "flac": ("flac",),
    "ogg": (*_OPUS, "vorbis", "flac"),
    "m4a": ("aac", *_MP3),
    "mp4": ("aac", *_MP3),
    "aac": ("aac",),
    "webm": (*_OPUS, "vorbis"),
}
"""The codecs that Chromium, Firefox and Safari play in each format.

Source: https://developer.mozilla.org/en-US/docs/Web/Media/Guides/Formats/Audio_codecs
"""


def render_page(
    audio: Audio,
    transcript: Transcript,
    access: Access | None,
    *,
    link: str | os.PathLike[str] | None,
    embed: bool,
    title: str | None,
    timeout: float,
    max_retries: int,
) -> Flow[str]:
    """Open a recording, and render its transcript as a page that plays it.

    Args:
        audio: the recording, or a clip of it.
        transcript: with times in seconds of the original recording.
        access: what may be opened; None if the developer named the recording.
        link: where the page finds the sound, as text, or the recording, as a path; None for its own name or URL.
        embed: whether the page holds the sound.
        title: heading of the page; None for the recording's name.
        timeout: seconds on the wall clock for a download.
        max_retries: how many more requests may follow a failed one.

    Raises:
        AudioError: if the recording cannot be opened or decoded, or browsers do not play it (`UnsupportedFormat`), or
            it is too large for a page (`AudioTooLarge`).
    """
    opened = yield from open_or_download(audio, access, timeout=timeout, max_retries=max_retries)
    return (yield from run_blocking(partial(_render, opened, transcript, link, embed, title or audio.name)))


def _render(audio: Audio, transcript: Transcript, link: str | os.PathLike[str] | None, embed: bool, title: str) -> str:
    from audio_core.media.waveform import compute_waveform  # noqa: PLC0415 - FFmpeg is loaded when first needed

    sound = embed_sound(audio) if embed else link if isinstance(link, str) else _find_link(audio, link)
    start = (audio.start or 0.0) if embed else 0.0
    return transcript.to_html(sound, title=title, waveform=compute_waveform(audio), audio_start=start)


def _find_link(audio: Audio, path: os.PathLike[str] | None) -> str | os.PathLike[str]:
    """Return where a page finds a recording that browsers play: its path relative to the page, or by default its name.

    Raises:
        UnsupportedFormat: if browsers do not play it.
        InvalidOption: if it has no name.
    """
    if not is_playable(audio, properties := probe(audio)):
        raise UnsupportedFormat(
            f"Browsers do not play {audio.label} ({audio.format}, {properties.codec}): embed=True puts a copy in "
            f"{_COPY.upper()} in the page, and link=... says where there is one."
        )
    name = name_source(audio.source) if path is None else path
    if name is None:
        raise InvalidOption(
            "The recording was given without a path or URL to which a page could link: embed=True puts it in the page, "
            "and link=... says where it is."
        )
    return name


def is_playable(audio: Audio, properties: Probe) -> bool:
    """Tell whether browsers play a recording as it is.

    Args:
        audio: a recording that is not remote, or a clip of it.
        properties: what `probe` has returned for it.
    """
    is_all = audio.only_channel is None and audio.track is None
    return is_all and properties.codec in _PLAYABLE.get(audio.format, ())


def embed_sound(audio: Audio) -> str:
    """Return a recording, or its clip, as a `data:` URI: as it is if it is whole and browsers play it, else as MP3.

    Args:
        audio: a recording that is not remote.

    Raises:
        AudioTooLarge: if it has more than `MAX_EMBEDDED_BYTES`.
        InvalidAudio: if it is damaged or cut short.
    """
    properties = probe(audio)
    formats = [audio.format] if is_playable(audio, properties) else []
    is_untouched = is_sent_untouched(audio, formats, properties)
    seconds = properties.duration - (audio.start or 0.0)
    _check_size(audio, estimate_bytes(audio, formats if is_untouched else [_COPY], properties, seconds))
    name, content = (audio.format, audio.open_content()) if is_untouched else (_COPY, _encode_copy(audio))
    _check_size(audio, content.size)
    return f"data:{FORMATS[name].mime};base64,{pybase64.b64encode_as_string(content.read_at(0, content.size))}"


def _encode_copy(audio: Audio) -> Content:
    from audio_core.media.decode import encode  # noqa: PLC0415 - FFmpeg is loaded when first needed

    return encode(audio, _COPY)


def _check_size(audio: Audio, size: int) -> None:
    if size > MAX_EMBEDDED_BYTES:
        raise AudioTooLarge(
            f"{audio.label} would put {size:,} bytes into the page, which may hold {MAX_EMBEDDED_BYTES:,}. "
            "Link to the recording (embed=False), or give a clip of it (start=, end=)."
        )
