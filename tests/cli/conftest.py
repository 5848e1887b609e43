"""The command line in this process: its status, and what it has written."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from audio_core.cli import main


@dataclass
class Result:
    """What a command has left behind."""

    status: int | str | None
    output: str
    errors: str


@pytest.fixture
def audio(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Return a function that runs the command line."""

    def run(*arguments: object) -> Result:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        written = capsys.readouterr()
        return Result(ended.value.code, written.out, written.err)

    return run


@pytest.fixture(autouse=True)
def without_log_handlers() -> Iterator[None]:
    """Leave logging as it was."""
    logger = logging.getLogger("audio_core")
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:], logger.level = handlers, level
