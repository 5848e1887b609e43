"""Speech by eSpeak NG, with its own times of words. It is used for measuring only, as its licence is the GPL.

The library is that of Debian's `libespeak-ng1`; the environment variable ESPEAK_LIBRARY names another.
"""

from __future__ import annotations

import ctypes
import functools
import os

__all__ = ["synthesize"]

_RETRIEVAL, _NO_EXIT, _UTF_8, _END_PAUSE = 1, 0x8000, 1, 0x1000
_WORD, _PHONEME = 1, 7  # kinds of events
_INITIALIZE_PHONEME_EVENTS = 1


class _Event(ctypes.Structure):
    _fields_ = [
        *(("type", ctypes.c_int), ("id", ctypes.c_uint), ("text_position", ctypes.c_int), ("length", ctypes.c_int)),
        *(("milliseconds", ctypes.c_int), ("sample", ctypes.c_int), ("user_data", ctypes.c_void_p)),
        ("name", ctypes.c_char * 8),
    ]


_callbacks = []  # the library may call them later
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


@functools.cache
def _load():
    library = ctypes.CDLL(os.environ.get("ESPEAK_LIBRARY", "libespeak-ng.so.1"))
    data = os.environ.get("ESPEAK_DATA", "").encode() or None
    return library, library.espeak_Initialize(_RETRIEVAL, 0, data, _INITIALIZE_PHONEME_EVENTS | _NO_EXIT)


def synthesize(text: str, voice: str) -> tuple[bytes, int, list[tuple[str, float, float] | None]]:
    """Return 16-bit mono PCM, its rate, and start and end of each word of `text.split()`.

    A word that eSpeak speaks as one with the word before it, such as "of the", is None.
    """
    library, rate = _load()
    pcm, events = bytearray(), list[tuple[int, int, float, bytes]]()

    def collect(samples, count, raw):
        pcm.extend(ctypes.string_at(samples, 2 * count) if samples and count > 0 else b"")
        index = 0
        while raw[index].type:
            each = raw[index]
            events.append((each.type, each.text_position - 1, each.milliseconds / 1000, each.name))
            index += 1
        return 0

    callback = _Callback(collect)
    _callbacks.append(callback)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetVoiceByName(voice.encode())
    encoded = text.encode() + b"\0"
    library.espeak_Synth(encoded, len(encoded), 0, 1, 0, _UTF_8 | _END_PAUSE, None, None)
    library.espeak_Synchronize()
    return bytes(pcm), rate, list(_match_words(text, events, len(pcm) / 2 / rate))


def _match_words(text, events, seconds):
    marks = [(at, time) for kind, at, time, _ in events if kind == _WORD]
    stops = sorted(time for kind, _, time, name in events if kind == _WORD or (kind == _PHONEME and name[:1] == b"_"))
    begin = 0
    for word in text.split():
        begin = text.index(word, begin)
        times = [time for at, time in marks if begin <= at < begin + len(word)]
        begin += len(word)
        following = next((stop for stop in stops if times and stop > times[-1]), seconds)
        yield (word, times[0], following) if times else None
