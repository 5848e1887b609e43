"""Parsing of SRT and WebVTT captions, which some gateways send in place of JSON segments."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["parse_subtitles"]

# Every repetition is bounded, so that no text takes quadratic time.
_CUE = re.compile(
    r"(?<![\d:])(?:(\d{1,4}):)?(\d\d):(\d\d[.,]\d{3})[ \t]{1,9}-->[ \t]{1,9}(?:(\d{1,4}):)?(\d\d):(\d\d[.,]\d{3})[^\n]{,999}\n"
    r"(.+?)(?=\n[ \t]{,99}\n|\Z)",
    re.DOTALL,
)
_VOICE = re.compile(r"<v(?:\.[^ <>]{,99})? ([^<>]{1,200})>")
_TAG = re.compile(r"<[^<>]{,300}>")


def parse_subtitles(text: str) -> list[dict[str, Any]]:
    r"""Parse the cues of an SRT or WebVTT text into segments like those of a JSON response.

    Returns:
        One object for each cue, with times in seconds; an empty list if the text is neither SRT nor WebVTT.

    Example:
        >>> parse_subtitles("1\n00:00:01,000 --> 00:00:02,500\nhello\n")
        [{'start': 1.0, 'end': 2.5, 'text': 'hello', 'speaker': None}]
    """
    return [
        {
            "start": _parse_timestamp(*cue[:3]),
            "end": _parse_timestamp(*cue[3:6]),
            "text": _strip_markup(cue[6]),
            "speaker": _find_speaker(cue[6]),
        }
        for cue in _CUE.findall(text.replace("\r\n", "\n"))
    ]


def _parse_timestamp(hours: str, minutes: str, seconds: str) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))


def _strip_markup(text: str) -> str:
    plain_text = " ".join(_TAG.sub("", text).split())
    return plain_text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _find_speaker(text: str) -> str | None:
    voice = _VOICE.search(text)
    return voice[1] if voice else None
