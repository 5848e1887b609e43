"""Show how far a bulk job has come: in a terminal, and to a callback."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from typing import Any

from audio_core.bulk.progress import BulkProgress

__all__ = ["describe_progress", "watch_progress"]

_INTERVAL = 1.0  # seconds


@contextlib.contextmanager
def watch_progress(
    get_progress: Callable[[], BulkProgress], report: Callable[[BulkProgress], object] | None, *, show: bool
) -> Generator[None]:
    """Report the progress of the block each second, and once more at its end.

    Args:
        get_progress: returns the progress.
        report: called with it, on another thread.
        show: whether to show a progress bar on standard error.
    """
    if report is None and not show:
        yield
        return
    with contextlib.ExitStack() as stack:
        bar = stack.enter_context(_open_bar()) if show else None

        def tell() -> None:
            progress = get_progress()
            if bar is not None:
                _show(bar, progress)
            if report is not None:
                report(progress)

        stack.enter_context(_call_regularly(tell))
        yield
        tell()


@contextlib.contextmanager
def _call_regularly(function: Callable[[], None]) -> Generator[None]:
    is_over = threading.Event()

    def call() -> None:
        while not is_over.wait(_INTERVAL):
            function()

    thread = threading.Thread(target=call, daemon=True, name="bulk-progress")
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@contextlib.contextmanager
def _open_bar() -> Generator[Any]:
    from tqdm.auto import tqdm  # noqa: PLC0415 - only the bar needs it

    bar: Any = tqdm(unit=" recordings")
    try:
        yield bar
    finally:
        bar.close()


def _show(bar: Any, progress: BulkProgress) -> None:
    bar.total, bar.n = progress.total, progress.done
    bar.set_postfix_str(describe_progress(progress))


def describe_progress(progress: BulkProgress) -> str:
    """Return what a progress bar says beside the number of recordings.

    Example:
        >>> describe_progress(BulkProgress(10, 5, 600.0, 0.06, {"InvalidAudio": 1}, elapsed=10.0))
        '60 s of audio per second, $0.0600, 1 InvalidAudio'
    """
    facts = [f"{progress.seconds_per_second:,.0f} s of audio per second"]
    facts += [] if progress.cost is None else [f"${progress.cost:,.4f}"]
    facts += [f"{count} {name}" for name, count in progress.failures.items()]
    return ", ".join(facts)
