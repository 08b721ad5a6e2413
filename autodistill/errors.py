"""The errors a user can meet. No HTTP here: `api/errors.py` maps each leaf to a status.

AutodistillError
├── InvalidInput          what was asked for breaks a law; carries one `Problem` for each place
│   ├── InvalidPipeline   a pipeline that its task refuses
│   ├── InvalidDataset    a table that cannot become a dataset
│   └── InvalidModel      a directory, package or hub id that is no usable model
├── NotFound              nothing has that name
├── Conflict              the thing is not in a state that allows this
│   └── Outdated          it has changed since it was looked at
├── Unauthenticated       nobody is known by the token, or none was sent
├── Forbidden             the caller may not do this
├── TooManyRequests       the caller asks too often
├── Unavailable           the service or its database does not answer just now
├── LeaseLost             another worker owns the job now; whoever gets this stops writing
└── Diverged              a trial's loss or weights are no longer finite
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict


class Problem(BaseModel):
    """One place that breaks one law."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    field: str
    """Dotted path of the culprit, e.g. `pipeline.loss.temperature`."""
    message: str
    """The law, the culprit and the way out, as a sentence."""
    known: tuple[str, ...] = ()
    """The values that would have been accepted, where they can be listed."""


class AutodistillError(Exception):
    """Base of every error raised for a user."""


class InvalidInput(AutodistillError):
    """The input breaks a law."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = (
            (problems,) if isinstance(problems, Problem) else tuple(problems)
        )
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in self.problems))


class InvalidPipeline(InvalidInput):
    """The pipeline breaks a rule of its task."""


class InvalidDataset(InvalidInput):
    """The table cannot become a dataset."""


class InvalidModel(InvalidInput):
    """The source is no model that can be used."""


class NotFound(AutodistillError):
    """Nothing of this kind has that name."""

    def __init__(self, kind: str, name: str, known: Sequence[str] = ()) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        listed = f" The {kind}s are: {', '.join(known)}." if known else ""
        super().__init__(f'No {kind} "{name}".{listed}')


class Conflict(AutodistillError):
    """The thing is not in a state that allows this."""


class Outdated(Conflict):
    """The thing has changed since the caller looked at it."""


class Unauthenticated(AutodistillError):
    """Nobody is known by the token, or none was sent."""


class Forbidden(AutodistillError):
    """The caller may not do this."""


class TooManyRequests(AutodistillError):
    """The caller asks too often."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(f"Too many requests; come again in {wait_s:.1f} s.")


class Unavailable(AutodistillError):
    """The service or its database does not answer just now; what was sent may be sent again."""


class LeaseLost(AutodistillError):
    """Another worker owns the job now."""


class Diverged(AutodistillError):
    """A loss or a weight is no longer finite, so that the trial cannot go on."""
