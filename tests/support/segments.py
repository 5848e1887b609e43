"""Segments with and without times of words, for property tests."""

from hypothesis import strategies as st

from audio_core import Segment, Word

TOKEN = st.text("abcé,.你ßİ", min_size=1, max_size=6)


@st.composite
def segment_lists(draw) -> list[Segment]:
    """Draw segments in order of time, with or without word times. Some of them overlap."""
    segments, at = [], draw(st.integers(0, 5000))
    for tokens in draw(st.lists(st.lists(TOKEN, min_size=1, max_size=5), min_size=1, max_size=5)):
        words = []
        for token in tokens:
            start = at + draw(st.integers(0, 900))
            at = start + draw(st.integers(1, 700))
            words.append(Word(start / 1000, at / 1000, token))
        timed = tuple(words) if draw(st.booleans()) else ()
        segments.append(Segment(words[0].start, words[-1].end, " ".join(tokens), words=timed))
        at = max(0, at - draw(st.integers(0, 300)))
    return segments
