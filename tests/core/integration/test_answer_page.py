"""An answer as a page: each citation leads to its excerpt, which has its own sound."""

import base64
import re
from pathlib import Path

import pytest

from audio_core import AccessDenied, Audio, AudioTooLarge
from audio_core.integration import answer_page, render_answer
from audio_core.media.probing import probe
from audio_core.testing import tone

TALK = {
    "source": "file:///home/ann/private/a%20talk.mp3",
    "start": 5.0,
    "end": 12.0,
    "speaker": "Ann",
    "text": "Good day.",
}
WEB = {"source": "https://host/b.mp3", "start": 60.0, "end": 61.5, "text": "<b>Loud</b> $text"}
BYTES = {"source": "upload", "sha256": "ab", "start": 1.0, "end": 2.0, "text": "Bytes."}
ANSWER = "They <greet> [a talk 0:05-0:12], are loud (b 1:00; a talk 0:05 - 0:12) and short [upload 0:01-0:02]. $title"


def render(answer: str, *documents: dict, **options: object) -> str:
    return render_answer(answer, documents, lambda each: each, lambda each: each["text"], **options)


def list_sounds(page: str) -> list[str]:
    return re.findall(r'<audio [^>]*src="([^"]*)"', page)


def test_each_citation_leads_to_its_excerpt() -> None:
    page = render(ANSWER, TALK, WEB, BYTES, title="Who?")
    assert re.findall(r'href="#excerpt-(\d)">([^<]*)</a>', page) == [
        ("1", "a talk 0:05-0:12"),
        ("2", "b 1:00"),
        ("1", "a talk 0:05 - 0:12"),
        ("3", "upload 0:01-0:02"),
    ]
    assert "They &lt;greet&gt; [" in page
    assert "$title</div>" in page
    assert "&lt;b&gt;Loud&lt;/b&gt; $text" in page
    assert "3 excerpts" in page
    assert "<h1>Who?</h1>" in page


def test_sound_is_linked_and_no_folder_is_told() -> None:
    page = render(ANSWER, TALK, WEB, BYTES)
    assert list_sounds(page) == ["a%20talk.mp3#t=5,12", "https://host/b.mp3#t=60,61.5"]
    assert "media-src &#x27;self&#x27; file: https://host;" in page
    assert "private" not in page
    assert list_sounds(render(ANSWER, TALK, link="talks/"))[0].startswith("talks/a%20talk.mp3#")
    assert list_sounds(render(ANSWER, TALK, link="https://host/x/"))[0].startswith("https://host/x/a%20talk.mp3#")


def test_with_access_the_page_holds_the_clips_alone(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(tone(10.0))
    cited = {"source": path.as_uri(), "start": 2.0, "end": 3.0, "text": "Hm."}
    (sound,) = list_sounds(render("[talk 0:02-0:03]", cited, access=tmp_path))
    clip = Audio.of(base64.b64decode(sound.partition("base64,")[2].partition("#")[0]))
    assert probe(clip).duration == pytest.approx(1.0, abs=0.06)
    assert sound.endswith("#t=0,1")
    with pytest.raises(AccessDenied):
        render("[talk 0:02-0:03]", cited, access=tmp_path / "other")


def test_too_many_clips_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "talk.wav").write_bytes(tone(4.0))
    monkeypatch.setattr(answer_page, "MAX_EMBEDDED_BYTES", 10_000)
    cited = {"source": (tmp_path / "talk.wav").as_uri(), "start": 0.0, "end": 3.0, "text": "Hm."}
    with pytest.raises(AudioTooLarge, match="leave out access"):
        render("[talk 0:00-0:03]", cited, access=tmp_path)


def test_an_answer_that_cites_nothing_is_a_page_too() -> None:
    page = render("I do not know.", TALK)
    assert "I do not know." in page
    assert "0 excerpts" in page
