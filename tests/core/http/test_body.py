"""Request bodies, which can be sent more than once."""

import base64
import json
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio_core import Audio, InvalidAudio, InvalidOption
from audio_core.audio.content import Base64Content, BytesContent, FileContent
from audio_core.audio.sources import open_regular_file
from audio_core.http.body import FilePart, encode_json, encode_multipart


@given(data=st.binary(max_size=1000), size=st.integers(4, 300), as_text=st.booleans(), note=st.text())
def test_json_with_audio_is_json_with_its_base64(data: bytes, size: int, as_text: bool, note: str) -> None:
    text = base64.b64encode(data).decode()
    content = Base64Content(text) if as_text else BytesContent(data)
    body = encode_json({"note": note, "clips": [{"data": content}, {"data": content}]})
    sent = b"".join(body.iterate_pieces(size))
    assert len(sent) == body.length
    assert json.loads(sent) == {"note": note, "clips": [{"data": text}, {"data": text}]}
    assert b"".join(body.iterate_pieces(size)) == sent


def test_base64_is_sent_as_it_was_given() -> None:
    text = base64.b64encode(bytes(range(256)) * 4).decode()
    assert text.encode() in b"".join(encode_json({"data": Base64Content(text)}).iterate_pieces(100))


def test_a_file_name_cannot_break_out_of_its_header() -> None:
    body = encode_multipart([('a"b', "1")], FilePart("file", 'x"\r\nEvil: 1.wav', "audio/wav", BytesContent(b"RIFF")))
    sent = b"".join(body.iterate_pieces(10))
    assert b'filename="x%22%0D%0AEvil: 1.wav"' in sent
    assert b'name="a%22b"' in sent


ENCODERS = [
    lambda content: encode_json({"data": content}),
    lambda content: encode_multipart([], FilePart("file", "a.wav", "audio/wav", content)),
]


@pytest.mark.parametrize("encode", ENCODERS, ids=["json", "multipart"])
@pytest.mark.parametrize("change", [b"longer than it was", b"short", b"as long!!!", b""])
def test_a_file_that_changes_while_it_is_sent_is_an_error(tmp_path: Path, encode, change: bytes) -> None:
    body = encode(open_old_file(tmp_path / "a.wav"))
    assert len(list(body.iterate_pieces(4))) > 3
    (tmp_path / "a.wav").write_bytes(change)
    with pytest.raises(InvalidAudio, match="changed while it was being sent"):
        list(body.iterate_pieces(1024))


@pytest.mark.parametrize("encode", ENCODERS, ids=["json", "multipart"])
def test_no_body_ends_if_its_file_changes_on_the_way(tmp_path: Path, encode) -> None:
    body = encode(open_old_file(tmp_path / "a.wav"))
    pieces = body.iterate_pieces(4)
    sent = next(pieces) + next(pieces)
    (tmp_path / "a.wav").write_bytes(b"as long!!!")
    with pytest.raises(InvalidAudio, match="changed while it was being sent"):
        sent += b"".join(pieces)
    assert len(sent) < body.length


def open_old_file(path: Path) -> FileContent:
    """Write and open a file that is old enough for a change to show, as clocks of files tick every few milliseconds."""
    path.write_bytes(b"ten bytes!")
    os.utime(path, (0, 0))
    return open_regular_file(path, path.name)


ENDLESS: list = []
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    "value",
    [{1}, Path("a.wav"), b"bytes", math.nan, -math.inf, object(), {(1, 2): 3}, ENDLESS],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(InvalidOption, match=r"cannot be written as JSON: .*\. Pass text, finite numbers"):
        encode_json({"data": [value]})


def test_the_repr_of_a_body_does_not_show_its_content() -> None:
    assert repr(encode_json({"data": Audio.of(b"RIFF....").open_content()})) == "Body('application/json', length=23)"
