from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from pyarrow import parquet

from audio_core import AudioError, InvalidAudio, InvalidOption, StoreError, Transcript
from audio_core.bulk.job_folder import JobFolder

SETTINGS = {"model": "a", "provider": "openai"}
DONE = Transcript("done")


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder.of(tmp_path / "out")


def prepare(job: JobFolder, *uris: str, **options: bool) -> list[str]:
    """Prepare a run, and return the URIs that it is to transcribe."""
    count = job.prepare_run(pa.table({"uri": list(uris)}), **{"retry_failed": False, **options})
    files = sorted(Path(job.manifest.path).iterdir())
    listed = [uri for file in files for uri in parquet.read_table(file)["uri"].to_pylist()]
    assert len(listed) == count
    return listed


def list_rows(tmp_path: Path) -> list[str]:
    files = sorted((tmp_path / "out/rows").iterdir())
    return [uri for file in files for uri in parquet.read_table(file)["uri"].to_pylist()]


def test_a_first_run_has_everything_to_do(job: JobFolder) -> None:
    assert prepare(job, "a.mp3", "b.mp3") == ["a.mp3", "b.mp3"]


def test_a_later_run_does_only_what_is_missing(job: JobFolder, write_rows) -> None:
    write_rows("1", {"a.mp3": DONE, "bad.mp3": InvalidAudio("bad.mp3 is not audio.")})
    assert prepare(job, "a.mp3", "b.mp3", "bad.mp3") == ["b.mp3"]
    assert prepare(job, "a.mp3", "bad.mp3") == []


def test_failed_rows_are_done_again_if_asked_for(tmp_path: Path, job: JobFolder, write_rows) -> None:
    write_rows("1", {"a.mp3": DONE, "bad.mp3": InvalidAudio("bad.mp3 is not audio.")})
    write_rows("2", {"worse.mp3": InvalidAudio("worse.mp3 is not audio.")})
    assert prepare(job, "a.mp3", "bad.mp3", "worse.mp3", retry_failed=True) == ["bad.mp3", "worse.mp3"]
    assert list_rows(tmp_path) == ["a.mp3"]


def test_an_interruption_while_failures_are_forgotten_leaves_no_row_twice(
    tmp_path: Path, job: JobFolder, write_rows
) -> None:
    write_rows("1", {"a.mp3": DONE, "bad.mp3": InvalidAudio("bad.mp3 is not audio.")})
    parquet.write_table(pa.table({"uri": ["a.mp3"]}), tmp_path / "out/checkpoint/1.parquet")  # and then it stopped
    assert prepare(job, "a.mp3", "bad.mp3") == ["bad.mp3"]
    assert list_rows(tmp_path) == ["a.mp3"]


def test_rows_without_a_checkpoint_are_done_again(tmp_path: Path, job: JobFolder, write_rows) -> None:
    write_rows("1", {"a.mp3": DONE})
    write_rows("2", {"b.mp3": DONE}, done=False)
    assert prepare(job, "a.mp3", "b.mp3") == ["b.mp3"]
    assert list_rows(tmp_path) == ["a.mp3"]
    assert [file.name for file in (tmp_path / "out/checkpoint").iterdir()] == ["1.parquet"]


def test_what_is_left_of_a_file_that_was_being_written_is_removed(tmp_path: Path, job: JobFolder, write_rows) -> None:
    write_rows("1", {"a.mp3": DONE})
    whole = (tmp_path / "out/rows/1.parquet").read_bytes()
    (tmp_path / "out/rows/2.parquet").write_bytes(whole[:-20])
    assert prepare(job, "a.mp3", "b.mp3") == ["b.mp3"]
    assert list_rows(tmp_path) == ["a.mp3"]


def test_a_large_manifest_is_written_in_several_files(job: JobFolder) -> None:
    uris = [f"{number}.mp3" for number in range(25_000)]
    assert prepare(job, *uris) == uris
    assert len(list(Path(job.manifest.path).iterdir())) == 3


def test_a_folder_belongs_to_one_job(job: JobFolder) -> None:
    job.claim(SETTINGS, overwrite=False)
    job.claim(SETTINGS, overwrite=False)
    with pytest.raises(InvalidOption, match=r"another job, with model='a', not 'b'. Give another folder, or overwrite"):
        job.claim({**SETTINGS, "model": "b"}, overwrite=False)


def test_a_folder_is_overwritten_only_if_asked_for(tmp_path: Path, job: JobFolder, write_rows) -> None:
    job.claim(SETTINGS, overwrite=True)
    write_rows("1", {"a.mp3": DONE})
    (tmp_path / "out/notes.txt").write_text("mine")
    job.claim(SETTINGS, overwrite=True)
    assert prepare(job, "a.mp3") == []  # the job is the same one
    job.claim({**SETTINGS, "model": "b"}, overwrite=True)
    assert prepare(job, "a.mp3") == ["a.mp3"]
    assert (tmp_path / "out/notes.txt").read_text() == "mine"


def test_a_folder_with_other_files_is_refused(tmp_path: Path, job: JobFolder) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/thesis.docx").touch()
    with pytest.raises(InvalidOption, match="out holds 1 files that no bulk job wrote"):
        job.claim(SETTINGS, overwrite=False)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("checkpoint", [None, "s3://buckte/checkpoint"])
def test_a_bucket_that_is_not_there_is_not_made(checkpoint: str | None) -> None:
    job = JobFolder.of("s3://bucket/new" if checkpoint else "s3://buckte/new", checkpoint)
    with pytest.raises(StoreError, match="There is no bucket 'buckte', and none is created"):
        job.claim(SETTINGS, overwrite=False)
    assert fsspec.filesystem("s3", skip_instance_cache=True).ls("") == ["bucket"]


def test_a_job_may_be_in_a_bucket(memory: fsspec.AbstractFileSystem) -> None:
    memory.mkdir("/bulk-job")
    job = JobFolder.of("memory://bulk-job/out")
    job.claim(SETTINGS, overwrite=False)
    assert job.prepare_run(pa.table({"uri": ["a.mp3"]}), retry_failed=True) == 1
    with pytest.raises(InvalidOption, match="memory://bulk-job/out holds the rows of another job"):
        job.claim({}, overwrite=False)


@pytest.mark.usefixtures("bucket")
def test_a_job_in_a_bucket_finds_what_other_processes_have_written_there(tmp_path: Path, write_rows) -> None:
    write_rows("1", {"a.mp3": DONE})
    for run in range(2):
        job = JobFolder.of("s3://bucket/job")
        job.claim(SETTINGS, overwrite=False)
        assert job.prepare_run(pa.table({"uri": ["a.mp3", "b.mp3"]}), retry_failed=False) == 2 - run
        assert [file.path.rsplit("/", 2)[1] for file in job.location.join("manifest").list_files()] == [job.run]
        worker = fsspec.filesystem("s3", skip_instance_cache=True)
        for folder in ("rows", "checkpoint"):
            worker.put(str(tmp_path / "out" / folder / "1.parquet"), f"bucket/job/{folder}/1.parquet")


def test_the_checkpoint_may_be_elsewhere(tmp_path: Path, write_rows) -> None:
    job = JobFolder.of(tmp_path / "out", tmp_path / "elsewhere")
    assert job.checkpoint.path == str(tmp_path / "elsewhere")


def test_a_checkpoint_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/thesis.docx").touch()
    job = JobFolder.of(tmp_path / "out", tmp_path / "elsewhere")
    with pytest.raises(InvalidOption, match="elsewhere holds 1 files that no bulk job wrote"):
        job.claim(SETTINGS, overwrite=False)
    assert (tmp_path / "elsewhere/thesis.docx").exists()


def test_a_folder_that_cannot_be_used_is_our_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AudioError, match="out cannot be") as raised:
        JobFolder.of(tmp_path / "file" / "out").claim(SETTINGS, overwrite=False)
    assert str(tmp_path) not in str(raised.value)
