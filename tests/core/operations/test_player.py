"""A page that plays a recording: from a file beside it, or from the sound in it."""

import base64
import re
from pathlib import Path

import pytest

from audio_core import Audio, AudioClient, AudioTooLarge, InvalidOption, Segment, Transcript, UnsupportedFormat
from audio_core.operations import player
from audio_core.testing import tone

TEXT = Transcript("hm", (Segment(0.5, 1.0, "hm"),))


def find_sound(page: str) -> str:
    (url,) = re.findall(r'<audio [^>]*src="([^"]*)"', page)
    return url


def decode_sound(page: str) -> bytes:
    return base64.b64decode(find_sound(page).partition("base64,")[2])


def test_a_file_is_linked_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a talk.wav"
    path.write_bytes(tone(2.0))
    page = AudioClient().render_player(path, TEXT)
    assert find_sound(page) == "a%20talk.wav"
    assert "<title>a talk</title>" in page
    assert '"peaks":[62' in page
    assert str(tmp_path) not in page
    assert find_sound(AudioClient().render_player(path, TEXT, link="https://host/a.wav")) == "https://host/a.wav"


async def test_the_async_twin_renders_the_same_page(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(tone(1.0))
    client = AudioClient()
    assert await client.arender_player(path, TEXT, title="T") == client.render_player(path, TEXT, title="T")


@pytest.mark.parametrize("name", ["wav", "mp3", "flac", "ogg", "m4a", "webm"])
def test_what_browsers_play_is_embedded_as_it_is(recording, name: str) -> None:
    assert decode_sound(AudioClient().render_player(recording(name), TEXT, embed=True)) == recording(name)


@pytest.mark.parametrize("name", ["aiff", "mkv"])
def test_what_browsers_do_not_play_is_embedded_as_mp3_or_refused(recording, name: str) -> None:
    page = AudioClient().render_player(recording(name), TEXT, embed=True)
    copy = Audio.of(decode_sound(page))
    assert copy.format == "mp3"
    with pytest.raises(UnsupportedFormat, match=r"Browsers do not play .* embed=True puts a copy in MP3 in the page"):
        AudioClient().render_player(recording(name), TEXT)


def test_of_a_clip_only_the_clip_is_embedded_and_keeps_its_times() -> None:
    page = AudioClient().render_player(Audio.of(tone(5.0), start=1.0, end=2.0), TEXT, embed=True)
    assert len(decode_sound(page)) < 20_000
    assert '"start":1.0,"end":2.0' in page
    assert '"soundStart":1.0' in page


def test_one_side_of_a_call_is_embedded_alone(recording) -> None:
    page = AudioClient().render_player(Audio.of(recording("wav")).select_channel(0), TEXT, embed=True)
    assert Audio.of(decode_sound(page)).format == "mp3"


def test_too_much_sound_is_refused_before_it_is_encoded(monkeypatch: pytest.MonkeyPatch, recording) -> None:
    monkeypatch.setattr(player, "MAX_EMBEDDED_BYTES", 30_000)
    monkeypatch.setattr(player, "_encode_copy", None)
    for name in ("wav", "aiff"):
        with pytest.raises(AudioTooLarge, match=r"into the page, which may hold 30,000.*embed=False.*clip"):
            AudioClient().render_player(recording(name), TEXT, embed=True)


def test_bytes_have_no_name_to_link_to() -> None:
    with pytest.raises(InvalidOption, match=r"embed=True puts it in the page, and link="):
        AudioClient().render_player(tone(1.0), TEXT)
