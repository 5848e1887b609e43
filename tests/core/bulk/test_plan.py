import errno
import os
from pathlib import Path

import pytest

from audio_core import NotFound, StoreError
from audio_core.bulk.job_folder import JobFolder
from audio_core.bulk.plan import convert_job_errors


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    return JobFolder.of(tmp_path / "out")


def test_the_error_of_a_worker_is_raised_in_place_of_rays(job: JobFolder) -> None:
    original = NotFound("The model `m` does not exist.", status=404)
    with pytest.raises(NotFound) as raised, convert_job_errors(job, lambda: original):
        raise RuntimeError("UDF failed to process a data block.")
    assert raised.value is original


def test_a_full_disk_is_said_to_be_full_without_its_path(job: JobFolder, tmp_path: Path) -> None:
    text = f"a task failed: [Errno 28] Error writing bytes to {tmp_path}. Detail: {os.strerror(errno.ENOSPC)}"
    message = r"written to out, as the disk is full\. Make room and start the job again"
    with pytest.raises(StoreError, match=message) as raised, convert_job_errors(job, lambda: None):
        raise RuntimeError(text)
    assert str(tmp_path) not in str(raised.value)


def test_an_error_of_rays_own_is_raised_as_it_is(job: JobFolder) -> None:
    with pytest.raises(RuntimeError, match="something else"), convert_job_errors(job, lambda: None):
        raise RuntimeError("something else")
