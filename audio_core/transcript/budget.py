"""A limit on what a job may cost."""

from __future__ import annotations

import threading
from typing import Any

from audio_core.errors import BudgetExceeded, InvalidOption
from audio_core.transcript.usage import Usage

__all__ = ["Budget", "Share"]


class Share:
    """What one request takes of a budget.

    Args:
        budget: of which it is a part.
        seconds: of audio.
        cost: what it is expected to cost, in US dollars; 0 if only seconds are limited.
    """

    def __init__(self, budget: Budget, seconds: float, cost: float) -> None:
        self._budget, self.seconds, self.cost = budget, seconds, cost

    def settle(self, usage: Usage | None) -> None:
        """Count what the gateway says that the request has cost, if it says so, in place of what was expected."""
        if usage is not None and usage.cost is not None:
            self._budget.add(0.0, usage.cost - self.cost)

    def give_back(self) -> None:
        """Count nothing, as the request was not billed."""
        self._budget.add(-self.seconds, -self.cost)


class Budget:
    """A limit on what may be sent for transcription, in seconds of audio or in US dollars, for one job or several.

    A request that would go over it is not sent, and raises `BudgetExceeded`. What is transcribed by then is kept: a
    long recording raises `TranscriptionIncomplete`, which holds it. All that uses the same object counts together, on
    any thread. A request that failed counts if it may have been billed.

    Args:
        seconds: how many seconds of audio may be sent; None for any number.
        cost: how many US dollars may be spent; None for any sum. A gateway that reports costs may exceed it by what the
            requests under way cost more than was expected.
        price_per_minute: US dollars for a minute of audio. It is needed with `cost`, unless `AudioClient.models()` has
            found the model's price.

    Attributes:
        used_seconds: seconds of audio that were sent, or are being sent.
        used_cost: US dollars that were spent, or are expected for what is being sent.

    Raises:
        InvalidOption: if neither limit is given, or a number is negative.

    Example:
        >>> Budget(seconds=3600)
        Budget(seconds=3600, used_seconds=0.0)
    """

    def __init__(
        self, *, seconds: float | None = None, cost: float | None = None, price_per_minute: float | None = None
    ) -> None:
        if seconds is None and cost is None:
            raise InvalidOption(
                "A budget needs a limit: Budget(seconds=3600), or Budget(cost=5.0, price_per_minute=0.006)."
            )
        if wrong := [value for value in (seconds, cost, price_per_minute) if value is not None and not value >= 0]:
            raise InvalidOption(f"A budget of {wrong[0]} is not accepted: give 0 or more.")
        self.seconds, self.cost, self.price_per_minute = seconds, cost, price_per_minute
        self.used_seconds = self.used_cost = 0.0
        self._lock = threading.Lock()

    def reserve(self, label: str, seconds: float, price_per_second: float | None) -> Share:
        """Reserve a share for a request, before it is sent.

        Args:
            label: what messages call the recording.
            seconds: of audio that are to be sent.
            price_per_second: the model's price in US dollars, if it is known; `price_per_minute` goes before it.

        Raises:
            BudgetExceeded: if too little is left.
            InvalidOption: if the cost is limited and no price is known.
        """
        price = price_per_second if self.price_per_minute is None else self.price_per_minute / 60
        if price is None and self.cost is not None:
            raise InvalidOption(
                "The price of this model is not known. Give it: Budget(cost=..., price_per_minute=...), or ask the "
                "gateway first: client.models()."
            )
        share = Share(self, seconds, seconds * (price or 0.0))
        with self._lock:
            self._check(label, share)
            self.used_seconds += share.seconds
            self.used_cost += share.cost
        return share

    def add(self, seconds: float, cost: float) -> None:
        """Add to what is used."""
        with self._lock:
            self.used_seconds += seconds
            self.used_cost += cost

    def _check(self, label: str, share: Share) -> None:
        advice = "Give a larger one, and a store=..., so that what is transcribed is not paid for again."
        if self.seconds is not None and self.used_seconds + share.seconds > self.seconds:
            raise BudgetExceeded(
                f"{label}: {share.seconds:,.1f} s of audio are to be sent, and of the budget of {self.seconds:,.1f} s "
                f"{self.used_seconds:,.1f} s are used. {advice}"
            )
        if self.cost is not None and self.used_cost + share.cost > self.cost:
            raise BudgetExceeded(
                f"{label}: about ${share.cost:,.4f} more are needed, and of the budget of ${self.cost:,.4f} "
                f"${self.used_cost:,.4f} are used. {advice}"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def __repr__(self) -> str:
        names = [name for name in ("seconds", "cost") if getattr(self, name) is not None]
        facts = [f"{key}={getattr(self, key)!r}" for name in names for key in (name, f"used_{name}")]
        return f"Budget({', '.join(facts)})"
