"""Cut recordings whose words are known: is each word there once, whatever the sound and whatever a gateway sends?

    python benchmarks/cuts.py [--cuts 500] [--longest 30] [--vad energy] [--sounds "telephone hum"] [--seed 0] [--words]

A simulated gateway hears each word that lies wholly within the piece it is sent. A word that the edge of the piece
cuts, be it by a millisecond, is garbled, heard or missing, at random. Times are off by up to 0.15 s. Nothing is sent
anywhere. `--words` also asks a gateway that sends text alone for words with times, so that PocketSphinx aligns each
piece, which takes a second of CPU.
"""

from __future__ import annotations

import argparse
import bisect
import json
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from known_words import CONDITIONS, WORDS, Said

from audio_core import Segment, Transcript
from audio_core.audio.content import BytesContent
from audio_core.engines.alignment import align_transcript
from audio_core.media.segmentation import RATE, Piece, Segmenter, create_vad
from audio_core.transcript.bridges import choose_bridges, find_uncertain_joins, insert_bridges
from audio_core.transcript.merge import PieceTranscript, merge_pieces
from audio_core.wire.transcription_response import parse_transcript

GATEWAYS = ("words", "segments", "text")
ALIGNED = "text, `words=True`"
OUTCOMES = ("lost", "doubled", "broken")
JITTER = 0.15  # seconds
VOCABULARY = list(WORDS)
_STRETCH = 7200.0  # seconds of one recording; memory holds one at a time
_LONGEST_WORD = 5.0  # seconds, with much to spare
_FIRST_ID = 0xF0000  # a private character behind each word says which one it is; it is no part of its spelling
_GARBLED = "\ue000"
_LABEL = re.compile(f"[{chr(_FIRST_ID)}-{chr(sys.maxunicode)}]{_GARBLED}?")
_GUARD = 0.3  # seconds; more is shared only where there is no pause


@dataclass
class Gateway:
    """A simulated gateway.

    Args:
        kind: what its replies hold: "words" with times, "segments", or "text" alone, which may be aligned.
        rng: chooses what is heard of words at edges, and how far times are off.
    """

    kind: str
    rng: random.Random

    def transcribe(self, piece: Piece, words: list[tuple[int, Said]]) -> Transcript:
        """Return what is heard of the words in a piece, each with its number."""
        start, end = piece.start, piece.end
        heard = [item for number, word in words for item in self._hear(number, word, start, end)]
        heard.sort(key=lambda item: item["at"])
        for item, earlier in zip(heard[1:], heard, strict=False):
            item["start"] = max(item["start"], earlier["start"])
            item["end"] = max(item["end"], item["start"])
        reply: dict = {"text": " ".join(item["word"] for item in heard), "language": "en"}
        if self.kind == "words":
            reply["words"] = heard
        elif self.kind == "segments":
            reply["segments"] = [_build_segment(group) for group in _group_words(heard)]
        transcript = parse_transcript(json.dumps(reply).encode(), {}, provider="p", model="m", duration=end - start)
        if self.kind in ("text", ALIGNED) and words:
            transcript = replace(transcript, segments=(self._place_text(reply["text"], words, start, end),))
        return (_align(transcript, piece) if self.kind == ALIGNED else transcript).shift(start)

    def _hear(self, number: int, word: Said, start: float, end: float) -> Iterator[dict]:
        label, is_whole = chr(_FIRST_ID + number), start <= word.start and word.end <= end
        how = "heard" if is_whole else self.rng.choice(["heard", "garbled", "missing"])
        if how == "missing":
            return
        text = word.text + label
        if how == "garbled":
            half = (len(word.text) + 1) // 2
            fragment = word.text[:half] if word.end > end else word.text[-half:]
            text = self.rng.choice([fragment, "hm", self.rng.choice(VOCABULARY)]) + label + _GARBLED
        begin, stop = (
            min(max(0.0, time - start + self.rng.uniform(-JITTER, JITTER)), end - start)
            for time in (max(word.start, start), min(word.end, end))
        )
        yield {"word": text, "start": begin, "end": max(begin, stop), "at": word.start}

    def _place_text(self, text: str, words: list[tuple[int, Said]], start: float, end: float) -> Segment:
        """Return a segment of the whole text, of the piece or of its speech: in noise, that cannot be told."""
        spoken = max(start, words[0][1].start) - start, min(end, max(word.end for _, word in words)) - start
        return Segment(*self.rng.choice([(0.0, end - start), spoken]), text)


def _align(transcript: Transcript, piece: Piece) -> Transcript:
    """Give the words of a text the times that PocketSphinx finds for them. It does not see their numbers."""
    labels = iter(_LABEL.findall(transcript.text))
    bare = [replace(segment, text=_LABEL.sub("", segment.text)) for segment in transcript.segments]
    aligned = align_transcript(replace(transcript, segments=tuple(bare)), piece.audio)
    return replace(aligned, segments=tuple(_restore_labels(segment, labels) for segment in aligned.segments))


def _restore_labels(segment: Segment, labels: Iterator[str]) -> Segment:
    texts = [text + next(labels) for text in segment.text.split()]
    words = [replace(word, text=text) for word, text in zip(segment.words, texts, strict=True)] if segment.words else ()
    return replace(segment, text=" ".join(texts), words=tuple(words))


def _group_words(words: list[dict]) -> Iterator[list[dict]]:
    group = list[dict]()
    for word in words:
        if group and (len(group) == 12 or word["start"] - group[-1]["end"] > 0.4):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _build_segment(words: list[dict]) -> dict:
    text = " ".join(word["word"] for word in words)
    return {"start": words[0]["start"], "end": max(word["end"] for word in words), "text": text}


@dataclass
class Score:
    """What happened at the cuts of one kind of sound."""

    cuts: int = 0
    at_pauses: int = 0
    seconds: float = 0.0
    shared: float = 0.0
    bridges: Counter = field(default_factory=Counter)
    bridged: Counter = field(default_factory=Counter)
    counts: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))

    def describe(self, sound: str) -> str:
        """Return a row of the table."""
        cells = [" / ".join(str(counts[name]) for name in OUTCOMES) for counts in self.counts.values()]
        bridges = " / ".join(str(self.bridges[kind]) for kind in self.counts)
        billed = (self.shared + max(self.bridged.values())) / self.seconds
        numbers = (f"{self.cuts} | {self.at_pauses} | {bridges}", f"{billed:+.2%}")
        return f"| {sound} | {' | '.join((*numbers, *cells))} |"


def measure(sound: str, cuts: int, longest: float, vad: str, seed: int, gateways: Sequence[str]) -> Score:
    """Cut recordings of one kind of sound until there are so many cuts."""
    score, rng = Score(), random.Random(f"{sound} {seed}")
    while score.cuts < cuts:
        samples, words = CONDITIONS[sound](rng, min(_STRETCH, (cuts - score.cuts + 3) * longest))
        pcm = np.clip(np.rint(samples), -32768, 32767).astype("<i2")
        pieces = list(cut(pcm, longest, vad))
        score.cuts += len(pieces) - 1
        score.at_pauses += sum(piece.shared <= _GUARD for piece in pieces[1:])
        score.seconds += len(pcm) / RATE
        score.shared += sum(piece.shared for piece in pieces if not piece.is_silent)
        for kind in gateways:
            gateway = Gateway(kind, random.Random(f"{sound} {seed} {kind}"))
            parts = [transcribe(gateway, piece, words) for piece in pieces]
            joins = find_uncertain_joins(parts)
            chosen = choose_bridges(joins, sum(part.shared for part in parts), len(pcm) / RATE)
            bridges = [transcribe(gateway, cut_bridge(pcm, *each), words) for each in chosen]
            score.bridges[kind] += len(bridges)
            score.bridged[kind] += sum(bridge.end - bridge.start for bridge in bridges)
            bridged = insert_bridges(parts, joins, bridges)
            score.counts[kind] += count_outcomes(merge_pieces(bridged.parts), len(words))
    return score


def cut(samples: np.ndarray, longest: float, vad: str) -> Iterator[Piece]:
    segmenter = Segmenter(0.0, longest, create_vad(vad))
    for at in range(0, len(samples), RATE):
        yield from segmenter.feed(samples[at : at + RATE].tobytes())
    yield from segmenter.close()


def cut_bridge(pcm: np.ndarray, start: float, end: float) -> Piece:
    return Piece(start, end, BytesContent(pcm[round(start * RATE) : round(end * RATE)].tobytes()))


def transcribe(gateway: Gateway, piece: Piece, words: list[Said]) -> PieceTranscript:
    first = bisect.bisect(words, piece.start - _LONGEST_WORD, key=lambda word: word.start)
    last = bisect.bisect_left(words, piece.end, key=lambda word: word.start)
    within = [(number, words[number]) for number in range(first, last) if words[number].end > piece.start]
    transcript = Transcript("") if piece.is_silent or not within else gateway.transcribe(piece, within)
    return PieceTranscript(piece.start, piece.end, piece.shared, transcript)


def count_outcomes(merged: Transcript, count: int) -> Counter:
    """Count words that are lost, are there more than once, or are there garbled, as their piece's edge left them."""
    tokens = [token for segment in merged.segments for token in segment.text.split()]
    times = Counter(ord(token[-1]) - _FIRST_ID for token in tokens if not token.endswith(_GARBLED))
    outcomes = Counter({0: "lost", 1: "once"}.get(times[number], "doubled") for number in range(count))
    outcomes["broken"] = sum(token.endswith(_GARBLED) for token in tokens)
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=500)
    parser.add_argument("--longest", type=float, default=30.0)
    parser.add_argument("--vad", default="energy")
    parser.add_argument("--sounds", nargs="*", default=list(CONDITIONS), choices=list(CONDITIONS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--words", action="store_true")
    options = parser.parse_args()
    gateways = (*GATEWAYS, ALIGNED) if options.words else GATEWAYS
    print(f"**Pieces of up to {options.longest:g} s; words {', '.join(OUTCOMES)}, by what the gateway sends**\n")
    print(f"| sound | cuts | at pauses | bridges | billed | {' | '.join(gateways)} |")
    print("|---|---|---|---|---|" + "---|" * len(gateways))
    for sound in options.sounds:
        score = measure(sound, options.cuts, options.longest, options.vad, options.seed, gateways)
        print(score.describe(sound), flush=True)


if __name__ == "__main__":
    main()
