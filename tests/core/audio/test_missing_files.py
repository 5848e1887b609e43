"""What an error says of a path that names no file."""

from pathlib import Path

import pytest

from audio_core import Audio, AudioNotFound, InvalidAudio
from audio_core.testing import tone
from langchain_audio import AudioLoader
from llamaindex_audio import AudioReader


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "meet").mkdir()
    (tmp_path / "meet" / "a.wav").write_bytes(tone(1.0))
    return tmp_path


@pytest.mark.parametrize("source", ["~/meet/a.wav", Path("~/meet/a.wav"), "~/meet/a.wav#t=0,0.5"])
def test_a_tilde_is_the_home_folder(source, home: Path) -> None:
    audio = Audio.of(source)
    assert audio.path == home / "meet" / "a.wav"
    assert audio.format == "wav"


def test_a_tilde_within_a_url_or_of_nobody_is_a_name() -> None:
    assert str(Audio.of("file:///~/a.wav").path) == "/~/a.wav"
    with pytest.raises(AudioNotFound):
        _ = Audio.of("~nobody-of-this-name/a.wav").format


def test_a_loader_takes_a_folder_at_home() -> None:
    with pytest.raises(AudioNotFound, match=r"no file with '\*\.mp3'"):
        AudioLoader("~/meet", glob="*.mp3").load()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("meet/b.wav", r"no file meet/b\.wav\. Is the path right"),
        ("meet/*.mp3", r"no file meet/\*\.mp3\. .* glob='\*\.mp3'"),
        ("gone/a.wav", r"no file gone/a\.wav\. Its folder, gone, does not exist"),
        ("~/gone/a.wav", r"no file a\.wav\. Its folder, gone, does not exist"),
        ("gone", r"no file or folder gone\."),
    ],
)
def test_the_error_names_what_was_typed(source: str, said: str, home: Path) -> None:
    with pytest.raises(AudioNotFound, match=said) as caught:
        _ = Audio.of(source).format
    assert str(home) not in str(caught.value)
    with pytest.raises(AudioNotFound, match=said):
        AudioLoader(source).load()


def test_an_absolute_path_stays_private(home: Path) -> None:
    with pytest.raises(AudioNotFound) as caught:
        _ = Audio.of(home / "meet" / "b.wav").format
    assert "meet" not in str(caught.value)


@pytest.mark.parametrize("read", [AudioLoader, lambda text: AudioReader().load_data(text), Audio.of])
@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_path_is_not_the_working_directory(read, empty: str) -> None:
    with pytest.raises(InvalidAudio, match="is empty"):
        list(read(empty).load() if read is AudioLoader else read(empty))


@pytest.mark.parametrize("text", ["a/" + "A" * 300 + "/a.wav", "QUJD/" * 2000])
def test_base64_and_other_long_text_is_no_path(text: str) -> None:
    with pytest.raises(AudioNotFound) as caught:
        _ = Audio.of(text).format
    assert len(str(caught.value)) < 300
    with pytest.raises(AudioNotFound, match="There is no file"):
        AudioLoader(text).load()


def test_base64_without_its_type_is_told_where_it_belongs() -> None:
    with pytest.raises(AudioNotFound, match=r"Audio\.from_base64"):
        _ = Audio.of("QUJD" * 2000).format
