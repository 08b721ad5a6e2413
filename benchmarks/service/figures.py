"""How a figure is told: one JSON line for machines, a row of a table for people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """What was measured against a bar."""

    bar: str
    """R1 to R11."""
    what: str
    value: float
    target: str
    met: bool
    detail: dict[str, Any] = field(default_factory=dict)

    def say(self) -> None:
        """Print the JSON line."""
        print(json.dumps(asdict(self)), flush=True)


def table(figures: list[Figure]) -> None:
    """Print all figures as a table."""
    shown = Table("bar", "what", "measured", "target", "met")
    for f in figures:
        shown.add_row(f.bar, f.what, f"{f.value:.4g}", f.target, "yes" if f.met else "NO")
    Console(stderr=True, width=120).print(shown)
