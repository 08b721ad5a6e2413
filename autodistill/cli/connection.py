"""How commands reach the service, and what they end with when it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import httpx
import typer
from pydantic import ValidationError

from autodistill.cli.show import complain, refuse
from autodistill.client import Client
from autodistill.errors import (
    AutodistillError,
    Conflict,
    InvalidInput,
    NotFound,
    Problem,
    Unauthenticated,
)

Url = Annotated[str, typer.Option("--url", envvar="AUTODISTILL_URL", help="Where the service is.")]
HERE = "http://127.0.0.1:8000"
WRONG_INPUT, FAILED = 2, 1


@contextmanager
def connected(url: str) -> Iterator[Client]:
    """Open a client, and turn what goes wrong into a sentence and an exit code."""
    try:
        with Client(url) as client:
            yield client
    except InvalidInput as error:
        raise refused(error) from error
    except (NotFound, Conflict) as error:
        complain(str(error))
        raise typer.Exit(WRONG_INPUT) from error
    except Unauthenticated as error:
        complain(f"{error} Set AUTODISTILL_TOKEN to a token of {url}; its admin makes them.")
        raise typer.Exit(FAILED) from error
    except httpx.TransportError as error:
        complain(f"No service answers at {url} ({error}). Start one with: autodistill up")
        raise typer.Exit(FAILED) from error
    except AutodistillError as error:
        complain(str(error))
        raise typer.Exit(FAILED) from error


def of_pydantic(error: ValidationError) -> InvalidInput:
    """Return what a value of ours says about itself as the service would say it."""
    return InvalidInput(
        Problem(field=".".join(map(str, e["loc"])) or "job", message=f"{e['msg']}.")
        for e in error.errors()
    )


def refused(error: InvalidInput) -> typer.Exit:
    """Print each place that breaks a law, and return how the command ends."""
    for problem in error.problems:
        refuse(problem)
    return typer.Exit(WRONG_INPUT)
