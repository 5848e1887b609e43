"""Read the sample files of other projects' tests, and hold each against what the ffmpeg program decodes.

python benchmarks/foreign.py              # all packages
python benchmarks/foreign.py mutagen      # one of them
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foreign_file import examine_file
from measuring import print_table
from sample_files import CACHE, Sample, fetch_samples

HERE = Path(__file__).parent
RESULTS = CACHE / "results.json"
PROCESSES = 2
CPU_SECONDS, HANG_SECONDS = 30, 300  # for one file; a busy machine takes longer, but needs no more of the CPU
MEMORY = 2 * 2**30  # bytes of address space for one file
RIGHT = "right"
FOREIGN = "foreign exceptions"
OTHER_SOUND = "clips of other sound"
REFUSED = "refused that ffmpeg decodes"
DEVIATING = "deviation"
CUT = "cut short or damaged, and refused as such"
ALONE = "decoded that ffmpeg does not"
BOTH = "refused by both"
CLASSES = (RIGHT, DEVIATING, ALONE, BOTH, CUT, REFUSED, OTHER_SOUND, FOREIGN)
TOLD = ("is cut short", "is damaged: its container cannot be read to the end")
FAILURES = (REFUSED, OTHER_SOUND, FOREIGN)


@dataclass(frozen=True)
class Row:
    """The result for one file.

    Attributes:
        name: the package and the path within it.
        path: where it lies in the cache.
        kind: one of `CLASSES`.
        details: what differs, or why it was refused.
    """

    name: str
    path: str
    kind: str
    details: tuple[str, ...]


def main() -> None:
    samples = fetch_samples(sys.argv[1:])
    rows = examine_samples(samples)
    RESULTS.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    print_summary(rows)
    print(f"\nEach row as JSON: {RESULTS}")
    sys.exit(any(row.kind in FAILURES for row in rows))


def examine_samples(samples: Sequence[Sample]) -> list[Row]:
    """Examine each file in a process of its own, so that neither a crash nor a hang ends the run."""
    rows, running = list[Row](), dict[int, tuple[Sample, Path]]()
    waiting = list(reversed(samples))
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < PROCESSES:
                sample, output = waiting.pop(), Path(folder) / f"{len(waiting)}.json"
                running[start_examination(sample.path, output)] = sample, output
            pid, status = os.wait()
            sample, output = running.pop(pid)
            kind, details = classify(read_report(output, os.waitstatus_to_exitcode(status)))
            rows.append(Row(sample.name, str(sample.path), kind, tuple(details)))
            print(f"{len(rows)} of {len(samples)}: {kind}: {sample.name}", file=sys.stderr, flush=True)
    return sorted(rows, key=lambda row: row.name)


def start_examination(path: Path, output: Path) -> int:
    """Fork a process that writes its report of a file to `output`; return its id."""
    if pid := os.fork():
        return pid
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    signal.alarm(HANG_SECONDS)
    try:
        output.write_text(json.dumps(asdict(examine_file(path))))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def read_report(output: Path, exit_code: int) -> dict[str, Any]:
    """Return the report of a process; one with a foreign exception if it was killed."""
    if exit_code == 0:
        return json.loads(output.read_text())
    reason = signal.Signals(-exit_code).name if exit_code < 0 else f"exit code {exit_code}"
    return {"foreign_exceptions": [f"the process ended with {reason} (it may take {CPU_SECONDS} s and {MEMORY} bytes)"]}


def classify(report: dict[str, Any]) -> tuple[str, list[str]]:
    """Return the class of a file and the details; the worst that was found decides."""
    if report["foreign_exceptions"]:
        return FOREIGN, report["foreign_exceptions"]
    if report["other_sound"]:
        return OTHER_SOUND, report["other_sound"] + report["deviations"]
    is_decoded_by_ffmpeg = report["reference_seconds"] > 0 and not report["failed"]
    complaint = [f"ffmpeg: {report['reference_seconds']:.3f} s; {report['complaint'] or 'no complaint'}"]
    if report["refusals"]:
        is_told = all(any(reason in refusal for reason in TOLD) for refusal in report["refusals"])
        refused = CUT if is_told else REFUSED
        return refused if is_decoded_by_ffmpeg else BOTH, report["refusals"] + complaint
    if not is_decoded_by_ffmpeg:
        return ALONE, [f"decode: {report['seconds']:.3f} s", *complaint]
    return (DEVIATING, report["deviations"]) if report["deviations"] else (RIGHT, [])


def print_summary(rows: Sequence[Row]) -> None:
    counts = Counter(row.kind for row in rows)
    print_table(f"{len(rows)} files", ["files"], [(kind, str(counts[kind])) for kind in CLASSES])
    reasons = Counter(generalize(row) for row in rows if row.kind == REFUSED)
    print_table(REFUSED, ["files"], [(reason, str(count)) for reason, count in reasons.most_common()])
    for kind in CLASSES[1:]:
        for row in rows:
            if row.kind == kind:
                print(f"\n{kind}: {row.name}", *row.details, sep="\n    ")


def generalize(row: Row) -> str:
    """Return a row's first refusal without what belongs to this file: its name and numbers."""
    error, _, message = row.details[0].split(": ", 1)[1].replace(Path(row.path).name, "").partition(": ")
    return f"{error}: {re.sub(r'[0-9]+', 'N', re.split(r'[.:;]( |$)', message)[0]).strip()}"


if __name__ == "__main__":
    main()
