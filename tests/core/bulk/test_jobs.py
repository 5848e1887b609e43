"""What `transcribe_dataset` does before Ray is needed, and what it hands to Ray. `tests/bulk` runs it on a cluster."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from audio_core import Audio, InvalidOption, MissingDependency, Transcript, UnsupportedFormat
from audio_core.bulk import jobs, transcribe_dataset
from audio_core.testing import tone

REMOTE = {"provider": "openai", "model": "whisper-1", "api_key": "sk-very-secret"}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was handed to Ray, which does nothing."""
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr(jobs, "_run_job", lambda *arguments: calls.append(arguments))
    monkeypatch.setattr(jobs, "summarize_rows", lambda *arguments: arguments)
    return calls


def test_workers_get_their_options_and_the_job_gets_its_own(tmp_path: Path, started) -> None:
    options = {**REMOTE, "language": "en", "store": "store.sqlite", "max_concurrency": 4}
    transcribe_dataset(["a.mp3"], tmp_path / "out", requests_per_minute=60, concurrency=(2, 5), num_cpus=0.5, **options)
    (_, missing, pool, settings, workers) = started[0]
    assert missing == 1
    assert workers == {**options, "store": str(Path("store.sqlite").absolute())}
    assert settings["requests_per_minute"] == 60
    assert (pool.fewest, pool.most, pool.num_cpus, pool.rows) == (2, 5, 0.5, 4)


def test_a_worker_that_waits_for_a_gateway_takes_less_of_a_core(tmp_path: Path, started) -> None:
    transcribe_dataset(["a.mp3"], tmp_path / "remote", **REMOTE)
    transcribe_dataset(["a.mp3"], tmp_path / "local", concurrency=3)
    assert [pool.num_cpus for _, _, pool, *_ in started] == [0.25, 1.0]
    assert (started[1][2].fewest, started[1][2].most) == (3, 3)


def test_a_job_with_nothing_to_do_starts_no_cluster(tmp_path: Path, started, write_rows) -> None:
    transcribe_dataset(["a.mp3"], tmp_path / "out", **REMOTE)
    write_rows("0", {"a.mp3": Transcript("done")})
    transcribe_dataset(["a.mp3"], tmp_path / "out", **REMOTE)
    assert len(started) == 1


def test_a_folder_belongs_to_one_model_and_shows_no_key(tmp_path: Path, started) -> None:
    speaker = {"known_speakers": {"Ann": Audio.of(tone(3.0))}, "diarize": True}
    transcribe_dataset(["a.mp3"], tmp_path, **REMOTE, keywords=["Ann"], **speaker)
    settings = json.loads((tmp_path / "job.json").read_text())
    assert settings == {"diarize": True, "format": 1, "keywords": ["Ann"], "model": "whisper-1", "provider": "openai"}
    with pytest.raises(InvalidOption, match="model='whisper-1', not 'other'"):
        transcribe_dataset(["a.mp3"], tmp_path, **{**REMOTE, "model": "other"}, keywords=["Ann"], **speaker)
    transcribe_dataset(["a.mp3"], tmp_path, **REMOTE, keywords=["Ann"], **speaker, max_concurrency=2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"concurrency": (3, 2)}, "give \\(fewest, most\\)"),
        ({"concurrency": 0}, "concurrency=0 is not accepted"),
        ({"requests_per_minute": -1}, "requests_per_minute=-1 is not accepted"),
        ({"retry_faild": True}, "Did you mean 'retry_failed'"),
        ({"langage": "en"}, "Did you mean 'language'"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_written(
    tmp_path: Path, started, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidOption, match=message):
        transcribe_dataset(["a.mp3"], tmp_path / "out", **{**REMOTE, **options})
    assert not (tmp_path / "out").exists()


def test_a_gateway_without_a_model_is_refused(tmp_path: Path, started) -> None:
    with pytest.raises(UnsupportedFormat, match="Say which of openai's models"):
        transcribe_dataset(["a.mp3"], tmp_path, provider="openai")


def test_every_option_is_documented() -> None:
    text = f"{jobs.BulkOptions.__doc__}{jobs.TranscriberOptions.__doc__}"
    assert not [
        name for name in jobs.BulkOptions.__optional_keys__ if f" {name}: " not in text and f"`{name}`" not in text
    ]


def test_without_ray_the_command_that_installs_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "ray.data", raising=False)
    with pytest.raises(MissingDependency, match=r"Bulk jobs need ray: pip install 'langchain-llamaindex-audio\[ray\]'"):
        transcribe_dataset(["a.mp3"], tmp_path / "out", **REMOTE)
