"""How true the times of transcripts are, for replies of six kinds: from segments with times to a chat model's guess.

    python benchmarks/reply_kinds.py

A gateway that knows what the shipped recordings say, and when, finds each upload within them by its sound. It answers
with the words that it holds, in one of six forms. Each recording is sent to a gateway that was never asked before, and
again once it is known what the gateway sends.
"""

from __future__ import annotations

import base64
import json
import random
import statistics
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import jiwer
import numpy as np
from local_engine import EXAMPLES, normalize
from measuring import print_table

from audio_core import Audio, AudioClient, Transcript
from audio_core.integration import find_provider
from audio_core.media.decode import decode
from audio_core.testing import Recorded, Reply, ScriptedGateway, chat_reply

KINDS = ("verbose_json", "words", "words with speakers", "json text", "text/plain", "chat")
RECORDINGS = ("talk.ogg", "call.mp3")
RATE = 4000  # Hz at which uploads are compared with the recording
HEARD_SHARE = 0.8  # of a word that an upload must hold
GUESS_ERROR = 2.0  # seconds by which a chat model's times are wrong
TIMED_KINDS = KINDS[:3]
COLUMNS = (
    *("asked before", "words=", "segments a minute", "segment onsets: median, 95th percentile", "word onsets"),
    *("estimated", "words lost / doubled", "speakers right", "requests", "billed beyond its length"),
)


@dataclass(frozen=True)
class SpokenWord:
    """A word of a recording, as it is known from its synthesis.

    Attributes:
        start: seconds of the recording.
        end: seconds of the recording.
        text: with its punctuation.
        sentence: index of its sentence.
        speaker: who says it, if there are several.
    """

    start: float
    end: float
    text: str
    sentence: int
    speaker: str | None


class KnowingGateway(ScriptedGateway):
    """A gateway that knows a recording and finds each upload within it.

    Args:
        path: the recording.
        kind: one of `KINDS`.

    Attributes:
        seconds: how long each upload was.
    """

    def __init__(self, path: Path, kind: str) -> None:
        super().__init__()
        self.kind, self.seconds = kind, list[float]()
        self.words, self._samples = load_words(path), read_samples(Audio.of(path))

    def next_reply(self, request: Recorded) -> Reply:
        super().next_reply(request)
        samples = read_samples(Audio.of(get_upload(request)))
        start, seconds = find_offset(self._samples, samples), len(samples) / RATE
        self.seconds.append(seconds)
        heard = [
            replace(word, start=max(0.0, word.start - start), end=min(seconds, word.end - start))
            for word in self.words
            if min(word.end, start + seconds) - max(word.start, start) >= HEARD_SHARE * (word.end - word.start)
        ]
        return build_reply(self.kind, heard, seconds)


def main() -> None:
    warnings.simplefilter("ignore")
    print_table("Replies of six kinds", COLUMNS, measure_all())


def measure_all() -> Iterator[tuple[str, ...]]:
    """Yield the rows of the table. What is asked before, or with words, makes a difference if replies have no times."""
    for kind in KINDS:
        for name in RECORDINGS:
            for is_known, words in [(False, True)] if kind in TIMED_KINDS else product((False, True), repeat=2):
                yield measure_case(name, kind, is_known=is_known, words=words)


def measure_case(name: str, kind: str, *, is_known: bool, words: bool) -> tuple[str, ...]:
    """Transcribe a recording and return its row of the table."""
    with KnowingGateway(EXAMPLES / name, kind) as gateway:
        row = find_provider("openroute" if kind == "chat" else "openai")
        client = AudioClient(replace(row, api_key_env=()), base_url=gateway.base_url, model=f"{kind} {words}")
        if is_known:
            client.transcribe(Audio.of(EXAMPLES / name, end=5.0))
            gateway.seconds.clear()
        transcript = client.transcribe(EXAMPLES / name, words=words, diarize="speakers" in kind)
        return f"{kind}, {name}", "yes" if is_known else "no", str(words), *describe_transcript(transcript, gateway)


def describe_transcript(transcript: Transcript, gateway: KnowingGateway) -> Iterator[str]:
    """Yield the figures of a transcript, beside what is known of the recording."""
    truth, duration = gateway.words, transcript.duration or 1.0
    segments = transcript.segments
    yield f"{len(segments) * 60 / duration:.1f}"
    yield describe_errors(list(compute_onset_errors(truth, [(each.start, each.text) for each in segments])))
    words = [(word.start, word.text) for segment in segments for word in segment.words]
    yield describe_errors(list(compute_onset_errors(truth, words)))
    yield str(sum(segment.is_estimated for segment in segments))
    heard = jiwer.process_words(normalize(" ".join(word.text for word in truth)), normalize(transcript.text))
    yield f"{heard.deletions + heard.substitutions} / {heard.insertions}"
    yield describe_speakers(transcript, truth)
    yield str(len(gateway.seconds))
    yield f"{sum(gateway.seconds) / duration - 1:+.1%}"


def compute_onset_errors(truth: Sequence[SpokenWord], onsets: Sequence[tuple[float, str]]) -> Iterator[float]:
    """Yield how far each onset of a text is from that of its first word, in seconds. Texts follow one another."""
    position, spoken = 0, [normalize(word.text) for word in truth]
    for start, text in onsets:
        count = len(normalize(text).split())
        if position < len(truth) and count:
            yield abs(start - truth[position].start)
        while count > 0 and position < len(truth):
            count, position = count - len(spoken[position].split()), position + 1


def describe_errors(errors: Sequence[float]) -> str:
    """Return the median and the 95th percentile of errors in seconds."""
    if not errors:
        return "-"
    return f"{statistics.median(errors):.2f} s, {sorted(errors)[int(len(errors) * 0.95)]:.2f} s"


def describe_speakers(transcript: Transcript, truth: Sequence[SpokenWord]) -> str:
    """Return the share of words whose segment has the right speaker, whatever it is called."""
    if not transcript.speakers:
        return "-"
    said = [segment.speaker for segment in transcript.segments for _ in normalize(segment.text).split()]
    true = [word.speaker or "one" for word in truth for _ in normalize(word.text).split()]
    pairs = list(zip(said, true, strict=False))
    meant = {label: max({*true}, key=[t for s, t in pairs if s == label].count) for label in {*said}}
    return f"{sum(meant[label] == speaker for label, speaker in pairs) / len(true):.0%}"


def load_words(path: Path) -> list[SpokenWord]:
    """Return the words of a shipped recording."""
    sentences = json.loads(path.with_suffix(".json").read_text())
    return [
        SpokenWord(start, end, text, index, sentence.get("speaker"))
        for index, sentence in enumerate(sentences)
        for (_, start, end), text in zip(sentence["words"], split_text(sentence), strict=True)
    ]


def split_text(sentence: dict) -> list[str]:
    """Return the words of a sentence as they are written, or as they are spoken where the numbers differ."""
    written = sentence["text"].split()
    return written if len(written) == len(sentence["words"]) else [word for word, _, _ in sentence["words"]]


def read_samples(audio: Audio) -> np.ndarray:
    """Return the samples of a recording, mono, at `RATE`."""
    return np.frombuffer(b"".join(decode(audio, rate=RATE)), dtype="<i2").astype("float32")


def find_offset(whole: np.ndarray, part: np.ndarray) -> float:
    """Return where a part of a recording begins, in seconds, by cross-correlation; below 0 if it has a lead."""
    size = 1 << (len(whole) + len(part)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)))
    lag = int(np.argmax(correlation))
    return (lag if lag < len(whole) else lag - size) / RATE


def get_upload(request: Recorded) -> bytes:
    """Return the recording in a request: that of a form, or of a chat message."""
    if "multipart" in request.headers["content-type"]:
        return next(part.content for part in request.parts if part.filename)
    return base64.b64decode(request.json["messages"][0]["content"][1]["input_audio"]["data"])


def build_reply(kind: str, words: Sequence[SpokenWord], seconds: float) -> Reply:
    """Return a reply of one kind that holds some words."""
    text = " ".join(word.text for word in words)
    segments = [{"start": each[0].start, "end": each[-1].end, "text": join(each)} for each in split_sentences(words)]
    timed = [{"word": word.text, "start": word.start, "end": word.end} for word in words]
    if kind == "chat":
        guess = random.Random(len(words))
        for segment in segments:
            segment["start"] = max(0.0, segment["start"] + guess.uniform(-GUESS_ERROR, GUESS_ERROR))
            segment["end"] = min(seconds, max(segment["start"], segment["end"]))
        return chat_reply(json.dumps({"language": "en", "segments": segments}))
    if kind == "words with speakers":
        timed = [{**each, "speaker": word.speaker or "one"} for each, word in zip(timed, words, strict=True)]
    fields = {"verbose_json": {"segments": segments, "words": timed}, "json text": {}, "text/plain": {}}
    body = {"text": text, **fields.get(kind, {"words": timed})}
    return Reply(text) if kind == "text/plain" else Reply(body)


def split_sentences(words: Sequence[SpokenWord]) -> Iterator[list[SpokenWord]]:
    """Yield the words of each sentence."""
    for index in dict.fromkeys(word.sentence for word in words):
        yield [word for word in words if word.sentence == index]


def join(words: Sequence[SpokenWord]) -> str:
    """Return the text of some words."""
    return " ".join(word.text for word in words)


if __name__ == "__main__":
    main()
