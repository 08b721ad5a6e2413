"""NOUN: who may do what, and who did what."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

from autodistill.errors import Forbidden
from autodistill.record import Record


class Scope(StrEnum):
    """What a token is good for; each includes those before it."""

    VIEWER = "viewer"
    """Looks at everything, changes nothing."""
    SUBMITTER = "submitter"
    """Registers data and models, submits and steers jobs."""
    ADMIN = "admin"
    """Manages tokens and webhooks, and reads the audit trail."""

    def covers(self, needed: Scope) -> bool:
        """Whether this scope includes another."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


class Principal(Record):
    """Whoever sends a request."""

    name: str
    scope: Scope
    project: str | None = None
    """The one project whose jobs they see and submit; None is every project."""

    def confined(self, project: str | None) -> str | None:
        """Return the project that is meant: their own where they are bound to one.

        Raises:
            Forbidden: When they ask for another one.
        """
        if self.project is not None and project not in (None, self.project):
            message = f'This token is bound to project "{self.project}", not "{project}".'
            raise Forbidden(f"{message} Leave the project out, or use another token.")
        return self.project or project


LOCAL = Principal(name="local", scope=Scope.ADMIN)
"""Everybody on a service that listens on loopback only and asks for no tokens."""
ROOT = Principal(name="root", scope=Scope.ADMIN)
"""Whoever has the token of the service's own settings."""
RESERVED = (LOCAL.name, ROOT.name)


class ApiToken(Record):
    """A token as it is remembered: not the secret itself."""

    id: str
    name: str
    scope: Scope
    project: str | None
    created_at: datetime
    created_by: str
    revoked_at: datetime | None

    @property
    def principal(self) -> Principal:
        """Who has it."""
        return Principal(name=self.name, scope=self.scope, project=self.project)


class AuditEntry(Record):
    """One change that somebody made."""

    position: int
    """Grows with every entry."""
    at: datetime
    who: str
    """Name of a token; `local` where none is asked for, `root` for that of the settings."""
    action: str
    """As `job.submit`."""
    target: str
    """Id of what was changed."""


def fingerprint(token: str) -> str:
    """Return what is stored of a token: it is long and random, so a plain hash is enough."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
