"""Words with times to utterances: segments of one speaker, cut at pauses and at the ends of sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from audio_core.transcript.segment import Segment, Word, is_sentence_end

__all__ = ["split_into_utterances", "split_sentences", "split_words"]

_PAUSE = 0.5  # seconds; shorter ones stand within sentences
_MAX_SECONDS, _MAX_CHARACTERS = 15.0, 200
_WINDOW = 400  # tokens
_MIN_CHARACTERS = 20  # of a sentence; what is shorter may be an abbreviation
_NON_ALPHANUMERIC = re.compile(r"[\W_]+")
# A character of a script without spaces (Japanese, Chinese) stands alone, anything else up to the next space.
_TOKEN = re.compile("[\u3040-\u30ff\u3400-\u9fff][^\\s\\w]*|[^\\s\u3040-\u30ff\u3400-\u9fff]+")


def split_into_utterances(words: Sequence[Word], text: str = "") -> list[Segment]:
    """Split the words of a recording into segments.

    A segment ends at a pause, at the end of a sentence and where the speaker changes. What is longer than 15 seconds or
    200 characters is split at its widest pause.

    Args:
        words: the words in order of time.
        text: the text as a whole, whose spelling and punctuation the segments keep. No part of it is left out, even if
            the words do not spell it. Without it, the words make the text.

    Example:
        >>> words = [Word(0.0, 0.4, "yes", "A"), Word(0.5, 0.9, "no", "B")]
        >>> [(segment.start, segment.text, segment.speaker) for segment in split_into_utterances(words, "Yes. No.")]
        [(0.0, 'Yes.', 'A'), (0.5, 'No.', 'B')]
    """
    if not words:
        return []
    text = text.strip() or " ".join(word.text for word in words)
    offsets = [*_find_offsets(words, text), len(text)]
    texts = [text[begin:end] for begin, end in pairwise(offsets)]
    bounds = [0, *_find_bounds(words, texts), len(words)]
    return [
        _build_segment(words[begin:end], "".join(texts[begin:end]))
        for first, last in pairwise(bounds)
        for begin, end in _split_long(words, texts, first, last)
    ]


def split_words(text: str) -> list[str]:
    """Split a text into words. A character of a script without spaces is one; a lone dash belongs to the word before.

    Example:
        >>> split_words("Yes – no. いいえ。")
        ['Yes –', 'no.', 'い', 'い', 'え。']
    """
    bounds = [token.start() for token in _TOKEN.finditer(text) if _normalize(token[0])]
    return [text[begin:end].strip() for begin, end in pairwise([0, *bounds[1:], len(text)])] if bounds else []


def split_sentences(text: str) -> list[str]:
    """Split a text into sentences, and those that are longer than 200 characters.

    Example:
        >>> split_sentences("Good morning, everybody. It is late.")
        ['Good morning, everybody.', 'It is late.']
    """
    sentences, begin, end = list[str](), 0, 0
    for token in _TOKEN.finditer(text):
        if end > begin and token.end() - begin > _MAX_CHARACTERS:
            sentences.append(text[begin:end].strip())
            begin = end
        end = token.end()
        if end - begin >= _MIN_CHARACTERS and is_sentence_end(token[0]):
            sentences.append(text[begin:end].strip())
            begin = end
    return [*sentences, *filter(None, [text[begin:].strip()])]


def _find_offsets(words: Sequence[Word], text: str) -> list[int]:
    """Return where each word begins in the text, the first one at 0. They never decrease."""
    tokens = list(_TOKEN.finditer(text))
    spelled = [(index, token) for index, word in enumerate(words) for token in _TOKEN.findall(word.text) or [word.text]]
    matched = _match(
        [_normalize(token[0]) for token in tokens],
        [_normalize(token) for _, token in spelled],
    )
    offsets: list[int] = []
    for (index, _), token in zip(spelled, matched, strict=True):
        if index == len(offsets):
            offsets.append(tokens[token].start() if index and token < len(tokens) else len(text) if index else 0)
    return offsets


def _match(tokens: Sequence[str], spelled: Sequence[str]) -> Iterator[int]:
    """Yield for each token of the words the index of the text's token that it stands for.

    They are compared a window at a time, as the time that a comparison takes grows with the square of its length.
    """
    position = begin = 0
    while begin < len(spelled):
        is_last = begin + _WINDOW >= len(spelled)
        there, here = tokens[position:] if is_last else tokens[position : position + _WINDOW], spelled[begin:][:_WINDOW]
        opcodes = SequenceMatcher(None, there, here, autojunk=False).get_opcodes()
        while not is_last and len(opcodes) > 1 and opcodes[-1][0] != "equal":
            opcodes.pop()  # the next window goes on behind what is equal
        for _, first, last, start, stop in opcodes:
            yield from (position + first + at * (last - first) // (stop - start) for at in range(stop - start))
        position, begin = position + opcodes[-1][2], begin + opcodes[-1][4]


def _normalize(text: str) -> str:
    return _NON_ALPHANUMERIC.sub("", text).casefold()


def _find_bounds(words: Sequence[Word], texts: Sequence[str]) -> Iterator[int]:
    """Yield the index of each word, but the first, with which an utterance begins."""
    length, speaker = 0, words[0].speaker
    for index, (word, following) in enumerate(pairwise(words)):
        length += len(texts[index])
        is_sentence = length >= _MIN_CHARACTERS and is_sentence_end(texts[index])
        speaker = word.speaker or speaker
        is_other_speaker = speaker and following.speaker and following.speaker != speaker
        if is_sentence or is_other_speaker or following.start - word.end >= _PAUSE:
            yield index + 1
            length = 0


def _split_long(words: Sequence[Word], texts: Sequence[str], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of words that are short enough, split at the widest pause in the middle half."""
    seconds, length = words[end - 1].end - words[begin].start, sum(map(len, texts[begin:end]))
    if end - begin < 2 or (seconds <= _MAX_SECONDS and length <= _MAX_CHARACTERS):
        yield begin, end
        return
    middle, quarter = (begin + end) / 2, (end - begin) // 4
    candidates = range(max(begin + 1, begin + quarter), max(begin + 2, end - quarter))
    cut = max(candidates, key=lambda at: (words[at].start - words[at - 1].end, -abs(at - middle)))
    yield from _split_long(words, texts, begin, cut)
    yield from _split_long(words, texts, cut, end)


def _build_segment(words: Sequence[Word], text: str) -> Segment:
    speaker = next((word.speaker for word in words if word.speaker), None)
    return Segment(words[0].start, max(word.end for word in words), text.strip(), speaker, tuple(words))
