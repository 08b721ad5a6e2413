"""What the process of a trial tells its driver: start, epochs, outcome or failure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from autodistill.record import FailureClass, Measurement, Outcome


class Report(BaseModel):
    """One message from a trial's process."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    number: int
    started: bool = False
    """The first message of an attempt; its measurements are those of attempts before."""
    measurements: tuple[Measurement, ...] = ()
    outcome: Outcome | None = None
    """The trial ran to its end."""
    failure: FailureClass | None = None
    """The attempt failed."""
    reason: str = ""

    @property
    def last(self) -> bool:
        """True when the attempt ends by itself after this message."""
        return self.outcome is not None or self.failure is not None

    def packed(self) -> dict[str, Any]:
        """Return the message as Tune carries it."""
        return {"report": self.model_dump_json()}
