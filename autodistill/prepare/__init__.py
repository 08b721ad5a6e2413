"""VERB: JobSpec → PreparedTask: everything a trial needs, computed once and kept by content."""

from __future__ import annotations

from autodistill.prepare._prepare import prepare as prepare
