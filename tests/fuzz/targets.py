"""The targets of `make fuzz`: what others write, and what must hold whatever they write."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import httpx
from any_json import ANY_JSON, list_wrong_fields, mutate
from hypothesis import strategies as st

from audio_core import Access, Audio, AudioError, Transcript
from audio_core.audio.content import BytesContent
from audio_core.audio.formats import FORMATS
from audio_core.audio.media_fragment import format_fragment, split_fragment
from audio_core.audio.sniffing import describe_bytes, sniff_content
from audio_core.http.access import is_public
from audio_core.http.download import download
from audio_core.http.flow import Response, RunBlocking, Send
from audio_core.http.sse import ServerSentEvents
from audio_core.media.ogg import find_end_of_last_page, is_one_stream_between
from audio_core.media.probing import probe
from audio_core.media.wav import parse_plain_wav, parse_wav_header
from audio_core.testing import tone
from audio_core.wire.transcription_response import parse_transcript

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True)
class Target:
    """A check, and the inputs that it is tried on."""

    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], object]


def join(*tokens: Any, max_size: int = 40) -> st.SearchStrategy[Any]:
    """Return texts or bytes that consist of tokens."""
    return st.lists(st.sampled_from(tokens), max_size=max_size).map(type(tokens[0])().join)


# --- server-sent events ---

EVENTS = join(
    b"data: ", b"data:", b"data", b"\r", b"\n", b"\n\n", b": c", b"[DONE]", b'{"a":1}', b"\xef\xbb\xbf", b"\xff"
)


def check_events(case: tuple[bytes, list[int]]) -> None:
    """Check that events are those of a plain reading of the standard, wherever the network cuts them."""
    data, cuts = case
    decoder, edges = ServerSentEvents(), sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    events = [event for a, b in pairwise(edges) for event in decoder.feed(data[a:b])]
    assert [*events, *decoder.close()] == list(read_events(data))


def read_events(data: bytes) -> Iterator[str]:
    lines: list[str] = []
    start = len(data) - len(data.lstrip(b"\r\n"))  # a mark behind blank lines is dropped too
    for line in (*re.split(rb"\r\n|\n|\r", data[start:].removeprefix(b"\xef\xbb\xbf")), b""):
        name, _, value = line.partition(b":")
        if name == b"data":
            lines.append(value.removeprefix(b" ").decode("utf-8", "replace"))
        elif not line and lines:
            yield "\n".join(lines)
            lines = []


# --- transcription JSON ---

WORD = {"word": "one", "start": 0.0, "end": 1.0, "speaker": "A", "confidence": 0.5}
SEGMENT = {
    "text": "one two",
    "start": 0.0,
    "end": 2.0,
    "speaker_label": "A",
    "avg_logprob": -0.1,
    "words": [WORD, WORD],
}
REPLY = {
    "text": "one two",
    "language": ["en"],
    "duration": 6.0,
    "input_length_ms": 6000,
    "model": "m",
    "segments": [SEGMENT, {**SEGMENT, "start": 2.0, "end": None}, {**SEGMENT, "start": 4.0, "end": 6.0}],
    "speaker_segments": [],
    "words": [WORD, {**WORD, "start": 1.0, "end": 2.0}],
    "usage": {"seconds": 6, "cost": 0.1, "prompt_tokens_details": {"audio_tokens": 9}},
}


def check_transcription(case: tuple[Any, float | None]) -> None:
    """Check that a reply is a transcript with all its times in order, which can be stored, or an error."""
    reply, duration = case
    with contextlib.suppress(AudioError):
        transcript = parse_transcript(json.dumps(reply).encode(), {}, provider="p", model="m", duration=duration)
        assert list_wrong_fields(transcript) == []
        starts = [segment.start for segment in transcript.segments]
        assert starts == sorted(starts)
        for segment in transcript.segments:
            assert all(0 <= part.start <= part.end < 1e9 for part in (segment, *segment.words))
            assert duration is None or segment.end <= duration + 1
        assert Transcript.from_json(transcript.to_json()) == transcript
        assert transcript.to_vtt()


# --- sniffing and headers ---

MAGIC = join(
    b"RIFF", b"RF64", b"....WAVE", b"FORM", b"ID3", b"\xff\xfb\x90\x00", b"\xff\xf1", b"ftyp", b"OggS", b"\0" * 9
)
WAV = tone(0.05)


def check_sniffing(data: bytes) -> None:
    """Check that bytes have a known format or none, and are decoded or refused."""
    assert sniff_content(BytesContent(data)) in (None, *FORMATS.values())
    assert describe_bytes(data)
    with contextlib.suppress(AudioError):
        assert probe(Audio.of(data)).duration >= 0


@st.composite
def damage(draw: st.DrawFn, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 6))):
        at, junk = draw(st.integers(0, len(data) - 1)), draw(st.binary(min_size=1, max_size=8))
        if draw(st.booleans()):
            changed[at : at + len(junk)] = junk
        else:
            changed[at:at] = junk
    return bytes(changed[: draw(st.integers(0, len(changed)))])


def check_wav(data: bytes) -> None:
    """Check that what a header says is possible, and that the file is decoded or refused."""
    header, plain = parse_wav_header(BytesContent(data)), parse_plain_wav(BytesContent(data))
    if header is not None:
        assert min(header.sample_rate, header.channels, header.block_bytes, header.data_start) > 0
        assert header.data_start <= len(data)
    assert plain is None or 0 < plain.duration <= len(data)
    with contextlib.suppress(AudioError):
        assert probe(Audio.of(data)).duration >= 0


PAGES = st.lists(
    st.builds(
        lambda pattern, flags, granule, serial, lengths: (
            struct.pack("<4sBBqIIIB", pattern, 0, flags, granule, serial, 0, 0, len(lengths))
            + bytes(lengths)
            + bytes(sum(lengths))
        ),
        st.sampled_from([b"OggS", b"OggS", b"OggT"]),
        st.integers(0, 7),
        st.integers(-2, 20) | st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 2),
        st.lists(st.integers(0, 255), max_size=3),
    ),
    max_size=6,
).map(b"".join)


def check_ogg(case: tuple[bytes, int]) -> None:
    """Check that a stream that reaches a position reaches all before it, and that the last page has an end."""
    content, position = BytesContent(case[0]), case[1]
    if is_one_stream_between(position, position, content):
        assert is_one_stream_between(position - 1, position - 1, content)
    end = find_end_of_last_page(content)
    assert end is None or end >= 27


# --- media fragments ---

FRAGMENTS = join(
    "a.mp3", "#", "t=", "T=", "npt:", "track=", "&", ",", ":", ".", "1", "07", "59", "s", "-", "٣", "%", " "
)


def check_fragment(text: str) -> None:
    """Check that a clip is read, and written so that it is read again, or refused."""
    with contextlib.suppress(AudioError):
        base, start, end, track = split_fragment(text)
        assert text.startswith(base)
        again = split_fragment("a" + format_fragment(start, end, track))
        assert (again[1] or 0.0) == round(start or 0.0, 3)
        assert again[2:] == (None if end is None else round(end, 3), track)
        Audio.of(text)


# --- the guard of URLs ---

PRIVATE = st.sampled_from(
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "100.64.0.1", "0.0.0.0", "172.16.0.9"]
)
EMBEDDED = [
    lambda v4: f"::ffff:{v4}",
    lambda v4: f"::{v4}",
    lambda v4: f"64:ff9b::{v4}",
    lambda v4: f"::ffff:0:{v4}",
    lambda v4: str(ipaddress.IPv6Address(0x2002 << 112 | int(ipaddress.IPv4Address(v4)) << 80)),
    lambda v4: str(ipaddress.IPv6Address(0x20010000 << 96 | int(ipaddress.IPv4Address(v4)) ^ 0xFFFFFFFF)),
    lambda v4: f"2606:4700::5efe:{v4}",
]
NOT_PUBLIC = PRIVATE | st.sampled_from(EMBEDDED).flatmap(PRIVATE.map)
ADDRESSES = st.ip_addresses().map(str) | NOT_PUBLIC | st.sampled_from(["93.184.215.14", "2606:4700::1111"])
URLS = join(
    "http://",
    "HTTPS://",
    "//",
    "/",
    "\\",
    "@",
    ":",
    "80",
    "0",
    "[",
    "]",
    "::1",
    "é",
    "a.com",
    ".",
    "#",
    "?",
    "%00",
    "\t",
    "\n",
)


def check_private(address: str) -> None:
    """Check that an address of a private network is not public."""
    assert not is_public(address)


def check_download(case: tuple[str, str, list[str]]) -> None:
    """Check that requests go to public addresses only, and can be written as HTTP, through every redirect."""
    url, address, redirects = case
    replies = iter([Response(302, {"location": location}) for location in redirects])
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]
    with mock.patch("socket.getaddrinfo", return_value=found), contextlib.suppress(AudioError):
        flow = download(Audio.of(url), Access(), timeout=1.0, max_retries=0)
        step = next(flow)
        with contextlib.suppress(StopIteration):
            while True:
                step = flow.send(answer(step, replies))


def answer(step: Any, replies: Iterator[Response]) -> Any:
    if isinstance(step, RunBlocking):
        return step.function()
    assert isinstance(step, Send)
    target = urlsplit(step.request.url)
    assert target.scheme in ("http", "https")
    assert is_public(str(target.hostname))
    assert "@" not in target.netloc
    for text in (str(httpx.URL(step.request.url)), *step.request.headers.values()):
        assert text.isascii(), text
        assert text.isprintable(), text
    return next(replies, Response(200, {}))


TARGETS = {
    "sse": Target(st.tuples(EVENTS | st.binary(max_size=60), st.lists(st.integers(0, 200), max_size=8)), check_events),
    "transcription": Target(
        st.tuples(
            mutate(REPLY).flatmap(lambda mutation: mutate(mutation.reply)).map(lambda mutation: mutation.reply)
            | ANY_JSON,
            st.none() | st.floats(0.1, 20),
        ),
        check_transcription,
    ),
    "sniffing": Target(st.builds(bytes.__add__, MAGIC, st.binary(max_size=200)), check_sniffing),
    "wav": Target(damage(WAV[:300]), check_wav),
    "ogg": Target(
        st.tuples(PAGES.flatmap(lambda data: damage(data or b"O") | st.just(data)), st.integers(-1, 2**63)), check_ogg
    ),
    "fragments": Target(FRAGMENTS | st.text(), check_fragment),
    "addresses": Target(ADDRESSES | st.text(), is_public),
    "private": Target(NOT_PUBLIC, check_private),
    "urls": Target(
        st.tuples(URLS.map("http://".__add__) | URLS, ADDRESSES, st.lists(URLS, max_size=3)), check_download
    ),
}
