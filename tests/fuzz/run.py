"""Try random inputs on each target for some seconds: `make fuzz ARGS="--seconds 60 sse wav"`.

An input that fails is printed as a line `@example(...)` for the test of that room, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "support")]

from targets import TARGETS, Target  # noqa: E402 - after the path is set

ROUND = settings(
    max_examples=1000,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)


class Fuzzer:
    """Tries inputs on a target until its time is up.

    Attributes:
        executions: how many inputs were tried.
        failure: the smallest input that failed, in a list; empty if none has.
    """

    def __init__(self, target: Target, seconds: float) -> None:
        self._target, self._deadline = target, time.monotonic() + seconds
        self.executions = 0
        self.failure: list[Any] = []

    def run(self) -> None:
        """Run rounds of random inputs, and raise the error of the smallest input that fails."""
        while time.monotonic() < self._deadline:
            ROUND(given(self._target.inputs)(self._build_test()))()

    def _build_test(self) -> Callable[[Any], None]:
        """Build a new function for each round, as Hypothesis marks those that it has run."""

        def check(value: Any) -> None:
            if time.monotonic() < self._deadline or self.failure:
                self._try(value)

        return check

    def _try(self, value: Any) -> None:
        self.executions += 1
        try:
            self._target.check(value)
        except BaseException:
            self.failure = [value]
            raise


def main() -> None:
    """Run the targets that the command line names, by default all."""
    parser = argparse.ArgumentParser(description="Try random inputs on everything that reads what others wrote.")
    parser.add_argument("targets", nargs="*", metavar="target", help=f"one of {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--seconds", type=float, default=60.0, help="time for each target (default: %(default)s)")
    options = parser.parse_args()
    if unknown := set(options.targets) - TARGETS.keys():
        parser.error(f"no target {', '.join(sorted(unknown))}")
    logging.disable()
    failed = [name for name in options.targets or TARGETS if not fuzz(name, options.seconds)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def fuzz(name: str, seconds: float) -> bool:
    """Fuzz one target, print what was found, and tell whether nothing failed."""
    fuzzer = Fuzzer(TARGETS[name], seconds)
    try:
        fuzzer.run()
    except Exception:
        if not fuzzer.failure:
            raise
        traceback.print_exc()
        print(f"{name}: failed after {fuzzer.executions:,} executions with\n@example({fuzzer.failure[0]!r})")
        return False
    print(f"{name}: {fuzzer.executions:,} executions, none failed", flush=True)
    return True


if __name__ == "__main__":
    main()
