"""Synthesize `talk.txt` and `call.txt` with flite. Write the recordings and flite's word times to the same folder.

    apt-get install flite1-dev && python examples/audio/make.py

The texts are the project's own. Texts and recordings are CC0. flite (https://github.com/festvox/flite) is BSD-licensed.
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
_TIME_FEATURES = (
    "R:SylStructure.daughter.daughter.R:Segment.p.end",
    "R:SylStructure.daughtern.daughtern.R:Segment.end",
)
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
    """A voice of flite.

    Args:
        name: such as `rms`.
    """

    def __init__(self, name: str) -> None:
        flite.flite_init()
        library = ctypes.CDLL(f"libflite_cmu_us_{name}.so.1")
        register = getattr(library, f"register_cmu_us_{name}")
        register.restype = ctypes.c_void_p
        self._voice = ctypes.c_void_p(register(None))

    def synthesize(self, text: str) -> tuple[bytes, list[tuple[str, float, float]]]:
        """Synthesize a text. Return 16-bit mono PCM at 16 kHz, and each word with its start and end in seconds."""
        utterance = ctypes.c_void_p(flite.flite_synth_text(text.encode(), self._voice))
        with tempfile.NamedTemporaryFile(suffix=".wav") as file:
            flite.cst_wave_save_riff(ctypes.c_void_p(flite.utt_wave(utterance)), file.name.encode())
            pcm = b"".join(decode(Audio.of(file.name), rate=RATE))
        words = list(_read_words(utterance))
        flite.delete_utterance(utterance)
        return pcm, words


def _read_words(utterance: ctypes.c_void_p):
    item = flite.relation_head(ctypes.c_void_p(flite.utt_relation(utterance, b"Word")))
    while item:
        start, end = (flite.ffeature_float(ctypes.c_void_p(item), path.encode()) for path in _TIME_FEATURES)
        yield flite.item_feat_string(ctypes.c_void_p(item), b"name").decode(), start, end
        item = flite.item_next(ctypes.c_void_p(item))


class Recording:
    """A recording that is built up utterance by utterance.

    Args:
        channels: the number of channels.

    Attributes:
        channels: the 16-bit PCM of each channel.
        segments: the utterances with their times.
    """

    def __init__(self, channels: int) -> None:
        self.channels = [bytearray() for _ in range(channels)]
        self.segments: list[dict[str, object]] = []

    def add(self, voice: Voice, text: str, channel: int = 0, speaker: str | None = None) -> None:
        """Add an utterance.

        Args:
            voice: synthesizes it.
            text: one sentence.
            channel: where it is audible; the other channels are silent meanwhile.
            speaker: the speaker's name, if there are several.
        """
        pcm, words = voice.synthesize(text)
        offset = len(self.channels[0]) / 2 / RATE
        for number, samples in enumerate(self.channels):
            samples.extend(pcm if number == channel else bytes(len(pcm)))
        timed_words = [[word, round(offset + start, 3), round(offset + end, 3)] for word, start, end in words]
        label = {} if speaker is None else {"speaker": speaker}
        times = {"start": timed_words[0][1], "end": timed_words[-1][2]}
        self.segments.append({**times, "text": text, **label, "words": timed_words})

    def add_pause(self, seconds: float) -> None:
        """Add silence."""
        for pcm in self.channels:
            pcm.extend(bytes(2 * round(seconds * RATE)))

    def write(self, name: str, format: str) -> None:
        """Write the recording and a JSON file with its segments.

        Args:
            name: file name of the recording.
            format: its audio format.
        """
        count = len(self.channels)
        interleaved = bytearray(count * len(self.channels[0]))
        for number, pcm in enumerate(self.channels):
            interleaved[2 * number :: 2 * count] = pcm[::2]
            interleaved[2 * number + 1 :: 2 * count] = pcm[1::2]
        audio = Audio.of(bytes(interleaved), format="pcm16", sample_rate=RATE, channels=count)
        content: FileContent = encode(audio, format, rate=RATE)
        (HERE / name).write_bytes(content.open_reader().read())
        lines = ",\n".join(json.dumps(segment) for segment in self.segments)
        (HERE / name).with_suffix(".json").write_text(f"[\n{lines}\n]\n")


def write_talk() -> None:
    """Write the talk: one speaker, with a longer pause after each paragraph."""
    voice, recording = Voice("rms"), Recording(1)
    recording.add_pause(SENTENCE_PAUSE)
    for paragraph in (HERE / "talk.txt").read_text().strip().split("\n\n"):
        for sentence in re.split(r"(?<=[.?!]) ", paragraph):
            recording.add(voice, sentence)
            recording.add_pause(SENTENCE_PAUSE)
        recording.add_pause(PARAGRAPH_PAUSE - SENTENCE_PAUSE)
    recording.write("talk.ogg", "ogg")


def write_call() -> None:
    """Write the call: two speakers on two channels."""
    voices, recording = {"agent": (0, Voice("slt")), "caller": (1, Voice("awb"))}, Recording(2)
    recording.add_pause(SENTENCE_PAUSE)
    for line in (HERE / "call.txt").read_text().strip().splitlines():
        speaker, _, text = line.partition(": ")
        channel, voice = voices[speaker]
        recording.add(voice, text, channel, speaker)
        recording.add_pause(TURN_PAUSE)
    recording.write("call.mp3", "mp3")


if __name__ == "__main__":
    write_talk()
    write_call()
