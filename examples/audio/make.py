"""Speak `talk.txt` and `call.txt` with flite and write the recordings, and flite's own word times, beside them.

    apt-get install flite1-dev && python examples/audio/make.py

The texts are this project's own; texts and recordings are CC0. flite (https://github.com/festvox/flite) is BSD-licensed.
"""

from __future__ import annotations

import ctypes
import json
import re
import tempfile
from pathlib import Path

from audio_core import Audio
from audio_core.audio.content import FileContent
from audio_core.media.decode import decode, encode

HERE = Path(__file__).parent
RATE = 16_000
SENTENCE_PAUSE, PARAGRAPH_PAUSE, TURN_PAUSE = 0.4, 1.0, 0.7  # seconds

flite = ctypes.CDLL("libflite.so.1")
_FLOAT_OF = ("R:SylStructure.daughter.daughter.R:Segment.p.end", "R:SylStructure.daughtern.daughtern.R:Segment.end")
for function, result in (
    ("flite_synth_text", ctypes.c_void_p),
    ("utt_wave", ctypes.c_void_p),
    ("utt_relation", ctypes.c_void_p),
    ("relation_head", ctypes.c_void_p),
    ("item_next", ctypes.c_void_p),
    ("item_feat_string", ctypes.c_char_p),
    ("ffeature_float", ctypes.c_float),
):
    getattr(flite, function).restype = result


class Voice:
    """One of flite's voices."""

    def __init__(self, name: str) -> None:
        flite.flite_init()
        library = ctypes.CDLL(f"libflite_cmu_us_{name}.so.1")
        register = getattr(library, f"register_cmu_us_{name}")
        register.restype = ctypes.c_void_p
        self._voice = ctypes.c_void_p(register(None))

    def say(self, text: str) -> tuple[bytes, list[tuple[str, float, float]]]:
        """16-bit mono PCM at 16 kHz, and each word with its start and end in seconds."""
        utterance = ctypes.c_void_p(flite.flite_synth_text(text.encode(), self._voice))
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            flite.cst_wave_save_riff(ctypes.c_void_p(flite.utt_wave(utterance)), file.name.encode())
            sound = b"".join(decode(Audio.of(file.name), rate=RATE))
        words = list(_words(utterance))
        flite.delete_utterance(utterance)
        return sound, words


def _words(utterance: ctypes.c_void_p):
    item = flite.relation_head(ctypes.c_void_p(flite.utt_relation(utterance, b"Word")))
    while item:
        start, end = (flite.ffeature_float(ctypes.c_void_p(item), path.encode()) for path in _FLOAT_OF)
        yield flite.item_feat_string(ctypes.c_void_p(item), b"name").decode(), start, end
        item = flite.item_next(ctypes.c_void_p(item))


class Tape:
    """A recording in the making; with two channels, each speaker has one."""

    def __init__(self, channels: int) -> None:
        self.channels = [bytearray() for _ in range(channels)]
        self.segments: list[dict[str, object]] = []

    def add(self, voice: Voice, text: str, channel: int = 0, speaker: str | None = None) -> None:
        sound, words = voice.say(text)
        at = len(self.channels[0]) / 2 / RATE
        for number, side in enumerate(self.channels):
            side.extend(sound if number == channel else bytes(len(sound)))
        timed = [[word, round(at + start, 3), round(at + end, 3)] for word, start, end in words]
        named = {} if speaker is None else {"speaker": speaker}
        self.segments.append({"start": timed[0][1], "end": timed[-1][2], "text": text, **named, "words": timed})

    def pause(self, seconds: float) -> None:
        for side in self.channels:
            side.extend(bytes(2 * round(seconds * RATE)))

    def write(self, name: str, format: str) -> None:
        count = len(self.channels)
        raw = bytearray(count * len(self.channels[0]))
        for number, side in enumerate(self.channels):
            raw[2 * number :: 2 * count] = side[::2]
            raw[2 * number + 1 :: 2 * count] = side[1::2]
        audio = Audio.of(bytes(raw), format="pcm16", sample_rate=RATE, channels=count)
        content: FileContent = encode(audio, format, rate=RATE)
        (HERE / name).write_bytes(content.open_reader().read())
        lines = ",\n".join(json.dumps(segment) for segment in self.segments)
        (HERE / name).with_suffix(".json").write_text(f"[\n{lines}\n]\n")


def talk() -> None:
    """One speaker, paragraphs parted by longer pauses."""
    voice, tape = Voice("rms"), Tape(1)
    tape.pause(SENTENCE_PAUSE)
    for paragraph in (HERE / "talk.txt").read_text().strip().split("\n\n"):
        for sentence in re.split(r"(?<=[.?!]) ", paragraph):
            tape.add(voice, sentence)
            tape.pause(SENTENCE_PAUSE)
        tape.pause(PARAGRAPH_PAUSE - SENTENCE_PAUSE)
    tape.write("talk.ogg", "ogg")


def call() -> None:
    """Two speakers on two channels."""
    voices, tape = {"agent": (0, Voice("slt")), "caller": (1, Voice("awb"))}, Tape(2)
    tape.pause(SENTENCE_PAUSE)
    for line in (HERE / "call.txt").read_text().strip().splitlines():
        speaker, _, text = line.partition(": ")
        channel, voice = voices[speaker]
        tape.add(voice, text, channel, speaker)
        tape.pause(TURN_PAUSE)
    tape.write("call.mp3", "mp3")


if __name__ == "__main__":
    talk()
    call()
