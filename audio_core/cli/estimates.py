"""What `audio transcribe --estimate` prints."""

from __future__ import annotations

import json
from dataclasses import asdict

from audio_core.integration import Estimate

__all__ = ["format_estimate"]

_TOTALS = ("seconds", "stored_seconds", "seconds_to_send", "bytes_to_send", "requests", "cost")


def format_estimate(estimate: Estimate, *, as_json: bool) -> str:
    """Format what a job will need, for people or as JSON."""
    return _format_json(estimate) if as_json else _format_table(estimate)


def _format_table(estimate: Estimate) -> str:
    cost = "not known: give --price-per-minute" if estimate.cost is None else f"${estimate.cost:.4f}"
    count = len(estimate.recordings) - len(estimate.failures)
    unknown = f", {len(estimate.unknown)} of unknown length" if estimate.unknown else ""
    rows = {
        "recordings": f"{count}{unknown}",
        "audio": f"{estimate.seconds:.1f} s, {estimate.stored_seconds:.1f} s of it in the store",
        "to send": f"{estimate.seconds_to_send:.1f} s, {estimate.bytes_to_send:,} bytes",
        "requests": str(estimate.requests),
        "cost": cost,
    }
    return "\n".join(f"{name:10}  {value}" for name, value in rows.items())


def _format_json(estimate: Estimate) -> str:
    recordings = [{**asdict(each), "error": each.error and str(each.error)} for each in estimate.recordings]
    return json.dumps({**{name: getattr(estimate, name) for name in _TOTALS}, "recordings": recordings})
