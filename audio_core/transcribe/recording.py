"""A recording, however long: in this process, in one request if it fits, else in pieces."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from audio_core.audio import Audio
from audio_core.content import fingerprint
from audio_core.engines import Engine
from audio_core.http.access import Access
from audio_core.http.fetch import bring
from audio_core.http.flow import Flow, work
from audio_core.http.gateway import Gateway
from audio_core.prepare import end_of, taken
from audio_core.transcribe.long import longest_request, transcribe_long
from audio_core.transcribe.request import transcribed
from audio_core.transcribe.store import PieceKey, TranscriptStore, kept
from audio_core.transcript import Transcript
from audio_core.wire.transcription import TranscriptionOptions

__all__ = ["transcribe_here", "transcribe_there"]


def transcribe_here(
    engine: Engine, audio: Audio, access: Access | None, options: TranscriptionOptions, *, gateway: Gateway
) -> Flow[Transcript]:
    """Transcribe with an engine in this process."""
    opened = yield from bring(audio, access, timeout=gateway.timeout, max_retries=gateway.max_retries)
    transcript = yield from work(partial(engine.transcribe, opened, options))
    sha256 = yield from work(partial(fingerprint, opened.open()))
    return replace(transcript, source=audio.source, sha256=sha256)


def transcribe_there(
    gateway: Gateway,
    model: str,
    audio: Audio,
    access: Access | None,
    options: TranscriptionOptions,
    *,
    at_once: int,
    store: TranscriptStore | None = None,
) -> Flow[Transcript]:
    """Transcribe with a gateway; times are of the original recording, also of a clip.

    What the gateway takes in one request goes out untouched; anything longer is cut at pauses.

    Args:
        gateway: whom to ask.
        model: name of the model.
        audio: what to transcribe.
        access: what may be opened, or None if the developer named it.
        options: how to transcribe.
        at_once: how many pieces may be under way.
        store: where what was heard is kept, so that it is not asked for again.

    Raises:
        AudioError: if the recording cannot be opened or is damaged.
        TranscriptionIncomplete: if a piece of it failed.
        ProviderError: if the gateway refuses or fails.
    """
    row = gateway.provider
    opened = yield from bring(audio, access, timeout=gateway.timeout, max_retries=gateway.max_retries)
    end = yield from work(partial(end_of, opened))
    sha256 = yield from work(partial(fingerprint, opened.open()))
    start = audio.start or 0.0
    if end - start <= longest_request(row):
        sound, seconds = yield from taken(opened, row.upload_formats, end)
        if row.max_upload_bytes is None or sound.content.size <= row.max_upload_bytes:
            key = PieceKey(sha256, start, end, row.name, model, options, audio.label)
            asking = transcribed(gateway, model, audio.name, sound, options, seconds)
            heard = yield from kept(store, key, asking)
            return replace(heard.shifted(start), source=audio.source, sha256=sha256)
    pieced = yield from transcribe_long(
        gateway, model, opened, options, seconds=end, at_once=at_once, store=store, sha256=sha256
    )
    return replace(pieced, source=audio.source, sha256=sha256)
