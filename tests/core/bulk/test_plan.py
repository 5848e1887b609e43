import errno
from pathlib import Path

import pytest

from audio_core import NotFound, StoreError
from audio_core.bulk.job_folder import JobFolder
from audio_core.bulk.plan import convert_job_errors


class TaskError(Exception):
    """An error as Ray wraps it."""

    def __init__(self, cause: Exception) -> None:
        super().__init__("a long trace")
        self.cause = cause


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder.of(tmp_path / "out")


def test_the_error_of_a_worker_is_raised_in_place_of_rays(job: JobFolder) -> None:
    original, failure = NotFound("The model `m` does not exist.", status=404), RuntimeError("the job failed")
    failure.__cause__ = TaskError(original)
    with pytest.raises(NotFound) as raised, convert_job_errors(job):
        raise failure
    assert raised.value is original


def test_a_full_disk_is_said_to_be_full_without_its_path(job: JobFolder, tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", str(tmp_path))
    with (
        pytest.raises(StoreError, match=r"written to out, as the disk is full. Make room and start the job") as raised,
        convert_job_errors(job),
    ):
        raise TaskError(full)
    assert str(tmp_path) not in str(raised.value)


def test_an_error_of_rays_own_is_raised_as_it_is(job: JobFolder) -> None:
    with pytest.raises(TaskError), convert_job_errors(job):
        raise TaskError(ValueError("something else"))
